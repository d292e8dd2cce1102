//! Logins of a story: with a password and perhaps a captcha, or reported by a system that
//! authenticates on its own.

use super::expect::LoginHappened;
use super::failure::Wrong;
use super::stage::{PASSWORD, Stage};
use crate::bot::api::{
    CaptchaAnswer, LoginAnswer, LoginReport, LoginRequest, Origin, ReportAnswer, Secret, Verdict,
};
use crate::env::Millis;
use crate::guard::machines::{self, Identified};
use crate::lang::program::{StoryLogin, StoryMachine};

/// Longest name of a machine in a story: with its signature it is a token, which has a bound.
const MAX_MACHINE_BYTES: usize = 200;

impl Stage {
    /// A login, by password or as a report.
    pub(super) async fn login(&mut self, account: &str, login: &StoryLogin) -> Result<(), Wrong> {
        let (place, ip) = match &login.city {
            Some(city) => match self.places.get(city) {
                Some((place, ip)) => (Some(place.clone()), Some(*ip)),
                None => return Err(Wrong::internal(format!("there is no place {city}"))),
            },
            None => (None, None),
        };
        let ip = match &login.ip {
            Some(text) => Some(text.parse().map_err(Wrong::internal)?),
            None => ip,
        };
        let password = if login.wrong_password {
            "wrong".to_owned()
        } else {
            self.passwords
                .get(account)
                .cloned()
                .unwrap_or_else(|| PASSWORD.to_owned())
        };
        let machine = match &login.machine {
            StoryMachine::None => None,
            StoryMachine::Illegal => Some("forged".to_owned()),
            StoryMachine::Named(name) => Some(self.machine(name).await?),
        };
        let origin = Origin {
            account: account.to_owned(),
            machine,
            ip,
            user_agent: login.agent.clone(),
            place,
            channel: None,
        };
        // What an earlier login said is not this one's.
        self.world.take_judged();
        if let Some(ago) = login.reported {
            return self.report(origin, login, ago).await;
        }
        let mut request = LoginRequest {
            origin,
            password: Secret::new(password.clone()),
            captcha: None,
        };
        let mut answer = self
            .bot
            .login(request.clone())
            .await
            .map_err(Wrong::internal)?;
        if let (LoginAnswer::CaptchaRequired { captcha, .. }, true) =
            (&answer, login.solving_captcha)
        {
            request.captcha = Some(CaptchaAnswer {
                id: captcha.id.clone(),
                answer: Secret::new(self.world.captcha(&captcha.id)),
            });
            answer = self.bot.login(request).await.map_err(Wrong::internal)?;
        }
        self.note_login(verdict_of(&answer));
        Ok(())
    }

    /// A login of a system that authenticates on its own.
    async fn report(
        &mut self,
        origin: Origin,
        login: &StoryLogin,
        ago: Millis,
    ) -> Result<(), Wrong> {
        let report = LoginReport {
            id: None,
            origin,
            time: Some(self.clock_now() - ago),
            success: !login.wrong_password,
            reason: login.reason.clone(),
            session: None,
            backfill: false,
        };
        let answer = self
            .bot
            .report(report, None)
            .await
            .map_err(Wrong::internal)?;
        match answer {
            ReportAnswer::Recorded(decision) => self.note_login(word(decision.verdict)),
            other => {
                return Err(Wrong::internal(format!(
                    "the login was not recorded: {other:?}"
                )));
            }
        }
        Ok(())
    }

    fn note_login(&mut self, verdict: &'static str) {
        self.happened.login = Some(LoginHappened {
            verdict,
            judged: self.world.take_judged(),
        });
    }

    /// A legal machine whose identifier is this name: signed once, and proven.
    async fn machine(&mut self, name: &str) -> Result<String, Wrong> {
        if let Some(token) = self.machines.get(name) {
            return Ok(token.clone());
        }
        if name.len() > MAX_MACHINE_BYTES {
            return Err(Wrong::MachineTooLong(MAX_MACHINE_BYTES));
        }
        // Rules see the name the story gives it: `login.machine == "pc-1"`, a list of machines.
        let id = name.to_owned();
        let shared = self.bot.shared().clone();
        let token = self
            .run("machine", move |tx| {
                let token = machines::sign(&shared.keys, &id).reveal().to_owned();
                machines::prove(tx, &Identified::Own(id.clone()))?;
                Ok(token)
            })
            .await?;
        self.machines.insert(name.to_owned(), token.clone());
        Ok(token)
    }
}

fn verdict_of(answer: &LoginAnswer) -> &'static str {
    match answer {
        LoginAnswer::Granted(granted) => word(granted.decision.verdict),
        LoginAnswer::Refused => "denied",
        LoginAnswer::CaptchaRequired { .. } => "challenged",
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allowed",
        Verdict::Challenge => "challenged",
        Verdict::Deny => "denied",
    }
}
