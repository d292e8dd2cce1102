//! The whole schema in one folder: every persistent record as plain data, one file per owning room.
//!
//! To add a record: give it a number in [`Kind`] (never reused), write the struct in a file of its
//! room, implement [`Record`], add it to the file's `TYPES` and one example to the file's `samples`
//! (the export's round-trip test uses it). Records hold strings, numbers, booleans, lists, maps and
//! options only, hashes as lower-case hex, and never a secret in the clear: everything here is exported.
//! A new field needs `#[serde(default)]`.

use std::sync::LazyLock;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec;
use super::engine::Row;
use super::error::StoreError;
use super::key::{self, Key};
use crate::env::Millis;

/// Writes a `Debug` that shows the named fields only, for records that hold digests of tokens, phones,
/// OpenIDs, addresses or explanations.
macro_rules! no_contents {
    ($($record:ident $(: $($field:ident)+)?),+ $(,)?) => {
        $(impl std::fmt::Debug for $record {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($record))
                    $($(.field(stringify!($field), &self.$field))+)?
                    .finish_non_exhaustive()
            }
        })+
    };
}
pub(crate) use no_contents;

pub mod accounts;
pub mod api;
pub mod bot;
pub mod feed;
pub mod guard;
pub mod meta;
pub mod outbox;

#[allow(unused_imports, reason = "empty until its room has records")]
pub use accounts::*;
#[allow(unused_imports, reason = "empty until its room has records")]
pub use api::*;
#[allow(unused_imports, reason = "empty until its room has records")]
pub use bot::*;
pub use feed::*;
#[allow(unused_imports, reason = "empty until its room has records")]
pub use guard::*;
pub use meta::*;
#[allow(unused_imports, reason = "empty until its room has records")]
pub use outbox::*;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $number:literal $name:literal,)+) => {
        /// One persistent record kind. The number is the second byte of its keys and is never
        /// given to another kind.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $($(#[$doc])* $variant = $number,)+
        }

        impl Kind {
            /// Every kind, by number.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant,)+];

            /// The kind's name in exports and errors.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Kind::$variant => $name,)+
                }
            }

            /// What is written when rules go live: their texts, that they did, the event that says so, and the
            /// numbers of both.
            pub const CHRONICLE: [Kind; 4] =
                [Kind::Counter, Kind::FeedEvent, Kind::DialogSource, Kind::Generation];
        }
    };
}

kinds! {
    /// What this store is: format, flavour, creation.
    StoreInfo = 1 "store_info",
    /// Named gap-free counters.
    Counter = 2 "counter",
    /// The event feed, by sequence number.
    FeedEvent = 3 "feed_event",
    /// The audit log, by number.
    Audit = 4 "audit",
    /// Audit numbers by account.
    AuditByAccount = 5 "audit_by_account",

    /// Accounts of the information system.
    Account = 10 "account",
    /// Phone number to account.
    PhoneIndex = 11 "phone_index",
    /// (official account, OpenID) to account.
    Binding = 12 "binding",
    /// (account, official account) to OpenID.
    AccountBinding = 13 "account_binding",
    /// Verification codes, by account and purpose.
    Code = 14 "code",
    /// Wrong tries by sender and phone.
    CodeTries = 15 "code_tries",
    /// Scan-to-bind tickets.
    Ticket = 16 "ticket",
    /// Bindings of followers who left.
    SuspendedBinding = 17 "suspended_binding",
    /// Wrong codes per official account and hour.
    WrongCodes = 18 "wrong_codes",
    /// Named rate-limit windows.
    LimitWindow = 19 "limit_window",

    /// Machine identifiers.
    Machine = 30 "machine",
    /// Trust of an account in a machine.
    Trust = 31 "trust",
    /// Outstanding captchas.
    Captcha = 32 "captcha",
    /// Sessions by token hash.
    Session = 33 "session",
    /// Sessions by account and start.
    AccountSession = 34 "account_session",
    /// Locks.
    Lock = 35 "lock",
    /// Logins by account and time.
    Login = 36 "login",
    /// Logins by other keys.
    LoginBy = 37 "login_by",
    /// Reported login identifiers and their decisions.
    LoginId = 38 "login_id",
    /// Alerts.
    Alert = 39 "alert",
    /// Alerts by account, open ones first, and number.
    AlertByAccount = 40 "alert_by_account",
    /// Decisions kept for explanation.
    Decision = 41 "decision",
    /// Cool-downs of alert rules.
    CoolDown = 42 "cool_down",
    /// How many logins are kept under a key.
    LoginCount = 43 "login_count",
    /// How often values occur in the logins of the whole system.
    LoginTally = 44 "login_tally",

    /// Dialog states.
    Dialog = 50 "dialog",
    /// Variables kept by rules.
    Variable = 51 "variable",
    /// Tags on senders.
    Tag = 52 "tag",
    /// Senders by official account and OpenID.
    Sender = 53 "sender",
    /// Pushes already worked on.
    Push = 54 "push",
    /// The texts of rule sets that were live.
    DialogSource = 55 "dialog_source",
    /// What is to go on after an I/O action.
    Continuation = 56 "continuation",
    /// Generations of the rule set.
    Generation = 57 "generation",

    /// What must reach someone.
    OutboxEntry = 60 "outbox_entry",
    /// Outbox entries by due time.
    OutboxDue = 61 "outbox_due",
    /// How far each webhook has come in the feed.
    WebhookCursor = 62 "webhook_cursor",
    /// Messages sent, by the platform's identifiers.
    SentMessage = 63 "sent_message",
    /// Access tokens' state.
    AccessToken = 64 "access_token",
    /// Messages that have not ended, by owner.
    OutboxOpen = 65 "outbox_open",
    /// The callers' own identifiers for "the same message".
    OutboxDedupe = 66 "outbox_dedupe",
    /// Prompts by account and day.
    OutboxDay = 67 "outbox_day",
    /// Queued calls to the host.
    HostCall = 68 "host_call",
    /// Calls that have not ended, by name and due time.
    CallDue = 69 "call_due",

    /// API keys.
    ApiKey = 70 "api_key",
    /// Answers kept for repeated requests.
    Idempotency = 71 "idempotency",

    /// Calls that have not ended, by who caused them or whom they are about.
    CallOpen = 72 "call_open",
    /// How many calls of a name have not ended.
    CallCount = 73 "call_count",
}

/// A persistent record. It holds its own key fields, so that an export needs no keys.
pub trait Record: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Which kind it is.
    const KIND: Kind;
    /// A part or a tuple of parts.
    type Key: Key;

    /// The key it is stored under.
    fn key(&self) -> Self::Key;

    /// From when on the sweep may delete it. Readers check for themselves: a record
    /// may stay long after.
    fn expires_at(&self) -> Option<Millis> {
        None
    }
}

/// A record that can be looked at where it lies: what is read by the thousand is not copied.
pub(crate) trait Viewed: Record {
    /// Fields of it, texts borrowed from the stored value.
    type View<'a>: serde::Deserialize<'a>;
}

/// A record kind as seen by export, import and the sweep, without its type.
#[derive(Debug, Clone, Copy)]
pub struct RecordType {
    /// The kind.
    pub kind: Kind,
    /// A stored value as JSON.
    pub(crate) to_json: fn(&[u8]) -> Result<serde_json::Value, StoreError>,
    /// A JSON record as its full key and stored value; the error is the path of the bad field.
    pub(crate) from_json: fn(serde_json::Value) -> Result<Row, String>,
    /// When a stored value expires.
    pub(crate) expires_at: fn(&[u8]) -> Result<Option<Millis>, StoreError>,
}

impl RecordType {
    /// The type-free face of `R`.
    pub const fn of<R: Record>() -> Self {
        Self {
            kind: R::KIND,
            to_json: to_json::<R>,
            from_json: from_json::<R>,
            expires_at: expires_at::<R>,
        }
    }

    /// The kind's name.
    pub const fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// A stored value of this kind, read through its type, as JSON.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for bytes that are no such record, with the field and without its value.
    pub fn json_of(&self, value: &[u8]) -> Result<serde_json::Value, StoreError> {
        (self.to_json)(value)
    }

    /// The stored value of a record given as JSON.
    ///
    /// # Errors
    /// The path of the field that is missing or wrong.
    pub fn value_of(&self, record: serde_json::Value) -> Result<Vec<u8>, String> {
        (self.from_json)(record).map(|(_, value)| value)
    }
}

/// Every record kind that exists so far, by number.
pub fn schema() -> &'static [RecordType] {
    static SCHEMA: LazyLock<Vec<RecordType>> = LazyLock::new(|| {
        let mut all: Vec<RecordType> = [
            [meta::TYPES, feed::TYPES, bot::TYPES, api::TYPES].as_slice(),
            accounts::TYPES,
            guard::TYPES,
            outbox::TYPES,
        ]
        .concat()
        .concat();
        all.sort_by_key(|record| record.kind);
        all
    });
    &SCHEMA
}

fn to_json<R: Record>(value: &[u8]) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(codec::decode::<R>(value)?).map_err(|_| StoreError::Encode {
        kind: R::KIND.name(),
    })
}

fn from_json<R: Record>(json: serde_json::Value) -> Result<Row, String> {
    let record: R =
        serde_path_to_error::deserialize(json).map_err(|error| error.path().to_string())?;
    let value = codec::encode(&record).map_err(|error| error.to_string())?;
    Ok((key::full_key(R::KIND, &record.key()), value))
}

fn expires_at<R: Record>(value: &[u8]) -> Result<Option<Millis>, StoreError> {
    Ok(codec::decode::<R>(value)?.expires_at())
}

/// An example record for the tests that run over the whole schema.
#[cfg(test)]
pub(crate) struct Sample {
    pub(crate) kind: Kind,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

#[cfg(test)]
impl Sample {
    pub(crate) fn of<R: Record>(record: R) -> Self {
        Self {
            kind: R::KIND,
            key: key::full_key(R::KIND, &record.key()),
            value: codec::encode(&record).expect("samples can be stored"),
        }
    }
}

/// The examples of every file.
#[cfg(test)]
pub(crate) fn samples() -> Vec<Sample> {
    [
        meta::samples(),
        feed::samples(),
        accounts::samples(),
        guard::samples(),
        bot::samples(),
        outbox::samples(),
        api::samples(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn kinds_have_their_own_numbers_and_names() {
        let numbers: BTreeSet<u8> = Kind::ALL.iter().map(|kind| *kind as u8).collect();
        let names: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(numbers.len(), Kind::ALL.len());
        assert_eq!(names.len(), Kind::ALL.len());
        assert!(!numbers.contains(&0), "0 belongs to the store itself");
    }

    #[test]
    fn no_kind_is_listed_twice() {
        let kinds: BTreeSet<Kind> = schema().iter().map(|record| record.kind).collect();
        assert_eq!(kinds.len(), schema().len());
    }

    #[test]
    fn every_record_type_has_a_sample() {
        let sampled: BTreeSet<Kind> = samples().iter().map(|sample| sample.kind).collect();
        for record in schema() {
            assert!(
                sampled.contains(&record.kind),
                "add an example {} to `samples` in its records file",
                record.name()
            );
        }
    }
}
