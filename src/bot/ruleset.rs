//! One generation of rules, ready to run, and the atomic swap to the next (language law 12).
//!
//! ```text
//! folder ──load──▶ Sources ──compile──▶ Program ──embedded stories──▶ Ruleset ──swap──▶ running
//! ```
//! On any error the running set stays and the status says stale, since when, and why. History and
//! dialog state live in the store, outside of what is swapped.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::api::RulesStatus;
use super::folder::{self, FolderError};
use crate::env::Millis;
use crate::env::rfc3339;
use crate::history::{self, KeyNeed};
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::{self, Diagnostic, Language, Severity, Words};
use crate::lang::program::Program;
use crate::lang::span::Sources;
use crate::text::RuleIndex;

/// A compiled rule set with everything that is derived from it once.
#[derive(Debug, Clone)]
pub struct Ruleset {
    /// The checked program.
    pub program: Arc<Program>,
    /// Finds the rules a message may concern.
    pub index: Arc<RuleIndex>,
    /// Which histories its signals and conditions look at, and how far back.
    pub windows: Vec<KeyNeed>,
}

impl Ruleset {
    /// Derives the tables of a program.
    pub fn new(program: Arc<Program>) -> Self {
        Self {
            index: Arc::new(RuleIndex::build(&program)),
            windows: history::queries_by_key(&program),
            program,
        }
    }
}

/// Why rules could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The folder could not be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The rules are wrong.
    #[error("{} error(s) in the rules", .diagnostics.iter().filter(|d| d.severity == Severity::Error).count())]
    Wrong {
        /// What was read.
        sources: Arc<Sources>,
        /// What is wrong with it.
        diagnostics: Vec<Diagnostic>,
    },
    /// A story failed.
    #[error("{}", .0.en)]
    Story(Words),
    /// The files hold nothing, as after a save that was cut off.
    #[error("the rule files hold nothing at all; a bot that has rules does not go on without any")]
    Nothing,
}

impl LoadError {
    /// The report an operator reads: what `menshen check` would print.
    pub fn report(&self, language: Language) -> String {
        match self {
            Self::Wrong {
                sources,
                diagnostics: found,
            } => diagnostics::human(found, sources, language, false),
            Self::Nothing if language == Language::Zh => {
                "规则文件里什么也没有；已有规则的机器人不会换成没有规则的".to_owned()
            }
            Self::Story(words) => words.get(language).to_owned(),
            Self::Folder(error) => error.said(language),
            other => other.to_string(),
        }
    }
}

/// A successful compilation, with its warnings.
#[derive(Debug)]
pub struct Loaded {
    /// The rule set.
    pub ruleset: Ruleset,
    /// Warnings only.
    pub warnings: Vec<Diagnostic>,
}

/// Compiles sources: the one path for check, test, serve, reload, chat and backtest.
pub fn compile(sources: Sources, registry: &Registry) -> Result<Loaded, LoadError> {
    let sources = Arc::new(sources);
    let compiled = crate::lang::compile(sources.clone(), registry);
    match compiled.program {
        Some(program) => Ok(Loaded {
            ruleset: Ruleset::new(program),
            warnings: compiled.diagnostics,
        }),
        None => Err(LoadError::Wrong {
            sources,
            diagnostics: compiled.diagnostics,
        }),
    }
}

/// Reads and compiles the folder or files that this process runs.
pub fn load(paths: &[PathBuf], registry: &Registry) -> Result<Loaded, LoadError> {
    compile(folder::load_own(paths)?, registry)
}

/// The running generation and what is known about the folder.
#[derive(Debug)]
pub struct Generations {
    current: ArcSwap<Generation>,
    stale: Mutex<Option<Stale>>,
    changes: watch::Sender<u64>,
}

/// A generation that runs or ran.
#[derive(Debug)]
pub struct Generation {
    /// Counts up over the life of the store with every rule set that became live.
    pub number: u64,
    /// When it was loaded.
    pub loaded_at: Millis,
    /// The rules.
    pub ruleset: Arc<Ruleset>,
}

#[derive(Debug, Clone)]
struct Stale {
    since: Millis,
    error: String,
}

impl Generations {
    /// The first generation.
    pub fn new(ruleset: Ruleset, number: u64, now: Millis) -> Self {
        Self {
            current: ArcSwap::from_pointee(Generation {
                number,
                loaded_at: now,
                ruleset: Arc::new(ruleset),
            }),
            stale: Mutex::new(None),
            changes: watch::channel(0).0,
        }
    }

    /// Changes with every load that was tried and changed something: other rules, or other reasons
    /// not to run them.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// What runs now. Hold it for one event, not longer.
    pub fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// Puts a new rule set in place of the running one; false when it is the same one. Either way the
    /// rules are no longer stale.
    pub fn swap(&self, ruleset: Ruleset, number: u64, now: Millis) -> bool {
        *self.stale.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let running = self.current();
        if running.ruleset.program.hash == ruleset.program.hash {
            self.changes.send_modify(|count| *count += 1);
            return false;
        }
        self.current.store(Arc::new(Generation {
            number,
            loaded_at: now,
            ruleset: Arc::new(ruleset),
        }));
        self.changes.send_modify(|count| *count += 1);
        true
    }

    /// Notes that the folder holds something that could not be loaded.
    pub fn failed(&self, error: String, now: Millis) {
        let mut stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner);
        let since = stale.as_ref().map_or(now, |stale| stale.since);
        *stale = Some(Stale { since, error });
        self.changes.send_modify(|count| *count += 1);
    }

    /// For the API and `doctor`.
    pub fn status(&self) -> RulesStatus {
        let running = self.current();
        let stale = self
            .stale
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        RulesStatus {
            generation: running.number,
            hash: running.ruleset.program.hash.clone(),
            loaded_at: rfc3339(running.loaded_at),
            stale: stale.is_some(),
            stale_since: stale.as_ref().map(|stale| rfc3339(stale.since)),
            last_error: stale.map(|stale| stale.error),
        }
    }
}
