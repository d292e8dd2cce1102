//! The tokens of a rule file for tools that look at its text as written: the formatter and the
//! editors' highlighting. Holes inside texts are not cut out here; the tree knows them.
//!
//! A view of the lexer's tokens; nothing is decided here.

use super::lexer::{self, Kind};

/// A token as a tool sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lexeme {
    /// What it is.
    pub kind: LexemeKind,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Nothing but blanks before it on its line.
    pub first: bool,
}

/// The kinds of [`Lexeme`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LexemeKind {
    /// A name, a keyword or a unit.
    Word,
    /// Digits with an optional fraction.
    Number,
    /// A text on one line, with its quotes.
    Text,
    /// A text block, with its quotes.
    Block,
    /// An operator or a bracket, longest first; anything that is nothing else, one character.
    Punct,
    /// From the `#` to the last character that is not blank.
    Comment,
}

/// The tokens of any text, in order, without blanks.
pub fn lexemes(text: &str) -> Vec<Lexeme> {
    let lexeme = |token: lexer::Token| Lexeme {
        kind: match token.kind {
            Kind::Word => LexemeKind::Word,
            Kind::Number => LexemeKind::Number,
            Kind::Text(_) => LexemeKind::Text,
            Kind::Block { .. } => LexemeKind::Block,
            Kind::Punct => LexemeKind::Punct,
            Kind::Comment | Kind::WrongComment => LexemeKind::Comment,
        },
        start: token.start,
        end: token.end,
        first: token.first,
    };
    lexer::tokens(text).into_iter().map(lexeme).collect()
}
