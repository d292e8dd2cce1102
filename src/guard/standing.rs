//! What a command must look at again after the password was checked outside of it.

use serde_json::json;

use super::limits::Limits;
use super::locks;
use crate::accounts::allow;
use crate::store::records::{Account, AccountStatus, NewEvent};
use crate::store::{StoreError, Tx};

/// How an account stands at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It may log in.
    Open(Box<Account>),
    /// It is locked.
    Locked(Box<Account>),
    /// An operator has disabled it.
    Disabled,
    /// The password was changed since the check began: the check is void.
    PasswordChanged,
    /// No such account.
    Unknown,
}

/// Looks again. `checked` is the password version that the password was checked against; none when
/// the information system keeps the passwords.
pub fn standing(
    tx: &mut Tx<'_>,
    account: &str,
    checked: Option<u64>,
) -> Result<Standing, StoreError> {
    let Some(found) = tx.get::<Account>(&account.to_owned())? else {
        return Ok(Standing::Unknown);
    };
    if checked.is_some_and(|version| version != found.password_version) {
        return Ok(Standing::PasswordChanged);
    }
    if locks::lock_of(tx, account)?.is_some() {
        return Ok(Standing::Locked(Box::new(found)));
    }
    Ok(match found.status {
        AccountStatus::Disabled => Standing::Disabled,
        AccountStatus::Active => Standing::Open(Box::new(found)),
    })
}

/// The right password met a lock. Tells the feed, and says whether the owner should be told in the
/// chat: at most once per half hour. The caller of the login is never told.
pub fn locked_login(tx: &mut Tx<'_>, limits: &Limits, account: &str) -> Result<bool, StoreError> {
    let tell = allow(tx, "locked-login", account, limits.locked_login_pause, 1)?;
    if tell {
        tx.emit(NewEvent::new("locked_login", json!({})).account(account))?;
    }
    Ok(tell)
}
