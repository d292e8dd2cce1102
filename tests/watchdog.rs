//! A command that keeps the writer's thread, in a whole server: named in the log and in `/metrics` while it lasts.
//! A test of its own, since the watchdog's thread logs to what all tests of a process share.

mod http_support;

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_support::{Ground, secrecy};
use menshen::store::{STUCK_AFTER, StoreError, execute};

/// The value of the metric whose line begins so.
async fn metric(ground: &Ground, beginning: &str) -> Option<u64> {
    let text = ground.anonymous().get("/metrics").await.text;
    let mut lines = text.lines();
    lines.find_map(|line| line.strip_prefix(beginning)?.trim().parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_behind_a_channel_is_named_in_the_log_and_the_metrics_while_it_lasts() {
    let ground = Ground::new().await;
    let seconds = "menshen_store_stuck_seconds{command=\"behind a channel\"}";
    assert_eq!(metric(&ground, seconds).await, None);
    assert_eq!(metric(&ground, "menshen_store_stuck ").await, Some(0));

    let (go, wait) = channel();
    let wait: Arc<Mutex<Receiver<()>>> = Arc::new(Mutex::new(wait));
    let store = ground.store.clone();
    let stuck = tokio::spawn(async move {
        execute::<_, StoreError>(&*store, "behind a channel", move |tx| {
            wait.lock().unwrap().recv().expect("it is let go");
            // A write, so that only the writer's own thread can have run it.
            tx.emit(menshen::store::NewEvent::new("late", serde_json::json!({})))
        })
        .await
    });
    // The bound only turns a watchdog that never looks into a failure.
    let begun = Instant::now();
    while metric(&ground, "menshen_store_stuck ").await != Some(1) {
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "nobody has looked: {}",
            secrecy::logged()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let lasting = metric(&ground, seconds).await.expect("it is stuck now");
    assert!(lasting >= STUCK_AFTER.as_secs(), "{lasting}");
    let text = secrecy::logged();
    let line = text
        .lines()
        .find(|line| line.contains("stuck in this command"));
    let line = line.unwrap_or_else(|| panic!("not logged: {text}"));
    assert!(
        line.contains("ERROR") && line.contains("command=\"behind a channel\""),
        "{line}"
    );

    go.send(()).unwrap();
    stuck.await.unwrap().expect("it is done after all");
    // The answer comes before the writer says that it has ended the step.
    let begun = Instant::now();
    while metric(&ground, seconds).await.is_some() {
        assert!(begun.elapsed() < Duration::from_secs(120));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(metric(&ground, "menshen_store_stuck ").await, Some(1));
}
