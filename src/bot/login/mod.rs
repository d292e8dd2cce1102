//! Logins through the rules: attempts, failures, logins, reports; and what happens to accounts
//! without one (locked, unlocked, bound, unbound, an undeliverable prompt).
//!
//! ```text
//! attempt ─▶ command {captcha, attempt rules} ─▶ password (outside) ─▶ command {signals, login rules,
//!            row, session, alert, prompt, decision, events}
//! ```
//! The second command looks again at what may have changed while the password was checked. A caller
//! cannot tell an unknown account, a wrong password, a lock and a rule's refusal apart.

mod alarm;
pub(crate) mod ask;
mod challenge;
pub(crate) mod decide;
mod entry;
mod facts;
mod flow;
mod origin;
mod report;
mod run;
pub(crate) mod why;

pub use facts::{Case, CaseFacts, Login};
pub use run::{Prompt, Wish};

use super::context::Context;
use super::subject::AlertCase;
use crate::accounts;
use crate::guard::locks;
use crate::lang::program::EventName;
use crate::store::records::{Alert, UndeliverableReason};
use crate::store::{StoreError, Tx};

/// Runs `on undeliverable alert` rules, in the command that settles the prompt.
pub fn undeliverable(
    tx: &mut Tx<'_>,
    context: &Context,
    alert: &str,
    reason: UndeliverableReason,
) -> Result<(), StoreError> {
    let Some(alert) = tx.get::<Alert>(&alert.to_owned())? else {
        return Ok(());
    };
    let account = alert.account.clone();
    happened(
        tx,
        context,
        &EventName::Undeliverable,
        &account,
        Some(alert),
        Some(reason.name()),
    )
}

/// Runs `on locked` rules.
pub fn locked(
    tx: &mut Tx<'_>,
    context: &Context,
    account: &str,
    by: &str,
) -> Result<(), StoreError> {
    happened(tx, context, &EventName::Locked, account, None, Some(by))
}

/// Runs `on unlocked` rules.
pub fn unlocked(tx: &mut Tx<'_>, context: &Context, account: &str) -> Result<(), StoreError> {
    happened(tx, context, &EventName::Unlocked, account, None, None)
}

/// Runs `on bound` rules.
pub fn bound(tx: &mut Tx<'_>, context: &Context, account: &str) -> Result<(), StoreError> {
    happened(tx, context, &EventName::Bound, account, None, None)
}

/// Runs `on unbound` rules.
pub fn unbound(
    tx: &mut Tx<'_>,
    context: &Context,
    account: &str,
    why: &str,
) -> Result<(), StoreError> {
    happened(tx, context, &EventName::Unbound, account, None, Some(why))
}

fn happened(
    tx: &mut Tx<'_>,
    context: &Context,
    event: &EventName,
    account: &str,
    alert: Option<Alert>,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    let alert = match alert {
        Some(alert) => Some(AlertCase::load(tx, alert)?),
        None => None,
    };
    let case = Case {
        account: accounts::get(tx, account)?,
        bound: !accounts::bindings_of(tx, account)?.is_empty(),
        locked: locks::lock_of(tx, account)?.is_some(),
        login: None,
        alert,
        reason: reason.map(str::to_owned),
    };
    // What a lock sets off must not set off another: `on locked` rules may lock (nothing happens:
    // it is locked), log off, call and note, and none of these is an event of this kind.
    CaseFacts::new(tx, context, &case)
        .run_rules(event, true)
        .map(drop)
}
