//! The past logins behind an answer, for explanations.

use crate::lang::eval::PastLogin;
use crate::lang::program::{ByKey, HistoryFunction, HistoryQuery, Program, Stream, Window};
use crate::lang::value::Value;

use super::answer::{Present, passes};
use super::cell::Column;
use super::key::Key;
use super::needs::keys_of;
use super::row::Row;
use super::window::{Rows, after, in_stream, last_of};

/// Past logins an explanation shows for one question.
const MAX_SHOWN: usize = 3;

/// The newest past logins the answer to a query looked at, for explanations. Empty where the answer
/// rests on none: a missing key, counts over the whole system.
pub fn used<R: Rows>(
    query: &HistoryQuery,
    program: &Program,
    present: &Present<'_>,
    rows: &mut R,
) -> Vec<PastLogin> {
    let keys = keys_of(query);
    let Ok(key) = Key::of(&keys, present.row) else {
        return Vec::new();
    };
    if query.function == HistoryFunction::Rarity {
        return Vec::new();
    }
    let slice = rows.rows(&key, after(query, present.row));
    let habits = matches!(
        query.function,
        HistoryFunction::Share
            | HistoryFunction::New
            | HistoryFunction::Seen
            | HistoryFunction::DaysSince
            | HistoryFunction::UsualDistance
            | HistoryFunction::HourDistance
            | HistoryFunction::HourSpread
            | HistoryFunction::Familiarity
    );
    let streams = match query.function {
        // Of two streams that are no part of one another both count.
        HistoryFunction::Ratio => [query.stream, last_of(query)],
        HistoryFunction::Sequence | HistoryFunction::Absence => [last_of(query); 2],
        _ => [query.stream; 2],
    };
    let counts = |row: &&Row| {
        let counted = streams.iter().any(|stream| in_stream(row, *stream));
        counted && (!habits || row.is_habit())
    };
    let field = query.field.and_then(|field| present.columns.get(field));
    let whose = !keys.contains(&ByKey::Account);
    let (base, most) = match query.window {
        Window::Last(n) => (last_of(query), n as usize),
        Window::Within(_) | Window::All => (Stream::Attempts, usize::MAX),
    };
    let fits = |row: &&Row| {
        let filter = query.filter.as_ref();
        filter.is_none_or(|filter| passes(filter, row, program, present).truth() == Some(true))
    };
    // From the newest back, and no further than what is shown.
    slice
        .seen_by(present.row, after(query, present.row))
        .rev()
        .filter(|row| in_stream(row, base))
        .take(most)
        .filter(counts)
        .filter(fits)
        .take(MAX_SHOWN)
        .map(|row| PastLogin {
            time: row.time,
            values: told(row, field, whose),
            success: row.success,
        })
        .collect()
}

/// What a row says: the field asked about, whose it is when that is not plain, where it came from.
fn told(row: &Row, field: Option<Column>, whose: bool) -> Vec<Value> {
    let account = whose.then_some(Column::Account);
    let place = [Column::City, Column::Country, Column::Ip];
    let place = place.into_iter().find(|column| row.cell(*column).is_some());
    let mut columns: Vec<Column> = Vec::new();
    for column in [account, field, place].into_iter().flatten() {
        if column != Column::Time && !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
        .into_iter()
        .map(|column| row.field(column))
        .filter(Value::is_known)
        .collect()
}
