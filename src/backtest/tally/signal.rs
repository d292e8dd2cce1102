//! What is counted of one signal.

use std::collections::BTreeMap;

use super::PERIODS;
use super::merge::add;
use crate::env::Millis;

/// Counts of one signal.
#[derive(Debug, Clone, Default)]
pub struct SignalTally {
    /// It could be judged.
    pub evaluated: u64,
    /// It could not, by what was missing.
    pub missing: BTreeMap<String, u64>,
    /// `except` held.
    pub exempt: u64,
    /// It still learns.
    pub learning: u64,
    /// It fired.
    pub fired: u64,
    /// It fired on names that are no account.
    pub fired_nobody: u64,
    /// It fired on good logins.
    pub fired_good: u64,
    /// It fired on attacks.
    pub fired_attack: u64,
    /// It was the only one that fired.
    pub alone: u64,
    /// Prompts it took part in.
    pub prompts: u64,
    /// Prompts kept quiet by a cool-down it took part in.
    pub appended: u64,
    /// Alerts that would not be there without it.
    pub decisive: u64,
    /// Of these, on attacks.
    pub decisive_attack: u64,
    /// Of these, on good logins.
    pub decisive_good: u64,
    /// Fires by day.
    pub by_day: Vec<u32>,
    /// Fired on the logins rates are of, by period.
    pub base_by_period: [u64; PERIODS],
    /// First fire.
    pub first: Option<Millis>,
    /// Last fire.
    pub last: Option<Millis>,
}

impl SignalTally {
    pub(super) fn merge(&mut self, other: Self) {
        macro_rules! sum {
            ($($field:ident)+) => { $(self.$field += other.$field;)+ };
        }
        sum!(evaluated exempt learning fired fired_nobody fired_good fired_attack alone prompts appended
            decisive decisive_attack decisive_good);
        for (name, count) in other.missing {
            *self.missing.entry(name).or_default() += count;
        }
        add(&mut self.by_day, &other.by_day);
        add(&mut self.base_by_period, &other.base_by_period);
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
    }

    /// It could not be judged.
    pub fn not_evaluable(&self, successes: u64) -> u64 {
        successes - self.evaluated
    }

    /// `when` held.
    pub fn matched(&self) -> u64 {
        self.exempt + self.learning + self.fired
    }
}
