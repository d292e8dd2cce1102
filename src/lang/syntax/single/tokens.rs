//! Changes of one token: one that stands there twice, a word left out, two words run together.

use super::Tried;
use super::changes::{Change, What};
use crate::lang::syntax::keywords::keywords;
use crate::lang::syntax::lexer::{self, Kind, Token};
use crate::lang::syntax::repair::Edit;
use crate::lang::syntax::vocabulary::{EVENTS, is_clause};

/// Signs that may be typed twice and are told as that. Of braces and closing brackets it is told which is too many.
const SIGNS: [&str; 14] = [
    "(", "[", "=", "==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", ":",
];
/// How a text is compared, which `text` says before.
const HOW: [&str; 5] = ["containing", "starting", "matching", "in", "with"];
/// What is typed for the `{` of a block.
const OPENERS: [&str; 7] = ["(", "[", "<", "（", "［", "【", "〔"];
/// Replies that have fields.
const KINDS: [&str; 3] = [" news", " music", " video"];

/// Whether one of these shows in a text in which something is wrong: in sound rules they hardly ever do.
pub(super) fn show(text: &str) -> bool {
    let tokens = lexer::tokens(text);
    pairs(text, &tokens).next().is_some()
        || openers(text, &tokens).next().is_some()
        || !missing(text, &tokens).is_empty()
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

/// Other brackets where a block seems to begin: `done [ reply "好" }`.
fn openers<'t>(text: &'t str, tokens: &'t [Token]) -> impl Iterator<Item = &'t Token> {
    tokens.windows(3).filter_map(move |three| {
        let [before, sign, behind] = three else {
            return None;
        };
        let slice = |token: &Token| &text[token.start..token.end];
        let opens = OPENERS.contains(&slice(sign)) && before.line == sign.line;
        let block = behind.line != sign.line || is_clause(slice(behind));
        (opens && block).then_some(sign)
    })
}

/// Words and blanks that may be missing: where they belong, what they are, and what it then was.
fn missing(text: &str, tokens: &[Token]) -> Vec<(usize, &'static str, What)> {
    let slice = |at: usize| {
        let token = tokens.get(at);
        token.map_or("", |token| &text[token.start..token.end])
    };
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", slice);
        match (slice(at), &token.kind) {
            (body, Kind::Text(_)) if matches!(before, "text" | "or") && expression(body) => {
                found.push((token.start, "matching ", What::NoMatching));
            }
            ("on", _) if HOW.contains(&slice(at + 1)) => {
                found.push((token.end, " text", What::NoText));
            }
            ("reply", _) if slice(at + 1) == "{" => {
                found.extend(KINDS.map(|kind| (token.end, kind, What::NoKind)));
            }
            (word, Kind::Word) => {
                let parted = run_together(word).map(|length| token.start + length);
                found.extend(parted.map(|middle| (middle, " ", What::RunTogether)));
            }
            _ => {}
        }
    }
    found
}

/// Whether a text looks like a regular expression.
fn expression(quoted: &str) -> bool {
    let body = quoted.trim_matches('"');
    let shows = body.starts_with('^') || body.ends_with('$') || body.contains("\\d");
    shows && body.contains(['[', '(', '\\', '*', '+'])
}

/// Two words of the language without the blank between them: where the second begins.
fn run_together(word: &str) -> Option<usize> {
    let known = |word: &str| keywords().contains(&word) || EVENTS.contains(&word);
    let apart = |at: &usize| known(&word[..*at]) && known(&word[*at..]);
    (word.is_ascii() && word.len() > 4 && !known(word)).then(|| (2..word.len() - 1).find(apart))?
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

    /// `done [ reply "好" }`
    pub(super) fn other_openers(&self) -> Vec<Change> {
        let tokens = lexer::tokens(self.text);
        let found = openers(self.text, &tokens).map(|sign| Change {
            edit: Edit::new(sign.start, sign.end, "{"),
            kind: What::OtherOpener,
            line: self.line_of(sign.start),
        });
        found.collect()
    }

    /// `text "^[0-9]{8}$"`, `on matching "…"`, `reply { title: "…" }`, `textmatching "…"`
    pub(super) fn words_missing(&self) -> Vec<Change> {
        let found = missing(self.text, &lexer::tokens(self.text)).into_iter();
        let change = |(at, by, kind): (usize, &str, What)| {
            self.insert(at, by.to_owned(), kind, self.line_of(at))
        };
        found.map(change).collect()
    }
}
