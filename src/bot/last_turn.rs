//! A watcher that remembers what the last push came to, for explanations and for stories that fail.

use std::sync::{Mutex, PoisonError};

use super::chat::Turn;
use super::settings::Watcher;

/// Remembers the last turn.
#[derive(Debug, Default)]
pub(super) struct LastTurn(Mutex<Told>);

/// Who answered, who did not, and the conditions' values. Empty when no push was worked on.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// See [`Turn::answered_by`].
    pub(super) answered_by: Option<String>,
    /// See [`Turn::passed_over`].
    pub(super) passed_over: Vec<(String, String)>,
    /// See [`Turn::explanations`].
    pub(super) conditions: Vec<(String, String)>,
}

impl Watcher for LastTurn {
    fn turn(&self, turn: &Turn) {
        self.remember(Told {
            answered_by: turn.answered_by.clone(),
            passed_over: turn.passed_over.clone(),
            conditions: turn.explanations.clone(),
        });
    }
}

impl LastTurn {
    /// What the last push came to.
    pub(super) fn told(&self) -> Told {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.clone()
    }

    /// Another push begins: nobody has answered it yet.
    pub(super) fn forget(&self) {
        self.remember(Told::default());
    }

    fn remember(&self, told: Told) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }
}
