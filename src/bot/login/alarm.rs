//! What a judged login sets off: the alert, its prompt, the decision that explains it.

use super::decide::{self, Draft, Explanation};
use super::facts::{Case, CaseFacts};
use super::run::{Prompt, Wish};
use crate::accounts;
use crate::bot::api::{DecisionView, Verdict};
use crate::bot::context::Context;
use crate::guard::alerts::{self, CoolDownRule, NewAlert, Raised};
use crate::guard::{LoginRef, decisions, history};
use crate::lang::eval::{self, Judgement};
use crate::lang::program::EventName;
use crate::outbox::{self, NewEntry};
use crate::store::records::{Account, Alert, CustomMessage, OutboxPurpose, TemplateMessage};
use crate::store::{StoreError, Tx};

/// Deny before challenge before allow; a solved captcha meets the challenge. Whom a rule locks out is refused, and is not
/// asked to solve anything before.
pub(super) fn verdict(wish: &Wish, solved: bool) -> Verdict {
    if wish.deny.is_some() || wish.locks {
        Verdict::Deny
    } else if wish.challenge && !solved {
        Verdict::Challenge
    } else {
        Verdict::Allow
    }
}

/// What signals and `on login` rules say.
pub(super) struct Decided {
    pub(super) id: String,
    pub(super) judgement: Judgement,
    pub(super) explanation: Explanation,
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
    let mut facts = CaseFacts::new(tx, context, case);
    let (judgement, traces) = eval::judge_traced(&program, &mut facts);
    context.judged(&program, &judgement, &traces);
    if let Some(error) = facts.error.take() {
        return Err(error);
    }
    facts.judgement = Some(judgement.clone());
    let wish = facts.run_rules(&EventName::Login, acts)?;
    let rules = facts.why(&EventName::Login)?;
    let explanation = Explanation::Traced {
        traces,
        rules,
        language: context.language,
    };
    let solved = case.login.as_ref().is_some_and(|login| login.captcha);
    Ok(Decided {
        id,
        verdict: verdict(&wish, solved),
        judgement,
        explanation,
        wish,
    })
}

/// What became of a judged login.
pub(super) struct Settled {
    /// As the API shows it.
    pub(super) view: DecisionView,
    /// An alert was raised and its owner had the day's prompts: nobody is asked.
    pub(super) capped: bool,
}

/// Raises the alert, keeps the decision, and shows it.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    context: &Context,
    case: &Case,
    decided: Decided,
    login: Option<LoginRef>,
    kind: &'static str,
) -> Result<Settled, StoreError> {
    let zone = zone_of(context, case);
    let raised = match (&decided.wish.alert, &case.account, login) {
        (Some(prompt), Some(account), Some(login)) => {
            Some(raise(tx, context, case, &decided, prompt, account, login)?)
        }
        _ => None,
    };
    let alert = raised.as_ref().map(|raised| raised.alert().id.clone());
    if let (Some(alert), Some(account), Some(login)) = (&alert, &case.account, login) {
        history::name_alert(tx, &account.id, login, alert)?;
    }
    let capped = matches!(raised, Some(Raised::Capped(_)));
    let solved = case.login.as_ref().is_some_and(|login| login.captcha);
    let verdict = match decided.verdict {
        // The cap of prompts turns into a captcha, never into silence.
        Verdict::Allow if capped && !solved => Verdict::Challenge,
        verdict => verdict,
    };
    let view = DecisionView {
        id: decided.id.clone(),
        verdict,
        suspicion: decided.judgement.suspicion,
        signals: decide::views(&decided.judgement, &zone),
        alert: alert.clone(),
        rules: context.rules.program.hash.clone(),
    };
    let draft = Draft {
        id: decided.id,
        kind,
        login: case.login.clone(),
        judgement: Some(decided.judgement),
        verdict,
        rules: decided.wish.rules,
        explanation: decided.explanation,
        generation: context.generation,
        program: context.rules.program.clone(),
        zone,
    };
    decisions::record_later(tx, &view.id, move || draft.record(alert))?;
    Ok(Settled { view, capped })
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
