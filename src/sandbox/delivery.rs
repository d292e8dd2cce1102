//! Delivering a push to the bot: signed, timed, repeated, its answer verified.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::env::SECOND;
use crate::wechat::Fields;
use crate::wechat::platform_side::{PlatformReply, Stamp, build_push, open_reply};

use super::platform::Platform;
use super::render;
use super::world::{Channel, Side};

/// What the user sees when the bot fails.
const FAULT_NOTICE: &str = "该公众号暂时无法提供服务，请稍后再试";
/// Largest answer read from the bot.
const ANSWER_LIMIT: usize = 1024 * 1024;
/// Events without a place for an answer: a failure shows nothing, an answer is discarded.
const SILENT: [&str; 6] = [
    "unsubscribe",
    "VIEW",
    "view_miniprogram",
    "LOCATION",
    "TEMPLATESENDJOBFINISH",
    "user_authorization_cancellation",
];

/// How one delivery ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    /// `success` or an empty body.
    Acknowledged,
    /// A message for the user.
    Replied,
    /// An HTTP 200 with a body the platform does not take; the reason. Not repeated.
    BadBody(String),
    /// Another HTTP status; repeated.
    Status(u16),
    /// No answer in time; repeated.
    Timeout,
    /// No connection, or a broken one; repeated.
    Broken,
}

/// How a push ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryReport {
    /// One per delivery, in order.
    pub attempts: Vec<Attempt>,
    /// The reply the user saw, as the phone shows it.
    pub reply: Option<String>,
    /// Whether the user saw the platform's notice of a fault.
    pub fault_shown: bool,
}

impl Platform {
    /// Delivers `message` (all its fields, `FromUserName` included) until the bot answers, at most
    /// as often as configured.
    pub async fn deliver(&self, message: &Fields) -> DeliveryReport {
        let openid = message.get("FromUserName").unwrap_or_default();
        let silent = message
            .get("Event")
            .is_some_and(|event| SILENT.contains(&event));
        let mut report = DeliveryReport {
            attempts: Vec::new(),
            reply: None,
            fault_shown: false,
        };
        for _ in 0..self.config().deliveries.max(1) {
            let (attempt, reply) = self.attempt(message).await;
            let answered = matches!(
                attempt,
                Attempt::Acknowledged | Attempt::Replied | Attempt::BadBody(_)
            );
            let failed = matches!(attempt, Attempt::BadBody(_));
            report.attempts.push(attempt);
            if let Some(fields) = reply.filter(|_| !silent) {
                let (kind, text, data) = render::reply(&fields);
                report.reply = Some(text.clone());
                self.record(openid, (Side::Bot, Channel::Reply, kind, text, data));
            }
            if answered && !failed {
                return report;
            }
            if failed {
                break;
            }
        }
        if !silent {
            report.fault_shown = true;
            let line = (
                Side::Platform,
                Channel::Notice,
                "fault".to_owned(),
                FAULT_NOTICE.to_owned(),
                json!({ "attempts": report.attempts }),
            );
            self.record(openid, line);
        }
        report
    }

    /// One delivery with a fresh timestamp, nonce and random prefix.
    async fn attempt(&self, message: &Fields) -> (Attempt, Option<Fields>) {
        let env = self.env();
        let stamp = Stamp {
            timestamp: (env.now() / SECOND).to_string(),
            nonce: (u64::from_be_bytes(env.bytes()) % 10_000_000_000).to_string(),
            random: env.bytes(),
        };
        let wire = self.wire();
        let Some(push) = build_push(&wire, message, &stamp) else {
            return (Attempt::BadBody("没有 EncodingAESKey".into()), None);
        };
        let callback = self.callback();
        let joint = if callback.contains('?') { '&' } else { '?' };
        let request = self
            .http()
            .post(format!("{callback}{joint}{}", push.query))
            .header("Content-Type", push.content_type)
            .timeout(self.config().delivery_timeout)
            .body(push.body);
        let (status, body) = match read(request).await {
            Ok(answer) => answer,
            Err(attempt) => return (attempt, None),
        };
        if status != 200 {
            return (Attempt::Status(status), None);
        }
        match open_reply(&wire, message, &body) {
            Ok(PlatformReply::Acknowledged) => (Attempt::Acknowledged, None),
            Ok(PlatformReply::Message(fields)) => (Attempt::Replied, Some(fields)),
            Err(fault) => (Attempt::BadBody(fault.to_string()), None),
        }
    }

    /// Asks the bot to prove the callback URL, as the console does when it is saved.
    ///
    /// # Errors
    /// What the console would complain about.
    pub async fn verify_callback(&self) -> Result<(), Attempt> {
        let env = self.env();
        let echo = (u64::from_be_bytes(env.bytes()) >> 1).to_string();
        let query = crate::wechat::platform_side::build_verification(
            &self.config().token,
            &(env.now() / SECOND).to_string(),
            &(u64::from_be_bytes(env.bytes()) % 10_000_000_000).to_string(),
            &echo,
        );
        let callback = self.callback();
        let joint = if callback.contains('?') { '&' } else { '?' };
        let request = self
            .http()
            .get(format!("{callback}{joint}{query}"))
            .timeout(self.config().delivery_timeout);
        let (status, body) = read(request).await?;
        match status {
            200 if body == echo.as_bytes() => Ok(()),
            200 => Err(Attempt::BadBody("echostr 不一致".into())),
            other => Err(Attempt::Status(other)),
        }
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<(u16, Vec<u8>), Attempt> {
    let reduce = |error: reqwest::Error| {
        if error.is_timeout() {
            Attempt::Timeout
        } else {
            Attempt::Broken
        }
    };
    let mut response = request.send().await.map_err(reduce)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reduce)? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err(Attempt::Broken);
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status().as_u16(), body))
}

/// The platform's usual patience.
pub(super) const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it delivers a push altogether.
pub(super) const DELIVERIES: u32 = 3;
