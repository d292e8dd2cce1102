//! Accounts: creating, changing, listing and deleting them.

use jiff::tz::TimeZone;
use serde_json::json;

use super::codes;
use super::password::PasswordHash;
use super::phone::{self, InvalidPhone};
use super::unbind::{self, Memory};
use crate::env::Millis;
use crate::guard::{alerts, history, sessions, trust};
use crate::outbox;
use crate::store::records::{
    Account, AccountBinding, AccountStatus, Code, CodePurpose, NewAudit, NewEvent, PhoneIndex,
    SessionEnd, SuspendedBinding,
};
use crate::store::{Continuation, Order, Page, StoreError, Tx};

/// The longest account identifier, in bytes. It is part of keys.
pub const MAX_ID_BYTES: usize = 128;
/// The longest display name, in characters.
pub const MAX_NAME_CHARS: usize = 128;
/// The most accounts on one page of a listing.
const MAX_PAGE: usize = 500;
/// The most official accounts a deleted account's bindings are looked for in.
const MAX_BINDINGS: usize = 16;

/// An account to create.
#[derive(Clone, Default)]
pub struct NewAccount {
    /// The information system's own identifier.
    pub id: String,
    /// The name shown to people; the identifier when empty.
    pub name: String,
    /// In any form.
    pub phone: Option<String>,
    /// See [`Passwords::hash`](super::Passwords::hash) and [`check_hash`](super::check_hash).
    pub password: Option<PasswordHash>,
    /// IANA name.
    pub zone: Option<String>,
    /// Whether it may be used.
    pub status: AccountStatus,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What is wrong with an account's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccount {
    /// The identifier.
    #[error("account: an identifier has 1 to 128 bytes and no blanks or control characters")]
    Id,
    /// The name.
    #[error("name: a name has at most 128 characters and no control characters")]
    Name,
    /// The phone.
    #[error("phone: {0}")]
    Phone(#[from] InvalidPhone),
    /// The zone.
    #[error("zone: this is no IANA time zone, e.g. Asia/Shanghai")]
    Zone,
}

/// Whether `id` can be an account's identifier.
pub fn is_account_id(id: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&id.len())
        && !id.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// What became of a creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// Here it is.
    Created(Box<Account>),
    /// There is an account with this identifier. (409)
    Exists,
    /// The phone belongs to another account. (409)
    PhoneTaken,
    /// Something is wrong with the data. (422)
    Invalid(InvalidAccount),
}

/// Creates an account. A lock under this identifier stays in force.
pub fn create(tx: &mut Tx<'_>, new: NewAccount, actor: &str) -> Result<Created, StoreError> {
    let account = match read(new, tx.now()) {
        Ok(account) => account,
        Err(problem) => return Ok(Created::Invalid(problem)),
    };
    if tx.get::<Account>(&account.id)?.is_some() {
        return Ok(Created::Exists);
    }
    if !take_phone(tx, &account)? {
        return Ok(Created::PhoneTaken);
    }
    tx.put(&account)?;
    let data =
        json!({ "has_phone": account.phone.is_some(), "has_password": account.password.is_some() });
    tx.emit(NewEvent::new("account_created", data.clone()).account(account.id.as_str()))?;
    tx.audit(NewAudit::of_account(
        actor,
        "account.create",
        &account.id,
        data,
    ))?;
    Ok(Created::Created(Box::new(account)))
}

fn read(new: NewAccount, now: Millis) -> Result<Account, InvalidAccount> {
    if !is_account_id(&new.id) {
        return Err(InvalidAccount::Id);
    }
    let name = if new.name.trim().is_empty() {
        new.id.clone()
    } else {
        new.name
    };
    Ok(Account {
        name: check_name(name)?,
        phone: new.phone.as_deref().map(phone::normalise).transpose()?,
        // Begins with the time, so that a check of a deleted account's password fits no later one.
        password_version: u64::try_from(now).unwrap_or(0),
        password: new.password.map(PasswordHash::into_string),
        password_change_required: false,
        zone: new.zone.map(check_zone).transpose()?,
        status: new.status,
        created: now,
        updated: now,
        id: new.id,
    })
}

fn check_name(name: String) -> Result<String, InvalidAccount> {
    let name = name.trim();
    let fits =
        (1..=MAX_NAME_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits {
        Ok(name.to_owned())
    } else {
        Err(InvalidAccount::Name)
    }
}

fn check_zone(zone: String) -> Result<String, InvalidAccount> {
    match TimeZone::get(&zone) {
        Ok(_) => Ok(zone),
        Err(_) => Err(InvalidAccount::Zone),
    }
}

/// Notes the phone as this account's. `false` when it is another's.
fn take_phone(tx: &mut Tx<'_>, account: &Account) -> Result<bool, StoreError> {
    let Some(phone) = &account.phone else {
        return Ok(true);
    };
    if tx
        .get::<PhoneIndex>(phone)?
        .is_some_and(|index| index.account != account.id)
    {
        return Ok(false);
    }
    tx.put(&PhoneIndex {
        phone: phone.clone(),
        account: account.id.clone(),
    })?;
    Ok(true)
}

/// Changes to an account; `None` leaves a field as it is, `Some(None)` clears it.
#[derive(Clone, Default)]
pub struct AccountPatch {
    /// The name shown to people.
    pub name: Option<String>,
    /// In any form. A change voids outstanding codes.
    pub phone: Option<Option<String>>,
    /// A change ends every session and clears `password_change_required`.
    pub password: Option<Option<PasswordHash>>,
    /// IANA name.
    pub zone: Option<Option<String>>,
    /// Disabling ends every session.
    pub status: Option<AccountStatus>,
}

impl std::fmt::Debug for AccountPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountPatch")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patched {
    /// Here is what it is now.
    Patched {
        /// The account.
        account: Box<Account>,
        /// Sessions a new password or the disabling ended.
        sessions_ended: u32,
    },
    /// No such account.
    Unknown,
    /// The phone belongs to another account.
    PhoneTaken,
    /// Something is wrong with the data.
    Invalid(InvalidAccount),
}

/// Changes an account.
pub fn patch(
    tx: &mut Tx<'_>,
    id: &str,
    patch: AccountPatch,
    actor: &str,
) -> Result<Patched, StoreError> {
    let Some(old) = get(tx, id)? else {
        return Ok(Patched::Unknown);
    };
    let mut changed = Vec::new();
    let account = match apply(&old, patch, tx.now(), &mut changed) {
        Ok(account) => account,
        Err(problem) => return Ok(Patched::Invalid(problem)),
    };
    if account.phone != old.phone {
        if !take_phone(tx, &account)? {
            return Ok(Patched::PhoneTaken);
        }
        if let Some(phone) = &old.phone {
            tx.delete::<PhoneIndex>(phone)?;
        }
        for purpose in CodePurpose::ALL {
            codes::cancel(tx, id, purpose)?;
        }
    }
    tx.put(&account)?;
    let ends = if account.password_version != old.password_version {
        Some(SessionEnd::PasswordChanged)
    } else if account.status == AccountStatus::Disabled && old.status != account.status {
        Some(SessionEnd::AccountClosed)
    } else {
        None
    };
    let sessions_ended = match ends {
        Some(why) => sessions::end_all(tx, id, why)?,
        None => 0,
    };
    if !changed.is_empty() {
        let data = json!({ "changed": changed, "sessions_ended": sessions_ended });
        tx.emit(NewEvent::new("account_changed", data.clone()).account(id))?;
        tx.audit(NewAudit::of_account(actor, "account.change", id, data))?;
    }
    Ok(Patched::Patched {
        account: Box::new(account),
        sessions_ended,
    })
}

fn apply(
    old: &Account,
    patch: AccountPatch,
    now: Millis,
    changed: &mut Vec<&'static str>,
) -> Result<Account, InvalidAccount> {
    let mut account = old.clone();
    if let Some(name) = patch.name {
        account.name = check_name(name)?;
    }
    if let Some(phone) = patch.phone {
        account.phone = phone.as_deref().map(phone::normalise).transpose()?;
    }
    if let Some(zone) = patch.zone {
        account.zone = zone.map(check_zone).transpose()?;
    }
    if let Some(status) = patch.status {
        account.status = status;
    }
    if let Some(password) = patch.password {
        account.password = password.map(PasswordHash::into_string);
        account.password_version = old.password_version.saturating_add(1);
        account.password_change_required = false;
        changed.push("password");
    }
    let fields = [
        ("name", account.name != old.name),
        ("phone", account.phone != old.phone),
        ("zone", account.zone != old.zone),
        ("status", account.status != old.status),
    ];
    changed.extend(
        fields
            .iter()
            .filter(|(_, differs)| *differs)
            .map(|(name, _)| *name),
    );
    if !changed.is_empty() {
        account.updated = now;
    }
    Ok(account)
}

/// An account.
pub fn get(tx: &mut Tx<'_>, id: &str) -> Result<Option<Account>, StoreError> {
    tx.get::<Account>(&id.to_owned())
}

/// Accounts in the order of their identifiers, at most 500 at a time.
pub fn list(
    tx: &mut Tx<'_>,
    after: Option<&Continuation>,
    limit: usize,
) -> Result<Page<Account>, StoreError> {
    tx.page::<Account>((), after, limit.clamp(1, MAX_PAGE))
}

/// What became of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone and can be used no more. Its history goes with [`erase_more`].
    Deleted,
    /// No such account.
    Unknown,
}

/// Deletes an account and everything that could act in its name: bindings (resting ones too), codes,
/// sessions, trust, open alerts and their prompts. The history is too much for one commit: call
/// [`erase_more`] until it says that nothing is left.
///
/// What stays: a lock (the identifier and why, until it is unlocked), the audit log (400 days) and the
/// event feed (90 days), which hold the identifier but no phone, password or message.
pub fn delete(tx: &mut Tx<'_>, id: &str, actor: &str) -> Result<Deleted, StoreError> {
    let Some(account) = get(tx, id)? else {
        return Ok(Deleted::Unknown);
    };
    for binding in tx.scan::<AccountBinding>(id, Order::Ascending, MAX_BINDINGS)? {
        let name = &binding.official_account;
        unbind::end(
            tx,
            name,
            &binding.openid,
            "account_deleted",
            actor,
            Memory::Erase,
        )?;
        let resting = (name.clone(), binding.openid.clone());
        if tx
            .get::<SuspendedBinding>(&resting)?
            .is_some_and(|rest| rest.account == id)
        {
            tx.delete::<SuspendedBinding>(&resting)?;
        }
        tx.delete::<AccountBinding>(&(id.to_owned(), name.clone()))?;
    }
    for purpose in CodePurpose::ALL {
        tx.delete::<Code>(&(id.to_owned(), purpose.name().to_owned()))?;
    }
    let sessions_ended = sessions::end_all(tx, id, SessionEnd::AccountClosed)?;
    alerts::close_all_deleted(tx, id, actor)?;
    outbox::withdraw(tx, id)?;
    trust::forget(tx, id)?;
    if let Some(phone) = &account.phone {
        tx.delete::<PhoneIndex>(phone)?;
    }
    tx.delete::<Account>(&account.id)?;
    let data = json!({ "sessions_ended": sessions_ended });
    tx.emit(NewEvent::new("account_deleted", data.clone()).account(id))?;
    tx.audit(NewAudit::of_account(actor, "account.delete", id, data))?;
    Ok(Deleted::Deleted)
}

/// Erases a part of a deleted account's trust, messages, calls, logins, alerts and decisions from before
/// `before`. `true` when there may be more.
pub fn erase_more(tx: &mut Tx<'_>, id: &str, before: Millis) -> Result<bool, StoreError> {
    if get(tx, id)?.is_none() {
        let room = tx.keys_left();
        let more =
            trust::forget(tx, id)? || outbox::forget(tx, id)? || outbox::forget_calls(tx, id)?;
        // A commit holds so many keys: the history has commits of its own.
        if more || tx.keys_left() < room {
            return Ok(true);
        }
    }
    Ok(history::erase(tx, id, before)? || alerts::erase(tx, id, before)?)
}
