//! What the bot adds to the outbox: a last look before sending, and what follows an ending.
//! Hooks run inside the outbox's commands and are as pure as those.

use crate::env::Millis;
use crate::store::records::{OutboxEntry, UndeliverableReason};
use crate::store::{StoreError, Tx};

/// Called inside the commands that claim and settle messages.
pub trait Hooks: Send + Sync + 'static {
    /// A last look in the claiming command, right before it is sent.
    fn check(&self, tx: &mut Tx<'_>, entry: &OutboxEntry) -> Result<Check, StoreError> {
        let _ = (tx, entry);
        Ok(Check::Send)
    }

    /// The platform took it at `at`: for a prompt this is when its alert's answers begin to count.
    fn accepted(&self, tx: &mut Tx<'_>, entry: &OutboxEntry, at: Millis) -> Result<(), StoreError> {
        let _ = (tx, entry, at);
        Ok(())
    }

    /// It ended. Not called for messages that a lock or a closed alert took back.
    fn ended(
        &self,
        tx: &mut Tx<'_>,
        entry: &OutboxEntry,
        ending: Ending,
    ) -> Result<(), StoreError> {
        let _ = (tx, entry, ending);
        Ok(())
    }
}

/// No hooks.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {}

/// Whether a message may still go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// It may.
    Send,
    /// It ends as undeliverable.
    Drop(UndeliverableReason),
}

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It arrived (template) or was taken by the platform (custom, which reports nothing more).
    Delivered,
    /// It will not arrive.
    Undeliverable(UndeliverableReason),
    /// Nobody knows.
    Unknown,
}

impl Ending {
    /// The event type of this ending.
    pub const fn event(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Undeliverable(_) => "undeliverable",
            Self::Unknown => "delivery_unknown",
        }
    }
}
