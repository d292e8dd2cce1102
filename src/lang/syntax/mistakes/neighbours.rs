//! Where the grammar got stuck and it is evident what was meant: a comma between alternatives, a call's
//! parentheses round a text, `null`, thousands with a comma, two keys in round brackets, words without
//! their quotes.

use super::{ends_clause, keywords, written_otherwise};
use crate::lang::diagnostics::{Diagnostic, Words, nearest};
use crate::lang::span::Span;
use crate::lang::syntax::grammar::{Expected, Failure, Rule, describe};
use crate::lang::syntax::lexer::{Kind, Token};
use crate::lang::syntax::repair::Sink;
use crate::lang::syntax::vocabulary::{EVENTS, is_clause};

/// What other languages call "no value".
const NOTHING: [&str; 7] = ["null", "nil", "none", "None", "NULL", "undefined", "空"];
/// What is set in a story by a text of one word.
const SETTINGS: [&str; 12] = [
    "machine", "ip", "phone", "code", "name", "password", "zone", "agent", "reason", "isp", "asn",
    "country",
];
/// Signs looked at behind one another: nobody writes more alternatives in a line.
const MAX_ALTERNATIVES: usize = 64;

/// Where the grammar got stuck.
pub(super) struct Stuck<'a> {
    pub(super) text: &'a str,
    /// The tokens of the stretch that was parsed.
    pub(super) inside: &'a [&'a Token],
    /// Index of the token that does not fit.
    pub(super) at: usize,
    pub(super) failure: &'a Failure,
    pub(super) sink: &'a Sink,
    /// It is the head of a rule that was parsed.
    pub(super) head: bool,
}

/// The diagnostic, when it is evident what was meant.
pub(super) fn evident(stuck: &Stuck<'_>) -> Option<Diagnostic> {
    stuck
        .no_value()
        .or_else(|| stuck.unit())
        .or_else(|| stuck.said())
        .or_else(|| stuck.thousands())
        .or_else(|| stuck.two_keys())
        .or_else(|| stuck.alternatives())
        .or_else(|| stuck.called())
        .or_else(|| stuck.outside())
        .or_else(|| stuck.translated())
        .or_else(|| stuck.habit())
        .or_else(|| stuck.spare())
        .or_else(|| stuck.named())
        .or_else(|| stuck.joined())
        .or_else(|| stuck.borrowed())
        .or_else(|| stuck.unquoted())
}

impl Stuck<'_> {
    pub(super) fn slice(&self, at: usize) -> &str {
        self.inside
            .get(at)
            .map_or("", |token| &self.text[token.start..token.end])
    }

    pub(super) fn before(&self, back: usize) -> &str {
        self.at.checked_sub(back).map_or("", |at| self.slice(at))
    }

    pub(super) fn kind(&self, at: usize) -> Option<&Kind> {
        self.inside.get(at).map(|token| &token.kind)
    }

    pub(super) fn is_text(&self, at: usize) -> bool {
        matches!(self.kind(at), Some(Kind::Text(_)))
    }

    pub(super) fn span(&self, from: usize, to: usize) -> Span {
        let (start, end) = (self.inside[from].start, self.inside[to].end);
        self.sink.span(start, end)
    }

    pub(super) fn wants(&self, rule: Rule) -> bool {
        self.failure.expected.contains(&rule)
    }

    /// `is null`, `is not null`
    fn no_value(&self) -> Option<Diagnostic> {
        let at = self.at;
        let (last, right) = match (self.before(1), self.slice(at), self.slice(at + 1)) {
            ("is", word, _) if NOTHING.contains(&word) => (at, "unknown"),
            ("is", "not", word) if NOTHING.contains(&word) => (at + 1, "known"),
            _ => return None,
        };
        let word = self.slice(last);
        let title = Words::new(
            format!("没有 `{word}`：没有值叫 `unknown`"),
            format!("there is no `{word}`: what has no value is `unknown`"),
        );
        Some(written_otherwise(title, self.span(at, last), right))
    }

    /// `1,000 km`
    fn thousands(&self) -> Option<Diagnostic> {
        let at = self.at;
        let first = at.checked_sub(1)?;
        let joined = |a: usize, b: usize| {
            let pair = self.inside.get(a).zip(self.inside.get(b));
            pair.is_some_and(|(a, b)| a.end == b.start)
        };
        let digits = |at: usize| {
            let all = self.slice(at).bytes().all(|byte| byte.is_ascii_digit());
            (self.kind(at) == Some(&Kind::Number) && all).then(|| self.slice(at).len())
        };
        let group = |comma: usize| {
            self.slice(comma) == ","
                && joined(comma - 1, comma)
                && joined(comma, comma + 1)
                && digits(comma + 1) == Some(3)
        };
        let groups = (0..4).take_while(|n| group(at + 2 * n)).count();
        if groups == 0 || digits(first).is_none_or(|count| count > 3) {
            return None;
        }
        let last = at + 2 * groups - 1;
        let span = self.span(first, last);
        let start = self.inside[first].start;
        let number = self.text[start..self.inside[last].end].replace(',', "");
        Some(
            Diagnostic::error(
                "E0101",
                Words::new("数里不写逗号", "numbers have no commas"),
                span,
                Words::new(format!("应是 `{number}`"), format!("should be `{number}`")),
            )
            .with_fix(
                Words::new(format!("写成 `{number}`"), format!("write `{number}`")),
                span,
                number,
            ),
        )
    }

    /// `by: (account, ip)`
    fn two_keys(&self) -> Option<Diagnostic> {
        let at = self.at;
        let open = at.checked_sub(2)?;
        let by = open.checked_sub(2).map_or("", |at| self.slice(at));
        let fits = self.slice(at) == ","
            && self.slice(open) == "("
            && by == "by"
            && self.slice(open - 1) == ":"
            && self.slice(at + 2) == ")";
        if !fits {
            return None;
        }
        let span = self.span(open, at + 2);
        let keys = format!("[{}, {}]", self.slice(at - 1), self.slice(at + 1));
        Some(
            Diagnostic::error(
                "E0101",
                Words::new("两个键写在方括号里", "two keys stand in square brackets"),
                span,
                Words::new(format!("应是 `{keys}`"), format!("should be `{keys}`")),
            )
            .with_fix(
                Words::new(format!("写成 `{keys}`"), format!("write `{keys}`")),
                span,
                keys,
            ),
        )
    }

    /// `on text "a", "b"`
    fn alternatives(&self) -> Option<Diagnostic> {
        let or = self.wants(Rule::k_or) || self.wants(Rule::op_or);
        let comma = |at: usize| self.slice(at) == "," && self.is_text(at + 1);
        let first = self.at;
        let texts = first.checked_sub(1).is_some_and(|at| self.is_text(at));
        if !or || !texts || !comma(first) {
            return None;
        }
        let more = (0..MAX_ALTERNATIVES).take_while(|n| comma(first + 2 * n));
        let last = first + 2 * (more.count() - 1);
        // From the blank before the comma, so that one blank stays.
        let start = self.inside[first - 1].end;
        // `"a", "b", {`: with the comma behind the last.
        let trailing =
            self.slice(last + 2) == "," && matches!(self.slice(last + 3), "{" | "when" | "");
        let end = match trailing {
            true => self.inside[last + 2].end,
            false => self.inside[last + 1].start,
        };
        let mut by = String::new();
        for at in (first..=last).step_by(2) {
            by.push_str(" or ");
            if at < last || trailing {
                by.push_str(self.slice(at + 1));
            }
        }
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "几种写法之间用 `or`，不用逗号",
                    "alternatives are joined by `or`, not by a comma",
                ),
                self.span(first, first),
                Words::new("应是 `or`", "should be `or`"),
            )
            .with_fix(
                Words::new("改成 `or`", "write `or`"),
                self.sink.span(start, end),
                by,
            ),
        )
    }

    /// `reply("x")`, `reply: "x"`
    fn called(&self) -> Option<Diagnostic> {
        let at = self.at;
        let word = self.before(1);
        let clause = self
            .inside
            .get(at.checked_sub(1)?)
            .is_some_and(|token| token.first)
            // In a block of one line.
            || at == 1
            || self.before(2) == "{"
            || (self.before(2) == "expect" && word == "reply");
        let takes_text = matches!(
            word,
            "reply" | "note" | "send" | "tag" | "untag" | "message" | "deny"
        );
        let block = matches!(self.kind(at + 1), Some(Kind::Block { .. }));
        if !clause || !takes_text || !(self.is_text(at + 1) || block) {
            return None;
        }
        let (sign, last) = match (self.slice(at), self.slice(at + 2)) {
            ("(", ")") => ("()", at + 2),
            (":", _) => (":", at),
            ("=", _) => ("=", at),
            ("==", _) => ("==", at),
            ("is", _) => ("is", at),
            _ => return None,
        };
        let start = self.inside[at - 1].end;
        let end = match sign {
            "()" => self.inside[last].end,
            _ => self.inside[at + 1].start,
        };
        let by = match sign {
            "()" => format!(" {}", self.slice(at + 1)),
            _ => " ".to_owned(),
        };
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    format!("`{word}` 后面直接写文字，不用 `{sign}`"),
                    format!("the text comes right after `{word}`, without `{sign}`"),
                ),
                self.span(at, at),
                Words::new("多余", "not needed"),
            )
            .with_fix(
                Words::new(format!("去掉 `{sign}`"), format!("remove `{sign}`")),
                self.sink.span(start, end),
                by,
            ),
        )
    }

    /// `reply hello there`
    fn unquoted(&self) -> Option<Diagnostic> {
        let at = self.at;
        let text = |rule: &Rule| matches!(describe(*rule), Expected::Kind("一段引号里的文字", _));
        let here = self.inside[at];
        let here_at = at;
        let before = self.inside.get(at.checked_sub(1)?)?;
        let word = self.slice(at);
        let fits = self.failure.expected.iter().any(text)
            && here.kind == Kind::Word
            && !here.first
            && ends_clause(before)
            && !is_clause(word)
            && !(self.head && EVENTS.contains(&word))
            && !self.is_text(at + 1)
            && nearest(word, keywords(self.failure)).is_none();
        if !fits {
            return None;
        }
        let prose = |at: &usize| {
            let token = self.inside[*at];
            let word = self.slice(*at);
            !token.first
                && !matches!(word, "{" | "}")
                && !matches!(word, "when" | "or" | "and" | "even" | "weight" | "invalid")
                && !matches!(token.kind, Kind::Text(_) | Kind::Block { .. })
        };
        let mut last = (at..self.inside.len()).take_while(prose).last()?;
        if SETTINGS.contains(&self.before(1)) {
            // One value; what stands behind a blank or a comma belongs to the line.
            let joined = |at: &usize| {
                *at == here_at
                    || (self.inside[at - 1].end == self.inside[*at].start && self.slice(*at) != ",")
            };
            last = (at..=last).take_while(joined).last()?;
        }
        let span = self.span(at, last);
        let words = &self.text[here.start..self.inside[last].end];
        Some(
            Diagnostic::error(
                "E0101",
                Words::new("文字要用引号引起来", "a text stands in quotes"),
                span,
                Words::new("这里少了引号", "the quotes are missing"),
            )
            .with_guess(
                Words::new("加上引号", "add the quotes"),
                span,
                format!("\"{words}\""),
            ),
        )
    }
}
