//! What follows from a guess is not told: where a mistake leaves open what was meant, the checker takes one of the
//! readings, and what it finds wrong with that one is no second mistake.

use std::collections::BTreeSet;

use super::{codes, lost_names};
use crate::lang::diagnostics::{Diagnostic, Severity, Sureness};
use crate::lang::span::{FileId, LineNumbers, Sources, Span};

/// An event that carries no scene, or one without the word.
const NO_SCENE: &str = "E0132";
/// Several clauses on one line.
const SEVERAL_ON_A_LINE: &str = "E0107";
/// What belongs elsewhere.
pub(super) const MISPLACED: &str = "E0106";
/// A line at column 0.
const NOT_INDENTED: &str = "E0104";
/// `=` for `==`.
const COMPARED: &str = "E0118";
/// A `}` too many.
const EXTRA_BRACE: &str = "E0109";
/// An expression of which nothing but its length is told.
const TOO_LONG: &str = "E0131";
/// A text without its second quote, or with quotes inside.
const TEXT: [&str; 2] = ["E0111", "E0114"];

pub(super) type Line = (FileId, usize);

/// The line a finding is told at.
pub(super) fn line_of(lines: &LineNumbers, found: &Diagnostic) -> Line {
    let span = found.primary.span;
    (span.file, lines.line(span))
}

/// Where a quote is missing or too many, a brace that seems to be too many may be the right one.
pub(super) fn braces_beside_quotes(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if found.iter().any(|one| TEXT.contains(&one.code)) {
        let braces = found.iter_mut().filter(|one| one.code == EXTRA_BRACE);
        for fix in braces.flat_map(|one| &mut one.fixes) {
            fix.sure = Sureness::Guess;
        }
    }
    found
}

/// A line that belongs elsewhere is not to be indented first.
pub(super) fn indented_in_vain(found: &mut Vec<Diagnostic>, lines: &LineNumbers) {
    let misplaced: BTreeSet<Line> = found
        .iter()
        .filter(|one| one.code == MISPLACED)
        .map(|one| line_of(lines, one))
        .collect();
    found.retain(|one| one.code != NOT_INDENTED || !misplaced.contains(&line_of(lines, one)));
}

/// Adds what checking found, `found`, to the mistakes of syntax, but for what follows from one that was guessed at.
pub(super) fn leave_out(
    diagnostics: &mut Vec<Diagnostic>,
    found: Vec<Diagnostic>,
    sources: &Sources,
    lines: &LineNumbers,
) {
    let mut found = found;
    lost_names::leave_out(diagnostics, &mut found, sources);
    let line = |one: &Diagnostic| line_of(lines, one);
    let of = |found: &[Diagnostic], codes: &[&str]| -> BTreeSet<Line> {
        let those = found.iter().filter(|one| codes.contains(&one.code));
        those.map(line).collect()
    };
    // Where a quote is missing or too many, what the text says is a guess.
    let open = of(diagnostics, &TEXT);
    // What is wrong with a line says itself what else is odd about it.
    let wrong: BTreeSet<Line> = diagnostics
        .iter()
        .filter(|one| one.severity == Severity::Error)
        .map(line)
        .collect();
    let kept = found.into_iter().filter(|one| {
        let labels = one
            .secondary
            .iter()
            .map(|label| (label.span.file, lines.line(label.span)));
        let beside =
            wrong.contains(&line(one)) || labels.into_iter().any(|place| wrong.contains(&place));
        // What hides a rule is not what was meant.
        let follows = one.severity == Severity::Warning
            || [codes::UNREACHABLE, codes::UNKNOWN_UNIT].contains(&one.code);
        !(open.contains(&line(one)) || follows && beside)
    });
    diagnostics.extend(kept);
    // What a misspelt event carries is not known.
    let misspelt: BTreeSet<Line> = diagnostics
        .iter()
        .filter(|one| one.code == codes::UNKNOWN_EVENT)
        .flat_map(|one| {
            let further = one.secondary.iter().map(|label| label.span);
            further.chain([one.primary.span])
        })
        .map(|span| (span.file, lines.line(span)))
        .collect();
    diagnostics.retain(|one| one.code != NO_SCENE || !misspelt.contains(&line(one)));
    // Of two actions on one line the answers may belong to either.
    let crowded = of(diagnostics, &[SEVERAL_ON_A_LINE]);
    diagnostics.retain(|one| {
        let warns = one.code == codes::MISSING_OUTCOME || one.severity == Severity::Warning;
        !warns || !crowded.contains(&line(one))
    });
    let long: Vec<Span> = diagnostics
        .iter()
        .filter(|one| one.code == TOO_LONG)
        .map(|one| one.primary.span)
        .collect();
    let outside = |one: &Diagnostic| !long.contains(&one.primary.span);
    diagnostics.retain(|one| one.code == TOO_LONG || outside(one));
    // What is compared where the sign was wrong is a guess.
    let compared = of(diagnostics, &[COMPARED]);
    diagnostics.retain(|one| one.code != codes::NEVER || !compared.contains(&line(one)));
}
