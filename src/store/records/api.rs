//! Records of the `server` room: API keys and the answers kept for repeated requests. Plain data
//! only; what they mean is decided there.

use serde::{Deserialize, Serialize};

use super::{Kind, Record, RecordType};
use crate::env::Millis;

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] =
    &[RecordType::of::<ApiKey>(), RecordType::of::<Idempotency>()];

/// A key of the information system. The key itself is shown once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// The public part of the key: 16 hex digits.
    pub id: String,
    /// What people call it; unique among keys that are not revoked.
    pub name: String,
    /// SHA-256 of the whole key, lower-case hex. The key has 256 random bits, so that a plain hash is enough.
    pub hash: String,
    /// Names of scopes.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created: Millis,
    /// When it was revoked. Kept, so that audit entries stay readable.
    #[serde(default)]
    pub revoked: Option<Millis>,
}

impl Record for ApiKey {
    const KIND: Kind = Kind::ApiKey;
    type Key = String;

    fn key(&self) -> String {
        self.id.clone()
    }
}

/// The answer of a request that carried an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// The API key's id.
    pub api_key: String,
    /// Method and route pattern.
    pub route: String,
    /// SHA-256 of the header's value, lower-case hex.
    pub key: String,
    /// Keyed digest of path, query and body, lower-case hex.
    pub digest: String,
    /// The answer's status.
    pub status: u16,
    /// The answer's body, JSON; empty for none.
    pub body: String,
    /// Until when it is replayed.
    pub expires: Millis,
}

impl Record for Idempotency {
    const KIND: Kind = Kind::Idempotency;
    type Key = (String, String, String);

    fn key(&self) -> (String, String, String) {
        (self.api_key.clone(), self.route.clone(), self.key.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.expires)
    }
}

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<super::Sample> {
    vec![
        super::Sample::of(ApiKey {
            id: "00112233445566aa".into(),
            name: "erp".into(),
            hash: "ab".repeat(32),
            scopes: vec!["accounts".into(), "codes".into()],
            created: 1_790_000_000_000,
            revoked: None,
        }),
        super::Sample::of(Idempotency {
            api_key: "00112233445566aa".into(),
            route: "POST /v1/accounts".into(),
            key: "cd".repeat(32),
            digest: "ef".repeat(32),
            status: 201,
            body: "{}".into(),
            expires: 1_790_086_400_000,
        }),
    ]
}
