//! Slots shown before they can have a value (language law 7: questions come in `ask` order).

use std::collections::BTreeSet;

use crate::lang::builtins::Registry;
use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::check::walk;
use crate::lang::check::without::Without;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::eval::UNKNOWN;
use crate::lang::program::{
    ActionKind, Block, Dialog, ExprKind, Name, Program, Reply, Slot, Template, TemplatePart,
};
use crate::lang::span::Span;

use super::acts::sentence;
use super::scene::Stage;
use super::search;

/// Searches for a conversation that shows one: more of them than findings in any set a person wrote.
const MAX_SEARCHES: usize = 200;
/// Ways into one dialog that differ in what they bring.
const MAX_WAYS: usize = 64;

pub(super) fn check(stage: &Stage<'_>, report: &mut Report) {
    find(stage.program, stage.registry, report);
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

fn find(program: &Program, registry: &Registry, report: &mut Report) {
    for (index, dialog) in program.dialogs.iter().enumerate() {
        let ways = ways(program, index);
        let given: BTreeSet<&str> = ways.iter().flat_map(|(_, given)| given).copied().collect();
        // What every way into the dialog brings.
        let always = |name: &str| {
            let mut ways = ways.iter();
            given.contains(name) && ways.all(|(_, given)| given.contains(name))
        };
        let free = |slot: &&Slot| !always(&slot.name);
        params(dialog, &ways, report);
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
        let left = dialog.cancel.as_ref().map(|cancel| &cancel.block);
        for block in left.into_iter().chain([&dialog.give_up]) {
            replies(block, &mut |text| tell(text, &all, zh, en, report));
        }
        let some = |slot: &&Slot| !given.contains(slot.name.as_str());
        let excused: Vec<&Slot> = excused(dialog, registry).filter(some).collect();
        let (zh, en) = ("不一定问过", "not always asked for");
        replies(&dialog.done, &mut |text| {
            tell(text, &excused, zh, en, report)
        });
    }
}

/// By `start` of the dialog, where it stands and the names it hands over.
pub(super) type Way<'p> = (Span, BTreeSet<&'p str>);

pub(super) fn ways(program: &Program, index: usize) -> Vec<Way<'_>> {
    let mut ways: Vec<Way<'_>> = Vec::new();
    let dialogs = program.dialogs.iter().flat_map(ends);
    for block in program.rules.iter().map(|rule| &rule.body).chain(dialogs) {
        walk::actions(block, &mut |action| {
            if let ActionKind::Start { dialog, with } = &action.kind
                && dialog.0 as usize == index
            {
                let given = with.iter().map(|(name, _)| name.as_str()).collect();
                // Many that hand over the same are one way.
                if ways.len() < MAX_WAYS && !ways.iter().any(|(_, known)| *known == given) {
                    ways.push((action.span, given));
                }
            }
        });
    }
    ways
}

pub(super) fn ends(dialog: &Dialog) -> impl Iterator<Item = &Block> {
    let cancel = dialog.cancel.as_ref().map(|cancel| &cancel.block);
    [&dialog.done, &dialog.give_up].into_iter().chain(cancel)
}

/// What is handed over but never asked for, shown though a way into the dialog does not bring it.
fn params(dialog: &Dialog, ways: &[Way<'_>], report: &mut Report) {
    let asked = |name: &str| dialog.slots.iter().any(|slot| slot.name == name);
    let mut missing: Vec<(&str, Span)> = Vec::new();
    for name in dialog.params.iter().map(|param| param.name.as_str()) {
        let without = ways.iter().find(|(_, given)| !given.contains(name));
        if !asked(name)
            && let Some((start, _)) = without
        {
            missing.push((name, *start));
        }
    }
    if missing.is_empty() {
        return;
    }
    let mut texts: Vec<&Template> = Vec::new();
    for slot in &dialog.slots {
        texts.push(&slot.question);
        texts.extend(&slot.invalid);
    }
    for block in ends(dialog) {
        replies(block, &mut |text| texts.push(text));
    }
    for text in texts {
        for (name, value) in slots_in(text) {
            let Some((_, start)) = missing.iter().find(|(known, _)| *known == name) else {
                continue;
            };
            report.push(
                unset(name, value, "不一定有值", "does not always have a value").with_label(
                    *start,
                    w(
                        format!("这样开始时没有交 `{name}`"),
                        format!("`{name}` is not handed over here"),
                    ),
                ),
            );
        }
    }
}

/// Slots that need not be asked for, and may have no value then.
fn excused<'p>(dialog: &'p Dialog, registry: &'p Registry) -> impl Iterator<Item = &'p Slot> {
    dialog.slots.iter().filter(|slot| {
        let missing = |name: &Name| matches!(name, Name::Slot(name) if *name == slot.name);
        let without = Without {
            name: &missing,
            account: false,
            registry,
        };
        let unless = slot.unless.as_ref();
        unless.is_some_and(|unless| without.may_hold(unless))
    })
}

/// Calls `see` with every text reply of a block and of the answers inside it.
fn replies<'a>(block: &'a Block, see: &mut dyn FnMut(&'a Template)) {
    walk::actions(block, &mut |action| {
        if let ActionKind::Reply(Reply::Text(text)) = &action.kind {
            see(text);
        }
    });
}

/// The values of a dialog that a text shows, and where.
fn slots_in(text: &Template) -> impl Iterator<Item = (&str, Span)> {
    text.parts.iter().filter_map(|part| match part {
        TemplatePart::Value(value) => match &value.kind {
            ExprKind::Name(Name::Slot(name)) => Some((name.as_str(), value.span)),
            _ => None,
        },
        TemplatePart::Literal(_) => None,
    })
}

fn tell(text: &Template, unset_here: &[&Slot], zh: &str, en: &str, report: &mut Report) {
    for (name, value) in slots_in(text) {
        let Some(slot) = unset_here.iter().find(|slot| slot.name == *name) else {
            continue;
        };
        let label = w("在这里才问", "asked for here");
        report.push(unset(name, value, zh, en).with_label(slot.question.span, label));
    }
}

/// W1011.
fn unset(name: &str, value: Span, zh: &str, en: &str) -> Diagnostic {
    Diagnostic::warning(
        c::UNSET,
        w(
            format!("`{name}` 会显示成“未知”"),
            format!("`{name}` will show as “未知”"),
        ),
        value,
        w(zh, en),
    )
}
