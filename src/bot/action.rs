//! Rust actions that rules may `call`, with their contract.
//!
//! ```
//! use menshen::bot::Action;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct Order { number: String }
//! #[derive(Serialize)]
//! struct Found { state: String }
//!
//! // In the rules: call order_state with number { ok { reply "{state}" } failed { reply "…" } }
//! let action = Action::new("order_state", |order: Order| async move {
//!     Ok(Found { state: format!("{} 已发货", order.number) })
//! })
//! .takes("number", menshen::lang::value::Type::Text)
//! .gives("state", menshen::lang::value::Type::Text);
//! # let _ = action;
//! ```
//!
//! The contract: an action runs on a task of its own, is given up at its deadline (its rule's
//! outcome is then `failed`), a panic in it is contained, and it may run twice with the same request
//! identifier, because a process may die between its work and the commit that remembers it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::lang::builtins::{CallSpec, OutcomeSpec};
use crate::lang::value::Type;
use crate::outbox::{CallError, CallRequest, HostAction};

/// How long an action may take unless it says otherwise: below the platform's five seconds, so that
/// the reply still goes out on the connection.
pub const DEADLINE: Duration = Duration::from_secs(4);

/// The action could not do it; the text is a word for the log, never of a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ActionFailed(pub String);

/// An action to register with [`BotBuilder::action`](super::BotBuilder::action).
#[derive(Clone)]
pub struct Action {
    pub(super) spec: CallSpec,
    pub(super) deadline: Duration,
    pub(super) run: Arc<dyn HostAction>,
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Action")
            .field("name", &self.spec.name)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl Action {
    /// An action called `name` in rules, with the outcomes `ok` and `failed`.
    pub fn new<I, O, F, R>(name: &str, run: F) -> Self
    where
        I: DeserializeOwned,
        O: Serialize,
        F: Fn(I) -> R + Send + Sync + 'static,
        R: Future<Output = Result<O, ActionFailed>> + Send + 'static,
    {
        Self {
            spec: CallSpec {
                name: name.to_owned(),
                params: Vec::new(),
                open: false,
                outcomes: vec![OutcomeSpec::new("ok"), OutcomeSpec::new("failed")],
                doc: String::new(),
            },
            deadline: DEADLINE,
            run: Arc::new(Typed {
                run: move |payload| {
                    let input = serde_json::from_value::<I>(payload)
                        .map_err(|_| CallError::Failed("unreadable_arguments".to_owned()));
                    match input {
                        Err(error) => std::future::ready(Err(error)).boxed(),
                        Ok(input) => {
                            let work = run(input);
                            async move {
                                let output = work
                                    .await
                                    .map_err(|ActionFailed(word)| CallError::Failed(word))?;
                                serde_json::to_value(output)
                                    .map_err(|_| CallError::Failed("unwritable".to_owned()))
                            }
                            .boxed()
                        }
                    }
                },
            }),
        }
    }

    /// Takes a value after `with`; in the order of the calls, under this name.
    #[must_use]
    pub fn takes(mut self, name: &str, ty: Type) -> Self {
        self.spec.params.push((name.to_owned(), ty));
        self
    }

    /// Brings a name into the outcome `ok`.
    #[must_use]
    pub fn gives(mut self, name: &str, ty: Type) -> Self {
        if let Some(ok) = self.spec.outcomes.first_mut() {
            ok.brings.push((name.to_owned(), ty));
        }
        self
    }

    /// Adds an outcome; the action's result chooses it by a field `outcome`.
    #[must_use]
    pub fn outcome(mut self, outcome: OutcomeSpec) -> Self {
        let last = self.spec.outcomes.len().saturating_sub(1);
        self.spec.outcomes.insert(last, outcome);
        self
    }

    /// Gives it up after `deadline`.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// What it does, for `menshen schema`.
    #[must_use]
    pub fn doc(mut self, doc: &str) -> Self {
        self.spec.doc = doc.to_owned();
        self
    }
}

struct Typed<F> {
    run: F,
}

impl<F> HostAction for Typed<F>
where
    F: Fn(Value) -> BoxFuture<'static, Result<Value, CallError>> + Send + Sync + 'static,
{
    fn call(&self, request: CallRequest) -> BoxFuture<'static, Result<Value, CallError>> {
        (self.run)(request.payload)
    }
}
