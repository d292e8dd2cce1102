//! Verification codes: six digits for one purpose, ten minutes, once.
//!
//! Kept as a keyed hash. The sender's own counter decides what a sender is told, so that a known
//! phone answers like an unknown one; the count over everyone only voids the code.

use std::fmt;

use serde_json::json;

use super::SYSTEM;
use super::limits::{Limits, allow};
use crate::env::{HOUR, Millis, rfc3339};
use crate::keys::{Keys, Purpose};
use crate::store::records::{
    Account, Code, CodePurpose, CodeTries, NewAudit, NewEvent, ReplacedCode, WrongCodes,
};
use crate::store::{StoreError, Tx};

/// A code in the clear. Handed to the information system and never stored or shown.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeText(String);

impl CodeText {
    /// The six digits, to be answered to the information system and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeText(…)")
    }
}

/// What became of a request for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issued {
    /// Here it is.
    Issued {
        /// The code.
        code: CodeText,
        /// From when on it is worth nothing.
        expires_at: Millis,
    },
    /// No such account.
    NoAccount,
    /// A bind code is matched to the account's phone, and it has none.
    NoPhone,
}

/// Makes a code; the last one of that purpose is void from now on.
pub fn issue(
    tx: &mut Tx<'_>,
    keys: &Keys,
    limits: &Limits,
    account: &str,
    purpose: CodePurpose,
    actor: &str,
) -> Result<Issued, StoreError> {
    let digits = six_digits(tx);
    issue_digits(tx, keys, limits, account, purpose, digits, actor)
}

/// [`issue`] with digits that somebody else has chosen: stories, where the code stands in the text.
pub(crate) fn issue_digits(
    tx: &mut Tx<'_>,
    keys: &Keys,
    limits: &Limits,
    account: &str,
    purpose: CodePurpose,
    digits: String,
    actor: &str,
) -> Result<Issued, StoreError> {
    let Some(owner) = tx.get::<Account>(&account.to_owned())? else {
        return Ok(Issued::NoAccount);
    };
    if purpose == CodePurpose::Bind && owner.phone.is_none() {
        return Ok(Issued::NoPhone);
    }
    let now = tx.now();
    let last = tx.get::<Code>(&code_key(account, purpose))?;
    let expires_at = now.saturating_add(limits.code_life);
    tx.put(&Code {
        account: account.to_owned(),
        purpose,
        mac: keys.mac_hex(Purpose::VerificationCode, &parts(&owner, purpose, &digits)),
        issued_at: now,
        expires_at,
        wrong: 0,
        replaced: last
            .filter(|last| last.expires_at > now)
            .map(|last| ReplacedCode {
                mac: last.mac,
                expires_at: last.expires_at,
            }),
    })?;
    tx.audit(NewAudit {
        actor: actor.to_owned(),
        action: "code.issue".into(),
        account: Some(account.to_owned()),
        detail: json!({ "purpose": purpose.name() }),
    })?;
    Ok(Issued::Issued {
        code: CodeText(digits),
        expires_at,
    })
}

/// What became of asking the information system to send a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requested {
    /// It is told through the event `code_requested`.
    Requested,
    /// It was told a moment ago.
    TooSoon,
}

/// Asks the information system, through the feed, to issue a code and send it to the registered
/// phone: the chat never sees a code that it did not type.
pub fn request(
    tx: &mut Tx<'_>,
    limits: &Limits,
    account: &str,
    purpose: CodePurpose,
) -> Result<Requested, StoreError> {
    let name = format!("code-request/{}", purpose.name());
    if !allow(tx, &name, account, limits.code_request_pause, 1)? {
        tx.limit_hit("code_requests");
        return Ok(Requested::TooSoon);
    }
    let data = json!({ "purpose": purpose.name() });
    tx.emit(NewEvent::new("code_requested", data).account(account))?;
    Ok(Requested::Requested)
}

/// Voids the outstanding code of one purpose. `false` when there is none.
pub fn cancel(tx: &mut Tx<'_>, account: &str, purpose: CodePurpose) -> Result<bool, StoreError> {
    let key = code_key(account, purpose);
    let there = tx.get::<Code>(&key)?.is_some();
    tx.delete::<Code>(&key)?;
    Ok(there)
}

/// Who tries a code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) official_account: &'a str,
    pub(crate) openid: &'a str,
}

/// Why a try was not accepted. One answer for a wrong phone, a wrong code and an expired one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryRefused {
    /// Wrong, expired or unknown; or just replaced, which costs no try.
    Refused {
        /// How often this sender may still try.
        tries_left: u32,
    },
    /// This sender has had all its tries for this phone.
    Blocked {
        /// Until when, in milliseconds since the epoch.
        until: Millis,
    },
}

/// Whether the sender is blocked for `subject`, see [`subject_of`].
pub(crate) fn blocked(
    tx: &mut Tx<'_>,
    limits: &Limits,
    sender: Sender<'_>,
    subject: &str,
) -> Result<Option<Millis>, StoreError> {
    let tries = tries_of(tx, sender, subject)?;
    let full = tries.filter(|tries| tries.wrong >= limits.code_tries);
    if full.is_some() {
        tx.limit_hit("code_tries");
    }
    Ok(full.map(|tries| tries.until))
}

/// Whose tries are counted: a keyed hash of the phone, which says nothing about whether it is known.
pub(crate) fn subject_of(keys: &Keys, phone: &str) -> String {
    keys.mac_hex(Purpose::CodeTries, &[phone.as_bytes()])
}

/// What comparing a code gave. Nothing is written yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compared {
    Right,
    Wrong,
    /// It was replaced a moment ago.
    Replaced,
}

/// Compares `typed` with the account's code. `account` is `None` for an unknown phone: the same work
/// is done for nobody.
pub(crate) fn compare(
    tx: &mut Tx<'_>,
    keys: &Keys,
    account: Option<&Account>,
    purpose: CodePurpose,
    typed: &str,
) -> Result<Compared, StoreError> {
    let now = tx.now();
    let id = account.map_or("", |account| account.id.as_str());
    let code = tx.get::<Code>(&code_key(id, purpose))?;
    let nobody = Account::nobody();
    let parts = parts(account.unwrap_or(&nobody), purpose, typed);
    let verify =
        |mac: Option<&str>| keys.verify_hex(Purpose::VerificationCode, &parts, mac.unwrap_or(""));
    let current = code.as_ref().filter(|code| code.expires_at > now);
    let replaced = current
        .and_then(|code| code.replaced.as_ref())
        .filter(|replaced| replaced.expires_at > now);
    let right = verify(current.map(|code| code.mac.as_str()));
    let just_replaced = verify(replaced.map(|replaced| replaced.mac.as_str()));
    Ok(match (right, just_replaced) {
        (true, _) => Compared::Right,
        (_, true) => Compared::Replaced,
        _ => Compared::Wrong,
    })
}

/// Counts a wrong try: the sender's, the official account's, and `account`'s code's.
pub(crate) fn count_wrong(
    tx: &mut Tx<'_>,
    limits: &Limits,
    sender: Sender<'_>,
    subject: &str,
    code: Option<(&str, CodePurpose)>,
) -> Result<TryRefused, StoreError> {
    let now = tx.now();
    let until = now.saturating_add(limits.code_block);
    let wrong = tries_of(tx, sender, subject)?.map_or(0, |tries| tries.wrong) + 1;
    tx.put(&CodeTries {
        official_account: sender.official_account.to_owned(),
        openid: sender.openid.to_owned(),
        subject: subject.to_owned(),
        wrong,
        until,
    })?;
    if let Some((account, purpose)) = code {
        count_everyone(tx, limits, account, purpose)?;
    }
    count_hour(tx, limits, sender.official_account)?;
    Ok(TryRefused::Refused {
        tries_left: limits.code_tries.saturating_sub(wrong),
    })
}

/// What a sender is told whose try cost nothing.
pub(crate) fn refused_for_free(
    tx: &mut Tx<'_>,
    limits: &Limits,
    sender: Sender<'_>,
    subject: &str,
) -> Result<TryRefused, StoreError> {
    let wrong = tries_of(tx, sender, subject)?.map_or(0, |tries| tries.wrong);
    Ok(TryRefused::Refused {
        tries_left: limits.code_tries.saturating_sub(wrong),
    })
}

/// The code was right: it is used up, and the sender's count starts anew.
pub(crate) fn consume(
    tx: &mut Tx<'_>,
    sender: Sender<'_>,
    subject: &str,
    account: &str,
    purpose: CodePurpose,
) -> Result<(), StoreError> {
    tx.delete::<Code>(&code_key(account, purpose))?;
    forgive(tx, sender, subject)
}

/// The sender's count starts anew.
pub(crate) fn forgive(
    tx: &mut Tx<'_>,
    sender: Sender<'_>,
    subject: &str,
) -> Result<(), StoreError> {
    tx.delete::<CodeTries>(&tries_key(sender, subject))
}

/// Checks a code for a purpose other than binding, where the account is known from the binding:
/// counts, blocks and consumes. `Ok(None)` when it is right.
pub(crate) fn use_code(
    tx: &mut Tx<'_>,
    keys: &Keys,
    limits: &Limits,
    sender: Sender<'_>,
    account: &Account,
    purpose: CodePurpose,
    typed: &str,
) -> Result<Option<TryRefused>, StoreError> {
    let subject = match &account.phone {
        Some(phone) => subject_of(keys, phone),
        None => subject_of(keys, &format!("account:{}", account.id)),
    };
    if let Some(until) = blocked(tx, limits, sender, &subject)? {
        return Ok(Some(TryRefused::Blocked { until }));
    }
    match compare(tx, keys, Some(account), purpose, typed)? {
        Compared::Right => {
            consume(tx, sender, &subject, &account.id, purpose)?;
            Ok(None)
        }
        Compared::Replaced => refused_for_free(tx, limits, sender, &subject).map(Some),
        Compared::Wrong => {
            let code = Some((account.id.as_str(), purpose));
            count_wrong(tx, limits, sender, &subject, code).map(Some)
        }
    }
}

fn count_everyone(
    tx: &mut Tx<'_>,
    limits: &Limits,
    account: &str,
    purpose: CodePurpose,
) -> Result<(), StoreError> {
    let Some(mut code) = tx.get::<Code>(&code_key(account, purpose))? else {
        return Ok(());
    };
    code.wrong += 1;
    if code.wrong < limits.code_tries_everyone {
        return tx.put(&code);
    }
    tx.limit_hit("code_tries_everyone");
    tx.delete::<Code>(&code_key(account, purpose))?;
    let data = json!({ "purpose": purpose.name(), "wrong": code.wrong });
    tx.emit(NewEvent::new("code_voided", data.clone()).account(account))?;
    tx.audit(NewAudit {
        actor: SYSTEM.into(),
        action: "code.void".into(),
        account: Some(account.to_owned()),
        detail: data,
    })
}

fn count_hour(tx: &mut Tx<'_>, limits: &Limits, official_account: &str) -> Result<(), StoreError> {
    let hour = tx.now().div_euclid(HOUR) * HOUR;
    let key = (official_account.to_owned(), hour);
    let count = tx.get::<WrongCodes>(&key)?.map_or(0, |row| row.count) + 1;
    tx.put(&WrongCodes {
        official_account: key.0,
        hour,
        count,
    })?;
    // Exactly once an hour: the count passes the bound once.
    if count == limits.wrong_codes_per_hour.saturating_add(1) {
        tx.limit_hit("wrong_codes_per_hour");
        let data = json!({ "hour": rfc3339(hour), "wrong": count });
        tx.emit(NewEvent::new("wrong_codes", data).official_account(official_account))?;
    }
    Ok(())
}

fn tries_of(
    tx: &mut Tx<'_>,
    sender: Sender<'_>,
    subject: &str,
) -> Result<Option<CodeTries>, StoreError> {
    let now = tx.now();
    let tries = tx.get::<CodeTries>(&tries_key(sender, subject))?;
    Ok(tries.filter(|tries| tries.until > now))
}

fn tries_key(sender: Sender<'_>, subject: &str) -> (String, String, String) {
    (
        sender.official_account.to_owned(),
        sender.openid.to_owned(),
        subject.to_owned(),
    )
}

fn code_key(account: &str, purpose: CodePurpose) -> (String, String) {
    (account.to_owned(), purpose.name().to_owned())
}

fn parts<'a>(account: &'a Account, purpose: CodePurpose, code: &'a str) -> [&'a [u8]; 4] {
    [
        account.id.as_bytes(),
        purpose.name().as_bytes(),
        account.phone.as_deref().unwrap_or("").as_bytes(),
        code.as_bytes(),
    ]
}

/// Six digits, each combination as likely as any other.
fn six_digits(tx: &mut Tx<'_>) -> String {
    const CODES: u32 = 1_000_000;
    const FAIR: u32 = u32::MAX - u32::MAX % CODES;
    loop {
        let value = u32::from_be_bytes(tx.random::<4>());
        if value < FAIR {
            return format!("{:06}", value % CODES);
        }
    }
}

impl Account {
    /// Stands in where an unknown phone must cost the same work as a known one.
    fn nobody() -> Self {
        Self::known_since(String::new(), 0)
    }
}
