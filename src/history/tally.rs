//! How often values occur in the whole system: counts by field, value and day.
//!
//! `rarity` and `familiarity` compare with everybody. Reading everybody's rows would grow with the
//! system, so habits (successes nobody answered with 锁定) are counted by the UTC day of their event
//! time, and a window counts whole days: from the day on which it begins to the day of the present
//! event. What is counted is the same whether it comes from [`Tallies`] in memory (backtests), from
//! the store (live), or from the rows themselves ([`from_rows`]); a test compares the three.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};

use crate::env::{DAY, Millis};

use super::cell::Column;
use super::row::Row;

/// The fields that are counted over the whole system.
pub const TALLIED: [Column; 9] = [
    Column::Country,
    Column::Region,
    Column::City,
    Column::Asn,
    Column::Isp,
    Column::Ip,
    Column::Browser,
    Column::Os,
    Column::Device,
];

/// What is counted: all habits (`None`), or those with this value in a column.
pub type Tallied = Option<(Column, String)>;

/// The UTC day of a moment, counted from 1970.
pub fn day_of(time: Millis) -> i64 {
    time.div_euclid(DAY)
}

/// The days of a window of `within` milliseconds that ends at `time`, both included; without a
/// window from the beginning.
pub fn days(time: Millis, within: Option<Millis>) -> (i64, i64) {
    let from = within.map_or(i64::MIN, |within| day_of(time.saturating_sub(within)));
    (from, day_of(time))
}

/// The text under which a row's value is counted; `None` when it has none.
pub fn tally_value(row: &Row, column: Column) -> Option<String> {
    let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
    match column {
        Column::Country => text(&row.country),
        Column::Region => text(&row.region),
        Column::City => text(&row.city),
        Column::Asn => row.asn.map(|asn| asn.to_string()),
        Column::Isp => text(&row.isp),
        Column::Ip => row.ip.map(|ip| ip.to_canonical().to_string()),
        Column::Browser => text(&row.browser),
        Column::Os => text(&row.os),
        Column::Device => text(&row.device),
        _ => None,
    }
}

/// Everything a row is counted under; nothing for rows that are no habit.
pub fn tallied(row: &Row) -> Vec<Tallied> {
    if !row.is_habit() {
        return Vec::new();
    }
    let values = TALLIED
        .into_iter()
        .filter_map(|column| Some(Some((column, tally_value(row, column)?))));
    std::iter::once(None).chain(values).collect()
}

/// Counts in memory, for backtests and tests. Holds a number per value and day, never a row.
#[derive(Debug, Clone, Default)]
pub struct Tallies(HashMap<Tallied, BTreeMap<i64, u64>>);

impl Tallies {
    /// Counts a row, once the present event it was is over.
    pub fn add(&mut self, row: &Row) {
        for what in tallied(row) {
            *self
                .0
                .entry(what)
                .or_default()
                .entry(day_of(row.time))
                .or_default() += 1;
        }
    }

    /// Takes back a row that turned out to be nobody's habit. Give it as it was when it was counted.
    pub fn remove(&mut self, row: &Row) {
        for what in tallied(row) {
            let days = self.0.get_mut(&what);
            if let Some(count) = days.and_then(|days| days.get_mut(&day_of(row.time))) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// How many on the days `from..=to`.
    pub fn count(&self, what: &Tallied, (from, to): (i64, i64)) -> u64 {
        self.0.get(what).map_or(0, |days| {
            days.range(from..=to).map(|(_, count)| count).sum()
        })
    }
}

/// The same from rows of the whole system: those that arrived before `present`.
pub fn from_rows<R: Borrow<Row>>(
    rows: &[R],
    present: &Row,
    what: &Tallied,
    (from, to): (i64, i64),
) -> u64 {
    let same = |row: &Row| {
        what.as_ref()
            .is_none_or(|(column, value)| tally_value(row, *column).as_ref() == Some(value))
    };
    let counts = rows.iter().map(Borrow::borrow).filter(|row: &&Row| {
        row.is_habit()
            && row.arrival < present.arrival
            && (from..=to).contains(&day_of(row.time))
            && same(row)
    });
    counts.count() as u64
}
