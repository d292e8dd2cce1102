//! Records of the `accounts` room: accounts, codes, tickets and bindings. Plain data only; what they mean is decided there.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Kind, Record, RecordType};
use crate::env::Millis;

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[
    RecordType::of::<Account>(),
    RecordType::of::<PhoneIndex>(),
    RecordType::of::<Binding>(),
    RecordType::of::<AccountBinding>(),
    RecordType::of::<Code>(),
    RecordType::of::<CodeTries>(),
    RecordType::of::<Ticket>(),
    RecordType::of::<SuspendedBinding>(),
    RecordType::of::<WrongCodes>(),
    RecordType::of::<LimitWindow>(),
];

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

/// Which account an OpenID stands for. Exists only while the binding is in force.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The official account's name in the configuration.
    pub official_account: String,
    /// The follower.
    pub openid: String,
    /// The account.
    pub account: String,
    /// Since when.
    pub bound_at: Millis,
}

impl Record for Binding {
    const KIND: Kind = Kind::Binding;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.official_account.clone(), self.openid.clone())
    }
}

/// What has become of a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "is")]
pub enum BindingState {
    /// In force.
    Active,
    /// The follower left; it comes back when they do before `until`.
    Suspended {
        /// When it ends for good.
        until: Millis,
    },
    /// Over. Kept for a while, so that the old OpenID can be told of a rebinding.
    Ended {
        /// When it ended.
        at: Millis,
    },
}

/// The present or last OpenID of an account within one official account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountBinding {
    /// The account.
    pub account: String,
    /// The official account's name in the configuration.
    pub official_account: String,
    /// The follower.
    pub openid: String,
    /// Since when.
    pub bound_at: Millis,
    /// Whether it is in force.
    pub state: BindingState,
}

/// How long an ended binding is remembered, so that the old OpenID can be told of a rebinding.
pub const ENDED_BINDING_KEPT: Millis = 90 * crate::env::DAY;

impl Record for AccountBinding {
    const KIND: Kind = Kind::AccountBinding;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.official_account.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        match self.state {
            BindingState::Active => None,
            BindingState::Suspended { until } => Some(until.saturating_add(ENDED_BINDING_KEPT)),
            BindingState::Ended { at } => Some(at.saturating_add(ENDED_BINDING_KEPT)),
        }
    }
}

/// The binding of a follower who left.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspendedBinding {
    /// The official account's name in the configuration.
    pub official_account: String,
    /// The follower who left.
    pub openid: String,
    /// The account.
    pub account: String,
    /// Since when it was bound.
    pub bound_at: Millis,
    /// When the follower left.
    pub suspended_at: Millis,
    /// When it ends for good.
    pub until: Millis,
}

impl Record for SuspendedBinding {
    const KIND: Kind = Kind::SuspendedBinding;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.official_account.clone(), self.openid.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.until)
    }
}

/// What a code is good for; for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodePurpose {
    /// Binding an OpenID to the account.
    Bind,
    /// Taking a binding away.
    Unbind,
    /// Lifting a lock.
    Unlock,
}

impl CodePurpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Bind, Self::Unbind, Self::Unlock];

    /// The purpose's name in keys and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Unbind => "unbind",
            Self::Unlock => "unlock",
        }
    }
}

/// The outstanding verification code of an account for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The account.
    pub account: String,
    /// What it is good for.
    pub purpose: CodePurpose,
    /// Keyed hash, hexadecimal.
    pub mac: String,
    /// When it was issued.
    pub issued_at: Millis,
    /// From when on it is worth nothing.
    pub expires_at: Millis,
    /// Wrong tries from everyone together.
    pub wrong: u32,
    /// The code this one replaced, while that would still have been good.
    #[serde(default)]
    pub replaced: Option<ReplacedCode>,
}

/// A code that was just replaced by another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedCode {
    /// Keyed hash, hexadecimal.
    pub mac: String,
    /// Until when it would have been good.
    pub expires_at: Millis,
}

impl Record for Code {
    const KIND: Kind = Kind::Code;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.purpose.name().to_owned())
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.expires_at)
    }
}

/// The wrong tries of one sender for one phone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeTries {
    /// The official account's name in the configuration.
    pub official_account: String,
    /// The sender.
    pub openid: String,
    /// Keyed hash of the phone, hexadecimal; the same for phones nobody has.
    pub subject: String,
    /// Wrong tries so far.
    pub wrong: u32,
    /// When the count starts anew, or the block ends.
    pub until: Millis,
}

impl Record for CodeTries {
    const KIND: Kind = Kind::CodeTries;
    type Key = (String, String, String);

    fn key(&self) -> Self::Key {
        (
            self.official_account.clone(),
            self.openid.clone(),
            self.subject.clone(),
        )
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.until)
    }
}

/// A scan-to-bind ticket.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Digest of the ticket, hexadecimal.
    pub hash: String,
    /// The account it is for.
    pub account: String,
    /// When it was issued.
    pub issued_at: Millis,
    /// Until when it can be scanned, or, once scanned, used to bind.
    pub expires_at: Millis,
    /// Who scanned it.
    #[serde(default)]
    pub claim: Option<TicketClaim>,
    /// Wrong phones given with it.
    #[serde(default)]
    pub wrong: u32,
}

/// The first scan of a ticket.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketClaim {
    /// The official account's name in the configuration.
    pub official_account: String,
    /// Who scanned.
    pub openid: String,
    /// When.
    pub at: Millis,
}

impl Record for Ticket {
    const KIND: Kind = Kind::Ticket;
    type Key = String;

    fn key(&self) -> String {
        self.hash.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.expires_at)
    }
}

/// Wrong codes in one official account within one hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongCodes {
    /// The official account's name in the configuration.
    pub official_account: String,
    /// The hour's beginning.
    pub hour: Millis,
    /// How many.
    pub count: u32,
}

impl Record for WrongCodes {
    const KIND: Kind = Kind::WrongCodes;
    type Key = (String, Millis);

    fn key(&self) -> Self::Key {
        (self.official_account.clone(), self.hour)
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.hour.saturating_add(2 * crate::env::HOUR))
    }
}

/// A counter that starts anew when its window is over.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitWindow {
    /// What is limited.
    pub name: String,
    /// For whom: an address, an account.
    pub subject: String,
    /// How often so far.
    pub count: u32,
    /// When the window is over.
    pub until: Millis,
}

impl Record for LimitWindow {
    const KIND: Kind = Kind::LimitWindow;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.name.clone(), self.subject.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.until)
    }
}

macro_rules! no_contents {
    ($($record:ident),+ $(,)?) => {
        $(impl fmt::Debug for $record {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($record)).finish_non_exhaustive()
            }
        })+
    };
}

// They hold phones, OpenIDs or addresses.
no_contents!(
    PhoneIndex,
    Binding,
    AccountBinding,
    SuspendedBinding,
    CodeTries,
    Ticket,
    TicketClaim,
    LimitWindow,
);

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<super::Sample> {
    use super::Sample;
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
        Sample::of(Binding {
            official_account: "main".into(),
            openid: "o-sample".into(),
            account: "alice".into(),
            bound_at: time,
        }),
        Sample::of(AccountBinding {
            account: "alice".into(),
            official_account: "main".into(),
            openid: "o-sample".into(),
            bound_at: time,
            state: BindingState::Suspended { until: time + 1 },
        }),
        Sample::of(SuspendedBinding {
            official_account: "main".into(),
            openid: "o-sample".into(),
            account: "alice".into(),
            bound_at: time,
            suspended_at: time + 1,
            until: time + 2,
        }),
        Sample::of(Code {
            account: "alice".into(),
            purpose: CodePurpose::Unlock,
            mac: "00ff".into(),
            issued_at: time,
            expires_at: time + 1,
            wrong: 3,
            replaced: Some(ReplacedCode {
                mac: "ff00".into(),
                expires_at: time,
            }),
        }),
        Sample::of(CodeTries {
            official_account: "main".into(),
            openid: "o-sample".into(),
            subject: "abcd".into(),
            wrong: 4,
            until: time,
        }),
        Sample::of(Ticket {
            hash: "abcd".into(),
            account: "alice".into(),
            issued_at: time,
            expires_at: time + 1,
            claim: Some(TicketClaim {
                official_account: "main".into(),
                openid: "o-sample".into(),
                at: time,
            }),
            wrong: 1,
        }),
        Sample::of(WrongCodes {
            official_account: "main".into(),
            hour: time,
            count: 9,
        }),
        Sample::of(LimitWindow {
            name: "machines".into(),
            subject: "192.0.2.1".into(),
            count: 3,
            until: time,
        }),
    ]
}
