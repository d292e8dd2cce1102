//! The owner's usual places and hours.

use std::collections::HashMap;

use crate::lang::eval::{haversine, hours_apart};
use crate::lang::value::Place;

use super::row::Row;

/// Two points this near, in metres, are one place: what addresses tell is no more exact.
pub(super) const SAME_PLACE: f64 = 20_000.0;
/// The share of logins that makes a place usual when the rule does not say.
pub(super) const USUAL_SHARE: f64 = 0.05;
/// Different points compared, the most frequent first: 64 × 64 distances at most.
const MAX_POINTS: usize = 64;
/// Hours whose mean resultant is shorter than this scatter over the whole day: no hour is usual.
const MIN_RESULTANT: f64 = 0.05;
/// Hours of a day.
const HOURS: f64 = 24.0;

/// How far the present login is from the nearest usual place, and how many rows had coordinates.
/// `None` when no place is usual (yet).
pub(super) fn distance(present: &Row, rows: &[&Row], least: f64) -> (Option<f64>, usize) {
    // In order of first appearance, so that ties are broken the same way everywhere.
    let mut seen: HashMap<(u64, u64), usize> = HashMap::new();
    let mut points: Vec<(Place, usize)> = Vec::new();
    let mut all = 0;
    for row in rows {
        let (Some(lat), Some(lon)) = (row.lat, row.lon) else {
            continue;
        };
        all += 1;
        let at = *seen
            .entry((lat.to_bits(), lon.to_bits()))
            .or_insert_with(|| {
                points.push((point(lat, lon), 0));
                points.len() - 1
            });
        points[at].1 += 1;
    }
    points.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    points.truncate(MAX_POINTS);
    let Some(here) = present.lat.zip(present.lon) else {
        return (None, all);
    };
    let here = point(here.0, here.1);
    let nearest = points
        .iter()
        .filter(|(place, _)| {
            let near = points.iter().filter(|(other, _)| {
                haversine(place, other).is_some_and(|metres| metres <= SAME_PLACE)
            });
            near.map(|(_, count)| count).sum::<usize>() as f64 >= least * all as f64
        })
        .filter_map(|(place, _)| haversine(place, &here))
        .min_by(f64::total_cmp);
    (nearest, all)
}

fn point(lat: f64, lon: f64) -> Place {
    Place {
        lat: Some(lat),
        lon: Some(lon),
        ..Place::default()
    }
}

/// Past hours as points on a clock.
pub(super) struct Clock {
    /// The circular mean, 0 to 24.
    pub(super) mean: f64,
    /// The length of the mean resultant, 0 to 1.
    resultant: f64,
    /// How many rows had an hour.
    pub(super) rows: usize,
}

impl Clock {
    /// `None` without any hour.
    pub(super) fn of(rows: &[&Row]) -> Option<Self> {
        let (mut sin, mut cos, mut count) = (0.0, 0.0, 0);
        for hour in rows.iter().filter_map(|row| row.hour) {
            let angle = f64::from(hour) / HOURS * std::f64::consts::TAU;
            sin += angle.sin();
            cos += angle.cos();
            count += 1;
        }
        (count > 0).then(|| Self {
            mean: (sin.atan2(cos) / std::f64::consts::TAU * HOURS).rem_euclid(HOURS),
            resultant: (sin.hypot(cos) / f64::from(count)).clamp(0.0, 1.0),
            rows: count as usize,
        })
    }

    /// Hours from the mean, 0 to 12; `None` when no hour is usual.
    pub(super) fn distance(&self, hour: f64) -> Option<f64> {
        (self.resultant >= MIN_RESULTANT).then(|| rounded(hours_apart(self.mean, hour)))
    }

    /// The circular standard deviation in hours, 12 at most.
    pub(super) fn spread(&self) -> f64 {
        let spread = (-2.0 * self.resultant.ln()).max(0.0).sqrt() / std::f64::consts::TAU * HOURS;
        rounded(spread.min(HOURS / 2.0))
    }
}

/// To a millionth of an hour, so that sines do not make 3 out of 3.0000000000000004.
fn rounded(hours: f64) -> f64 {
    (hours * 1e6).round() / 1e6
}
