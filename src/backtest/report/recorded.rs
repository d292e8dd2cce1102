//! What the live server recorded while it decided: how often each signal fired under each generation.
//!
//! Shadow signals act on nothing, so this is where they are seen. Counted from the decisions a store
//! keeps; nothing here is judged again.

use serde::Serialize;

use crate::backtest::input::StoreFacts;
use crate::server::rfc3339;

/// One rule set and what its signals said live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedView {
    /// Its generation when it last decided.
    pub generation: u64,
    /// What stands on every decision.
    pub hash: String,
    /// First kept decision, by the time of its login, RFC 3339.
    pub first: String,
    /// Last kept decision.
    pub last: String,
    /// Kept decisions.
    pub decisions: u64,
    /// Signals by name.
    pub signals: Vec<RecordedSignal>,
}

/// One signal of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedSignal {
    /// Its name.
    pub name: String,
    /// It only watches.
    pub shadow: bool,
    /// Decisions that asked it.
    pub asked: u64,
    /// It fired.
    pub fired: u64,
    /// It could not be judged.
    pub not_evaluable: u64,
}

/// All rule sets with kept decisions, the newest first; `None` when the input is no store's.
pub fn recorded(facts: &StoreFacts) -> Option<Vec<RecordedView>> {
    if !facts.is_store {
        return None;
    }
    let mut all: Vec<RecordedView> = facts
        .decided
        .iter()
        .map(|(hash, decided)| {
            let mut signals: Vec<RecordedSignal> = facts
                .signals
                .iter()
                .filter(|((of, _), _)| of == hash)
                .map(|((_, name), count)| RecordedSignal {
                    name: name.clone(),
                    shadow: count.shadow,
                    asked: count.seen,
                    fired: count.fired,
                    not_evaluable: count.not_evaluable,
                })
                .collect();
            signals.sort_by(|a, b| (b.fired, &a.name).cmp(&(a.fired, &b.name)));
            RecordedView {
                generation: decided.generation,
                hash: hash.clone(),
                first: rfc3339(decided.first),
                last: rfc3339(decided.last),
                decisions: decided.count,
                signals,
            }
        })
        .collect();
    all.sort_by(|a, b| (b.generation, &b.last).cmp(&(a.generation, &a.last)));
    Some(all)
}
