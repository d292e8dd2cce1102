//! Binding: one OpenID ↔ one account per official account, in one command.

use serde_json::json;

use super::codes::{self, Compared, Sender, TryRefused};
use super::limits::Limits;
use super::{phone, suspended, tickets};
use crate::env::{Millis, rfc3339};
use crate::guard::alerts;
use crate::keys::Keys;
use crate::store::records::{
    Account, AccountBinding, Binding, BindingState, CodePurpose, NewAudit, NewEvent, PhoneIndex,
    SuspendedBinding, Ticket,
};
use crate::store::{Order, StoreError, Tx};

/// The most official accounts one account's bindings are listed over.
const MAX_BINDINGS: usize = 64;

/// Who wants to be bound, and how they prove which account is theirs.
#[derive(Clone, Copy)]
pub struct BindRequest<'a> {
    /// The official account's name in the configuration.
    pub official_account: &'a str,
    /// The sender.
    pub openid: &'a str,
    /// The phone they gave, in any form.
    pub phone: &'a str,
    /// What proves it.
    pub proof: Proof<'a>,
}

/// What proves an account, beside its phone.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// A verification code, as typed.
    Code(&'a str),
    /// A ticket this sender has scanned, see [`claim_ticket`](super::claim_ticket).
    ClaimedTicket(&'a str),
}

impl std::fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Code(_) => "Code(…)",
            Self::ClaimedTicket(_) => "ClaimedTicket(…)",
        })
    }
}

impl std::fmt::Debug for BindRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BindRequest").finish_non_exhaustive()
    }
}

/// What became of it, in the order in which the cases are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindOutcome {
    /// The sender has had all its tries for this phone.
    Blocked {
        /// Until when.
        until: Millis,
    },
    /// The sender is bound already. The code was not looked at and is still good.
    Already {
        /// To this account.
        account: String,
    },
    /// Phone, code or ticket are wrong, expired or unknown: one answer.
    Refused {
        /// How often this sender may still try.
        tries_left: u32,
    },
    /// The account belongs to another OpenID. The code is used up.
    Taken,
    /// Bound from now on.
    Bound {
        /// The account.
        account: String,
        /// Who must be told: the OpenID that was bound before.
        tell: Option<Notice>,
    },
}

/// Something the caller must tell someone, within the same command.
#[derive(Clone, PartialEq, Eq)]
pub enum Notice {
    /// An account that this OpenID was bound to now belongs to another OpenID.
    Rebound {
        /// The official account to tell it through.
        official_account: String,
        /// Whom to tell.
        openid: String,
        /// The account.
        account: String,
    },
}

impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rebound { account, .. } => f
                .debug_struct("Rebound")
                .field("account", account)
                .finish_non_exhaustive(),
        }
    }
}

/// Binds the sender to the account that phone and proof belong to.
pub fn bind(
    tx: &mut Tx<'_>,
    keys: &Keys,
    limits: &Limits,
    request: BindRequest<'_>,
) -> Result<BindOutcome, StoreError> {
    let BindRequest {
        official_account,
        openid,
        ..
    } = request;
    let sender = Sender {
        official_account,
        openid,
    };
    // What is no phone is a phone that nobody has.
    let phone = phone::normalise(request.phone).unwrap_or_else(|_| format!("?{}", request.phone));
    let subject = codes::subject_of(keys, &phone);
    if let Some(until) = codes::blocked(tx, limits, sender, &subject)? {
        return Ok(BindOutcome::Blocked { until });
    }
    if let Some(account) = account_of(tx, official_account, openid)? {
        return Ok(BindOutcome::Already { account });
    }
    let account = match tx.get::<PhoneIndex>(&phone)? {
        Some(index) => tx.get::<Account>(&index.account)?,
        None => None,
    };
    let proven = match request.proof {
        Proof::Code(code) => try_code(tx, keys, limits, sender, &subject, account.as_ref(), code)?,
        Proof::ClaimedTicket(ticket) => {
            try_ticket(tx, limits, sender, &subject, account.as_ref(), ticket)?
        }
    };
    if let Err(refused) = proven {
        return Ok(match refused {
            TryRefused::Refused { tries_left } => BindOutcome::Refused { tries_left },
            TryRefused::Blocked { until } => BindOutcome::Blocked { until },
        });
    }
    let Some(account) = account else {
        // Nothing is ever right for a phone nobody has.
        return Ok(BindOutcome::Refused { tries_left: 0 });
    };
    let before = tx.get::<AccountBinding>(&(account.id.clone(), official_account.to_owned()))?;
    if before
        .as_ref()
        .is_some_and(|row| row.state == BindingState::Active)
    {
        return Ok(BindOutcome::Taken);
    }
    let tell = write(tx, keys, limits, sender, &account.id, before)?;
    Ok(BindOutcome::Bound {
        account: account.id,
        tell,
    })
}

fn try_code(
    tx: &mut Tx<'_>,
    keys: &Keys,
    limits: &Limits,
    sender: Sender<'_>,
    subject: &str,
    account: Option<&Account>,
    typed: &str,
) -> Result<Result<(), TryRefused>, StoreError> {
    let purpose = CodePurpose::Bind;
    Ok(
        match (codes::compare(tx, keys, account, purpose, typed)?, account) {
            (Compared::Right, Some(account)) => {
                codes::consume(tx, sender, subject, &account.id, purpose)?;
                Ok(())
            }
            (Compared::Replaced, _) => Err(codes::refused_for_free(tx, limits, sender, subject)?),
            _ => {
                let code = account.map(|account| (account.id.as_str(), purpose));
                Err(codes::count_wrong(tx, limits, sender, subject, code)?)
            }
        },
    )
}

fn try_ticket(
    tx: &mut Tx<'_>,
    limits: &Limits,
    sender: Sender<'_>,
    subject: &str,
    account: Option<&Account>,
    ticket: &str,
) -> Result<Result<(), TryRefused>, StoreError> {
    let claimed = tickets::claimed_by(tx, ticket, sender.official_account, sender.openid)?;
    let fits = |ticket: &Ticket| account.is_some_and(|account| account.id == ticket.account);
    match claimed {
        Some(ticket) if fits(&ticket) => {
            tx.delete::<Ticket>(&ticket.hash)?;
            codes::forgive(tx, sender, subject)?;
            return Ok(Ok(()));
        }
        Some(ticket) => tickets::count_wrong_phone(tx, limits, ticket)?,
        None => {}
    }
    Ok(Err(codes::count_wrong(tx, limits, sender, subject, None)?))
}

fn write(
    tx: &mut Tx<'_>,
    keys: &Keys,
    limits: &Limits,
    sender: Sender<'_>,
    account: &str,
    before: Option<AccountBinding>,
) -> Result<Option<Notice>, StoreError> {
    let now = tx.now();
    let Sender {
        official_account,
        openid,
    } = sender;
    // A resting binding of this OpenID, to whatever account, gives way to the new one.
    suspended::end(tx, official_account, openid, "bound_again")?;
    let event = |kind: &str, data| {
        NewEvent::new(kind, data)
            .account(account)
            .official_account(official_account)
    };
    let mut tell = None;
    if let Some(before) = before.filter(|before| before.openid != openid) {
        if matches!(before.state, BindingState::Suspended { .. }) {
            let key = (official_account.to_owned(), before.openid.clone());
            tx.delete::<SuspendedBinding>(&key)?;
            tx.emit(event(
                "unbound",
                json!({ "openid": before.openid, "why": "rebound" }),
            ))?;
        }
        tx.emit(event(
            "guard_lost",
            json!({ "openid": before.openid, "why": "rebound" }),
        ))?;
        tell = Some(Notice::Rebound {
            official_account: official_account.to_owned(),
            openid: before.openid,
            account: account.to_owned(),
        });
    }
    tx.put(&Binding {
        official_account: official_account.to_owned(),
        openid: openid.to_owned(),
        account: account.to_owned(),
        bound_at: now,
    })?;
    tx.put(&AccountBinding {
        account: account.to_owned(),
        official_account: official_account.to_owned(),
        openid: openid.to_owned(),
        bound_at: now,
        state: BindingState::Active,
    })?;
    tx.emit(event("bound", json!({ "openid": openid })))?;
    let alerted = alerts::last_raised(tx, account)?;
    if alerted.is_some_and(|at| at > now.saturating_sub(limits.suspicious_after_alert)) {
        tx.emit(event(
            "binding_suspicious",
            json!({ "openid": openid, "alerted_at": alerted.map(rfc3339) }),
        ))?;
    }
    tx.audit(NewAudit {
        actor: keys.openid_actor(official_account, openid),
        action: "binding.bind".into(),
        account: Some(account.to_owned()),
        detail: json!({ "official_account": official_account }),
    })?;
    Ok(tell)
}

/// The account an OpenID stands for. None while the binding rests.
pub fn account_of(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
) -> Result<Option<String>, StoreError> {
    let key = (official_account.to_owned(), openid.to_owned());
    Ok(tx.get::<Binding>(&key)?.map(|binding| binding.account))
}

/// The binding of an account in one official account, if it is in force.
pub fn binding_of(
    tx: &mut Tx<'_>,
    account: &str,
    official_account: &str,
) -> Result<Option<AccountBinding>, StoreError> {
    let key = (account.to_owned(), official_account.to_owned());
    Ok(tx
        .get::<AccountBinding>(&key)?
        .filter(|binding| binding.state == BindingState::Active))
}

/// The bindings of an account that are in force, by official account.
pub fn bindings_of(tx: &mut Tx<'_>, account: &str) -> Result<Vec<AccountBinding>, StoreError> {
    let mut all = tx.scan::<AccountBinding>(account, Order::Ascending, MAX_BINDINGS)?;
    all.retain(|binding| binding.state == BindingState::Active);
    Ok(all)
}
