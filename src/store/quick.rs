//! Commands that turn out to change nothing, run on the caller's thread instead of the writer's.
//!
//! The promise is the writer's: what such a command has read is durable, and it saw the state of one
//! commit. It is kept by looking twice. Before: no accepted command is unanswered, so nothing is
//! applied that is not durable, and nothing that came earlier is overtaken. After: no commit has
//! begun meanwhile, so nothing changed under the reader. When either does not hold, or the command
//! wants to write, nothing is answered from here: it goes into the queue like any other.
//!
//! ```text
//! nothing under way? ── read ──▶ no commit begun since? ──▶ the answer
//!        └─ no ─▶ queue                └─ no, or it writes ─▶ queue
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use super::command::Abort;
use super::engine::Reader;
use super::later::Pending;
use super::seed::Seed;
use super::tx::{Finished, Tx};
use crate::env::{Env, Millis};

/// What the writer and its callers tell each other for this.
#[derive(Default)]
pub(crate) struct Quick {
    /// Gone when the store closes: it would keep the files busy.
    reader: RwLock<Option<Reader>>,
    /// Messages accepted and not answered.
    under_way: AtomicUsize,
    /// Commits that have begun to be applied, finished or not.
    begun: AtomicU64,
    /// The latest time a command has run at.
    latest: AtomicI64,
}

impl Quick {
    /// Allows quick reads of a database whose last command ran at `latest`.
    pub(crate) fn open(&self, reader: Option<Reader>, latest: Millis) {
        self.latest.store(latest, Ordering::SeqCst);
        *self.reader.write().unwrap_or_else(PoisonError::into_inner) = reader;
    }

    /// Ends quick reads, those under way included.
    pub(crate) fn close(&self) {
        *self.reader.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A message is about to be queued.
    pub(crate) fn accepted(&self) {
        self.under_way.fetch_add(1, Ordering::SeqCst);
    }

    /// A message is about to be answered, or was not queued after all.
    pub(crate) fn answered(&self) {
        self.under_way.fetch_sub(1, Ordering::SeqCst);
    }

    /// A commit is about to be applied.
    pub(crate) fn committing(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    /// The time for a command: the clock's, or the latest known when the clock is behind it.
    pub(crate) fn tick(&self, clock: Millis) -> Millis {
        self.latest.fetch_max(clock, Ordering::SeqCst).max(clock)
    }

    /// Runs `look` here. The limits it met when it succeeded, wrote nothing, and saw one durable state;
    /// otherwise it must be queued as a command, and what it left in its own hands is void.
    pub(crate) fn run(
        &self,
        look: &mut dyn FnMut(&mut Tx<'_>) -> Result<(), Abort>,
        env: &Env,
    ) -> Option<Vec<&'static str>> {
        let reader = self.reader.read().unwrap_or_else(PoisonError::into_inner);
        let source = reader.as_ref()?;
        let begun = self.begun.load(Ordering::SeqCst);
        if self.under_way.load(Ordering::SeqCst) != 0 {
            return None;
        }
        let nothing = Pending::new();
        // A panic is met again in the queue, and reported there.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let now = self.tick(env.now());
            let mut tx = Tx::new(&**source, &nothing, now, Seed::Of(env), true);
            (look(&mut tx), tx.finish())
        }));
        let Ok((Ok(()), finished)) = outcome else {
            return None;
        };
        let Finished {
            refused,
            failure,
            limits,
            ..
        } = finished;
        let same = self.begun.load(Ordering::SeqCst) == begun;
        (refused.is_none() && failure.is_none() && same).then_some(limits)
    }
}
