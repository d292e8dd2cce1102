//! Rows made for one key, and what of them the store would give at a login.
//!
//! Only rows that were made and the table they came from are looked at; nothing is cached beyond the
//! key, except where the first success of a long one was looked for.

use hashbrown::HashMap;

use super::super::table::{SUCCESS, Table};
use crate::env::Millis;
use crate::guard::history::OTHER_ROWS;
use crate::history::{KeyPart, Row, Slice};
use crate::lang::program::ByKey;

/// Keys with more rows than this remember where their first success was looked for.
const LONG: usize = 4_096;

/// The login that asks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Now {
    pub(super) row: u32,
    pub(super) time: Millis,
}

/// Rows made for one key, sorted by time, then arrival.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) rows: Vec<Row>,
    /// Where the first of `rows` stands among all rows of the key.
    pub(super) skipped: usize,
    /// (arrival, time) of successes, each the first by time among those that had arrived.
    pub(super) firsts: Vec<(u64, Millis)>,
    /// Rows answered with 锁定: which, and the first row of the table that knows it.
    pub(super) locks: Vec<(usize, u32)>,
}

impl Loaded {
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.firsts.clear();
        self.locks.clear();
        self.skipped = 0;
    }

    /// What is known at the present login: nothing that was answered later.
    pub(super) fn as_of(&mut self, now: u32) {
        for (at, since) in &self.locks {
            self.rows[*at].answered_lock = *since <= now;
        }
    }
}

/// Of long keys: how many rows were looked at for the first success, and it.
pub(super) type Scanned = HashMap<(ByKey, u32), (usize, Option<(u64, Millis)>)>;

/// The rows of one key as the store would give them: those after `after` among the newest `most` of
/// what had arrived. `end` is one past the last row that may have arrived, `arrived` how many had.
pub(super) fn cut<'a>(
    loaded: &'a Loaded,
    end: usize,
    arrived: usize,
    most: usize,
    after: Option<Millis>,
    present: u32,
    ordered: bool,
) -> Slice<'a, Row> {
    let rows = &loaded.rows[..end];
    let mut start = after.map_or(0, |after| rows.partition_point(|row| row.time <= after));
    let mut truncated = false;
    if arrived >= most {
        // Trimmed: all but the newest `most` of those that had arrived.
        let (mut left, mut oldest) = (most, rows.len());
        if ordered {
            // All of them had.
            left = most.saturating_sub(rows.len());
            oldest = rows.len().saturating_sub(most);
        } else {
            for (at, row) in rows.iter().enumerate().rev() {
                if row.arrival < u64::from(present) {
                    if left == 0 {
                        break;
                    }
                    left -= 1;
                    oldest = at;
                }
            }
        }
        let from = after.map_or(Millis::MIN, |after| after.saturating_add(1));
        // The newest row that is gone: when it lies in the stretch asked for, something is missing.
        let gone = rows[..oldest]
            .iter()
            .rev()
            .find(|row| row.arrival < u64::from(present));
        let trimmed = left == 0 && gone.is_some_and(|row| row.time >= from);
        truncated = (left == 0 && oldest >= start) || trimmed;
        start = start.max(oldest);
    }
    Slice {
        rows: &rows[start..],
        first_success: first_before(&loaded.firsts, present),
        truncated,
    }
}

pub(super) fn first_before(firsts: &[(u64, Millis)], present: u32) -> Option<Millis> {
    firsts
        .iter()
        .find(|(arrival, _)| *arrival < u64::from(present))
        .map(|(_, time)| *time)
}

/// The first successes by time, each with when it was known. In ordered data that is one.
pub(super) fn firsts(
    out: &mut Vec<(u64, Millis)>,
    rows: &[u32],
    key: (ByKey, u32),
    scanned: &mut Scanned,
    table: &Table,
) {
    out.clear();
    if table.ordered {
        let find = |rows: &[u32]| {
            let first = rows.iter().find(|row| table.has(**row, SUCCESS))?;
            Some((u64::from(*first), table.time[*first as usize]))
        };
        if rows.len() < LONG {
            out.extend(find(rows));
            return;
        }
        // Names nobody has are tried millions of times: not looked through again and again.
        let (done, found) = scanned.entry(key).or_default();
        if found.is_none() {
            *found = find(rows.get(*done..).unwrap_or_default());
            *done = (*done).max(rows.len());
        }
        out.extend(*found);
        return;
    }
    let mut all: Vec<(Millis, u64)> = rows
        .iter()
        .copied()
        .filter(|row| table.has(*row, SUCCESS))
        .map(|row| (table.time[row as usize], u64::from(row)))
        .collect();
    all.sort_unstable();
    let mut earliest = u64::MAX;
    for (time, arrival) in all {
        if arrival < earliest {
            earliest = arrival;
            out.push((arrival, time));
        }
    }
}

pub(super) fn locks(loaded: &mut Loaded, table: &Table) {
    if table.answered_lock.is_empty() {
        return;
    }
    for (at, row) in loaded.rows.iter().enumerate() {
        if let Some(since) = table.answered_lock.get(&(row.arrival as u32)) {
            loaded.locks.push((at, *since));
        }
    }
}

/// The rows of a key of everybody that may answer the login at `now`.
pub(super) fn of_others<'a>(
    loaded: &'a Loaded,
    now: Now,
    table: &Table,
    after: Option<Millis>,
) -> Slice<'a, Row> {
    let (end, arrived) = before(loaded, now, table);
    cut(
        loaded,
        end,
        arrived,
        OTHER_ROWS,
        after,
        now.row,
        table.ordered,
    )
}

/// One past the last loaded row that may have arrived, and how many rows of the key had.
fn before(loaded: &Loaded, now: Now, table: &Table) -> (usize, usize) {
    if table.ordered {
        let end = loaded
            .rows
            .partition_point(|row| row.arrival < u64::from(now.row));
        return (end, loaded.skipped + end);
    }
    let arrived = loaded
        .rows
        .iter()
        .filter(|row| row.arrival < u64::from(now.row))
        .count();
    (loaded.rows.len(), arrived)
}

/// Where there is no key, there are no rows.
pub(super) fn nothing() -> Slice<'static, Row> {
    Slice {
        rows: &[],
        first_success: None,
        truncated: false,
    }
}

/// The kind of a part of a key.
pub(super) fn kind(part: &KeyPart) -> ByKey {
    match part {
        KeyPart::Account(_) => ByKey::Account,
        KeyPart::Ip(_) => ByKey::Ip,
        KeyPart::Network(_) => ByKey::Network,
        KeyPart::Machine(_) => ByKey::Machine,
        KeyPart::Asn(_) => ByKey::Asn,
        KeyPart::City(_) => ByKey::City,
        KeyPart::Country(_) => ByKey::Country,
        KeyPart::All => ByKey::All,
    }
}
