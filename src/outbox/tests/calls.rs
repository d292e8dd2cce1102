//! Host calls: at once and queued, to a URL and to a Rust action.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::super::call::BACKOFF;
use super::super::testing::{START, World};
use super::super::*;
use super::server::Server;
use crate::store::records::{HostCall, HostCallState};

const DEADLINE: Duration = Duration::from_secs(10);

fn request(name: &str) -> CallRequest {
    CallRequest {
        id: "cal_1".into(),
        name: name.into(),
        account: Some("alice".into()),
        official_account: None,
        payload: json!({"alert": "alr_1"}),
    }
}

fn new(name: &str) -> NewCall {
    NewCall {
        name: name.into(),
        account: Some("alice".into()),
        official_account: None,
        follower: None,
        payload: json!({"alert": "alr_1"}),
        dedupe: Some("once".into()),
    }
}

pub(super) fn calls(world: &World, targets: Vec<(&str, CallTarget)>) -> Calls {
    Calls::new(
        world.store.clone(),
        world.env.clone(),
        targets
            .into_iter()
            .map(|(name, target)| (name.to_owned(), target)),
    )
}

/// Queues a call for which there is a place.
pub(super) async fn queued(world: &World, new: NewCall) -> String {
    let queued = world.run(move |tx| enqueue_call(tx, new.clone())).await;
    queued.id().expect("a place").to_owned()
}

/// Panics, hangs or counts.
struct Action {
    count: Arc<AtomicU32>,
    what: &'static str,
}

impl HostAction for Action {
    fn call(&self, request: CallRequest) -> BoxFuture<'static, Result<Value, CallError>> {
        let count = self.count.fetch_add(1, Ordering::SeqCst);
        let what = self.what;
        Box::pin(async move {
            match what {
                "panic" => panic!("as told"),
                "hang" => std::future::pending().await,
                "fail first" if count == 0 => Err(CallError::Failed("busy".into())),
                _ => Ok(request.payload),
            }
        })
    }
}

fn action(what: &'static str, deadline: Duration) -> (CallTarget, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let action = Arc::new(Action {
        count: count.clone(),
        what,
    });
    (CallTarget::Action { action, deadline }, count)
}

#[tokio::test]
async fn an_action_answers_panics_or_is_late() {
    let world = World::new();
    let calls = calls(
        &world,
        vec![
            ("echo", action("echo", DEADLINE).0),
            ("panic", action("panic", DEADLINE).0),
            ("hang", action("hang", Duration::from_millis(20)).0),
        ],
    );
    assert_eq!(
        calls.call(request("echo")).await,
        Ok(json!({"alert": "alr_1"}))
    );
    assert_eq!(calls.call(request("panic")).await, Err(CallError::Panicked));
    assert_eq!(calls.call(request("hang")).await, Err(CallError::Late));
    assert_eq!(
        calls.call(request("nothing")).await,
        Err(CallError::NoSuchCall("nothing".into()))
    );
    assert_eq!(calls.names().collect::<Vec<_>>(), ["echo", "hang", "panic"]);
}

#[tokio::test]
async fn a_queued_call_is_retried_and_ends_in_the_feed() {
    let world = World::new();
    let (target, count) = action("fail first", DEADLINE);
    let calls = calls(&world, vec![("desk", target)]);
    let id = queued(&world, new("desk")).await;
    let again = world.run(|tx| enqueue_call(tx, new("desk"))).await;
    assert_eq!(again, Enqueued::Known(id.clone()), "queued once");
    assert_eq!(calls.step().await, Ok(Some(START + BACKOFF[0])));
    world.clock.set(START + BACKOFF[0]);
    assert_eq!(calls.step().await, Ok(None));
    assert_eq!(count.load(Ordering::SeqCst), 2);
    let (kind, data) = world.feed().await.pop().expect("an ending");
    assert_eq!(kind, "call_done");
    assert_eq!(data["call"], id.as_str());
}

#[tokio::test]
async fn a_call_to_nothing_fails_at_once() {
    let world = World::new();
    let calls = calls(&world, vec![]);
    world.run(|tx| enqueue_call(tx, new("desk"))).await;
    assert_eq!(calls.step().await, Ok(None));
    let (kind, data) = world.feed().await.pop().expect("an ending");
    assert_eq!(kind, "call_failed");
    assert_eq!(data["error"], "no_such_call");
}

#[actix_web::test]
async fn a_url_gets_the_call_signed_under_one_id() {
    let world = World::new();
    let server = Server::start();
    let target = CallTarget::Url {
        http: Outward::new().expect("a client"),
        endpoint: Endpoint::parse(&server.url, false).expect("a URL"),
        secrets: vec![WebhookSecret::from_bytes(vec![3; 32]).expect("a secret")],
        deadline: DEADLINE,
    };
    let calls = calls(&world, vec![("desk", target)]);
    server.then(502, "").then(200, r#"{"ticket":5}"#);
    let id = queued(&world, new("desk")).await;
    let next = calls.step().await.expect("a step").expect("again later");
    world.clock.set(next);
    calls.step().await.expect("a step");
    let got = server.got();
    assert_eq!(got.len(), 2);
    for got in &got {
        assert_eq!(got.headers["webhook-id"], id.as_str());
        assert_eq!(got.json()["name"], "desk");
        assert!(got.headers.contains_key("webhook-signature"));
    }
    let call = world
        .run(move |tx| tx.get::<HostCall>(&id))
        .await
        .expect("kept");
    assert_eq!(call.state, HostCallState::Done);
    assert_eq!(call.payload, Value::Null, "of no use any more");

    server.then(200, r#"{"ticket":6}"#);
    assert_eq!(calls.call(request("desk")).await, Ok(json!({"ticket": 6})));
}
