//! What the doctor says.

use serde::Serialize;
use serde_json::{Value, json};

use crate::lang::diagnostics::{Language, Words};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// `menshen serve` does not start, or the guard does not guard.
    Error,
    /// It works, but not as it should.
    Warning,
    /// Worth knowing.
    Note,
}

/// One finding with its cure. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable name, e.g. `rules-stale`.
    pub name: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found, and where.
    pub what: Words,
    /// What to do.
    pub cure: Words,
}

impl Finding {
    /// As `menshen doctor --format json` prints it.
    pub fn json(&self, language: Language) -> Value {
        json!({
            "name": self.name,
            "level": self.level,
            "what": self.what.get(language),
            "cure": self.cure.get(language),
        })
    }
}

/// A text in both languages.
pub fn w(zh: impl Into<String>, en: impl Into<String>) -> Said {
    Said(Words::new(zh, en))
}

/// What a finding says: in both languages, or as it came from the system and is the same in both.
#[derive(Debug)]
pub struct Said(Words);

impl From<Words> for Said {
    fn from(words: Words) -> Self {
        Self(words)
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        w(text.clone(), text)
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        w(text, text)
    }
}

/// The findings so far.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Adds an error.
    pub fn error(&mut self, name: &'static str, what: impl Into<Said>, cure: impl Into<Said>) {
        self.add(Level::Error, name, what.into().0, cure.into().0);
    }

    /// Adds a warning.
    pub fn warning(&mut self, name: &'static str, what: impl Into<Said>, cure: impl Into<Said>) {
        self.add(Level::Warning, name, what.into().0, cure.into().0);
    }

    /// Adds a note.
    pub fn note(&mut self, name: &'static str, what: impl Into<Said>, cure: impl Into<Said>) {
        self.add(Level::Note, name, what.into().0, cure.into().0);
    }

    fn add(&mut self, level: Level, name: &'static str, what: Words, cure: Words) {
        self.0.push(Finding {
            name,
            level,
            what,
            cure,
        });
    }

    /// All of them, the worst first.
    pub fn sorted(mut self) -> Vec<Finding> {
        self.0.sort_by_key(|finding| finding.level);
        self.0
    }
}
