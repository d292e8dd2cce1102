//! From sorted rows to the rows of one window.

use std::borrow::Borrow;

use crate::env::{DAY, Millis};
use crate::lang::program::{HistoryFunction, HistoryQuery, Stream, Window};

use super::key::Key;
use super::row::Row;
use super::tally::{self, Tallied};

/// Gives the rows of a key. Implemented over the store, and by backtests over their table.
pub trait Rows {
    /// How rows are held: `Row`, `Arc<Row>`, `&Row`.
    type Row: Borrow<Row>;

    /// The rows under `key` that are later than `after` by event time (all that are kept when
    /// `None`), sorted by time, then arrival. More rows than asked for do no harm, fewer do.
    fn rows(&mut self, key: &Key, after: Option<Millis>) -> Slice<'_, Self::Row>;

    /// How many habits of the whole system are counted under `what` on the days `from..=to`
    /// ([`tally::day_of`]), of those that arrived before `present`. Providers that hold counts
    /// answer from them; without any, the rows of the whole system are counted.
    fn tally(&mut self, what: &Tallied, days: (i64, i64), present: &Row) -> u64 {
        // Rows later than the last moment before the first day.
        let after = days.0.checked_mul(DAY).map(|start| start.saturating_sub(1));
        let slice = self.rows(&Key::all(), after);
        tally::from_rows(slice.rows, present, what, days)
    }
}

/// Rows of one key.
#[derive(Debug)]
pub struct Slice<'a, R> {
    /// Sorted by time, then arrival.
    pub rows: &'a [R],
    /// When the first success under this key was that is known at all, even if its row is not among
    /// `rows` or not kept any more; `None` when the provider does not know more than the rows say.
    /// Successes an owner answered with 锁定 do not count.
    pub first_success: Option<Millis>,
    /// A bound on kept rows was hit: older rows of the range are missing.
    pub truncated: bool,
}

impl<R> Clone for Slice<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Slice<'_, R> {}

impl<'a, R: Borrow<Row>> Slice<'a, R> {
    /// The rows of the half-open stretch of time (t − w, t] that arrived before `present`, each once.
    pub(super) fn seen_by(
        self,
        present: &Row,
        after: Option<Millis>,
    ) -> impl DoubleEndedIterator<Item = &'a Row> + Clone {
        let rows = self.rows;
        let time = |row: &R| row.borrow().time;
        let from = after.map_or(0, |after| rows.partition_point(|row| time(row) <= after));
        let to = rows.partition_point(|row| time(row) <= present.time);
        let arrival = present.arrival;
        let window = rows.get(from..to).unwrap_or_default();
        window
            .iter()
            .enumerate()
            .filter(move |(at, row)| {
                let row: &Row = (*row).borrow();
                // The same row twice (a provider that merged two sources) counts once.
                let again = *at > 0 && window[at - 1].borrow().arrival == row.arrival;
                row.arrival < arrival && !again
            })
            .map(|(_, row)| row.borrow())
    }
}

/// Whether a row belongs to a stream.
pub(super) fn in_stream(row: &Row, stream: Stream) -> bool {
    match stream {
        Stream::Attempts => true,
        Stream::Successes => row.success,
        Stream::Failures => !row.success,
    }
}

/// Where a query's window begins: its rows are later than this.
pub(super) fn after(query: &HistoryQuery, present: &Row) -> Option<Millis> {
    match query.window {
        Window::Within(ms) => Some(present.time.saturating_sub(ms)),
        Window::Last(_) | Window::All => None,
    }
}

/// The events `last: n` counts: those a share is taken of. `count(failures, last: 10)` looks at the
/// last ten attempts, `distinct(city, of: successes, last: 10)` at the last ten successes.
pub(super) fn last_of(query: &HistoryQuery) -> Stream {
    match query.function {
        HistoryFunction::Count
        | HistoryFunction::Streak
        | HistoryFunction::Sequence
        | HistoryFunction::Absence => Stream::Attempts,
        HistoryFunction::Ratio => query.denominator.unwrap_or(Stream::Attempts),
        _ => query.stream,
    }
}
