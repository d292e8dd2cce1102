//! One request of the API from its key to its answer: who calls, may they, what do they say, and the
//! one command that does it.
//!
//! The key and its scope are checked before a byte of the body is read. Bodies are strict: unknown
//! fields, wrong types and missing fields are answered with 422 and the field's path. Nothing here
//! logs a body, a query or a path's values.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use actix_web::http::header;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Bytes, BytesMut, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{StreamExt as _, poll};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::idempotency::{self, Claim};
use super::keys;
use super::problem::{Problem, ProblemKind};
use super::scope::Scope;
use super::state::State;
use crate::store::records::ApiKey;
use crate::store::{self, StoreError, Tx};

/// Bytes an ordinary JSON body may have: the largest holds one message for a user.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// Bytes a bulk body (account import, login reports) may have: some ten thousand lines.
pub const MAX_BULK_BYTES: usize = 4 * 1024 * 1024;
/// How long a body may take to arrive, so that slow senders cannot hold a connection.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of an `Authorization` header that are looked at.
const MAX_AUTHORIZATION_BYTES: usize = 256;

/// What a handler answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// JSON; `None` for 204.
    pub(crate) body: Option<String>,
}

impl Answer {
    /// A JSON answer.
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        Self {
            status,
            // Our views are plain structs: they cannot fail to serialise.
            body: Some(serde_json::to_string(body).unwrap_or_default()),
        }
    }

    /// 200 with JSON.
    pub(crate) fn ok(body: &impl Serialize) -> Self {
        Self::json(200, body)
    }

    /// 204.
    pub(crate) fn nothing() -> Self {
        Self {
            status: 204,
            body: None,
        }
    }

    /// As a response. Answers of the API are never cached.
    pub(crate) fn respond(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = HttpResponse::build(status);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        let kind = if self.status >= 400 {
            "application/problem+json"
        } else {
            "application/json"
        };
        match self.body {
            Some(body) => response
                .insert_header((header::CONTENT_TYPE, kind))
                .body(body),
            None => response.finish(),
        }
    }
}

/// A request whose key is right and may do what it asks.
pub(crate) struct Call {
    pub(crate) state: Data<State>,
    pub(crate) key: ApiKey,
    request: HttpRequest,
    payload: Option<Payload>,
    body: Bytes,
}

impl Call {
    /// Checks the key and the scope.
    pub(crate) async fn begin(
        state: &Data<State>,
        request: &HttpRequest,
        payload: Payload,
        scope: Scope,
    ) -> Result<Self, Problem> {
        Self::begin_with(state, request, payload, &[scope]).await
    }

    /// Checks the key and that it has one of the scopes. The handler then demands the right one.
    pub(crate) async fn begin_with(
        state: &Data<State>,
        request: &HttpRequest,
        payload: Payload,
        scopes: &[Scope],
    ) -> Result<Self, Problem> {
        let key = authenticate(state, request).await?;
        let may = |scope: &Scope| key.scopes.iter().any(|name| name == scope.name());
        if let (false, Some(first)) = (scopes.iter().any(may), scopes.first()) {
            require(&key, *first)?;
        }
        Ok(Self {
            state: state.clone(),
            key,
            request: request.clone(),
            payload: Some(payload),
            body: Bytes::new(),
        })
    }

    /// Demands one more scope.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), Problem> {
        require(&self.key, scope)
    }

    /// The caller as the audit log names it.
    pub(crate) fn actor(&self) -> String {
        format!("key:{}", self.key.name)
    }

    /// Reads a strict JSON body.
    pub(crate) async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        require_type(&self.request, "application/json")?;
        self.read_body(MAX_BODY_BYTES).await?;
        parse(&self.body)
    }

    /// Reads a strict JSON body that may be missing altogether.
    pub(crate) async fn json_or_default<T: DeserializeOwned + Default>(
        &mut self,
    ) -> Result<T, Problem> {
        self.read_body(MAX_BODY_BYTES).await?;
        if self.body.is_empty() {
            return Ok(T::default());
        }
        require_type(&self.request, "application/json")?;
        parse(&self.body)
    }

    /// Reads a body of at most `limit` bytes.
    pub(crate) async fn bytes(&mut self, limit: usize) -> Result<Bytes, Problem> {
        require_plain(&self.request)?;
        self.read_body(limit).await?;
        Ok(self.body.clone())
    }

    /// Whether the body is said to be of this media type.
    pub(crate) fn is_type(&self, wanted: &str) -> bool {
        media_type(&self.request).eq_ignore_ascii_case(wanted)
    }

    /// Reads the strict query.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        query(&self.request)
    }

    /// Runs a command that only reads.
    pub(crate) async fn read<F>(&self, name: &'static str, f: F) -> Result<HttpResponse, Problem>
    where
        F: FnMut(&mut Tx<'_>) -> Result<Answer, Problem> + Send + 'static,
    {
        Ok(store::read(&*self.state.store, name, f).await?.respond())
    }

    /// Runs a command whose answer holds a secret or that is safe to repeat: `Idempotency-Key` is ignored.
    pub(crate) async fn command<F>(&self, name: &'static str, f: F) -> Result<HttpResponse, Problem>
    where
        F: FnMut(&mut Tx<'_>) -> Result<Answer, Problem> + Send + 'static,
    {
        Ok(store::execute(&*self.state.store, name, f).await?.respond())
    }

    /// Runs a command that honours `Idempotency-Key`: the answer is kept in the commit of the effects.
    pub(crate) async fn idempotent<F>(
        &mut self,
        name: &'static str,
        mut f: F,
    ) -> Result<HttpResponse, Problem>
    where
        F: FnMut(&mut Tx<'_>) -> Result<Answer, Problem> + Send + 'static,
    {
        let Some(claim) = self.claim().await? else {
            return self.command(name, f).await;
        };
        let _running = self.state.running.begin(&claim, &self.state.metrics)?;
        let (answer, replayed) = store::execute(&*self.state.store, name, move |tx| {
            idempotency::once(tx, &claim, &mut f)
        })
        .await?;
        Ok(idempotency::respond(answer, replayed))
    }

    /// What the request's `Idempotency-Key` claims, if it has one. Reads the body, for its digest.
    pub(crate) async fn claim(&mut self) -> Result<Option<Claim>, Problem> {
        if self.request.method() != Method::POST {
            return Ok(None);
        }
        self.read_body(MAX_BODY_BYTES).await?;
        idempotency::claim(&self.state.keys, &self.request, &self.key.id, &self.body)
    }

    async fn read_body(&mut self, limit: usize) -> Result<(), Problem> {
        if let Some(payload) = self.payload.take() {
            self.body = read_payload(&self.state, &self.request, payload, limit).await?;
        }
        Ok(())
    }
}

/// Reads a body of at most `limit` bytes within [`BODY_TIMEOUT`], as far as all bodies together leave room.
pub(crate) async fn read_payload(
    state: &State,
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
) -> Result<Bytes, Problem> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<usize>().ok());
    let too_large = || {
        Problem::new(ProblemKind::TooLarge)
            .detail(format!("this route takes {limit} bytes at most"))
    };
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let collect = async {
        // Most bodies come in one piece, which is then the body.
        let mut first = Bytes::new();
        let mut body = BytesMut::new();
        let mut held = None;
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| {
                Problem::new(ProblemKind::BadRequest).detail("the body ended before its end")
            })?;
            if first.len() + body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            if first.is_empty() && body.is_empty() {
                first = chunk;
                continue;
            }
            state.bodies.hold(&mut held, chunk.len()).ok_or_else(|| {
                state.metrics.limit("bodies");
                Problem::new(ProblemKind::Busy)
            })?;
            body.extend_from_slice(&std::mem::take(&mut first));
            body.extend_from_slice(&chunk);
        }
        Ok(if body.is_empty() {
            first
        } else {
            body.freeze()
        })
    };
    let mut collect = std::pin::pin!(collect);
    // Most bodies came with their head and are handed over once this has waited for them: no timer for those.
    for _ in 0..2 {
        if let Poll::Ready(body) = poll!(&mut collect) {
            return body;
        }
        pending_once().await;
    }
    tokio::time::timeout(BODY_TIMEOUT, collect)
        .await
        .unwrap_or_else(|_| Err(Problem::new(ProblemKind::Timeout)))
}

/// Lets whatever polls this go on, and asks to be polled again in the same round. (Tokio's `yield_now` puts that off
/// until the runtime has looked for what the sockets brought, which costs a system call a push.)
async fn pending_once() {
    let mut waited = false;
    poll_fn(|task| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => {
            task.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

/// The key of a request.
pub(crate) async fn authenticate(state: &State, request: &HttpRequest) -> Result<ApiKey, Problem> {
    let presented = request
        .headers()
        .get(header::AUTHORIZATION)
        .filter(|value| value.len() <= MAX_AUTHORIZATION_BYTES)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| zeroize::Zeroizing::new(token.trim().to_owned()));
    let Some(presented) = presented else {
        return Err(Problem::new(ProblemKind::Unauthorized)
            .detail("send the header Authorization: Bearer KEY"));
    };
    let key = store::read::<_, StoreError>(&*state.store, "authenticate", move |tx| {
        keys::authenticate(tx, &presented)
    })
    .await?;
    key.ok_or_else(|| Problem::new(ProblemKind::Unauthorized))
}

/// Demands a scope of a key.
pub(crate) fn require(key: &ApiKey, scope: Scope) -> Result<(), Problem> {
    if key.scopes.iter().any(|name| name == scope.name()) {
        Ok(())
    } else {
        Err(Problem::new(ProblemKind::Forbidden).detail(format!("the key lacks the scope {scope}")))
    }
}

/// Reads a strict query.
pub(crate) fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    let pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let reader = serde_urlencoded::Deserializer::new(pairs);
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        let (field, message) = placed(path, message);
        Problem::invalid(field, format!("in the query: {message}"))
    })
}

/// Parses strict JSON. Syntax errors are 400, wrong content is 422 with the field's path.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // serde would take a list for an object, value by value.
    if body.trim_ascii_start().first() == Some(&b'[')
        && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
    {
        return Err(Problem::invalid("", "expected an object, found a list"));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            let (field, message) = placed(path, data_message(&inner));
            Problem::invalid(field, message)
        } else {
            not_json(&inner)
        }
    })?;
    reader.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::new(ProblemKind::BadRequest).detail(format!(
        "the body is not JSON: line {}, column {}",
        error.line(),
        error.column()
    ))
}

/// The field a finding is about: a missing one is named in the message only.
fn placed(path: String, message: String) -> (String, String) {
    let path = if path == "." { String::new() } else { path };
    let missing = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'));
    match missing {
        Some(name) if path.is_empty() => (name.to_owned(), message),
        Some(name) => (format!("{path}.{name}"), message),
        None => (path, message),
    }
}

/// The message without serde's position, which would repeat the path.
fn data_message(error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    if let Some(at) = text.rfind(" at line ") {
        text.truncate(at);
    }
    // What a type is called here means nothing to a caller.
    for (kind, plain) in [(" struct ", " an object"), (" enum ", " a text")] {
        if let Some(at) = text.find(&format!("expected{kind}")) {
            text.truncate(at + "expected".len());
            text.push_str(plain);
        }
    }
    text
}

fn media_type(request: &HttpRequest) -> &str {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
}

/// Bodies are read as they come: one that was packed would only be called no JSON.
fn require_plain(request: &HttpRequest) -> Result<(), Problem> {
    let codings = request.headers().get_all(header::CONTENT_ENCODING);
    match codings
        .into_iter()
        .all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        true => Ok(()),
        false => Err(Problem::new(ProblemKind::UnsupportedMediaType)
            .detail("send the body as it is, without Content-Encoding")),
    }
}

fn require_type(request: &HttpRequest, wanted: &str) -> Result<(), Problem> {
    require_plain(request)?;
    if media_type(request).eq_ignore_ascii_case(wanted) {
        Ok(())
    } else {
        Err(Problem::new(ProblemKind::UnsupportedMediaType)
            .detail(format!("send Content-Type: {wanted}")))
    }
}
