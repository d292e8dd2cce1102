//! Commands: they see what was written before them, and leave all they wrote or nothing.

use futures_util::future::join_all;

use super::Domain;
use crate::store::conformance::*;

on_every_engine! {
    alone:
    what_is_written_is_read
    an_overlay_reads_like_the_database
    a_savepoint_undoes_only_what_follows_it
    an_aborted_command_leaves_nothing
    a_panicking_command_takes_nobody_with_it
    an_overlooked_refusal_is_not_committed
    a_read_cannot_write;
    in_company:
    later_commands_of_a_drain_see_earlier_ones
}

async fn what_is_written_is_read(bench: Bench) {
    let store = bench.store();
    assert_eq!(get(store, "a").await, None);
    put(store, "a", 1).await.expect("a put");
    assert_eq!(get(store, "a").await, Some(1));
    put(store, "a", 2).await.expect("a put");
    assert_eq!(get(store, "a").await, Some(2));
    let deleted: Result<(), StoreError> =
        execute(store, "test", |tx| tx.delete::<Counter>(&"a".to_owned())).await;
    deleted.expect("a delete");
    assert_eq!(get(store, "a").await, None);
}

async fn later_commands_of_a_drain_see_earlier_ones(bench: Bench) {
    let store = bench.store();
    let before = store.status().commits;
    let held = bench.hold();
    let first = Box::pin(put(store, "a", 1));
    let next: Vec<_> = (0..10)
        .map(|_| {
            Box::pin(execute(store, "test", |tx: &mut Tx<'_>| {
                let last = tx
                    .get::<Counter>(&"a".to_owned())?
                    .map_or(0, |found| found.last);
                let all: Vec<Counter> = tx.scan((), Order::Ascending, 10)?;
                tx.put(&counter("a", last + 1))?;
                tx.put(&counter(&format!("b{last}"), last))?;
                Ok::<_, StoreError>(all.len())
            }))
        })
        .collect();
    let all = join_all(next);
    // Async functions begin when polled: queue everything before the writer goes on.
    let (mut first, mut all) = (first, Box::pin(all));
    assert!(now(&mut first).is_none());
    assert!(now(&mut all).is_none());
    drop(held);
    first.await.expect("a put");
    let seen: Vec<usize> = all
        .await
        .into_iter()
        .map(|seen| seen.expect("run"))
        .collect();
    assert_eq!(seen, (1..=10).collect::<Vec<_>>()[..]);
    assert_eq!(get(store, "a").await, Some(11));
    assert_eq!(store.status().commits, before + 1, "one drain, one commit");
}

/// Every read inside a command that has written must equal the same read after the commit.
async fn an_overlay_reads_like_the_database(bench: Bench) {
    type Seen = (
        Vec<String>,
        Vec<String>,
        Vec<String>,
        Vec<String>,
        Option<Counter>,
    );
    fn look(tx: &mut Tx<'_>) -> Result<Seen, StoreError> {
        let names = |found: Vec<Counter>| found.into_iter().map(|c| c.name).collect();
        Ok((
            names(tx.scan((), Order::Ascending, 100)?),
            names(tx.scan((), Order::Descending, 100)?),
            names(tx.scan((), Order::Ascending, 3)?),
            names(tx.scan((), Order::Descending, 3)?),
            tx.get(&"c".to_owned())?,
        ))
    }
    let store = bench.store();
    for name in ["a", "c", "e", "g", "i"] {
        put(store, name, 1).await.expect("a put");
    }
    let inside = execute(store, "test", |tx| {
        tx.put(&counter("b", 2))?;
        tx.put(&counter("e", 2))?;
        tx.put(&counter("z", 2))?;
        tx.delete::<Counter>(&"c".to_owned())?;
        tx.delete::<Counter>(&"i".to_owned())?;
        tx.put(&counter("i", 3))?;
        tx.put(&counter("d", 3))?;
        tx.delete::<Counter>(&"d".to_owned())?;
        look(tx)
    })
    .await
    .expect("run");
    let after = read(store, "test", look).await.expect("read");
    assert_eq!(inside, after);
    assert_eq!(after.0, ["a", "b", "e", "g", "i", "z"]);
    assert_eq!(after.1, ["z", "i", "g", "e", "b", "a"]);
    assert_eq!(after.2, ["a", "b", "e"]);
    assert_eq!(after.3, ["z", "i", "g"]);
    assert_eq!(after.4, None);
}

async fn a_savepoint_undoes_only_what_follows_it(bench: Bench) {
    let store = bench.store();
    put(store, "old", 1).await.expect("a put");
    execute(store, "test", |tx| {
        tx.put(&counter("kept", 1))?;
        let outer = tx.savepoint();
        tx.put(&counter("kept", 2))?;
        tx.put(&counter("undone", 1))?;
        tx.delete::<Counter>(&"old".to_owned())?;
        let inner = tx.savepoint();
        tx.put(&counter("undone", 2))?;
        tx.emit(event("undone"))?;
        tx.rollback_to(inner);
        assert_eq!(
            tx.get::<Counter>(&"undone".to_owned())?,
            Some(counter("undone", 1))
        );
        // A refused write is undone as well.
        tx.put(&counter(&"x".repeat(MAX_VALUE_BYTES), 1))
            .expect_err("too large");
        tx.rollback_to(outer);
        assert_eq!(
            tx.get::<Counter>(&"kept".to_owned())?,
            Some(counter("kept", 1))
        );
        tx.emit(event("kept")).map(|_| ())
    })
    .await
    .map_err(|error: StoreError| error)
    .expect("run");
    assert_eq!(names(store).await, ["feed", "kept", "old"]);
    let feed = feed(store).await;
    assert_eq!(feed.len(), 1);
    assert_eq!((feed[0].seq, feed[0].kind.as_str()), (1, "kept"));
}

async fn an_aborted_command_leaves_nothing(bench: Bench) {
    let store = bench.store();
    let held = bench.hold();
    let mut all = Box::pin(async {
        tokio::join!(
            put(store, "before", 1),
            execute(store, "test", |tx| {
                tx.put(&counter("before", 9))?;
                tx.put(&counter("gone", 1))?;
                tx.emit(event("gone"))?;
                Err::<(), _>(Domain::Refused(3))
            }),
            execute(store, "test", |tx| tx.emit(event("kept")))
        )
    });
    assert!(held.is_none() || now(&mut all).is_none());
    drop(held);
    let (before, aborted, kept) = all.await;
    assert_eq!(before, Ok(()));
    assert_eq!(aborted, Err(Domain::Refused(3)));
    assert_eq!(
        kept,
        Ok::<_, StoreError>(1),
        "the aborted command's number is used again"
    );
    assert_eq!(names(store).await, ["before", "feed"]);
    assert_eq!(get(store, "before").await, Some(1));
}

async fn a_panicking_command_takes_nobody_with_it(bench: Bench) {
    let store = bench.store();
    let held = bench.hold();
    let mut all = Box::pin(async {
        tokio::join!(
            put(store, "a", 1),
            execute(store, "test.panic", |tx| {
                tx.put(&counter("gone", 1))?;
                if tx.has_writes() {
                    panic!("this panic belongs to the test");
                }
                Ok::<(), StoreError>(())
            }),
            put(store, "b", 1)
        )
    });
    assert!(held.is_none() || now(&mut all).is_none());
    drop(held);
    let (a, panicked, b) = all.await;
    assert_eq!((a, b), (Ok(()), Ok(())));
    assert_eq!(panicked, Err(StoreError::Panicked("test.panic")));
    assert_eq!(names(store).await, ["a", "b"]);
    assert_eq!(store.status().panicked, 1);
    assert_eq!(store.status().failed, None);
}

async fn an_overlooked_refusal_is_not_committed(bench: Bench) {
    let store = bench.store();
    let result: Result<(), StoreError> = execute(store, "test", |tx| {
        tx.put(&counter("a", 1))?;
        let _ = tx.put(&counter(&"x".repeat(MAX_VALUE_BYTES), 1));
        Ok(())
    })
    .await;
    assert!(
        matches!(result, Err(StoreError::TooLarge { .. })),
        "{result:?}"
    );
    assert_eq!(get(store, "a").await, None);
}

async fn a_read_cannot_write(bench: Bench) {
    let store = bench.store();
    let result: Result<(), StoreError> = read(store, "test", |tx| tx.put(&counter("a", 1))).await;
    assert_eq!(result, Err(StoreError::ReadOnly));
    let overlooked: Result<(), StoreError> = read(store, "test", |tx| {
        let _ = tx.emit(event("no"));
        Ok(())
    })
    .await;
    assert_eq!(overlooked, Err(StoreError::ReadOnly));
    assert!(names(store).await.is_empty());
}
