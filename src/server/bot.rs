//! What the HTTP face needs from the bot, as a trait: the bot implements it, tests may stand in.
//!
//! Futures own what they need, so that a caller who hangs up does not cut off work that has begun.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::bot::api::{
    AttemptAnswer, AttemptRequest, BotError, LoginAnswer, LoginReport, LoginRequest, PushAnswer,
    ReportAnswer, RulesStatus,
};
use crate::store::{StoreError, Tx};
use crate::wechat::endpoint::Opened;

/// Writes the answer of a call into the command that holds its effects. Commands may run twice: so
/// may this. It is called once the answer is known, as the last thing of the command.
pub type Remember<A> = Box<dyn FnMut(&mut Tx<'_>, &A) -> Result<(), StoreError> + Send>;

/// What the HTTP face calls.
pub trait BotService: Send + Sync + 'static {
    /// A verified push of an official account.
    fn handle_push(
        self: Arc<Self>,
        official_account: String,
        opened: Opened,
    ) -> BoxFuture<'static, PushAnswer>;

    /// `POST /v1/login`.
    fn login(
        self: Arc<Self>,
        request: LoginRequest,
    ) -> BoxFuture<'static, Result<LoginAnswer, BotError>>;

    /// `POST /v1/attempts`.
    fn attempt(
        self: Arc<Self>,
        request: AttemptRequest,
        remember: Option<Remember<AttemptAnswer>>,
    ) -> BoxFuture<'static, Result<AttemptAnswer, BotError>>;

    /// `POST /v1/logins`.
    fn report(
        self: Arc<Self>,
        report: LoginReport,
        remember: Option<Remember<ReportAnswer>>,
    ) -> BoxFuture<'static, Result<ReportAnswer, BotError>>;

    /// Loads the rules anew. The error is what `menshen check` would print.
    fn reload(self: Arc<Self>) -> BoxFuture<'static, Result<RulesStatus, ReloadError>>;

    /// The state of the rules.
    fn rules_status(&self) -> RulesStatus;
}

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
