//! Forwarding: what a bound user wrote goes to the information system, its answer becomes the reply.
//!
//! The request carries an id that stays the same when the push is worked on again after a crash.
//! The answer is text, never a template; making it safe to show is the caller's.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::http::{Endpoint, Outward, Post, PostError};
use super::sign::WebhookSecret;
use crate::env::Env;

/// The most characters of an answer that are kept.
pub const MAX_ANSWER_CHARS: usize = 2_000;

/// What the information system gets, as JSON.
#[derive(Clone, Serialize)]
pub struct ForwardRequest {
    /// Derived from the push: the same on every attempt. Also the `webhook-id`.
    pub id: String,
    /// Name of the official account.
    pub official_account: String,
    /// The account the sender is bound to.
    pub account: Option<String>,
    /// What was written.
    pub text: String,
    /// When it was written, RFC 3339.
    pub time: String,
}

impl fmt::Debug for ForwardRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForwardRequest({})", self.id)
    }
}

/// What became of it. The `late` of the rules is [`ForwardAnswer::Late`].
#[derive(Clone, PartialEq, Eq)]
pub enum ForwardAnswer {
    /// `{"text": "…"}`, not empty.
    Text(String),
    /// Taken, but there is nothing to say: 204, an empty body, or a text that is null or empty.
    Silent,
    /// No answer within the deadline. It may have been taken.
    Late,
    /// It was not taken, or the answer cannot be read: a word for the log, "503" or "broken".
    Failed(String),
}

impl fmt::Debug for ForwardAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Silent => f.write_str("Silent"),
            Self::Late => f.write_str("Late"),
            Self::Failed(why) => write!(f, "Failed({why})"),
        }
    }
}

/// The way to the information system's `[forward]` URL.
#[derive(Debug, Clone)]
pub struct Forwarder {
    env: Env,
    http: Outward,
    endpoint: Endpoint,
    secrets: Vec<WebhookSecret>,
    deadline: Duration,
}

impl Forwarder {
    /// Posts to `endpoint`, signed, and waits for `deadline` at most.
    pub fn new(
        env: Env,
        http: Outward,
        endpoint: Endpoint,
        secrets: Vec<WebhookSecret>,
        deadline: Duration,
    ) -> Self {
        Self {
            env,
            http,
            endpoint,
            secrets,
            deadline,
        }
    }

    /// One attempt; the caller decides whether the same id is forwarded again.
    pub async fn forward(&self, request: &ForwardRequest) -> ForwardAnswer {
        let Ok(body) = serde_json::to_vec(request) else {
            return ForwardAnswer::Failed("unwritable".to_owned());
        };
        let post = Post {
            id: &request.id,
            now: self.env.now(),
            body,
            secrets: &self.secrets,
            deadline: self.deadline,
        };
        match self.http.post(&self.endpoint, post).await {
            Ok(answer) if answer.is_success() => text(&answer.body),
            Ok(answer) => ForwardAnswer::Failed(answer.status.to_string()),
            Err(PostError::Late) => ForwardAnswer::Late,
            Err(error) => ForwardAnswer::Failed(error.word().to_owned()),
        }
    }
}

fn text(body: &[u8]) -> ForwardAnswer {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        text: Option<String>,
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return ForwardAnswer::Silent;
    }
    match serde_json::from_slice::<Body>(body) {
        Ok(Body { text: Some(text) }) if !text.trim().is_empty() => {
            ForwardAnswer::Text(text.chars().take(MAX_ANSWER_CHARS).collect())
        }
        Ok(_) => ForwardAnswer::Silent,
        Err(_) => ForwardAnswer::Failed("unreadable_answer".to_owned()),
    }
}
