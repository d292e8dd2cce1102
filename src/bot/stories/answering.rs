//! Who answered the last message of a story, and who did not and why: what an author needs to know
//! when the reply is not the one expected.

use std::sync::{Mutex, PoisonError};

use crate::bot::chat::Turn;
use crate::bot::settings::Watcher;

/// Most rules that are named as not having answered.
const MAX_NAMED: usize = 3;

/// Remembers the last turn.
#[derive(Debug, Default)]
pub(super) struct LastTurn(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    answered_by: Option<String>,
    passed_over: Vec<(String, String)>,
    explanations: Vec<(String, String)>,
}

impl Watcher for LastTurn {
    fn turn(&self, turn: &Turn) {
        *self.told() = Told {
            answered_by: turn.answered_by.clone(),
            passed_over: turn.passed_over.clone(),
            explanations: turn.explanations.clone(),
        };
    }
}

impl LastTurn {
    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message is about to be sent: nobody has answered it yet.
    pub(super) fn forget(&self) {
        *self.told() = Told::default();
    }

    /// In Chinese, a line each: who answered; which candidates did not, with their conditions' values.
    pub(super) fn lines(&self) -> Vec<String> {
        let told = self.told();
        let mut lines = vec![match &told.answered_by {
            Some(name) => format!("回答的是 {}", named(name)),
            None => "没有规则回答".to_owned(),
        }];
        for (rule, why) in told.passed_over.iter().take(MAX_NAMED) {
            lines.push(format!("没有回答的是 {}：{why}", named(rule)));
            let explained = told.explanations.iter().filter(|(name, _)| name == rule);
            for line in explained.flat_map(|(_, text)| text.lines()) {
                lines.push(format!("  {line}"));
            }
        }
        lines
    }
}

/// A rule's own name is its place; a dialog is said to be one.
fn named(name: &str) -> String {
    match name.strip_prefix("dialog ") {
        Some(dialog) => format!("对话 {dialog}"),
        None => format!("{name} 的规则"),
    }
}
