//! Sessions and locks.

use serde::{Deserialize, Serialize};

use crate::env::{DAY, Millis};
use crate::store::records::{Kind, Record, RecordType};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[
    RecordType::of::<Session>(),
    RecordType::of::<AccountSession>(),
    RecordType::of::<Lock>(),
];

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The account was locked.
    Locked,
    /// The user or the information system ended it.
    Revoked,
    /// The password was changed.
    PasswordChanged,
    /// The account was disabled or deleted.
    AccountClosed,
    /// A newer session took its place: too many at once.
    Displaced,
    /// A rule ended it.
    LoggedOff,
}

impl SessionEnd {
    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Revoked => "revoked",
            Self::PasswordChanged => "password_changed",
            Self::AccountClosed => "account_closed",
            Self::Displaced => "displaced",
            Self::LoggedOff => "logged_off",
        }
    }
}

/// A session, ended or not. Found by the digest of its token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Digest of the token, hexadecimal; of account and reported identifier for reported sessions.
    pub hash: String,
    /// Its public identifier, "ses_…", or the information system's own for reported sessions.
    pub id: String,
    /// The account.
    pub account: String,
    /// The machine's identifier.
    #[serde(default)]
    pub machine: Option<String>,
    /// The address it was started from.
    #[serde(default)]
    pub ip: Option<String>,
    /// Through what: web, app, …
    #[serde(default)]
    pub channel: Option<String>,
    /// Kept by the information system; there is no token for it here.
    #[serde(default)]
    pub reported: bool,
    /// When it was started.
    pub started: Millis,
    /// Until when it lasts.
    pub expires_at: Millis,
    /// When and why it ended before that.
    #[serde(default)]
    pub ended: Option<(Millis, SessionEnd)>,
}

/// How long an ended or expired session is remembered, so that its identifier never revives.
pub const SESSION_KEPT: Millis = 90 * DAY;

impl Record for Session {
    const KIND: Kind = Kind::Session;
    type Key = String;

    fn key(&self) -> String {
        self.hash.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.expires_at.saturating_add(SESSION_KEPT))
    }
}

/// The sessions of an account that were not ended, oldest first.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSession {
    /// The account.
    pub account: String,
    /// When it was started.
    pub started: Millis,
    /// Digest of the token.
    pub hash: String,
    /// Until when it lasts.
    pub expires_at: Millis,
}

impl Record for AccountSession {
    const KIND: Kind = Kind::AccountSession;
    type Key = (String, Millis, String);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.started, self.hash.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.expires_at)
    }
}

/// Who locked an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockedBy {
    /// The owner, from the chat; the value is the audit log's name for the OpenID.
    Owner(String),
    /// An operator or the information system; the value is who in the audit log's words.
    Operator(String),
    /// A rule.
    Rule(String),
}

/// A lock. Lives apart from the account and outlives it and its bindings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The account.
    pub account: String,
    /// Who locked first.
    pub by: LockedBy,
    /// An operator has locked too, or first: the chat cannot undo it.
    pub operator: bool,
    /// Why, in the words of who locked.
    #[serde(default)]
    pub reason: Option<String>,
    /// When.
    pub at: Millis,
    /// How many sessions it ended.
    pub sessions_ended: u32,
    /// The alerts it answered.
    #[serde(default)]
    pub alerts: Vec<String>,
    /// The machines of those alerts: unlocking takes trust from them.
    #[serde(default)]
    pub machines: Vec<String>,
}

impl Record for Lock {
    const KIND: Kind = Kind::Lock;
    type Key = String;

    fn key(&self) -> String {
        self.account.clone()
    }
}

crate::store::records::no_contents!(
    Session: started ended,
    AccountSession: started,
);

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<crate::store::records::Sample> {
    use crate::store::records::Sample;
    let time = 1_790_000_000_000;
    vec![
        Sample::of(Session {
            hash: "00ff".into(),
            id: "ses_sample".into(),
            account: "alice".into(),
            machine: Some("mch_sample".into()),
            ip: Some("192.0.2.1".into()),
            channel: Some("web".into()),
            reported: false,
            started: time,
            expires_at: time + 1,
            ended: Some((time, SessionEnd::Locked)),
        }),
        Sample::of(AccountSession {
            account: "alice".into(),
            started: time,
            hash: "00ff".into(),
            expires_at: time + 1,
        }),
        Sample::of(Lock {
            account: "alice".into(),
            by: LockedBy::Owner("openid:00ff".into()),
            operator: true,
            reason: Some("异常登录".into()),
            at: time,
            sessions_ended: 2,
            alerts: vec!["alr_sample".into()],
            machines: vec!["mch_sample".into()],
        }),
    ]
}
