//! Items some clauses of which could not be parsed: what is left of them is checked, so that one run
//! tells every mistake of a file, but nothing is said that only follows from what is missing. They
//! never get into the program.

use std::collections::HashMap;

use super::codes as c;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::span::{FileId, Span};
use crate::lang::syntax::ast;

/// The broken items of a rule set.
#[derive(Debug, Clone, Default)]
pub(in crate::lang) struct BrokenItems {
    files: HashMap<FileId, Vec<Item>>,
    /// Names the language defines itself: no missing clause could have.
    roots: Vec<&'static str>,
    /// Words for units.
    units: Vec<&'static str>,
}

#[derive(Debug, Clone)]
struct Item {
    span: Span,
    headless: bool,
    /// A question whose answer has no name was left out.
    nameless: bool,
    words: Vec<String>,
}

impl BrokenItems {
    pub(super) fn of(files: &[ast::File], registry: &Registry) -> Self {
        let mut broken = Self::default();
        for file in files.iter().filter(|file| !file.broken.is_empty()) {
            let items = file.broken.iter().map(|item| Item {
                span: item.span,
                headless: item.headless,
                nameless: item.lost.lines().any(nameless),
                words: words(&item.lost),
            });
            broken.files.insert(file.id, items.collect());
        }
        if !broken.files.is_empty() {
            let fields = registry.fields().iter().map(|field| field.root());
            broken.roots = fields.collect();
            let units = registry.units().iter();
            broken.units = units.flat_map(|unit| unit.words.iter().copied()).collect();
        }
        broken
    }

    /// Whether something is missing of the item that begins here.
    pub(super) fn has(&self, item: Span) -> bool {
        self.at(item).is_some()
    }

    fn at(&self, place: Span) -> Option<&Item> {
        let items = self.files.get(&place.file)?;
        items
            .iter()
            .find(|item| item.span.start <= place.start && place.start < item.span.end)
    }

    /// Whether a finding is a mistake of its own, `slice` being what it points at.
    pub(super) fn own(&self, found: &Diagnostic, slice: &str) -> bool {
        let Some(item) = self.at(found.primary.span) else {
            return true;
        };
        let code = found.code;
        if !OWN.contains(&code) && (item.headless || !OF_THE_HEAD.contains(&code)) {
            return false;
        }
        // Of an action that is not known the outcomes are not either.
        if item.headless && code == c::UNKNOWN_OUTCOME {
            return false;
        }
        // A unit that slipped to the next line is not missing.
        let unit = |word: &String| self.units.contains(&word.as_str());
        if code == c::MISSING_UNIT && item.words.iter().any(unit) {
            return false;
        }
        // What a question without a name would have been called is not known.
        if item.nameless && code == c::UNKNOWN_NAME {
            return false;
        }
        let first = slice.split('.').next().unwrap_or_default();
        !BROUGHT.contains(&code)
            || self.roots.contains(&first) && slice.contains('.')
            || !words(slice).iter().any(|word| item.words.contains(word))
    }
}

/// Mistakes that nothing elsewhere in the item could mend.
const OWN: [&str; 30] = [
    c::UNKNOWN_EVENT,
    c::NOTHING_TO_MATCH,
    c::UNKNOWN_EXTRACTOR,
    c::UNKNOWN_FUNCTION,
    c::DIFFERENT_TYPES,
    c::WRONG_TYPE,
    c::MISSING_UNIT,
    c::UNKNOWN_UNIT,
    c::MIXED_AND_OR,
    c::NOT_CONSTANT,
    c::BAD_REGEX,
    c::BAD_LITERAL,
    c::ARGUMENTS,
    c::OUT_OF_RANGE,
    c::EMPTY_PATTERN,
    c::NOT_COMPARABLE,
    c::BAD_ARITHMETIC,
    c::NOT_A_LIST,
    c::UNKNOWN_OUTCOME,
    c::UNKNOWN_CALL,
    c::TOO_LONG,
    c::UNKNOWN_DIALOG,
    c::UNKNOWN_SIGNAL,
    c::SHADOW_SIGNAL,
    c::UNKNOWN_STREAM,
    c::UNKNOWN_ARGUMENT,
    c::MISSING_ARGUMENT,
    c::BY_KEY,
    c::STORY_WORD,
    c::STORY_VALUE,
];
/// Mistakes unless the head, which brings names and says what happened, is what could not be parsed.
const OF_THE_HEAD: [&str; 6] = [
    c::UNKNOWN_NAME,
    c::NOT_HERE,
    c::NOT_IN_EVERY_ALTERNATIVE,
    c::ACTION_NOT_HERE,
    c::LEAKS,
    c::TRUST_OUTSIDE,
];

/// About names that a missing clause may have brought.
const BROUGHT: [&str; 3] = [c::UNKNOWN_NAME, c::NOT_IN_EVERY_ALTERNATIVE, c::STORY_VALUE];

/// `ask "喝什么？"`, `ask word: "喝什么？"`, `ask : word "喝什么？"`
fn nameless(line: &str) -> bool {
    let Some(behind) = line.trim_start().strip_prefix("ask") else {
        return false;
    };
    let behind = behind.trim_start();
    let before = behind.split('"').next().unwrap_or_default().trim();
    behind.contains('"') && (before.is_empty() || before.ends_with(':') || before.starts_with(':'))
}

fn words(text: &str) -> Vec<String> {
    use unicode_normalization::UnicodeNormalization;
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words
        .filter(|word| !word.is_empty())
        .map(|word| word.nfkc().collect())
        .collect()
}
