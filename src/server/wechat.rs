//! `GET|POST /wechat/{name}`: the platform's callback over HTTP.
//!
//! The body is read within limits, opened by the protocol room, answered by the bot, and sealed with
//! what opened this delivery. A refusal is logged and counted with the part that failed, never with
//! what the secrets or the message were. The mode comes from the configuration.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_web::http::StatusCode;

use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::future::Either;
use futures_util::{FutureExt, poll};

use super::call::read_payload;
use super::lines::Line;
use super::metrics::PushCounters;
use super::problem::{Problem, ProblemKind};
use super::state::State;
use crate::bot::api::PushAnswer;
use crate::config::{self, EndpointMode};
use crate::env::{Millis, SECOND};
use crate::wechat::Refusal;
use crate::wechat::crypto::{EncodingAesKey, KeyError};
use crate::wechat::endpoint::{
    self, BODY_LIMIT, EndpointConfig, Mode, Opened, Query, TimestampWindow,
};
use crate::wechat::replay::ReplayGuard;
use crate::wechat::reply::{Reply, seal};
use crate::wechat::signature::Token;

/// How long a delivery that must stay unanswered is held. The platform gives up after 5 s.
pub const HOLD: Duration = Duration::from_secs(8);

/// The route of pushes, as counters and the log name it.
pub(super) const ROUTE: &str = "/wechat/{name}";

/// One official account's endpoint, its replay guard and its counters.
#[derive(Debug)]
pub(crate) struct Endpoint {
    name: String,
    config: EndpointConfig,
    replays: ReplayGuard,
    pub(super) counters: PushCounters,
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
            name: account.name.clone(),
            counters: PushCounters::new(&account.name),
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
    endpoint: &Endpoint,
    state: &Data<State>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let refused = |refusal| refused(state, &endpoint.name, refusal);
    let query = Query::parse(request.query_string()).map_err(refused)?;
    let now = state.env.now();
    let admitted = endpoint::admit(&endpoint.config, &query, now).map_err(refused)?;
    let body = read_payload(state, request, payload, BODY_LIMIT).await?;
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let opened = admitted
        .open(content_type, &body)
        .and_then(|opened| endpoint.replays.check(&opened, now).map(|()| opened))
        .map_err(refused)?;
    drop(body);
    answer(endpoint, state, opened, now).await
}

/// A push for an official account that is not configured.
pub(crate) async fn unknown() -> Result<HttpResponse, Problem> {
    Err(unknown_account())
}

fn unknown_account() -> Problem {
    Problem::not_found("official account")
}

async fn answer(
    endpoint: &Endpoint,
    state: &Data<State>,
    mut opened: Opened,
    received: Millis,
) -> Result<HttpResponse, Problem> {
    let name = endpoint.name.as_str();
    let context = std::mem::take(&mut opened.reply);
    let bot = state.bot.clone();
    let begun = catch_unwind(AssertUnwindSafe(|| bot.handle_push(name, opened)));
    let (answer, now) = match begun {
        Err(_) => (None, received),
        Ok(Either::Left(answer)) => (Some(answer.into_inner()), received),
        Ok(Either::Right(work)) => {
            // Spawned: a platform that hangs up does not cut off what has begun.
            let mut work = AssertUnwindSafe(work).catch_unwind();
            let answer = match poll!(&mut work) {
                Poll::Ready(answer) => answer.ok(),
                Poll::Pending => state.tasks.spawn(work).await.ok().and_then(Result::ok),
            };
            (answer, state.env.now())
        }
    };
    let Some(answer) = answer else {
        tracing::error!(official_account = name, "handling a push panicked");
        state.metrics.push(name, "failed");
        return Err(Problem::new(ProblemKind::Internal));
    };
    let reply = match answer {
        PushAnswer::Reply(reply) => {
            endpoint.counters.replied(&state.metrics);
            Some(reply)
        }
        PushAnswer::Success => {
            endpoint.counters.success(&state.metrics);
            None
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
    let reply = reply.as_deref().unwrap_or(&Reply::Nothing);
    let timestamp = now.div_euclid(SECOND);
    let body = if context.is_encrypted() {
        let nonce = hex::encode(state.env.bytes::<8>());
        seal(reply, &context, timestamp, &nonce, state.env.bytes())
    } else {
        seal(reply, &context, timestamp, "", [0; 16])
    };
    let mut response = HttpResponse::new(StatusCode::OK);
    let content_type = HeaderValue::from_static(body.content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    Ok(response.set_body(BoxBody::new(body.bytes)))
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
    let endpoint = state.endpoints.get(name);
    endpoint.map(Arc::as_ref).ok_or_else(unknown_account)
}

/// Logs which part failed and turns it into an answer that tells an attacker nothing.
fn refused(state: &State, name: &str, refusal: Refusal) -> Problem {
    state.metrics.refusal(name, refusal.reason());
    let line = state.refusals.one(state.env.now());
    if line != Line::Left {
        let part = refusal.reason();
        tracing::warn!(official_account = name, part, reason = %refusal, "refused a push");
    }
    if line == Line::Last {
        tracing::warn!(
            "more refused pushes of this minute are only counted (menshen_push_refusals_total)"
        );
    }
    match StatusCode::from_u16(refusal.status()) {
        Ok(StatusCode::FORBIDDEN) => Problem::new(ProblemKind::PushRefused),
        Ok(StatusCode::PAYLOAD_TOO_LARGE) => Problem::new(ProblemKind::TooLarge),
        Ok(StatusCode::SERVICE_UNAVAILABLE) => Problem::new(ProblemKind::Busy),
        Ok(StatusCode::INTERNAL_SERVER_ERROR) => Problem::new(ProblemKind::Internal),
        _ => Problem::new(ProblemKind::BadRequest),
    }
}
