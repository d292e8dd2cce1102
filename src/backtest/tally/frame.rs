//! Over which logins figures are, and what is known of one.

use super::PERIODS;
use crate::env::{DAY, Millis};

/// What is counted, and over which logins.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Figures begin here: before, histories are too short to judge anybody. After `to` when the warm-up is
    /// longer than the input.
    pub from: Millis,
    /// The last event time.
    pub to: Millis,
    /// The label that says which logins were attacks; `None` without labels.
    pub label: Option<u8>,
    /// Whether unlabelled logins count as good.
    pub unlabelled_good: bool,
}

impl Frame {
    /// How many days the figures are over, begun ones included; 0 when no login counts.
    pub fn days(&self) -> usize {
        match self.from > self.to {
            true => 0,
            false => ((self.to - self.from) / DAY) as usize + 1,
        }
    }

    /// The day a moment within it lies on.
    pub fn day(&self, time: Millis) -> usize {
        ((time - self.from) / DAY) as usize
    }

    /// The period a moment lies in.
    pub fn period(&self, time: Millis) -> usize {
        let span = (self.to - self.from + 1).max(1);
        let after = time - self.from;
        // Wider numbers are divided ten times as slowly.
        let at = match after.checked_mul(PERIODS as Millis) {
            Some(parts) => parts / span,
            None => (after as i128 * PERIODS as i128 / span as i128) as Millis,
        };
        (at as usize).min(PERIODS - 1)
    }

    /// Attack, good, or not known.
    pub fn class(&self, labels: Option<(u8, u8)>) -> Class {
        let (Some(bit), Some((yes, known))) = (self.label, labels) else {
            return Class::Unknown;
        };
        match (known >> bit & 1 == 1, yes >> bit & 1 == 1) {
            (true, true) => Class::Attack,
            (true, false) => Class::Good,
            (false, _) if self.unlabelled_good => Class::Good,
            (false, _) => Class::Unknown,
        }
    }
}

/// What is known of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It was one.
    Attack,
    /// It was none.
    Good,
    /// Nobody says.
    Unknown,
}
