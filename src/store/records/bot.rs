//! What the bot remembers: dialogs, variables, pushes that were answered, rule sources.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Kind, Record, RecordType};
use crate::env::Millis;

pub(crate) const TYPES: &[RecordType] = &[
    RecordType::of::<Dialog>(),
    RecordType::of::<Variable>(),
    RecordType::of::<Push>(),
    RecordType::of::<RuleSource>(),
    RecordType::of::<Continuation>(),
    RecordType::of::<Generation>(),
];

/// A value a dialog or a variable holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "type", content = "value")]
pub enum Stored {
    /// Characters.
    Text(String),
    /// A number.
    Number(f64),
    /// A fraction.
    Percent(f64),
    /// Yes or no.
    YesNo(bool),
    /// E.164.
    Phone(String),
    /// Digits.
    Code(String),
    /// Milliseconds since the epoch.
    Time(i64),
    /// Milliseconds.
    Duration(i64),
    /// Metres.
    Distance(f64),
    /// An address, a network, a machine or an identifier, as text.
    Other(String),
}

/// A running dialog of one follower.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Dialog {
    /// The official account's name.
    pub official_account: String,
    /// Whose.
    pub openid: String,
    /// The dialog's name in the rules.
    pub name: String,
    /// The rule set it was started under: it keeps that text (language law 7).
    pub rules: String,
    /// Slots and parameters that are set.
    pub values: BTreeMap<String, Stored>,
    /// The slot that was asked for last.
    pub asked: String,
    /// Misfits per slot.
    pub misfits: BTreeMap<String, u32>,
    /// When it ends unless answered.
    pub expires_at: Millis,
}

impl Record for Dialog {
    const KIND: Kind = Kind::Dialog;
    type Key = (String, String);
    fn key(&self) -> Self::Key {
        (self.official_account.clone(), self.openid.clone())
    }
    fn expires_at(&self) -> Option<Millis> {
        Some(self.expires_at)
    }
}

impl std::fmt::Debug for Dialog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialog")
            .field("name", &self.name)
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

/// Something `remember` keeps about a follower.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// The official account's name.
    pub official_account: String,
    /// Whose.
    pub openid: String,
    /// Its name in the rules.
    pub name: String,
    /// Its value.
    pub value: Stored,
    /// Until when.
    pub expires_at: Millis,
}

impl Record for Variable {
    const KIND: Kind = Kind::Variable;
    type Key = (String, String, String);
    fn key(&self) -> Self::Key {
        (
            self.official_account.clone(),
            self.openid.clone(),
            self.name.clone(),
        )
    }
    fn expires_at(&self) -> Option<Millis> {
        Some(self.expires_at)
    }
}

/// How far a push has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushState {
    /// Its first half is committed; an answer from outside is awaited (see [`Continuation`]).
    Waiting,
    /// Its reply will go out through the outbox; the platform was told `success`.
    HandedOver,
    /// Done; the reply is stored.
    Done,
}

/// A push with effects, so that a retry replays the first reply.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Push {
    /// The platform's identity of the push, hashed.
    pub id: String,
    /// Digest of the plain body: the same id with another body is refused.
    pub digest: String,
    /// How far it came.
    pub state: PushState,
    /// The plain reply as JSON; sealed anew for each delivery.
    pub reply: Option<String>,
    /// While it waits: the continuation that goes on with it.
    #[serde(default)]
    pub request: Option<String>,
    /// The official account's name, to send the reply when no retry comes.
    pub official_account: String,
    /// Whose.
    pub openid: String,
    /// It bound, locked, unlocked or trusted: its reply must reach the follower.
    pub important: bool,
    /// The reply was written to a connection.
    pub answered: bool,
    /// When the push was taken.
    pub time: Millis,
    /// When it may be forgotten.
    pub expires_at: Millis,
}

impl Record for Push {
    const KIND: Kind = Kind::Push;
    type Key = String;
    fn key(&self) -> Self::Key {
        self.id.clone()
    }
    fn expires_at(&self) -> Option<Millis> {
        Some(self.expires_at)
    }
}

impl std::fmt::Debug for Push {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Push")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

macro_rules! hide_contents {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            /// Contents are personal data.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )+};
}
hide_contents!(Variable, Continuation);

/// A piece of a rule or list file of some generation, so that running dialogs keep their text and
/// earlier generations can be shown and restored. Files are cut into pieces of at most
/// [`RuleSource::PIECE`] bytes because values are bounded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleSource {
    /// The rule set's hash.
    pub rules: String,
    /// The file's path within the folder.
    pub path: String,
    /// The piece's number, from 0.
    pub piece: u32,
    /// Whether it is a list file.
    pub list: bool,
    /// The text.
    pub text: String,
}

impl RuleSource {
    /// Largest piece, in bytes.
    pub const PIECE: usize = 32 * 1024;
}

impl Record for RuleSource {
    const KIND: Kind = Kind::DialogSource;
    type Key = (String, String, u32);
    fn key(&self) -> Self::Key {
        (self.rules.clone(), self.path.clone(), self.piece)
    }
}

/// An event that waits for an answer from outside: what is needed to go on.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Continuation {
    /// The request's identifier, derived from the push: sent again after a crash.
    pub id: String,
    /// The push it belongs to.
    pub push: String,
    /// The rule set that started it.
    pub rules: String,
    /// Where the waiting action stands: file, first byte, last byte.
    pub action: (u32, u32, u32),
    /// `forward`, or `call:NAME`.
    pub target: String,
    /// The request's body as JSON, so that it can be sent again.
    pub request: String,
    /// The official account's name.
    pub official_account: String,
    /// Whose.
    pub openid: String,
    /// Names of the rule's captures or the dialog's slots.
    pub values: BTreeMap<String, Stored>,
    /// Whether the values are a dialog's slots.
    pub in_dialog: bool,
    /// When it was started.
    pub time: Millis,
    /// When it may be forgotten.
    pub expires_at: Millis,
}

impl Record for Continuation {
    const KIND: Kind = Kind::Continuation;
    type Key = String;
    fn key(&self) -> Self::Key {
        self.id.clone()
    }
    fn expires_at(&self) -> Option<Millis> {
        Some(self.expires_at)
    }
}

/// A rule set that was made live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// Counts up over the life of the store.
    pub number: u64,
    /// The rule set.
    pub rules: String,
    /// When.
    pub time: Millis,
    /// The version of Menshen whose checks and stories it passed; empty in records of before.
    #[serde(default)]
    pub version: String,
}

impl Record for Generation {
    const KIND: Kind = Kind::Generation;
    type Key = u64;
    fn key(&self) -> Self::Key {
        self.number
    }
}

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<super::Sample> {
    let values = BTreeMap::from([
        (
            "phone".to_owned(),
            Stored::Phone("+8613800138000".to_owned()),
        ),
        ("times".to_owned(), Stored::Number(2.0)),
        ("sure".to_owned(), Stored::YesNo(true)),
    ]);
    vec![
        super::Sample::of(Dialog {
            official_account: "main".into(),
            openid: "o1".into(),
            name: "binding".into(),
            rules: "00".into(),
            values: values.clone(),
            asked: "code".into(),
            misfits: BTreeMap::from([("code".to_owned(), 1)]),
            expires_at: 1_790_000_600_000,
        }),
        super::Sample::of(Variable {
            official_account: "main".into(),
            openid: "o1".into(),
            name: "nickname".into(),
            value: Stored::Text("老王".into()),
            expires_at: 1_790_000_600_000,
        }),
        super::Sample::of(Push {
            id: "aa".into(),
            digest: "bb".into(),
            state: PushState::Done,
            reply: Some("{}".into()),
            request: None,
            official_account: "main".into(),
            openid: "o1".into(),
            important: true,
            answered: false,
            time: 1_790_000_000_000,
            expires_at: 1_790_000_600_000,
        }),
        super::Sample::of(RuleSource {
            rules: "00".into(),
            path: "binding.rules".into(),
            piece: 0,
            list: false,
            text: "# 绑定".into(),
        }),
        super::Sample::of(Continuation {
            id: "req_1".into(),
            push: "aa".into(),
            rules: "00".into(),
            action: (0, 1, 2),
            target: "forward".into(),
            request: "{}".into(),
            official_account: "main".into(),
            openid: "o1".into(),
            values,
            in_dialog: false,
            time: 1_790_000_000_000,
            expires_at: 1_790_000_600_000,
        }),
        super::Sample::of(Generation {
            number: 1,
            rules: "00".into(),
            time: 1_790_000_000_000,
            version: "0.1.0".into(),
        }),
    ]
}
