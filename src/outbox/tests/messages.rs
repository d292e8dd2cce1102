//! Promises, channels, refusals and expiry.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::super::testing::{START, World, message};
use super::super::*;
use crate::env::{DAY, HOUR, MINUTE, SECOND};
use crate::store::records::{OutboxChannel, OutboxPurpose, OutboxState, UndeliverableReason};
use crate::store::{StoreError, Tx, read};

const MESSAGE: OutboxPurpose = OutboxPurpose::Message;
const PROMPT: OutboxPurpose = OutboxPurpose::Prompt;

/// Codes in turn, whether there is template content, the channels tried, the reason at the end.
type Row = (
    &'static [i64],
    bool,
    &'static [OutboxChannel],
    Option<UndeliverableReason>,
);

async fn wrote(world: &World) {
    world
        .run(|tx| contact::saw_message(tx, "main", "o1").map(drop))
        .await;
}

async fn step(world: &World) -> usize {
    world.outbox.step().await.expect("a step").0
}

#[tokio::test]
async fn inside_the_window_a_custom_message_is_delivered_and_counted() {
    let world = World::new();
    wrote(&world).await;
    let id = world.promise(message(MESSAGE)).await;
    assert_eq!(step(&world).await, 1);
    assert_eq!(world.entry(&id).await.state, OutboxState::Delivered);
    assert_eq!(world.platform.channels(), [OutboxChannel::Custom]);
    assert_eq!(world.platform.bodies()[0]["touser"], "o1");
    let contact = world
        .run(|tx| contact::get(tx, "main", "o1"))
        .await
        .expect("known");
    assert_eq!(contact.sent_since_message, 1);
    let feed = world.feed().await;
    assert_eq!(feed.len(), 1);
    assert_eq!(feed[0].0, "delivered");
    assert_eq!(feed[0].1["message"], id.as_str());
    assert_eq!(feed[0].1["possible_duplicate"], false);
    assert!(
        !feed[0].1.to_string().contains("o1"),
        "no OpenID in the feed"
    );
    assert_eq!(world.outbox.step().await, Ok((0, None)), "nothing is left");
}

#[tokio::test]
async fn the_sixth_message_takes_the_template() {
    let world = World::new();
    wrote(&world).await;
    for _ in 0..6 {
        world.promise(message(MESSAGE)).await;
        step(&world).await;
    }
    let channels = world.platform.channels();
    assert!(
        channels[..5]
            .iter()
            .all(|channel| *channel == OutboxChannel::Custom)
    );
    assert_eq!(channels[5], OutboxChannel::Template);
}

#[tokio::test]
async fn a_refused_custom_message_is_not_counted() {
    let world = World::new();
    wrote(&world).await;
    world.platform.rejects(-1);
    world.promise(message(MESSAGE)).await;
    step(&world).await;
    let contact = world.run(|tx| contact::get(tx, "main", "o1")).await;
    assert_eq!(contact.expect("known").sent_since_message, 0);
}

#[tokio::test]
async fn refusals_by_class() {
    use OutboxChannel::{Custom, Template};
    use UndeliverableReason::{NoChannel, Quota, Refused, Unfollowed};

    let table: &[Row] = &[
        (&[45015], true, &[Custom, Template], None),
        (&[45015], false, &[Custom], Some(NoChannel)),
        (&[45047], false, &[Custom], Some(Quota)),
        (&[43004], true, &[Custom], Some(Unfollowed)),
        (&[43019], true, &[Custom], Some(Refused)),
        (&[48001, 48001], true, &[Custom, Template], Some(NoChannel)),
        (&[45002, 47003], true, &[Custom, Template], Some(Refused)),
        (&[-1, -1], true, &[Custom, Custom, Custom], None),
        (&[-1; 6], false, &[Custom; 6], Some(Refused)),
    ];
    for (errcodes, template, channels, reason) in table {
        let world = World::new();
        wrote(&world).await;
        for errcode in *errcodes {
            world.platform.rejects(*errcode);
        }
        let mut new = message(MESSAGE);
        if !template {
            new.template = None;
        }
        let id = world.promise(new).await;
        while !matches!(
            world.entry(&id).await.state,
            OutboxState::Accepted | OutboxState::Delivered | OutboxState::Undeliverable
        ) {
            world.settle(1).await;
        }
        let entry = world.entry(&id).await;
        assert_eq!(world.platform.channels(), *channels, "{errcodes:?}");
        assert_eq!(entry.reason, *reason, "{errcodes:?}");
        if let Some(reason) = reason {
            let feed = world.feed().await;
            let (kind, data) = feed.last().expect("an ending");
            assert_eq!(kind, "undeliverable");
            assert_eq!(data["reason"], reason.name());
            assert_eq!(data["errcode"], *errcodes.last().expect("a code"));
        }
    }
}

#[tokio::test]
async fn an_unfollowed_contact_gets_nothing_more() {
    let world = World::new();
    wrote(&world).await;
    world.platform.rejects(43004);
    world.promise(message(MESSAGE)).await;
    step(&world).await;
    let id = world.promise(message(MESSAGE)).await;
    step(&world).await;
    assert_eq!(
        world.platform.channels().len(),
        1,
        "the second is not tried"
    );
    assert_eq!(
        world.entry(&id).await.reason,
        Some(UndeliverableReason::Unfollowed)
    );
}

#[tokio::test]
async fn a_throttled_channel_rests_while_the_other_works() {
    let world = World::new();
    wrote(&world).await;
    world.platform.rejects(45011);
    let id = world.promise(message(MESSAGE)).await;
    step(&world).await;
    world.clock.advance(SECOND);
    step(&world).await;
    assert_eq!(
        world.platform.channels(),
        [OutboxChannel::Custom, OutboxChannel::Template]
    );
    assert_eq!(world.entry(&id).await.state, OutboxState::Accepted);

    // Without a template, the next message waits for the minute to pass.
    let mut plain = message(MESSAGE);
    plain.template = None;
    let id = world.promise(plain).await;
    assert_eq!(step(&world).await, 0);
    assert_eq!(world.entry(&id).await.due, Some(START + MINUTE));
    world.clock.set(START + MINUTE);
    assert_eq!(step(&world).await, 1);
    assert_eq!(world.entry(&id).await.state, OutboxState::Delivered);
}

#[tokio::test]
async fn bad_credentials_hold_everything_and_lose_nothing() {
    let world = World::new();
    wrote(&world).await;
    world.platform.rejects(40164);
    let first = world.promise(message(MESSAGE)).await;
    step(&world).await;
    let second = world.promise(message(MESSAGE)).await;
    assert_eq!(step(&world).await, 0, "the official account rests");
    world.clock.advance(MINUTE);
    assert_eq!(step(&world).await, 2);
    for id in [first, second] {
        assert_eq!(world.entry(&id).await.state, OutboxState::Delivered);
    }
}

#[tokio::test]
async fn a_platform_that_is_down_is_tried_until_the_message_expires() {
    let world = World::new();
    wrote(&world).await;
    for _ in 0..100 {
        world.platform.then(Outcome::NotSent);
    }
    let mut new = message(PROMPT);
    new.not_after = START + 5 * MINUTE;
    let id = world.promise(new).await;
    world.settle(60).await;
    let entry = world.entry(&id).await;
    assert_eq!(entry.reason, Some(UndeliverableReason::Expired));
    assert_eq!(entry.ended_at, Some(START + 5 * MINUTE + 1));
    assert!(world.platform.channels().len() > 5);
}

#[tokio::test]
async fn nothing_is_sent_past_its_time() {
    let world = World::new();
    wrote(&world).await;
    let mut new = message(PROMPT);
    new.not_after = START + HOUR;
    let id = world.promise(new).await;
    world.clock.set(START + HOUR + 1);
    assert_eq!(step(&world).await, 0);
    assert_eq!(
        world.entry(&id).await.reason,
        Some(UndeliverableReason::Expired)
    );
    assert!(world.platform.channels().is_empty());
}

#[tokio::test]
async fn an_official_account_that_may_not_send_says_so() {
    let world = World::with(Abilities::NONE, Arc::new(NoHooks));
    wrote(&world).await;
    let id = world.promise(message(PROMPT)).await;
    step(&world).await;
    assert_eq!(
        world.entry(&id).await.reason,
        Some(UndeliverableReason::NoChannel)
    );
}

#[tokio::test]
async fn the_same_promise_twice_is_one_message() {
    let world = World::new();
    let mut new = message(MESSAGE);
    new.dedupe = Some("k".into());
    let first = world.promise(new.clone()).await;
    let again = world.run(move |tx| enqueue(tx, new.clone())).await;
    assert_eq!(again, Enqueued::Known(first));
    assert_eq!(step(&world).await, 1);
}

#[tokio::test]
async fn other_messages_never_crowd_out_a_prompt() {
    let world = World::new();
    let others = entry::MAX_OPEN - entry::RESERVED_FOR_PROMPTS;
    for _ in 0..others {
        world.promise(message(MESSAGE)).await;
    }
    let full = world.run(|tx| enqueue(tx, message(MESSAGE))).await;
    assert_eq!(full, Enqueued::Full);
    for _ in 0..entry::RESERVED_FOR_PROMPTS {
        world.promise(message(PROMPT)).await;
    }
    let full = world.run(|tx| enqueue(tx, message(PROMPT))).await;
    assert_eq!(full, Enqueued::Full);
    assert_eq!(world.store.status().limits["messages_of_a_follower"], 2);
    // All of them can be withdrawn in one commit.
    let count = world.run(|tx| withdraw(tx, "alice")).await;
    assert_eq!(count, entry::RESERVED_FOR_PROMPTS);
}

#[tokio::test]
async fn prompts_have_a_cap_per_account_and_day() {
    let world = World::new();
    let take = |account: &'static str| world.run(move |tx| take_prompt(tx, account, 2));
    assert!(take("alice").await);
    assert!(take("alice").await);
    assert!(!take("alice").await);
    assert!(take("bob").await);
    // START is 22:13 in China.
    world.clock.set(START + 2 * HOUR);
    assert!(take("alice").await, "a new day");
}

#[tokio::test]
async fn listing_and_repeating_by_hand() {
    let world = World::new();
    wrote(&world).await;
    world.platform.rejects(43019);
    let bad = world.promise(message(MESSAGE)).await;
    step(&world).await;
    let good = world.promise(message(MESSAGE)).await;
    step(&world).await;

    let refused = |tx: &mut Tx<'_>| list(tx, Some(OutboxState::Undeliverable), None, 10);
    let page = read::<_, StoreError>(&*world.store, "test", refused)
        .await
        .expect("a page");
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.items[0].id, bad);

    let view = serde_json::to_value(OutboxView::from(&page.items[0])).expect("JSON");
    assert_eq!(view["state"], "undeliverable");
    assert_eq!(view["reason"], "refused");
    assert_eq!(view["created"], "2026-09-21T14:13:20.000Z");
    let shown = view.to_string();
    assert!(
        !shown.contains("\"o1\"") && !shown.contains("异地"),
        "{shown}"
    );

    let retry_of = |id: &str| {
        let id = id.to_owned();
        world.run(move |tx| retry(tx, &id))
    };
    assert_eq!(retry_of("out_nothing").await, Retried::NotFound);
    assert_eq!(retry_of(&good).await, Retried::NotNeeded);
    assert_eq!(retry_of(&bad).await, Retried::Queued);
    assert_eq!(retry_of(&bad).await, Retried::NotNeeded);
    step(&world).await;
    assert_eq!(world.entry(&bad).await.state, OutboxState::Delivered);

    world.platform.rejects(43019);
    let late = world.promise(message(MESSAGE)).await;
    step(&world).await;
    world.clock.advance(DAY + SECOND);
    assert_eq!(retry_of(&late).await, Retried::Impossible);
}

#[tokio::test]
async fn erasure_takes_content_and_recipient_of_every_message() {
    let world = World::new();
    wrote(&world).await;
    let delivered = world.promise(message(MESSAGE)).await;
    step(&world).await;
    world.platform.rejects(43019);
    let refused = world.promise(message(MESSAGE)).await;
    step(&world).await;
    let waiting = world.promise(message(PROMPT)).await;
    assert!(world.entry(&refused).await.custom.is_some(), "for a retry");

    assert!(!world.run(|tx| forget(tx, "alice")).await, "nothing left");
    for id in [&delivered, &refused, &waiting] {
        let entry = world.entry(id).await;
        assert!(entry.state.ended());
        assert_eq!(entry.openid, None);
        assert!(entry.custom.is_none() && entry.template.is_none());
    }
    let again = world.run(move |tx| retry(tx, &refused)).await;
    assert_eq!(again, Retried::Impossible);
    assert_eq!(step(&world).await, 0);
}

#[tokio::test]
async fn the_running_worker_wakes_on_a_commit_and_stops_cleanly() {
    let world = World::new();
    wrote(&world).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(Arc::clone(&world.outbox).run(stop.clone()));
    let mut commits = world.store.commits();
    let id = world.promise(message(MESSAGE)).await;
    while world.entry(&id).await.state != OutboxState::Delivered {
        commits.changed().await.expect("the store lives");
    }
    stop.cancel();
    running.await.expect("the worker ends");
}
