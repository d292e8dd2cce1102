//! Who a line of a story speaks of, and where: names in quotes, `from 北京`, `expect 小王 is bound`.

use super::Line;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::grammar::{continues_name, starts_name};

/// What is told of a login, each with its value.
const DETAILS: [&str; 5] = ["city", "ip", "machine", "agent", "reason"];
/// Other words for where a login comes from.
const PLACES: [&str; 5] = ["from", "in", "country", "place", "location"];
/// What is expected of a follower or an account.
const STATES: [&str; 2] = ["bound", "locked"];

impl Line<'_> {
    /// `login "alice" city "北京"`, `wechat "小王" sends "…"`: all of the line are one mistake.
    pub(super) fn quoted_names(&self) -> Option<Diagnostic> {
        let named = |at: &usize| {
            let before = at.checked_sub(1).map_or("", |before| self.word(before));
            let begins = *at == 1 && matches!(before, "login" | "wechat" | "account" | "place");
            begins || (before == "city" && self.word(0) == "login")
        };
        let mut quoted = Vec::new();
        for at in (1..self.line.len()).filter(named) {
            if let Some(name) = self.name_in_quotes(at)? {
                quoted.push((at, name));
            }
        }
        let (first, name) = *quoted.first()?;
        let (start, end) = (self.line[first].start, self.line[quoted.last()?.0].end);
        let mut right = String::new();
        let mut done = start;
        for (at, name) in &quoted {
            right.push_str(&self.text[done..self.line[*at].start]);
            right.push_str(name);
            done = self.line[*at].end;
        }
        let here = self.sink.span(start, self.line[first].end);
        let found = Diagnostic::error(
            "E0101",
            Words::new("这里是名字，不用引号", "this is a name, without quotes"),
            here,
            Words::new(format!("应是 `{name}`"), format!("should be `{name}`")),
        );
        let words = Words::new("去掉引号", "remove the quotes");
        Some(found.with_fix(words, self.sink.span(start, end), right))
    }

    /// What stands in the quotes of a token, where that can be a name; `None` where it cannot.
    fn name_in_quotes(&self, at: usize) -> Option<Option<&str>> {
        if !self.is_text(at) {
            return Some(None);
        }
        let text = &self.text[self.line[at].start..self.line[at].end];
        let name = text.strip_prefix('"')?.strip_suffix('"')?;
        let mut chars = name.chars();
        let whole = chars.next().is_some_and(starts_name) && chars.all(continues_name);
        whole.then_some(Some(name))
    }

    /// `login alice from 北京`, `login alice city: 北京`
    pub(super) fn place(&self) -> Option<Diagnostic> {
        let at = 2;
        if PLACES.contains(&self.word(at)) && self.line.len() > at + 1 {
            let known = (0..self.line.len()).any(|at| self.word(at) == "city");
            let place = !self.word(at + 1).is_empty() || self.is_text(at + 1);
            return (place && !known).then(|| self.instead(at, at, "city", false));
        }
        (at..self.line.len()).find_map(|at| self.colon(at, &DETAILS))
    }

    /// `wechat 小王 "…"`
    pub(super) fn without_verb(&self) -> Option<Diagnostic> {
        if self.word(1).is_empty() || !self.is_text(2) || self.line.len() > 3 {
            return None;
        }
        let (gap, text) = (self.line[1].end, self.line[2]);
        let found = Diagnostic::error(
            "E0101",
            Words::new("前面少了 `sends`", "`sends` is missing before this"),
            self.sink.span(text.start, text.end),
            Words::new("它前面应有 `sends`", "`sends` belongs before it"),
        );
        let words = Words::new("补上 `sends`", "add `sends`");
        Some(found.with_fix(words, self.sink.span(gap, gap), " sends"))
    }

    /// `expect 小王 is bound`, `expect bound 小王`, `expect locked`
    pub(super) fn state(&self) -> Option<Diagnostic> {
        let state = |at: usize| STATES.contains(&self.word(at));
        let name = |at: usize| !self.word(at).is_empty();
        if name(1) && self.word(2) == "is" && (state(3) || (self.word(3) == "not" && state(4))) {
            let (start, end) = (self.line[1].end, self.line[2].end);
            let found = Diagnostic::error(
                "E0101",
                Words::new("这里不写 `is`", "no `is` stands here"),
                self.sink.span(self.line[2].start, end),
                Words::new("多余", "not needed"),
            );
            let words = Words::new("去掉它", "remove it");
            return Some(found.with_fix(words, self.sink.span(start, end), ""));
        }
        if state(1) && name(2) && self.line.len() == 3 {
            let right = format!("{} {}", self.word(2), self.word(1));
            return Some(self.instead(1, 2, &right, false));
        }
        (state(1) && self.line.len() == 2).then(|| {
            let word = self.word(1);
            Diagnostic::error(
                "E0134",
                Words::new(
                    format!("没说是谁 `{word}`"),
                    format!("who is `{word}` is not said"),
                ),
                self.sink.span(self.line[1].start, self.line[1].end),
                Words::new("前面写名字", "a name belongs before it"),
            )
            .with_help(Words::new(
                format!("例如 `expect 小王 {word}`"),
                format!("such as `expect alice {word}`"),
            ))
        })
    }
}
