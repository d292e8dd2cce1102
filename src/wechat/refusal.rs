//! Why a callback is refused: the HTTP status, and a name for metrics. Safe to log.

use super::crypto::CryptoError;
use super::fields::{ParseError, ParseErrorKind};
use super::message::MessageError;

/// Which part of a callback failed. Safe to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The query is too long, broken, or gives a parameter twice.
    #[error("the query is malformed")]
    Query,
    /// A parameter is missing.
    #[error("the query parameter {0} is missing")]
    Missing(&'static str),
    /// `signature` is not that of the current or previous token.
    #[error("`signature` does not match the Token")]
    Signature,
    /// The message is for another official account.
    #[error("ToUserName is not the configured original_id")]
    ToUser,
    /// `msg_signature` is not that of the current or previous token.
    #[error("`msg_signature` does not match the Token")]
    MsgSignature,
    /// `timestamp` is no number of seconds.
    #[error("`timestamp` is not a number")]
    TimestampFormat,
    /// `timestamp` is outside the window; `ahead` of this host's clock or behind it.
    #[error("`timestamp` is outside the window (ahead: {ahead}); check this host's clock")]
    Timestamp {
        /// Whether it is in the future.
        ahead: bool,
    },
    /// The configured mode wants an encrypted push and this one is not.
    #[error("an unencrypted push in an encrypted mode")]
    NotEncrypted,
    /// The configured mode is plaintext and this push is encrypted.
    #[error("an encrypted push in plaintext mode")]
    Encrypted,
    /// The configuration has no EncodingAESKey although its mode needs one.
    #[error("no EncodingAESKey is configured")]
    NoKey,
    /// No key opens it.
    #[error("decryption: {0}")]
    Crypto(CryptoError),
    /// The envelope around the ciphertext is malformed.
    #[error("envelope: {0}")]
    Envelope(ParseError),
    /// The plain message is malformed.
    #[error("message: {0}")]
    Message(ParseError),
    /// The plain message lacks a field.
    #[error("message: {0}")]
    Fields(MessageError),
    /// A signature was used again for another body.
    #[error("a signature was used again for another body")]
    Replayed,
    /// The replay guard is full; the platform will retry.
    #[error("the replay guard is full")]
    ReplayGuardFull,
}

impl Refusal {
    /// The HTTP status to answer with.
    pub fn status(&self) -> u16 {
        match self {
            Self::Signature
            | Self::MsgSignature
            | Self::ToUser
            | Self::Timestamp { .. }
            | Self::NotEncrypted
            | Self::Encrypted
            | Self::Replayed
            | Self::Crypto(CryptoError::AppId) => 403,
            Self::Envelope(error) | Self::Message(error)
                if matches!(
                    error.kind,
                    ParseErrorKind::TooLarge | ParseErrorKind::FieldTooLong
                ) =>
            {
                413
            }
            Self::Crypto(CryptoError::TooLong) => 413,
            Self::NoKey => 500,
            Self::ReplayGuardFull => 503,
            _ => 400,
        }
    }

    /// A name from a fixed set, for metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Missing(_) => "missing_parameter",
            Self::Signature => "signature",
            Self::MsgSignature => "msg_signature",
            Self::ToUser => "to_user",
            Self::TimestampFormat | Self::Timestamp { .. } => "timestamp",
            Self::NotEncrypted => "not_encrypted",
            Self::Encrypted => "encrypted",
            Self::NoKey => "no_key",
            Self::Crypto(CryptoError::AppId) => "app_id",
            Self::Crypto(_) => "decryption",
            Self::Envelope(_) => "envelope",
            Self::Message(_) | Self::Fields(_) => "message",
            Self::Replayed => "replayed",
            Self::ReplayGuardFull => "replay_guard_full",
        }
    }
}
