//! The end of alerts: closing, running out, and being erased with their account.

use serde_json::json;

use super::{MAX_OPEN, get, open};
use crate::env::Millis;
use crate::guard::history;
use crate::store::records::{
    Alert, AlertByAccount, CloseReason, Closed, CoolDown, Decision, NewAudit, PromptState,
    Record as _,
};
use crate::store::{Order, StoreError, Tx};

/// The most alerts one step of an erasure deletes, three keys each.
const ERASE_STEP: usize = 60;
/// The most cool-downs of an account forgotten at once; the rest expires.
const MAX_COOL_DOWNS: usize = 64;

/// What became of closing.
#[derive(Debug, Clone, PartialEq)]
pub enum CloseOutcome {
    /// It is closed now.
    Closed(Box<Alert>),
    /// It was closed, or its time was over, before.
    AlreadyClosed,
    /// No such alert.
    Unknown,
}

/// Closes an alert and takes its prompt back if that has not gone out.
pub fn close(
    tx: &mut Tx<'_>,
    id: &str,
    reason: CloseReason,
    actor: &str,
) -> Result<CloseOutcome, StoreError> {
    let Some(alert) = get(tx, id)? else {
        return Ok(CloseOutcome::Unknown);
    };
    if !alert.is_open(tx.now()) {
        return Ok(CloseOutcome::AlreadyClosed);
    }
    crate::outbox::withdraw_alert(tx, &alert.account, &alert.id)?;
    let alert = close_open(tx, alert, reason, actor)?;
    Ok(CloseOutcome::Closed(Box::new(alert)))
}

pub(in crate::guard) fn close_open(
    tx: &mut Tx<'_>,
    alert: Alert,
    reason: CloseReason,
    actor: &str,
) -> Result<Alert, StoreError> {
    let arrived = history::arrived(tx)?;
    close_after(tx, alert, reason, actor, arrived)
}

/// [`close_open`], known to the logins after the one numbered `arrived`.
pub(in crate::guard) fn close_after(
    tx: &mut Tx<'_>,
    mut alert: Alert,
    reason: CloseReason,
    actor: &str,
    arrived: u64,
) -> Result<Alert, StoreError> {
    tx.delete::<AlertByAccount>(&alert.index().key())?;
    alert.closed = Some(Closed {
        at: tx.now(),
        reason,
        by: actor.to_owned(),
        arrived: Some(arrived),
    });
    if alert.prompt == PromptState::Pending {
        alert.prompt = PromptState::Withdrawn;
    }
    tx.put(&alert)?;
    tx.put(&alert.index())?;
    let data = json!({ "reason": reason.name() });
    tx.emit(alert.event("alert_closed", data.clone()))?;
    if matches!(
        reason,
        CloseReason::TrustedByOwner | CloseReason::ClosedByOwner | CloseReason::Operator
    ) {
        tx.audit(NewAudit {
            actor: actor.to_owned(),
            action: "alert.close".into(),
            account: Some(alert.account.clone()),
            detail: json!({ "alert": alert.id, "reason": reason.name() }),
        })?;
    }
    Ok(alert)
}

/// Closes the alerts of an account whose time is over.
pub(super) fn close_expired(tx: &mut Tx<'_>, account: &str) -> Result<(), StoreError> {
    let now = tx.now();
    for row in tx.scan::<AlertByAccount>((account, false), Order::Ascending, MAX_OPEN)? {
        match get(tx, &row.alert)? {
            Some(alert) if alert.is_open(now) => {}
            Some(alert) => {
                close_open(tx, alert, CloseReason::Expired, crate::accounts::SYSTEM)?;
            }
            None => tx.delete::<AlertByAccount>(&row.key())?,
        }
    }
    Ok(())
}

/// Closes the open alerts of an account that is being deleted.
pub(crate) fn close_all_deleted(
    tx: &mut Tx<'_>,
    account: &str,
    actor: &str,
) -> Result<(), StoreError> {
    for alert in open(tx, account)? {
        close_open(tx, alert, CloseReason::AccountDeleted, actor)?;
    }
    Ok(())
}

/// Erases a part of an account's alerts raised before `before`, with their decisions. `true` when
/// there may be more.
pub(crate) fn erase(tx: &mut Tx<'_>, account: &str, before: Millis) -> Result<bool, StoreError> {
    for row in tx.scan::<CoolDown>(account, Order::Ascending, MAX_COOL_DOWNS)? {
        if row.raised_at <= before {
            tx.delete::<CoolDown>(&row.key())?;
        }
    }
    let mut rows = tx.scan::<AlertByAccount>(account, Order::Ascending, ERASE_STEP)?;
    let full = rows.len() == ERASE_STEP;
    rows.retain(|row| row.raised_at <= before);
    let more = full && !rows.is_empty();
    for row in rows {
        if let Some(alert) = get(tx, &row.alert)? {
            tx.delete::<Decision>(&alert.decision)?;
        }
        tx.delete::<Alert>(&row.alert)?;
        tx.delete::<AlertByAccount>(&row.key())?;
    }
    Ok(more)
}
