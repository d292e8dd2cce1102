//! What holds for every engine.

use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;

use super::*;

macro_rules! on_every_engine {
    ($($name:ident)+) => {
        mod memory {
            $(#[tokio::test] async fn $name() { super::$name(super::Bench::memory()).await; })+
        }
        mod sled {
            $(#[tokio::test] async fn $name() { super::$name(super::Bench::sled()).await; })+
        }
    };
}

on_every_engine! {
    what_is_written_is_read
    later_commands_of_a_drain_see_earlier_ones
    an_overlay_reads_like_the_database
    ranges_are_inclusive_and_limited
    a_savepoint_undoes_only_what_follows_it
    an_aborted_command_leaves_nothing
    a_panicking_command_takes_nobody_with_it
    an_overlooked_refusal_is_not_committed
    a_read_cannot_write
    numbers_have_no_gaps_and_follow_commit_order
    a_follower_of_the_feed_misses_nothing
    pages_continue_while_records_are_inserted
    a_continuation_is_good_for_its_listing_only
    large_values_and_long_keys_are_refused
    a_command_that_writes_too_much_is_refused
    a_large_drain_becomes_several_commits
    closing_finishes_what_is_queued
    time_does_not_go_back
    randomness_differs_between_commands
    audit_entries_are_found_by_account
    a_snapshot_stands_still
    a_forgotten_snapshot_ends
    the_sweep_deletes_what_has_expired_in_steps
    the_status_counts
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
    let held = hold(store);
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

async fn ranges_are_inclusive_and_limited(bench: Bench) {
    let store = bench.store();
    let seen = execute(store, "test", |tx| {
        for account in ["a", "ab", "b"] {
            for seq in 1..=5 {
                tx.put(&AuditByAccount {
                    account: account.to_owned(),
                    seq,
                    time: 0,
                })?;
            }
        }
        let mut numbers = |from: u64, to: u64, order, limit| {
            tx.scan_between::<AuditByAccount>("a", from, to, order, limit)
                .map(|found| found.iter().map(|entry| entry.seq).collect::<Vec<_>>())
        };
        Ok::<_, StoreError>((
            numbers(2, 4, Order::Ascending, 10)?,
            numbers(2, 4, Order::Descending, 2)?,
            numbers(0, u64::MAX, Order::Ascending, 10)?,
            numbers(4, 2, Order::Ascending, 10)?,
            numbers(2, 4, Order::Ascending, 0)?,
            tx.scan::<AuditByAccount>("a", Order::Ascending, 100)?.len(),
        ))
    })
    .await
    .expect("run");
    assert_eq!(seen.0, [2, 3, 4]);
    assert_eq!(seen.1, [4, 3]);
    assert_eq!(seen.2, [1, 2, 3, 4, 5]);
    assert!(seen.3.is_empty() && seen.4.is_empty());
    assert_eq!(seen.5, 5, "the prefix is a whole part");
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

#[derive(Debug, PartialEq)]
enum Domain {
    Refused(u32),
    Store(StoreError),
}

impl From<StoreError> for Domain {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

async fn an_aborted_command_leaves_nothing(bench: Bench) {
    let store = bench.store();
    let held = hold(store);
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
    assert!(now(&mut all).is_none());
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
    let held = hold(store);
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
    assert!(now(&mut all).is_none());
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

async fn numbers_have_no_gaps_and_follow_commit_order(bench: Bench) {
    let tasks: Vec<_> = (0..8)
        .map(|task: u64| {
            let store = bench.store.clone();
            tokio::spawn(async move {
                for round in 0..25 {
                    let result = execute(&*store, "test", move |tx| {
                        let number = tx.next_number("tickets")?;
                        let mut fact = event("ticket");
                        fact.data = json!({ "number": number });
                        tx.emit(fact)?;
                        if (task + round).is_multiple_of(3) {
                            return Err(Domain::Refused(1));
                        }
                        Ok(())
                    })
                    .await;
                    assert!(matches!(result, Ok(()) | Err(Domain::Refused(1))));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task");
    }
    let feed = feed(bench.store()).await;
    assert!(!feed.is_empty() && feed.len() < 200);
    for (place, fact) in (1..).zip(&feed) {
        assert_eq!(fact.seq, place);
        assert_eq!(fact.data["number"], place);
    }
}

async fn a_follower_of_the_feed_misses_nothing(bench: Bench) {
    let store = bench.store.clone();
    let mut commits = store.commits();
    let follower = tokio::spawn(async move {
        let mut cursor = 0;
        while cursor < 100 {
            let found: Vec<FeedEvent> = read(&*store, "test", move |tx| {
                tx.scan_between((), cursor + 1, u64::MAX, Order::Ascending, 7)
            })
            .await
            .map_err(|error: StoreError| error)
            .expect("a read");
            for fact in &found {
                assert_eq!(fact.seq, cursor + 1);
                cursor = fact.seq;
            }
            if found.is_empty() {
                commits.changed().await.expect("another commit");
            }
        }
    });
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let store = bench.store.clone();
            tokio::spawn(async move {
                for _ in 0..25 {
                    let seq: Result<u64, StoreError> =
                        execute(&*store, "test", |tx| tx.emit(event("fact"))).await;
                    seq.expect("an event");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer");
    }
    follower.await.expect("the follower");
}

async fn pages_continue_while_records_are_inserted(bench: Bench) {
    let store = bench.store();
    for number in 10..30 {
        put(store, &format!("n{number}"), number)
            .await
            .expect("a put");
    }
    let mut seen = Vec::new();
    let mut after: Option<Continuation> = None;
    let mut round = 0;
    loop {
        let place = after.clone();
        let page: Page<Counter> = read(store, "test", move |tx| tx.page((), place.as_ref(), 7))
            .await
            .map_err(|error: StoreError| error)
            .expect("a page");
        assert!(page.items.len() <= 7);
        seen.extend(page.items.into_iter().map(|counter| counter.name));
        // Before the place, and, once, after it.
        put(store, &format!("a{round}"), 1).await.expect("a put");
        put(store, "n99", 1).await.expect("a put");
        round += 1;
        match page.next {
            Some(next) => after = Some(next.to_string().parse().expect("it survives as text")),
            None => break,
        }
    }
    let expected: Vec<String> = (10..30).chain([99]).map(|n| format!("n{n}")).collect();
    assert_eq!(seen, expected);

    let exact: Page<Counter> = read(store, "test", |tx| tx.page("n10", None, 1))
        .await
        .map_err(|error: StoreError| error)
        .expect("a page");
    assert!(exact.next.is_none(), "no empty last page");
}

async fn a_continuation_is_good_for_its_listing_only(bench: Bench) {
    let store = bench.store();
    for name in ["a", "b"] {
        put(store, name, 1).await.expect("a put");
    }
    let page: Result<Page<Counter>, StoreError> =
        read(store, "test", |tx| tx.page((), None, 1)).await;
    let next = page.expect("a page").next.expect("there is more");
    let elsewhere: Result<Page<FeedEvent>, StoreError> =
        read(store, "test", move |tx| tx.page((), Some(&next), 1)).await;
    assert_eq!(elsewhere.err(), Some(StoreError::BadContinuation));
    assert!("不是".parse::<Continuation>().is_err());
    assert!(
        "A".repeat(MAX_KEY_BYTES * 2 + 1)
            .parse::<Continuation>()
            .is_err()
    );
}

async fn large_values_and_long_keys_are_refused(bench: Bench) {
    let store = bench.store();
    let emit = |length: usize| {
        execute(store, "test", move |tx| {
            let mut fact = event("large");
            fact.data = json!("x".repeat(length));
            tx.emit(fact)
        })
    };
    let fits: Result<u64, StoreError> = emit(MAX_VALUE_BYTES - 1024).await;
    assert_eq!(fits, Ok(1));
    let large = emit(MAX_VALUE_BYTES).await;
    assert!(
        matches!(
            large,
            Err(StoreError::TooLarge {
                kind: "feed_event",
                ..
            })
        ),
        "{large:?}"
    );
    let long = put(store, &"x".repeat(MAX_KEY_BYTES), 1).await;
    assert!(
        matches!(
            long,
            Err(StoreError::TooLarge {
                kind: "counter",
                ..
            })
        ),
        "{long:?}"
    );
    assert_eq!(feed(store).await.len(), 1);
}

async fn a_command_that_writes_too_much_is_refused(bench: Bench) {
    let store = bench.store();
    let write = |keys: usize, length: usize| {
        execute(store, "test", move |tx| {
            for key in 0..keys {
                let mut fact = event(&"x".repeat(length));
                fact.account = Some(key.to_string());
                tx.put(&FeedEvent {
                    seq: key as u64,
                    id: String::new(),
                    time: 0,
                    kind: fact.kind,
                    account: fact.account,
                    official_account: None,
                    data: fact.data,
                })?;
            }
            Ok(tx.keys_left())
        })
    };
    assert_eq!(
        write(MAX_COMMAND_KEYS + 1, 1).await,
        Err(StoreError::TooManyKeys)
    );
    assert_eq!(write(40, 60_000).await, Err(StoreError::TooManyKeys));
    assert!(feed(store).await.is_empty());
    assert_eq!(write(MAX_COMMAND_KEYS, 1).await, Ok(0));
    assert_eq!(feed(store).await.len(), MAX_COMMAND_KEYS);
}

async fn a_large_drain_becomes_several_commits(bench: Bench) {
    let store = bench.store();
    let before = store.status().commits;
    let held = hold(store);
    let mut all = Box::pin(join_all((0..6).map(|command| {
        execute(store, "test", move |tx| {
            for key in 0..200 {
                tx.put(&counter(&format!("{command}.{key}"), 1))?;
            }
            Ok::<_, StoreError>(tx.scan::<Counter>((), Order::Ascending, 10_000)?.len())
        })
    })));
    assert!(now(&mut all).is_none());
    drop(held);
    for (done, seen) in (1..).zip(all.await) {
        assert_eq!(seen, Ok(done * 200));
    }
    let status = store.status();
    assert_eq!(
        status.commits,
        before + 3,
        "two commands of 200 keys fit a batch"
    );
    assert_eq!(status.largest_commit, 401);
    assert!(status.largest_commit <= MAX_BATCH_KEYS as u64);
    assert_eq!(names(store).await.len(), 1200);
}

async fn closing_finishes_what_is_queued(bench: Bench) {
    let store = bench.store();
    let held = hold(store);
    let mut queued = Box::pin(join_all((0..20).map(|n| {
        let name = n.to_string();
        async move { put(store, &name, 1).await }
    })));
    assert!(now(&mut queued).is_none());
    let mut closing = store.close();
    assert!(now(&mut closing).is_none());
    assert_eq!(put(store, "late", 1).await, Err(StoreError::Closed));
    drop(held);
    closing.await;
    assert!(queued.await.into_iter().all(|result| result.is_ok()));
    assert!(
        store.commits().has_changed().is_err(),
        "followers learn of it"
    );
    store.close().await;
}

async fn time_does_not_go_back(bench: Bench) {
    let store = bench.store();
    let time = || execute(store, "test", |tx| Ok::<_, StoreError>(tx.now()));
    bench.clock.set(START + 50);
    assert_eq!(time().await, Ok(START + 50));
    bench.clock.set(START + 20);
    assert_eq!(time().await, Ok(START + 50));
    assert_eq!(store.status().clock_behind, 30);
    bench.clock.set(START + 60);
    assert_eq!(time().await, Ok(START + 60));
    assert_eq!(store.status().clock_behind, 0);
}

async fn randomness_differs_between_commands(bench: Bench) {
    let store = bench.store();
    let ids = || {
        execute(store, "test", |tx| {
            Ok::<_, StoreError>((tx.id("alr"), tx.id("alr_"), tx.random::<32>()))
        })
    };
    let (first, second, secret) = ids().await.expect("run");
    assert_eq!(first.len(), 30);
    assert!(first.starts_with("alr_") && second.starts_with("alr_"));
    assert_ne!(first, second);
    assert_eq!(first[..14], second[..14], "48 bits of time come first");
    bench.clock.advance(1_000_000);
    let (third, _, other) = ids().await.expect("run");
    assert!(third > first, "identifiers sort by time");
    assert_ne!(secret, other);
}

async fn audit_entries_are_found_by_account(bench: Bench) {
    let store = bench.store();
    let found: Result<(Vec<AuditByAccount>, Vec<Audit>), StoreError> =
        execute(store, "test", |tx| {
            for account in [Some("a"), None, Some("b"), Some("a")] {
                tx.audit(NewAudit {
                    actor: "system".to_owned(),
                    action: "test".to_owned(),
                    account: account.map(str::to_owned),
                    detail: json!({}),
                })?;
            }
            Ok((
                tx.scan("a", Order::Ascending, 10)?,
                tx.scan((), Order::Ascending, 10)?,
            ))
        })
        .await;
    let (of_a, all) = found.expect("run");
    assert_eq!(
        of_a.iter().map(|entry| entry.seq).collect::<Vec<_>>(),
        [1, 4]
    );
    assert_eq!(
        all.iter().map(|entry| entry.seq).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
}

async fn a_snapshot_stands_still(bench: Bench) {
    let store = bench.store();
    put(store, "a", 1).await.expect("a put");
    put(store, "b", 1).await.expect("a put");
    // Opened in the middle of a drain: after what was queued before it, before what comes later.
    let held = hold(store);
    let mut all = Box::pin(async {
        tokio::join!(
            put(store, "c", 1),
            async { store.snapshot().await },
            put(store, "d", 1)
        )
    });
    assert!(now(&mut all).is_none());
    drop(held);
    let snapshot = all.await.1.expect("a snapshot");
    put(store, "a", 2).await.expect("a put");
    execute(store, "test", |tx| tx.delete::<Counter>(&"b".to_owned()))
        .await
        .map_err(|error: StoreError| error)
        .expect("a delete");
    put(store, "e", 1).await.expect("a put");
    let seen: Result<Vec<Counter>, StoreError> = read_at(store, &snapshot, "test", |tx| {
        tx.scan((), Order::Ascending, 10)
    })
    .await;
    assert_eq!(
        seen,
        Ok(vec![counter("a", 1), counter("b", 1), counter("c", 1)])
    );
    let write: Result<(), StoreError> =
        read_at(store, &snapshot, "test", |tx| tx.put(&counter("x", 1))).await;
    assert_eq!(write, Err(StoreError::ReadOnly));
    assert_eq!(names(store).await, ["a", "c", "d", "e"]);
}

async fn a_forgotten_snapshot_ends(bench: Bench) {
    let store = bench.store();
    let mut kept = Vec::new();
    for _ in 0..MAX_SNAPSHOTS {
        kept.push(store.snapshot().await.expect("a snapshot"));
    }
    assert_eq!(store.snapshot().await.err(), Some(StoreError::SnapshotGone));
    kept.clear();
    assert!(store.snapshot().await.is_ok());
}

async fn the_sweep_deletes_what_has_expired_in_steps(bench: Bench) {
    let store = bench.store();
    for _ in 0..5 {
        let _: u64 = execute(store, "test", |tx| tx.emit(event("old")))
            .await
            .map_err(|error: StoreError| error)
            .expect("an event");
    }
    bench.clock.advance(records::FEED_KEPT - 1);
    let _: u64 = execute(store, "test", |tx| tx.emit(event("new")))
        .await
        .map_err(|error: StoreError| error)
        .expect("an event");
    let mut sweeper = Sweeper::new();
    let nothing = sweeper
        .step(store, Kind::FeedEvent, 100)
        .await
        .expect("a step");
    assert_eq!(
        (nothing.looked_at, nothing.deleted, nothing.finished),
        (6, 0, true)
    );

    bench.clock.advance(1);
    let commits = store.status().commits;
    let mut steps = Vec::new();
    loop {
        let swept = sweeper
            .step(store, Kind::FeedEvent, 2)
            .await
            .expect("a step");
        steps.push((swept.looked_at, swept.deleted));
        if swept.finished {
            break;
        }
    }
    assert_eq!(steps, [(2, 2), (2, 2), (2, 1), (0, 0)]);
    assert_eq!(store.status().commits, commits + 3);
    assert_eq!(feed(store).await.len(), 1);
    let all = sweeper.step_all(store, MAX_SWEEP).await.expect("a sweep");
    assert_eq!((all.deleted, all.unreadable, all.finished), (0, 0, true));
}

async fn the_status_counts(bench: Bench) {
    let store = bench.store();
    let before = store.status();
    put(store, "a", 1).await.expect("a put");
    assert_eq!(get(store, "a").await, Some(1));
    let runs = std::sync::Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let aborted: Result<(), Domain> = execute(store, "test", move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Err(Domain::Refused(1))
    })
    .await;
    assert_eq!(aborted, Err(Domain::Refused(1)));
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    let after = store.status();
    assert_eq!(after.commits, before.commits + 1);
    assert_eq!(after.sequence, before.sequence + 1);
    assert_eq!(
        after.keys,
        before.keys + 2,
        "the record and the commit's own"
    );
    assert_eq!(after.commands, before.commands + 3);
    assert_eq!(after.aborted, before.aborted + 1);
    assert_eq!(after.latency.iter().sum::<u64>(), after.commits);
    assert!(after.latency_max <= after.latency_sum);
    assert_eq!(after.queue, 0);
    assert_eq!(*store.commits().borrow(), after.sequence);
}
