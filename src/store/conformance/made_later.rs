//! Values made beside the writer: in the commit of their command, there for whoever reads, and refused with
//! everything of their commit when they cannot be made.

use super::*;

async fn put_later(
    store: &dyn Store,
    name: &str,
    make: impl FnOnce() -> Counter + Send + 'static,
) -> Result<(), StoreError> {
    let mut make = Some(make);
    let name = name.to_owned();
    execute(store, "test.later", move |tx| {
        let make = make.take().expect("run once");
        tx.put_later::<Counter>(&name, make)
    })
    .await
}

#[tokio::test]
async fn what_is_made_later_is_in_the_same_commit() {
    let (bench, log, gate) = watched_memory();
    let store = bench.store();
    let held = hold(store);
    let (make, wait) = channel::<()>();
    let slow = put_later(store, "a", move || {
        wait.recv().expect("told to");
        counter("a", 1)
    });
    let mut all = Box::pin(async { tokio::join!(slow, put(store, "b", 2)) });
    assert!(now(&mut all).is_none());
    drop(held);
    // Nothing of the drain is written while a value of it is missing.
    make.send(()).expect("somebody makes it");
    gate.pass();
    assert_eq!(all.await, (Ok(()), Ok(())));
    assert_eq!(
        log.take()
            .iter()
            .filter(|seen| **seen == Event::Sync)
            .count(),
        1
    );
    assert_eq!(
        (get(store, "a").await, get(store, "b").await),
        (Some(1), Some(2))
    );
}

#[tokio::test]
async fn the_next_command_reads_what_is_made_later() {
    let bench = Bench::memory();
    let store = bench.store();
    let held = hold(store);
    let later = put_later(store, "a", || counter("a", 7));
    let read_on = execute(store, "test", |tx| {
        let one = tx.get::<Counter>(&"a".to_owned())?.map(|found| found.last);
        let all: Vec<Counter> = tx.scan((), Order::Ascending, 10)?;
        tx.put(&counter("b", one.unwrap_or_default() + 1))?;
        Ok::<_, StoreError>((one, all.len()))
    });
    let mut all = Box::pin(async { tokio::join!(later, read_on) });
    assert!(now(&mut all).is_none());
    drop(held);
    let (later, seen) = all.await;
    assert_eq!((later, seen), (Ok(()), Ok((Some(7), 1))));
    assert_eq!(get(store, "b").await, Some(8));
}

#[tokio::test]
async fn a_value_that_cannot_be_made_takes_its_commit_with_it_and_the_store_goes_on() {
    let bench = Bench::memory();
    let store = bench.store();
    assert_eq!(put(store, "before", 1).await, Ok(()));
    let sequence = store.status().sequence;
    let held = hold(store);
    let broken = put_later(store, "a", || panic!("this panic belongs to the test"));
    let mut all = Box::pin(async { tokio::join!(put(store, "b", 1), broken) });
    assert!(now(&mut all).is_none());
    drop(held);
    let refused = Err(StoreError::Panicked(Counter::KIND.name()));
    assert_eq!(all.await, (refused.clone(), refused));
    assert_eq!(names(store).await, ["before"]);
    assert_eq!(store.status().sequence, sequence);

    let another = put_later(store, "a", || counter("b", 1)).await;
    let kind = Counter::KIND.name();
    assert_eq!(
        another,
        Err(StoreError::Encode { kind }),
        "under its own key only"
    );
    let long = put_later(store, "c", || counter(&"c".repeat(3_000), 1)).await;
    assert!(long.is_err());
    assert_eq!(put(store, "after", 1).await, Ok(()));
    assert_eq!(names(store).await, ["after", "before"]);
}

#[tokio::test]
async fn a_command_that_gives_up_leaves_nothing_to_make() {
    let bench = Bench::memory();
    let store = bench.store();
    let given_up: Result<(), StoreError> = execute(store, "test", |tx| {
        let place = tx.savepoint();
        tx.put_later::<Counter>(&"undone".to_owned(), || panic!("nobody asks for it"))?;
        tx.rollback_to(place);
        tx.put(&counter("kept", 1))
    })
    .await;
    assert_eq!(given_up, Ok(()));
    let read_only: Result<(), StoreError> = read(store, "test", |tx| {
        tx.put_later::<Counter>(&"a".to_owned(), || counter("a", 1))
    })
    .await;
    assert_eq!(read_only, Err(StoreError::ReadOnly));
    assert_eq!(names(store).await, ["kept"]);
}
