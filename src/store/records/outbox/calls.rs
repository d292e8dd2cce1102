//! Queued calls to the host and how far webhooks have come.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::OUTBOX_KEPT;
use crate::env::Millis;
use crate::store::records::{Kind, Record, RecordType};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[
    RecordType::of::<HostCall>(),
    RecordType::of::<CallDue>(),
    RecordType::of::<CallOpen>(),
    RecordType::of::<CallCount>(),
    RecordType::of::<WebhookCursor>(),
];

/// Where a queued host call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostCallState {
    /// Waits for its due time.
    Queued,
    /// Claimed until its due time (the lease). Afterwards it runs again: calls may run twice.
    Running,
    /// Ended: the host answered.
    Done,
    /// Ended: given up.
    Failed,
}

impl HostCallState {
    /// Whether nothing happens to the call any more.
    pub const fn ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

/// A call to the host that a rule queued (`call NAME`).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct HostCall {
    /// Its identifier, "cal_…"; the same on every attempt.
    pub id: String,
    /// When it was queued.
    pub created: Millis,
    /// The name in `[calls.NAME]` or of the registered action.
    pub name: String,
    /// The account it is about.
    #[serde(default)]
    pub account: Option<String>,
    /// Name of the official account.
    #[serde(default)]
    pub official_account: Option<String>,
    /// What the host gets; null once ended.
    pub payload: Value,
    /// Whether a follower's message or event caused it, and no login or alert.
    #[serde(default)]
    pub follower: bool,
    /// Under whom it is found while it has not ended, see [`CallOpen`].
    #[serde(default)]
    pub owner: Option<String>,
    /// Where it stands.
    pub state: HostCallState,
    /// When a worker looks at it next; none once ended.
    #[serde(default)]
    pub due: Option<Millis>,
    /// How often it was claimed.
    #[serde(default)]
    pub attempts: u32,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<Millis>,
    /// Why the last attempt failed: a word, never the host's text.
    #[serde(default)]
    pub error: Option<String>,
}

impl Record for HostCall {
    const KIND: Kind = Kind::HostCall;
    type Key = String;

    fn key(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        self.ended_at.map(|at| at.saturating_add(OUTBOX_KEPT))
    }
}

impl fmt::Debug for HostCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostCall")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// A call that has not ended, by name and due time. Releases before this record kept it under
/// [`OutboxDue`](super::OutboxDue) with all others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallDue {
    /// NAME.
    pub name: String,
    /// Whether a follower caused it; the others come first.
    pub follower: bool,
    /// When it is looked at next.
    pub due: Millis,
    /// The call.
    pub id: String,
}

impl Record for CallDue {
    const KIND: Kind = Kind::CallDue;
    type Key = (String, bool, i64, String);

    fn key(&self) -> Self::Key {
        (self.name.clone(), self.follower, self.due, self.id.clone())
    }
}

/// A call that has not ended, by who caused it or whom it is about.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallOpen {
    /// "account:ID" or "openid:OFFICIAL_ACCOUNT:OPENID" of the follower who caused it; "about:ID" for an
    /// account whose login or alert did.
    pub owner: String,
    /// NAME.
    pub name: String,
    /// The call.
    pub id: String,
}

impl Record for CallOpen {
    const KIND: Kind = Kind::CallOpen;
    type Key = (String, String, String);

    fn key(&self) -> Self::Key {
        (self.owner.clone(), self.name.clone(), self.id.clone())
    }
}

impl fmt::Debug for CallOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallOpen({} {})", self.name, self.id)
    }
}

/// How many calls of a name have not ended; there is none for 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCount {
    /// NAME.
    pub name: String,
    /// All of them.
    pub waiting: u64,
    /// Those that followers caused.
    pub of_followers: u64,
}

impl Record for CallCount {
    const KIND: Kind = Kind::CallCount;
    type Key = String;

    fn key(&self) -> String {
        self.name.clone()
    }
}

/// How far one webhook endpoint has come in the feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookCursor {
    /// The endpoint's name in the configuration.
    pub name: String,
    /// The last event it took or does not want.
    pub seq: u64,
    /// Failures in a row on the event after it.
    #[serde(default)]
    pub failures: u32,
    /// Not tried before this moment.
    #[serde(default)]
    pub next_attempt: Millis,
    /// When it took an event last.
    #[serde(default)]
    pub last_success: Option<Millis>,
    /// The last answer's status, or a word for why there was none.
    #[serde(default)]
    pub last_result: Option<String>,
}

impl Record for WebhookCursor {
    const KIND: Kind = Kind::WebhookCursor;
    type Key = String;

    fn key(&self) -> String {
        self.name.clone()
    }
}

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<crate::store::records::Sample> {
    use crate::store::records::Sample;
    let time = 1_790_000_000_000;
    vec![
        Sample::of(HostCall {
            id: "cal_sample".into(),
            created: time,
            name: "security_desk".into(),
            account: None,
            official_account: Some("main".into()),
            payload: serde_json::json!({"alert": "alr_sample"}),
            follower: false,
            owner: None,
            state: HostCallState::Queued,
            due: Some(time),
            attempts: 0,
            ended_at: None,
            error: None,
        }),
        Sample::of(CallDue {
            name: "security_desk".into(),
            follower: false,
            due: time,
            id: "cal_sample".into(),
        }),
        Sample::of(CallOpen {
            owner: "about:alice".into(),
            name: "security_desk".into(),
            id: "cal_sample".into(),
        }),
        Sample::of(CallCount {
            name: "security_desk".into(),
            waiting: 3,
            of_followers: 2,
        }),
        Sample::of(WebhookCursor {
            name: "erp".into(),
            seq: 41,
            failures: 1,
            next_attempt: time,
            last_success: None,
            last_result: Some("503".into()),
        }),
    ]
}
