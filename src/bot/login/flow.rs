//! `POST /v1/login` and `POST /v1/attempts`: captcha, rules, password, rules, session.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::decide::{self, Draft};
use super::facts::{Case, CaseFacts, Login};
use super::origin::Prepared;
use super::run::{Prompt, Wish};
use crate::accounts::{self, HashError, Password};
use crate::bot::api::{
    AttemptAnswer, AttemptRequest, BotError, CaptchaAnswer, CaptchaView, DecisionView, LoginAnswer,
    LoginGranted, LoginRequest, Remember, SessionView, Verdict,
};
use crate::bot::context::Context;
use crate::bot::time::rfc3339;
use crate::bot::{Bot, notices};
use crate::env::Millis;
use crate::guard::alerts::{self, CoolDownRule, NewAlert, Raised};
use crate::guard::captcha::{BoundTo, CaptchaAnswered, CaptchaIssued, Drawn};
use crate::guard::machines::Identified;
use crate::guard::sessions::{self, NewSession, Started};
use crate::guard::{
    LoginRef, Standing, captcha, decisions, history, locked_login, locks, machines, reports,
    standing,
};
use crate::lang::eval::{self, Judgement};
use crate::lang::program::EventName;
use crate::outbox::{self, NewEntry};
use crate::store::records::{
    Account, Alert, CustomMessage, NewEvent, OutboxPurpose, TemplateMessage,
};
use crate::store::{StoreError, Tx, execute};

/// What the first command found.
struct Begun {
    verdict: Verdict,
    identified: Identified,
    machine: Option<String>,
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
    Challenge,
}

impl Bot {
    /// A login with a password that Menshen keeps.
    pub async fn login(self: &Arc<Self>, request: LoginRequest) -> Result<LoginAnswer, BotError> {
        self.numbers.logins.add(1);
        let prepared = Arc::new(self.prepare(request.origin));
        let context = self.event_context();
        let begun = self.begin(&prepared, &context, request.captcha).await?;
        if begun.verdict == Verdict::Challenge {
            return self.demand_captcha(&prepared, &begun).await;
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
        let right = match verified {
            Ok(verified) => {
                if let (true, Some(rehash)) = (verified.right, verified.rehash) {
                    self.keep_hash(
                        &prepared.origin.account,
                        begun.version,
                        rehash.into_string(),
                    );
                }
                verified.right
            }
            Err(error) => return Err(error),
        };
        if begun.verdict == Verdict::Deny {
            return Ok(LoginAnswer::Refused);
        }
        match self.end_login(&prepared, &context, &begun, right).await? {
            Ended::Granted(granted) => Ok(LoginAnswer::Granted(granted)),
            Ended::Refused => Ok(LoginAnswer::Refused),
            Ended::Challenge => self.demand_captcha(&prepared, &begun).await,
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
            let begun = begin(tx, &context, &prepared, answer.as_ref())?;
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
            begin(tx, &context, &prepared, captcha.as_ref()).map_err(BotError::from)
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
                    record(
                        tx,
                        &context,
                        &prepared,
                        &case,
                        false,
                        Some("disabled"),
                        None,
                    )?;
                    Ok(Ended::Refused)
                }
                // The password was changed while the old one was checked: nobody's failure.
                Standing::PasswordChanged => Ok(Ended::Refused),
                _ => {
                    CaseFacts::new(tx, &context, &case).run_rules(&EventName::Failure, true)?;
                    let reason = if case.account.is_some() {
                        "wrong_password"
                    } else {
                        "unknown_account"
                    };
                    record(tx, &context, &prepared, &case, false, Some(reason), None)?;
                    Ok(Ended::Refused)
                }
            }
        })
        .await
    }

    async fn draw_captcha(&self) -> Result<Drawn, BotError> {
        let env = self.env.clone();
        let drawn = tokio::task::spawn_blocking(move || captcha::draw(&env)).await;
        drawn
            .ok()
            .flatten()
            .ok_or_else(|| BotError::Internal("no captcha could be drawn".to_owned()))
    }

    async fn demand_captcha(
        &self,
        prepared: &Arc<Prepared>,
        begun: &Begun,
    ) -> Result<LoginAnswer, BotError> {
        let drawn = self.draw_captcha().await?;
        let (prepared, context) = (prepared.clone(), self.event_context());
        let machine = begun.machine.clone();
        let view = execute(&*self.store, "captcha", move |tx| {
            keep_captcha(tx, &context, &prepared, machine.as_deref(), &drawn)
        })
        .await?;
        Ok(LoginAnswer::CaptchaRequired(view))
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

/// The first command: consumes the captcha, asks `on attempt` rules.
fn begin(
    tx: &mut Tx<'_>,
    context: &Context,
    prepared: &Prepared,
    answer: Option<&CaptchaAnswer>,
) -> Result<Begun, StoreError> {
    let now = tx.now();
    let origin = &prepared.origin;
    let account = accounts::get(tx, &origin.account)?;
    let identified = identify(context, origin.machine.as_deref());
    let mut check = machines::check(tx, &identified)?;
    let solved = match answer {
        None => false,
        Some(given) => {
            let bound = bound_to(prepared, check.id.as_deref());
            let typed = given.answer.expose();
            captcha::answer(tx, &context.keys, &given.id, typed, bound)? == CaptchaAnswered::Solved
        }
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
    let wish = CaseFacts::new(tx, context, &case).run_rules(&EventName::Attempt, true)?;
    let verdict = verdict(&wish, solved);
    let id = tx.id("dec");
    if verdict != Verdict::Allow {
        let zone = context.zone(None);
        let draft = Draft {
            id: id.clone(),
            kind: "attempt",
            case: &case,
            judgement: None,
            verdict,
            rules: &wish.rules,
            explanation: decide::acted(&wish.rules),
            generation: context.generation,
            hash: &context.rules.program.hash,
            zone: &zone,
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

/// Deny before challenge before allow; a solved captcha meets the challenge.
pub(super) fn verdict(wish: &Wish, solved: bool) -> Verdict {
    if wish.deny.is_some() {
        Verdict::Deny
    } else if wish.challenge && !solved {
        Verdict::Challenge
    } else {
        Verdict::Allow
    }
}

/// The right password, and nothing known against it yet: signals, rules, and all that follows.
fn grant(
    tx: &mut Tx<'_>,
    context: &Context,
    prepared: &Prepared,
    case: &mut Case,
    identified: &Identified,
) -> Result<Ended, BotError> {
    let decided = decide(tx, context, case, true)?;
    match decided.verdict {
        Verdict::Deny => {
            let decision = decided.id.clone();
            record(
                tx,
                context,
                prepared,
                case,
                false,
                Some("denied"),
                Some(&decision),
            )?;
            settle(tx, context, case, decided, None, "login")?;
            return Ok(Ended::Refused);
        }
        Verdict::Challenge => return Ok(Ended::Challenge),
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
        // A rule has just locked it.
        record(
            tx,
            context,
            prepared,
            case,
            false,
            Some("locked"),
            Some(&decided.id),
        )?;
        settle(tx, context, case, decided, None, "login")?;
        return Ok(Ended::Refused);
    };
    if let Some(login) = &mut case.login {
        login.session = Some(session.id.clone());
    }
    let decision = decided.id.clone();
    let login = record(tx, context, prepared, case, true, None, Some(&decision))?;
    machines::prove(tx, identified)?;
    let view = settle(tx, context, case, decided, Some(login), "login")?;
    tx.emit(
        NewEvent::new(
            "logged_in",
            json!({
                "session": session.id,
                "decision": view.id,
                "suspicion": view.suspicion,
                "alert": view.alert,
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

/// What signals and `on login` rules say.
pub(super) struct Decided {
    pub(super) id: String,
    pub(super) judgement: Judgement,
    pub(super) explanation: String,
    pub(super) wish: Wish,
    pub(super) verdict: Verdict,
}

/// Judges a login. `acts` is false for what was reported late or imported.
pub(super) fn decide(
    tx: &mut Tx<'_>,
    context: &Context,
    case: &Case,
    acts: bool,
) -> Result<Decided, StoreError> {
    let id = tx.id("dec");
    let program = context.rules.program.clone();
    let zone = zone_of(context, case);
    let mut facts = CaseFacts::new(tx, context, case);
    let (judgement, traces) = eval::judge_traced(&program, &mut facts);
    if let Some(error) = facts.error.take() {
        return Err(error);
    }
    let explanation = decide::explanation(&program, &judgement, &traces, &zone);
    facts.judgement = Some(judgement.clone());
    let wish = facts.run_rules(&EventName::Login, acts)?;
    let solved = case.login.as_ref().is_some_and(|login| login.captcha);
    Ok(Decided {
        id,
        verdict: verdict(&wish, solved),
        judgement,
        explanation,
        wish,
    })
}

/// Raises the alert, keeps the decision, and shows it.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    context: &Context,
    case: &Case,
    decided: Decided,
    login: Option<LoginRef>,
    kind: &str,
) -> Result<DecisionView, StoreError> {
    let zone = zone_of(context, case);
    let raised = match (&decided.wish.alert, &case.account, login) {
        (Some(prompt), Some(account), Some(login)) => {
            Some(raise(tx, context, case, &decided, prompt, account, login)?)
        }
        _ => None,
    };
    let alert = raised.as_ref().map(|raised| raised.alert().id.clone());
    let view = DecisionView {
        id: decided.id.clone(),
        verdict: decided.verdict,
        suspicion: decided.judgement.suspicion,
        signals: decide::views(&decided.judgement, &zone),
        alert: alert.clone(),
        rules: context.rules.program.hash.clone(),
    };
    let draft = Draft {
        id: decided.id,
        kind,
        case,
        judgement: Some(&decided.judgement),
        verdict: decided.verdict,
        rules: &decided.wish.rules,
        explanation: decided.explanation,
        generation: context.generation,
        hash: &context.rules.program.hash,
        zone: &zone,
    };
    decisions::record(tx, draft.record(alert))?;
    Ok(view)
}

fn raise(
    tx: &mut Tx<'_>,
    context: &Context,
    case: &Case,
    decided: &Decided,
    prompt: &Prompt,
    account: &Account,
    login: LoginRef,
) -> Result<Raised, StoreError> {
    let row = case.login.as_ref().map(|login| &login.row);
    let asked = first_binding(tx, context, &account.id)?;
    let raised = alerts::raise(
        tx,
        &context.limits.guard,
        NewAlert {
            account: account.id.clone(),
            asked: asked.clone(),
            login,
            decision: decided.id.clone(),
            machine: row.and_then(|row| row.machine.as_deref().map(str::to_owned)),
            legal: row.is_some_and(|row| row.legal),
            summary: summary(context, case),
            rule: prompt.rule.clone(),
            signals: decide::fired(&decided.judgement),
            suspicion: decided.judgement.suspicion,
            band: context.rules.program.band(decided.judgement.suspicion),
            life: prompt.expires,
            cool_down: (prompt.once_per > 0).then_some(CoolDownRule {
                pause: prompt.once_per,
                per_machine: prompt.per_machine,
            }),
        },
    )?;
    if let Raised::Raised(alert) = &raised {
        promise(tx, context, alert, prompt, asked)?;
    }
    Ok(raised)
}

fn promise(
    tx: &mut Tx<'_>,
    context: &Context,
    alert: &Alert,
    prompt: &Prompt,
    asked: Option<(String, String)>,
) -> Result<(), StoreError> {
    let (official_account, openid) = match asked {
        Some((official_account, openid)) => (official_account, Some(openid)),
        // Nobody is bound: it ends as undeliverable, and the rules for that hear of it.
        None => (
            context
                .official_accounts
                .first()
                .cloned()
                .unwrap_or_default(),
            None,
        ),
    };
    let template = prompt.template.as_ref().and_then(|template| {
        let key = (official_account.clone(), template.name.clone());
        Some(TemplateMessage {
            template_id: context.templates.get(&key)?.clone(),
            url: template.url.clone(),
            fields: template.fields.clone(),
        })
    });
    outbox::enqueue(
        tx,
        NewEntry {
            official_account,
            openid,
            account: Some(alert.account.clone()),
            alert: Some(alert.id.clone()),
            purpose: OutboxPurpose::Prompt,
            custom: Some(CustomMessage::Text(prompt.message.clone())),
            template,
            not_after: alert.open_until,
            dedupe: Some(format!("alert:{}", alert.id)),
        },
    )
    .map(drop)
}

/// The binding prompts go to: that of the first configured official account that has one.
pub(super) fn first_binding(
    tx: &mut Tx<'_>,
    context: &Context,
    account: &str,
) -> Result<Option<(String, String)>, StoreError> {
    for name in &context.official_accounts {
        if let Some(binding) = accounts::binding_of(tx, account, name)? {
            return Ok(Some((name.clone(), binding.openid)));
        }
    }
    Ok(None)
}

/// When and where, for the list the owner chooses from.
fn summary(context: &Context, case: &Case) -> String {
    let Some(login) = &case.login else {
        return String::new();
    };
    let zone = zone_of(context, case);
    let time = eval::display(&crate::lang::value::Value::Time(login.row.time), &zone);
    let place = login.row.place();
    let place = eval::display(&crate::lang::value::Value::Place(place.into()), &zone);
    format!("{time} {place}")
}

fn zone_of(context: &Context, case: &Case) -> jiff::tz::TimeZone {
    context.zone(
        case.account
            .as_ref()
            .and_then(|account| account.zone.as_deref()),
    )
}

/// A case with a login, before its outcome is known.
pub(super) fn case(
    tx: &mut Tx<'_>,
    context: &Context,
    prepared: &Prepared,
    account: Option<Account>,
    machine: Option<&str>,
    legal: bool,
    time: Millis,
) -> Result<Case, StoreError> {
    let id = account.as_ref().map(|account| account.id.clone());
    let (bound, locked) = match &id {
        Some(id) => (
            !accounts::bindings_of(tx, id)?.is_empty(),
            locks::lock_of(tx, id)?.is_some(),
        ),
        None => (false, false),
    };
    Ok(Case {
        bound,
        locked,
        login: Some(Login {
            row: prepared.row(context, account.as_ref(), machine, legal, time),
            agent: prepared.origin.user_agent.clone(),
            session: None,
            captcha: false,
            late: false,
            success: None,
        }),
        account,
        alert: None,
        reason: None,
    })
}

/// Writes the login into the history.
pub(super) fn record(
    tx: &mut Tx<'_>,
    context: &Context,
    prepared: &Prepared,
    case: &Case,
    success: bool,
    reason: Option<&str>,
    decision: Option<&str>,
) -> Result<LoginRef, StoreError> {
    let Some(login) = &case.login else {
        return Err(StoreError::Aborted);
    };
    let row = &login.row;
    let known = case.account.is_some();
    let keep = if known {
        let rules = context.rules.program.longest_window;
        context.limits.guard.keep.max(rules)
    } else {
        context.limits.guard.keep_unknown
    };
    let word = |word: Option<&'static str>| word.map(str::to_owned);
    let kept = crate::store::records::Login {
        account: row.account.to_string(),
        time: row.time,
        seq: history::arrive(tx)?,
        known,
        success,
        reason: reason.map(str::to_owned),
        machine: row.machine.as_deref().map(str::to_owned),
        legal: row.legal,
        ip: row.ip.map(|ip| ip.to_canonical().to_string()),
        place: prepared.place.clone(),
        browser: word(prepared.agent.browser),
        os: word(prepared.agent.os),
        device: word(prepared.agent.device),
        agent: login
            .agent
            .as_deref()
            .map(|text| reports::digest(text.as_bytes())),
        channel: row.channel.as_deref().map(str::to_owned),
        session: login.session.clone(),
        captcha: login.captcha,
        hour: row.hour,
        weekday: row.weekday,
        decision: decision.map(str::to_owned),
        alert: None,
        answered_lock: false,
        kept_until: row.time.saturating_add(keep),
    };
    history::record(tx, &kept)?;
    Ok(LoginRef {
        time: kept.time,
        seq: kept.seq,
    })
}

fn tell_owner(tx: &mut Tx<'_>, account: &str) -> Result<(), StoreError> {
    for binding in accounts::bindings_of(tx, account)? {
        notices::met_a_lock(tx, &binding.official_account, &binding.openid, account)?;
    }
    Ok(())
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

fn keep_captcha(
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
        CaptchaIssued::TooMany => Err(BotError::Overloaded),
    }
}

/// Reads a machine identifier by its signature.
pub(super) fn identify(context: &Context, token: Option<&str>) -> Identified {
    machines::identify(&context.keys, context.foreign.as_ref(), token)
}
