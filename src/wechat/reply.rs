//! Passive replies: what is answered in the HTTP response to a push.
//!
//! A [`Reply`] is a plain value that is stored and sealed anew for each delivery, because every
//! delivery is encrypted with the key that opened it. Text goes out as CDATA that cannot be broken
//! out of. Nothing to say is the body `success`, never an empty `Content` (which the user would see
//! as a fault). Random bytes and the time are passed in.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::crypto::EncodingAesKey;
use super::endpoint::Format;
use super::fields::Fields;
use super::message::Inbound;
use super::signature::{Token, sign};
use super::{json, text, xml};

/// The acknowledgement without a message; unencrypted in every mode.
pub const SUCCESS: &str = "success";
/// Most articles of a news reply to an event.
pub const MAX_ARTICLES: usize = 8;
/// Most articles of a news reply to a user's message (protocol: since October 2018).
pub const MAX_ARTICLES_TO_MESSAGE: usize = 1;

/// What to answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// No message: `success`.
    Nothing,
    /// A text, cut at [`text::TEXT_LIMIT`] bytes; links as `<a href="…">…</a>`.
    Text {
        /// The text.
        content: String,
    },
    /// A picture (no GIF).
    Image {
        /// Uploaded material.
        media_id: String,
    },
    /// A recording.
    Voice {
        /// Uploaded material.
        media_id: String,
    },
    /// A video.
    Video {
        /// Uploaded material.
        media_id: String,
        /// Optional.
        title: Option<String>,
        /// Optional.
        description: Option<String>,
    },
    /// Music; only the thumbnail is mandatory.
    Music {
        /// Uploaded material.
        thumb_media_id: String,
        /// Optional.
        title: Option<String>,
        /// Optional.
        description: Option<String>,
        /// Optional.
        music_url: Option<String>,
        /// Optional, for Wi-Fi.
        hq_music_url: Option<String>,
    },
    /// Articles: at most one in answer to a message, eight to an event; more are left out.
    News {
        /// The articles.
        articles: Vec<Article>,
    },
    /// Hands this one message to the customer-service desk. Only for messages: to an event it is
    /// answered with `success`.
    TransferCustomerService {
        /// A particular agent.
        account: Option<String>,
    },
}

/// One article of a news reply.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    /// Its title.
    pub title: String,
    /// Its summary.
    pub description: String,
    /// Its picture.
    pub pic_url: String,
    /// Its address.
    pub url: String,
}

/// How one delivery is to be answered; made by [`crate::wechat::endpoint::open`]. The default answers nobody.
#[derive(Clone, Default)]
pub struct ReplyContext {
    user: String,
    account: String,
    to_message: bool,
    format: Format,
    sealing: Option<Sealing>,
}

/// What opened a delivery, to seal its reply with.
#[derive(Clone)]
pub(super) struct Sealing {
    pub(super) token: Token,
    pub(super) key: EncodingAesKey,
    pub(super) app_id: String,
}

/// The body of the HTTP 200 response.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Reply {
    /// A text reply.
    pub fn text(content: impl Into<String>) -> Self {
        Self::Text {
            content: content.into(),
        }
    }

    /// Whether the user will see nothing.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Text { content } => content
                .chars()
                .all(|c| c.is_whitespace() || !xml::is_xml_char(c)),
            Self::News { articles } => articles.is_empty(),
            // The platform shows its notice of a fault for material it does not know.
            Self::Image { media_id }
            | Self::Voice { media_id }
            | Self::Video { media_id, .. }
            | Self::Music {
                thumb_media_id: media_id,
                ..
            } => media_id.trim().is_empty(),
            Self::TransferCustomerService { .. } => false,
        }
    }
}

impl Body {
    /// The bare acknowledgement.
    pub fn success() -> Self {
        Self {
            content_type: "text/plain; charset=utf-8",
            bytes: SUCCESS.as_bytes().to_vec(),
        }
    }
}

impl ReplyContext {
    pub(super) fn new(inbound: &Inbound, format: Format, sealing: Option<Sealing>) -> Self {
        Self {
            user: inbound.from_user.clone(),
            account: inbound.to_user.clone(),
            to_message: inbound.is_message(),
            format,
            sealing,
        }
    }

    /// Whether somebody will see `reply`.
    fn answers(&self, reply: &Reply) -> bool {
        !(reply.is_nothing() || self.user.is_empty() || self.account.is_empty())
    }

    /// Whether the reply will be encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.sealing.is_some()
    }
}

/// Turns a reply into the response body for one delivery.
///
/// `timestamp` is in seconds and serves as `CreateTime` and, encrypted, as `TimeStamp`; `nonce` is
/// any short string of letters and digits (the request's may be reused); `random` must be fresh.
pub fn seal(
    reply: &Reply,
    context: &ReplyContext,
    timestamp: i64,
    nonce: &str,
    random: [u8; 16],
) -> Body {
    let plain = match (reply, context.format) {
        (Reply::Text { content }, Format::Xml) if context.answers(reply) => {
            text_document(content, context, timestamp)
        }
        (_, format) => match (reply_fields(reply, context, timestamp), format) {
            (None, _) => return Body::success(),
            (Some(fields), Format::Xml) => xml::write(&fields),
            (Some(fields), Format::Json) => json::write(&fields),
        },
    };
    let bytes = match &context.sealing {
        None => plain,
        Some(sealing) => envelope(sealing, context.format, &plain, timestamp, nonce, random),
    };
    Body {
        content_type: match context.format {
            Format::Xml => "application/xml; charset=utf-8",
            Format::Json => "application/json; charset=utf-8",
        },
        bytes: bytes.into_bytes(),
    }
}

/// The envelope around an encrypted reply (protocol: encrypted reply envelope).
fn envelope(
    sealing: &Sealing,
    format: Format,
    plain: &str,
    timestamp: i64,
    nonce: &str,
    random: [u8; 16],
) -> String {
    let encrypted = sealing
        .key
        .encrypt(random, plain.as_bytes(), &sealing.app_id);
    let timestamp = timestamp.to_string();
    let signature = sign(&sealing.token, &[&timestamp, nonce, &encrypted]);
    let fields = Fields::with_room(4)
        .text("Encrypt", encrypted)
        .text("MsgSignature", signature)
        .text("TimeStamp", timestamp)
        .text("Nonce", nonce);
    match format {
        Format::Xml => xml::write(&fields),
        Format::Json => json::write(&fields),
    }
}

/// The usual reply, without a tree: what [`reply_fields`] would be written as.
fn text_document(content: &str, context: &ReplyContext, timestamp: i64) -> String {
    xml::document(|out| {
        xml::push_text(out, "ToUserName", &context.user);
        xml::push_text(out, "FromUserName", &context.account);
        xml::push_text(out, "CreateTime", &timestamp.to_string());
        xml::push_text(out, "MsgType", "text");
        xml::push_text(out, "Content", &text::cut(content, text::TEXT_LIMIT));
    })
}

/// The plain reply, or `None` for `success`.
fn reply_fields(reply: &Reply, context: &ReplyContext, timestamp: i64) -> Option<Fields> {
    if !context.answers(reply) {
        return None;
    }
    let head = |kind: &str| {
        Fields::with_room(5)
            .text("ToUserName", context.user.as_str())
            .text("FromUserName", context.account.as_str())
            .text("CreateTime", timestamp.to_string())
            .text("MsgType", kind)
    };
    let media = |media_id: &str| Fields::new().text("MediaId", media_id);
    Some(match reply {
        Reply::Nothing => return None,
        Reply::Text { content } => {
            head("text").text("Content", text::cut(content, text::TEXT_LIMIT))
        }
        Reply::Image { media_id } => head("image").group("Image", media(media_id)),
        Reply::Voice { media_id } => head("voice").group("Voice", media(media_id)),
        Reply::Video {
            media_id,
            title,
            description,
        } => {
            let video = with(media(media_id), "Title", title);
            head("video").group("Video", with(video, "Description", description))
        }
        Reply::Music {
            thumb_media_id,
            title,
            description,
            music_url,
            hq_music_url,
        } => {
            let music = with(Fields::new(), "Title", title);
            let music = with(music, "Description", description);
            let music = with(music, "MusicUrl", music_url);
            let music = with(music, "HQMusicUrl", hq_music_url);
            head("music").group("Music", music.text("ThumbMediaId", thumb_media_id.as_str()))
        }
        Reply::News { articles } => {
            let most = if context.to_message {
                MAX_ARTICLES_TO_MESSAGE
            } else {
                MAX_ARTICLES
            };
            let articles = &articles[..articles.len().min(most)];
            let mut list = Fields::new();
            for article in articles {
                list = list.group("item", article_fields(article));
            }
            head("news")
                .text("ArticleCount", articles.len().to_string())
                .group("Articles", list)
        }
        Reply::TransferCustomerService { .. } if !context.to_message => return None,
        Reply::TransferCustomerService { account } => {
            let fields = head("transfer_customer_service");
            match account {
                None => fields,
                Some(account) => fields.group(
                    "TransInfo",
                    Fields::new().text("KfAccount", account.as_str()),
                ),
            }
        }
    })
}

fn article_fields(article: &Article) -> Fields {
    Fields::new()
        .text("Title", article.title.as_str())
        .text("Description", article.description.as_str())
        .text("PicUrl", article.pic_url.as_str())
        .text("Url", article.url.as_str())
}

fn with(fields: Fields, name: &str, text: &Option<String>) -> Fields {
    match text {
        Some(text) => fields.text(name, text.as_str()),
        None => fields,
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Text { .. } => "Text",
            Self::Image { .. } => "Image",
            Self::Voice { .. } => "Voice",
            Self::Video { .. } => "Video",
            Self::Music { .. } => "Music",
            Self::News { .. } => "News",
            Self::TransferCustomerService { .. } => "TransferCustomerService",
        })
    }
}

impl fmt::Debug for Article {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Article")
    }
}

impl fmt::Debug for ReplyContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyContext")
            .field("encrypted", &self.is_encrypted())
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_reply_is_written_as_its_tree_would_be() {
        let context = ReplyContext {
            user: "o]]>1\r".to_owned(),
            account: "gh_1".to_owned(),
            ..ReplyContext::default()
        };
        let long = "长".repeat(text::TEXT_LIMIT);
        for content in ["好", "a]]>b\r\nc\u{1}\u{ffff}", " 好 ", "7", long.as_str()] {
            for timestamp in [-1, 0, 1_766_000_000] {
                let fields = reply_fields(&Reply::text(content), &context, timestamp);
                let tree = xml::write(&fields.expect("somebody sees it"));
                assert_eq!(text_document(content, &context, timestamp), tree);
            }
        }
    }
}
