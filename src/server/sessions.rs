//! Sessions: what stands behind a token, ending them, and the check for a reverse proxy.

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Answer, Call};
use super::problem::{Problem, ProblemKind};
use super::scope::Scope;
use super::state::State;
use crate::accounts;
use crate::bot::api::{Secret, SessionView};
use crate::env::rfc3339;
use crate::guard::{Session, SessionEnd, sessions};
use crate::store::{self, StoreError};

/// The header in which a reverse proxy passes the session's token.
pub const SESSION_HEADER: &str = "x-menshen-session";
/// The header that names the account.
const ACCOUNT_HEADER: HeaderName = HeaderName::from_static("x-menshen-account");
/// Characters of a token that are looked at.
const MAX_TOKEN_CHARS: usize = 256;

pub(crate) fn view(session: Session) -> SessionView {
    SessionView {
        id: session.id,
        account: session.account,
        machine: session.machine,
        since: rfc3339(session.started),
        expires_at: rfc3339(session.expires_at),
    }
}

/// Sessions that live.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionList {
    /// Oldest first.
    sessions: Vec<SessionView>,
}

/// `GET /v1/accounts/{account}/sessions`
#[utoipa::path(
    get, path = "/v1/accounts/{account}/sessions", tag = "sessions", operation_id = "listSessions",
    description = "The sessions of an account that live.",
    params(("account" = String, Path)),
    responses((status = 200, body = SessionList), super::openapi::FindProblems),
    security(("key" = [])),
)]
pub(crate) async fn list(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Sessions).await?;
    let account = account.into_inner();
    call.read("list_sessions", move |tx| {
        if accounts::get(tx, &account)?.is_none() {
            return Err(Problem::not_found("account"));
        }
        let sessions = sessions::list(tx, &account)?;
        let sessions = sessions.into_iter().map(view).collect();
        Ok(Answer::ok(&SessionList { sessions }))
    })
    .await
}

/// How many ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndedAnswer {
    /// Sessions that ended.
    sessions_ended: u32,
}

/// `DELETE /v1/accounts/{account}/sessions`
#[utoipa::path(
    delete, path = "/v1/accounts/{account}/sessions", tag = "sessions", operation_id = "endSessions",
    description = "Ends every session of an account.",
    params(("account" = String, Path)),
    responses((status = 200, body = EndedAnswer), super::openapi::FindProblems),
    security(("key" = [])),
)]
pub(crate) async fn end_all(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Sessions).await?;
    let account = account.into_inner();
    call.command("end_sessions", move |tx| {
        if accounts::get(tx, &account)?.is_none() {
            return Err(Problem::not_found("account"));
        }
        let sessions_ended = sessions::end_all(tx, &account, SessionEnd::Revoked)?;
        Ok(Answer::ok(&EndedAnswer { sessions_ended }))
    })
    .await
}

/// `DELETE /v1/accounts/{account}/sessions/{session}`
#[utoipa::path(
    delete, path = "/v1/accounts/{account}/sessions/{session}", tag = "sessions", operation_id = "endSession",
    description = "Ends one session by its identifier; 404 when it lives no more.",
    params(("account" = String, Path), ("session" = String, Path)),
    responses((status = 204), super::openapi::FindProblems),
    security(("key" = [])),
)]
pub(crate) async fn end_one(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Sessions).await?;
    let (account, session) = path.into_inner();
    call.command("end_session", move |tx| {
        if sessions::end_one(tx, &account, &session, SessionEnd::Revoked)? {
            Ok(Answer::nothing())
        } else {
            Err(Problem::not_found("session"))
        }
    })
    .await
}

/// A session's token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenBody {
    /// From the answer of the login.
    #[schema(value_type = String)]
    token: Secret,
}

/// What stands behind a token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Introspection {
    /// Whether the session lives.
    active: bool,
    /// The session; missing unless it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionView>,
    /// The account; missing unless the session lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// The machine's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<String>,
    /// Since when, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

/// `POST /v1/sessions/introspect`
#[utoipa::path(
    post, path = "/v1/sessions/introspect", tag = "sessions", operation_id = "introspectSession",
    description = "What stands behind a token. An unknown, ended or expired one is `active: false`. Reads only: Idempotency-Key is ignored.",
    request_body = TokenBody,
    responses((status = 200, body = Introspection), super::openapi::WriteProblems),
    security(("key" = [])),
)]
pub(crate) async fn introspect(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Sessions).await?;
    let body: TokenBody = call.json().await?;
    call.read("introspect_session", move |tx| {
        let session = sessions::introspect(tx, body.token.expose())?.map(view);
        Ok(Answer::ok(&Introspection {
            active: session.is_some(),
            account: session.as_ref().map(|session| session.account.clone()),
            machine: session.as_ref().and_then(|session| session.machine.clone()),
            since: session.as_ref().map(|session| session.since.clone()),
            session,
        }))
    })
    .await
}

/// Whether a session was ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeAnswer {
    /// `false` when it lived no more, or never did.
    ended: bool,
}

/// `POST /v1/sessions/revoke`
#[utoipa::path(
    post, path = "/v1/sessions/revoke", tag = "sessions", operation_id = "revokeSession",
    description = "Ends the session behind a token: logging out. Safe to repeat; Idempotency-Key is ignored.",
    request_body = TokenBody,
    responses((status = 200, body = RevokeAnswer), super::openapi::WriteProblems),
    security(("key" = [])),
)]
pub(crate) async fn revoke(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Sessions).await?;
    let body: TokenBody = call.json().await?;
    call.command("revoke_session", move |tx| {
        let ended = sessions::revoke(tx, body.token.expose(), SessionEnd::Revoked)?;
        Ok(Answer::ok(&RevokeAnswer { ended }))
    })
    .await
}

/// `GET /v1/sessions/verify`
#[utoipa::path(
    get, path = "/v1/sessions/verify", tag = "sessions", operation_id = "verifySession",
    description = "For a reverse proxy (nginx `auth_request`): 204 with `X-Menshen-Account`, or 401. The token comes in `X-Menshen-Session`. The account is percent-encoded like a part of a path (`爱丽丝` is `%E7%88%B1%E4%B8%BD%E4%B8%9D`): decode it before comparing.",
    params(("X-Menshen-Session" = String, Header, description = "The session's token")),
    responses(
        (status = 204, headers(("X-Menshen-Account" = String, description = "The account, percent-encoded UTF-8"))),
        super::openapi::VerifyProblems,
    ),
    security(("key" = [])),
)]
pub(crate) async fn verify(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Call::begin(&state, &request, payload, Scope::Sessions).await?;
    let token = request
        .headers()
        .get(SESSION_HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|token| token.len() <= MAX_TOKEN_CHARS)
        .map(Secret::new)
        .ok_or_else(|| Problem::new(ProblemKind::NoSession))?;
    let session = store::read::<_, StoreError>(&*state.store, "verify_session", move |tx| {
        sessions::introspect(tx, token.expose())
    })
    .await?
    .ok_or_else(|| Problem::new(ProblemKind::NoSession))?;
    let mut response = Answer::nothing().respond();
    response
        .headers_mut()
        .insert(ACCOUNT_HEADER, header_text(&session.account));
    Ok(response)
}

/// An account's identifier as a header: percent-encoded where it is not plain ASCII.
fn header_text(account: &str) -> HeaderValue {
    let mut text = String::with_capacity(account.len());
    for byte in account.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
