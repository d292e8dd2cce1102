//! A bracket that nothing closes.

use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::Token;
use crate::lang::syntax::repair::Sink;

/// `(` or `[` at `open`; `before` is the last token that may belong inside.
pub(super) fn unclosed_bracket(
    text: &str,
    open: &Token,
    tokens: &[&Token],
    before: Option<&Token>,
    sink: &Sink,
) -> Diagnostic {
    let sign = &text[open.start..open.end];
    let close = if sign == "(" { ")" } else { "]" };
    // Around an argument nothing else can be meant; around a condition it may end anywhere.
    let named = text[..open.start].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let whole = |word: &str| {
        let before = text[..open.start].strip_suffix(word);
        before.is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()))
    };
    let called = named && !["not", "and", "or", "when", "where"].into_iter().any(whole);
    // What a function gives is compared with something; what is grouped goes on to the end.
    let compared = tokens
        .iter()
        .skip_while(|token| token.start <= open.start)
        .position(|token| {
            matches!(
                &text[token.start..token.end],
                ">=" | "<=" | "==" | "!=" | "<" | ">"
            )
        });
    let first = tokens.partition_point(|token| token.start <= open.start);
    // The next condition, on a line of its own.
    let all = tokens.last().map_or(open.end, |last| last.end);
    // Conditions of a function's own may be joined and compared.
    let own = ["where ", "first:", "second:"];
    let own = own.iter().any(|word| text[open.start..all].contains(word));
    let joined = tokens.iter().skip(first).position(|token| {
        (token.first || !own) && matches!(&text[token.start..token.end], "and" | "or")
    });
    let compared = compared.filter(|_| !own);
    let until = [compared, joined].into_iter().flatten().min();
    let end = match until {
        Some(until) if until > 0 && (called || sign == "[") => tokens[first + until - 1].end,
        _ => before.map_or(open.end, |token| token.end),
    };
    let here = sink.span(end, end);
    let found = Diagnostic::error(
        "E0135",
        Words::new(
            format!("括号 `{sign}` 没有闭合"),
            format!("this `{sign}` is not closed"),
        ),
        sink.span(open.start, open.end),
        Words::new(
            format!("没有对应的 `{close}`"),
            format!("no `{close}` belongs to it"),
        ),
    );
    let add = Words::new(format!("补上 `{close}`"), format!("add `{close}`"));
    match sign == "[" || compared.is_none() || (called && !own) {
        true => found.with_fix(add, here, close),
        false => found.with_guess(add, here, close),
    }
}
