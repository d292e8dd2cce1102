//! The name of a list where a text stands: `on text yes_words`. The parser takes it for words without quotes; the
//! whole set knows better.

use std::collections::BTreeMap;

use crate::lang::diagnostics::Diagnostic;
use crate::lang::span::{Sources, Span};
use crate::lang::syntax::ast;

use super::report::w;

/// What the parser says of words without quotes.
const UNQUOTED: &str = "a text stands in quotes";
/// Entries of a list that are written out.
const MAX_WRITTEN: usize = 12;

/// Says of words without quotes that are a list's name how the list is written there.
pub(super) fn as_lists(
    found: Vec<Diagnostic>,
    files: &[ast::File],
    sources: &Sources,
) -> Vec<Diagnostic> {
    let mut lists: BTreeMap<&str, &ast::ListItem> = BTreeMap::new();
    for file in files {
        for item in &file.items {
            if let ast::Item::List(list) = item {
                lists.insert(&list.name.name, list);
            }
        }
    }
    if lists.is_empty() {
        return found;
    }
    let told = |one: Diagnostic| {
        if one.title.en != UNQUOTED {
            return one;
        }
        let span = one.primary.span;
        match lists.get(sources.slice(span)) {
            Some(list) => as_list(&one, list, span, sources).unwrap_or(one),
            None => one,
        }
    };
    found.into_iter().map(told).collect()
}

fn as_list(
    one: &Diagnostic,
    list: &ast::ListItem,
    span: Span,
    sources: &Sources,
) -> Option<Diagnostic> {
    let text = &sources.file(span.file)?.text;
    let line = text.get(..span.range().start)?.rsplit('\n').next()?;
    let mut before = line.split_whitespace().rev();
    let name = &list.name.name;
    let (title, by) = match (before.next()?, before.next()) {
        ("text" | "click", Some("on" | "or")) => (
            w(
                "列表的名字前面写 `in`",
                "`in` comes before the name of a list",
            ),
            format!("in {name}"),
        ),
        (word @ ("containing" | "starting"), Some("text")) => (
            w(
                format!("`{word}` 后面不能写列表，要写出每个词"),
                format!("`{word}` takes no list, each word is written out"),
            ),
            written_out(list, sources)?,
        ),
        // Beside other words of a dialog's way out.
        ("or" | "on", _) if line.trim_start().starts_with("cancel") => (
            w(
                "列表的名字和引号里的词不能一起写，要写出每个词",
                "a list's name does not go with words in quotes, each word is written out",
            ),
            written_out(list, sources)?,
        ),
        _ => return None,
    };
    let found = Diagnostic::error(
        one.code,
        title,
        span,
        w(format!("`{name}` 是列表"), format!("`{name}` is a list")),
    );
    let how = w(format!("写成 `{by}`"), format!("write `{by}`"));
    Some(found.with_guess(how, span, by))
}

/// The texts of a list in place, joined by `or`.
fn written_out(list: &ast::ListItem, sources: &Sources) -> Option<String> {
    let ast::ListSource::Inline(entries) = &list.source else {
        return None;
    };
    let texts: Vec<&str> = entries
        .iter()
        .filter(|entry| matches!(entry.kind, ast::ExprKind::Text(_)))
        .map(|entry| sources.slice(entry.span).trim())
        .collect();
    (texts.len() == entries.len() && (1..=MAX_WRITTEN).contains(&texts.len()))
        .then(|| texts.join(" or "))
}
