//! `/v1/machines` and `/v1/captchas`: machine identifiers, and captchas for systems that ask on their own.
//!
//! A captcha is bound to account, address and machine, and used up by the first answer. Images are drawn
//! on a blocking thread, a few at a time.

use std::net::IpAddr;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Answer, Call};
use super::login::{MAX_ACCOUNT_CHARS, bounded};
use super::problem::{Problem, ProblemKind};
use super::scope::Scope;
use super::state::State;
use crate::bot::api::{CaptchaView, Secret};
use crate::env::rfc3339;
use crate::guard::captcha::{self, BoundTo, CaptchaAnswered, CaptchaIssued};
use crate::guard::machines::{self, MachineIssued};

/// Characters of a machine token and of a captcha's identifier.
pub(crate) const MAX_TOKEN_CHARS: usize = 512;
/// Seconds after which an address that reached its hourly share should ask again.
const RETRY_AFTER: u64 = 600;

/// For whom a machine identifier is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MachineBody {
    /// The person's address; issuing is limited per address.
    #[schema(value_type = String)]
    ip: IpAddr,
}

/// A machine identifier.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MachineAnswer {
    /// The signed identifier, for a cookie or the client's storage. Not legal until a solved captcha or a
    /// successful login proves it.
    machine: String,
    /// The name by which rules, sessions and alerts know it.
    id: String,
}

/// `POST /v1/machines`
#[utoipa::path(
    post, path = "/v1/machines", tag = "guard", operation_id = "issueMachine",
    description = "Issues a signed machine identifier. The answer holds a secret: Idempotency-Key is ignored.",
    request_body = MachineBody,
    responses((status = 201, body = MachineAnswer), super::openapi::LimitedProblems),
    security(("key" = [])),
)]
pub(crate) async fn machine(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let mut call =
        Call::begin_with(&state, &request, payload, &[Scope::Machines, Scope::Login]).await?;
    let body: MachineBody = call.json().await?;
    let shared = state.clone();
    call.command("issue_machine", move |tx| {
        match machines::issue(tx, &shared.keys, &shared.guard_limits, body.ip)? {
            MachineIssued::Issued { token, id } => Ok(Answer::json(
                201,
                &MachineAnswer {
                    machine: token.reveal().to_owned(),
                    id,
                },
            )),
            MachineIssued::TooMany => Err(too_many()),
        }
    })
    .await
}

/// Whom a captcha is for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaptchaFor {
    /// The account's identifier as typed; it need not exist.
    account: String,
    /// The person's address.
    #[schema(value_type = String)]
    ip: IpAddr,
    /// The machine identifier.
    #[serde(default)]
    machine: Option<String>,
}

impl CaptchaFor {
    fn check(&self) -> Result<(), Problem> {
        bounded("account", &self.account, MAX_ACCOUNT_CHARS)?;
        match &self.machine {
            Some(machine) => bounded("machine", machine, MAX_TOKEN_CHARS),
            None => Ok(()),
        }
    }

    /// The identifier behind the token: a captcha is bound to the machine, not to a token's spelling.
    fn machine(&self, state: &State) -> machines::Identified {
        let foreign = state.foreign_machines.as_ref();
        machines::identify(&state.keys, foreign, self.machine.as_deref())
    }
}

fn machine_id(machine: &machines::Identified) -> Option<&str> {
    match machine {
        machines::Identified::Own(id) | machines::Identified::Foreign(id) => Some(id),
        machines::Identified::Illegal(id) => id.as_deref(),
        machines::Identified::Missing => None,
    }
}

/// `POST /v1/captchas`
#[utoipa::path(
    post, path = "/v1/captchas", tag = "guard", operation_id = "issueCaptcha",
    description = "Draws a captcha bound to account, address and machine. The answer belongs to one person: Idempotency-Key is ignored.",
    request_body = CaptchaFor,
    responses((status = 201, body = CaptchaView), super::openapi::LimitedProblems),
    security(("key" = [])),
)]
pub(crate) async fn issue(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Login).await?;
    let body: CaptchaFor = call.json().await?;
    body.check()?;
    let drawn = state.drawer.draw(&state.env).await;
    let drawn = drawn.ok_or_else(|| Problem::new(ProblemKind::Internal))?;
    let shared = state.clone();
    call.command("issue_captcha", move |tx| {
        let machine = body.machine(&shared);
        let bound = BoundTo {
            account: &body.account,
            ip: body.ip,
            machine: machine_id(&machine),
        };
        match captcha::issue(tx, &shared.keys, &shared.guard_limits, &drawn, bound)? {
            CaptchaIssued::Issued { id, expires_at } => Ok(Answer::json(
                201,
                &CaptchaView {
                    id,
                    image: format!("data:image/png;base64,{}", STANDARD.encode(drawn.png())),
                    expires_at: rfc3339(expires_at),
                },
            )),
            CaptchaIssued::TooMany => Err(too_many()),
        }
    })
    .await
}

/// An answer to a captcha.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerBody {
    /// What the person read.
    #[schema(value_type = String)]
    answer: Secret,
    /// The account it was issued for.
    account: String,
    /// The person's address.
    #[schema(value_type = String)]
    ip: IpAddr,
    /// The machine identifier it was issued for; proven when the answer is right.
    #[serde(default)]
    machine: Option<String>,
}

/// What an answer is worth.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerView {
    /// Whether it was right, in time, and from the account, address and machine the captcha was for.
    solved: bool,
}

/// `POST /v1/captchas/{id}/answer`
#[utoipa::path(
    post, path = "/v1/captchas/{id}/answer", tag = "guard", operation_id = "answerCaptcha",
    description = "Takes an answer; the captcha is used up, right or wrong. A right one proves an issued machine identifier. 404 when there is no such captcha any more. Idempotency-Key is ignored.",
    params(("id" = String, Path)),
    request_body = AnswerBody,
    responses((status = 200, body = AnswerView), super::openapi::ChangeProblems),
    security(("key" = [])),
)]
pub(crate) async fn answer(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Login).await?;
    let body: AnswerBody = call.json().await?;
    let whose = CaptchaFor {
        account: body.account,
        ip: body.ip,
        machine: body.machine,
    };
    whose.check()?;
    let id = id.into_inner();
    bounded("id", &id, MAX_TOKEN_CHARS)?;
    let shared = state.clone();
    call.command("answer_captcha", move |tx| {
        let machine = whose.machine(&shared);
        let bound = BoundTo {
            account: &whose.account,
            ip: whose.ip,
            machine: machine_id(&machine),
        };
        let worth = captcha::answer(tx, &shared.keys, &id, body.answer.expose(), bound)?;
        let solved = match worth {
            CaptchaAnswered::Solved => {
                machines::prove(tx, &machine)?;
                true
            }
            CaptchaAnswered::Wrong => false,
            // An expired one may have been deleted just now: 200 keeps the deletion, 404 would undo it.
            CaptchaAnswered::Gone if tx.has_writes() => false,
            CaptchaAnswered::Gone => return Err(Problem::not_found("captcha")),
        };
        Ok(Answer::ok(&AnswerView { solved }))
    })
    .await
}

/// An address had its hourly share of machine identifiers or captchas.
pub(crate) fn too_many() -> Problem {
    Problem::new(ProblemKind::TooMany)
        .detail("this address has had its share for the hour")
        .retry_after(RETRY_AFTER)
}
