//! What the tests of this room share: a store in memory, a scripted platform, and shorthands.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Abilities, Hooks, NewEntry, NoHooks, Outbox, Outcome, Sender, enqueue};
use crate::env::{DAY, Env, ManualClock, Millis};
use crate::store::records::{
    Binding, CustomMessage, OutboxChannel, OutboxEntry, OutboxPurpose, TemplateMessage,
};
use crate::store::{FeedEvent, Order, SharedStore, StoreError, Tx, execute, memory};

/// 2026-09-21T22:13:20+08:00.
pub(super) const START: Millis = 1_790_000_000_000;

/// A platform that answers as told and remembers what it was asked.
#[derive(Default)]
pub(super) struct Script {
    outcomes: Mutex<VecDeque<Outcome>>,
    calls: Mutex<Vec<(OutboxChannel, Value)>>,
}

impl Script {
    pub(super) fn then(&self, outcome: Outcome) -> &Self {
        self.outcomes.lock().unwrap().push_back(outcome);
        self
    }

    pub(super) fn rejects(&self, errcode: i64) -> &Self {
        self.then(Outcome::Rejected { errcode })
    }

    pub(super) fn accepts(&self, msgid: Option<&str>) -> &Self {
        self.then(Outcome::Accepted {
            msgid: msgid.map(str::to_owned),
        })
    }

    pub(super) fn channels(&self) -> Vec<OutboxChannel> {
        self.calls
            .lock()
            .unwrap()
            .iter()
            .map(|call| call.0)
            .collect()
    }

    pub(super) fn bodies(&self) -> Vec<Value> {
        self.calls
            .lock()
            .unwrap()
            .iter()
            .map(|call| call.1.clone())
            .collect()
    }

    fn answer(&self, channel: OutboxChannel, body: &Value) -> Outcome {
        self.calls.lock().unwrap().push((channel, body.clone()));
        self.outcomes
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(match channel {
                OutboxChannel::Custom => Outcome::Accepted { msgid: None },
                OutboxChannel::Template => Outcome::Accepted {
                    msgid: Some("7".into()),
                },
            })
    }
}

impl Sender for Script {
    fn custom<'a>(&'a self, _: &'a str, body: &'a Value) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { self.answer(OutboxChannel::Custom, body) })
    }

    fn template<'a>(&'a self, _: &'a str, body: &'a Value) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { self.answer(OutboxChannel::Template, body) })
    }
}

/// A store, a platform and a worker between them.
pub(super) struct World {
    pub(super) store: SharedStore,
    pub(super) env: Env,
    pub(super) clock: Arc<ManualClock>,
    pub(super) platform: Arc<Script>,
    pub(super) outbox: Arc<Outbox>,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(Abilities::ALL, Arc::new(NoHooks))
    }

    pub(super) fn with(abilities: Abilities, hooks: Arc<dyn Hooks>) -> Self {
        let (env, clock) = Env::scripted(START, 7);
        let store = memory(env.clone());
        let platform = Arc::new(Script::default());
        let outbox = worker(&store, &env, &platform, hooks, abilities);
        Self {
            store,
            env,
            clock,
            platform,
            outbox,
        }
    }

    /// Runs a command.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        execute(&*self.store, "test", f).await.expect("the command")
    }

    /// Promises a message; a prompt's account is bound to its OpenID.
    pub(super) async fn promise(&self, new: NewEntry) -> String {
        if let (OutboxPurpose::Prompt, Some(account), Some(openid)) =
            (new.purpose, new.account.clone(), new.openid.clone())
        {
            self.run(move |tx| {
                tx.put(&Binding {
                    official_account: "main".into(),
                    openid: openid.clone(),
                    account: account.clone(),
                    bound_at: START,
                })
            })
            .await;
        }
        self.run(move |tx| enqueue(tx, new.clone()))
            .await
            .id()
            .expect("promised")
            .to_owned()
    }

    pub(super) async fn entry(&self, id: &str) -> OutboxEntry {
        let id = id.to_owned();
        self.run(move |tx| tx.get::<OutboxEntry>(&id))
            .await
            .expect("the entry")
    }

    /// The kinds and data of the feed's events.
    pub(super) async fn feed(&self) -> Vec<(String, Value)> {
        self.run(|tx| tx.scan::<FeedEvent>((), Order::Ascending, 1_000))
            .await
            .into_iter()
            .map(|event| (event.kind, event.data))
            .collect()
    }

    /// Steps until nothing is due, moving the clock to each due time, at most `times` attempts.
    pub(super) async fn settle(&self, times: usize) {
        for _ in 0..times {
            let (_, next) = self.outbox.step().await.expect("a step");
            match next {
                Some(next) if next > self.env.now() => self.clock.set(next),
                Some(_) => {}
                None => return,
            }
        }
    }
}

pub(super) fn worker(
    store: &SharedStore,
    env: &Env,
    platform: &Arc<Script>,
    hooks: Arc<dyn Hooks>,
    abilities: Abilities,
) -> Arc<Outbox> {
    let sender: Arc<dyn Sender> = Arc::clone(platform) as _;
    Arc::new(Outbox::new(
        Arc::clone(store),
        env.clone(),
        sender,
        hooks,
        [("main".to_owned(), abilities)],
    ))
}

/// A message to o1 about alice with content for both channels, good for a day.
pub(super) fn message(purpose: OutboxPurpose) -> NewEntry {
    NewEntry {
        official_account: "main".into(),
        openid: Some("o1".into()),
        account: Some("alice".into()),
        alert: (purpose == OutboxPurpose::Prompt).then(|| "alr_1".into()),
        purpose,
        custom: Some(CustomMessage::Text("异地登录，回复锁定".into())),
        template: Some(TemplateMessage {
            template_id: "T".into(),
            url: None,
            fields: vec![("thing2".into(), "异地登录".into())],
        }),
        not_after: START + DAY,
        dedupe: None,
    }
}
