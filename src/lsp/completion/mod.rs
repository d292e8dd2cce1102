//! What may be written next: keywords by place, and the names the registry and the rule set know.

mod head;
mod story;
mod templates;
mod values;
mod words;

use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, InsertTextFormat,
    MarkupContent, MarkupKind, Range, TextEdit,
};

use crate::lang::builtins::{ActionName, CARDS, OutcomeSpec};
use crate::lang::diagnostics::{Language, codes};
use crate::lang::span::FileId;
use crate::lang::syntax::{LexemeKind, lexemes};
use crate::lsp::describe;
use crate::lsp::names::{Kind, Symbol};
use crate::lsp::place::{self, Block, Place};
use crate::lsp::scene::{self, Scene};
use crate::lsp::world::Set;
use story::Cast;
use words::{ALERT, ASK, DIALOG, ITEMS, SIGNAL, STORY};

/// What a story begins with.
const STORY_ITEM: &str = "test";
/// Suggestions of one answer.
pub const MAX_ITEMS: usize = 1_000;

/// The suggestions at a byte of a file.
pub fn at(
    set: &Set,
    file: FileId,
    offset: usize,
    snippets: bool,
    language: Language,
) -> Vec<CompletionItem> {
    let text = set.text(file);
    let mut offer = Offer {
        set,
        scene: Scene::of(set, text, offset),
        language,
        snippets,
        range: Range::default(),
        items: Vec::new(),
        locals: locals(text, offset),
        own: named_here(text, offset),
        cast: Cast::of(text, offset),
        begun: place::clause_before(text, offset),
    };
    let place = place::of(text, offset);
    let story = offer.scene.item == STORY_ITEM;
    let opened = (story && place == Place::Words).then(|| place::opened_text(text, offset));
    let opened = opened.flatten();
    // Texts of stories are offered whole, blanks and all.
    let start = opened.as_ref().map(|(start, _)| *start);
    let start = start.unwrap_or_else(|| word_start(text, offset));
    if let Some(lines) = set.lines.get(file.0 as usize) {
        offer.range = lines.range(text, start..offset);
    }
    match place {
        Place::Nothing => offer.comment(text.get(..offset).unwrap_or_default()),
        Place::Item => offer.item_words(),
        Place::Clause(block) => offer.clause(&block),
        Place::After(words, block) => offer.after(&words, &block),
        Place::Argument(argument) => offer.argument(&argument),
        Place::Words if story => {
            if let Some((_, words)) = opened {
                offer.story_text(&words);
            }
        }
        Place::Words => offer.words_of_a_text(text.get(offset..).unwrap_or_default()),
        Place::Hole if offer.scene.shows_values() => offer.values(true),
        // Else the braces catch something: under a new name, or under one of another alternative.
        Place::Hole => offer.slots(),
        Place::Extractor => offer.extractors(),
    }
    offer.items.truncate(MAX_ITEMS);
    offer.items
}

struct Offer<'a> {
    set: &'a Set,
    scene: Scene,
    language: Language,
    snippets: bool,
    range: Range,
    items: Vec<CompletionItem>,
    /// Names of this item, with the extractor that gives their type.
    locals: Vec<(String, String)>,
    /// The name that a `let` around the place gives, which its value cannot be.
    own: Option<String>,
    cast: Cast,
    /// The words of the clause before this line, which may go on here.
    begun: Vec<String>,
}

impl Offer<'_> {
    fn push(&mut self, label: &str, kind: CompletionItemKind, detail: String, page: String) {
        self.push_as(label, None, kind, detail, page);
    }

    fn push_as(
        &mut self,
        label: &str,
        snippet: Option<String>,
        kind: CompletionItemKind,
        detail: String,
        page: String,
    ) {
        if self.items.iter().any(|item| item.label == label) {
            return;
        }
        let snippet = snippet.filter(|_| self.snippets);
        let format = snippet.as_ref().map(|_| InsertTextFormat::SNIPPET);
        let new_text = snippet.unwrap_or_else(|| label.to_owned());
        self.items.push(CompletionItem {
            label: label.to_owned(),
            kind: Some(kind),
            detail: (!detail.is_empty()).then_some(detail),
            documentation: (!page.is_empty()).then_some(Documentation::MarkupContent(
                MarkupContent {
                    kind: MarkupKind::Markdown,
                    value: page,
                },
            )),
            insert_text_format: format,
            text_edit: Some(CompletionTextEdit::Edit(TextEdit {
                range: self.range,
                new_text,
            })),
            ..CompletionItem::default()
        });
    }

    fn words(&mut self, words: &[&str]) {
        for word in words {
            self.push(
                word,
                CompletionItemKind::KEYWORD,
                String::new(),
                String::new(),
            );
        }
    }

    fn item_words(&mut self) {
        for (word, shape, zh, en) in ITEMS {
            let page = describe::both(zh, en, self.language);
            let shape = Some(shape.to_owned());
            self.push_as(
                word,
                shape,
                CompletionItemKind::KEYWORD,
                String::new(),
                page,
            );
        }
    }

    /// `# allow NAME`: the warnings that can be silenced.
    fn comment(&mut self, before: &str) {
        let line = before.rsplit('\n').next().unwrap_or_default();
        let Some((code, said)) = line.rsplit_once('#') else {
            return;
        };
        if code.matches('"').count() % 2 == 1 {
            return; // Inside a text.
        }
        let said = said.trim_start();
        if "allow".starts_with(said) {
            let (zh, en) = (
                "就地关掉一个警告，要写原因",
                "silences a warning here, with a reason",
            );
            let page = describe::both(zh, en, self.language);
            self.push("allow", CompletionItemKind::KEYWORD, String::new(), page);
            return;
        }
        let Some(names) = said.strip_prefix("allow ").filter(|it| !it.contains(':')) else {
            return;
        };
        for name in codes::allowable_names().filter(|name| !names.contains(name)) {
            let pages = codes::pages();
            let page = pages
                .filter(|page| codes::warning_name(page.code) == Some(name))
                .map(|page| format!("{} {}", page.code, page.title(self.language)))
                .next();
            let (zh, en) = ("故事不必走到这里", "stories need not go through here");
            let page = page.unwrap_or_else(|| describe::both(zh, en, self.language));
            let shape = Some(format!("{name}: $0"));
            let kind = CompletionItemKind::ENUM_MEMBER;
            self.push_as(name, shape, kind, String::new(), page);
        }
    }

    fn clause(&mut self, block: &Block) {
        match block {
            Block::Top => self.item_words(),
            Block::Actions => self.actions(),
            Block::Signal => {
                self.words(&SIGNAL);
                if matches!(
                    self.begun.first().map(String::as_str),
                    Some("when" | "except")
                ) {
                    self.words(&["and", "or"]);
                }
            }
            Block::Dialog => {
                self.words(&DIALOG);
                if self.begun.first().is_some_and(|word| word == "ask") {
                    self.words(&ASK);
                }
            }
            Block::Alert => self.words(&ALERT),
            Block::Story => self.words(&STORY),
            Block::Fields(card) => self.card_fields(card),
            Block::Outcomes(words) => self.outcomes(words),
        }
    }

    fn actions(&mut self) {
        for spec in self.set.registry.actions() {
            // Asking again is for what was answered, in the dialog that asked.
            let there = spec.kind != ActionName::AskAgain || self.scene.done;
            if !there || !self.scene.has(spec.stages) {
                continue;
            }
            let page = describe::action(spec, self.language);
            let written: &[&str] = match spec.kind {
                ActionName::IssueCode => &["issue unlock code", "issue unbind code"],
                _ => &[spec.name],
            };
            for words in written {
                self.push(
                    words,
                    CompletionItemKind::KEYWORD,
                    String::new(),
                    page.clone(),
                );
            }
        }
    }

    fn card_fields(&mut self, card: &str) {
        if card == "template" {
            return self.template_fields();
        }
        let fields = CARDS.iter().filter(|(name, _)| *name == card);
        for field in fields.flat_map(|(_, fields)| *fields) {
            let label = format!("{}:", field.name);
            self.push(
                &label,
                CompletionItemKind::FIELD,
                String::new(),
                String::new(),
            );
        }
    }

    fn outcomes(&mut self, words: &str) {
        let action = scene::action_named(self.set, words);
        let registry = &self.set.registry;
        let spec = registry.actions().iter().find(|spec| spec.name == action);
        let unbound = spec.filter(|spec| spec.needs_account);
        let unbound = unbound.map(|_| OutcomeSpec::unbound());
        let outcomes = describe::outcomes(self.set, &action);
        for outcome in outcomes.into_iter().chain(unbound) {
            let page = format!("`{}`", describe::brings(&outcome));
            let shape = format!("{} {{ reply \"$0\" }}", outcome.name);
            let kind = CompletionItemKind::ENUM_MEMBER;
            self.push_as(&outcome.name, Some(shape), kind, action.clone(), page);
        }
    }

    fn events(&mut self) {
        for event in self.set.registry.events() {
            let page = describe::event(event, self.language);
            let detail = event.matches.unwrap_or_default().to_owned();
            self.push(event.name, CompletionItemKind::EVENT, detail, page);
        }
    }

    fn extractors(&mut self) {
        for spec in self.set.registry.extractors() {
            let page = describe::extractor(spec, self.language);
            let kind = CompletionItemKind::TYPE_PARAMETER;
            self.push(spec.name, kind, spec.ty.to_string(), page);
        }
        self.symbols(Kind::Extractor);
    }

    fn calls(&mut self) {
        for call in self.set.registry.calls() {
            let page = call.doc.clone();
            self.push(
                &call.name,
                CompletionItemKind::FUNCTION,
                String::new(),
                page,
            );
        }
    }

    fn symbols(&mut self, kind: Kind) {
        let found: Vec<Symbol> = self.set.names.of_kind(kind).cloned().collect();
        for symbol in found {
            let own = self.own.as_ref() == Some(&symbol.name);
            if kind == Kind::Let && (own || !self.scene.has_let(self.set, &symbol.name)) {
                continue;
            }
            let page = describe::symbol(self.set, &symbol, self.language);
            let shown = match kind {
                Kind::List => CompletionItemKind::ENUM,
                Kind::Dialog => CompletionItemKind::MODULE,
                Kind::Let => CompletionItemKind::CONSTANT,
                Kind::Signal => CompletionItemKind::EVENT,
                _ => CompletionItemKind::VARIABLE,
            };
            self.push(&symbol.name, shown, String::new(), page);
        }
    }
}

/// The name of the `let` around `offset`.
fn named_here(text: &str, offset: usize) -> Option<String> {
    let before = text.get(place::start(text, offset)..offset)?;
    let (name, _) = before.strip_prefix("let ")?.split_once('=')?;
    Some(name.trim().to_owned())
}

/// Where the dotted word that ends at `offset` starts.
fn word_start(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or_default();
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    before
        .char_indices()
        .rev()
        .take_while(|(_, c)| part(*c))
        .last()
        .map_or(offset, |(at, _)| at)
}

/// Names caught or asked for in the item around `offset`, each with its extractor; read off the
/// tokens, so that an item that is not finished has them too.
fn locals(text: &str, offset: usize) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let part = text
        .get(place::start(text, offset)..offset)
        .unwrap_or_default();
    if !part.starts_with("on ") && !part.starts_with("dialog ") {
        return found;
    }
    let tokens = lexemes(part);
    let slice = |at: usize| tokens.get(at).map_or("", |it| &part[it.start..it.end]);
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            LexemeKind::Text | LexemeKind::Block => holes(slice(at), &mut found),
            LexemeKind::Word
                if slice(at + 1) == ":"
                    && matches!(at.checked_sub(1).map(slice), Some("with" | "," | "ask")) =>
            {
                found.push((slice(at).to_owned(), slice(at + 2).to_owned()));
            }
            _ => {}
        }
    }
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    found
}

fn holes(text: &str, found: &mut Vec<(String, String)>) {
    for hole in text.split('{').skip(1) {
        let inside = hole.split('}').next().unwrap_or_default();
        if let Some((name, extractor)) = inside.split_once(':') {
            found.push((name.trim().to_owned(), extractor.trim().to_owned()));
        }
    }
}
