//! Decisions, kept so that each can be explained later.

use crate::store::records::{Decision, SignalView};
use crate::store::{StoreError, Tx};

/// The longest explanation kept, in bytes; the rest is cut off, and says so.
pub const MAX_EXPLANATION_BYTES: usize = 24 * 1024;
/// The largest signals kept, in bytes; of more, none.
const MAX_SIGNALS_BYTES: usize = 24 * 1024;
/// What the names of a signal's fields take.
const SIGNAL_FRAME: usize = 64;

/// A new decision's identifier.
pub fn id(tx: &mut Tx<'_>) -> String {
    tx.id("dec")
}

/// Writes a decision down. Its identifier comes from [`id`].
pub fn record(tx: &mut Tx<'_>, decision: Decision) -> Result<(), StoreError> {
    tx.put(&bounded(decision))
}

/// The same for a decision that `make` puts together beside the next commands.
pub(crate) fn record_later(
    tx: &mut Tx<'_>,
    id: &str,
    make: impl FnOnce() -> Decision + Send + 'static,
) -> Result<(), StoreError> {
    tx.put_later::<Decision>(&id.to_owned(), move || bounded(make()))
}

/// What is kept of a decision.
fn bounded(mut decision: Decision) -> Decision {
    if decision.explanation.len() > MAX_EXPLANATION_BYTES {
        let mut end = MAX_EXPLANATION_BYTES;
        while !decision.explanation.is_char_boundary(end) {
            end -= 1;
        }
        decision.explanation.truncate(end);
        decision.explanation.push_str("\n…");
    }
    if decision.signals.iter().map(size).sum::<usize>() > MAX_SIGNALS_BYTES {
        decision.signals = Vec::new();
    }
    decision
}

/// About the bytes that a signal takes.
fn size(signal: &SignalView) -> usize {
    let values = signal
        .values
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4);
    let missing = signal.missing.iter().map(|name| name.len() + 2);
    let names = signal.name.len() + signal.title.len() + signal.state.len();
    SIGNAL_FRAME + names + values.chain(missing).sum::<usize>()
}

/// A decision.
pub fn get(tx: &mut Tx<'_>, id: &str) -> Result<Option<Decision>, StoreError> {
    tx.get::<Decision>(&id.to_owned())
}
