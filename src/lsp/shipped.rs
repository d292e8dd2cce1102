//! Walks over the shipped rules: whatever stands there is offered where it stands, has a page and a
//! definition, and can be renamed and renamed back.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::str::FromStr as _;

use lsp_types::{TextEdit, Uri, WorkspaceEdit};

use super::names::{Kind, Mention, Target};
use super::world::{Set, World};
use super::{completion, diagnostics, navigate};
use crate::lang::builtins::{CallSpec, Registry};
use crate::lang::compile;
use crate::lang::diagnostics::Language;
use crate::lang::span::{FileId, SourceFile, Sources, Span};
use crate::lang::syntax::{self, Lexeme, LexemeKind, lexemes};

fn registry() -> Registry {
    let mut registry = Registry::standard();
    let desk = registry.register_call(CallSpec::webhook("security_desk"));
    desk.expect("a new name");
    registry
}

/// The folder `rules` as an editor has it open.
fn set() -> Rc<Set> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/guard.rules");
    let text = std::fs::read_to_string(&file).expect("a rule file");
    let uri = url::Url::from_file_path(&file).expect("an absolute path");
    let uri = Uri::from_str(uri.as_str()).expect("an address");
    let mut world = World::new(Box::new(|_, _| registry()));
    world.put(uri.clone(), text, 1);
    let (set, _) = world.set(&uri).expect("a rule set");
    assert_eq!(set.sources.files.len(), 3);
    assert!(set.compiled.diagnostics.is_empty());
    set
}

fn files(set: &Set) -> impl Iterator<Item = (FileId, &SourceFile)> {
    let files = set.sources.files.iter().enumerate();
    files.map(|(index, file)| (FileId(u32::try_from(index).expect("few files")), file))
}

/// Where something is, for people.
fn at(set: &Set, file: FileId, offset: usize) -> String {
    let file = set.sources.file(file).expect("a file");
    let before = &file.text[..offset];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let whole = file.text[start..].lines().next().unwrap_or_default();
    format!("{}:{line}: {}", file.path, whole.trim())
}

fn written(set: &Set, span: Span) -> &str {
    set.sources.slice(span)
}

fn labels(set: &Set, file: FileId, offset: usize) -> Vec<String> {
    let offered = completion::at(set, file, offset, false, Language::Zh);
    offered.into_iter().map(|item| item.label).collect()
}

/// Whether this word is among them, alone or as the first of several.
fn has(labels: &[String], word: &str) -> bool {
    let fits = |label: &String| {
        let rest = label.strip_prefix(word);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':']))
    };
    labels.iter().any(fits)
}

/// Words of a file as they are completed: a path with dots is one.
fn words(text: &str) -> Vec<Lexeme> {
    let mut out: Vec<Lexeme> = Vec::new();
    let mut dotted = false;
    for token in lexemes(text) {
        let is_dot = &text[token.start..token.end] == ".";
        match out.last_mut() {
            Some(last) if (is_dot || dotted) && last.end == token.start => last.end = token.end,
            _ => out.push(token),
        }
        dotted = is_dot;
    }
    out.retain(|token| token.kind == LexemeKind::Word);
    // Half of a unit: `km/h` is offered where `km` stands.
    out.retain(|token| !text[..token.start].ends_with("km/"));
    out
}

/// Names that stand where they are made up, and the words of the platform's own.
fn made_up(set: &Set, span: Span) -> bool {
    let defined = set.names.symbols.iter().any(|it| it.definition == span);
    defined
        || set
            .names
            .of_file(span.file)
            .any(|it| it.span == span && is_handed_over(set, it))
}

fn is_handed_over(set: &Set, mention: &Mention) -> bool {
    matches!(mention.target, Target::Symbol(id) if set.names.symbols[id].kind == Kind::Param)
}

/// Of `seen` places, more than `least`, none is `missing` anything.
fn none_missing(missing: &[String], seen: usize, least: usize) {
    assert!(seen > least, "{seen}");
    let count = missing.len();
    assert!(
        missing.is_empty(),
        "{count} of {seen}:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_keyword_has_a_page_where_it_stands() {
    let set = set();
    let mut missing = Vec::new();
    let mut seen = 0;
    for (file, source) in files(&set) {
        let keyword = |word: &str| syntax::keywords().contains(&word);
        for token in words(&source.text) {
            if !keyword(&source.text[token.start..token.end]) {
                continue;
            }
            seen += 1;
            for language in [Language::Zh, Language::En] {
                if navigate::hover(&set, file, token.start, language).is_null() {
                    missing.push(at(&set, file, token.start));
                }
            }
        }
    }
    none_missing(&missing, seen, 1_000);
}

#[test]
fn every_word_is_offered_where_it_stands() {
    let set = set();
    let mut missing = Vec::new();
    let mut seen = 0;
    for (file, source) in files(&set) {
        for token in words(&source.text) {
            let span = Span::new(file, token.start, token.end);
            let word = written(&set, span);
            if made_up(&set, span) {
                continue;
            }
            seen += 1;
            for offset in [token.start, token.end] {
                if !has(&labels(&set, file, offset), word) {
                    missing.push(format!("`{word}` in {}", at(&set, file, token.start)));
                    break;
                }
            }
        }
    }
    none_missing(&missing, seen, 1_000);
}

/// In texts, too: fields and names between braces, machines, facts, and what the rules listen for.
#[test]
fn every_name_in_a_text_is_offered_where_it_stands() {
    let set = set();
    let mut missing = Vec::new();
    let mut seen = 0;
    for (file, source) in files(&set) {
        let tokens = lexemes(&source.text);
        for mention in set.names.of_file(file) {
            let inside = tokens.iter().any(|token| {
                matches!(token.kind, LexemeKind::Text | LexemeKind::Block)
                    && (token.start..token.end).contains(&mention.span.range().start)
            });
            if !inside || made_up(&set, mention.span) {
                continue;
            }
            seen += 1;
            let word = written(&set, mention.span);
            let labels = labels(&set, file, mention.span.range().end);
            if !has(&labels, word) {
                missing.push(format!(
                    "`{word}` in {}",
                    at(&set, file, mention.span.range().start)
                ));
            }
        }
    }
    none_missing(&missing, seen, 30);
}

#[test]
fn texts_of_stories_are_offered_too() {
    let set = set();
    let offered = |file: &str, line: &str| {
        let (file, source) = files(&set).find(|(_, it)| it.path == file).expect("a file");
        let start = source.text.find(line).expect("the line");
        let quote = start + line.rfind('"').expect("a text");
        labels(&set, file, quote)
    };
    let facts = offered("guard.rules", "expect event \"locked\"");
    assert!(has(&facts, "unlocked"), "{facts:?}");
    let machines = offered(
        "guard.rules",
        "login alice city 纽约 machine \"x\"\n    expect signals",
    );
    assert!(
        has(&machines, "pc-1") && has(&machines, "x"),
        "{machines:?}"
    );
    let said = offered("binding.rules", "wechat 小王 sends \"解绑\"");
    assert!(has(&said, "解除绑定") && !has(&said, "HELP"), "{said:?}");
    let keys = offered("service.rules", "wechat 小王 clicks \"HELP\"");
    assert_eq!(keys, ["HELP", "STATUS"]);
}

#[test]
fn a_story_that_is_being_written_knows_whom_it_has_met() {
    let story = "dialog d {\n    ask a: word \"?\" at most 3 times\n    give up { reply \"x\" }\n    done { reply \"{a}\" }\n}\n\ntest \"x\" {\n    place 北京 39.90 116.40\n    account alice phone \"13800138000\"\n    wechat 小王 sends \"a\"\n    login alice city 北京 machine \"pc 1\"\n    ";
    for (line, expected) in [
        ("wechat ", "小王"),
        ("login ", "alice"),
        ("login alice city ", "北京"),
        ("login alice machine \"", "pc 1"),
        ("operator locks ", "alice"),
        ("issue unlock code \"123456\" to ", "alice"),
        ("expect ", "alice"),
        ("expect ", "小王"),
        ("expect alert to ", "小王"),
        ("expect send to ", "小王"),
        ("expect reply to ", "小王"),
        ("expect in dialog ", "d"),
        ("expect alice ", "locked"),
        ("expect event \"", "locked"),
        ("expect call ", "security_desk"),
    ] {
        let text = format!("{story}{line}");
        let uri = Uri::from_str("untitled:x.rules").expect("an address");
        let mut world = World::new(Box::new(|_, _| registry()));
        world.put(uri.clone(), text.clone(), 1);
        let (set, file) = world.set(&uri).expect("a rule set");
        let labels = labels(&set, file, text.len());
        assert!(has(&labels, expected), "{line}: {labels:?}");
    }
}

/// A word that is the name of something known there is known to be it.
#[test]
fn every_use_of_a_name_is_found() {
    let set = set();
    let mut missing = Vec::new();
    for (file, source) in files(&set) {
        let tests: Vec<Span> = set.parsed[file.0 as usize]
            .file
            .items
            .iter()
            .filter_map(|item| match item {
                syntax::ast::Item::Test(test) => Some(test.span),
                _ => None,
            })
            .collect();
        for token in words(&source.text) {
            let span = Span::new(file, token.start, token.end);
            let word = written(&set, span);
            let story = tests.iter().find(|it| it.range().contains(&token.start));
            let known = set.names.symbols.iter().any(|it| {
                let global = matches!(
                    it.kind,
                    Kind::Let | Kind::List | Kind::Signal | Kind::Dialog | Kind::Variable
                );
                let here = story.is_some_and(|story| {
                    it.definition.file == file
                        && story.range().contains(&it.definition.range().start)
                });
                it.name == word && (global || here)
            });
            let found = set.names.of_file(file).any(|it| it.span == span);
            if known && !found {
                missing.push(format!("`{word}` in {}", at(&set, file, token.start)));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_name_has_a_page_and_a_definition_that_knows_of_it() {
    let set = set();
    let mut wrong = Vec::new();
    for (file, _) in files(&set) {
        for mention in set.names.of_file(file) {
            let offset = mention.span.range().start;
            let place = || at(&set, file, offset);
            let hover = navigate::hover(&set, file, offset, Language::Zh);
            if hover.is_null() {
                wrong.push(format!("no page for {:?}: {}", mention.target, place()));
            }
            let Target::Symbol(id) = mention.target else {
                continue;
            };
            let symbol = &set.names.symbols[id];
            let definitions = navigate::definitions(&set, file, offset);
            let defined = set.location(symbol.definition).expect("a place");
            if !definitions.contains(&defined) {
                wrong.push(format!("no definition: {}", place()));
            }
            let (of, definition) = (symbol.definition.file, symbol.definition.range().start);
            let uses = navigate::references(&set, of, definition, true);
            let here = set.location(mention.span).expect("a place");
            if !uses.contains(&here) {
                wrong.push(format!("its definition does not know of {}", place()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The texts with the edits made, last first.
fn edited(set: &Set, edit: &WorkspaceEdit) -> Sources {
    let mut sources = Sources::clone(&set.sources);
    let edits = changes(edit);
    for (file, source) in files(set) {
        let uri = &set.uris[file.0 as usize];
        let mut of_file: Vec<&TextEdit> = edits
            .iter()
            .filter(|(of, _)| of == uri)
            .map(|(_, edit)| edit)
            .collect();
        of_file.sort_by_key(|edit| (edit.range.start.line, edit.range.start.character));
        let lines = &set.lines[file.0 as usize];
        let mut text = source.text.to_string();
        for edit in of_file.into_iter().rev() {
            let from = lines.offset(&source.text, edit.range.start);
            let to = lines.offset(&source.text, edit.range.end);
            text.replace_range(from..to, &edit.new_text);
        }
        sources.files[file.0 as usize].text = text.into();
    }
    sources
}

fn changes(edit: &WorkspaceEdit) -> Vec<(Uri, TextEdit)> {
    let changes = edit.changes.iter().flatten();
    changes
        .flat_map(|(uri, edits)| edits.iter().map(|edit| (uri.clone(), edit.clone())))
        .collect()
}

/// The same files as an editor has them open with these texts.
fn opened(set: &Set, sources: &Sources) -> Rc<Set> {
    let mut world = World::new(Box::new(|_, _| registry()));
    for (uri, file) in set.uris.iter().zip(&sources.files) {
        world.put(uri.clone(), file.text.to_string(), 1);
    }
    let first = set.uris.first().expect("a file");
    world.set(first).expect("a rule set").0
}

fn texts(sources: &Sources) -> BTreeMap<&str, &str> {
    let files = sources.files.iter();
    files
        .map(|file| (file.path.as_str(), &*file.text))
        .collect()
}

fn in_story(kind: Kind) -> bool {
    matches!(kind, Kind::Account | Kind::User | Kind::Place)
}

/// The edits that rename each of these symbols, or what refuses.
fn renamed(set: &Set, symbols: &[(usize, String)]) -> Result<Sources, String> {
    let mut all = Vec::new();
    for (id, name) in symbols {
        let definition = set.names.symbols[*id].definition;
        let edit = navigate::rename(set, definition.file, definition.range().start, name);
        all.extend(changes(&edit.map_err(|refused| refused.message)?));
    }
    Ok(edited(set, &diagnostics::changes(all)))
}

/// Renames them, checks, and renames them back.
fn there_and_back(set: &Set, symbols: &[(usize, String)]) {
    let what = || {
        let names = symbols.iter().map(|(id, _)| &set.names.symbols[*id].name);
        format!("{:?}", names.collect::<Vec<_>>())
    };
    let sources = renamed(set, symbols).unwrap_or_else(|why| panic!("{}: {why}", what()));
    let found = compile(sources.clone().into(), &registry()).diagnostics;
    assert!(found.is_empty(), "{}: {found:#?}", what());
    let there = opened(set, &sources);
    let back: Vec<(usize, String)> = symbols
        .iter()
        .map(|(id, fresh)| {
            let named = there.names.symbols.iter().position(|it| it.name == *fresh);
            let old = set.names.symbols[*id].name.clone();
            (named.expect("its new name"), old)
        })
        .collect();
    let again = renamed(&there, &back).unwrap_or_else(|why| panic!("{}: {why}", what()));
    assert!(texts(&again) == texts(&set.sources), "{}", what());
}

#[test]
fn a_name_is_taken_where_it_would_mean_two_things() {
    let text = "let z = 3\n\non text \"a{x: word}\" {\n    reply \"{x}\"\n}\n\non text \"b{y: word}{w: word}\" when bound {\n    reply \"{y}{w}\"\n}\n\ntest \"1\" {\n    wechat 小王 sends \"a\"\n    wechat 小李 sends \"a\"\n}\n\ntest \"2\" {\n    wechat 老张 sends \"a\"\n}\n";
    let uri = Uri::from_str("untitled:x.rules").expect("an address");
    let mut world = World::new(Box::new(|_, _| registry()));
    world.put(uri.clone(), text.to_owned(), 1);
    let (set, file) = world.set(&uri).expect("a rule set");
    let renames = |place: &str, name: &str| {
        let at = text.find(place).expect("a place");
        navigate::rename(&set, file, at, name).is_ok()
    };
    assert!(renames("y: word", "x"));
    assert!(!renames("y: word", "w"));
    assert!(!renames("y: word", "z"));
    assert!(!renames("z = 3", "x"));
    assert!(renames("老张", "小王"));
    assert!(!renames("小李", "小王"));
}

#[test]
fn every_name_is_renamed_and_renamed_back() {
    let set = set();
    let mut of_stories = Vec::new();
    let mut fixed = Vec::new();
    for (id, symbol) in set.names.symbols.iter().enumerate() {
        // A name with `_` before it says that nobody uses it.
        let unused = symbol.name.starts_with('_');
        let fresh = format!("{}neu_{id}", if unused { "_" } else { "" });
        if in_story(symbol.kind) {
            of_stories.push((id, fresh));
            continue;
        }
        let start = symbol.definition.range().start;
        match navigate::prepare_rename(&set, symbol.definition.file, start) {
            Ok(_) => there_and_back(&set, &[(id, fresh)]),
            Err(_) => fixed.push(symbol.name.as_str()),
        }
    }
    assert!(of_stories.len() > 100, "{}", of_stories.len());
    there_and_back(&set, &of_stories);
    // What `bind` and others take by these very names.
    fixed.sort_unstable();
    fixed.dedup();
    assert_eq!(fixed, ["code", "phone", "ticket"]);
}
