//! What stands between two tokens of a line, and how a text block is indented.

use super::marks::Marks;
use crate::lang::syntax::{Lexeme, LexemeKind};

/// Whether a blank belongs between two tokens that follow each other.
pub(super) fn between(text: &str, marks: &Marks, left: &Lexeme, right: &Lexeme) -> bool {
    let slice = |token: &Lexeme| match token.kind {
        LexemeKind::Punct => &text[token.start..token.end],
        _ => "",
    };
    let written = left.end != right.start;
    if marks.prefix.contains(&left.start) {
        return false;
    }
    if marks.infix.contains(&left.start) || marks.infix.contains(&right.start) {
        return true;
    }
    match (slice(left), slice(right)) {
        ("{", "}") => false,
        ("{", _) | (_, "{" | "}") => true,
        ("(" | "[", _) => false,
        (_, ")" | "]" | "," | ":" | "%") => false,
        ("," | ":", _) => true,
        // Parts of a path, of a unit or of a signed number; the grammar allows no blank there.
        ("." | "/" | "-", _) | (_, "." | "/") => written,
        (_, "(") => marks.groups.contains(&right.start) || !slice(left).is_empty(),
        (_, "[") => marks.lists.contains(&right.start) || written,
        (_, "-") => true,
        ("", "") => true,
        // `=`, `==`, `~`, … and whatever comes: one blank where the author wrote any.
        (_, "=" | "==" | "!=" | "<" | ">" | "<=" | ">=" | "+" | "*" | "~") => true,
        ("=" | "==" | "!=" | "<" | ">" | "<=" | ">=" | "+" | "*" | "~" | ")" | "]", "") => true,
        _ => written,
    }
}

/// A text block whose words are indented by `indent` columns. One whose first or last line holds
/// words beside the quotes stays as it is: there the indent is part of what it says.
pub(super) fn block(raw: &str, indent: usize) -> String {
    let blank = |line: &&str| line.trim().is_empty();
    let inside = raw
        .strip_prefix("\"\"\"")
        .and_then(|rest| rest.strip_suffix("\"\"\""));
    let mut lines: Vec<&str> = inside.unwrap_or_default().split('\n').collect();
    if lines.len() < 3 || !lines.first().is_some_and(blank) || !lines.last().is_some_and(blank) {
        return raw.to_owned();
    }
    lines.remove(0);
    lines.pop();
    let common = lines
        .iter()
        .filter(|line| !blank(line))
        .map(|line| &line[..line.len() - line.trim_start().len()])
        .reduce(|a, b| {
            let same = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y);
            &a[..same.map_or(a.len().min(b.len()), |((at, _), _)| at)]
        })
        .map_or(0, str::len);
    let margin = " ".repeat(indent);
    let mut out = String::from("\"\"\"\n");
    for line in lines {
        if !blank(&line) {
            out.push_str(&margin);
            out.push_str(&line[common..]);
        }
        out.push('\n');
    }
    out.push_str(&margin);
    out.push_str("\"\"\"");
    out
}
