//! A bounded memory of the signatures seen in plaintext mode.
//!
//! There `signature` covers timestamp and nonce but not the body, so whoever sees one push could
//! send another body under the same signature. One (timestamp, nonce, signature) is therefore good
//! for one body; a retry repeats its body and passes. In memory only, per process.
//!
//! When the memory is full the oldest seconds are forgotten, and from then on pushes of those seconds are
//! refused (503): a burst costs late retries, and never lets a used signature in again.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::env::{Millis, SECOND};

use super::endpoint::{Opened, TimestampWindow};
use super::push_key::{Fingerprint, Hashed};
use super::refusal::Refusal;

/// Most signatures remembered, about 70 MiB: 5,800 pushes a second over a window of six
/// minutes. Only holders of the Token can add one.
pub const MAX_MARKS: usize = 2 << 20;

/// Hex digits of a signature that make 64 bits.
const DIGITS: usize = 16;

/// The identity of a signature: 64 bits of it. It was right, so it is a hash over the Token, and nobody
/// without that can look for a second one; two honest pushes share one in none of a million million.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReplayMark {
    identity: u64,
    /// The second it was signed in.
    second: i64,
}

impl ReplayMark {
    /// Of a push whose `timestamp` is `second`, by its verified signature.
    pub(super) fn new(second: i64, signature: &str) -> Self {
        let digits = signature.bytes().take(DIGITS);
        let identity = digits.fold(0, |bits, digit| {
            // A hex digit's value: the letters' low halves begin at 1.
            bits << 4 | u64::from((digit & 0xf) + 9 * (digit >> 6))
        });
        Self { identity, second }
    }
}

impl fmt::Debug for ReplayMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplayMark")
    }
}

/// Remembers which body each signature came with.
pub struct ReplayGuard {
    keep: Millis,
    capacity: usize,
    memory: Mutex<Memory>,
}

type Second = HashMap<u64, Fingerprint, Hashed>;

#[derive(Default)]
struct Memory {
    /// By the second of signing: what is looked at within a few seconds lies together, in a processor's caches,
    /// although all of it is larger than they are.
    seconds: BTreeMap<i64, Second>,
    marks: usize,
    /// Whatever was signed before this second may have been seen and forgotten.
    forgotten: i64,
}

impl ReplayGuard {
    /// A guard that remembers for as long as a signature is accepted.
    pub fn new(window: TimestampWindow) -> Self {
        Self::with_capacity(window, MAX_MARKS)
    }

    /// As [`ReplayGuard::new`], with another bound.
    pub fn with_capacity(window: TimestampWindow, capacity: usize) -> Self {
        Self {
            keep: window.past.saturating_add(window.future),
            capacity,
            memory: Mutex::new(Memory {
                forgotten: i64::MIN,
                ..Memory::default()
            }),
        }
    }

    /// Checks and remembers a push that [`crate::wechat::endpoint::open`] returned. Encrypted
    /// pushes always pass: their signature covers the body.
    ///
    /// # Errors
    /// [`Refusal::Replayed`]; [`Refusal::ReplayGuardFull`] (503) for a push that may have been
    /// forgotten, or that there is no room for.
    pub fn check(&self, opened: &Opened, now: Millis) -> Result<(), Refusal> {
        let Some(mark) = opened.replay else {
            return Ok(());
        };
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let expired = now.saturating_sub(self.keep).div_euclid(SECOND);
        memory.expire(expired);
        memory.check(&mark, &opened.fingerprint, self.capacity)
    }

    /// How many signatures are remembered.
    pub fn len(&self) -> usize {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.marks
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Memory {
    fn check(
        &mut self,
        mark: &ReplayMark,
        body: &Fingerprint,
        capacity: usize,
    ) -> Result<(), Refusal> {
        let Self { seconds, marks, .. } = &mut *self;
        let known = seconds.get_mut(&mark.second);
        match known.map(|second| second.entry(mark.identity)) {
            Some(Entry::Occupied(seen)) if seen.get() == body => return Ok(()),
            Some(Entry::Occupied(_)) => return Err(Refusal::Replayed),
            Some(Entry::Vacant(place)) if *marks < capacity => {
                place.insert(*body);
                *marks += 1;
                return Ok(());
            }
            Some(Entry::Vacant(_)) | None => {}
        }
        if mark.second < self.forgotten {
            return Err(Refusal::ReplayGuardFull);
        }
        while self.marks >= capacity {
            match self.seconds.first_key_value() {
                Some((oldest, _)) if *oldest < mark.second => self.forget_oldest(),
                _ => return Err(Refusal::ReplayGuardFull),
            }
        }
        self.second(mark.second).insert(mark.identity, *body);
        self.marks += 1;
        Ok(())
    }

    /// The table of a second, made with room for as many as the one before it holds: under a steady stream none
    /// has to grow.
    fn second(&mut self, second: i64) -> &mut Second {
        if !self.seconds.contains_key(&second) {
            let before = self.seconds.range(..second).next_back();
            let room = before.map_or(0, |(_, before)| before.len());
            let table = Second::with_capacity_and_hasher(room, Hashed::default());
            self.seconds.insert(second, table);
        }
        self.seconds.entry(second).or_default()
    }

    /// Drops what no longer counts: its timestamps are outside the window by now.
    fn expire(&mut self, before: i64) {
        while let Some((oldest, second)) = self.seconds.first_key_value()
            && *oldest < before
        {
            self.marks -= second.len();
            self.seconds.pop_first();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((oldest, second)) = self.seconds.pop_first() {
            self.marks -= second.len();
            self.forgotten = oldest + 1;
        }
    }
}

impl fmt::Debug for ReplayGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayGuard")
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}
