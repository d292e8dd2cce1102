//! What both ends of the wire do to a message: sign, seal, open. Written anew here, so that the floor
//! owes nothing to the bot it is compared with.

use aes::Aes256;
use aes::cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest as _, Sha1};

/// The AppID of the run.
pub const APP_ID: &str = "wx1234567890abcdef";

/// The Token of the run.
pub const TOKEN: &str = "load-token";
/// The EncodingAESKey of the run.
pub const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

/// The key in [`AES_KEY`].
pub fn key() -> [u8; 32] {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&base64::alphabet::STANDARD, config)
        .decode(AES_KEY)
        .expect("a key");
    bytes.try_into().expect("32 bytes")
}

/// The text of an element, CDATA or not.
pub fn part<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (inner, _) = rest.split_once(&format!("</{name}>"))?;
    let bare = inner.strip_prefix("<![CDATA[");
    Some(
        bare.and_then(|text| text.strip_suffix("]]>"))
            .unwrap_or(inner),
    )
}

/// The platform's signature: SHA-1 over the sorted parts.
pub fn sign(parts: &mut [&str]) -> String {
    parts.sort_unstable();
    let mut digest = Sha1::new();
    for part in parts {
        digest.update(part.as_bytes());
    }
    hex::encode(digest.finalize())
}

/// Encrypts a message as the platform does; the base64 text of `Encrypt`.
pub fn seal(key: &[u8; 32], random: [u8; 16], message: &str) -> String {
    let mut plain = Vec::with_capacity(message.len() + 80);
    plain.extend_from_slice(&random);
    plain.extend_from_slice(&(message.len() as u32).to_be_bytes());
    plain.extend_from_slice(message.as_bytes());
    plain.extend_from_slice(APP_ID.as_bytes());
    let pad = 32 - plain.len() % 32;
    plain.resize(plain.len() + pad, pad as u8);
    let mut cipher = cbc::Encryptor::<Aes256>::new(&Array(*key), &Array(iv(key)));
    for block in plain.chunks_exact_mut(16) {
        cipher.encrypt_block(block.try_into().expect("16 bytes"));
    }
    STANDARD.encode(&plain)
}

/// Opens what [`seal`] made.
pub fn open(key: &[u8; 32], sealed: &str) -> Option<String> {
    let mut plain = STANDARD.decode(sealed).ok()?;
    if plain.len() % 16 != 0 {
        return None;
    }
    let mut cipher = cbc::Decryptor::<Aes256>::new(&Array(*key), &Array(iv(key)));
    for block in plain.chunks_exact_mut(16) {
        cipher.decrypt_block(block.try_into().ok()?);
    }
    let pad = usize::from(*plain.last()?);
    let plain = plain.get(..plain.len().checked_sub(pad)?)?;
    let length = u32::from_be_bytes(plain.get(16..20)?.try_into().ok()?) as usize;
    let (message, app_id) = plain.get(20..)?.split_at_checked(length)?;
    (app_id == APP_ID.as_bytes()).then_some(())?;
    String::from_utf8(message.to_vec()).ok()
}

fn iv(key: &[u8; 32]) -> [u8; 16] {
    let mut iv = [0; 16];
    iv.copy_from_slice(&key[..16]);
    iv
}
