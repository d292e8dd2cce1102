//! How messages and webhook cursors look from outside: no OpenID, no text.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::env::Millis;
use crate::store::records::{OutboxChannel, OutboxEntry, UndeliverableReason, WebhookCursor};

/// A message in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = OutboxMessage)]
pub struct OutboxView {
    /// Its identifier, "out_…".
    pub id: String,
    /// prompt, reply, message or notice.
    pub purpose: String,
    /// queued, sending, accepted, delivered, undeliverable or unknown.
    pub state: String,
    /// Name of the official account.
    pub official_account: String,
    /// The account it is about.
    pub account: Option<String>,
    /// The alert it prompts for.
    pub alert: Option<String>,
    /// When it was promised, RFC 3339.
    pub created: String,
    /// When it is looked at next.
    pub due: Option<String>,
    /// Never sent after this moment.
    pub not_after: String,
    /// custom or template: the last attempt's channel.
    pub channel: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// When the platform took it.
    pub accepted_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// unbound, unfollowed, no_channel, quota, refused, expired or withdrawn.
    pub reason: Option<String>,
    /// The platform's last error code.
    pub errcode: Option<i64>,
    /// Whether the follower may have got it twice: an attempt with an unknown outcome was repeated.
    pub possible_duplicate: bool,
}

impl From<&OutboxEntry> for OutboxView {
    fn from(entry: &OutboxEntry) -> Self {
        let ended = entry.state.ended();
        let reason = entry.reason.filter(|_| ended);
        Self {
            id: entry.id.clone(),
            purpose: entry.purpose.name().to_owned(),
            state: entry.state.name().to_owned(),
            official_account: entry.official_account.clone(),
            account: entry.account.clone(),
            alert: entry.alert.clone(),
            created: time(entry.created),
            due: entry.due.map(time),
            not_after: time(entry.not_after),
            channel: entry.channel.map(OutboxChannel::name).map(str::to_owned),
            attempts: entry.attempts,
            accepted_at: entry.accepted_at.map(time),
            ended_at: entry.ended_at.map(time),
            reason: reason.map(UndeliverableReason::name).map(str::to_owned),
            errcode: entry.errcode,
            possible_duplicate: entry.repeats > 0,
        }
    }
}

/// Where a webhook endpoint stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookView {
    /// The endpoint's name.
    pub name: String,
    /// The last event it took or does not want.
    pub cursor: String,
    /// Failures in a row on the event after it.
    pub failures: u32,
    /// When the next attempt is made, if failing.
    pub next_attempt: Option<String>,
    /// When it took an event last.
    pub last_success: Option<String>,
    /// The last answer's status, or a word for why there was none.
    pub last_result: Option<String>,
}

impl From<&WebhookCursor> for WebhookView {
    fn from(cursor: &WebhookCursor) -> Self {
        Self {
            name: cursor.name.clone(),
            cursor: cursor.seq.to_string(),
            failures: cursor.failures,
            next_attempt: (cursor.failures > 0).then(|| time(cursor.next_attempt)),
            last_success: cursor.last_success.map(time),
            last_result: cursor.last_result.clone(),
        }
    }
}

/// RFC 3339 in UTC with milliseconds.
pub(super) fn time(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at)
        .map(|at| format!("{at:.3}"))
        .unwrap_or_default()
}
