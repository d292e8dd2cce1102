//! Long computations beside the work that people wait for.
//!
//! They have threads of their own with a low priority, and give way at [yield points](yield_point) besides: a kernel
//! built for throughput lets a thread compute until its next tick, four milliseconds later, although another
//! one has been woken on its processor.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How much more such a thread yields to others than the rest of the process, in the operating system's terms
/// (19 is the most there is). At 10 it gets a tenth of a processor that another thread wants as well, and all of
/// one that nobody wants.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// How long such a thread computes between two yield points that give way.
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

/// What `work` returns, done on a thread of its own named `name` that yields the processors to everything else.
///
/// # Errors
/// When it panicked, or no thread could be had for it.
pub(crate) async fn run<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Lost> {
    let lost = |why: String| Lost { name, why };
    let (done, waiting) = oneshot::channel();
    let runtime = Handle::current();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            begin();
            let _entered = runtime.enter();
            // Whoever asked may have gone.
            let _ = done.send(work());
        })
        .map_err(|error| lost(format!("got no thread: {error}")))?;
    waiting.await.map_err(|_| lost("panicked".to_owned()))
}

/// Drops `what` on a thread of its own; here when no thread can be had.
pub(crate) fn discard<T: Send + 'static>(what: T) {
    let name = "taking apart".to_owned();
    let dropped = std::thread::Builder::new().name(name).spawn(move || {
        begin();
        drop(what);
    });
    if let Err(error) = dropped {
        tracing::debug!(%error, "no thread to drop something on");
    }
}

/// Makes the calling thread one of the background.
fn begin() {
    GAVE_WAY.set(Some(Instant::now()));
    lower_priority();
}

#[cfg(target_os = "linux")]
fn lower_priority() {
    // On Linux this is about the calling thread alone.
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

/// Elsewhere the priority is the whole process's.
#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

#[cfg(test)]
mod tests {
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

    #[cfg(target_os = "linux")]
    const MOST: i32 = 19;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_the_thread_of_the_background_yields() {
        let nice = || {
            let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("the thread");
            let (_, fields) = stat.rsplit_once(')').expect("its name");
            // The 19th field, counted from the state, which is the third.
            let nice = fields.split_whitespace().nth(16).expect("its niceness");
            nice.parse::<i32>().expect("a number")
        };
        let before = nice();
        assert_eq!(
            run("yielding", nice).await.expect("done"),
            (before + NICE).min(MOST)
        );
        assert_eq!(nice(), before);
    }
}
