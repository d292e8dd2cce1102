//! An inbound push, typed: what the platform says a user did.
//!
//! Built from [`Fields`] by [`Inbound::from_fields`]; what has no type of its own becomes
//! [`InboundKind::Other`] and stays readable through [`Inbound::raw`]. Field names are those of the
//! platform's documents, compared exactly; message types and event names are compared without case.
//! `Debug` shows kinds, never texts or OpenIDs.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::fields::Fields;

/// One push. Source: a decrypted, verified body.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Inbound {
    /// The official account's original id (`gh_…`); empty where the platform left it out.
    pub to_user: String,
    /// The sender: an OpenID, except in the authorization events; see [`Inbound::person`].
    pub from_user: String,
    /// When it happened, seconds since the epoch, by the platform's clock.
    pub create_time: Option<i64>,
    /// The id of a message; events have none. Kept as text: 64 bits and more.
    pub msg_id: Option<String>,
    /// The article a message was written from.
    pub article: Option<ArticleOrigin>,
    /// What happened.
    pub kind: InboundKind,
    /// All fields as sent.
    pub raw: Fields,
}

/// Where a message written below an article came from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArticleOrigin {
    /// `MsgDataId`.
    pub data_id: String,
    /// `Idx`, from 1.
    pub index: Option<u32>,
}

/// The message types of the protocol.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub enum InboundKind {
    /// A text; also a tap on an item of a menu message, which then carries the item's id.
    Text {
        /// The text, as typed.
        content: String,
        /// `bizmsgmenuid`: the tapped item of a menu message.
        menu_id: Option<String>,
    },
    /// A picture.
    Image {
        /// A link to it, made by the platform.
        pic_url: String,
        /// For download within three days.
        media_id: String,
    },
    /// A voice message.
    Voice {
        /// The 8 kHz recording.
        media_id: String,
        /// `amr` or `speex`.
        format: String,
        /// The 16 kHz recording.
        media_id_16k: Option<String>,
        /// Speech recognition, retired by the platform: mostly empty.
        recognition: Option<String>,
    },
    /// A video.
    Video {
        /// The video.
        media_id: String,
        /// Its thumbnail.
        thumb_media_id: String,
    },
    /// A short video.
    ShortVideo {
        /// The video.
        media_id: String,
        /// Its thumbnail.
        thumb_media_id: String,
    },
    /// A place the user sent.
    Location {
        /// `Location_X`, degrees north.
        latitude: Option<f64>,
        /// `Location_Y`, degrees east.
        longitude: Option<f64>,
        /// The map's zoom.
        scale: Option<u32>,
        /// The address.
        label: String,
    },
    /// A shared link.
    Link {
        /// Its title.
        title: String,
        /// Its summary.
        description: String,
        /// Its address.
        url: String,
    },
    /// A file; undocumented, seen in practice.
    File {
        /// The file's name.
        title: String,
        /// Mostly empty.
        description: String,
        /// The platform's key.
        key: String,
        /// MD5, hex.
        md5: String,
        /// Length in bytes.
        size: Option<u64>,
    },
    /// A mini-program card.
    MiniProgramPage {
        /// The card's title.
        title: String,
        /// The mini program.
        app_id: String,
        /// Its page.
        page_path: String,
        /// The card's picture.
        thumb_url: String,
        /// The card's picture, for download.
        thumb_media_id: String,
    },
    /// An event.
    Event(Event),
    /// A message type this version does not know.
    Other {
        /// Its `MsgType`, as sent.
        name: String,
    },
}

/// Why well-formed fields are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// A field without which nobody can be answered is missing or empty.
    #[error("the field {0} is missing or empty")]
    Missing(&'static str),
    /// A name is longer than [`MAX_NAME_BYTES`].
    #[error("the field {0} is too long for a name")]
    NameTooLong(&'static str),
}

/// Longest name of a person, an official account or a message. OpenIDs have 28 characters, and what is kept of people
/// is kept under them.
pub const MAX_NAME_BYTES: usize = 128;

impl Inbound {
    /// Types the fields of a plain message.
    pub fn from_fields(raw: Fields) -> Result<Self, MessageError> {
        // Tencent's cloud hosting asks `<action>CheckContainerPath</action>`, and nothing else.
        if let (None, Some(action)) = (raw.get("MsgType"), raw.filled("action")) {
            let name = format!("action:{action}");
            return Ok(Self {
                to_user: String::new(),
                from_user: String::new(),
                create_time: None,
                msg_id: None,
                article: None,
                kind: InboundKind::Other { name },
                raw,
            });
        }
        let kind = InboundKind::from_fields(required(&raw, "MsgType")?, &raw)?;
        let inbound = Self {
            // Missing in some accounts' pushes; such a push is worked on, but cannot be replied to.
            to_user: raw.get("ToUserName").unwrap_or_default().trim().to_owned(),
            from_user: required(&raw, "FromUserName")?.to_owned(),
            create_time: raw.number("CreateTime"),
            msg_id: raw.filled("MsgId").map(|id| id.trim().to_owned()),
            article: raw.filled("MsgDataId").map(|data_id| ArticleOrigin {
                data_id: data_id.to_owned(),
                index: raw.number("Idx"),
            }),
            kind,
            raw,
        };
        let names = [
            ("ToUserName", &*inbound.to_user),
            ("FromUserName", &*inbound.from_user),
            ("OpenID", inbound.person()),
            ("MsgId", inbound.msg_id.as_deref().unwrap_or_default()),
        ];
        match names.iter().find(|(_, name)| name.len() > MAX_NAME_BYTES) {
            Some((field, _)) => Err(MessageError::NameTooLong(field)),
            None => Ok(inbound),
        }
    }

    /// The OpenID of the person concerned. In the authorization events the sender is a platform
    /// account and the person stands in the field `OpenID`.
    pub fn person(&self) -> &str {
        match &self.kind {
            InboundKind::Event(event) => event.authorization_openid().unwrap_or(&self.from_user),
            _ => &self.from_user,
        }
    }

    /// Whether a user wrote or sent something, as opposed to an event.
    pub fn is_message(&self) -> bool {
        self.kind.is_message()
    }

    /// A short name for logs and metrics: `text`, `event:subscribe`, `other`.
    pub fn kind_name(&self) -> &'static str {
        self.kind.name()
    }
}

impl InboundKind {
    /// Whether this is a user's message, as opposed to an event or something unknown.
    pub fn is_message(&self) -> bool {
        !matches!(self, InboundKind::Event(_) | InboundKind::Other { .. })
    }

    /// A short name for logs and metrics; one of a fixed set.
    pub fn name(&self) -> &'static str {
        match self {
            InboundKind::Text { .. } => "text",
            InboundKind::Image { .. } => "image",
            InboundKind::Voice { .. } => "voice",
            InboundKind::Video { .. } => "video",
            InboundKind::ShortVideo { .. } => "shortvideo",
            InboundKind::Location { .. } => "location",
            InboundKind::Link { .. } => "link",
            InboundKind::File { .. } => "file",
            InboundKind::MiniProgramPage { .. } => "miniprogrampage",
            InboundKind::Event(event) => event.name(),
            InboundKind::Other { .. } => "other",
        }
    }

    fn from_fields(msg_type: &str, raw: &Fields) -> Result<Self, MessageError> {
        let text = |name: &str| raw.get(name).unwrap_or_default().to_owned();
        let optional = |name: &str| raw.filled(name).map(str::to_owned);
        Ok(match &*lowercase(msg_type) {
            "text" => Self::Text {
                content: text("Content"),
                menu_id: optional("bizmsgmenuid"),
            },
            "image" => Self::Image {
                pic_url: text("PicUrl"),
                media_id: text("MediaId"),
            },
            "voice" => Self::Voice {
                media_id: text("MediaId"),
                format: text("Format"),
                media_id_16k: optional("MediaId16K"),
                recognition: optional("Recognition"),
            },
            "video" => Self::Video {
                media_id: text("MediaId"),
                thumb_media_id: text("ThumbMediaId"),
            },
            "shortvideo" => Self::ShortVideo {
                media_id: text("MediaId"),
                thumb_media_id: text("ThumbMediaId"),
            },
            "location" => Self::Location {
                latitude: raw.number("Location_X"),
                longitude: raw.number("Location_Y"),
                scale: raw.number("Scale"),
                label: text("Label"),
            },
            "link" => Self::Link {
                title: text("Title"),
                description: text("Description"),
                url: text("Url"),
            },
            "file" => Self::File {
                title: text("Title"),
                description: text("Description"),
                key: text("FileKey"),
                md5: text("FileMd5"),
                size: raw.number("FileTotalLen"),
            },
            "miniprogrampage" => Self::MiniProgramPage {
                title: text("Title"),
                app_id: text("AppId"),
                page_path: text("PagePath"),
                thumb_url: text("ThumbUrl"),
                thumb_media_id: text("ThumbMediaId"),
            },
            "event" => Self::Event(Event::from_fields(required(raw, "Event")?, raw)),
            _ => Self::Other {
                name: msg_type.to_owned(),
            },
        })
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound")
            .field("kind", &self.kind_name())
            .field("create_time", &self.create_time)
            .field("fields", &self.raw.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for InboundKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for ArticleOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ArticleOrigin")
    }
}

fn required<'r>(raw: &'r Fields, name: &'static str) -> Result<&'r str, MessageError> {
    raw.filled(name)
        .map(str::trim)
        .ok_or(MessageError::Missing(name))
}

/// As the platform writes names today; a copy only of what it writes otherwise.
fn lowercase(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Fields {
        Fields::new()
            .text("ToUserName", "gh_1")
            .text("FromUserName", "openid-1")
            .text("CreateTime", "")
    }

    #[test]
    fn empty_numbers_are_none_and_names_ignore_case() {
        let raw = envelope().text("MsgType", "LOCATION").text("Scale", "");
        let inbound = Inbound::from_fields(raw).unwrap();
        assert_eq!(inbound.create_time, None);
        assert_eq!(inbound.kind_name(), "location");
        let event = envelope().text("MsgType", "event").text("Event", "scan");
        assert_eq!(
            Inbound::from_fields(event).unwrap().kind_name(),
            "event:scan"
        );
    }

    #[test]
    fn a_message_without_a_sender_is_refused() {
        let raw = Fields::new()
            .text("ToUserName", "gh_1")
            .text("FromUserName", " ")
            .text("MsgType", "text");
        assert_eq!(
            Inbound::from_fields(raw),
            Err(MessageError::Missing("FromUserName"))
        );
    }

    #[test]
    fn names_are_taken_up_to_their_length() {
        let named = |field: &'static str, length: usize| {
            let mut raw = Fields::new();
            for name in ["ToUserName", "FromUserName", "MsgId"] {
                let length = if name == field { length } else { 9 };
                raw = raw.text(name, "o".repeat(length));
            }
            let raw = raw.text("MsgType", "event");
            let raw = raw.text("Event", "user_authorization_cancellation");
            let length = if field == "OpenID" { length } else { 9 };
            Inbound::from_fields(raw.text("OpenID", "o".repeat(length)))
        };
        for field in ["ToUserName", "FromUserName", "OpenID", "MsgId"] {
            let longest = named(field, MAX_NAME_BYTES).expect("taken");
            assert!(longest.person().starts_with('o'));
            assert_eq!(
                named(field, MAX_NAME_BYTES + 1),
                Err(MessageError::NameTooLong(field))
            );
        }
    }

    #[test]
    fn names_are_read_without_the_space_around_them() {
        let raw = Fields::new()
            .text("FromUserName", " openid-1\n")
            .text("MsgType", "\n event ")
            .text("Event", " SCAN ");
        let inbound = Inbound::from_fields(raw).unwrap();
        assert_eq!(inbound.from_user, "openid-1");
        assert_eq!(inbound.kind_name(), "event:scan");
        assert_eq!(inbound.to_user, "", "missing in some accounts' pushes");
    }

    #[test]
    fn unknown_types_keep_their_fields() {
        let raw = envelope().text("MsgType", "hologram").text("Depth", "3");
        let inbound = Inbound::from_fields(raw).unwrap();
        assert_eq!(
            inbound.kind,
            InboundKind::Other {
                name: "hologram".into()
            }
        );
        assert_eq!(inbound.raw.get("Depth"), Some("3"));
        assert!(!inbound.is_message());
    }

    #[test]
    fn debug_shows_neither_content_nor_openid() {
        let raw = envelope().text("MsgType", "text").text("Content", "秘密");
        let inbound = Inbound::from_fields(raw).unwrap();
        let shown = format!("{inbound:?} {:?} {:?}", inbound.kind, inbound.raw);
        assert!(
            !shown.contains("秘密") && !shown.contains("openid-1"),
            "{shown}"
        );
    }
}
