//! The bot between its callers and its store: retries, slow answers, crashes, races.

mod arrivals;
mod calls;
#[path = "../secrecy/mod.rs"]
mod secrecy;
mod stage;

use std::sync::atomic::Ordering;

use menshen::bot::api::{LoginAnswer, LoginReport, Origin, PushAnswer, ReportAnswer};
use menshen::env::{DAY, HOUR, MINUTE};
use menshen::guard::{LockedBy, locks, sessions};
use menshen::store::records::OutboxState;

use stage::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gets_the_first_reply_and_does_nothing_again() {
    let stage = stage(true).await;
    stage.account("alice", "13800138000").await;
    let code = stage.code("alice").await;
    let words = format!("13800138000 {code}");
    assert_eq!(text(&stage.say("o1", 7, &words).await), "绑定成功");
    assert_eq!(text(&stage.say("o1", 7, &words).await), "绑定成功");
    assert_eq!(stage.events("bound").await, 1);
    // Without effects the reply is remembered too.
    assert_eq!(text(&stage.say("o1", 8, "你好").await), "您好");
    assert_eq!(text(&stage.say("o1", 8, "你好").await), "您好");
    assert!(matches!(
        stage.say("o1", 8, "锁定").await,
        PushAnswer::Refused
    ));
    assert_eq!(stage.events("locked").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_the_retry_replays_what_was_committed() {
    let first = stage(true).await;
    first.bound("o1").await;
    assert_eq!(text(&first.say("o1", 2, "锁定").await), "已锁定");
    let again = bot_over(
        first.store.clone(),
        first.env.clone(),
        first.system.clone(),
        true,
        PATIENT,
    )
    .await;
    assert_eq!(text(&say(&again, "o1", 2, "锁定").await), "已锁定");
    assert_eq!(first.events("locked").await, 1);
    assert!(matches!(
        say(&again, "o1", 2, "你好").await,
        PushAnswer::Refused
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_forward_is_handed_over_where_messages_may_be_sent() {
    let stage = stage_that_answers_within(HASTY, true).await;
    stage.bound("o1").await;
    assert!(matches!(
        stage.say("o1", 2, "查").await,
        PushAnswer::Success
    ));
    assert!(matches!(
        stage.say("o1", 2, "查").await,
        PushAnswer::Success
    ));
    // A lock does not wait behind it.
    assert_eq!(text(&stage.say("o1", 3, "锁定").await), "已锁定");
    stage.system.gate.notify_one();
    stage.bot.finish().await;
    let sent = stage.outbox().await;
    assert_eq!(sent.len(), 1, "exactly one reply is promised");
    assert_eq!(sent[0].state, OutboxState::Queued);
    assert_eq!(stage.system.asked.load(Ordering::SeqCst), 1);
    // Nothing passive after `success`: the reply is on its way already.
    assert!(matches!(
        stage.say("o1", 2, "查").await,
        PushAnswer::Success
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_forward_of_an_unverified_account_is_answered_on_a_later_delivery() {
    let stage = stage_that_answers_within(HASTY, false).await;
    stage.bound("o1").await;
    assert!(matches!(
        stage.say("o1", 2, "查").await,
        PushAnswer::NoAnswer
    ));
    assert!(matches!(
        stage.say("o1", 2, "查").await,
        PushAnswer::NoAnswer
    ));
    stage.system.gate.notify_one();
    let last = stage.say("o1", 2, "查").await;
    assert_eq!(text(&last), "两个订单");
    assert_eq!(stage.system.asked.load(Ordering::SeqCst), 1);
    assert!(stage.outbox().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_followers_with_one_code_exactly_one_is_bound() {
    let stage = stage(true).await;
    for round in 0..50_u64 {
        let id = format!("user{round}");
        let phone = format!("138{:08}", round);
        stage.account(&id, &phone).await;
        let code = stage.code(&id).await;
        let words = format!("{phone} {code}");
        let (one, two) = (format!("o-a{round}"), format!("o-b{round}"));
        let (a, b) = tokio::join!(
            stage.say(&one, round * 2 + 100, &words),
            stage.say(&two, round * 2 + 101, &words)
        );
        let texts = [text(&a), text(&b)];
        let bound = texts.iter().filter(|text| **text == "绑定成功").count();
        assert_eq!(bound, 1, "{texts:?}");
    }
}

/// One lane per follower: what is said before the answer to what was said first has come.
#[tokio::test(flavor = "multi_thread")]
async fn messages_of_one_follower_take_effect_in_the_order_of_their_arrival() {
    let stage = stage(true).await;
    for round in 0..20_u64 {
        let (id, openid) = (format!("user{round}"), format!("o{round}"));
        let phone = format!("139{round:08}");
        stage.account(&id, &phone).await;
        let code = stage.code(&id).await;
        let number = round * 10;
        let (first, second, third) = tokio::join!(
            biased;
            stage.say(&openid, number, "绑定"),
            stage.say(&openid, number + 1, &phone),
            stage.say(&openid, number + 2, &code),
        );
        let texts = [text(&first), text(&second), text(&third)];
        assert_eq!(texts, ["手机号？", "验证码？", "绑定成功"], "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_lives_after_locked_was_answered() {
    let stage = stage(true).await;
    stage.bound("o1").await;
    let machine = stage.machine().await;
    for round in 0..100_u64 {
        let logins = (0..4).map(|_| stage.bot.login(login("alice", &machine)));
        let logins = futures_util::future::join_all(logins);
        let (answers, locked) = tokio::join!(logins, stage.say("o1", 1_000 + round, "锁定"));
        assert_eq!(text(&locked), "已锁定");
        let alive = stage
            .run(|tx| sessions::list(tx, "alice").map(|sessions| sessions.len()))
            .await;
        assert_eq!(alive, 0, "round {round}");
        for answer in answers {
            assert!(!matches!(
                answer.expect("not overloaded"),
                LoginAnswer::CaptchaRequired { .. }
            ));
        }
        stage
            .run(|tx| locks::unlock(tx, "alice", "test").map(drop))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_logins_at_a_barrier_exactly_one_sees_the_new_machine() {
    let stage = stage(true).await;
    stage.account("alice", "13800138000").await;
    // Something must be known before a machine can be new.
    let known = stage.machine().await;
    assert!(matches!(
        stage.bot.login(login("alice", &known)).await,
        Ok(LoginAnswer::Granted(_))
    ));
    for round in 0..1_000 {
        stage.clock.advance(MINUTE);
        let machine = stage.machine().await;
        let (a, b) = tokio::join!(
            stage.bot.login(login("alice", &machine)),
            stage.bot.login(login("alice", &machine))
        );
        let fired = [a, b]
            .into_iter()
            .filter(|answer| match answer {
                Ok(LoginAnswer::Granted(granted)) => {
                    let mut signals = granted.decision.signals.iter();
                    signals.any(|s| s.name == "new_machine" && s.state == "fired")
                }
                other => panic!("{other:?}"),
            })
            .count();
        assert_eq!(fired, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_at_a_lock_is_refused_like_a_wrong_one_and_the_owner_hears_of_it_once() {
    let stage = stage(true).await;
    stage.bound("o1").await;
    stage
        .run(|tx| {
            let by = LockedBy::Operator("key:test".to_owned());
            locks::lock(tx, "alice", by, None).map(drop)
        })
        .await;
    let machine = stage.machine().await;
    for _ in 0..3 {
        assert!(matches!(
            stage.bot.login(login("alice", &machine)).await,
            Ok(LoginAnswer::Refused)
        ));
    }
    assert_eq!(stage.events("locked_login").await, 1);
    assert_eq!(stage.outbox().await.len(), 1);
    assert!(matches!(
        stage.bot.login(login("nobody", &machine)).await,
        Ok(LoginAnswer::Refused)
    ));
}

fn report(id: &str, account: &str, time: i64) -> LoginReport {
    LoginReport {
        id: Some(id.to_owned()),
        origin: Origin {
            account: account.to_owned(),
            ..Origin::default()
        },
        time: Some(time),
        success: true,
        reason: None,
        session: Some(format!("s-{id}")),
        backfill: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_idempotent_bounded_in_time_and_never_revive_a_session() {
    let stage = stage(true).await;
    stage.account("alice", "13800138000").await;
    let now = stage.env.now();
    let first = stage.bot.report(report("r1", "alice", now), None).await;
    let Ok(ReportAnswer::Recorded(first)) = first else {
        panic!("{first:?}");
    };
    let again = stage.bot.report(report("r1", "alice", now), None).await;
    let Ok(ReportAnswer::Recorded(again)) = again else {
        panic!("{again:?}");
    };
    assert_eq!(first.id, again.id);
    let other = stage.bot.report(report("r1", "alice", now - 1), None).await;
    assert!(matches!(other, Ok(ReportAnswer::Conflict)));
    let ahead = stage
        .bot
        .report(report("r2", "alice", now + 6 * MINUTE), None)
        .await;
    assert!(matches!(ahead, Ok(ReportAnswer::TooFarAhead)));
    let old = stage
        .bot
        .report(report("r3", "alice", now - 2 * DAY), None)
        .await;
    assert!(matches!(old, Ok(ReportAnswer::Recorded(_))));
    assert_eq!(
        stage.events("logged_in").await,
        1,
        "a late report never acts"
    );
    stage.clock.advance(HOUR);
    stage
        .run(|tx| {
            let by = LockedBy::Operator("key:test".to_owned());
            locks::lock(tx, "alice", by, None)?;
            locks::unlock(tx, "alice", "key:test").map(drop)
        })
        .await;
    let mut revived = report("r4", "alice", stage.env.now());
    revived.session = Some("s-r1".to_owned());
    let _ = stage.bot.report(revived, None).await;
    let alive = stage.run(|tx| sessions::list(tx, "alice")).await;
    assert!(alive.iter().all(|session| session.id != "s-r1"));
}
