//! An official account as both sides see it, and pushes to it.

use menshen::env::SECOND;
use menshen::wechat::Refusal;
use menshen::wechat::crypto::EncodingAesKey;
use menshen::wechat::endpoint::{self, EndpointConfig, Format, Mode, Query, TimestampWindow};
use menshen::wechat::platform_side::{self, PlatformConfig, SignedPush, Stamp};
use menshen::wechat::signature::Token;
use menshen::wechat::{Fields, Opened};

pub const K1: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
pub const K0: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub fn key(text: &str) -> EncodingAesKey {
    EncodingAesKey::parse(text).unwrap()
}

pub const NOW: i64 = 1732095600;

pub fn config(mode: Mode) -> EndpointConfig {
    EndpointConfig {
        app_id: "wxb11529c136998cb6".into(),
        original_id: None,
        token: Token::new("pamtest"),
        previous_token: None,
        key: Some(key(K1)),
        previous_key: None,
        mode,
        timestamp_window: TimestampWindow::default(),
    }
}

pub fn platform(mode: Mode) -> PlatformConfig {
    PlatformConfig {
        app_id: "wxb11529c136998cb6".into(),
        token: Token::new("pamtest"),
        key: Some(key(K1)),
        mode,
        format: Format::Xml,
    }
}

pub fn query(text: &str) -> Query<'_> {
    Query::parse(text).unwrap()
}

pub fn text_message(content: &str) -> Fields {
    Fields::new()
        .text("ToUserName", "gh_1")
        .text("FromUserName", "oUser")
        .text("CreateTime", NOW.to_string())
        .text("MsgType", "text")
        .text("Content", content)
        .text("MsgId", "24785639120457813")
}

pub fn event_message() -> Fields {
    Fields::new()
        .text("ToUserName", "gh_1")
        .text("FromUserName", "oUser")
        .text("CreateTime", NOW.to_string())
        .text("MsgType", "event")
        .text("Event", "subscribe")
}

pub fn stamp(timestamp: i64) -> Stamp {
    Stamp {
        timestamp: timestamp.to_string(),
        nonce: "0132056213".into(),
        random: *b"aaaabbbbccccdddd",
    }
}

pub fn signed_push(platform: &PlatformConfig, message: &Fields) -> SignedPush {
    platform_side::build_push(platform, message, &stamp(NOW)).unwrap()
}

pub fn deliver(config: &EndpointConfig, push: &SignedPush) -> Result<Opened, Refusal> {
    endpoint::open(
        config,
        &query(&push.query),
        Some(push.content_type),
        push.body.as_bytes(),
        NOW * SECOND,
    )
}

pub fn push(mode: Mode, message: &Fields) -> Result<Opened, Refusal> {
    deliver(&config(mode), &signed_push(&platform(mode), message))
}
