//! Replies that nobody gets: the platform takes one for each message, and the last one is it.

use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{Action, ActionKind, Block, Reply};
use crate::lang::span::Span;

use super::acts::sentence;
use super::scene::Stage;
use super::search;

/// The keyword that would have to be another.
const REPLY: &str = "reply";

pub(super) fn check(stage: &Stage<'_>, report: &mut Report) {
    let rules = stage.program.rules.iter().map(|rule| &rule.body);
    let dialogs = stage.program.dialogs.iter().flat_map(|dialog| {
        let cancel = dialog.cancel.as_ref().map(|cancel| &cancel.block);
        [&dialog.done, &dialog.give_up].into_iter().chain(cancel)
    });
    for block in rules.chain(dialogs) {
        look(stage, block, report);
    }
}

fn look(stage: &Stage<'_>, block: &Block, report: &mut Report) {
    for (at, action) in block.actions.iter().enumerate() {
        for arm in &action.outcomes {
            look(stage, &arm.block, report);
        }
        let answers = matches!(action.kind, ActionKind::Reply(_) | ActionKind::HandOver(_));
        // Where a dialog begins or asks again, the block ends: what follows is not done any more.
        let ended = block.actions[..at].iter().find(|before| {
            let kind = &before.kind;
            matches!(kind, ActionKind::Start { .. } | ActionKind::AskAgain(_))
        });
        if let Some(end) = ended.filter(|_| !answers) {
            never_done(action, end, report);
            continue;
        }
        let instead = ended.or_else(|| {
            let mut later = block.actions[at + 1..].iter();
            later.find(|later| always_answers(later))
        });
        if let Some(instead) = instead.filter(|_| answers) {
            tell(stage, action, instead, report);
        }
    }
}

/// What stands behind the end of its block.
fn never_done(action: &Action, end: &Action, report: &mut Report) {
    report.push(
        Diagnostic::warning(
            c::LOST_REPLY,
            w("这一步不会做", "this is never done"),
            action.span,
            w("做不到这里", "never reached"),
        )
        .with_label(end.span, w("到这里就结束了", "here the block ends"))
        .with_help(w("把它移到前面", "move it before that")),
    );
}

/// Whether something is certainly answered, whatever the action comes to.
fn always_answers(action: &Action) -> bool {
    match &action.kind {
        ActionKind::Reply(_) | ActionKind::HandOver(_) | ActionKind::Start { .. } => true,
        _ => {
            let mut arms = action.outcomes.iter();
            !action.outcomes.is_empty()
                && arms.all(|arm| arm.block.actions.iter().any(always_answers))
        }
    }
}

fn tell(stage: &Stage<'_>, action: &Action, instead: &Action, report: &mut Report) {
    let found = Diagnostic::warning(
        c::LOST_REPLY,
        w("这条回复没有人收到", "nobody gets this reply"),
        action.span,
        w("不会发出去", "is not sent"),
    )
    .with_label(
        instead.span,
        w(
            "一条消息只有一个回复，是这一个",
            "one message has one reply: this",
        ),
    )
    .with_help(w(
        "合成一条，或者把其中一条改成 `send`，另外发出去",
        "write both into one, or let one be a `send`, a message of its own",
    ));
    let ActionKind::Reply(Reply::Text(text)) = &action.kind else {
        report.push(found);
        return;
    };
    let word = Span {
        end: action.span.start + REPLY.len() as u32,
        ..action.span
    };
    let sources = &stage.program.sources;
    let found = if sources.slice(word) != REPLY {
        found
    } else if instead.span.end <= action.span.start {
        // Behind the end of the block a `send` would not be done either.
        let between = Span {
            start: instead.span.end,
            end: action.span.start,
            ..action.span
        };
        let whole = Span {
            start: instead.span.start,
            ..action.span
        };
        let gap = sources.slice(between);
        let text = sources.slice(action.span).trim_start_matches(REPLY);
        let moved = format!("send{text}{gap}{}", sources.slice(instead.span));
        if gap.trim().is_empty() && gap.contains('\n') {
            let words = w("另外发一条，写在前面", "send it by itself, before that");
            found.with_guess(words, whole, moved)
        } else {
            found
        }
    } else {
        found.with_guess(w("另外发一条", "send it by itself"), word, "send")
    };
    let told = search::find(stage, text.span, |scene| {
        if !scene.lost(text.span) {
            return None;
        }
        let (story, answer) = scene.told(None)?;
        Some((story, sentence(scene.done()), answer))
    });
    report.push(match told {
        Some((story, (zh, en), answer)) => found.with_story(
            story,
            w(
                format!("例如{zh}，得到的是“{answer}”"),
                format!("for example after {en} the answer is “{answer}”"),
            ),
        ),
        None => found,
    });
}
