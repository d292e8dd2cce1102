//! A brace of a text without its twin: most often a part of `{name}` that was left out, or one too many.

use super::Lower;
use super::hole::{Brace, understood};
use super::text::Char;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::span::Span;

/// What is typed for `{`.
const OPENERS: &str = "([<（［｛【《〈「";
/// What is typed for `}`.
const CLOSERS: &str = ")]>）］｝】》〉」";

impl Lower<'_> {
    /// The `{` at `at`, which nothing closes.
    pub(super) fn unclosed_hole(&mut self, chars: &[Char], at: usize) -> Brace {
        let brace = chars[at];
        let span = self.stretch(brace.start, brace.end);
        let found = not_closed(span);
        let escaped = escaped_brace();
        // `{{account.name}`: the next one is the brace of the value.
        if self.opens(chars, at + 1) {
            self.sink.add(
                found
                    .with_guess(Words::new("去掉一个 `{`", "remove one `{`"), span, "")
                    .with_guess(escaped, span, "\\{"),
            );
            return Brace::Lost;
        }
        let name = |c: &&Char| {
            c.c.is_ascii_lowercase() || c.c.is_ascii_digit() || matches!(c.c, '_' | '.')
        };
        // `{ n 枝`
        let from = at + chars[at + 1..].iter().take_while(|c| c.c == ' ').count();
        let mut last = from + chars[from + 1..].iter().take_while(name).count();
        while last > from && chars[last].c == '.' {
            last -= 1;
        }
        let body: String = chars[from + 1..=last].iter().map(|c| c.c).collect();
        // What is a name was hardly meant to be shown with a brace before it.
        let found = if body.is_empty() {
            found.with_guess(escaped, span, "\\{")
        } else {
            let closed = format!("{{{body}}}");
            let words = Words::new(format!("写成 `{closed}`"), format!("write `{closed}`"));
            let odd = usize::from(wrong_end(chars, last + 1));
            let whole = self.stretch(brace.start, chars[last + odd].end);
            let found = found.with_guess(words, whole, closed);
            match from == at {
                true => found.with_help(escaped),
                // A word behind a blank may be one.
                false => found.with_guess(escaped, span, "\\{"),
            }
        };
        self.sink.add(found);
        Brace::Lost
    }

    /// Whether a whole `{…}` begins at `at`.
    fn opens(&self, chars: &[Char], at: usize) -> bool {
        let mut line = chars[at.min(chars.len())..]
            .iter()
            .take_while(|c| c.c != '\n');
        if line.next().is_none_or(|c| c.c != '{') {
            return false;
        }
        let body: Vec<Char> = line.copied().take_while(|c| c.c != '{').collect();
        let Some(close) = body.iter().position(|c| c.c == '}') else {
            return false;
        };
        let inside: String = body[..close].iter().map(|c| c.c).collect();
        understood(&inside, self.stretch(chars[at].start, body[close].end)).is_some()
    }

    /// The `}` at `at`, which nothing opens.
    pub(super) fn lone_brace(&mut self, chars: &[Char], at: usize) {
        let brace = chars[at];
        let span = self.stretch(brace.start, brace.end);
        let found = Diagnostic::error(
            "E0125",
            Words::new("文字里多了一个 `}`", "a `}` too many in this text"),
            span,
            Words::new("前面没有 `{`", "no `{` before it"),
        );
        // `}}` is one mistake.
        let doubled = self
            .sink
            .found
            .last_mut()
            .filter(|before| before.code == "E0125" && before.primary.span.end == span.start);
        if let Some(before) = doubled {
            before.join(&found.with_guess(escaped_brace(), span, "\\}"), |_| {
                String::new()
            });
            return;
        }
        let closed = at.checked_sub(1).filter(|before| chars[*before].c == '}');
        let named = closed.and_then(|close| self.name_before(chars, close));
        let whole = named.is_some_and(|(from, _)| from > 0 && chars[from - 1].c == '{');
        // `{account.name}}`
        let found = if whole {
            found.with_guess(Words::new("去掉一个 `}`", "remove one `}`"), span, "")
        } else if let Some((from, body)) = self.name_before(chars, at) {
            if let Some((name, _)) = body.split_once(':') {
                self.sink.poisoned.push(name.trim().to_owned());
            }
            let right = format!("{{{body}}}");
            found.with_guess(
                Words::new(format!("写成 `{right}`"), format!("write `{right}`")),
                self.stretch(chars[from].start, brace.end),
                right,
            )
        } else {
            found
        };
        self.sink
            .add(found.with_guess(escaped_brace(), span, "\\}"));
    }

    /// The name right before the brace at `at`, with its extractor if it has one, and where it begins: with the
    /// sign before it that stands for a `{`.
    fn name_before(&self, chars: &[Char], at: usize) -> Option<(usize, String)> {
        let code = |c: &&Char| {
            let sign = matches!(c.c, '_' | '.' | ':' | ' ' | '(' | ')');
            c.c.is_ascii_lowercase() || c.c.is_ascii_digit() || sign
        };
        let first = at - chars[..at].iter().rev().take_while(code).count();
        let body = |from: usize| -> String { chars[from..at].iter().map(|c| c.c).collect() };
        let begins = |from: &usize| {
            let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
            let joined = from
                .checked_sub(1)
                .is_some_and(|before| inside(chars[before].c));
            chars[*from].c.is_ascii_lowercase() && !joined
        };
        let said = |from: usize| {
            understood(&body(from), self.stretch(chars[from].start, chars[at].end)).is_some()
        };
        // With its extractor, which is more than the word right before.
        let from = (first..at).filter(begins).find(|from| {
            said(*from) && (body(*from).contains(':') || !body(*from).contains(' '))
        })?;
        let sign = from
            .checked_sub(1)
            .filter(|before| OPENERS.contains(chars[*before].c));
        Some((sign.unwrap_or(from), body(from)))
    }
}

/// Whether the character at `at` was typed for a `}`.
pub(super) fn wrong_end(chars: &[Char], at: usize) -> bool {
    chars.get(at).is_some_and(|c| CLOSERS.contains(c.c))
}

/// What mends a brace that was to be shown.
fn escaped_brace() -> Words {
    Words::new("要显示花括号本身，加反斜杠", "to show a brace, escape it")
}

/// E0124 at a `{` of a text.
pub(super) fn not_closed(span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0124",
        Words::new("花括号没有闭合", "this brace is not closed"),
        span,
        Words::new("同一行里没有 `}`", "no `}` on the same line"),
    )
}
