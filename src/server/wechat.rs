//! `GET|POST /wechat/{name}`: the platform's callback over HTTP.
//!
//! The body is read within limits, opened by the protocol room, answered by the bot, and sealed with
//! what opened this delivery. A refusal is logged and counted with the part that failed, never with
//! what the secrets or the message were. The mode comes from the configuration.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::call::read_payload;
use super::problem::{Problem, ProblemKind};
use super::state::State;
use crate::bot::api::PushAnswer;
use crate::config::{self, EndpointMode};
use crate::env::SECOND;
use crate::wechat::crypto::{EncodingAesKey, KeyError};
use crate::wechat::endpoint::{
    self, BODY_LIMIT, EndpointConfig, Mode, Opened, Query, Refusal, TimestampWindow,
};
use crate::wechat::replay::ReplayGuard;
use crate::wechat::reply::{Reply, seal};
use crate::wechat::signature::Token;

/// How long a delivery that must stay unanswered is held. The platform gives up after 5 s.
pub const HOLD: Duration = Duration::from_secs(8);

/// One official account's endpoint and its replay guard.
#[derive(Debug)]
pub(crate) struct Endpoint {
    config: EndpointConfig,
    replays: ReplayGuard,
}

impl Endpoint {
    /// How many signatures are remembered.
    pub(crate) fn marks(&self) -> usize {
        self.replays.len()
    }

    /// The endpoint of a configured official account.
    pub(crate) fn new(account: &config::OfficialAccount) -> Result<Self, KeyError> {
        let key = |secret: &Option<config::Secret>| {
            secret
                .as_ref()
                .map(|secret| EncodingAesKey::parse(secret.expose()))
                .transpose()
        };
        let window = TimestampWindow::default();
        Ok(Self {
            config: EndpointConfig {
                app_id: account.app_id.clone(),
                original_id: account.original_id.clone(),
                token: Token::new(account.token.expose()),
                previous_token: account
                    .previous_token
                    .as_ref()
                    .map(|secret| Token::new(secret.expose())),
                key: key(&account.encoding_aes_key)?,
                previous_key: key(&account.previous_encoding_aes_key)?,
                mode: match account.mode {
                    EndpointMode::Safe => Mode::Safe,
                    EndpointMode::Compatible => Mode::Compatible,
                    EndpointMode::Plaintext => Mode::Plaintext,
                },
                timestamp_window: window,
            },
            replays: ReplayGuard::new(window),
        })
    }
}

/// The console's URL verification.
#[utoipa::path(
    get, path = "/wechat/{name}", tag = "wechat", operation_id = "verifyEndpoint",
    description = "The platform's URL verification: answers `echostr` when `signature` is right.",
    params(
        ("name" = String, Path, description = "The official account's name in the configuration"),
        ("signature" = String, Query), ("timestamp" = String, Query),
        ("nonce" = String, Query), ("echostr" = String, Query),
    ),
    responses((status = 200, body = String, content_type = "text/plain"), super::openapi::PushProblems),
)]
pub(crate) async fn verify(
    state: Data<State>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    let endpoint = find(&state, &name)?;
    let echo = Query::parse(request.query_string())
        .and_then(|query| endpoint::verify_url(&endpoint.config, &query, state.env.now()))
        .map_err(|refusal| refused(&state, &name, refusal))?;
    state.metrics.push(&name, "verified");
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(echo))
}

/// A push.
#[utoipa::path(
    post, path = "/wechat/{name}", tag = "wechat", operation_id = "push",
    description = "A message or event from the platform, in the mode the configuration names.",
    params(
        ("name" = String, Path, description = "The official account's name in the configuration"),
        ("timestamp" = String, Query), ("nonce" = String, Query),
        ("signature" = Option<String>, Query), ("msg_signature" = Option<String>, Query),
        ("encrypt_type" = Option<String>, Query), ("openid" = Option<String>, Query),
    ),
    request_body(description = "XML or JSON as the platform sends it", content(
        (String = "text/xml"), (String = "application/xml"), (serde_json::Value = "application/json"))),
    responses(
        (status = 200, description = "The reply, sealed like the push, or the word `success`", content(
            (String = "application/xml"), (serde_json::Value = "application/json"), (String = "text/plain"))),
        super::openapi::PushProblems,
    ),
)]
pub(crate) async fn push(
    state: Data<State>,
    request: HttpRequest,
    name: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let endpoint = find(&state, &name)?;
    let query =
        Query::parse(request.query_string()).map_err(|refusal| refused(&state, &name, refusal))?;
    let body = read_payload(&request, payload, BODY_LIMIT).await?;
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let now = state.env.now();
    let opened = endpoint::open(&endpoint.config, &query, content_type, &body, now)
        .and_then(|opened| endpoint.replays.check(&opened, now).map(|()| opened))
        .map_err(|refusal| refused(&state, &name, refusal))?;
    drop(body);
    answer(&state, &name, opened).await
}

async fn answer(state: &Data<State>, name: &str, opened: Opened) -> Result<HttpResponse, Problem> {
    let context = opened.reply.clone();
    // Spawned: a platform that hangs up does not cut off what has begun.
    let work = state.bot.clone().handle_push(name.to_owned(), opened);
    let answer = state.tasks.spawn(work).await.map_err(|_| {
        tracing::error!(official_account = name, "handling a push panicked");
        state.metrics.push(name, "failed");
        Problem::new(ProblemKind::Internal)
    })?;
    let reply = match answer {
        PushAnswer::Reply(reply) => {
            state.metrics.push(name, "replied");
            *reply
        }
        PushAnswer::Success => {
            state.metrics.push(name, "success");
            Reply::Nothing
        }
        PushAnswer::Busy => {
            state.metrics.push(name, "busy");
            return Err(Problem::new(ProblemKind::Busy));
        }
        PushAnswer::Refused => {
            state.metrics.push(name, "reused");
            tracing::warn!(
                official_account = name,
                "a push was used again with another content"
            );
            return Err(Problem::new(ProblemKind::PushRefused));
        }
        PushAnswer::NoAnswer => {
            state.metrics.push(name, "unanswered");
            return Err(hold(state).await);
        }
    };
    let nonce = hex::encode(state.env.bytes::<8>());
    let timestamp = state.env.now().div_euclid(SECOND);
    let body = seal(&reply, &context, timestamp, &nonce, state.env.bytes::<16>());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, body.content_type))
        .body(body.bytes))
}

/// Leaves a delivery unanswered until the platform has given up on it (which drops this future) or
/// the server stops; what is sent then reaches nobody who still waits.
async fn hold(state: &State) -> Problem {
    tokio::select! {
        () = tokio::time::sleep(HOLD) => {}
        () = state.stopping.cancelled() => {}
    }
    Problem::new(ProblemKind::Busy)
}

fn find<'s>(state: &'s State, name: &str) -> Result<&'s Endpoint, Problem> {
    state
        .endpoints
        .get(name)
        .ok_or_else(|| Problem::not_found("official account"))
}

/// Logs which part failed and turns it into an answer that tells an attacker nothing.
fn refused(state: &State, name: &str, refusal: Refusal) -> Problem {
    state.metrics.refusal(name, refusal.reason());
    tracing::warn!(
        official_account = name,
        part = refusal.reason(),
        reason = %refusal,
        "refused a push"
    );
    match StatusCode::from_u16(refusal.status()) {
        Ok(StatusCode::FORBIDDEN) => Problem::new(ProblemKind::PushRefused),
        Ok(StatusCode::PAYLOAD_TOO_LARGE) => Problem::new(ProblemKind::TooLarge),
        Ok(StatusCode::SERVICE_UNAVAILABLE) => Problem::new(ProblemKind::Busy),
        Ok(StatusCode::INTERNAL_SERVER_ERROR) => Problem::new(ProblemKind::Internal),
        _ => Problem::new(ProblemKind::BadRequest),
    }
}
