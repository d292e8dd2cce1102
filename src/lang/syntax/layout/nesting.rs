//! How deep brackets stand in each other: the grammar, the checker and the drop of a tree recurse.

use super::MAX_DEPTH;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::{Kind, Token};

/// How many brackets are open, each kind closed by its own kind only.
#[derive(Default)]
pub(super) struct Nesting {
    /// `(` and `[`
    pub(super) round: usize,
    /// `{`
    pub(super) braces: usize,
}

impl Nesting {
    /// Counts a sign.
    pub(super) fn see(&mut self, sign: &str) {
        match sign {
            "(" | "[" => self.round += 1,
            ")" | "]" => self.round = self.round.saturating_sub(1),
            "{" => self.braces += 1,
            "}" => self.braces = self.braces.saturating_sub(1),
            _ => {}
        }
    }
}

/// The token of `start..end` at which brackets are nested deeper than the grammar may be trusted with.
/// Asked of the mended text: braces that were put in nest as well.
pub(in crate::lang::syntax) fn bottomless<'t>(
    text: &str,
    tokens: &'t [Token],
    start: usize,
    end: usize,
) -> Option<&'t Token> {
    let mut nesting = Nesting::default();
    let from = tokens.partition_point(|token| token.start < start);
    let inside = tokens[from..].iter().take_while(|token| token.start < end);
    let mut signs = inside.filter(|token| token.kind == Kind::Punct);
    signs.find(|token| {
        nesting.see(&text[token.start..token.end]);
        nesting.round > MAX_DEPTH || nesting.braces > MAX_DEPTH
    })
}

/// E0129.
pub(in crate::lang::syntax) fn too_deep(span: crate::lang::span::Span) -> Diagnostic {
    Diagnostic::error(
        "E0129",
        Words::new("括号嵌套太深", "brackets nested too deep"),
        span,
        Words::new(
            format!("最多 {MAX_DEPTH} 层"),
            format!("at most {MAX_DEPTH} levels"),
        ),
    )
}
