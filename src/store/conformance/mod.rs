//! One suite for every engine, and what each engine promises beyond it.
//!
//! No test sleeps: the writer is held by a command that waits for a channel, the disk by a barrier
//! that does.

mod commits;
mod damage;
mod disk;
mod made_later;
mod quick;
mod restore;
mod suite;
mod transfer;
mod unread;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use serde_json::json;
use tempfile::TempDir;

use super::engine::{Barrier, CommitStep};
use super::open::{Parts, start};
use super::post::Threads;
use super::records::Counter;
use super::sled::{FileBarrier, Hooks, OpenOptions, Opened, open_with};
use super::*;
use crate::env::{Env, ManualClock};

/// Long enough that only the number of keys ends a drain.
const PATIENT: Duration = Duration::from_secs(3600);
/// A queue that tests can fill.
const SMALL_QUEUE: usize = 8;
const START: i64 = 1_790_000_000_000;

/// A store under test and what it stands on.
struct Bench {
    store: SharedStore,
    clock: Arc<ManualClock>,
    threads: Threads,
    _directory: Option<TempDir>,
}

impl Bench {
    fn memory() -> Self {
        Self::memory_with(|parts| parts)
    }

    fn memory_with(change: impl FnOnce(Parts) -> Parts) -> Self {
        let (env, clock) = Env::scripted(START, 7);
        let parts = change(Parts {
            drain_time: PATIENT,
            queue: 4096,
            ..Parts::memory()
        });
        Self {
            threads: parts.threads,
            store: start(parts, env).expect("a store in memory"),
            clock,
            _directory: None,
        }
    }

    fn unthreaded() -> Self {
        Self::memory_with(|parts| Parts {
            threads: Threads::Callers,
            ..parts
        })
    }

    fn sled() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let (env, clock) = Env::scripted(START, 7);
        let hooks = Hooks {
            drain_time: PATIENT,
            ..Hooks::default()
        };
        let opened = open_with(options(directory.path()), env, hooks).expect("a new store");
        Self {
            store: opened.store,
            clock,
            threads: Threads::Own,
            _directory: Some(directory),
        }
    }

    fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Makes one drain of what is submitted while it is held, where there are drains of several commands.
    fn hold(&self) -> Option<Held> {
        (self.threads == Threads::Own).then(|| hold(self.store()))
    }
}

fn options(directory: &Path) -> OpenOptions {
    OpenOptions {
        path: directory.join("store"),
        cache_bytes: 16 << 20,
        flavour: Some(Flavour::Dev),
        on_loss: OnLoss::Refuse,
    }
}

/// Opens a store that was closed. A process that another test starts at that moment holds what was open, and so the
/// lock, until it runs its own program: that is waited for.
fn reopen(directory: &Path) -> Result<Opened, OpenError> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let begun = Instant::now();
    loop {
        match open(options(directory), Env::scripted(START, 8).0) {
            Err(OpenError::Locked(_)) if begun.elapsed() < PATIENCE => std::thread::yield_now(),
            opened => return opened,
        }
    }
}

/// A record for tests: a counter under a name.
fn counter(name: &str, last: u64) -> Counter {
    Counter {
        name: name.to_owned(),
        last,
    }
}

async fn put(store: &dyn Store, name: &str, last: u64) -> Result<(), StoreError> {
    let record = counter(name, last);
    execute(store, "test.put", move |tx| tx.put(&record)).await
}

async fn get(store: &dyn Store, name: &str) -> Option<u64> {
    let name = name.to_owned();
    let found: Result<Option<Counter>, StoreError> =
        read(store, "test.get", move |tx| tx.get(&name)).await;
    found.expect("a read").map(|counter| counter.last)
}

async fn names(store: &dyn Store) -> Vec<String> {
    let found: Result<Vec<Counter>, StoreError> = read(store, "test.names", |tx| {
        tx.scan((), Order::Ascending, 100_000)
    })
    .await;
    let found = found.expect("a read");
    found.into_iter().map(|counter| counter.name).collect()
}

async fn feed(store: &dyn Store) -> Vec<FeedEvent> {
    let found: Result<Vec<FeedEvent>, StoreError> = read(store, "test.feed", |tx| {
        tx.scan((), Order::Ascending, 100_000)
    })
    .await;
    found.expect("a read")
}

fn event(kind: &str) -> NewEvent {
    NewEvent::new(kind, json!({}))
}

/// Keeps the writer busy until dropped, so that what is submitted meanwhile is one drain.
struct Held {
    _release: Sender<()>,
}

fn hold(store: &dyn Store) -> Held {
    struct Hold(Sender<()>, Receiver<()>);
    impl Command for Hold {
        fn name(&self) -> &'static str {
            "test.hold"
        }
        fn run(&mut self, _tx: &mut Tx<'_>) -> Result<(), Abort> {
            let _ = self.0.send(());
            let _ = self.1.recv();
            Ok(())
        }
    }
    let (started, has_started) = channel();
    let (release, wait) = channel();
    drop(store.submit(Box::new(Hold(started, wait))));
    has_started.recv().expect("the writer runs the command");
    Held { _release: release }
}

/// What a watched disk was told to do.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Event>>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Sync,
    Step(CommitStep),
}

impl Log {
    fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().expect("the log"))
    }

    fn syncs(&self) -> usize {
        let log = self.0.lock().expect("the log");
        log.iter().filter(|event| **event == Event::Sync).count()
    }

    fn add(&self, event: Event) {
        self.0.lock().expect("the log").push(event);
    }
}

/// A barrier that writes down what happens, and can be stopped in the middle of a sync or made to fail.
struct Watched {
    log: Log,
    /// Told when a sync begins; then the sync waits for the answer: on or fail.
    gate: Option<(Sender<()>, Receiver<io::Result<()>>)>,
    file: Option<FileBarrier>,
}

impl Barrier for Watched {
    fn sync(&self) -> io::Result<()> {
        self.log.add(Event::Sync);
        if let Some((begun, answer)) = &self.gate {
            let _ = begun.send(());
            // Nobody at the gate: it stands open.
            if let Ok(answer) = answer.recv() {
                answer?;
            }
        }
        self.file.as_ref().map_or(Ok(()), Barrier::sync)
    }

    fn observe(&self, step: CommitStep) {
        self.log.add(Event::Step(step));
    }
}

/// The test's side of a gate. While it lives, every sync stops at it.
struct Gate {
    begun: Receiver<()>,
    answer: Sender<io::Result<()>>,
}

impl Gate {
    fn new() -> (Self, (Sender<()>, Receiver<io::Result<()>>)) {
        let (begin, begun) = channel();
        let (answer, wait) = channel();
        (Self { begun, answer }, (begin, wait))
    }

    /// Lets one sync pass, past or to come.
    fn pass(&self) {
        self.answer.send(Ok(())).expect("the writer listens");
    }

    fn fail(&self) {
        let error = io::Error::other("the disk is gone");
        self.answer.send(Err(error)).expect("the writer listens");
    }

    /// Waits until a sync stands at the gate.
    fn wait(&self) {
        // The bound only turns a missing sync into a failure instead of a standstill.
        self.begun
            .recv_timeout(Duration::from_secs(20))
            .expect("a sync begins");
    }
}

/// A store on disk whose syncs are watched and stop at the gate. Its creation has passed.
fn watched_disk(directory: &Path) -> (Opened, Log, Gate) {
    let log = Log::default();
    let (gate, inner) = Gate::new();
    let watched = log.clone();
    let hooks = Hooks {
        barrier: Box::new(move |file: File| {
            Box::new(Watched {
                log: watched,
                gate: Some(inner),
                file: Some(FileBarrier::new(file)),
            })
        }),
        drain_time: PATIENT,
        ..Hooks::default()
    };
    gate.pass();
    let env = Env::scripted(START, 7).0;
    let opened = open_with(options(directory), env, hooks).expect("a new store");
    gate.wait();
    log.take();
    (opened, log, gate)
}

/// The same in memory.
fn watched_memory() -> (Bench, Log, Gate) {
    let log = Log::default();
    let (gate, inner) = Gate::new();
    gate.pass();
    let barrier = Watched {
        log: log.clone(),
        gate: Some(inner),
        file: None,
    };
    let bench = Bench::memory_with(|parts| Parts {
        barrier: Box::new(barrier),
        ..parts
    });
    gate.wait();
    log.take();
    (bench, log, gate)
}

/// What a future has now, without waiting.
fn now<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    future.now_or_never()
}
