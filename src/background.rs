//! Long computations beside the work that people wait for.

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::api::BotError;

/// How much more such a thread yields to others than the rest of the process, in the operating system's terms
/// (19 is the most there is). At 10 it gets a tenth of a processor that another thread wants as well, and all of
/// one that nobody wants.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// What `work` returns, done on a thread of its own named `name` that yields the processors to everything else.
///
/// # Errors
/// [`BotError::Internal`] when it panicked, or no thread could be had for it.
pub(super) async fn aside<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BotError> {
    let failed = |why: &str| BotError::Internal(format!("{name} {why}"));
    let (done, waiting) = oneshot::channel();
    let runtime = Handle::current();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            yield_to_others();
            let _entered = runtime.enter();
            // Whoever asked may have gone.
            let _ = done.send(work());
        })
        .map_err(|error| failed(&format!("got no thread: {error}")))?;
    waiting.await.map_err(|_| failed("panicked"))
}

/// Drops `what` on a thread of its own; here when no thread can be had.
pub(super) fn discard<T: Send + 'static>(what: T) {
    let name = "taking apart".to_owned();
    let dropped = std::thread::Builder::new().name(name).spawn(move || {
        yield_to_others();
        drop(what);
    });
    if let Err(error) = dropped {
        tracing::debug!(%error, "no thread to drop something on");
    }
}

#[cfg(target_os = "linux")]
fn yield_to_others() {
    // On Linux this is about the calling thread alone.
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

/// Elsewhere the priority is the whole process's.
#[cfg(not(target_os = "linux"))]
fn yield_to_others() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_done_aside_comes_back_and_a_panic_is_an_error() {
        assert_eq!(aside("adding", || 1 + 1).await.expect("done"), 2);
        let failed = aside("failing", || panic!("on purpose")).await;
        let Err(BotError::Internal(why)) = failed else {
            panic!("an error");
        };
        assert_eq!(why, "failing panicked");
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
    async fn only_the_thread_aside_yields() {
        let nice = || {
            let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("the thread");
            let (_, fields) = stat.rsplit_once(')').expect("its name");
            // The 19th field, counted from the state, which is the third.
            let nice = fields.split_whitespace().nth(16).expect("its niceness");
            nice.parse::<i32>().expect("a number")
        };
        let before = nice();
        assert_eq!(
            aside("yielding", nice).await.expect("done"),
            (before + NICE).min(MOST)
        );
        assert_eq!(nice(), before);
    }
}
