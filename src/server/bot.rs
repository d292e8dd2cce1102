//! What the HTTP face needs from the bot, as a trait: the bot implements it, tests may stand in.
//!
//! Futures own what they need, so that a caller who hangs up does not cut off work that has begun.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::bot::Bot;
use crate::bot::api::{
    Answering, AttemptAnswer, AttemptRequest, BotError, BotVitals, LoginAnswer, LoginReport,
    LoginRequest, ReportAnswer, RulesStatus,
};
pub use crate::bot::api::{ReloadError, Remember};
use crate::outbox::CallStats;
use crate::wechat::endpoint::Opened;

/// What the HTTP face calls.
pub trait BotService: Send + Sync + 'static {
    /// A verified push of an official account: most are answered when this returns.
    fn handle_push(self: Arc<Self>, official_account: &str, opened: Opened) -> Answering;

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

    /// Numbers for `/metrics`.
    fn vitals(&self) -> BotVitals;
    /// The queued calls by name; none unless it queues any.
    fn calls(&self) -> BTreeMap<String, CallStats> {
        BTreeMap::new()
    }

    /// The state of the rules.
    fn rules_status(&self) -> RulesStatus;
}

impl BotService for Bot {
    fn handle_push(self: Arc<Self>, official_account: &str, opened: Opened) -> Answering {
        Bot::handle_push(&self, official_account, opened)
    }

    fn login(
        self: Arc<Self>,
        request: LoginRequest,
    ) -> BoxFuture<'static, Result<LoginAnswer, BotError>> {
        async move { Bot::login(&self, request).await }.boxed()
    }

    fn attempt(
        self: Arc<Self>,
        request: AttemptRequest,
        remember: Option<Remember<AttemptAnswer>>,
    ) -> BoxFuture<'static, Result<AttemptAnswer, BotError>> {
        async move { Bot::attempt(&self, request, remember).await }.boxed()
    }

    fn report(
        self: Arc<Self>,
        report: LoginReport,
        remember: Option<Remember<ReportAnswer>>,
    ) -> BoxFuture<'static, Result<ReportAnswer, BotError>> {
        async move { Bot::report(&self, report, remember).await }.boxed()
    }

    fn reload(self: Arc<Self>) -> BoxFuture<'static, Result<RulesStatus, ReloadError>> {
        async move { Bot::reload(&self).await }.boxed()
    }

    fn calls(&self) -> BTreeMap<String, CallStats> {
        Bot::calls(self).stats()
    }

    fn vitals(&self) -> BotVitals {
        Bot::vitals(self)
    }

    fn rules_status(&self) -> RulesStatus {
        self.generations().status()
    }
}
