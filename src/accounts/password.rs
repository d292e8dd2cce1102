//! Passwords: argon2id, made and checked outside commands.
//!
//! A check takes tens of milliseconds and megabytes, so it runs on a blocking thread behind a
//! semaphore, before the command; the command then compares the account's password version. Unknown
//! accounts and accounts without a password are checked against a hash of nothing, which takes as
//! long. Imported hashes take their own time, bcrypt's until the next login, when the hash is replaced:
//! every refusal waits as long as the dearest of them met since the start took. The first one met is
//! the difference this room cannot hide.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::env::Env;

/// The longest password in bytes; longer ones cost time and are wrong.
pub const MAX_PASSWORD_BYTES: usize = 1024;
/// The largest memory an imported argon2 hash may ask for, in KiB.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// The most passes an imported argon2 hash may ask for.
const MAX_PASSES: u32 = 16;
/// The most lanes an imported argon2 hash may ask for.
const MAX_LANES: u32 = 16;
/// The highest cost of an imported bcrypt hash: about a second.
const MAX_BCRYPT_COST: u32 = 14;
/// The longest a refusal waits to look like that of the dearest hash.
const MAX_REFUSAL: Duration = Duration::from_secs(2);
/// Checks at a time: bounds the memory to as many times 19 MiB.
const DEFAULT_PARALLEL: usize = 4;
/// Checks waiting for their turn. More are refused, so that a flood ends in 503 and not in a queue.
const MAX_WAITING: usize = 256;

/// A password as it was typed. Never shown, wiped when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl<'de> serde::Deserialize<'de> for Password {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// A hash fit to be stored: PHC argon2 or bcrypt within the bounds.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash as text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Why a hash or a password is not taken. Never shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Neither an argon2 PHC string nor a bcrypt hash.
    #[error("this is neither an argon2 hash in PHC form nor a bcrypt hash")]
    Format,
    /// It would take too much time or memory to check.
    #[error("checking this hash would take too much time or memory")]
    TooCostly,
    /// The password is empty or longer than 1,024 bytes.
    #[error("a password has 1 to 1024 bytes")]
    Length,
    /// Too many checks are waiting.
    #[error("too many passwords are being checked")]
    Busy,
    /// The hashing itself failed.
    #[error("the password could not be hashed")]
    Failed,
}

/// Takes a hash made elsewhere (import): PHC argon2i/d/id or bcrypt `$2a$`, `$2b$`, `$2y$`.
///
/// # Errors
/// When it is neither, or too costly to check.
pub fn check_hash(text: &str) -> Result<PasswordHash, HashError> {
    if is_bcrypt(text) {
        let parts: bcrypt::HashParts = text.parse().map_err(|_| HashError::Format)?;
        if !(4..=MAX_BCRYPT_COST).contains(&parts.get_cost()) {
            return Err(HashError::TooCostly);
        }
        return Ok(PasswordHash(text.to_owned()));
    }
    let hash = Phc::new(text).map_err(|_| HashError::Format)?;
    Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| HashError::Format)?;
    let params = Params::try_from(&hash).map_err(|_| HashError::Format)?;
    if hash.hash.is_none() || hash.salt.is_none() {
        return Err(HashError::Format);
    }
    let costly = params.m_cost() > MAX_MEMORY_KIB
        || params.t_cost() > MAX_PASSES
        || params.p_cost() > MAX_LANES;
    if costly {
        return Err(HashError::TooCostly);
    }
    Ok(PasswordHash(text.to_owned()))
}

fn is_bcrypt(text: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|prefix| text.starts_with(prefix))
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The password is right.
    pub right: bool,
    /// A better hash of it, to be stored by the command that lets the login through.
    pub rehash: Option<PasswordHash>,
    /// How much sooner this was known than it would have been of the dearest hash met so far. A refusal waits
    /// as long, see [`Passwords::refuse`]: else the clock would tell imported accounts from unknown ones.
    pub early: Duration,
}

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    params: Params,
    turns: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    nobody: Arc<str>,
    env: Env,
    /// What the dearest check of a foreign hash took since the start, in nanoseconds.
    dearest: Arc<AtomicU64>,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords")
            .field("free", &self.turns.available_permits())
            .finish_non_exhaustive()
    }
}

impl Passwords {
    /// Argon2id with OWASP's parameters: 19 MiB, 2 passes, 1 lane.
    pub fn new(env: Env) -> Self {
        Self::with_cost(env, 19 * 1024, 2, DEFAULT_PARALLEL)
    }

    /// Argon2id with the least cost it knows. For tests, stories and the sandbox only.
    pub fn cheap(env: Env) -> Self {
        Self::with_cost(env, 8, 1, DEFAULT_PARALLEL)
    }

    fn with_cost(env: Env, memory_kib: u32, passes: u32, parallel: usize) -> Self {
        let params = Params::new(memory_kib, passes, 1, None)
            .expect("the parameters above are within argon2's bounds");
        let nobody = make(&params, b"nobody's password", &env.bytes::<16>())
            .expect("a 16 byte salt and a short password can be hashed");
        Self {
            params,
            turns: Arc::new(Semaphore::new(parallel)),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            nobody: nobody.0.into(),
            env,
            dearest: Arc::default(),
        }
    }

    /// How many checks wait or run, and how many may.
    pub fn waiting(&self) -> (usize, usize) {
        let free = self.waiting.available_permits();
        (MAX_WAITING.saturating_sub(free), MAX_WAITING)
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// When it is empty or too long, or too many wait.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        if password.0.is_empty() || password.0.len() > MAX_PASSWORD_BYTES {
            return Err(HashError::Length);
        }
        let (params, salt) = (self.params.clone(), self.env.bytes::<16>());
        self.run(move || make(&params, password.0.as_bytes(), &salt))
            .await?
    }

    /// Checks `password` against an account's stored hash; `None` when there is no such account or
    /// it has no password, which takes as long and is wrong.
    ///
    /// # Errors
    /// When too many wait.
    pub async fn verify(
        &self,
        stored: Option<String>,
        password: Password,
    ) -> Result<Verified, HashError> {
        let (params, salt) = (self.params.clone(), self.env.bytes::<16>());
        let (nobody, dearest) = (self.nobody.clone(), self.dearest.clone());
        self.run(move || {
            let begun = Instant::now();
            let mut found = check(&params, &salt, stored.as_deref(), &nobody, &password);
            let took = begun.elapsed();
            if stored.is_some_and(|stored| !costs_as(&params, &stored)) {
                let took = took.min(MAX_REFUSAL).as_nanos();
                dearest.fetch_max(u64::try_from(took).unwrap_or(0), Relaxed);
            }
            found.early = Duration::from_nanos(dearest.load(Relaxed)).saturating_sub(took);
            found
        })
        .await
    }

    /// Waits before a login is refused, whatever for, until the dearest hash would have been checked.
    pub async fn refuse(&self, found: &Verified) {
        if !found.early.is_zero() {
            tokio::time::sleep(found.early).await;
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let _place = self.waiting.try_acquire().map_err(|_| HashError::Busy)?;
        let turn = self.turns.clone().acquire_owned().await;
        let turn = turn.map_err(|_| HashError::Failed)?;
        tokio::task::spawn_blocking(move || {
            // Held by the work itself: a caller that goes away frees no memory.
            let _turn = turn;
            work()
        })
        .await
        .map_err(|_| HashError::Failed)
    }
}

fn argon2(params: &Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
}

fn make(params: &Params, password: &[u8], salt: &[u8]) -> Result<PasswordHash, HashError> {
    argon2(params)
        .hash_password_with_salt(password, salt)
        .map(|hash| PasswordHash(hash.to_string()))
        .map_err(|_| HashError::Failed)
}

fn check(
    params: &Params,
    salt: &[u8],
    stored: Option<&str>,
    nobody: &str,
    password: &Password,
) -> Verified {
    let wrong = Verified {
        right: false,
        rehash: None,
        early: Duration::ZERO,
    };
    let password = password.0.as_bytes();
    // A password that is too long is wrong after the same work over its beginning.
    let (typed, fits) = match password.get(..MAX_PASSWORD_BYTES) {
        Some(beginning) => (beginning, password.len() == MAX_PASSWORD_BYTES),
        None => (password, true),
    };
    let Some(stored) = stored else {
        let _ = verify_phc(typed, nobody);
        return wrong;
    };
    let right = if is_bcrypt(stored) {
        bcrypt::verify(typed, stored).unwrap_or(false)
    } else {
        verify_phc(typed, stored)
    };
    if !(right && fits) {
        return wrong;
    }
    let current = Phc::new(stored).ok().is_some_and(|hash| {
        hash.algorithm == Algorithm::Argon2id.ident()
            && Params::try_from(&hash)
                .is_ok_and(|old| old.m_cost() >= params.m_cost() && old.t_cost() >= params.t_cost())
    });
    let rehash = if current {
        None
    } else {
        make(params, typed, salt).ok()
    };
    Verified {
        right: true,
        rehash,
        early: Duration::ZERO,
    }
}

/// Whether checking against `stored` takes as long as against a hash made here.
fn costs_as(params: &Params, stored: &str) -> bool {
    Phc::new(stored).ok().is_some_and(|hash| {
        hash.algorithm == Algorithm::Argon2id.ident()
            && Params::try_from(&hash).is_ok_and(|old| {
                (old.m_cost(), old.t_cost(), old.p_cost())
                    == (params.m_cost(), params.t_cost(), params.p_cost())
            })
    })
}

fn verify_phc(password: &[u8], hash: &str) -> bool {
    // The parameters are those in the hash; they were checked when it was stored.
    Phc::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        Passwords::cheap(Env::scripted(0, 1).0)
    }

    #[tokio::test]
    async fn right_wrong_and_nobody() {
        let passwords = passwords();
        let hash = passwords.hash(Password::new("正确")).await.unwrap();
        let stored = || Some(hash.as_str().to_owned());
        assert!(hash.as_str().starts_with("$argon2id$v=19$"));
        let found = passwords
            .verify(stored(), Password::new("正确"))
            .await
            .unwrap();
        assert_eq!((found.right, found.rehash), (true, None));
        assert!(
            !passwords
                .verify(stored(), Password::new("错误"))
                .await
                .unwrap()
                .right
        );
        assert!(
            !passwords
                .verify(None, Password::new("正确"))
                .await
                .unwrap()
                .right
        );
        let nobody = passwords
            .verify(None, Password::new("nobody's password"))
            .await;
        assert!(!nobody.unwrap().right, "the hash of nobody lets nobody in");
    }

    #[tokio::test]
    async fn imported_hashes_are_verified_and_replaced() {
        let passwords = passwords();
        let bcrypt = bcrypt::hash_with_salt("pw", 4, [7; 16])
            .unwrap()
            .to_string();
        let other = argon2::Argon2::new(
            Algorithm::Argon2i,
            Version::V0x13,
            Params::new(16, 2, 1, None).unwrap(),
        )
        .hash_password_with_salt(b"pw", b"saltsaltsalt")
        .unwrap()
        .to_string();
        for hash in [bcrypt, other] {
            check_hash(&hash).unwrap();
            assert!(
                !passwords
                    .verify(Some(hash.clone()), Password::new("no"))
                    .await
                    .unwrap()
                    .right
            );
            let found = passwords
                .verify(Some(hash), Password::new("pw"))
                .await
                .unwrap();
            assert!(found.right);
            let better = found.rehash.unwrap();
            assert!(better.as_str().starts_with("$argon2id$"));
            let again = passwords
                .verify(Some(better.into_string()), Password::new("pw"))
                .await;
            let again = again.unwrap();
            assert_eq!((again.right, again.rehash), (true, None));
        }
    }

    #[tokio::test]
    async fn refusals_wait_for_the_dearest_hash_that_was_met() {
        let passwords = passwords();
        let check = async |stored: Option<String>| {
            let found = passwords.verify(stored, Password::new("no")).await;
            found.unwrap().early
        };
        let own = passwords
            .hash(Password::new("pw"))
            .await
            .unwrap()
            .into_string();
        // Nothing foreign was met: nobody waits.
        assert_eq!(check(None).await, Duration::ZERO);
        assert_eq!(check(Some(own.clone())).await, Duration::ZERO);

        // Some fifty times the least cost of bcrypt, which is more than the least of argon2.
        let dear = bcrypt::hash_with_salt("pw", 10, [7; 16])
            .unwrap()
            .to_string();
        check(Some(dear.clone())).await;
        let dearest = Duration::from_nanos(passwords.dearest.load(Relaxed));
        assert!(!dearest.is_zero());
        for stored in [None, Some(own)] {
            let early = check(stored).await;
            assert!(
                !early.is_zero() && early < dearest,
                "{early:?} of {dearest:?}"
            );
        }
    }

    #[test]
    fn hashes_that_are_none_or_too_costly_are_refused() {
        assert_eq!(check_hash("secret"), Err(HashError::Format));
        assert_eq!(check_hash("$2b$12$short"), Err(HashError::Format));
        assert_eq!(
            check_hash("$scrypt$ln=1,r=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"),
            Err(HashError::Format)
        );
        let costly = "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(check_hash(costly), Err(HashError::TooCostly));
        let slow = bcrypt::hash_with_salt("pw", 4, [7; 16])
            .unwrap()
            .to_string()
            .replace("$04$", "$20$");
        assert_eq!(check_hash(&slow), Err(HashError::TooCostly));
    }

    #[tokio::test]
    async fn lengths_are_bounded() {
        let passwords = passwords();
        assert_eq!(
            passwords.hash(Password::new("")).await,
            Err(HashError::Length)
        );
        let long = "x".repeat(MAX_PASSWORD_BYTES + 1);
        assert_eq!(
            passwords.hash(Password::new(long.clone())).await,
            Err(HashError::Length)
        );
        let hash = passwords.hash(Password::new(&long[1..])).await.unwrap();
        let found = passwords
            .verify(Some(hash.into_string()), Password::new(long))
            .await
            .unwrap();
        assert!(!found.right, "a password is not cut to fit");
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Password::new("pw")), "Password(…)");
    }
}
