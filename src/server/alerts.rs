//! Alerts, the decisions behind them, and trust in machines.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::call::{Answer, Call};
use super::problem::Problem;
use super::scope::Scope;
use super::state::State;
use super::view::Paging;
use crate::accounts;
use crate::bot::api::SignalView;
use crate::env::{Millis, rfc3339};
use crate::guard::alerts::{self, CloseOutcome};
use crate::guard::{Alert, CloseReason, Decision, PromptState, Trust, decisions, trust};

/// Alerts of one page at most.
pub(crate) const MAX_PAGE: u32 = 200;

/// Which alerts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertQuery {
    /// Only of this account, newest first, without further pages.
    account: Option<String>,
    /// Only open ones.
    #[serde(default)]
    open: bool,
    /// The `next` of the page before.
    after: Option<String>,
    /// Alerts looked at for the page, 1 to 200; 100 when missing.
    limit: Option<u32>,
}

/// A signal that fired.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FiredView {
    /// Its name in the rules.
    name: String,
    /// What people read.
    title: String,
    /// What it weighs.
    weight: f64,
}

/// A later login that the cool-down kept quiet.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppendedView {
    /// When, RFC 3339.
    time: String,
    /// The decision made over it.
    decision: String,
    /// Its suspicion.
    suspicion: f64,
    /// The names of the signals that fired.
    signals: Vec<String>,
}

/// An unusual login whose owner was, or should have been, asked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Alert)]
pub(crate) struct AlertView {
    /// Its identifier.
    id: String,
    /// The account.
    account: String,
    /// Its number within the account, as in the chat.
    number: u64,
    /// When it was raised, RFC 3339.
    raised_at: String,
    /// Whether it is open.
    open: bool,
    /// Until when it is open at most, RFC 3339.
    open_until: String,
    /// Where and from what.
    summary: String,
    /// The rule that raised it.
    rule: String,
    /// When the login happened, RFC 3339.
    login_time: String,
    /// The machine's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<String>,
    /// The decision: `GET /v1/decisions/{id}` explains it.
    decision: String,
    /// What fired.
    signals: Vec<FiredView>,
    /// The sum of their weights.
    suspicion: f64,
    /// pending, delivered, unknown, undeliverable, capped or withdrawn.
    prompt: &'static str,
    /// Why the prompt is undeliverable.
    #[serde(skip_serializing_if = "Option::is_none")]
    undeliverable: Option<String>,
    /// Later logins the cool-down kept quiet.
    appended: Vec<AppendedView>,
    /// Those that found no place in the list.
    appended_more: u32,
    /// When it was closed, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<String>,
    /// Why it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_because: Option<&'static str>,
}

impl AlertView {
    pub(crate) fn new(alert: Alert, now: Millis) -> Self {
        let open = alert.is_open(now);
        let (prompt, undeliverable) = match alert.prompt {
            PromptState::Pending => ("pending", None),
            PromptState::Delivered { .. } => ("delivered", None),
            PromptState::Unknown { .. } => ("unknown", None),
            PromptState::Undeliverable { reason } => ("undeliverable", Some(reason)),
            PromptState::Capped => ("capped", None),
            PromptState::Withdrawn => ("withdrawn", None),
        };
        Self {
            id: alert.id,
            account: alert.account,
            number: alert.number,
            raised_at: rfc3339(alert.raised_at),
            open,
            open_until: rfc3339(alert.open_until),
            summary: alert.summary,
            rule: alert.rule,
            login_time: rfc3339(alert.login.time),
            machine: alert.machine,
            decision: alert.decision,
            signals: alert
                .signals
                .into_iter()
                .map(|signal| FiredView {
                    name: signal.name,
                    title: signal.title,
                    weight: signal.weight,
                })
                .collect(),
            suspicion: alert.suspicion,
            prompt,
            undeliverable,
            appended: alert
                .appended
                .into_iter()
                .map(|appended| AppendedView {
                    time: rfc3339(appended.login.time),
                    decision: appended.decision,
                    suspicion: appended.suspicion,
                    signals: appended.signals,
                })
                .collect(),
            appended_more: alert.appended_more,
            closed_at: alert.closed.as_ref().map(|closed| rfc3339(closed.at)),
            closed_because: alert.closed.as_ref().map(|closed| closed.reason.name()),
        }
    }
}

/// A page of alerts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertPage {
    /// They may be fewer than asked for although more follow.
    alerts: Vec<AlertView>,
    /// Pass as `after` for the next page; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `GET /v1/alerts`
#[utoipa::path(
    get, path = "/v1/alerts", tag = "guard", operation_id = "listAlerts",
    description = "Alerts, oldest first; of one account, newest first.",
    params(AlertQuery),
    responses((status = 200, body = AlertPage), super::openapi::ReadProblems),
    security(("key" = [])),
)]
pub(crate) async fn list(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Alerts).await?;
    let query: AlertQuery = call.query()?;
    let paging = Paging::new(query.after.as_deref(), query.limit, MAX_PAGE)?;
    if query.account.is_some() && query.after.is_some() {
        return Err(Problem::invalid(
            "after",
            "the alerts of one account have no pages",
        ));
    }
    call.read("list_alerts", move |tx| {
        let now = tx.now();
        let (found, next) = match &query.account {
            // Those that are open are few: none may be hidden behind newer closed ones.
            Some(account) if query.open => {
                let mut open = alerts::open(tx, account)?;
                open.reverse();
                open.truncate(paging.limit);
                (open, None)
            }
            Some(account) => (alerts::of_account(tx, account, paging.limit)?, None),
            None => {
                let page = alerts::list(tx, paging.after.as_ref(), paging.limit)?;
                (page.items, page.next)
            }
        };
        let found = found
            .into_iter()
            .filter(|alert| !query.open || alert.is_open(now));
        Ok(Answer::ok(&AlertPage {
            alerts: found.map(|alert| AlertView::new(alert, now)).collect(),
            next: next.map(String::from),
        }))
    })
    .await
}

/// `GET /v1/alerts/{id}`
#[utoipa::path(
    get, path = "/v1/alerts/{id}", tag = "guard", operation_id = "getAlert",
    description = "One alert.",
    params(("id" = String, Path)),
    responses((status = 200, body = AlertView), super::openapi::FindProblems),
    security(("key" = [])),
)]
pub(crate) async fn get(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Alerts).await?;
    let id = id.into_inner();
    call.read("get_alert", move |tx| {
        let alert = alerts::get(tx, &id)?.ok_or_else(|| Problem::not_found("alert"))?;
        Ok(Answer::ok(&AlertView::new(alert, tx.now())))
    })
    .await
}

/// `POST /v1/alerts/{id}/close`
#[utoipa::path(
    post, path = "/v1/alerts/{id}/close", tag = "guard", operation_id = "closeAlert",
    description = "Closes an alert by an operator and takes its prompt back if that has not gone out. Closing again changes nothing.",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = AlertView), super::openapi::ChangeProblems),
    security(("key" = [])),
)]
pub(crate) async fn close(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Alerts).await?;
    let (id, actor) = (id.into_inner(), call.actor());
    call.idempotent("close_alert", move |tx| {
        let alert = match alerts::close(tx, &id, CloseReason::Operator, &actor)? {
            CloseOutcome::Closed(alert) => Some(*alert),
            CloseOutcome::AlreadyClosed => alerts::get(tx, &id)?,
            CloseOutcome::Unknown => None,
        };
        let alert = alert.ok_or_else(|| Problem::not_found("alert"))?;
        Ok(Answer::ok(&AlertView::new(alert, tx.now())))
    })
    .await
}

/// One decision, explained.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Decision)]
pub(crate) struct DecisionRecord {
    /// Its identifier.
    id: String,
    /// When it was made, RFC 3339.
    time: String,
    /// attempt, login or report.
    kind: String,
    /// The account, or the name that was typed.
    account: String,
    /// The login in short: time, machine, place, …
    login: serde_json::Value,
    /// Every signal with its state and values.
    signals: Vec<SignalView>,
    /// The sum of the weights that fired.
    suspicion: f64,
    /// allow, challenge, deny or refused.
    verdict: String,
    /// The generation of the rules.
    generation: u64,
    /// The hash of the rules.
    rules: String,
    /// Why, and why not, with values.
    explanation: String,
    /// The alert it raised or added to.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<String>,
}

impl From<Decision> for DecisionRecord {
    fn from(decision: Decision) -> Self {
        Self {
            id: decision.id,
            time: rfc3339(decision.time),
            kind: decision.kind,
            account: decision.account,
            login: decision.login,
            signals: decision.signals,
            suspicion: decision.suspicion,
            verdict: decision.verdict,
            generation: decision.generation,
            rules: decision.hash,
            explanation: decision.explanation,
            alert: decision.alert,
        }
    }
}

/// `GET /v1/decisions/{id}`
#[utoipa::path(
    get, path = "/v1/decisions/{id}", tag = "guard", operation_id = "getDecision",
    description = "The full explanation of one decision; kept for 180 days.",
    params(("id" = String, Path)),
    responses((status = 200, body = DecisionRecord), super::openapi::FindProblems),
    security(("key" = [])),
)]
pub(crate) async fn decision(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Alerts).await?;
    let id = id.into_inner();
    call.read("get_decision", move |tx| {
        let found = decisions::get(tx, &id)?.ok_or_else(|| Problem::not_found("decision"))?;
        Ok(Answer::ok(&DecisionRecord::from(found)))
    })
    .await
}

/// Trust of an account in a machine.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Trust)]
pub(crate) struct TrustView {
    /// The machine's identifier.
    machine: String,
    /// Since when, RFC 3339.
    since: String,
    /// Until when, RFC 3339.
    until: String,
    /// The alert whose answer it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<String>,
}

impl From<Trust> for TrustView {
    fn from(trust: Trust) -> Self {
        Self {
            machine: trust.machine,
            since: rfc3339(trust.since),
            until: rfc3339(trust.until),
            alert: trust.alert,
        }
    }
}

/// The machines an account trusts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustList {
    machines: Vec<TrustView>,
}

/// `GET /v1/accounts/{account}/machines`
#[utoipa::path(
    get, path = "/v1/accounts/{account}/machines", tag = "guard", operation_id = "listTrustedMachines",
    description = "The machines an account trusts now.",
    params(("account" = String, Path)),
    responses((status = 200, body = TrustList), super::openapi::FindProblems),
    security(("key" = [])),
)]
pub(crate) async fn machines(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Machines).await?;
    let account = account.into_inner();
    call.read("list_machines", move |tx| {
        if accounts::get(tx, &account)?.is_none() {
            return Err(Problem::not_found("account"));
        }
        let machines = trust::list(tx, &account)?;
        let machines = machines.into_iter().map(Into::into).collect();
        Ok(Answer::ok(&TrustList { machines }))
    })
    .await
}

/// `DELETE /v1/accounts/{account}/machines/{machine}`
#[utoipa::path(
    delete, path = "/v1/accounts/{account}/machines/{machine}", tag = "guard", operation_id = "revokeTrust",
    description = "Takes an account's trust in a machine back.",
    params(("account" = String, Path), ("machine" = String, Path)),
    responses((status = 204), super::openapi::FindProblems),
    security(("key" = [])),
)]
pub(crate) async fn distrust(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Machines).await?;
    let ((account, machine), actor) = (path.into_inner(), call.actor());
    call.command("revoke_trust", move |tx| {
        if trust::revoke(tx, &account, &machine, &actor)? {
            Ok(Answer::nothing())
        } else {
            Err(Problem::not_found("trust"))
        }
    })
    .await
}
