//! Sessions, locks, trust, and the two against each other.

use super::*;
use crate::accounts::{CodePurpose, Issued};
use crate::env::{HOUR, MINUTE};
use crate::guard::locks::{LockOutcome, UnlockOutcome, UnlockRequest};
use crate::guard::sessions::{MAX_SESSIONS, Reported};
use crate::outbox::NewEntry;
use crate::store::records::{CustomMessage, OutboxPurpose};

async fn unlock_code(world: &World) -> String {
    let keys = world.keys.clone();
    let issued = world
        .run(move |tx| {
            let limits = accounts::Limits::default();
            accounts::issue(tx, &keys, &limits, "alice", CodePurpose::Unlock, "test")
        })
        .await;
    match issued {
        Issued::Issued { code, .. } => code.reveal().to_owned(),
        other => panic!("{other:?}"),
    }
}

async fn unlock_with(world: &World, code: &str) -> UnlockOutcome {
    let (keys, code) = (world.keys.clone(), code.to_owned());
    world
        .run(move |tx| {
            let request = UnlockRequest {
                official_account: OA,
                openid: "o1",
                account: "alice",
                code: &code,
            };
            locks::unlock_with_code(tx, &keys, &accounts::Limits::default(), request)
        })
        .await
}

#[tokio::test]
async fn a_session_token_has_256_bits_and_is_stored_as_a_hash() {
    let world = World::new().await;
    let token = world.session().await;
    assert_eq!(token.reveal().len(), 43);
    let stored = world.run(|tx| sessions::list(tx, "alice")).await;
    assert!(
        !serde_json::to_string(&stored)
            .unwrap()
            .contains(token.reveal())
    );
    assert!(world.alive(&token).await);
    world.clock.advance(world.limits.session_life);
    assert!(!world.alive(&token).await);
}

#[tokio::test]
async fn revoking_ends_one_session_and_says_so_once() {
    let world = World::new().await;
    let (one, two) = (world.session().await, world.session().await);
    for expected in [true, false] {
        let token = one.clone();
        let ended = world
            .run(move |tx| sessions::revoke(tx, token.reveal(), SessionEnd::Revoked))
            .await;
        assert_eq!(ended, expected);
    }
    assert!(!world.alive(&one).await && world.alive(&two).await);
    assert_eq!(world.events("session_ended").await.len(), 1);
    let id = world.run(|tx| sessions::list(tx, "alice")).await[0]
        .id
        .clone();
    assert!(
        world
            .run(move |tx| sessions::end_one(tx, "alice", &id, SessionEnd::Revoked))
            .await
    );
    assert!(!world.alive(&two).await);
}

#[tokio::test]
async fn an_ended_session_id_never_revives() {
    let world = World::new().await;
    let limits = world.limits.clone();
    let report = move |tx: &mut Tx<'_>| sessions::report(tx, &limits, alice_session(), "sid-1");
    assert_eq!(world.run(report.clone()).await, Reported::Noted);
    assert_eq!(world.run(report.clone()).await, Reported::Noted);
    assert_eq!(world.run(|tx| sessions::list(tx, "alice")).await.len(), 1);
    world
        .run(|tx| sessions::end_all(tx, "alice", SessionEnd::Revoked))
        .await;
    assert_eq!(world.run(report.clone()).await, Reported::Ended);
    assert!(world.run(|tx| sessions::list(tx, "alice")).await.is_empty());
    assert_eq!(world.events("session_ended").await.len(), 2, "told again");
    world.clock.advance(30 * DAY);
    assert_eq!(world.run(report).await, Reported::Ended);
}

#[tokio::test]
async fn a_session_reported_under_a_lock_is_told_to_end() {
    let world = World::new().await;
    world.lock().await;
    let limits = world.limits.clone();
    let reported = world
        .run(move |tx| sessions::report(tx, &limits, alice_session(), "sid-1"))
        .await;
    assert_eq!(reported, Reported::Locked);
    let told = world.events("session_ended").await;
    assert_eq!(
        (told[0]["session"].as_str(), told[0]["why"].as_str()),
        (Some("sid-1"), Some("locked"))
    );
    assert!(world.run(|tx| sessions::list(tx, "alice")).await.is_empty());
}

#[tokio::test]
async fn too_many_sessions_displace_the_oldest() {
    let world = World::new().await;
    let first = world.session().await;
    let second = world.session().await;
    for _ in 2..=MAX_SESSIONS {
        world.clock.advance(1);
        world.session().await;
    }
    assert!(!world.alive(&first).await || !world.alive(&second).await);
    assert_eq!(
        world.run(|tx| sessions::list(tx, "alice")).await.len(),
        MAX_SESSIONS
    );
    assert_eq!(world.events("session_ended").await[0]["why"], "displaced");
    assert_eq!(world.store.status().limits["sessions_per_account"], 1);
}

#[tokio::test]
async fn a_lock_ends_every_session_and_forbids_new_ones_and_is_idempotent() {
    let world = World::new().await;
    let tokens = [world.session().await, world.session().await];
    let locked = LockOutcome::Locked {
        sessions_ended: 2,
        prompts_withdrawn: 0,
    };
    assert_eq!(world.lock().await, locked);
    for token in &tokens {
        assert!(!world.alive(token).await);
    }
    assert_eq!(world.start().await, Started::Locked);
    world.clock.advance(MINUTE);
    assert_eq!(
        world.lock().await,
        LockOutcome::AlreadyLocked { since: START }
    );
    assert_eq!(world.events("locked").await.len(), 1);
}

#[tokio::test]
async fn lock_against_login_never_an_active_session_after_locked_was_answered() {
    for round in 0..100 {
        let world = World::new().await;
        let starts = (0..8).map(|_| world.start());
        let (before, after): (Vec<_>, Vec<_>) =
            starts.enumerate().partition(|(n, _)| n % 8 < round % 9);
        let strip = |list: Vec<(usize, _)>| list.into_iter().map(|(_, start)| start);
        let before = futures_util::future::join_all(strip(before));
        let after = futures_util::future::join_all(strip(after));
        let (mut started, outcome, more) = tokio::join!(before, world.lock(), after);
        started.extend(more);
        assert!(matches!(outcome, LockOutcome::Locked { .. }));
        for start in started {
            if let Started::Started { token, .. } = start {
                assert!(!world.alive(&token).await, "round {round}");
            }
        }
        assert!(world.run(|tx| sessions::list(tx, "alice")).await.is_empty());
    }
}

#[tokio::test]
async fn a_lock_withdraws_queued_prompts_in_the_same_commit() {
    let world = World::new().await;
    let alert = world.raise(new_alert("m", &["a"])).await.alert().clone();
    let id = alert.id.clone();
    world
        .run(move |tx| {
            let entry = NewEntry {
                official_account: OA.into(),
                openid: Some("o1".into()),
                account: Some("alice".into()),
                alert: Some(id.clone()),
                purpose: OutboxPurpose::Prompt,
                custom: Some(CustomMessage::Text("回复锁定".into())),
                template: None,
                not_after: alert.open_until,
                dedupe: None,
            };
            crate::outbox::enqueue(tx, entry)
        })
        .await;
    let locked = LockOutcome::Locked {
        sessions_ended: 0,
        prompts_withdrawn: 1,
    };
    assert_eq!(world.lock().await, locked);
    let alerts = world
        .run(|tx| crate::guard::alerts::of_account(tx, "alice", 9))
        .await;
    assert_eq!(alerts[0].prompt, PromptState::Withdrawn);
    assert_eq!(
        alerts[0].closed.as_ref().unwrap().reason,
        CloseReason::Locked
    );
}

#[tokio::test]
async fn the_biggest_lock_fits_one_commit() {
    let world = World::new().await;
    for _ in 0..MAX_SESSIONS {
        world.session().await;
    }
    for machine in 0..crate::guard::alerts::MAX_OPEN {
        for _ in 0..=crate::guard::alerts::MAX_APPENDED {
            world
                .raise(cooled(&format!("m{machine}"), &["a"], DAY, true))
                .await;
        }
    }
    world
        .run(|tx| {
            for n in 0..crate::outbox::entry::MAX_OPEN {
                let entry = NewEntry {
                    official_account: OA.into(),
                    openid: Some("o1".into()),
                    account: Some("alice".into()),
                    alert: Some(format!("alr_{n}")),
                    purpose: OutboxPurpose::Prompt,
                    custom: Some(CustomMessage::Text("x".into())),
                    template: None,
                    not_after: tx.now() + DAY,
                    dedupe: None,
                };
                crate::outbox::enqueue(tx, entry)?;
            }
            Ok(())
        })
        .await;
    let (outcome, left) = world
        .run(|tx| {
            let outcome = locks::lock(tx, "alice", LockedBy::Owner("openid:x".into()), None)?;
            Ok((outcome, tx.keys_left()))
        })
        .await;
    let locked = LockOutcome::Locked {
        sessions_ended: MAX_SESSIONS as u32,
        prompts_withdrawn: crate::outbox::entry::MAX_OPEN,
    };
    assert_eq!(outcome, locked);
    assert!(
        left >= 40,
        "room for the reply and what else the event does: {left}"
    );
}

#[tokio::test]
async fn a_lock_marks_the_logins_of_its_alerts_as_nobodys_habit() {
    let world = World::new().await;
    world.raise(cooled("m", &["a"], HOUR, false)).await;
    world.raise(cooled("m", &["a"], HOUR, false)).await;
    world.lock().await;
    let (own, by_ip) = world
        .run(|tx| {
            use crate::guard::history::{By, rows};
            let own = rows(tx, By::Account, "alice", None)?.rows;
            Ok((own, rows(tx, By::Ip, "203.0.113.7", None)?.rows))
        })
        .await;
    assert_eq!((own.len(), by_ip.len()), (2, 2));
    assert!(own.iter().chain(&by_ip).all(|login| login.answered_lock));
}

#[tokio::test]
async fn unlocking_needs_an_unlock_code_and_sets_password_change_required() {
    let world = World::new().await;
    assert_eq!(unlock_with(&world, "x").await, UnlockOutcome::NotLocked);
    world.lock().await;
    let code = unlock_code(&world).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(
        unlock_with(&world, wrong).await,
        UnlockOutcome::Refused { tries_left: 4 }
    );
    assert_eq!(unlock_with(&world, &code).await, UnlockOutcome::Unlocked);
    assert_eq!(unlock_with(&world, &code).await, UnlockOutcome::NotLocked);
    assert!(
        world
            .run(|tx| accounts::get(tx, "alice"))
            .await
            .unwrap()
            .password_change_required
    );
    assert!(matches!(world.start().await, Started::Started { .. }));
    assert_eq!(world.events("unlocked").await.len(), 1);
}

#[tokio::test]
async fn guessing_the_unlock_code_is_blocked() {
    let world = World::new().await;
    world.lock().await;
    let code = unlock_code(&world).await;
    for _ in 0..5 {
        unlock_with(&world, "x").await;
    }
    assert!(matches!(
        unlock_with(&world, &code).await,
        UnlockOutcome::Blocked { .. }
    ));
}

#[tokio::test]
async fn unlocking_takes_trust_from_the_incidents_machines() {
    let world = World::new().await;
    world
        .run(|tx| {
            for machine in ["intruder", "second", "home"] {
                trust::trust(tx, "alice", machine, tx.now() + 30 * DAY, None, "test")?;
            }
            Ok(())
        })
        .await;
    world.raise(cooled("intruder", &["a"], HOUR, false)).await;
    world.raise(cooled("second", &["a"], HOUR, false)).await;
    world.lock().await;
    world.run(|tx| locks::unlock(tx, "alice", "key:erp")).await;
    let trusted = world
        .run(|tx| {
            let mut of = |machine| trust::trusted(tx, "alice", Some(machine));
            Ok((of("intruder")?, of("second")?, of("home")?))
        })
        .await;
    assert_eq!(trusted, (false, false, true));
}

#[tokio::test]
async fn a_lock_set_by_an_operator_is_not_undone_from_the_chat() {
    for owner_first in [false, true] {
        let world = World::new().await;
        if owner_first {
            world.lock().await;
        }
        world
            .run(|tx| {
                locks::lock(
                    tx,
                    "alice",
                    LockedBy::Operator("key:erp".into()),
                    Some("调查"),
                )
            })
            .await;
        world.lock().await;
        let code = unlock_code(&world).await;
        assert_eq!(
            unlock_with(&world, &code).await,
            UnlockOutcome::HeldByOperator
        );
        assert!(world.run(|tx| locks::unlock(tx, "alice", "key:erp")).await);
        assert!(!world.run(|tx| locks::unlock(tx, "alice", "key:erp")).await);
    }
}

#[tokio::test]
async fn trust_belongs_to_account_and_machine_has_an_end_and_can_be_taken_back() {
    let world = World::new().await;
    let trusted = |account: &'static str, machine: Option<&'static str>| {
        world.run(move |tx| trust::trusted(tx, account, machine))
    };
    world
        .run(|tx| trust::trust(tx, "alice", "m", tx.now() + DAY, None, "t"))
        .await;
    assert!(trusted("alice", Some("m")).await);
    assert!(!trusted("alice", Some("n")).await);
    assert!(!trusted("bob", Some("m")).await);
    assert!(!trusted("alice", None).await);
    world.clock.advance(DAY);
    assert!(!trusted("alice", Some("m")).await);
    world
        .run(|tx| trust::trust(tx, "alice", "m", tx.now() + 9999 * DAY, None, "t"))
        .await;
    let until = world.run(|tx| trust::list(tx, "alice")).await[0].until;
    assert_eq!(until, START + DAY + trust::MAX_TRUST);
    assert!(world.run(|tx| trust::revoke(tx, "alice", "m", "t")).await);
    assert!(!world.run(|tx| trust::revoke(tx, "alice", "m", "t")).await);
    assert!(!trusted("alice", Some("m")).await);
}

#[tokio::test]
async fn trust_never_weakens_a_lock() {
    let world = World::new().await;
    world
        .run(|tx| trust::trust(tx, "alice", "mch_a", tx.now() + DAY, None, "t"))
        .await;
    world.lock().await;
    assert_eq!(world.start().await, Started::Locked);
    assert!(matches!(
        world.run(|tx| standing(tx, "alice", None)).await,
        Standing::Locked(_)
    ));
}

#[tokio::test]
async fn that_the_right_password_met_a_lock_is_told_at_most_once_per_half_hour() {
    let world = World::new().await;
    world.lock().await;
    let meet = || {
        let limits = world.limits.clone();
        world.run(move |tx| locked_login(tx, &limits, "alice"))
    };
    assert!(meet().await && !meet().await);
    world.clock.advance(30 * MINUTE - 1);
    assert!(!meet().await);
    world.clock.advance(1);
    assert!(meet().await);
    assert_eq!(world.events("locked_login").await.len(), 2);
}

#[tokio::test]
async fn a_disabled_account_stands_closed_and_an_unknown_one_unknown() {
    let world = World::new().await;
    world.session().await;
    let patch = accounts::AccountPatch {
        status: Some(accounts::AccountStatus::Disabled),
        ..Default::default()
    };
    world
        .run(move |tx| accounts::patch(tx, "alice", patch.clone(), "t"))
        .await;
    assert_eq!(
        world.run(|tx| standing(tx, "alice", None)).await,
        Standing::Disabled
    );
    assert_eq!(
        world.run(|tx| standing(tx, "nobody", None)).await,
        Standing::Unknown
    );
    assert_eq!(
        world.events("session_ended").await[0]["why"],
        "account_closed"
    );
}
