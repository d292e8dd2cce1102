//! How messages are found: by due time, owner, the caller's identifier, day and the platform's identifier.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::OUTBOX_KEPT;
use crate::env::{DAY, Millis};
use crate::store::records::{Kind, Record, RecordType};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[
    RecordType::of::<OutboxDue>(),
    RecordType::of::<OutboxOpen>(),
    RecordType::of::<OutboxDedupe>(),
    RecordType::of::<OutboxDay>(),
    RecordType::of::<SentMessage>(),
];

/// How long the platform's message identifiers are remembered; delivery events come within minutes.
pub const SENT_MESSAGE_KEPT: Millis = 3 * DAY;

/// Which queue of this room a due time belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxLane {
    /// Messages to followers.
    Message,
    /// Calls to the host, as releases before [`CallDue`](super::CallDue) queued them.
    Call,
}

impl OutboxLane {
    /// Its first key part.
    pub const fn number(self) -> u8 {
        match self {
            Self::Message => 0,
            Self::Call => 1,
        }
    }
}

/// The due index: what a worker looks at next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxDue {
    /// Messages or calls.
    pub lane: OutboxLane,
    /// When.
    pub due: Millis,
    /// The entry's or call's identifier.
    pub id: String,
}

impl Record for OutboxDue {
    const KIND: Kind = Kind::OutboxDue;
    type Key = (u8, i64, String);

    fn key(&self) -> Self::Key {
        (self.lane.number(), self.due, self.id.clone())
    }
}

/// The messages of one owner (an account, else an OpenID) that have not ended, and apart from them
/// those of an account that ended but still hold their content for a retry.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxOpen {
    /// "account:ID" or "openid:OFFICIAL_ACCOUNT:OPENID"; "kept:account:ID" once ended.
    pub owner: String,
    /// The entry.
    pub id: String,
    /// When it ended, if it did.
    #[serde(default)]
    pub ended_at: Option<Millis>,
}

impl Record for OutboxOpen {
    const KIND: Kind = Kind::OutboxOpen;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.owner.clone(), self.id.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        self.ended_at.map(|at| at.saturating_add(OUTBOX_KEPT))
    }
}

impl fmt::Debug for OutboxOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutboxOpen({})", self.id)
    }
}

/// Which entry or call a caller's own identifier led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxDedupe {
    /// The caller's identifier.
    pub dedupe: String,
    /// The entry or call.
    pub id: String,
    /// Until when it is remembered.
    pub until: Millis,
}

impl Record for OutboxDedupe {
    const KIND: Kind = Kind::OutboxDedupe;
    type Key = String;

    fn key(&self) -> String {
        self.dedupe.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.until)
    }
}

/// Prompts promised to one account on one day (China Standard Time).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxDay {
    /// The account.
    pub account: String,
    /// Days since 1970-01-01 in UTC+8.
    pub day: i64,
    /// How many.
    pub prompts: u32,
}

impl Record for OutboxDay {
    const KIND: Kind = Kind::OutboxDay;
    type Key = (String, i64);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.day)
    }

    fn expires_at(&self) -> Option<Millis> {
        Some((self.day + 2).saturating_mul(DAY))
    }
}

/// What is known about one of the platform's message identifiers. The delivery event may come
/// before the answer of the send call: then it waits here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentMessage {
    /// Name of the official account.
    pub official_account: String,
    /// The platform's identifier (64 bits, as text).
    pub msgid: String,
    /// When this was written.
    pub at: Millis,
    /// The outbox entry, once its answer was processed.
    #[serde(default)]
    pub entry: Option<String>,
    /// The delivery event's status, once it came.
    #[serde(default)]
    pub finish: Option<String>,
}

impl Record for SentMessage {
    const KIND: Kind = Kind::SentMessage;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.official_account.clone(), self.msgid.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.at.saturating_add(SENT_MESSAGE_KEPT))
    }
}

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<crate::store::records::Sample> {
    use crate::store::records::Sample;
    let time = 1_790_000_000_000;
    vec![
        Sample::of(OutboxDue {
            lane: OutboxLane::Message,
            due: time,
            id: "out_sample".into(),
        }),
        Sample::of(OutboxOpen {
            owner: "account:alice".into(),
            id: "out_sample".into(),
            ended_at: None,
        }),
        Sample::of(OutboxDedupe {
            dedupe: "alert:alr_sample".into(),
            id: "out_sample".into(),
            until: time,
        }),
        Sample::of(OutboxDay {
            account: "alice".into(),
            day: 20_717,
            prompts: 3,
        }),
        Sample::of(SentMessage {
            official_account: "main".into(),
            msgid: "3428411849815982087".into(),
            at: time,
            entry: Some("out_sample".into()),
            finish: None,
        }),
    ]
}
