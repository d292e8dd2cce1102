//! Scan-to-bind tickets. Each test is named after its line of the requirements.

use super::*;

#[tokio::test]
async fn a_scanned_ticket_alone_binds_nothing_the_phone_is_still_needed() {
    let world = World::new().await;
    let ticket = world.ticket().await;
    assert_eq!(ticket.len(), 32, "128 bits");
    assert_eq!(
        world.claim(&ticket, "o1").await,
        Claimed::Claimed {
            until: START + world.limits.claim_life
        }
    );
    assert_eq!(world.account_of("o1").await, None);
    assert_eq!(
        world.bind_ticket("o1", "13700137000", &ticket).await,
        refused(4)
    );
    let outcome = world.bind_ticket("o1", PHONE, &ticket).await;
    assert!(matches!(outcome, BindOutcome::Bound { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_ticket_is_consumed_by_the_first_scan() {
    let world = World::new().await;
    let ticket = world.ticket().await;
    let (a, b) = tokio::join!(world.claim(&ticket, "o1"), world.claim(&ticket, "o2"));
    let won = |claimed: &Claimed| matches!(claimed, Claimed::Claimed { .. });
    assert!(won(&a) ^ won(&b));
    let loser = if won(&a) { "o2" } else { "o1" };
    assert_eq!(world.bind_ticket(loser, PHONE, &ticket).await, refused(4));
    assert_eq!(world.account_of(loser).await, None);
}

#[tokio::test]
async fn a_ticket_nobody_scanned_binds_nobody() {
    let world = World::new().await;
    let ticket = world.ticket().await;
    assert_eq!(world.bind_ticket("o1", PHONE, &ticket).await, refused(4));
}

#[tokio::test]
async fn a_ticket_lives_five_minutes_and_can_be_cancelled() {
    let world = World::new().await;
    let old = world.ticket().await;
    world.clock.advance(5 * MINUTE);
    assert_eq!(world.claim(&old, "o1").await, Claimed::Gone);
    let ticket = world.ticket().await;
    let cancelled = ticket.clone();
    assert!(world.run(move |tx| cancel_ticket(tx, &cancelled)).await);
    assert_eq!(world.claim(&ticket, "o1").await, Claimed::Gone);
}

#[tokio::test]
async fn guessing_the_phone_of_a_ticket_voids_it() {
    let world = World::new().await;
    let ticket = world.ticket().await;
    world.claim(&ticket, "o1").await;
    for phone in [
        "13700137001",
        "13700137002",
        "13700137003",
        "13700137004",
        "13700137005",
    ] {
        assert_eq!(world.bind_ticket("o1", phone, &ticket).await, refused(4));
    }
    assert_eq!(world.store.status().limits["ticket_tries"], 1);
    assert_eq!(world.bind_ticket("o1", PHONE, &ticket).await, refused(4));
}
