//! A login as a case for the rules, and as a row of the history once its outcome is known.

use super::facts::{Case, Login};
use super::origin::Prepared;
use crate::accounts;
use crate::bot::context::Context;
use crate::env::Millis;
use crate::guard::machines::{self, Identified};
use crate::guard::{LoginRef, history, locks, reports};
use crate::store::records::Account;
use crate::store::{StoreError, Tx};

/// Reads a machine identifier by its signature.
pub(super) fn identify(context: &Context, token: Option<&str>) -> Identified {
    machines::identify(&context.keys, context.foreign.as_ref(), token)
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
        late: login.late,
        here: prepared.here,
        closed: case.is_closed(),
        right: login.success == Some(true) && !success,
        decision: decision.map(str::to_owned),
        alert: None,
        answered_lock: false,
        kept_until: row.time.saturating_add(keep),
    };
    let changes = history::record(tx, &kept)?;
    context.recent.add(tx, &kept, changes)?;
    Ok(LoginRef {
        time: kept.time,
        seq: kept.seq,
    })
}
