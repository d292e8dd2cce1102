//! Values: one format byte, then MessagePack with named fields, so that a field added with
//! `#[serde(default)]` needs no migration. Errors name the field, never what is in it.

use std::cell::RefCell;

use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::error::StoreError;
use super::packed;
use super::records::{Record, Viewed};

/// The version of the value encoding; the first byte of every value.
pub const VALUE_FORMAT: u8 = 1;

/// The largest encoded record, in bytes. Larger pages would end up in files that sled never syncs.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;

/// The largest encoded key, in bytes. Keys hold identifiers, whose lengths their rooms bound.
pub const MAX_KEY_BYTES: usize = 2 * 1024;

/// The stored form of a record.
pub(crate) fn encode<R: Record>(record: &R) -> Result<Vec<u8>, StoreError> {
    let kind = R::KIND.name();
    ROOM.with_borrow_mut(|room| {
        room.clear();
        room.push(VALUE_FORMAT);
        rmp_serde::encode::write_named(room, record).map_err(|_| StoreError::Encode { kind })?;
        let bytes = room.len();
        let value = (bytes <= MAX_VALUE_BYTES).then(|| room.to_vec());
        room.shrink_to(MAX_VALUE_BYTES);
        value.ok_or(StoreError::TooLarge { kind, bytes })
    })
}

thread_local! {
    /// Where values are put together, so that a long one does not grow step by step each time.
    static ROOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Reads a stored record back.
pub(crate) fn decode<R: Record>(value: &[u8]) -> Result<R, StoreError> {
    read::<R, R>(value)
}

/// Looks at a stored record where it lies.
pub(crate) fn decode_view<R: Viewed>(value: &[u8]) -> Result<R::View<'_>, StoreError> {
    read::<R, R::View<'_>>(value)
}

fn read<'a, R: Record, T: Deserialize<'a>>(value: &'a [u8]) -> Result<T, StoreError> {
    let kind = R::KIND.name();
    match value.split_first() {
        Some((&VALUE_FORMAT, body)) => {
            rmp_serde::from_slice(body).map_err(|_| StoreError::Corrupt {
                kind,
                detail: field_of_error::<R>(body),
            })
        }
        Some((format, _)) => Err(StoreError::Corrupt {
            kind,
            detail: format!("value format {format} is unknown"),
        }),
        None => Err(StoreError::Corrupt {
            kind,
            detail: "the value is empty".to_owned(),
        }),
    }
}

/// Reads a stored record of any format as JSON, without its type: what [`encode`] writes describes
/// itself. The error says what is wrong, without any value.
pub(crate) fn to_json(value: &[u8]) -> Result<serde_json::Value, String> {
    match value.split_first() {
        Some((&VALUE_FORMAT, body)) => rmp_serde::from_slice(body)
            .map(|Untyped(json)| json)
            .map_err(|_| "it is no record".to_owned()),
        Some((format, _)) => Err(format!("value format {format} is unknown")),
        None => Err("the value is empty".to_owned()),
    }
}

/// A value as JSON; bytes in it are packed texts, which JSON has as texts.
struct Untyped(serde_json::Value);

impl<'de> Deserialize<'de> for Untyped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = serde_json::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a stored value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(serde_json::Value::Null)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Self::Value, E> {
        Ok(yes.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        let text = packed::unpacked(bytes);
        text.map(Into::into)
            .ok_or_else(|| E::custom("bytes that are no packed text"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Untyped(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = serde_json::Map::new();
        while let Some((name, Untyped(value))) = map.next_entry::<String, _>()? {
            values.insert(name, value);
        }
        Ok(values.into())
    }
}

/// Where decoding fails. Serde's own message may quote the value, so only the path is kept.
fn field_of_error<T: DeserializeOwned>(body: &[u8]) -> String {
    let mut reader = rmp_serde::Deserializer::from_read_ref(body);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Ok(_) => "bytes are left over".to_owned(),
        Err(error) => format!("field {}", error.path()),
    }
}
