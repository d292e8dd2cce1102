//! Accounts and whose phone it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::env::Millis;
use crate::store::records::{Kind, Record, RecordType};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] =
    &[RecordType::of::<Account>(), RecordType::of::<PhoneIndex>()];

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// It may log in.
    #[default]
    Active,
    /// It may not log in until an operator changes that. Not the same as a lock.
    Disabled,
}

/// An account of the information system.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The information system's own identifier.
    pub id: String,
    /// The name shown to people.
    pub name: String,
    /// E.164, e.g. `+8613800138000`. Belongs to one account at most.
    #[serde(default)]
    pub phone: Option<String>,
    /// A PHC string (argon2) or a bcrypt hash; none when the system keeps its own passwords.
    #[serde(default)]
    pub password: Option<String>,
    /// Grows with every change of the password; a check that began before a change is void.
    #[serde(default)]
    pub password_version: u64,
    /// Set by an unlock, cleared by a change of the password.
    #[serde(default)]
    pub password_change_required: bool,
    /// IANA name of the zone this account's hours are judged in.
    #[serde(default)]
    pub zone: Option<String>,
    /// Whether it may be used.
    #[serde(default)]
    pub status: AccountStatus,
    /// When it was created here.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
}

impl Account {
    /// One of which nothing is known but who it is and since when.
    pub(crate) fn known_since(id: impl Into<String>, since: Millis) -> Self {
        Self {
            id: id.into(),
            name: String::new(),
            phone: None,
            password: None,
            password_version: 0,
            password_change_required: false,
            zone: None,
            status: AccountStatus::default(),
            created: since,
            updated: since,
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("status", &self.status)
            .field("has_phone", &self.phone.is_some())
            .field("has_password", &self.password.is_some())
            .finish_non_exhaustive()
    }
}

impl Record for Account {
    const KIND: Kind = Kind::Account;
    type Key = String;

    fn key(&self) -> String {
        self.id.clone()
    }
}

/// Whose phone it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneIndex {
    /// E.164.
    pub phone: String,
    /// The one account it belongs to.
    pub account: String,
}

impl Record for PhoneIndex {
    const KIND: Kind = Kind::PhoneIndex;
    type Key = String;

    fn key(&self) -> String {
        self.phone.clone()
    }
}

crate::store::records::no_contents!(PhoneIndex,);

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<crate::store::records::Sample> {
    use crate::store::records::Sample;
    let time = 1_790_000_000_000;
    vec![
        Sample::of(Account {
            id: "alice".into(),
            name: "张三".into(),
            phone: Some("+8613800138000".into()),
            password: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA".into()),
            password_version: 2,
            password_change_required: true,
            zone: Some("Asia/Shanghai".into()),
            status: AccountStatus::Disabled,
            created: time,
            updated: time + 1,
        }),
        Sample::of(PhoneIndex {
            phone: "+8613800138000".into(),
            account: "alice".into(),
        }),
    ]
}
