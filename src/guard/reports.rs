//! Logins the information system reports under identifiers of its own: the same report again is
//! answered as before, another body under the same identifier is refused.

use sha2::{Digest as _, Sha256};

use crate::store::records::LoginId;
use crate::store::{StoreError, Tx};

/// The longest identifier of a report, in bytes. It is part of a key.
pub const MAX_ID_BYTES: usize = 200;

/// Whether a report is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is; [`note`] it in the same command.
    New,
    /// It was reported before; this decision was answered.
    Same {
        /// The decision.
        decision: String,
    },
    /// Something else was reported under this identifier. (409)
    Conflict,
}

/// Looks a report up. `digest` is [`digest`] of its canonical body.
pub fn known(tx: &mut Tx<'_>, id: &str, digest: &str) -> Result<Known, StoreError> {
    Ok(match tx.get::<LoginId>(&id.to_owned())? {
        None => Known::New,
        Some(row) if row.digest == digest => Known::Same {
            decision: row.decision,
        },
        Some(_) => Known::Conflict,
    })
}

/// Notes a report and the decision it got.
pub fn note(tx: &mut Tx<'_>, id: &str, digest: &str, decision: &str) -> Result<(), StoreError> {
    let at = tx.now();
    tx.put(&LoginId {
        id: id.to_owned(),
        digest: digest.to_owned(),
        decision: decision.to_owned(),
        at,
    })
}

/// SHA-256 of a body, hexadecimal.
pub fn digest(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}
