//! The same rules with other constants: `--sweep budget=40..90/5`.
//!
//! All variants run over the data together; signals that a constant does not touch are judged
//! once. The best value is chosen on the first two thirds of the time and judged on the last: the one
//! that finds the most attacks, of these the one with the fewest prompts, of these the most sensitive.

mod choose;
mod parameter;
mod variants;

pub(in crate::backtest) use parameter::shown;
pub use parameter::{Parameter, SweepError};
pub use variants::{Axis, OF_DELIVERY, Variant, axes, variants};

use serde::Serialize;

use super::report::Gate;
use super::tally::stats::{per_10k, ratio};
use super::tally::{PERIODS, Tally};

/// The most rule sets of one sweep.
pub const MAX_VARIANTS: usize = 200;
/// The gate that is also the budget of a sweep.
pub(super) const GATE: &str = "max-prompts-per-10k";
/// The periods a value is chosen on; the rest judges it.
const CHOOSE: usize = 2;

/// A sweep's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sweep {
    /// Names of the parameters.
    pub parameters: Vec<String>,
    /// Their units, empty for plain numbers.
    pub units: Vec<String>,
    /// Parameters of which every value gives the same figures.
    pub idle: Vec<String>,
    /// Parameters whose values give the same points, and differ only in how often signals fire or alerts are kept
    /// quiet.
    pub unseen: Vec<String>,
    /// A point for each combination.
    pub points: Vec<Point>,
    /// The budget asked for: prompts per 10,000 of the logins of `per_10k_of`.
    pub max_prompts_per_10k: Option<f64>,
    /// The point chosen under it, by its index.
    pub best: Option<usize>,
    /// Points were compared by recall; without labels by prompts.
    pub by_recall: bool,
    /// The share of the attempts that was judged: 1 unless the run was stopped.
    pub judged: f64,
}

impl Sweep {
    /// The limit that was asked for, by the best point over all of the time, else by the one that comes nearest.
    pub(super) fn gate(&self) -> Option<Gate> {
        let most = self.max_prompts_per_10k?;
        let is = match self.best {
            Some(best) => self.points.get(best)?.all.prompts_per_10k,
            None => self.least(),
        };
        // Where rules are silent with every value, nothing keeps a limit by that.
        Some(Gate::new(GATE, most, is))
    }

    /// The point chosen under the limit that was asked for.
    pub(super) fn chosen(&self) -> Option<&Point> {
        self.max_prompts_per_10k?;
        self.points.get(self.best?)
    }

    /// The fewest prompts of a value with which the rules can do what they say.
    pub(super) fn least(&self) -> Option<f64> {
        let able = self.points.iter().filter(|point| point.never.is_empty());
        let rates = able.filter_map(|point| point.chosen_on.prompts_per_10k);
        rates.min_by(f64::total_cmp)
    }

    /// A combination in words: `budget = 60, usual = 30 days`.
    pub fn named(&self, point: &Point) -> String {
        let axes = self.parameters.iter().zip(&self.units);
        let parts = axes.zip(&point.values).map(|((name, unit), value)| {
            let text = format!("{name} = {} {unit}", shown(*value));
            text.trim_end().to_owned()
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    /// The parameters as columns are headed: with their units.
    pub fn heads(&self) -> Vec<String> {
        let both = self.parameters.iter().zip(&self.units);
        both.map(|(name, unit)| match unit.as_str() {
            "" => name.clone(),
            unit => format!("{name} ({unit})"),
        })
        .collect()
    }

    /// Figures besides prompts that differ between the points: what they are called in Chinese and English.
    pub(in crate::backtest) fn besides(&self) -> Vec<((&'static str, &'static str), Figure)> {
        let all: [(_, Figure); 3] = [
            (("每天验证", "captchas"), |point| point.captchas_per_day),
            (("每天拒绝", "refusals"), |point| point.refusals_per_day),
            (("每天锁定", "locks"), |point| point.locks_per_day),
        ];
        let differs = |of: &Figure| self.points.windows(2).any(|two| of(&two[0]) != of(&two[1]));
        all.into_iter().filter(|(_, of)| differs(of)).collect()
    }

    /// How the best point is found, in Chinese and English.
    pub fn rule(&self) -> (&'static str, &'static str) {
        match self.by_recall {
            true => (
                "召回最高的；召回相同取发出的提醒最少的，再相同取最敏感的",
                "the highest recall, of these the fewest prompts, of these the most sensitive",
            ),
            false => (
                "没有标注，取发出的提醒最多的；相同取最敏感的",
                "without labels the most prompts, of these the most sensitive",
            ),
        }
    }
}

/// One number of a point.
type Figure = fn(&Point) -> f64;

/// One combination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Its values.
    pub values: Vec<f64>,
    /// Alerts per 10,000 of the logins of `per_10k_of`.
    pub flagged_per_10k: Option<f64>,
    /// Prompts a day, the mean over all days that were judged.
    pub prompts_per_day: f64,
    /// Captchas a day.
    pub captchas_per_day: f64,
    /// Refused attempts and logins a day.
    pub refusals_per_day: f64,
    /// Locks by rules, a day.
    pub locks_per_day: f64,
    /// Over all of the time.
    pub all: Part,
    /// The first two thirds of the time: what choosing looks at.
    pub chosen_on: Part,
    /// The last third: what choosing does not see.
    pub judged_on: Part,
    /// TP / (TP + FP) over all of the time.
    pub precision: Option<f64>,
    /// Conditions that never hold with these values, in the language of the report.
    pub never: Vec<String>,
    /// Attacks about which these values do less than the rules they are compared with; unknown without labels or
    /// such rules.
    pub attacks_lost: Option<u64>,
}

impl Point {
    /// Whether all its figures are those of the other.
    fn shows_as(&self, other: &Self) -> bool {
        let values = self.values.clone();
        let other = Self {
            values,
            ..other.clone()
        };
        *self == other
    }
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Part {
    /// Prompts per 10,000 of the logins of `per_10k_of`.
    pub prompts_per_10k: Option<f64>,
    /// Share of attacks with an alert.
    pub recall: Option<f64>,
}

/// Puts a sweep together. `values`: of each combination, and its conditions that never hold. `old`: what the rules
/// do that they are compared with.
pub fn sweep(
    axes: Vec<Axis>,
    values: Vec<(Vec<f64>, Vec<String>)>,
    tallies: &[Tally],
    old: Option<&Tally>,
    budget: Option<f64>,
) -> Sweep {
    let points: Vec<Point> = values
        .into_iter()
        .zip(tallies)
        .map(|((values, never), tally)| point(values, never, tally, old))
        .collect();
    let by_recall = points.iter().any(|point| point.chosen_on.recall.is_some());
    let flagged: Vec<u64> = tallies.iter().map(choose::flagged).collect();
    let best = budget.and_then(|budget| choose::best(&points, &flagged, budget));
    let (idle, unseen) = without_effect(&axes, &points, tallies);
    let (parameters, units) = axes.into_iter().map(|axis| (axis.name, axis.unit)).unzip();
    Sweep {
        parameters,
        units,
        idle,
        unseen,
        points,
        max_prompts_per_10k: budget,
        best,
        by_recall,
        judged: 1.0,
    }
}

/// The parameters that decide nothing, and those that decide nothing a point shows.
fn without_effect(
    axes: &[Axis],
    points: &[Point],
    tallies: &[Tally],
) -> (Vec<String>, Vec<String>) {
    let (mut idle, mut unseen) = (Vec::new(), Vec::new());
    for (at, axis) in axes.iter().enumerate() {
        let same = |a: usize, b: usize| same_counts(&tallies[a], &tallies[b]);
        if makes_no_difference(at, points, same) {
            idle.push(axis.name.clone());
        } else if makes_no_difference(at, points, |a, b| points[a].shows_as(&points[b])) {
            unseen.push(axis.name.clone());
        }
    }
    (idle, unseen)
}

/// Whether points that differ in nothing but one parameter are all the `same`.
fn makes_no_difference(
    parameter: usize,
    points: &[Point],
    same: impl Fn(usize, usize) -> bool,
) -> bool {
    let others = |point: &Point| {
        let mut values = point.values.clone();
        values.remove(parameter);
        values
    };
    let moves = points
        .windows(2)
        .any(|two| two[0].values[parameter] != two[1].values[parameter]);
    moves
        && (0..points.len()).all(|at| {
            let first = (0..at).find(|other| others(&points[*other]) == others(&points[at]));
            first.is_none_or(|other| same(at, other))
        })
}

fn same_counts(a: &Tally, b: &Tally) -> bool {
    let fired =
        |tally: &Tally| -> Vec<u64> { tally.signals.iter().map(|signal| signal.fired).collect() };
    let acts = |tally: &Tally| {
        [
            tally.appended,
            tally.capped,
            tally.challenged_attempts,
            tally.denied_attempts,
            tally.challenged,
            tally.denied,
            tally.locked,
        ]
    };
    (a.total, acts(a), fired(a)) == (b.total, acts(b), fired(b))
        && (&a.prompts_by_day, &a.captchas_by_day) == (&b.prompts_by_day, &b.captchas_by_day)
}

fn point(values: Vec<f64>, never: Vec<String>, tally: &Tally, old: Option<&Tally>) -> Point {
    let part = |periods: std::ops::Range<usize>| {
        let counts = &tally.by_period[periods.clone()];
        let prompts: u64 = counts.iter().map(|counts| counts.prompts_base).sum();
        let base: u64 = counts.iter().map(|counts| counts.base).sum();
        let hits = tally
            .hits
            .iter()
            .filter(|hit| periods.contains(&tally.frame().period(hit.time)));
        let (mut all, mut caught) = (0, 0);
        for hit in hits {
            all += 1;
            caught += u64::from(hit.flagged);
        }
        Part {
            prompts_per_10k: per_10k(prompts, base),
            recall: ratio(caught, all),
        }
    };
    let tp = tally.hits.iter().filter(|hit| hit.flagged).count() as u64;
    let fp = tally.false_positives();
    let captchas = tally.captchas_by_day.iter().copied().map(u64::from).sum();
    Point {
        values,
        flagged_per_10k: per_10k(tally.flagged_base, tally.base),
        prompts_per_day: tally.a_day(tally.total.prompts),
        captchas_per_day: tally.a_day(captchas),
        refusals_per_day: tally.a_day(tally.refusals),
        locks_per_day: tally.a_day(tally.locked),
        all: part(0..PERIODS),
        chosen_on: part(0..CHOOSE),
        judged_on: part(CHOOSE..PERIODS),
        precision: ratio(tp, tp + fp).filter(|_| tally.knows_good()),
        never,
        attacks_lost: old
            .filter(|_| tally.frame().label.is_some())
            .map(|old| tally.lost_against(old)),
    }
}
