//! The words that begin clauses, by the place they belong to, and what people write instead.

use crate::lang::diagnostics::Words;

/// What stands inside a pair of braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// Of a rule, an outcome, `done`, …
    Actions,
    /// Arms of an action.
    Outcomes,
    /// `key: value`.
    Fields,
    /// Of an `alert`.
    Alert,
    /// Of a `signal`.
    Signal,
    /// Of a `dialog`.
    Dialog,
    /// Of a `test`.
    Story,
}

const ACTIONS: [&str; 25] = [
    "reply",
    "start",
    "leave",
    "ask",
    "remember",
    "forget",
    "tag",
    "untag",
    "bind",
    "unbind",
    "lock",
    "unlock",
    "log",
    "trust",
    "close",
    "challenge",
    "deny",
    "allow",
    "alert",
    "forward",
    "hand",
    "call",
    "note",
    "send",
    "issue",
];
const ALERT: [&str; 2] = ["message", "template"];
const SIGNAL: [&str; 3] = ["when", "except", "learn"];
const DIALOG: [&str; 4] = ["ask", "cancel", "give", "done"];
const STORY: [&str; 10] = [
    "place", "account", "issue", "wechat", "login", "after", "operator", "platform", "system",
    "expect",
];
/// Words that continue a clause on a line of their own.
const CONTINUE: [&str; 17] = [
    "and",
    "or",
    "not",
    "in",
    "is",
    "otherwise",
    "with",
    "for",
    "to",
    "every",
    "expires",
    "once",
    "per",
    "even",
    "continue",
    "from",
    "weight",
];
/// Words that continue an `ask`.
const ASK: [&str; 3] = ["unless", "invalid", "at"];

impl Body {
    /// The words its clauses begin with; none where any name may.
    pub(super) fn words(self) -> &'static [&'static str] {
        match self {
            Self::Actions => &ACTIONS,
            Self::Outcomes | Self::Fields => &[],
            Self::Alert => &ALERT,
            Self::Signal => &SIGNAL,
            Self::Dialog => &DIALOG,
            Self::Story => &STORY,
        }
    }

    /// Whether a line that begins with `word` goes on with the clause before it.
    pub(super) fn continues(self, word: &str) -> bool {
        match self {
            Self::Signal => CONTINUE.contains(&word),
            Self::Dialog => CONTINUE.contains(&word) || ASK.contains(&word),
            Self::Outcomes | Self::Fields => {
                matches!(word, "and" | "or" | "in" | "is" | "otherwise")
            }
            _ => CONTINUE.contains(&word),
        }
    }

    /// What people call its clauses.
    pub(super) fn clause(self) -> Words {
        match self {
            Self::Actions => Words::new("动作", "action"),
            Self::Outcomes => Words::new("结果", "outcome"),
            Self::Fields => Words::new("字段", "field"),
            Self::Alert => Words::new("提醒的内容", "part of an alert"),
            Self::Signal => Words::new("信号的子句", "clause of a signal"),
            Self::Dialog => Words::new("对话的子句", "clause of a dialog"),
            Self::Story => Words::new("故事的步骤", "story line"),
        }
    }

    /// Where the word belongs that may begin a clause somewhere else.
    pub(super) fn home(word: &str) -> Option<Self> {
        [
            Self::Actions,
            Self::Alert,
            Self::Signal,
            Self::Dialog,
            Self::Story,
        ]
        .into_iter()
        .find(|body| body.words().contains(&word))
    }
}

/// Clauses that take a text right behind their word.
pub(super) const TAKE_TEXT: [&str; 7] =
    ["reply", "note", "send", "tag", "untag", "message", "deny"];
/// Those of them whose text is prose, and may be a block.
pub(super) const TAKE_PROSE: [&str; 5] = ["reply", "message", "send", "note", "deny"];

/// Whether `word` begins or continues a clause anywhere.
pub(super) fn is_clause(word: &str) -> bool {
    Body::home(word).is_some() || CONTINUE.contains(&word) || ASK.contains(&word)
}

/// What people of other languages write for a word of this one.
pub(super) fn alias(word: &str) -> Option<&'static str> {
    Some(match word {
        "if" | "where" | "如果" | "条件" => "when",
        "say" | "answer" | "respond" | "return" | "print" | "回复" | "回答" => "reply",
        "handover" | "transfer" | "转人工" | "人工" => "hand",
        "wait" | "sleep" | "过了" | "等待" => "after",
        "rule" | "当" | "规则" => "on",
        "var" | "const" | "def" | "set" => "let",
        "flow" | "form" | "对话" => "dialog",
        "story" | "故事" | "测试" => "test",
        "信号" => "signal",
        "名单" | "列表" => "list",
        "提取器" => "extractor",
        "除非" => "except",
        "询问" | "问" => "ask",
        "取消" => "cancel",
        "开始" => "start",
        "记住" => "remember",
        "忘记" => "forget",
        "绑定" => "bind",
        "解绑" => "unbind",
        "锁定" => "lock",
        "解锁" => "unlock",
        "提醒" => "alert",
        "转发" => "forward",
        "调用" => "call",
        "拒绝" => "deny",
        "期望" => "expect",
        "unless" => "except",
        "ban" | "freeze" => "lock",
        "logout" | "kick" => "log",
        "webhook" => "call",
        "finish" | "finally" | "complete" | "完成" => "done",
        "end" | "exit" | "quit" | "离开" => "leave",
        "user" | "follower" | "用户" | "微信" => "wechat",
        "refuse" | "reject" | "block" | "forbid" | "拦截" | "阻止" => "deny",
        "captcha" | "验证码" => "challenge",
        _ => return None,
    })
}

/// What a rule may be written for. At column 0 without its `on`, the word says what is missing.
pub(super) const EVENTS: [&str; 29] = [
    "any",
    "attempt",
    "bound",
    "click",
    "failure",
    "file",
    "image",
    "link",
    "location",
    "location_select",
    "locked",
    "login",
    "miniprogram",
    "photos",
    "position",
    "scan",
    "scancode_push",
    "scancode_wait",
    "shortvideo",
    "subscribe",
    "text",
    "unbound",
    "undeliverable",
    "unlocked",
    "unsubscribe",
    "video",
    "view",
    "view_miniprogram",
    "voice",
];

/// What actions come to. The outcomes of a host's own actions are not among them.
pub(super) const OUTCOMES: [&str; 25] = [
    "alert_open",
    "already",
    "already_locked",
    "answered",
    "blocked",
    "bound",
    "by_operator",
    "closed",
    "expired",
    "failed",
    "late",
    "locked",
    "logged_off",
    "no_machine",
    "not_locked",
    "ok",
    "refused",
    "removed",
    "requested",
    "several",
    "taken",
    "too_soon",
    "trusted",
    "unbound",
    "unlocked",
];

/// The extractors that are built in.
pub(super) const EXTRACTORS: [&str; 10] = [
    "mobile", "digits", "number", "email", "id_card", "date", "word", "rest", "url", "one_of",
];

/// What answers are usually called.
const USUAL: [(&str, &str); 9] = [
    ("mobile", "phone"),
    ("digits", "code"),
    ("number", "amount"),
    ("email", "address"),
    ("id_card", "id_number"),
    ("date", "day"),
    ("rest", "what"),
    ("url", "link"),
    ("one_of", "choice"),
];

/// What is usually called by what an extractor takes out.
pub(super) fn usual_name(kind: &str) -> &'static str {
    let usual = USUAL.iter().find(|(known, _)| *known == kind);
    usual.map_or("answer", |(_, name)| name)
}

/// What a follower does in a story.
pub const FOLLOWER_VERBS: [&str; 7] = [
    "sends",
    "follows",
    "unfollows",
    "scans",
    "clicks",
    "views",
    "does",
];

/// What people write for a word of a story, where one of these is wanted.
pub(super) fn told_as(word: &str) -> Option<&'static str> {
    Some(match word {
        "says" | "say" | "said" | "writes" | "types" | "tells" | "发送" => "sends",
        "subscribes" | "subscribe" | "follow" | "关注" => "follows",
        "unsubscribes" | "unsubscribe" | "unfollow" => "unfollows",
        "presses" | "taps" | "点击" => "clicks",
        "opens" | "visits" => "views",
        "replies" | "answer" | "answers" => "reply",
        "alerts" => "alert",
        "dialogs" => "dialog",
        "calls" => "call",
        "events" => "event",
        "deny" => "denied",
        "allow" => "allowed",
        "challenge" => "challenged",
        "lock" => "locked",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::lang::builtins::Registry;

    #[test]
    fn the_words_of_actions_are_those_of_the_registry() {
        let registry = Registry::standard();
        let known: BTreeSet<&str> = registry
            .actions()
            .iter()
            .filter_map(|action| action.name.split(' ').next())
            .collect();
        assert_eq!(known, Body::Actions.words().iter().copied().collect());
    }

    #[test]
    fn the_outcomes_are_those_of_the_registry() {
        let registry = Registry::standard();
        let actions = registry.actions().iter();
        let outcomes = actions.flat_map(|action| action.outcomes.iter());
        let mut known: BTreeSet<&str> = outcomes.map(|outcome| outcome.name.as_str()).collect();
        known.insert(crate::lang::builtins::UNBOUND);
        // Of every registered webhook.
        known.extend(["ok", "failed"]);
        assert_eq!(known, OUTCOMES.into_iter().collect());
    }

    #[test]
    fn the_words_of_events_and_extractors_are_those_of_the_registry() {
        let registry = Registry::standard();
        let events = registry.events().iter();
        let known: BTreeSet<&str> = events
            .filter_map(|event| event.name.split(' ').next())
            .filter(|name| *name != "event")
            .collect();
        assert_eq!(known, EVENTS.into_iter().collect());
        let extractors = registry.extractors().iter();
        let known: BTreeSet<&str> = extractors.map(|extractor| extractor.name).collect();
        assert_eq!(known, EXTRACTORS.into_iter().collect());
    }
}
