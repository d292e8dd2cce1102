//! The events of the protocol: follow, scan, menus, delivery results, authorization.
//!
//! Event names mix case in the platform's documents and are compared without it. An event without
//! a type here is [`Event::Other`]; its fields are in the message's `raw`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::fields::Fields;

/// The prefix a scene carries when scanning led to following. Stripped exactly once: a scene may
/// itself begin with it.
const SCENE_PREFIX: &str = "qrscene_";

/// What happened, when `MsgType` is `event`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The user followed, perhaps through a parametric QR code.
    Subscribe {
        /// The code's scene, without `qrscene_`.
        scene: Option<String>,
        /// The code's ticket.
        ticket: Option<String>,
    },
    /// The user unfollowed. No reply reaches them.
    Unsubscribe,
    /// A follower scanned a parametric QR code.
    Scan {
        /// The code's scene.
        scene: String,
        /// The code's ticket.
        ticket: Option<String>,
    },
    /// The client reported where the user is (not a location message).
    Location {
        /// Degrees north.
        latitude: Option<f64>,
        /// Degrees east.
        longitude: Option<f64>,
        /// Metres.
        precision: Option<f64>,
    },
    /// A menu button.
    Click {
        /// The button's key.
        key: String,
    },
    /// A menu link.
    View {
        /// The link.
        url: String,
        /// The menu.
        menu_id: Option<String>,
    },
    /// A menu entry that opens a mini program.
    ViewMiniProgram {
        /// The page.
        path: String,
        /// The menu.
        menu_id: Option<String>,
    },
    /// A scan started from the menu.
    ScanCode {
        /// The button's key.
        key: String,
        /// Whether the client waits for a reply (`scancode_waitmsg`).
        waiting: bool,
        /// `qrcode` or `barcode`.
        scan_type: String,
        /// What the code says.
        result: String,
    },
    /// Pictures chosen from the menu; they follow as image messages.
    Pictures {
        /// The button's key.
        key: String,
        /// Where they were chosen.
        source: PictureSource,
        /// How many follow.
        count: Option<u32>,
        /// Their MD5 sums, hex.
        md5: Vec<String>,
    },
    /// A place chosen from the menu; a location message follows.
    LocationSelect {
        /// The button's key.
        key: String,
        /// Degrees north.
        latitude: Option<f64>,
        /// Degrees east.
        longitude: Option<f64>,
        /// The map's zoom.
        scale: Option<u32>,
        /// The address.
        label: String,
        /// The place's name.
        poi_name: String,
    },
    /// The fate of a template message.
    TemplateFinished {
        /// The id that sending returned; text, since it exceeds 53 bits.
        msg_id: String,
        /// What became of it.
        status: DeliveryStatus,
    },
    /// The fate of a mass message.
    MassFinished {
        /// The id that sending returned.
        msg_id: String,
        /// `send success`, `send fail` or `err(N)`, as sent.
        status: String,
        /// Recipients before filtering.
        total: Option<u64>,
        /// Recipients after filtering.
        filtered: Option<u64>,
        /// Delivered.
        sent: Option<u64>,
        /// Failed.
        failed: Option<u64>,
    },
    /// The fate of a publication.
    PublishFinished {
        /// The publication.
        publish_id: String,
        /// 0 is success.
        status: Option<u32>,
        /// The article, on success.
        article_id: Option<String>,
    },
    /// Consent to, or the fate of, subscription notices.
    SubscribeNotice {
        /// Which of the three events.
        stage: NoticeStage,
        /// One entry per template.
        entries: Vec<NoticeEntry>,
    },
    /// The user changed what web authorization may see.
    UserInfoModified {
        /// The person; the message's sender is a platform account.
        openid: String,
        /// Kinds of data concerned.
        info: Option<String>,
    },
    /// The user revoked kinds of data: they must be deleted.
    AuthorizationRevoked {
        /// The person; the message's sender is a platform account.
        openid: String,
        /// Kinds of data concerned, `201`..`207`.
        info: Option<String>,
    },
    /// The user cancelled the authorization, or their account: delete everything of theirs.
    AuthorizationCancelled {
        /// The person; the message's sender is a platform account.
        openid: String,
    },
    /// A customer-service session began.
    ServiceSessionOpened {
        /// The agent.
        agent: String,
    },
    /// A customer-service session ended.
    ServiceSessionClosed {
        /// The agent.
        agent: String,
    },
    /// A customer-service session moved.
    ServiceSessionSwitched {
        /// The old agent.
        from_agent: String,
        /// The new agent.
        to_agent: String,
    },
    /// An event this version does not know.
    Other {
        /// Its name, as sent.
        name: String,
    },
}

/// Where pictures were chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PictureSource {
    /// The camera.
    Camera,
    /// The camera or the album.
    CameraOrAlbum,
    /// WeChat's own album.
    WeChat,
}

/// What became of a template message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryStatus {
    /// Delivered.
    Success,
    /// The user refuses messages.
    UserBlocked,
    /// The platform failed.
    SystemFailed,
    /// A status this version does not know, spaces removed.
    Other(String),
}

/// The three events of subscription notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeStage {
    /// The user answered the popup.
    Popup,
    /// The user changed a consent in the settings.
    Changed,
    /// A notice was sent.
    Sent,
}

/// One template of a subscription-notice event.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeEntry {
    /// The template.
    pub template_id: String,
    /// `accept`: true, `reject`: false; absent when sent.
    pub accepted: Option<bool>,
    /// The notice, when sent.
    pub msg_id: Option<String>,
    /// 0 is success, when sent.
    pub error_code: Option<i64>,
}

impl Event {
    /// Types an event by its name.
    pub(super) fn from_fields(name: &str, raw: &Fields) -> Self {
        let text = |path: &str| raw.get(path).unwrap_or_default().to_owned();
        let optional = |path: &str| raw.filled(path).map(str::to_owned);
        let key = || text("EventKey");
        let pictures = |source| Self::Pictures {
            key: key(),
            source,
            count: raw.number("SendPicsInfo.Count"),
            md5: raw
                .descend("SendPicsInfo.PicList")
                .into_iter()
                .flat_map(|list| list.groups("item"))
                .filter_map(|item| item.filled("PicMd5Sum"))
                .map(str::to_owned)
                .collect(),
        };
        let scan_code = |waiting| Self::ScanCode {
            key: key(),
            waiting,
            scan_type: text("ScanCodeInfo.ScanType"),
            result: text("ScanCodeInfo.ScanResult"),
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "subscribe" => Self::Subscribe {
                scene: raw
                    .filled("EventKey")
                    .map(|key| key.strip_prefix(SCENE_PREFIX).unwrap_or(key).to_owned()),
                ticket: optional("Ticket"),
            },
            "unsubscribe" => Self::Unsubscribe,
            "scan" => Self::Scan {
                scene: key(),
                ticket: optional("Ticket"),
            },
            "location" => Self::Location {
                latitude: raw.number("Latitude"),
                longitude: raw.number("Longitude"),
                precision: raw.number("Precision"),
            },
            "click" => Self::Click { key: key() },
            "view" => Self::View {
                url: key(),
                menu_id: optional("MenuId"),
            },
            "view_miniprogram" => Self::ViewMiniProgram {
                path: key(),
                menu_id: optional("MenuId"),
            },
            "scancode_push" => scan_code(false),
            "scancode_waitmsg" => scan_code(true),
            "pic_sysphoto" => pictures(PictureSource::Camera),
            "pic_photo_or_album" => pictures(PictureSource::CameraOrAlbum),
            "pic_weixin" => pictures(PictureSource::WeChat),
            "location_select" => Self::LocationSelect {
                key: key(),
                latitude: raw.number("SendLocationInfo.Location_X"),
                longitude: raw.number("SendLocationInfo.Location_Y"),
                scale: raw.number("SendLocationInfo.Scale"),
                label: text("SendLocationInfo.Label"),
                poi_name: text("SendLocationInfo.Poiname"),
            },
            "templatesendjobfinish" => Self::TemplateFinished {
                msg_id: job_id(raw),
                status: DeliveryStatus::parse(raw.get("Status").unwrap_or_default()),
            },
            "masssendjobfinish" => Self::MassFinished {
                msg_id: job_id(raw),
                status: text("Status"),
                total: raw.number("TotalCount"),
                filtered: raw.number("FilterCount"),
                sent: raw.number("SentCount"),
                failed: raw.number("ErrorCount"),
            },
            "publishjobfinish" => Self::PublishFinished {
                publish_id: text("PublishEventInfo.publish_id"),
                status: raw.number("PublishEventInfo.publish_status"),
                article_id: optional("PublishEventInfo.article_id"),
            },
            "subscribe_msg_popup_event" => {
                notices(NoticeStage::Popup, raw.descend("SubscribeMsgPopupEvent"))
            }
            "subscribe_msg_change_event" => {
                notices(NoticeStage::Changed, raw.descend("SubscribeMsgChangeEvent"))
            }
            "subscribe_msg_sent_event" => {
                notices(NoticeStage::Sent, raw.descend("SubscribeMsgSentEvent"))
            }
            "user_info_modified" => Self::UserInfoModified {
                openid: text("OpenID"),
                info: optional("RevokeInfo"),
            },
            "user_authorization_revoke" => Self::AuthorizationRevoked {
                openid: text("OpenID"),
                info: optional("RevokeInfo"),
            },
            "user_authorization_cancellation" => Self::AuthorizationCancelled {
                openid: text("OpenID"),
            },
            "kf_create_session" => Self::ServiceSessionOpened {
                agent: text("KfAccount"),
            },
            "kf_close_session" => Self::ServiceSessionClosed {
                agent: text("KfAccount"),
            },
            "kf_switch_session" => Self::ServiceSessionSwitched {
                from_agent: text("FromKfAccount"),
                to_agent: text("ToKfAccount"),
            },
            _ => Self::Other {
                name: name.to_owned(),
            },
        }
    }

    /// The person an authorization event is about; `None` for every other event.
    pub fn authorization_openid(&self) -> Option<&str> {
        match self {
            Self::UserInfoModified { openid, .. }
            | Self::AuthorizationRevoked { openid, .. }
            | Self::AuthorizationCancelled { openid } => Some(openid),
            _ => None,
        }
    }

    /// A short name for logs and metrics; one of a fixed set.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Subscribe { .. } => "event:subscribe",
            Self::Unsubscribe => "event:unsubscribe",
            Self::Scan { .. } => "event:scan",
            Self::Location { .. } => "event:location",
            Self::Click { .. } => "event:click",
            Self::View { .. } => "event:view",
            Self::ViewMiniProgram { .. } => "event:view_miniprogram",
            Self::ScanCode { waiting: true, .. } => "event:scancode_waitmsg",
            Self::ScanCode { waiting: false, .. } => "event:scancode_push",
            Self::Pictures { .. } => "event:pic",
            Self::LocationSelect { .. } => "event:location_select",
            Self::TemplateFinished { .. } => "event:templatesendjobfinish",
            Self::MassFinished { .. } => "event:masssendjobfinish",
            Self::PublishFinished { .. } => "event:publishjobfinish",
            Self::SubscribeNotice { .. } => "event:subscribe_msg",
            Self::UserInfoModified { .. } => "event:user_info_modified",
            Self::AuthorizationRevoked { .. } => "event:user_authorization_revoke",
            Self::AuthorizationCancelled { .. } => "event:user_authorization_cancellation",
            Self::ServiceSessionOpened { .. } => "event:kf_create_session",
            Self::ServiceSessionClosed { .. } => "event:kf_close_session",
            Self::ServiceSessionSwitched { .. } => "event:kf_switch_session",
            Self::Other { .. } => "event:other",
        }
    }
}

impl DeliveryStatus {
    /// Reads a `Status`; the platform writes some with a space and some without.
    pub fn parse(status: &str) -> Self {
        let bare: String = status.chars().filter(|c| !c.is_whitespace()).collect();
        match bare.to_ascii_lowercase().as_str() {
            "success" => Self::Success,
            "failed:userblock" => Self::UserBlocked,
            "failed:systemfailed" => Self::SystemFailed,
            _ => Self::Other(bare),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for NoticeEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoticeEntry(accepted: {:?})", self.accepted)
    }
}

/// Result events spell it `MsgID`; older accounts were seen with `MsgId`.
fn job_id(raw: &Fields) -> String {
    raw.filled("MsgID")
        .or_else(|| raw.filled("MsgId"))
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn notices(stage: NoticeStage, list: Option<&Fields>) -> Event {
    let entries = list
        .into_iter()
        .flat_map(|list| list.groups("List"))
        .map(|entry| NoticeEntry {
            template_id: entry.get("TemplateId").unwrap_or_default().to_owned(),
            accepted: match entry.get("SubscribeStatusString") {
                Some("accept") => Some(true),
                Some("reject") => Some(false),
                _ => None,
            },
            msg_id: entry.filled("MsgID").map(str::to_owned),
            error_code: entry.number("ErrorCode"),
        })
        .collect();
    Event::SubscribeNotice { stage, entries }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scene_prefix_is_stripped_once_and_only_when_following() {
        let raw = Fields::new().text("EventKey", "qrscene_qrscene_a");
        let scene = |event| match event {
            Event::Subscribe { scene, .. } => scene,
            Event::Scan { scene, .. } => Some(scene),
            _ => None,
        };
        assert_eq!(
            scene(Event::from_fields("subscribe", &raw)).as_deref(),
            Some("qrscene_a")
        );
        assert_eq!(
            scene(Event::from_fields("SCAN", &raw)).as_deref(),
            Some("qrscene_qrscene_a")
        );
        let plain = Fields::new().text("EventKey", "");
        assert_eq!(scene(Event::from_fields("subscribe", &plain)), None);
    }

    #[test]
    fn delivery_statuses_are_read_with_and_without_the_space() {
        for status in ["failed: system failed", "failed:system failed"] {
            assert_eq!(DeliveryStatus::parse(status), DeliveryStatus::SystemFailed);
        }
        assert_eq!(
            DeliveryStatus::parse("failed:user block"),
            DeliveryStatus::UserBlocked
        );
        assert_eq!(
            DeliveryStatus::parse("failed: odd"),
            DeliveryStatus::Other("failed:odd".into())
        );
    }
}
