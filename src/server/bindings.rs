//! Which OpenID stands for which account, looked up from both ends, and taking a binding away.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::call::{Answer, Call};
use super::problem::Problem;
use super::scope::Scope;
use super::state::State;
use crate::accounts::{self, AccountBinding, Binding};
use crate::env::rfc3339;
use crate::store::Tx;

/// Which official account, where an account is bound in several.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BindingQuery {
    /// The official account's name in the configuration.
    official_account: Option<String>,
}

/// A binding in force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Binding)]
pub(crate) struct BindingView {
    /// The account.
    account: String,
    /// The official account's name in the configuration.
    official_account: String,
    /// The follower.
    openid: String,
    /// Since when, RFC 3339.
    bound_at: String,
}

impl From<AccountBinding> for BindingView {
    fn from(binding: AccountBinding) -> Self {
        Self {
            account: binding.account,
            official_account: binding.official_account,
            openid: binding.openid,
            bound_at: rfc3339(binding.bound_at),
        }
    }
}

/// `GET /v1/accounts/{account}/binding`
#[utoipa::path(
    get, path = "/v1/accounts/{account}/binding", tag = "bindings", operation_id = "getBinding",
    description = "The OpenID that stands for an account. 409 when it is bound in several official accounts and none is named.",
    params(("account" = String, Path), BindingQuery),
    responses((status = 200, body = BindingView), super::openapi::PickProblems),
    security(("key" = [])),
)]
pub(crate) async fn get(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Bindings).await?;
    let query: BindingQuery = call.query()?;
    let account = account.into_inner();
    call.read("get_binding", move |tx| {
        let binding = pick(tx, &account, query.official_account.as_deref())?;
        Ok(Answer::ok(&BindingView::from(binding)))
    })
    .await
}

/// `DELETE /v1/accounts/{account}/binding`
#[utoipa::path(
    delete, path = "/v1/accounts/{account}/binding", tag = "bindings", operation_id = "deleteBinding",
    description = "Ends a binding. Prompts no longer reach the OpenID: the feed says `guard_lost`.",
    params(("account" = String, Path), BindingQuery),
    responses((status = 204), super::openapi::PickProblems),
    security(("key" = [])),
)]
pub(crate) async fn delete(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Bindings).await?;
    let query: BindingQuery = call.query()?;
    let (account, actor) = (account.into_inner(), call.actor());
    call.command("delete_binding", move |tx| {
        let binding = pick(tx, &account, query.official_account.as_deref())?;
        accounts::unbind(tx, &account, Some(&binding.official_account), &actor)?;
        Ok(Answer::nothing())
    })
    .await
}

/// `GET /v1/bindings/{official_account}/{openid}`
#[utoipa::path(
    get, path = "/v1/bindings/{official_account}/{openid}", tag = "bindings", operation_id = "findBinding",
    description = "The account that an OpenID stands for.",
    params(("official_account" = String, Path), ("openid" = String, Path)),
    responses((status = 200, body = BindingView), super::openapi::FindProblems),
    security(("key" = [])),
)]
pub(crate) async fn find(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Bindings).await?;
    let key = path.into_inner();
    call.read("find_binding", move |tx| {
        let binding = tx.get::<Binding>(&key)?;
        let binding = binding.ok_or_else(|| Problem::not_found("binding"))?;
        Ok(Answer::ok(&BindingView {
            account: binding.account,
            official_account: binding.official_account,
            openid: binding.openid,
            bound_at: rfc3339(binding.bound_at),
        }))
    })
    .await
}

/// The binding of an account: the only one, or the one in the official account named.
pub(crate) fn pick(
    tx: &mut Tx<'_>,
    account: &str,
    official_account: Option<&str>,
) -> Result<AccountBinding, Problem> {
    if let Some(name) = official_account {
        return accounts::binding_of(tx, account, name)?
            .ok_or_else(|| Problem::not_found("binding"));
    }
    let mut all = accounts::bindings_of(tx, account)?;
    if all.len() > 1 {
        let names: Vec<&str> = all
            .iter()
            .map(|binding| binding.official_account.as_str())
            .collect();
        return Err(Problem::conflict(format!(
            "the account is bound in {}: name one with ?official_account=",
            names.join(", ")
        )));
    }
    all.pop().ok_or_else(|| Problem::not_found("binding"))
}
