//! Captchas in the way of a login: what they belong to, demanding one, taking the answer.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::flow::Begun;
use super::origin::Prepared;
use crate::bot::Bot;
use crate::bot::api::{BotError, CaptchaAnswer, CaptchaView, LoginAnswer};
use crate::bot::context::Context;
use crate::env::rfc3339;
use crate::guard::captcha::{self, BoundTo, CaptchaAnswered, CaptchaIssued, Drawn};
use crate::store::{StoreError, Tx, execute};

impl Bot {
    pub(super) async fn draw_captcha(&self) -> Result<Drawn, BotError> {
        let drawn = self.drawer.draw(&self.env).await;
        drawn.ok_or_else(|| BotError::Internal("no captcha could be drawn".to_owned()))
    }

    pub(super) async fn demand_captcha(
        &self,
        prepared: &Arc<Prepared>,
        begun: &Begun,
        decision: String,
    ) -> Result<LoginAnswer, BotError> {
        let drawn = self.draw_captcha().await?;
        let (prepared, context) = (prepared.clone(), self.event_context());
        let machine = begun.machine.clone();
        let captcha = execute(&*self.store, "captcha", move |tx| {
            keep_captcha(tx, &context, &prepared, machine.as_deref(), &drawn)
        })
        .await?;
        Ok(LoginAnswer::CaptchaRequired { captcha, decision })
    }
}

/// What a captcha belongs to: it is worth nothing elsewhere. Callers without an address share one.
fn bound_to<'a>(prepared: &'a Prepared, machine: Option<&'a str>) -> BoundTo<'a> {
    BoundTo {
        account: &prepared.origin.account,
        ip: prepared
            .origin
            .ip
            .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        machine,
    }
}

/// Takes an answer: whether it was right, in time and from where the captcha belongs.
pub(super) fn answered(
    tx: &mut Tx<'_>,
    context: &Context,
    prepared: &Prepared,
    machine: Option<&str>,
    given: &CaptchaAnswer,
) -> Result<bool, StoreError> {
    let bound = bound_to(prepared, machine);
    let typed = given.answer.expose();
    let worth = captcha::answer(tx, &context.keys, &given.id, typed, bound)?;
    Ok(worth == CaptchaAnswered::Solved)
}

/// Notes a drawn captcha as this attempt's and shows it.
pub(super) fn keep_captcha(
    tx: &mut Tx<'_>,
    context: &Context,
    prepared: &Prepared,
    machine: Option<&str>,
    drawn: &Drawn,
) -> Result<CaptchaView, BotError> {
    let bound = bound_to(prepared, machine);
    match captcha::issue(tx, &context.keys, &context.limits.guard, drawn, bound)? {
        CaptchaIssued::Issued { id, expires_at } => {
            context.captcha_drawn(&id, drawn.answer());
            Ok(CaptchaView {
                id,
                image: format!("data:image/png;base64,{}", STANDARD.encode(drawn.png())),
                expires_at: rfc3339(expires_at),
            })
        }
        CaptchaIssued::TooMany => Err(BotError::TooManyCaptchas),
    }
}
