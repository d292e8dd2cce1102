//! Changes of one token: one that stands there twice, a text without one of its quotes.

use super::Tried;
use super::changes::{Change, What};
use crate::lang::syntax::lexer::{self, Kind, Token};
use crate::lang::syntax::repair::Edit;

/// Signs that may be typed twice and are told as that. Of braces and closing brackets it is told which is too many.
const SIGNS: [&str; 14] = [
    "(", "[", "=", "==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", ":",
];

/// How a text is compared, which `text` says before.
const HOW: [&str; 5] = ["containing", "starting", "matching", "in", "with"];

/// Whether one of these shows in a text in which something is wrong: a token that stands there twice, which it hardly
/// ever does in sound rules, a pattern without `matching`, `on matching`.
pub(super) fn show(text: &str) -> bool {
    let tokens = lexer::tokens(text);
    let slice = |at: usize| slice(text, &tokens, at);
    pairs(text, &tokens).next().is_some()
        || (0..tokens.len()).any(|at| {
            unmatched(text, &tokens, at) || (slice(at) == "on" && HOW.contains(&slice(at + 1)))
        })
}

fn slice<'t>(text: &'t str, tokens: &[Token], at: usize) -> &'t str {
    tokens
        .get(at)
        .map_or("", |token| &text[token.start..token.end])
}

/// A regular expression that stands where a text is waited for: `text "^[0-9]{8}$"`.
fn unmatched(text: &str, tokens: &[Token], at: usize) -> bool {
    let body = slice(text, tokens, at).trim_matches('"');
    let before = at
        .checked_sub(1)
        .map_or("", |before| slice(text, tokens, before));
    let expression = (body.starts_with('^') || body.ends_with('$') || body.contains("\\d"))
        && body.contains(['[', '(', '\\', '*', '+']);
    expression && matches!(tokens[at].kind, Kind::Text(_)) && matches!(before, "text" | "or")
}

/// Equal tokens one behind the other on a line.
fn pairs<'t>(text: &'t str, tokens: &'t [Token]) -> impl Iterator<Item = (&'t Token, &'t Token)> {
    tokens.windows(2).filter_map(move |pair| {
        let [first, second] = pair else { return None };
        let slice = |token: &Token| &text[token.start..token.end];
        let word = matches!(first.kind, Kind::Word | Kind::Number) || SIGNS.contains(&slice(first));
        let same = first.line == second.line && slice(first) == slice(second);
        (word && same).then_some((first, second))
    })
}

impl Tried<'_> {
    /// `within within: 1 day`, `in [ ["a"]`
    pub(super) fn doubled_tokens(&self) -> Vec<Change> {
        let tokens = lexer::tokens(self.text);
        let found = pairs(self.text, &tokens).map(|(first, second)| Change {
            edit: Edit::new(first.end, second.end, ""),
            kind: What::TokenTwice,
            line: self.line_of(second.start),
        });
        found.collect()
    }

    /// `text "^[0-9]{8}$"`, `on matching "^[0-9]{8}$"`
    pub(super) fn unmatched(&self) -> Vec<Change> {
        let tokens = lexer::tokens(self.text);
        let mut changes = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let slice = |at: usize| slice(self.text, &tokens, at);
            let line = self.line_of(token.start);
            if unmatched(self.text, &tokens, at) {
                changes.push(self.insert(
                    token.start,
                    "matching ".to_owned(),
                    What::NoMatching,
                    line,
                ));
            } else if slice(at) == "on" && HOW.contains(&slice(at + 1)) {
                changes.push(self.insert(token.end, " text".to_owned(), What::NoText, line));
            }
        }
        changes
    }

    pub(super) fn line_of(&self, at: usize) -> usize {
        let behind = self.lines.partition_point(|line| line.start <= at);
        behind.saturating_sub(1)
    }
}
