//! Long texts in stored values, packed with LZ4: an explanation of a decision takes a fifth of its room.
//!
//! For use with `#[serde(with = "…")]`. In JSON (exports, answers) such a text is a text; in the store it is
//! bytes, unless it is short. A text that was stored as one is read as one. What is unpacked is bounded
//! before room is made for it: the store's files are not trusted.

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::ser::Serializer;

/// Shorter texts are left as they are.
const WORTH_PACKING: usize = 512;
/// The longest text that is unpacked; far more than any record may hold of one.
const MAX_TEXT_BYTES: usize = 1 << 20;

pub(crate) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() || text.len() < WORTH_PACKING {
        return serializer.serialize_str(text);
    }
    serializer.serialize_bytes(&lz4_flex::block::compress_prepend_size(text.as_bytes()))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_any(Text)
}

/// The text of packed bytes; `None` when they are none.
pub(crate) fn unpacked(bytes: &[u8]) -> Option<String> {
    let (size, packed) = lz4_flex::block::uncompressed_size(bytes).ok()?;
    if size > MAX_TEXT_BYTES {
        return None;
    }
    let text = lz4_flex::block::decompress(packed, size).ok()?;
    // What was cut off may still be whole in itself.
    if text.len() != size {
        return None;
    }
    String::from_utf8(text).ok()
}

struct Text;

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text, or one that is packed")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<String, E> {
        Ok(text)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<String, E> {
        let refused = || E::invalid_value(Unexpected::Other("bytes"), &self);
        unpacked(bytes).ok_or_else(refused)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Kept {
        #[serde(with = "super")]
        text: String,
    }

    #[derive(Serialize)]
    struct Plain<'a> {
        text: &'a str,
    }

    fn stored(kept: &Kept) -> Vec<u8> {
        rmp_serde::to_vec_named(kept).expect("written")
    }

    #[test]
    fn long_texts_are_packed_in_the_store_and_texts_in_json() {
        let text = "怀疑度 80：登录城市没有见过。\n".repeat(200);
        let kept = Kept { text };
        let packed = stored(&kept);
        assert!(packed.len() * 10 < kept.text.len());
        assert_eq!(rmp_serde::from_slice::<Kept>(&packed).expect("read"), kept);
        let json = serde_json::to_value(&kept).expect("JSON");
        assert_eq!(json["text"], kept.text.as_str());
        assert_eq!(serde_json::from_value::<Kept>(json).expect("read"), kept);
    }

    #[test]
    fn short_texts_and_texts_of_before_are_read_as_they_are() {
        let short = Kept {
            text: "短".to_owned(),
        };
        let as_before = |text| rmp_serde::to_vec_named(&Plain { text }).expect("written");
        assert_eq!(stored(&short), as_before("短"));
        let long = "长".repeat(1_000);
        let read: Kept = rmp_serde::from_slice(&as_before(&long)).expect("read");
        assert_eq!(read.text, long);
    }

    #[test]
    fn bytes_that_are_no_packed_text_are_refused_before_room_is_made_for_them() {
        let kept = Kept {
            text: "好".repeat(1_000),
        };
        let packed = lz4_flex::block::compress_prepend_size(kept.text.as_bytes());
        assert_eq!(unpacked(&packed).as_deref(), Some(kept.text.as_str()));
        for length in 0..packed.len() {
            assert_eq!(unpacked(&packed[..length]), None, "cut at {length}");
        }
        let mut boasting = packed.clone();
        boasting[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(unpacked(&boasting), None);
        let no_text = lz4_flex::block::compress_prepend_size(&[0xff; 600]);
        assert_eq!(unpacked(&no_text), None);
    }
}
