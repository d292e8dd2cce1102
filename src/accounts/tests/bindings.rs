//! Binding: the order of answers, races, rebinding. Each test is named after its line of the requirements.

use super::*;

#[tokio::test]
async fn order_of_answers_already_consumes_no_code() {
    let world = World::new().await;
    world.bound("o1").await;
    let code = world.code("alice", CodePurpose::Bind).await;
    let already = BindOutcome::Already {
        account: "alice".into(),
    };
    assert_eq!(world.bind_with("o1", PHONE, &code).await, already);
    assert_eq!(
        world.bind_with("o1", PHONE, "wrong!").await,
        already,
        "before the code is looked at"
    );
    world.run(|tx| unbind(tx, "alice", None, "test")).await;
    let outcome = world.bind_with("o1", PHONE, &code).await;
    assert!(
        matches!(outcome, BindOutcome::Bound { .. }),
        "still good: {outcome:?}"
    );
}

#[tokio::test]
async fn order_of_answers_blocked_comes_before_already() {
    let world = World::new().await;
    for _ in 0..5 {
        world.bind_with("o1", "13700137000", "x").await;
    }
    world.bound("o1").await;
    let outcome = world.bind_with("o1", "13700137000", "x").await;
    assert!(
        matches!(outcome, BindOutcome::Blocked { .. }),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn order_of_answers_taken_consumes_the_code() {
    let world = World::new().await;
    world.bound("o1").await;
    let code = world.code("alice", CodePurpose::Bind).await;
    assert_eq!(
        world.bind_with("o2", PHONE, &other_than(&code)).await,
        refused(4),
        "wrong first"
    );
    assert_eq!(
        world.bind_with("o2", PHONE, &code).await,
        BindOutcome::Taken
    );
    world.run(|tx| unbind(tx, "alice", None, "test")).await;
    assert_eq!(world.bind_with("o2", PHONE, &code).await, refused(4));
}

#[tokio::test]
async fn two_openids_racing_with_one_code_exactly_one_wins() {
    for _ in 0..50 {
        let world = World::new().await;
        let code = world.code("alice", CodePurpose::Bind).await;
        let (a, b) = tokio::join!(
            world.bind_with("o1", PHONE, &code),
            world.bind_with("o2", PHONE, &code)
        );
        let wins = |outcome: &BindOutcome| matches!(outcome, BindOutcome::Bound { .. });
        assert!(wins(&a) ^ wins(&b), "{a:?} {b:?}");
        let loser = if wins(&a) { b } else { a };
        assert_eq!(loser, refused(4));
        assert_eq!(world.events("bound").await.len(), 1);
    }
}

#[tokio::test]
async fn rebinding_tells_the_old_openid() {
    let world = World::new().await;
    world.bound("o1").await;
    world
        .run(|tx| unbind(tx, "alice", Some(OA), "key:erp"))
        .await;
    let code = world.code("alice", CodePurpose::Bind).await;
    let outcome = world.bind_with("o2", PHONE, &code).await;
    let tell = Some(Notice::Rebound {
        official_account: OA.into(),
        openid: "o1".into(),
        account: "alice".into(),
    });
    let account = "alice".to_owned();
    assert_eq!(outcome, BindOutcome::Bound { account, tell });
    let lost = world.events("guard_lost").await;
    assert_eq!(lost.last().unwrap()["why"], "rebound");
}

#[tokio::test]
async fn binding_again_with_the_same_openid_tells_nobody() {
    let world = World::new().await;
    world.bound("o1").await;
    world.run(|tx| unbind(tx, "alice", None, "test")).await;
    let code = world.code("alice", CodePurpose::Bind).await;
    let outcome = world.bind_with("o1", PHONE, &code).await;
    assert!(
        matches!(outcome, BindOutcome::Bound { tell: None, .. }),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_binding_made_within_a_day_of_an_alerted_login_is_suspicious() {
    let world = World::new().await;
    world.bound("o1").await;
    assert!(world.events("binding_suspicious").await.is_empty());
    world.alert("alice").await;
    world.clock.advance(DAY - 1);
    world.run(|tx| unbind(tx, "alice", None, "test")).await;
    world.bound("o2").await;
    assert_eq!(world.events("binding_suspicious").await.len(), 1);
    world.clock.advance(1);
    world.run(|tx| unbind(tx, "alice", None, "test")).await;
    world.bound("o3").await;
    assert_eq!(world.events("binding_suspicious").await.len(), 1);
}
