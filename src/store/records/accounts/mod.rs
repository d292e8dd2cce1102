//! Records of the `accounts` room. Plain data only; what they mean is decided there.

mod bindings;
mod codes;
mod people;

pub use bindings::*;
pub use codes::*;
pub use people::*;

use super::RecordType;

/// What this room adds to the schema, file by file.
pub(crate) const TYPES: &[&[RecordType]] = &[people::TYPES, bindings::TYPES, codes::TYPES];

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<super::Sample> {
    [people::samples(), bindings::samples(), codes::samples()]
        .into_iter()
        .flatten()
        .collect()
}
