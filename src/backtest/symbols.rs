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
    table: HashTable<Symbol>,
    hasher: DefaultHashBuilder,
}

impl Symbols {
    /// The number of `text`, a new one when it was not there.
    pub fn intern(&mut self, text: &[u8]) -> Symbol {
        let hash = self.hasher.hash_one(text);
        let found = self
            .table
            .find(hash, |known| slice(&self.bytes, &self.ends, *known) == text);
        if let Some(known) = found {
            return *known;
        }
        let number = self.ends.len() as Symbol;
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u64);
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        self.table.insert_unique(hash, number, |known| {
            hasher.hash_one(slice(bytes, ends, *known))
        });
        number
    }

    /// Looks where `text` would be found, so that it is near when it is asked for: among millions every
    /// step of a search would be waited for, and one after another.
    pub(in crate::backtest) fn touch(&self, text: &[u8]) {
        let hash = self.hasher.hash_one(text);
        let found = self.table.find(hash, |known| {
            slice(&self.bytes, &self.ends, *known).first() == text.first()
        });
        std::hint::black_box(found);
    }

    /// The number of `text` when it is there.
    pub fn find(&self, text: &[u8]) -> Option<Symbol> {
        let hash = self.hasher.hash_one(text);
        self.table
            .find(hash, |known| slice(&self.bytes, &self.ends, *known) == text)
            .copied()
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
}
