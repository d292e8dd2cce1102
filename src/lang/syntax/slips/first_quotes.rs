//! Texts with values in them that lost their first quote: `reply 你好{name}"`.

use super::Slips;
use crate::lang::syntax::lexer::short_rest;

/// Bytes of a line behind the word before a text: each word of a long line asks for its end.
const MAX_LINE: usize = 1_024;

impl Slips<'_> {
    /// Whether the text that is wanted at `at` has its last quote only, and braces; says how many of the next tokens
    /// are done with.
    pub(super) fn lone_quote(&mut self, at: usize) -> Option<usize> {
        let token = &self.tokens[at];
        // A text is asked for by the word before it.
        if token.first || at == 0 || !self.is_word_at(at - 1) || !self.wants_text(at) {
            return None;
        }
        let (start, line) = (token.start, token.line);
        let rest = short_rest(self.text, start, MAX_LINE)?;
        let quote = rest.find('"')?;
        let (body, behind) = (&rest[..quote], rest[quote + 1..].trim());
        let word = behind.split(' ').next().unwrap_or_default();
        let over =
            matches!(behind, "" | "{" | "}") || matches!(word, "after" | "when" | "even" | "at");
        if !over || behind.contains('"') || !in_pairs(body) {
            return None;
        }
        let end = start + quote + 1;
        self.first_quote_missing(start, end);
        let rest = self.tokens[at + 1..].iter();
        Some(
            rest.take_while(|token| token.line == line && token.start < end)
                .count(),
        )
    }
}

/// Whether there are braces in it, each pair round a name.
fn in_pairs(body: &str) -> bool {
    let mut rest = body;
    let mut pairs = 0;
    while let Some(open) = rest.find(['{', '}']) {
        let Some(close) = rest[open..]
            .find('}')
            .filter(|_| rest[open..].starts_with('{'))
        else {
            return false;
        };
        let name = rest[open + 1..open + close].trim();
        let known = |c: char| c.is_alphanumeric() || "_.: ()".contains(c);
        if name.is_empty() || !name.chars().all(known) {
            return false;
        }
        rest = &rest[open + close + 1..];
        pairs += 1;
    }
    pairs > 0
}
