//! How often values occur in the logins of the whole system.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::env::Millis;
use crate::store::records::{Kind, Record, RecordType};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[RecordType::of::<LoginTally>()];

/// Days counted in one record.
pub const TALLY_DAYS: i64 = 32;

/// Counts of one value over [`TALLY_DAYS`] days.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginTally {
    /// The field, e.g. "asn"; "all" for all logins.
    pub field: String,
    /// The value; empty for all logins.
    pub value: String,
    /// Which days: the UTC day counted from 1970, divided by [`TALLY_DAYS`].
    pub block: i64,
    /// Successful logins nobody answered with 锁定, day by day; missing days have none.
    pub counts: Vec<u32>,
    /// Until when this is kept.
    pub kept_until: Millis,
}

impl Record for LoginTally {
    const KIND: Kind = Kind::LoginTally;
    type Key = (String, String, i64);

    fn key(&self) -> Self::Key {
        (self.field.clone(), self.value.clone(), self.block)
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.kept_until)
    }
}

impl fmt::Debug for LoginTally {
    /// Never the value: it may be an address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginTally")
            .field("field", &self.field)
            .field("block", &self.block)
            .finish_non_exhaustive()
    }
}

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<crate::store::records::Sample> {
    vec![crate::store::records::Sample::of(LoginTally {
        field: "asn".into(),
        value: "4134".into(),
        block: 640,
        counts: vec![0, 3, 1],
        kept_until: 1_790_000_000_001,
    })]
}
