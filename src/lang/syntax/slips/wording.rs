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

/// A word that is wrong in a line of one kind.
struct Row {
    /// The line's first word.
    line: &'static str,
    /// The word before; any when empty.
    after: &'static str,
    wrong: &'static [&'static str],
    /// What stands there instead; nothing when empty.
    right: &'static str,
    behind: Behind,
    /// Nothing else can be meant.
    sure: bool,
}

const ROWS: [Row; 32] = [
    Row {
        line: "signal",
        after: "",
        wrong: &["score", "points", "weighs", "value"],
        right: "weight",
        behind: Behind::Number,
        sure: true,
    },
    Row {
        line: "learn",
        after: "learn",
        wrong: &["for", "in", "within", "after", "during"],
        right: "until",
        behind: Behind::Number,
        sure: true,
    },
    Row {
        line: "alert",
        after: "once",
        wrong: &["every", "each"],
        right: "per",
        behind: Behind::Number,
        sure: true,
    },
    Row {
        line: "alert",
        after: "",
        wrong: &["every", "each"],
        right: "once per",
        behind: Behind::Number,
        sure: true,
    },
    Row {
        line: "log",
        after: "log",
        wrong: &["out"],
        right: "off",
        behind: Behind::Any,
        sure: true,
    },
    Row {
        line: "lock",
        after: "lock",
        wrong: &["user", "it", "sender", "me", "login"],
        right: "account",
        behind: Behind::Any,
        sure: true,
    },
    Row {
        line: "unlock",
        after: "unlock",
        wrong: &["user", "it", "sender", "me", "login"],
        right: "account",
        behind: Behind::Any,
        sure: true,
    },
    Row {
        line: "trust",
        after: "trust",
        wrong: &["machine", "device", "login"],
        right: "alert",
        behind: Behind::Any,
        sure: false,
    },
    Row {
        line: "challenge",
        after: "challenge",
        wrong: &["sms", "code", "verify", "otp", "slider"],
        right: "captcha",
        behind: Behind::Any,
        sure: false,
    },
    Row {
        line: "hand",
        after: "hand",
        wrong: &["to"],
        right: "over to",
        behind: Behind::Text,
        sure: true,
    },
    Row {
        line: "deny",
        after: "deny",
        wrong: &["because", "reason", "with", "as"],
        right: "",
        behind: Behind::Text,
        sure: true,
    },
    Row {
        line: "reply",
        after: "reply",
        wrong: &["picture", "pic", "photo", "img"],
        right: "image",
        behind: Behind::Text,
        sure: true,
    },
    Row {
        line: "reply",
        after: "reply",
        wrong: &["audio", "sound"],
        right: "voice",
        behind: Behind::Text,
        sure: true,
    },
    Row {
        line: "send",
        after: "",
        wrong: &["in", "within", "later"],
        right: "after",
        behind: Behind::Number,
        sure: true,
    },
    Row {
        line: "ask",
        after: "",
        wrong: &["max", "maximum", "limit"],
        right: "at most",
        behind: Behind::Number,
        sure: true,
    },
    Row {
        line: "ask",
        after: "unless",
        wrong: &["when"],
        right: "",
        behind: Behind::Any,
        sure: true,
    },
    Row {
        line: "ask",
        after: "",
        wrong: &["if"],
        right: "unless not",
        behind: Behind::Word,
        sure: false,
    },
    Row {
        line: "ask",
        after: "most",
        wrong: &["one", "once", "一"],
        right: "1",
        behind: Behind::Any,
        sure: true,
    },
    Row {
        line: "ask",
        after: "most",
        wrong: &["two", "twice", "两", "二"],
        right: "2",
        behind: Behind::Any,
        sure: true,
    },
    Row {
        line: "ask",
        after: "most",
        wrong: &["three", "thrice", "三"],
        right: "3",
        behind: Behind::Any,
        sure: true,
    },
    Row {
        line: "ask",
        after: "most",
        wrong: &["four", "四"],
        right: "4",
        behind: Behind::Any,
        sure: true,
    },
    Row {
        line: "ask",
        after: "most",
        wrong: &["five", "五"],
        right: "5",
        behind: Behind::Any,
        sure: true,
    },
    Row {
        line: "login",
        after: "",
        wrong: &["at", "from", "in"],
        right: "city",
        behind: Behind::Word,
        sure: true,
    },
    Row {
        line: "login",
        after: "",
        wrong: &["fails", "failed", "fail", "failing"],
        right: "wrong password",
        behind: Behind::Any,
        sure: true,
    },
    Row {
        line: "login",
        after: "",
        wrong: &["device", "computer", "pc"],
        right: "machine",
        behind: Behind::Text,
        sure: true,
    },
    Row {
        line: "account",
        after: "",
        wrong: &["mobile", "tel", "telephone"],
        right: "phone",
        behind: Behind::Text,
        sure: true,
    },
    Row {
        line: "after",
        after: "after",
        wrong: &["for", "about"],
        right: "",
        behind: Behind::Number,
        sure: true,
    },
    Row {
        line: "operator",
        after: "operator",
        wrong: &["lock"],
        right: "locks",
        behind: Behind::Word,
        sure: true,
    },
    Row {
        line: "signal",
        after: "",
        wrong: &["silent", "hidden", "quiet", "off", "log", "trial"],
        right: "shadow",
        behind: Behind::Any,
        sure: false,
    },
    Row {
        line: "learn",
        after: "",
        wrong: &["login", "logons", "signins", "times", "次"],
        right: "logins",
        behind: Behind::Any,
        sure: true,
    },
    Row {
        line: "ask",
        after: "at",
        wrong: &[
            "least", "must", "moust", "max", "maximum", "mots", "more", "mosts",
        ],
        right: "most",
        behind: Behind::Number,
        sure: false,
    },
    Row {
        line: "ask",
        after: "",
        wrong: &["atmost", "at_most", "upto", "至多", "最多"],
        right: "at most",
        behind: Behind::Number,
        sure: true,
    },
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
        let row = ROWS.iter().find(|row| {
            row.line == first
                && (row.after.is_empty() || row.after == before)
                && row.wrong.contains(&word)
                && fits(row.behind)
                // A name that is given there.
                && !(NAMED.contains(&row.line) && next == at + 1)
                && !(row.right.starts_with("wrong") && before == "wrong")
                // A place may be called `at`.
                && row.right != before
                // What stands behind `after` already is a duration.
                && (row.right != "after" || self.is_text_at(next - 1))
        });
        if let Some(row) = row {
            let title = match row.right {
                "" => Words::new(
                    format!("这里不用写 `{word}`"),
                    format!("`{word}` is not needed here"),
                ),
                right => Words::new(
                    format!("这里写 `{right}`，不写 `{word}`"),
                    format!("`{right}` stands here, not `{word}`"),
                ),
            };
            self.written("E0101", (next, next), row.right, title, row.sure);
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
