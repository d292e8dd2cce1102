//! Calls to the host: `call NAME` of a rule reaches a `[calls.NAME]` URL or a registered Rust action.
//!
//! A call is made at once ([`Calls::call`]), or queued in the commit that decided it
//! ([`enqueue_call`]) and made afterwards with retries. Either way it **may run twice** under the
//! same id: after a crash, a lost lease or a lost answer.
//!
//! Every name has a queue and places of its own, so that a slow target holds up nobody else's calls,
//! and followers' calls leave room there for those of alerts and logins.

mod queue;
mod worker;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use super::http::{Answer, Endpoint, Outward, Post, PostError};
use super::sign::WebhookSecret;
use crate::env::{Env, HOUR, MINUTE, Millis, SECOND};
use crate::store::SharedStore;

pub use queue::{NewCall, enqueue_call, forget_calls};
pub use worker::CallStats;

/// Queued calls of one name made at a time.
pub const MAX_CALLS_IN_FLIGHT: usize = 8;
/// How many of those places followers' calls leave free.
pub const RESERVED_IN_FLIGHT: usize = 2;
/// The most calls of one name that may wait; those being made or tried again later count.
pub const MAX_CALLS_WAITING: u64 = 1_000;
/// How many of those places followers' calls may take: an alert's call always finds room.
pub const MAX_FOLLOWERS_CALLS: u64 = 500;
/// The most calls of one name that one follower (their account, if bound) may have waiting.
pub const MAX_CALLS_OF_A_FOLLOWER: usize = 50;
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

/// What rules can call, and the worker for queued calls. One per process.
pub struct Calls {
    store: SharedStore,
    env: Env,
    targets: BTreeMap<String, CallTarget>,
    places: Arc<worker::Places>,
    /// Held from the look for free places to their taking.
    claiming: tokio::sync::Mutex<()>,
    stats: worker::Stats,
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
        let targets: BTreeMap<String, CallTarget> = targets.into_iter().collect();
        Self {
            store,
            env,
            places: Arc::default(),
            claiming: tokio::sync::Mutex::default(),
            stats: worker::Stats::of(targets.keys()),
            targets,
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
