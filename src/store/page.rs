//! Listings in pages: what one page holds, and the place where the next begins.
//!
//! The place is opaque to whoever asks for pages; it is a key, and good for its own listing only.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::codec::MAX_KEY_BYTES;
use super::error::StoreError;

/// Owned records and where to go on.
#[derive(Debug, Clone)]
pub struct Page<R> {
    /// The records, in key order.
    pub items: Vec<R>,
    /// Where the next page begins; `None` when there is nothing more now.
    pub next: Option<Continuation>,
}

/// An opaque place in a listing. As text it is URL-safe; it is good for the listing it came from only.
#[derive(Clone, PartialEq, Eq)]
pub struct Continuation(pub(super) Vec<u8>);

impl fmt::Debug for Continuation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Continuation")
    }
}

impl fmt::Display for Continuation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl std::str::FromStr for Continuation {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        // Four characters carry three bytes; anything longer than a key is not ours.
        if text.len() > MAX_KEY_BYTES * 2 {
            return Err(StoreError::BadContinuation);
        }
        URL_SAFE_NO_PAD
            .decode(text)
            .map(Self)
            .map_err(|_| StoreError::BadContinuation)
    }
}

impl From<Continuation> for String {
    fn from(continuation: Continuation) -> Self {
        continuation.to_string()
    }
}
