//! What becomes of somebody who wants to leave a dialog without a way out.

use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{EventName, Extractor, Trigger};
use crate::text::{match_trigger, normalise};

use super::acts::{Act, sentence};
use super::scene::Stage;
use super::search::{answered, cancel_words, find};
use super::takes::{all_of_list, fold};

/// A story, its steps in words, and the answer at its end.
type Told = (Vec<String>, (String, String), String);

/// What people say to leave.
const LEAVING: [&str; 3] = ["取消", "退出", "算了"];

/// Adds to each finding the conversation that shows it, and tells ways out that are none.
pub(super) fn check(stage: &Stage<'_>, report: &mut Report) {
    for at in 0..stage.program.dialogs.len() {
        blocked(stage, at, report);
        chosen(stage, at, report);
    }
    report.amend(c::NO_EXIT, |found| shown(stage, found));
}

fn shown(stage: &Stage<'_>, found: Diagnostic) -> Diagnostic {
    let mut dialogs = stage.program.dialogs.iter();
    let at = dialogs.position(|dialog| dialog.span.contains(found.primary.span));
    let Some(at) = at else { return found };
    let place = stage.program.dialogs[at].span;
    let told = find(stage, place, |scene| {
        if scene.waits_in() != Some(at) {
            return None;
        }
        let words = LEAVING.iter().filter_map(|word| Act::sends(word));
        words
            .flat_map(|word| scene.clone().hear(&word))
            .find_map(|after| {
                let (story, answer) = after.told(None)?;
                Some((story, sentence(after.done()), answer))
            })
    });
    let Some((story, (zh, en), answer)) = told else {
        return found;
    };
    let words = w(
        format!("例如{zh}，得到的回答还是“{answer}”"),
        format!("for example after {en} the answer is still “{answer}”"),
    );
    found.with_story(story, words)
}

/// Words that would leave the dialog, were they not answered by rules that are heard even in dialogs
/// (law 7: those come first).
fn blocked(stage: &Stage<'_>, at: usize, report: &mut Report) {
    let program = stage.program;
    let dialog = &program.dialogs[at];
    let Some(cancel) = &dialog.cancel else {
        return;
    };
    let answers = |word: &str| {
        let read = normalise(word);
        program.rules.iter().find_map(|rule| {
            let first = rule.even_in_dialog && rule.when.is_none() && !rule.continues;
            let mut triggers = rule.triggers.iter().filter(|_| first);
            triggers.find(|trigger| {
                trigger.event == EventName::Text
                    && match_trigger(&trigger.matcher, &read, program).is_some()
            })
        })
    };
    let words = cancel_words(program, dialog);
    let taken: Vec<(&String, &Trigger)> = words
        .iter()
        .filter_map(|word| Some((word, answers(word)?)))
        .collect();
    let Some((word, by)) = taken.first() else {
        return;
    };
    let all = taken.len() == words.len();
    let (zh, en) = if all {
        ("这些词都离不开对话", "none of the words leaves the dialog")
    } else {
        ("有的词离不开对话", "some words do not leave the dialog")
    };
    let found = Diagnostic::warning(
        c::HIDDEN_ALTERNATIVE,
        w(zh, en),
        cancel.block.span,
        w(
            format!("发“{word}”轮不到这里"),
            format!("“{word}” does not get here"),
        ),
    )
    .with_label(by.span, w("它先回答", "this one answers"))
    .with_help(w(
        "去掉那条规则的 `even in dialog`，或者换一个离开的词",
        "take `even in dialog` off that rule, or leave by another word",
    ));
    let told = said(stage, at, None, word);
    report.push(answered(found, told));
}

/// The conversation in which a word is said while the dialog waits for `asked`, or for anything.
fn said(stage: &Stage<'_>, at: usize, asked: Option<&str>, word: &str) -> Option<Told> {
    let act = Act::sends(word)?;
    find(stage, stage.program.dialogs[at].span, |scene| {
        let (_, slot) = scene.question()?;
        if scene.waits_in() != Some(at) || asked.is_some_and(|asked| slot.name != asked) {
            return None;
        }
        scene.clone().hear(&act).into_iter().find_map(|after| {
            let (story, answer) = after.told(None)?;
            Some((story, sentence(after.done()), answer))
        })
    })
}

/// Choices all of which leave the dialog: whatever is chosen, the question is never answered (law 7: the words that
/// leave come first).
fn chosen(stage: &Stage<'_>, at: usize, report: &mut Report) {
    let program = stage.program;
    let dialog = &program.dialogs[at];
    let Some(cancel) = &dialog.cancel else {
        return;
    };
    let leaving: Vec<String> = cancel_words(program, dialog)
        .iter()
        .map(|word| fold(word))
        .collect();
    for slot in &dialog.slots {
        let Extractor::OneOf(list) = slot.extractor else {
            continue;
        };
        let choices: Vec<String> = all_of_list(program, list).collect();
        let leaves = |choice: &String| leaving.contains(&fold(choice));
        let Some(choice) = choices.first().filter(|_| choices.iter().all(leaves)) else {
            continue;
        };
        let name = &slot.name;
        let found = Diagnostic::warning(
            c::HIDDEN_ALTERNATIVE,
            w(
                format!("`{name}` 的每个选项都会离开对话"),
                format!("every choice of `{name}` leaves the dialog"),
            ),
            slot.span,
            w("永远得不到回答", "never answered"),
        )
        .with_label(
            cancel.block.span,
            w("先当成离开的词", "taken as words to leave first"),
        )
        .with_help(w(
            "离开的词另写，例如 `cancel on \"取消\" or \"退出\" {`",
            "leave by other words, such as `cancel on \"取消\" or \"退出\" {`",
        ));
        report.push(answered(found, said(stage, at, Some(name), choice)));
    }
}
