//! Brackets of another kind for those of a hole in a pattern: `on text "叫我【nick: word】"`.

use unicode_normalization::UnicodeNormalization;

use super::Lower;
use super::hole::understood;
use super::text::Char;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::ast::TextPart;

/// What is typed for `{` and `}` in a text.
pub(in crate::lang) const BRACKETS: [(char, char); 7] = [
    ('【', '】'),
    ('[', ']'),
    ('［', '］'),
    ('<', '>'),
    ('《', '》'),
    ('(', ')'),
    ('（', '）'),
];

impl Lower<'_> {
    /// The hole that begins at `at` in brackets of another kind, and where the text goes on. Nobody waits for a
    /// message with a name and its extractor in it.
    pub(super) fn bracketed(&mut self, chars: &[Char], at: usize) -> Option<(TextPart, usize)> {
        let open = chars[at];
        let (_, close) = BRACKETS.into_iter().find(|(first, _)| *first == open.c)?;
        let mut line = chars[at + 1..]
            .iter()
            .take_while(|c| !matches!(c.c, '\n' | '"' | '{'));
        // `digits(6)` brings a bracket of its own.
        let mut deep = 0;
        let last = at
            + 1
            + line.position(|c| {
                match c.c {
                    '(' | '（' => deep += 1,
                    c if c == close && deep == 0 => return true,
                    ')' | '）' => deep -= 1,
                    _ => {}
                }
                false
            })?;
        let outer = self.text;
        let body: String = outer.get(open.end..chars[last].start)?.nfkc().collect();
        let (name, kind) = body.split_once(':')?;
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        let extractor = kind.trim().split('(').next().unwrap_or_default();
        if extractor.is_empty() || !extractor.chars().all(plain) || name.trim().is_empty() {
            return None;
        }
        let span = self.stretch(open.start, chars[last].end);
        let part = understood(&body, span)?;
        let right = format!("{{{}}}", body.trim());
        let found = Diagnostic::error(
            "E0124",
            Words::new(
                "要提取的东西写在花括号里",
                "what is taken out stands in braces",
            ),
            span,
            Words::new(format!("应是 `{right}`"), format!("should be `{right}`")),
        );
        let words = Words::new(format!("写成 `{right}`"), format!("write `{right}`"));
        // In round ones a remark may stand.
        self.sink.add(match open.c {
            '(' | '（' => found.with_guess(words, span, right),
            _ => found.with_fix(words, span, right),
        });
        Some((part, last + 1))
    }
}
