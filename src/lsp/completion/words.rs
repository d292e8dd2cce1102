//! The words that complete: what begins an item or a clause, and what may follow a word.

use crate::lang::syntax::FOLLOWER_VERBS;

/// What begins an item, with the shape of one.
pub(super) const ITEMS: [(&str, &str, &str, &str); 7] = [
    (
        "on",
        "on ${1:text} \"${2:词}\" {\n    reply \"$0\"\n}",
        "一条规则",
        "a rule",
    ),
    (
        "let",
        "let ${1:name} = $0",
        "给一个值或条件起名",
        "names a value or a condition",
    ),
    ("list", "list ${1:name} = [\"$0\"]", "一个列表", "a list"),
    (
        "signal",
        "signal ${1:name} \"${2:标题}\" weight ${3:20} {\n    when $0\n}",
        "登录异常的一个信号",
        "a signal of an unusual login",
    ),
    (
        "dialog",
        "dialog ${1:name} expires ${2:10 minutes} {\n    ask ${3:phone}: ${4:mobile} \"${5:请发送手机号。}\" at most 3 times\n    give up { reply \"先到这里。\" }\n    done {\n        $0\n    }\n}",
        "一步一步问的对话",
        "a conversation that asks",
    ),
    (
        "extractor",
        "extractor ${1:name} = \"$0\"",
        "自定义的提取器",
        "an extractor of your own",
    ),
    (
        "test",
        "test \"${1:故事}\" {\n    wechat 小王 sends \"$2\"\n    expect reply \"$0\"\n}",
        "一个故事，也是测试",
        "a story that is a test",
    ),
];
pub(super) const SIGNAL: [&str; 3] = ["when", "except", "learn until"];
pub(super) const DIALOG: [&str; 4] = ["ask", "cancel on", "give up", "done"];
/// Behind the question of an `ask`, also on lines of their own.
pub(super) const ASK: [&str; 3] = ["invalid", "at most", "unless"];
pub(super) const ALERT: [&str; 2] = ["message", "template"];
pub(super) const STORY: [&str; 10] = [
    "account", "after", "expect", "issue", "login", "operator", "place", "platform", "system",
    "wechat",
];
/// After a value.
pub(super) const OPERATORS: [&str; 7] = [
    "and",
    "or",
    "in",
    "not in",
    "is known",
    "is unknown",
    "otherwise",
];
/// Where a value is wanted.
pub(super) const CONSTANTS: [&str; 3] = ["not", "yes", "no"];
/// Words that may follow a word, in the clause that begins with the first (`*`: any clause).
pub(super) const NEXT: &[(&str, &str, &[&str])] = &[
    ("*", "lock", &["account"]),
    ("*", "unlock", &["account"]),
    ("*", "log", &["off account"]),
    ("*", "leave", &["dialog"]),
    ("*", "hand", &["over"]),
    ("*", "trust", &["alert"]),
    ("*", "close", &["alert"]),
    ("*", "challenge", &["captcha"]),
    ("*", "reply", &["image", "voice", "news", "music", "video"]),
    ("*", "even", &["in dialog"]),
    ("*", "is", &["known", "unknown"]),
    ("give", "give", &["up"]),
    ("cancel", "cancel", &["on"]),
    ("learn", "learn", &["until"]),
    ("alert", "alert", &["expires", "once per", "per"]),
    ("trust", "alert", &["for"]),
    ("call", "*name", &["with"]),
    ("dialog", "*name", &["expires"]),
    ("list", "*name", &["from", "="]),
    ("ask", "\"\"", &ASK),
    ("ask", "times", &ASK),
    ("invalid", "\"\"", &["at most"]),
    ("alert", "once", &["per"]),
    ("start", "*name", &["with"]),
    ("*", "at", &["most"]),
    ("signal", "\"\"", &["weight"]),
    ("on", "\"\"", &["or", "when", "even in dialog", "continue"]),
    ("wechat", "*name", &FOLLOWER_VERBS),
    (
        "wechat",
        "sends",
        &["image", "voice", "video", "location", "link", "file"],
    ),
    (
        "login",
        "*",
        &[
            "city",
            "machine",
            "illegal machine",
            "no machine",
            "ip",
            "wrong password",
            "agent",
            "solving captcha",
            "reported",
            "reason",
        ],
    ),
    ("login", "illegal", &["machine"]),
    ("login", "no", &["machine"]),
    ("login", "wrong", &["password"]),
    ("login", "solving", &["captcha"]),
    ("*", "times", &["every"]),
    ("wechat", "follows", &["scene"]),
    ("issue", "bind", &["code"]),
    ("issue", "unbind", &["code"]),
    ("issue", "unlock", &["code"]),
    ("issue", "\"\"", &["to"]),
    ("platform", "refuses", &["sends"]),
    ("platform", "accepts", &["sends"]),
    ("platform", "loses", &["sends"]),
    ("platform", "drops", &["sends"]),
    ("system", "is", &["late"]),
    (
        "account",
        "*",
        &["phone", "code", "name", "password", "zone"],
    ),
    (
        "issue",
        "issue",
        &["bind code", "unbind code", "unlock code", "ticket"],
    ),
    ("operator", "operator", &["locks", "unlocks", "unbinds"]),
    (
        "platform",
        "platform",
        &[
            "refuses sends",
            "accepts sends",
            "loses sends",
            "drops sends",
        ],
    ),
    ("place", "*", &["country", "region", "asn", "isp"]),
    ("wechat", "\"\"", &["with"]),
    ("system", "system", &["answers", "is late", "fails"]),
    (
        "expect",
        "expect",
        &[
            "reply",
            "no reply",
            "alert",
            "no alert",
            "send",
            "no send",
            "signals",
            "no signals",
            "allowed",
            "denied",
            "challenged",
            "event",
            "webhook",
            "no event",
            "call",
            "no call",
            "in dialog",
            "no dialog",
        ],
    ),
    (
        "expect",
        "reply",
        &[
            "customer service",
            "image",
            "voice",
            "video",
            "music",
            "news",
            "to",
        ],
    ),
    (
        "expect",
        "no",
        &[
            "reply", "alert", "send", "signals", "event", "call", "dialog",
        ],
    ),
    ("expect", "in", &["dialog"]),
    ("expect", "not", &["locked", "bound"]),
    ("expect", "by", &["message", "template"]),
    ("expect", "customer", &["service"]),
    ("expect", "signals", &["include"]),
    ("expect", "alert", &["to", "by message", "by template"]),
    ("expect", "send", &["to"]),
    (
        "expect",
        "*name",
        &["locked", "bound", "not locked", "not bound"],
    ),
];
