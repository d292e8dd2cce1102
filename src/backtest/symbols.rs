//! Texts that occur again and again, each kept once and known by a number.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// The number of a text; [`NONE`] for a missing one.
pub type Symbol = u32;

/// No text.
pub const NONE: Symbol = u32::MAX;

/// Numbers from 0 for texts, in the order in which they first came.
#[derive(Default)]
pub struct Symbols {
    bytes: Vec<u8>,
    /// Where each text ends in `bytes`.
    ends: Vec<u64>,
    table: HashTable<Known>,
    hasher: DefaultHashBuilder,
}

/// So much of a text lies where it is found: identifiers and addresses as a whole. Among millions
/// every other place to look at would be waited for.
const HEAD: usize = 23;
/// The length of a text that does not fit there.
const LONG: u8 = u8::MAX;

/// The beginning of a text, and its length.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Head {
    length: u8,
    text: [u8; HEAD],
}

impl Head {
    #[inline]
    fn of(text: &[u8]) -> Self {
        let (here, length) = match u8::try_from(text.len()) {
            Ok(length) if text.len() <= HEAD => (text, length),
            _ => (&text[..HEAD], LONG),
        };
        let mut head = [0; HEAD];
        head[..here.len()].copy_from_slice(here);
        Self { length, text: head }
    }
}

#[derive(Clone, Copy)]
struct Known {
    symbol: Symbol,
    head: Head,
}

impl Symbols {
    /// The number of `text`, a new one when it was not there.
    pub fn intern(&mut self, text: &[u8]) -> Symbol {
        let (hash, head) = (self.hasher.hash_one(text), Head::of(text));
        if let Some(known) = self.known(hash, head, text) {
            return known;
        }
        let symbol = self.ends.len() as Symbol;
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u64);
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        let again = |known: &Known| match known.head.length {
            LONG => hasher.hash_one(slice(bytes, ends, known.symbol)),
            length => hasher.hash_one(&known.head.text[..usize::from(length)]),
        };
        self.table
            .insert_unique(hash, Known { symbol, head }, again);
        symbol
    }

    #[inline]
    fn known(&self, hash: u64, head: Head, text: &[u8]) -> Option<Symbol> {
        let same = |known: &Known| {
            known.head == head
                && (head.length != LONG || slice(&self.bytes, &self.ends, known.symbol) == text)
        };
        self.table.find(hash, same).map(|known| known.symbol)
    }

    /// Looks where `text` would be found, so that it is near when it is asked for: among millions every
    /// step of a search would be waited for, and one after another.
    pub(in crate::backtest) fn touch(&self, text: &[u8]) {
        std::hint::black_box(self.find(text));
    }

    /// The number of `text` when it is there.
    pub fn find(&self, text: &[u8]) -> Option<Symbol> {
        self.known(self.hasher.hash_one(text), Head::of(text), text)
    }

    /// The text of a number; empty for [`NONE`] and numbers that were never given.
    pub fn text(&self, symbol: Symbol) -> &str {
        if symbol as usize >= self.ends.len() {
            return "";
        }
        std::str::from_utf8(slice(&self.bytes, &self.ends, symbol)).unwrap_or_default()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Lets go of what is only needed for finding texts.
    pub fn freeze(&mut self) {
        self.table = HashTable::new();
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

fn slice<'a>(bytes: &'a [u8], ends: &[u64], symbol: Symbol) -> &'a [u8] {
    let at = symbol as usize;
    let from = if at == 0 { 0 } else { ends[at - 1] as usize };
    &bytes[from..ends[at] as usize]
}

impl std::fmt::Debug for Symbols {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Symbols").field("len", &self.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number() {
        let mut symbols = Symbols::default();
        let (a, b, empty) = (
            symbols.intern("北京".as_bytes()),
            symbols.intern(b"b"),
            symbols.intern(b""),
        );
        assert_eq!((a, b, empty), (0, 1, 2));
        assert_eq!(symbols.intern("北京".as_bytes()), a);
        assert_eq!((symbols.text(a), symbols.text(empty)), ("北京", ""));
        assert_eq!(symbols.text(NONE), "");
        for n in 0..10_000 {
            symbols.intern(n.to_string().as_bytes());
        }
        assert_eq!(symbols.find(b"9999").map(|s| symbols.text(s)), Some("9999"));
        assert_eq!(symbols.find(b"10000"), None);
        assert_eq!(symbols.len(), 10_003);
    }

    #[test]
    fn texts_that_begin_alike_are_told_apart() {
        let mut symbols = Symbols::default();
        let texts: Vec<String> = (0..400).map(|n| "x".repeat(n)).collect();
        for (number, text) in texts.iter().enumerate() {
            assert_eq!(symbols.intern(text.as_bytes()), number as u32);
        }
        // A text that ends in zeros is not the shorter one.
        assert_eq!(symbols.intern(b"x\0"), 400);
        let long = format!("{}y", "x".repeat(300));
        assert_eq!(symbols.intern(long.as_bytes()), 401);
        for (number, text) in texts.iter().enumerate() {
            assert_eq!(symbols.find(text.as_bytes()), Some(number as u32));
            assert_eq!(symbols.text(number as u32), text);
        }
    }
}
