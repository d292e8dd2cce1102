//! Which identifiers of logins were there before.

use std::hash::{BuildHasher as _, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Identifiers of logins that were there before. 128 bits of two keyed hashes (SipHash, other keys in
/// every run) stand for each: among a billion, two that meet by chance are as likely as 1 in 10^20.
#[derive(Debug, Default)]
pub(super) struct Known {
    keys: [RandomState; 2],
    /// Found by the first of the two, which needs no hash of its own.
    seen: HashTable<[u64; 2]>,
}

impl Known {
    /// Whether a login with this identifier was there before; from now on it was.
    pub(super) fn again(&mut self, id: &str) -> bool {
        if id.is_empty() {
            return false;
        }
        let [first, second] = &self.keys;
        let mark = [first.hash_one(id), second.hash_one(id)];
        let same = |known: &[u64; 2]| *known == mark;
        match self.seen.entry(mark[0], same, |known| known[0]) {
            Entry::Occupied(_) => true,
            Entry::Vacant(place) => {
                place.insert(mark);
                false
            }
        }
    }
}
