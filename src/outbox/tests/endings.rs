//! Unknown outcomes, delivery events, leases, withdrawal and hooks.

use std::sync::{Arc, Mutex};

use super::super::claim::{LEASE, Reach, claim};
use super::super::settle::FINISH_WAIT;
use super::super::testing::{START, World, message, worker};
use super::super::*;
use crate::env::{MINUTE, Millis, SECOND};
use crate::store::records::{
    Binding, Contact, OutboxChannel, OutboxEntry, OutboxPurpose, OutboxState, UndeliverableReason,
};
use crate::store::{StoreError, Tx};

use OutboxChannel::{Custom, Template};
use OutboxPurpose::{Message, Prompt};

async fn wrote(world: &World) {
    world
        .run(|tx| contact::saw_message(tx, "main", "o1").map(drop))
        .await;
}

async fn step(world: &World) -> usize {
    world.outbox.step().await.expect("a step").0
}

async fn report(world: &World, msgid: &'static str, status: &'static str) -> Finished {
    world
        .run(move |tx| finished(tx, &NoHooks, "main", msgid, status))
        .await
}

#[tokio::test]
async fn an_unknown_prompt_goes_once_more_over_the_template() {
    let world = World::new();
    wrote(&world).await;
    world.platform.then(Outcome::Unknown);
    let id = world.promise(message(Prompt)).await;
    world.settle(2).await;
    assert_eq!(world.platform.channels(), [Custom, Template]);
    assert_eq!(world.platform.bodies()[1]["client_msg_id"], id.as_str());
    report(&world, "7", "success").await;
    let (kind, data) = world.feed().await.pop().expect("an ending");
    assert_eq!(kind, "delivered");
    assert_eq!(data["possible_duplicate"], true);
}

#[tokio::test]
async fn an_unknown_prompt_without_template_is_resent_once() {
    let world = World::new();
    wrote(&world).await;
    world.platform.then(Outcome::Unknown).then(Outcome::Unknown);
    let mut new = message(Prompt);
    new.template = None;
    let id = world.promise(new).await;
    world.settle(10).await;
    assert_eq!(world.platform.channels(), [Custom, Custom]);
    assert_eq!(world.entry(&id).await.state, OutboxState::Unknown);
    assert_eq!(
        world.feed().await.pop().expect("an ending").0,
        "delivery_unknown"
    );
}

#[tokio::test]
async fn an_unknown_prompt_whose_template_is_refused_is_resent_once() {
    let world = World::new();
    wrote(&world).await;
    world.platform.then(Outcome::Unknown).rejects(43101);
    let id = world.promise(message(Prompt)).await;
    world.settle(10).await;
    assert_eq!(world.platform.channels(), [Custom, Template, Custom]);
    assert_eq!(world.entry(&id).await.state, OutboxState::Delivered);
}

#[tokio::test]
async fn an_unheard_of_refusal_after_an_unknown_prompt_does_not_keep_it_waiting() {
    let world = World::new();
    wrote(&world).await;
    world.platform.then(Outcome::Unknown).rejects(40066);
    let id = world.promise(message(Prompt)).await;
    world.settle(10).await;
    assert_eq!(world.platform.channels(), [Custom, Template, Custom]);
    assert_eq!(world.entry(&id).await.state, OutboxState::Delivered);
    assert!(world.env.now() < START + 10 * SECOND);
}

#[tokio::test]
async fn an_unknown_message_is_not_repeated() {
    for purpose in [Message, OutboxPurpose::Reply, OutboxPurpose::Notice] {
        let world = World::new();
        wrote(&world).await;
        world.platform.then(Outcome::Unknown);
        let id = world.promise(message(purpose)).await;
        world.settle(10).await;
        assert_eq!(world.platform.channels(), [Custom], "{purpose:?}");
        assert_eq!(world.entry(&id).await.state, OutboxState::Unknown);
    }
}

#[tokio::test]
async fn an_unknown_template_repeats_under_the_same_client_msg_id() {
    let world = World::new();
    for _ in 0..3 {
        world.platform.then(Outcome::Unknown);
    }
    let id = world.promise(message(Message)).await;
    world.settle(20).await;
    assert_eq!(world.platform.channels(), [Template; 3]);
    for body in world.platform.bodies() {
        assert_eq!(body["client_msg_id"], id.as_str());
    }
    assert!(world.env.now() < START + 10 * MINUTE);
    assert_eq!(world.entry(&id).await.state, OutboxState::Unknown);
}

#[tokio::test]
async fn a_template_is_delivered_when_the_platform_says_so() {
    let world = World::new();
    let id = world.promise(message(Prompt)).await;
    step(&world).await;
    assert_eq!(world.entry(&id).await.state, OutboxState::Accepted);
    assert!(world.feed().await.is_empty(), "taken is not delivered");
    assert_eq!(
        report(&world, "7", "success").await,
        Finished::Settled(id.clone())
    );
    assert_eq!(world.entry(&id).await.state, OutboxState::Delivered);
    assert_eq!(report(&world, "7", "success").await, Finished::Known);
    assert_eq!(world.feed().await.len(), 1);
}

#[tokio::test]
async fn the_delivery_event_may_come_before_the_answer() {
    let world = World::new();
    world.platform.accepts(Some("3428411849815982087"));
    let id = world.promise(message(Prompt)).await;
    let early = report(&world, "3428411849815982087", "success").await;
    assert_eq!(early, Finished::Kept);
    step(&world).await;
    assert_eq!(world.entry(&id).await.state, OutboxState::Delivered);
}

#[tokio::test]
async fn a_template_that_fails_later_takes_another_way_or_ends() {
    // The follower blocks messages, no window is open: refused.
    let world = World::new();
    let id = world.promise(message(Message)).await;
    step(&world).await;
    report(&world, "7", "failed:user block").await;
    step(&world).await;
    let entry = world.entry(&id).await;
    assert_eq!(entry.reason, Some(UndeliverableReason::Refused));

    // A window opened meanwhile: the custom channel.
    let world = World::new();
    let id = world.promise(message(Message)).await;
    step(&world).await;
    wrote(&world).await;
    report(&world, "7", "failed:user block").await;
    step(&world).await;
    assert_eq!(world.platform.channels(), [Template, Custom]);
    assert_eq!(world.entry(&id).await.state, OutboxState::Delivered);

    // The platform's own failure, spelled with its space: again under a new identifier.
    let world = World::new();
    let id = world.promise(message(Message)).await;
    step(&world).await;
    report(&world, "7", "failed: system failed").await;
    world.clock.advance(MINUTE);
    step(&world).await;
    assert_eq!(world.platform.channels(), [Template, Template]);
    assert_eq!(
        world.platform.bodies()[1]["client_msg_id"],
        format!("{id}-1")
    );
}

#[tokio::test]
async fn a_delivery_event_that_never_comes_ends_as_unknown() {
    let world = World::new();
    let id = world.promise(message(Message)).await;
    step(&world).await;
    world.clock.advance(FINISH_WAIT);
    step(&world).await;
    assert_eq!(world.entry(&id).await.state, OutboxState::Unknown);
    // It may still come, and then is believed.
    report(&world, "7", "success").await;
    assert_eq!(world.entry(&id).await.state, OutboxState::Delivered);
}

/// Claims as a worker that dies before it hears of the outcome.
async fn claim_and_die(world: &World) {
    let jobs = world
        .run(|tx| {
            let mut reach = Reach::default();
            reach.abilities.insert("main".into(), Abilities::ALL);
            claim(tx, &NoHooks, &reach, 10).map(|jobs| jobs.len())
        })
        .await;
    assert_eq!(jobs, 1);
}

#[tokio::test]
async fn a_restart_takes_over_a_claim_when_its_lease_ends() {
    for (purpose, channels, state) in [
        (Prompt, &[Template][..], OutboxState::Accepted),
        (Message, &[], OutboxState::Unknown),
    ] {
        let world = World::new();
        wrote(&world).await;
        let id = world.promise(message(purpose)).await;
        claim_and_die(&world).await;

        let reborn = worker(
            &world.store,
            &world.env,
            &world.platform,
            Arc::new(NoHooks),
            Abilities::ALL,
        );
        assert_eq!(reborn.step().await, Ok((0, Some(START + LEASE))), "leased");
        world.clock.set(START + LEASE);
        while world.entry(&id).await.state != state {
            let (_, next) = reborn.step().await.expect("a step");
            world.clock.set(next.unwrap_or_else(|| world.env.now()));
        }
        assert_eq!(world.platform.channels(), channels, "{purpose:?}");
    }
}

#[tokio::test]
async fn a_lock_withdraws_prompts_in_its_own_commit() {
    let world = World::new();
    wrote(&world).await;
    let prompt = world.promise(message(Prompt)).await;
    let other = world.promise(message(Message)).await;
    assert_eq!(world.run(|tx| withdraw(tx, "alice")).await, 1);
    step(&world).await;
    let entry = world.entry(&prompt).await;
    assert_eq!(entry.reason, Some(UndeliverableReason::Withdrawn));
    assert_eq!(entry.attempts, 0);
    assert_eq!(world.entry(&other).await.state, OutboxState::Delivered);
    let again = world.run(move |tx| retry(tx, &prompt)).await;
    assert_eq!(again, Retried::Impossible);
}

#[tokio::test]
async fn a_prompt_on_its_way_during_a_lock_is_not_repeated() {
    let world = World::new();
    wrote(&world).await;
    let id = world.promise(message(Prompt)).await;
    claim_and_die(&world).await;
    assert_eq!(world.run(|tx| withdraw(tx, "alice")).await, 1);
    world.clock.advance(LEASE);
    world.settle(5).await;
    assert!(world.platform.channels().is_empty());
    assert_eq!(world.entry(&id).await.state, OutboxState::Unknown);
}

#[tokio::test]
async fn a_closed_alert_takes_back_its_own_prompts_only() {
    let world = World::new();
    world.promise(message(Prompt)).await;
    let mut second = message(Prompt);
    second.alert = Some("alr_2".into());
    let second = world.promise(second).await;
    let count = world.run(|tx| withdraw_alert(tx, "alice", "alr_1")).await;
    assert_eq!(count, 1);
    assert_eq!(world.entry(&second).await.state, OutboxState::Queued);
}

/// Hooks that write down what they hear, and drop what they are told to.
#[derive(Default)]
struct Witness {
    drop: Option<UndeliverableReason>,
    heard: Mutex<Vec<String>>,
}

impl Hooks for Witness {
    fn check(&self, _: &mut Tx<'_>, _: &OutboxEntry) -> Result<Check, StoreError> {
        Ok(self.drop.map_or(Check::Send, Check::Drop))
    }

    fn accepted(&self, _: &mut Tx<'_>, _: &OutboxEntry, at: Millis) -> Result<(), StoreError> {
        self.heard
            .lock()
            .unwrap()
            .push(format!("accepted {}", at - START));
        Ok(())
    }

    fn ended(
        &self,
        tx: &mut Tx<'_>,
        entry: &OutboxEntry,
        ending: Ending,
    ) -> Result<(), StoreError> {
        // A hook's writes are part of the same commit.
        contact::set_tag(tx, "main", "hooked", &entry.id, true)?;
        self.heard.lock().unwrap().push(format!("{ending:?}"));
        Ok(())
    }
}

#[tokio::test]
async fn hooks_hear_of_acceptance_and_endings() {
    let witness = Arc::new(Witness::default());
    let world = World::with(Abilities::ALL, witness.clone());
    wrote(&world).await;
    world.promise(message(Prompt)).await;
    let mut nobody = message(Prompt);
    nobody.openid = None;
    let nobody = world.promise(nobody).await;
    step(&world).await;
    let mut heard = witness.heard.lock().unwrap().clone();
    heard.sort();
    assert_eq!(heard, ["Delivered", "Undeliverable(Unbound)", "accepted 0"]);
    let tags = world
        .run(|tx| tx.get::<Contact>(&("main".to_owned(), "hooked".to_owned())))
        .await
        .expect("written by the hook")
        .tags;
    assert!(tags.contains(&nobody));
}

#[tokio::test]
async fn the_hosts_last_look_can_stop_a_message() {
    let witness = Arc::new(Witness {
        drop: Some(UndeliverableReason::Unbound),
        ..Witness::default()
    });
    let world = World::with(Abilities::ALL, witness);
    wrote(&world).await;
    let id = world.promise(message(Prompt)).await;
    assert_eq!(step(&world).await, 0);
    assert_eq!(
        world.entry(&id).await.reason,
        Some(UndeliverableReason::Unbound)
    );
}

#[tokio::test]
async fn a_prompt_never_goes_to_a_later_binding() {
    // Unbound meanwhile, or bound to somebody else.
    for account in [None, Some("bob")] {
        let world = World::new();
        wrote(&world).await;
        let id = world.promise(message(Prompt)).await;
        let other = world.promise(message(Message)).await;
        world
            .run(move |tx| {
                let key = ("main".to_owned(), "o1".to_owned());
                let binding = tx.get::<Binding>(&key)?;
                match (account, binding) {
                    (Some(account), Some(binding)) => tx.put(&Binding {
                        account: account.to_owned(),
                        ..binding
                    }),
                    _ => tx.delete::<Binding>(&key),
                }
            })
            .await;
        assert_eq!(step(&world).await, 1, "only the other message");
        let entry = world.entry(&id).await;
        assert_eq!(entry.reason, Some(UndeliverableReason::Unbound));
        assert_eq!(world.entry(&other).await.state, OutboxState::Delivered);
    }
}

#[tokio::test]
async fn a_lock_between_promise_and_retry_stops_the_prompt() {
    use crate::store::records::{Lock, LockedBy};

    let world = World::new();
    wrote(&world).await;
    let id = world.promise(message(Prompt)).await;
    world.platform.then(Outcome::NotSent);
    step(&world).await;
    // A lock that did not know of the prompt: the last look still sees it.
    world
        .run(|tx| {
            tx.put(&Lock {
                account: "alice".into(),
                by: LockedBy::Operator("operator".into()),
                operator: true,
                reason: None,
                at: START,
                sessions_ended: 0,
                alerts: vec![],
                machines: vec![],
            })
        })
        .await;
    world.settle(3).await;
    assert_eq!(world.platform.channels().len(), 1);
    let entry = world.entry(&id).await;
    assert_eq!(entry.reason, Some(UndeliverableReason::Withdrawn));
}
