//! Deliveries of one push, in every order they may come in.

use super::*;

fn key(n: u8) -> PushKey {
    PushKey::from_bytes([n; 32])
}

fn digest(n: u64) -> Fingerprint {
    Fingerprint::from_number(n)
}

/// When all of them were sent.
const SENT: i64 = 1_766_000_000;

fn answer(mut receiver: oneshot::Receiver<Outcome>) -> Outcome {
    receiver.try_recv().expect("answered")
}

/// Whether a first delivery would have to ask the store.
fn may_be_stored(pushes: &Pushes, key: &PushKey, now: Millis) -> bool {
    let Entrance::First { stored } = pushes.enter(key, &digest(1), SENT, now) else {
        panic!("it runs already");
    };
    pushes.fail(key);
    stored
}

/// The first delivery of a push, waiting.
fn started(
    pushes: &Pushes,
    key: &PushKey,
    fingerprint: &Fingerprint,
    now: Millis,
) -> oneshot::Receiver<Outcome> {
    let entrance = pushes.enter(key, fingerprint, SENT, now);
    assert!(matches!(entrance, Entrance::First { .. }), "{entrance:?}");
    pushes.wait(key)
}

#[test]
fn only_the_newest_connection_is_answered() {
    let pushes = Pushes::default();
    let first = started(&pushes, &key(1), &digest(1), 0);
    let Entrance::Joined(second, 2) = pushes.enter(&key(1), &digest(1), SENT, 5_000) else {
        panic!("the second joins");
    };
    pushes.finish(&key(1), Some(Arc::new(Reply::text("好"))), true, 6_000);
    assert!(matches!(answer(first), Outcome::Superseded));
    assert!(matches!(answer(second), Outcome::Answer(Some(_))));
    assert!(matches!(
        pushes.enter(&key(1), &digest(1), SENT, 10_000),
        Entrance::Done(Some(_))
    ));
}

#[test]
fn work_that_ends_at_once_answers_its_own_connection_unless_a_newer_one_has_come() {
    let pushes = Pushes::default();
    let reply = || Some(Arc::new(Reply::text("好")));
    assert!(matches!(
        pushes.enter(&key(1), &digest(1), SENT, 0),
        Entrance::First { .. }
    ));
    assert!(pushes.settle(&key(1), reply(), 0));
    assert!(matches!(
        pushes.enter(&key(1), &digest(1), SENT, 1),
        Entrance::Done(Some(_))
    ));
    assert_eq!(pushes.sizes(), (0, 1, 0));

    let _ = pushes.enter(&key(2), &digest(1), SENT, 0);
    let Entrance::Joined(newer, 2) = pushes.enter(&key(2), &digest(1), SENT, 1) else {
        panic!("it runs");
    };
    // The first one comes too late to wait, or to be answered.
    assert!(matches!(answer(pushes.wait(&key(2))), Outcome::Superseded));
    assert!(!pushes.settle(&key(2), reply(), 2));
    assert!(matches!(answer(newer), Outcome::Answer(Some(_))));
}

#[test]
fn equal_replies_are_remembered_as_one() {
    let pushes = Pushes::default();
    let answered = |n: u8, words: &str| {
        let _waiting = pushes.enter(&key(n), &digest(1), SENT, 0);
        let reply = Some(Arc::new(Reply::text(words)));
        pushes.finish(&key(n), reply, true, 0);
        match pushes.enter(&key(n), &digest(1), SENT, 1) {
            Entrance::Done(Some(reply)) => reply,
            other => panic!("{other:?}"),
        }
    };
    let first = answered(1, "好");
    assert!(Arc::ptr_eq(&first, &answered(2, "好")));
    assert_eq!(*answered(3, "不好"), Reply::text("不好"));
    for n in 0..RECENT as u8 {
        answered(10 + n, &n.to_string());
    }
    assert_eq!(pushes.table().recent.len(), RECENT);
    let later = answered(4, "好");
    assert!(!Arc::ptr_eq(&first, &later), "it is not at hand any more");
    assert_eq!(first, later);
}

#[test]
fn another_body_under_the_same_key_is_refused_while_running_and_after() {
    let pushes = Pushes::default();
    let _first = pushes.enter(&key(1), &digest(1), SENT, 0);
    assert!(matches!(
        pushes.enter(&key(1), &digest(2), SENT, 1),
        Entrance::Mismatch
    ));
    pushes.finish(&key(1), None, true, 2);
    assert!(matches!(
        pushes.enter(&key(1), &digest(2), SENT, 3),
        Entrance::Mismatch
    ));
}

#[test]
fn a_retry_after_handing_over_gets_success() {
    let pushes = Pushes::default();
    let _first = pushes.enter(&key(1), &digest(1), SENT, 0);
    assert!(pushes.hand_over(&key(1)));
    assert!(matches!(
        pushes.enter(&key(1), &digest(1), SENT, 5_000),
        Entrance::HandedOver
    ));
    pushes.finish(&key(1), None, false, 6_000);
    assert!(!pushes.hand_over(&key(1)));
}

#[test]
fn the_store_is_asked_about_what_may_be_there_and_about_nothing_else() {
    let pushes = Pushes::default();
    assert!(!may_be_stored(&pushes, &key(1), 0));
    pushes.any_may_be_stored(10);
    assert!(may_be_stored(&pushes, &key(1), 9));
    assert!(!may_be_stored(&pushes, &key(1), 10));
    pushes.may_be_stored_from_now_on(&key(1), 50);
    assert!(may_be_stored(&pushes, &key(1), 49));
    assert!(!may_be_stored(&pushes, &key(2), 49));
    assert!(
        !may_be_stored(&pushes, &key(1), 50),
        "its record has expired"
    );
}

#[test]
fn beyond_the_bound_of_stored_pushes_the_store_is_asked_about_all() {
    let pushes = Pushes::default();
    for n in 0..=MAX_STORED {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        pushes.may_be_stored_from_now_on(&PushKey::from_bytes(bytes), 100);
    }
    assert!(pushes.table().stored.keys.len() <= MAX_STORED);
    assert!(may_be_stored(&pushes, &key(9), 99));
    assert!(!may_be_stored(&pushes, &key(9), 100));
}

#[test]
fn a_failed_push_starts_anew() {
    let pushes = Pushes::default();
    let first = started(&pushes, &key(1), &digest(1), 0);
    pushes.fail(&key(1));
    assert!(matches!(answer(first), Outcome::Failed));
    assert!(matches!(
        pushes.enter(&key(1), &digest(1), SENT, 1),
        Entrance::First { .. }
    ));
}

#[test]
fn beyond_the_bound_nothing_is_taken_and_what_runs_may_still_be_joined() {
    let pushes = Pushes::default();
    let numbered = |n: usize| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        PushKey::from_bytes(bytes)
    };
    let waiting: Vec<_> = (0..MAX_RUNNING)
        .map(|n| pushes.enter(&numbered(n), &digest(1), SENT, 0))
        .collect();
    assert!(matches!(
        pushes.enter(&numbered(MAX_RUNNING), &digest(1), SENT, 0),
        Entrance::Full
    ));
    assert!(matches!(
        pushes.enter(&numbered(7), &digest(1), SENT, 0),
        Entrance::Joined(_, 2)
    ));
    pushes.finish(&numbered(7), None, false, 0);
    assert!(matches!(
        pushes.enter(&numbered(MAX_RUNNING), &digest(1), SENT, 0),
        Entrance::First { .. }
    ));
    drop(waiting);
}

#[test]
fn a_reply_is_heard_only_while_somebody_waits() {
    let pushes = Pushes::default();
    let first = started(&pushes, &key(1), &digest(1), 0);
    assert!(pushes.is_awaited(&key(1)));
    drop(first);
    assert!(!pushes.is_awaited(&key(1)));
    assert!(!pushes.finish(&key(1), None, false, 0));
}

#[test]
fn answers_are_forgotten_after_their_time_and_beyond_the_bound() {
    let pushes = Pushes::default();
    let _first = pushes.enter(&key(1), &digest(1), SENT, 0);
    pushes.finish(&key(1), None, true, 0);
    assert!(matches!(
        pushes.enter(&key(1), &digest(1), SENT, REMEMBERED - 1),
        Entrance::Done(None)
    ));
    assert!(matches!(
        pushes.enter(&key(1), &digest(1), SENT, REMEMBERED),
        Entrance::First { .. }
    ));
}

#[test]
fn answers_beyond_the_bound_push_out_the_oldest() {
    let pushes = Pushes::default();
    let numbered = |n: usize| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        PushKey::from_bytes(bytes)
    };
    let known = |n: usize| {
        let entrance = pushes.enter(&numbered(n), &digest(1), SENT, 1);
        matches!(entrance, Entrance::Done(None))
    };
    for n in 0..MAX_REMEMBERED {
        let _first = pushes.enter(&numbered(n), &digest(1), SENT, 0);
        pushes.finish(&numbered(n), None, true, 0);
    }
    assert_eq!(pushes.sizes().1, MAX_REMEMBERED);
    assert!(known(0) && known(MAX_REMEMBERED - 1));
    let _first = pushes.enter(&numbered(MAX_REMEMBERED), &digest(1), SENT, 1);
    pushes.finish(&numbered(MAX_REMEMBERED), None, true, 1);
    assert_eq!(pushes.sizes().1, MAX_REMEMBERED);
    assert!(!known(0) && known(1) && known(MAX_REMEMBERED));
}
