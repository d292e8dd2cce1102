//! Which OpenID stands for which account.

use serde::{Deserialize, Serialize};

use crate::env::Millis;
use crate::store::records::{Kind, Record, RecordType};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[
    RecordType::of::<Binding>(),
    RecordType::of::<AccountBinding>(),
    RecordType::of::<SuspendedBinding>(),
];

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

/// How long a resting binding outlives its time at most: whoever ends it says so in the feed, and a
/// process that was down must find it. Readers look at `until`.
pub const SUSPENDED_BINDING_KEPT: Millis = 90 * crate::env::DAY;

impl Record for SuspendedBinding {
    const KIND: Kind = Kind::SuspendedBinding;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.official_account.clone(), self.openid.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.until.saturating_add(SUSPENDED_BINDING_KEPT))
    }
}

crate::store::records::no_contents!(Binding, AccountBinding, SuspendedBinding,);

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<crate::store::records::Sample> {
    use crate::store::records::Sample;
    let time = 1_790_000_000_000;
    vec![
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
    ]
}
