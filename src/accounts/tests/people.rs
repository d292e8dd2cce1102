//! Accounts: phones, passwords, import, deletion. Each test is named after its line of the requirements.

use super::*;
use crate::outbox::{self, Enqueued, NewEntry};
use crate::store::records::{CustomMessage, OutboxEntry, OutboxPurpose};

#[tokio::test]
async fn a_phone_belongs_to_one_account() {
    let world = World::new().await;
    let new = |id: &str, phone: &str| NewAccount {
        id: id.into(),
        phone: Some(phone.into()),
        ..NewAccount::default()
    };
    let taken = new("carol", "+86 138-0013-8000");
    assert_eq!(
        world.run(move |tx| create(tx, taken.clone(), "test")).await,
        Created::PhoneTaken
    );
    let again = new("alice", "13900139000");
    assert_eq!(
        world.run(move |tx| create(tx, again.clone(), "test")).await,
        Created::Exists
    );
    let change = AccountPatch {
        phone: Some(Some(PHONE.into())),
        ..AccountPatch::default()
    };
    let outcome = world
        .run(move |tx| patch(tx, "bob", change.clone(), "test"))
        .await;
    assert_eq!(outcome, Patched::PhoneTaken);
}

#[tokio::test]
async fn changing_the_phone_frees_the_old_one_and_voids_codes() {
    let world = World::new().await;
    let code = world.code("alice", CodePurpose::Bind).await;
    let change = AccountPatch {
        phone: Some(Some("13900139000".into())),
        ..AccountPatch::default()
    };
    world
        .run(move |tx| patch(tx, "alice", change.clone(), "test"))
        .await;
    assert_eq!(
        world.bind_with("o1", "13900139000", &code).await,
        refused(4)
    );
    let new = NewAccount {
        id: "carol".into(),
        phone: Some(PHONE.into()),
        ..NewAccount::default()
    };
    let outcome = world.run(move |tx| create(tx, new.clone(), "test")).await;
    assert!(matches!(outcome, Created::Created(_)));
}

#[tokio::test]
async fn deleting_takes_everything_that_could_act_in_the_accounts_name() {
    let world = World::new().await;
    world.bound("o1").await;
    let code = world.code("alice", CodePurpose::Bind).await;
    world.alert("alice").await;
    let session = world
        .run(|tx| {
            let new = guard::sessions::NewSession {
                account: "alice",
                ..Default::default()
            };
            guard::trust::trust(tx, "alice", "m", tx.now() + DAY, None, "test")?;
            guard::sessions::start(tx, &guard::Limits::default(), new)
        })
        .await;
    let guard::sessions::Started::Started { token, .. } = session else {
        panic!("locked?");
    };
    world.run(|tx| delete(tx, "alice", "test")).await;
    assert_eq!(
        world.run(|tx| delete(tx, "alice", "test")).await,
        Deleted::Unknown
    );
    assert_eq!(world.account_of("o1").await, None);
    assert_eq!(world.bind_with("o2", PHONE, &code).await, refused(4));
    let (alive, open, trusted) = world
        .run(move |tx| {
            let alive = guard::sessions::introspect(tx, token.reveal())?;
            let open = guard::alerts::open(tx, "alice")?;
            Ok((alive, open, guard::trust::trusted(tx, "alice", Some("m"))?))
        })
        .await;
    assert!(alive.is_none() && open.is_empty() && !trusted);
    while world.run(|tx| erase_more(tx, "alice", tx.now())).await {}
    let left = world
        .run(|tx| guard::alerts::of_account(tx, "alice", 10))
        .await;
    assert!(left.is_empty());
}

#[tokio::test]
async fn a_new_password_ends_sessions_and_voids_a_check_under_way() {
    let world = World::new().await;
    let before = world.run(|tx| get(tx, "alice")).await.unwrap();
    world
        .run(|tx| {
            let new = guard::sessions::NewSession {
                account: "alice",
                ..Default::default()
            };
            guard::sessions::start(tx, &guard::Limits::default(), new)
        })
        .await;
    let hash = check_hash(
        &bcrypt::hash_with_salt("pw", 4, [1; 16])
            .unwrap()
            .to_string(),
    )
    .unwrap();
    let change = AccountPatch {
        password: Some(Some(hash)),
        ..AccountPatch::default()
    };
    let outcome = world
        .run(move |tx| patch(tx, "alice", change.clone(), "test"))
        .await;
    assert!(
        matches!(
            outcome,
            Patched::Patched {
                sessions_ended: 1,
                ..
            }
        ),
        "{outcome:?}"
    );
    let checked = before.password_version;
    let standing = world
        .run(move |tx| guard::standing(tx, "alice", Some(checked)))
        .await;
    assert_eq!(standing, guard::Standing::PasswordChanged);
}

#[tokio::test]
async fn a_check_of_a_deleted_accounts_password_fits_no_later_one() {
    let world = World::new().await;
    let checked = world
        .run(|tx| get(tx, "alice"))
        .await
        .unwrap()
        .password_version;
    world.run(|tx| delete(tx, "alice", "test")).await;
    world.clock.advance(1);
    let new = NewAccount {
        id: "alice".into(),
        ..NewAccount::default()
    };
    world.run(move |tx| create(tx, new.clone(), "test")).await;
    let standing = world
        .run(move |tx| guard::standing(tx, "alice", Some(checked)))
        .await;
    assert_eq!(standing, guard::Standing::PasswordChanged);
}

#[tokio::test]
async fn import_is_idempotent_and_a_bad_row_keeps_no_other_out() {
    let world = World::new().await;
    let row = |id: &str, phone: &str| NewAccount {
        id: id.into(),
        phone: Some(phone.into()),
        ..NewAccount::default()
    };
    let rows = vec![
        row("alice", "13900139000"),
        row("", "13900139001"),
        row("carol", "123"),
        row("dave", "13900139000"),
        row("erin", "13900139002"),
    ];
    for round in 0..2 {
        let rows = rows.clone();
        let results = world.run(move |tx| import(tx, rows.clone(), "test")).await;
        let erin = if round == 0 {
            Imported::Created
        } else {
            Imported::Updated
        };
        assert_eq!(
            results,
            [
                Imported::Updated,
                Imported::Invalid(InvalidAccount::Id),
                Imported::Invalid(InvalidAccount::Phone(InvalidPhone::NotMobile)),
                Imported::PhoneTaken,
                erin,
            ]
        );
    }
    let many = (0..60)
        .map(|n| row(&format!("u{n}"), &format!("137001{n:05}")))
        .collect::<Vec<_>>();
    let results = world.run(move |tx| import(tx, many.clone(), "test")).await;
    assert_eq!(
        results
            .iter()
            .filter(|result| **result == Imported::Created)
            .count(),
        MAX_IMPORT_ROWS
    );
    assert!(
        results[MAX_IMPORT_ROWS..]
            .iter()
            .all(|result| *result == Imported::TooMany)
    );
}

#[tokio::test]
async fn no_event_or_audit_entry_holds_a_code_a_phone_or_in_the_audit_an_openid() {
    let world = World::new().await;
    let code = world.code("alice", CodePurpose::Bind).await;
    world.bind_with("o-secret", PHONE, &code).await;
    world.unsubscribe("o-secret").await;
    let (events, audits) = world
        .run(|tx| {
            let events = tx.scan::<FeedEvent>((), Order::Ascending, 1000)?;
            Ok((events, tx.scan::<Audit>((), Order::Ascending, 1000)?))
        })
        .await;
    let events = serde_json::to_string(&events).unwrap();
    let audits = serde_json::to_string(&audits).unwrap();
    for text in [&events, &audits] {
        assert!(!text.contains(&code) && !text.contains(PHONE));
    }
    assert!(!audits.contains("o-secret") && audits.contains("openid:"));
}

#[tokio::test]
async fn deleting_forgets_all_trust_however_much_there_is() {
    let world = World::new().await;
    for batch in 0..3 {
        world
            .run(move |tx| {
                for n in 0..100 {
                    let until = tx.now() + DAY;
                    guard::trust::trust(tx, "alice", &format!("m{batch}-{n}"), until, None, "t")?;
                }
                Ok(())
            })
            .await;
    }
    world.run(|tx| delete(tx, "alice", "test")).await;
    while world.run(|tx| erase_more(tx, "alice", tx.now())).await {}
    assert!(
        world
            .run(|tx| guard::trust::list(tx, "alice"))
            .await
            .is_empty()
    );
}
#[tokio::test]
async fn deleting_forgets_what_failed_messages_said() {
    let world = World::new().await;
    world.bound("o1").await;
    let id = world
        .run(|tx| {
            let promised = outbox::enqueue(
                tx,
                NewEntry {
                    official_account: OA.to_owned(),
                    openid: Some("o1".to_owned()),
                    account: Some("alice".to_owned()),
                    alert: None,
                    purpose: OutboxPurpose::Message,
                    custom: Some(CustomMessage::Text("工资 12345".to_owned())),
                    template: None,
                    not_after: tx.now() + DAY,
                    dedupe: None,
                },
            )?;
            match promised {
                Enqueued::New(id) => Ok(id),
                other => panic!("{other:?}"),
            }
        })
        .await;
    world.run(|tx| delete(tx, "alice", "test")).await;
    let mut steps = 0;
    while world.run(|tx| erase_more(tx, "alice", tx.now())).await {
        steps += 1;
        assert!(steps < 10, "an erasure ends");
    }
    let entry = world.run(move |tx| tx.get::<OutboxEntry>(&id)).await;
    let entry = entry.expect("that there was one stays for 30 days");
    assert_eq!((entry.custom, entry.openid), (None, None));
}
