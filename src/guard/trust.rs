//! Trust of one account in one machine, for a limited time. Read only by a signal's `except`: it
//! weakens no block list and no lock.

use serde_json::json;

use crate::env::{DAY, Millis, rfc3339};
use crate::store::records::{NewAudit, NewEvent, Trust};
use crate::store::{Order, StoreError, Tx};

/// The longest trust given at a time.
pub const MAX_TRUST: Millis = 366 * DAY;
/// The most machines an account's trust is listed over.
const MAX_LISTED: usize = 100;
/// Keys left to what follows in the same command.
const SPARE_KEYS: usize = 64;

/// Trusts `machine` until `until`. A longer trust that is there already stays.
pub fn trust(
    tx: &mut Tx<'_>,
    account: &str,
    machine: &str,
    until: Millis,
    alert: Option<&str>,
    actor: &str,
) -> Result<Millis, StoreError> {
    let now = tx.now();
    let until = until.min(now.saturating_add(MAX_TRUST));
    let key = (account.to_owned(), machine.to_owned());
    let until = match tx.get::<Trust>(&key)? {
        Some(trust) if trust.until > until => trust.until,
        _ => until,
    };
    tx.put(&Trust {
        account: key.0,
        machine: key.1,
        since: now,
        until,
        alert: alert.map(str::to_owned),
    })?;
    note(
        tx,
        "trusted",
        "trust.give",
        account,
        machine,
        json!({ "until": rfc3339(until), "alert": alert }),
        actor,
    )?;
    Ok(until)
}

/// Whether `account` trusts `machine` now. No identifier is never trusted.
pub fn trusted(tx: &mut Tx<'_>, account: &str, machine: Option<&str>) -> Result<bool, StoreError> {
    let Some(machine) = machine else {
        return Ok(false);
    };
    let now = tx.now();
    let trust = tx.get::<Trust>(&(account.to_owned(), machine.to_owned()))?;
    Ok(trust.is_some_and(|trust| trust.until > now))
}

/// The machines an account trusts now.
pub fn list(tx: &mut Tx<'_>, account: &str) -> Result<Vec<Trust>, StoreError> {
    let now = tx.now();
    let mut all = tx.scan::<Trust>(account, Order::Ascending, MAX_LISTED)?;
    all.retain(|trust| trust.until > now);
    Ok(all)
}

/// Takes trust back. `false` when there was none.
pub fn revoke(
    tx: &mut Tx<'_>,
    account: &str,
    machine: &str,
    actor: &str,
) -> Result<bool, StoreError> {
    let key = (account.to_owned(), machine.to_owned());
    let Some(trust) = tx.get::<Trust>(&key)? else {
        return Ok(false);
    };
    tx.delete::<Trust>(&key)?;
    if trust.until <= tx.now() {
        return Ok(false);
    }
    note(
        tx,
        "trust_revoked",
        "trust.revoke",
        account,
        machine,
        json!({}),
        actor,
    )?;
    Ok(true)
}

/// Forgets the trust of a deleted account, as far as the command has room. `true` when more is left.
pub(crate) fn forget(tx: &mut Tx<'_>, account: &str) -> Result<bool, StoreError> {
    let room = tx.keys_left().saturating_sub(SPARE_KEYS).min(MAX_LISTED);
    let rows = tx.scan::<Trust>(account, Order::Ascending, room)?;
    let more = rows.len() == room;
    for trust in rows {
        tx.delete::<Trust>(&(trust.account, trust.machine))?;
    }
    Ok(more)
}

fn note(
    tx: &mut Tx<'_>,
    event: &str,
    action: &str,
    account: &str,
    machine: &str,
    mut data: serde_json::Value,
    actor: &str,
) -> Result<(), StoreError> {
    data["machine"] = machine.into();
    tx.emit(NewEvent::new(event, data.clone()).account(account))?;
    tx.audit(NewAudit {
        actor: actor.to_owned(),
        action: action.to_owned(),
        account: Some(account.to_owned()),
        detail: data,
    })
}
