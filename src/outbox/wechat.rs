//! The platform's API client as the outbox's [`Sender`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::sender::{Outcome, Sender};
use crate::store::records::{CustomMessage, OutboxChannel};
use crate::wechat::client::{CallError, Client};
use crate::wechat::reply::Reply;

/// Sends through one [`Client`] per official account.
pub struct WechatSender(BTreeMap<String, Arc<Client>>);

impl WechatSender {
    /// The clients by the names of their official accounts.
    pub fn new(clients: impl IntoIterator<Item = (String, Arc<Client>)>) -> Self {
        Self(clients.into_iter().collect())
    }

    async fn send(&self, official_account: &str, channel: OutboxChannel, body: &Value) -> Outcome {
        let Some(client) = self.0.get(official_account) else {
            tracing::warn!(official_account, "no client for this official account");
            return Outcome::NotSent;
        };
        let path = match channel {
            OutboxChannel::Custom => "/cgi-bin/message/custom/send",
            OutboxChannel::Template => "/cgi-bin/message/template/send",
        };
        match client.post(path, body).await {
            Ok(answer) => Outcome::Accepted {
                msgid: match &answer["msgid"] {
                    Value::Number(number) => Some(number.to_string()),
                    Value::String(text) => Some(text.clone()),
                    _ => None,
                },
            },
            Err(CallError::Rejected(error)) => Outcome::Rejected {
                errcode: error.code,
            },
            Err(CallError::Unknown(why)) => {
                tracing::warn!(official_account, channel = channel.name(), %why, "a send's outcome is unknown");
                Outcome::Unknown
            }
            Err(CallError::NotSent(why)) => {
                tracing::warn!(official_account, channel = channel.name(), %why, "a message was not sent");
                Outcome::NotSent
            }
        }
    }
}

impl fmt::Debug for WechatSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Sender for WechatSender {
    fn custom<'a>(&'a self, official_account: &'a str, body: &'a Value) -> BoxFuture<'a, Outcome> {
        Box::pin(self.send(official_account, OutboxChannel::Custom, body))
    }

    fn template<'a>(
        &'a self,
        official_account: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(self.send(official_account, OutboxChannel::Template, body))
    }
}

impl CustomMessage {
    /// The customer-service message that says what a passive reply would have said; none for
    /// replies that only a passive reply can give. Of several articles the first is taken: the
    /// custom channel takes one.
    pub fn from_reply(reply: &Reply) -> Option<Self> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        match reply {
            Reply::Nothing | Reply::TransferCustomerService { .. } => None,
            Reply::Text { content } => Some(Self::Text(content.clone())),
            Reply::Image { media_id } => Some(Self::Image(media_id.clone())),
            Reply::Voice { media_id } => Some(Self::Voice(media_id.clone())),
            Reply::Video {
                media_id,
                title,
                description,
            } => Some(Self::Video {
                media_id: media_id.clone(),
                thumb_media_id: None,
                title: text(title),
                description: text(description),
            }),
            Reply::Music {
                thumb_media_id,
                title,
                description,
                music_url,
                hq_music_url,
            } => Some(Self::Music {
                title: text(title),
                description: text(description),
                url: text(music_url),
                hq_url: text(hq_music_url),
                thumb_media_id: thumb_media_id.clone(),
            }),
            Reply::News { articles } => articles.first().map(|article| Self::News {
                title: article.title.clone(),
                description: article.description.clone(),
                url: article.url.clone(),
                picture: article.pic_url.clone(),
            }),
        }
    }
}
