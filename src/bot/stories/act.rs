//! What a WeChat user of a story does, as the push the platform would send.

use crate::env::{Millis, SECOND};
use crate::lang::program::WeChatAct;
use crate::wechat::fields::Fields;

/// A WeChat user's OpenID: 28 characters made of the name.
pub(super) fn openid(user: &str) -> String {
    let mut hex = hex::encode(user.as_bytes());
    hex.truncate(26);
    format!("o-{hex:0<26}")
}

/// A push as the platform would send it.
pub(super) fn push(
    user: &str,
    act: &WeChatAct,
    more: &[(String, String)],
    now: Millis,
    number: u64,
) -> Fields {
    let mut fields = vec![
        ("ToUserName", "gh_story0000000".to_owned()),
        ("FromUserName", openid(user)),
        ("CreateTime", (now / SECOND).to_string()),
    ];
    let message = |fields: &mut Vec<(&'static str, String)>, kind: &str| {
        fields.push(("MsgType", kind.to_owned()));
        fields.push(("MsgId", number.to_string()));
    };
    let event = |fields: &mut Vec<(&'static str, String)>, name: &str, key: &str| {
        fields.push(("MsgType", "event".to_owned()));
        fields.push(("Event", name.to_owned()));
        fields.push(("EventKey", key.to_owned()));
    };
    match act {
        WeChatAct::SendsText(text) => {
            message(&mut fields, "text");
            fields.push(("Content", text.clone()));
        }
        WeChatAct::SendsKind(kind) => {
            let wire = match kind.as_str() {
                "miniprogram" => "miniprogrampage",
                other => other,
            };
            message(&mut fields, wire);
            fields.push(("MediaId", "media-1".to_owned()));
            fields.push(("Title", "标题".to_owned()));
            fields.push(("Label", "北京市东城区".to_owned()));
            fields.push(("Location_X", "39.90".to_owned()));
            fields.push(("Location_Y", "116.40".to_owned()));
            fields.push(("Url", "https://example.com/".to_owned()));
        }
        WeChatAct::Follows(None) => event(&mut fields, "subscribe", ""),
        WeChatAct::Follows(Some(scene)) => {
            event(&mut fields, "subscribe", &format!("qrscene_{scene}"));
        }
        WeChatAct::Unfollows => event(&mut fields, "unsubscribe", ""),
        WeChatAct::Scans(scene) => event(&mut fields, "SCAN", scene),
        WeChatAct::Clicks(key) => event(&mut fields, "CLICK", key),
        WeChatAct::Views(url) => event(&mut fields, "VIEW", url),
        WeChatAct::Does(name) => {
            event(&mut fields, name, "");
            // Authorization events name the person here.
            fields.push(("OpenID", openid(user)));
        }
    }
    // What the story says of a field stands instead of what it would have been.
    fields
        .iter()
        .filter(|(name, _)| more.iter().all(|(said, _)| said != name))
        .map(|(name, text)| (*name, text.as_str()))
        .chain(
            more.iter()
                .map(|(name, text)| (name.as_str(), text.as_str())),
        )
        .fold(Fields::new(), |all, (name, text)| all.text(name, text))
}
