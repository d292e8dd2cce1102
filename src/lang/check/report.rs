//! Collecting diagnostics: each mistake once, or not at all while names are only being gathered.

use std::collections::HashSet;

use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::span::Span;

/// Where the checker's findings go.
#[derive(Debug, Default)]
pub(in crate::lang) struct Report {
    found: Vec<Diagnostic>,
    seen: HashSet<(&'static str, Span)>,
    /// Nothing is kept: a gathering pass.
    silent: bool,
}

impl Report {
    /// One that keeps nothing.
    pub(in crate::lang) fn silent() -> Self {
        Self {
            silent: true,
            ..Self::default()
        }
    }

    /// Keeps a finding, unless the same one is already there.
    pub(in crate::lang) fn push(&mut self, diagnostic: Diagnostic) {
        if self.silent {
            return;
        }
        if self.seen.insert((diagnostic.code, diagnostic.primary.span)) {
            self.found.push(diagnostic);
        }
    }

    /// What was found, in the order it was found.
    pub(in crate::lang) fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }
}

/// A text in both languages.
pub(in crate::lang) fn w(zh: impl Into<String>, en: impl Into<String>) -> Words {
    Words::new(zh, en)
}
