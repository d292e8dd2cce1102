//! Decisions, kept so that each can be explained later.

use crate::store::records::Decision;
use crate::store::{StoreError, Tx};

/// The longest explanation kept, in bytes; the rest is cut off, and says so.
pub const MAX_EXPLANATION_BYTES: usize = 24 * 1024;
/// The largest JSON of signals kept, in bytes.
const MAX_SIGNALS_BYTES: usize = 24 * 1024;

/// A new decision's identifier.
pub fn id(tx: &mut Tx<'_>) -> String {
    tx.id("dec")
}

/// Writes a decision down. Its identifier comes from [`id`].
pub fn record(tx: &mut Tx<'_>, mut decision: Decision) -> Result<(), StoreError> {
    if decision.explanation.len() > MAX_EXPLANATION_BYTES {
        let mut end = MAX_EXPLANATION_BYTES;
        while !decision.explanation.is_char_boundary(end) {
            end -= 1;
        }
        decision.explanation.truncate(end);
        decision.explanation.push_str("\n…");
    }
    if decision.signals.to_string().len() > MAX_SIGNALS_BYTES {
        decision.signals = serde_json::Value::Null;
    }
    tx.put(&decision)
}

/// A decision.
pub fn get(tx: &mut Tx<'_>, id: &str) -> Result<Option<Decision>, StoreError> {
    tx.get::<Decision>(&id.to_owned())
}
