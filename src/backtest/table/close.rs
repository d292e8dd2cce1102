//! The order of arrival: what a table does when all of its logins are there.

use std::collections::HashMap;

use super::{Answered, LATE_FLAG, Table, Trusted, UNNUMBERED};
use crate::env::{MINUTE, Millis};

/// A login that came so much later than a later one never acts (language law 9).
const LATE: Millis = 10 * MINUTE;
/// The source says itself whether it arrived late.
const TOLD: u8 = 64;

/// What closing a table found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Closed {
    /// Rows that stood before one they are later than, where that put them in order.
    pub unordered: usize,
    /// Rows without an arrival number of their own, in a source that gives some: none was used.
    pub unnumbered: usize,
    /// A number that several of them share, where each has one.
    pub shared: Option<u64>,
}

impl Table {
    /// Forgets in which order logins arrived: each is taken as if it had been reported at once.
    pub fn forget_arrival(&mut self) {
        // Which of them are gone is told all the same.
        self.holes();
        self.arrival.clear();
        for flags in &mut self.flags {
            *flags &= !(TOLD | LATE_FLAG);
        }
    }

    /// Counts the numbers that no row has, where every row has one: they begin with 1.
    fn holes(&mut self) {
        let rows = self.len() as u64;
        let (first, last) = (self.arrival.iter().min(), self.arrival.iter().max());
        let (Some(first), Some(last)) = (first, last) else {
            return;
        };
        if *last != UNNUMBERED {
            let last = self.gone.given.map_or(*last, |given| given.max(*last));
            self.gone.before = first.saturating_sub(1);
            self.gone.since = (last - first + 1).saturating_sub(rows);
        }
    }

    /// Whether a login arrived too late for rules to act, as its source says; otherwise the order of arrival
    /// tells.
    pub(in crate::backtest) fn tell_late(&mut self, row: u32, late: bool) {
        if let Some(flags) = self.flags.get_mut(row as usize) {
            *flags |= TOLD | if late { LATE_FLAG } else { 0 };
        }
    }

    /// Logins that arrived late, of a closed table: judged, but no rule acted.
    pub fn late(&self) -> u64 {
        self.count(LATE_FLAG)
    }

    /// How many rows have `flag`.
    pub fn count(&self, flag: u8) -> u64 {
        let having = self.flags.iter().filter(|flags| **flags & flag != 0);
        having.count() as u64
    }

    /// Logins of one name at the very same moment as another of it: which came first, only the order of rows says.
    /// 0 where rows have an order of arrival that is not that of time.
    pub fn same_moment(&self) -> u64 {
        if !self.ordered {
            return 0;
        }
        let (mut same, mut from) = (0, 0);
        let mut names = Vec::new();
        for to in 1..=self.len() {
            if self.time.get(to) == Some(&self.time[from]) {
                continue;
            }
            if to - from > 1 {
                names.clear();
                names.extend_from_slice(&self.account[from..to]);
                names.sort_unstable();
                let groups = names.chunk_by(|a, b| a == b).map(<[_]>::len);
                same += groups.filter(|n| *n > 1).sum::<usize>();
            }
            from = to;
        }
        same as u64
    }

    /// Closes the table: puts the rows in the order of arrival and marks the late ones. Without
    /// arrival numbers the order of time is the order of arrival, unless `as_read`.
    pub fn close(&mut self, as_read: bool) -> Closed {
        self.accounts.freeze();
        self.agents = Default::default();
        let n = self.len();
        let pairs = self.time.windows(2);
        let unordered = pairs.filter(|pair| pair[0] > pair[1]).count();
        let mut order: Vec<u32> = Vec::new();
        let (unnumbered, shared) = self.by_arrival(&mut order);
        let numbered = unnumbered == 0 && !order.is_empty();
        if !numbered {
            self.arrival.clear();
            order.clear();
            if unordered > 0 && !as_read {
                order.extend(0..n as u32);
                order.sort_by_key(|row| self.time[*row as usize]);
            }
        }
        if !order.is_empty() {
            self.permute(&order);
        }
        if numbered {
            self.holes();
        }
        let arrival = std::mem::take(&mut self.arrival);
        self.ordered = self.time.windows(2).all(|pair| pair[0] <= pair[1]);
        let (answers, closings) = (
            std::mem::take(&mut self.answers),
            std::mem::take(&mut self.closings),
        );
        let since = |all: HashMap<u32, Answered>| -> HashMap<u32, u32> {
            let rows = all.into_iter();
            rows.map(|(row, when)| (row, self.first_after(when, &arrival)))
                .collect()
        };
        (self.answered_lock, self.alert_closed) = (since(answers), since(closings));
        let trusts = std::mem::take(&mut self.trusts).into_iter();
        self.trust = trusts
            .map(|(key, spans)| {
                let known = |span: Trusted| (self.first_after(span.since, &arrival), span.until);
                (key, spans.into_iter().map(known).collect())
            })
            .collect();
        let mut clock = Millis::MIN;
        for (time, flags) in self.time.iter().zip(&mut self.flags) {
            clock = clock.max(*time);
            if *flags & TOLD == 0 && clock.saturating_sub(*time) > LATE {
                *flags |= LATE_FLAG;
            }
        }
        Closed {
            unordered: if numbered || as_read { 0 } else { unordered },
            unnumbered,
            shared,
        }
    }

    /// The rows in the order of their arrival numbers, when there are any. How many rows have none, or
    /// one that another row has, the first of which is given too: then none of them says anything.
    fn by_arrival(&self, order: &mut Vec<u32>) -> (usize, Option<u64>) {
        if self.arrival.is_empty() {
            return (0, None);
        }
        let given = self.arrival.iter();
        let given = given.filter(|number| **number != UNNUMBERED).count();
        if given < self.len() {
            return (self.len() - given, None);
        }
        let number = |row: &u32| self.arrival[*row as usize];
        order.extend(0..self.len() as u32);
        order.sort_by_key(number);
        let pairs = order.windows(2);
        let mut shared = pairs.filter(|pair| number(&pair[0]) == number(&pair[1]));
        let first = shared.next().map(|pair| number(&pair[0]));
        (usize::from(first.is_some()) + shared.count(), first)
    }

    /// The first row after an answer. `arrival` is in order, or empty when rows have no numbers.
    fn first_after(&self, answered: Answered, arrival: &[u64]) -> u32 {
        let rows = match answered.arrived {
            Some(last) if !arrival.is_empty() => arrival.partition_point(|number| *number <= last),
            _ if self.ordered => self.time.partition_point(|time| *time < answered.at),
            _ => {
                let after = self.time.iter().position(|time| *time >= answered.at);
                after.unwrap_or(self.len())
            }
        };
        rows as u32
    }

    fn permute(&mut self, order: &[u32]) {
        fn by<T: Copy>(column: &mut Vec<T>, order: &[u32]) {
            if column.len() == order.len() {
                *column = order.iter().map(|row| column[*row as usize]).collect();
            }
        }
        by(&mut self.time, order);
        by(&mut self.account, order);
        by(&mut self.flags, order);
        by(&mut self.labels, order);
        by(&mut self.asn, order);
        by(&mut self.lat, order);
        by(&mut self.lon, order);
        self.texts.iter_mut().for_each(|column| by(column, order));
        by(&mut self.arrival, order);
        self.own.permute(order);
        self.unasked.permute(order);
        if self.answers.is_empty() && self.closings.is_empty() {
            return;
        }
        let mut place = vec![0_u32; order.len()];
        for (now, before) in order.iter().enumerate() {
            place[*before as usize] = now as u32;
        }
        for rows in [&mut self.answers, &mut self.closings] {
            *rows = std::mem::take(rows)
                .into_iter()
                .map(|(row, answered)| (place[row as usize], answered))
                .collect();
        }
    }
}
