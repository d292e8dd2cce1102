//! How right the rules are, where labels say what was an attack.
//!
//! Counted at the login, over alerts before any cool-down, and at the incident, over prompts; apart from
//! that over anything rules do (an alert, a captcha, a refusal, a lock), also after a wrong password. Without
//! labels there is no such figure, and none is made up.

use serde::Serialize;

use super::stats::{Dice, ratio, unsortable, wilson};
use super::{AccountCounts, Hit, Tally};
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
    /// By login with the right password, over alerts.
    pub logins: Confusion,
    /// Over anything rules do.
    pub acted_on: ActedOn,
    /// Incidents: attacks of one account with no longer pause between them than `incident_gap_hours`.
    pub incidents: u64,
    /// Attacks under names that are no account: of no incident, for nobody can be asked.
    pub attacks_no_account: u64,
    /// Incidents with a prompt for one of their logins.
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

/// About which logins rules do anything at all: an alert, a captcha (unless it was solved already), a refusal,
/// a lock.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActedOn {
    /// Such attacks with the right password.
    pub attacks: u64,
    /// The share of all of them.
    pub recall: Option<f64>,
    /// Such good logins; unknown when the label calls no login good.
    pub good_logins: Option<u64>,
    /// The share of all of them.
    pub false_positive_rate: Option<f64>,
    /// Incidents with such an attack.
    pub incidents: u64,
    /// The share of all of them.
    pub incident_recall: Option<f64>,
    /// Labelled attacks with a wrong password, which are in none of the others.
    pub failed_attempts: u64,
    /// Such ones among them.
    pub failed_attempts_acted_on: u64,
}

/// Counts at the login.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confusion {
    /// Attacks with an alert.
    pub true_positives: u64,
    /// Good logins with an alert; unknown when the label calls no login good.
    pub false_positives: Option<u64>,
    /// Attacks without one.
    pub false_negatives: u64,
    /// Good logins without one; likewise.
    pub true_negatives: Option<u64>,
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
    /// 95 % interval of the precision, by account.
    pub precision_interval: Option<Interval>,
    /// 95 % interval of the recall, by account.
    pub recall_interval: Option<Interval>,
}

/// From, to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub from: f64,
    /// Upper end.
    pub to: f64,
    /// How it was found.
    pub method: Method,
}

/// How an interval is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Accounts drawn anew a thousand times.
    Bootstrap,
    /// All accounts say the same, so that drawing them anew says nothing: Wilson's, by their number.
    Wilson,
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
    let fp = tally.false_positives();
    let incidents = incidents(&tally.hits, gap);
    let caught: Vec<Millis> = incidents.iter().filter_map(|found| found.delay).collect();
    let met = incidents.iter().filter(|found| found.acted_on).count() as u64;
    let acted_on = tally.hits.iter().filter(|hit| hit.acted_on()).count() as u64;
    let mut delays: Vec<f64> = caught.iter().map(|ms| *ms as f64 / 60_000.0).collect();
    delays.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let rank = (share * delays.len() as f64).ceil() as usize;
        delays.get(rank.max(1) - 1).copied()
    };
    let (precision_interval, recall_interval) = intervals(tally);
    // Where nobody says of any login that it was good, a false alarm cannot be known as one.
    let told = |figure: Option<f64>| figure.filter(|_| good > 0);
    let counted = |count: u64| (good > 0).then_some(count);
    Some(LabelFigures {
        label: names.get(usize::from(label)).cloned().unwrap_or_default(),
        unlabelled_taken_for_good: tally.frame().unlabelled_good,
        logins: Confusion {
            true_positives: tp,
            false_positives: counted(fp),
            false_negatives: attacks - tp,
            true_negatives: counted(good - fp),
            unlabelled: tally.unlabelled(),
            flagged_unlabelled: (tally.total.flagged).saturating_sub(tp + fp),
            precision: told(ratio(tp, tp + fp)),
            recall: ratio(tp, attacks),
            false_positive_rate: ratio(fp, good),
            precision_interval: precision_interval.filter(|_| good > 0),
            recall_interval,
        },
        acted_on: ActedOn {
            attacks: acted_on,
            recall: ratio(acted_on, attacks),
            good_logins: counted(tally.good_acted_on),
            false_positive_rate: ratio(tally.good_acted_on, good),
            incidents: met,
            incident_recall: ratio(met, incidents.len() as u64),
            failed_attempts: tally.failed_attacks,
            failed_attempts_acted_on: tally.failed_attacks_acted_on,
        },
        incidents: incidents.len() as u64,
        attacks_no_account: tally.attacks_nobody,
        incidents_caught: caught.len() as u64,
        incident_recall: ratio(caught.len() as u64, incidents.len() as u64),
        delay_minutes_p50: at(0.5),
        delay_minutes_p95: at(0.95),
        incident_gap_hours: gap as f64 / 3_600_000.0,
        curve: curve(tally, attacks, good),
    })
}

/// Attacks of one account that belong together.
#[derive(Debug, PartialEq, Eq)]
struct Incident {
    /// From the first of them to the first prompt.
    delay: Option<Millis>,
    /// Rules did anything about one of them.
    acted_on: bool,
}

/// The incidents. `hits` are sorted by account and row.
fn incidents(hits: &[Hit], gap: Millis) -> Vec<Incident> {
    let of_accounts: Vec<Hit> = hits.iter().filter(|hit| hit.exists).copied().collect();
    of_accounts
        .chunk_by(|a, b| a.account == b.account && b.time - a.time <= gap)
        .map(|incident| {
            let began = incident.iter().map(|hit| hit.time).min();
            let first = incident.iter().find(|hit| hit.prompted);
            Incident {
                delay: first.zip(began).map(|(first, began)| first.time - began),
                acted_on: incident.iter().any(Hit::acted_on),
            }
        })
        .collect()
}

/// 95 % intervals of precision and recall. Logins of one account are not independent, so accounts are
/// drawn, not logins; those without attack and without alert change neither. A name that is no account may stand
/// for many people (in the RBA data set one does for nearly half of all rows), so of these logins are drawn.
fn intervals(tally: &Tally) -> (Option<Interval>, Option<Interval>) {
    let nobodys = tally.nobodys;
    let mut dice = Dice::new(SEED);
    // True and false positives and what was missed, by resampling.
    let mut drawn: Vec<[u64; 3]> = (0..RESAMPLES)
        .map(|_| [nobodys.tp, nobodys.fp, nobodys.missed].map(|n| dice.poisson(u64::from(n))))
        .collect();
    for counts in tally.accounts.values() {
        let of_account = [counts.tp, counts.fp, counts.missed].map(u64::from);
        // Each account has dice of its own, so their order does not matter.
        let mut dice = Dice::new(SEED ^ counts.seed);
        for sums in &mut drawn {
            let times = u64::from(dice.poisson_one());
            for (sum, count) in sums.iter_mut().zip(of_account) {
                *sum += times * count;
            }
        }
    }
    let (mut precisions, mut recalls) = (Vec::new(), Vec::new());
    for [tp, fp, missed] in drawn {
        precisions.extend(ratio(tp, tp + fp));
        recalls.extend(ratio(tp, tp + missed));
    }
    let drawn = |has: fn(&AccountCounts) -> u32| {
        let accounts = tally.accounts.values();
        let accounts = accounts.filter(|counts| has(counts) > 0).count();
        accounts as u64 + u64::from(has(&nobodys))
    };
    (
        interval(precisions, drawn(|counts| counts.tp + counts.fp)),
        interval(recalls, drawn(|counts| counts.tp + counts.missed)),
    )
}

/// Between what values lie that were found by drawing among `drawn` anew.
fn interval(mut values: Vec<f64>, drawn: u64) -> Option<Interval> {
    if values.len() < RESAMPLES / 2 {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    let (from, to) = (at(0.025), at(0.975));
    if from < to {
        return Some(Interval {
            from,
            to,
            method: Method::Bootstrap,
        });
    }
    // All accounts say the same, which says little where they are few.
    let (from, to) = wilson(from, drawn);
    Some(Interval {
        from,
        to,
        method: Method::Wilson,
    })
}

fn curve(tally: &Tally, attacks: u64, good: u64) -> Curve {
    if attacks == 0 || good == 0 {
        return Curve::default();
    }
    let mut points = Vec::new();
    let (mut tp, mut fp, mut area) = (0, 0, 0.0);
    let (mut at_1, mut at_0_1): (f64, f64) = (0.0, 0.0);
    let mut scores: Vec<(u64, (u64, u64))> = tally.scores.iter().map(|(at, n)| (*at, *n)).collect();
    scores.sort_unstable_by_key(|(score, _)| std::cmp::Reverse(*score));
    for (score, (attack, fine)) in &scores {
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
    use crate::backtest::engine::Measure;
    use crate::bot::api::Verdict;

    fn hit(account: u32, row: u32, time: Millis, prompted: bool) -> Hit {
        Hit {
            account,
            row,
            time,
            flagged: prompted,
            prompted,
            exists: true,
            measure: Measure::default(),
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
        let delays = |hits: &[Hit], gap| -> Vec<Option<Millis>> {
            let found = incidents(hits, gap).into_iter();
            found.map(|incident| incident.delay).collect()
        };
        assert_eq!(delays(&hits, 100), [Some(50), None, Some(0)]);
        assert_eq!(delays(&hits, 1_000), [Some(50), Some(0)]);
        // Who is refused is met, though nobody was asked.
        let mut refused = hits;
        refused[2].measure = Measure::of(Verdict::Deny, false, false);
        let met: Vec<bool> = incidents(&refused, 100)
            .iter()
            .map(|incident| incident.acted_on)
            .collect();
        assert_eq!(met, [false, true, false]);
        // What comes under a name that is no account is none of its.
        let mut nobody = hits;
        nobody[1].exists = false;
        assert_eq!(delays(&nobody, 100), [None, None, Some(0)]);
    }

    fn counts(tp: u32, fp: u32, missed: u32) -> AccountCounts {
        let seed = 0;
        AccountCounts {
            seed,
            tp,
            fp,
            missed,
        }
    }

    fn of(accounts: &[AccountCounts], nobodys: AccountCounts) -> (Interval, Interval) {
        let frame = crate::backtest::tally::Frame::new(0, 1, Some(0), false);
        let mut tally = Tally::empty(&frame);
        let numbered = accounts.iter().enumerate();
        let seeded = numbered.map(|(at, counts)| {
            let seed = AccountCounts::of(&at.to_string()).seed;
            (at as u32, AccountCounts { seed, ..*counts })
        });
        tally.accounts = seeded.collect();
        tally.nobodys = nobodys;
        let (precision, recall) = intervals(&tally);
        (precision.expect("alerts"), recall.expect("attacks"))
    }

    #[test]
    fn where_all_accounts_say_the_same_an_interval_is_no_point() {
        let none = AccountCounts::default();
        let room = |interval: Interval| interval.to - interval.from;
        // All found and no false alarm, of ever more accounts; nothing found but false alarms.
        let mut before = 1.0;
        for n in [1, 4, 20] {
            let (precision, recall) = of(&vec![counts(3, 0, 0); n], none);
            for interval in [precision, recall] {
                assert_eq!((interval.to, interval.method), (1.0, Method::Wilson));
                assert!(room(interval) < before && room(interval) > 0.1);
            }
            before = room(recall);
            let (precision, recall) = of(&vec![counts(0, 3, 2); n], none);
            assert_eq!((precision.from, recall.from), (0.0, 0.0));
            assert!(room(precision) > 0.1 && room(recall) > 0.1);
        }
        // Of one account nothing can be said, whatever its share.
        let (_, recall) = of(&[counts(3, 0, 3)], none);
        assert!(room(recall) > 0.8, "{recall:?}");
        // Accounts that differ are drawn anew.
        let differ: Vec<_> = (0..40).map(|at| counts(at % 2, 1, 1)).collect();
        let (_, recall) = of(&differ, none);
        assert_eq!(recall.method, Method::Bootstrap);
        assert!(recall.from > 0.2 && recall.to < 0.5, "{recall:?}");
        // One name that stands for many people is no cluster of its own.
        let (precision, _) = of(&[counts(10, 0, 1), counts(9, 1, 0)], counts(0, 4_000, 0));
        assert!(precision.to < 0.02, "{precision:?}");
    }
}
