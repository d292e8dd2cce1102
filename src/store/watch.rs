//! Names what keeps the writer's thread: which command, or the disk, and for how long.
//!
//! The writer says what it begins and ends; a thread of its own looks once a second. It only tells:
//! a command cannot be ended from outside, and a slow disk is not made faster by giving up on it.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::handle::Shared;
use super::status::Meters;

/// A step that takes longer is stuck. Commands take microseconds and a commit milliseconds; the
/// platform waits five seconds for an answer.
pub const STUCK_AFTER: Duration = Duration::from_secs(2);

/// How often the thread looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the writer is at, for [`StoreStatus`](super::StoreStatus).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The command's name; `store.commit` while a batch is made durable.
    pub name: &'static str,
    /// For how long.
    pub lasting: Duration,
}

/// The step under way.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<Option<Current>>);

#[derive(Debug, Clone, Copy)]
struct Current {
    name: &'static str,
    since: Instant,
    /// From how long on it is told, next: each time twice as long, so that the log stays short.
    tell_at: Duration,
}

impl Watch {
    /// The writer begins a step.
    pub(crate) fn begin(&self, name: &'static str) {
        self.set(Some(Current {
            name,
            since: Instant::now(),
            tell_at: STUCK_AFTER,
        }));
    }

    /// The step has ended.
    pub(crate) fn end(&self) {
        self.set(None);
    }

    /// The step under way at `now`.
    pub(crate) fn step(&self, now: Instant) -> Option<Step> {
        self.current().as_ref().map(|current| Step {
            name: current.name,
            lasting: now.saturating_duration_since(current.since),
        })
    }

    /// The step to be told about at `now`, and whether it is told for the first time.
    pub(crate) fn stuck(&self, now: Instant) -> Option<(Step, bool)> {
        let mut current = self.current();
        let current = current.as_mut()?;
        let lasting = now.saturating_duration_since(current.since);
        if lasting < current.tell_at {
            return None;
        }
        let first = current.tell_at == STUCK_AFTER;
        while current.tell_at <= lasting {
            current.tell_at *= 2;
        }
        let step = Step {
            name: current.name,
            lasting,
        };
        Some((step, first))
    }

    fn set(&self, current: Option<Current>) {
        *self.current() = current;
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Option<Current>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks until `ended` closes.
pub(crate) fn work(shared: &Arc<Shared>, ended: &Receiver<()>) {
    while ended.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
        look(shared, Instant::now());
    }
}

/// Tells what is stuck at `now`.
pub(crate) fn look(shared: &Shared, now: Instant) {
    let Some((step, first)) = shared.watch.stuck(now) else {
        return;
    };
    if first {
        Meters::count(&shared.meters.stuck);
    }
    tracing::error!(
        command = step.name,
        seconds = step.lasting.as_secs(),
        waiting = shared.meters.queued(),
        "the store's writer is stuck in this command; everything behind it waits"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stuck_step_is_named_once_and_again_when_it_has_lasted_twice_as_long() {
        let watch = Watch::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(watch.stuck(at(100)), None, "nothing is under way");
        watch.begin("bind");
        assert_eq!(watch.stuck(start), None);
        let (step, first) = watch.stuck(at(3)).expect("stuck");
        assert_eq!((step.name, first), ("bind", true));
        assert_eq!(watch.stuck(at(3)), None, "told already");
        let (step, first) = watch.stuck(at(9)).expect("still stuck");
        assert_eq!((step.name, first), ("bind", false));
        assert!(step.lasting >= Duration::from_secs(8));
        watch.end();
        assert_eq!(watch.stuck(at(100)), None);
        assert_eq!(watch.step(at(100)), None);
    }
}
