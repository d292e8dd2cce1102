//! Findings of the parser and of the checker that are one mistake.

use super::codes;
use super::guessed::line_of;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::span::{LineNumbers, Sources};

/// Braces inside a text.
const HOLE: &str = "E0124";

/// Braces of one line that say too little are told with those that say it wrongly: one mistake, one change.
pub(super) fn one_per_text(
    mut found: Vec<Diagnostic>,
    sources: &Sources,
    lines: &LineNumbers,
) -> Vec<Diagnostic> {
    let wrong = |one: &Diagnostic| one.code == HOLE;
    if !found.iter().any(wrong) {
        return found;
    }
    let (lacking, mut kept): (Vec<_>, Vec<_>) = found
        .drain(..)
        .partition(|one| one.code == codes::HOLE_NEEDS_EXTRACTOR);
    for one in lacking {
        let line = line_of(lines, &one);
        let mut known = kept.iter_mut();
        match known.find(|known| wrong(known) && line_of(lines, known) == line) {
            Some(known) => known.join(&one, |gap| sources.slice(gap).to_owned()),
            None => kept.push(one),
        }
    }
    kept
}
