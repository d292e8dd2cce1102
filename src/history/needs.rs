//! Which rows a rule set may ask for, known when it is loaded.

use crate::env::Millis;
use crate::lang::program::{ByKey, HistoryFunction, HistoryQuery, Program, Window};

/// What must be loaded for one combination of keys to answer every query of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyNeed {
    /// The keys, sorted, never empty.
    pub by: Vec<ByKey>,
    /// Rows later than t − this, in milliseconds; `None`: everything that is kept.
    pub window: Option<Millis>,
}

/// The keys a query looks under: the account's when it does not say, the whole system's for rarity.
/// Sorted, without duplicates.
pub fn keys_of(query: &HistoryQuery) -> Vec<ByKey> {
    if query.by.is_empty() {
        return vec![match query.function {
            HistoryFunction::Rarity => ByKey::All,
            _ => ByKey::Account,
        }];
    }
    let mut by = query.by.clone();
    by.sort_unstable();
    by.dedup();
    // Together with another key, `all` narrows nothing.
    if by.len() > 1 {
        by.retain(|key| *key != ByKey::All);
    }
    by
}

/// For each combination of keys the program asks under, the longest window needed; sorted by key.
pub fn queries_by_key(program: &Program) -> Vec<KeyNeed> {
    let mut needs: Vec<KeyNeed> = Vec::new();
    for query in &program.queries {
        let by = keys_of(query);
        let window = match query.window {
            Window::Within(ms) => Some(ms),
            Window::Last(_) | Window::All => None,
        };
        match needs.iter_mut().find(|need| need.by == by) {
            Some(need) => need.window = need.window.zip(window).map(|(a, b)| a.max(b)),
            None => needs.push(KeyNeed { by, window }),
        }
    }
    needs.sort_unstable_by(|a, b| a.by.cmp(&b.by));
    needs
}
