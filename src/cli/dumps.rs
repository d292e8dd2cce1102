//! Dumps of a running server's store: at intervals, and once more when it stops.
//!
//! What a dump is and where it goes is the store's business (`store/dump.rs`); here is only when. A
//! dump that fails is told, counted and tried again at the next interval. One that meets a part of the
//! database which cannot be read is the store's failure, like any such read.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config;
use crate::env::{Env, Millis, SECOND};
use crate::store::{self, DUMPS_FOLDER, DumpError, SharedStore, TransferError};

/// How long the last dump may hold up a stop; a service manager waits some 90 seconds in all.
const LAST_DUMP: Duration = Duration::from_secs(20);

/// Writes the dumps of one store.
pub struct Dumper {
    what: Parts,
    stop: CancellationToken,
    worker: JoinHandle<()>,
}

impl Dumper {
    /// Starts the dumps of `store`; `None` for a store in memory, or when the interval is zero.
    pub fn start(store: &SharedStore, env: &Env, config: &config::Store) -> Option<Self> {
        let path = store.status().path?;
        if config.dump_every == 0 {
            return None;
        }
        let what = Parts {
            numbers: Numbers::default(),
            store: store.clone(),
            env: env.clone(),
            folder: path.join(DUMPS_FOLDER),
            every: config.dump_every,
            keep: config.dumps_kept,
        };
        // Of an earlier process; this one's first may be hours away.
        if let Some(time) = what.newest() {
            what.numbers.last_success.set(time / SECOND);
        }
        let stop = CancellationToken::new();
        let worker = tokio::spawn(what.clone().work(stop.clone()));
        Some(Self { what, stop, worker })
    }

    /// Adds what became of the dumps to `/metrics`. Nothing is there where dumps are turned off.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "dump_last_success_timestamp_seconds",
            "When the newest dump held everything, in Unix time: it was written, or nothing had changed since; 0 for never",
            self.what.numbers.last_success.clone(),
        );
        registry.register(
            "dumps_failed",
            "Dumps that could not be written",
            self.what.numbers.failed.clone(),
        );
    }

    /// The last dump. The store is still open and nothing else writes to it.
    pub async fn last(self) {
        self.stop.cancel();
        if self.worker.await.is_err() {
            tracing::error!("the worker that writes dumps panicked");
        }
        let deadline = Instant::now() + LAST_DUMP;
        self.what.dump(move || Instant::now() > deadline).await;
    }
}

impl std::fmt::Debug for Dumper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dumper")
            .field("folder", &self.what.folder)
            .finish_non_exhaustive()
    }
}

/// What became of the dumps.
#[derive(Debug, Clone, Default)]
struct Numbers {
    last_success: Gauge,
    failed: Counter,
}

#[derive(Clone)]
struct Parts {
    numbers: Numbers,
    store: SharedStore,
    env: Env,
    folder: PathBuf,
    every: Millis,
    keep: usize,
}

impl Parts {
    async fn work(self, stop: CancellationToken) {
        let stopping = Arc::new(AtomicBool::new(false));
        let mut pause = self.until_due();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            let given_up = stopping.clone();
            let dumping = self.dump(move || given_up.load(Ordering::Relaxed));
            tokio::pin!(dumping);
            tokio::select! {
                () = &mut dumping => {}
                () = stop.cancelled() => {
                    // It shows less than the last one will, which has a deadline.
                    stopping.store(true, Ordering::Relaxed);
                    dumping.await;
                    return;
                }
            }
            pause = duration(self.every);
        }
    }

    /// When the newest dump was made.
    fn newest(&self) -> Option<Millis> {
        let dumps = store::dumps(&self.folder).ok()?;
        dumps.first().map(|dump| dump.time)
    }

    /// How long until the newest dump is as old as the interval.
    fn until_due(&self) -> Duration {
        match self.newest() {
            Some(time) => duration((time + self.every - self.env.now()).clamp(0, self.every)),
            None => Duration::ZERO,
        }
    }

    async fn dump(&self, give_up: impl Fn() -> bool + Send + 'static) {
        let (store, folder) = (self.store.clone(), self.folder.clone());
        let (keep, now) = (self.keep, self.env.now());
        let runtime = Handle::current();
        let written = tokio::task::spawn_blocking(move || {
            runtime.block_on(store::dump(&*store, &folder, keep, now, give_up))
        });
        match written.await {
            Ok(Ok(Some(dump))) => {
                self.numbers.last_success.set(now / SECOND);
                tracing::info!(dump = %dump.path.display(), commit = dump.sequence, "the store was dumped");
            }
            Ok(Ok(None)) => {
                self.numbers.last_success.set(now / SECOND);
            }
            Ok(Err(DumpError::Transfer(TransferError::GivenUp))) => {
                tracing::warn!(
                    "the stop does not wait for the dump that was being written; the last one stays"
                );
            }
            Ok(Err(error)) => {
                self.numbers.failed.inc();
                tracing::error!(%error, "the store was not dumped");
            }
            Err(_) => {
                self.numbers.failed.inc();
                tracing::error!("writing a dump panicked");
            }
        }
    }
}

fn duration(millis: Millis) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::{Flavour, NewEvent, OnLoss, OpenOptions, StoreError, execute};

    fn opened(path: &Path) -> SharedStore {
        let options = OpenOptions {
            path: path.to_owned(),
            cache_bytes: 0,
            flavour: Some(Flavour::Dev),
            on_loss: OnLoss::Refuse,
        };
        store::open(options, Env::scripted(1_000, 1).0)
            .expect("a new store")
            .store
    }

    fn every(dump_every: Millis) -> config::Store {
        config::Store {
            path: PathBuf::new(),
            dump_every,
            dumps_kept: 2,
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_server_that_stops_leaves_a_dump_of_everything() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = opened(directory.path());
        let env = Env::scripted(1_000, 1).0;
        let dumper = Dumper::start(&store, &env, &every(crate::env::DAY)).expect("on disk");
        let done: Result<u64, StoreError> = execute(&*store, "test", |tx| {
            tx.emit(NewEvent::new("fact", serde_json::json!({})))
        })
        .await;
        done.expect("a commit");
        dumper.last().await;
        let dumps = store::dumps(&directory.path().join(DUMPS_FOLDER)).expect("listed");
        assert_eq!(dumps[0].sequence, store.status().sequence);
    }

    fn numbers(dumper: &Dumper) -> (i64, u64) {
        let numbers = &dumper.what.numbers;
        (numbers.last_success.get(), numbers.failed.get())
    }

    /// Waits for what the dumper's own worker does at the start.
    async fn until(dumper: &Dumper, wanted: (i64, u64)) {
        while numbers(dumper) != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn the_time_of_the_last_good_dump_and_the_failures_are_counted() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = opened(directory.path());
        let (env, clock) = Env::scripted(50_000, 1);
        let dumper = Dumper::start(&store, &env, &every(crate::env::DAY)).expect("on disk");
        until(&dumper, (50, 0)).await;
        let mut registry = Registry::default();
        dumper.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).expect("text");
        for line in [
            "dump_last_success_timestamp_seconds 50\n",
            "dumps_failed_total 0\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
        // Nothing has changed: the one there is still holds everything.
        clock.advance(10_000);
        dumper.what.dump(|| false).await;
        assert_eq!(numbers(&dumper), (60, 0));
        dumper.last().await;

        // What an earlier process has left is known at once.
        clock.advance(crate::env::DAY / 2);
        let dumper = Dumper::start(&store, &env, &every(crate::env::DAY)).expect("on disk");
        assert_eq!(numbers(&dumper), (50, 0), "when it was made");
        dumper.last().await;

        let folder = directory.path().join(DUMPS_FOLDER);
        std::fs::remove_dir_all(&folder).expect("removed");
        std::fs::write(&folder, "no folder").expect("written");
        let dumper = Dumper::start(&store, &env, &every(crate::env::DAY)).expect("on disk");
        until(&dumper, (0, 1)).await;
        dumper.what.dump(|| false).await;
        assert_eq!(numbers(&dumper), (0, 2));
        dumper.last().await;
    }

    #[tokio::test]
    async fn there_are_none_in_memory_or_when_they_are_turned_off() {
        let env = Env::scripted(1_000, 1).0;
        let memory = store::memory(env.clone());
        assert!(Dumper::start(&memory, &env, &every(1)).is_none());
        let directory = tempfile::tempdir().expect("a directory");
        let store = opened(directory.path());
        assert!(Dumper::start(&store, &env, &every(0)).is_none());
    }
}
