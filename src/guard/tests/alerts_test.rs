//! Alerts, cool-downs and the answers to them.

use super::*;
use crate::env::{HOUR, MINUTE, SECOND};
use crate::guard::alerts::{self, Choice, CloseOutcome, MAX_OPEN, TrustAnswer};

async fn trust(world: &World, answer: Answer<'static>) -> TrustAnswer {
    world
        .run(move |tx| alerts::answer_trust(tx, answer, 30 * DAY, "openid:x"))
        .await
}

fn is_appended(raised: &Raised, to: &Raised) -> bool {
    matches!(raised, Raised::Appended(alert) if alert.id == to.alert().id)
}

#[tokio::test]
async fn cool_down_suppresses_and_what_it_suppressed_is_appended_visibly() {
    let world = World::new().await;
    let first = world.raise(cooled("m", &["a"], 30 * MINUTE, false)).await;
    assert!(matches!(first, Raised::Raised(_)));
    world.clock.advance(30 * MINUTE - 1);
    let second = world.raise(cooled("n", &["a"], 30 * MINUTE, false)).await;
    assert!(is_appended(&second, &first));
    assert_eq!(second.alert().appended.len(), 1);
    assert_eq!(world.events("alert_appended").await.len(), 1);
    world.clock.advance(1);
    let third = world.raise(cooled("m", &["a"], 30 * MINUTE, false)).await;
    assert!(matches!(third, Raised::Raised(_)), "the pause is over");
}

#[tokio::test]
async fn a_suppressed_login_does_not_prolong_the_cool_down() {
    let world = World::new().await;
    let mut raised = 0;
    for _ in 0..12 {
        let outcome = world.raise(cooled("m", &["a"], 30 * MINUTE, false)).await;
        raised += usize::from(matches!(outcome, Raised::Raised(_)));
        world.clock.advance(10 * MINUTE);
    }
    assert_eq!(raised, 4);
}

#[tokio::test]
async fn cool_down_is_per_account_unless_the_rule_says_per_machine() {
    let world = World::new().await;
    let first = world.raise(cooled("m", &["a"], HOUR, true)).await;
    let other = world.raise(cooled("n", &["a"], HOUR, true)).await;
    assert!(matches!(other, Raised::Raised(_)));
    assert!(is_appended(
        &world.raise(cooled("m", &["a"], HOUR, true)).await,
        &first
    ));
    let account = world.raise(cooled("m", &["a"], HOUR, false)).await;
    assert!(
        matches!(account, Raised::Raised(_)),
        "another rule, another cool-down"
    );
}

#[tokio::test]
async fn a_newly_fired_signal_ends_the_cool_down() {
    let world = World::new().await;
    let first = world.raise(cooled("m", &["a"], HOUR, false)).await;
    let second = world.raise(cooled("m", &["b"], HOUR, false)).await;
    assert!(matches!(second, Raised::Raised(_)));
    // Both were asked about now: neither wakes the owner again.
    let third = world.raise(cooled("m", &["a"], HOUR, false)).await;
    assert!(is_appended(&third, &second) && !is_appended(&third, &first));
}

#[tokio::test]
async fn a_higher_band_ends_the_cool_down() {
    let world = World::new().await;
    let of_band = |band| NewAlert {
        band,
        ..cooled("m", &["a"], HOUR, false)
    };
    world.raise(of_band(1)).await;
    let higher = world.raise(of_band(2)).await;
    assert!(matches!(higher, Raised::Raised(_)));
    assert!(is_appended(&world.raise(of_band(1)).await, &higher));
}

#[tokio::test]
async fn closing_the_earlier_alert_ends_the_cool_down() {
    let world = World::new().await;
    let first = world.raise(cooled("m", &["a"], HOUR, false)).await;
    let id = first.alert().id.clone();
    let close = move |tx: &mut Tx<'_>| alerts::close(tx, &id, CloseReason::Operator, "key:erp");
    assert!(matches!(
        world.run(close.clone()).await,
        CloseOutcome::Closed(_)
    ));
    assert_eq!(world.run(close).await, CloseOutcome::AlreadyClosed);
    let second = world.raise(cooled("m", &["a"], HOUR, false)).await;
    assert!(matches!(second, Raised::Raised(_)));
    let unknown = world
        .run(|tx| alerts::close(tx, "alr_x", CloseReason::Operator, "t"))
        .await;
    assert_eq!(unknown, CloseOutcome::Unknown);
}

#[tokio::test]
async fn the_cap_of_prompts_turns_into_captcha_never_into_silence() {
    let mut world = World::new().await;
    world.limits.prompts_per_day = 2;
    for _ in 0..2 {
        assert!(matches!(
            world.raise(new_alert("m", &["a"])).await,
            Raised::Raised(_)
        ));
    }
    let capped = world.raise(new_alert("m", &["a"])).await;
    assert!(matches!(&capped, Raised::Capped(alert) if alert.prompt == PromptState::Capped));
    assert_eq!(world.store.status().limits["prompts_per_day"], 1);
    assert_eq!(
        world.run(|tx| alerts::open(tx, "alice")).await.len(),
        3,
        "it is an alert all the same"
    );
    world.clock.advance(DAY);
    assert!(matches!(
        world.raise(new_alert("m", &["a"])).await,
        Raised::Raised(_)
    ));
}

#[tokio::test]
async fn unbound_accounts_raise_alerts_too() {
    let world = World::new().await;
    let unbound = NewAlert {
        asked: None,
        ..new_alert("m", &["a"])
    };
    let raised = world.raise(unbound).await;
    assert!(matches!(raised, Raised::Raised(_)));
    let id = raised.alert().id.clone();
    let alert = world
        .run(move |tx| {
            alerts::prompt_undeliverable(tx, &id, "unbound")?;
            alerts::get(tx, &id)
        })
        .await
        .unwrap();
    let reason = "unbound".to_owned();
    assert_eq!(alert.prompt, PromptState::Undeliverable { reason });
    // Nobody was asked, so nobody's 是我 is good for it.
    assert_eq!(
        trust(&world, answer(Some(1), START)).await,
        TrustAnswer::NoneOpen
    );
}

#[tokio::test]
async fn it_was_me_closes_the_alert_and_trusts_that_machine_for_a_limited_time() {
    let world = World::new().await;
    let alert = world.delivered(new_alert("m", &["a"])).await;
    let outcome = trust(&world, answer(None, START)).await;
    assert!(matches!(outcome, TrustAnswer::Trusted { until, .. } if until == START + 30 * DAY));
    assert!(
        world
            .run(|tx| crate::guard::trust::trusted(tx, "alice", Some("m")))
            .await
    );
    let id = alert.id;
    let closed = world
        .run(move |tx| alerts::get(tx, &id))
        .await
        .unwrap()
        .closed
        .unwrap();
    assert_eq!(closed.reason, CloseReason::TrustedByOwner);
    assert_eq!(
        trust(&world, answer(None, START)).await,
        TrustAnswer::NoneOpen
    );
}

#[tokio::test]
async fn an_illegal_or_missing_machine_is_not_trusted() {
    let world = World::new().await;
    let illegal = NewAlert {
        legal: false,
        ..new_alert("mx_1", &["a"])
    };
    world.delivered(illegal).await;
    assert!(matches!(
        trust(&world, answer(None, START)).await,
        TrustAnswer::NoMachine { .. }
    ));
    assert!(
        !world
            .run(|tx| crate::guard::trust::trusted(tx, "alice", Some("mx_1")))
            .await
    );
    let missing = NewAlert {
        machine: None,
        ..new_alert("", &["a"])
    };
    world.delivered(missing).await;
    assert!(matches!(
        trust(&world, answer(None, START)).await,
        TrustAnswer::NoMachine { .. }
    ));
}

#[tokio::test]
async fn it_was_me_means_the_last_prompt_delivered_before_that_message_was_sent() {
    let world = World::new().await;
    let first = world.delivered(new_alert("home", &["a"])).await;
    world.clock.advance(10 * SECOND);
    // The owner answers the first; while that is under way an intruder's alert is delivered.
    let sent_at = START + 5 * SECOND;
    world.delivered(new_alert("intruder", &["a"])).await;
    let outcome = trust(&world, answer(None, sent_at)).await;
    assert!(matches!(outcome, TrustAnswer::Trusted { alert, .. } if alert.id == first.id));
    assert!(
        !world
            .run(|tx| crate::guard::trust::trusted(tx, "alice", Some("intruder")))
            .await
    );
    let again = trust(&world, answer(None, sent_at)).await;
    assert_eq!(
        again,
        TrustAnswer::NoneOpen,
        "the other was not delivered by then"
    );
}

#[tokio::test]
async fn a_prompt_that_was_not_delivered_is_not_meant() {
    let world = World::new().await;
    world.raise(new_alert("m", &["a"])).await;
    assert_eq!(
        trust(&world, answer(None, START)).await,
        TrustAnswer::NoneOpen
    );
}

#[tokio::test]
async fn with_several_open_alerts_the_owner_is_asked_which() {
    let world = World::new().await;
    world.delivered(new_alert("m1", &["a"])).await;
    world.delivered(new_alert("m2", &["a"])).await;
    let TrustAnswer::Several(list) = trust(&world, answer(None, START)).await else {
        panic!("which?");
    };
    assert_eq!(
        list.iter().map(|alert| alert.number).collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(
        trust(&world, answer(Some(9), START)).await,
        TrustAnswer::NoneOpen
    );
    let outcome = trust(&world, answer(Some(2), START)).await;
    assert!(matches!(outcome, TrustAnswer::Trusted { alert, .. } if alert.number == 2));
    assert_eq!(world.run(|tx| alerts::open(tx, "alice")).await.len(), 1);
}

#[tokio::test]
async fn numbers_are_never_given_out_twice() {
    let world = World::new().await;
    world.delivered(new_alert("m1", &["a"])).await;
    trust(&world, answer(None, START)).await;
    let next = world.delivered(new_alert("intruder", &["a"])).await;
    assert_eq!(next.number, 2);
    assert_eq!(
        trust(&world, answer(Some(1), START)).await,
        TrustAnswer::NoneOpen
    );
}

#[tokio::test]
async fn twenty_four_hours_is_the_life_of_it_was_me_not_of_the_lock() {
    let world = World::new().await;
    world.delivered(new_alert("m", &["a"])).await;
    world.clock.advance(DAY);
    assert_eq!(
        trust(&world, answer(None, START)).await,
        TrustAnswer::NoneOpen
    );
    assert_eq!(world.run(|tx| alerts::open(tx, "alice")).await.len(), 1);
    world.clock.advance(30 * DAY);
    assert!(matches!(
        world.lock().await,
        locks::LockOutcome::Locked { .. }
    ));
}

#[tokio::test]
async fn expiry_runs_from_the_platforms_acceptance_72_hours_after_the_login_at_most() {
    let world = World::new().await;
    let raise = || world.raise(new_alert("m", &["a"]));
    let accepted = |id: String, at: Millis| {
        world.run(move |tx| {
            alerts::prompt_accepted(tx, &id, at)?;
            Ok(alerts::get(tx, &id)?.unwrap().answerable_until)
        })
    };
    let id = raise().await.alert().id.clone();
    assert_eq!(accepted(id, START + HOUR).await, START + HOUR + DAY);
    let id = raise().await.alert().id.clone();
    assert_eq!(
        accepted(id.clone(), START + 60 * HOUR).await,
        START + 72 * HOUR
    );
    world.clock.advance(72 * HOUR);
    assert!(world.run(|tx| alerts::open(tx, "alice")).await.is_empty());
    raise().await;
    let closed = world
        .run(move |tx| alerts::get(tx, &id))
        .await
        .unwrap()
        .closed
        .unwrap();
    assert_eq!(closed.reason, CloseReason::Expired);
}

#[tokio::test]
async fn only_the_openid_that_was_asked_can_say_it_was_me() {
    let world = World::new().await;
    world.delivered(new_alert("m", &["a"])).await;
    for (official_account, openid) in [(OA, "o2"), ("other", "o1")] {
        let later = Answer {
            official_account,
            openid,
            ..answer(Some(1), START)
        };
        assert_eq!(trust(&world, later).await, TrustAnswer::NoneOpen);
    }
}

#[tokio::test]
async fn a_prompt_whose_outcome_is_unknown_can_be_answered() {
    let world = World::new().await;
    let id = world.raise(new_alert("m", &["a"])).await.alert().id.clone();
    let unknown = id.clone();
    world
        .run(move |tx| alerts::prompt_unknown(tx, &unknown, tx.now()))
        .await;
    let choice = world
        .run(|tx| alerts::choose(tx, answer(None, START)))
        .await;
    assert!(matches!(choice, Choice::One(alert) if alert.id == id));
}

#[tokio::test]
async fn a_late_report_changes_nothing_about_a_delivered_prompt() {
    let world = World::new().await;
    let id = world.delivered(new_alert("m", &["a"])).await.id;
    let alert = world
        .run(move |tx| {
            alerts::prompt_unknown(tx, &id, tx.now() + HOUR)?;
            alerts::prompt_undeliverable(tx, &id, "quota")?;
            alerts::get(tx, &id)
        })
        .await
        .unwrap();
    assert_eq!(alert.prompt, PromptState::Delivered { at: START });
}

#[tokio::test]
async fn open_alerts_and_the_logins_of_one_are_bounded_and_counted() {
    let mut world = World::new().await;
    world.limits.prompts_per_day = 1000;
    for n in 0..MAX_OPEN + 3 {
        world.raise(new_alert(&format!("m{n}"), &["a"])).await;
    }
    let open = world.run(|tx| alerts::open(tx, "alice")).await;
    assert_eq!(open.len(), MAX_OPEN);
    assert_eq!(open[0].number, 4);
    assert_eq!(world.events("alert_closed").await.len(), 3);
    for _ in 0..20 {
        world.raise(cooled("m", &["a"], HOUR, false)).await;
    }
    let last = world
        .run(|tx| alerts::of_account(tx, "alice", 1))
        .await
        .remove(0);
    assert_eq!(
        (last.appended.len(), last.appended_more),
        (alerts::MAX_APPENDED, 11)
    );
    let hit = world.store.status().limits;
    assert_eq!((hit["open_alerts"], hit["logins_of_an_alert"]), (4, 11));
}
