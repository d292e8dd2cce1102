//! Which rows a rule set may ask for, known when it is loaded.

use std::borrow::Cow;

use crate::env::Millis;
use crate::lang::program::{ByKey, HistoryFunction, HistoryQuery, Program, Window};

use super::cell::{Column, Columns};
use super::familiar;
use super::row::Row;
use super::tally::{Tallied, days, tally_value};

/// What must be loaded for one combination of keys to answer every query of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyNeed {
    /// The keys, sorted, never empty.
    pub by: Vec<ByKey>,
    /// Rows later than t − this, in milliseconds; `None`: everything that is kept.
    pub window: Option<Millis>,
}

/// What a query has counted over the whole system (`rarity`, `familiarity`), and on which days;
/// `None` for queries that look at rows alone. Providers that must read ahead read these.
pub fn tallies_of(
    query: &HistoryQuery,
    present: &Row,
    columns: &Columns,
) -> Option<(Vec<Tallied>, (i64, i64))> {
    let what = match query.function {
        HistoryFunction::Rarity => {
            let column: Option<Column> = query.field.and_then(|field| columns.get(field));
            let value = column.and_then(|column| Some((column, tally_value(present, column)?)));
            vec![None, Some(value?)]
        }
        HistoryFunction::Familiarity => familiar::wanted(present),
        _ => return None,
    };
    let within = match query.window {
        Window::Within(ms) => Some(ms),
        Window::Last(_) | Window::All => None,
    };
    Some((what, days(present.time, within)))
}

/// The keys a query looks under: the account's when it does not say. Sorted, without duplicates.
/// `rarity` looks under none: it is answered from counts.
pub fn keys_of(query: &HistoryQuery) -> Cow<'_, [ByKey]> {
    match query.by.as_slice() {
        [] => return Cow::Borrowed(&[ByKey::Account]),
        [_] => return Cow::Borrowed(&query.by),
        _ => {}
    }
    let mut by = query.by.clone();
    by.sort_unstable();
    by.dedup();
    // Together with another key, `all` narrows nothing.
    if by.len() > 1 {
        by.retain(|key| *key != ByKey::All);
    }
    Cow::Owned(by)
}

/// For each combination of keys the program asks under, the longest window needed; sorted by key.
pub fn queries_by_key(program: &Program) -> Vec<KeyNeed> {
    let mut needs: Vec<KeyNeed> = Vec::new();
    let rows = |query: &&HistoryQuery| query.function != HistoryFunction::Rarity;
    for query in program.queries.iter().filter(rows) {
        let by = keys_of(query);
        let window = match query.window {
            Window::Within(ms) => Some(ms),
            Window::Last(_) | Window::All => None,
        };
        match needs.iter_mut().find(|need| need.by == *by) {
            Some(need) => need.window = need.window.zip(window).map(|(a, b)| a.max(b)),
            None => needs.push(KeyNeed {
                by: by.into_owned(),
                window,
            }),
        }
    }
    needs.sort_unstable_by(|a, b| a.by.cmp(&b.by));
    needs
}
