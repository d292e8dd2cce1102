//! Machine identifiers: signed here, or foreign with an HMAC under a configured key.
//!
//! An identifier travels as a token whose signature makes it unforgeable; rules and records see only
//! the part that is no secret. An issued one is *unproven*, hence not legal, until a solved captcha
//! or a successful login. Signing uses the master key, so it rotates with it: old tokens stay good
//! while the key that made them is the predecessor.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::limits::{Limits, subject_of};
use crate::accounts::allow;
use crate::env::{DAY, HOUR};
use crate::keys::{Keys, Purpose, token_digest};
use crate::store::records::Machine;
use crate::store::{StoreError, Tx};

/// The longest token looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 512;
/// The first part of a token issued here.
const VERSION: &str = "m1";
/// Letters of a signature made here: 32 bytes in base64.
const MAC_LETTERS: usize = 43;
/// Hexadecimal digits of a foreign signature.
const MAC_DIGITS: usize = 64;
/// Hexadecimal digits of the digest that names a machine not issued here.
const DIGEST_DIGITS: usize = 32;

/// A machine token: for a cookie or a client's storage.
#[derive(Clone, PartialEq, Eq)]
pub struct MachineToken(String);

impl MachineToken {
    /// The token.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MachineToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MachineToken(…)")
    }
}

/// What became of a request for an identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MachineIssued {
    /// Here it is, unproven.
    Issued {
        /// The signed token.
        token: MachineToken,
        /// The identifier rules and records see.
        id: String,
    },
    /// This address has had its share for the hour. (429)
    TooMany,
}

/// Issues an identifier to an address.
pub fn issue(
    tx: &mut Tx<'_>,
    keys: &Keys,
    limits: &Limits,
    address: IpAddr,
) -> Result<MachineIssued, StoreError> {
    let subject = subject_of(address);
    if !allow(tx, "machines", &subject, HOUR, limits.machines_per_address)? {
        tx.limit_hit("machines_per_address");
        return Ok(MachineIssued::TooMany);
    }
    let (id, now) = (tx.id("mch"), tx.now());
    tx.put(&Machine {
        id: id.clone(),
        issued_at: now,
        seen_at: now,
        proven_at: None,
    })?;
    Ok(MachineIssued::Issued {
        token: sign(keys, &id),
        id,
    })
}

/// The token of an identifier. Signing it again after a rotation gives one under the new key.
pub fn sign(keys: &Keys, id: &str) -> MachineToken {
    let mac = keys.mac(Purpose::MachineSigning, &[id.as_bytes()]);
    MachineToken(format!("{VERSION}.{id}.{}", URL_SAFE_NO_PAD.encode(mac)))
}

/// A foreign format: `VALUE.HMAC`, where HMAC is the hexadecimal HMAC-SHA256 of VALUE under one of
/// the configured keys, the newest first.
#[derive(Clone)]
pub struct ForeignMachines {
    keys: Vec<Zeroizing<Vec<u8>>>,
}

impl ForeignMachines {
    /// Accepts values signed under any of `keys`.
    pub fn new(keys: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self {
            keys: keys.into_iter().map(Zeroizing::new).collect(),
        }
    }

    fn value<'t>(&self, token: &'t str) -> Option<&'t str> {
        let (value, mac) = token.rsplit_once('.')?;
        let mac = hex::decode(mac).ok()?;
        let signed = |key: &Zeroizing<Vec<u8>>| {
            // HMAC compares in constant time by itself; it takes keys of any length.
            Hmac::<Sha256>::new_from_slice(key).is_ok_and(|hmac| {
                hmac.chain_update(value.as_bytes())
                    .verify_slice(&mac)
                    .is_ok()
            })
        };
        (!value.is_empty() && self.keys.iter().any(signed)).then_some(value)
    }
}

/// What a system that signs machines itself sends for `value`: see [`ForeignMachines`].
pub(crate) fn sign_foreign(key: &[u8], value: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key).map(|hmac| {
        let hmac = hmac.chain_update(value.as_bytes());
        hex::encode(hmac.finalize().into_bytes())
    });
    // HMAC takes keys of any length.
    format!("{value}.{}", mac.unwrap_or_default())
}

impl fmt::Debug for ForeignMachines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignMachines")
            .field("keys", &self.keys.len())
            .finish()
    }
}

/// What a token says by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identified {
    /// There is none.
    Missing,
    /// Issued here.
    Own(String),
    /// Foreign, rightly signed.
    Foreign(String),
    /// Forged, altered or of an unknown format. It has a name all the same, so that it can be
    /// counted; that name never meets a legal one's.
    Illegal(Option<String>),
}

/// Reads a token. Pure: whether an own one is proven is [`check`]'s question.
pub fn identify(keys: &Keys, foreign: Option<&ForeignMachines>, token: Option<&str>) -> Identified {
    let Some(token) = token.map(str::trim).filter(|token| !token.is_empty()) else {
        return Identified::Missing;
    };
    if token.len() > MAX_TOKEN_BYTES {
        return Identified::Illegal(None);
    }
    if let Some(id) = own_id(keys, token) {
        return Identified::Own(id.to_owned());
    }
    match foreign.and_then(|foreign| foreign.value(token)) {
        Some(value) => Identified::Foreign(digest("mf_", value)),
        None => Identified::Illegal(Some(digest("mx_", token))),
    }
}

/// The identifier a token names, for who has past logins but not the keys: what [`identify`] finds in a
/// token that is rightly signed. Any other text names itself. Never a proof of anything.
pub fn unverified(token: &str) -> Cow<'_, str> {
    let Some((head, mac)) = token.trim().rsplit_once('.') else {
        return Cow::Borrowed(token);
    };
    let own = head
        .strip_prefix(VERSION)
        .and_then(|id| id.strip_prefix('.'));
    match own {
        Some(id) if !id.is_empty() && mac.len() == MAC_LETTERS => Cow::Borrowed(id),
        None if !head.is_empty() && mac.len() == MAC_DIGITS && is_hex(mac) => {
            Cow::Owned(digest("mf_", head))
        }
        _ => Cow::Borrowed(token),
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The name of a machine that was not issued here.
fn digest(prefix: &str, value: &str) -> String {
    let digest = token_digest("machine", value);
    format!("{prefix}{}", &digest[..DIGEST_DIGITS])
}

fn own_id<'t>(keys: &Keys, token: &'t str) -> Option<&'t str> {
    let (head, mac) = token.rsplit_once('.')?;
    let id = head.strip_prefix(VERSION)?.strip_prefix('.')?;
    let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
    keys.verify(Purpose::MachineSigning, &[id.as_bytes()], &mac)
        .then_some(id)
}

/// How a machine stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineStanding {
    /// Its identifier is legal.
    Legal,
    /// Issued here, not proven yet: not legal.
    Unproven,
    /// Forged, altered or unknown.
    Illegal,
    /// None was given.
    Missing,
}

/// A machine as rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineCheck {
    /// Its identifier; none when missing or unreadable.
    pub id: Option<String>,
    /// How it stands.
    pub standing: MachineStanding,
}

impl MachineCheck {
    /// Whether the identifier is legal.
    pub fn legal(&self) -> bool {
        self.standing == MachineStanding::Legal
    }
}

/// Looks up how an identified machine stands.
pub fn check(tx: &mut Tx<'_>, machine: &Identified) -> Result<MachineCheck, StoreError> {
    let (id, standing) = match machine {
        Identified::Missing => (None, MachineStanding::Missing),
        Identified::Illegal(id) => (id.clone(), MachineStanding::Illegal),
        Identified::Foreign(id) => (Some(id.clone()), MachineStanding::Legal),
        Identified::Own(id) => {
            let known = tx.get::<Machine>(id)?;
            let proven = known.is_some_and(|machine| machine.proven_at.is_some());
            let standing = match proven {
                true => MachineStanding::Legal,
                false => MachineStanding::Unproven,
            };
            (Some(id.clone()), standing)
        }
    };
    Ok(MachineCheck { id, standing })
}

/// A captcha was solved or a login succeeded on this machine: an own one is legal from now on.
/// Nothing proves an illegal one.
pub fn prove(tx: &mut Tx<'_>, machine: &Identified) -> Result<(), StoreError> {
    let Identified::Own(id) = machine else {
        return Ok(());
    };
    let now = tx.now();
    // Its record may be gone after long disuse; the signature still says who it is.
    let mut row = tx.get::<Machine>(id)?.unwrap_or(Machine {
        id: id.clone(),
        issued_at: now,
        seen_at: i64::MIN,
        proven_at: None,
    });
    let fresh = row.seen_at > now.saturating_sub(DAY);
    if row.proven_at.is_some() && fresh {
        return Ok(());
    }
    row.proven_at = row.proven_at.or(Some(now));
    row.seen_at = now;
    tx.put(&row)
}
