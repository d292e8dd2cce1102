//! Where the grammar got stuck on what another language, or plain Chinese, says: `if` for `when`,
//! `on text == "…"`, `within 10 minutes`, `x not y`, `"a" + "b"`.

use super::neighbours::Stuck;
use super::{keywords, written_otherwise};
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::grammar::{Expected, describe};
use crate::lang::syntax::lexer::Kind;
use crate::lang::syntax::vocabulary::{EVENTS, alias};

/// What is given to a question by its name.
const NAMED: [&str; 9] = [
    "within", "last", "of", "by", "where", "gap", "first", "second", "least",
];
/// Other languages' words for how a text is looked at.
const MATCHES: [(&str, &str); 21] = [
    ("contain", "containing"),
    ("including", "containing"),
    ("包括", "containing"),
    ("含", "containing"),
    ("含有", "containing"),
    ("有", "containing"),
    ("starts", "starting"),
    ("begin", "starting"),
    ("beginning", "starting"),
    ("开头", "starting"),
    ("以", "starting"),
    ("匹配", "matching"),
    ("contains", "containing"),
    ("includes", "containing"),
    ("has", "containing"),
    ("包含", "containing"),
    ("startswith", "starting"),
    ("startsWith", "starting"),
    ("begins", "starting"),
    ("matches", "matching"),
    ("like", "containing"),
];

impl Stuck<'_> {
    /// The diagnostic, when it is evident what was meant.
    pub(super) fn borrowed(&self) -> Option<Diagnostic> {
        self.way_to_match()
            .or_else(|| self.event_like_a_value())
            .or_else(|| self.list_of_words())
            .or_else(|| self.without_event())
            .or_else(|| self.alternatives_as_list())
            .or_else(|| self.argument_without_sign())
            .or_else(|| self.known_without_is())
            .or_else(|| self.unlike())
            .or_else(|| self.name_in_braces())
    }

    /// Whether an operator could stand here: a value is before it.
    fn wants_operator(&self) -> bool {
        let mut expected = self.failure.expected.iter();
        expected.any(|rule| matches!(describe(*rule), Expected::Kind("运算符", _)))
    }

    /// `on login if …`, `is 已知`
    pub(super) fn translated(&self) -> Option<Diagnostic> {
        if self.kind(self.at) != Some(&Kind::Word) {
            return None;
        }
        let word = self.slice(self.at);
        let right = match word {
            "已知" | "有" => Some("known"),
            "未知" | "没有" => Some("unknown"),
            "次" => Some("times"),
            word => alias(word),
        };
        let right = right.filter(|right| keywords(self.failure).any(|known| known == *right))?;
        let title = Words::new(
            format!("这里不能写 `{word}`"),
            format!("`{word}` cannot stand here"),
        );
        Some(written_otherwise(title, self.span(self.at, self.at), right))
    }

    /// `on text contains "…"`
    fn way_to_match(&self) -> Option<Diagnostic> {
        let word = self.slice(self.at);
        let (_, right) = MATCHES.iter().find(|(known, _)| *known == word)?;
        if !self.head || !keywords(self.failure).any(|known| known == "containing") {
            return None;
        }
        let title = Words::new(
            format!("这里不能写 `{word}`"),
            format!("`{word}` cannot stand here"),
        );
        // `starts with`
        let with = matches!(self.slice(self.at + 1), "with" | "开头");
        let last = self.at + usize::from(with);
        Some(written_otherwise(title, self.span(self.at, last), right))
    }

    /// `on text == "…"`, `on text: "…"`, `on text("…")`
    fn event_like_a_value(&self) -> Option<Diagnostic> {
        let at = self.at;
        let event = self.before(1);
        let after = matches!(self.before(2), "on" | "or");
        if !self.head || !after || !EVENTS.contains(&event) || !self.is_text(at + 1) {
            return None;
        }
        let sign = self.slice(at);
        let last = match (sign, self.slice(at + 2)) {
            ("(", ")") => at + 2,
            ("==" | "=" | ":" | "is", _) => at + 1,
            _ => return None,
        };
        let text = self.slice(at + 1).to_owned();
        let start = self.inside[at - 1].end;
        let whole = self.sink.span(start, self.inside[last].end);
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    format!("`{event}` 后面直接写触发词，不用 `{sign}`"),
                    format!("what is matched comes right after `{event}`, without `{sign}`"),
                ),
                self.span(at, at),
                Words::new("多余", "not needed"),
            )
            .with_fix(
                Words::new(format!("去掉 `{sign}`"), format!("remove `{sign}`")),
                whole,
                format!(" {text}"),
            ),
        )
    }

    /// `on text == greetings`, `on text containing in greetings`, `on text starting with greetings`
    fn list_of_words(&self) -> Option<Diagnostic> {
        let at = self.at;
        let name = self.slice(at + 1);
        let end = self.slice(at + 2);
        let named =
            self.kind(at + 1) == Some(&Kind::Word) && matches!(end, "{" | "when" | "even" | "");
        if !self.head || !named {
            return None;
        }
        match (self.before(2), self.before(1), self.slice(at)) {
            ("on" | "or", "text", "==" | "=" | ":" | "is" | "of") => {
                let title = Words::new(
                    "列表的名字前面写 `in`",
                    "`in` comes before the name of a list",
                );
                let right = format!("in {name}");
                let found = written_otherwise(title, self.span(at, at + 1), &right);
                Some(found)
            }
            ("text", word @ ("containing" | "starting"), "in" | "with" | "any" | "one_of") => {
                Some(Diagnostic::error(
                    "E0101",
                    Words::new(
                        format!("`{word}` 后面不能写列表，要写出每个词"),
                        format!("`{word}` takes no list, each word is written out"),
                    ),
                    self.span(at, at + 1),
                    Words::new(
                        format!("例如 `{word} \"人工\" or \"客服\"`"),
                        format!("for example `{word} \"agent\" or \"help\"`"),
                    ),
                ))
            }
            _ => None,
        }
    }

    /// `on "…" {`
    fn without_event(&self) -> Option<Diagnostic> {
        if !self.head || self.before(1) != "on" || !self.is_text(self.at) {
            return None;
        }
        let here = self.span(self.at, self.at);
        let start = self.inside[self.at].start;
        Some(
            Diagnostic::error(
                "E0122",
                Words::new("`on` 后面先写事件", "the event comes right after `on`"),
                here,
                Words::new(
                    "这是触发词，前面少了 `text`",
                    "this is what is matched, `text` is missing before it",
                ),
            )
            .with_guess(
                Words::new("写成 `on text`", "write `on text`"),
                self.sink.span(start, start),
                "text ",
            ),
        )
    }

    /// `on text in ["a", "b"]`, `on text ["a", "b"]`
    fn alternatives_as_list(&self) -> Option<Diagnostic> {
        let at = self.at;
        let from = if self.before(1) == "in" { at - 1 } else { at };
        let event = from.checked_sub(1).map_or("", |at| self.slice(at));
        let open = self.slice(at) == "[";
        // `in 1, 2` has no bracket.
        if !self.head || event != "text" || !(open || from < at) {
            return None;
        }
        let mut texts = Vec::new();
        let mut next = at + usize::from(open);
        loop {
            match self.kind(next) {
                Some(Kind::Text(_)) => texts.push(self.slice(next).to_owned()),
                // Numbers that people send are texts, too.
                Some(Kind::Number) => texts.push(format!("\"{}\"", self.slice(next))),
                _ => break,
            }
            next += 1;
            if self.slice(next) == "," {
                next += 1;
            }
        }
        let ended = match open {
            true => self.slice(next) == "]",
            false => matches!(self.slice(next), "" | "{" | "when" | "even" | "continue"),
        };
        if texts.is_empty() || !ended {
            return None;
        }
        let next = if open { next } else { next - 1 };
        let by = texts.join(" or ");
        let span = self.span(from, next);
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "几种说法用 `or` 连起来，不写成列表",
                    "alternatives are joined by `or`, they are no list",
                ),
                span,
                Words::new(format!("应是 `{by}`"), format!("should be `{by}`")),
            )
            .with_fix(
                Words::new("用 `or` 连起来", "join them by `or`"),
                span,
                by.clone(),
            )
            .with_help(Words::new(
                "说法很多就先 `list greetings = [\"你好\", \"您好\"]`，再写 `on text in greetings`",
                "for many of them write `list greetings = [\"hi\", \"hello\"]`, then `on text in greetings`",
            )),
        )
    }

    /// `count(failures, within 10 minutes)`, `count(failures within: 10 minutes)`
    fn argument_without_sign(&self) -> Option<Diagnostic> {
        let at = self.at;
        let before = self.inside.get(at.checked_sub(1)?)?;
        let (sign, zh, en) = if NAMED.contains(&self.slice(at)) && self.slice(at + 1) == ":" {
            (",", "前面少了逗号", "a comma is missing before this")
        } else if NAMED.contains(&self.before(1)) && matches!(self.before(2), "," | "(") {
            (":", "后面少了冒号", "a colon is missing after this")
        } else {
            return None;
        };
        let named = if sign == "," { at } else { at - 1 };
        let name = self.slice(named);
        let here = self.sink.span(before.end, before.end);
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(format!("`{name}` {zh} `{sign}`"), format!("{en}: `{sign}`")),
                self.span(named, named),
                Words::new(
                    format!("写成 `… , {name}: …`"),
                    format!("write `… , {name}: …`"),
                ),
            )
            .with_fix(
                Words::new(format!("补上 `{sign}`"), format!("add `{sign}`")),
                here,
                sign,
            ),
        )
    }

    /// `nickname known`, `known nickname`
    fn known_without_is(&self) -> Option<Diagnostic> {
        let at = self.at;
        let asks = |word: &str| matches!(word, "known" | "unknown");
        let (span, right) = if asks(self.slice(at)) && self.wants_operator() {
            let known = self.slice(at);
            (self.span(at, at), format!("is {known}"))
        } else if asks(self.before(1)) && self.kind(at) == Some(&Kind::Word) {
            let (known, name) = (self.before(1), self.slice(at));
            (self.span(at - 1, at), format!("{name} is {known}"))
        } else {
            return None;
        };
        let title = Words::new(
            "知道不知道用 `is known` 问",
            "whether something is known is asked by `is known`",
        );
        Some(written_otherwise(title, span, &right))
    }

    /// `country not login.country`, `country is not login.country`
    fn unlike(&self) -> Option<Diagnostic> {
        let at = self.at;
        let from = match (self.slice(at), self.before(1)) {
            ("not", "is") => at - 1,
            ("not", _) if self.wants_operator() => at,
            _ => return None,
        };
        let span = self.span(from, at);
        // Behind what is a condition by itself another one follows.
        let proof = matches!(
            self.before(1),
            "bound" | "open" | "legal" | "late" | "known" | ")"
        );
        if proof && from == at {
            let title = Words::new(
                "两个条件之间写 `and` 或 `or`",
                "`and` or `or` stands between two conditions",
            );
            return Some(
                Diagnostic::error(
                    "E0101",
                    title,
                    span,
                    Words::new("这里写 `and not`", "write `and not`"),
                )
                .with_guess(
                    Words::new("改成 `and not`", "write `and not`"),
                    span,
                    "and not",
                ),
            );
        }
        let title = Words::new("不等于写 `!=`", "not equal is written `!=`");
        Some(
            Diagnostic::error(
                "E0101",
                title,
                span,
                Words::new("这里写 `!=`", "write `!=`"),
            )
            .with_guess(Words::new("改成 `!=`", "write `!=`"), span, "!="),
        )
    }

    /// `time1: {login.time}`
    fn name_in_braces(&self) -> Option<Diagnostic> {
        let at = self.at;
        if self.slice(at) != "{" || self.kind(at + 1) != Some(&Kind::Word) {
            return None;
        }
        let mut last = at + 1;
        while self.slice(last + 1) == "." && self.kind(last + 2) == Some(&Kind::Word) {
            last += 2;
        }
        if self.slice(last + 1) != "}" {
            return None;
        }
        let (start, end) = (self.inside[at + 1].start, self.inside[last].end);
        let name = self.text[start..end].to_owned();
        let title = Words::new(
            "名字在文字外面不用花括号",
            "outside a text a name stands without braces",
        );
        Some(written_otherwise(title, self.span(at, last + 1), &name))
    }
}
