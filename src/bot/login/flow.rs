//! `POST /v1/login` and `POST /v1/attempts`: captcha, rules, password, rules, session.

use std::sync::Arc;

use serde_json::json;

use super::alarm::{decide, settle, verdict};
use super::challenge::{answered, keep_captcha};
use super::decide::{self, Draft, Explanation};
use super::entry::{case, identify, record};
use super::facts::{Case, CaseFacts};
use super::origin::Prepared;
use crate::accounts::{self, HashError, Password};
use crate::bot::api::{
    AttemptAnswer, AttemptRequest, BotError, CaptchaAnswer, LoginAnswer, LoginGranted,
    LoginRequest, Remember, SessionView, Verdict,
};
use crate::bot::context::Context;
use crate::bot::{Bot, notices};
use crate::env::rfc3339;
use crate::guard::machines::Identified;
use crate::guard::sessions::{self, NewSession, Started};
use crate::guard::{Standing, decisions, locked_login, machines, standing};
use crate::lang::program::EventName;
use crate::store::records::NewEvent;
use crate::store::{StoreError, Tx, execute};

/// What the first command found.
pub(super) struct Begun {
    verdict: Verdict,
    identified: Identified,
    pub(super) machine: Option<String>,
    legal: bool,
    solved: bool,
    decision: String,
    /// The password's hash and its version, for the check outside.
    password: Option<String>,
    version: Option<u64>,
}

/// What the second command did.
enum Ended {
    Granted(Box<LoginGranted>),
    Refused,
    /// By this decision.
    Challenge(String),
}

impl Bot {
    /// A login with a password that Menshen keeps.
    pub async fn login(self: &Arc<Self>, request: LoginRequest) -> Result<LoginAnswer, BotError> {
        self.numbers.logins.add(1);
        let prepared = Arc::new(Prepared {
            here: true,
            ..self.prepare(request.origin)
        });
        let context = self.event_context();
        let begun = self.begin(&prepared, &context, request.captcha).await?;
        if begun.verdict == Verdict::Challenge {
            let decision = begun.decision.clone();
            return self.demand_captcha(&prepared, &begun, decision).await;
        }
        // The check takes its time whatever the verdict: a refusal must not be told by the clock.
        let password = Password::new(request.password.expose());
        let verified = self
            .passwords
            .verify(begun.password.clone(), password)
            .await
            .map_err(|error| match error {
                HashError::Busy => BotError::Overloaded,
                other => BotError::Internal(other.to_string()),
            });
        let mut verified = verified?;
        if let (true, Some(rehash)) = (verified.right, verified.rehash.take()) {
            self.keep_hash(
                &prepared.origin.account,
                begun.version,
                rehash.into_string(),
            );
        }
        if begun.verdict == Verdict::Deny {
            self.passwords.refuse(&verified).await;
            return Ok(LoginAnswer::Refused);
        }
        match self
            .end_login(&prepared, &context, &begun, verified.right)
            .await?
        {
            Ended::Granted(granted) => Ok(LoginAnswer::Granted(granted)),
            Ended::Refused => {
                self.passwords.refuse(&verified).await;
                Ok(LoginAnswer::Refused)
            }
            Ended::Challenge(decision) => self.demand_captcha(&prepared, &begun, decision).await,
        }
    }

    /// An attempt of a system that checks passwords itself.
    pub async fn attempt(
        self: &Arc<Self>,
        request: AttemptRequest,
        mut remember: Option<Remember<AttemptAnswer>>,
    ) -> Result<AttemptAnswer, BotError> {
        let prepared = Arc::new(self.prepare(request.origin));
        let context = self.event_context();
        // Drawn before it is known whether it is needed: the answer must be in the same commit as
        // the idempotency record, and drawing costs a millisecond.
        let drawn = self.draw_captcha().await?;
        let answer = request.captcha;
        execute(&*self.store, "attempt", move |tx| {
            let begun = begin(tx, &context, &prepared, answer.as_ref(), Caller::Elsewhere)?;
            let captcha = match begun.verdict {
                Verdict::Challenge => Some(keep_captcha(
                    tx,
                    &context,
                    &prepared,
                    begun.machine.as_deref(),
                    &drawn,
                )?),
                _ => None,
            };
            let answer = AttemptAnswer {
                verdict: begun.verdict,
                captcha,
                decision: begun.decision,
            };
            if let Some(remember) = &mut remember {
                remember(tx, &answer)?;
            }
            Ok::<_, BotError>(answer)
        })
        .await
    }

    async fn begin(
        &self,
        prepared: &Arc<Prepared>,
        context: &Context,
        captcha: Option<CaptchaAnswer>,
    ) -> Result<Begun, BotError> {
        let (prepared, context) = (prepared.clone(), context.clone());
        execute(&*self.store, "attempt", move |tx| {
            begin(tx, &context, &prepared, captcha.as_ref(), Caller::Here).map_err(BotError::from)
        })
        .await
    }

    async fn end_login(
        &self,
        prepared: &Arc<Prepared>,
        context: &Context,
        begun: &Begun,
        right: bool,
    ) -> Result<Ended, BotError> {
        let (prepared, context) = (prepared.clone(), context.clone());
        let identified = begun.identified.clone();
        let (machine, legal, solved, version) = (
            begun.machine.clone(),
            begun.legal,
            begun.solved,
            begun.version,
        );
        execute(&*self.store, "login", move |tx| {
            let now = tx.now();
            let stands = standing(tx, &prepared.origin.account, version)?;
            let account = match &stands {
                Standing::Open(account) | Standing::Locked(account) => Some((**account).clone()),
                _ => accounts::get(tx, &prepared.origin.account)?,
            };
            let mut case = case(
                tx,
                &context,
                &prepared,
                account,
                machine.as_deref(),
                legal,
                now,
            )?;
            if let Some(login) = &mut case.login {
                login.captcha = solved;
                login.success = Some(right);
            }
            match stands {
                Standing::Open(_) if right => {
                    grant(tx, &context, &prepared, &mut case, &identified)
                }
                Standing::Locked(account) if right => {
                    record(tx, &context, &prepared, &case, false, Some("locked"), None)?;
                    if locked_login(tx, &context.limits.guard, &account.id)? {
                        tell_owner(tx, &account.id)?;
                    }
                    Ok(Ended::Refused)
                }
                Standing::Disabled if right => {
                    let reason = Some("disabled");
                    record(tx, &context, &prepared, &case, false, reason, None)?;
                    Ok(Ended::Refused)
                }
                // The password was changed while the old one was checked: nobody's failure.
                Standing::PasswordChanged => Ok(Ended::Refused),
                _ => {
                    let reason = if case.account.is_some() {
                        "wrong_password"
                    } else {
                        "unknown_account"
                    };
                    if let Some(login) = &mut case.login {
                        login.row.reason = Some(reason.into());
                    }
                    CaseFacts::new(tx, &context, &case).run_rules(&EventName::Failure, true)?;
                    record(tx, &context, &prepared, &case, false, Some(reason), None)?;
                    Ok(Ended::Refused)
                }
            }
        })
        .await
    }

    /// Replaces an imported or outdated hash after its password was right. Not waited for.
    fn keep_hash(&self, account: &str, version: Option<u64>, hash: String) {
        let (store, account) = (self.store.clone(), account.to_owned());
        self.tasks.spawn(async move {
            let _ = execute(&*store, "rehash", move |tx| {
                if let Some(mut owner) = accounts::get(tx, &account)?
                    && version == Some(owner.password_version)
                {
                    owner.password = Some(hash.clone());
                    tx.put(&owner)?;
                }
                Ok::<_, StoreError>(())
            })
            .await;
        });
    }
}

/// Where the password is checked after the attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// Here: the second command looks at locks, and its decision is the one that is told.
    Here,
    /// By the information system: what it must know, this answer must say.
    Elsewhere,
}

/// The first command: consumes the captcha, asks `on attempt` rules.
fn begin(
    tx: &mut Tx<'_>,
    context: &Context,
    prepared: &Prepared,
    answer: Option<&CaptchaAnswer>,
    caller: Caller,
) -> Result<Begun, StoreError> {
    let now = tx.now();
    let origin = &prepared.origin;
    let account = accounts::get(tx, &origin.account)?;
    let identified = identify(context, origin.machine.as_deref());
    let mut check = machines::check(tx, &identified)?;
    let solved = match answer {
        None => false,
        Some(given) => answered(tx, context, prepared, check.id.as_deref(), given)?,
    };
    if solved {
        machines::prove(tx, &identified)?;
        check = machines::check(tx, &identified)?;
    }
    let (machine, legal) = (check.id.clone(), check.legal());
    let mut case = case(
        tx,
        context,
        prepared,
        account,
        machine.as_deref(),
        legal,
        now,
    )?;
    if let Some(login) = &mut case.login {
        login.captcha = solved;
    }
    let mut facts = CaseFacts::new(tx, context, &case);
    let wish = facts.run_rules(&EventName::Attempt, true)?;
    let verdict = match caller {
        Caller::Elsewhere if case.is_closed() => Verdict::Deny,
        _ => verdict(&wish, solved),
    };
    // Attempts that pass here are not kept, so nobody will ask why.
    let kept = verdict != Verdict::Allow || caller == Caller::Elsewhere;
    let explanation = match kept {
        true => decide::acted(
            &wish.rules,
            &facts.why(&EventName::Attempt)?,
            context.language,
        ),
        false => String::new(),
    };
    let id = tx.id("dec");
    if kept {
        let draft = Draft {
            id: id.clone(),
            kind: "attempt",
            login: case.login.clone(),
            judgement: None,
            verdict,
            rules: wish.rules,
            explanation: Explanation::Told(explanation),
            generation: context.generation,
            program: context.rules.program.clone(),
            zone: context.zone(None),
        };
        decisions::record(tx, draft.record(None))?;
    }
    Ok(Begun {
        verdict,
        identified,
        machine,
        legal,
        solved,
        decision: id,
        version: case
            .account
            .as_ref()
            .map(|account| account.password_version),
        password: case.account.and_then(|account| account.password),
    })
}

/// The right password, and nothing known against it yet: signals, rules, and all that follows.
fn grant(
    tx: &mut Tx<'_>,
    context: &Context,
    prepared: &Prepared,
    case: &mut Case,
    identified: &Identified,
) -> Result<Ended, BotError> {
    let before = tx.savepoint();
    let decided = decide(tx, context, case, true)?;
    match decided.verdict {
        Verdict::Deny => {
            let decision = decided.id.clone();
            let reason = match decided.wish.deny {
                Some(_) => Some("denied"),
                // A rule has just locked it.
                None => Some("locked"),
            };
            record(tx, context, prepared, case, false, reason, Some(&decision))?;
            settle(tx, context, case, decided, None, "login")?;
            return Ok(Ended::Refused);
        }
        Verdict::Challenge => {
            // Why a captcha was asked for, and that one was: whoever does not solve it leaves nothing else.
            let decision = decided.id.clone();
            settle(tx, context, case, decided, None, "attempt")?;
            return Ok(Ended::Challenge(decision));
        }
        Verdict::Allow => {}
    }
    let Some(account) = case.account.clone() else {
        return Ok(Ended::Refused);
    };
    let ip = prepared.origin.ip.map(|ip| ip.to_string());
    let machine = case
        .login
        .as_ref()
        .and_then(|login| login.row.machine.as_deref().map(str::to_owned));
    let new = NewSession {
        account: &account.id,
        machine: machine.as_deref(),
        ip: ip.as_deref(),
        channel: prepared.origin.channel.as_deref(),
    };
    let Started::Started { token, session } = sessions::start(tx, &context.limits.guard, new)?
    else {
        // It was open, and what rules lock is refused above.
        return Err(StoreError::Aborted.into());
    };
    let solved = case.login.as_ref().is_some_and(|login| login.captcha);
    if let Some(login) = &mut case.login {
        login.session = Some(session.id.clone());
    }
    let decision = decided.id.clone();
    let login = record(tx, context, prepared, case, true, None, Some(&decision))?;
    machines::prove(tx, identified)?;
    let alerts = decided.wish.alert.is_some();
    let said = alerts.then(|| (decided.judgement.clone(), decided.wish.rules.clone()));
    let settled = settle(tx, context, case, decided, Some(login), "login")?;
    if settled.capped && !solved {
        // The owner had the day's prompts and will not be asked: whoever logs in must work for it.
        tx.rollback_to(before);
        if let Some(login) = &mut case.login {
            login.session = None;
        }
        let id = tx.id("dec");
        let decision = id.clone();
        if let Some((judgement, rules)) = said {
            let why = context.language.pick(
                "今天的提醒已经到了上限，改为图形验证",
                "the owner had the day's prompts: a captcha instead",
            );
            let draft = Draft {
                id,
                kind: "attempt",
                login: case.login.clone(),
                judgement: Some(judgement),
                verdict: Verdict::Challenge,
                explanation: Explanation::Told(decide::acted(&rules, why, context.language)),
                rules,
                generation: context.generation,
                program: context.rules.program.clone(),
                zone: context.zone(None),
            };
            decisions::record(tx, draft.record(None))?;
        }
        return Ok(Ended::Challenge(decision));
    }
    let view = settled.view;
    tx.emit(
        NewEvent::new(
            "logged_in",
            json!({
                "session": session.id,
                "machine": session.machine,
                "decision": view.id,
                "suspicion": view.suspicion,
                "alert": view.alert,
                "reported": false,
            }),
        )
        .account(&account.id),
    )?;
    Ok(Ended::Granted(Box::new(LoginGranted {
        token: token.reveal().to_owned(),
        session: SessionView {
            id: session.id.clone(),
            account: account.id.clone(),
            machine: session.machine.clone(),
            since: rfc3339(session.started),
            expires_at: rfc3339(session.expires_at),
        },
        decision: view,
        password_change_required: account.password_change_required,
    })))
}

pub(super) fn tell_owner(tx: &mut Tx<'_>, account: &str) -> Result<(), StoreError> {
    for binding in accounts::bindings_of(tx, account)? {
        notices::met_a_lock(tx, &binding.official_account, &binding.openid, account)?;
    }
    Ok(())
}
