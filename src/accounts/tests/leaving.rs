//! Ways out of a binding, and what outlives it. Each test is named after its line of the requirements.

use super::*;

#[tokio::test]
async fn unbinding_in_the_chat_needs_a_code() {
    let world = World::new().await;
    assert_eq!(world.unbind_code("o1", "x").await, UnbindOutcome::NotBound);
    world.bound("o1").await;
    let code = world.code("alice", CodePurpose::Unbind).await;
    assert_eq!(
        world.unbind_code("o1", &other_than(&code)).await,
        UnbindOutcome::Refused { tries_left: 4 }
    );
    let unbound = UnbindOutcome::Unbound {
        account: "alice".into(),
    };
    assert_eq!(world.unbind_code("o1", &code).await, unbound);
    assert_eq!(world.account_of("o1").await, None);
    assert_eq!(world.events("guard_lost").await.len(), 1);
    assert_eq!(world.events("unbound").await.len(), 1);
}

#[tokio::test]
async fn unbinding_by_guessing_is_blocked() {
    let world = World::new().await;
    world.bound("o1").await;
    let code = world.code("alice", CodePurpose::Unbind).await;
    for _ in 0..5 {
        world.unbind_code("o1", &other_than(&code)).await;
    }
    let outcome = world.unbind_code("o1", &code).await;
    assert!(
        matches!(outcome, UnbindOutcome::Blocked { .. }),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn unbinding_is_refused_while_the_account_is_locked_or_an_alert_is_open() {
    let world = World::new().await;
    world.bound("o1").await;
    let code = world.code("alice", CodePurpose::Unbind).await;
    world.alert("alice").await;
    let account = "alice".to_owned();
    assert_eq!(
        world.unbind_code("o1", &code).await,
        UnbindOutcome::AlertOpen {
            account: account.clone()
        }
    );
    world
        .run(|tx| guard::locks::lock(tx, "alice", LockedBy::Owner("o".into()), None))
        .await;
    assert_eq!(
        world.unbind_code("o1", &code).await,
        UnbindOutcome::Locked { account }
    );
    assert_eq!(world.account_of("o1").await.as_deref(), Some("alice"));
}

#[tokio::test]
async fn unsubscribe_suspends_the_binding_for_thirty_days() {
    let world = World::new().await;
    world.bound("o1").await;
    let suspended = Unsubscribed::Suspended {
        account: "alice".into(),
        until: START + 30 * DAY,
    };
    assert_eq!(world.unsubscribe("o1").await, suspended);
    assert_eq!(world.account_of("o1").await, None);
    assert!(world.run(|tx| binding_of(tx, "alice", OA)).await.is_none());
    assert_eq!(world.events("guard_lost").await[0]["why"], "unsubscribed");
    world.clock.advance(30 * DAY - 1);
    let restored = Resubscribed::Restored {
        account: "alice".into(),
    };
    assert_eq!(world.subscribe("o1").await, restored);
    assert_eq!(world.account_of("o1").await.as_deref(), Some("alice"));
    assert_eq!(world.subscribe("o1").await, Resubscribed::NotBound);
}

#[tokio::test]
async fn a_suspended_binding_is_gone_after_thirty_days() {
    let world = World::new().await;
    world.bound("o1").await;
    world.unsubscribe("o1").await;
    world.clock.advance(30 * DAY);
    assert_eq!(world.subscribe("o1").await, Resubscribed::Lost);
    assert_eq!(world.account_of("o1").await, None);
}

#[tokio::test]
async fn a_suspended_binding_gives_way_to_a_new_one() {
    let world = World::new().await;
    world.bound("o1").await;
    world.unsubscribe("o1").await;
    let code = world.code("alice", CodePurpose::Bind).await;
    let outcome = world.bind_with("o2", PHONE, &code).await;
    assert!(
        matches!(outcome, BindOutcome::Bound { tell: Some(_), .. }),
        "{outcome:?}"
    );
    assert_eq!(world.subscribe("o1").await, Resubscribed::NotBound);
    assert_eq!(world.account_of("o2").await.as_deref(), Some("alice"));
}

#[tokio::test]
async fn what_unsubscribing_does_is_configurable() {
    let mut world = World::new().await;
    world.bound("o1").await;
    world.limits.on_unsubscribe = OnUnsubscribe::Keep;
    assert!(matches!(
        world.unsubscribe("o1").await,
        Unsubscribed::Kept { .. }
    ));
    world.limits.on_unsubscribe = OnUnsubscribe::Unbind;
    assert!(matches!(
        world.unsubscribe("o1").await,
        Unsubscribed::Unbound { .. }
    ));
    assert_eq!(world.unsubscribe("o1").await, Unsubscribed::NotBound);
    assert_eq!(world.subscribe("o1").await, Resubscribed::NotBound);
}

#[tokio::test]
async fn authorization_cancellation_deletes_at_once() {
    let world = World::new().await;
    for resting in [false, true] {
        world.bound("o1").await;
        if resting {
            world.unsubscribe("o1").await;
        }
        let account = world.run(|tx| authorization_cancelled(tx, OA, "o1")).await;
        assert_eq!(account.as_deref(), Some("alice"));
        assert_eq!(world.account_of("o1").await, None);
        assert_eq!(world.subscribe("o1").await, Resubscribed::NotBound);
        let key = ("alice".to_owned(), OA.to_owned());
        let left = world.run(move |tx| tx.get::<AccountBinding>(&key)).await;
        assert!(left.is_none(), "nothing remembers the OpenID");
    }
    assert_eq!(
        world.run(|tx| authorization_cancelled(tx, OA, "o1")).await,
        None
    );
}

#[tokio::test]
async fn a_lock_outlives_bindings_and_re_creating_a_deleted_account_does_not_shed_it() {
    let world = World::new().await;
    world.bound("o1").await;
    world
        .run(|tx| guard::locks::lock(tx, "alice", LockedBy::Owner("o".into()), None))
        .await;
    world.unsubscribe("o1").await;
    world.run(|tx| authorization_cancelled(tx, OA, "o1")).await;
    assert_eq!(
        world.run(|tx| delete(tx, "alice", "test")).await,
        Deleted::Deleted
    );
    let new = NewAccount {
        id: "alice".into(),
        phone: Some(PHONE.into()),
        ..NewAccount::default()
    };
    let created = world.run(move |tx| create(tx, new.clone(), "test")).await;
    assert!(matches!(created, Created::Created(_)));
    assert!(
        world
            .run(|tx| guard::locks::lock_of(tx, "alice"))
            .await
            .is_some()
    );
    let standing = world.run(|tx| guard::standing(tx, "alice", None)).await;
    assert!(matches!(standing, guard::Standing::Locked(_)));
}

#[tokio::test]
async fn a_resting_binding_that_runs_out_says_so_although_nobody_came_back() {
    let world = World::new().await;
    world.bound("o1").await;
    world.unsubscribe("o1").await;
    let look = || end_run_out(&*world.store, world.now());
    assert_eq!(look().await, Ok(0));
    world.clock.advance(30 * DAY);
    assert_eq!(look().await, Ok(1));
    assert_eq!(look().await, Ok(0), "once");
    let unbound = world.events("unbound").await;
    assert_eq!(unbound.len(), 1);
    assert_eq!(unbound[0]["why"], "run_out");
    assert_eq!(unbound[0]["openid"], "o1");
    assert_eq!(world.subscribe("o1").await, Resubscribed::NotBound);
}

#[tokio::test]
async fn a_resting_binding_given_up_for_another_says_so() {
    let world = World::new().await;
    world.bound("o1").await;
    world.unsubscribe("o1").await;
    world
        .run(|tx| {
            let erin = NewAccount {
                id: "erin".into(),
                phone: Some("13800138055".into()),
                ..NewAccount::default()
            };
            create(tx, erin, "test")
        })
        .await;
    let code = world.code("erin", CodePurpose::Bind).await;
    let outcome = world.bind_with("o1", "13800138055", &code).await;
    assert!(matches!(outcome, BindOutcome::Bound { .. }), "{outcome:?}");
    let unbound = world.events("unbound").await;
    assert_eq!(unbound.len(), 1, "alice's binding is over");
    assert_eq!(unbound[0]["why"], "bound_again");
}
