//! The tokens of a line: what stands where, and how it is reported and rewritten.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::{Kind, Token};
use crate::lang::syntax::repair::Edit;

impl Slips<'_> {
    pub(super) fn slice(&self, token: &Token) -> &str {
        &self.text[token.start..token.end]
    }

    pub(super) fn edit(&mut self, start: usize, end: usize, by: impl Into<String>) {
        self.edits.push(Edit::new(start, end, by));
    }

    pub(super) fn word_at(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| self.slice(token))
    }

    pub(super) fn is_text_at(&self, at: usize) -> bool {
        let kind = self.tokens.get(at).map(|token| &token.kind);
        matches!(kind, Some(Kind::Text(_)))
    }

    pub(super) fn is_number_at(&self, at: usize) -> bool {
        self.tokens.get(at).map(|token| &token.kind) == Some(&Kind::Number)
    }

    pub(super) fn is_word_at(&self, at: usize) -> bool {
        self.tokens.get(at).map(|token| &token.kind) == Some(&Kind::Word)
    }

    /// The token behind the last one of the line of `at` that is no comment.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let line = self.tokens[at].line;
        let code = |token: &&Token| {
            token.line == line && !matches!(token.kind, Kind::Comment | Kind::WrongComment)
        };
        at + self.tokens[at..].iter().take_while(code).count()
    }

    /// The `}` of the `{` at `open`, unless a line that `ends` the search by its first token begins at column 0
    /// before it.
    pub(super) fn closing(&self, open: usize, ends: impl Fn(&Token) -> bool) -> Option<usize> {
        let mut depth = 0i32;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            let begins = at > open && token.first && token.start == token.line;
            if begins && ends(token) {
                return None;
            }
            match self.slice(token) {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }

    /// `start..end` of the text with changes in it, ascending.
    pub(super) fn changed(&self, start: usize, end: usize, edits: &[Edit]) -> String {
        let (mut text, mut from) = (String::new(), start);
        for edit in edits {
            text.push_str(&self.text[from..edit.start]);
            text.push_str(&edit.by);
            from = edit.end;
        }
        text.push_str(&self.text[from..end]);
        text
    }

    /// Reports `start..end`, to be replaced by `by`.
    #[allow(
        clippy::too_many_arguments,
        reason = "one call per slip, read as a row"
    )]
    pub(super) fn slip(
        &mut self,
        code: &'static str,
        start: usize,
        end: usize,
        by: &str,
        title: Words,
        label: Words,
    ) {
        let span = self.sink.span(start, end);
        let shown = by.trim();
        let fix = if by.starts_with('\n') {
            Words::new("另起一行", "start a new line")
        } else if shown.is_empty() {
            Words::new("去掉它", "remove it")
        } else {
            Words::new(format!("改成 `{shown}`"), format!("write `{shown}`"))
        };
        let found = Diagnostic::error(code, title, span, label).with_fix(fix, span, by);
        self.one_habit(found);
        self.edit(start, end, by);
    }

    /// Adds a finding, with the one before it if both are `=` for the same sign on one line.
    fn one_habit(&mut self, found: Diagnostic) {
        let text = self.author;
        let start = found.primary.span.start as usize;
        let before = self.sink.found.last_mut().filter(|before| {
            let gap = text.get(before.primary.span.end as usize..start);
            let same = before.code == found.code && before.title == found.title;
            found.code == "E0118" && same && gap.is_some_and(|gap| !gap.contains('\n'))
        });
        match before {
            Some(before) => before.join(&found, |gap| text[gap.range()].to_owned()),
            None => self.sink.add(found),
        }
    }

    /// Reports the tokens `from..=to`, to be written as `by`, and reads them so.
    pub(super) fn written(
        &mut self,
        code: &'static str,
        (from, to): (usize, usize),
        by: &str,
        title: Words,
        sure: bool,
    ) {
        let (start, end) = (self.tokens[from].start, self.tokens[to].end);
        let span = self.sink.span(start, end);
        let (label, fix) = match by {
            "" => (
                Words::new("多余", "not needed"),
                Words::new("去掉它", "remove it"),
            ),
            _ => (
                Words::new(format!("应是 `{by}`"), format!("should be `{by}`")),
                Words::new(format!("写成 `{by}`"), format!("write `{by}`")),
            ),
        };
        let found = Diagnostic::error(code, title, span, label);
        // With the blank before what is left out, or begins with a comma.
        let from_blank = match (by.starts_with(|c| c != ','), from.checked_sub(1)) {
            (false, Some(before)) if self.tokens[before].line == self.tokens[from].line => {
                self.tokens[before].end
            }
            _ => start,
        };
        // A comma stands without the blank that a word needs.
        let joined = from.checked_sub(1).map(|before| self.tokens[before].end) == Some(start);
        let by = match joined && by.starts_with(|c: char| c.is_alphabetic()) {
            true => format!(" {by}"),
            false => by.to_owned(),
        };
        let whole = self.sink.span(from_blank, end);
        self.sink.add(match sure {
            true => found.with_fix(fix, whole, by.clone()),
            false => found.with_guess(fix, whole, by.clone()),
        });
        self.done_with(from, to);
        self.edit(from_blank, end, by);
    }

    /// Nothing more is said of these tokens.
    pub(super) fn done_with(&mut self, from: usize, to: usize) {
        let starts = self.tokens[from..=to].iter().map(|token| token.start);
        self.mended.extend(starts);
    }

    /// Reports the sign at `at`, and reads `by` in its place and in that of the blanks before it.
    pub(super) fn spaced(&mut self, code: &'static str, at: usize, by: &str, title: Words) {
        let (gap, start, end) = (
            self.tokens[at - 1].end,
            self.tokens[at].start,
            self.tokens[at].end,
        );
        let (label, fix) = match by.trim() {
            "" => (
                Words::new("多余", "not needed"),
                Words::new("去掉它", "remove it"),
            ),
            right => (
                Words::new(format!("应是 `{right}`"), format!("should be `{right}`")),
                Words::new(format!("改成 `{right}`"), format!("write `{right}`")),
            ),
        };
        let (span, whole) = (self.sink.span(start, end), self.sink.span(gap, end));
        let found = Diagnostic::error(code, title, span, label).with_fix(fix, whole, by);
        self.one_habit(found);
        self.done_with(at, at);
        self.edit(gap, end, by);
    }
}
