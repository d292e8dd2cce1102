//! The other end of the wire: signing and encrypting a push, and opening its reply.
//!
//! For the simulated platform and for tests; a bot never needs it. Pure, like the rest: the time,
//! nonce and random bytes come in.

use super::crypto::{CryptoError, EncodingAesKey};
use super::endpoint::{Format, Mode};
use super::fields::{ENVELOPE_LIMITS, Fields, Limits, MESSAGE_LIMITS, ParseError, Value};
use super::reply::SUCCESS;
use super::signature::{Token, sign, verify};
use super::{json, xml};

/// What an official account's console holds.
#[derive(Debug, Clone)]
pub struct PlatformConfig {
    /// The AppID.
    pub app_id: String,
    /// The Token.
    pub token: Token,
    /// The EncodingAESKey; needed unless the mode is plaintext.
    pub key: Option<EncodingAesKey>,
    /// The mode.
    pub mode: Mode,
    /// XML or JSON.
    pub format: Format,
}

/// What varies from push to push.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// Seconds since the epoch, as a string.
    pub timestamp: String,
    /// Any digits.
    pub nonce: String,
    /// Fresh random bytes.
    pub random: [u8; 16],
}

/// A push, ready to POST to the callback URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedPush {
    /// The query string, without `?`.
    pub query: String,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// What the bot answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlatformReply {
    /// `success` or an empty body.
    Acknowledged,
    /// A message: `MsgType` and the rest.
    Message(Fields),
}

/// What is wrong with an answer; the user then sees the platform's notice of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyFault {
    /// Malformed outside or inside.
    #[error("malformed: {0}")]
    Parse(ParseError),
    /// A field is missing or empty.
    #[error("the field {0} is missing or empty")]
    Missing(&'static str),
    /// `MsgSignature` does not match.
    #[error("MsgSignature does not match")]
    Signature,
    /// Decryption failed.
    #[error("decryption: {0}")]
    Crypto(CryptoError),
    /// Plain where it must be encrypted.
    #[error("the reply is not encrypted")]
    NotEncrypted,
    /// To or from somebody else.
    #[error("ToUserName and FromUserName are not those of the push, swapped")]
    Addressing,
}

/// Signs (and, by mode, encrypts) `message`.
///
/// # Errors
/// `None` if the mode needs an EncodingAESKey and there is none.
pub fn build_push(config: &PlatformConfig, message: &Fields, stamp: &Stamp) -> Option<SignedPush> {
    let plain = write(config.format, message);
    let signature = sign(&config.token, &[&stamp.timestamp, &stamp.nonce]);
    let openid = message.get("FromUserName").unwrap_or_default();
    let mut query = format!(
        "signature={signature}&timestamp={}&nonce={}&openid={openid}",
        stamp.timestamp, stamp.nonce
    );
    let body = match config.mode {
        Mode::Plaintext => plain,
        Mode::Safe | Mode::Compatible => {
            let key = config.key.as_ref()?;
            let encrypted = key.encrypt(stamp.random, plain.as_bytes(), &config.app_id);
            let parts = [stamp.timestamp.as_str(), &stamp.nonce, &encrypted];
            let signature = sign(&config.token, &parts);
            query.push_str(&format!("&encrypt_type=aes&msg_signature={signature}"));
            let outer = match config.mode {
                Mode::Compatible => message.clone(),
                _ => {
                    Fields::new().text("ToUserName", message.get("ToUserName").unwrap_or_default())
                }
            };
            write(config.format, &outer.text("Encrypt", encrypted))
        }
    };
    Some(SignedPush {
        query,
        content_type: match config.format {
            Format::Xml => "text/xml",
            Format::Json => "application/json",
        },
        body,
    })
}

/// The query of the console's URL verification.
pub fn build_verification(token: &Token, timestamp: &str, nonce: &str, echostr: &str) -> String {
    let signature = sign(token, &[timestamp, nonce]);
    format!("signature={signature}&timestamp={timestamp}&nonce={nonce}&echostr={echostr}")
}

/// Reads the bot's answer to `message` as the platform does.
pub fn open_reply(
    config: &PlatformConfig,
    message: &Fields,
    body: &[u8],
) -> Result<PlatformReply, ReplyFault> {
    if body.is_empty() || body == SUCCESS.as_bytes() {
        return Ok(PlatformReply::Acknowledged);
    }
    let outer = read(config.format, body, &ENVELOPE_LIMITS).map_err(ReplyFault::Parse)?;
    let fields = match (outer.get("Encrypt"), config.mode) {
        (None, Mode::Safe) => return Err(ReplyFault::NotEncrypted),
        (None, _) => outer,
        (Some(encrypted), _) => {
            let required = |name| outer.filled(name).ok_or(ReplyFault::Missing(name));
            let parts = [required("TimeStamp")?, required("Nonce")?, encrypted];
            if !verify(&config.token, &parts, required("MsgSignature")?) {
                return Err(ReplyFault::Signature);
            }
            let key = config.key.as_ref().ok_or(ReplyFault::NotEncrypted)?;
            let plain = key
                .decrypt(encrypted, &config.app_id)
                .map_err(ReplyFault::Crypto)?;
            read(config.format, &plain, &MESSAGE_LIMITS).map_err(ReplyFault::Parse)?
        }
    };
    check_reply(message, &fields)?;
    Ok(PlatformReply::Message(fields))
}

/// What the real platform refuses to show: wrong addressing, no type, a text without content, a
/// count that does not match.
fn check_reply(message: &Fields, reply: &Fields) -> Result<(), ReplyFault> {
    let required = |name| reply.filled(name).ok_or(ReplyFault::Missing(name));
    if message.get("FromUserName") != Some(required("ToUserName")?)
        || message.get("ToUserName") != Some(required("FromUserName")?)
    {
        return Err(ReplyFault::Addressing);
    }
    required("CreateTime")?;
    match required("MsgType")? {
        "text" => required("Content").map(|_| ()),
        "image" => required("Image.MediaId").map(|_| ()),
        "voice" => required("Voice.MediaId").map(|_| ()),
        "video" => required("Video.MediaId").map(|_| ()),
        "music" => required("Music.ThumbMediaId").map(|_| ()),
        "news" => {
            let count: usize = reply.number("ArticleCount").unwrap_or_default();
            let items = match reply.iter().find(|field| field.name == "Articles") {
                Some(field) => match &field.value {
                    Value::Fields(list) => list.groups("item").count(),
                    Value::Text(_) => 0,
                },
                None => 0,
            };
            if count == 0 || count != items {
                return Err(ReplyFault::Missing("Articles"));
            }
            Ok(())
        }
        "transfer_customer_service" => Ok(()),
        _ => Err(ReplyFault::Missing("MsgType")),
    }
}

fn write(format: Format, fields: &Fields) -> String {
    match format {
        Format::Xml => xml::write(fields),
        Format::Json => json::write(fields),
    }
}

fn read(format: Format, body: &[u8], limits: &Limits) -> Result<Fields, ParseError> {
    match format {
        Format::Xml => xml::parse(body, limits),
        Format::Json => json::parse(body, limits),
    }
}
