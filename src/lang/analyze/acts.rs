//! What people do in the stories that are shown: the message or event most typical of a trigger.

use crate::lang::program::{EventName, Matcher, Program, Trigger};

use super::takes::sample;

/// Something a follower does.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Act {
    pub(super) event: EventName,
    /// What matchers look at: a text, a key, a scene.
    pub(super) text: String,
    /// As a story writes it, behind the name.
    pub(super) step: String,
    /// As a sentence says it, in Chinese and English.
    says: (String, String),
}

/// What is said where any text does.
const HELLO: &str = "你好";
/// What a story's messages of other kinds carry (see `bot::stories`).
const KINDS: [(EventName, &str, &str); 8] = [
    (EventName::Image, "image", ""),
    (EventName::Voice, "voice", ""),
    (EventName::Video, "video", ""),
    (EventName::ShortVideo, "shortvideo", ""),
    (EventName::Location, "location", "北京市东城区"),
    (EventName::Link, "link", "标题"),
    (EventName::File, "file", "标题"),
    (EventName::MiniProgram, "miniprogram", "标题"),
];

impl Act {
    /// Sends a text; `None` when a story cannot write it.
    pub(super) fn sends(text: &str) -> Option<Self> {
        Self::with(EventName::Text, text, "sends", "发送", "")
    }

    /// Does something with a text: `verb "text"`.
    fn with(event: EventName, text: &str, verb: &str, zh: &str, en: &str) -> Option<Self> {
        let step = format!("{verb} \"{}\"", plain(text)?);
        let en = match en {
            "" => format!("“{text}”"),
            en => format!("{en} “{text}”"),
        };
        Some(Self {
            event,
            text: text.to_owned(),
            step,
            says: (format!("{zh}“{text}”"), en),
        })
    }

    fn bare(event: EventName, text: &str, step: &str, zh: &str, en: &str) -> Self {
        Self {
            event,
            text: text.to_owned(),
            step: step.to_owned(),
            says: (zh.to_owned(), en.to_owned()),
        }
    }

    /// Whether `any` may answer it, as for the bot's events.
    pub(super) fn wants_answer(&self) -> bool {
        let kind = KINDS.iter().any(|(event, ..)| *event == self.event);
        kind || matches!(
            self.event,
            EventName::Text
                | EventName::Click
                | EventName::Scan
                | EventName::ScanCodePush
                | EventName::ScanCodeWait
        )
    }

    /// What somebody does whom the trigger is written for.
    pub(super) fn of(program: &Program, trigger: &Trigger) -> Vec<Self> {
        let text = |usual: &str| match &trigger.matcher {
            Matcher::Always => Some(usual.to_owned()),
            matcher => sample(program, matcher),
        };
        let event = trigger.event.clone();
        let told = |usual: &str, verb: &str, zh: &str, en: &str| {
            Self::with(event.clone(), &text(usual)?, verb, zh, en)
        };
        let act = match &trigger.event {
            EventName::Text => told(HELLO, "sends", "发送", ""),
            EventName::Subscribe if matches!(trigger.matcher, Matcher::Always) => {
                Some(Self::bare(event, "", "follows", "关注", "following"))
            }
            EventName::Subscribe => told("", "follows scene", "扫码关注", "following by"),
            EventName::Scan => told("1", "scans", "扫码", "the scan"),
            EventName::Click => told("KEY", "clicks", "点击菜单", "the menu key"),
            EventName::View => told("https://example.com/", "views", "打开", "the page"),
            EventName::ScanCodePush => keyed(&event, "scancode_push", text("KEY")),
            EventName::ScanCodeWait => keyed(&event, "scancode_waitmsg", text("KEY")),
            EventName::Named(name) => {
                let zh = format!("触发事件“{name}”");
                let step = plain(name).map(|name| format!("does \"{name}\""));
                let en = format!("the event “{name}”");
                step.map(|step| Self::bare(event.clone(), "", &step, &zh, &en))
            }
            EventName::Any => {
                let others = KINDS.iter().map(Self::of_kind);
                return Self::sends(HELLO).into_iter().chain(others).collect();
            }
            _ => {
                let kind = KINDS.iter().find(|(kind, ..)| *kind == trigger.event);
                kind.map(Self::of_kind)
            }
        };
        act.into_iter().collect()
    }

    fn of_kind((event, kind, text): &(EventName, &str, &str)) -> Self {
        let step = format!("sends {kind}");
        let zh = format!("发送 {kind}");
        Self::bare(event.clone(), text, &step, &zh, kind)
    }
}

/// A menu key of another kind of button.
fn keyed(event: &EventName, name: &str, key: Option<String>) -> Option<Act> {
    let key = key?;
    let step = format!("does \"{name}\" with EventKey \"{}\"", plain(&key)?);
    let (zh, en) = (format!("点击菜单“{key}”"), format!("the menu key “{key}”"));
    Some(Act::bare(event.clone(), &key, &step, &zh, &en))
}

/// A text as a story writes it; `None` when it would have to be escaped.
pub(super) fn plain(text: &str) -> Option<&str> {
    let awkward = |c: char| matches!(c, '"' | '\\' | '{' | '}') || c.is_control();
    (!text.contains(awkward)).then_some(text)
}

/// What was done one after the other, in a sentence: 用户先后发送“甲”、“乙”.
pub(super) fn sentence(acts: &[Act]) -> (String, String) {
    let en: Vec<&str> = acts.iter().map(|act| act.says.1.as_str()).collect();
    let by_turns = if acts.len() > 1 { "先后" } else { "" };
    let zh = if acts.iter().all(|act| act.event == EventName::Text) {
        let texts: Vec<String> = acts.iter().map(|act| format!("“{}”", act.text)).collect();
        format!("用户{by_turns}发送{}", texts.join("、"))
    } else {
        let all: Vec<&str> = acts.iter().map(|act| act.says.0.as_str()).collect();
        format!("用户{by_turns}{}", all.join("、"))
    };
    (zh, en.join(", "))
}
