//! Changes are tried before they are offered: one after which the rules still do not load is of no use to
//! anybody, and leads away from the mistake.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::lang::builtins::Registry;
use crate::lang::diagnostics::{Diagnostic, Fix, Severity, Sureness, fix};
use crate::lang::span::{FileId, Sources};
use crate::lang::syntax::MAX_DIAGNOSTICS;

/// Bytes of changed rule files that are compiled for the changes of one set: some ten of a set of three
/// hundred rules. What is more is offered untried.
const MAX_TRIED: usize = 1 << 20;

/// Takes back the changes among `found` that do not mend what they are offered for.
/// `trees` are those of the files as they are.
pub(super) fn withdraw(
    found: &mut [Diagnostic],
    sources: &Arc<Sources>,
    registry: &Registry,
    mut trees: super::Trees,
) {
    let bytes: usize = sources.files.iter().map(|file| file.text.len()).sum();
    let mut left = MAX_TRIED;
    let before = counted(found);
    // Of such a file not all mistakes are told: whether there are fewer cannot be said.
    let full: Vec<FileId> = full(found);
    for one in found.iter_mut() {
        if full.contains(&one.primary.span.file) {
            continue;
        }
        while one.fixes.first().is_some_and(|fix| is_tried(fix, before.1)) {
            let Some(rest) = left.checked_sub(bytes) else {
                return;
            };
            left = rest;
            let Some(changed) = changed(one, sources) else {
                break;
            };
            let replaced = sources.slice(one.fixes[0].span);
            let changed = Arc::new(changed);
            let mut still =
                super::compile_once(Arc::clone(&changed), registry, &[], &mut trees).diagnostics;
            // The same name elsewhere, which was not told twice.
            still.retain(|other| {
                replaced.is_empty() || changed.slice(other.primary.span) != replaced
            });
            let after = counted(&still);
            let sure = one.fixes[0].sure == Sureness::Sure;
            // Where a line is understood, a mistake of meaning in it comes to light. Behind a guess it is one only
            // if something can be offered for it, too: else the guess may have made it.
            // So it is behind a bracket that closes a call after the wrong value: `contains(lower(a, "b"))`.
            let counts = |other: &Diagnostic| other.code == super::codes::ARGUMENTS;
            let sure = sure && !(one.code == "E0135" && still.iter().any(counts));
            let further = after < before && after.1 <= 1 && (sure || mendable(&still));
            let mends = match (one.severity, before.1) {
                (Severity::Warning, errors) => after.1 <= errors,
                (Severity::Error, 1) => after.1 == 0 || further,
                // Another mistake may come to light.
                (Severity::Error, _) => after <= before,
            };
            if mends {
                break;
            }
            one.withdraw_first();
        }
    }
}

/// Files with more mistakes than are told of one.
fn full(found: &[Diagnostic]) -> Vec<FileId> {
    let mut counts: BTreeMap<FileId, usize> = BTreeMap::new();
    for one in found.iter().filter(|one| one.severity == Severity::Error) {
        *counts.entry(one.primary.span.file).or_default() += 1;
    }
    counts.retain(|_, count| *count >= MAX_DIAGNOSTICS);
    counts.into_keys().collect()
}

/// Whether something can be offered for every mistake.
fn mendable(found: &[Diagnostic]) -> bool {
    let mut errors = found.iter().filter(|one| one.severity == Severity::Error);
    errors.all(|one| one.fixes.first().is_some_and(|fix| !fix.is_draft()))
}

/// Drafts hold a `…` that the author fills in. What is certain is tried where it is about the only mistake: what
/// else is wrong tells nothing about it.
fn is_tried(fix: &Fix, errors: usize) -> bool {
    (fix.sure == Sureness::Guess || errors == 1) && !fix.is_draft()
}

fn changed(one: &Diagnostic, sources: &Sources) -> Option<Sources> {
    let fixed = fix(std::slice::from_ref(one), sources, true);
    if fixed.files.is_empty() {
        return None;
    }
    let mut changed = sources.clone();
    for (id, text) in fixed.files {
        let file = changed.files.get_mut(id.0 as usize)?;
        file.text = text.as_str().into();
    }
    Some(changed)
}

/// Mistakes of syntax, and all. Those of syntax hide those of meaning, so that mending the last of the first
/// kind may bring up many of the second.
fn counted(found: &[Diagnostic]) -> (usize, usize) {
    let errors = found.iter().filter(|one| one.severity == Severity::Error);
    let syntax = errors.clone().filter(|one| one.code.starts_with("E01"));
    (syntax.count(), errors.count())
}
