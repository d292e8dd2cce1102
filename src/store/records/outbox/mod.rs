//! Records of the `outbox` room. Plain data only; what they mean is decided in `outbox`. No `Debug` here shows an OpenID or text.

mod calls;
mod contacts;
mod entries;
mod queues;

pub use calls::*;
pub use contacts::*;
pub use entries::*;
pub use queues::*;

use super::RecordType;

/// What this room adds to the schema, file by file.
pub(crate) const TYPES: &[&[RecordType]] =
    &[contacts::TYPES, entries::TYPES, queues::TYPES, calls::TYPES];

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<super::Sample> {
    [
        contacts::samples(),
        entries::samples(),
        queues::samples(),
        calls::samples(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
