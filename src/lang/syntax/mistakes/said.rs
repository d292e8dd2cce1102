//! Conditions and actions as they are said: `"会员" is in sender.tags`, `tagged "会员"`, `signal s`,
//! `hand over to customer service`, `send "…" to "小李"`.

use super::neighbours::Stuck;
use super::written_otherwise;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::Kind;

/// Fields that hold lists.
const LISTS: [&str; 2] = ["sender.tags", "signals"];

impl Stuck<'_> {
    /// The diagnostic, when one of these shows.
    pub(super) fn said(&self) -> Option<Diagnostic> {
        self.is_in()
            .or_else(|| self.not_known())
            .or_else(|| self.fired())
            .or_else(|| self.two_texts())
            .or_else(|| self.tries())
            .or_else(|| self.compared_again())
            .or_else(|| self.to_staff())
            .or_else(|| self.to_somebody())
    }

    /// `"会员" is in sender.tags`
    fn is_in(&self) -> Option<Diagnostic> {
        if self.slice(self.at) != "in" || self.before(1) != "is" {
            return None;
        }
        let title = Words::new("`in` 前面不写 `is`", "no `is` stands before `in`");
        Some(written_otherwise(
            title,
            self.span(self.at - 1, self.at),
            "in",
        ))
    }

    /// `login.city not known`
    fn not_known(&self) -> Option<Diagnostic> {
        let right = match self.slice(self.at + 1) {
            "known" | "present" | "set" => "is unknown",
            "unknown" | "missing" => "is known",
            _ => return None,
        };
        if self.slice(self.at) != "not" || self.kind(self.at - 1) != Some(&Kind::Word) {
            return None;
        }
        let title = Words::new(
            "知道不知道用 `is known` 和 `is unknown` 问",
            "whether something is known is asked by `is known` and `is unknown`",
        );
        Some(written_otherwise(
            title,
            self.span(self.at, self.at + 1),
            right,
        ))
    }

    /// `on login when signal s`
    fn fired(&self) -> Option<Diagnostic> {
        let name = self.slice(self.at);
        let asked = self.before(1) == "signal" && self.at > 1;
        if !asked || self.kind(self.at) != Some(&Kind::Word) {
            return None;
        }
        let title = Words::new(
            "哪个信号触发了用 `in signals` 问",
            "whether a signal fired is asked by `in signals`",
        );
        let right = format!("\"{name}\" in signals");
        Some(written_otherwise(
            title,
            self.span(self.at - 1, self.at),
            &right,
        ))
    }

    /// `invalid "不对" 3 times`
    fn tries(&self) -> Option<Diagnostic> {
        let number = self.kind(self.at) == Some(&Kind::Number);
        let times = matches!(self.slice(self.at + 1), "times" | "time" | "次");
        let asks = (0..self.at).any(|at| self.slice(at) == "ask");
        if !number || !times || !asks {
            return None;
        }
        let right = format!("at most {} times", self.slice(self.at));
        let title = Words::new(
            "最多试几次写 `at most`",
            "how many tries there are is said by `at most`",
        );
        Some(written_otherwise(
            title,
            self.span(self.at, self.at + 1),
            &right,
        ))
    }

    /// `now.hour >= 9 and <= 18`
    fn compared_again(&self) -> Option<Diagnostic> {
        const OPERATORS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];
        let at = self.at;
        let joined = matches!(self.before(1), "and" | "or");
        if !joined || !OPERATORS.contains(&self.slice(at)) {
            return None;
        }
        let first = (1..at - 1)
            .rev()
            .find(|at| OPERATORS.contains(&self.slice(*at)))?;
        if self.kind(first - 1) != Some(&Kind::Word) {
            return None;
        }
        let from = self.path_start(first - 1);
        let path = &self.text[self.inside[from].start..self.inside[first - 1].end];
        let here = self.sink.span(self.inside[at].start, self.inside[at].start);
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "每次比较都要写出和什么比",
                    "each comparison says what is compared",
                ),
                self.span(at, at),
                Words::new(
                    format!("前面少了 `{path}`"),
                    format!("`{path}` is missing before it"),
                ),
            )
            .with_guess(
                Words::new(format!("补上 `{path}`"), format!("add `{path}`")),
                here,
                format!("{path} "),
            ),
        )
    }

    /// `on text "a" "b"`
    fn two_texts(&self) -> Option<Diagnostic> {
        let before = self.at.checked_sub(1)?;
        let two = self.head && self.is_text(self.at) && self.is_text(before);
        if !two || (0..self.at).any(|at| self.slice(at) == "when") {
            return None;
        }
        let end = self.inside[before].end;
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "几种说法用 `or` 连起来",
                    "several messages are joined by `or`",
                ),
                self.span(self.at, self.at),
                Words::new("前面少了 `or`", "an `or` is missing before it"),
            )
            .with_guess(
                Words::new("补上 `or`", "add `or`"),
                self.sink.span(end, end),
                " or",
            ),
        )
    }

    /// `hand over to customer service`
    fn to_staff(&self) -> Option<Diagnostic> {
        let to = (self.at.saturating_sub(1)..=self.at).find(|at| self.slice(*at) == "to")?;
        let staff = matches!(
            self.slice(to + 1),
            "customer"
                | "service"
                | "staff"
                | "human"
                | "agent"
                | "person"
                | "people"
                | "support"
                | "a"
                | "the"
                | "客服"
                | "人工"
                | "人工客服"
        );
        if !staff || to < 2 || self.slice(to - 1) != "over" {
            return None;
        }
        let line = self.inside[to].line;
        let same = self.inside[to..].iter();
        let words = same.take_while(|token| token.line == line && token.kind == Kind::Word);
        let last = to + words.count().saturating_sub(1);
        let from = self.inside[to - 1].end;
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "`hand over` 就是转给客服，不用写给谁",
                    "`hand over` is to the staff, which is not said",
                ),
                self.span(to, last),
                Words::new("多余", "not needed"),
            )
            .with_guess(
                Words::new("去掉它", "remove it"),
                self.sink.span(from, self.inside[last].end),
                "",
            ),
        )
    }

    /// `send "…" to "小李"`
    fn to_somebody(&self) -> Option<Diagnostic> {
        let at = self.at;
        if self.slice(at) != "to" || !self.is_text(at.checked_sub(1)?) || self.before(2) != "send" {
            return None;
        }
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "`send` 总是发给发消息的人，或账号绑定的微信，不能写给谁",
                    "`send` is for who sent the message or is bound to the account, nobody else",
                ),
                self.span(at, at),
                Words::new(
                    "这里应是 `after` 或行末",
                    "`after` or the end of the line belongs here",
                ),
            )
            .with_help(Words::new(
                "要通知别人就让信息系统去做：`call 名字 with …`",
                "to tell somebody else let the information system do it: `call NAME with …`",
            )),
        )
    }

    /// `has tag "会员"`, `tagged "会员"`
    pub(super) fn tagged(&self) -> Option<Diagnostic> {
        let text = (self.at..self.at + 2).find(|at| self.is_text(*at))?;
        let before = |back: usize| text.checked_sub(back).map_or("", |at| self.slice(at));
        let from = match (before(2), before(1)) {
            ("has" | "have" | "with", "tag" | "tags") => text - 2,
            (_, "tagged" | "tag") => text - 1,
            _ => return None,
        };
        if !(0..from).any(|at| self.slice(at) == "when") {
            return None;
        }
        let title = Words::new(
            "有没有标签用 `in sender.tags` 问",
            "whether somebody has a tag is asked by `in sender.tags`",
        );
        let right = format!("{} in sender.tags", self.slice(text));
        Some(written_otherwise(title, self.span(from, text), &right))
    }

    /// `sender.tags contains "会员"`, `login.agent contains "curl"`: with what was meant as the change.
    pub(super) fn contained(&self, found: Diagnostic) -> Diagnostic {
        let (word, at) = (self.slice(self.at), self.at);
        if !matches!(word, "contains" | "contain") || !self.is_text(at + 1) || at == 0 {
            return found;
        }
        let first = self.path_start(at - 1);
        let path = &self.text[self.inside[first].start..self.inside[at - 1].end];
        let text = self.slice(at + 1);
        let right = match LISTS.contains(&path) {
            true => format!("{text} in {path}"),
            false => format!("contains({path}, {text})"),
        };
        let how = Words::new(format!("写成 `{right}`"), format!("write `{right}`"));
        found.with_guess(how, self.span(first, at + 1), right)
    }
}
