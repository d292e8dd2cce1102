//! The answer to one history query.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};

use smallvec::SmallVec;

use crate::env::DAY;
use crate::lang::eval::{Experience, Facts, HistoryAnswer, NoObserver, eval};
use crate::lang::program::{
    Expr, FieldId, HistoryFunction, HistoryQuery, Name, Program, Sequence, Stream, Window,
};
use crate::lang::value::{Value, View};

use super::cell::{Cell, Column, Columns};
use super::familiar;
use super::key::Key;
use super::needs::{keys_of, tallies_of};
use super::row::Row;
use super::tally::Tallied;
use super::usual::{self, Clock};
use super::window::{Rows, Slice, after, in_stream, last_of};

/// The event that asks.
#[derive(Clone, Copy)]
pub struct Present<'a> {
    /// It as a row: its time is t, its arrival says what arrived before it, its fields are the keys.
    /// For an event that is no login: the account, the time, and `u64::MAX` as arrival.
    pub row: &'a Row,
    /// Which field is which column.
    pub columns: &'a Columns,
    /// Fields that are no columns, asked for inside `where:` (`login.agent`, `login.known`, …).
    pub field: &'a dyn Fn(FieldId) -> Value,
}

impl std::fmt::Debug for Present<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Present").field(self.row).finish()
    }
}

/// Answers a query. `value` is the present value it compares past ones with, already evaluated.
///
/// Unknown when a key is (`by: ip` without an ip), when the compared value is, and where the
/// function says so. A row for which `where:` cannot be judged does not count; when it can be judged
/// for none, the answer is unknown.
pub fn evaluate<R: Rows>(
    query: &HistoryQuery,
    value: Option<&Value>,
    program: &Program,
    present: &Present<'_>,
    rows: &mut R,
) -> HistoryAnswer {
    if let Some(unknown) = value.filter(|value| !value.is_known()) {
        return unknown.clone().into();
    }
    let counted: Option<Counted> = tallies_of(query, present.row, present.columns)
        .map(|(what, days)| count(what, days, present.row, rows));
    if query.function == HistoryFunction::Rarity {
        return rarity(counted);
    }
    let key = match Key::of(&keys_of(query), present.row) {
        Ok(key) => key,
        Err(missing) => return HistoryAnswer::unknown(missing),
    };
    let column = match query.field.map(|field| present.columns.get(field)) {
        Some(None) => return HistoryAnswer::unknown("history field"),
        column => column.flatten(),
    };
    let slice = rows.rows(&key, after(query, present.row));
    let selected = match select(query, program, present, slice) {
        Ok(selected) => selected,
        Err(missing) => return missing.into(),
    };
    let question = Question {
        query,
        value: value.and_then(Cell::of),
        column,
        program,
        present,
        counted,
        ever: || knows(slice, present.row),
    };
    let (value, used) = question.answer(&selected);
    HistoryAnswer {
        value,
        rows: u32::try_from(used).unwrap_or(u32::MAX),
        truncated: slice.truncated,
    }
}

/// Counts over the whole system, by what was counted.
type Counted = HashMap<Tallied, u64>;

fn count<R: Rows>(what: Vec<Tallied>, days: (i64, i64), present: &Row, rows: &mut R) -> Counted {
    let counts = what.into_iter().map(|what| {
        let count = rows.tally(&what, days, present);
        (what, count)
    });
    counts.collect()
}

/// The share of the system's habits with the present value; it rests on no single rows.
fn rarity(counted: Option<Counted>) -> HistoryAnswer {
    let Some(counted) = counted else {
        return HistoryAnswer::unknown(NO_ROWS);
    };
    let all = counted.get(&None).copied().unwrap_or(0);
    let same = counted.iter().find(|(what, _)| what.is_some());
    HistoryAnswer {
        value: share(same.map_or(0, |(_, same)| *same as usize), all as usize),
        rows: u32::try_from(all).unwrap_or(u32::MAX),
        truncated: false,
    }
}

/// The last success not later than the present event that arrived before it, unless its owner answered
/// it with 锁定: the field `previous`. Where an intruder was says nothing about how the owner moves.
pub fn previous<'a, R: Borrow<Row>>(slice: Slice<'a, R>, present: &Row) -> Option<&'a Row> {
    slice.seen_by(present, None).rfind(|row| row.is_habit())
}

/// How well an account is known, from its rows: successes that arrived before the present event and
/// were not answered with 锁定.
pub fn experience<R: Borrow<Row>>(slice: Slice<'_, R>, present: &Row) -> Experience {
    let mut first = slice.first_success.filter(|first| *first <= present.time);
    let mut logins = 0;
    for row in slice.seen_by(present, None).filter(|row| row.is_habit()) {
        logins += 1;
        first = Some(first.map_or(row.time, |first| first.min(row.time)));
    }
    Experience {
        since_first: first.map(|first| present.time.saturating_sub(first)),
        logins,
    }
}

/// Whether a success was ever known under the key.
fn knows<R: Borrow<Row>>(slice: Slice<'_, R>, present: &Row) -> bool {
    slice
        .first_success
        .is_some_and(|first| first <= present.time)
        || slice.seen_by(present, None).any(Row::is_habit)
}

/// Rows of a window; most accounts have few.
type Selected<'s> = SmallVec<[&'s Row; 32]>;

/// The rows of the window, in order, that `where:` certainly lets through.
fn select<'s, R: Borrow<Row>>(
    query: &HistoryQuery,
    program: &Program,
    present: &Present<'_>,
    slice: Slice<'s, R>,
) -> Result<Selected<'s>, Value> {
    let window = slice.seen_by(present.row, after(query, present.row));
    let mut selected: Selected<'_> = match query.window {
        Window::Last(n) => {
            let base = last_of(query);
            let mut last: Selected<'_> = window
                .rev()
                .filter(|row| in_stream(row, base))
                .take(n as usize)
                .collect();
            last.reverse();
            last
        }
        Window::Within(_) | Window::All => window.collect(),
    };
    if let Some(filter) = &query.filter {
        let before = selected.len();
        let mut unknown: Option<Value> = None;
        let mut judged = false;
        selected.retain(|row| {
            let value = passes(filter, row, program, present);
            judged |= value.is_known();
            let yes = value.truth() == Some(true);
            if !value.is_known() && unknown.is_none() {
                unknown = Some(value);
            }
            yes
        });
        if let (Some(unknown), true) = (unknown, before > 0 && !judged) {
            return Err(unknown);
        }
    }
    Ok(selected)
}

pub(super) fn passes(filter: &Expr, row: &Row, program: &Program, present: &Present<'_>) -> Value {
    let mut facts = RowFacts { row, present };
    eval(filter, program, &mut facts, &mut NoObserver)
}

/// Inside `where:` a bare name is the past row, `login.` is always the present one.
struct RowFacts<'a> {
    row: &'a Row,
    present: &'a Present<'a>,
}

impl Facts for RowFacts<'_> {
    fn field(&mut self, id: FieldId) -> Value {
        match self.present.columns.get(id) {
            Some(column) => self.present.row.field(column),
            None => (self.present.field)(id),
        }
    }

    fn view(&mut self, id: FieldId) -> Option<View<'_>> {
        self.present.row.view(self.present.columns.get(id)?)
    }

    fn row_view(&mut self, id: FieldId) -> Option<View<'_>> {
        self.row.view(self.present.columns.get(id)?)
    }

    fn row_field(&mut self, id: FieldId) -> Value {
        match self.present.columns.get(id) {
            Some(column) => self.row.field(column),
            None => Value::unknown("history field"),
        }
    }

    fn name(&mut self, _: &Name) -> Value {
        Value::unknown("name")
    }

    fn history(&mut self, _: &HistoryQuery, _: Option<&Value>, _: &Program) -> HistoryAnswer {
        HistoryAnswer::unknown("history inside where")
    }

    fn trusted(&mut self, _: &Value) -> bool {
        false
    }
}

struct Question<'a, E> {
    query: &'a HistoryQuery,
    value: Option<Cell<'a>>,
    column: Option<Column>,
    program: &'a Program,
    present: &'a Present<'a>,
    /// For familiarity: how often the present values occur in the whole system.
    counted: Option<Counted>,
    /// Whether anything was ever known under the key.
    ever: E,
}

/// Names what a window without rows is missing.
const NO_ROWS: &str = "history";

impl<E: Fn() -> bool> Question<'_, E> {
    /// The value and the number of rows it rests on.
    fn answer(&self, rows: &[&Row]) -> (Value, usize) {
        match self.query.function {
            HistoryFunction::Count => number(self.stream(rows).count()),
            HistoryFunction::Distinct => {
                let mut used = 0;
                let different: HashSet<Cell<'_>> = self
                    .cells(rows)
                    .inspect(|_| used += 1)
                    .map(|(_, cell)| cell)
                    .collect();
                (Value::Number(different.len() as f64), used)
            }
            HistoryFunction::Ratio => {
                let all = self.query.denominator.unwrap_or(Stream::Attempts);
                let whole = rows.iter().filter(|row| in_stream(row, all)).count();
                // A ratio of unrelated streams may pass 100 %; of a part it cannot.
                (share(self.stream(rows).count(), whole), whole)
            }
            HistoryFunction::Share => {
                self.share(self.cells(rows).filter(|(row, _)| !row.answered_lock))
            }
            // Answered from counts before any row was read.
            HistoryFunction::Rarity => (Value::unknown(NO_ROWS), 0),
            HistoryFunction::New => self.novelty(rows, true),
            HistoryFunction::Seen => self.novelty(rows, false),
            HistoryFunction::DaysSince => {
                let last = self
                    .habits(rows)
                    .filter(|(_, cell)| Some(*cell) == self.value)
                    .last();
                match last {
                    Some((row, _)) => {
                        let elapsed = self.present.row.time.saturating_sub(row.time);
                        (Value::Number(elapsed as f64 / DAY as f64), 1)
                    }
                    None => (Value::unknown(NO_ROWS), 0),
                }
            }
            HistoryFunction::Streak => number(
                rows.iter()
                    .rev()
                    .take_while(|row| in_stream(row, self.query.stream))
                    .count(),
            ),
            HistoryFunction::First => self.field_of(self.stream(rows).next()),
            HistoryFunction::Last => self.field_of(self.stream(rows).last()),
            HistoryFunction::Since => match self.stream(rows).last() {
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
                Some(sequence) => self.happened(sequence, rows),
                None => (Value::unknown("sequence"), 0),
            },
            HistoryFunction::UsualDistance => self.usual_distance(rows),
            HistoryFunction::HourDistance | HistoryFunction::HourSpread => self.usual_hour(rows),
            HistoryFunction::Familiarity => self.familiarity(rows),
        }
    }

    /// The successes that tell about the owner.
    fn own<'r>(&self, rows: &[&'r Row]) -> Vec<&'r Row> {
        rows.iter().copied().filter(|row| row.is_habit()).collect()
    }

    fn usual_distance(&self, rows: &[&Row]) -> (Value, usize) {
        let here = self.present.row;
        if here.lat.is_none() || here.lon.is_none() {
            return (Value::unknown(Column::Lat.path()), 0);
        }
        let least = self.query.percentile.unwrap_or(usual::USUAL_SHARE);
        let (nearest, used) = usual::distance(here, &self.own(rows), least);
        let unknown = || Value::unknown("usual place");
        (nearest.map_or_else(unknown, Value::Distance), used)
    }

    fn usual_hour(&self, rows: &[&Row]) -> (Value, usize) {
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

    fn familiarity(&self, rows: &[&Row]) -> (Value, usize) {
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

    fn stream<'r>(&self, rows: &'r [&'r Row]) -> impl Iterator<Item = &'r Row> {
        let stream = self.query.stream;
        rows.iter()
            .copied()
            .filter(move |row| in_stream(row, stream))
    }

    /// Rows of the stream whose field is known, with it.
    fn cells<'r>(&self, rows: &'r [&'r Row]) -> impl Iterator<Item = (&'r Row, Cell<'r>)> {
        let column = self.column;
        self.stream(rows)
            .filter_map(move |row| Some((row, row.cell(column?)?)))
    }

    /// Successes that tell about the owner whose field is known, with it.
    fn habits<'r>(&self, rows: &'r [&'r Row]) -> impl Iterator<Item = (&'r Row, Cell<'r>)> {
        let column = self.column;
        rows.iter()
            .copied()
            .filter(|row| row.is_habit())
            .filter_map(move |row| Some((row, row.cell(column?)?)))
    }

    fn share<'r>(&self, cells: impl Iterator<Item = (&'r Row, Cell<'r>)>) -> (Value, usize) {
        let (mut same, mut all) = (0, 0);
        for (_, cell) in cells {
            all += 1;
            same += usize::from(Some(cell) == self.value);
        }
        (share(same, all), all)
    }

    /// `new` and `seen`. Unknown while nothing was ever known; new after dormancy.
    fn novelty(&self, rows: &[&Row], new: bool) -> (Value, usize) {
        let mut known = 0;
        let mut seen = false;
        for (_, cell) in self.habits(rows) {
            known += 1;
            seen |= Some(cell) == self.value;
        }
        if known > 0 {
            return (Value::YesNo(seen != new), known);
        }
        // Logins without this field say nothing about it: all machines are new to an account whose
        // logins never had one, so none is.
        let blind = rows.iter().any(|row| row.is_habit());
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
            Some(row) => (row.field(self.column.unwrap_or(Column::Time)), 1),
            None => (Value::unknown(NO_ROWS), 0),
        }
    }

    fn statistic(&self, rows: &[&Row]) -> (Value, usize) {
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

fn number(rows: usize) -> (Value, usize) {
    (Value::Number(rows as f64), rows)
}

fn share(part: usize, whole: usize) -> Value {
    match whole {
        0 => Value::unknown(NO_ROWS),
        _ => Value::Percent(part as f64 / whole as f64),
    }
}
