//! `GET /v1/rules`, `POST /v1/rules/reload`: which rules run, and the order to load them anew.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::bot::ReloadError;
use super::call::{Answer, Call};
use super::problem::{Problem, ProblemKind};
use super::scope::Scope;
use super::state::State;
use crate::bot::api::RulesStatus;

/// Characters of a checker's findings that are passed on.
const MAX_FINDINGS_CHARS: usize = 16 * 1024;

/// `GET /v1/rules`
#[utoipa::path(
    get, path = "/v1/rules", tag = "rules", operation_id = "getRules",
    description = "Generation, hash and age of the running rules, and why newer ones were not loaded.",
    responses((status = 200, body = RulesStatus), super::openapi::ReadProblems),
    security(("key" = [])),
)]
pub(crate) async fn status(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Call::begin(&state, &request, payload, Scope::Rules).await?;
    Ok(Answer::ok(&state.bot.rules_status()).respond())
}

/// `POST /v1/rules/reload`
#[utoipa::path(
    post, path = "/v1/rules/reload", tag = "rules", operation_id = "reloadRules",
    description = "Loads the rule files anew: all of them or, when the check finds an error, none (422 `rules-rejected`, the old ones stay). Safe to repeat.",
    responses((status = 200, body = RulesStatus), super::openapi::ReloadProblems),
    security(("key" = [])),
)]
pub(crate) async fn reload(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Call::begin(&state, &request, payload, Scope::Rules).await?;
    let permit = state.reloads.clone().try_acquire_owned().map_err(|_| {
        state.metrics.limit("reloads");
        Problem::new(ProblemKind::Busy).detail("the rules are being loaded anew already")
    })?;
    let reload = state.bot.clone().reload();
    // Goes on when its caller hangs up, and holds its place until then.
    let work = state.tasks.spawn(async move {
        let done = reload.await;
        drop(permit);
        done
    });
    match work.await {
        Ok(Ok(status)) => Ok(Answer::ok(&status).respond()),
        Ok(Err(ReloadError::Rejected(findings))) => {
            let findings: String = findings.chars().take(MAX_FINDINGS_CHARS).collect();
            Err(Problem::new(ProblemKind::RulesRejected).detail(findings))
        }
        Ok(Err(ReloadError::Bot(error))) => Err(error.into()),
        Err(_) => Err(Problem::new(ProblemKind::Internal)),
    }
}
