//! Verification codes: life, purpose, tries, blocks. Each test is named after its line of the requirements.

use super::*;

#[tokio::test]
async fn a_code_is_six_digits_and_kept_as_a_keyed_hash() {
    let world = World::new().await;
    let code = world.code("alice", CodePurpose::Bind).await;
    assert_eq!(code.len(), 6);
    assert!(code.chars().all(|c| c.is_ascii_digit()));
    let stored = world
        .run(|tx| tx.get::<Code>(&("alice".into(), "bind".into())))
        .await
        .unwrap();
    assert!(!serde_json::to_string(&stored).unwrap().contains(&code));
    assert_eq!(stored.mac.len(), 64);
}

#[tokio::test]
async fn codes_are_spread_over_all_of_their_range() {
    let world = World::new().await;
    let mut buckets = [0; 10];
    for _ in 0..300 {
        let code = world.code("alice", CodePurpose::Bind).await;
        buckets[usize::from(code.as_bytes()[0] - b'0')] += 1;
    }
    assert!(
        buckets.iter().all(|hits| (10..60).contains(hits)),
        "{buckets:?}"
    );
}

#[tokio::test]
async fn a_code_has_a_purpose_and_is_good_for_that_alone() {
    let world = World::new().await;
    for purpose in [CodePurpose::Unbind, CodePurpose::Unlock] {
        let code = world.code("alice", purpose).await;
        let outcome = world.bind_with("o1", PHONE, &code).await;
        assert!(
            matches!(outcome, BindOutcome::Refused { .. }),
            "{outcome:?}"
        );
    }
    world.bound("o2").await;
    let bind_code = world.code("alice", CodePurpose::Bind).await;
    let outcome = world.unbind_code("o2", &bind_code).await;
    assert_eq!(outcome, UnbindOutcome::Refused { tries_left: 4 });
}

#[tokio::test]
async fn a_code_lives_ten_minutes() {
    let world = World::new().await;
    let code = world.code("alice", CodePurpose::Bind).await;
    world.clock.advance(10 * MINUTE);
    assert_eq!(world.bind_with("o1", PHONE, &code).await, refused(4));
    let code = world.code("alice", CodePurpose::Bind).await;
    world.clock.advance(10 * MINUTE - 1);
    let outcome = world.bind_with("o1", PHONE, &code).await;
    assert!(matches!(outcome, BindOutcome::Bound { .. }));
}

#[tokio::test]
async fn a_code_is_good_once() {
    let world = World::new().await;
    let code = world.code("alice", CodePurpose::Bind).await;
    assert!(matches!(
        world.bind_with("o1", PHONE, &code).await,
        BindOutcome::Bound { .. }
    ));
    world.run(|tx| unbind(tx, "alice", None, "test")).await;
    assert_eq!(world.bind_with("o1", PHONE, &code).await, refused(4));
}

#[tokio::test]
async fn issuing_voids_the_last_code_and_the_just_replaced_one_costs_no_try() {
    let world = World::new().await;
    let old = world.code("alice", CodePurpose::Bind).await;
    let new = world.code("alice", CodePurpose::Bind).await;
    assert_ne!(old, new);
    for _ in 0..30 {
        assert_eq!(world.bind_with("o1", PHONE, &old).await, refused(5));
    }
    assert_eq!(
        world.bind_with("o1", PHONE, &other_than(&new)).await,
        refused(4)
    );
    let outcome = world.bind_with("o1", PHONE, &new).await;
    assert!(matches!(outcome, BindOutcome::Bound { .. }), "{outcome:?}");
}

#[tokio::test]
async fn only_the_just_replaced_code_is_free_not_the_one_before() {
    let world = World::new().await;
    let first = world.code("alice", CodePurpose::Bind).await;
    world.code("alice", CodePurpose::Bind).await;
    world.code("alice", CodePurpose::Bind).await;
    assert_eq!(world.bind_with("o1", PHONE, &first).await, refused(4));
}

#[tokio::test]
async fn issuing_a_code_of_one_purpose_leaves_the_others_alone() {
    let world = World::new().await;
    let bind_code = world.code("alice", CodePurpose::Bind).await;
    world.code("alice", CodePurpose::Unlock).await;
    let outcome = world.bind_with("o1", PHONE, &bind_code).await;
    assert!(matches!(outcome, BindOutcome::Bound { .. }));
}

#[tokio::test]
async fn a_bind_code_needs_a_phone_and_an_account() {
    let world = World::new().await;
    let (keys, limits) = (world.keys.clone(), world.limits.clone());
    let answers = world
        .run(move |tx| {
            let mut issue = |account| issue(tx, &keys, &limits, account, CodePurpose::Bind, "test");
            Ok((issue("bob")?, issue("nobody")?))
        })
        .await;
    assert_eq!(answers, (Issued::NoPhone, Issued::NoAccount));
}

#[tokio::test]
async fn five_wrong_tries_block_that_openid_for_that_phone_and_nobody_else() {
    let world = World::new().await;
    let code = world.code("alice", CodePurpose::Bind).await;
    for left in (0..5).rev() {
        assert_eq!(
            world.bind_with("o1", PHONE, &other_than(&code)).await,
            refused(left)
        );
    }
    let until = START + world.limits.code_block;
    // Even with the right code; and the code is not consumed by it.
    assert_eq!(
        world.bind_with("o1", PHONE, &code).await,
        BindOutcome::Blocked { until }
    );
    assert_eq!(world.store.status().limits["code_tries"], 1);
    assert_eq!(
        world.bind_with("o1", "13900139000", "000000").await,
        refused(4),
        "another phone"
    );
    let outcome = world.bind_with("o2", PHONE, &code).await;
    assert!(
        matches!(outcome, BindOutcome::Bound { .. }),
        "nobody can lock out a phone for others"
    );
}

#[tokio::test]
async fn a_block_ends() {
    let world = World::new().await;
    for _ in 0..5 {
        world.bind_with("o1", PHONE, "x").await;
    }
    world.clock.advance(HOUR - 1);
    assert!(matches!(
        world.bind_with("o1", PHONE, "x").await,
        BindOutcome::Blocked { .. }
    ));
    world.clock.advance(1);
    assert_eq!(world.bind_with("o1", PHONE, "x").await, refused(4));
}

#[tokio::test]
async fn tries_left_behaves_the_same_for_unknown_phones() {
    let world = World::new().await;
    world.code("alice", CodePurpose::Bind).await;
    let mut answers = Vec::new();
    for phone in [PHONE, "13700137000", "not a phone"] {
        let mut of_phone = Vec::new();
        for _ in 0..7 {
            of_phone.push(world.bind_with("o1", phone, "x").await);
        }
        answers.push(of_phone);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    assert!(matches!(answers[0][6], BindOutcome::Blocked { .. }));
}

#[tokio::test]
async fn ten_wrong_tries_from_everyone_void_the_code() {
    let world = World::new().await;
    let code = world.code("alice", CodePurpose::Bind).await;
    for sender in 0..9 {
        world
            .bind_with(&format!("o{sender}"), PHONE, &other_than(&code))
            .await;
    }
    assert!(world.events("code_voided").await.is_empty());
    world.bind_with("o9", PHONE, &other_than(&code)).await;
    assert_eq!(world.events("code_voided").await.len(), 1);
    assert_eq!(world.store.status().limits["code_tries_everyone"], 1);
    assert_eq!(world.bind_with("owner", PHONE, &code).await, refused(4));
    // The next code works at once: the phone is not locked out.
    world.bound("owner").await;
}

#[tokio::test]
async fn wrong_codes_of_an_hour_above_a_bound_raise_one_event() {
    let mut world = World::new().await;
    world.limits.wrong_codes_per_hour = 10;
    for sender in 0..10 {
        world
            .bind_with(&format!("o{sender}"), "13700137000", "x")
            .await;
    }
    assert!(world.events("wrong_codes").await.is_empty());
    for sender in 10..30 {
        world
            .bind_with(&format!("o{sender}"), "13700137000", "x")
            .await;
    }
    assert_eq!(world.events("wrong_codes").await.len(), 1);
    world.clock.advance(HOUR);
    for sender in 30..41 {
        world
            .bind_with(&format!("o{sender}"), "13700137000", "x")
            .await;
    }
    assert_eq!(world.events("wrong_codes").await.len(), 2);
    assert_eq!(world.store.status().limits["wrong_codes_per_hour"], 2);
}

#[tokio::test]
async fn a_code_reissued_in_mid_dialog_is_refused_without_costing_a_try() {
    let world = World::new().await;
    let typed = world.code("alice", CodePurpose::Bind).await;
    let (keys, limits) = (world.keys.clone(), world.limits.clone());
    let reissued = world.run(move |tx| issue(tx, &keys, &limits, "alice", CodePurpose::Bind, "t"));
    let (_, outcome) = tokio::join!(reissued, world.bind_with("o1", PHONE, &typed));
    assert_eq!(outcome, refused(5));
}

#[tokio::test]
async fn the_chat_asks_for_a_code_at_most_once_a_minute() {
    let world = World::new().await;
    let ask = || {
        let limits = world.limits.clone();
        world.run(move |tx| request(tx, &limits, "alice", CodePurpose::Unlock))
    };
    assert_eq!(ask().await, Requested::Requested);
    assert_eq!(ask().await, Requested::TooSoon);
    assert_eq!(world.store.status().limits["code_requests"], 1);
    world.clock.advance(MINUTE);
    assert_eq!(ask().await, Requested::Requested);
    assert_eq!(world.events("code_requested").await.len(), 2);
}
