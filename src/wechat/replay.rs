//! A bounded memory of the signatures seen in plaintext mode.
//!
//! There `signature` covers timestamp and nonce but not the body, so whoever sees one push could
//! send another body under the same signature. One (timestamp, nonce, signature) is therefore good
//! for one body; a retry repeats its body and passes. In memory only, per process: what is kept of a
//! signature and of a body are 64 bits each of a keyed hash. Its key is this process's own, so nobody
//! outside can look for a second body with the same hash, and two honest pushes share one in none of
//! a million million.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::env::{MINUTE, Millis};

use super::endpoint::{Opened, Refusal, TimestampWindow};
use super::push_key::Fingerprint;

/// Most signatures remembered: 5,800 pushes a second over a window of six minutes, for which the
/// table takes about 70 MiB. Only holders of the Token can add one.
pub const MAX_MARKS: usize = 2 * 1024 * 1024;

/// Entries are dropped by the minute in which they came.
const BUCKET: Millis = MINUTE;

/// The identity of a signature: a keyed hash over timestamp, nonce and signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReplayMark(u64);

impl ReplayMark {
    pub(super) fn new(timestamp: &str, nonce: &str, signature: &str) -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let mut hash = KEY.build_hasher();
        for part in [timestamp, nonce, signature] {
            hash.write_usize(part.len());
            hash.write(part.as_bytes());
        }
        Self(hash.finish())
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
    buckets: Mutex<VecDeque<Bucket>>,
}

struct Bucket {
    minute: i64,
    seen: HashMap<ReplayMark, Fingerprint>,
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
            buckets: Mutex::new(VecDeque::new()),
        }
    }

    /// Checks and remembers a push that [`crate::wechat::endpoint::open`] returned. Encrypted
    /// pushes always pass: their signature covers the body. A full guard refuses
    /// ([`Refusal::ReplayGuardFull`], 503) instead of forgetting.
    pub fn check(&self, opened: &Opened, now: Millis) -> Result<(), Refusal> {
        let Some(mark) = opened.replay else {
            return Ok(());
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = now.saturating_sub(self.keep).div_euclid(BUCKET);
        buckets.retain(|bucket| bucket.minute >= oldest);
        if let Some(body) = buckets.iter().find_map(|bucket| bucket.seen.get(&mark)) {
            return if *body == opened.fingerprint {
                Ok(())
            } else {
                Err(Refusal::Replayed)
            };
        }
        if buckets
            .iter()
            .map(|bucket| bucket.seen.len())
            .sum::<usize>()
            >= self.capacity
        {
            return Err(Refusal::ReplayGuardFull);
        }
        let minute = now.div_euclid(BUCKET);
        let bucket = match buckets.iter().position(|bucket| bucket.minute == minute) {
            Some(index) => index,
            None => {
                buckets.push_back(Bucket {
                    minute,
                    seen: HashMap::new(),
                });
                buckets.len() - 1
            }
        };
        buckets[bucket].seen.insert(mark, opened.fingerprint);
        Ok(())
    }
}

impl fmt::Debug for ReplayGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayGuard")
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}
