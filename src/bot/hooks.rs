//! What follows when a message was taken by the platform or has ended: alerts learn of it, and
//! `on undeliverable` rules run in the very command that settles the message.

use std::fmt;
use std::sync::Arc;

use super::context::{Context, PushName, Shared};
use super::login;
use super::ruleset::Generations;
use crate::env::Millis;
use crate::guard::alerts;
use crate::lang::diagnostics::Language;
use crate::outbox::{Check, Ending, Hooks};
use crate::store::records::{OutboxEntry, OutboxPurpose, UndeliverableReason};
use crate::store::{StoreError, Tx};

/// The bot's part in the outbox.
#[derive(Clone)]
pub struct RuleHooks {
    generations: Arc<Generations>,
    shared: Arc<Shared>,
}

impl fmt::Debug for RuleHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RuleHooks")
    }
}

impl RuleHooks {
    /// Hooks that always run the newest rules.
    pub fn new(generations: Arc<Generations>, shared: Arc<Shared>) -> Self {
        Self {
            generations,
            shared,
        }
    }

    fn context(&self, entry: &OutboxEntry) -> Context {
        Context {
            rules: self.generations.current().ruleset.clone(),
            generation: self.generations.current().number,
            generations: self.generations.clone(),
            shared: self.shared.clone(),
            push: PushName::Given(entry.id.clone()),
            explain: false,
            // Nothing is explained here.
            language: Language::default(),
        }
    }
}

impl Hooks for RuleHooks {
    fn check(&self, tx: &mut Tx<'_>, entry: &OutboxEntry) -> Result<Check, StoreError> {
        if entry.purpose != OutboxPurpose::Prompt {
            return Ok(Check::Send);
        }
        let open = match &entry.alert {
            Some(id) => {
                let now = tx.now();
                alerts::get(tx, id)?.is_some_and(|alert| alert.is_open(now))
            }
            None => true,
        };
        Ok(if open {
            Check::Send
        } else {
            Check::Drop(UndeliverableReason::Withdrawn)
        })
    }

    fn accepted(&self, tx: &mut Tx<'_>, entry: &OutboxEntry, at: Millis) -> Result<(), StoreError> {
        match (&entry.alert, entry.purpose) {
            (Some(alert), OutboxPurpose::Prompt) => alerts::prompt_accepted(tx, alert, at),
            _ => Ok(()),
        }
    }

    fn ended(
        &self,
        tx: &mut Tx<'_>,
        entry: &OutboxEntry,
        ending: Ending,
    ) -> Result<(), StoreError> {
        let (Some(alert), OutboxPurpose::Prompt) = (&entry.alert, entry.purpose) else {
            return Ok(());
        };
        match ending {
            // Acceptance has been noted already; arrival adds nothing for the alert.
            Ending::Delivered => Ok(()),
            Ending::Unknown => {
                let now = tx.now();
                alerts::prompt_unknown(tx, alert, now)
            }
            Ending::Undeliverable(reason) => {
                alerts::prompt_undeliverable(tx, alert, reason.name())?;
                login::undeliverable(tx, &self.context(entry), alert, reason)
            }
        }
    }
}
