//! The callback endpoint, without the HTTP: a query and a body in, a verified message out.
//!
//! The mode comes from the configuration and never from the request, so that nobody can talk a safe
//! endpoint into reading plain text. In safe and compatible mode `msg_signature` is what counts (the
//! platform says not to rely on `signature`, which does not cover the body; where it is sent, it must
//! be right as well); only the decrypted `Encrypt` is read. A [`Refusal`] names the part that failed,
//! for logs, and no secret.

use std::borrow::Cow;
use std::fmt;

use crate::env::{MINUTE, Millis, SECOND};

use super::crypto::{CryptoError, EncodingAesKey};
use super::fields::{ENVELOPE_LIMITS, Fields, Limits, MESSAGE_LIMITS, ParseError, ParseErrorKind};
use super::message::Inbound;
use super::push_key::{Fingerprint, PushKey, identify};
use super::refusal::Refusal;
use super::replay::ReplayMark;
use super::reply::{ReplyContext, Sealing};
use super::signature::{Token, verify};
use super::{json, xml};

/// Largest body of a push, bytes; also the bound for the HTTP server's payload.
pub const BODY_LIMIT: usize = ENVELOPE_LIMITS.body;
/// Longest query taken. The platform's are about 250 bytes.
pub const QUERY_LIMIT: usize = 4096;

/// How the platform sends pushes, as set in its console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// 安全模式: encrypted only.
    Safe,
    /// 兼容模式: encrypted, with the plain fields beside it (which are ignored).
    Compatible,
    /// 明文模式: plain; the signature does not cover the body.
    Plaintext,
}

/// How far a push's `timestamp` may be from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampWindow {
    /// Into the past. The default, five minutes, leaves room for retries and a slow clock.
    pub past: Millis,
    /// Into the future. The default, one minute, is for clocks that disagree.
    pub future: Millis,
}

impl Default for TimestampWindow {
    fn default() -> Self {
        Self {
            past: 5 * MINUTE,
            future: MINUTE,
        }
    }
}

/// One official account's endpoint.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// The AppID every encrypted message must end with.
    pub app_id: String,
    /// The account's original id (`gh_…`): if known, the ToUserName every message must have.
    pub original_id: Option<String>,
    /// The Token.
    pub token: Token,
    /// The Token before, while rotating.
    pub previous_token: Option<Token>,
    /// The EncodingAESKey; needed in safe and compatible mode.
    pub key: Option<EncodingAesKey>,
    /// The EncodingAESKey before, while rotating.
    pub previous_key: Option<EncodingAesKey>,
    /// The mode; see [`Mode`].
    pub mode: Mode,
    /// The timestamp's tolerance.
    pub timestamp_window: TimestampWindow,
}

/// The query of a callback, decoded, every value as the string it arrived as; borrowed where
/// nothing had to be decoded.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Query<'q> {
    /// `signature`
    pub signature: Option<Cow<'q, str>>,
    /// `timestamp`
    pub timestamp: Option<Cow<'q, str>>,
    /// `nonce`
    pub nonce: Option<Cow<'q, str>>,
    /// `echostr`
    pub echostr: Option<Cow<'q, str>>,
    /// `encrypt_type`
    pub encrypt_type: Option<Cow<'q, str>>,
    /// `msg_signature`
    pub msg_signature: Option<Cow<'q, str>>,
}

/// The format of a push, which is the format of its reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The usual one.
    #[default]
    Xml,
    /// The same key names in JSON.
    Json,
}

/// A verified push.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The message. Boxed, since it is handed on many times.
    pub inbound: Box<Inbound>,
    /// What [`crate::wechat::seal`] needs to answer this delivery.
    pub reply: ReplyContext,
    /// XML or JSON.
    pub format: Format,
    /// The identity of the push, the same for every delivery of it.
    pub key: PushKey,
    /// What the plain message says, to tell a retry from a reused key.
    pub fingerprint: Fingerprint,
    /// In plaintext mode: what [`crate::wechat::replay::ReplayGuard`] checks.
    pub replay: Option<ReplayMark>,
}

/// Checks the console's URL verification (GET) and returns the `echostr` to answer with, verbatim
/// as `text/plain`. The same in all three modes: this request is never encrypted.
pub fn verify_url(
    config: &EndpointConfig,
    query: &Query<'_>,
    now: Millis,
) -> Result<String, Refusal> {
    let echo = required(&query.echostr, "echostr")?;
    let signature = required(&query.signature, "signature")?;
    let (timestamp, nonce) = stamp(query)?;
    if !config
        .tokens()
        .any(|token| verify(token, &[timestamp, nonce], signature))
    {
        return Err(Refusal::Signature);
    }
    check_window(config, timestamp, now)?;
    Ok(echo.to_owned())
}

/// Verifies and opens a push (POST).
pub fn open(
    config: &EndpointConfig,
    query: &Query<'_>,
    content_type: Option<&str>,
    body: &[u8],
    now: Millis,
) -> Result<Opened, Refusal> {
    admit(config, query, now)?.open(content_type, body)
}

/// A push whose query is in order, before its body is read: strangers cost no body.
#[derive(Clone, Copy)]
pub struct Admitted<'a> {
    config: &'a EndpointConfig,
    timestamp: &'a str,
    nonce: &'a str,
    second: i64,
    /// The signature that counts: `msg_signature`, over the body too, or in plaintext mode `signature`.
    signature: &'a str,
}

/// Checks all of a push (POST) that does not depend on its body: the mode, the timestamp, and `signature`
/// where there is one.
pub fn admit<'a>(
    config: &'a EndpointConfig,
    query: &'a Query<'_>,
    now: Millis,
) -> Result<Admitted<'a>, Refusal> {
    let encrypted = config.mode != Mode::Plaintext;
    let signature = match &query.msg_signature {
        // What counts is that it is encrypted and signed, not that the query says so.
        None if encrypted && !query.is_encrypted() => return Err(Refusal::NotEncrypted),
        given if encrypted => required(given, "msg_signature")?,
        _ if query.is_encrypted() => return Err(Refusal::Encrypted),
        _ => required(&query.signature, "signature")?,
    };
    let (timestamp, nonce) = stamp(query)?;
    let plain = query.signature.as_deref().filter(|text| !text.is_empty());
    if plain.is_some_and(|plain| {
        let mut tokens = config.tokens();
        !tokens.any(|token| verify(token, &[timestamp, nonce], plain))
    }) {
        return Err(Refusal::Signature);
    }
    Ok(Admitted {
        config,
        timestamp,
        nonce,
        second: check_window(config, timestamp, now)?,
        signature,
    })
}

impl fmt::Debug for Admitted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admitted")
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

impl Admitted<'_> {
    /// Verifies and opens the body.
    pub fn open(self, content_type: Option<&str>, body: &[u8]) -> Result<Opened, Refusal> {
        if body.len() > BODY_LIMIT {
            return Err(Refusal::Envelope(ParseErrorKind::TooLarge.at(BODY_LIMIT)));
        }
        match self.config.mode {
            Mode::Safe | Mode::Compatible => self.open_encrypted(content_type, body),
            Mode::Plaintext => self.open_plain(content_type, body),
        }
    }

    fn open_encrypted(self, content_type: Option<&str>, body: &[u8]) -> Result<Opened, Refusal> {
        let config = self.config;
        let format = format_of(content_type, body);
        let envelope = read(format, body, &ENVELOPE_LIMITS).map_err(Refusal::Envelope)?;
        let encrypted = envelope.filled("Encrypt").ok_or(Refusal::NotEncrypted)?;
        let encrypted = encrypted.trim();
        let signed = [self.timestamp, self.nonce, encrypted];
        let token = config
            .tokens()
            .find(|token| verify(token, &signed, self.signature))
            .ok_or(Refusal::MsgSignature)?;
        let (key, plain) = decrypt(config, encrypted)?;

        let inner = format_of(None, &plain);
        let raw = read(inner, &plain, &MESSAGE_LIMITS).map_err(Refusal::Message)?;
        let sealing = Sealing {
            token: token.clone(),
            key: key.clone(),
            app_id: config.app_id.clone(),
        };
        let account = envelope.filled("ToUserName");
        opened(config, raw, format, Some(sealing), None, account)
    }

    fn open_plain(self, content_type: Option<&str>, body: &[u8]) -> Result<Opened, Refusal> {
        let format = format_of(content_type, body);
        let raw = read(format, body, &MESSAGE_LIMITS).map_err(Refusal::Message)?;
        let mark = ReplayMark::new(self.second, self.signature);
        opened(self.config, raw, format, None, Some(mark), None)
    }
}

impl<'q> Query<'q> {
    /// Decodes a query string. `+` stays `+`. Unknown parameters are ignored; a known one given
    /// twice is refused, since two readers could disagree about which counts.
    pub fn parse(text: &'q str) -> Result<Self, Refusal> {
        if text.len() > QUERY_LIMIT {
            return Err(Refusal::Query);
        }
        let mut query = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            let pair;
            (pair, rest) = cut_at(rest, b'&');
            let (name, value) = cut_at(pair, b'=');
            let slot = match name {
                "signature" => &mut query.signature,
                "timestamp" => &mut query.timestamp,
                "nonce" => &mut query.nonce,
                "echostr" => &mut query.echostr,
                "encrypt_type" => &mut query.encrypt_type,
                "msg_signature" => &mut query.msg_signature,
                _ => continue,
            };
            if slot.is_some() {
                return Err(Refusal::Query);
            }
            *slot = Some(percent_decode(value).ok_or(Refusal::Query)?);
        }
        Ok(query)
    }

    fn is_encrypted(&self) -> bool {
        self.encrypt_type
            .as_deref()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("aes"))
    }
}

impl fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("timestamp", &self.timestamp)
            .field("encrypted", &self.is_encrypted())
            .finish_non_exhaustive()
    }
}

impl EndpointConfig {
    fn tokens(&self) -> impl Iterator<Item = &Token> {
        std::iter::once(&self.token).chain(&self.previous_token)
    }

    fn keys(&self) -> impl Iterator<Item = &EncodingAesKey> {
        self.key.iter().chain(&self.previous_key)
    }
}

fn opened(
    config: &EndpointConfig,
    raw: Fields,
    format: Format,
    sealing: Option<Sealing>,
    replay: Option<ReplayMark>,
    envelope_account: Option<&str>,
) -> Result<Opened, Refusal> {
    let mut inbound = Inbound::from_fields(raw).map_err(Refusal::Fields)?;
    if inbound.to_user.is_empty() && !inbound.from_user.is_empty() {
        // Only whom the reply is from depends on it.
        let known = config.original_id.as_deref().or(envelope_account);
        inbound.to_user = known.unwrap_or_default().trim().to_owned();
    }
    match &config.original_id {
        // The hosting probe is for nobody.
        Some(id) if !inbound.to_user.is_empty() && inbound.to_user != *id => {
            return Err(Refusal::ToUser);
        }
        _ => {}
    }
    Ok(Opened {
        reply: ReplyContext::new(&inbound, format, sealing),
        key: identify(&inbound),
        fingerprint: Fingerprint::of(&inbound),
        format,
        replay,
        inbound: Box::new(inbound),
    })
}

/// Tries the current key, then the previous one. A key that opens the message but not its AppID is
/// the better report.
fn decrypt<'a>(
    config: &'a EndpointConfig,
    encrypted: &str,
) -> Result<(&'a EncodingAesKey, Vec<u8>), Refusal> {
    let mut refusal = Refusal::NoKey;
    for key in config.keys() {
        match key.decrypt(encrypted, &config.app_id) {
            Ok(plain) => return Ok((key, plain)),
            Err(CryptoError::AppId) => refusal = Refusal::Crypto(CryptoError::AppId),
            Err(error) if refusal == Refusal::NoKey => refusal = Refusal::Crypto(error),
            Err(_) => {}
        }
    }
    Err(refusal)
}

fn read(format: Format, body: &[u8], limits: &Limits) -> Result<Fields, ParseError> {
    match format {
        Format::Xml => xml::parse(body, limits),
        Format::Json => json::parse(body, limits),
    }
}

/// By the body's first character, which no two formats share; the content type, which clients get
/// wrong, decides only where that says nothing.
fn format_of(content_type: Option<&str>, body: &[u8]) -> Format {
    let bare = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    match bare.trim_ascii_start().first() {
        Some(b'{') => Format::Json,
        Some(b'<') => Format::Xml,
        _ if content_type.is_some_and(|text| text.to_ascii_lowercase().contains("json")) => {
            Format::Json
        }
        _ => Format::Xml,
    }
}

fn stamp<'a>(query: &'a Query<'_>) -> Result<(&'a str, &'a str), Refusal> {
    Ok((
        required(&query.timestamp, "timestamp")?,
        required(&query.nonce, "nonce")?,
    ))
}

/// The timestamp in seconds, if it is one of these minutes.
fn check_window(config: &EndpointConfig, timestamp: &str, now: Millis) -> Result<i64, Refusal> {
    let seconds: i64 = timestamp.parse().map_err(|_| Refusal::TimestampFormat)?;
    let at = seconds
        .checked_mul(SECOND)
        .ok_or(Refusal::TimestampFormat)?;
    if at > now.saturating_add(config.timestamp_window.future) {
        Err(Refusal::Timestamp { ahead: true })
    } else if at < now.saturating_sub(config.timestamp_window.past) {
        Err(Refusal::Timestamp { ahead: false })
    } else {
        Ok(seconds)
    }
}

fn required<'a>(value: &'a Option<Cow<'_, str>>, name: &'static str) -> Result<&'a str, Refusal> {
    value
        .as_deref()
        .filter(|text| !text.is_empty())
        .ok_or(Refusal::Missing(name))
}

/// What stands before the first `separator` and after it. Simpler than a search made for long texts, and
/// quicker over these short ones.
fn cut_at(text: &str, separator: u8) -> (&str, &str) {
    let at = text.bytes().position(|byte| byte == separator);
    at.map_or((text, ""), |at| (&text[..at], &text[at + 1..]))
}

fn percent_decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.as_bytes().contains(&b'%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let digits = tail.get(..2)?;
            bytes.push(*hex::decode(digits).ok()?.first()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}
