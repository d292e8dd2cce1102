//! Long computations beside the work that people wait for.
//!
//! They have threads of their own that run while nobody else wants a processor (Linux; elsewhere they have the
//! priority of the process), and give way at [yield points](yield_point) besides: a kernel built for throughput
//! lets a thread compute until its next tick, four milliseconds later, although another one has been woken on
//! its processor. On a machine that is never idle work is begun anew at a low priority after a while.

use std::cell::Cell;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How long work may wait for processors that nobody else wants.
const PATIENCE: Duration = Duration::from_secs(2);

/// How much more than the rest of the process a thread then yields to others, in the operating system's terms (19 is
/// the most there is). At 10 it gets a tenth of a processor that another thread wants as well.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// How long a thread computes between two yield points that give way.
const TURN: Duration = Duration::from_micros(100);

thread_local! {
    /// On threads of the background: when they gave way last.
    static GAVE_WAY: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Lets threads that wait for this processor go first, on a thread of the background; elsewhere nothing. To be
/// called wherever a part of a long computation is done, however small.
pub(crate) fn yield_point() {
    if let Some(last) = GAVE_WAY.get()
        && last.elapsed() >= TURN
    {
        std::thread::yield_now();
        GAVE_WAY.set(Some(Instant::now()));
    }
}

/// Work in the background did not end.
#[derive(Debug, thiserror::Error)]
#[error("{name} {why}")]
pub(crate) struct Lost {
    name: &'static str,
    why: String,
}

/// What `work` returns, done in the background on a thread named `name`; on two when there is no time for the first.
///
/// # Errors
/// When it panicked, or no thread could be had for it.
pub(crate) async fn run<T: Send + 'static>(
    name: &'static str,
    work: impl Fn() -> T + Send + Sync + 'static,
) -> Result<T, Lost> {
    run_within(PATIENCE, name, work).await
}

async fn run_within<T: Send + 'static>(
    patience: Duration,
    name: &'static str,
    work: impl Fn() -> T + Send + Sync + 'static,
) -> Result<T, Lost> {
    let lost = |why: String| Lost { name, why };
    let (done, waiting) = oneshot::channel();
    let job = Arc::new(Job {
        work,
        runtime: Handle::current(),
        done: Mutex::new(Some(done)),
    });
    let second = job.clone();
    // Dropped when the first thread ends, in whatever way.
    let (ends, ended) = mpsc::channel::<()>();
    let spawn = |work: Box<dyn FnOnce() + Send>| {
        let thread = std::thread::Builder::new().name(name.to_owned());
        let spawned = thread.spawn(work);
        spawned.map_err(|error| lost(format!("got no thread: {error}")))
    };
    spawn(Box::new(move || {
        begin(Share::Idle);
        job.work();
        drop(ends);
    }))?;
    spawn(Box::new(move || {
        if ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            begin(Share::Low);
            second.work();
        }
    }))?;
    waiting.await.map_err(|_| lost("panicked".to_owned()))
}

struct Job<T, W> {
    work: W,
    runtime: Handle,
    done: Mutex<Option<oneshot::Sender<T>>>,
}

impl<T, W: Fn() -> T> Job<T, W> {
    fn work(&self) {
        let _entered = self.runtime.enter();
        let result = (self.work)();
        let done = self
            .done
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(done) = done {
            // Whoever asked may have gone.
            let _ = done.send(result);
        }
    }
}

/// Drops `what` in the background; here when no thread can be had.
pub(crate) fn discard<T: Send + 'static>(what: T) {
    let name = "taking apart".to_owned();
    let dropped = std::thread::Builder::new().name(name).spawn(move || {
        begin(Share::Idle);
        drop(what);
    });
    if let Err(error) = dropped {
        tracing::debug!(%error, "no thread to drop something on");
    }
}

/// What a thread of the background gets of a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    /// What nobody else wants.
    Idle,
    /// Some of what others want, too.
    Low,
}

/// Makes the calling thread one of the background.
fn begin(share: Share) {
    GAVE_WAY.set(Some(Instant::now()));
    lower_priority(share);
}

#[cfg(target_os = "linux")]
fn lower_priority(share: Share) {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };

    // On Linux both are about the calling thread alone.
    if share == Share::Idle {
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        match set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle) {
            Ok(()) => return,
            Err(error) => tracing::debug!(?error, "a thread is not one for idle processors"),
        }
    }
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

/// Elsewhere the priority is the whole process's.
#[cfg(not(target_os = "linux"))]
fn lower_priority(_: Share) {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_is_done_in_the_background_comes_back_and_a_panic_is_an_error() {
        assert_eq!(run("adding", || 1 + 1).await.expect("done"), 2);
        let lost = run("failing", || panic!("on purpose")).await;
        assert_eq!(lost.expect_err("lost").to_string(), "failing panicked");
    }

    #[tokio::test]
    async fn yield_points_give_way_in_the_background_alone() {
        yield_point();
        assert_eq!(GAVE_WAY.get(), None);
        let work = || {
            let begun = GAVE_WAY.get().expect("a thread of the background");
            while GAVE_WAY.get() == Some(begun) {
                yield_point();
            }
            begun.elapsed()
        };
        assert!(run("waiting", work).await.expect("done") >= TURN);
    }

    #[tokio::test]
    async fn work_that_finds_no_idle_processor_is_begun_anew() {
        let (release, released) = mpsc::channel::<()>();
        let (released, begun) = (Mutex::new(released), AtomicUsize::new(0));
        let work = move || match begun.fetch_add(1, Ordering::SeqCst) {
            0 => {
                // As if it never got a processor.
                let _ = released.lock().expect("the only one").recv();
                "the first"
            }
            _ => "the second",
        };
        let done = run_within(Duration::ZERO, "starving", work).await;
        assert_eq!(done.expect("done"), "the second");
        drop(release);
    }

    #[test]
    fn what_is_discarded_is_dropped_elsewhere() {
        struct Told(std::sync::mpsc::Sender<std::thread::ThreadId>);
        impl Drop for Told {
            fn drop(&mut self) {
                let _ = self.0.send(std::thread::current().id());
            }
        }
        let (tell, told) = std::sync::mpsc::channel();
        discard(Told(tell));
        let by = told.recv().expect("it is dropped");
        assert_ne!(by, std::thread::current().id());
    }

    /// A field of the calling thread's state, counted from its third, which follows the name.
    #[cfg(target_os = "linux")]
    fn field(nth: usize) -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("the thread");
        let (_, fields) = stat.rsplit_once(')').expect("its name");
        let field = fields.split_whitespace().nth(nth - 3).expect("a field");
        field.parse().expect("a number")
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_threads_of_the_background_yield() {
        const SCHED_IDLE: i32 = 5;
        let (nice, policy) = (|| field(19), || field(41));
        let before = (nice(), policy());
        assert_eq!(run("yielding", policy).await.expect("done"), SCHED_IDLE);
        let low = std::thread::spawn(move || {
            begin(Share::Low);
            nice()
        });
        assert_eq!(low.join().expect("done"), (before.0 + NICE).min(19));
        assert_eq!((nice(), policy()), before);
    }
}
