//! Words that people say to get help, kept by a dialog as an answer: its question takes any text, and
//! answers come before rules (language law 7).

use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, quoted, w};
use crate::lang::check::walk;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{ActionKind, EventName, Extractor, Program, Rule, Slot, Trigger};

use super::acts::{Act, sentence};
use super::scene::Stage;
use super::search::{answered, cancel_words, find};
use super::takes::{Takes, fold, takes};

/// Rules that are named in one finding; the cure is the same for all.
const MAX_NAMED: usize = 3;

pub(super) fn check(stage: &Stage<'_>, report: &mut Report) {
    let program = stage.program;
    let commands: Vec<(&Rule, &Trigger, String)> = program
        .rules
        .iter()
        .filter(|rule| is_command(rule))
        .filter_map(|rule| {
            let mut triggers = rule.triggers.iter();
            triggers.find_map(|trigger| Some((rule, trigger, whole_text(program, trigger)?)))
        })
        .collect();
    if commands.is_empty() {
        return;
    }
    for (at, dialog) in program.dialogs.iter().enumerate() {
        let leaving: Vec<String> = cancel_words(program, dialog)
            .iter()
            .map(|word| fold(word))
            .collect();
        for slot in &dialog.slots {
            if !matches!(slot.extractor, Extractor::Rest | Extractor::Word) {
                continue;
            }
            let lost: Vec<&(&Rule, &Trigger, String)> = commands
                .iter()
                .filter(|(_, _, word)| !leaving.contains(&fold(word)))
                .collect();
            tell(stage, at, slot, &lost, report);
        }
    }
}

/// A rule that answers one certain text by itself, at any time: not one that opens a dialog, for
/// nobody asks for another in the middle of one.
fn is_command(rule: &Rule) -> bool {
    !rule.even_in_dialog
        && !rule.continues
        && !walk::has(&rule.body, |kind| matches!(kind, ActionKind::Start { .. }))
}

/// The text a trigger waits for, when it is nothing but that.
fn whole_text(program: &Program, trigger: &Trigger) -> Option<String> {
    if trigger.event != EventName::Text {
        return None;
    }
    match takes(program, &trigger.matcher) {
        Takes::Word(_) | Takes::Words(_) => super::takes::sample(program, &trigger.matcher),
        _ => None,
    }
}

fn tell(
    stage: &Stage<'_>,
    at: usize,
    slot: &Slot,
    lost: &[&(&Rule, &Trigger, String)],
    report: &mut Report,
) {
    let Some((rule, _, word)) = lost.first() else {
        return;
    };
    let words: Vec<&str> = lost
        .iter()
        .take(MAX_NAMED)
        .map(|(_, _, word)| word.as_str())
        .collect();
    let name = &slot.name;
    let mut found = Diagnostic::warning(
        c::SWALLOWED,
        w(
            format!("对话里说{}，会被记成 `{name}`", quoted(&words, "、")),
            format!(
                "said in the dialog, {} is kept as `{name}`",
                quoted(&words, ", ")
            ),
        ),
        slot.span,
        w("什么文字都算回答", "takes any text as its answer"),
    );
    for (_, trigger, _) in lost.iter().take(MAX_NAMED) {
        found = found.with_label(
            trigger.span,
            w("对话里轮不到它", "not reached in the dialog"),
        );
    }
    found = found.with_help(w(
        "要在对话里也听得到，在规则的 `{` 前写 `even in dialog`",
        "to be heard inside the dialog too, the rule needs `even in dialog` before its `{`",
    ));
    let place = stage.program.dialogs[at].span;
    let told = Act::sends(word).and_then(|act| {
        find(stage, place, |scene| {
            let (_, asked) = scene.question()?;
            if scene.waits_in() != Some(at) || asked.name != *name {
                return None;
            }
            let after = scene.clone().hear(&act);
            after.into_iter().find_map(|after| {
                let elsewhere = !rule.span.contains(after.shown()?.span);
                let (story, answer) = after.told(None)?;
                elsewhere.then(|| (story, sentence(after.done()), answer))
            })
        })
    });
    report.push(answered(found, told));
}
