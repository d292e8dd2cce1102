//! Whether the database stands still: what lets a command that writes nothing run beside the writer.
//!
//! A command may run on its caller's thread when no other command is on its way, and when nothing was
//! applied to the database from before its first read until after its last. Then what it read is one
//! state, that state is durable, and running it through the queue would have given the same. The
//! version is a sequence lock: odd while the writer changes the database and has not yet made the
//! change durable.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize};

use crate::env::Millis;

/// See the module's description.
#[derive(Debug, Default)]
pub(crate) struct Calm {
    /// Messages sent to the writer and not yet answered.
    pending: AtomicUsize,
    version: AtomicU64,
    /// The latest time a command has run at; time never goes back behind it.
    latest: AtomicI64,
}

/// The version a reader began at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version(u64);

impl Calm {
    /// A message is about to be sent to the writer.
    pub(crate) fn sent(&self) {
        self.pending.fetch_add(1, SeqCst);
    }

    /// The writer has answered so many messages.
    pub(crate) fn settled(&self, messages: usize) {
        self.pending.fetch_sub(messages, SeqCst);
    }

    /// The writer is about to change the database.
    pub(crate) fn disturb(&self) {
        self.version.fetch_add(1, SeqCst);
    }

    /// What the writer changed is durable.
    pub(crate) fn calm_down(&self) {
        self.version.fetch_add(1, SeqCst);
    }

    /// Where a reader begins; `None` when it has to queue.
    pub(crate) fn begin(&self) -> Option<Version> {
        let version = self.version.load(SeqCst);
        (version % 2 == 0 && self.pending.load(SeqCst) == 0).then_some(Version(version))
    }

    /// Whether nothing was changed since then.
    pub(crate) fn still(&self, since: Version) -> bool {
        self.version.load(SeqCst) == since.0
    }

    /// The time for the next command: the clock's, or the latest known when the clock is behind it.
    pub(crate) fn tick(&self, clock: Millis) -> Millis {
        self.latest.fetch_max(clock, SeqCst).max(clock)
    }

    /// The latest time a command has run at.
    pub(crate) fn latest(&self) -> Millis {
        self.latest.load(SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_queues_behind_whatever_is_on_its_way() {
        let calm = Calm::default();
        calm.sent();
        assert_eq!(calm.begin(), None);
        calm.settled(1);
        assert!(calm.begin().is_some());
    }

    #[test]
    fn a_change_under_a_reader_is_noticed_from_before_it_is_applied_until_after_it_is_durable() {
        let calm = Calm::default();
        let before = calm.begin().expect("calm");
        calm.disturb();
        assert!(!calm.still(before));
        assert_eq!(calm.begin(), None);
        calm.calm_down();
        assert!(!calm.still(before));
        let after = calm.begin().expect("calm again");
        assert!(calm.still(after));
    }

    #[test]
    fn time_does_not_go_back_between_the_threads() {
        let calm = Calm::default();
        assert_eq!(calm.tick(10), 10);
        assert_eq!(calm.tick(7), 10);
        assert_eq!(calm.latest(), 10);
    }
}
