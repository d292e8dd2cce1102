//! The same figures over consecutive stretches of time: whether what holds in one holds in the next.

use serde::Serialize;

use super::stats::{per_10k, ratio};
use super::{Class, PERIODS, Tally};
use crate::backtest::engine::{Outcome, Prompt};
use crate::env::{DAY, Millis};
use crate::server::rfc3339;

/// Counts of one stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeriodTally {
    /// Successful logins.
    pub logins: u64,
    /// Failures.
    pub failures: u64,
    /// The logins rates are of.
    pub base: u64,
    /// With an alert.
    pub flagged: u64,
    /// Of the logins rates are of.
    pub flagged_base: u64,
    /// On logins labelled as good.
    pub flagged_good: u64,
    /// Logins labelled as good.
    pub good: u64,
    /// Prompts.
    pub prompts: u64,
    /// Prompts on the logins rates are of.
    pub prompts_base: u64,
    /// Alerts a cool-down kept quiet.
    pub appended: u64,
    /// Alerts past the daily cap.
    pub capped: u64,
    /// Captchas.
    pub captchas: u64,
    /// Refusals.
    pub refusals: u64,
    /// Locks by rules.
    pub locked: u64,
}

impl PeriodTally {
    /// A login with the right password; `counts` when rates are of it.
    pub(super) fn success(&mut self, outcome: &Outcome, class: Class, counts: bool) {
        let good = class == Class::Good;
        self.logins += 1;
        self.base += u64::from(counts);
        self.good += u64::from(good);
        self.flagged += u64::from(outcome.flagged);
        self.flagged_base += u64::from(counts && outcome.flagged);
        self.flagged_good += u64::from(good && outcome.flagged);
        match outcome.prompt {
            Prompt::Raised => {
                self.prompts += 1;
                self.prompts_base += u64::from(counts);
            }
            Prompt::Appended => self.appended += 1,
            Prompt::Capped => self.capped += 1,
            Prompt::None => {}
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        macro_rules! sum {
            ($($field:ident)+) => { $(self.$field += other.$field;)+ };
        }
        sum!(logins failures base flagged flagged_base flagged_good good prompts prompts_base appended capped
            captchas refusals locked);
    }
}

/// One stretch of time: what `totals` and `labels` say of the whole, of it alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Period {
    /// Its beginning, RFC 3339.
    pub from: String,
    /// Its end.
    pub to: String,
    /// How long it is, in days of 24 hours.
    pub days: f64,
    /// Successful logins.
    pub logins: u64,
    /// Failed ones.
    pub failures: u64,
    /// Successful logins labelled as good; unknown when no label calls any login good.
    pub good_logins: Option<u64>,
    /// The logins that rates per 10,000 are of.
    pub per_10k_base: u64,
    /// Alerts.
    pub flagged: u64,
    /// Prompts.
    pub prompts: u64,
    /// Alerts on the logins of `per_10k_of`, per 10,000 of them.
    pub flagged_per_10k: Option<f64>,
    /// Prompts, likewise.
    pub prompts_per_10k: Option<f64>,
    /// Prompts a day, the mean; unknown when the run was stopped.
    pub prompts_per_day: Option<f64>,
    /// Alerts a cool-down kept quiet.
    pub cooled_down: u64,
    /// Alerts past the daily cap.
    pub capped: u64,
    /// Captchas.
    pub captchas: u64,
    /// Refusals.
    pub refusals: u64,
    /// Locks by rules.
    pub locked: u64,
    /// Labelled attacks with the right password; unknown without labels.
    pub attacks: Option<u64>,
    /// Of these with an alert; unknown without labels.
    pub true_positives: Option<u64>,
    /// Good logins with an alert; unknown when no label calls any login good.
    pub false_positives: Option<u64>,
    /// The share of the attacks with an alert.
    pub recall: Option<f64>,
    /// The share of the alerts on labelled logins that are on attacks.
    pub precision: Option<f64>,
    /// The share of the good logins with an alert.
    pub false_positive_rate: Option<f64>,
    /// Attacks about which rules do anything; unknown without labels.
    pub attacks_acted_on: Option<u64>,
}

/// The figures of every period.
pub(super) fn figures(tally: &Tally) -> Vec<Period> {
    (0..PERIODS).map(|period| one(tally, period)).collect()
}

fn one(tally: &Tally, period: usize) -> Period {
    let frame = tally.frame();
    let span = frame.to - frame.from;
    let edge = |at: usize| frame.from + (span as i128 * at as i128 / PERIODS as i128) as Millis;
    let counts = &tally.by_period[period];
    let hits = tally.hits.iter();
    let hits = hits.filter(|hit| frame.period(hit.time) == period);
    let (mut attacks, mut found, mut acted_on) = (0, 0, 0);
    for hit in hits {
        attacks += 1;
        found += u64::from(hit.flagged);
        acted_on += u64::from(hit.acted_on());
    }
    let good = tally.knows_good();
    let labelled = frame.label.is_some();
    let days = (edge(period + 1) - edge(period)) as f64 / DAY as f64;
    let whole = tally.whole() && days > 0.0;
    Period {
        from: rfc3339(edge(period)),
        to: rfc3339(edge(period + 1)),
        days,
        logins: counts.logins,
        failures: counts.failures,
        good_logins: good.then_some(counts.good),
        per_10k_base: counts.base,
        flagged: counts.flagged,
        prompts: counts.prompts,
        flagged_per_10k: per_10k(counts.flagged_base, counts.base),
        prompts_per_10k: per_10k(counts.prompts_base, counts.base),
        prompts_per_day: whole.then(|| counts.prompts as f64 / days),
        cooled_down: counts.appended,
        capped: counts.capped,
        captchas: counts.captchas,
        refusals: counts.refusals,
        locked: counts.locked,
        attacks: labelled.then_some(attacks),
        true_positives: labelled.then_some(found),
        false_positives: good.then_some(counts.flagged_good),
        recall: ratio(found, attacks),
        precision: match good {
            true => ratio(found, found + counts.flagged_good),
            false => None,
        },
        false_positive_rate: match good {
            true => ratio(counts.flagged_good, counts.good),
            false => None,
        },
        attacks_acted_on: labelled.then_some(acted_on),
    }
}
