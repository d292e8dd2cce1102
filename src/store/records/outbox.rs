//! Records of the `outbox` room: outgoing messages, webhook cursors and platform tokens. Plain data only; what they mean is decided there.

use super::RecordType;

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[];

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<super::Sample> {
    vec![]
}
