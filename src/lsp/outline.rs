//! What a file consists of, and where names are found over all rule sets.

use std::rc::Rc;

use lsp_types::SymbolKind;
use serde_json::{Value, json};

use super::names::Kind;
use super::world::Set;
use crate::lang::span::{FileId, Span};
use crate::lang::syntax::ast::Item;

/// Characters of a rule's head that are shown as its name.
const MAX_NAME: usize = 80;
/// Names found by one search.
const MAX_FOUND: usize = 500;

/// The items of a file, dialogs with their questions.
pub(super) fn of(set: &Set, file: FileId) -> Value {
    let Some(parsed) = set.parsed.get(file.0 as usize) else {
        return Value::Null;
    };
    let items = parsed.file.items.iter();
    Value::Array(items.filter_map(|item| entry(set, item)).collect())
}

fn entry(set: &Set, item: &Item) -> Option<Value> {
    let one = |name: String, kind, whole: Span, name_span: Span, children: Vec<Value>| {
        symbol(set, &name, kind, whole, name_span, children)
    };
    match item {
        Item::Let(it) => {
            let name = it.name.name.clone();
            one(
                name,
                SymbolKind::CONSTANT,
                it.span,
                it.name.span,
                Vec::new(),
            )
        }
        Item::List(it) => {
            let name = it.name.name.clone();
            one(name, SymbolKind::ARRAY, it.span, it.name.span, Vec::new())
        }
        Item::Extractor(it) => {
            let name = it.name.name.clone();
            one(
                name,
                SymbolKind::INTERFACE,
                it.span,
                it.name.span,
                Vec::new(),
            )
        }
        Item::Signal(it) => {
            let title = set.sources.slice(it.title.span).trim_matches('"');
            let name = format!("{} {title}", it.name.name);
            one(name, SymbolKind::EVENT, it.span, it.name.span, Vec::new())
        }
        Item::Rule(it) => {
            let head = on_one_line(set.sources.slice(it.head));
            one(head, SymbolKind::FUNCTION, it.span, it.head, Vec::new())
        }
        Item::Test(it) => {
            let name = on_one_line(set.sources.slice(it.name.span));
            one(name, SymbolKind::METHOD, it.span, it.name.span, Vec::new())
        }
        Item::Dialog(it) => {
            let asks = it.asks.iter().filter_map(|ask| {
                let (name, place) = (&ask.slot.name, ask.slot.span);
                symbol(set, name, SymbolKind::FIELD, ask.span, place, Vec::new())
            });
            let name = it.name.name.clone();
            one(
                name,
                SymbolKind::CLASS,
                it.span,
                it.name.span,
                asks.collect(),
            )
        }
    }
}

fn symbol(
    set: &Set,
    name: &str,
    kind: SymbolKind,
    whole: Span,
    selected: Span,
    children: Vec<Value>,
) -> Option<Value> {
    // What is selected must lie inside.
    let range = set.range(whole.to(selected))?;
    let selection = set.range(selected)?;
    Some(json!({
        "name": name, "kind": kind, "range": range, "selectionRange": selection, "children": children,
    }))
}

fn on_one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(MAX_NAME).collect()
}

/// The names of all sets that contain `query`, letter case aside.
pub(super) fn search(sets: &[Rc<Set>], query: &str) -> Value {
    let query = query.to_lowercase();
    let mut found = Vec::new();
    for set in sets {
        for symbol in &set.names.symbols {
            let kind = match symbol.kind {
                Kind::Let => SymbolKind::CONSTANT,
                Kind::List => SymbolKind::ARRAY,
                Kind::Signal => SymbolKind::EVENT,
                Kind::Dialog => SymbolKind::CLASS,
                Kind::Extractor => SymbolKind::INTERFACE,
                Kind::Variable => SymbolKind::VARIABLE,
                Kind::Capture
                | Kind::Slot
                | Kind::Param
                | Kind::Account
                | Kind::User
                | Kind::Place => continue,
            };
            if found.len() < MAX_FOUND
                && symbol.name.to_lowercase().contains(&query)
                && let Some(location) = set.location(symbol.definition)
            {
                found.push(json!({ "name": symbol.name, "kind": kind, "location": location }));
            }
        }
    }
    Value::Array(found)
}
