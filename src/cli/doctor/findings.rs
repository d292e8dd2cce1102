//! What the doctor says.

use serde::Serialize;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable name, e.g. `rules-stale`.
    pub name: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found, and where.
    pub what: String,
    /// What to do.
    pub cure: String,
}

/// The findings so far.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Adds an error.
    pub fn error(&mut self, name: &'static str, what: impl Into<String>, cure: impl Into<String>) {
        self.add(Level::Error, name, what.into(), cure.into());
    }

    /// Adds a warning.
    pub fn warning(
        &mut self,
        name: &'static str,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.add(Level::Warning, name, what.into(), cure.into());
    }

    /// Adds a note.
    pub fn note(&mut self, name: &'static str, what: impl Into<String>, cure: impl Into<String>) {
        self.add(Level::Note, name, what.into(), cure.into());
    }

    fn add(&mut self, level: Level, name: &'static str, what: String, cure: String) {
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
