//! Calls to the host: `call NAME` of a rule reaches a `[calls.NAME]` URL or a registered Rust action.
//!
//! A call is made at once ([`Calls::call`]), or queued in the commit that decided it
//! ([`enqueue_call`]) and made afterwards with retries. Either way it **may run twice** under the
//! same id: after a crash, a lost lease or a lost answer.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::claim::{due, next_due};
use super::drive::drive;
use super::http::{Answer, Endpoint, Outward, Post, PostError};
use super::sign::WebhookSecret;
use crate::env::{Env, HOUR, MINUTE, Millis, SECOND};
use crate::store::records::{
    HostCall, HostCallState, NewEvent, OUTBOX_KEPT, OutboxDedupe, OutboxDue, OutboxLane,
};
use crate::store::{SharedStore, StoreError, Tx, execute, read};

/// Queued calls made at a time.
pub const MAX_CALLS_IN_FLIGHT: usize = 8;
/// Attempts before a queued call is given up; with [`BACKOFF`] that takes most of a day.
pub const MAX_CALL_ATTEMPTS: u32 = 20;
/// The longest deadline of one call.
pub const MAX_CALL_DEADLINE: Duration = Duration::from_secs(5 * 60);
/// Waits after failed attempts; the last one repeats.
pub const BACKOFF: [Millis; 6] = [
    SECOND,
    5 * SECOND,
    30 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    HOUR,
];

/// How long a claim belongs to its worker; above the longest deadline.
const LEASE: Millis = 6 * MINUTE;

/// What the host gets; as JSON for a URL.
#[derive(Clone, PartialEq, Serialize)]
pub struct CallRequest {
    /// The same on every attempt. Also the `webhook-id`.
    pub id: String,
    /// NAME.
    pub name: String,
    /// The account it is about.
    pub account: Option<String>,
    /// Name of the official account.
    pub official_account: Option<String>,
    /// What the rule passed.
    pub payload: Value,
}

impl fmt::Debug for CallRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallRequest({} {})", self.name, self.id)
    }
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing of that name is configured or registered. Not tried again.
    #[error("nothing is called {0}")]
    NoSuchCall(String),
    /// The deadline passed; it may have run.
    #[error("the call took too long")]
    Late,
    /// The registered action panicked.
    #[error("the action panicked")]
    Panicked,
    /// It failed: a word, "503", "broken" or the action's own. Never text of a user.
    #[error("the call failed: {0}")]
    Failed(String),
}

impl CallError {
    fn word(&self) -> String {
        match self {
            Self::NoSuchCall(_) => "no_such_call".to_owned(),
            Self::Late => "late".to_owned(),
            Self::Panicked => "panicked".to_owned(),
            Self::Failed(word) => word.chars().take(64).collect(),
        }
    }
}

/// A Rust action of the embedder. It runs on a task of its own within the deadline it was
/// registered with; a panic in it is contained; it may run twice with the same id.
pub trait HostAction: Send + Sync + 'static {
    /// Does it.
    fn call(&self, request: CallRequest) -> BoxFuture<'static, Result<Value, CallError>>;
}

/// What a name reaches.
#[derive(Clone)]
pub enum CallTarget {
    /// A URL of the information system: POST, signed; a 2xx answer's JSON (or null) is the result.
    Url {
        /// What reaches it.
        http: Outward,
        /// Where.
        endpoint: Endpoint,
        /// Signs the request.
        secrets: Vec<WebhookSecret>,
        /// The longest wait.
        deadline: Duration,
    },
    /// A Rust action.
    Action {
        /// The action.
        action: Arc<dyn HostAction>,
        /// The longest wait.
        deadline: Duration,
    },
}

impl fmt::Debug for CallTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url { .. } => "CallTarget::Url",
            Self::Action { .. } => "CallTarget::Action",
        })
    }
}

/// A call to queue.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCall {
    /// NAME.
    pub name: String,
    /// The account it is about.
    pub account: Option<String>,
    /// Name of the official account.
    pub official_account: Option<String>,
    /// What the host gets.
    pub payload: Value,
    /// Queuing again under the same identifier changes nothing.
    pub dedupe: Option<String>,
}

/// Queues a call: it is kept with the caller's commit and made after it. Answers its id. Its ending
/// is a `call_done` or `call_failed` event.
pub fn enqueue_call(tx: &mut Tx<'_>, new: NewCall) -> Result<String, StoreError> {
    let now = tx.now();
    // Calls and messages have separate identifiers of "the same".
    let dedupe = new.dedupe.map(|dedupe| format!("call:{dedupe}"));
    if let Some(dedupe) = &dedupe
        && let Some(known) = tx.get::<OutboxDedupe>(dedupe)?
        && known.until > now
    {
        return Ok(known.id);
    }
    let mut call = HostCall {
        id: tx.id("cal"),
        created: now,
        name: new.name,
        account: new.account,
        official_account: new.official_account,
        payload: new.payload,
        state: HostCallState::Queued,
        due: None,
        attempts: 0,
        ended_at: None,
        error: None,
    };
    if let Some(dedupe) = dedupe {
        tx.put(&OutboxDedupe {
            dedupe,
            id: call.id.clone(),
            until: now.saturating_add(OUTBOX_KEPT),
        })?;
    }
    schedule(tx, &mut call, Some(now))?;
    Ok(call.id)
}

/// What rules can call, and the worker for queued calls.
pub struct Calls {
    store: SharedStore,
    env: Env,
    targets: BTreeMap<String, CallTarget>,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls")
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}

impl Calls {
    /// The calls by name.
    pub fn new(
        store: SharedStore,
        env: Env,
        targets: impl IntoIterator<Item = (String, CallTarget)>,
    ) -> Self {
        Self {
            store,
            env,
            targets: targets.into_iter().collect(),
        }
    }

    /// The names that rules may call.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.targets.keys().map(String::as_str)
    }

    /// Makes a call now, once.
    pub async fn call(&self, request: CallRequest) -> Result<Value, CallError> {
        match self.targets.get(&request.name) {
            None => Err(CallError::NoSuchCall(request.name)),
            Some(CallTarget::Url {
                http,
                endpoint,
                secrets,
                deadline,
            }) => {
                let body = serde_json::to_vec(&request)
                    .map_err(|_| CallError::Failed("unwritable".to_owned()))?;
                let post = Post {
                    id: &request.id,
                    now: self.env.now(),
                    body,
                    secrets,
                    deadline: (*deadline).min(MAX_CALL_DEADLINE),
                };
                answered(http.post(endpoint, post).await)
            }
            Some(CallTarget::Action { action, deadline }) => {
                let deadline = (*deadline).min(MAX_CALL_DEADLINE);
                let action = Arc::clone(action);
                // A task of its own, so that a panic ends there.
                let mut task = tokio::spawn(async move { action.call(request).await });
                match tokio::time::timeout(deadline, &mut task).await {
                    Ok(Ok(result)) => result,
                    Ok(Err(_)) => Err(CallError::Panicked),
                    Err(_) => {
                        task.abort();
                        Err(CallError::Late)
                    }
                }
            }
        }
    }

    /// Makes queued calls until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        drive(&*self.store, &self.env, &stop, "calls", || self.step()).await;
    }

    /// Makes the queued calls that are due and settles them. Answers when one is due next.
    pub async fn step(&self) -> Result<Option<Millis>, StoreError> {
        let waiting = read::<_, StoreError>(&*self.store, "calls.look", |tx| {
            due(tx, OutboxLane::Call, 1).map(|rows| !rows.is_empty())
        })
        .await?;
        if waiting {
            let calls = execute::<_, StoreError>(&*self.store, "calls.claim", claim).await?;
            for settled in join_all(calls.into_iter().map(|call| self.attempt(call))).await {
                settled?;
            }
        }
        read(&*self.store, "calls.next", |tx| {
            next_due(tx, OutboxLane::Call)
        })
        .await
    }

    async fn attempt(&self, call: HostCall) -> Result<(), StoreError> {
        let result = self
            .call(CallRequest {
                id: call.id.clone(),
                name: call.name.clone(),
                account: call.account.clone(),
                official_account: call.official_account.clone(),
                payload: call.payload.clone(),
            })
            .await;
        let error = result.err();
        execute(&*self.store, "calls.settle", move |tx| {
            settle(tx, &call.id, call.attempts, error.as_ref())
        })
        .await
    }
}

/// What an answer of a URL comes to.
fn answered(answer: Result<Answer, PostError>) -> Result<Value, CallError> {
    match answer {
        Ok(answer) if !answer.is_success() => Err(CallError::Failed(answer.status.to_string())),
        Ok(answer) if answer.body.iter().all(u8::is_ascii_whitespace) => Ok(Value::Null),
        Ok(answer) => serde_json::from_slice(&answer.body)
            .map_err(|_| CallError::Failed("unreadable_answer".to_owned())),
        Err(PostError::Late) => Err(CallError::Late),
        Err(error) => Err(CallError::Failed(error.word().to_owned())),
    }
}

fn claim(tx: &mut Tx<'_>) -> Result<Vec<HostCall>, StoreError> {
    let now = tx.now();
    let mut calls = Vec::new();
    for row in due(tx, OutboxLane::Call, MAX_CALLS_IN_FLIGHT)? {
        let call = tx.get::<HostCall>(&row.id)?;
        let Some(mut call) = call.filter(|call| call.due == Some(row.due)) else {
            tx.delete::<OutboxDue>(&(row.lane.number(), row.due, row.id))?;
            continue;
        };
        // A call whose lease ran out is made again, but not for ever.
        if call.attempts >= MAX_CALL_ATTEMPTS {
            call.error.get_or_insert_with(|| "lease_lost".to_owned());
            end(tx, &mut call, HostCallState::Failed)?;
            continue;
        }
        call.attempts += 1;
        call.state = HostCallState::Running;
        schedule(tx, &mut call, Some(now + LEASE))?;
        calls.push(call);
    }
    Ok(calls)
}

fn settle(
    tx: &mut Tx<'_>,
    id: &str,
    attempt: u32,
    error: Option<&CallError>,
) -> Result<(), StoreError> {
    let Some(mut call) = tx.get::<HostCall>(&id.to_owned())? else {
        return Ok(());
    };
    if call.state.ended() {
        return Ok(());
    }
    let Some(error) = error else {
        call.error = None;
        return end(tx, &mut call, HostCallState::Done);
    };
    if call.attempts != attempt || call.state != HostCallState::Running {
        return Ok(());
    }
    call.error = Some(error.word());
    if matches!(error, CallError::NoSuchCall(_)) || call.attempts >= MAX_CALL_ATTEMPTS {
        return end(tx, &mut call, HostCallState::Failed);
    }
    let place = (call.attempts as usize - 1).min(BACKOFF.len() - 1);
    call.state = HostCallState::Queued;
    let due = tx.now() + BACKOFF[place];
    schedule(tx, &mut call, Some(due))
}

fn end(tx: &mut Tx<'_>, call: &mut HostCall, state: HostCallState) -> Result<(), StoreError> {
    call.state = state;
    call.ended_at = Some(tx.now());
    schedule(tx, call, None)?;
    let kind = match state {
        HostCallState::Done => "call_done",
        _ => "call_failed",
    };
    tx.emit(NewEvent {
        kind: kind.into(),
        account: call.account.clone(),
        official_account: call.official_account.clone(),
        data: json!({
            "call": call.id,
            "name": call.name,
            "attempts": call.attempts,
            "error": call.error,
        }),
    })
    .map(drop)
}

fn schedule(tx: &mut Tx<'_>, call: &mut HostCall, due: Option<Millis>) -> Result<(), StoreError> {
    let lane = OutboxLane::Call;
    if let Some(old) = call.due.take() {
        tx.delete::<OutboxDue>(&(lane.number(), old, call.id.clone()))?;
    }
    if let Some(due) = due {
        tx.put(&OutboxDue {
            lane,
            due,
            id: call.id.clone(),
        })?;
    }
    call.due = due;
    tx.put(call)
}
