//! The limits of this room, one named field each, and the counter other limits are built on.

use serde::{Deserialize, Serialize};

use crate::env::{DAY, HOUR, MINUTE, Millis};
use crate::store::records::LimitWindow;
use crate::store::{StoreError, Tx};

/// Limits of codes, tickets and bindings. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a verification code is good. Default: 10 minutes.
    pub code_life: Millis,
    /// Wrong tries after which an OpenID is blocked for a phone. Default: 5.
    pub code_tries: u32,
    /// Wrong tries from everyone together that void a code. Default: 10, so that guessing
    /// together has a chance of 1e-5 per code.
    pub code_tries_everyone: u32,
    /// How long wrong tries count, and how long a block lasts. Default: 1 hour.
    pub code_block: Millis,
    /// Wrong codes per official account and hour at which `wrong_codes` is emitted. Default: 100.
    pub wrong_codes_per_hour: u32,
    /// How long the chat waits before it asks the information system for another code. Default: 1 minute.
    pub code_request_pause: Millis,
    /// How long a ticket can be scanned. Default: 5 minutes.
    pub ticket_life: Millis,
    /// How long a scanned ticket waits for the phone. Default: 10 minutes, a dialog's life.
    pub claim_life: Millis,
    /// Wrong phones that void a scanned ticket. Default: 5.
    pub ticket_tries: u32,
    /// What unsubscribing does to a binding. Default: suspends it for 30 days.
    pub on_unsubscribe: OnUnsubscribe,
    /// A binding made so soon after an alerted login is suspicious. Default: 24 hours.
    pub suspicious_after_alert: Millis,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            code_life: 10 * MINUTE,
            code_tries: 5,
            code_tries_everyone: 10,
            code_block: HOUR,
            wrong_codes_per_hour: 100,
            code_request_pause: MINUTE,
            ticket_life: 5 * MINUTE,
            claim_life: 10 * MINUTE,
            ticket_tries: 5,
            on_unsubscribe: OnUnsubscribe::Suspend { days: 30 },
            suspicious_after_alert: DAY,
        }
    }
}

/// What unsubscribing does to a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnsubscribe {
    /// It rests, and comes back when the follower does within so many days.
    Suspend {
        /// How many days.
        days: u32,
    },
    /// It ends.
    Unbind,
    /// It stays; prompts find that the follower has left.
    Keep,
}

/// Counts one use of `name` by `subject` and says whether it is among the first `max` of a window.
/// Refused uses are not written, so a flood costs no commits.
pub fn allow(
    tx: &mut Tx<'_>,
    name: &str,
    subject: &str,
    window: Millis,
    max: u32,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let key = (name.to_owned(), subject.to_owned());
    let (count, until) = match tx.get::<LimitWindow>(&key)? {
        Some(row) if row.until > now => (row.count, row.until),
        _ => (0, now.saturating_add(window)),
    };
    if count >= max {
        return Ok(false);
    }
    tx.put(&LimitWindow {
        name: key.0,
        subject: key.1,
        count: count + 1,
        until,
    })?;
    Ok(true)
}
