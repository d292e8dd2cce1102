//! Verification codes and bind tickets. Their answers hold a secret: `Idempotency-Key` is ignored, asking
//! again gives a new one and voids the last.

use actix_web::http::header;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::call::{Answer, Call};
use super::problem::{Problem, ProblemKind};
use super::scope::Scope;
use super::state::State;
use crate::accounts::{self, CodePurpose, Issued, TicketIssued};
use crate::bot::api::Secret;
use crate::env::{SECOND, rfc3339};
use crate::store;
use crate::wechat::client::Scene;

/// What begins a ticket's scene in a QR code.
pub const TICKET_SCENE: &str = "bind:";

/// A request for a code.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeBody {
    /// `bind` when missing.
    #[serde(default)]
    purpose: CodePurpose,
}

/// A code, to be shown or sent to the account's owner.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeAnswer {
    /// Six digits.
    code: String,
    /// What it is good for.
    purpose: &'static str,
    /// From when on it is worth nothing, RFC 3339.
    expires_at: String,
}

/// `POST /v1/accounts/{account}/verification-code`
#[utoipa::path(
    post, path = "/v1/accounts/{account}/verification-code", tag = "codes", operation_id = "issueCode",
    description = "Issues a code and voids the last one of that purpose. Shown once: Idempotency-Key is ignored.",
    params(("account" = String, Path)),
    request_body(content = Option<CodeBody>),
    responses((status = 201, body = CodeAnswer), super::openapi::ChangeProblems),
    security(("key" = [])),
)]
pub(crate) async fn code(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut call =
        Call::begin_with(&state, &request, payload, &[Scope::Codes, Scope::Unlock]).await?;
    let body: CodeBody = call.json_or_default().await?;
    let purpose = body.purpose;
    call.require(match purpose {
        CodePurpose::Unlock => Scope::Unlock,
        CodePurpose::Bind | CodePurpose::Unbind => Scope::Codes,
    })?;
    let (account, actor, shared) = (account.into_inner(), call.actor(), state.clone());
    call.command("issue_code", move |tx| {
        let issued = accounts::issue(
            tx,
            &shared.keys,
            &shared.account_limits,
            &account,
            purpose,
            &actor,
        )?;
        match issued {
            Issued::Issued { code, expires_at } => Ok(Answer::json(
                201,
                &CodeAnswer {
                    code: code.reveal().to_owned(),
                    purpose: purpose.name(),
                    expires_at: rfc3339(expires_at),
                },
            )),
            Issued::NoAccount => Err(Problem::not_found("account")),
            Issued::NoPhone => Err(no_phone()),
        }
    })
    .await
}

/// Which official account shows the QR code.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TicketQuery {
    /// The official account's name; needed where several exist.
    official_account: Option<String>,
}

/// A QR code of the platform.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QrView {
    /// What the code holds; draw it yourself or show the image.
    url: String,
    /// The platform's picture of it.
    image: String,
}

/// A ticket to scan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TicketAnswer {
    /// The ticket.
    ticket: String,
    /// What a QR code of one's own must hold as its scene.
    scene: String,
    /// Until when it can be scanned, RFC 3339.
    expires_at: String,
    /// The platform's QR code; missing when the platform gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    qr: Option<QrView>,
}

/// `POST /v1/accounts/{account}/bind-ticket`
#[utoipa::path(
    post, path = "/v1/accounts/{account}/bind-ticket", tag = "codes", operation_id = "issueTicket",
    description = "Issues a ticket that the first scan consumes; the chat then asks for the phone. Shown once: Idempotency-Key is ignored.",
    params(("account" = String, Path), TicketQuery),
    responses((status = 201, body = TicketAnswer), super::openapi::ChangeProblems),
    security(("key" = [])),
)]
pub(crate) async fn ticket(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Codes).await?;
    let query: TicketQuery = call.query()?;
    let client = match (&query.official_account, state.clients.len()) {
        (Some(name), _) => state
            .clients
            .get(name)
            .ok_or_else(|| Problem::invalid("official_account", "there is none of this name"))
            .map(Some)?,
        (None, 0 | 1) => state.clients.values().next(),
        (None, _) => {
            return Err(Problem::invalid(
                "official_account",
                "several exist: name one",
            ));
        }
    };
    let (account, actor, shared) = (account.into_inner(), call.actor(), state.clone());
    let (ticket, expires_at) =
        store::execute(
            &*state.store,
            "issue_ticket",
            move |tx| match accounts::issue_ticket(tx, &shared.account_limits, &account, &actor)? {
                TicketIssued::Issued { ticket, expires_at } => Ok((ticket, expires_at)),
                TicketIssued::NoAccount => Err(Problem::not_found("account")),
                TicketIssued::NoPhone => Err(no_phone()),
            },
        )
        .await?;
    let scene = format!("{TICKET_SCENE}{}", ticket.reveal());
    let qr = match client {
        None => None,
        Some(client) => {
            let left = expires_at.saturating_sub(state.env.now()) / SECOND;
            let scene = Scene::Temporary {
                scene: scene.clone(),
                seconds: u32::try_from(left).unwrap_or(1).max(1),
            };
            match client.qrcode_create(&scene).await {
                Ok(code) => Some(QrView {
                    image: code.image_url(),
                    url: code.url,
                }),
                Err(error) => {
                    // The ticket works without: the caller may draw its own code or show the scene.
                    tracing::warn!(%error, "the platform gave no QR code");
                    None
                }
            }
        }
    };
    let answer = TicketAnswer {
        ticket: ticket.reveal().to_owned(),
        scene,
        expires_at: rfc3339(expires_at),
        qr,
    };
    Ok(Answer::json(201, &answer).respond())
}

/// A ticket to take back. In the body, since paths are logged by proxies.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelBody {
    /// The ticket.
    #[schema(value_type = String)]
    ticket: Secret,
}

/// `POST /v1/bind-tickets/cancel`
#[utoipa::path(
    post, path = "/v1/bind-tickets/cancel", tag = "codes", operation_id = "cancelTicket",
    description = "Takes a ticket back, scanned or not. Safe to repeat: a ticket that is gone is 204 as well.",
    request_body = CancelBody,
    responses((status = 204), super::openapi::WriteProblems),
    security(("key" = [])),
)]
pub(crate) async fn cancel(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Codes).await?;
    let body: CancelBody = call.json().await?;
    let mut response = call
        .command("cancel_ticket", move |tx| {
            accounts::cancel_ticket(tx, body.ticket.expose())?;
            Ok(Answer::nothing())
        })
        .await?;
    response.headers_mut().remove(header::CONTENT_TYPE);
    Ok(response)
}

fn no_phone() -> Problem {
    Problem::new(ProblemKind::Conflict).detail("the account has no phone")
}
