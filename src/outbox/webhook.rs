//! Webhooks: the event feed, carried to the information system's endpoints in order.
//!
//! Every endpoint has its own cursor in the store and its own task, so that one that is down holds
//! up nobody else. An event is passed only when the endpoint answered 2xx; anything else is tried
//! again with backoff, across restarts, for as long as the feed keeps the event. At least once: the
//! `webhook-id` is the event's id on every attempt.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::drive::drive;
use super::http::{Endpoint, Outward, Post};
use super::sign::WebhookSecret;
use super::view::time;
use crate::env::{Env, HOUR, MINUTE, Millis, SECOND};
use crate::store::records::{Counter, FEED_COUNTER, FeedEvent, WebhookCursor};
use crate::store::{Order, SharedStore, StoreError, Tx, execute, read};

/// The most endpoints served; more are a configuration error.
pub const MAX_WEBHOOKS: usize = 16;
/// Events read and delivered in one step of an endpoint.
pub const BATCH: usize = 32;
/// Unwanted events passed before the cursor is stored for them alone; they are cheap to pass again.
pub const LAZY_SKIP: u64 = 256;
/// The longest one delivery may take.
pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(15);
/// Waits after failures in a row; the last one repeats.
pub const BACKOFF: [Millis; 7] = [
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
];

/// One endpoint.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// What its cursor is stored under.
    pub name: String,
    /// Where it is.
    pub endpoint: Endpoint,
    /// Signs deliveries; a second one while the first is being replaced.
    pub secrets: Vec<WebhookSecret>,
    /// Event types it wants, a trailing `*` standing for any rest; empty means all.
    pub events: Vec<String>,
}

impl WebhookConfig {
    /// An endpoint named after its URL: the same URL goes on where it was.
    pub fn new(
        url: &str,
        endpoint: Endpoint,
        secrets: Vec<WebhookSecret>,
        events: Vec<String>,
    ) -> Self {
        let digest = Sha256::digest(url.trim().as_bytes());
        Self {
            name: format!("hook_{}", hex::encode(&digest[..8])),
            endpoint,
            secrets,
            events,
        }
    }

    fn wants(&self, kind: &str) -> bool {
        self.events.is_empty()
            || self
                .events
                .iter()
                .any(|pattern| match pattern.strip_suffix('*') {
                    Some(beginning) => kind.starts_with(beginning),
                    None => pattern == kind,
                })
    }
}

/// The delivery of the feed to all endpoints. One per process.
#[derive(Debug)]
pub struct Webhooks {
    hooks: Vec<Arc<Hook>>,
}

impl Webhooks {
    /// The first [`MAX_WEBHOOKS`] endpoints.
    pub fn new(store: SharedStore, env: Env, http: Outward, hooks: Vec<WebhookConfig>) -> Self {
        let hooks = hooks
            .into_iter()
            .take(MAX_WEBHOOKS)
            .map(|config| {
                Arc::new(Hook {
                    store: Arc::clone(&store),
                    env: env.clone(),
                    http: http.clone(),
                    config,
                    passed: Mutex::new(None),
                })
            })
            .collect();
        Self { hooks }
    }

    /// Gives endpoints never served before a cursor at the feed's end: they get what happens from
    /// now on. Call it before the server accepts anything; a step does it otherwise.
    pub async fn register(&self) -> Result<(), StoreError> {
        for hook in &self.hooks {
            hook.cursor().await?;
        }
        Ok(())
    }

    /// Delivers until `stop`, then finishes the deliveries under way.
    pub async fn run(&self, stop: CancellationToken) {
        join_all(
            self.hooks
                .iter()
                .map(|hook| drive(&*hook.store, &hook.env, &stop, "webhooks", || hook.step())),
        )
        .await;
    }

    /// One batch for every endpoint that is due. Answers when one is due next, if events wait.
    pub async fn step(&self) -> Result<Option<Millis>, StoreError> {
        let mut next: Option<Millis> = None;
        for due in join_all(self.hooks.iter().map(|hook| hook.step())).await {
            if let Some(due) = due? {
                next = Some(next.map_or(due, |at| at.min(due)));
            }
        }
        Ok(next)
    }
}

/// Where every endpoint stands, for the API and `doctor`.
pub fn status(tx: &mut Tx<'_>) -> Result<Vec<WebhookCursor>, StoreError> {
    tx.scan((), Order::Ascending, MAX_WEBHOOKS * 4)
}

/// The body of a delivery (Standard Webhooks: type, timestamp, data).
pub fn payload(event: &FeedEvent) -> Vec<u8> {
    json!({
        "type": event.kind,
        "timestamp": time(event.time),
        "id": event.id,
        "cursor": event.seq.to_string(),
        "account": event.account,
        "official_account": event.official_account,
        "data": event.data,
    })
    .to_string()
    .into_bytes()
}

struct Hook {
    store: SharedStore,
    env: Env,
    http: Outward,
    config: WebhookConfig,
    /// The last event passed without a stored cursor, because it is not wanted.
    passed: Mutex<Option<u64>>,
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hook")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Hook {
    async fn step(&self) -> Result<Option<Millis>, StoreError> {
        let mut cursor = self.cursor().await?;
        if cursor.next_attempt > self.env.now() {
            return Ok(Some(cursor.next_attempt));
        }
        let stored = cursor.seq;
        let from = self.passed().map_or(stored, |passed| passed.max(stored));
        let events = read::<_, StoreError>(&*self.store, "webhook.read", move |tx| {
            tx.scan_between::<FeedEvent>(
                (),
                from.saturating_add(1),
                u64::MAX,
                Order::Ascending,
                BATCH,
            )
        })
        .await?;
        let full = events.len() == BATCH;
        for event in events {
            if !self.config.wants(&event.kind) {
                self.pass(event.seq);
                continue;
            }
            if let Some(next) = self.deliver(&mut cursor, &event).await? {
                return Ok(Some(next));
            }
            self.pass(event.seq);
        }
        if let Some(passed) = self.passed()
            && passed >= cursor.seq.saturating_add(LAZY_SKIP)
        {
            cursor.seq = passed;
            self.save(cursor).await?;
        }
        Ok(full.then(|| self.env.now()))
    }

    /// Delivers one event and moves the cursor over it; or notes the failure and answers when to
    /// try again.
    async fn deliver(
        &self,
        cursor: &mut WebhookCursor,
        event: &FeedEvent,
    ) -> Result<Option<Millis>, StoreError> {
        let post = Post {
            id: &event.id,
            now: self.env.now(),
            body: payload(event),
            secrets: &self.config.secrets,
            deadline: DELIVERY_TIMEOUT,
        };
        let answer = self.http.post(&self.config.endpoint, post).await;
        let now = self.env.now();
        let next = match answer {
            Ok(answer) if answer.is_success() => {
                cursor.seq = event.seq;
                cursor.failures = 0;
                cursor.next_attempt = 0;
                cursor.last_success = Some(now);
                cursor.last_result = Some(answer.status.to_string());
                None
            }
            failed => {
                let result = match failed {
                    Ok(answer) => answer.status.to_string(),
                    Err(error) => error.word().to_owned(),
                };
                let place = (cursor.failures as usize).min(BACKOFF.len() - 1);
                cursor.failures = cursor.failures.saturating_add(1);
                cursor.next_attempt = now + BACKOFF[place];
                tracing::warn!(
                    webhook = self.config.name,
                    event = event.seq,
                    failures = cursor.failures,
                    result,
                    "a webhook did not take an event"
                );
                cursor.last_result = Some(result);
                Some(cursor.next_attempt)
            }
        };
        self.save(cursor.clone()).await?;
        Ok(next)
    }

    async fn cursor(&self) -> Result<WebhookCursor, StoreError> {
        let name = self.config.name.clone();
        let known = read::<_, StoreError>(&*self.store, "webhook.cursor", {
            let name = name.clone();
            move |tx| tx.get::<WebhookCursor>(&name)
        })
        .await?;
        if let Some(cursor) = known {
            return Ok(cursor);
        }
        execute(&*self.store, "webhook.register", move |tx| {
            if let Some(cursor) = tx.get::<WebhookCursor>(&name)? {
                return Ok(cursor);
            }
            let end = tx.get::<Counter>(&FEED_COUNTER.to_owned())?;
            let cursor = WebhookCursor {
                name: name.clone(),
                seq: end.map_or(0, |counter| counter.last),
                failures: 0,
                next_attempt: 0,
                last_success: None,
                last_result: None,
            };
            tx.put(&cursor)?;
            Ok(cursor)
        })
        .await
    }

    async fn save(&self, cursor: WebhookCursor) -> Result<(), StoreError> {
        execute(&*self.store, "webhook.advance", move |tx| tx.put(&cursor)).await
    }

    fn pass(&self, seq: u64) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) = Some(seq);
    }

    fn passed(&self) -> Option<u64> {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
