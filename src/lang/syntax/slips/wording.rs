//! Single words and signs in a line of which nothing else could be meant: `learn for 14 days`,
//! `alert every 30 minutes {`, `log out account {`, `send "x" in 10 minutes`, `phone 13800138000`.

use super::Slips;
use crate::lang::diagnostics::Words;
use crate::lang::syntax::lexer::Kind;
use crate::lang::syntax::vocabulary::FOLLOWER_VERBS;

/// What stands behind a word for it to be wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    Any,
    Number,
    Word,
    Text,
}

/// The line's first word, the word before (any when empty), the wrong words, what is right, what follows, and
/// whether nothing else can be meant.
type Row = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
    Behind,
    bool,
);

const ROWS: [Row; 28] = [
    (
        "signal",
        "",
        &["score", "points", "weighs", "value"],
        "weight",
        Behind::Number,
        true,
    ),
    (
        "learn",
        "learn",
        &["for", "in", "within", "after", "during"],
        "until",
        Behind::Number,
        true,
    ),
    (
        "alert",
        "once",
        &["every", "each"],
        "per",
        Behind::Number,
        true,
    ),
    (
        "alert",
        "",
        &["every", "each"],
        "once per",
        Behind::Number,
        true,
    ),
    ("log", "log", &["out"], "off", Behind::Any, true),
    (
        "lock",
        "lock",
        &["user", "it", "sender", "me", "login"],
        "account",
        Behind::Any,
        true,
    ),
    (
        "unlock",
        "unlock",
        &["user", "it", "sender", "me", "login"],
        "account",
        Behind::Any,
        true,
    ),
    (
        "trust",
        "trust",
        &["machine", "device", "login"],
        "alert",
        Behind::Any,
        false,
    ),
    (
        "challenge",
        "challenge",
        &["sms", "code", "verify", "otp", "slider"],
        "captcha",
        Behind::Any,
        false,
    ),
    ("hand", "hand", &["to"], "over to", Behind::Text, true),
    (
        "deny",
        "deny",
        &["because", "reason", "with", "as"],
        "",
        Behind::Text,
        true,
    ),
    (
        "reply",
        "reply",
        &["picture", "pic", "photo", "img"],
        "image",
        Behind::Text,
        true,
    ),
    (
        "reply",
        "reply",
        &["audio", "sound"],
        "voice",
        Behind::Text,
        true,
    ),
    (
        "send",
        "",
        &["in", "within", "later"],
        "after",
        Behind::Number,
        true,
    ),
    (
        "ask",
        "",
        &["max", "maximum", "limit"],
        "at most",
        Behind::Number,
        true,
    ),
    ("ask", "unless", &["when"], "", Behind::Any, true),
    ("ask", "", &["if"], "unless not", Behind::Word, false),
    (
        "ask",
        "most",
        &["one", "once", "一"],
        "1",
        Behind::Any,
        true,
    ),
    (
        "ask",
        "most",
        &["two", "twice", "两", "二"],
        "2",
        Behind::Any,
        true,
    ),
    (
        "ask",
        "most",
        &["three", "thrice", "三"],
        "3",
        Behind::Any,
        true,
    ),
    ("ask", "most", &["four", "四"], "4", Behind::Any, true),
    ("ask", "most", &["five", "五"], "5", Behind::Any, true),
    (
        "login",
        "",
        &["at", "from", "in"],
        "city",
        Behind::Word,
        true,
    ),
    (
        "login",
        "",
        &["fails", "failed", "fail", "failing"],
        "wrong password",
        Behind::Any,
        true,
    ),
    (
        "login",
        "",
        &["device", "computer", "pc"],
        "machine",
        Behind::Text,
        true,
    ),
    (
        "account",
        "",
        &["mobile", "tel", "telephone"],
        "phone",
        Behind::Text,
        true,
    ),
    (
        "after",
        "after",
        &["for", "about"],
        "",
        Behind::Number,
        true,
    ),
    (
        "operator",
        "operator",
        &["lock"],
        "locks",
        Behind::Word,
        true,
    ),
];
/// Clauses that say something to the sender, who is not named.
const SAID: [&str; 5] = ["reply", "send", "note", "tag", "untag"];
/// What names the sender elsewhere.
const SENDER: [&str; 7] = ["to", "sender", "user", "the", "用户", "customer", "openid"];
/// What a story sets by a text.
const SET: [&str; 4] = ["phone", "code", "ip", "machine"];
/// What is followed by a name, which may be any word.
const NAMED: [&str; 5] = ["signal", "ask", "remember", "login", "account"];
/// Tokens of a line that are looked at.
const MAX_LINE: usize = 64;

impl Slips<'_> {
    /// The words of the line that begins at `at`.
    pub(super) fn wording(&mut self, at: usize) {
        let column0 = self.tokens[at].start == self.tokens[at].line;
        let first = self.word_at(at).to_owned();
        if column0 != (first == "signal") {
            return;
        }
        let end = self.line_end(at).min(at + MAX_LINE);
        // `login.city == "…"` goes on with a condition.
        let goes_on = matches!(self.word_at(at + 1), "." | "(" | ":" | "=" | "==");
        if goes_on {
            return;
        }
        self.missing_word(at, end, &first);
        for next in at + 1..end {
            if self.mended.contains(&self.tokens[next].start) {
                continue;
            }
            self.wrong_word(at, next, end, &first);
        }
    }

    fn wrong_word(&mut self, at: usize, next: usize, end: usize, first: &str) {
        let word = self.word_at(next);
        let before = self.word_at(next - 1);
        let fits = |behind: Behind| match behind {
            Behind::Any => true,
            Behind::Number => next + 1 < end && self.is_number_at(next + 1),
            Behind::Word => next + 1 < end && self.is_word_at(next + 1),
            Behind::Text => next + 1 < end && self.is_text_at(next + 1),
        };
        let row = ROWS.iter().find(|(own, after, words, right, behind, _)| {
            *own == first
                && (after.is_empty() || *after == before)
                && words.contains(&word)
                && fits(*behind)
                // A name that is given there.
                && !(NAMED.contains(own) && next == at + 1)
                && !(right.starts_with("wrong") && before == "wrong")
                // A place may be called `at`.
                && *right != before
                // What stands behind `after` already is a duration.
                && (*right != "after" || self.is_text_at(next - 1))
        });
        if let Some((_, _, _, right, _, sure)) = row {
            let title = match *right {
                "" => Words::new(
                    format!("这里不用写 `{word}`"),
                    format!("`{word}` is not needed here"),
                ),
                right => Words::new(
                    format!("这里写 `{right}`，不写 `{word}`"),
                    format!("`{right}` stands here, not `{word}`"),
                ),
            };
            self.written("E0101", (next, next), right, title, *sure);
            return;
        }
        // `phone 13800138000`, `ip 10.0.0.1`
        let tested = matches!(first, "account" | "login");
        if tested && SET.contains(&before) && self.is_number_at(next) && before != first {
            let mut last = next;
            while last + 1 < end
                && self.tokens[last].end == self.tokens[last + 1].start
                && self.word_at(last + 1) != ","
            {
                last += 1;
            }
            let (start, to) = (self.tokens[next].start, self.tokens[last].end);
            let by = format!("\"{}\"", &self.text[start..to]);
            let title = Words::new("文字要用引号引起来", "a text stands in quotes");
            self.written("E0101", (next, last), &by, title, true);
        }
        // `place 北京 39.9, 116.4`
        if first == "place"
            && self.word_at(next) == ","
            && self.is_number_at(next - 1)
            && self.is_number_at(next + 1)
        {
            let title = Words::new(
                "纬度和经度之间只空一格",
                "a blank alone stands between latitude and longitude",
            );
            self.written("E0101", (next, next), "", title, true);
        }
    }

    /// What is left out right behind the first word, or named though it goes without saying.
    fn missing_word(&mut self, at: usize, end: usize, first: &str) {
        let alone = at + 1 == end || (at + 2 == end && self.word_at(at + 1) == "}");
        let next = self.word_at(at + 1).to_owned();
        match first {
            "expect" if self.is_text_at(at + 1) && at + 1 < end => {
                let by = format!("reply {next}");
                let title = Words::new(
                    "`expect` 后面先写等的是什么",
                    "what is expected comes right after `expect`",
                );
                self.written("E0101", (at + 1, at + 1), &by, title, true);
            }
            "wechat" if FOLLOWER_VERBS.contains(&next.as_str()) && self.is_text_at(at + 2) => {
                let by = format!("小王 {next}");
                let title = Words::new(
                    "`wechat` 后面先写是谁",
                    "who it is comes right after `wechat`",
                );
                self.written("E0101", (at + 1, at + 1), &by, title, false);
            }
            "learn" if self.is_number_at(at + 1) => {
                let by = format!("until {next}");
                let title = Words::new("`learn` 后面要写 `until`", "`until` comes after `learn`");
                self.written("E0101", (at + 1, at + 1), &by, title, true);
            }
            "trust"
                if next == "alert"
                    && self.is_number_at(at + 2)
                    && self.is_word_at(at + 3)
                    && !(at..end).any(|at| self.word_at(at) == "for") =>
            {
                let by = format!("for {}", self.word_at(at + 2));
                let title = Words::new(
                    "信任多久写在 `for` 后面",
                    "how long it is trusted stands behind `for`",
                );
                self.written("E0101", (at + 2, at + 2), &by, title, true);
            }
            "start" if self.is_text_at(at + 1) && at + 1 < end => {
                let name = next.trim_matches('"');
                let plain = |c: char| c.is_alphanumeric() || c == '_';
                if !name.is_empty() && name.chars().all(plain) {
                    let title = Words::new("对话的名字不用引号", "a dialog's name has no quotes");
                    let name = name.to_owned();
                    self.written("E0101", (at + 1, at + 1), &name, title, true);
                }
            }
            "reply" | "send" | "note" | "tag"
                if self.is_number_at(at + 1) && (at + 2 == end || self.word_at(at + 2) == "}") =>
            {
                let by = format!("\"{next}\"");
                let title = Words::new("文字要用引号引起来", "a text stands in quotes");
                self.written("E0101", (at + 1, at + 1), &by, title, true);
            }
            "leave" | "challenge" | "lock" | "unlock"
                if (alone && matches!(first, "leave" | "challenge"))
                    || self.word_at(at + 1) == "{" =>
            {
                let right = match first {
                    "leave" => "leave dialog",
                    "challenge" => "challenge captcha",
                    "lock" => "lock account",
                    _ => "unlock account",
                };
                let title = Words::new(format!("这里写 `{right}`"), format!("write `{right}`"));
                self.written("E0101", (at, at), right, title, true);
            }
            "leave"
                if next != "dialog"
                    && self.tokens[at + 1].kind == Kind::Word
                    && (at + 2 == end || self.word_at(at + 2) == "}") =>
            {
                let title = Words::new(
                    "离开的总是正在进行的对话，不写名字",
                    "the dialog under way is left, it is not named",
                );
                self.written("E0101", (at + 1, at + 1), "dialog", title, true);
            }
            _ if SAID.contains(&first) => {
                let named = |at: &usize| SENDER.contains(&self.word_at(*at));
                let count = (at + 1..end).take_while(named).count();
                let text = at + 1 + count;
                if count > 0 && text < end && self.is_text_at(text) {
                    let title = Words::new(
                        format!("`{first}` 总是给发消息的人，不用写给谁"),
                        format!("`{first}` is for who sent the message, who is not named"),
                    );
                    self.written("E0101", (at + 1, text - 1), "", title, true);
                }
            }
            _ => {}
        }
    }
}
