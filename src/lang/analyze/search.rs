//! Looks for a conversation that shows something, shortest first.

use std::collections::{BTreeSet, VecDeque};

use crate::lang::check::report::w;
use crate::lang::check::walk;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{ActionKind, Block, CancelWords, Dialog, ListEntries, Program, Rule};
use crate::lang::span::Span;
use crate::text::normalise;

use super::acts::Act;
use super::scene::{Scene, Stage};
use super::takes::of_extractor;

/// States looked at for one finding.
const MAX_STATES: usize = 80;
/// Rules by which a conversation is begun.
const MAX_DOORS: usize = 24;

/// Goes from one thing people do to the next until `see` has seen enough. `place` is what it is about:
/// only rules that may lead there are tried.
pub(super) fn find<'s, 'p, T>(
    stage: &'s Stage<'p>,
    place: Span,
    mut see: impl FnMut(&Scene<'s, 'p>) -> Option<T>,
) -> Option<T> {
    let program = stage.program;
    let ways = Ways::to(program, place);
    let binds = ways.binding.iter().any(|binds| *binds);
    for account in [false, true] {
        if account && !binds {
            break;
        }
        let doors = ways.doors(program, account);
        let mut seen = BTreeSet::new();
        let mut next = VecDeque::from([Scene::begin(stage, account)]);
        while let Some(scene) = next.pop_front() {
            if let Some(found) = see(&scene) {
                return Some(found);
            }
            if seen.len() >= MAX_STATES || !seen.insert(scene.state()) {
                continue;
            }
            let acts = match scene.question() {
                Some(_) => answers(program, &scene),
                None => doors.clone(),
            };
            for act in acts {
                next.extend(scene.clone().hear(&act));
            }
        }
    }
    None
}

/// Which rules lead where.
struct Ways {
    /// By rule: it answers there, or starts a dialog that leads there.
    leading: Vec<bool>,
    /// By rule: it binds, or starts a dialog that does.
    binding: Vec<bool>,
}

impl Ways {
    fn to(program: &Program, place: Span) -> Self {
        let there = |span: Span| span.contains(place);
        let of_dialog = |dialog: &Dialog| there(dialog.span);
        let binds =
            |block: &Block| walk::has(block, |kind| matches!(kind, ActionKind::Bind { .. }));
        let leads = closure(program, program.dialogs.iter().map(of_dialog).collect());
        let all = program.dialogs.iter();
        let binding = closure(
            program,
            all.map(|dialog| blocks(dialog).any(binds)).collect(),
        );
        let into = |rule: &Rule, dialogs: &[bool]| {
            walk::has(
                &rule.body,
                |kind| matches!(kind, ActionKind::Start { dialog, .. } if dialogs[dialog.0 as usize]),
            )
        };
        let rules = program.rules.iter();
        Self {
            leading: rules
                .clone()
                .map(|rule| there(rule.span) || into(rule, &leads))
                .collect(),
            binding: rules
                .map(|rule| binds(&rule.body) || into(rule, &binding))
                .collect(),
        }
    }

    /// What people do to begin.
    fn doors(&self, program: &Program, account: bool) -> Vec<Act> {
        let wanted = |rule: &&Rule| {
            let at = rule.id.0 as usize;
            self.leading[at] || account && self.binding[at]
        };
        let rules = program.rules.iter().filter(wanted);
        let mut acts: Vec<Act> = Vec::new();
        for act in rules
            .flat_map(|rule| &rule.triggers)
            .take(MAX_DOORS)
            .flat_map(|trigger| Act::of(program, trigger))
        {
            if !acts.contains(&act) {
                acts.push(act);
            }
        }
        acts
    }
}

/// The dialogs that lead to one of these.
fn closure(program: &Program, mut leads: Vec<bool>) -> Vec<bool> {
    loop {
        let mut more = false;
        for (at, dialog) in program.dialogs.iter().enumerate() {
            let starts = |kind: &ActionKind| matches!(kind, ActionKind::Start { dialog, .. } if leads[dialog.0 as usize]);
            if !leads[at] && blocks(dialog).any(|block| walk::has(block, starts)) {
                leads[at] = true;
                more = true;
            }
        }
        if !more {
            return leads;
        }
    }
}

fn blocks(dialog: &Dialog) -> impl Iterator<Item = &Block> {
    let cancel = dialog.cancel.as_ref().map(|cancel| &cancel.block);
    [&dialog.done, &dialog.give_up].into_iter().chain(cancel)
}

/// What people say to a question: a word that leaves, an answer, something else.
fn answers(program: &Program, scene: &Scene<'_, '_>) -> Vec<Act> {
    let Some((dialog, asked)) = scene.question() else {
        return Vec::new();
    };
    let others = dialog.slots.iter().filter(|slot| slot.name != asked.name);
    let samples = std::iter::once(asked)
        .chain(others)
        .filter_map(|slot| of_extractor(program, &slot.extractor));
    let words = cancel_words(program, dialog).into_iter().take(1);
    let mut texts: Vec<String> = Vec::new();
    for text in words.chain(samples).chain(misfit(program, dialog)) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.iter().filter_map(|text| Act::sends(text)).collect()
}

/// The words that leave a dialog, as written.
pub(super) fn cancel_words(program: &Program, dialog: &Dialog) -> Vec<String> {
    match dialog.cancel.as_ref().map(|cancel| &cancel.words) {
        None => Vec::new(),
        Some(CancelWords::Inline(words)) => words.clone(),
        Some(CancelWords::List(id)) => {
            match program.lists.get(id.0 as usize).map(|list| &list.entries) {
                Some(ListEntries::Values(values)) => values
                    .iter()
                    .filter_map(|value| value.characters())
                    .map(ToString::to_string)
                    .collect(),
                _ => Vec::new(),
            }
        }
    }
}

/// A text that fits no question.
fn misfit(program: &Program, dialog: &Dialog) -> Option<String> {
    let all: Vec<_> = dialog.slots.iter().collect();
    let fits =
        |word: &&str| !crate::text::extract_slots(&all, &normalise(word), program).is_empty();
    let words = ["？？？", "算了", "好的"];
    let unfit = words.into_iter().find(|word| !fits(word));
    unfit.map(str::to_owned)
}

/// A finding with the conversation that shows it, where there is one: its story, its steps in words, and the
/// answer at its end.
pub(super) fn answered(
    found: Diagnostic,
    shown: Option<(Vec<String>, (String, String), String)>,
) -> Diagnostic {
    match shown {
        Some((story, (zh, en), answer)) => found.with_story(
            story,
            w(
                format!("例如{zh}，得到的回答是“{answer}”"),
                format!("for example after {en} the answer is “{answer}”"),
            ),
        ),
        None => found,
    }
}
