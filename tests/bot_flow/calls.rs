//! Queued calls from rule to ending: one follower's calls to a slow target hold up nobody else's, and those that
//! find no place end at once while the rule goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use menshen::bot::Bot;
use menshen::bot::api::{LoginReport, Origin, ReportAnswer};
use menshen::bot::builder::Built;
use menshen::env::Env;
use menshen::keys::Keys;
use menshen::lang::span::Sources;
use menshen::outbox::{CallError, CallRequest, CallTarget, HostAction};
use menshen::store::records::{CallCount, FeedEvent};
use menshen::store::{self, Order, StoreError, read};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::stage::*;

const RULES: &str = r#"
on text "慢" {
    call slow
    reply "收到"
}

on login {
    call slow
}

on text "急" {
    call fast
    reply "马上"
}
"#;

/// Never answers, or counts.
struct Action {
    slow: bool,
    called: Arc<AtomicUsize>,
}

impl HostAction for Action {
    fn call(&self, _: CallRequest) -> BoxFuture<'static, Result<Value, CallError>> {
        self.called.fetch_add(1, Ordering::SeqCst);
        match self.slow {
            true => std::future::pending().boxed(),
            false => std::future::ready(Ok(Value::Null)).boxed(),
        }
    }
}

fn target(slow: bool) -> (CallTarget, Arc<AtomicUsize>) {
    let called = Arc::new(AtomicUsize::new(0));
    let target = CallTarget::Action {
        action: Arc::new(Action {
            slow,
            called: called.clone(),
        }),
        deadline: Duration::from_secs(250),
    };
    (target, called)
}

#[tokio::test]
async fn a_logins_call_takes_no_place_of_followers() {
    let stage = stage(true).await;
    stage.account("alice", "13800138000").await;
    let built = Bot::builder(
        stage.store.clone(),
        stage.env.clone(),
        Keys::from_bytes(&[1; 32], None),
    )
    .sources(Sources::single("test.rules", RULES))
    .webhook_call("slow", target(true).0)
    .webhook_call("fast", target(false).0)
    .build()
    .await;
    let bot = built
        .unwrap_or_else(|error| panic!("{error}: {error:?}"))
        .bot;
    assert_eq!(text(&say(&bot, "o1", 1, "慢").await), "收到");
    let login = LoginReport {
        id: None,
        origin: Origin {
            account: "alice".to_owned(),
            ..Origin::default()
        },
        time: None,
        success: true,
        reason: None,
        session: None,
        backfill: false,
    };
    assert!(matches!(
        bot.report(login, None).await,
        Ok(ReportAnswer::Recorded(_))
    ));
    let count = stage
        .run(|tx| tx.get::<CallCount>(&"slow".to_owned()))
        .await
        .expect("calls wait");
    assert_eq!((count.waiting, count.of_followers), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followers_calls_to_a_slow_target_hold_up_nobody_elses() {
    let (env, _clock) = Env::scripted(1_790_000_000_000, 1);
    let store = store::memory(env.clone());
    let (slow, slow_called) = target(true);
    let (fast, fast_called) = target(false);
    let built = Bot::builder(store.clone(), env, Keys::from_bytes(&[1; 32], None))
        .sources(Sources::single("test.rules", RULES))
        .webhook_call("slow", slow)
        .webhook_call("fast", fast)
        .build()
        .await;
    let Built { bot, calls, .. } = built.unwrap_or_else(|error| panic!("{error}: {error:?}"));
    let stop = CancellationToken::new();
    let run = tokio::spawn(calls.run(stop));

    for id in 1..=100 {
        assert_eq!(text(&say(&bot, "o1", id, "慢").await), "收到");
    }
    assert_eq!(text(&say(&bot, "o2", 101, "急").await), "马上");
    for _ in 0..2_000 {
        if fast_called.load(Ordering::SeqCst) > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(fast_called.load(Ordering::SeqCst), 1, "within ten seconds");
    assert!(slow_called.load(Ordering::SeqCst) > 0);
    // They never end: nobody waits for them here.
    run.abort();

    let events = read::<_, StoreError>(&*store, "test", |tx| {
        tx.scan::<FeedEvent>((), Order::Ascending, 1_000)
    })
    .await
    .expect("events");
    let full = events.iter().filter(|event| {
        event.kind == "call_failed"
            && event.data["name"] == "slow"
            && event.data["error"] == "queue_full"
    });
    assert_eq!(
        full.count(),
        50,
        "as many as are above the follower's bound"
    );
    assert_eq!(store.status().limits["calls_of_a_follower"], 50);
}
