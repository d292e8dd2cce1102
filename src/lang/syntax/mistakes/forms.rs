//! How a line is written: what stands in which place of it, for whoever wrote something else there.

use super::Place;
use super::neighbours::Stuck;
use crate::lang::diagnostics::Words;
use crate::lang::syntax::vocabulary::Body;

/// First words of a line, its shape, and one such line.
type Form = (&'static str, &'static str, &'static str);

/// Items and the heads of rules, by their keyword.
const ITEMS: [Form; 5] = [
    (
        "signal",
        "signal 名字 \"说法\" weight 分数 {",
        "signal new_city \"异地登录\" weight 40 {",
    ),
    (
        "dialog",
        "dialog 名字 expires 时长 {",
        "dialog binding expires 10 minutes {",
    ),
    ("let", "let 名字 = 值", "let usual = 90 days"),
    (
        "extractor",
        "extractor 名字 = \"…{名字: 提取器}…\"",
        "extractor order_no = \"NO{digits: digits(8)}\"",
    ),
    ("test", "test \"名字\" {", "test \"从绑定到锁定\" {"),
];
const LISTS: [Form; 2] = [
    (
        "from",
        "list 名字: 类型 from \"文件\"",
        "list office: network from \"lists/office.txt\"",
    ),
    (
        "list",
        "list 名字 = [\"…\", \"…\"]",
        "list words = [\"取消\", \"退出\"]",
    ),
];
/// Events and what may stand behind them.
const EVENTS: [Form; 5] = [
    (
        "with",
        "on text with 名字: 提取器, 名字: 提取器 {",
        "on text with phone: mobile, code: digits(6) {",
    ),
    (
        "text",
        "on text \"…\" or \"…\" when 条件 even in dialog {",
        "on text containing \"人工\" when bound {",
    ),
    (
        "subscribe",
        "on subscribe scene \"…\" {",
        "on subscribe scene \"shop:{shop: word}\" {",
    ),
    (
        "scan",
        "on scan scene \"…\" {",
        "on scan scene \"shop:{shop: word}\" {",
    ),
    ("click", "on click \"菜单的 KEY\" {", "on click \"HELP\" {"),
];
const EVENT: Form = (
    "on",
    "on 事件 when 条件 {",
    "on login when suspicion >= 60 {",
);
const CARDS: [Form; 2] = [
    (
        "image",
        "reply image \"素材号\"",
        "reply image \"MEDIA_ID\"",
    ),
    (
        "voice",
        "reply voice \"素材号\"",
        "reply voice \"MEDIA_ID\"",
    ),
];
/// What stands in the braces of a card.
const FIELDS: [(&str, &str); 3] = [
    ("news", "`title: \"…\"`、`url: \"…\"`"),
    ("music", "`title: \"…\"`、`url: \"…\"`、`thumb: \"…\"`"),
    ("video", "`media: \"…\"`、`title: \"…\"`"),
];
const ACTIONS: [Form; 22] = [
    ("forward", "forward { 结果 { … } }", "forward {"),
    ("reply", "reply \"…\"", "reply \"您好，{account.name}。\""),
    (
        "send",
        "send \"…\" after 时长",
        "send \"喝水了\" after 10 minutes",
    ),
    ("note", "note \"…\"", "note \"撞库：{reasons}\""),
    ("tag", "tag \"…\"", "tag \"有称呼\""),
    ("untag", "untag \"…\"", "untag \"有称呼\""),
    (
        "start",
        "start 对话 with 名字, 名字",
        "start binding with phone, code",
    ),
    ("leave", "leave dialog", "leave dialog"),
    ("ask", "ask again 名字", "ask again code"),
    (
        "remember",
        "remember 名字 = 值 for 时长",
        "remember nickname = nick for 90 days",
    ),
    ("forget", "forget 名字", "forget nickname"),
    ("lock", "lock account { 结果 { … } }", "lock account {"),
    (
        "unlock",
        "unlock account { 结果 { … } }",
        "unlock account {",
    ),
    ("log", "log off account { 结果 { … } }", "log off account {"),
    (
        "trust",
        "trust alert 编号 for 时长 { 结果 { … } }",
        "trust alert choice for 30 days {",
    ),
    (
        "close",
        "close alert 编号 { 结果 { … } }",
        "close alert choice {",
    ),
    ("challenge", "challenge captcha", "challenge captcha"),
    ("deny", "deny \"原因\"", "deny \"停用的账号\""),
    (
        "alert",
        "alert expires 时长 once per 时长 per 字段 {",
        "alert expires 24 hours once per 30 minutes {",
    ),
    ("hand", "hand over to \"客服账号\"", "hand over"),
    (
        "call",
        "call 名字 with 值, 值",
        "call security_desk with alert",
    ),
    (
        "issue",
        "issue unlock code 或 issue unbind code",
        "issue unlock code {",
    ),
];
const PARTS: [Form; 9] = [
    (
        "message",
        "message \"…\"",
        "message \"{account.name}：{reasons}\"",
    ),
    ("template", "template 名字 {", "template login_alert {"),
    ("when", "when 条件", "when new(login.city, within: 90 days)"),
    ("except", "except 条件", "except trusted(login.machine)"),
    (
        "learn",
        "learn until 时长 and 次数 logins",
        "learn until 14 days and 10 logins",
    ),
    (
        "ask",
        "ask 名字: 提取器 \"问题\" unless 条件 invalid \"…\" at most 次数 times",
        "ask phone: mobile \"您的手机号？\" invalid \"不像手机号。\" at most 3 times",
    ),
    (
        "cancel",
        "cancel on \"词\" or \"词\" { … }",
        "cancel on \"取消\" { reply \"已取消。\" }",
    ),
    ("give", "give up { … }", "give up { reply \"先到这里。\" }"),
    ("done", "done { … }", "done { reply \"好的。\" }"),
];
const STORY: [Form; 10] = [
    (
        "place",
        "place 名字 纬度 经度 country \"…\"",
        "place 北京 39.90 116.40 country \"CN\"",
    ),
    (
        "account",
        "account 名字 phone \"…\" code \"…\"",
        "account alice phone \"13800138000\" code \"482913\"",
    ),
    (
        "issue",
        "issue 用途 code \"…\" to 名字",
        "issue unlock code \"112233\" to alice",
    ),
    (
        "wechat",
        "wechat 名字 sends \"…\"",
        "wechat 小王 sends \"绑定\"",
    ),
    (
        "login",
        "login 账号 city 地点 machine \"…\" wrong password, 次数 times",
        "login alice city 北京 machine \"pc-1\", 3 times every 1 day",
    ),
    ("after", "after 时长", "after 3 hours"),
    ("operator", "operator locks 账号", "operator unlocks alice"),
    (
        "platform",
        "platform refuses sends",
        "platform refuses sends",
    ),
    (
        "system",
        "system answers \"…\"",
        "system answers \"已发货\"",
    ),
    (
        "expect",
        "expect reply \"…\" 或 expect reply ~ \"…\"",
        "expect reply ~ \"绑定成功\"",
    ),
];
/// What a story expects, by its second word.
const EXPECTED: [Form; 5] = [
    (
        "alert",
        "expect alert to 名字 by template ~ \"…\"",
        "expect alert to 小王 ~ \"纽约\"",
    ),
    (
        "send",
        "expect send to 名字 ~ \"…\"",
        "expect send to 小王 \"喝水了\"",
    ),
    (
        "signals",
        "expect signals 名字, 名字",
        "expect signals new_city, teleport",
    ),
    ("event", "expect event \"名字\"", "expect event \"bound\""),
    (
        "no",
        "expect no reply 或 no alert、no signals",
        "expect no alert",
    ),
];

/// What the shapes say for what an author puts in, in English.
const ENGLISH: [(&str, &str); 28] = [
    ("说法", "words"),
    ("素材号", "MEDIA_ID"),
    ("名字", "NAME"),
    ("提取器", "EXTRACTOR"),
    ("时长", "DURATION"),
    ("条件", "CONDITION"),
    ("分数", "NUMBER"),
    ("次数", "NUMBER"),
    ("问题", "question"),
    ("结果", "OUTCOME"),
    ("编号", "NUMBER"),
    ("字段", "FIELD"),
    ("原因", "why"),
    ("客服账号", "staff account"),
    ("菜单的 KEY", "the menu's KEY"),
    ("事件", "EVENT"),
    ("类型", "TYPE"),
    ("文件", "file"),
    ("纬度", "LATITUDE"),
    ("经度", "LONGITUDE"),
    ("用途", "PURPOSE"),
    ("账号", "ACCOUNT"),
    ("地点", "PLACE"),
    ("对话", "DIALOG"),
    ("值", "VALUE"),
    ("词", "word"),
    (" 或 ", " or "),
    ("、", ", "),
];

impl Stuck<'_> {
    /// How this line is written, and such a line.
    pub(super) fn form(&self, place: Place) -> Option<Words> {
        let first = self.slice(0);
        let known = |forms: &'static [Form]| forms.iter().find(|(word, ..)| *word == first);
        let form = match place.body {
            _ if place.head || first == "on" => {
                let back = (0..self.at.min(self.inside.len())).rev();
                let events = back.map(|at| self.slice(at));
                let mut events =
                    events.filter_map(|word| EVENTS.iter().find(|(event, ..)| *event == word));
                Some(events.next().unwrap_or(&EVENT))
            }
            Some(Body::Story) if first == "expect" => {
                let second = EXPECTED.iter().find(|(word, ..)| *word == self.slice(1));
                second.or_else(|| known(&STORY))
            }
            Some(Body::Story) => known(&STORY),
            Some(Body::Actions) => {
                let second = self.slice(1);
                if let Some((kind, fields)) = FIELDS.iter().find(|(kind, _)| *kind == second) {
                    return Some(Words::new(
                        format!("写成 `reply {kind} {{`，下面一行一个字段：{fields}"),
                        format!(
                            "write `reply {kind} {{` and a field a line below: {}",
                            fields.replace('、', ", ")
                        ),
                    ));
                }
                let card = CARDS.iter().find(|(kind, ..)| *kind == second);
                card.filter(|_| first == "reply")
                    .or_else(|| known(&ACTIONS))
            }
            Some(Body::Alert | Body::Signal | Body::Dialog) => known(&PARTS),
            Some(Body::Outcomes | Body::Fields) => None,
            None if first == "list" => {
                let file = (0..self.inside.len()).any(|at| self.slice(at) == "from");
                LISTS.get(usize::from(!file))
            }
            None => known(&ITEMS)
                .or_else(|| known(&ACTIONS))
                .or_else(|| known(&PARTS)),
        };
        let (_, shape, example) = form?;
        let en = |text: &str| {
            ENGLISH
                .iter()
                .fold(text.to_owned(), |text, (zh, en)| text.replace(zh, en))
        };
        Some(if shape == example {
            Words::new(
                format!("这一行写成 `{shape}`"),
                format!("this line is written `{}`", en(shape)),
            )
        } else {
            Words::new(
                format!("这一行写成 `{shape}`，例如 `{example}`"),
                format!("this line is written `{}`, such as `{example}`", en(shape)),
            )
        })
    }
}

#[cfg(test)]
mod tests;
