//! The master key and what is derived from it.
//!
//! One file outside the data directory holds the key; each use of it goes through its own
//! HKDF-SHA256 derivation ([`Purpose`]), so that no value made for one use is good for another. A
//! key may have a predecessor: what was made with the old key is still recognised, new values are
//! made with the new one. Never printed, logged, exported or stored.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::env::Env;

/// The length of a master key in bytes.
pub const KEY_BYTES: usize = 32;

/// The largest key file worth reading, in bytes: two short lines and some comments.
const MAX_FILE_BYTES: u64 = 4 * 1024;

/// What a derived key is for. The label is part of the derivation and must never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Verification codes at rest.
    VerificationCode,
    /// Whose wrong tries are counted, for which phone.
    CodeTries,
    /// Scan-to-bind tickets.
    Ticket,
    /// Session tokens.
    Session,
    /// Signatures of machine identifiers issued here.
    MachineSigning,
    /// Digests of machine identifiers that were not issued here.
    MachineDigest,
    /// Captcha answers at rest.
    Captcha,
    /// API keys at rest.
    ApiKey,
    /// OpenIDs in the audit log and in logs.
    OpenIdHash,
    /// Digests of request bodies.
    BodyDigest,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::VerificationCode => "menshen/v1/verification-code",
            Self::CodeTries => "menshen/v1/code-tries",
            Self::Ticket => "menshen/v1/ticket",
            Self::Session => "menshen/v1/session",
            Self::MachineSigning => "menshen/v1/machine-signing",
            Self::MachineDigest => "menshen/v1/machine-digest",
            Self::Captcha => "menshen/v1/captcha",
            Self::ApiKey => "menshen/v1/api-key",
            Self::OpenIdHash => "menshen/v1/openid-hash",
            Self::BodyDigest => "menshen/v1/body-digest",
        }
    }
}

/// Why a key file cannot be used. Messages name the file and the cure, never its contents.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Reading or writing failed.
    #[error("{what} {path}: {source}")]
    Io {
        /// What was tried, e.g. "cannot read".
        what: &'static str,
        /// The key file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Others can read the file.
    #[error("{path} can be read by others (mode {mode:03o}): run `chmod 600 {path}`")]
    TooOpen {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not a key file.
    #[error("{path}, line {line}: {problem}")]
    Malformed {
        /// The key file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, without the line's contents.
        problem: &'static str,
    },
}

/// Reads and makes key files.
///
/// A key file has one line `ID BASE64` (32 bytes) for the key in use and, while rotating, a second
/// one for its predecessor. Blank lines and lines that begin with `#` are skipped. Its mode is 0600.
#[derive(Debug)]
pub struct MasterKey;

impl MasterKey {
    /// Reads the keys in `path`.
    ///
    /// # Errors
    /// When the file cannot be read, can be read by others, or is no key file.
    pub fn load(path: &Path) -> Result<Keys, KeyError> {
        let io = |what| {
            move |source| KeyError::Io {
                what,
                path: path.to_owned(),
                source,
            }
        };
        let meta = fs::metadata(path).map_err(io("cannot read"))?;
        check_mode(path, &meta)?;
        let malformed = |line, problem| KeyError::Malformed {
            path: path.to_owned(),
            line,
            problem,
        };
        if meta.len() > MAX_FILE_BYTES {
            return Err(malformed(1, "this is no key file: it is too large"));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(io("cannot read"))?);
        let mut found = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if found.len() == 2 {
                return Err(malformed(
                    index + 1,
                    "there may be one key and one predecessor, no more",
                ));
            }
            found.push(parse_line(line).map_err(|problem| malformed(index + 1, problem))?);
        }
        let mut found = found.into_iter();
        let current = found
            .next()
            .ok_or_else(|| malformed(1, "there is no key in this file"))?;
        Ok(Keys {
            current,
            previous: found.next(),
        })
    }

    /// Makes a new key in `path`, which must not exist, readable by its owner only.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn generate(path: &Path, env: &Env) -> Result<Keys, KeyError> {
        let line = Self::fresh_line(env);
        write_new(path, &line)?;
        Self::load(path)
    }

    /// Puts a new key into `path` and keeps the one in use as its predecessor; the predecessor's
    /// predecessor is forgotten. The file is replaced in one step.
    ///
    /// # Errors
    /// When the file cannot be read or replaced.
    pub fn rotate(path: &Path, env: &Env) -> Result<Keys, KeyError> {
        Self::load(path)?;
        let io = |what| {
            move |source| KeyError::Io {
                what,
                path: path.to_owned(),
                source,
            }
        };
        let text = Zeroizing::new(fs::read_to_string(path).map_err(io("cannot read"))?);
        let old = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with('#'))
            .unwrap_or_default();
        let next = Zeroizing::new(format!("{}{old}\n", *Self::fresh_line(env)));
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        write_new(&beside, &next)?;
        fs::rename(&beside, path).map_err(io("cannot replace"))?;
        Self::load(path)
    }

    fn fresh_line(env: &Env) -> Zeroizing<String> {
        let id = hex::encode(env.bytes::<4>());
        let key = Zeroizing::new(env.bytes::<KEY_BYTES>());
        Zeroizing::new(format!("{id} {}\n", STANDARD.encode(*key)))
    }
}

fn parse_line(line: &str) -> Result<Key, &'static str> {
    let (id, encoded) = line
        .split_once(char::is_whitespace)
        .ok_or("expected the key's name, a blank and the key")?;
    if id.len() > 32 || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err("a key's name is 1 to 32 letters and digits");
    }
    let bytes = Zeroizing::new(
        STANDARD
            .decode(encoded.trim())
            .map_err(|_| "the key is not base64")?,
    );
    let bytes: &[u8; KEY_BYTES] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| "a key has 32 bytes")?;
    Ok(Key::new(id, bytes))
}

fn write_new(path: &Path, text: &str) -> Result<(), KeyError> {
    let io = |what| {
        move |source| KeyError::Io {
            what,
            path: path.to_owned(),
            source,
        }
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(io("cannot create"))?;
    file.write_all(text.as_bytes())
        .map_err(io("cannot write"))?;
    file.sync_all().map_err(io("cannot write"))
}

#[cfg(unix)]
fn check_mode(path: &Path, meta: &fs::Metadata) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::TooOpen {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &fs::Metadata) -> Result<(), KeyError> {
    Ok(())
}

/// The key in use and its predecessor. Shared as `Arc<Keys>`.
pub struct Keys {
    current: Key,
    previous: Option<Key>,
}

struct Key {
    id: String,
    extracted: Zeroizing<[u8; 32]>,
}

impl Key {
    fn new(id: &str, master: &[u8; KEY_BYTES]) -> Self {
        let (extracted, _) = Hkdf::<Sha256>::extract(Some(b"menshen"), master);
        Self {
            id: id.to_owned(),
            extracted: Zeroizing::new(extracted.into()),
        }
    }

    fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::from_prk(&*self.extracted)
            .expect("32 bytes are a pseudorandom key")
            .expand(purpose.label().as_bytes(), &mut *key)
            .expect("32 bytes can be expanded");
        let mut mac = Hmac::<Sha256>::new_from_slice(&*key).expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl Keys {
    /// Keys from raw bytes: for tests, stories and the sandbox.
    pub fn from_bytes(current: &[u8; KEY_BYTES], previous: Option<&[u8; KEY_BYTES]>) -> Self {
        Self {
            current: Key::new("current", current),
            previous: previous.map(|key| Key::new("previous", key)),
        }
    }

    /// The name of the key in use.
    pub fn id(&self) -> &str {
        &self.current.id
    }

    /// HMAC-SHA256 over the parts, each with its length, under the key in use for this purpose.
    pub fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        self.current.mac(purpose, parts)
    }

    /// [`Keys::mac`] as lower-case hexadecimal.
    pub fn mac_hex(&self, purpose: Purpose, parts: &[&[u8]]) -> String {
        hex::encode(self.mac(purpose, parts))
    }

    /// Every value [`Keys::mac_hex`] gave or would give for these parts: the key in use first, then
    /// its predecessor. For look-ups by digest.
    pub fn mac_hexes(&self, purpose: Purpose, parts: &[&[u8]]) -> Vec<String> {
        std::iter::once(&self.current)
            .chain(&self.previous)
            .map(|key| hex::encode(key.mac(purpose, parts)))
            .collect()
    }

    /// Whether `mac` was made from these parts, by the key in use or its predecessor. Takes the
    /// same time for every value.
    pub fn verify(&self, purpose: Purpose, parts: &[&[u8]], mac: &[u8]) -> bool {
        let current = self.current.mac(purpose, parts).ct_eq(mac);
        let previous = self
            .previous
            .as_ref()
            .map_or(subtle::Choice::from(0), |key| {
                key.mac(purpose, parts).ct_eq(mac)
            });
        (current | previous).into()
    }

    /// Like [`Keys::verify`] for a hexadecimal digest.
    pub fn verify_hex(&self, purpose: Purpose, parts: &[&[u8]], mac: &str) -> bool {
        match hex::decode(mac) {
            Ok(mac) => self.verify(purpose, parts, &mac),
            Err(_) => self.verify(purpose, parts, &[]),
        }
    }

    /// How an OpenID is named in the audit log: `openid:` and 16 hexadecimal digits.
    pub fn openid_actor(&self, official_account: &str, openid: &str) -> String {
        let digest = self.mac(
            Purpose::OpenIdHash,
            &[official_account.as_bytes(), openid.as_bytes()],
        );
        format!("openid:{}", hex::encode(&digest[..8]))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("id", &self.current.id)
            .finish_non_exhaustive()
    }
}

/// SHA-256 of a random token of at least 128 bits, as hexadecimal, under a label of its own. Such a
/// token needs no key: it cannot be guessed, and its digest survives a rotation.
pub(crate) fn token_digest(label: &str, token: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(label.as_bytes());
    hash.update([0]);
    hash.update(token.as_bytes());
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_and_part_boundaries_give_different_macs() {
        let keys = Keys::from_bytes(&[7; 32], None);
        let a = keys.mac(Purpose::Ticket, &[b"ab", b"c"]);
        assert_ne!(a, keys.mac(Purpose::Session, &[b"ab", b"c"]));
        assert_ne!(a, keys.mac(Purpose::Ticket, &[b"a", b"bc"]));
        assert_ne!(a, keys.mac(Purpose::Ticket, &[b"abc"]));
        assert!(keys.verify(Purpose::Ticket, &[b"ab", b"c"], &a));
        assert!(!keys.verify(Purpose::Session, &[b"ab", b"c"], &a));
        assert!(!keys.verify_hex(Purpose::Ticket, &[b"ab", b"c"], "zz"));
    }

    #[test]
    fn the_predecessor_is_recognised_but_not_used() {
        let old = Keys::from_bytes(&[1; 32], None);
        let new = Keys::from_bytes(&[2; 32], Some(&[1; 32]));
        let made_before = old.mac(Purpose::Captcha, &[b"x"]);
        assert!(new.verify(Purpose::Captcha, &[b"x"], &made_before));
        assert_ne!(new.mac(Purpose::Captcha, &[b"x"]), made_before);
        assert!(!Keys::from_bytes(&[2; 32], None).verify(Purpose::Captcha, &[b"x"], &made_before));
    }

    #[test]
    fn a_key_file_is_made_private_rotated_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master");
        let (env, _) = Env::scripted(0, 1);
        let first = MasterKey::generate(&path, &env).unwrap();
        let mac = first.mac(Purpose::Ticket, &[b"x"]);
        assert!(
            MasterKey::generate(&path, &env).is_err(),
            "never overwrites"
        );
        let second = MasterKey::rotate(&path, &env).unwrap();
        assert_ne!(first.id(), second.id());
        assert!(second.verify(Purpose::Ticket, &[b"x"], &mac));
        let third = MasterKey::rotate(&path, &env).unwrap();
        assert!(!third.verify(Purpose::Ticket, &[b"x"], &mac));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master");
        MasterKey::generate(&path, &Env::scripted(0, 1).0).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            MasterKey::load(&path),
            Err(KeyError::TooOpen { mode: 0o640, .. })
        ));
    }

    #[test]
    fn a_bad_key_file_names_its_line_and_not_its_contents() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master");
        write_new(&path, "# key\nabc c2hvcnQ=\n").unwrap();
        let error = MasterKey::load(&path).unwrap_err().to_string();
        assert!(
            error.contains("line 2") && !error.contains("c2hvcnQ"),
            "{error}"
        );
    }

    #[test]
    fn debug_shows_no_key() {
        let text = format!("{:?}", Keys::from_bytes(&[0xAB; 32], None));
        assert_eq!(text, r#"Keys { id: "current", .. }"#);
    }
}
