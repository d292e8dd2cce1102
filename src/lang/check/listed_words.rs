//! The name of a list or of a value where a text stands: `on text yes_words`, `reply hello`. The parser takes it for
//! words without quotes; the whole set knows better.

use std::collections::BTreeMap;

use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::span::{Sources, Span};
use crate::lang::syntax::ast;

use super::report::w;

/// What the parser says of words without quotes.
const UNQUOTED: &str = "a text stands in quotes";
/// And of a name beside a text.
const JOINED: &str = "a text and its values stand in one pair of quotes";
/// Entries of a list that are written out.
const MAX_WRITTEN: usize = 12;

/// Says of words without quotes that are a name of the set how what it names is written there.
pub(super) fn as_lists(
    found: Vec<Diagnostic>,
    files: &[ast::File],
    sources: &Sources,
    registry: &Registry,
) -> Vec<Diagnostic> {
    let mut lists: BTreeMap<&str, &ast::ListItem> = BTreeMap::new();
    for file in files {
        for item in &file.items {
            if let ast::Item::List(list) = item {
                lists.insert(&list.name.name, list);
            }
        }
    }
    let told = |one: Diagnostic| {
        if one.title.en == JOINED {
            return outside(&one, files, sources, registry).unwrap_or(one);
        }
        if one.title.en != UNQUOTED {
            return one;
        }
        let span = one.primary.span;
        let other = match lists.get(sources.slice(span)) {
            Some(list) => as_list(&one, list, span, sources),
            None => as_value(&one, span, files, sources, registry),
        };
        other.unwrap_or(one)
    };
    found.into_iter().map(told).collect()
}

/// `reply "您好" please`, where `please` is no value: it belongs to the text, or is too much.
fn outside(
    one: &Diagnostic,
    files: &[ast::File],
    sources: &Sources,
    registry: &Registry,
) -> Option<Diagnostic> {
    let span = one.primary.span;
    let word = sources.slice(span);
    let plain = |c: char| c.is_alphanumeric() || c == '_';
    let text = &sources.file(span.file)?.text;
    if word.is_empty() || !word.chars().all(plain) || named(word, text, files, registry) {
        return None;
    }
    let before = text.get(..span.range().start)?;
    let ended = before.trim_end();
    let behind = text.get(span.range().end..)?;
    let alone = ended.ends_with('"') && !ended.ends_with("\"\"\"");
    let last = behind
        .trim_start_matches(' ')
        .starts_with(['\n', '\r', '}', '#'])
        || behind.is_empty();
    if !alone || !last {
        return None;
    }
    let quote = ended.len() - 1;
    let blank = if word.is_ascii() {
        &before[ended.len()..]
    } else {
        ""
    };
    let place = Span {
        start: u32::try_from(quote).ok()?,
        ..span
    };
    let found = Diagnostic::error(
        one.code,
        w("这几个字在引号外面", "this stands outside the quotes"),
        span,
        w(
            "属于文字就写进引号里，不然去掉",
            "part of the text goes inside its quotes, anything else away",
        ),
    );
    Some(found.with_guess(
        w("写进引号里", "put it inside the quotes"),
        place,
        format!("{blank}{word}\""),
    ))
}

/// Whether a name has a value somewhere in the file or the set.
fn named(name: &str, text: &str, files: &[ast::File], registry: &Registry) -> bool {
    let ways = [
        format!("{{{name}:"),
        format!("ask {name}:"),
        format!("remember {name} "),
    ];
    let mut items = files.iter().flat_map(|file| &file.items);
    items.any(|item| match item {
        ast::Item::Let(item) => item.name.name == name,
        ast::Item::List(item) => item.name.name == name,
        _ => false,
    }) || ways.iter().any(|way| text.contains(way.as_str()))
        || text.contains(&format!("with {name}"))
        || text.contains(&format!(", {name}"))
        || registry.fields().iter().any(|field| field.root() == name)
        || brought(registry, name)
}

/// `reply hello`, where `hello` has a value: that is shown in braces.
fn as_value(
    one: &Diagnostic,
    span: Span,
    files: &[ast::File],
    sources: &Sources,
    registry: &Registry,
) -> Option<Diagnostic> {
    let name = sources.slice(span);
    let plain = |c: char| c.is_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return None;
    }
    let text = &sources.file(span.file)?.text;
    let line = text.get(..span.range().start)?.rsplit('\n').next()?;
    let before = line.split_whitespace().next_back()?;
    let mut items = files.iter().flat_map(|file| &file.items);
    let value = items.find_map(|item| match item {
        ast::Item::Let(item) if item.name.name == name => Some(&item.value),
        _ => None,
    });
    // Names that something takes out, asks for or remembers in this file.
    let given = || {
        let ways = [
            format!("{{{name}:"),
            format!("ask {name}:"),
            format!("remember {name} "),
        ];
        ways.iter().any(|way| text.contains(way.as_str()))
            || registry.fields().iter().any(|field| field.path == name)
            || brought(registry, name)
    };
    let (title, by) = match before {
        "reply" | "send" | "note" | "message" | "invalid" if value.is_some() || given() => (
            w(
                "值写在引号里的花括号里",
                "a value stands in braces, inside quotes",
            ),
            format!("\"{{{name}}}\""),
        ),
        "text" | "containing" | "starting" | "or" if line.trim_start().starts_with("on ") => {
            let value = value.filter(|value| matches!(value.kind, ast::ExprKind::Text(_)))?;
            (
                w(
                    "触发词直接写出来，不能用名字",
                    "what is waited for is written out, no name stands for it",
                ),
                sources.slice(value.span).trim().to_owned(),
            )
        }
        _ => return None,
    };
    let label = w(format!("`{name}` 是一个值"), format!("`{name}` is a value"));
    let how = w(format!("写成 `{by}`"), format!("write `{by}`"));
    Some(Diagnostic::error(one.code, title, span, label).with_guess(how, span, by))
}

/// Whether an outcome of an action brings this name.
fn brought(registry: &Registry, name: &str) -> bool {
    let actions = registry
        .actions()
        .iter()
        .flat_map(|action| &action.outcomes);
    let calls = registry.calls().iter().flat_map(|call| &call.outcomes);
    let mut brings = actions.chain(calls).flat_map(|outcome| &outcome.brings);
    brings.any(|(known, _)| known == name)
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
