//! Reading at a glance: answered on the caller's thread, and never with what is not durable.

use super::records::StoreInfo;
use super::*;

type Seen = Result<Option<Counter>, StoreError>;

/// Runs `f` at a glance, or else as a command: as a push is.
async fn execute_reading_first<T, E>(
    store: &dyn Store,
    name: &'static str,
    mut f: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    match super::glance(store, &mut f) {
        Some(seen) => Ok(seen),
        None => execute(store, name, f).await,
    }
}

/// Reads a counter the quick way, if that is open.
async fn seen(store: &dyn Store, name: &str) -> Option<u64> {
    let name = name.to_owned();
    let seen: Seen = execute_reading_first(store, "test.glance", move |tx| tx.get(&name)).await;
    seen.expect("a read").map(|counter| counter.last)
}

#[tokio::test]
async fn a_quiet_store_answers_without_its_writer() {
    for bench in [Bench::memory(), Bench::sled()] {
        let store = bench.store();
        assert_eq!(put(store, "a", 1).await, Ok(()));
        let before = store.status();
        let mut glancing = Box::pin(seen(store, "a"));
        assert_eq!(now(&mut glancing), Some(Some(1)), "in the first poll");
        let after = store.status();
        assert_eq!(after.quick, before.quick + 1);
        assert_eq!(after.commands, before.commands + 1);
        assert_eq!(after.commits, before.commits);
    }
}

#[tokio::test]
async fn what_is_applied_but_not_synced_is_never_shown() {
    let directory = tempfile::tempdir().expect("a directory");
    let (Opened { store, .. }, _log, gate) = watched_disk(directory.path());
    let mut putting = Box::pin(put(&*store, "a", 1));
    assert!(now(&mut putting).is_none());
    gate.wait();
    // The batch is in the database, where every reader would see it, and not on the disk.
    let mut glancing = Box::pin(seen(&*store, "a"));
    assert!(now(&mut glancing).is_none());
    assert_eq!(store.status().quick, 0);
    gate.pass();
    assert_eq!(glancing.await, Some(1));
    assert_eq!(putting.await, Ok(()));
    assert_eq!(store.status().quick, 0);
}

/// What the store says about itself, as a glance sees it: a record that is not of the chronicle.
fn known(store: &dyn Store) -> Option<StoreInfo> {
    super::glance(store, |tx| tx.get::<StoreInfo>(&())).flatten()
}

#[tokio::test]
async fn the_chronicle_holds_up_only_those_who_read_of_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let (Opened { store, .. }, _log, gate) = watched_disk(directory.path());
    let record = counter("a", 1);
    let mut writing = Box::pin(chronicle(&*store, "test.chronicle", move |tx| {
        tx.put(&record)
    }));
    let waiting: Option<Result<(), StoreError>> = now(&mut writing);
    assert!(waiting.is_none());
    gate.wait();
    // It is in the database and not on the disk: nobody may see it, and nobody else needs to wait.
    assert!(known(&*store).is_some());
    let mut glancing = Box::pin(seen(&*store, "a"));
    assert!(now(&mut glancing).is_none());
    gate.pass();
    assert_eq!(glancing.await, Some(1));
    assert_eq!(writing.await, Ok(()));
    assert_eq!(store.status().quick, 1);
}

#[tokio::test]
async fn a_read_holds_up_nobody() {
    let bench = Bench::memory();
    let store = bench.store.clone();
    let (started, has_started) = channel();
    let (release, wait) = channel::<()>();
    let mut reading = Box::pin(read(&*store, "test.read", move |_| {
        let _ = started.send(());
        let _ = wait.recv();
        Ok::<_, StoreError>(())
    }));
    assert!(now(&mut reading).is_none());
    has_started.recv().expect("it runs");
    assert!(known(&*store).is_some());
    drop(release);
    assert_eq!(reading.await, Ok(()));
}

#[tokio::test]
async fn the_chronicle_is_all_that_its_commands_may_write() {
    let bench = Bench::memory();
    let store = bench.store();
    let info = known(store).expect("there");
    let written: Result<(), StoreError> = chronicle(store, "test.chronicle", move |tx| {
        tx.put(&counter("a", 1))?;
        // Looking away does not help.
        let _ = tx.put(&info);
        Ok(())
    })
    .await;
    assert_eq!(written, Err(StoreError::ReadOnly));
    assert_eq!(get(store, "a").await, None);
}

#[tokio::test]
async fn a_commit_of_the_chronicle_voids_what_was_read_of_it() {
    let bench = Bench::memory();
    let store = bench.store.clone();
    let torn = |of_it: bool| {
        let (store, sequence) = (store.clone(), store.status().sequence);
        super::glance(&*bench.store, move |tx| {
            if of_it {
                tx.get::<Counter>(&"a".to_owned())?;
            }
            let mut writing = Box::pin(chronicle(&*store, "test.chronicle", |tx| {
                tx.next_number("a")
            }));
            let _: Option<Result<u64, StoreError>> = now(&mut writing);
            while store.status().sequence == sequence {
                std::thread::yield_now();
            }
            tx.get::<StoreInfo>(&())
        })
    };
    assert!(torn(false).is_some());
    assert!(torn(true).is_none());
}

#[tokio::test]
async fn what_came_before_goes_first() {
    let bench = Bench::memory();
    let store = bench.store();
    let held = hold(store);
    let mut putting = Box::pin(put(store, "a", 1));
    assert!(now(&mut putting).is_none());
    let mut glancing = Box::pin(seen(store, "a"));
    assert!(now(&mut glancing).is_none());
    drop(held);
    assert_eq!(glancing.await, Some(1));
    assert_eq!(putting.await, Ok(()));
}

#[tokio::test]
async fn a_commit_in_the_middle_voids_what_was_read() {
    let bench = Bench::memory();
    let store = bench.store.clone();
    let (other, sequence) = (store.clone(), store.status().sequence);
    let name = || "a".to_owned();
    let mut runs = 0;
    let seen: Result<_, StoreError> = execute_reading_first(&*store, "test.torn", move |tx| {
        let before = tx.get::<Counter>(&name())?.is_some();
        runs += 1;
        if runs == 1 {
            let record = counter("a", 1);
            let mut putting = Box::pin(execute(&*other, "test.put", move |tx| tx.put(&record)));
            // Queued by the first poll; the writer may even be done with it by then.
            let _: Option<Result<(), StoreError>> = now(&mut putting);
            while other.status().sequence == sequence {
                std::thread::yield_now();
            }
        }
        Ok((before, tx.get::<Counter>(&name())?.is_some(), runs))
    })
    .await;
    assert_eq!(seen, Ok((true, true, 2)), "one state, and a durable one");
    assert_eq!(store.status().quick, 0);
}

#[tokio::test]
async fn a_command_that_writes_after_all_is_committed_once() {
    let bench = Bench::memory();
    let store = bench.store();
    let before = store.status();
    let number = execute_reading_first(store, "test.write", |tx| tx.next_number("n")).await;
    assert_eq!(number, Ok(1));
    let looked_away: Result<(), StoreError> = execute_reading_first(store, "test", |tx| {
        let _ = tx.next_number("n");
        Ok(())
    })
    .await;
    assert_eq!(looked_away, Ok(()));
    assert_eq!(get(store, "n").await, Some(2));
    let after = store.status();
    assert_eq!((after.commits, after.quick), (before.commits + 2, 0));
}

#[tokio::test]
async fn both_ways_have_the_same_randomness_and_time_never_goes_back() {
    let roll = |bench: &Bench, busy: bool| {
        let store = bench.store.clone();
        let held = busy.then(|| hold(&*store));
        let mut rolling = Box::pin(async move {
            let rolled: Result<[u8; 8], StoreError> =
                execute_reading_first(&*store, "test", |tx| Ok(tx.random())).await;
            rolled
        });
        let quick = now(&mut rolling);
        drop(held);
        (rolling, quick)
    };
    let (one, other) = (Bench::memory(), Bench::memory());
    // The held command draws as well.
    let _: Result<(), StoreError> = execute(one.store(), "test", |_| Ok(())).await;
    let (_, quick) = roll(&one, false);
    let (queued, none) = roll(&other, true);
    assert!(none.is_none());
    assert_eq!(quick, Some(queued.await));

    one.clock.advance(1_000);
    let time = |store: &dyn Store| -> Option<Result<i64, StoreError>> {
        now(&mut Box::pin(execute_reading_first(store, "test", |tx| {
            Ok(tx.now())
        })))
    };
    assert_eq!(time(one.store()), Some(Ok(START + 1_000)));
    one.clock.advance(-500);
    assert_eq!(time(one.store()), Some(Ok(START + 1_000)));
    let queued: Result<i64, StoreError> = execute(one.store(), "test", |tx| Ok(tx.now())).await;
    assert_eq!(queued, Ok(START + 1_000));
}

#[tokio::test]
async fn a_panic_is_met_again_in_the_queue() {
    let bench = Bench::memory();
    let result: Result<(), StoreError> = execute_reading_first(bench.store(), "test.panic", |_| {
        panic!("this panic belongs to the test")
    })
    .await;
    assert_eq!(result, Err(StoreError::Panicked("test.panic")));
    assert_eq!(bench.store().status().panicked, 1);
}

#[tokio::test]
async fn a_closed_store_is_read_by_nobody_and_its_files_are_free() {
    let directory = tempfile::tempdir().expect("a directory");
    let opened = reopen(directory.path()).expect("a new store");
    let store = opened.store;
    assert_eq!(put(&*store, "a", 1).await, Ok(()));
    assert_eq!(seen(&*store, "a").await, Some(1));
    store.close().await;
    let name = "a".to_owned();
    let seen: Seen = execute_reading_first(&*store, "test", move |tx| tx.get(&name)).await;
    assert_eq!(seen, Err(StoreError::Closed));
    let again = reopen(directory.path()).expect("the files are free");
    assert_eq!(get(&*again.store, "a").await, Some(1));
}
