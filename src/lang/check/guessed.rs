//! What follows from a guess is not told: where a mistake leaves open what was meant, the checker takes one of the
//! readings, and what it finds wrong with that one is no second mistake.

use std::collections::BTreeSet;

use super::codes;
use super::report::named;
use crate::lang::diagnostics::{Diagnostic, Severity, Sureness};
use crate::lang::span::{FileId, LineNumbers, Sources, Span};

/// An event that carries no scene, or one without the word.
const NO_SCENE: &str = "E0132";
/// Several clauses on one line.
const SEVERAL_ON_A_LINE: &str = "E0107";
/// What belongs elsewhere.
const MISPLACED: &str = "E0106";
/// A line at column 0.
const NOT_INDENTED: &str = "E0104";
/// `=` for `==`.
const COMPARED: &str = "E0118";
/// A `}` too many.
const EXTRA_BRACE: &str = "E0109";
/// An unknown word at column 0.
const UNKNOWN_ITEM: &str = "E0102";
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
    let found = not_lost(diagnostics, found, sources);
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
    // What is compared where the sign was wrong is a guess.
    let compared = of(diagnostics, &[COMPARED]);
    diagnostics.retain(|one| one.code != codes::NEVER || !compared.contains(&line(one)));
}

/// Names that an item, a question or a hole brings.
const BROUGHT: [&str; 5] = [
    codes::UNKNOWN_NAME,
    codes::UNKNOWN_DIALOG,
    codes::UNKNOWN_SIGNAL,
    codes::UNKNOWN_EXTRACTOR,
    codes::STORY_VALUE,
];

/// Words that stand before a name that they give.
const BEFORE_NAMES: [&str; 9] = [
    "list",
    "let",
    "signal",
    "dialog",
    "extractor",
    "ask",
    "remember",
    "with",
    "start",
];

fn apart(c: char) -> bool {
    !c.is_alphanumeric() && c != '_'
}

/// Leaves out the names nobody defined that stand on a line of which not everything was understood: it may be what
/// defines them.
fn not_lost(
    diagnostics: &[Diagnostic],
    mut found: Vec<Diagnostic>,
    sources: &Sources,
) -> Vec<Diagnostic> {
    if !found.iter().any(|one| BROUGHT.contains(&one.code)) {
        return found;
    }
    let wrong = diagnostics
        .iter()
        .filter(|one| one.severity == Severity::Error);
    let mut words = BTreeSet::new();
    // What begins with these goes on with a line that is gone, and so may its name be.
    let mut orphans: Vec<Span> = Vec::new();
    for one in wrong {
        let line = match one.code {
            UNKNOWN_ITEM | MISPLACED => sources.item_at(one.primary.span),
            _ => sources.line_at(one.primary.span),
        };
        words.extend(line.split(apart));
        let first = line.split_whitespace().next().unwrap_or_default();
        if matches!(first, "and" | "or" | "invalid" | "unless" | "at") {
            orphans.push(one.primary.span);
        }
    }
    // A name that is not there at all: `start d with`, `remember = 5`.
    let handed = diagnostics.iter().any(|one| {
        let line = sources.line_at(one.primary.span).trim();
        let keywords = ["remember", "let", "ask"];
        let behind = keywords.iter().find_map(|word| line.strip_prefix(word));
        line.ends_with(" with")
            || behind.is_some_and(|rest| rest.trim_start().starts_with(['=', ':']))
    });
    let nameless = diagnostics.iter().any(|one| {
        one.code == "E0134" && sources.line_at(one.primary.span).starts_with("extractor")
    });
    let lost = |place: Span| {
        orphans
            .iter()
            .any(|orphan| orphan.file == place.file && orphan.start < place.start)
    };
    // Words that were run together, or broken in two.
    let broken = |name: &str| {
        let joined = |word: &&str| {
            let keyword = word.strip_suffix(name).unwrap_or_default();
            BEFORE_NAMES.contains(&keyword)
        };
        let parted = |at: usize| {
            let parts = name.split_at_checked(at);
            parts.is_some_and(|(one, two)| words.contains(one) && words.contains(two))
        };
        words.iter().any(joined) || (1..name.len()).any(parted)
    };
    found.retain(|one| {
        if one.code == codes::UNKNOWN_EXTRACTOR && nameless {
            return false;
        }
        !BROUGHT.contains(&one.code)
            || !named(one).is_some_and(|name| words.contains(name) || broken(name))
                && !(one.code == codes::UNKNOWN_NAME && (handed || lost(one.primary.span)))
    });
    found
}
