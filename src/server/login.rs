//! `POST /v1/login` and `POST /v1/attempts`: may this person in?
//!
//! Unknown account, wrong password and locked account are one answer, 401 `login-refused`, with the same
//! body. Passwords and captcha answers live in wiped types and stay out of logs and errors.

use std::net::IpAddr;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Answer, Call};
use super::idempotency;
use super::problem::{Problem, ProblemKind};
use super::scope::Scope;
use super::state::{PASSWORD_CHECKS, State};
use crate::bot::api::{
    AttemptAnswer, AttemptRequest, BotError, CaptchaAnswer, LoginAnswer, LoginGranted,
    LoginRequest, Origin, Secret,
};
use crate::lang::value::{MAX_LATITUDE, MAX_LONGITUDE, Place};
use crate::store;

/// Characters of an account's identifier as typed; longer ones cannot exist.
pub(crate) const MAX_ACCOUNT_CHARS: usize = 128;
/// Characters of a password: argon2 reads all of it.
pub(crate) const MAX_PASSWORD_CHARS: usize = 1_024;
/// Characters of a user agent that are kept.
const MAX_USER_AGENT_CHARS: usize = 1_024;
/// Characters of every other text of a login.
pub(crate) const MAX_TEXT_CHARS: usize = 512;

/// Where an address is, when the caller knows.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = Place)]
pub(crate) struct PlaceBody {
    /// ISO 3166-1 alpha-2 code or name.
    country: Option<String>,
    /// Province or state.
    region: Option<String>,
    /// City.
    city: Option<String>,
    /// Latitude in degrees, north positive.
    lat: Option<f64>,
    /// Longitude in degrees, east positive.
    lon: Option<f64>,
    /// Autonomous system number.
    asn: Option<u32>,
    /// Internet service provider.
    isp: Option<String>,
}

/// A solved captcha.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaptchaBody {
    /// From the `captcha-required` problem or the challenge.
    id: String,
    /// What the person read.
    #[schema(value_type = String)]
    answer: Secret,
}

/// A login with a password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginBody {
    /// The account's identifier as typed.
    account: String,
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: Secret,
    /// The machine identifier from `POST /v1/machines`.
    #[serde(default)]
    machine: Option<String>,
    /// The person's address, not the caller's.
    #[schema(value_type = String)]
    ip: IpAddr,
    /// The person's user agent.
    #[serde(default)]
    user_agent: Option<String>,
    /// Where the address is; looked up when missing.
    #[serde(default)]
    place: Option<PlaceBody>,
    /// A solved captcha.
    #[serde(default)]
    captcha: Option<CaptchaBody>,
    /// web, app, …
    #[serde(default)]
    channel: Option<String>,
}

/// A login whose password the caller checks itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttemptBody {
    /// The account's identifier as typed.
    account: String,
    /// The machine identifier from `POST /v1/machines`.
    #[serde(default)]
    machine: Option<String>,
    /// The person's address, not the caller's.
    #[schema(value_type = String)]
    ip: IpAddr,
    /// The person's user agent.
    #[serde(default)]
    user_agent: Option<String>,
    /// Where the address is; looked up when missing.
    #[serde(default)]
    place: Option<PlaceBody>,
    /// A solved captcha.
    #[serde(default)]
    captcha: Option<CaptchaBody>,
    /// web, app, …
    #[serde(default)]
    channel: Option<String>,
}

/// `POST /v1/login`
#[utoipa::path(
    post, path = "/v1/login", tag = "logins", operation_id = "login",
    description = "Checks a password and judges the login. The answer holds a secret: Idempotency-Key is ignored.",
    request_body = LoginBody,
    responses((status = 200, body = LoginGranted), super::openapi::LoginProblems),
    security(("key" = [])),
)]
pub(crate) async fn login(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Login).await?;
    let body: LoginBody = call.json().await?;
    if body.password.expose().chars().count() > MAX_PASSWORD_CHARS {
        return Err(Problem::invalid("password", "too long"));
    }
    let login = LoginRequest {
        origin: origin(
            body.account,
            body.machine,
            Some(body.ip),
            body.user_agent,
            body.place,
            body.channel,
        )?,
        password: body.password,
        captcha: body.captcha.map(Into::into),
    };
    // Spawned: a caller who hangs up does not cut off what has begun.
    let work = state.tasks.spawn(state.bot.clone().login(login));
    let answer = work
        .await
        .map_err(|_| Problem::new(ProblemKind::Internal))?;
    if matches!(answer, Err(BotError::Overloaded)) {
        state.metrics.limit(PASSWORD_CHECKS);
    }
    match answer? {
        LoginAnswer::Granted(granted) => Ok(Answer::ok(&granted).respond()),
        LoginAnswer::Refused => Err(Problem::new(ProblemKind::LoginRefused)),
        LoginAnswer::CaptchaRequired { captcha, decision } => {
            Err(Problem::new(ProblemKind::CaptchaRequired).captcha(captcha, decision))
        }
    }
}

/// `POST /v1/attempts`
#[utoipa::path(
    post, path = "/v1/attempts", tag = "logins", operation_id = "attempt",
    description = "Judges a login before the caller checks the password itself: allow, challenge (with a captcha) or deny. A locked or disabled account is deny: refuse it like a wrong password.",
    request_body = AttemptBody,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = AttemptAnswer), super::openapi::AttemptProblems),
    security(("key" = [])),
)]
pub(crate) async fn attempt(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Login).await?;
    let body: AttemptBody = call.json().await?;
    let attempt = AttemptRequest {
        origin: origin(
            body.account,
            body.machine,
            Some(body.ip),
            body.user_agent,
            body.place,
            body.channel,
        )?,
        captcha: body.captcha.map(Into::into),
    };
    let Some(claim) = call.claim().await? else {
        let work = state.tasks.spawn(state.bot.clone().attempt(attempt, None));
        let answer = work
            .await
            .map_err(|_| Problem::new(ProblemKind::Internal))??;
        return Ok(Answer::ok(&answer).respond());
    };
    let running = state.running.begin(&claim, &state.metrics)?;
    let asked = claim.clone();
    let kept = store::read(&*state.store, "attempt_kept", move |tx| {
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
        let remember: super::bot::Remember<AttemptAnswer> =
            Box::new(move |tx, answer| idempotency::keep(tx, &claim, &Answer::ok(answer)));
        bot.attempt(attempt, Some(remember)).await
    });
    let answer = work
        .await
        .map_err(|_| Problem::new(ProblemKind::Internal))??;
    Ok(Answer::ok(&answer).respond())
}

impl From<CaptchaBody> for CaptchaAnswer {
    fn from(body: CaptchaBody) -> Self {
        Self {
            id: body.id,
            answer: body.answer,
        }
    }
}

/// Checks the parts common to logins, attempts and reports.
pub(crate) fn origin(
    account: String,
    machine: Option<String>,
    ip: Option<IpAddr>,
    user_agent: Option<String>,
    place: Option<PlaceBody>,
    channel: Option<String>,
) -> Result<Origin, Problem> {
    bounded("account", &account, MAX_ACCOUNT_CHARS)?;
    if account.is_empty() {
        return Err(Problem::invalid("account", "must not be empty"));
    }
    for (field, text) in [("machine", &machine), ("channel", &channel)] {
        if let Some(text) = text {
            bounded(field, text, MAX_TEXT_CHARS)?;
        }
    }
    Ok(Origin {
        account,
        machine,
        // ::ffff:1.2.3.4 and 1.2.3.4 are one address.
        ip: ip.map(|ip| ip.to_canonical()),
        // A long user agent is no fault of the person who logs in.
        user_agent: user_agent.map(|text| text.chars().take(MAX_USER_AGENT_CHARS).collect()),
        place: place.map(PlaceBody::checked).transpose()?,
        channel,
    })
}

impl PlaceBody {
    fn checked(self) -> Result<Place, Problem> {
        for (field, text) in [
            ("place.country", &self.country),
            ("place.region", &self.region),
            ("place.city", &self.city),
            ("place.isp", &self.isp),
        ] {
            if let Some(text) = text {
                bounded(field, text, MAX_TEXT_CHARS)?;
            }
        }
        for (field, degrees, most) in [
            ("place.lat", self.lat, MAX_LATITUDE),
            ("place.lon", self.lon, MAX_LONGITUDE),
        ] {
            if degrees.is_some_and(|degrees| !degrees.is_finite() || degrees.abs() > most) {
                return Err(Problem::invalid(
                    field,
                    format!("degrees between -{most} and {most}"),
                ));
            }
        }
        Ok(Place {
            country: self.country,
            region: self.region,
            city: self.city,
            lat: self.lat,
            lon: self.lon,
            asn: self.asn,
            isp: self.isp,
        })
    }
}

/// Refuses texts longer than `most` characters or with control characters.
pub(crate) fn bounded(field: &str, text: &str, most: usize) -> Result<(), Problem> {
    if text.chars().count() > most {
        return Err(Problem::invalid(
            field,
            format!("at most {most} characters"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Problem::invalid(field, "must not have control characters"));
    }
    Ok(())
}
