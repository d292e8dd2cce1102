//! Commands that turn out to change nothing, run on the caller's thread instead of the writer's.
//!
//! The promise is the writer's: what such a command has read is durable, and it saw the state of one
//! commit. It is kept by looking twice. Before: no accepted command that may change it is unanswered, so
//! nothing is applied that is not durable, and nothing that came earlier is overtaken. After: no commit of such
//! commands has begun meanwhile, so nothing changed under the reader. When either does not hold, or the command
//! wants to write, nothing is answered from here: it goes into the queue like any other.
//!
//! ```text
//! nothing under way? ── read ──▶ no commit begun since? ──▶ the answer
//!        └─ no ─▶ queue                └─ no, or it writes ─▶ queue
//! ```
//!
//! Commands that read change nothing. Those that write to the [chronicle](super::Kind::CHRONICLE) alone are counted
//! apart: they are of concern to a glance that has read of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use super::command::{Abort, Reach};
use super::commit_record::CommitRecord;
use super::engine::{Reader, Writes};
use super::key;
use super::later::Pending;
use super::seed::Seed;
use super::tx::{Finished, Tx};
use crate::env::{Env, Millis};

/// What the writer and its callers tell each other for this.
#[derive(Default)]
pub(crate) struct Quick {
    /// Gone when the store closes: it would keep the files busy.
    reader: RwLock<Option<Reader>>,
    /// What concerns every glance.
    everything: Course,
    /// What concerns those at the chronicle.
    chronicle: Course,
    /// The latest time a command has run at.
    latest: AtomicI64,
}

/// How far commands have come that write to some part of the database.
#[derive(Default)]
struct Course {
    /// Commands accepted and not answered.
    under_way: AtomicUsize,
    /// Commits that have begun to be applied, finished or not.
    begun: AtomicU64,
}

impl Course {
    /// Where it stands; `None` while something is under way.
    fn quiet(&self) -> Option<u64> {
        let begun = self.begun.load(Ordering::SeqCst);
        (self.under_way.load(Ordering::SeqCst) == 0).then_some(begun)
    }

    /// Whether no commit has begun since it stood at `begun`.
    fn still(&self, begun: u64) -> bool {
        self.begun.load(Ordering::SeqCst) == begun
    }
}

/// Which glances a message is of concern to while it is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concern {
    /// It changes nothing.
    Nobody,
    /// Those that read of the chronicle.
    Chronicle,
    Everybody,
}

impl Concern {
    pub(crate) fn of(reach: Reach) -> Self {
        match reach {
            Reach::Nothing => Self::Nobody,
            Reach::Chronicle => Self::Chronicle,
            Reach::Everything => Self::Everybody,
        }
    }
}

impl Quick {
    fn course(&self, concern: Concern) -> Option<&Course> {
        match concern {
            Concern::Nobody => None,
            Concern::Chronicle => Some(&self.chronicle),
            Concern::Everybody => Some(&self.everything),
        }
    }

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
    pub(crate) fn accepted(&self, concern: Concern) {
        if let Some(course) = self.course(concern) {
            course.under_way.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A message is about to be answered, or was not queued after all.
    pub(crate) fn answered(&self, concern: Concern) {
        if let Some(course) = self.course(concern) {
            course.under_way.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// A commit is about to be applied.
    pub(crate) fn committing(&self, writes: &Writes) {
        // The commit's own record is read by nobody at a glance.
        let chronicle = |key: &Vec<u8>| key::is_chronicle(key) || **key == CommitRecord::KEY;
        let course = match writes.keys().all(chronicle) {
            true => &self.chronicle,
            false => &self.everything,
        };
        course.begun.fetch_add(1, Ordering::SeqCst);
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
        let (begun, chronicle) = (self.everything.quiet()?, self.chronicle.quiet());
        let nothing = Pending::new();
        // A panic is met again in the queue, and reported there.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let now = self.tick(env.now());
            let mut tx = Tx::new(&**source, &nothing, now, Seed::Of(env), Reach::Nothing);
            (look(&mut tx), tx.finish())
        }));
        let Ok((Ok(()), finished)) = outcome else {
            return None;
        };
        let Finished {
            refused,
            failure,
            limits,
            read_chronicle,
            ..
        } = finished;
        let same = self.everything.still(begun)
            && (!read_chronicle || chronicle.is_some_and(|begun| self.chronicle.still(begun)));
        (refused.is_none() && failure.is_none() && same).then_some(limits)
    }
}
