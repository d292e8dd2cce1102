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
    watch(shared, ended, LOOK_EVERY, Instant::now);
}

/// Looks every `pause`, at the moments that `clock` says.
fn watch(shared: &Shared, ended: &Receiver<()>, pause: Duration, clock: impl Fn() -> Instant) {
    while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        look(shared, clock());
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
    use std::io::{self, Write};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc::channel;

    use super::*;

    /// What is logged on this thread while `act` runs.
    fn logged(act: impl FnOnce()) -> String {
        #[derive(Clone, Default)]
        struct Log(Arc<Mutex<Vec<u8>>>);
        impl Write for Log {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.lock().expect("free").extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let log = Log::default();
        let kept = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || log.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, act);
        let bytes = kept.0.lock().expect("free").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_look_logs_what_is_stuck_with_its_name_and_counts_it_once() {
        let shared = Shared::new();
        shared.watch.begin("bind");
        let begun = Instant::now();
        let stuck = |shared: &Shared| Meters::read(&shared.meters.stuck);
        let nothing = logged(|| look(&shared, begun));
        assert_eq!((nothing.as_str(), stuck(&shared)), ("", 0));
        let first = logged(|| look(&shared, begun + STUCK_AFTER));
        assert!(
            first.contains("ERROR") && first.contains("stuck in this command"),
            "{first}"
        );
        assert!(first.contains("command=\"bind\""), "{first}");
        assert!(first.contains("seconds=2"), "{first}");
        assert_eq!(stuck(&shared), 1);
        let again = logged(|| look(&shared, begun + STUCK_AFTER));
        assert_eq!((again.as_str(), stuck(&shared)), ("", 1), "told already");
        let later = logged(|| look(&shared, begun + 2 * STUCK_AFTER));
        assert!(later.contains("seconds=4"), "{later}");
        assert_eq!(stuck(&shared), 1, "it is still the same");
        shared.watch.end();
        shared.watch.begin("store.commit");
        let another = logged(|| look(&shared, Instant::now() + STUCK_AFTER));
        assert!(another.contains("command=\"store.commit\""), "{another}");
        assert_eq!(stuck(&shared), 2);
    }

    #[test]
    fn the_watchdog_looks_until_the_writer_has_ended() {
        let shared = Shared::new();
        shared.watch.begin("bind");
        let begun = Instant::now();
        let (writing, written) = channel();
        let looks = AtomicU64::new(0);
        let (seen, looked) = (&shared, &looks);
        std::thread::scope(|scope| {
            let watchdog = scope.spawn(move || {
                // A second passes from look to look, however fast they follow each other here.
                let clock =
                    || begun + Duration::from_secs(looked.fetch_add(1, Ordering::SeqCst) + 1);
                logged(|| watch(seen, &written, Duration::from_millis(1), clock))
            });
            while looks.load(Ordering::SeqCst) < 9 {
                assert!(!watchdog.is_finished(), "it gave up");
                std::thread::yield_now();
            }
            drop(writing);
            let log = watchdog.join().expect("it ended");
            // After 2, 4 and 8 seconds, and perhaps later ones.
            for seconds in [2, 4, 8] {
                let line = format!("seconds={seconds} ");
                assert_eq!(log.matches(&line).count(), 1, "{log}");
            }
            assert!(!log.contains("seconds=3 "), "{log}");
        });
        assert_eq!(Meters::read(&shared.meters.stuck), 1);
    }

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
