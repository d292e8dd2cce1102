//! Errors as RFC 9457 `application/problem+json`, each with a stable `type`.
//!
//! A problem says what the caller did and what would be right. It never says more about an account
//! than the caller may know, and never holds a secret, a code or a phone.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bot::api::CaptchaView;
use crate::store::StoreError;

/// What every problem type begins with.
pub const TYPE_PREFIX: &str = "urn:menshen:problem:";

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $slug:literal $status:literal $title:literal,)+) => {
        /// A problem type: stable name, status and title.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ProblemKind {
            $($(#[$doc])* $variant,)+
        }

        impl ProblemKind {
            /// Every type.
            pub const ALL: &'static [ProblemKind] = &[$(ProblemKind::$variant,)+];

            /// The last part of its `type`.
            pub const fn slug(self) -> &'static str {
                match self { $(ProblemKind::$variant => $slug,)+ }
            }

            /// Its HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(ProblemKind::$variant => $status,)+ }
            }

            /// Its title.
            pub const fn title(self) -> &'static str {
                match self { $(ProblemKind::$variant => $title,)+ }
            }
        }
    };
}

kinds! {
    /// The body is not JSON, a header or query is malformed.
    BadRequest "bad-request" 400 "The request is malformed",
    /// No key, a wrong key or a revoked one.
    Unauthorized "unauthorized" 401 "A valid API key is needed",
    /// Unknown account, wrong password, locked: one answer.
    LoginRefused "login-refused" 401 "The login was refused",
    /// The token of a session is unknown or its session has ended.
    NoSession "no-session" 401 "There is no such session",
    /// The key lacks a scope.
    Forbidden "forbidden" 403 "The API key may not do this",
    /// A captcha must be solved first.
    CaptchaRequired "captcha-required" 403 "A captcha must be solved first",
    /// A push that cannot be trusted.
    PushRefused "push-refused" 403 "The push was refused",
    /// There is no such route or thing.
    NotFound "not-found" 404 "There is no such thing",
    /// The route exists, the method does not.
    MethodNotAllowed "method-not-allowed" 405 "The method is not allowed here",
    /// The body did not arrive in time.
    Timeout "timeout" 408 "The request took too long to arrive",
    /// It contradicts what is there.
    Conflict "conflict" 409 "The request contradicts what is there",
    /// Nobody is bound to the account.
    NotBound "not-bound" 409 "Nobody is bound to the account",
    /// The same idempotency key is being worked on.
    StillRunning "still-running" 409 "A request with this idempotency key is still running",
    /// The body is larger than this route takes.
    TooLarge "too-large" 413 "The body is too large",
    /// The body is not of the media type this route takes.
    UnsupportedMediaType "unsupported-media-type" 415 "The media type is not supported",
    /// The request came to a name this server does not answer to.
    WrongHost "wrong-host" 421 "This server does not answer to that name",
    /// A field is missing, unknown or wrong.
    Invalid "invalid" 422 "A field of the request is wrong",
    /// The rule files do not pass the check.
    RulesRejected "rules-rejected" 422 "The rules were not loaded; the ones before go on",
    /// The idempotency key was used with another request.
    IdempotencyMismatch "idempotency-mismatch" 422 "The idempotency key was used with another request",
    /// A named limit was reached.
    TooMany "too-many-requests" 429 "A limit was reached",
    /// A bug or a broken store.
    Internal "internal" 500 "Something went wrong here",
    /// Nothing was accepted; try again.
    Busy "busy" 503 "Nothing was accepted; try again soon",
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldError {
    /// The field's path, e.g. `captcha.answer`; empty for the body as a whole.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

/// The body of every error: RFC 9457.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:menshen:problem:…`
    pub r#type: String,
    /// The type in words; always the same for one type.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// What it was this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Which fields are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The captcha to solve, with `captcha-required`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captcha: Option<CaptchaView>,
    /// The decision that asked for it, with `captcha-required`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
}

/// An error on its way to the caller.
#[derive(Debug, Clone)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: ProblemKind,
    detail: Option<String>,
    errors: Vec<FieldError>,
    captcha: Option<CaptchaView>,
    decision: Option<String>,
    retry_after: Option<u64>,
}

/// Seconds after which a caller of a busy server should try again.
const RETRY_AFTER_SECONDS: u64 = 1;

impl Problem {
    /// A problem of this type.
    pub fn new(kind: ProblemKind) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: None,
            errors: Vec::new(),
            captcha: None,
            decision: None,
            retry_after: None,
        }))
    }

    /// What it was this time.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a wrong field.
    pub fn field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.errors.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
        self
    }

    /// Adds the captcha to solve, and the decision that asked for it.
    pub fn captcha(mut self, captcha: CaptchaView, decision: String) -> Self {
        self.0.captcha = Some(captcha);
        self.0.decision = Some(decision);
        self
    }

    /// Tells the caller when to try again.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// One wrong field: 422.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Invalid).field(field, message)
    }

    /// There is no such thing: 404.
    pub fn not_found(what: &str) -> Self {
        Self::new(ProblemKind::NotFound).detail(format!("there is no such {what}"))
    }

    /// A contradiction: 409.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Conflict).detail(detail)
    }

    /// Its type.
    pub fn kind(&self) -> ProblemKind {
        self.0.kind
    }

    /// Its body.
    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            r#type: format!("{TYPE_PREFIX}{}", self.0.kind.slug()),
            title: self.0.kind.title().to_owned(),
            status: self.0.kind.status(),
            detail: self.0.detail.clone(),
            errors: self.0.errors.clone(),
            captcha: self.0.captcha.clone(),
            decision: self.0.decision.clone(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.slug())
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        let retry_after = self
            .0
            .retry_after
            .or_else(|| (self.0.kind == ProblemKind::Busy).then_some(RETRY_AFTER_SECONDS));
        if let Some(seconds) = retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if self.0.kind == ProblemKind::Unauthorized {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if self.0.kind == ProblemKind::TooLarge || self.0.kind == ProblemKind::Timeout {
            // The rest of the body is not read.
            response.force_close();
        }
        response
            .insert_header((header::CONTENT_TYPE, "application/problem+json"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(serde_json::to_vec(&self.body()).unwrap_or_default())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy | StoreError::Closed => Self::new(ProblemKind::Busy),
            StoreError::Failed(_) => Self::new(ProblemKind::Busy).detail(
                "the store has failed and takes nothing any more; what became of this is unknown",
            ),
            StoreError::BadContinuation => {
                Self::invalid("after", "this cursor does not belong to this listing")
            }
            StoreError::TooLarge { .. } | StoreError::TooManyKeys => {
                Self::new(ProblemKind::TooLarge).detail("more than one commit may hold")
            }
            other => {
                tracing::error!(error = %other, "the store refused a request");
                Self::new(ProblemKind::Internal)
            }
        }
    }
}

impl From<crate::bot::api::BotError> for Problem {
    fn from(error: crate::bot::api::BotError) -> Self {
        use crate::bot::api::BotError;
        match error {
            BotError::Store(error) => error.into(),
            BotError::Overloaded => Self::new(ProblemKind::Busy),
            BotError::TooManyCaptchas => super::captchas::too_many(),
            BotError::Internal(text) => {
                tracing::error!(error = %text, "the bot could not answer");
                Self::new(ProblemKind::Internal)
            }
        }
    }
}
