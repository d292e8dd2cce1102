//! What users do on their phones, and the pushes it makes.

use serde_json::json;

use super::Platform;
use crate::env::SECOND;
use crate::sandbox::action_error::ActionError;
use crate::sandbox::delivery::DeliveryReport;
use crate::sandbox::world::{Channel, Side};
use crate::wechat::Fields;

impl Platform {
    /// The user follows from the account's page.
    pub async fn follow(&self, openid: &str) -> Result<DeliveryReport, ActionError> {
        self.subscribe_user(openid, None).await
    }

    /// The user unfollows.
    pub async fn unfollow(&self, openid: &str) -> Result<DeliveryReport, ActionError> {
        self.world().require_following(openid)?;
        self.world()
            .set_following(openid, false, self.0.env.now())?;
        let event = self.event(openid, "unsubscribe").text("EventKey", "");
        self.act(openid, "unsubscribe", "取消关注".into(), event)
            .await
    }

    /// The user scans a parametric code, given by scene, ticket or url. A stranger follows by it.
    pub async fn scan(&self, openid: &str, code: &str) -> Result<DeliveryReport, ActionError> {
        let now = self.0.env.now();
        let (following, code) = {
            let world = self.world();
            (
                world.followed_at(openid)?.is_some(),
                world.find_code(code, now)?,
            )
        };
        if !following {
            return self
                .subscribe_user(openid, Some((&code.scene, &code.ticket)))
                .await;
        }
        self.world().note_action(openid, now);
        let event = self
            .event(openid, "SCAN")
            .text("EventKey", code.scene.as_str())
            .text("Ticket", code.ticket.as_str());
        self.act(openid, "scan", format!("扫码：{}", code.scene), event)
            .await
    }

    /// The user sends a text; `menu_id` if it is a tap on an item of a menu message.
    pub async fn send_text(
        &self,
        openid: &str,
        content: &str,
        menu_id: Option<&str>,
    ) -> Result<DeliveryReport, ActionError> {
        let mut message = self.message(openid, "text").text("Content", content);
        if let Some(id) = menu_id {
            message = message.text("bizmsgmenuid", id);
        }
        // A tap on a menu message counts as a menu click.
        self.say(
            openid,
            "text",
            content.to_owned(),
            message,
            menu_id.is_some(),
        )
        .await
    }

    /// The user sends a picture.
    pub async fn send_image(&self, openid: &str) -> Result<DeliveryReport, ActionError> {
        let message = self
            .message(openid, "image")
            .text("PicUrl", "http://mmbiz.qpic.cn/sandbox/0")
            .text("MediaId", hex::encode(self.0.env.bytes::<16>()));
        self.say(openid, "image", "[图片]".into(), message, false)
            .await
    }

    /// The user sends a place; degrees north and east.
    pub async fn send_location(
        &self,
        openid: &str,
        latitude: f64,
        longitude: f64,
        label: &str,
    ) -> Result<DeliveryReport, ActionError> {
        let message = self
            .message(openid, "location")
            .text("Location_X", format!("{latitude:.6}"))
            .text("Location_Y", format!("{longitude:.6}"))
            .text("Scale", "15")
            .text("Label", label);
        self.say(
            openid,
            "location",
            format!("[位置] {label}"),
            message,
            false,
        )
        .await
    }

    /// The user taps a menu button.
    pub async fn click(&self, openid: &str, key: &str) -> Result<DeliveryReport, ActionError> {
        self.world().require_following(openid)?;
        self.world().note_action(openid, self.0.env.now());
        let event = self.event(openid, "CLICK").text("EventKey", key);
        self.act(openid, "click", format!("点击菜单：{key}"), event)
            .await
    }

    /// Any event: its name and the fields behind the envelope's.
    pub async fn push_event(
        &self,
        openid: &str,
        name: &str,
        fields: &[(String, String)],
    ) -> Result<DeliveryReport, ActionError> {
        self.world().followed_at(openid)?;
        let event = fields
            .iter()
            .fold(self.event(openid, name), |event, (name, text)| {
                event.text(name, text.as_str())
            });
        self.act(openid, name, format!("事件：{name}"), event).await
    }

    async fn subscribe_user(
        &self,
        openid: &str,
        code: Option<(&str, &str)>,
    ) -> Result<DeliveryReport, ActionError> {
        let now = self.0.env.now();
        self.world().set_following(openid, true, now)?;
        self.world().note_action(openid, now);
        let event = self.event(openid, "subscribe");
        let (event, text) = match code {
            Some((scene, ticket)) => (
                event
                    .text("EventKey", format!("qrscene_{scene}"))
                    .text("Ticket", ticket),
                format!("扫码关注：{scene}"),
            ),
            None => (event.text("EventKey", ""), "关注".to_owned()),
        };
        self.act(openid, "subscribe", text, event).await
    }

    async fn say(
        &self,
        openid: &str,
        kind: &str,
        text: String,
        message: Fields,
        as_click: bool,
    ) -> Result<DeliveryReport, ActionError> {
        {
            let now = self.0.env.now();
            let mut world = self.world();
            world.require_following(openid)?;
            if as_click {
                world.note_action(openid, now);
            } else {
                world.note_message(openid, now);
            }
        }
        let line = (
            Side::User,
            Channel::Message,
            kind.to_owned(),
            text,
            json!({}),
        );
        self.record(openid, line);
        Ok(self.deliver(&message).await)
    }

    async fn act(
        &self,
        openid: &str,
        kind: &str,
        text: String,
        event: Fields,
    ) -> Result<DeliveryReport, ActionError> {
        let line = (Side::User, Channel::Event, kind.to_owned(), text, json!({}));
        self.record(openid, line);
        Ok(self.deliver(&event).await)
    }

    fn message(&self, openid: &str, kind: &str) -> Fields {
        let id = self.world().next_push_id();
        self.envelope(openid)
            .text("MsgType", kind)
            .text("MsgId", id.to_string())
    }

    pub(super) fn event(&self, openid: &str, name: &str) -> Fields {
        self.envelope(openid)
            .text("MsgType", "event")
            .text("Event", name)
    }

    fn envelope(&self, openid: &str) -> Fields {
        Fields::new()
            .text("ToUserName", self.0.config.account.as_str())
            .text("FromUserName", openid)
            .text("CreateTime", (self.0.env.now() / SECOND).to_string())
    }
}
