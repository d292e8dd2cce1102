//! `GET /v1/accounts/{account}/export`: everything kept about a person, in one answer, for the person.
//!
//! Hashes of passwords, codes and tokens are no information about a person and stay out.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::accounts::AccountView;
use super::alerts::{AlertView, TrustView};
use super::bindings::BindingView;
use super::call::{Answer, Call};
use super::locks::LockView;
use super::problem::Problem;
use super::scope::Scope;
use super::state::State;
use crate::accounts;
use crate::bot::api::SessionView;
use crate::env::rfc3339;
use crate::guard::{Login, alerts, history, locks, sessions, trust};
use crate::store::records::{Audit, AuditByAccount};
use crate::store::{Order, StoreError, Tx};

/// Logins of an export: all that an account can have.
const MAX_LOGINS: usize = 2_000;
/// Alerts of an export, the newest.
const MAX_ALERTS: usize = 200;
/// Audit entries of an export, the newest.
const MAX_AUDIT: usize = 1_000;

/// A login in an export.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginView {
    /// When, RFC 3339.
    time: String,
    /// Whether it succeeded.
    success: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The machine's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<String>,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    /// Country, region, city, latitude, longitude, network.
    place: serde_json::Value,
    /// Browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    browser: Option<String>,
    /// Operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<String>,
    /// Kind of device.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// web, app, …
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// The decision made over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<String>,
}

impl From<Login> for LoginView {
    fn from(login: Login) -> Self {
        Self {
            time: rfc3339(login.time),
            success: login.success,
            reason: login.reason,
            machine: login.machine,
            ip: login.ip,
            // A plain struct: cannot fail to serialise.
            place: serde_json::to_value(login.place).unwrap_or_default(),
            browser: login.browser,
            os: login.os,
            device: login.device,
            channel: login.channel,
            decision: login.decision,
        }
    }
}

/// An audit entry in an export.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditView {
    /// When, RFC 3339.
    time: String,
    /// Who, as the log names them.
    actor: String,
    /// What.
    action: String,
    /// The circumstances.
    detail: serde_json::Value,
}

/// Everything kept about a person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Export {
    account: AccountView,
    bindings: Vec<BindingView>,
    /// The lock in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<LockView>,
    /// Sessions that live.
    sessions: Vec<SessionView>,
    /// Machines the account trusts.
    trusted_machines: Vec<TrustView>,
    /// Newest first, 2,000 at most.
    logins: Vec<LoginView>,
    /// Newest first, 200 at most.
    alerts: Vec<AlertView>,
    /// Newest first, 1,000 at most.
    audit: Vec<AuditView>,
}

/// `GET /v1/accounts/{account}/export`
#[utoipa::path(
    get, path = "/v1/accounts/{account}/export", tag = "accounts", operation_id = "exportAccount",
    description = "Everything kept about a person, for the person.",
    params(("account" = String, Path)),
    responses((status = 200, body = Export), super::openapi::FindProblems),
    security(("key" = [])),
)]
pub(crate) async fn export(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Export).await?;
    let id = account.into_inner();
    call.read("export_account", move |tx| {
        let found = accounts::get(tx, &id)?.ok_or_else(|| Problem::not_found("account"))?;
        let now = tx.now();
        let export = Export {
            account: AccountView::new(tx, found)?,
            bindings: accounts::bindings_of(tx, &id)?
                .into_iter()
                .map(Into::into)
                .collect(),
            lock: locks::lock_of(tx, &id)?.map(Into::into),
            sessions: sessions::list(tx, &id)?
                .into_iter()
                .map(super::sessions::view)
                .collect(),
            trusted_machines: trust::list(tx, &id)?.into_iter().map(Into::into).collect(),
            logins: history::latest(tx, &id, MAX_LOGINS)?
                .into_iter()
                .map(Into::into)
                .collect(),
            alerts: alerts::of_account(tx, &id, MAX_ALERTS)?
                .into_iter()
                .map(|alert| AlertView::new(alert, now))
                .collect(),
            audit: audit_of(tx, &id)?,
        };
        Ok(Answer::ok(&export))
    })
    .await
}

fn audit_of(tx: &mut Tx<'_>, account: &str) -> Result<Vec<AuditView>, StoreError> {
    let mut entries = Vec::new();
    for row in tx.scan::<AuditByAccount>(account, Order::Descending, MAX_AUDIT)? {
        entries.extend(tx.get::<Audit>(&row.seq)?.map(|entry| AuditView {
            time: rfc3339(entry.time),
            actor: entry.actor,
            action: entry.action,
            detail: entry.detail,
        }));
    }
    Ok(entries)
}
