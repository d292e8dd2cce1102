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
        // Where a dialog begins, the block ends: what follows is not done any more.
        let started = block.actions[..at]
            .iter()
            .find(|before| matches!(before.kind, ActionKind::Start { .. }));
        let instead = started.or_else(|| {
            let mut later = block.actions[at + 1..].iter();
            later.find(|later| always_answers(later))
        });
        if let Some(instead) = instead.filter(|_| answers) {
            tell(stage, action, instead, report);
        }
    }
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
    let found = if stage.program.sources.slice(word) == REPLY {
        found.with_guess(w("另外发一条", "send it by itself"), word, "send")
    } else {
        found
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
