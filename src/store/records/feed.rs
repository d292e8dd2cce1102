//! The event feed and the audit log. Both are append-only, numbered without gaps in commit order,
//! and hold no secrets, codes, phones or message text: what goes in here goes out by API and export.

use crate::lang::builtins::FEED_EVENTS;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Kind, Record, RecordType};
use crate::env::{DAY, Millis};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[
    RecordType::of::<FeedEvent>(),
    RecordType::of::<Audit>(),
    RecordType::of::<AuditByAccount>(),
];

/// The counter that numbers feed events.
pub const FEED_COUNTER: &str = "feed";
/// The counter that numbers audit entries.
pub const AUDIT_COUNTER: &str = "audit";

/// How long feed events are kept for those who read the feed. Webhooks give up much earlier.
pub const FEED_KEPT: Millis = 90 * DAY;
/// How long audit entries are kept; must be 180 days at least.
pub const AUDIT_KEPT: Millis = 400 * DAY;

/// Every type of event there is, in the order of the manual, which says what each one holds.
pub const EVENT_TYPES: &[&str] = FEED_EVENTS;

/// A fact to append to the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// The event type, e.g. "account.locked".
    pub kind: String,
    /// The account it is about.
    pub account: Option<String>,
    /// The official account it came through.
    pub official_account: Option<String>,
    /// The event's own fields. Never secrets, codes, phones or message text.
    pub data: Value,
}

impl NewEvent {
    /// An event about nothing in particular.
    pub fn new(kind: impl Into<String>, data: Value) -> Self {
        Self {
            kind: kind.into(),
            account: None,
            official_account: None,
            data,
        }
    }

    /// The same, about `account`.
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// The same, through `official_account`.
    pub fn official_account(mut self, official_account: impl Into<String>) -> Self {
        self.official_account = Some(official_account.into());
        self
    }
}

/// A fact in the feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedEvent {
    /// Its number: 1, 2, 3, … in commit order, without gaps. Also the cursor of readers.
    pub seq: u64,
    /// Its identifier, "evt_…".
    pub id: String,
    /// When the command that stated it ran.
    pub time: Millis,
    /// The event type.
    pub kind: String,
    /// The account it is about.
    #[serde(default)]
    pub account: Option<String>,
    /// The official account it came through.
    #[serde(default)]
    pub official_account: Option<String>,
    /// The event's own fields.
    #[serde(default)]
    pub data: Value,
}

impl Record for FeedEvent {
    const KIND: Kind = Kind::FeedEvent;
    type Key = u64;

    fn key(&self) -> u64 {
        self.seq
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.time.saturating_add(FEED_KEPT))
    }
}

/// An entry to append to the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAudit {
    /// Who: "openid:HASH", "key:NAME", "system" or "operator".
    pub actor: String,
    /// What, e.g. "account.lock".
    pub action: String,
    /// The account it was done to.
    pub account: Option<String>,
    /// The circumstances. Never secrets, codes, phones or message text.
    pub detail: Value,
}

impl NewAudit {
    /// Something done to an account.
    pub fn of_account(actor: &str, action: &str, account: &str, detail: Value) -> Self {
        Self {
            actor: actor.to_owned(),
            action: action.to_owned(),
            account: Some(account.to_owned()),
            detail,
        }
    }
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Its number, in commit order, without gaps.
    pub seq: u64,
    /// When.
    pub time: Millis,
    /// Who, see [`NewAudit::actor`].
    pub actor: String,
    /// What.
    pub action: String,
    /// To which account.
    #[serde(default)]
    pub account: Option<String>,
    /// The circumstances.
    #[serde(default)]
    pub detail: Value,
}

impl Record for Audit {
    const KIND: Kind = Kind::Audit;
    type Key = u64;

    fn key(&self) -> u64 {
        self.seq
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.time.saturating_add(AUDIT_KEPT))
    }
}

/// Which audit entries are about an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditByAccount {
    /// The account.
    pub account: String,
    /// The number of the entry.
    pub seq: u64,
    /// The entry's time.
    pub time: Millis,
}

impl Record for AuditByAccount {
    const KIND: Kind = Kind::AuditByAccount;
    type Key = (String, u64);

    fn key(&self) -> (String, u64) {
        (self.account.clone(), self.seq)
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.time.saturating_add(AUDIT_KEPT))
    }
}

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<super::Sample> {
    let time = 1_790_000_000_000;
    vec![
        super::Sample::of(FeedEvent {
            seq: 41,
            id: "evt_sample".into(),
            time,
            kind: "account.locked".into(),
            account: Some("alice".into()),
            official_account: None,
            data: serde_json::json!({"by": "owner", "count": -3, "rate": 0.5, "list": [1, null]}),
        }),
        super::Sample::of(Audit {
            seq: 42,
            time,
            actor: "system".into(),
            action: "account.lock".into(),
            account: Some("alice".into()),
            detail: Value::Null,
        }),
        super::Sample::of(AuditByAccount {
            account: "alice".into(),
            seq: 42,
            time,
        }),
    ]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use regex::Regex;

    use super::EVENT_TYPES;

    fn source(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["tests", "conformance", "stories"].contains(&name.as_str()) {
                    source(&path, text);
                }
            } else if name.ends_with(".rs") && !name.contains("test") {
                let file = std::fs::read_to_string(&path).unwrap();
                // Tests emit what they like.
                text.push_str(file.split("#[cfg(test)]\nmod ").next().unwrap_or_default());
            }
        }
    }

    #[test]
    fn the_list_of_event_types_is_that_of_the_code_and_of_the_manual() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut text = String::new();
        source(&root.join("src"), &mut text);
        let emitted = Regex::new(r#"(?:NewEvent::new|\bevent)\(\s*"([a-z_]+)""#).unwrap();
        for found in emitted.captures_iter(&text) {
            assert!(
                EVENT_TYPES.contains(&&found[1]),
                "add {} to the list",
                &found[1]
            );
        }
        let manual = std::fs::read_to_string(root.join("docs/operations.md")).unwrap();
        for name in EVENT_TYPES {
            assert!(
                manual.contains(&format!("`{name}`")),
                "the manual lacks {name}"
            );
            let uses = text.matches(&format!("\"{name}\"")).count();
            assert!(uses > 1, "{name} is listed and never emitted");
        }
    }
}
