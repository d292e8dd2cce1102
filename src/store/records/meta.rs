//! Records about the store itself: what it is, and its counters.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Kind, Record, RecordType};
use crate::env::Millis;

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] =
    &[RecordType::of::<StoreInfo>(), RecordType::of::<Counter>()];

/// The newest store format this program knows.
pub const STORE_FORMAT: u32 = 1;

/// Whether a store holds play or the real thing. They never mix: `serve` refuses a dev store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavour {
    /// Made by `menshen dev`, or in memory.
    Dev,
    /// Made by `menshen init`.
    Production,
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Flavour::Dev => "dev",
            Flavour::Production => "production",
        })
    }
}

/// What this store is. One per store, written at creation. Not part of exports' records (the
/// header says it), and never replaced by an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreInfo {
    /// The schema's format, [`STORE_FORMAT`] at creation or after migration.
    pub format: u32,
    /// When it was created.
    pub created: Millis,
    /// Dev or production.
    pub flavour: Flavour,
    /// An import has begun and not ended: the store is not whole and does not open.
    #[serde(default)]
    pub importing: bool,
}

impl Record for StoreInfo {
    const KIND: Kind = Kind::StoreInfo;
    type Key = ();

    fn key(&self) {}
}

/// The last number given out under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// The counter's name, e.g. "feed".
    pub name: String,
    /// The last number given out; the next is one more.
    pub last: u64,
}

impl Record for Counter {
    const KIND: Kind = Kind::Counter;
    type Key = String;

    fn key(&self) -> String {
        self.name.clone()
    }
}

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<super::Sample> {
    vec![
        super::Sample::of(StoreInfo {
            format: STORE_FORMAT,
            created: 1_790_000_000_000,
            flavour: Flavour::Dev,
            importing: false,
        }),
        super::Sample::of(Counter {
            name: "sample".into(),
            last: 7,
        }),
    ]
}
