//! The fine print of attempts, machines, captchas, sessions, alerts and locks. Each test is named
//! after its line.

mod alerts_test;
mod history_test;
mod locks_test;
mod machines_test;
mod recent_test;

use std::sync::Arc;

use serde_json::Value;

use super::alerts::{Answer, CoolDownRule, NewAlert, Raised};
use super::sessions::{NewSession, SessionToken, Started};
use super::*;
use crate::accounts::{self, NewAccount};
use crate::env::{DAY, Env, ManualClock, Millis};
use crate::keys::Keys;
use crate::store::records::{FeedEvent, Kind};
use crate::store::{Order, SharedStore, StoreError, Tx, execute, memory};

const START: Millis = 1_790_000_000_000;
const OA: &str = "main";

/// A store with the account alice.
struct World {
    store: SharedStore,
    clock: Arc<ManualClock>,
    env: Env,
    keys: Arc<Keys>,
    limits: Limits,
}

impl World {
    async fn new() -> Self {
        let (env, clock) = Env::scripted(START, 3);
        let world = Self {
            store: memory(env.clone()),
            clock,
            env,
            keys: Arc::new(Keys::from_bytes(&[5; 32], None)),
            limits: Limits::default(),
        };
        let new = NewAccount {
            id: "alice".into(),
            phone: Some("13800138000".into()),
            ..NewAccount::default()
        };
        world
            .run(move |tx| accounts::create(tx, new.clone(), "test"))
            .await;
        world
    }

    async fn run<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        execute(&*self.store, "test", f).await.unwrap()
    }

    async fn start(&self) -> Started {
        let limits = self.limits.clone();
        self.run(move |tx| sessions::start(tx, &limits, alice_session()))
            .await
    }

    async fn session(&self) -> SessionToken {
        match self.start().await {
            Started::Started { token, .. } => token,
            Started::Locked => panic!("locked"),
        }
    }

    async fn alive(&self, token: &SessionToken) -> bool {
        let token = token.clone();
        self.run(move |tx| Ok(sessions::introspect(tx, token.reveal())?.is_some()))
            .await
    }

    async fn lock(&self) -> locks::LockOutcome {
        self.run(|tx| locks::lock(tx, "alice", LockedBy::Owner("openid:x".into()), None))
            .await
    }

    /// A login of alice, recorded; then `f` may alert about it.
    async fn raise(&self, alert: NewAlert) -> Raised {
        let limits = self.limits.clone();
        self.run(move |tx| {
            let mut alert = alert.clone();
            alert.login = LoginRef {
                time: tx.now(),
                seq: crate::guard::history::arrive(tx)?,
            };
            let raised = crate::guard::alerts::raise(tx, &limits, alert.clone())?;
            let login = Login {
                account: "alice".into(),
                time: alert.login.time,
                seq: alert.login.seq,
                known: true,
                success: true,
                machine: alert.machine,
                ip: Some("203.0.113.7".into()),
                alert: Some(raised.alert().id.clone()),
                kept_until: Millis::MAX,
                ..Login::default()
            };
            crate::guard::history::record(tx, &login)?;
            Ok(raised)
        })
        .await
    }

    /// Raises an alert that was delivered at once.
    async fn delivered(&self, alert: NewAlert) -> Alert {
        let raised = self.raise(alert).await.alert().clone();
        let id = raised.id;
        self.run(move |tx| {
            crate::guard::alerts::prompt_accepted(tx, &id, tx.now())?;
            Ok(crate::guard::alerts::get(tx, &id)?.unwrap())
        })
        .await
    }

    async fn events(&self, kind: &'static str) -> Vec<Value> {
        let all = self
            .run(|tx| tx.scan::<FeedEvent>((), Order::Ascending, 5_000))
            .await;
        let of_kind = all.into_iter().filter(|event| event.kind == kind);
        of_kind.map(|event| event.data).collect()
    }
}

fn alice_session() -> NewSession<'static> {
    NewSession {
        account: "alice",
        machine: Some("mch_a"),
        ..NewSession::default()
    }
}

fn signal(name: &str) -> FiredSignal {
    FiredSignal {
        name: name.into(),
        title: name.into(),
        weight: 60.0,
    }
}

fn new_alert(machine: &str, signals: &[&str]) -> NewAlert {
    NewAlert {
        account: "alice".into(),
        asked: Some((OA.into(), "o1".into())),
        login: LoginRef { time: 0, seq: 0 },
        decision: "dec".into(),
        machine: Some(machine.into()),
        legal: true,
        summary: "纽约".into(),
        rule: "guard.rules:1".into(),
        signals: signals.iter().map(|name| signal(name)).collect(),
        suspicion: 60.0,
        band: 1,
        life: DAY,
        cool_down: None,
    }
}

fn cooled(machine: &str, signals: &[&str], pause: Millis, per_machine: bool) -> NewAlert {
    NewAlert {
        cool_down: Some(CoolDownRule { pause, per_machine }),
        ..new_alert(machine, signals)
    }
}

fn answer(choice: Option<u64>, sent_at: Millis) -> Answer<'static> {
    Answer {
        account: "alice",
        official_account: OA,
        openid: "o1",
        choice,
        sent_at,
    }
}
