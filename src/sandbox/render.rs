//! What a phone shows of a message: one text, and the details as JSON.

use serde_json::{Value, json};

use crate::wechat::{Fields, json as wechat_json};

/// A passive reply: its kind, text and details.
pub(super) fn reply(fields: &Fields) -> (String, String, Value) {
    let text = |path: &str| fields.get(path).unwrap_or_default().to_owned();
    let kind = text("MsgType");
    let shown = match kind.as_str() {
        "text" => text("Content"),
        "image" => "[图片]".to_owned(),
        "voice" => "[语音]".to_owned(),
        "video" => format!("[视频] {}", text("Video.Title")),
        "music" => format!("[音乐] {}", text("Music.Title")),
        "news" => fields
            .descend("Articles")
            .into_iter()
            .flat_map(|list| list.groups("item"))
            .map(|item| format!("[图文] {}", item.get("Title").unwrap_or_default()))
            .collect::<Vec<_>>()
            .join("\n"),
        "transfer_customer_service" => "[已转人工客服]".to_owned(),
        _ => format!("[{kind}]"),
    };
    let data = serde_json::from_str(&wechat_json::write(fields)).unwrap_or(Value::Null);
    (kind, shown, data)
}

/// A customer-service message: its text and details.
pub(super) fn custom(body: &Value) -> (String, Value) {
    let kind = body["msgtype"].as_str().unwrap_or_default();
    let content = &body[kind];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let shown = match kind {
        "text" => text(&content["content"]),
        "news" => format!("[图文] {}", text(&content["articles"][0]["title"])),
        "msgmenu" => {
            let items = content["list"].as_array().cloned().unwrap_or_default();
            let mut lines = vec![text(&content["head_content"])];
            lines.extend(items.iter().map(|item| text(&item["content"])));
            lines.push(text(&content["tail_content"]));
            lines.retain(|line| !line.is_empty());
            lines.join("\n")
        }
        "image" => "[图片]".to_owned(),
        "voice" => "[语音]".to_owned(),
        _ => format!("[{kind}]"),
    };
    (shown, content.clone())
}

/// A template message: the template's text with the values filled in, and the details.
pub(super) fn template(title: &str, content: &str, body: &Value) -> (String, Value) {
    let mut shown = format!("{title}\n");
    let mut rest = content;
    while let Some((before, behind)) = rest.split_once("{{") {
        let Some((name, tail)) = behind.split_once(".DATA}}") else {
            break;
        };
        shown.push_str(before);
        shown.push_str(
            body["data"][name.trim()]["value"]
                .as_str()
                .unwrap_or_default(),
        );
        rest = tail;
    }
    shown.push_str(rest);
    let data = json!({
        "title": title,
        "url": body["url"],
        "template_id": body["template_id"],
        "data": body["data"],
    });
    (shown, data)
}

/// The names of a template's fields, in order.
pub(super) fn template_fields(content: &str) -> Vec<&str> {
    content
        .split("{{")
        .skip(1)
        .filter_map(|part| part.split_once(".DATA}}"))
        .map(|(name, _)| name.trim())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_in() {
        let content = "系统：{{thing2.DATA}}\n时间：{{time4.DATA}}\n";
        assert_eq!(template_fields(content), ["thing2", "time4"]);
        let body = json!({"data": {"thing2": {"value": "后台"}, "time4": {"value": "17:40"}}});
        let (shown, _) = template("登录提醒", content, &body);
        assert_eq!(shown, "登录提醒\n系统：后台\n时间：17:40\n");
    }
}
