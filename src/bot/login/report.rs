//! `POST /v1/logins`: a login of a system that authenticates on its own, with its result.

use std::sync::Arc;

use serde_json::json;

use super::alarm::{Decided, decide, settle, verdict};
use super::decide::{Explanation, acted};
use super::entry::{case, identify, record};
use super::facts::CaseFacts;
use super::flow::tell_owner;
use super::origin::Prepared;
use crate::accounts;
use crate::bot::Bot;
use crate::bot::api::{BotError, DecisionView, LoginReport, Remember, ReportAnswer, Verdict};
use crate::bot::context::Context;
use crate::env::{MINUTE, Millis};
use crate::guard::reports::{self, Known};
use crate::guard::sessions::{self, NewSession};
use crate::guard::{Standing, locked_login, machines, standing};
use crate::lang::program::EventName;
use crate::store::records::NewEvent;
use crate::store::{Tx, execute};

/// How far ahead a reported time may be.
const AHEAD: Millis = 5 * MINUTE;
/// Older than this on arrival, a login is judged and recorded but never acts (language law 9), so that it never alerts
/// either.
const LATE: Millis = 10 * MINUTE;
impl Bot {
    /// Judges and records a reported login.
    pub async fn report(
        self: &Arc<Self>,
        report: LoginReport,
        mut remember: Option<Remember<ReportAnswer>>,
    ) -> Result<ReportAnswer, BotError> {
        self.numbers.logins.add(1);
        let digest = digest(&report);
        let prepared = self.prepare(report.origin.clone());
        let context = self.event_context();
        execute(&*self.store, "report", move |tx| {
            let answer = reported(tx, &context, &report, &prepared, &digest)?;
            if let Some(remember) = &mut remember {
                remember(tx, &answer)?;
            }
            Ok::<_, BotError>(answer)
        })
        .await
    }
}

fn reported(
    tx: &mut Tx<'_>,
    context: &Context,
    report: &LoginReport,
    prepared: &Prepared,
    digest: &str,
) -> Result<ReportAnswer, BotError> {
    let now = tx.now();
    let time = report.time.unwrap_or(now);
    if time > now + AHEAD {
        return Ok(ReportAnswer::TooFarAhead);
    }
    if let Some(id) = &report.id {
        match reports::known(tx, id, digest)? {
            Known::New => {}
            Known::Conflict => return Ok(ReportAnswer::Conflict),
            Known::Same { decision } => {
                return Ok(ReportAnswer::Recorded(again(tx, &decision)?));
            }
        }
    }
    let late = now - time > LATE;
    let acts = !late && !report.backfill;
    let origin = &prepared.origin;
    let identified = identify(context, origin.machine.as_deref());
    let check = machines::check(tx, &identified)?;
    let stands = standing(tx, &origin.account, None)?;
    let account = match &stands {
        Standing::Open(account) | Standing::Locked(account) => Some((**account).clone()),
        _ => accounts::get(tx, &origin.account)?,
    };
    let mut case = case(
        tx,
        context,
        prepared,
        account,
        check.id.as_deref(),
        check.legal(),
        time,
    )?;
    let stopped = match &stands {
        Standing::Locked(_) => Some("locked"),
        Standing::Disabled => Some("disabled"),
        _ => None,
    };
    let reason = report.reason.as_deref().or(stopped);
    if let Some(login) = &mut case.login {
        login.row.reason = reason.filter(|_| !report.success).map(Into::into);
        login.success = Some(report.success);
        login.session = report.session.clone();
        login.late = !acts;
        login.row.success = report.success;
    }
    let mut decided = if report.success {
        decide(tx, context, &case, acts)?
    } else {
        let mut facts = CaseFacts::new(tx, context, &case);
        let wish = facts.run_rules(&EventName::Failure, acts)?;
        let why = facts.why(&EventName::Failure)?;
        Decided {
            id: tx.id("dec"),
            judgement: Default::default(),
            explanation: Explanation::Told(acted(&wish.rules, &why, context.language)),
            verdict: verdict(&wish, false),
            wish,
        }
    };
    if stopped.is_some() {
        decided.verdict = Verdict::Deny;
    }
    let success = report.success && stopped.is_none();
    let decision = decided.id.clone();
    let login = record(
        tx,
        context,
        prepared,
        &case,
        success,
        reason,
        Some(&decision),
    )?;
    if success {
        machines::prove(tx, &identified)?;
    }
    if report.success && acts {
        // Under a lock too: then the session is told to end.
        note_session(tx, context, report, prepared, check.id.as_deref())?;
    }
    if let (Standing::Locked(account), true) = (&stands, report.success && acts)
        && locked_login(tx, &context.limits.guard, &account.id)?
    {
        tell_owner(tx, &account.id)?;
    }
    let login = (success && acts).then_some(login);
    let view = settle(tx, context, &case, decided, login, "report")?.view;
    if let Some(id) = &report.id {
        reports::note(tx, id, digest, &view.id)?;
    }
    if success && acts && case.account.is_some() {
        tx.emit(
            NewEvent::new(
                "logged_in",
                json!({
                    "session": report.session,
                    "machine": check.id,
                    "decision": view.id,
                    "suspicion": view.suspicion,
                    "alert": view.alert,
                    "reported": true,
                }),
            )
            .account(&origin.account),
        )?;
    }
    Ok(ReportAnswer::Recorded(view))
}

/// The information system's session, so that a lock can end it.
fn note_session(
    tx: &mut Tx<'_>,
    context: &Context,
    report: &LoginReport,
    prepared: &Prepared,
    machine: Option<&str>,
) -> Result<(), BotError> {
    let Some(id) = &report.session else {
        return Ok(());
    };
    let ip = prepared.origin.ip.map(|ip| ip.to_string());
    let new = NewSession {
        account: &prepared.origin.account,
        machine,
        ip: ip.as_deref(),
        channel: prepared.origin.channel.as_deref(),
    };
    sessions::report(tx, &context.limits.guard, new, id)?;
    Ok(())
}

/// The answer to a report that was made before.
fn again(tx: &mut Tx<'_>, decision: &str) -> Result<DecisionView, BotError> {
    let Some(kept) = crate::guard::decisions::get(tx, decision)? else {
        return Err(BotError::Internal(
            "the decision of an earlier report is gone".to_owned(),
        ));
    };
    let verdict = match kept.verdict.as_str() {
        "challenge" => Verdict::Challenge,
        "deny" => Verdict::Deny,
        _ => Verdict::Allow,
    };
    Ok(DecisionView {
        id: kept.id,
        verdict,
        suspicion: kept.suspicion,
        signals: kept
            .signals
            .into_iter()
            .filter(|signal| signal.state != "quiet")
            .collect(),
        alert: kept.alert,
        rules: kept.hash,
    })
}

/// What makes two reports the same.
fn digest(report: &LoginReport) -> String {
    let origin = &report.origin;
    let body = json!([
        origin.account,
        origin.machine,
        origin.ip,
        origin.user_agent,
        origin.place,
        origin.channel,
        report.time,
        report.success,
        report.reason,
        report.session,
    ]);
    reports::digest(body.to_string().as_bytes())
}
