//! Machine identifiers, the trust of accounts in them, and outstanding captchas.

use serde::{Deserialize, Serialize};

use crate::env::{DAY, Millis};
use crate::store::records::{Kind, Record, RecordType};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[
    RecordType::of::<Machine>(),
    RecordType::of::<Trust>(),
    RecordType::of::<Captcha>(),
];

/// A machine identifier issued here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its public identifier, "mch_…"; the signature is not kept.
    pub id: String,
    /// When it was issued.
    pub issued_at: Millis,
    /// When it was last used in a login or proven.
    pub seen_at: Millis,
    /// When a solved captcha or a successful login made it legal.
    #[serde(default)]
    pub proven_at: Option<Millis>,
}

/// How long a machine that is not used is remembered. Afterwards it is unproven again.
pub const MACHINE_KEPT: Millis = 400 * DAY;
/// How long a machine that was never proven is remembered.
pub const UNPROVEN_KEPT: Millis = 7 * DAY;

impl Record for Machine {
    const KIND: Kind = Kind::Machine;
    type Key = String;

    fn key(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        let kept = if self.proven_at.is_some() {
            MACHINE_KEPT
        } else {
            UNPROVEN_KEPT
        };
        Some(self.seen_at.saturating_add(kept))
    }
}

/// An account's trust in a machine.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// The account.
    pub account: String,
    /// The machine's identifier.
    pub machine: String,
    /// Since when.
    pub since: Millis,
    /// Until when.
    pub until: Millis,
    /// The alert whose answer it came from.
    #[serde(default)]
    pub alert: Option<String>,
}

impl Record for Trust {
    const KIND: Kind = Kind::Trust;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.machine.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.until)
    }
}

/// An outstanding captcha.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captcha {
    /// Its identifier, "cap_…".
    pub id: String,
    /// Keyed hash of its answer with all it is bound to, hexadecimal.
    pub mac: String,
    /// Until when it can be answered.
    pub expires_at: Millis,
}

impl Record for Captcha {
    const KIND: Kind = Kind::Captcha;
    type Key = String;

    fn key(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.expires_at)
    }
}

crate::store::records::no_contents!(
    Machine: issued_at proven_at,
    Trust: since until,
    Captcha: expires_at,
);

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<crate::store::records::Sample> {
    use crate::store::records::Sample;
    let time = 1_790_000_000_000;
    vec![
        Sample::of(Machine {
            id: "mch_sample".into(),
            issued_at: time,
            seen_at: time,
            proven_at: Some(time),
        }),
        Sample::of(Trust {
            account: "alice".into(),
            machine: "mch_sample".into(),
            since: time,
            until: time + 1,
            alert: Some("alr_sample".into()),
        }),
        Sample::of(Captcha {
            id: "cap_sample".into(),
            mac: "00ff".into(),
            expires_at: time,
        }),
    ]
}
