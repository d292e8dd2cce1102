//! The fine print of accounts, codes, tickets and bindings. Each test is named after its line.

mod bindings;
mod codes;
mod leaving;
mod people;
mod tickets;

use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::env::{Clock as _, DAY, Env, HOUR, MINUTE, ManualClock, Millis};
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

    fn now(&self) -> Millis {
        self.clock.now()
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
