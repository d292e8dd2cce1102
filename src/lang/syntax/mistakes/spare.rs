//! A word or a sign too many, too few, or of another kind, where only one thing fits: `call desk(alert)`,
//! `start dialog d`, `cancel words {`, `ask code again`, `on video, shortvideo`, `nickname exists`.

use super::neighbours::Stuck;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::grammar::Rule;
use crate::lang::syntax::lexer::Kind;
use crate::lang::syntax::vocabulary::EVENTS;

/// What is done with a word or sign too many.
pub(super) fn removed(shown: &str) -> Words {
    Words::new(format!("去掉 `{shown}`"), format!("remove `{shown}`"))
}

impl Stuck<'_> {
    /// The diagnostic, when one of these shows.
    pub(super) fn spare(&self) -> Option<Diagnostic> {
        let at = self.at;
        let (back2, back1, here, next) = (
            self.before(2),
            self.before(1),
            self.slice(at),
            self.slice(at + 1),
        );
        let word = |at: usize| self.kind(at) == Some(&Kind::Word);
        let only = |zh: &str, en: &str, from: usize, to: usize, right: &str| {
            Some(self.instead(zh, en, from, to, right))
        };
        match (back1, here) {
            // `when: count(…)`
            ("when" | "except" | "where" | "if", ":") => {
                self.without("这里不写冒号", "no colon stands here")
            }
            ("call", _) if self.is_text(at) && here.contains("://") => Some(
                self.base(
                    "地址写在 menshen.toml 的 `[calls.名字]` 里，这里写名字",
                    "an address stands in menshen.toml under `[calls.NAME]`, its name here",
                    at,
                    at,
                )
                .with_help(Words::new(
                    "例如 `call security_desk with alert`",
                    "such as `call security_desk with alert`",
                )),
            ),
            ("call", _) if self.is_text(at) => {
                let name = here.trim_matches('"').to_owned();
                only(
                    "`call` 后面的名字不用引号",
                    "the name behind `call` has no quotes",
                    at,
                    at,
                    &name,
                )
            }
            ("template", _) if self.is_text(at) => {
                let name = here.trim_matches('"').to_owned();
                only(
                    "模板的名字不用引号",
                    "a template's name has no quotes",
                    at,
                    at,
                    &name,
                )
            }
            ("dialog", _) if back2 == "start" && word(at) => only(
                "`start` 后面直接写对话的名字",
                "the dialog's name comes right after `start`",
                at - 1,
                at,
                here,
            ),
            ("cancel", _) if word(at) || self.is_text(at) => {
                let right = format!("on {here}");
                only(
                    "`cancel` 后面要写 `on`",
                    "`on` comes after `cancel`",
                    at,
                    at,
                    &right,
                )
            }
            ("ask", _) if next == "again" => {
                let right = format!("again {here}");
                only(
                    "再问一次写 `ask again 名字`",
                    "to ask once more write `ask again NAME`",
                    at,
                    at + 1,
                    &right,
                )
            }
            ("alert", "undeliverable") if back2 == "on" => only(
                "这两个词的次序反了",
                "these two words have changed places",
                at - 1,
                at,
                "undeliverable alert",
            ),
            ("on", "*" | "default" | "else") if self.head => only(
                "其他都没有回答的写 `on any`",
                "what nothing else answers is `on any`",
                at,
                at,
                "any",
            ),
            (_, "exists" | "exist" | "defined" | "set") if word(at - 1) => only(
                "知道不知道用 `is known` 问",
                "whether something is known is asked by `is known`",
                at,
                at,
                "is known",
            ),
            // `on video, shortvideo`
            (event, "," | "/" | "|" | "and") if self.head && EVENTS.contains(&event) => {
                let events = EVENTS.contains(&next);
                events.then(|| {
                    let gap = self
                        .sink
                        .span(self.inside[at - 1].end, self.inside[at + 1].start);
                    self.base("几个事件之间用 `or`", "events are joined by `or`", at, at)
                        .with_fix(Words::new("改成 `or`", "write `or`"), gap, " or ")
                })
            }
            (_, "and" | "&") if self.slice(0) == "start" && word(at + 1) && word(at - 1) => {
                let gap = self.sink.span(self.inside[at - 1].end, self.inside[at].end);
                Some(
                    self.base(
                        "带进对话的几个值之间用逗号",
                        "what a dialog is given is separated by commas",
                        at,
                        at,
                    )
                    .with_fix(
                        Words::new("改成逗号", "write a comma"),
                        gap,
                        ",",
                    ),
                )
            }
            (_, "(") if back2 == "call" => self.called_with(),
            (_, "," | ";" | "，" | "；") if self.inside.len() == at + 1 => self.without(
                "行末不写这个",
                "nothing of the kind stands at the end of a line",
            ),
            // `time1 login.time`
            _ if at == 1
                && self.wants(Rule::colon)
                && word(0)
                && (word(at) || self.is_text(at)) =>
            {
                let end = self.inside[0].end;
                let here = self.sink.span(end, end);
                Some(
                    self.base(
                        "字段的名字后面要写冒号",
                        "a colon comes after a field's name",
                        0,
                        0,
                    )
                    .with_fix(
                        Words::new("补上冒号", "add the colon"),
                        here,
                        ":",
                    ),
                )
            }
            _ => None,
        }
    }

    fn base(&self, zh: &str, en: &str, from: usize, to: usize) -> Diagnostic {
        Diagnostic::error(
            "E0101",
            Words::new(zh, en),
            self.span(from, to),
            Words::new("这里不对", "this does not fit"),
        )
    }

    fn instead(&self, zh: &str, en: &str, from: usize, to: usize, right: &str) -> Diagnostic {
        let span = self.span(from, to);
        Diagnostic::error(
            "E0101",
            Words::new(zh, en),
            span,
            Words::new(format!("应是 `{right}`"), format!("should be `{right}`")),
        )
        .with_fix(
            Words::new(format!("改成 `{right}`"), format!("write `{right}`")),
            span,
            right,
        )
    }

    /// The sign that does not fit is one too many.
    fn without(&self, zh: &str, en: &str) -> Option<Diagnostic> {
        let token = self.inside.get(self.at)?;
        let before = self.inside.get(self.at.checked_sub(1)?)?;
        let gap = self.sink.span(before.end, token.end);
        let found = self.base(zh, en, self.at, self.at);
        Some(found.with_fix(Words::new("去掉它", "remove it"), gap, ""))
    }

    /// `call desk(alert)`
    fn called_with(&self) -> Option<Diagnostic> {
        let at = self.at;
        let last = self.inside.len().checked_sub(1)?;
        if self.slice(last) != ")" || last <= at + 1 {
            return None;
        }
        let (from, to) = (self.inside[at + 1].start, self.inside[last - 1].end);
        let right = format!(" with {}", &self.text[from..to]);
        let span = self
            .sink
            .span(self.inside[at - 1].end, self.inside[last].end);
        let found = self.base(
            "交给它的写在 `with` 后面",
            "what it is given stands behind `with`",
            at,
            last,
        );
        let words = Words::new(
            format!("写成 `{}`", right.trim()),
            format!("write `{}`", right.trim()),
        );
        Some(found.with_fix(words, span, right))
    }
}
