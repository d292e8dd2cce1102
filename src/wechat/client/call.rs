//! One HTTP call and what can come of it.
//!
//! reqwest's errors print the address, and the address holds the access token: they are reduced to
//! an enum here and go no further.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;
use serde_json::Value;

use super::error_class::{ErrorClass, classify};
use super::secret::Secret;
use super::token::TokenError;

/// Largest answer read. The longest known one, a page of followers, is below it.
const ANSWER_LIMIT: usize = 512 * 1024;
/// Longest request id kept from an `errmsg`.
const RID_LIMIT: usize = 64;

/// A call that brought no answer of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The platform refused.
    #[error(transparent)]
    Rejected(#[from] ApiError),
    /// It may have been carried out.
    #[error("outcome unknown: {0}")]
    Unknown(Unknown),
    /// It was not carried out.
    #[error("not sent: {0}")]
    NotSent(NotSent),
}

/// What became of a message: exactly one of four.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The platform took it.
    Accepted {
        /// Template messages: the id that their delivery event will carry.
        msg_id: Option<String>,
    },
    /// The platform refused it; the class says what to do.
    Rejected(ApiError),
    /// It may have arrived.
    Unknown(Unknown),
    /// It has not left: repeating is safe.
    NotSent(NotSent),
}

/// The platform's refusal. Holds no part of what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// `errcode`.
    pub code: i64,
    /// What to do about it.
    pub class: ErrorClass,
    /// The platform's request id, for asking it what went wrong.
    pub rid: Option<String>,
    /// 47003: the field it objects to, such as `thing2`.
    pub field: Option<String>,
    /// 40164: this host's address as the platform sees it, to put on the IP list.
    pub address: Option<IpAddr>,
}

/// Why an outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke after the request had begun.
    #[error("the connection broke")]
    Broken,
    /// The answer is not what the platform's documents say.
    #[error("the answer is unreadable")]
    Unreadable,
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// No connection.
    #[error("no connection")]
    Connect,
    /// The request could not be made.
    #[error("the request could not be made")]
    Request,
    /// No access token.
    #[error("no access token: {0}")]
    Token(Box<TokenError>),
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "errcode {}", self.code)?;
        if let Some(field) = &self.field {
            write!(f, ", field {field}")?;
        }
        if let Some(address) = &self.address {
            write!(f, ", address {address}")?;
        }
        if let Some(rid) = &self.rid {
            write!(f, ", rid {rid}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}

impl ApiError {
    /// Reads a refusal; `None` if `errcode` is 0 or missing.
    pub(super) fn from_answer(answer: &Value) -> Option<Self> {
        let code = answer.get("errcode")?.as_i64()?;
        if code == 0 {
            return None;
        }
        let message = answer["errmsg"].as_str().unwrap_or_default();
        Some(Self {
            code,
            class: classify(code),
            rid: word_after(message, "rid: "),
            field: (code == 47003).then(|| data_field(message)).flatten(),
            address: word_after(message, "invalid ip ").and_then(|word| word.parse().ok()),
        })
    }
}

impl From<TokenError> for CallError {
    fn from(error: TokenError) -> Self {
        Self::NotSent(NotSent::Token(Box::new(error)))
    }
}

impl From<Result<Value, CallError>> for SendOutcome {
    fn from(result: Result<Value, CallError>) -> Self {
        match result {
            Ok(answer) => Self::Accepted {
                msg_id: match &answer["msgid"] {
                    Value::Number(id) => Some(id.to_string()),
                    Value::String(id) => Some(id.clone()),
                    _ => None,
                },
            },
            Err(CallError::Rejected(error)) => Self::Rejected(error),
            Err(CallError::Unknown(reason)) => Self::Unknown(reason),
            Err(CallError::NotSent(reason)) => Self::NotSent(reason),
        }
    }
}

/// The HTTP client with the base address.
#[derive(Debug)]
pub(super) struct Http {
    client: reqwest::Client,
    base: Url,
}

impl Http {
    pub(super) fn new(client: reqwest::Client, base: Url) -> Self {
        Self { client, base }
    }

    /// One call: POST with a body, GET without.
    pub(super) async fn call(
        &self,
        path: &str,
        token: Option<&Secret>,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, CallError> {
        let mut url = self.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}{path}"));
        if token.is_some() || !query.is_empty() {
            let mut pairs = url.query_pairs_mut();
            if let Some(token) = token {
                pairs.append_pair("access_token", token.expose());
            }
            pairs.extend_pairs(query);
        }
        let request = match body {
            Some(body) => self.client.post(url).json(body),
            None => self.client.get(url),
        };
        let mut response = request.send().await.map_err(|error| reduce(&error))?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| reduce(&error))? {
            if bytes.len() + chunk.len() > ANSWER_LIMIT {
                return Err(CallError::Unknown(Unknown::Unreadable));
            }
            bytes.extend_from_slice(&chunk);
        }
        // The platform answers 200 even to errors; the body decides, unless something in between
        // answered instead.
        let answer: Value = match serde_json::from_slice(&bytes) {
            Ok(answer @ Value::Object(_)) if response.status().is_success() => answer,
            _ => return Err(CallError::Unknown(Unknown::Unreadable)),
        };
        match ApiError::from_answer(&answer) {
            Some(error) => Err(error.into()),
            None => Ok(answer),
        }
    }
}

fn reduce(error: &reqwest::Error) -> CallError {
    if error.is_connect() {
        CallError::NotSent(NotSent::Connect)
    } else if error.is_builder() {
        CallError::NotSent(NotSent::Request)
    } else if error.is_timeout() {
        CallError::Unknown(Unknown::Timeout)
    } else {
        CallError::Unknown(Unknown::Broken)
    }
}

/// The word behind `mark`, if it is short and plain.
fn word_after(message: &str, mark: &str) -> Option<String> {
    let (_, rest) = message.split_once(mark)?;
    let word: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':'))
        .take(RID_LIMIT)
        .collect();
    (!word.is_empty()).then_some(word)
}

/// `thing2` out of `… data.thing2.value …`.
fn data_field(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("data.")?;
    let name: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .take(RID_LIMIT)
        .collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn refusals_keep_what_helps_and_nothing_else() {
        let answer = json!({"errcode": 40164, "errmsg": "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 64b0-1a2b"});
        let error = ApiError::from_answer(&answer).unwrap();
        assert_eq!(error.address, Some("203.0.113.7".parse().unwrap()));
        assert_eq!(error.rid.as_deref(), Some("64b0-1a2b"));
        assert_eq!(error.class, ErrorClass::Alert);
        let answer = json!({"errcode": 47003, "errmsg": "argument invalid! data.thing2.value invalid rid: 1-2"});
        let error = ApiError::from_answer(&answer).unwrap();
        assert_eq!(error.field.as_deref(), Some("thing2"));
        assert_eq!(ApiError::from_answer(&json!({"errcode": 0})), None);
        assert_eq!(ApiError::from_answer(&json!({"ticket": "t"})), None);
    }

    #[test]
    fn message_ids_beyond_53_bits_stay_exact() {
        let answer = serde_json::from_str(r#"{"errcode":0,"msgid":3428411849815982087}"#).unwrap();
        assert_eq!(
            SendOutcome::from(Ok(answer)),
            SendOutcome::Accepted {
                msg_id: Some("3428411849815982087".into())
            }
        );
    }
}
