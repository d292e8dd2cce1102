//! The order of a commit: apply, flush, sync, mark, acknowledge. These tests turn red when the
//! sync, or its place, is lost.

use super::super::seed::Seed;
use super::*;

fn one_commit() -> Vec<Event> {
    use CommitStep::{Acknowledging, Applied, Flushed, Marked, Synced};
    vec![
        Event::Step(Applied),
        Event::Step(Flushed),
        Event::Sync,
        Event::Step(Synced),
        Event::Step(Marked),
        Event::Step(Acknowledging),
    ]
}

#[tokio::test]
async fn nothing_is_acknowledged_before_the_sync() {
    let directory = tempfile::tempdir().expect("a directory");
    let (Opened { store, .. }, log, gate) = watched_disk(directory.path());
    let mark = directory.path().join("store/acknowledged");
    let (sequence, marked) = (store.status().sequence, std::fs::read(&mark).expect("read"));

    let mut putting = Box::pin(put(&*store, "a", 1));
    assert!(now(&mut putting).is_none());
    gate.wait();
    // The writer stands in the sync: the batch is applied, and nobody may know.
    let mut reading = Box::pin(get(&*store, "a"));
    assert!(now(&mut putting).is_none());
    assert!(now(&mut reading).is_none());
    assert_eq!(store.status().sequence, sequence);
    assert_eq!(*store.commits().borrow(), sequence);
    assert_eq!(std::fs::read(&mark).expect("read"), marked);

    gate.pass();
    assert_eq!(putting.await, Ok(()));
    assert_eq!(reading.await, Some(1));
    assert_eq!(log.take(), one_commit());
    assert_eq!(store.status().sequence, sequence + 1);
    assert_ne!(std::fs::read(&mark).expect("read"), marked);
}

#[tokio::test]
async fn a_drain_costs_one_sync_and_reads_cost_none() {
    let (bench, log, gate) = watched_memory();
    let store = bench.store();
    let held = hold(store);
    let mut all = Box::pin(async {
        tokio::join!(
            put(store, "a", 1),
            get(store, "a"),
            put(store, "b", 1),
            put(store, "c", 1)
        )
    });
    assert!(now(&mut all).is_none());
    drop(held);
    gate.pass();
    let (_, seen, _, _) = all.await;
    assert_eq!(seen, Some(1));
    assert_eq!(log.take(), one_commit());

    assert_eq!(get(store, "a").await, Some(1));
    let nothing: Result<(), StoreError> = execute(store, "test", |tx| {
        tx.delete::<Counter>(&"not there".to_owned())
    })
    .await;
    assert_eq!(nothing, Ok(()));
    assert_eq!(log.take(), []);
}

#[tokio::test]
async fn a_refusal_built_on_a_pending_write_waits_for_it() {
    let (bench, _log, gate) = watched_memory();
    let store = bench.store();
    let held = hold(store);
    let mut putting = Box::pin(put(store, "taken", 1));
    let mut refused = Box::pin(execute(store, "test", |tx| {
        match tx.get::<Counter>(&"taken".to_owned())? {
            Some(_) => Err(StoreError::BadContinuation),
            None => Ok(()),
        }
    }));
    assert!(now(&mut putting).is_none());
    assert!(now(&mut refused).is_none());
    drop(held);
    gate.wait();
    assert!(now(&mut refused).is_none());
    gate.pass();
    assert_eq!(refused.await, Err(StoreError::BadContinuation));
    assert_eq!(putting.await, Ok(()));
}

#[tokio::test]
async fn a_failed_sync_ends_the_store_and_is_not_tried_again() {
    let (bench, log, gate) = watched_memory();
    let store = bench.store();
    let mut commits = store.commits();
    commits.mark_unchanged();
    let held = hold(store);
    let mut all = Box::pin(async { tokio::join!(put(store, "a", 1), get_result(store, "a")) });
    assert!(now(&mut all).is_none());
    drop(held);
    gate.wait();
    let mut later = Box::pin(put(store, "b", 1));
    assert!(now(&mut later).is_none());
    gate.fail();
    let (first, second) = all.await;
    assert!(matches!(first, Err(StoreError::Failed(_))), "{first:?}");
    assert!(matches!(second, Err(StoreError::Failed(_))), "{second:?}");
    assert!(matches!(later.await, Err(StoreError::Failed(_))));
    assert!(matches!(
        put(store, "c", 1).await,
        Err(StoreError::Failed(_))
    ));
    assert!(matches!(
        get_result(store, "c").await,
        Err(StoreError::Failed(_))
    ));
    assert!(store.snapshot().await.is_err());
    assert_eq!(log.syncs(), 1);
    assert!(!commits.has_changed().expect("still open"));
    let reason = store.status().failed.expect("it says why");
    assert!(reason.contains("the disk is gone"), "{reason}");
    store.close().await;
}

async fn get_result(store: &dyn Store, name: &str) -> Result<Option<Counter>, StoreError> {
    let name = name.to_owned();
    read(store, "test", move |tx| tx.get(&name)).await
}

#[tokio::test]
async fn a_disk_that_cannot_be_synced_never_acknowledges() {
    let directory = tempfile::tempdir().expect("a directory");
    // The real barrier over a pipe, which the kernel refuses to sync.
    let hooks = Hooks {
        barrier: Box::new(|_| {
            let (_, writer) = io::pipe().expect("a pipe");
            let file = File::from(std::os::fd::OwnedFd::from(writer));
            Box::new(FileBarrier::new(file))
        }),
        ..Hooks::default()
    };
    let env = Env::scripted(START, 7).0;
    let opened = open_with(options(directory.path()), env, hooks);
    assert!(
        matches!(opened, Err(OpenError::Store(StoreError::Failed(_)))),
        "{opened:?}"
    );
}

#[tokio::test]
async fn a_full_queue_says_busy_at_once() {
    let bench = Bench::memory_with(|parts| Parts {
        queue: SMALL_QUEUE,
        ..parts
    });
    let store = bench.store();
    let held = hold(store);
    let mut queued: Vec<_> = (0..SMALL_QUEUE)
        .map(|n| {
            Box::pin(async move {
                let name = n.to_string();
                put(store, &name, 1).await
            })
        })
        .collect();
    for put in &mut queued {
        assert!(now(put).is_none());
    }
    assert_eq!(store.status().queue, SMALL_QUEUE);
    assert_eq!(put(store, "late", 1).await, Err(StoreError::Busy));
    assert_eq!(store.snapshot().await.err(), Some(StoreError::Busy));
    assert_eq!(store.status().busy, 2);
    drop(held);
    for put in queued {
        assert_eq!(put.await, Ok(()));
    }
    assert_eq!(put(store, "later", 1).await, Ok(()));
    assert_eq!(get(store, "late").await, None);
}

#[tokio::test]
async fn a_caller_that_stops_waiting_does_not_undo_its_command() {
    let bench = Bench::memory();
    let store = bench.store();
    let held = hold(store);
    let mut putting = Box::pin(put(store, "a", 1));
    assert!(now(&mut putting).is_none());
    drop(putting);
    drop(held);
    assert_eq!(get(store, "a").await, Some(1));
}

#[tokio::test]
async fn a_command_run_again_makes_the_same_writes() {
    let engine = memory::MemoryEngine::default();
    let nothing = later::Pending::new();
    let run = |seed: u8| {
        let mut tx = Tx::new(
            &engine,
            &nothing,
            START,
            Seed::Given([seed; 32]),
            Reach::Everything,
        );
        tx.emit(event("fact")).expect("an event");
        later::made(tx.finish().writes).expect("values")
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

/// A database that breaks when a certain key is touched.
struct Breaking(memory::MemoryEngine);

impl Breaking {
    fn breaks_at(key: &[u8], name: &str) -> bool {
        key.windows(name.len()).any(|part| part == name.as_bytes())
    }
}

impl engine::Source for Breaking {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, engine::EngineError> {
        if Self::breaks_at(key, "unreadable") {
            return Err(engine::EngineError("bad sector".to_owned()));
        }
        self.0.get(key)
    }
    fn range<'a>(&'a self, low: &[u8], high: &[u8], order: Order) -> engine::Rows<'a> {
        self.0.range(low, high, order)
    }
}

impl engine::Engine for Breaking {
    fn apply(&mut self, writes: engine::Writes) -> Result<(), engine::EngineError> {
        if writes.keys().any(|key| Self::breaks_at(key, "panics")) {
            panic!("this panic belongs to the test");
        }
        self.0.apply(writes)
    }
    fn flush(&mut self) -> Result<(), engine::EngineError> {
        Ok(())
    }
    fn acknowledge(&mut self, _mark: engine::Mark) -> Result<(), engine::EngineError> {
        Ok(())
    }
    fn close(self: Box<Self>) {}
}

fn breaking() -> (Bench, Log) {
    let log = Log::default();
    let barrier = Watched {
        log: log.clone(),
        gate: None,
        file: None,
    };
    let bench = Bench::memory_with(|parts| Parts {
        engine: Box::new(Breaking(memory::MemoryEngine::default())),
        barrier: Box::new(barrier),
        ..parts
    });
    log.take();
    (bench, log)
}

#[tokio::test]
async fn a_read_that_fails_ends_the_store_with_its_drain() {
    let (bench, log) = breaking();
    let store = bench.store();
    let held = hold(store);
    let mut all = Box::pin(async {
        tokio::join!(
            put(store, "a", 1),
            get_result(store, "unreadable"),
            put(store, "b", 1)
        )
    });
    assert!(now(&mut all).is_none());
    drop(held);
    let (before, broken, after) = all.await;
    assert!(matches!(before, Err(StoreError::Failed(_))), "{before:?}");
    assert!(matches!(broken, Err(StoreError::Failed(_))), "{broken:?}");
    assert!(matches!(after, Err(StoreError::Failed(_))), "{after:?}");
    assert_eq!(
        log.take(),
        [],
        "nothing more is written to a broken database"
    );
}

#[tokio::test]
async fn an_engine_that_panics_ends_the_store() {
    let (bench, _log) = breaking();
    let store = bench.store();
    let result = put(store, "panics", 1).await;
    assert!(matches!(result, Err(StoreError::Failed(_))), "{result:?}");
    assert!(store.status().failed.is_some());
    assert!(matches!(
        put(store, "a", 1).await,
        Err(StoreError::Failed(_))
    ));
    store.close().await;
}

/// What was queued before the close is carried out and answered after the disk; what comes later is not.
#[tokio::test]
async fn closing_waits_for_the_disk_and_for_what_was_queued_before() {
    let (bench, log, gate) = watched_memory();
    let store = bench.store();
    let mut first = Box::pin(put(store, "a", 1));
    assert!(now(&mut first).is_none());
    gate.wait();
    let mut queued = Box::pin(put(store, "b", 1));
    assert!(now(&mut queued).is_none());
    let mut closing = Box::pin(store.close());
    assert!(now(&mut closing).is_none(), "the disk is still at it");
    let mut late = Box::pin(put(store, "c", 1));
    let refused = now(&mut late);
    assert!(
        now(&mut first).is_none(),
        "not acknowledged before the disk"
    );
    gate.pass();
    assert_eq!(first.await, Ok(()));
    gate.wait();
    assert!(
        now(&mut queued).is_none(),
        "not acknowledged before the disk"
    );
    assert!(now(&mut closing).is_none(), "a command is still under way");
    gate.pass();
    assert_eq!(queued.await, Ok(()));
    closing.await;
    let late = match refused {
        Some(answer) => answer,
        None => late.await,
    };
    assert_eq!(late, Err(StoreError::Closed));
    assert_eq!(log.syncs(), 2);
}

#[tokio::test]
async fn what_the_writer_is_at_can_be_seen_while_it_lasts() {
    let (bench, _log, gate) = watched_memory();
    let store = bench.store();
    assert_eq!(store.status().step, None);
    let held = hold(store);
    let step = store.status().step.map(|step| step.name);
    assert_eq!(step, Some("test.hold"));
    let mut putting = Box::pin(put(store, "a", 1));
    assert!(now(&mut putting).is_none());
    drop(held);
    gate.wait();
    let step = store.status().step.map(|step| step.name);
    assert_eq!(step, Some("store.commit"), "a slow disk has a name too");
    gate.pass();
    assert_eq!(putting.await, Ok(()));
    assert_eq!(store.status().step, None);
}

/// Eight threads at a barrier count one counter up, each reading what it changes.
#[test]
fn threads_at_a_barrier_lose_no_update_and_share_no_number() {
    const THREADS: u64 = 8;
    const EACH: u64 = 125;
    for bench in [Bench::memory(), Bench::sled()] {
        let barrier = std::sync::Barrier::new(usize::try_from(THREADS).expect("few"));
        let numbers: Vec<u64> = std::thread::scope(|scope| {
            let counting: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        let runtime = tokio::runtime::Builder::new_current_thread()
                            .build()
                            .expect("a runtime");
                        barrier.wait();
                        let mut got = Vec::new();
                        for _ in 0..EACH {
                            let number: Result<u64, StoreError> =
                                runtime.block_on(execute(bench.store(), "test.count", |tx| {
                                    tx.next_number("shared")
                                }));
                            got.push(number.expect("a number"));
                        }
                        assert!(got.is_sorted(), "a caller sees its own commits in order");
                        got
                    })
                })
                .collect();
            let all = counting.into_iter();
            all.flat_map(|thread| thread.join().expect("no panic"))
                .collect()
        });
        let distinct: std::collections::BTreeSet<u64> = numbers.iter().copied().collect();
        assert_eq!(distinct, (1..=THREADS * EACH).collect());
        assert_eq!(numbers.len(), distinct.len());
    }
}
