//! What rule sets say of one login.

use super::super::symbols::Symbol;
use super::super::table::{JUDGED, STOPPED, SUCCESS, Table};
use super::alerts::Prompt;
use super::wish::RuleSaid;
use crate::bot::api::Verdict;
use crate::env::Millis;
use crate::lang::eval::SignalState;

/// What one rule set says of one login.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What `on attempt` rules want.
    pub attempt: Verdict,
    /// What the signals say; empty for failures.
    pub states: Vec<SignalState>,
    /// The sum of those that fired.
    pub suspicion: f64,
    /// What `on login` (or `on failure`) rules want.
    pub verdict: Verdict,
    /// A rule wants an alert.
    pub flagged: bool,
    /// What became of that.
    pub prompt: Prompt,
    /// The earlier login whose alert's cool-down it came into.
    pub cooling: Option<u32>,
    /// A rule locks the account.
    pub locked: bool,
    /// Signals without which there would be no alert.
    pub decisive: Vec<usize>,
    /// What rules said, those whose condition was plainly false left out; in the order in which they were asked.
    pub rules: Vec<RuleSaid>,
}

/// How much rules do about a login, whatever it is called. In the order of what it is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Nothing.
    #[default]
    None,
    /// Whoever logs in has to solve a captcha.
    Captcha,
    /// An alert, whatever becomes of it; or the login is refused, or the account locked.
    Caught,
}

impl Measure {
    /// Of what is done to the login, and whether there is an alert or a lock.
    pub fn of(wanted: Verdict, flagged: bool, locked: bool) -> Self {
        match (wanted, flagged || locked) {
            (_, true) | (Verdict::Deny, false) => Self::Caught,
            (Verdict::Challenge, false) => Self::Captcha,
            (Verdict::Allow, false) => Self::None,
        }
    }

    /// Rules do anything about it.
    pub fn acts(self) -> bool {
        self > Self::None
    }
}

/// One login, seen by every rule set.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The table.
    pub table: &'a Table,
    /// The row.
    pub row: u32,
    /// Its account.
    pub account: Symbol,
    /// It is the first login under its name.
    pub first: bool,
    /// Successes of the account before it.
    pub before: u32,
    /// When its first success was.
    pub known_since: Option<Millis>,
    /// By rule set.
    pub outcomes: &'a [Outcome],
}

impl Seen<'_> {
    /// The password was right: signals were judged.
    pub fn judged(&self) -> bool {
        self.table.has(self.row, JUDGED)
    }

    /// It was refused before any rule was asked.
    pub fn refused_before(&self) -> bool {
        let refused = self.judged() && !self.table.has(self.row, SUCCESS);
        refused || self.table.has(self.row, STOPPED)
    }

    /// How much a rule set does about it. That it was refused before any rule was asked is none of their doing.
    pub fn measure(&self, outcome: &Outcome) -> Measure {
        let verdict = match self.refused_before() {
            true => outcome.attempt,
            false => outcome.attempt.max(outcome.verdict),
        };
        Measure::of(verdict, outcome.flagged, outcome.locked)
    }
}
