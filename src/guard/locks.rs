//! Locks: the owner's word 锁定, an operator's order, or a rule's.
//!
//! A lock is a record of its own, so that it outlives bindings and the account itself. Locking ends
//! every session, takes back queued prompts and closes the open alerts, in one commit. It never
//! depends on trust, dialogs or the state of an alert.

use serde_json::json;

use super::{alerts, history, sessions, trust};
use crate::accounts::Limits as CodeLimits;
use crate::accounts::codes::{self, Sender, TryRefused};
use crate::env::{Millis, rfc3339};
use crate::keys::Keys;
use crate::store::records::{
    Account, CloseReason, CodePurpose, Lock, LockedBy, NewAudit, NewEvent, SessionEnd,
};
use crate::store::{StoreError, Tx};

/// The longest reason kept, in characters.
const MAX_REASON_CHARS: usize = 200;
/// The most machines of one incident.
const MAX_MACHINES: usize = 16;

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockOutcome {
    /// It is locked from now on.
    Locked {
        /// How many sessions ended.
        sessions_ended: u32,
        /// How many prompts were taken back.
        prompts_withdrawn: usize,
    },
    /// It was locked before. An operator's order still makes it an operator's lock.
    AlreadyLocked {
        /// Since when.
        since: Millis,
    },
}

/// Locks an account. Works for every identifier, known or not: whether it exists is the caller's
/// question.
pub fn lock(
    tx: &mut Tx<'_>,
    account: &str,
    by: LockedBy,
    reason: Option<&str>,
) -> Result<LockOutcome, StoreError> {
    let arrived = history::arrived(tx)?;
    lock_after(tx, account, by, reason, arrived)
}

/// Locks by a rule that is asked about a login. That has no number yet and gets the next one (`recorded`), unless it
/// is a mere attempt: it was not judged knowing of the lock, which is what a replay has to know.
pub fn lock_while_judging(
    tx: &mut Tx<'_>,
    account: &str,
    rule: &str,
    recorded: bool,
) -> Result<LockOutcome, StoreError> {
    let by = LockedBy::Rule(rule.to_owned());
    let arrived = history::arrived(tx)?.saturating_add(u64::from(recorded));
    lock_after(tx, account, by, Some(rule), arrived)
}

/// `arrived`: the number of the last login that was judged without knowing of the lock.
fn lock_after(
    tx: &mut Tx<'_>,
    account: &str,
    by: LockedBy,
    reason: Option<&str>,
    arrived: u64,
) -> Result<LockOutcome, StoreError> {
    let now = tx.now();
    let operator = matches!(by, LockedBy::Operator(_));
    let open = alerts::open(tx, account)?;
    let machines = machines_of(&open);
    // Also when locked already: nothing may be left from before, and new alerts are answered.
    let sessions_ended = sessions::end_all(tx, account, SessionEnd::Locked)?;
    let prompts_withdrawn = crate::outbox::withdraw(tx, account)?;
    let actor = by.actor().to_owned();
    for alert in &open {
        for login in alert.logins() {
            history::mark_answered_lock(tx, account, login)?;
        }
        alerts::close_after(tx, alert.clone(), CloseReason::Locked, &actor, arrived)?;
    }
    for alert in open.iter().filter(|alert| alert.appended_more > 0) {
        history::mark_unlisted(tx, account, &alert.id, alert.login.time)?;
    }
    let ids = || open.iter().map(|alert| alert.id.clone());
    if let Some(mut held) = lock_of(tx, account)? {
        let since = held.at;
        let before = held.clone();
        held.operator |= operator;
        add_new(&mut held.machines, machines, MAX_MACHINES);
        add_new(&mut held.alerts, ids(), MAX_MACHINES);
        if held != before {
            tx.put(&held)?;
            tx.audit(NewAudit::of_account(
                &actor,
                "account.lock",
                account,
                json!({ "again": true }),
            ))?;
        }
        return Ok(LockOutcome::AlreadyLocked { since });
    }
    let reason = reason.map(|reason| {
        let clean = reason.chars().filter(|c| !c.is_control());
        clean.take(MAX_REASON_CHARS).collect::<String>()
    });
    let data = json!({
        "by": by.name(),
        "reason": reason,
        "sessions_ended": sessions_ended,
        "prompts_withdrawn": prompts_withdrawn,
        "alerts": ids().collect::<Vec<_>>(),
        "machines": machines.clone(),
    });
    tx.put(&Lock {
        account: account.to_owned(),
        by,
        operator,
        reason,
        at: now,
        sessions_ended,
        alerts: ids().collect(),
        machines,
    })?;
    tx.emit(NewEvent::new("locked", data.clone()).account(account))?;
    tx.audit(NewAudit::of_account(&actor, "account.lock", account, data))?;
    Ok(LockOutcome::Locked {
        sessions_ended,
        prompts_withdrawn,
    })
}

/// The lock of an account, if it is locked.
pub fn lock_of(tx: &mut Tx<'_>, account: &str) -> Result<Option<Lock>, StoreError> {
    tx.get::<Lock>(&account.to_owned())
}

/// Who asks in the chat for the lock to be lifted.
#[derive(Clone, Copy)]
pub struct UnlockRequest<'a> {
    /// The official account's name in the configuration.
    pub official_account: &'a str,
    /// The sender; must be bound to the account, which is the caller's to look up.
    pub openid: &'a str,
    /// The account.
    pub account: &'a str,
    /// The code of purpose *unlock*, as typed.
    pub code: &'a str,
}

impl std::fmt::Debug for UnlockRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnlockRequest")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// What became of it, in the order in which the cases are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnlockOutcome {
    /// There is no lock. The code was not looked at.
    NotLocked,
    /// An operator has locked: the chat cannot undo it. The code was not looked at.
    HeldByOperator,
    /// The sender has had all its tries.
    Blocked {
        /// Until when.
        until: Millis,
    },
    /// The code is wrong, expired or unknown.
    Refused {
        /// How often the sender may still try.
        tries_left: u32,
    },
    /// The lock is lifted; the password must be changed.
    Unlocked,
}

/// Lifts a lock in the chat, with a code.
pub fn unlock_with_code(
    tx: &mut Tx<'_>,
    keys: &Keys,
    limits: &CodeLimits,
    request: UnlockRequest<'_>,
) -> Result<UnlockOutcome, StoreError> {
    let Some(lock) = lock_of(tx, request.account)? else {
        return Ok(UnlockOutcome::NotLocked);
    };
    if lock.operator {
        return Ok(UnlockOutcome::HeldByOperator);
    }
    // The account may be gone; then so are its codes, and only an operator can help.
    let Some(owner) = tx.get::<Account>(&lock.account)? else {
        return Ok(UnlockOutcome::HeldByOperator);
    };
    let sender = Sender {
        official_account: request.official_account,
        openid: request.openid,
    };
    let purpose = CodePurpose::Unlock;
    match codes::use_code(tx, keys, limits, sender, &owner, purpose, request.code)? {
        None => {
            let actor = keys.openid_actor(request.official_account, request.openid);
            lift(tx, lock, &actor, "owner", None)?;
            Ok(UnlockOutcome::Unlocked)
        }
        Some(TryRefused::Refused { tries_left }) => Ok(UnlockOutcome::Refused { tries_left }),
        Some(TryRefused::Blocked { until }) => Ok(UnlockOutcome::Blocked { until }),
    }
}

/// Lifts a lock by an operator's order, whoever locked. `false` when there is none.
pub fn unlock(tx: &mut Tx<'_>, account: &str, actor: &str) -> Result<bool, StoreError> {
    unlock_because(tx, account, actor, None)
}

/// The same with the operator's reason, for the event and the audit log.
pub fn unlock_because(
    tx: &mut Tx<'_>,
    account: &str,
    actor: &str,
    reason: Option<&str>,
) -> Result<bool, StoreError> {
    match lock_of(tx, account)? {
        Some(lock) => {
            lift(tx, lock, actor, "operator", reason)?;
            Ok(true)
        }
        None => Ok(false),
    }
}

fn lift(
    tx: &mut Tx<'_>,
    lock: Lock,
    actor: &str,
    by: &str,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    let account = lock.account.as_str();
    if let Some(mut owner) = tx.get::<Account>(&lock.account)? {
        owner.password_change_required = true;
        owner.updated = tx.now();
        tx.put(&owner)?;
    }
    for machine in &lock.machines {
        trust::revoke(tx, account, machine, actor)?;
    }
    tx.delete::<Lock>(&lock.account)?;
    let mut data =
        json!({ "by": by, "locked_since": rfc3339(lock.at), "password_change_required": true });
    if let Some(reason) = reason {
        data["reason"] = json!(reason);
    }
    tx.emit(NewEvent::new("unlocked", data.clone()).account(account))?;
    tx.audit(NewAudit::of_account(actor, "account.unlock", account, data))
}

fn machines_of(open: &[super::Alert]) -> Vec<String> {
    let mut machines = Vec::new();
    let of_alerts = open.iter().flat_map(|alert| alert.machines.iter().cloned());
    add_new(&mut machines, of_alerts, MAX_MACHINES);
    machines
}

fn add_new(list: &mut Vec<String>, more: impl IntoIterator<Item = String>, most: usize) {
    for item in more {
        if list.len() < most && !list.contains(&item) {
            list.push(item);
        }
    }
}

impl LockedBy {
    /// Who, in the audit log's words.
    pub fn actor(&self) -> &str {
        match self {
            Self::Owner(actor) | Self::Operator(actor) | Self::Rule(actor) => actor,
        }
    }

    /// owner, operator or rule.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Owner(_) => "owner",
            Self::Operator(_) => "operator",
            Self::Rule(_) => "rule",
        }
    }
}
