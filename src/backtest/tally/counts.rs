//! What is counted of a stretch of logins, of an attack, of an account.

use twox_hash::XxHash64;

use crate::backtest::engine::Measure;
use crate::backtest::symbols::Symbol;
use crate::env::Millis;

/// Counts of one stretch of logins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Successful logins.
    pub logins: u64,
    /// With an alert.
    pub flagged: u64,
    /// With a prompt.
    pub prompts: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: Self) {
        self.logins += other.logins;
        self.flagged += other.flagged;
        self.prompts += other.prompts;
    }
}

/// A labelled attack, for incidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// The account.
    pub account: Symbol,
    /// The row.
    pub row: u32,
    /// When.
    pub time: Millis,
    /// It raised an alert.
    pub flagged: bool,
    /// Its owner was asked.
    pub prompted: bool,
    /// The account exists.
    pub exists: bool,
    /// How much rules did about it.
    pub measure: Measure,
}

impl Hit {
    /// Rules did anything about it.
    pub fn acted_on(&self) -> bool {
        self.measure.acts()
    }
}

/// What an account's labelled logins came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountCounts {
    /// The account's own: what is drawn for it depends on its name, not on where in the input it stands.
    pub seed: u64,
    /// Attacks with an alert.
    pub tp: u32,
    /// Good logins with one.
    pub fp: u32,
    /// Attacks without.
    pub missed: u32,
}

impl AccountCounts {
    /// Nothing yet of the account of this name.
    pub(super) fn of(name: &str) -> Self {
        Self {
            seed: XxHash64::oneshot(0, name.as_bytes()),
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        // Both are of the same account, if of any yet.
        self.seed |= other.seed;
        self.tp += other.tp;
        self.fp += other.fp;
        self.missed += other.missed;
    }
}
