//! What comes into the bot and what goes out of it, as data: the shapes the HTTP API shows.
//!
//! Nothing here computes. Secrets that come in are wrapped so that `Debug` cannot show them.

use std::fmt;
use std::future::Ready;
use std::net::IpAddr;

use futures_util::future::{BoxFuture, Either};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::background::Lost;
use crate::env::Millis;
use crate::lang::value::Place;
pub use crate::store::records::SignalView;

/// A text that must not be printed: a password or a captcha answer.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// Who wants to log in, and from where. Common to logins, attempts and reports.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The account's identifier as the caller typed it; it may not exist.
    pub account: String,
    /// The signed machine identifier, or one of a configured foreign format.
    pub machine: Option<String>,
    /// The caller's address; `None` makes everything about addresses unknown.
    pub ip: Option<IpAddr>,
    /// The user agent.
    pub user_agent: Option<String>,
    /// The place when the caller knows it; otherwise it is looked up.
    pub place: Option<Place>,
    /// Web, app, …
    pub channel: Option<String>,
}

/// A solved captcha.
#[derive(Debug, Clone)]
pub struct CaptchaAnswer {
    /// Which.
    pub id: String,
    /// The characters.
    pub answer: Secret,
}

/// `POST /v1/login`
#[derive(Debug, Clone)]
pub struct LoginRequest {
    /// Who and from where.
    pub origin: Origin,
    /// The password.
    pub password: Secret,
    /// A solved captcha.
    pub captcha: Option<CaptchaAnswer>,
}

/// `POST /v1/attempts`
#[derive(Debug, Clone)]
pub struct AttemptRequest {
    /// Who and from where.
    pub origin: Origin,
    /// A solved captcha.
    pub captcha: Option<CaptchaAnswer>,
}

/// `POST /v1/logins`
#[derive(Debug, Clone)]
pub struct LoginReport {
    /// The caller's own identifier of this login; makes the report idempotent.
    pub id: Option<String>,
    /// Who and from where.
    pub origin: Origin,
    /// When it happened, milliseconds since the epoch; now when missing.
    pub time: Option<Millis>,
    /// Whether the password was right.
    pub success: bool,
    /// Why not.
    pub reason: Option<String>,
    /// The caller's session, so that it can be ended.
    pub session: Option<String>,
    /// `?mode=backfill`: recorded, nothing is raised.
    pub backfill: bool,
}

/// The answer to a login.
#[derive(Debug, Clone)]
pub enum LoginAnswer {
    /// The password was right and nothing stands against it.
    Granted(Box<LoginGranted>),
    /// Unknown account, wrong password, locked or denied: the caller cannot tell which.
    Refused,
    /// A captcha must be solved first.
    CaptchaRequired {
        /// The captcha to show.
        captcha: CaptchaView,
        /// The decision that asked for it.
        decision: String,
    },
}

/// A granted login.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LoginGranted {
    /// The session's token: 256 bits, shown once, stored only as a hash.
    pub token: String,
    /// The session.
    pub session: SessionView,
    /// What the rules thought of it.
    pub decision: DecisionView,
    /// The password must be changed before anything else.
    pub password_change_required: bool,
}

/// A session as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    /// Its identifier (not the token).
    pub id: String,
    /// Whose.
    pub account: String,
    /// The machine's identifier, a digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// When it began, RFC 3339.
    pub since: String,
    /// When it ends by itself, RFC 3339.
    pub expires_at: String,
}

/// A captcha to show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CaptchaView {
    /// Its identifier, to be sent back with the answer.
    pub id: String,
    /// The picture: `data:image/png;base64,…`.
    pub image: String,
    /// Until when it can be answered, RFC 3339.
    pub expires_at: String,
}

/// The answer to an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttemptAnswer {
    /// What the caller should do.
    pub verdict: Verdict,
    /// The captcha to show when the verdict is `challenge`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captcha: Option<CaptchaView>,
    /// The decision's identifier.
    pub decision: String,
}

/// What the rules want of an attempt or a login.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Go on.
    #[default]
    Allow,
    /// Ask for a captcha first.
    Challenge,
    /// Refuse.
    Deny,
}

/// The answer to a report.
#[derive(Debug, Clone)]
pub enum ReportAnswer {
    /// Judged and recorded (or recorded before: the same decision again).
    Recorded(DecisionView),
    /// The identifier was used before with another content.
    Conflict,
    /// More than five minutes in the future.
    TooFarAhead,
}

/// What the rules thought of a login.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DecisionView {
    /// Its identifier: `GET /v1/decisions/{id}` explains it.
    pub id: String,
    /// What should happen.
    pub verdict: Verdict,
    /// The sum of the weights of the signals that fired.
    pub suspicion: f64,
    /// Every signal that fired or could not be judged.
    pub signals: Vec<SignalView>,
    /// The alert it raised or was appended to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// The hash of the rule set that decided.
    pub rules: String,
}

/// What the bot has done since its start, and what it holds in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BotVitals {
    /// Pushes being worked on.
    pub pushes_running: usize,
    /// Answered pushes without effects that are remembered.
    pub pushes_remembered: usize,
    /// Pushes that left something in the store, whose next delivery is looked for there.
    pub pushes_stored: usize,
    /// Past logins kept in memory.
    pub recent_logins: usize,
    /// Captchas being drawn for logins.
    pub captchas_drawing: usize,
    /// Pushes worked on.
    pub pushes: u64,
    /// Logins judged.
    pub logins: u64,
    /// Pushes that were not done while their connection waited.
    pub overruns: u64,
    /// Pushes whose identifier came with another body before.
    pub mismatches: u64,
    /// Replies that reached nobody.
    pub replies_dropped: u64,
}

/// The state of the rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RulesStatus {
    /// Counts up with every change of the rules, over restarts too.
    pub generation: u64,
    /// SHA-256 of the running rule set.
    pub hash: String,
    /// When it was loaded, RFC 3339.
    pub loaded_at: String,
    /// The folder holds something newer that could not be loaded.
    pub stale: bool,
    /// Since when, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_since: Option<String>,
    /// Why: the diagnostics as printed by `menshen check`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// Writes the answer of a call into the command that holds its effects. Commands may run twice: so
/// may this. It is called once the answer is known, as the last thing of the command.
pub type Remember<A> =
    Box<dyn FnMut(&mut crate::store::Tx<'_>, &A) -> Result<(), crate::store::StoreError> + Send>;

/// Why the rules were not reloaded; the ones before stay.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReloadError {
    /// They do not pass the check: its findings.
    #[error("{0}")]
    Rejected(String),
    /// The store or the bot failed.
    #[error(transparent)]
    Bot(#[from] BotError),
}

/// The answer to a push: there already, or to be waited for.
pub type Answering = Either<Ready<PushAnswer>, BoxFuture<'static, PushAnswer>>;

/// What to answer a push with.
#[derive(Debug, Clone)]
pub enum PushAnswer {
    /// A passive reply, to be sealed with the key that opened the push.
    Reply(std::sync::Arc<crate::wechat::reply::Reply>),
    /// The bare word `success`.
    Success,
    /// Nothing was accepted: 503, the platform retries.
    Busy,
    /// The push was used before with another content: refused, 403.
    Refused,
    /// Leave the connection unanswered: the platform's next delivery is answered instead.
    NoAnswer,
}

/// Why the bot could not do what was asked, besides the answers above.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BotError {
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// Something that must be possible was not; the text holds no personal data.
    #[error("{0}")]
    Internal(String),
    /// The address had its captchas for the hour.
    #[error("too many captchas for one address")]
    TooManyCaptchas,
    /// Too many password checks at once; try again.
    #[error("too many logins at once")]
    Overloaded,
}

impl From<Lost> for BotError {
    fn from(lost: Lost) -> Self {
        Self::Internal(lost.to_string())
    }
}
