//! The store's vital signs as plain numbers: for `/metrics`, `/health` and `doctor`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::records::Flavour;
use crate::env::Millis;

/// Upper bounds of the commit latency buckets, in microseconds; a last bucket takes the rest.
pub const LATENCY_BOUNDS: [u64; 10] = [
    250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 500_000,
];

/// A moment's numbers. Counts are since this process opened the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreStatus {
    /// "sled" or "memory".
    pub engine: &'static str,
    /// Where the files are; `None` in memory.
    pub path: Option<PathBuf>,
    /// Dev or production.
    pub flavour: Flavour,
    /// Commands waiting for the writer.
    pub queue: usize,
    /// How many may wait before [`StoreError::Busy`](super::StoreError::Busy).
    pub queue_capacity: usize,
    /// The last durable commit's sequence number; goes on over restarts.
    pub sequence: u64,
    /// Commits made.
    pub commits: u64,
    /// Keys written by them.
    pub keys: u64,
    /// Bytes of those keys and of what was put under them.
    pub bytes: u64,
    /// Keys of the largest of them.
    pub largest_commit: u64,
    /// Commands run, reads included.
    pub commands: u64,
    /// Of them those run where they were submitted, without the writer.
    pub quick: u64,
    /// Commands that gave up or were refused.
    pub aborted: u64,
    /// Commands that panicked. Each is a bug.
    pub panicked: u64,
    /// Commands turned away because the queue was full.
    pub busy: u64,
    /// Commits by latency, see [`LATENCY_BOUNDS`].
    pub latency: [u64; LATENCY_BOUNDS.len() + 1],
    /// The sum of all commits' latencies, in microseconds.
    pub latency_sum: u64,
    /// The slowest commit, in microseconds.
    pub latency_max: u64,
    /// By how much the clock is behind the store's latest time; commands run at the latter.
    pub clock_behind: Millis,
    /// Bytes of the database file; `None` in memory.
    pub size: Option<u64>,
    /// What the writer is at, if anything.
    pub step: Option<super::watch::Step>,
    /// Steps that took longer than [`STUCK_AFTER`](super::STUCK_AFTER).
    pub stuck: u64,
    /// How often a limit turned somebody away in a command or here, by the limit's name.
    pub limits: BTreeMap<&'static str, u64>,
    /// Why the store takes nothing any more.
    pub failed: Option<String>,
}

/// The counters behind [`StoreStatus`]. Only ever written by the writer, except `queue`, `busy`, `commands`,
/// `quick` and `limits`.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    pub(crate) queue: AtomicUsize,
    pub(crate) sequence: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) keys: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) largest_commit: AtomicU64,
    pub(crate) commands: AtomicU64,
    pub(crate) quick: AtomicU64,
    pub(crate) aborted: AtomicU64,
    pub(crate) panicked: AtomicU64,
    pub(crate) busy: AtomicU64,
    pub(crate) latency: [AtomicU64; LATENCY_BOUNDS.len() + 1],
    pub(crate) latency_sum: AtomicU64,
    pub(crate) latency_max: AtomicU64,
    pub(crate) clock_behind: AtomicU64,
    pub(crate) stuck: AtomicU64,
    /// As many entries as there are limits.
    limits: Mutex<BTreeMap<&'static str, u64>>,
}

impl Meters {
    /// Counts one commit.
    pub(crate) fn commit(&self, sequence: u64, keys: usize, bytes: usize, took: Duration) {
        let keys = keys as u64;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = LATENCY_BOUNDS.partition_point(|bound| *bound < micros);
        self.sequence.store(sequence, Ordering::Relaxed);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.keys.fetch_add(keys, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.largest_commit.fetch_max(keys, Ordering::Relaxed);
        self.latency[bucket].fetch_add(1, Ordering::Relaxed);
        self.latency_sum.fetch_add(micros, Ordering::Relaxed);
        self.latency_max.fetch_max(micros, Ordering::Relaxed);
    }

    /// Counts limits that were reached. Without any it costs nothing.
    pub(crate) fn limits_hit(&self, names: &[&'static str]) {
        if names.is_empty() {
            return;
        }
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            *limits.entry(name).or_default() += 1;
        }
    }

    /// How often each limit was reached.
    pub(crate) fn limits(&self) -> BTreeMap<&'static str, u64> {
        self.limits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Commands waiting for the writer.
    pub(crate) fn queued(&self) -> usize {
        self.queue.load(Ordering::Relaxed)
    }

    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}
