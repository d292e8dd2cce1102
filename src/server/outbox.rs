//! `/v1/outbox`, `/v1/webhooks`: what waits to be sent, how messages ended, and sending again by hand.
//!
//! OpenIDs and texts are not shown: the list is for operators who look for what did not arrive.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::call::{Answer, Call};
use super::problem::Problem;
use super::scope::Scope;
use super::state::State;
use super::view::Paging;
use crate::outbox::view::{OutboxView, WebhookView};
use crate::outbox::{self, Retried, webhook};
use crate::store::records::{NewAudit, OutboxEntry, OutboxState};

/// Messages looked at for one page at most.
pub(crate) const MAX_PAGE: u32 = outbox::entry::MAX_LIST as u32;

/// Which messages.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OutboxQuery {
    /// Only of this state: queued, sending, accepted, delivered, undeliverable, unknown.
    state: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Messages looked at for the page, 1 to 200; 100 when missing.
    limit: Option<u32>,
}

/// A page of messages, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutboxPage {
    /// They may be fewer than asked for although more follow.
    messages: Vec<OutboxView>,
    /// Pass as `after` for the next page; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `GET /v1/outbox`
#[utoipa::path(
    get, path = "/v1/outbox", tag = "outbox", operation_id = "listOutbox",
    description = "Messages waiting, sent and ended; ended ones are kept for 30 days.",
    params(OutboxQuery),
    responses((status = 200, body = OutboxPage), super::openapi::ReadProblems),
    security(("key" = [])),
)]
pub(crate) async fn list(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Outbox).await?;
    let query: OutboxQuery = call.query()?;
    let paging = Paging::new(query.after.as_deref(), query.limit, MAX_PAGE)?;
    let wanted = match &query.state {
        None => None,
        Some(name) => Some(OutboxState::parse(name).ok_or_else(|| {
            Problem::invalid(
                "state",
                "one of queued, sending, accepted, delivered, undeliverable, unknown",
            )
        })?),
    };
    call.read("list_outbox", move |tx| {
        let page = outbox::list(tx, wanted, paging.after.as_ref(), paging.limit)?;
        Ok(Answer::ok(&OutboxPage {
            messages: page.items.iter().map(Into::into).collect(),
            next: page.next.map(String::from),
        }))
    })
    .await
}

/// `GET /v1/outbox/{id}`
#[utoipa::path(
    get, path = "/v1/outbox/{id}", tag = "outbox", operation_id = "getOutboxMessage",
    description = "One message.",
    params(("id" = String, Path)),
    responses((status = 200, body = OutboxView), super::openapi::FindProblems),
    security(("key" = [])),
)]
pub(crate) async fn get(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Outbox).await?;
    let id = id.into_inner();
    call.read("get_outbox", move |tx| {
        let entry = tx.get::<OutboxEntry>(&id)?;
        let entry = entry.ok_or_else(|| Problem::not_found("message"))?;
        Ok(Answer::ok(&OutboxView::from(&entry)))
    })
    .await
}

/// `POST /v1/outbox/{id}/retry`
#[utoipa::path(
    post, path = "/v1/outbox/{id}/retry", tag = "outbox", operation_id = "retryOutboxMessage",
    description = "Sends an undeliverable or unknown message again. 409 when it has not ended, was delivered, or its time has passed.",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = OutboxView), super::openapi::ChangeProblems),
    security(("key" = [])),
)]
pub(crate) async fn retry(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Outbox).await?;
    let (id, actor) = (id.into_inner(), call.actor());
    call.idempotent("retry_outbox", move |tx| {
        match outbox::retry(tx, &id)? {
            Retried::Queued => {}
            Retried::NotFound => return Err(Problem::not_found("message")),
            Retried::NotNeeded => {
                return Err(Problem::conflict("it has not ended, or it was delivered"));
            }
            Retried::Impossible => {
                return Err(Problem::conflict(
                    "its time has passed, it was withdrawn, or there is nobody to send it to",
                ));
            }
        }
        let entry = tx.get::<OutboxEntry>(&id)?;
        let entry = entry.ok_or_else(|| Problem::not_found("message"))?;
        tx.audit(NewAudit {
            actor: actor.clone(),
            action: "outbox.retry".to_owned(),
            account: entry.account.clone(),
            detail: serde_json::json!({"message": entry.id}),
        })?;
        Ok(Answer::ok(&OutboxView::from(&entry)))
    })
    .await
}

/// The state of all webhooks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookList {
    webhooks: Vec<WebhookView>,
}

/// `GET /v1/webhooks`
#[utoipa::path(
    get, path = "/v1/webhooks", tag = "outbox", operation_id = "listWebhooks",
    description = "How far each webhook has come in the feed, and why it waits.",
    responses((status = 200, body = WebhookList), super::openapi::ReadProblems),
    security(("key" = [])),
)]
pub(crate) async fn webhooks(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Outbox).await?;
    call.read("list_webhooks", |tx| {
        let webhooks = webhook::status(tx)?.iter().map(Into::into).collect();
        Ok(Answer::ok(&WebhookList { webhooks }))
    })
    .await
}
