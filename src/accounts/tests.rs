//! The fine print of accounts, codes, tickets and bindings. Each test is named after its line.

use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::env::{DAY, Env, HOUR, MINUTE, ManualClock, Millis};
use crate::guard;
use crate::keys::Keys;
use crate::store::records::{Audit, Code, FeedEvent, LockedBy};
use crate::store::{Order, SharedStore, StoreError, Tx, execute, memory};

const START: Millis = 1_790_000_000_000;
const OA: &str = "main";
const PHONE: &str = "13800138000";

/// A store with alice (13800138000) and bob (no phone) in it.
struct World {
    store: SharedStore,
    clock: Arc<ManualClock>,
    keys: Arc<Keys>,
    limits: Limits,
}

impl World {
    async fn new() -> Self {
        let (env, clock) = Env::scripted(START, 7);
        let world = Self {
            store: memory(env),
            clock,
            keys: Arc::new(Keys::from_bytes(&[9; 32], None)),
            limits: Limits::default(),
        };
        for (id, phone) in [("alice", Some(PHONE)), ("bob", None)] {
            let new = NewAccount {
                id: id.into(),
                phone: phone.map(str::to_owned),
                ..NewAccount::default()
            };
            let created = world.run(move |tx| create(tx, new.clone(), "test")).await;
            assert!(matches!(created, Created::Created(_)));
        }
        world
    }

    async fn run<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        execute(&*self.store, "test", f).await.unwrap()
    }

    async fn code(&self, account: &'static str, purpose: CodePurpose) -> String {
        let (keys, limits) = (self.keys.clone(), self.limits.clone());
        let issued = self
            .run(move |tx| issue(tx, &keys, &limits, account, purpose, "test"))
            .await;
        match issued {
            Issued::Issued { code, .. } => code.reveal().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    async fn bind_with(&self, openid: &str, phone: &str, code: &str) -> BindOutcome {
        let (keys, limits) = (self.keys.clone(), self.limits.clone());
        let (openid, phone, code) = (openid.to_owned(), phone.to_owned(), code.to_owned());
        self.run(move |tx| {
            let request = BindRequest {
                official_account: OA,
                openid: &openid,
                phone: &phone,
                proof: Proof::Code(&code),
            };
            bind(tx, &keys, &limits, request)
        })
        .await
    }

    async fn bound(&self, openid: &str) {
        let code = self.code("alice", CodePurpose::Bind).await;
        let outcome = self.bind_with(openid, PHONE, &code).await;
        assert!(matches!(outcome, BindOutcome::Bound { .. }), "{outcome:?}");
    }

    async fn bind_ticket(
        &self,
        openid: &'static str,
        phone: &'static str,
        ticket: &str,
    ) -> BindOutcome {
        let (keys, limits) = (self.keys.clone(), self.limits.clone());
        let ticket = ticket.to_owned();
        self.run(move |tx| {
            let request = BindRequest {
                official_account: OA,
                openid,
                phone,
                proof: Proof::ClaimedTicket(&ticket),
            };
            bind(tx, &keys, &limits, request)
        })
        .await
    }

    async fn ticket(&self) -> String {
        let limits = self.limits.clone();
        match self
            .run(move |tx| issue_ticket(tx, &limits, "alice", "test"))
            .await
        {
            TicketIssued::Issued { ticket, .. } => ticket.reveal().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    async fn claim(&self, ticket: &str, openid: &'static str) -> Claimed {
        let (limits, ticket) = (self.limits.clone(), ticket.to_owned());
        self.run(move |tx| claim_ticket(tx, &limits, &ticket, OA, openid))
            .await
    }

    async fn unbind_code(&self, openid: &'static str, code: &str) -> UnbindOutcome {
        let (keys, limits, code) = (self.keys.clone(), self.limits.clone(), code.to_owned());
        self.run(move |tx| {
            let request = UnbindRequest {
                official_account: OA,
                openid,
                code: &code,
            };
            unbind_with_code(tx, &keys, &limits, request)
        })
        .await
    }

    async fn unsubscribe(&self, openid: &'static str) -> Unsubscribed {
        let (keys, limits) = (self.keys.clone(), self.limits.clone());
        self.run(move |tx| unsubscribed(tx, &keys, &limits, OA, openid))
            .await
    }

    async fn subscribe(&self, openid: &'static str) -> Resubscribed {
        let keys = self.keys.clone();
        self.run(move |tx| subscribed(tx, &keys, OA, openid)).await
    }

    async fn account_of(&self, openid: &'static str) -> Option<String> {
        self.run(move |tx| account_of(tx, OA, openid)).await
    }

    async fn events(&self, kind: &'static str) -> Vec<Value> {
        let all = self
            .run(|tx| tx.scan::<FeedEvent>((), Order::Ascending, 5_000))
            .await;
        let of_kind = all.into_iter().filter(|event| event.kind == kind);
        of_kind.map(|event| event.data).collect()
    }

    async fn alert(&self, account: &'static str) {
        self.run(move |tx| {
            let (seq, time) = (guard::history::arrive(tx)?, tx.now());
            let new = guard::alerts::NewAlert {
                account: account.into(),
                asked: None,
                login: guard::LoginRef { time, seq },
                decision: "dec".into(),
                machine: None,
                legal: false,
                summary: String::new(),
                rule: String::new(),
                signals: Vec::new(),
                suspicion: 60.0,
                band: 0,
                life: DAY,
                cool_down: None,
            };
            guard::alerts::raise(tx, &guard::Limits::default(), new)
        })
        .await;
    }
}

fn other_than(code: &str) -> String {
    if code == "000000" {
        "000001".into()
    } else {
        "000000".into()
    }
}

fn refused(tries_left: u32) -> BindOutcome {
    BindOutcome::Refused { tries_left }
}

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
async fn twenty_wrong_tries_from_everyone_void_the_code() {
    let world = World::new().await;
    let code = world.code("alice", CodePurpose::Bind).await;
    for sender in 0..19 {
        world
            .bind_with(&format!("o{sender}"), PHONE, &other_than(&code))
            .await;
    }
    assert!(world.events("code_voided").await.is_empty());
    world.bind_with("o19", PHONE, &other_than(&code)).await;
    assert_eq!(world.events("code_voided").await.len(), 1);
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
}

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
async fn a_code_reissued_in_mid_dialog_is_refused_without_costing_a_try() {
    let world = World::new().await;
    let typed = world.code("alice", CodePurpose::Bind).await;
    let (keys, limits) = (world.keys.clone(), world.limits.clone());
    let reissued = world.run(move |tx| issue(tx, &keys, &limits, "alice", CodePurpose::Bind, "t"));
    let (_, outcome) = tokio::join!(reissued, world.bind_with("o1", PHONE, &typed));
    assert_eq!(outcome, refused(5));
}

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
    assert_eq!(world.bind_ticket("o1", PHONE, &ticket).await, refused(4));
}

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
async fn the_chat_asks_for_a_code_at_most_once_a_minute() {
    let world = World::new().await;
    let ask = || {
        let limits = world.limits.clone();
        world.run(move |tx| request(tx, &limits, "alice", CodePurpose::Unlock))
    };
    assert_eq!(ask().await, Requested::Requested);
    assert_eq!(ask().await, Requested::TooSoon);
    world.clock.advance(MINUTE);
    assert_eq!(ask().await, Requested::Requested);
    assert_eq!(world.events("code_requested").await.len(), 2);
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
