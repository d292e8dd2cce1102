//! What is known about reaching a follower.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::env::Millis;
use crate::store::records::{Kind, Record, RecordType, Viewed};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[RecordType::of::<Contact>()];

/// What is known about reaching one OpenID: whether it follows, and the windows in which the
/// platform takes customer-service messages for it (protocol: customer-service message, quota table).
/// What it has none of is not written: it is read at every push.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Name of the official account.
    pub official_account: String,
    /// The OpenID in it.
    pub openid: String,
    /// Whether it follows, as far as pushes and answers of the platform tell.
    pub followed: bool,
    /// When it was first seen.
    pub first_seen: Millis,
    /// When it followed last, if that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followed_at: Option<Millis>,
    /// When it left last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfollowed_at: Option<Millis>,
    /// When it wrote last; opens the 48-hour window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message_at: Option<Millis>,
    /// Customer-service messages spent in that window.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sent_since_message: u32,
    /// Until when a click, scan or follow lets messages through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_window_until: Option<Millis>,
    /// Customer-service messages spent in that window.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sent_in_event: u32,
    /// The language its client reported, e.g. "zh_CN".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Tags given by rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// What of a [`Contact`] every message asks for.
#[derive(Clone, Copy, Deserialize)]
pub(crate) struct ContactView {
    /// Whether it follows.
    pub followed: bool,
    /// When it wrote last.
    #[serde(default)]
    pub last_message_at: Option<Millis>,
    /// Customer-service messages spent since.
    #[serde(default)]
    pub sent_since_message: u32,
}

impl Viewed for Contact {
    type View<'a> = ContactView;
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Record for Contact {
    const KIND: Kind = Kind::Sender;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.official_account.clone(), self.openid.clone())
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact")
            .field("official_account", &self.official_account)
            .field("followed", &self.followed)
            .field("last_message_at", &self.last_message_at)
            .field("event_window_until", &self.event_window_until)
            .finish_non_exhaustive()
    }
}

/// One of a contact's two windows for customer-service messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactWindow {
    /// Opened by a message, 48 hours.
    Message,
    /// Opened by a click, scan or follow, one minute.
    Event,
}

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<crate::store::records::Sample> {
    use crate::env::DAY;
    use crate::store::records::Sample;
    let time = 1_790_000_000_000;
    vec![Sample::of(Contact {
        official_account: "main".into(),
        openid: "oSample".into(),
        followed: true,
        first_seen: time,
        followed_at: Some(time),
        unfollowed_at: None,
        last_message_at: Some(time + DAY),
        sent_since_message: 2,
        event_window_until: None,
        sent_in_event: 0,
        language: Some("zh_CN".into()),
        tags: vec!["员工".into()],
    })]
}
