//! Values: one format byte, then MessagePack with named fields, so that a field added with
//! `#[serde(default)]` needs no migration. Errors name the field, never what is in it.

use std::cell::RefCell;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;
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
        Some((&VALUE_FORMAT, body)) => {
            rmp_serde::from_slice(body).map_err(|_| "it is no record".to_owned())
        }
        Some((format, _)) => Err(format!("value format {format} is unknown")),
        None => Err("the value is empty".to_owned()),
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
