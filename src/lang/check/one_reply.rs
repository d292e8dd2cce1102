//! One message gets one reply: a second one in the same block, or one behind what ends the block, would be
//! lost without a word. Only what is lost whatever happens is said; a reply that some outcome replaces
//! stands for the other outcomes.

use crate::lang::diagnostics::Diagnostic;
use crate::lang::syntax::ast::{Action, ActionKind as A, Block};

use super::Checker;
use super::codes as c;
use super::report::w;

impl Checker<'_> {
    /// Reports the replies of a block that nobody gets. Blocks inside it are looked at by themselves.
    pub(super) fn one_reply(&mut self, block: &Block) {
        // The last action so far after which the block is over, and the last reply that still stands.
        let mut over: Option<&Action> = None;
        let mut standing: Option<&Action> = None;
        for action in &block.actions {
            if let (Some(end), true) = (over, replies(action)) {
                self.never_given(action, end);
                continue;
            }
            if !replies(action) && !always_replies(action) {
                if ends(action) {
                    over = Some(action);
                }
                continue;
            }
            if let Some(lost) = standing {
                self.replaced(lost, action);
            }
            standing = replies(action).then_some(action);
            if ends(action) {
                over = Some(action);
            }
        }
    }

    fn replaced(&mut self, lost: &Action, by: &Action) {
        let mut error = Diagnostic::error(
            c::TWO_REPLIES,
            w(
                "这个回复谁也收不到：一条消息只有一个回复",
                "nobody gets this reply: a message gets one",
            ),
            lost.keyword,
            w("被后面的回复换掉了", "a later one takes its place"),
        )
        .with_label(by.keyword, w("发出的是这一个", "this one is given"));
        error = match (&lost.kind, &by.kind) {
            (A::ReplyText(_), _) => error
                .with_help(w(
                    "写成一个回复；要另发一条就用 `send`",
                    "write one reply; `send` sends another message",
                ))
                .with_guess(w("改成 `send`", "replace by `send`"), lost.keyword, "send"),
            _ => error.with_help(w("只留一个", "keep one of them")),
        };
        self.report.push(error);
    }

    fn never_given(&mut self, lost: &Action, end: &Action) {
        self.report.push(
            Diagnostic::error(
                c::TWO_REPLIES,
                w(
                    "这个回复谁也收不到：前面的动作之后什么也不做了",
                    "nobody gets this reply: nothing is done after the action before it",
                ),
                lost.keyword,
                w("轮不到", "never reached"),
            )
            .with_label(
                end.keyword,
                w("做到这里为止", "this is the last that is done"),
            )
            .with_help(w(
                "去掉它；`ask again` 前面的回复会代替再问的话",
                "drop it; before `ask again` a reply stands instead of the question",
            )),
        );
    }
}

/// Whether this is a reply itself.
fn replies(action: &Action) -> bool {
    matches!(
        action.kind,
        A::ReplyText(_) | A::ReplyMedia { .. } | A::ReplyCard { .. } | A::HandOver(_)
    )
}

/// Whether nothing after it in its block is done.
fn ends(action: &Action) -> bool {
    matches!(action.kind, A::Start { .. } | A::AskAgain(_))
}

/// Whether a reply comes of it whatever happens: a dialog asks, every outcome answers.
fn always_replies(action: &Action) -> bool {
    if replies(action) || matches!(action.kind, A::Start { .. }) {
        return true;
    }
    // Outcomes that may be left out are: a rule that has `when bound` needs no `unbound`.
    action.outcomes.as_ref().is_some_and(|arms| {
        !arms.is_empty()
            && arms.iter().all(|arm| {
                let mut actions = arm.block.actions.iter();
                actions.any(always_replies)
            })
    })
}
