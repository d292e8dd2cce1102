//! Collecting diagnostics: each mistake once, or not at all while names are only being gathered.

use std::collections::HashSet;
use std::sync::Arc;

use super::broken::BrokenItems;
use super::codes;
use crate::lang::diagnostics::{Diagnostic, Label, Severity, Words};
use crate::lang::span::{Sources, Span};

/// Where the checker's findings go.
#[derive(Debug, Default)]
pub(in crate::lang) struct Report {
    found: Vec<Diagnostic>,
    seen: HashSet<(&'static str, Span)>,
    /// Nothing is kept: a gathering pass.
    silent: bool,
    /// Of these items not everything is known.
    broken: BrokenItems,
    sources: Arc<Sources>,
}

impl Report {
    /// One that keeps nothing.
    pub(in crate::lang) fn silent() -> Self {
        Self {
            silent: true,
            ..Self::default()
        }
    }

    /// Keeps a finding, unless the same one is already there; a name that is unknown in several places
    /// is one mistake with several places.
    pub(in crate::lang) fn push(&mut self, diagnostic: Diagnostic) {
        if self.silent {
            return;
        }
        let slice = self.sources.slice(diagnostic.primary.span);
        if !self.broken.own(&diagnostic, slice) {
            return;
        }
        if !self.seen.insert((diagnostic.code, diagnostic.primary.span)) {
            return;
        }
        if self.found.len() >= MAX_FOUND {
            return;
        }
        // A question with a misspelt name is missed by whatever wants its answer.
        if diagnostic.code == codes::ASK_AGAIN
            && let Some(name) = named(&diagnostic)
            && let Some(first) = self
                .found
                .iter_mut()
                .find(|known| known.code == codes::NAME_NEEDED && named(known) == Some(name))
        {
            merge(first, &diagnostic);
            return;
        }
        if MERGED.contains(&diagnostic.code)
            && let Some(name) = named(&diagnostic)
        {
            let first = self.found.iter_mut().find(|known| {
                known.code == diagnostic.code && named(known).is_some_and(|known| known == name)
            });
            if let Some(first) = first {
                merge(first, &diagnostic);
                return;
            }
        }
        self.found.push(diagnostic);
    }

    /// From now on findings inside `broken` items are kept only where they do not follow from what is
    /// missing there.
    pub(super) fn leave_out_what_follows(&mut self, broken: BrokenItems, sources: Arc<Sources>) {
        self.broken = broken;
        self.sources = sources;
    }

    /// Whether clauses are missing of this item.
    pub(super) fn is_broken(&self, item: Span) -> bool {
        self.broken.has(item)
    }

    /// Whether a name inside the item was found to be unknown.
    pub(super) fn lacks_a_name(&self, item: Span) -> bool {
        let inside =
            |span: Span| span.file == item.file && item.start <= span.start && span.end <= item.end;
        self.found.iter().any(|known| {
            known.code == codes::UNKNOWN_NAME
                && (inside(known.primary.span)
                    || known.secondary.iter().any(|label| inside(label.span)))
        })
    }

    /// Adds a place to what was already found about `about` (its first further place); false when
    /// nothing was.
    pub(in crate::lang) fn also(
        &mut self,
        code: &str,
        about: Span,
        place: Span,
        words: Words,
    ) -> bool {
        let first = self.found.iter_mut().find(|known| {
            known.code == code
                && known
                    .secondary
                    .first()
                    .is_some_and(|label| label.span == about)
        });
        let Some(first) = first else {
            return false;
        };
        if first.secondary.len() < MAX_PLACES {
            first.secondary.push(Label { span: place, words });
        }
        true
    }

    /// Adds to every finding with this code what is only known of the whole set.
    pub(in crate::lang) fn amend(
        &mut self,
        code: &str,
        with: impl FnMut(Diagnostic) -> Diagnostic,
    ) {
        self.amend_since(0, code, with);
    }

    /// Like [`Self::amend`], of what was found since `from`.
    pub(super) fn amend_since(
        &mut self,
        from: usize,
        code: &str,
        mut with: impl FnMut(Diagnostic) -> Diagnostic,
    ) {
        let later = self.found.iter_mut().skip(from);
        for known in later.filter(|known| known.code == code) {
            *known = with(known.clone());
        }
    }

    /// How often a code was found since `from`.
    pub(super) fn since(&self, from: usize, code: &str) -> usize {
        let later = self.found.iter().skip(from);
        later.filter(|known| known.code == code).count()
    }

    /// Drops what was found under a code since `from`: it follows from something else.
    pub(super) fn forget_since(&mut self, from: usize, code: &str) {
        let mut at = 0;
        self.found.retain(|known| {
            at += 1;
            at <= from || known.code != code
        });
    }

    /// Whether there is an error inside an item.
    pub(in crate::lang) fn flawed(&self, item: Span) -> bool {
        let errors = self
            .found
            .iter()
            .filter(|known| known.severity == Severity::Error);
        errors
            .map(|known| known.primary.span)
            .any(|span| span.file == item.file && item.start <= span.start && span.end <= item.end)
    }

    /// Whether any error was found.
    pub(in crate::lang) fn has_errors(&self) -> bool {
        let mut found = self.found.iter();
        found.any(|known| known.severity == Severity::Error)
    }

    /// Whether this name was found to be unknown, under this code.
    pub(in crate::lang) fn tells(&self, code: &str, name: &str) -> bool {
        let mut found = self.found.iter();
        found.any(|known| known.code == code && named(known) == Some(name))
    }

    /// Whether something with this code was found.
    pub(in crate::lang) fn has(&self, code: &str) -> bool {
        self.found.iter().any(|known| known.code == code)
    }

    /// How much was found so far.
    pub(in crate::lang) fn count(&self) -> usize {
        self.found.len()
    }

    /// Makes one of what says the same since `from`: within one story, say.
    pub(in crate::lang) fn merge_since(&mut self, from: usize) {
        let later = self.found.split_off(from.min(self.found.len()));
        for diagnostic in later {
            let same = self.found[from..]
                .iter()
                .position(|known| known.code == diagnostic.code && known.title == diagnostic.title);
            match same {
                Some(index) => merge(&mut self.found[from + index], &diagnostic),
                None => self.found.push(diagnostic),
            }
        }
    }

    /// What was found, in the order it was found.
    pub(in crate::lang) fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }
}

/// Findings that are kept: nobody reads more, and each is compared with those before it.
pub(in crate::lang) const MAX_FOUND: usize = 2_000;
/// Unknown names: what is missing is the definition, once.
const MERGED: [&str; 9] = [
    codes::UNKNOWN_EVENT,
    codes::UNKNOWN_FUNCTION,
    codes::UNKNOWN_STREAM,
    codes::UNKNOWN_UNIT,
    codes::UNKNOWN_NAME,
    codes::UNKNOWN_EXTRACTOR,
    codes::UNKNOWN_DIALOG,
    codes::UNKNOWN_SIGNAL,
    codes::UNKNOWN_CALL,
];
/// Further places that are shown; the rest comes to light when these are mended.
const MAX_PLACES: usize = 8;

/// The name a title is about.
pub(super) fn named(diagnostic: &Diagnostic) -> Option<&str> {
    diagnostic.title.en.split('`').nth(1)
}

fn merge(first: &mut Diagnostic, other: &Diagnostic) {
    if first.secondary.len() < MAX_PLACES {
        first.add_place(other.primary.span);
    }
}

/// A text in both languages.
pub(in crate::lang) fn w(zh: impl Into<String>, en: impl Into<String>) -> Words {
    Words::new(zh, en)
}

/// Names as a text shows them: each between back-quotes, with `between` between two.
pub(in crate::lang) fn quoted<S: AsRef<str>>(
    names: impl IntoIterator<Item = S>,
    between: &str,
) -> String {
    let names = names.into_iter();
    let quoted: Vec<String> = names.map(|name| format!("`{}`", name.as_ref())).collect();
    quoted.join(between)
}

/// Words between Chinese ones: a blank on each side that ends in a Latin letter.
pub(in crate::lang) fn set_off(words: &str) -> String {
    let blank = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let mut text = String::new();
    if blank(words.chars().next()) {
        text.push(' ');
    }
    text.push_str(words);
    if blank(words.chars().next_back()) {
        text.push(' ');
    }
    text
}
