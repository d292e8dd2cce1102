//! What makes two deliveries the same push.
//!
//! A retry repeats a push; it must find the first one's reply. The key is a hash, so that what the
//! store keeps for deduplication holds no OpenID in clear. The digest of the plain message next to
//! it tells a retry from a forgery that reuses a key.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::message::Inbound;

/// The identity of a push: BLAKE3, 32 bytes. Every push needs one, and most never reach the store: it has to
/// be cheap also where the processor has no instructions for SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PushKey([u8; 32]);

/// Hashes what is a hash already by taking 64 bits of it. For keys that nobody outside can choose: they are
/// keyed, or made of what the platform has signed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hashed(u64);

/// SHA-256 over the fields of a plain message; see [`crate::wechat::Fields::digest`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BodyDigest([u8; 32]);

/// 64 bits of a keyed hash over the fields of a plain message: what [`BodyDigest`] says, at a fraction
/// of its cost, within this process only. Its key is the process's own, so nobody outside can look for
/// another message with the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Hash for PushKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let first = self.0.first_chunk().copied().unwrap_or_default();
        state.write_u64(u64::from_le_bytes(first));
    }
}

/// An odd number without a pattern: 2^64 over the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        // Spread over all bits, for keys that were numbered by hand.
        let spread = u128::from(number) * u128::from(SPREAD);
        self.0 = (spread as u64) ^ ((spread >> 64) as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl BuildHasher for Hashed {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

/// The key of a push, with the digest of its body computed where the key needs it.
pub fn identify(inbound: &Inbound) -> PushKey {
    key_with(inbound, || BodyDigest::of(inbound))
}

/// The key of a push.
///
/// With a `MsgId`: (ToUserName, FromUserName, MsgId, CreateTime); the id alone is not unique, it
/// has been seen shared by several people speaking at once. Without: (ToUserName, FromUserName,
/// CreateTime, Event, EventKey, MsgID, all remaining fields), since distinct events of one second
/// differ in nothing less.
pub fn push_key(inbound: &Inbound, body: &BodyDigest) -> PushKey {
    key_with(inbound, || *body)
}

/// Room for what identifies the usual push, bytes.
const ROOM: usize = 160;
/// Room for the fields of the usual push, bytes.
const FIELDS_ROOM: usize = 320;

fn key_with(inbound: &Inbound, body: impl FnOnce() -> BodyDigest) -> PushKey {
    let raw = |name| inbound.raw.get(name).unwrap_or_default();
    let mut whole = Vec::with_capacity(ROOM);
    let mut part = |bytes: &[u8]| {
        // Short, so that a message's key takes two blocks; no field comes near 4 GiB.
        whole.extend((bytes.len() as u32).to_be_bytes());
        whole.extend(bytes);
    };
    part(b"push.3");
    part(inbound.to_user.as_bytes());
    part(inbound.from_user.as_bytes());
    part(raw("CreateTime").trim().as_bytes());
    match &inbound.msg_id {
        Some(id) => {
            part(b"m");
            part(id.trim().as_bytes());
        }
        None => {
            part(b"e");
            part(raw("Event").to_ascii_lowercase().as_bytes());
            part(raw("EventKey").as_bytes());
            part(raw("MsgID").as_bytes());
            part(&body().0);
        }
    }
    PushKey(*blake3::hash(&whole).as_bytes())
}

impl PushKey {
    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Back from stored bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl Fingerprint {
    /// The fingerprint of a message.
    pub fn of(inbound: &Inbound) -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let mut whole = Vec::with_capacity(FIELDS_ROOM);
        inbound.raw.write_into(&mut whole);
        let mut hash = KEY.build_hasher();
        hash.write(&whole);
        Self(hash.finish())
    }

    /// A given one, for tests.
    #[cfg(test)]
    pub(crate) fn from_number(number: u64) -> Self {
        Self(number)
    }
}

impl BodyDigest {
    /// The digest of a message.
    pub fn of(inbound: &Inbound) -> Self {
        Self(inbound.raw.digest())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Back from stored bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Lowercase hex.
impl fmt::Display for PushKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// The first eight hex digits: enough for a log line.
impl fmt::Debug for PushKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PushKey({}…)", hex::encode(&self.0[..4]))
    }
}

impl fmt::Debug for BodyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodyDigest({}…)", hex::encode(&self.0[..4]))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::Fields;
    use super::*;

    fn key(change: &[(&str, &str)]) -> PushKey {
        let base = [
            ("ToUserName", "gh_1"),
            ("FromUserName", "o1"),
            ("CreateTime", "7"),
        ];
        let mut raw = Fields::new();
        for (name, text) in base {
            let given = change.iter().find(|(changed, _)| *changed == name);
            raw = raw.text(name, given.map_or(text, |(_, text)| text));
        }
        for (name, text) in change {
            if !base.iter().any(|(known, _)| known == name) {
                raw = raw.text(name, *text);
            }
        }
        let inbound = Inbound::from_fields(raw).unwrap();
        push_key(&inbound, &BodyDigest::of(&inbound))
    }

    #[test]
    fn a_message_is_its_id_sender_account_and_second() {
        let text = ("MsgType", "text");
        let first = key(&[text, ("MsgId", "1"), ("Content", "a")]);
        assert_eq!(first, key(&[text, ("MsgId", "1"), ("Content", "b")]));
        for other in [
            ("FromUserName", "o2"),
            ("ToUserName", "gh_2"),
            ("CreateTime", "8"),
        ] {
            assert_ne!(first, key(&[text, ("MsgId", "1"), ("Content", "a"), other]));
        }
        assert_ne!(first, key(&[text, ("MsgId", "2"), ("Content", "a")]));
    }

    #[test]
    fn distinct_events_of_one_second_are_distinct() {
        let event = ("MsgType", "event");
        let subscribe = [event, ("Event", "subscribe"), ("EventKey", "")];
        assert_eq!(key(&subscribe), key(&subscribe));
        assert_ne!(
            key(&subscribe),
            key(&[event, ("Event", "SCAN"), ("EventKey", "")])
        );
        let done = |id| key(&[event, ("Event", "TEMPLATESENDJOBFINISH"), ("MsgID", id)]);
        assert_ne!(done("1"), done("2"));
        let card = |id| key(&[event, ("Event", "user_get_card"), ("UserCardCode", id)]);
        assert_ne!(card("1"), card("2"));
    }
}
