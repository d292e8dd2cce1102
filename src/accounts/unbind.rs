//! Ways out of a binding: a code in the chat, the API, unsubscribing, and the platform's
//! authorization cancellation. A lock outlives them all.

use serde_json::json;

use super::binding::{account_of, bindings_of};
use super::codes::{self, Sender, TryRefused};
use super::limits::{Limits, OnUnsubscribe};
use super::suspended;
use crate::env::{DAY, Millis, rfc3339};
use crate::guard::{alerts, locks};
use crate::keys::Keys;
use crate::store::records::{
    Account, AccountBinding, Binding, BindingState, CodePurpose, NewAudit, NewEvent,
    SuspendedBinding,
};
use crate::store::{StoreError, Tx};

/// Who wants out.
#[derive(Clone, Copy)]
pub struct UnbindRequest<'a> {
    /// The official account's name in the configuration.
    pub official_account: &'a str,
    /// The sender.
    pub openid: &'a str,
    /// The code of purpose *unbind*, as typed.
    pub code: &'a str,
}

impl std::fmt::Debug for UnbindRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnbindRequest").finish_non_exhaustive()
    }
}

/// What became of it, in the order in which the cases are looked at. Until `Refused`, the code is
/// not looked at and stays good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnbindOutcome {
    /// The sender is not bound.
    NotBound,
    /// The account is locked: unlock first.
    Locked {
        /// The account.
        account: String,
    },
    /// An alert is open: answer it first.
    AlertOpen {
        /// The account.
        account: String,
    },
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
    /// The binding is over.
    Unbound {
        /// The account it was to.
        account: String,
    },
}

/// Unbinding in the chat.
pub fn unbind_with_code(
    tx: &mut Tx<'_>,
    keys: &Keys,
    limits: &Limits,
    request: UnbindRequest<'_>,
) -> Result<UnbindOutcome, StoreError> {
    let UnbindRequest {
        official_account,
        openid,
        code,
    } = request;
    let Some(account) = account_of(tx, official_account, openid)? else {
        return Ok(UnbindOutcome::NotBound);
    };
    if locks::lock_of(tx, &account)?.is_some() {
        return Ok(UnbindOutcome::Locked { account });
    }
    if !alerts::open(tx, &account)?.is_empty() {
        return Ok(UnbindOutcome::AlertOpen { account });
    }
    let Some(owner) = tx.get::<Account>(&account)? else {
        return Ok(UnbindOutcome::NotBound);
    };
    let sender = Sender {
        official_account,
        openid,
    };
    let purpose = CodePurpose::Unbind;
    if let Some(refused) = codes::use_code(tx, keys, limits, sender, &owner, purpose, code)? {
        return Ok(match refused {
            TryRefused::Refused { tries_left } => UnbindOutcome::Refused { tries_left },
            TryRefused::Blocked { until } => UnbindOutcome::Blocked { until },
        });
    }
    let actor = keys.openid_actor(official_account, openid);
    end(tx, official_account, openid, "owner", &actor, Memory::Keep)?;
    Ok(UnbindOutcome::Unbound { account })
}

/// Unbinding by the API: from one official account or, without a name, from all. Answers the
/// bindings that ended.
pub fn unbind(
    tx: &mut Tx<'_>,
    account: &str,
    official_account: Option<&str>,
    actor: &str,
) -> Result<Vec<AccountBinding>, StoreError> {
    let mut ended = bindings_of(tx, account)?;
    ended.retain(|binding| official_account.is_none_or(|name| name == binding.official_account));
    for binding in &ended {
        let (name, openid) = (&binding.official_account, &binding.openid);
        end(tx, name, openid, "operator", actor, Memory::Keep)?;
    }
    Ok(ended)
}

/// What unsubscribing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsubscribed {
    /// The follower was not bound.
    NotBound,
    /// The binding rests.
    Suspended {
        /// The account.
        account: String,
        /// When it ends for good.
        until: Millis,
    },
    /// The binding is over.
    Unbound {
        /// The account.
        account: String,
    },
    /// The binding stays, by configuration.
    Kept {
        /// The account.
        account: String,
    },
}

/// The follower left.
pub fn unsubscribed(
    tx: &mut Tx<'_>,
    keys: &Keys,
    limits: &Limits,
    official_account: &str,
    openid: &str,
) -> Result<Unsubscribed, StoreError> {
    let key = (official_account.to_owned(), openid.to_owned());
    let Some(binding) = tx.get::<Binding>(&key)? else {
        return Ok(Unsubscribed::NotBound);
    };
    let account = binding.account.clone();
    let event = |kind: &str, data| {
        NewEvent::new(kind, data)
            .account(account.as_str())
            .official_account(official_account)
    };
    let lost = json!({ "openid": openid, "why": "unsubscribed" });
    match limits.on_unsubscribe {
        OnUnsubscribe::Keep => {
            tx.emit(event("guard_lost", lost))?;
            Ok(Unsubscribed::Kept { account })
        }
        OnUnsubscribe::Unbind => {
            let actor = keys.openid_actor(official_account, openid);
            end(
                tx,
                official_account,
                openid,
                "unsubscribed",
                &actor,
                Memory::Keep,
            )?;
            Ok(Unsubscribed::Unbound { account })
        }
        OnUnsubscribe::Suspend { days } => {
            let now = tx.now();
            let until = now.saturating_add(Millis::from(days) * DAY);
            tx.delete::<Binding>(&key)?;
            tx.put(&SuspendedBinding {
                official_account: key.0.clone(),
                openid: key.1.clone(),
                account: account.clone(),
                bound_at: binding.bound_at,
                suspended_at: now,
                until,
            })?;
            tx.put(&AccountBinding {
                account: account.clone(),
                official_account: key.0,
                openid: key.1,
                bound_at: binding.bound_at,
                state: BindingState::Suspended { until },
            })?;
            tx.emit(event(
                "binding_suspended",
                json!({ "openid": openid, "until": rfc3339(until) }),
            ))?;
            tx.emit(event("guard_lost", lost))?;
            audit(
                tx,
                keys,
                official_account,
                openid,
                "binding.suspend",
                &account,
            )?;
            Ok(Unsubscribed::Suspended { account, until })
        }
    }
}

/// What subscribing found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resubscribed {
    /// No binding rests here.
    NotBound,
    /// The binding is in force again.
    Restored {
        /// The account.
        account: String,
    },
    /// The account was bound to someone else meanwhile, or deleted, or the time is over.
    Lost,
}

/// The follower came (back).
pub fn subscribed(
    tx: &mut Tx<'_>,
    keys: &Keys,
    official_account: &str,
    openid: &str,
) -> Result<Resubscribed, StoreError> {
    let key = (official_account.to_owned(), openid.to_owned());
    let Some(rest) = tx.get::<SuspendedBinding>(&key)? else {
        return Ok(Resubscribed::NotBound);
    };
    let account = rest.account.clone();
    let of_account = (account.clone(), official_account.to_owned());
    let still_its = tx
        .get::<AccountBinding>(&of_account)?
        .is_some_and(|row| row.openid == openid && row.state != BindingState::Active);
    let exists = tx.get::<Account>(&account)?.is_some();
    let bound = tx.get::<Binding>(&key)?.is_some();
    if rest.until <= tx.now() || !still_its || !exists || bound {
        let over = rest.until <= tx.now();
        let why = if over { "run_out" } else { "replaced" };
        suspended::end(tx, official_account, openid, why)?;
        return Ok(Resubscribed::Lost);
    }
    tx.delete::<SuspendedBinding>(&key)?;
    tx.put(&Binding {
        official_account: key.0.clone(),
        openid: key.1.clone(),
        account: account.clone(),
        bound_at: rest.bound_at,
    })?;
    tx.put(&AccountBinding {
        account: account.clone(),
        official_account: key.0,
        openid: key.1,
        bound_at: rest.bound_at,
        state: BindingState::Active,
    })?;
    let data = json!({ "openid": openid });
    tx.emit(
        NewEvent::new("binding_restored", data)
            .account(account.as_str())
            .official_account(official_account),
    )?;
    audit(
        tx,
        keys,
        official_account,
        openid,
        "binding.restore",
        &account,
    )?;
    Ok(Resubscribed::Restored { account })
}

/// The platform says the user has withdrawn the authorization: the binding, resting or not, is
/// deleted at once, and nothing remembers the OpenID. Answers the account it was to.
pub fn authorization_cancelled(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
) -> Result<Option<String>, StoreError> {
    let key = (official_account.to_owned(), openid.to_owned());
    if let Some(account) = account_of(tx, official_account, openid)? {
        end(
            tx,
            official_account,
            openid,
            "authorization_cancelled",
            super::SYSTEM,
            Memory::Erase,
        )?;
        return Ok(Some(account));
    }
    let Some(rest) = tx.get::<SuspendedBinding>(&key)? else {
        return Ok(None);
    };
    suspended::take(tx, official_account, openid)?;
    let of_account = (rest.account.clone(), key.0);
    let row = tx.get::<AccountBinding>(&of_account)?;
    if row.is_some_and(|row| row.openid == openid) {
        tx.delete::<AccountBinding>(&of_account)?;
    }
    let data = json!({ "why": "authorization_cancelled" });
    tx.emit(
        NewEvent::new("unbound", data)
            .account(rest.account.as_str())
            .official_account(official_account),
    )?;
    Ok(Some(rest.account))
}

/// Whether the OpenID may be remembered, to be told of a rebinding.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    Keep,
    Erase,
}

/// Ends a binding that is in force.
pub(super) fn end(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
    why: &str,
    actor: &str,
    memory: Memory,
) -> Result<(), StoreError> {
    let key = (official_account.to_owned(), openid.to_owned());
    let Some(binding) = tx.get::<Binding>(&key)? else {
        return Ok(());
    };
    tx.delete::<Binding>(&key)?;
    let of_account = (binding.account.clone(), key.0);
    match memory {
        Memory::Erase => tx.delete::<AccountBinding>(&of_account)?,
        Memory::Keep => tx.put(&AccountBinding {
            account: of_account.0,
            official_account: of_account.1,
            openid: key.1,
            bound_at: binding.bound_at,
            state: BindingState::Ended { at: tx.now() },
        })?,
    }
    let data = match memory {
        Memory::Keep => json!({ "openid": openid, "why": why }),
        Memory::Erase => json!({ "why": why }),
    };
    for kind in ["unbound", "guard_lost"] {
        tx.emit(
            NewEvent::new(kind, data.clone())
                .account(binding.account.as_str())
                .official_account(official_account),
        )?;
    }
    tx.audit(NewAudit {
        actor: actor.to_owned(),
        action: "binding.unbind".into(),
        account: Some(binding.account),
        detail: json!({ "official_account": official_account, "why": why }),
    })
}

fn audit(
    tx: &mut Tx<'_>,
    keys: &Keys,
    official_account: &str,
    openid: &str,
    action: &str,
    account: &str,
) -> Result<(), StoreError> {
    tx.audit(NewAudit {
        actor: keys.openid_actor(official_account, openid),
        action: action.to_owned(),
        account: Some(account.to_owned()),
        detail: json!({ "official_account": official_account }),
    })
}
