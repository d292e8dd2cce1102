//! What was decided about a login, told with the time and the clock it goes by.

use std::sync::Arc;

use crate::accounts;
use crate::backtest::report::Clock;
use crate::bot::Bot;
use crate::bot::api::{AttemptRequest, Origin};
use crate::cli::failure::Failure;
use crate::guard::decisions;
use crate::lang::diagnostics::Language;
use crate::store::records::Decision;
use crate::store::{self, SharedStore, StoreError};

/// Says what a decision was and why.
pub(super) struct Teller<'a> {
    pub(super) store: &'a SharedStore,
    pub(super) bot: &'a Arc<Bot>,
    pub(super) language: Language,
}

impl Teller<'_> {
    /// What the rules for the attempt say, before the password is looked at.
    pub(super) async fn before(&self, origin: Origin) -> Result<String, Failure> {
        let request = AttemptRequest {
            origin,
            captcha: None,
        };
        let answer = self.bot.attempt(request, None).await?;
        let (decision, clock) = self.decision(answer.decision).await?;
        let (zone, verdict) = (clock.name(), self.verdict(&decision.verdict));
        let what = format!("{} {}", decision.account, clock.moment(decision.time));
        Ok(lines(&[
            &match self.language {
                Language::Zh => format!("核对密码之前：{what}（时间都是 {zone} 的）  {verdict}"),
                Language::En => {
                    format!("before the password: {what} (all times are {zone})  {verdict}")
                }
            },
            &decision.explanation,
            "",
        ]))
    }

    /// What became of the login. `refused`: its password was wrong, with the reason if one was given.
    pub(super) async fn login(
        &self,
        id: String,
        refused: Option<Option<String>>,
    ) -> Result<String, Failure> {
        let (decision, clock) = self.decision(id).await?;
        let verdict = self.verdict(&decision.verdict);
        let became = match (&refused, self.language) {
            (None, _) => verdict.to_owned(),
            // What the rules say of it is no permission: nobody was let in.
            (Some(_), Language::Zh) if decision.verdict == ALLOWED => "没有成功".to_owned(),
            (Some(_), Language::Zh) => format!("没有成功，规则说：{verdict}"),
            (Some(_), Language::En) if decision.verdict == ALLOWED => "failed".to_owned(),
            (Some(_), Language::En) => format!("failed; the rules say: {verdict}"),
        };
        let reason = match (refused.flatten(), self.language) {
            (None, _) => String::new(),
            (Some(reason), Language::Zh) => format!("（原因：{reason}）"),
            (Some(reason), Language::En) => format!(" (reason: {reason})"),
        };
        let what = format!("{} {}", decision.account, clock.moment(decision.time));
        Ok(lines(&[
            &format!(
                "{}{what}  {became}{reason}",
                self.language.pick("登录：", "login: ")
            ),
            &decision.explanation,
        ]))
    }

    fn verdict<'v>(&self, verdict: &'v str) -> &'v str {
        match verdict {
            ALLOWED => self.language.pick("放行", "allowed"),
            "challenge" => self.language.pick("要图形验证码", "a captcha is asked for"),
            "deny" => self.language.pick("拒绝", "denied"),
            other => other,
        }
    }

    /// A decision, and the clock its explanation goes by.
    async fn decision(&self, id: String) -> Result<(Decision, Clock), Failure> {
        let (decision, zone) = store::read(&**self.store, "explain.decision", move |tx| {
            let Some(decision) = decisions::get(tx, &id)? else {
                return Ok(None);
            };
            let account = accounts::get(tx, &decision.account)?;
            Ok(Some((decision, account.and_then(|account| account.zone))))
        })
        .await
        .map_err(|error: StoreError| anyhow::Error::from(error))?
        .ok_or_else(|| Failure::failed("the decision was not kept"))?;
        let zone = self.bot.event_context().zone(zone.as_deref());
        Ok((decision, Clock::new(zone)))
    }
}

/// The verdict that lets a login pass.
const ALLOWED: &str = "allow";

/// Texts below each other, each ended by one line break.
fn lines(texts: &[&str]) -> String {
    let mut out = String::new();
    for text in texts {
        out.push_str(text);
        if !text.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}
