//! Verification codes, tickets, and the counters of wrong tries and of limits.

use serde::{Deserialize, Serialize};

use crate::env::Millis;
use crate::store::records::{Kind, Record, RecordType};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[
    RecordType::of::<Code>(),
    RecordType::of::<CodeTries>(),
    RecordType::of::<Ticket>(),
    RecordType::of::<WrongCodes>(),
    RecordType::of::<LimitWindow>(),
];

pub use crate::lang::program::CodePurpose;

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

crate::store::records::no_contents!(CodeTries, Ticket, TicketClaim, LimitWindow,);

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<crate::store::records::Sample> {
    use crate::store::records::Sample;
    let time = 1_790_000_000_000;
    vec![
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
