//! What rule sets say of one login.

use std::fmt;

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

/// How much rules do about a login. The severest of it counts first, nothing < captcha < alert < refusal < lock, then
/// what is done besides: an alert beside a refusal, a captcha beside an alert. Compared as numbers.
///
/// A refusal stops whoever logs in, a lock all their sessions too; an alert only asks the owner, while the login
/// passes; a captcha is solved.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Measure(u8);

impl Measure {
    const CAPTCHA: u8 = 1;
    const ALERT: u8 = 2;
    const REFUSAL: u8 = 4;
    const LOCK: u8 = 8;

    /// Of what is done to the login, and whether there is an alert (whatever becomes of it) or a lock.
    pub fn of(wanted: Verdict, flagged: bool, locked: bool) -> Self {
        let verdict = match wanted {
            Verdict::Deny => Self::REFUSAL,
            Verdict::Challenge => Self::CAPTCHA,
            Verdict::Allow => 0,
        };
        let alert = if flagged { Self::ALERT } else { 0 };
        let lock = if locked { Self::LOCK } else { 0 };
        Self(verdict | alert | lock).settled()
    }

    /// This and that.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0).settled()
    }

    /// Who is refused is asked for no captcha, and who is locked is refused anyhow.
    fn settled(self) -> Self {
        match self.0 {
            all if all & Self::LOCK > 0 => Self(all & (Self::LOCK | Self::ALERT)),
            all if all & Self::REFUSAL > 0 => Self(all & (Self::REFUSAL | Self::ALERT)),
            all => Self(all),
        }
    }

    /// Rules do anything about it.
    pub fn acts(self) -> bool {
        self > Self::default()
    }
}

impl fmt::Debug for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (Self::LOCK, "lock"),
            (Self::REFUSAL, "refusal"),
            (Self::ALERT, "alert"),
            (Self::CAPTCHA, "captcha"),
        ];
        let is = parts.iter().filter(|(bit, _)| self.0 & bit > 0);
        f.debug_set().entries(is.map(|(_, name)| name)).finish()
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

/// A login was refused before any rule was asked whether it may pass: the account was locked, say. What a server's own
/// rules refused is not.
pub(super) fn refused_before(table: &Table, row: u32) -> bool {
    let refused = table.has(row, JUDGED) && !table.has(row, SUCCESS) && !table.own.has(row);
    refused || table.has(row, STOPPED)
}

impl Seen<'_> {
    /// The password was right: signals were judged.
    pub fn judged(&self) -> bool {
        self.table.has(self.row, JUDGED)
    }

    /// It was refused before any rule was asked.
    pub fn refused_before(&self) -> bool {
        refused_before(self.table, self.row)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_stand_in_the_order_of_what_they_are_worth() {
        let of = Measure::of;
        let (allow, captcha, deny) = (Verdict::Allow, Verdict::Challenge, Verdict::Deny);
        let ascending = [
            of(allow, false, false),
            of(captcha, false, false),
            of(allow, true, false),
            of(captcha, true, false),
            of(deny, false, false),
            of(deny, true, false),
            of(allow, false, true),
            of(allow, true, true),
        ];
        assert!(ascending.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(!ascending[0].acts() && ascending[1..].iter().all(|one| one.acts()));
        // Who is locked is refused anyhow, and who is refused solves no captcha.
        assert_eq!(of(deny, false, true), of(allow, false, true));
        assert_eq!(of(captcha, false, false).and(ascending[4]), ascending[4]);
        assert_eq!(ascending[2].and(ascending[4]), ascending[5]);
        assert_eq!(ascending[1].and(ascending[2]), ascending[3]);
        for one in ascending {
            assert_eq!(one.and(one), one);
            assert_eq!(one.and(Measure::default()), one);
        }
    }
}
