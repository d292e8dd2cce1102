//! Scan-to-bind tickets: the information system shows a QR code, its user scans it. The scan alone
//! binds nothing; it stands for the code in [`bind`](super::bind), and the phone is still asked.

use std::fmt;

use serde_json::json;

use super::limits::Limits;
use crate::env::Millis;
use crate::keys::token_digest;
use crate::store::records::{Account, NewAudit, Ticket, TicketClaim};
use crate::store::{StoreError, Tx};

/// The longest scene text looked up, in bytes.
const MAX_TICKET_BYTES: usize = 64;

/// A ticket in the clear: 128 bits as 32 hexadecimal digits. Never stored or shown.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketText(String);

impl TicketText {
    /// The ticket, to be answered to the information system and put into a scene.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TicketText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketText(…)")
    }
}

/// What became of a request for a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketIssued {
    /// Here it is.
    Issued {
        /// The ticket; the scene is `bind:` and this.
        ticket: TicketText,
        /// Until when it can be scanned.
        expires_at: Millis,
    },
    /// No such account.
    NoAccount,
    /// The phone will be asked for, and the account has none.
    NoPhone,
}

/// Makes a ticket for an account.
pub fn issue_ticket(
    tx: &mut Tx<'_>,
    limits: &Limits,
    account: &str,
    actor: &str,
) -> Result<TicketIssued, StoreError> {
    let ticket = hex::encode(tx.random::<16>());
    issue_text(tx, limits, account, ticket, actor)
}

/// [`issue_ticket`] with a text that somebody else has chosen: stories, where it stands in a scene.
pub(crate) fn issue_text(
    tx: &mut Tx<'_>,
    limits: &Limits,
    account: &str,
    ticket: String,
    actor: &str,
) -> Result<TicketIssued, StoreError> {
    let Some(owner) = tx.get::<Account>(&account.to_owned())? else {
        return Ok(TicketIssued::NoAccount);
    };
    if owner.phone.is_none() {
        return Ok(TicketIssued::NoPhone);
    }
    let expires_at = tx.now().saturating_add(limits.ticket_life);
    tx.put(&Ticket {
        hash: hash(&ticket),
        account: account.to_owned(),
        issued_at: tx.now(),
        expires_at,
        claim: None,
        wrong: 0,
    })?;
    tx.audit(NewAudit {
        actor: actor.to_owned(),
        action: "ticket.issue".into(),
        account: Some(account.to_owned()),
        detail: json!({}),
    })?;
    Ok(TicketIssued::Issued {
        ticket: TicketText(ticket),
        expires_at,
    })
}

/// What a scan found. A stranger's ticket and an old one are told apart by nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// It is this sender's now, until the time given; scanning again changes nothing.
    Claimed {
        /// Until when the phone must be given.
        until: Millis,
    },
    /// Unknown, expired, cancelled, or someone else scanned it first.
    Gone,
}

/// The first scan consumes a ticket: from now on it is good for this sender alone.
pub fn claim_ticket(
    tx: &mut Tx<'_>,
    limits: &Limits,
    ticket: &str,
    official_account: &str,
    openid: &str,
) -> Result<Claimed, StoreError> {
    let Some(mut row) = find(tx, ticket)? else {
        return Ok(Claimed::Gone);
    };
    if let Some(claim) = &row.claim {
        return Ok(if claim.is_by(official_account, openid) {
            Claimed::Claimed {
                until: row.expires_at,
            }
        } else {
            Claimed::Gone
        });
    }
    row.claim = Some(TicketClaim {
        official_account: official_account.to_owned(),
        openid: openid.to_owned(),
        at: tx.now(),
    });
    row.expires_at = tx.now().saturating_add(limits.claim_life);
    tx.put(&row)?;
    Ok(Claimed::Claimed {
        until: row.expires_at,
    })
}

/// Takes a ticket back, scanned or not. `false` when there is none.
pub fn cancel_ticket(tx: &mut Tx<'_>, ticket: &str) -> Result<bool, StoreError> {
    match find(tx, ticket)? {
        Some(row) => {
            tx.delete::<Ticket>(&row.hash)?;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// The account a ticket stands for, if this sender scanned it.
pub(crate) fn claimed_by(
    tx: &mut Tx<'_>,
    ticket: &str,
    official_account: &str,
    openid: &str,
) -> Result<Option<Ticket>, StoreError> {
    Ok(find(tx, ticket)?.filter(|row| {
        row.claim
            .as_ref()
            .is_some_and(|claim| claim.is_by(official_account, openid))
    }))
}

/// Counts a wrong phone given with a ticket; too many void it.
pub(crate) fn count_wrong_phone(
    tx: &mut Tx<'_>,
    limits: &Limits,
    mut ticket: Ticket,
) -> Result<(), StoreError> {
    ticket.wrong += 1;
    if ticket.wrong >= limits.ticket_tries {
        tx.limit_hit("ticket_tries");
        return tx.delete::<Ticket>(&ticket.hash);
    }
    tx.put(&ticket)
}

fn find(tx: &mut Tx<'_>, ticket: &str) -> Result<Option<Ticket>, StoreError> {
    if ticket.len() > MAX_TICKET_BYTES {
        return Ok(None);
    }
    let now = tx.now();
    let row = tx.get::<Ticket>(&hash(ticket))?;
    Ok(row.filter(|row| row.expires_at > now))
}

/// 128 random bits need no key.
fn hash(ticket: &str) -> String {
    token_digest("ticket", ticket)
}

impl TicketClaim {
    fn is_by(&self, official_account: &str, openid: &str) -> bool {
        self.official_account == official_account && self.openid == openid
    }
}
