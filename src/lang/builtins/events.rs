//! The events rules can be written for.

use crate::lang::program::EventName;

use super::stage::{Stage, Stages};

/// One event word after `on`.
#[derive(Debug, Clone)]
pub struct EventSpec {
    /// The word.
    pub name: &'static str,
    /// What it becomes in the program; `Named("")` for `event "NAME"`.
    pub event: EventName,
    /// Where it belongs.
    pub stage: Stage,
    /// What a pattern after it looks at; `None` when nothing can be matched.
    pub matches: Option<&'static str>,
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
    /// A rule that compiles.
    pub example: &'static str,
}

impl EventSpec {
    /// `any` and `event "NAME"`: may bring whatever the platform sends.
    pub fn is_open(&self) -> bool {
        matches!(self.event, EventName::Any | EventName::Named(_))
    }

    /// The stage as a set.
    pub fn stages(&self) -> Stages {
        Stages::of(self.stage)
    }
}

pub(super) fn table() -> Vec<EventSpec> {
    use EventName as E;
    let chat = |name, event, matches, zh, en, example| EventSpec {
        name,
        event,
        stage: Stage::Chat,
        matches,
        zh,
        en,
        example,
    };
    let other = |name, event, stage, zh, en, example| EventSpec {
        name,
        event,
        stage,
        matches: None,
        zh,
        en,
        example,
    };
    vec![
        chat(
            "text",
            E::Text,
            Some("text"),
            "文字消息",
            "a text message",
            "on text \"你好\" or \"hi\" {\n    reply \"您好！\"\n}\n",
        ),
        chat(
            "image",
            E::Image,
            None,
            "图片消息",
            "a picture",
            "on image {\n    reply \"图片收到了。\"\n}\n",
        ),
        chat(
            "voice",
            E::Voice,
            None,
            "语音消息",
            "a voice message",
            "on voice when message.recognition is known {\n    reply \"您说的是：{message.recognition}\"\n}\n",
        ),
        chat(
            "video",
            E::Video,
            None,
            "视频消息",
            "a video",
            "on video {\n    reply \"视频收到了。\"\n}\n",
        ),
        chat(
            "shortvideo",
            E::ShortVideo,
            None,
            "小视频消息",
            "a short video",
            "on shortvideo {\n    reply \"小视频收到了。\"\n}\n",
        ),
        chat(
            "location",
            E::Location,
            None,
            "位置消息",
            "a location message",
            "on location {\n    reply \"您在 {message.label}。\"\n}\n",
        ),
        chat(
            "link",
            E::Link,
            None,
            "链接消息",
            "a link",
            "on link {\n    reply \"链接收到了：{message.title}\"\n}\n",
        ),
        chat(
            "file",
            E::File,
            None,
            "文件消息",
            "a file",
            "on file {\n    reply \"文件收到了：{message.title}\"\n}\n",
        ),
        chat(
            "miniprogram",
            E::MiniProgram,
            None,
            "小程序卡片",
            "a mini-program card",
            "on miniprogram {\n    reply \"小程序卡片收到了。\"\n}\n",
        ),
        chat(
            "subscribe",
            E::Subscribe,
            Some("scene"),
            "关注；可带二维码场景值",
            "somebody follows, perhaps through a QR code with a scene",
            "on subscribe {\n    reply \"欢迎关注！\"\n}\n",
        ),
        chat(
            "unsubscribe",
            E::Unsubscribe,
            None,
            "取消关注",
            "somebody unfollows",
            "on unsubscribe {\n    note \"取消关注\"\n}\n",
        ),
        chat(
            "scan",
            E::Scan,
            Some("scene"),
            "已关注者扫码；看场景值",
            "a follower scans a QR code; looks at its scene",
            "on scan scene \"bind:{ticket: word}\" {\n    reply \"扫码成功。\"\n}\n",
        ),
        chat(
            "click",
            E::Click,
            Some("key"),
            "点击菜单；看菜单 KEY",
            "a menu button; looks at its key",
            "on click \"HELP\" {\n    reply \"发送“绑定”开始绑定。\"\n}\n",
        ),
        chat(
            "view",
            E::View,
            Some("url"),
            "点击菜单跳转链接；看链接",
            "a menu link; looks at its address",
            "on view {\n    note \"打开了 {message.url}\"\n}\n",
        ),
        chat(
            "view_miniprogram",
            E::ViewMiniProgram,
            Some("url"),
            "点击菜单打开小程序；看页面路径",
            "a menu link to a mini-program; looks at the page path",
            "on view_miniprogram {\n    note \"打开了小程序\"\n}\n",
        ),
        chat(
            "position",
            E::Position,
            None,
            "上报地理位置",
            "a reported position",
            "on position {\n    note \"上报位置\"\n}\n",
        ),
        chat(
            "scancode_push",
            E::ScanCodePush,
            Some("key"),
            "菜单扫码推事件；看菜单 KEY",
            "a menu scan; looks at its key",
            "on scancode_push \"SCAN\" {\n    note \"扫码 {message.scan_result}\"\n}\n",
        ),
        chat(
            "scancode_wait",
            E::ScanCodeWait,
            Some("key"),
            "菜单扫码并等待消息；看菜单 KEY",
            "a menu scan that waits for an answer; looks at its key",
            "on scancode_wait \"SCAN\" {\n    reply \"扫到：{message.scan_result}\"\n}\n",
        ),
        chat(
            "photos",
            E::Photos,
            Some("key"),
            "菜单拍照或发图；看菜单 KEY",
            "photos sent through a menu button; looks at its key",
            "on photos \"PHOTO\" {\n    note \"菜单发图\"\n}\n",
        ),
        chat(
            "location_select",
            E::LocationSelect,
            Some("key"),
            "菜单选择位置；看菜单 KEY",
            "a place chosen through a menu button; looks at its key",
            "on location_select \"WHERE\" {\n    note \"选择位置 {message.label}\"\n}\n",
        ),
        chat(
            "event",
            E::Named(String::new()),
            None,
            "其他事件，按微信给的名字，不分大小写",
            "any other event by the platform's own name, ignoring case",
            "on event \"user_info_modified\" {\n    note \"资料已修改 {message.raw.OpenID}\"\n}\n",
        ),
        chat(
            "any",
            E::Any,
            None,
            "前面的规则都没有回答的任何消息",
            "whatever no other rule answered",
            "on any {\n    reply \"发送“帮助”看看我能做什么。\"\n}\n",
        ),
        other(
            "attempt",
            E::Attempt,
            Stage::Attempt,
            "登录尝试：还没有核对密码",
            "a login before the password is looked at",
            "on attempt when not login.legal {\n    challenge captcha\n}\n",
        ),
        other(
            "failure",
            E::Failure,
            Stage::Failure,
            "密码错误",
            "the password was wrong",
            "on failure when streak(failures) >= 10 {\n    note \"连续输错\"\n}\n",
        ),
        other(
            "login",
            E::Login,
            Stage::Login,
            "密码正确、会话还没有发出",
            "the password was right, the session is not yet issued",
            "on login when suspicion >= 100 {\n    deny \"分数太高\"\n}\n",
        ),
        other(
            "undeliverable",
            E::Undeliverable,
            Stage::Undeliverable,
            "提醒送不到（undeliverable alert）",
            "an alert cannot be delivered (undeliverable alert)",
            "on undeliverable alert {\n    note \"送不到：{reason}\"\n}\n",
        ),
        other(
            "locked",
            E::Locked,
            Stage::Locked,
            "账号被锁定",
            "an account was locked",
            "on locked {\n    note \"已锁定 {account.name}\"\n}\n",
        ),
        other(
            "unlocked",
            E::Unlocked,
            Stage::Unlocked,
            "账号被解锁",
            "an account was unlocked",
            "on unlocked {\n    note \"已解锁 {account.name}\"\n}\n",
        ),
        other(
            "bound",
            E::Bound,
            Stage::Bound,
            "微信与账号绑定",
            "a user and an account were bound",
            "on bound {\n    note \"已绑定 {account.name}\"\n}\n",
        ),
        other(
            "unbound",
            E::Unbound,
            Stage::Unbound,
            "解除绑定",
            "a binding ended",
            "on unbound {\n    note \"已解绑 {account.name}\"\n}\n",
        ),
    ]
}

/// What other systems, and people, call events: a word and the event that is meant.
const CALLED: [(&str, &str); 38] = [
    ("message", "text"),
    ("msg", "text"),
    ("say", "text"),
    ("says", "text"),
    ("消息", "text"),
    ("文字", "text"),
    ("文本", "text"),
    ("收到", "text"),
    ("收到消息", "text"),
    ("关键词", "text"),
    ("发送", "text"),
    ("follow", "subscribe"),
    ("关注", "subscribe"),
    ("unfollow", "unsubscribe"),
    ("取消关注", "unsubscribe"),
    ("menu", "click"),
    ("button", "click"),
    ("菜单", "click"),
    ("点击", "click"),
    ("qr", "scan"),
    ("qrcode", "scan"),
    ("扫码", "scan"),
    ("picture", "image"),
    ("photo", "image"),
    ("图片", "image"),
    ("audio", "voice"),
    ("语音", "voice"),
    ("视频", "video"),
    ("位置", "location"),
    ("链接", "link"),
    ("文件", "file"),
    ("default", "any"),
    ("other", "any"),
    ("else", "any"),
    ("其他", "any"),
    ("signin", "login"),
    ("登录", "login"),
    ("登陆", "login"),
];

/// The event somebody means who calls it by another name.
pub fn event_called(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let known = CALLED.iter().find(|(called, _)| *called == word);
    known.map(|(_, event)| *event)
}

/// The platform's names of events and messages that have a trigger, and the trigger.
const OWN: [(&str, &str); 21] = [
    ("text", "text"),
    ("image", "image"),
    ("voice", "voice"),
    ("video", "video"),
    ("shortvideo", "shortvideo"),
    ("link", "link"),
    ("file", "file"),
    ("miniprogrampage", "miniprogram"),
    ("subscribe", "subscribe"),
    ("unsubscribe", "unsubscribe"),
    ("scan", "scan"),
    ("click", "click"),
    ("view", "view"),
    ("view_miniprogram", "view_miniprogram"),
    ("location", "position"),
    ("scancode_push", "scancode_push"),
    ("scancode_waitmsg", "scancode_wait"),
    ("pic_sysphoto", "photos"),
    ("pic_photo_or_album", "photos"),
    ("pic_weixin", "photos"),
    ("location_select", "location_select"),
];

/// The trigger that hears what the platform calls so; `on event` does not.
pub(in crate::lang) fn own_trigger(name: &str) -> Option<&'static str> {
    let name = name.trim().to_lowercase();
    let known = OWN.iter().find(|(called, _)| *called == name);
    known.map(|(_, own)| *own)
}
