//! How right the rules are, where labels say what was an attack.
//!
//! Counted at the login, over alerts before any cool-down, and at the incident, over prompts. Without
//! labels there is no such figure, and none is made up.

use serde::Serialize;

use super::stats::{Dice, ratio};
use super::{AccountCounts, Hit, Tally, unsortable};
use crate::env::Millis;

/// Resamplings behind an interval.
const RESAMPLES: usize = 1_000;
/// Their seed: the same input gives the same interval.
const SEED: u64 = 20_260_105;
/// Most points of a curve.
const MAX_POINTS: usize = 400;

/// Right and wrong, against one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelFigures {
    /// The label's name.
    pub label: String,
    /// Unlabelled logins were taken for good ones: false alarms are an upper bound.
    pub unlabelled_taken_for_good: bool,
    /// By login.
    pub logins: Confusion,
    /// Incidents: attacks of one account with no longer pause between them than `incident_gap_hours`.
    pub incidents: u64,
    /// Of these, with a prompt for one of their logins.
    pub incidents_caught: u64,
    /// That share.
    pub incident_recall: Option<f64>,
    /// From the first login of a caught incident to its first prompt, in minutes: the median.
    pub delay_minutes_p50: Option<f64>,
    /// The 95th percentile.
    pub delay_minutes_p95: Option<f64>,
    /// The longest pause within an incident.
    pub incident_gap_hours: f64,
    /// Suspicion as a score: every threshold.
    pub curve: Curve,
}

/// Counts at the login.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confusion {
    /// Attacks with an alert.
    pub true_positives: u64,
    /// Good logins with an alert.
    pub false_positives: u64,
    /// Attacks without one.
    pub false_negatives: u64,
    /// Good logins without one.
    pub true_negatives: u64,
    /// Logins of which the label says nothing; they are in none of the four.
    pub unlabelled: u64,
    /// Of these with an alert.
    pub flagged_unlabelled: u64,
    /// TP / (TP + FP); unknown when the label calls no login good.
    pub precision: Option<f64>,
    /// TP / (TP + FN).
    pub recall: Option<f64>,
    /// FP / (FP + TN).
    pub false_positive_rate: Option<f64>,
    /// 95 % interval of the precision, accounts resampled.
    pub precision_interval: Option<Interval>,
    /// 95 % interval of the recall, accounts resampled.
    pub recall_interval: Option<Interval>,
}

impl Confusion {
    /// Good logins with an alert; `None` when the label calls no login good.
    pub fn known_false_positives(&self) -> Option<u64> {
        let good = self.false_positives + self.true_negatives;
        (good > 0).then_some(self.false_positives)
    }
}

/// From, to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub from: f64,
    /// Upper end.
    pub to: f64,
}

/// Suspicion as a score.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Curve {
    /// From the highest threshold down.
    pub points: Vec<CurvePoint>,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// The best recall with at most 1 % of good logins flagged.
    pub recall_at_fpr_1_percent: Option<f64>,
    /// The best recall with at most 0.1 % of good logins flagged.
    pub recall_at_fpr_0_1_percent: Option<f64>,
}

/// What alerting from this suspicion on would give.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The threshold.
    pub suspicion: f64,
    /// Share of attacks.
    pub recall: f64,
    /// Share of good logins.
    pub false_positive_rate: f64,
    /// Share of attacks among what is flagged.
    pub precision: f64,
    /// Alerts per 10,000 good logins.
    pub per_10k: f64,
}

/// The figures; `None` without labels.
pub(super) fn figures(tally: &Tally, names: &[String], gap: Millis) -> Option<LabelFigures> {
    let label = tally.frame().label?;
    let (attacks, good) = tally
        .scores
        .values()
        .fold((0, 0), |(a, g), (attack, fine)| (a + attack, g + fine));
    let tp = tally.hits.iter().filter(|hit| hit.flagged).count() as u64;
    let fp: u64 = tally
        .accounts
        .values()
        .map(|counts| u64::from(counts.fp))
        .sum();
    let incidents = incidents(&tally.hits, gap);
    let caught: Vec<Millis> = incidents.iter().flatten().copied().collect();
    let mut delays: Vec<f64> = caught.iter().map(|ms| *ms as f64 / 60_000.0).collect();
    delays.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let rank = (share * delays.len() as f64).ceil() as usize;
        delays.get(rank.max(1) - 1).copied()
    };
    let (precision_interval, recall_interval) = intervals(tally);
    // Where nobody says of any login that it was good, a false alarm cannot be known as one.
    let told = |figure: Option<f64>| figure.filter(|_| good > 0);
    Some(LabelFigures {
        label: names.get(usize::from(label)).cloned().unwrap_or_default(),
        unlabelled_taken_for_good: tally.frame().unlabelled_good,
        logins: Confusion {
            true_positives: tp,
            false_positives: fp,
            false_negatives: attacks - tp,
            true_negatives: good - fp,
            unlabelled: tally.successes - attacks - good,
            flagged_unlabelled: (tally.total.flagged).saturating_sub(tp + fp),
            precision: told(ratio(tp, tp + fp)),
            recall: ratio(tp, attacks),
            false_positive_rate: ratio(fp, good),
            precision_interval: precision_interval.filter(|_| good > 0),
            recall_interval,
        },
        incidents: incidents.len() as u64,
        incidents_caught: caught.len() as u64,
        incident_recall: ratio(caught.len() as u64, incidents.len() as u64),
        delay_minutes_p50: at(0.5),
        delay_minutes_p95: at(0.95),
        incident_gap_hours: gap as f64 / 3_600_000.0,
        curve: curve(tally, attacks, good),
    })
}

/// For each incident the delay of its first prompt, if any. `hits` are sorted by account and row.
fn incidents(hits: &[Hit], gap: Millis) -> Vec<Option<Millis>> {
    hits.chunk_by(|a, b| a.account == b.account && b.time - a.time <= gap)
        .map(|incident| {
            let began = incident.iter().map(|hit| hit.time).min()?;
            let first = incident.iter().find(|hit| hit.prompted)?;
            Some(first.time - began)
        })
        .collect()
}

/// 95 % intervals of precision and recall. Logins of one account are not independent, so accounts are
/// drawn, not logins; those without attack and without alert change neither.
fn intervals(tally: &Tally) -> (Option<Interval>, Option<Interval>) {
    let mut accounts: Vec<(&u32, &AccountCounts)> = tally.accounts.iter().collect();
    accounts.sort_unstable_by_key(|(account, _)| **account);
    let mut dice = Dice::new(SEED);
    let (mut precisions, mut recalls) = (Vec::new(), Vec::new());
    for _ in 0..RESAMPLES {
        let (mut tp, mut fp, mut missed) = (0, 0, 0);
        for (_, counts) in &accounts {
            let times = u64::from(dice.poisson_one());
            tp += times * u64::from(counts.tp);
            fp += times * u64::from(counts.fp);
            missed += times * u64::from(counts.missed);
        }
        precisions.extend(ratio(tp, tp + fp));
        recalls.extend(ratio(tp, tp + missed));
    }
    (interval(precisions), interval(recalls))
}

fn interval(mut values: Vec<f64>) -> Option<Interval> {
    if values.len() < RESAMPLES / 2 {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    Some(Interval {
        from: at(0.025),
        to: at(0.975),
    })
}

fn curve(tally: &Tally, attacks: u64, good: u64) -> Curve {
    if attacks == 0 || good == 0 {
        return Curve::default();
    }
    let mut points = Vec::new();
    let (mut tp, mut fp, mut area) = (0, 0, 0.0);
    let (mut at_1, mut at_0_1): (f64, f64) = (0.0, 0.0);
    for (score, (attack, fine)) in tally.scores.iter().rev() {
        // A trapezoid: ties are drawn as a slope.
        area += *fine as f64 * (tp as f64 + *attack as f64 / 2.0);
        tp += attack;
        fp += fine;
        let (recall, rate) = (tp as f64 / attacks as f64, fp as f64 / good as f64);
        if rate <= 0.01 {
            at_1 = recall;
        }
        if rate <= 0.001 {
            at_0_1 = recall;
        }
        points.push(CurvePoint {
            suspicion: unsortable(*score),
            recall,
            false_positive_rate: rate,
            precision: tp as f64 / (tp + fp) as f64,
            per_10k: rate * 10_000.0,
        });
    }
    let step = points.len().div_ceil(MAX_POINTS);
    let last = points.len() - 1;
    let mut at = 0;
    points.retain(|_| {
        at += 1;
        (at - 1) % step == 0 || at - 1 == last
    });
    Curve {
        points,
        auc: Some(area / (attacks as f64 * good as f64)),
        recall_at_fpr_1_percent: Some(at_1),
        recall_at_fpr_0_1_percent: Some(at_0_1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(account: u32, row: u32, time: Millis, prompted: bool) -> Hit {
        Hit {
            account,
            row,
            time,
            flagged: prompted,
            prompted,
        }
    }

    #[test]
    fn attacks_close_together_are_one_incident() {
        let hits = [
            hit(1, 1, 0, false),
            hit(1, 2, 50, true),
            hit(1, 3, 200, false),
            hit(2, 4, 201, true),
        ];
        assert_eq!(incidents(&hits, 100), [Some(50), None, Some(0)]);
        assert_eq!(incidents(&hits, 1_000), [Some(50), Some(0)]);
    }
}
