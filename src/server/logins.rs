//! `POST /v1/logins`: logins that happened elsewhere, one as JSON or many as NDJSON.
//!
//! A report with an `id` is idempotent by itself: the same again gives the same decision, another body
//! under the same id is 409. Lines about one account are worked on in their order, different accounts
//! side by side; the answers come back in the order of the lines.

use std::collections::BTreeMap;
use std::net::IpAddr;

use actix_web::http::header;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt as _;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::call::{Answer, Call, MAX_BULK_BYTES, parse};
use super::idempotency;
use super::login::{PlaceBody, bounded, origin};
use super::problem::{Problem, ProblemBody, ProblemKind};
use super::scope::Scope;
use super::state::State;
use crate::bot::api::{DecisionView, LoginReport, ReportAnswer};
use crate::env::parse_rfc3339;
use crate::store;

/// Lines of a bulk report.
pub const MAX_LINES: usize = 10_000;
/// Accounts of a bulk report worked on at once: enough to fill the writer's batches.
const ACCOUNTS_AT_ONCE: usize = 32;
/// Characters of identifiers and reasons.
const MAX_TEXT_CHARS: usize = 256;

const NDJSON: &str = "application/x-ndjson";

/// How to take reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Judged; alerts are raised.
    #[default]
    Live,
    /// Recorded as history; nothing is raised.
    Backfill,
}

/// The query of a report.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportQuery {
    /// `backfill` records past logins without raising anything.
    #[serde(default)]
    #[param(inline)]
    mode: Mode,
}

/// A login that happened elsewhere.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportBody {
    /// The caller's own identifier of this login; makes the report idempotent.
    #[serde(default)]
    id: Option<String>,
    /// The account's identifier as typed.
    account: String,
    /// The machine identifier.
    #[serde(default)]
    machine: Option<String>,
    /// The person's address.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    ip: Option<IpAddr>,
    /// Where the address is; looked up when missing.
    #[serde(default)]
    place: Option<PlaceBody>,
    /// The person's user agent.
    #[serde(default)]
    user_agent: Option<String>,
    /// When, RFC 3339 with offset; now when missing.
    #[serde(default)]
    time: Option<String>,
    /// Whether the login succeeded.
    success: bool,
    /// Why not.
    #[serde(default)]
    reason: Option<String>,
    /// The caller's session, so that it can be ended.
    #[serde(default)]
    session: Option<String>,
    /// web, app, …
    #[serde(default)]
    channel: Option<String>,
}

/// One line of the answer to a bulk report.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportLine {
    /// The line of the report, from 1.
    line: usize,
    /// What was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionView>,
    /// Why it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

/// `POST /v1/logins`
#[utoipa::path(
    post, path = "/v1/logins", tag = "logins", operation_id = "reportLogins",
    description = "Reports a login made elsewhere (JSON), or up to 10,000 (NDJSON, 4 MiB; one answer line per line). More than 5 minutes ahead is 422; older than ten minutes on arrival is judged and recorded and moves no rule, nor does anything with mode=backfill. In bulk Idempotency-Key is ignored: give each line an id.",
    params(ReportQuery, ("Idempotency-Key" = Option<String>, Header)),
    request_body(content((ReportBody = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, content((DecisionView = "application/json"), (ReportLine = "application/x-ndjson"))),
        super::openapi::ReportProblems,
    ),
    security(("key" = [])),
)]
pub(crate) async fn report(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Reports).await?;
    let query: ReportQuery = call.query()?;
    let backfill = query.mode == Mode::Backfill;
    if call.is_type(NDJSON) {
        let body = call.bytes(MAX_BULK_BYTES).await?;
        return bulk(&state, body, backfill).await;
    }
    let body: ReportBody = call.json().await?;
    let report = body.checked(backfill)?;
    let Some(claim) = call.claim().await? else {
        return Ok(Answer::ok(&one(&state, report).await?).respond());
    };
    let running = state.running.begin(&claim, &state.metrics)?;
    let asked = claim.clone();
    let kept = store::read(&*state.store, "report_kept", move |tx| {
        idempotency::kept(tx, &asked)
    })
    .await?;
    if let Some(answer) = kept {
        return Ok(idempotency::respond(answer, true));
    }
    let bot = state.bot.clone();
    let work = state.tasks.spawn(async move {
        // Held until the work is done, even when the caller hangs up.
        let _running = running;
        let remember: super::bot::Remember<ReportAnswer> = Box::new(move |tx, answer| {
            let answer = match decision(answer.clone()) {
                Ok(decision) => Answer::ok(&decision),
                Err(problem) => Answer::json(problem.kind().status(), &problem.body()),
            };
            idempotency::keep(tx, &claim, &answer)
        });
        bot.report(report, Some(remember)).await
    });
    let answer = work
        .await
        .map_err(|_| Problem::new(ProblemKind::Internal))??;
    Ok(Answer::ok(&decision(answer)?).respond())
}

async fn one(state: &State, report: LoginReport) -> Result<DecisionView, Problem> {
    let work = state.tasks.spawn(state.bot.clone().report(report, None));
    decision(
        work.await
            .map_err(|_| Problem::new(ProblemKind::Internal))??,
    )
}

fn decision(answer: ReportAnswer) -> Result<DecisionView, Problem> {
    match answer {
        ReportAnswer::Recorded(decision) => Ok(decision),
        ReportAnswer::Conflict => Err(Problem::conflict(
            "this id was reported before with another content",
        )),
        ReportAnswer::TooFarAhead => Err(Problem::invalid(
            "time",
            "more than five minutes in the future",
        )),
    }
}

async fn bulk(state: &Data<State>, body: Bytes, backfill: bool) -> Result<HttpResponse, Problem> {
    let mut accounts: BTreeMap<String, Vec<(usize, LoginReport)>> = BTreeMap::new();
    let mut answers: Vec<ReportLine> = Vec::new();
    for (index, line) in body.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        if index >= MAX_LINES {
            return Err(Problem::new(ProblemKind::TooLarge)
                .detail(format!("at most {MAX_LINES} lines; nothing was recorded")));
        }
        let number = index + 1;
        match parse::<ReportBody>(line).and_then(|report| report.checked(backfill)) {
            Ok(report) => accounts
                .entry(report.origin.account.clone())
                .or_default()
                .push((number, report)),
            Err(problem) => answers.push(ReportLine::refused(number, &problem)),
        }
    }
    let worked: Vec<Vec<ReportLine>> = stream::iter(accounts.into_values())
        .map(|reports| account_lines(state, reports))
        .buffer_unordered(ACCOUNTS_AT_ONCE)
        .collect()
        .await;
    answers.extend(worked.into_iter().flatten());
    answers.sort_by_key(|answer| answer.line);
    let mut text = String::new();
    for answer in &answers {
        text.push_str(&serde_json::to_string(answer).unwrap_or_default());
        text.push('\n');
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, NDJSON))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text))
}

async fn account_lines(state: &State, reports: Vec<(usize, LoginReport)>) -> Vec<ReportLine> {
    let mut lines = Vec::with_capacity(reports.len());
    for (line, report) in reports {
        lines.push(match one(state, report).await {
            Ok(decision) => ReportLine {
                line,
                decision: Some(decision),
                problem: None,
            },
            Err(problem) => ReportLine::refused(line, &problem),
        });
    }
    lines
}

impl ReportLine {
    fn refused(line: usize, problem: &Problem) -> Self {
        Self {
            line,
            decision: None,
            problem: Some(problem.body()),
        }
    }
}

impl ReportBody {
    fn checked(self, backfill: bool) -> Result<LoginReport, Problem> {
        for (field, text) in [
            ("id", &self.id),
            ("reason", &self.reason),
            ("session", &self.session),
        ] {
            if let Some(text) = text {
                bounded(field, text, MAX_TEXT_CHARS)?;
                if text.is_empty() {
                    return Err(Problem::invalid(field, "must not be empty"));
                }
            }
        }
        let time = match self.time {
            None => None,
            Some(text) => Some(parse_rfc3339(&text).ok_or_else(|| {
                Problem::invalid(
                    "time",
                    "expected RFC 3339 with an offset, such as 2026-01-31T08:00:00+08:00",
                )
            })?),
        };
        Ok(LoginReport {
            id: self.id,
            origin: origin(
                self.account,
                self.machine,
                self.ip,
                self.user_agent,
                self.place,
                self.channel,
            )?,
            time,
            success: self.success,
            reason: self.reason,
            session: self.session,
            backfill,
        })
    }
}
