//! Keys: tuples of parts in an encoding whose byte order is the order of the tuples.
//!
//! A full key is `[KEY_FORMAT][kind][parts…]`. Integers are big endian, signed ones with the sign
//! bit flipped; text is its UTF-8 with 00 written as 00 FF, ended by 00 01, so that no text is a
//! byte prefix of another. Nothing here reads keys back: a record holds its own key fields.

use super::records::Kind;

/// The version of the key encoding; the first byte of every key.
pub const KEY_FORMAT: u8 = 1;

const ESCAPE: u8 = 0x00;
const ESCAPED_ZERO: u8 = 0xFF;
const TERMINATOR: u8 = 0x01;

/// One part of a key.
pub trait KeyPart {
    /// Appends the order-preserving bytes of this part.
    fn encode_part(&self, out: &mut Vec<u8>);
}

/// A whole key: one part or a tuple of up to five.
pub trait Key {
    /// Appends the order-preserving bytes of this key.
    fn encode(&self, out: &mut Vec<u8>);
}

/// The beginning of a key: `()`, one part, or a tuple. Parts are whole: the prefix `"ab"` does not
/// match the key part `"abc"`.
pub trait KeyPrefix {
    /// Appends the bytes that every matching key begins with.
    fn encode_prefix(&self, out: &mut Vec<u8>);
}

impl KeyPart for str {
    fn encode_part(&self, out: &mut Vec<u8>) {
        let bytes = self.as_bytes();
        if bytes.contains(&ESCAPE) {
            for &byte in bytes {
                out.push(byte);
                if byte == ESCAPE {
                    out.push(ESCAPED_ZERO);
                }
            }
        } else {
            out.extend_from_slice(bytes);
        }
        out.extend([ESCAPE, TERMINATOR]);
    }
}

impl KeyPart for String {
    fn encode_part(&self, out: &mut Vec<u8>) {
        self.as_str().encode_part(out);
    }
}

impl<T: KeyPart + ?Sized> KeyPart for &T {
    fn encode_part(&self, out: &mut Vec<u8>) {
        (**self).encode_part(out);
    }
}

impl KeyPart for i64 {
    fn encode_part(&self, out: &mut Vec<u8>) {
        out.extend(((*self as u64) ^ (1 << 63)).to_be_bytes());
    }
}

impl KeyPart for u64 {
    fn encode_part(&self, out: &mut Vec<u8>) {
        out.extend(self.to_be_bytes());
    }
}

impl KeyPart for u32 {
    fn encode_part(&self, out: &mut Vec<u8>) {
        out.extend(self.to_be_bytes());
    }
}

impl KeyPart for u8 {
    fn encode_part(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
}

impl KeyPart for bool {
    fn encode_part(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl<const N: usize> KeyPart for [u8; N] {
    fn encode_part(&self, out: &mut Vec<u8>) {
        out.extend(self);
    }
}

impl<T: KeyPart> Key for T {
    fn encode(&self, out: &mut Vec<u8>) {
        self.encode_part(out);
    }
}

impl<T: KeyPart> KeyPrefix for T {
    fn encode_prefix(&self, out: &mut Vec<u8>) {
        self.encode_part(out);
    }
}

/// The key of a kind that has only one record.
impl Key for () {
    fn encode(&self, _out: &mut Vec<u8>) {}
}

impl KeyPrefix for () {
    fn encode_prefix(&self, _out: &mut Vec<u8>) {}
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))+) => {$(
        impl<$($name: KeyPart),+> Key for ($($name,)+) {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$index.encode_part(out);)+
            }
        }

        impl<$($name: KeyPart),+> KeyPrefix for ($($name,)+) {
            fn encode_prefix(&self, out: &mut Vec<u8>) {
                $(self.$index.encode_part(out);)+
            }
        }
    )+};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
}

/// The full key of a record.
pub(crate) fn full_key(kind: Kind, key: &impl Key) -> Vec<u8> {
    let mut out = kind_prefix(kind);
    key.encode(&mut out);
    out
}

/// The bytes that every key of `kind` beginning with `prefix` begins with.
pub(crate) fn full_prefix(kind: Kind, prefix: &impl KeyPrefix) -> Vec<u8> {
    let mut out = kind_prefix(kind);
    prefix.encode_prefix(&mut out);
    out
}

/// The two bytes before the parts of a key.
pub(crate) fn kind_prefix(kind: Kind) -> Vec<u8> {
    let mut out = Vec::with_capacity(48);
    out.extend([KEY_FORMAT, kind as u8]);
    out
}

/// Whether a key, or what keys begin with, is of the chronicle.
pub(crate) fn is_chronicle(key: &[u8]) -> bool {
    let kind = key.get(1);
    kind.is_some_and(|kind| Kind::CHRONICLE.iter().any(|other| *other as u8 == *kind))
}

/// The smallest key greater than `key`.
pub(crate) fn successor(key: &[u8]) -> Vec<u8> {
    let mut next = key.to_vec();
    next.push(0);
    next
}

/// The smallest byte string greater than everything that begins with `prefix`. Full prefixes begin
/// with [`KEY_FORMAT`], so there always is one.
pub(crate) fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![u8::MAX; 4]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(key: &impl Key) -> Vec<u8> {
        let mut out = Vec::new();
        key.encode(&mut out);
        out
    }

    /// Text that is likely to collide: few characters, NUL among them.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[\u{0}\u{1}a\u{ff}门]{0,4}", any::<String>()]
    }

    proptest! {
        #[test]
        fn byte_order_is_tuple_order(
            a in (text(), any::<i64>(), any::<u64>(), any::<bool>(), text()),
            b in (text(), any::<i64>(), any::<u64>(), any::<bool>(), text()),
        ) {
            prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
        }

        #[test]
        fn byte_order_is_tuple_order_when_texts_are_close(
            a in (text(), text(), any::<u8>()),
            b in (text(), text(), any::<u8>()),
        ) {
            prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
        }

        #[test]
        fn small_integers_and_arrays_keep_their_order(
            a in (any::<u32>(), any::<[u8; 3]>(), any::<i64>()),
            b in (any::<u32>(), any::<[u8; 3]>(), any::<i64>()),
        ) {
            prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
        }

        #[test]
        fn a_prefix_matches_whole_parts_only(first in text(), other in text(), second in any::<u64>()) {
            let key = bytes(&(first.as_str(), second));
            let mut prefix = Vec::new();
            other.encode_prefix(&mut prefix);
            prop_assert_eq!(key.starts_with(&prefix), first == other);
        }

        #[test]
        fn everything_with_a_prefix_lies_before_its_end(
            prefix in proptest::collection::vec(any::<u8>(), 0..4),
            rest in proptest::collection::vec(any::<u8>(), 0..4),
        ) {
            let mut full = vec![KEY_FORMAT];
            full.extend(&prefix);
            let end = after_prefix(&full);
            prop_assert!(full < end);
            full.extend(&rest);
            prop_assert!(full < end);
        }
    }
}
