//! The platform's JSON for a message's content (protocol: customer-service and template message).

use serde_json::{Map, Value, json};

use crate::store::records::{CustomMessage, TemplateMessage};

/// The most bytes of text sent in one customer-service message; the platform takes about 2,048.
pub const MAX_TEXT_BYTES: usize = 2_000;

impl CustomMessage {
    /// The body of `POST /cgi-bin/message/custom/send`.
    pub fn body(&self, openid: &str) -> Value {
        let (kind, content) = match self {
            Self::Text(text) => ("text", json!({"content": cut(text)})),
            Self::Image(media_id) => ("image", json!({"media_id": media_id})),
            Self::Voice(media_id) => ("voice", json!({"media_id": media_id})),
            Self::Video {
                media_id,
                thumb_media_id,
                title,
                description,
            } => (
                "video",
                json!({"media_id": media_id, "thumb_media_id": thumb_media_id, "title": title, "description": description}),
            ),
            Self::Music {
                title,
                description,
                url,
                hq_url,
                thumb_media_id,
            } => (
                "music",
                json!({"title": title, "description": description, "musicurl": url, "hqmusicurl": hq_url, "thumb_media_id": thumb_media_id}),
            ),
            Self::News {
                title,
                description,
                url,
                picture,
            } => (
                "news",
                json!({"articles": [{"title": title, "description": description, "url": url, "picurl": picture}]}),
            ),
        };
        let mut body = Map::new();
        body.insert("touser".to_owned(), json!(openid));
        body.insert("msgtype".to_owned(), json!(kind));
        body.insert(kind.to_owned(), content);
        Value::Object(body)
    }
}

impl TemplateMessage {
    /// The body of `POST /cgi-bin/message/template/send`.
    pub fn body(&self, openid: &str, client_msg_id: &str) -> Value {
        let data: Map<String, Value> = self
            .fields
            .iter()
            .map(|(key, value)| (key.clone(), json!({"value": value})))
            .collect();
        let mut body = json!({
            "touser": openid,
            "template_id": self.template_id,
            "client_msg_id": client_msg_id,
            "data": data,
        });
        if let Some(url) = &self.url {
            body["url"] = json!(url);
        }
        body
    }
}

/// At most [`MAX_TEXT_BYTES`], never inside a character or a link.
fn cut(text: &str) -> &str {
    if text.len() <= MAX_TEXT_BYTES {
        return text;
    }
    let mut end = MAX_TEXT_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = &text[..end];
    let opened = kept.rfind("<a ");
    let closed = kept.rfind("</a>");
    match opened {
        Some(start) if closed.is_none_or(|end| end < start) => &kept[..start],
        _ => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_platforms_shape() {
        assert_eq!(
            CustomMessage::Text("你好".into()).body("o1"),
            json!({"touser": "o1", "msgtype": "text", "text": {"content": "你好"}})
        );
        let template = TemplateMessage {
            template_id: "T".into(),
            url: Some("https://app.example.com/a/9".into()),
            fields: vec![("thing2".into(), "管理后台".into())],
        };
        assert_eq!(
            template.body("o1", "out_1"),
            json!({"touser": "o1", "template_id": "T", "client_msg_id": "out_1",
                   "data": {"thing2": {"value": "管理后台"}}, "url": "https://app.example.com/a/9"})
        );
    }

    #[test]
    fn long_text_is_cut_at_characters_and_before_open_links() {
        let text = "门".repeat(700);
        let kept = cut(&text);
        assert_eq!(kept.len(), 1_998);
        let link = format!(
            "{}<a href=\"https://example.com\">{}</a>",
            "x".repeat(1_900),
            "y".repeat(200)
        );
        assert_eq!(cut(&link).len(), 1_900);
    }
}
