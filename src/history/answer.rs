//! The answer to one history query.

use std::borrow::Borrow;
use std::collections::HashMap;

use smallvec::SmallVec;

use crate::lang::eval::{Experience, Facts, HistoryAnswer, NoObserver, eval};
use crate::lang::program::{Expr, FieldId, HistoryFunction, HistoryQuery, Name, Program, Window};
use crate::lang::value::{Value, View};

use super::cell::{Cell, Columns, of_past};
use super::key::Key;
use super::needs::{keys_of, tallies_of};
use super::question::{NO_ROWS, Question, share};
use super::row::Row;
use super::tally::Tallied;
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

/// Answers a query, and on how many rows the answer rests. `value` is the present value it compares past ones with, already evaluated.
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
    ask::<R, true>(query, value, program, present, rows)
}

/// The same value for whoever does not want to know on how many rows it rests: that number may be
/// too small. A test holds it to [`evaluate`].
pub fn evaluate_uncounted<R: Rows>(
    query: &HistoryQuery,
    value: Option<&Value>,
    program: &Program,
    present: &Present<'_>,
    rows: &mut R,
) -> HistoryAnswer {
    ask::<R, false>(query, value, program, present, rows)
}

fn ask<R: Rows, const COUNTED: bool>(
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
    let after = after(query, present.row);
    let slice = rows.rows(&key, after);
    let question = Question {
        query,
        value: value.and_then(Cell::of),
        column,
        program,
        present,
        counted,
        ever: || knows(slice, present.row),
    };
    // Most questions are about all rows of a stretch of time.
    let all = query.filter.is_none() && !matches!(query.window, Window::Last(_));
    let (value, used) = if all {
        question.answer::<COUNTED>(slice.seen_by(present.row, after))
    } else {
        match select(query, program, present, slice) {
            Ok(selected) => question.answer::<COUNTED>(selected.iter().copied()),
            Err(missing) => return missing.into(),
        }
    };
    HistoryAnswer {
        value,
        rows: u32::try_from(used).unwrap_or(u32::MAX),
        truncated: slice.truncated,
    }
}

/// Counts over the whole system, by what was counted.
pub(super) type Counted = HashMap<Tallied, u64>;

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

    fn number(&mut self, id: FieldId) -> Option<f64> {
        self.present.row.number(self.present.columns.get(id)?)
    }

    fn characters(&mut self, id: FieldId) -> Option<&str> {
        self.present.row.characters(self.present.columns.get(id)?)
    }

    fn yes_no(&mut self, id: FieldId) -> Option<bool> {
        self.present.row.yes_no(self.present.columns.get(id)?)
    }

    fn row_view(&mut self, id: FieldId) -> Option<View<'_>> {
        self.row.view(self.present.columns.get(id)?)
    }

    fn row_field(&mut self, id: FieldId) -> Value {
        match self.present.columns.get(id) {
            Some(column) => of_past(self.row.field(column), column),
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
