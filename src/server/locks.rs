//! Locking and unlocking by an operator or the information system.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Answer, Call};
use super::login::bounded;
use super::problem::Problem;
use super::scope::Scope;
use super::state::State;
use crate::accounts;
use crate::env::rfc3339;
use crate::guard::locks::{self, LockOutcome};
use crate::guard::{Lock, LockedBy};

/// Characters of a reason.
pub(crate) const MAX_REASON_CHARS: usize = 256;

/// A lock.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockBody {
    /// Why; goes into the audit log.
    #[serde(default)]
    reason: Option<String>,
}

/// What a lock did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockAnswer {
    /// The account.
    account: String,
    /// It was locked before. It is an operator's lock now: the chat cannot undo it.
    already: bool,
    /// Sessions that ended.
    sessions_ended: u32,
    /// Prompts that were taken back.
    prompts_withdrawn: usize,
}

/// An unlocking.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnlockBody {
    /// Why; goes into the audit log and the event.
    #[serde(default)]
    reason: Option<String>,
}

/// A lock in force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Lock)]
pub(crate) struct LockView {
    /// The account.
    account: String,
    /// owner, operator or rule: who locked first.
    by: &'static str,
    /// An operator has locked too: the chat cannot undo it.
    operator: bool,
    /// Why, in the words of who locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Since when, RFC 3339.
    since: String,
    /// Sessions it ended.
    sessions_ended: u32,
    /// The alerts it answered.
    alerts: Vec<String>,
}

impl From<Lock> for LockView {
    fn from(lock: Lock) -> Self {
        Self {
            account: lock.account,
            by: match lock.by {
                LockedBy::Owner(_) => "owner",
                LockedBy::Operator(_) => "operator",
                LockedBy::Rule(_) => "rule",
            },
            operator: lock.operator,
            reason: lock.reason,
            since: rfc3339(lock.at),
            sessions_ended: lock.sessions_ended,
            alerts: lock.alerts,
        }
    }
}

/// `POST /v1/accounts/{account}/lock`
#[utoipa::path(
    post, path = "/v1/accounts/{account}/lock", tag = "guard", operation_id = "lockAccount",
    description = "Locks an account: every session ends, logins are refused like wrong passwords, queued prompts are taken back. The chat cannot undo it.",
    params(("account" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body(content = Option<LockBody>),
    responses((status = 200, body = LockAnswer), super::openapi::ChangeProblems),
    security(("key" = [])),
)]
pub(crate) async fn lock(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Lock).await?;
    let body: LockBody = call.json_or_default().await?;
    if let Some(reason) = &body.reason {
        bounded("reason", reason, MAX_REASON_CHARS)?;
    }
    let (account, actor) = (account.into_inner(), call.actor());
    call.idempotent("lock_account", move |tx| {
        if accounts::get(tx, &account)?.is_none() {
            return Err(Problem::not_found("account"));
        }
        let by = LockedBy::Operator(actor.clone());
        let answer = match locks::lock(tx, &account, by, body.reason.as_deref())? {
            LockOutcome::Locked {
                sessions_ended,
                prompts_withdrawn,
            } => LockAnswer {
                account: account.clone(),
                already: false,
                sessions_ended,
                prompts_withdrawn,
            },
            LockOutcome::AlreadyLocked { .. } => LockAnswer {
                account: account.clone(),
                already: true,
                sessions_ended: 0,
                prompts_withdrawn: 0,
            },
        };
        Ok(Answer::ok(&answer))
    })
    .await
}

/// `GET /v1/accounts/{account}/lock`
#[utoipa::path(
    get, path = "/v1/accounts/{account}/lock", tag = "guard", operation_id = "getLock",
    description = "The lock of an account; 404 when it is not locked.",
    params(("account" = String, Path)),
    responses((status = 200, body = LockView), super::openapi::FindProblems),
    security(("key" = [])),
)]
pub(crate) async fn get(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin_with(&state, &request, payload, &[Scope::Lock, Scope::Unlock]).await?;
    let account = account.into_inner();
    call.read("get_lock", move |tx| {
        let lock = locks::lock_of(tx, &account)?.ok_or_else(|| Problem::not_found("lock"))?;
        Ok(Answer::ok(&LockView::from(lock)))
    })
    .await
}

/// What unlocking did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnlockAnswer {
    /// The account.
    account: String,
    /// Whether there was a lock to lift.
    unlocked: bool,
}

/// `POST /v1/accounts/{account}/unlock`
#[utoipa::path(
    post, path = "/v1/accounts/{account}/unlock", tag = "guard", operation_id = "unlockAccount",
    description = "Lifts a lock, whoever locked: the password must be changed, and the incident's machines lose trust. Works for a lock that outlived its account.",
    params(("account" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body(content = Option<UnlockBody>),
    responses((status = 200, body = UnlockAnswer), super::openapi::ChangeProblems),
    security(("key" = [])),
)]
pub(crate) async fn unlock(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Unlock).await?;
    let body: UnlockBody = call.json_or_default().await?;
    if let Some(reason) = &body.reason {
        bounded("reason", reason, MAX_REASON_CHARS)?;
    }
    let (account, actor) = (account.into_inner(), call.actor());
    call.idempotent("unlock_account", move |tx| {
        let unlocked = locks::unlock_because(tx, &account, &actor, body.reason.as_deref())?;
        if !unlocked && accounts::get(tx, &account)?.is_none() {
            return Err(Problem::not_found("account"));
        }
        Ok(Answer::ok(&UnlockAnswer {
            account: account.clone(),
            unlocked,
        }))
    })
    .await
}
