//! What is asked again and again about the lines of tokens, looked at once. Asked anew for every brace
//! of a long line, it made hostile files cost the square of their length.

use crate::lang::syntax::lexer::Token;

/// The lines of tokens, by the index of a token.
pub(super) struct Lines {
    /// By token: the columns before its line begins.
    pub(super) indents: Vec<usize>,
    /// By token: the last one at or before it that begins a line.
    pub(super) starts: Vec<usize>,
}

impl Lines {
    /// Of these tokens of `text`.
    pub(super) fn of(text: &str, tokens: &[&Token]) -> Self {
        let mut lines = Self {
            indents: Vec::with_capacity(tokens.len()),
            starts: Vec::with_capacity(tokens.len()),
        };
        let mut line = None;
        let (mut indent, mut start) = (0, 0);
        for (at, token) in tokens.iter().enumerate() {
            if line != Some(token.line) {
                line = Some(token.line);
                let blank = |c: &char| c.is_whitespace() && *c != '\n';
                indent = text[token.line..].chars().take_while(blank).count();
            }
            if token.first {
                start = at;
            }
            lines.indents.push(indent);
            lines.starts.push(start);
        }
        lines
    }
}
