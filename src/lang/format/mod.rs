//! The formatter: rule text → the same rules in the house style.
//!
//! ```text
//! text ─lexemes─▶ clauses ──layout──▶ lines ──align──▶ text
//!        │           ▲
//!        └─parse─▶ tree ──marks──▶ where clauses start and lines may break
//! ```
//!
//! It prints the author's own tokens, every one of them, in their order; the tree only says where a
//! line may start, how deep it stands and which brackets are which. So a construct this room has
//! never heard of keeps its place, only its line breaks may be plainer than they could be. Line
//! breaks the author made at such places stay; lines that are too wide get more of them.
//!
//! Sound: before anything is returned the result is read again, and its tree, its comments and its
//! tokens must be those of the original. If they are not, [`Refused::Unsound`] is the answer and the
//! text stays as it was. Formatting twice is formatting once: a property test over generated
//! programs holds it to that. No files here; `menshen fmt` and the language server bring the text.

mod align;
mod clauses;
mod expressions;
mod fold;
mod layout;
mod marks;
mod spacing;
mod stories;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use super::diagnostics::{Diagnostic, Severity};
use super::span::FileId;
use super::syntax::{self, Lexeme, LexemeKind, Parsed, lexemes};

/// Columns of a line, a 汉字 being two. Wider than code usually is: a reply stands on one line with
/// its outcome, and its text cannot be broken.
pub const MAX_WIDTH: usize = 120;
/// Passes after the first until nothing moves: two have been seen to be needed, rarely.
const MAX_SETTLING: usize = 4;
/// Columns of one step of indent.
pub const INDENT: usize = 4;

/// Why a text was left as it is.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refused {
    /// It has mistakes; formatting would hide or spread them.
    #[error("the file has {} syntax error(s)", .0.len())]
    Syntax(Vec<Diagnostic>),
    /// The formatter's own result does not say the same. A fault of the formatter, never of the rules.
    #[error("the formatted text would not say the same; please report this file")]
    Unsound,
}

/// Formats a rule file. `text` is what a file holds, line ends of either kind; the result has the
/// line ends of the first line, and exactly one at its end unless it is empty.
pub fn format(text: &str) -> Result<String, Refused> {
    let crlf = text.find('\n').is_some_and(|at| text[..at].ends_with('\r'));
    let plain = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let plain = plain.replace("\r\n", "\n");
    let mut result = once(&plain)?;
    for _ in 0..MAX_SETTLING {
        let next = once(&result)?;
        if next == result {
            break;
        }
        result = next;
    }
    Ok(if crlf {
        result.replace('\n', "\r\n")
    } else {
        result
    })
}

/// One pass. Where it breaks a line that is too wide, the next may see fewer breaks to be needed.
fn once(plain: &str) -> Result<String, Refused> {
    let parsed = parse(plain)?;
    let tokens = lexemes(plain);
    let code: Vec<Lexeme> = tokens
        .iter()
        .copied()
        .filter(|token| token.kind != LexemeKind::Comment)
        .collect();
    let marks = marks::of(&parsed.file, &code, plain);
    let entries = clauses::of(plain, &tokens, &marks);
    let lines = layout::lines(&entries);
    let result = align::join(lines);
    if !same(plain, &parsed, &tokens, &result) {
        return Err(Refused::Unsound);
    }
    Ok(result)
}

fn parse(text: &str) -> Result<Parsed, Refused> {
    let parsed = syntax::parse(FileId(0), text);
    let errors = parsed
        .diagnostics
        .iter()
        .any(|found| found.severity == Severity::Error);
    if errors {
        return Err(Refused::Syntax(parsed.diagnostics));
    }
    Ok(parsed)
}

/// Whether the result says the same: equal tree, equal comments, equal tokens. Text blocks may be
/// indented anew; that their words are the same is what the tree says.
fn same(text: &str, parsed: &Parsed, tokens: &[Lexeme], result: &str) -> bool {
    let Ok(again) = parse(result) else {
        return false;
    };
    let after = lexemes(result);
    let equal = |(a, b): (&Lexeme, &Lexeme)| {
        a.kind == b.kind
            && (a.kind == LexemeKind::Block || text[a.start..a.end] == result[b.start..b.end])
    };
    syntax::same_tree(&parsed.file, &again.file)
        && tokens.len() == after.len()
        && tokens.iter().zip(&after).all(equal)
}
