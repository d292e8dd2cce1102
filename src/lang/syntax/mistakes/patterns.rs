//! What a message must look like, said otherwise than by one pattern: two words that must both be there, an expression
//! between slashes.

use super::neighbours::Stuck;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::Kind;

impl Stuck<'_> {
    /// `containing "a" and "b"`
    pub(super) fn both_words(&self) -> Option<Diagnostic> {
        let at = self.at;
        let text = |at: usize| matches!(self.kind(at), Some(Kind::Text(_)));
        let asked =
            matches!(self.slice(at), "and" | "&&" | "&" | "+") && self.before(2) == "containing";
        if !asked || !text(at - 1) || !text(at + 1) {
            return None;
        }
        let right = format!(" when contains(message.text, {})", self.slice(at + 1));
        let place = self
            .sink
            .span(self.inside[at - 1].end, self.inside[at + 1].end);
        let found = self.told(
            "`containing` 后面是一个词；还要有别的词，写成条件",
            "`containing` takes one word; what must be there besides is a condition",
            self.span(at, at + 1),
        );
        Some(match self.slice(at + 2) {
            "" | "{" => found.with_guess(
                Words::new(
                    format!("写成 `{}`", right.trim()),
                    format!("write `{}`", right.trim()),
                ),
                place,
                right,
            ),
            _ => found,
        })
    }

    /// `matching /^[0-9]+$/i`
    pub(super) fn slashes(&self) -> Option<Diagnostic> {
        let at = self.at;
        if self.slice(at) != "/" || !matches!(self.before(1), "matching" | "=" | "in") {
            return None;
        }
        let start = self.inside[at].start;
        let line = self.text[start..].lines().next()?;
        let (regex, flags) = line[1..].rsplit_once('/')?;
        let letters = flags.len()
            - flags
                .trim_start_matches(|c: char| c.is_ascii_lowercase())
                .len();
        let found = self.told(
            "正则表达式写在引号里，不用斜杠",
            "an expression stands in quotes, not between slashes",
            self.span(at, at),
        );
        let right = format!("\"{regex}\"");
        let place = self.sink.span(start, start + 1 + regex.len() + 1 + letters);
        Some(match regex.contains(['"', '{']) {
            true => found,
            false => found.with_guess(
                Words::new(format!("写成 `{right}`"), format!("write `{right}`")),
                place,
                right,
            ),
        })
    }
}
