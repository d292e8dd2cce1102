//! Records of the `guard` room. Plain data only; what they mean is decided there.

mod alerts;
mod logins;
mod machines;
mod sessions;
mod tallies;

pub use alerts::*;
pub use logins::*;
pub use machines::*;
pub use sessions::*;
pub use tallies::*;

use super::RecordType;

/// What this room adds to the schema, file by file.
pub(crate) const TYPES: &[&[RecordType]] = &[
    machines::TYPES,
    sessions::TYPES,
    logins::TYPES,
    alerts::TYPES,
    tallies::TYPES,
];

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<super::Sample> {
    [
        machines::samples(),
        sessions::samples(),
        logins::samples(),
        alerts::samples(),
        tallies::samples(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
