//! Sessions: a 256-bit token in the user's hands, its digest in ours.
//!
//! No session starts while its account is locked: the lock and the start are commands one after the
//! other, and the start looks. An ended session's record stays, so that its identifier never revives.
//! The information system's own sessions, known from reports, are kept the same way without a token.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::limits::Limits;
use super::locks;
use crate::env::{Millis, rfc3339};
use crate::keys::token_digest;
use crate::store::records::{AccountSession, NewEvent, Session, SessionEnd};
use crate::store::{Order, StoreError, Tx};

/// The most sessions of an account at a time; a further one ends the oldest. Keeps the ending of all
/// of them within one commit.
pub const MAX_SESSIONS: usize = 24;
/// The longest token or reported identifier looked up, in bytes.
const MAX_TOKEN_BYTES: usize = 256;

/// A session token in the clear: handed out once, never stored or shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(String);

impl SessionToken {
    /// The token, to be answered to the caller of the login and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// What a session is started for.
#[derive(Clone, Default)]
pub struct NewSession<'a> {
    /// The account.
    pub account: &'a str,
    /// The machine's identifier.
    pub machine: Option<&'a str>,
    /// The address.
    pub ip: Option<&'a str>,
    /// Through what: web, app, …
    pub channel: Option<&'a str>,
}

impl fmt::Debug for NewSession<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSession")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// It lives.
    Started {
        /// For the user, once.
        token: SessionToken,
        /// What is known of it.
        session: Box<Session>,
    },
    /// The account is locked; there is no session.
    Locked,
}

/// Starts a session, unless the account is locked.
pub fn start(tx: &mut Tx<'_>, limits: &Limits, new: NewSession<'_>) -> Result<Started, StoreError> {
    if locks::lock_of(tx, new.account)?.is_some() {
        return Ok(Started::Locked);
    }
    let token = URL_SAFE_NO_PAD.encode(tx.random::<32>());
    let id = tx.id("ses");
    let session = open(tx, limits, &new, token_hash(&token), id, false)?;
    Ok(Started::Started {
        token: SessionToken(token),
        session: Box::new(session),
    })
}

/// What became of a reported session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// It is noted, or was already.
    Noted,
    /// It has ended here before and does not revive; `session_ended` says so again.
    Ended,
    /// The account is locked; `session_ended` tells the information system to end it.
    Locked,
}

/// Notes a session the information system keeps itself.
pub fn report(
    tx: &mut Tx<'_>,
    limits: &Limits,
    new: NewSession<'_>,
    id: &str,
) -> Result<Reported, StoreError> {
    let hash = reported_hash(new.account, id);
    if let Some(known) = tx.get::<Session>(&hash)? {
        let Some((_, why)) = known.ended else {
            return Ok(Reported::Noted);
        };
        emit_ended(tx, &known, why)?;
        return Ok(Reported::Ended);
    }
    let mut session = open(tx, limits, &new, hash, id.to_owned(), true)?;
    if locks::lock_of(tx, new.account)?.is_some() {
        end(tx, &mut session, SessionEnd::Locked)?;
        return Ok(Reported::Locked);
    }
    Ok(Reported::Noted)
}

fn open(
    tx: &mut Tx<'_>,
    limits: &Limits,
    new: &NewSession<'_>,
    hash: String,
    id: String,
    reported: bool,
) -> Result<Session, StoreError> {
    let now = tx.now();
    let rows = tx.scan::<AccountSession>(new.account, Order::Ascending, MAX_SESSIONS)?;
    if rows.len() >= MAX_SESSIONS {
        // One that is over makes room without a word; else the oldest must go.
        let over = rows.iter().find(|row| row.expires_at <= now);
        match (over, rows.first()) {
            (Some(row), _) => tx.delete::<AccountSession>(&key_of(row))?,
            (None, Some(row)) => {
                tx.limit_hit("sessions_per_account");
                end_row(tx, row, SessionEnd::Displaced)?;
            }
            (None, None) => {}
        }
    }
    let session = Session {
        hash,
        id,
        account: new.account.to_owned(),
        machine: new.machine.map(str::to_owned),
        ip: new.ip.map(str::to_owned),
        channel: new.channel.map(str::to_owned),
        reported,
        started: now,
        expires_at: now.saturating_add(limits.session_life),
        ended: None,
    };
    tx.put(&session)?;
    tx.put(&AccountSession {
        account: session.account.clone(),
        started: now,
        hash: session.hash.clone(),
        expires_at: session.expires_at,
    })?;
    Ok(session)
}

/// The session behind a token, while it lives and its account is not locked.
pub fn introspect(tx: &mut Tx<'_>, token: &str) -> Result<Option<Session>, StoreError> {
    let Some(session) = by_token(tx, token)? else {
        return Ok(None);
    };
    let alive = session.ended.is_none() && session.expires_at > tx.now();
    Ok(Some(session).filter(|_| alive))
}

/// The sessions of an account that live, oldest first.
pub fn list(tx: &mut Tx<'_>, account: &str) -> Result<Vec<Session>, StoreError> {
    let now = tx.now();
    let mut sessions = Vec::new();
    for row in tx.scan::<AccountSession>(account, Order::Ascending, MAX_SESSIONS)? {
        let session = tx.get::<Session>(&row.hash)?;
        sessions
            .extend(session.filter(|session| session.ended.is_none() && session.expires_at > now));
    }
    Ok(sessions)
}

/// Ends the session behind a token. `false` when it lives no more or never did.
pub fn revoke(tx: &mut Tx<'_>, token: &str, why: SessionEnd) -> Result<bool, StoreError> {
    match introspect(tx, token)? {
        Some(mut session) => {
            end(tx, &mut session, why)?;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// Ends one session of an account by its public identifier. `false` when it lives no more.
pub fn end_one(
    tx: &mut Tx<'_>,
    account: &str,
    id: &str,
    why: SessionEnd,
) -> Result<bool, StoreError> {
    let found = list(tx, account)?
        .into_iter()
        .find(|session| session.id == id);
    match found {
        Some(mut session) => {
            end(tx, &mut session, why)?;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// Ends every session of an account and says how many lived.
pub fn end_all(tx: &mut Tx<'_>, account: &str, why: SessionEnd) -> Result<u32, StoreError> {
    let now = tx.now();
    let mut ended = 0;
    for row in tx.scan::<AccountSession>(account, Order::Ascending, MAX_SESSIONS)? {
        ended += u32::from(row.expires_at > now);
        end_row(tx, &row, why)?;
    }
    Ok(ended)
}

fn end_row(tx: &mut Tx<'_>, row: &AccountSession, why: SessionEnd) -> Result<(), StoreError> {
    match tx.get::<Session>(&row.hash)? {
        Some(mut session) if row.expires_at > tx.now() => end(tx, &mut session, why),
        _ => tx.delete::<AccountSession>(&key_of(row)),
    }
}

fn end(tx: &mut Tx<'_>, session: &mut Session, why: SessionEnd) -> Result<(), StoreError> {
    tx.delete::<AccountSession>(&(
        session.account.clone(),
        session.started,
        session.hash.clone(),
    ))?;
    session.ended = Some((tx.now(), why));
    tx.put(session)?;
    emit_ended(tx, session, why)
}

fn emit_ended(tx: &mut Tx<'_>, session: &Session, why: SessionEnd) -> Result<(), StoreError> {
    let data = json!({
        "session": session.id,
        "machine": session.machine,
        "since": rfc3339(session.started),
        "reported": session.reported,
        "why": why.name(),
    });
    tx.emit(NewEvent::new("session_ended", data).account(session.account.as_str()))?;
    Ok(())
}

fn by_token(tx: &mut Tx<'_>, token: &str) -> Result<Option<Session>, StoreError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Ok(None);
    }
    let session = tx.get::<Session>(&token_hash(token))?;
    Ok(session.filter(|session| !session.reported))
}

fn key_of(row: &AccountSession) -> (String, Millis, String) {
    (row.account.clone(), row.started, row.hash.clone())
}

/// 256 random bits need no key.
fn token_hash(token: &str) -> String {
    token_digest("session", token)
}

fn reported_hash(account: &str, id: &str) -> String {
    token_digest(
        "reported-session",
        &format!("{}:{account}{id}", account.len()),
    )
}
