//! The platform's JSON for a message's content (protocol: customer-service and template message).

use serde_json::{Map, Value, json};

use crate::store::records::{CustomMessage, TemplateMessage};
use crate::wechat::client::fit;
use crate::wechat::text;

impl CustomMessage {
    /// The body of `POST /cgi-bin/message/custom/send`.
    pub fn body(&self, openid: &str) -> Value {
        let (kind, content) = match self {
            Self::Text(content) => (
                "text",
                json!({"content": text::cut(content, text::TEXT_LIMIT)}),
            ),
            Self::Image(media_id) => ("image", json!({"media_id": media_id})),
            Self::Voice(media_id) => ("voice", json!({"media_id": media_id})),
            Self::Video {
                media_id,
                thumb_media_id,
                title,
                description,
            } => {
                let mut video =
                    json!({"media_id": media_id, "title": title, "description": description});
                if let Some(thumb) = thumb_media_id {
                    video["thumb_media_id"] = json!(thumb);
                }
                ("video", video)
            }
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
            Self::Menu { head, items, tail } => {
                let list: Vec<Value> = items
                    .iter()
                    .map(|(id, content)| json!({"id": id, "content": content}))
                    .collect();
                (
                    "msgmenu",
                    json!({"head_content": head, "list": list, "tail_content": tail}),
                )
            }
        };
        let mut body = Map::new();
        body.insert("touser".to_owned(), json!(openid));
        body.insert("msgtype".to_owned(), json!(kind));
        body.insert(kind.to_owned(), content);
        Value::Object(body)
    }
}

impl TemplateMessage {
    /// The body of `POST /cgi-bin/message/template/send`. Values are fitted to their fields' types; one
    /// that cannot be becomes a dash, because the platform refuses the whole message for it.
    pub fn body(&self, openid: &str, client_msg_id: &str) -> Value {
        let data: Map<String, Value> = self
            .fields
            .iter()
            .map(|(key, value)| {
                let value = fit(key, value)
                    .or_else(|_| fit(key, "-"))
                    .unwrap_or_else(|_| value.clone());
                (key.clone(), json!({"value": value}))
            })
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
    fn template_values_are_fitted() {
        let template = TemplateMessage {
            template_id: "T".into(),
            url: None,
            fields: vec![
                ("thing2".into(), "门".repeat(30)),
                ("character_string5".into(), "广东深圳".into()),
            ],
        };
        let body = template.body("o1", "out_1");
        let value = |key: &str| {
            body["data"][key]["value"]
                .as_str()
                .expect("text")
                .to_owned()
        };
        assert!(value("thing2").chars().count() <= 20);
        assert_eq!(value("character_string5"), "-");
    }
}
