//! Ranges, pages, the feed and the audit: what is listed, in which order.

use super::Domain;
use crate::store::conformance::*;

on_every_engine! {
    alone:
    ranges_are_inclusive_and_limited
    numbers_have_no_gaps_and_follow_commit_order
    a_follower_of_the_feed_misses_nothing
    pages_continue_while_records_are_inserted
    a_continuation_is_good_for_its_listing_only
    audit_entries_are_found_by_account;
    in_company:
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
