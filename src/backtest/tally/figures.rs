//! From counts to the figures of a report. Field names here are the report's JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::labels::{self, LabelFigures};
use super::loads::{self, Load};
use super::periods::{self, Period};
use super::rule_figures::{self, RuleFigures};
use super::spread::{Parts, Spread};
use super::stats::per_10k;
use super::{ACCOUNT_SIGNALS, Basis, Tally};
use crate::env::Millis;
use crate::lang::program::Program;
use crate::server::rfc3339;

/// A rate that grows by more than this from one period to another has drifted.
pub const DRIFT: f64 = 3.0;
/// Fewer fires than this are no ground to speak of drift.
const DRIFT_LEAST: u64 = 10;

/// Everything about one rule set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// SHA-256 of the rule set.
    pub rules: String,
    /// What `*per_10k` is per 10,000 of.
    pub per_10k_of: Basis,
    /// Totals.
    pub totals: Totals,
    /// By signal, in source order.
    pub signals: Vec<SignalFigures>,
    /// Which signals fire together.
    pub overlap: Overlap,
    /// By rule that is asked about logins: those `on attempt`, `on failure`, `on login`, each in source order.
    pub guard_rules: Vec<RuleFigures>,
    /// Which of them hold about the same login, by their names with the event.
    pub guard_overlap: Overlap,
    /// What it costs people.
    pub load: Load,
    /// How right it is; absent without labels.
    pub labels: Option<LabelFigures>,
    /// The same over consecutive stretches of time.
    pub periods: Vec<Period>,
}

/// Totals of one rule set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Totals {
    /// First moment counted, RFC 3339.
    pub from: String,
    /// Last.
    pub to: String,
    /// Days of the calendar of `run.zone`, begun ones included: as many as `*_by_day` has numbers.
    pub days: usize,
    /// Less than 23 hours of the first of them count.
    pub first_day_partial: bool,
    /// Of the last.
    pub last_day_partial: bool,
    /// The time that counts in days of 24 hours, at least one.
    pub span_days: f64,
    /// Days that means a day are over: `span_days`, unless the run was stopped; then a day of which half of the
    /// logins were judged counts half.
    pub days_judged: f64,
    /// Logins before `from`, which only made history.
    pub warm_up_logins: u64,
    /// Successful logins.
    pub logins: u64,
    /// Failed ones.
    pub failures: u64,
    /// Of the successful ones on names that are no account.
    pub logins_no_account: u64,
    /// Of the failed ones on such names.
    pub failures_no_account: u64,
    /// Successful logins labelled as good; unknown when no label calls any login good.
    pub good_logins: Option<u64>,
    /// Successful logins of which the label says nothing; unknown without labels.
    pub unlabelled_logins: Option<u64>,
    /// The logins that rates per 10,000 are of: see `per_10k_of`.
    pub per_10k_base: u64,
    /// Logins with an alert, before cool-down: `prompts`, `cooled_down`, `capped`, `flagged_no_account` and
    /// `flagged_refused` together.
    pub flagged: u64,
    /// Of these on good logins; unknown when no label calls any login good.
    pub flagged_good: Option<u64>,
    /// Alerts on the logins of `per_10k_of`, per 10,000 of them.
    pub flagged_per_10k: Option<f64>,
    /// Prompts, after cool-down and daily cap.
    pub prompts: u64,
    /// Prompts, likewise.
    pub prompts_per_10k: Option<f64>,
    /// Alerts a cool-down kept quiet.
    pub cooled_down: u64,
    /// Alerts past the daily cap, which become captchas.
    pub capped: u64,
    /// Alerts on names that are no account: there is nobody to ask.
    pub flagged_no_account: u64,
    /// Alerts on accounts that were locked already, and on logins that the server refuses itself (POST /v1/login) when
    /// rules refuse them too: nobody is in; only in the history of a store.
    pub flagged_refused: u64,
    /// Captchas: `challenged_attempts`, `challenged`, and those of alerts past the cap; a login that meets several
    /// counts once.
    pub captchas: u64,
    /// Refusals: `denied_attempts` and `denied`; a login that meets several counts once, and none at which rules lock.
    pub refusals: u64,
    /// Attempts sent through a captcha.
    pub challenged_attempts: u64,
    /// Attempts refused, by a lock too.
    pub denied_attempts: u64,
    /// Logins sent through a captcha by rules on login; none whose attempt was refused.
    pub challenged: u64,
    /// Logins refused by rules on login, by a lock too; none whose attempt was refused, or that was refused before any
    /// rule was asked.
    pub denied: u64,
    /// Logins at which rules lock the account. No lock is simulated, nor when somebody unlocks, so an account counts as
    /// often as rules lock it, also where it was locked already.
    pub locked: u64,
    /// The accounts they are of, each once: who has to be unlocked.
    pub locked_accounts: u64,
    /// Logins by day of the calendar of `run.zone`.
    pub logins_by_day: Vec<u32>,
    /// Prompts by day, likewise.
    pub prompts_by_day: Vec<u32>,
}

/// One signal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignalFigures {
    /// Its name.
    pub name: String,
    /// What people read.
    pub title: String,
    /// Its weight.
    pub weight: f64,
    /// It only watches.
    pub shadow: bool,
    /// Logins it could judge.
    pub evaluated: u64,
    /// Logins it could not.
    pub not_evaluable: u64,
    /// What was missing then, the most frequent first.
    pub missing: Vec<Missing>,
    /// Its `when` held.
    pub matched: u64,
    /// Of these exempt.
    pub exempt: u64,
    /// Of these still learning.
    pub learning: u64,
    /// It fired.
    pub fired: u64,
    /// Fires on the logins of `per_10k_of`, per 10,000 of them.
    pub per_10k: Option<f64>,
    /// On labelled attacks; unknown without labels.
    pub fired_attacks: Option<u64>,
    /// On labelled good logins; unknown when the label calls no login good.
    pub fired_good: Option<u64>,
    /// Prompts it took part in.
    pub prompts: u64,
    /// Alerts kept quiet it took part in.
    pub cooled_down: u64,
    /// It was the only one that counts.
    pub alone: u64,
    /// Alerts that would not be there without it: its marginal value.
    pub decisive: u64,
    /// Of these on attacks; unknown without labels.
    pub decisive_attacks: Option<u64>,
    /// Of these on good logins; unknown when the label calls no login good.
    pub decisive_good: Option<u64>,
    /// Fires on names that are no account.
    pub fired_no_account: u64,
    /// Over whom and when.
    #[serde(flatten)]
    pub spread: Spread,
}

/// What a signal could not be judged for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The field.
    pub field: String,
    /// How often.
    pub count: u64,
}

/// Which signals fire together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// Names, rows and columns.
    pub signals: Vec<String>,
    /// Logins on which both fired.
    pub together: Vec<Vec<u64>>,
}

impl Overlap {
    /// Of so many rows as there are names, one after another.
    pub(super) fn new(names: Vec<String>, together: &[u64]) -> Self {
        let n = names.len();
        let rows = (0..n).map(|row| together[row * n..(row + 1) * n].to_vec());
        Self {
            together: rows.collect(),
            signals: names,
        }
    }
}

/// The figures of a tally.
pub fn figures(tally: &Tally, program: &Program, labels: &[String], gap: Millis) -> Figures {
    let frame = tally.frame();
    let (labelled, good) = (frame.label.is_some(), tally.knows_good());
    Figures {
        rules: program.hash.clone(),
        per_10k_of: frame.basis,
        totals: Totals {
            from: rfc3339(frame.from),
            to: rfc3339(frame.to),
            days: frame.days().count(),
            first_day_partial: frame.days().first_partial,
            last_day_partial: frame.days().last_partial,
            span_days: frame.days().span(),
            days_judged: tally.days(),
            warm_up_logins: tally.warm_up,
            logins: tally.successes,
            failures: tally.failures,
            logins_no_account: tally.nobody_logins,
            failures_no_account: tally.nobody_failures,
            good_logins: good.then(|| tally.good()),
            unlabelled_logins: labelled.then(|| tally.unlabelled()),
            per_10k_base: tally.base,
            flagged: tally.total.flagged,
            flagged_good: good.then(|| tally.false_positives()),
            flagged_per_10k: per_10k(tally.flagged_base, tally.base),
            prompts: tally.total.prompts,
            prompts_per_10k: per_10k(tally.prompts_base, tally.base),
            cooled_down: tally.appended,
            capped: tally.capped,
            flagged_no_account: tally.nobody,
            flagged_refused: tally.refused,
            captchas: tally.captchas_by_day.iter().copied().map(u64::from).sum(),
            refusals: tally.refusals,
            challenged_attempts: tally.challenged_attempts,
            denied_attempts: tally.denied_attempts,
            challenged: tally.challenged,
            denied: tally.denied,
            locked: tally.locked,
            locked_accounts: tally.locked_accounts.len() as u64,
            logins_by_day: tally.logins_by_day.clone(),
            prompts_by_day: tally.prompts_by_day.clone(),
        },
        signals: (0..program.signals.len())
            .map(|index| signal(tally, program, index))
            .collect(),
        overlap: overlap(tally, program),
        guard_rules: rule_figures::all(tally, program),
        guard_overlap: rule_figures::overlap(tally, program),
        load: loads::load(tally),
        labels: labels::figures(tally, labels, gap),
        periods: periods::figures(tally),
    }
}

fn signal(tally: &Tally, program: &Program, index: usize) -> SignalFigures {
    let (signal, counts) = (&program.signals[index], &tally.signals[index]);
    let frame = tally.frame();
    let missing = missing(&counts.missing);
    let (labelled, good) = (tally.frame().label.is_some(), tally.knows_good());
    let periods = counts.base_by_period.iter().zip(&tally.by_period);
    let by_period: Vec<Option<f64>> = periods
        .map(|(fired, period)| per_10k(*fired, period.base))
        .collect();
    let accounts = (index < ACCOUNT_SIGNALS).then(|| tally.fired_accounts.count(index));
    let addresses =
        (index < ACCOUNT_SIGNALS && frame.addresses).then(|| tally.fired_addresses.count(index));
    SignalFigures {
        name: signal.name.clone(),
        title: signal.title.clone(),
        weight: signal.weight,
        shadow: signal.shadow,
        evaluated: counts.evaluated,
        not_evaluable: counts.not_evaluable(tally.successes),
        missing,
        matched: counts.matched(),
        exempt: counts.exempt,
        learning: counts.learning,
        fired: counts.fired,
        per_10k: per_10k(counts.base_by_period.iter().sum(), tally.base),
        fired_no_account: counts.fired_nobody,
        fired_attacks: labelled.then_some(counts.fired_attack),
        fired_good: good.then_some(counts.fired_good),
        prompts: counts.prompts,
        cooled_down: counts.appended,
        alone: counts.alone,
        decisive: counts.decisive,
        decisive_attacks: labelled.then_some(counts.decisive_attack),
        decisive_good: good.then_some(counts.decisive_good),
        spread: Spread::of(
            tally,
            Parts {
                count: counts.fired,
                accounts,
                addresses,
                by_day: &counts.by_day,
                first: counts.first,
                last: counts.last,
                drifts: drifts(&counts.base_by_period, &by_period),
                by_period,
                covered_by: covered_by(tally, program, index),
            },
        ),
    }
}

/// What was missing, the most frequent first.
pub(super) fn missing(counts: &BTreeMap<String, u64>) -> Vec<Missing> {
    let one = |(field, count): (&String, &u64)| Missing {
        field: field.clone(),
        count: *count,
    };
    let mut missing: Vec<Missing> = counts.iter().map(one).collect();
    missing.sort_by_key(|missing| std::cmp::Reverse(missing.count));
    missing
}

/// The rate grew more than threefold from a period to a later one.
pub(super) fn drifts(counts: &[u64], rates: &[Option<f64>]) -> bool {
    let known: Vec<(u64, f64)> = counts
        .iter()
        .zip(rates)
        .filter_map(|(count, rate)| Some((*count, (*rate)?)))
        .collect();
    known.iter().enumerate().any(|(at, (_, before))| {
        known[at + 1..]
            .iter()
            .any(|(count, after)| *count >= DRIFT_LEAST && *after > before * DRIFT)
    })
}

/// A signal that counts and fired on every login on which this one did.
fn covered_by(tally: &Tally, program: &Program, index: usize) -> Option<String> {
    let n = program.signals.len();
    let fired = tally.signals[index].fired;
    (0..n)
        .filter(|other| *other != index && fired > 0 && !program.signals[*other].shadow)
        .find(|other| tally.together[index * n + other] == fired)
        .map(|other| program.signals[other].name.clone())
}

fn overlap(tally: &Tally, program: &Program) -> Overlap {
    let names = program.signals.iter().map(|signal| signal.name.clone());
    Overlap::new(names.collect(), &tally.together)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_triples_has_drifted() {
        let rates = |rates: [f64; 3]| rates.map(Some).to_vec();
        assert!(drifts(&[10, 20, 200], &rates([0.4, 29.0, 346.0])));
        assert!(drifts(&[0, 10, 12], &rates([0.0, 1.0, 1.2])));
        assert!(!drifts(&[100, 120, 250], &rates([1.0, 1.2, 2.9])));
        assert!(
            !drifts(&[1, 1, 4], &rates([0.1, 0.1, 0.4])),
            "four fires are no trend"
        );
        assert!(
            !drifts(&[900, 100, 90], &rates([9.0, 1.0, 0.9])),
            "falling is no drift"
        );
    }
}
