//! What can be sent, and what is asked: typed, with the platform's JSON beside it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::wechat::reply::Article;
use crate::wechat::text;

use super::template_field::{FieldError, fit};

/// Longest lifetime of a parametric QR code: thirty days, in seconds.
const MAX_QR_SECONDS: u32 = 2_592_000;

/// A customer-service message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CustomMessage {
    /// A text, cut at [`text::TEXT_LIMIT`] bytes.
    Text {
        /// The text.
        content: String,
    },
    /// A picture.
    Image {
        /// Uploaded material.
        media_id: String,
    },
    /// A recording.
    Voice {
        /// Uploaded material.
        media_id: String,
    },
    /// Exactly one article.
    News {
        /// The article.
        article: Article,
    },
    /// Choices to tap; a tap comes back as a text with the item's id. Not on test accounts.
    Menu {
        /// Above the choices.
        head: String,
        /// The choices.
        items: Vec<MenuItem>,
        /// Below the choices.
        tail: String,
    },
}

/// One choice of a menu message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuItem {
    /// Comes back as `bizmsgmenuid`.
    pub id: String,
    /// Shown, and comes back as the text.
    pub content: String,
}

/// A mini program that a template message opens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MiniProgram {
    /// Its AppID.
    pub app_id: String,
    /// Its page.
    pub page_path: String,
}

/// A template message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateMessage {
    /// The recipient, who must follow.
    pub openid: String,
    /// The template.
    pub template_id: String,
    /// Where a tap leads.
    pub url: Option<String>,
    /// Where a tap leads instead.
    pub mini_program: Option<MiniProgram>,
    /// Makes repeating safe for ten minutes.
    pub client_msg_id: Option<String>,
    /// Field names with their digits (`thing2`) and values, in order.
    pub data: Vec<(String, String)>,
}

/// The scene of a parametric QR code.
#[derive(Clone, PartialEq, Eq)]
pub enum Scene {
    /// A temporary code.
    Temporary {
        /// 1..=64 characters.
        scene: String,
        /// 1..=2592000; longer is shortened.
        seconds: u32,
    },
    /// A permanent code; the account has 100,000.
    Permanent {
        /// 1..=64 characters.
        scene: String,
    },
}

/// A parametric QR code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QrCode {
    /// For the platform's picture of it.
    pub ticket: String,
    /// What the code says; to draw it oneself.
    pub url: String,
    /// Seconds; none for permanent codes.
    pub expires_in: Option<u32>,
}

/// What the platform tells about a user.
#[derive(Clone, PartialEq, Eq)]
pub struct UserInfo {
    /// Whether they follow.
    pub subscribed: bool,
    /// Seconds since the epoch.
    pub subscribed_at: Option<i64>,
    /// Only with an Open Platform account.
    pub union_id: Option<String>,
}

impl CustomMessage {
    /// A text message.
    pub fn text(content: impl Into<String>) -> Self {
        Self::Text {
            content: content.into(),
        }
    }

    /// The request's body.
    pub(super) fn to_json(&self, openid: &str) -> Value {
        let (kind, content) = match self {
            Self::Text { content } => (
                "text",
                json!({ "content": text::cut(content, text::TEXT_LIMIT) }),
            ),
            Self::Image { media_id } => ("image", json!({ "media_id": media_id })),
            Self::Voice { media_id } => ("voice", json!({ "media_id": media_id })),
            Self::News { article } => (
                "news",
                json!({ "articles": [{
                    "title": article.title,
                    "description": article.description,
                    "url": article.url,
                    "picurl": article.pic_url,
                }] }),
            ),
            Self::Menu { head, items, tail } => {
                let list: Vec<Value> = items
                    .iter()
                    .map(|item| json!({ "id": item.id, "content": item.content }))
                    .collect();
                (
                    "msgmenu",
                    json!({ "head_content": head, "list": list, "tail_content": tail }),
                )
            }
        };
        json!({ "touser": openid, "msgtype": kind, kind: content })
    }
}

impl TemplateMessage {
    /// Fits every value to its field's type; see [`fit`]. The error names the field.
    pub fn fitted(mut self) -> Result<Self, FieldError> {
        for (key, value) in &mut self.data {
            *value = fit(key, value)?;
        }
        Ok(self)
    }

    pub(super) fn to_json(&self) -> Value {
        let data: Map<String, Value> = self
            .data
            .iter()
            .map(|(key, value)| (key.clone(), json!({ "value": value })))
            .collect();
        let mut body = json!({
            "touser": self.openid,
            "template_id": self.template_id,
            "data": data,
        });
        if let Some(url) = &self.url {
            body["url"] = url.as_str().into();
        }
        if let Some(program) = &self.mini_program {
            body["miniprogram"] = json!({ "appid": program.app_id, "pagepath": program.page_path });
        }
        if let Some(id) = &self.client_msg_id {
            body["client_msg_id"] = id.as_str().into();
        }
        body
    }
}

impl Scene {
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Temporary { scene, seconds } => json!({
                "expire_seconds": (*seconds).clamp(1, MAX_QR_SECONDS),
                "action_name": "QR_STR_SCENE",
                "action_info": { "scene": { "scene_str": scene } },
            }),
            Self::Permanent { scene } => json!({
                "action_name": "QR_LIMIT_STR_SCENE",
                "action_info": { "scene": { "scene_str": scene } },
            }),
        }
    }
}

impl QrCode {
    /// The platform's picture of the code.
    pub fn image_url(&self) -> String {
        let ticket: String = self
            .ticket
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    char::from(byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            })
            .collect();
        format!("https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket={ticket}")
    }

    pub(super) fn from_json(answer: &Value) -> Option<Self> {
        Some(Self {
            ticket: answer["ticket"].as_str()?.to_owned(),
            url: answer["url"].as_str()?.to_owned(),
            expires_in: answer["expire_seconds"]
                .as_u64()
                .and_then(|seconds| seconds.try_into().ok()),
        })
    }
}

impl UserInfo {
    pub(super) fn from_json(answer: &Value) -> Option<Self> {
        Some(Self {
            subscribed: answer["subscribe"].as_i64()? != 0,
            subscribed_at: answer["subscribe_time"].as_i64(),
            union_id: answer["unionid"].as_str().map(str::to_owned),
        })
    }
}

impl fmt::Debug for CustomMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text { .. } => "Text",
            Self::Image { .. } => "Image",
            Self::Voice { .. } => "Voice",
            Self::News { .. } => "News",
            Self::Menu { .. } => "Menu",
        })
    }
}

macro_rules! opaque_debug {
    ($($name:ident),*) => {$(
        /// Names the type only: its content is personal or secret.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}
opaque_debug!(
    MenuItem,
    MiniProgram,
    TemplateMessage,
    Scene,
    QrCode,
    UserInfo
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_documented_shape_with_literal_characters() {
        let body = CustomMessage::text("你好").to_json("o1");
        assert_eq!(
            body.to_string(),
            r#"{"touser":"o1","msgtype":"text","text":{"content":"你好"}}"#
        );
        let template = TemplateMessage {
            openid: "o1".into(),
            template_id: "T".into(),
            url: Some("https://x".into()),
            mini_program: None,
            client_msg_id: Some("a-1".into()),
            data: vec![("thing2".into(), "管理后台".into())],
        };
        assert_eq!(
            template.to_json(),
            json!({"touser":"o1","template_id":"T","url":"https://x","client_msg_id":"a-1","data":{"thing2":{"value":"管理后台"}}})
        );
        assert!(!format!("{template:?}").contains("o1"));
    }

    #[test]
    fn a_tickets_picture_address_is_escaped() {
        let code = QrCode {
            ticket: "gQH+/=".into(),
            url: String::new(),
            expires_in: None,
        };
        assert!(code.image_url().ends_with("ticket=gQH%2B%2F%3D"));
    }
}
