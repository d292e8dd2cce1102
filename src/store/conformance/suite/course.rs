//! The store over time: its clock, snapshots, the sweep, its status and its end.

use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;

use super::Domain;
use crate::store::conformance::*;

on_every_engine! {
    alone:
    time_does_not_go_back
    randomness_differs_between_commands
    a_snapshot_stands_still
    a_forgotten_snapshot_ends
    the_sweep_deletes_what_has_expired_in_steps
    the_status_counts;
    in_company:
    closing_finishes_what_is_queued
}

async fn closing_finishes_what_is_queued(bench: Bench) {
    let store = bench.store();
    let held = bench.hold();
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

async fn a_snapshot_stands_still(bench: Bench) {
    let store = bench.store();
    put(store, "a", 1).await.expect("a put");
    put(store, "b", 1).await.expect("a put");
    // Opened in the middle of a drain: after what was queued before it, before what comes later.
    let held = bench.hold();
    let mut all = Box::pin(async {
        tokio::join!(
            put(store, "c", 1),
            async { store.snapshot().await },
            put(store, "d", 1)
        )
    });
    assert!(held.is_none() || now(&mut all).is_none());
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
