//! How large a record, a command and a commit may be.

use futures_util::future::join_all;

use crate::store::conformance::*;

on_every_engine! {
    alone:
    large_values_and_long_keys_are_refused
    a_command_that_writes_too_much_is_refused;
    in_company:
    a_large_drain_becomes_several_commits
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
    let held = bench.hold();
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
