//! The queue of calls: places by name, its bounds, what an earlier release left, crashes and stops.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::super::call::{
    MAX_CALL_ATTEMPTS, MAX_CALLS_IN_FLIGHT, MAX_CALLS_OF_A_FOLLOWER, MAX_CALLS_WAITING,
    MAX_FOLLOWERS_CALLS, RESERVED_IN_FLIGHT,
};
use super::super::testing::{START, World};
use super::super::*;
use super::calls::{calls, queued};
use crate::env::MINUTE;
use crate::store::Order;
use crate::store::records::{
    CallCount, CallDue, CallOpen, HostCall, HostCallState, OutboxDue, OutboxLane,
};

/// Answers once it is let: one call a permit.
struct Gate(Arc<Semaphore>);

impl HostAction for Gate {
    fn call(&self, _: CallRequest) -> BoxFuture<'static, Result<Value, CallError>> {
        let gate = Arc::clone(&self.0);
        Box::pin(async move {
            gate.acquire().await.expect("never closed").forget();
            Ok(Value::Null)
        })
    }
}

/// A target and what lets its calls through.
fn gate(open: usize) -> (CallTarget, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(open));
    let target = CallTarget::Action {
        action: Arc::new(Gate(gate.clone())),
        deadline: Duration::from_secs(250),
    };
    (target, gate)
}

const OPEN: usize = 100_000;

/// A call that the follower `openid` causes.
fn of(openid: &str, name: &str) -> NewCall {
    NewCall {
        official_account: Some("main".into()),
        follower: Some(openid.into()),
        account: None,
        ..guarding(name)
    }
}

/// A call of a login or an alert about alice.
fn guarding(name: &str) -> NewCall {
    NewCall {
        name: name.into(),
        account: Some("alice".into()),
        official_account: None,
        follower: None,
        payload: json!({"alert": "alr_1"}),
        dedupe: None,
    }
}

/// Queues `times` calls; how many had a place.
async fn fill(world: &World, new: NewCall, times: u64) -> u64 {
    let mut fitted = 0;
    for first in (0..times).step_by(50) {
        let new = new.clone();
        fitted += world
            .run(move |tx| {
                let mut fitted = 0;
                for _ in first..times.min(first + 50) {
                    fitted += u64::from(enqueue_call(tx, new.clone())? != Enqueued::Full);
                }
                Ok(fitted)
            })
            .await;
    }
    fitted
}

async fn call(world: &World, id: &str) -> HostCall {
    let id = id.to_owned();
    let call = world.run(move |tx| tx.get::<HostCall>(&id)).await;
    call.expect("the call")
}

/// All waiting calls of `name`, and those of followers.
async fn waiting(world: &World, name: &str) -> (u64, u64) {
    let name = name.to_owned();
    let count = world.run(move |tx| tx.get::<CallCount>(&name)).await;
    count.map_or((0, 0), |count| (count.waiting, count.of_followers))
}

async fn running(world: &World) -> usize {
    let all = world
        .run(|tx| tx.scan::<HostCall>((), Order::Ascending, 1_000))
        .await;
    let running = |call: &&HostCall| call.state == HostCallState::Running;
    all.iter().filter(running).count()
}

/// Waits until `holds`, for at most ten seconds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..2_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("in ten seconds: {what}");
}

#[tokio::test]
async fn a_target_that_never_answers_holds_up_its_own_calls_only() {
    let world = World::new();
    let (slow, slow_gate) = gate(0);
    let all = Arc::new(calls(&world, vec![("slow", slow), ("fast", gate(OPEN).0)]));
    let stop = CancellationToken::new();
    let run = tokio::spawn(all.clone().run(stop.clone()));
    assert_eq!(fill(&world, of("o1", "slow"), 100).await, 50);
    assert_eq!(fill(&world, of("o2", "slow"), 20).await, 20);
    let of_followers = MAX_CALLS_IN_FLIGHT - RESERVED_IN_FLIGHT;
    until("followers' places are taken", async || {
        running(&world).await == of_followers
    })
    .await;

    // Another name is not held up, by the same follower or another.
    for openid in ["o3", "o1"] {
        let id = queued(&world, of(openid, "fast")).await;
        until("the other target got its call", async || {
            call(&world, &id).await.state == HostCallState::Done
        })
        .await;
    }
    // Nor are alerts' calls to the slow one.
    let alert = queued(&world, guarding("slow")).await;
    until("the reserved place is taken", async || {
        call(&world, &alert).await.state == HostCallState::Running
    })
    .await;
    assert_eq!(running(&world).await, of_followers + 1);

    // Stopping finishes what is under way and takes nothing more.
    stop.cancel();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!run.is_finished(), "calls are under way");
    slow_gate.add_permits(OPEN);
    run.await.expect("no panic");
    assert_eq!(call(&world, &alert).await.state, HostCallState::Done);
    let rest = 70 - of_followers as u64;
    assert_eq!(waiting(&world, "slow").await, (rest, rest));
    assert_eq!(running(&world).await, 0);
    let stats = all.stats();
    assert_eq!(stats["slow"].attempts, of_followers as u64 + 1);
    assert_eq!(stats["fast"].attempts, 2);
    assert_eq!(stats["fast"].failed, 0);
}

#[tokio::test]
async fn the_worker_goes_through_a_backlog_longer_than_its_places() {
    let world = World::new();
    let all = Arc::new(calls(&world, vec![("fast", gate(OPEN).0)]));
    assert_eq!(fill(&world, of("o1", "fast"), 50).await, 50);
    let stop = CancellationToken::new();
    let run = tokio::spawn(all.clone().run(stop.clone()));
    until("all are made", async || {
        waiting(&world, "fast").await == (0, 0)
    })
    .await;
    stop.cancel();
    run.await.expect("no panic");
    assert_eq!(all.stats()["fast"].attempts, 50);
    assert!(
        world
            .run(|tx| tx.scan::<CallDue>((), Order::Ascending, 1))
            .await
            .is_empty()
    );
    assert!(
        world
            .run(|tx| tx.scan::<CallOpen>((), Order::Ascending, 1))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn calls_of_alerts_are_made_before_those_of_followers() {
    let world = World::new();
    let all = calls(&world, vec![("desk", gate(OPEN).0)]);
    assert_eq!(fill(&world, of("o1", "desk"), 20).await, 20);
    world.clock.advance(MINUTE);
    let alert = queued(&world, guarding("desk")).await;
    all.step().await.expect("a step");
    assert_eq!(call(&world, &alert).await.state, HostCallState::Done);
    let of_followers = (MAX_CALLS_IN_FLIGHT - RESERVED_IN_FLIGHT) as u64;
    let rest = 20 - of_followers;
    assert_eq!(waiting(&world, "desk").await, (rest, rest));
}

#[tokio::test]
async fn so_many_calls_of_a_follower_wait_and_the_next_fails_at_once() {
    let world = World::new();
    let most = MAX_CALLS_OF_A_FOLLOWER as u64;
    assert_eq!(fill(&world, of("o1", "desk"), most).await, most);
    let one_more = world.run(|tx| enqueue_call(tx, of("o1", "desk"))).await;
    assert_eq!(one_more, Enqueued::Full);
    assert_eq!(waiting(&world, "desk").await, (most, most), "no call");
    let (kind, data) = world.feed().await.pop().expect("an ending");
    assert_eq!(kind, "call_failed");
    assert_eq!(
        (&data["name"], &data["error"], &data["attempts"]),
        (&json!("desk"), &json!("queue_full"), &json!(0))
    );
    assert_eq!(world.store.status().limits["calls_of_a_follower"], 1);

    // Neither others nor other names are turned away.
    for new in [of("o2", "desk"), of("o1", "shop"), guarding("desk")] {
        queued(&world, new).await;
    }
    // A place that comes free is theirs again.
    let all = calls(&world, vec![("desk", gate(OPEN).0)]);
    all.step().await.expect("a step");
    queued(&world, of("o1", "desk")).await;
}

#[tokio::test]
async fn so_many_calls_of_a_name_wait_half_of_them_of_followers() {
    let world = World::new();
    let each = MAX_CALLS_OF_A_FOLLOWER as u64;
    for follower in 0..MAX_FOLLOWERS_CALLS / each {
        let openid = format!("o{follower}");
        assert_eq!(fill(&world, of(&openid, "desk"), each).await, each);
    }
    assert_eq!(fill(&world, of("another", "desk"), 1).await, 0);
    assert_eq!(world.store.status().limits["calls_of_followers"], 1);

    let rest = MAX_CALLS_WAITING - MAX_FOLLOWERS_CALLS;
    assert_eq!(fill(&world, guarding("desk"), rest).await, rest);
    assert!(!world.store.status().limits.contains_key("calls_of_a_name"));
    assert_eq!(fill(&world, guarding("desk"), 1).await, 0);
    assert_eq!(world.store.status().limits["calls_of_a_name"], 1);
    assert_eq!(
        waiting(&world, "desk").await,
        (MAX_CALLS_WAITING, MAX_FOLLOWERS_CALLS)
    );
    // Other names have places of their own.
    assert_eq!(fill(&world, of("another", "shop"), 1).await, 1);
}

/// A call as releases before the queues by name left it.
fn old(number: usize, name: &str, official_account: Option<&str>) -> (HostCall, OutboxDue) {
    let id = format!("cal_old_{number:04}");
    let record = json!({
        "id": id, "created": START, "name": name, "account": "alice",
        "official_account": official_account, "payload": {"n": number},
        "state": "queued", "due": START, "attempts": 0,
    });
    let call = serde_json::from_value(record).expect("readable");
    let due = OutboxDue {
        lane: OutboxLane::Call,
        due: START,
        id,
    };
    (call, due)
}

#[tokio::test]
async fn calls_queued_by_an_earlier_release_are_made() {
    let world = World::new();
    for first in (0..120).step_by(60) {
        world
            .run(move |tx| {
                for number in first..first + 60 {
                    let (call, due) = match number {
                        0 => old(number, "desk", None),
                        1 => old(number, "gone", Some("main")),
                        _ => old(number, "desk", Some("main")),
                    };
                    tx.put(&call)?;
                    tx.put(&due)?;
                }
                Ok(())
            })
            .await;
    }
    let all = calls(&world, vec![("desk", gate(OPEN).0)]);
    all.step().await.expect("a step");
    let lane = |tx: &mut crate::store::Tx<'_>| {
        tx.scan::<OutboxDue>(OutboxLane::Call.number(), Order::Ascending, 1)
    };
    assert!(world.run(lane).await.is_empty(), "all are taken over");
    // More than one follower may have waiting now: none is turned away.
    assert_eq!(waiting(&world, "desk").await, (112, 112));
    assert_eq!(
        call(&world, "cal_old_0000").await.state,
        HostCallState::Done,
        "of an alert: first"
    );
    let gone = call(&world, "cal_old_0001").await;
    assert_eq!(gone.error.as_deref(), Some("no_such_call"));
    while all.step().await.expect("a step").is_some() {}
    assert_eq!(waiting(&world, "desk").await, (0, 0));
    let done = world.feed().await;
    let done = done.iter().filter(|(kind, _)| kind == "call_done").count();
    assert_eq!(done, 119);
}

#[tokio::test]
async fn a_call_whose_lease_ran_out_is_made_again_but_not_for_ever() {
    let world = World::new();
    let (closed, _gate) = gate(0);
    let crashing = calls(&world, vec![("desk", closed)]);
    let id = queued(&world, guarding("desk")).await;
    let cut_short = tokio::time::timeout(Duration::from_millis(50), crashing.step()).await;
    assert!(cut_short.is_err(), "killed during the call");
    drop(crashing);

    let after = calls(&world, vec![("desk", gate(OPEN).0)]);
    let lease = after.step().await.expect("a step").expect("the lease");
    assert!(lease > START, "nobody else takes it before");
    assert_eq!(call(&world, &id).await.state, HostCallState::Running);
    world.clock.set(lease);
    assert_eq!(after.step().await, Ok(None));
    let made = call(&world, &id).await;
    assert_eq!((made.state, made.attempts), (HostCallState::Done, 2));

    let worn = queued(&world, guarding("desk")).await;
    let last = worn.clone();
    world
        .run(move |tx| {
            let mut call = tx.get::<HostCall>(&last)?.expect("queued");
            call.attempts = MAX_CALL_ATTEMPTS;
            call.state = HostCallState::Running;
            tx.put(&call)
        })
        .await;
    assert_eq!(after.step().await, Ok(None));
    let worn = call(&world, &worn).await;
    assert_eq!(worn.state, HostCallState::Failed);
    assert_eq!(worn.error.as_deref(), Some("lease_lost"));
    assert_eq!(waiting(&world, "desk").await, (0, 0));
}

#[tokio::test]
async fn an_erased_account_leaves_no_call_waiting() {
    let world = World::new();
    let (closed, gate) = gate(0);
    let all = calls(&world, vec![("desk", closed)]);
    let under_way = queued(&world, guarding("desk")).await;
    let step = tokio::spawn(async move { all.step().await });
    until("it is under way", async || running(&world).await == 1).await;
    let of_alice = NewCall {
        account: Some("alice".into()),
        ..of("o1", "shop")
    };
    assert_eq!(fill(&world, of_alice, 50).await, 50);
    assert_eq!(fill(&world, guarding("shop"), 30).await, 30);
    let (old, due) = old(1, "shop", None);
    world
        .run(move |tx| tx.put(&old).and_then(|()| tx.put(&due)))
        .await;
    let of_bob = NewCall {
        account: Some("bob".into()),
        ..guarding("shop")
    };
    let others = queued(&world, of_bob).await;

    let mut steps = 0;
    while world.run(|tx| forget_calls(tx, "alice")).await {
        steps += 1;
        assert!(steps < 10);
    }
    gate.add_permits(OPEN);
    step.await.expect("no panic").expect("a step");
    let erased = world
        .run(|tx| tx.scan::<HostCall>((), Order::Ascending, 1_000))
        .await;
    assert_eq!(erased.len(), 83);
    for call in erased {
        if call.id == others {
            assert_eq!(call.payload, json!({"alert": "alr_1"}));
            continue;
        }
        assert_eq!(call.state, HostCallState::Failed, "{}", call.id);
        assert_eq!((call.payload, call.owner), (Value::Null, None));
        assert_eq!(call.attempts, u32::from(call.id == under_way));
    }
    assert_eq!(waiting(&world, "shop").await, (1, 0));
    assert_eq!(waiting(&world, "desk").await, (0, 0));
    let open = world
        .run(|tx| tx.scan::<CallOpen>((), Order::Ascending, 10))
        .await;
    assert_eq!(open.len(), 1, "bob's");
}
