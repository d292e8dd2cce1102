//! Words behind a number that are no unit there: `for 5 logins`, `within: 3 times`, `>= 5 times`, `at most 3 minutes`.

use super::neighbours::Stuck;
use super::written_otherwise;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::Kind;

/// What counts events.
const COUNTED: [&str; 4] = ["times", "time", "logins", "login"];
/// Units of time.
const TIME: [&str; 10] = [
    "seconds", "second", "minutes", "minute", "hours", "hour", "days", "day", "weeks", "week",
];

impl Stuck<'_> {
    /// The diagnostic, when a word behind a number does not fit.
    pub(super) fn unit(&self) -> Option<Diagnostic> {
        let at = self.at;
        let number = at.checked_sub(1)?;
        if self.kind(number) != Some(&Kind::Number) || self.kind(at) != Some(&Kind::Word) {
            return None;
        }
        let (word, count) = (self.slice(at), self.slice(number));
        if TIME.contains(&word) && self.before(2) == "most" {
            let title = Words::new("`at most` 数的是次数", "`at most` counts tries");
            return Some(written_otherwise(title, self.span(at, at), "times"));
        }
        if !COUNTED.contains(&word) {
            return None;
        }
        let says = |zh: &str, en: &str| {
            let title = Words::new(
                format!("这里不能写 `{count} {word}`"),
                format!("`{count} {word}` cannot stand here"),
            );
            Diagnostic::error("E0101", title, self.span(number, at), Words::new(zh, en))
        };
        let words = |right: &str| Words::new(format!("写成 `{right}`"), format!("write `{right}`"));
        match (self.before(3), self.before(2)) {
            ("within", ":") => {
                let right = format!("last: {count}");
                Some(
                    says(
                        "`within:` 后面是时长，如 `10 minutes`；看最近几次写 `last:`",
                        "a duration follows `within:`, such as `10 minutes`; a number of logins follows `last:`",
                    )
                    .with_guess(words(&right), self.span(number - 2, at), right),
                )
            }
            ("last", ":") | (_, "==" | "!=" | "<" | "<=" | ">" | ">=" | "weight") => Some(
                says("这里只写数，不写单位", "a number alone stands here").with_fix(
                    words(count),
                    self.span(number, at),
                    count,
                ),
            ),
            (_, "for" | "expires" | "after" | "every" | "per" | "until") => Some(
                says("这里要一段时间", "a length of time is wanted here").with_help(Words::new(
                    "单位有：seconds、minutes、hours、days、weeks，例如 `30 days`",
                    "the units are: seconds, minutes, hours, days, weeks, as in `30 days`",
                )),
            ),
            _ => None,
        }
    }
}
