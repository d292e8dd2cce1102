//! Which point of a sweep is the best one that is affordable. Looks at the time that chooses, never at
//! the time that judges.

use std::cmp::Ordering;

use super::{CHOOSE, Point};
use crate::backtest::tally::Tally;

/// Alerts in the time that chooses.
pub(super) fn flagged(tally: &Tally) -> u64 {
    let periods = tally.by_period[..CHOOSE].iter();
    periods.map(|counts| counts.flagged).sum()
}

/// The best point that is affordable: of several that cost and find the same the most sensitive one, for
/// what comes later may be what only that finds.
pub(super) fn best(points: &[Point], flagged: &[u64], budget: f64) -> Option<usize> {
    let leans = leans(points, flagged);
    let order = |a: usize, b: usize| {
        let (one, other) = (&points[a], &points[b]);
        worth(one)
            .cmp_by_parts(worth(other))
            .then(flagged[a].cmp(&flagged[b]))
            .then_with(|| more_sensitive(&one.values, &other.values, &leans))
    };
    // Rules that can never do what they say cost nothing, and are no choice.
    let affordable = |point: &Point| {
        point.never.is_empty() && point.chosen_on.prompts_per_10k.is_some_and(|n| n <= budget)
    };
    (0..points.len())
        .filter(|at| affordable(&points[*at]))
        .reduce(|best, at| if order(at, best).is_gt() { at } else { best })
}

/// The most attacks, then the fewest prompts; without labels the most prompts that are affordable.
fn worth(point: &Point) -> Worth {
    let prompts = point.chosen_on.prompts_per_10k.unwrap_or(0.0);
    match point.chosen_on.recall {
        Some(recall) => Worth(recall, -prompts),
        None => Worth(0.0, prompts),
    }
}

/// Compared part by part.
struct Worth(f64, f64);

impl Worth {
    fn cmp_by_parts(self, other: Self) -> Ordering {
        self.0.total_cmp(&other.0).then(self.1.total_cmp(&other.1))
    }
}

/// By parameter: above 0 when larger values raise more alerts, below when smaller ones do.
fn leans(points: &[Point], flagged: &[u64]) -> Vec<f64> {
    let n = points.len().max(1) as f64;
    let mean = flagged.iter().sum::<u64>() as f64 / n;
    let parameters = points.first().map_or(0, |point| point.values.len());
    let lean = |at: usize| {
        let values = || points.iter().map(|point| point.values[at]);
        let middle = values().sum::<f64>() / n;
        let parts = values().zip(flagged);
        parts
            .map(|(value, flagged)| (value - middle) * (*flagged as f64 - mean))
            .sum()
    };
    (0..parameters).map(lean).collect()
}

/// The first parameter that differs decides, by the side that raises more alerts.
fn more_sensitive(one: &[f64], other: &[f64], leans: &[f64]) -> Ordering {
    let sides = one.iter().zip(other).zip(leans);
    sides
        .map(|((a, b), lean)| {
            (a * lean)
                .partial_cmp(&(b * lean))
                .unwrap_or(Ordering::Equal)
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::sweep::{Part, Sweep};

    fn made(value: f64, prompts: f64, recall: Option<f64>) -> Point {
        let part = Part {
            prompts_per_10k: Some(prompts),
            recall,
        };
        Point {
            values: vec![value],
            flagged_per_10k: None,
            prompts_per_day: 0.0,
            captchas_per_day: 0.0,
            refusals_per_day: 0.0,
            locks_per_day: 0.0,
            all: part,
            chosen_on: part,
            judged_on: part,
            precision: None,
            never: Vec::new(),
            attacks_lost: None,
        }
    }

    #[test]
    fn of_values_that_cost_and_find_the_same_the_most_sensitive_is_chosen() {
        let points = [
            made(40.0, 20.0, Some(0.9)),
            made(50.0, 5.0, Some(0.5)),
            made(60.0, 5.0, Some(0.5)),
            made(70.0, 4.0, Some(0.4)),
        ];
        // Alerts that a cool-down kept quiet are seen too.
        assert_eq!(best(&points, &[50, 11, 9, 4], 12.0), Some(1));
        assert_eq!(best(&points, &[50, 9, 11, 4], 12.0), Some(2));
        // Nothing differs: the side on which alerts are more.
        assert_eq!(best(&points, &[50, 9, 9, 4], 12.0), Some(1));
        assert_eq!(best(&points, &[4, 9, 9, 50], 12.0), Some(2));
        assert_eq!(
            best(&points, &[50, 9, 9, 4], 25.0),
            Some(0),
            "more is found"
        );
        assert_eq!(best(&points, &[50, 9, 9, 4], 3.0), None);
        let fewer = [made(1.0, 5.0, Some(0.5)), made(2.0, 4.0, Some(0.5))];
        assert_eq!(best(&fewer, &[9, 9], 12.0), Some(1), "fewer prompts");
        let blind = [made(1.0, 5.0, None), made(2.0, 4.0, None)];
        assert_eq!(best(&blind, &[9, 8], 12.0), Some(0));
    }

    #[test]
    fn a_limit_no_value_keeps_fails_by_the_nearest() {
        let mut sweep = Sweep {
            parameters: vec!["budget".to_owned()],
            units: vec![String::new()],
            idle: Vec::new(),
            unseen: Vec::new(),
            points: vec![made(40.0, 20.0, None), made(50.0, 12.5, None)],
            max_prompts_per_10k: Some(12.0),
            best: None,
            by_recall: false,
            judged: 1.0,
        };
        let gate = |sweep: &Sweep| sweep.gate().map(|gate| (gate.is, gate.passed));
        assert_eq!(gate(&sweep), Some((Some(12.5), false)));
        (sweep.max_prompts_per_10k, sweep.best) = (Some(15.0), Some(1));
        assert_eq!(gate(&sweep), Some((Some(12.5), true)));
        sweep.max_prompts_per_10k = None;
        assert_eq!(gate(&sweep), None);
    }

    #[test]
    fn a_value_with_which_a_condition_never_holds_is_no_choice() {
        let mut points = vec![made(40.0, 20.0, Some(0.9)), made(680.0, 0.0, Some(0.0))];
        points[1].never.push("a.rules:9".to_owned());
        assert_eq!(best(&points, &[9, 0], 12.0), None);
        let mut sweep = Sweep {
            parameters: vec!["budget".to_owned()],
            units: vec![String::new()],
            idle: Vec::new(),
            unseen: Vec::new(),
            points,
            max_prompts_per_10k: Some(12.0),
            best: None,
            by_recall: true,
            judged: 1.0,
        };
        let gate = |sweep: &Sweep| sweep.gate().map(|gate| (gate.is, gate.passed));
        assert_eq!(gate(&sweep), Some((Some(20.0), false)));
        sweep.points.remove(0);
        assert_eq!(gate(&sweep), Some((None, false)));
    }
}
