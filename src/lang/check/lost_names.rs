//! Names that a line which could not be read may define: nobody knows them, and that is no second mistake.

use std::collections::BTreeSet;

use super::codes;
use super::guessed::MISPLACED;
use super::report::named;
use crate::lang::diagnostics::{Diagnostic, Severity};
use crate::lang::span::{Sources, Span};

/// An unknown word at column 0.
const UNKNOWN_ITEM: &str = "E0102";

/// What is said of names that an item, a question or a hole brings.
const UNKNOWN: [&str; 5] = [
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
/// Words that stand behind a name that is given.
const BEHIND_NAMES: [&str; 4] = ["expires", "weight", "from", "for"];
/// Words that go on with the line before, which may have had a name.
const GOING_ON: [&str; 5] = ["and", "or", "invalid", "unless", "at"];

/// Takes what is said of such names out of `found`; `mistakes` are those of syntax.
pub(super) fn leave_out(mistakes: &[Diagnostic], found: &mut Vec<Diagnostic>, sources: &Sources) {
    if found.iter().any(|one| UNKNOWN.contains(&one.code)) {
        let lines = Unread::of(mistakes, sources);
        found.retain(|one| !UNKNOWN.contains(&one.code) || !lines.may_define(one));
    }
}

/// The lines of which not everything was understood.
#[derive(Default)]
struct Unread<'s> {
    words: BTreeSet<&'s str>,
    /// Lines that go on with one that is gone.
    orphans: Vec<Span>,
    /// Something was to be given, handed over or asked for, and its name is not there.
    nameless: bool,
    /// So it is with an extractor.
    extractor: bool,
}

impl<'s> Unread<'s> {
    fn of(mistakes: &[Diagnostic], sources: &'s Sources) -> Self {
        let mut unread = Self::default();
        let errors = mistakes.iter();
        for one in errors.filter(|one| one.severity == Severity::Error) {
            let place = one.primary.span;
            let line = sources.line_at(place);
            let lost = match one.code {
                UNKNOWN_ITEM | MISPLACED => sources.item_at(place),
                _ => line,
            };
            let apart = |c: char| !c.is_alphanumeric() && c != '_';
            unread.words.extend(lost.split(apart));
            let line = line.trim();
            let first = line.split_whitespace().next().unwrap_or_default();
            if GOING_ON.contains(&first) {
                unread.orphans.push(place);
            }
            // `start d with`, `remember = 5`
            let mut keywords = BEFORE_NAMES.iter();
            let behind = keywords.find_map(|word| line.strip_prefix(word));
            let without = behind.is_some_and(|rest| rest.trim_start().starts_with(['=', ':']));
            unread.nameless |= without || line.ends_with(" with");
            unread.extractor |= without && first.starts_with("extractor");
        }
        unread
    }

    /// Whether the name that `found` does not know may be given there.
    fn may_define(&self, found: &Diagnostic) -> bool {
        let place = found.primary.span;
        let gone = |orphan: &Span| orphan.file == place.file && orphan.start < place.start;
        match found.code {
            codes::UNKNOWN_NAME if self.nameless || self.orphans.iter().any(gone) => return true,
            codes::UNKNOWN_EXTRACTOR if self.extractor => return true,
            _ => {}
        }
        named(found).is_some_and(|name| self.has(name))
    }

    fn has(&self, name: &str) -> bool {
        // `listoffice`
        let joined = |word: &&str| {
            let keyword = word.strip_suffix(name);
            let behind = word.strip_prefix(name);
            keyword.is_some_and(|keyword| BEFORE_NAMES.contains(&keyword))
                || behind.is_some_and(|behind| BEHIND_NAMES.contains(&behind))
        };
        // `off ice`
        let parted = |at: usize| {
            let parts = name.split_at_checked(at);
            parts.is_some_and(|(one, two)| self.words.contains(one) && self.words.contains(two))
        };
        self.words.contains(name) || self.words.iter().any(joined) || (1..name.len()).any(parted)
    }
}
