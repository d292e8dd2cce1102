//! Signatures of outgoing requests, by the Standard Webhooks convention.
//!
//! The signed text is `ID.TIMESTAMP.BODY`; the header holds `v1,` and the base64 of its HMAC-SHA256,
//! once per secret while a secret is being replaced.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The shortest secret taken, in bytes (Standard Webhooks: 24 to 64).
pub const MIN_SECRET_BYTES: usize = 24;
/// The longest secret taken, in bytes.
pub const MAX_SECRET_BYTES: usize = 64;

/// A signing secret. Never shown.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

/// Why a secret was not taken. Says nothing about its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It does not begin with "whsec_".
    #[error("a webhook secret begins with whsec_")]
    Prefix,
    /// What follows is not base64.
    #[error("what follows whsec_ must be base64")]
    Encoding,
    /// It is too short or too long.
    #[error("a webhook secret holds 24 to 64 bytes, this one {0}")]
    Length(usize),
}

impl WebhookSecret {
    /// Reads `whsec_BASE64`; surrounding white space is ignored.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text
            .trim()
            .strip_prefix("whsec_")
            .ok_or(SecretError::Prefix)?;
        let bytes = STANDARD
            .decode(encoded)
            .map_err(|_| SecretError::Encoding)?;
        Self::from_bytes(bytes)
    }

    /// A secret of these bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, SecretError> {
        let bytes = Zeroizing::new(bytes);
        if !(MIN_SECRET_BYTES..=MAX_SECRET_BYTES).contains(&bytes.len()) {
            return Err(SecretError::Length(bytes.len()));
        }
        Ok(Self(bytes))
    }

    /// `whsec_BASE64`, to hand the secret to its receiver.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("whsec_{}", STANDARD.encode(&*self.0)))
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes any key length");
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(timestamp.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// The value of `webhook-signature`: one signature per secret, the present one first. `timestamp`
/// in seconds, the value of `webhook-timestamp`.
pub fn signature(secrets: &[WebhookSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    secrets
        .iter()
        .map(|secret| secret.sign(id, timestamp, body))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The convention's own published example.
    #[test]
    fn published_vector() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("valid");
        assert_eq!(
            signature(
                std::slice::from_ref(&secret),
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                br#"{"test": 2432232314}"#
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(&**secret.reveal(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert_eq!(format!("{secret:?}"), "WebhookSecret(…)");
    }

    #[test]
    fn two_secrets_two_signatures() {
        let old = WebhookSecret::from_bytes(vec![1; 32]).expect("valid");
        let new = WebhookSecret::from_bytes(vec![2; 32]).expect("valid");
        let both = signature(&[new.clone(), old.clone()], "evt_1", 7, b"{}");
        assert_eq!(
            both,
            format!(
                "{} {}",
                signature(&[new], "evt_1", 7, b"{}"),
                signature(&[old], "evt_1", 7, b"{}")
            )
        );
    }

    #[test]
    fn bad_secrets_are_named() {
        let error = |text| WebhookSecret::parse(text).expect_err("refused");
        assert_eq!(error("MfKQ"), SecretError::Prefix);
        assert_eq!(error("whsec_$$$"), SecretError::Encoding);
        assert_eq!(error("whsec_AAAA"), SecretError::Length(3));
    }
}
