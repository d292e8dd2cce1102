//! What each function of the history makes of the rows of its window.
//!
//! The rows come as an iterator, in order, so that nothing has to be put aside for functions that go
//! through them once; whether the number of rows behind an answer is wanted is known beforehand, and
//! where it is not, the newest row may be all that is looked at.

use std::collections::HashSet;

use smallvec::SmallVec;

use crate::env::DAY;
use crate::lang::program::{Expr, HistoryFunction, HistoryQuery, Program, Sequence, Stream};
use crate::lang::value::Value;

use super::answer::{Counted, Present, passes};
use super::cell::{Cell, Column, of_past};
use super::familiar;
use super::row::Row;
use super::tally::Tallied;
use super::usual::{self, Clock};
use super::window::in_stream;

/// Different values told apart by comparing each with each; more are hashed.
const FEW: usize = 16;

/// The rows of a window, in order.
pub(super) trait Window<'r>: DoubleEndedIterator<Item = &'r Row> + Clone {}

impl<'r, I: DoubleEndedIterator<Item = &'r Row> + Clone> Window<'r> for I {}

/// A query about to be answered.
pub(super) struct Question<'a, E> {
    pub(super) query: &'a HistoryQuery,
    pub(super) value: Option<Cell<'a>>,
    pub(super) column: Option<Column>,
    pub(super) program: &'a Program,
    pub(super) present: &'a Present<'a>,
    /// For familiarity: how often the present values occur in the whole system.
    pub(super) counted: Option<Counted>,
    /// Whether anything was ever known under the key.
    pub(super) ever: E,
}

/// Names what a window without rows is missing.
pub(super) const NO_ROWS: &str = "history";

impl<E: Fn() -> bool> Question<'_, E> {
    /// The value and the number of rows it rests on; unless that is `COUNTED` the number means nothing.
    pub(super) fn answer<'r, const COUNTED: bool>(&self, rows: impl Window<'r>) -> (Value, usize) {
        match self.query.function {
            HistoryFunction::Count => number(self.stream(rows).count()),
            HistoryFunction::Distinct => {
                let mut used = 0;
                let cells = self.cells(rows).inspect(|_| used += 1);
                let different = different(cells.map(|(_, cell)| cell));
                (Value::Number(different as f64), used)
            }
            HistoryFunction::Ratio => {
                let all = self.query.denominator.unwrap_or(Stream::Attempts);
                let whole = rows.clone().filter(|row| in_stream(row, all)).count();
                // A ratio of unrelated streams may pass 100 %; of a part it cannot.
                (share(self.stream(rows).count(), whole), whole)
            }
            HistoryFunction::Share => self.share(rows),
            // Answered from counts before any row was read.
            HistoryFunction::Rarity => (Value::unknown(NO_ROWS), 0),
            HistoryFunction::New => self.novelty::<COUNTED>(rows, true),
            HistoryFunction::Seen => self.novelty::<COUNTED>(rows, false),
            HistoryFunction::DaysSince => {
                let last = self.habits(rows).rfind(|(_, cell)| self.is_same(*cell));
                match last {
                    Some((row, _)) => {
                        let elapsed = self.present.row.time.saturating_sub(row.time);
                        (Value::Number(elapsed as f64 / DAY as f64), 1)
                    }
                    None => (Value::unknown(NO_ROWS), 0),
                }
            }
            HistoryFunction::Streak => number(
                rows.rev()
                    .take_while(|row| in_stream(row, self.query.stream))
                    .count(),
            ),
            HistoryFunction::First => self.field_of(self.stream(rows).next()),
            HistoryFunction::Last => self.field_of(self.stream(rows).next_back()),
            HistoryFunction::Since => match self.stream(rows).next_back() {
                Some(row) => {
                    let elapsed = self.present.row.time.saturating_sub(row.time);
                    (Value::Duration(elapsed), 1)
                }
                None => (Value::unknown(NO_ROWS), 0),
            },
            HistoryFunction::Min
            | HistoryFunction::Max
            | HistoryFunction::Mean
            | HistoryFunction::Percentile => self.statistic(rows),
            HistoryFunction::Sequence | HistoryFunction::Absence => match &self.query.sequence {
                Some(sequence) => self.happened(sequence, &rows.collect::<Vec<_>>()),
                None => (Value::unknown("sequence"), 0),
            },
            HistoryFunction::UsualDistance => self.usual_distance(rows),
            HistoryFunction::HourDistance | HistoryFunction::HourSpread => self.usual_hour(rows),
            HistoryFunction::Familiarity => self.familiarity(rows),
        }
    }

    /// The successes that tell about the owner.
    fn own<'r>(&self, rows: impl Window<'r>) -> Vec<&'r Row> {
        rows.filter(|row| row.is_habit()).collect()
    }

    fn usual_distance<'r>(&self, rows: impl Window<'r>) -> (Value, usize) {
        let here = self.present.row;
        if here.lat.is_none() || here.lon.is_none() {
            return (Value::unknown(Column::Lat.path()), 0);
        }
        let least = self.query.percentile.unwrap_or(usual::USUAL_SHARE);
        let (nearest, used) = usual::distance(here, &self.own(rows), least);
        let unknown = || Value::unknown("usual place");
        (nearest.map_or_else(unknown, Value::Distance), used)
    }

    fn usual_hour<'r>(&self, rows: impl Window<'r>) -> (Value, usize) {
        let Some(clock) = Clock::of(&self.own(rows)) else {
            return (Value::unknown(NO_ROWS), 0);
        };
        if self.query.function == HistoryFunction::HourSpread {
            return (Value::Number(clock.spread()), clock.rows);
        }
        let value = match self.present.row.hour {
            Some(hour) => clock
                .distance(f64::from(hour))
                .map_or_else(|| Value::unknown("usual hour"), Value::Number),
            None => Value::unknown(Column::Hour.path()),
        };
        (value, clock.rows)
    }

    fn familiarity<'r>(&self, rows: impl Window<'r>) -> (Value, usize) {
        let own = self.own(rows);
        if own.is_empty() {
            return (Value::unknown(NO_ROWS), 0);
        }
        let counted = self.counted.as_ref();
        let mut everybody = |what: &Tallied| {
            let count = counted.and_then(|counted| counted.get(what));
            count.copied().unwrap_or(0)
        };
        match familiar::score(self.present.row, &own, &mut everybody) {
            Some(score) => (Value::Number(score), own.len()),
            None => (Value::unknown(Column::Ip.path()), 0),
        }
    }

    fn stream<'r>(&self, rows: impl Window<'r>) -> impl Window<'r> {
        let stream = self.query.stream;
        rows.filter(move |row| in_stream(row, stream))
    }

    /// Rows of the stream whose field is known, with it.
    fn cells<'r>(
        &self,
        rows: impl Window<'r>,
    ) -> impl DoubleEndedIterator<Item = (&'r Row, Cell<'r>)> {
        let column = self.column;
        self.stream(rows)
            .filter_map(move |row| Some((row, row.cell(column?)?)))
    }

    /// Successes that tell about the owner whose field is known, with it.
    fn habits<'r>(
        &self,
        rows: impl Window<'r>,
    ) -> impl DoubleEndedIterator<Item = (&'r Row, Cell<'r>)> {
        let column = self.column;
        rows.filter(|row| row.is_habit())
            .filter_map(move |row| Some((row, row.cell(column?)?)))
    }

    /// Whether a past value is the present one.
    fn is_same(&self, cell: Cell<'_>) -> bool {
        self.value.is_some_and(|value| value.is_same(cell))
    }

    fn share<'r>(&self, rows: impl Window<'r>) -> (Value, usize) {
        let (mut same, mut all) = (0, 0);
        let amount = self.value.and_then(Cell::amount);
        if let (Some(Column::Hour), Some(present)) = (self.column, amount) {
            // Asked of every login, over months of rows.
            for row in self.stream(rows).filter(|row| !row.answered_lock) {
                if let Some(hour) = row.hour {
                    all += 1;
                    same += usize::from(f64::from(hour) == present);
                }
            }
            return (share(same, all), all);
        }
        for (_, cell) in self.cells(rows).filter(|(row, _)| !row.answered_lock) {
            all += 1;
            same += usize::from(self.is_same(cell));
        }
        (share(same, all), all)
    }

    /// `new` and `seen`. Unknown while nothing was ever known; new after dormancy.
    fn novelty<'r, const COUNTED: bool>(&self, rows: impl Window<'r>, new: bool) -> (Value, usize) {
        let mut known = 0;
        let (mut seen, mut blind) = (false, false);
        // From the newest back: most logins are like the one before.
        for row in rows.rev().filter(|row| row.is_habit()) {
            let Some(cell) = self.column.and_then(|column| row.cell(column)) else {
                blind = true;
                continue;
            };
            known += 1;
            seen |= self.is_same(cell);
            if seen && !COUNTED {
                break;
            }
        }
        if known > 0 {
            return (Value::YesNo(seen != new), known);
        }
        // Logins without this field say nothing about it: all machines are new to an account whose
        // logins never had one, so none is.
        let path = self.column.map_or(NO_ROWS, Column::path);
        if blind {
            return (Value::unknown(format!("history of {path}")), 0);
        }
        match (self.ever)() {
            true => (Value::YesNo(new), 0),
            false => (Value::unknown(NO_ROWS), 0),
        }
    }

    fn field_of(&self, row: Option<&Row>) -> (Value, usize) {
        match row {
            Some(row) => {
                let column = self.column.unwrap_or(Column::Time);
                (of_past(row.field(column), column), 1)
            }
            None => (Value::unknown(NO_ROWS), 0),
        }
    }

    fn statistic<'r>(&self, rows: impl Window<'r>) -> (Value, usize) {
        let mut amounts: Vec<f64> = self
            .cells(rows)
            .filter_map(|(_, cell)| cell.amount())
            .collect();
        amounts.sort_by(f64::total_cmp);
        let (Some(least), Some(most)) = (amounts.first(), amounts.last()) else {
            return (Value::unknown(NO_ROWS), 0);
        };
        let n = amounts.len();
        let amount = match self.query.function {
            HistoryFunction::Min => *least,
            HistoryFunction::Max => *most,
            HistoryFunction::Mean => amounts.iter().sum::<f64>() / n as f64,
            _ => {
                // Nearest rank: a value that did occur.
                let rank = (self.query.percentile.unwrap_or(0.5) * n as f64).ceil() as usize;
                amounts[rank.clamp(1, n) - 1]
            }
        };
        let value = match self.column {
            Some(Column::Time) => Value::Time(amount as i64),
            _ => Value::Number(amount),
        };
        (value, n)
    }

    /// Some A was followed by a B within the gap; or, for absence, some A whose gap is over was not.
    /// Conditions that cannot be judged for a row make the answer unknown only where they decide it.
    fn happened(&self, sequence: &Sequence, rows: &[&Row]) -> (Value, usize) {
        let absent = self.query.function == HistoryFunction::Absence;
        let mut unknown: Option<Value> = None;
        let mut used = 0;
        for (at, first) in rows.iter().enumerate() {
            let end = first.time.saturating_add(sequence.within);
            if !in_stream(first, sequence.first) || (absent && end >= self.present.row.time) {
                continue;
            }
            let is_first = self.passes(sequence.first_is.as_ref(), first);
            if is_first.truth() == Some(false) {
                continue;
            }
            used += 1;
            // Yes when some B follows, unknown when some row may be a B, else no.
            let mut followed = Value::YesNo(false);
            for second in rows[at + 1..].iter().take_while(|row| row.time <= end) {
                if !in_stream(second, sequence.second) {
                    continue;
                }
                let is_second = self.passes(sequence.second_is.as_ref(), second);
                match is_second.truth() {
                    Some(true) => {
                        followed = is_second;
                        used += 1;
                        break;
                    }
                    Some(false) => {}
                    None => followed = is_second,
                }
            }
            match (is_first.truth(), followed.truth()) {
                (Some(_), Some(followed)) if followed != absent => {
                    return (Value::YesNo(true), used);
                }
                (_, Some(followed)) if followed == absent => {}
                (None, _) => unknown = Some(is_first),
                (_, _) => unknown = Some(followed),
            }
        }
        (unknown.unwrap_or(Value::YesNo(false)), used)
    }

    fn passes(&self, condition: Option<&Expr>, row: &Row) -> Value {
        match condition {
            Some(condition) => passes(condition, row, self.program, self.present),
            None => Value::YesNo(true),
        }
    }
}

pub(super) fn number(rows: usize) -> (Value, usize) {
    (Value::Number(rows as f64), rows)
}

/// A part of a whole; unknown of nothing.
pub(super) fn share(part: usize, whole: usize) -> Value {
    match whole {
        0 => Value::unknown(NO_ROWS),
        _ => Value::Percent(part as f64 / whole as f64),
    }
}

/// How many different values there are.
fn different<'r>(cells: impl Iterator<Item = Cell<'r>>) -> usize {
    let mut few: SmallVec<[Cell<'_>; FEW]> = SmallVec::new();
    let mut many: HashSet<Cell<'_>> = HashSet::new();
    for cell in cells {
        if !many.is_empty() {
            many.insert(cell);
        } else if !few.iter().any(|known| known.is_same(cell)) {
            few.push(cell);
            if few.len() > FEW {
                many.extend(few.drain(..));
            }
        }
    }
    few.len() + many.len()
}
