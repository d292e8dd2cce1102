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
    seen: HashTable<Mark>,
}

/// What stands for an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark([u64; 2]);

impl Known {
    /// What stands for an identifier; none for a login without one.
    pub(super) fn mark(&self, id: &str) -> Option<Mark> {
        let hash = |key: &RandomState| key.hash_one(id);
        (!id.is_empty()).then(|| Mark([hash(&self.keys[0]), hash(&self.keys[1])]))
    }

    /// Looks where a mark would be found, so that it is near when it is asked for: among millions every
    /// look would be waited for, and one after another.
    pub(super) fn touch(&self, mark: Mark) {
        let found = self.seen.find(mark.0[0], |known| *known == mark);
        std::hint::black_box(found.is_some());
    }

    /// Whether the login with this mark was there before; from now on it was.
    pub(super) fn again(&mut self, mark: Mark) -> bool {
        let same = |known: &Mark| *known == mark;
        match self.seen.entry(mark.0[0], same, |known| known.0[0]) {
            Entry::Occupied(_) => true,
            Entry::Vacant(place) => {
                place.insert(mark);
                false
            }
        }
    }
}
