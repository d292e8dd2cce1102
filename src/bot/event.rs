//! A push of the platform as the rules see it: an event name, the text to match, and fields.

use crate::env::{Millis, SECOND};
use crate::lang::program::EventName;
use crate::lang::value::Value;
use crate::text::{Normalised, normalise};
use crate::wechat::event::Event as WeChatEvent;
use crate::wechat::fields::Fields;
use crate::wechat::message::{Inbound, InboundKind};

/// What a push means to the rules.
#[derive(Debug)]
pub struct ChatEvent {
    /// The official account's configured name (`main`).
    pub official_account: String,
    /// Whom it concerns.
    pub openid: String,
    /// Which event rules are tried.
    pub name: EventName,
    /// Whether `any` may answer it: a user sent something, or clicked.
    pub wants_answer: bool,
    /// What matchers look at: the text, the key, the scene, the url.
    pub text: Normalised,
    /// When the platform says it happened.
    pub time: Millis,
    /// The push itself.
    pub inbound: Box<Inbound>,
    /// Nothing vouches for the body (plaintext mode), and the configuration does not accept that:
    /// actions on bindings, locks and alerts are refused.
    pub unproven: bool,
}

impl ChatEvent {
    /// Reads a push. `now` stands in for a missing time.
    pub fn new(official_account: &str, inbound: Box<Inbound>, now: Millis) -> Self {
        let (name, matched) = name_and_text(&inbound);
        let wants_answer = inbound.is_message()
            || matches!(
                name,
                EventName::Click
                    | EventName::ScanCodeWait
                    | EventName::ScanCodePush
                    | EventName::Scan
            )
            || matches!(inbound.kind, InboundKind::Other { .. });
        Self {
            official_account: official_account.to_owned(),
            openid: inbound.person().to_owned(),
            text: normalise(&matched),
            name,
            wants_answer,
            time: inbound
                .create_time
                .and_then(|seconds| seconds.checked_mul(SECOND))
                .unwrap_or(now),
            inbound,
            unproven: false,
        }
    }

    /// Somebody who is not there: an event that waited for the outside when the process ended, of
    /// which only the person is known.
    pub fn absent(official_account: &str, openid: &str, time: Millis) -> Self {
        let raw = Fields::new();
        Self {
            official_account: official_account.to_owned(),
            openid: openid.to_owned(),
            name: EventName::Text,
            wants_answer: false,
            text: normalise(""),
            time,
            inbound: Box::new(Inbound {
                to_user: String::new(),
                from_user: openid.to_owned(),
                create_time: None,
                msg_id: None,
                article: None,
                kind: InboundKind::Other {
                    name: "absent".to_owned(),
                },
                raw,
            }),
            unproven: false,
        }
    }

    /// A field as the platform sent it.
    pub fn raw(&self, name: &str) -> Value {
        known(
            &format!("message.raw.{name}"),
            self.inbound.raw.filled(name),
        )
    }

    /// A field of the message, by the registry's path without `message.`.
    pub fn field(&self, name: &str) -> Value {
        let missing = || Value::unknown(format!("message.{name}"));
        match name {
            "text" => match &self.inbound.kind {
                InboundKind::Text { content, .. } => Value::text(content),
                _ => missing(),
            },
            "type" => Value::text(self.inbound.kind_name()),
            "id" => known("message.id", self.inbound.msg_id.as_deref()),
            "time" => Value::Time(self.time),
            _ => kind_field(&self.inbound.kind, name).unwrap_or_else(missing),
        }
    }
}

fn known(path: &str, value: Option<&str>) -> Value {
    match value {
        Some(value) if !value.is_empty() => Value::text(value),
        _ => Value::unknown(path),
    }
}

fn text(value: &str) -> Option<Value> {
    (!value.is_empty()).then(|| Value::text(value))
}

fn kind_field(kind: &InboundKind, name: &str) -> Option<Value> {
    match (kind, name) {
        (InboundKind::Text { menu_id, .. }, "menu_id") => menu_id.as_deref().and_then(text),
        (InboundKind::Image { media_id, .. }, "media_id")
        | (InboundKind::Video { media_id, .. }, "media_id")
        | (InboundKind::ShortVideo { media_id, .. }, "media_id")
        | (InboundKind::Voice { media_id, .. }, "media_id") => text(media_id),
        (InboundKind::Image { pic_url, .. }, "url") => text(pic_url),
        (InboundKind::Voice { recognition, .. }, "recognition") => {
            recognition.as_deref().and_then(text)
        }
        (InboundKind::Location { latitude, .. }, "lat") => latitude.map(Value::Number),
        (InboundKind::Location { longitude, .. }, "lon") => longitude.map(Value::Number),
        (InboundKind::Location { label, .. }, "label") => text(label),
        (InboundKind::Link { title, .. }, "title")
        | (InboundKind::File { title, .. }, "title")
        | (InboundKind::MiniProgramPage { title, .. }, "title") => text(title),
        (InboundKind::Link { description, .. }, "description")
        | (InboundKind::File { description, .. }, "description") => text(description),
        (InboundKind::Link { url, .. }, "url") => text(url),
        (InboundKind::Event(event), name) => event_field(event, name),
        _ => None,
    }
}

fn event_field(event: &WeChatEvent, name: &str) -> Option<Value> {
    match (event, name) {
        (WeChatEvent::Subscribe { scene, .. }, "scene") => scene.as_deref().and_then(text),
        (WeChatEvent::Scan { scene, .. }, "scene") => text(scene),
        (WeChatEvent::Click { key }, "key")
        | (WeChatEvent::ScanCode { key, .. }, "key")
        | (WeChatEvent::Pictures { key, .. }, "key")
        | (WeChatEvent::LocationSelect { key, .. }, "key") => text(key),
        (WeChatEvent::View { url, .. }, "url") => text(url),
        (WeChatEvent::ViewMiniProgram { path, .. }, "url") => text(path),
        (WeChatEvent::View { menu_id, .. }, "menu_id")
        | (WeChatEvent::ViewMiniProgram { menu_id, .. }, "menu_id") => {
            menu_id.as_deref().and_then(text)
        }
        (WeChatEvent::ScanCode { result, .. }, "scan_result") => text(result),
        (WeChatEvent::Location { latitude, .. }, "lat")
        | (WeChatEvent::LocationSelect { latitude, .. }, "lat") => latitude.map(Value::Number),
        (WeChatEvent::Location { longitude, .. }, "lon")
        | (WeChatEvent::LocationSelect { longitude, .. }, "lon") => longitude.map(Value::Number),
        (WeChatEvent::LocationSelect { label, .. }, "label") => text(label),
        _ => None,
    }
}

/// The event's name for rules and what matchers look at.
fn name_and_text(inbound: &Inbound) -> (EventName, String) {
    let plain = |name| (name, String::new());
    match &inbound.kind {
        InboundKind::Text { content, .. } => (EventName::Text, content.clone()),
        InboundKind::Image { .. } => plain(EventName::Image),
        InboundKind::Voice { .. } => plain(EventName::Voice),
        InboundKind::Video { .. } => plain(EventName::Video),
        InboundKind::ShortVideo { .. } => plain(EventName::ShortVideo),
        InboundKind::Location { label, .. } => (EventName::Location, label.clone()),
        InboundKind::Link { title, .. } => (EventName::Link, title.clone()),
        InboundKind::File { title, .. } => (EventName::File, title.clone()),
        InboundKind::MiniProgramPage { title, .. } => (EventName::MiniProgram, title.clone()),
        InboundKind::Event(event) => event_name(event).unwrap_or_else(|| {
            // Rules reach every other event by the name it was sent with.
            let sent = inbound.raw.get("Event").unwrap_or_default();
            plain(EventName::Named(sent.trim().to_lowercase()))
        }),
        InboundKind::Other { name } => plain(EventName::Named(name.to_lowercase())),
    }
}

fn event_name(event: &WeChatEvent) -> Option<(EventName, String)> {
    Some(match event {
        WeChatEvent::Subscribe { scene, .. } => {
            (EventName::Subscribe, scene.clone().unwrap_or_default())
        }
        WeChatEvent::Unsubscribe => (EventName::Unsubscribe, String::new()),
        WeChatEvent::Scan { scene, .. } => (EventName::Scan, scene.clone()),
        WeChatEvent::Location { .. } => (EventName::Position, String::new()),
        WeChatEvent::Click { key } => (EventName::Click, key.clone()),
        WeChatEvent::View { url, .. } => (EventName::View, url.clone()),
        WeChatEvent::ViewMiniProgram { path, .. } => (EventName::ViewMiniProgram, path.clone()),
        WeChatEvent::ScanCode { key, waiting, .. } => (
            if *waiting {
                EventName::ScanCodeWait
            } else {
                EventName::ScanCodePush
            },
            key.clone(),
        ),
        WeChatEvent::Pictures { key, .. } => (EventName::Photos, key.clone()),
        WeChatEvent::LocationSelect { key, .. } => (EventName::LocationSelect, key.clone()),
        _ => return None,
    })
}
