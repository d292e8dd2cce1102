//! AES-256-CBC as the platform uses it: lenient key text, padding to 32 bytes, an AppID at the end.
//!
//! Plain layout: `random(16) ‖ length(u32, big-endian) ‖ message ‖ AppID`, padded PKCS#7-style to a
//! multiple of **32** (pad 1..=32), IV = the key's first 16 bytes. Random bytes are passed in.
//! Nothing is decrypted into a log, and a wrong pad is an error, never "no padding".

use std::fmt;
use std::sync::Arc;

use aes::Aes256;
use aes::cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit, consts::U16};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Length of an EncodingAESKey in characters.
pub const KEY_TEXT_LEN: usize = 43;
/// The platform pads to this many bytes, not to the cipher's 16.
pub const PAD_BLOCK: usize = 32;
/// Largest `Encrypt` text taken: 64 KiB of message, base64 and the frame, with room.
pub const MAX_ENCRYPTED_TEXT: usize = 96 * 1024;

const AES_BLOCK: usize = 16;
type Block = Array<u8, U16>;
const RANDOM_LEN: usize = 16;
const HEADER_LEN: usize = RANDOM_LEN + 4;

/// 43 characters carry 258 bits, so three keys in four end in a non-canonical character.
const KEY_ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An EncodingAESKey, wiped on drop, invisible to `Debug`. Clones share it.
#[derive(Clone)]
pub struct EncodingAesKey(Arc<Schedule>);

/// The key as the cipher works with it, put together once and not for every push.
struct Schedule {
    cipher: Aes256,
    /// The key's first 16 bytes.
    iv: Zeroizing<[u8; AES_BLOCK]>,
}

/// Why a text is no EncodingAESKey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not exactly 43 characters (a trailing `=` is tolerated).
    #[error("an EncodingAESKey has 43 characters, this has {0}")]
    Length(usize),
    /// A character outside `A-Z a-z 0-9 + /`.
    #[error("an EncodingAESKey consists of letters and digits only")]
    Alphabet,
}

/// Why a ciphertext was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The text is longer than [`MAX_ENCRYPTED_TEXT`].
    #[error("the encrypted text is too long")]
    TooLong,
    /// Not strict standard base64.
    #[error("the encrypted text is not base64")]
    Base64,
    /// Not a positive multiple of the cipher's block.
    #[error("the ciphertext is not a whole number of blocks")]
    Blocks,
    /// The pad is not 1..=32 equal bytes: usually the wrong key.
    #[error("the padding is wrong (usually the wrong EncodingAESKey)")]
    Padding,
    /// The inner length points outside the plain text.
    #[error("the inner length is wrong")]
    Length,
    /// The trailing id is not the expected AppID.
    #[error("the message is for another AppID")]
    AppId,
}

/// The parts of a decrypted text.
#[derive(Clone, PartialEq, Eq)]
pub struct Plain {
    /// The 16 random bytes in front.
    pub random: [u8; RANDOM_LEN],
    /// The message.
    pub message: Vec<u8>,
    /// The AppID (WeCom: the receive id) behind it.
    pub receive_id: Vec<u8>,
}

impl EncodingAesKey {
    /// Reads the 43 characters of the console.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let key = key_bytes(text)?;
        let mut iv = Zeroizing::new([0; AES_BLOCK]);
        iv.copy_from_slice(&key[..AES_BLOCK]);
        Ok(Self(Arc::new(Schedule {
            cipher: Aes256::new(&Array(*key)),
            iv,
        })))
    }

    /// Encrypts `message` for `app_id`; the result is the base64 text of `Encrypt`.
    pub fn encrypt(&self, random: [u8; RANDOM_LEN], message: &[u8], app_id: &str) -> String {
        let unpadded = HEADER_LEN + message.len() + app_id.len();
        let pad = PAD_BLOCK - unpadded % PAD_BLOCK;
        let mut buffer = Vec::with_capacity(unpadded + pad);
        buffer.extend_from_slice(&random);
        // Bodies are bounded far below 4 GiB before they get here.
        buffer.extend_from_slice(
            &u32::try_from(message.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes(),
        );
        buffer.extend_from_slice(message);
        buffer.extend_from_slice(app_id.as_bytes());
        buffer.resize(unpadded + pad, pad as u8);

        let mut cipher = cbc::Encryptor::inner_iv_init(&self.0.cipher, &Array(*self.0.iv));
        // All blocks in one call: what the cipher prepares for a call costs as much as some blocks.
        cipher.encrypt_blocks(Block::slice_as_chunks_mut(&mut buffer).0);
        base64::engine::general_purpose::STANDARD.encode(&buffer)
    }

    /// Decrypts an `Encrypt` text and checks, in constant time, that it is for `app_id`.
    pub fn decrypt(&self, encrypted: &str, app_id: &str) -> Result<Vec<u8>, CryptoError> {
        let plain = self.decrypt_parts(encrypted)?;
        if bool::from(plain.receive_id.as_slice().ct_eq(app_id.as_bytes())) {
            Ok(plain.message)
        } else {
            Err(CryptoError::AppId)
        }
    }

    /// Decrypts without checking the trailing id. For platforms whose id is not an AppID, and tests.
    pub fn decrypt_parts(&self, encrypted: &str) -> Result<Plain, CryptoError> {
        if encrypted.len() > MAX_ENCRYPTED_TEXT {
            return Err(CryptoError::TooLong);
        }
        let mut buffer = base64::engine::general_purpose::STANDARD
            .decode(encrypted)
            .map_err(|_| CryptoError::Base64)?;
        if buffer.is_empty() || buffer.len() % AES_BLOCK != 0 {
            return Err(CryptoError::Blocks);
        }
        let mut cipher = cbc::Decryptor::inner_iv_init(&self.0.cipher, &Array(*self.0.iv));
        cipher.decrypt_blocks(Block::slice_as_chunks_mut(&mut buffer).0);
        let body = unpad(&buffer)?;
        if body.len() < HEADER_LEN {
            return Err(CryptoError::Length);
        }
        let (random, rest) = body.split_at(RANDOM_LEN);
        let (length, rest) = rest.split_at(4);
        let length =
            u32::from_be_bytes(length.try_into().map_err(|_| CryptoError::Length)?) as usize;
        if length > rest.len() {
            return Err(CryptoError::Length);
        }
        let (message, receive_id) = rest.split_at(length);
        Ok(Plain {
            random: random.try_into().map_err(|_| CryptoError::Length)?,
            message: message.to_vec(),
            receive_id: receive_id.to_vec(),
        })
    }
}

impl fmt::Debug for EncodingAesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncodingAesKey(…)")
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plain({} bytes)", self.message.len())
    }
}

/// The 32 bytes that the 43 characters stand for.
fn key_bytes(text: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let bare = text.strip_suffix('=').unwrap_or(text);
    if bare.len() != KEY_TEXT_LEN {
        return Err(KeyError::Length(bare.chars().count()));
    }
    let bytes = KEY_ENGINE.decode(bare).map_err(|_| KeyError::Alphabet)?;
    let bytes = Zeroizing::new(bytes);
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return Err(KeyError::Length(bare.len()));
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

/// Strips a pad of 1..=32 equal bytes.
fn unpad(buffer: &[u8]) -> Result<&[u8], CryptoError> {
    let pad = usize::from(*buffer.last().ok_or(CryptoError::Padding)?);
    if pad == 0 || pad > PAD_BLOCK || pad > buffer.len() {
        return Err(CryptoError::Padding);
    }
    let (body, padding) = buffer.split_at(buffer.len() - pad);
    if padding.iter().any(|byte| usize::from(*byte) != pad) {
        return Err(CryptoError::Padding);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const K1: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

    #[test]
    fn a_non_canonical_key_is_read_and_a_wrong_length_is_not() {
        assert_eq!(
            hex::encode(*key_bytes(K1).unwrap()),
            "69b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3d0010831051"
        );
        assert!(EncodingAesKey::parse(&format!("{K1}=")).is_ok());
        assert_eq!(
            EncodingAesKey::parse(&K1[1..]).unwrap_err(),
            KeyError::Length(42)
        );
        assert_eq!(
            EncodingAesKey::parse(&K1.replace('a', "!")).unwrap_err(),
            KeyError::Alphabet
        );
    }

    #[test]
    fn every_bad_pad_is_refused() {
        for pad in [0_u8, 33, 255] {
            let mut buffer = vec![7; 64];
            buffer[63] = pad;
            assert_eq!(unpad(&buffer), Err(CryptoError::Padding), "{pad}");
        }
        let mut uneven = vec![4; 32];
        uneven[29] = 3;
        assert_eq!(unpad(&uneven), Err(CryptoError::Padding));
        assert_eq!(unpad(&[32; 32]), Ok(&[][..]));
    }

    #[test]
    fn another_app_id_or_key_is_refused() {
        let key = EncodingAesKey::parse(K1).unwrap();
        let text = key.encrypt([1; 16], b"hello", "wx1");
        assert_eq!(key.decrypt(&text, "wx1").unwrap(), b"hello");
        assert_eq!(key.decrypt(&text, "wx2"), Err(CryptoError::AppId));
        assert_eq!(key.decrypt(&text, "wx"), Err(CryptoError::AppId));
        let other = EncodingAesKey::parse(&"A".repeat(43)).unwrap();
        assert!(other.decrypt(&text, "wx1").is_err());
    }

    #[test]
    fn torn_ciphertexts_are_refused() {
        let key = EncodingAesKey::parse(K1).unwrap();
        assert_eq!(key.decrypt("", "wx1"), Err(CryptoError::Blocks));
        assert_eq!(key.decrypt("AAAA", "wx1"), Err(CryptoError::Blocks));
        assert_eq!(key.decrypt("!!!!", "wx1"), Err(CryptoError::Base64));
        let long = "A".repeat(MAX_ENCRYPTED_TEXT + 1);
        assert_eq!(key.decrypt(&long, "wx1"), Err(CryptoError::TooLong));
    }

    #[test]
    fn debug_hides_the_key() {
        let key = EncodingAesKey::parse(K1).unwrap();
        assert_eq!(format!("{key:?}"), "EncodingAesKey(…)");
    }
}
