//! What decides a command's randomness.

use crate::env::Env;

/// What decides all of a command's randomness.
pub(crate) enum Seed<'a> {
    /// This: a second run of the command sees the same.
    Given([u8; 32]),
    /// Drawn from there when something random is first asked for. Most commands that only look never do.
    Of(&'a Env),
}

impl Seed<'_> {
    /// The seed, the same from the first call on.
    pub(super) fn bytes(&mut self) -> [u8; 32] {
        match *self {
            Self::Given(bytes) => bytes,
            Self::Of(env) => {
                let bytes = env.bytes();
                *self = Self::Given(bytes);
                bytes
            }
        }
    }
}
