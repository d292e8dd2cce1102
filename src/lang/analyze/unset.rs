//! Slots shown before they can have a value (language law 7: questions come in `ask` order).

use std::collections::BTreeSet;

use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::check::walk;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::eval::UNKNOWN;
use crate::lang::program::{
    ActionKind, Block, Dialog, ExprKind, Name, Program, Reply, Slot, Template, TemplatePart,
};

use super::acts::sentence;
use super::scene::Stage;
use super::search;

/// Searches for a conversation that shows one: more of them than findings in any set a person wrote.
const MAX_SEARCHES: usize = 200;

pub(super) fn check(stage: &Stage<'_>, report: &mut Report) {
    find(stage.program, report);
    let mut searches = 0;
    report.amend(c::UNSET, |found| {
        searches += 1;
        if searches > MAX_SEARCHES {
            return found;
        }
        shown(stage, found)
    });
}

/// Adds the conversation in which the text is said.
fn shown(stage: &Stage<'_>, found: Diagnostic) -> Diagnostic {
    let place = found.primary.span;
    let told = search::find(stage, place, |scene| {
        let text = scene.shown()?;
        if !text.span.contains(place) {
            return None;
        }
        let (story, _) = scene.told(Some(UNKNOWN))?;
        Some((story, sentence(scene.done())))
    });
    let Some((story, (zh, en))) = told else {
        return found;
    };
    let words = w(
        format!("例如{zh}，回答里就有“{UNKNOWN}”"),
        format!("for example after {en} the answer says “{UNKNOWN}”"),
    );
    found.with_story(story, words)
}

fn find(program: &Program, report: &mut Report) {
    for (index, dialog) in program.dialogs.iter().enumerate() {
        let given = given(program, index);
        let free = |slot: &&Slot| !given.contains(slot.name.as_str());
        for (at, slot) in dialog.slots.iter().enumerate() {
            let later: Vec<&Slot> = dialog.slots[at..].iter().filter(free).collect();
            tell(
                &slot.question,
                &later,
                "这时还没有回答",
                "not answered yet",
                report,
            );
            if let Some(invalid) = &slot.invalid {
                let own: Vec<&Slot> = std::iter::once(slot).filter(free).collect();
                tell(invalid, &own, "答错时还没有值", "has no value yet", report);
            }
        }
        let all: Vec<&Slot> = dialog.slots.iter().filter(free).collect();
        let (zh, en) = ("这时可能还没有回答", "perhaps not answered by then");
        let ends = dialog.cancel.as_ref().map(|cancel| &cancel.block);
        for block in ends.into_iter().chain([&dialog.give_up]) {
            replies(block, &mut |text| tell(text, &all, zh, en, report));
        }
        let excused: Vec<&Slot> = excused(dialog).filter(free).collect();
        let (zh, en) = ("不一定问过", "not always asked for");
        replies(&dialog.done, &mut |text| {
            tell(text, &excused, zh, en, report)
        });
    }
}

/// The names some `start` hands to the dialog.
fn given(program: &Program, index: usize) -> BTreeSet<&str> {
    let mut given = BTreeSet::new();
    let dialogs = program.dialogs.iter().flat_map(|dialog| {
        let cancel = dialog.cancel.as_ref().map(|cancel| &cancel.block);
        [&dialog.done, &dialog.give_up].into_iter().chain(cancel)
    });
    for block in program.rules.iter().map(|rule| &rule.body).chain(dialogs) {
        walk::actions(block, &mut |action| {
            if let ActionKind::Start { dialog, with } = &action.kind
                && dialog.0 as usize == index
            {
                given.extend(with.iter().map(|(name, _)| name.as_str()));
            }
        });
    }
    given
}

/// Slots that need not be asked for.
fn excused(dialog: &Dialog) -> impl Iterator<Item = &Slot> {
    dialog.slots.iter().filter(|slot| slot.unless.is_some())
}

/// Calls `see` with every text reply of a block and of the answers inside it.
fn replies<'a>(block: &'a Block, see: &mut dyn FnMut(&'a Template)) {
    walk::actions(block, &mut |action| {
        if let ActionKind::Reply(Reply::Text(text)) = &action.kind {
            see(text);
        }
    });
}

fn tell(text: &Template, unset: &[&Slot], zh: &str, en: &str, report: &mut Report) {
    for part in &text.parts {
        let TemplatePart::Value(value) = part else {
            continue;
        };
        let ExprKind::Name(Name::Slot(name)) = &value.kind else {
            continue;
        };
        let Some(slot) = unset.iter().find(|slot| slot.name == *name) else {
            continue;
        };
        report.push(
            Diagnostic::warning(
                c::UNSET,
                w(
                    format!("`{name}` 会显示成“未知”"),
                    format!("`{name}` will show as “未知”"),
                ),
                value.span,
                w(zh, en),
            )
            .with_label(slot.question.span, w("在这里才问", "asked for here")),
        );
    }
}
