//! The record that every batch carries: which commit it is, and when.

use super::engine::Engine;
use super::error::StoreError;
use super::key;
use crate::env::Millis;

/// The record that every batch carries. Kind 0 belongs to the store itself; it is not exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CommitRecord {
    pub(crate) sequence: u64,
    pub(crate) latest: Millis,
}

impl CommitRecord {
    pub(crate) const KEY: [u8; 2] = [key::KEY_FORMAT, 0];

    pub(crate) fn encode(self) -> Vec<u8> {
        [self.sequence.to_be_bytes(), self.latest.to_be_bytes()].concat()
    }

    /// Reads the last commit's record; the default in a new store.
    pub(crate) fn read(engine: &dyn Engine) -> Result<Self, StoreError> {
        let stored = engine
            .get(&Self::KEY)
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Self::decode(stored.as_deref())
    }

    /// From what is stored under [`CommitRecord::KEY`].
    pub(crate) fn decode(stored: Option<&[u8]>) -> Result<Self, StoreError> {
        let Some(bytes) = stored else {
            return Ok(Self::default());
        };
        let corrupt = || StoreError::Corrupt {
            kind: "commit",
            detail: format!("{} bytes instead of 16", bytes.len()),
        };
        let (sequence, latest) = bytes.split_first_chunk::<8>().ok_or_else(corrupt)?;
        Ok(Self {
            sequence: u64::from_be_bytes(*sequence),
            latest: Millis::from_be_bytes(latest.try_into().map_err(|_| corrupt())?),
        })
    }
}
