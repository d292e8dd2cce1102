//! What conditions of login-side rules can ask, apart from where the answers are kept.
//!
//! The bot answers out of its store, a backtest out of a table; what a field means and how a question
//! to the history is put stand here, once, so that both give the same answer. Nothing here reads a
//! store or a clock.

use jiff::tz::TimeZone;

use crate::bot::subject;
use crate::env::Millis;
use crate::history::{self, Column, Columns, KeyNeed, Present, Row, Rows};
use crate::lang::builtins::Registry;
use crate::lang::eval::{HistoryAnswer, Judgement, PastLogin};
use crate::lang::program::{ByKey, FieldId, HistoryQuery, Program};
use crate::lang::value::{Value, View};

use super::facts::{Case, Login};

/// The names a case is asked by.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// The language's fields.
    pub registry: &'a Registry,
    /// Which of them are columns of the history.
    pub columns: &'a Columns,
    /// The rules that ask.
    pub program: &'a Program,
}

/// What a field asks for.
#[derive(Debug)]
pub enum Answered {
    /// This.
    Value(Value),
    /// Something about the login before, which only the history knows.
    Previous,
}

/// A field of a case. `now` is only for events without a login.
pub fn field(
    case: &Case,
    judgement: Option<&Judgement>,
    names: Names<'_>,
    now: Millis,
    id: FieldId,
) -> Answered {
    // Most of what conditions ask is a column of the login.
    if let Some((row, column)) = column(case, names, id) {
        return Answered::Value(row.field(column));
    }
    let path = names.registry.field_spec(id).path;
    let (root, rest) = path.split_once('.').unwrap_or((path, ""));
    Answered::Value(match root {
        "login" => login_field(case, names.columns, id, rest, path),
        "previous" => return Answered::Previous,
        "account" => subject::account_field(case.account.as_ref(), case.locked, rest, path),
        "alert" => subject::alert_field(case.alert.as_ref(), rest, path),
        "bound" => Value::YesNo(case.bound),
        "now" => match &case.login {
            Some(login) => local(&login.row, rest, path),
            None => subject::clock_field(now, &TimeZone::UTC, rest, path),
        },
        "reason" => case
            .reason
            .as_deref()
            .map_or_else(|| Value::unknown(path), Value::text),
        "suspicion" => {
            judgement.map_or_else(|| Value::unknown(path), |j| Value::Number(j.suspicion))
        }
        "band" => judgement.map_or_else(
            || Value::unknown(path),
            |j| Value::Number(f64::from(names.program.band(j.suspicion))),
        ),
        "reasons" => judgement.map_or_else(|| Value::unknown(path), |j| Value::text(&j.reasons)),
        "signals" => judgement.map_or_else(
            || Value::unknown(path),
            |j| Value::List(j.names().into_iter().map(Value::text).collect()),
        ),
        _ => Value::unknown(path),
    })
}

/// What [`field`] gives of a known column of the login, where it lies.
#[inline]
pub fn view<'a>(case: &'a Case, names: Names<'_>, id: FieldId) -> Option<View<'a>> {
    let (row, column) = column(case, names, id)?;
    row.view(column)
}

/// [`view`] of a number.
#[inline]
pub fn number(case: &Case, names: Names<'_>, id: FieldId) -> Option<f64> {
    let (row, column) = column(case, names, id)?;
    row.number(column)
}

/// [`view`] of characters.
#[inline]
pub fn characters<'a>(case: &'a Case, names: Names<'_>, id: FieldId) -> Option<&'a str> {
    let (row, column) = column(case, names, id)?;
    row.characters(column)
}

/// [`view`] of a yes or a no.
#[inline]
pub fn yes_no(case: &Case, names: Names<'_>, id: FieldId) -> Option<bool> {
    let (row, column) = column(case, names, id)?;
    row.yes_no(column)
}

/// The login's row and the column of it that a field is. What a row says of success is not yet known
/// while the login is judged.
#[inline]
fn column<'a>(case: &'a Case, names: Names<'_>, id: FieldId) -> Option<(&'a Row, Column)> {
    let column = names.columns.get(id)?;
    let login = case.login.as_ref()?;
    (column != Column::Success).then_some((&login.row, column))
}

fn login_field(case: &Case, columns: &Columns, id: FieldId, name: &str, path: &str) -> Value {
    let Some(login) = &case.login else {
        return match name {
            "known" | "legal" | "captcha" | "late" => Value::YesNo(false),
            _ => Value::unknown(path),
        };
    };
    let text = |value: &Option<String>| {
        value
            .as_deref()
            .map_or_else(|| Value::unknown(path), Value::text)
    };
    match name {
        "" => Value::Login(login.row.point().into()),
        "known" => Value::YesNo(case.account.is_some()),
        "captcha" => Value::YesNo(login.captcha),
        "late" => Value::YesNo(login.late),
        "agent" => text(&login.agent),
        "session" => text(&login.session),
        "success" => login
            .success
            .map_or_else(|| Value::unknown(path), Value::YesNo),
        "place" => Value::Place(login.row.place().into()),
        "date" => local(&login.row, name, path),
        _ => match columns.get(id) {
            Some(column) => login.row.field(column),
            None => Value::unknown(path),
        },
    }
}

/// A login's time, or its hour, weekday or day in the account's zone, as the row keeps them.
fn local(row: &Row, name: &str, path: &str) -> Value {
    match name {
        "" => Value::Time(row.time),
        "hour" => row.field(Column::Hour),
        "weekday" => row.field(Column::Weekday),
        "date" => row
            .local_day()
            .map_or_else(|| Value::unknown(path), Value::text),
        _ => Value::unknown(path),
    }
}

/// Fields of the present login that past rows do not have, asked for inside `where:`.
fn outside_rows(case: &Case, login: &Login, registry: &Registry, id: FieldId) -> Value {
    let path = registry.field_spec(id).path;
    match path {
        "login.agent" => login
            .agent
            .as_deref()
            .map_or_else(|| Value::unknown(path), Value::text),
        "login.known" => Value::YesNo(case.account.is_some()),
        "login.captcha" => Value::YesNo(login.captcha),
        "login.late" => Value::YesNo(login.late),
        "bound" => Value::YesNo(case.bound),
        "now" => local(&login.row, "", path),
        "now.hour" => local(&login.row, "hour", path),
        "now.weekday" => local(&login.row, "weekday", path),
        "now.date" | "login.date" => local(&login.row, "date", path),
        _ => Value::unknown(path),
    }
}

/// Asks the history about a login. `rows` holds what [`reach`] says for the query's keys.
pub fn history<R: Rows>(
    case: &Case,
    login: &Login,
    names: Names<'_>,
    query: &HistoryQuery,
    value: Option<&Value>,
    program: &Program,
    rows: &mut R,
) -> HistoryAnswer {
    asking(case, login, names, |present| {
        history::evaluate(query, value, program, present, rows)
    })
}

/// The same value when nobody asks on how many rows it rests.
#[cfg(feature = "backtest")]
pub fn history_uncounted<R: Rows>(
    case: &Case,
    login: &Login,
    names: Names<'_>,
    query: &HistoryQuery,
    value: Option<&Value>,
    program: &Program,
    rows: &mut R,
) -> HistoryAnswer {
    asking(case, login, names, |present| {
        history::evaluate_uncounted(query, value, program, present, rows)
    })
}

/// The past logins behind the answer to a question, for explanations. `rows` holds what it did when
/// the question was asked.
pub fn used<R: Rows>(
    case: &Case,
    login: &Login,
    names: Names<'_>,
    query: &HistoryQuery,
    program: &Program,
    rows: &mut R,
) -> Vec<PastLogin> {
    asking(case, login, names, |present| {
        history::used(query, program, present, rows)
    })
}

/// Asks with the login as the present event.
fn asking<T>(
    case: &Case,
    login: &Login,
    names: Names<'_>,
    ask: impl FnOnce(&Present<'_>) -> T,
) -> T {
    let field = |id: FieldId| outside_rows(case, login, names.registry, id);
    ask(&Present {
        row: &login.row,
        columns: names.columns,
        field: &field,
    })
}

/// The rows under the keys `by` that may answer a question asked at `present` are later than this;
/// `None`: all that are kept.
pub fn reach(windows: &[KeyNeed], by: &[ByKey], present: Millis) -> Option<Millis> {
    windows
        .iter()
        .find(|need| need.by == by)
        .and_then(|need| need.window)
        .map(|window| present.saturating_sub(window))
}
