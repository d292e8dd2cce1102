//! The platform's signature: `lowercase_hex(sha1(concat(sort(parts))))`.
//!
//! Parts are compared and joined as the strings they arrived as, never as numbers: a timestamp or
//! nonce with a leading zero would change. Checks take constant time. Nothing here reads a clock.

use std::fmt;
use std::sync::Arc;

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The Token of an official account's server configuration. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct Token(Arc<Zeroizing<String>>);

impl Token {
    /// Wraps the token's text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Arc::new(Zeroizing::new(text.into())))
    }

    /// The token's text; for signing only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The most parts that the protocol signs besides the token.
const USUAL_PARTS: usize = 3;

/// The signature of `token` and `parts`, 40 lowercase hex digits.
///
/// Parts are `[timestamp, nonce]` for `signature` and `[timestamp, nonce, Encrypt]` for
/// `msg_signature`. (Protocol: server configuration; encrypted messages.)
pub fn sign(token: &Token, parts: &[&str]) -> String {
    String::from_utf8(digits(token, parts).to_vec()).expect("hex digits are ASCII")
}

/// The digits of the signature.
fn digits(token: &Token, parts: &[&str]) -> [u8; 40] {
    let (mut few, mut many) = ([""; USUAL_PARTS + 1], Vec::new());
    let sorted = match few.get_mut(..=parts.len()) {
        Some(few) => few,
        None => {
            many.resize(parts.len() + 1, "");
            many.as_mut_slice()
        }
    };
    sorted[0] = token.expose();
    sorted[1..].copy_from_slice(parts);
    sorted.sort_unstable();
    let mut hash = Sha1::new();
    for part in sorted {
        hash.update(part.as_bytes());
    }
    let mut digits = [0; 40];
    hex::encode_to_slice(hash.finalize(), &mut digits).expect("20 bytes are 40 digits");
    digits
}

/// Whether `given` is the signature of `token` and `parts`. Constant time in the signature's bytes.
pub fn verify(token: &Token, parts: &[&str], given: &str) -> bool {
    digits(token, parts)
        .as_slice()
        .ct_eq(given.as_bytes())
        .into()
}

/// The JS-SDK signature over a ticket, nonce, timestamp and page address (without its `#…`).
pub fn sign_js_sdk(ticket: &str, nonce: &str, timestamp: &str, url: &str) -> String {
    let url = url.split('#').next().unwrap_or(url);
    hex::encode(Sha1::digest(format!(
        "jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_are_part_of_the_signature() {
        let token = Token::new("AAAAA");
        let signed = sign(&token, &["0714036504", "01"]);
        assert!(verify(&token, &["0714036504", "01"], &signed));
        assert!(!verify(&token, &["714036504", "1"], &signed));
    }

    #[test]
    fn a_short_long_or_uppercase_signature_is_refused() {
        let token = Token::new("AAAAA");
        let parts = ["1714036504", "1514711492"];
        let good = sign(&token, &parts);
        assert!(verify(&token, &parts, &good));
        for bad in ["", &good[..39], &format!("{good}0"), &good.to_uppercase()] {
            assert!(!verify(&token, &parts, bad), "{bad}");
        }
    }

    #[test]
    fn debug_hides_the_token() {
        assert!(!format!("{:?}", Token::new("hunter2")).contains("hunter2"));
    }
}
