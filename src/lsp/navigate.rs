//! From a place to what it names: hover, definition, references, rename.

use std::collections::BTreeSet;

use lsp_types::{Location, TextEdit, WorkspaceEdit};
use serde_json::{Value, json};

use super::describe;
use super::diagnostics::changes;
use super::names::{Kind, Target};
use super::server::Refusal;
use super::world::Set;
use crate::lang::builtins::{Registry, words};
use crate::lang::diagnostics::Language;
use crate::lang::span::{FileId, Span};
use crate::lang::syntax::ast::Item;
use crate::lang::syntax::{LexemeKind, lexemes, reserved};

/// Names that `bind`, `unbind` and `unlock account` take from their surroundings.
const TAKEN_BY_NAME: [&str; 3] = ["phone", "code", "ticket"];

/// The words of these actions.
const TAKERS: [&str; 3] = ["bind", "unbind", "unlock"];

/// The documentation of what stands at a place.
pub(super) fn hover(set: &Set, file: FileId, offset: usize, language: Language) -> Value {
    let mentions = set.names.at(file, offset);
    let pages: Vec<String> = mentions
        .iter()
        .filter_map(|it| describe::target(set, &it.target, language))
        .collect();
    let range = mentions.first().and_then(|it| set.range(it.span));
    if pages.is_empty() {
        return keyword(set, file, offset, language);
    }
    let value = pages.join("\n\n---\n\n");
    json!({ "contents": { "kind": "markdown", "value": value }, "range": range })
}

/// The uses of the keyword at a place, outside texts and comments.
fn keyword(set: &Set, file: FileId, offset: usize, language: Language) -> Value {
    let text = set.text(file);
    let tokens = lexemes(text);
    let token = tokens.iter().find(|token| {
        token.kind == LexemeKind::Word && (token.start..=token.end).contains(&offset)
    });
    let Some(token) = token else {
        return Value::Null;
    };
    let pages: Vec<String> = words::uses(&text[token.start..token.end])
        .map(|(_, form, zh, en)| describe::keyword(form, zh, en, language))
        .collect();
    if pages.is_empty() {
        return Value::Null;
    }
    let range = set.range(Span::new(file, token.start, token.end));
    let value = pages.join("\n\n---\n\n");
    json!({ "contents": { "kind": "markdown", "value": value }, "range": range })
}

/// The symbols at a place.
fn symbols(set: &Set, file: FileId, offset: usize) -> Vec<usize> {
    let mentions = set.names.at(file, offset);
    let symbol = |target: &Target| match target {
        Target::Symbol(id) => Some(*id),
        _ => None,
    };
    mentions
        .iter()
        .filter_map(|it| symbol(&it.target))
        .collect()
}

/// Where what stands at a place is defined.
pub(super) fn definitions(set: &Set, file: FileId, offset: usize) -> Vec<Location> {
    let spans: BTreeSet<Span> = symbols(set, file, offset)
        .into_iter()
        .filter_map(|id| set.names.symbols.get(id))
        .map(|symbol| symbol.definition)
        .collect();
    spans
        .into_iter()
        .filter_map(|span| set.location(span))
        .collect()
}

/// Every place that names what stands at a place.
pub(super) fn references(
    set: &Set,
    file: FileId,
    offset: usize,
    with_definition: bool,
) -> Vec<Location> {
    let found = symbols(set, file, offset);
    let is_definition = |span: &Span| {
        let defined = |id: &usize| set.names.symbols.get(*id).map(|it| it.definition);
        found.iter().any(|id| defined(id) == Some(*span))
    };
    set.names
        .places(&found)
        .into_iter()
        .filter(|span| with_definition || !is_definition(span))
        .filter_map(|span| set.location(span))
        .collect()
}

/// The places in the same file.
pub(super) fn highlights(set: &Set, file: FileId, offset: usize) -> Value {
    let found = symbols(set, file, offset);
    let ranges = set.names.places(&found).into_iter();
    let ranges = ranges.filter(|span| span.file == file);
    let ranges = ranges.filter_map(|span| set.range(span));
    Value::Array(ranges.map(|range| json!({ "range": range })).collect())
}

/// The word that would be renamed, or why it cannot be.
pub(super) fn prepare_rename(set: &Set, file: FileId, offset: usize) -> Result<Value, Refusal> {
    let family = renamed(set, file, offset)?;
    let mention = set.names.at(file, offset);
    let span = mention.first().map(|it| it.span);
    let name = family.first().and_then(|id| set.names.symbols.get(*id));
    match (span.and_then(|span| set.range(span)), name) {
        (Some(range), Some(symbol)) => Ok(json!({ "range": range, "placeholder": symbol.name })),
        _ => Ok(Value::Null),
    }
}

/// What has to be renamed together.
fn renamed(set: &Set, file: FileId, offset: usize) -> Result<Vec<usize>, Refusal> {
    let Some(&symbol) = symbols(set, file, offset).first() else {
        return Err(Refusal::invalid(
            "这里没有可以改名的名字：语言自带的名字改不了 (no name of this rule set here)",
        ));
    };
    let family = set.names.family(symbol);
    let fixed = family.iter().filter_map(|id| set.names.symbols.get(*id));
    let fixed = fixed
        .filter(|it| {
            matches!(
                it.kind,
                Kind::Capture | Kind::Slot | Kind::Param | Kind::Variable
            )
        })
        .find(|it| TAKEN_BY_NAME.contains(&it.name.as_str()));
    if let Some(symbol) = fixed.filter(|_| takes_by_name(set)) {
        let name = &symbol.name;
        return Err(Refusal::invalid(format!(
            "`{name}` 不能改名：`bind` 等动作按这个名字取值 (`{name}` is taken by `bind` and others by this very name)"
        )));
    }
    Ok(family)
}

/// Whether any rule has an action that takes such names.
fn takes_by_name(set: &Set) -> bool {
    let mut texts = set.sources.files.iter().map(|file| &file.text);
    texts.any(|text| {
        let mut words = text.split(|c: char| !c.is_ascii_alphabetic());
        words.any(|word| TAKERS.contains(&word))
    })
}

/// The edits that give what stands at a place another name.
pub(super) fn rename(
    set: &Set,
    file: FileId,
    offset: usize,
    name: &str,
) -> Result<WorkspaceEdit, Refusal> {
    let family = renamed(set, file, offset)?;
    free(set, &family, name)?;
    let here = set.names.at(file, offset).first().map(|it| it.span);
    let places = set.names.places_with(&family, here).into_iter();
    let edits = places.filter_map(|span| {
        let location = set.location(span)?;
        let edit = TextEdit {
            range: location.range,
            new_text: name.to_owned(),
        };
        Some((location.uri, edit))
    });
    Ok(changes(edits))
}

/// Refuses names that are none, or that would come to mean something else.
fn free(set: &Set, family: &[usize], name: &str) -> Result<(), Refusal> {
    use unicode_normalization::UnicodeNormalization as _;
    let tokens = lexemes(name);
    let one_word = matches!(tokens.as_slice(), [token]
        if token.kind == LexemeKind::Word && token.start == 0 && token.end == name.len());
    let starts_right = name.starts_with(|c: char| !c.is_numeric());
    if !one_word || !starts_right || reserved().contains(&name) {
        return Err(Refusal::invalid(format!(
            "`{name}` 不是一个名字 (`{name}` is no name)"
        )));
    }
    let plain: String = name.nfkc().collect();
    let in_story = |kind: Kind| matches!(kind, Kind::Account | Kind::User | Kind::Place);
    let kinds: Vec<Kind> = family
        .iter()
        .filter_map(|id| set.names.symbols.get(*id))
        .map(|it| it.kind)
        .collect();
    let story = kinds.iter().all(|kind| in_story(*kind));
    let local =
        |kind: Kind| in_story(kind) || matches!(kind, Kind::Capture | Kind::Slot | Kind::Param);
    let locals = kinds.iter().all(|kind| local(*kind));
    let mine = items(set, family);
    // What only some items know may be called the same in others.
    let meets = |id: usize, kind: Kind| {
        !(locals && local(kind)) || items(set, &[id]).iter().any(|item| mine.contains(item))
    };
    let taken = set.names.symbols.iter().enumerate().any(|(id, it)| {
        it.name == plain
            && !family.contains(&id)
            && in_story(it.kind) == story
            && meets(id, it.kind)
    });
    if taken || (!story && built_in(&set.registry, &plain)) {
        return Err(Refusal::invalid(format!(
            "已经有 `{name}` 了 (there is a `{name}` already)"
        )));
    }
    Ok(())
}

/// The items that name one of these symbols.
fn items(set: &Set, symbols: &[usize]) -> BTreeSet<Span> {
    let spans = set.parsed.iter().flat_map(|parsed| &parsed.file.items);
    let places = set.names.places(symbols);
    spans
        .map(whole)
        .filter(|item| places.iter().any(|place| item.contains(*place)))
        .collect()
}

fn whole(item: &Item) -> Span {
    match item {
        Item::Let(it) => it.span,
        Item::List(it) => it.span,
        Item::Rule(it) => it.span,
        Item::Signal(it) => it.span,
        Item::Dialog(it) => it.span,
        Item::Extractor(it) => it.span,
        Item::Test(it) => it.span,
    }
}

fn built_in(registry: &Registry, name: &str) -> bool {
    registry.field(name).is_some()
        || registry.row_field(name).is_some()
        || registry.function(name).is_some()
        || registry.extractor(name).is_some()
        || registry.fields().iter().any(|field| field.root() == name)
}
