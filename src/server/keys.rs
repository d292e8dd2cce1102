//! API keys: made, listed, revoked and checked. The store holds only their hash.
//!
//! A key reads `msk_ID_SECRET`: the id finds the record, the hash of the whole is compared in constant
//! time. The secret has 256 random bits, so that a plain SHA-256 cannot be guessed and no master key
//! is needed to make a key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::scope::Scope;
use crate::store::records::{ApiKey, NewAudit};
use crate::store::{Order, StoreError, Tx};

/// API keys one store may hold, revoked ones included: each belongs to one system of the operator.
pub const MAX_API_KEYS: usize = 1_000;
/// Characters of a key's name.
pub const MAX_NAME_CHARS: usize = 64;
/// Length of a whole key; longer credentials are not looked at.
const MAX_KEY_LEN: usize = 128;
const PREFIX: &str = "msk_";

/// A key that was just made. The only time its text exists outside its owner's hands.
#[derive(Clone)]
pub struct NewApiKey {
    /// The text to hand over: `msk_…`.
    pub text: Zeroizing<String>,
    /// What is kept.
    pub record: ApiKey,
}

impl std::fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewApiKey")
            .field("name", &self.record.name)
            .finish_non_exhaustive()
    }
}

/// Why a key was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddKeyError {
    /// A key of this name exists and is not revoked.
    #[error("there is a key called {0:?} already; revoke it first or choose another name")]
    NameTaken(String),
    /// The name is empty, too long or has control characters.
    #[error("a key's name has 1 to 64 characters and no control characters")]
    BadName,
    /// No scope was given.
    #[error("a key needs at least one scope")]
    NoScope,
    /// The store holds [`MAX_API_KEYS`] keys.
    #[error("there are too many keys")]
    Full,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a key. Write `actor` as the audit log wants it, e.g. "operator".
///
/// # Errors
/// See [`AddKeyError`].
pub fn add(
    tx: &mut Tx<'_>,
    actor: &str,
    name: &str,
    scopes: &[Scope],
) -> Result<NewApiKey, AddKeyError> {
    if name.is_empty()
        || name.chars().count() > MAX_NAME_CHARS
        || name.chars().any(char::is_control)
    {
        return Err(AddKeyError::BadName);
    }
    if scopes.is_empty() {
        return Err(AddKeyError::NoScope);
    }
    let existing = list(tx)?;
    if existing.len() >= MAX_API_KEYS {
        return Err(AddKeyError::Full);
    }
    if existing
        .iter()
        .any(|key| key.name == name && key.revoked.is_none())
    {
        return Err(AddKeyError::NameTaken(name.to_owned()));
    }
    let mut scopes: Vec<Scope> = scopes.to_vec();
    scopes.sort();
    scopes.dedup();
    let id = hex::encode(tx.random::<8>());
    let secret = Zeroizing::new(tx.random::<32>());
    let text = Zeroizing::new(format!(
        "{PREFIX}{id}_{}",
        URL_SAFE_NO_PAD.encode(secret.as_slice())
    ));
    let record = ApiKey {
        hash: hash(&text),
        id,
        name: name.to_owned(),
        scopes: scopes.iter().map(|scope| scope.name().to_owned()).collect(),
        created: tx.now(),
        revoked: None,
    };
    tx.put(&record)?;
    tx.audit(NewAudit {
        actor: actor.to_owned(),
        action: "key.add".to_owned(),
        account: None,
        detail: json!({"key": record.id, "name": record.name, "scopes": record.scopes}),
    })?;
    Ok(NewApiKey { text, record })
}

/// Every key, revoked ones too.
///
/// # Errors
/// The store's.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<ApiKey>, StoreError> {
    tx.scan::<ApiKey>((), Order::Ascending, MAX_API_KEYS)
}

/// Revokes the key of this name or id from now on. `false` when there is none that works.
///
/// # Errors
/// The store's.
pub fn revoke(tx: &mut Tx<'_>, actor: &str, name_or_id: &str) -> Result<bool, StoreError> {
    let found = list(tx)?
        .into_iter()
        .find(|key| key.revoked.is_none() && (key.name == name_or_id || key.id == name_or_id));
    let Some(mut key) = found else {
        return Ok(false);
    };
    key.revoked = Some(tx.now());
    tx.put(&key)?;
    tx.audit(NewAudit {
        actor: actor.to_owned(),
        action: "key.revoke".to_owned(),
        account: None,
        detail: json!({"key": key.id, "name": key.name}),
    })?;
    Ok(true)
}

/// The key record belonging to a credential, if it is right and not revoked.
///
/// # Errors
/// The store's.
pub fn authenticate(tx: &mut Tx<'_>, presented: &str) -> Result<Option<ApiKey>, StoreError> {
    let id = (presented.len() <= MAX_KEY_LEN)
        .then(|| presented.strip_prefix(PREFIX))
        .flatten()
        .and_then(|rest| rest.split_once('_'))
        .map_or("", |(id, _)| id);
    let record = tx.get::<ApiKey>(&id.to_owned())?;
    // An unknown id costs the same hash and compare as a known one.
    let expected = record.as_ref().map_or("", |key| key.hash.as_str());
    let right = bool::from(hash(presented).as_bytes().ct_eq(expected.as_bytes()));
    Ok(record.filter(|key| right && key.revoked.is_none()))
}

fn hash(text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"menshen.api-key.1\0");
    hash.update(text.as_bytes());
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use crate::store::{execute, memory};

    #[tokio::test]
    async fn so_many_api_keys_are_held_and_not_one_more() {
        let store = memory(Env::scripted(1_000, 1).0);
        // All but one, revoked or not, a few to a command.
        let numbers: Vec<usize> = (0..MAX_API_KEYS - 1).collect();
        for part in numbers.chunks(300) {
            let part = part.to_vec();
            execute::<_, StoreError>(&*store, "fill", move |tx| {
                for number in &part {
                    tx.put(&ApiKey {
                        hash: String::new(),
                        id: format!("{number:016x}"),
                        name: format!("key {number}"),
                        scopes: vec!["login".to_owned()],
                        created: 1_000,
                        revoked: number.is_multiple_of(2).then_some(1_000),
                    })?;
                }
                Ok(())
            })
            .await
            .expect("filled");
        }
        let make = async |name: &'static str| {
            execute(&*store, "add", move |tx| {
                add(tx, "operator", name, &[Scope::Login])
            })
            .await
        };
        let last = make("the last").await.expect("there is room for one");
        assert_eq!(make("one more").await.map(drop), Err(AddKeyError::Full));
        // Every one of them still counts and still opens.
        let known = execute::<_, StoreError>(&*store, "look", move |tx| {
            let listed = list(tx)?.len();
            Ok((listed, authenticate(tx, &last.text)?.is_some()))
        });
        assert_eq!(known.await, Ok((MAX_API_KEYS, true)));
    }
}
