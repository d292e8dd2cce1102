//! Who defines and who uses each name of a rule set, read off the trees.
//!
//! Works on trees with mistakes in them: what could not be parsed is simply not there. It follows
//! the checker's order of looking a name up (past row, local, `let` or `list`, field) and decides
//! nothing about types or availability.

use std::collections::BTreeMap;

use crate::lang::builtins::Registry;
use crate::lang::span::{FileId, Sources, Span};
use crate::lang::syntax::Parsed;
use crate::lang::syntax::ast::{ExtractorUse, Ident, Item};
use crate::lang::value::Type;

/// A name somebody defined.
#[derive(Debug, Clone)]
pub struct Symbol {
    /// What it is.
    pub kind: Kind,
    /// NFKC-normalised.
    pub name: String,
    /// The name where it is defined.
    pub definition: Span,
    /// Where it is defined once more, by mistake.
    pub again: Vec<Span>,
    /// All of the item, clause or line that defines it.
    pub whole: Span,
    /// Its type, where the tree alone says it.
    pub ty: Option<Type>,
}

/// The kinds of [`Symbol`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `let`
    Let,
    /// `list`
    List,
    /// `signal`
    Signal,
    /// `dialog`
    Dialog,
    /// `extractor`
    Extractor,
    /// Set by `remember`.
    Variable,
    /// Caught by a trigger.
    Capture,
    /// Asked for by a dialog.
    Slot,
    /// Handed over by `start … with`.
    Param,
    /// Of a story.
    Account,
    /// Of a story.
    User,
    /// Of a story.
    Place,
}

/// What a stretch of the text means.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A name of the rule set, by its number in [`Names::symbols`].
    Symbol(usize),
    /// A field, by its path.
    Field(String),
    /// A field of past logins, by its bare name.
    RowField(String),
    /// A function.
    Function(String),
    /// A named argument of a function.
    Argument(String),
    /// An event.
    Event(String),
    /// A built-in extractor.
    Extractor(String),
    /// The words of an action.
    Action(&'static str),
    /// An outcome of an action.
    Outcome {
        /// The action, or the registered call.
        action: String,
        /// The outcome.
        name: String,
    },
    /// A name an outcome brings.
    Brought(Type),
    /// A unit.
    Unit(String),
    /// A registered call.
    Call(String),
    /// A stream of the history.
    Stream(String),
}

/// A use or a definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    /// Where.
    pub span: Span,
    /// Of what.
    pub target: Target,
}

/// The names of a rule set.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Every defined name.
    pub symbols: Vec<Symbol>,
    /// Every mention, definitions included, by file and position.
    pub mentions: Vec<Mention>,
}

impl Names {
    /// What stands at a byte of a file; several when one word names several things at once.
    pub fn at(&self, file: FileId, offset: usize) -> Vec<&Mention> {
        let touches = |mention: &&Mention| {
            let bytes = mention.span.range();
            mention.span.file == file && bytes.start <= offset && offset <= bytes.end
        };
        let mut found: Vec<&Mention> = self.mentions.iter().filter(touches).collect();
        // Between two words the one that begins here counts; of nested ones the narrowest.
        if let Some(best) = found
            .iter()
            .min_by_key(|it| (it.span.range().end == offset, it.span.range().len()))
            .map(|it| it.span)
        {
            found.retain(|mention| mention.span == best);
        }
        found
    }

    /// The mentions of one file.
    pub fn of_file(&self, file: FileId) -> impl Iterator<Item = &Mention> {
        self.mentions.iter().filter(move |it| it.span.file == file)
    }

    /// A symbol and those that must always have its name too: what `start … with` hands over has one
    /// name on both sides.
    pub fn family(&self, symbol: usize) -> Vec<usize> {
        let mut family = vec![symbol];
        loop {
            let spans: Vec<Span> = self
                .mentions
                .iter()
                .filter(|it| matches!(it.target, Target::Symbol(id) if family.contains(&id)))
                .map(|it| it.span)
                .collect();
            let more: Vec<usize> = self
                .mentions
                .iter()
                .filter(|it| spans.contains(&it.span))
                .filter_map(|it| match it.target {
                    Target::Symbol(id) if !family.contains(&id) => Some(id),
                    _ => None,
                })
                .collect();
            if more.is_empty() {
                return family;
            }
            family.extend(more);
            family.sort_unstable();
            family.dedup();
        }
    }

    /// Every place that names one of `symbols`, each once.
    pub fn places(&self, symbols: &[usize]) -> Vec<Span> {
        let mut places: Vec<Span> = self
            .mentions
            .iter()
            .filter(|it| matches!(it.target, Target::Symbol(id) if symbols.contains(&id)))
            .map(|it| it.span)
            .collect();
        places.sort();
        places.dedup();
        places
    }

    /// Of the places of `symbols` those that go with the one at `place` where a name is defined twice, which is
    /// what a new name is to end: a use goes with the definition of its own file, or with the first.
    pub fn places_with(&self, symbols: &[usize], place: Option<Span>) -> Vec<Span> {
        let places = self.places(symbols);
        let known = symbols.iter().filter_map(|id| self.symbols.get(*id));
        let Some(double) = known.clone().find(|symbol| !symbol.again.is_empty()) else {
            return places;
        };
        let definitions: Vec<Span> = std::iter::once(double.definition)
            .chain(double.again.iter().copied())
            .collect();
        let own = |place: &Span| {
            let here = definitions.iter().find(|known| *known == place);
            let file = || definitions.iter().find(|known| known.file == place.file);
            here.or_else(file).or_else(|| definitions.first()).copied()
        };
        match place {
            Some(at) => {
                let wanted = own(&at);
                places
                    .into_iter()
                    .filter(|place| own(place) == wanted)
                    .collect()
            }
            None => places,
        }
    }

    /// The symbols of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Symbol> {
        self.symbols.iter().filter(move |it| it.kind == kind)
    }
}

/// Reads the names off the trees of a rule set.
pub fn of(parsed: &[Parsed], sources: &Sources, registry: &Registry) -> Names {
    let mut walk = Walk {
        registry,
        sources,
        names: Names::default(),
        globals: BTreeMap::new(),
        members: BTreeMap::new(),
        locals: Vec::new(),
        story: BTreeMap::new(),
        dialog: None,
        in_row: false,
    };
    let items = || parsed.iter().flat_map(|parsed| &parsed.file.items);
    items().for_each(|item| walk.define(item));
    items().for_each(|item| walk.variables(item));
    items().for_each(|item| walk.item(item));
    let mut names = walk.names;
    names.mentions.sort_by_key(|it| (it.span, it.span.end));
    names.mentions.dedup();
    names
}

/// A name that is known in a stretch of a rule only.
#[derive(Debug, Clone)]
pub(super) enum Local {
    Symbol(usize),
    Brought(Type),
}

pub(super) struct Walk<'a> {
    pub(super) registry: &'a Registry,
    pub(super) sources: &'a Sources,
    pub(super) names: Names,
    globals: BTreeMap<(Kind, String), usize>,
    /// Slots and parameters, by dialog.
    members: BTreeMap<(String, String), usize>,
    pub(super) locals: Vec<(String, Local)>,
    story: BTreeMap<(Kind, String), usize>,
    /// The dialog being read.
    pub(super) dialog: Option<String>,
    /// Inside `where:`, `of:`, `by:`.
    pub(super) in_row: bool,
}

impl Walk<'_> {
    pub(super) fn mention(&mut self, span: Span, target: Target) {
        self.names.mentions.push(Mention { span, target });
    }

    fn add(&mut self, kind: Kind, name: &Ident, whole: Span, ty: Option<Type>) -> usize {
        self.names.symbols.push(Symbol {
            kind,
            name: name.name.clone(),
            definition: name.span,
            again: Vec::new(),
            whole,
            ty,
        });
        let id = self.names.symbols.len() - 1;
        self.mention(name.span, Target::Symbol(id));
        id
    }

    fn global(&mut self, kind: Kind, name: &Ident, whole: Span) {
        let key = (kind, name.name.clone());
        if let Some(&id) = self.globals.get(&key) {
            // Defined twice; reported by the checker. Both places are mentions of the first.
            self.mention(name.span, Target::Symbol(id));
            // What is remembered is so wherever a rule says it.
            let symbol = self.names.symbols.get_mut(id);
            if let Some(symbol) = symbol.filter(|it| it.kind != Kind::Variable) {
                symbol.again.push(name.span);
            }
        } else {
            let id = self.add(kind, name, whole, None);
            self.globals.insert(key, id);
        }
    }

    /// The names an item defines for the whole set.
    fn define(&mut self, item: &Item) {
        match item {
            Item::Let(item) => self.global(Kind::Let, &item.name, item.span),
            Item::List(item) => self.global(Kind::List, &item.name, item.span),
            Item::Signal(item) => self.global(Kind::Signal, &item.name, item.span),
            Item::Extractor(item) => self.global(Kind::Extractor, &item.name, item.span),
            Item::Dialog(item) => {
                self.global(Kind::Dialog, &item.name, item.span);
                for ask in &item.asks {
                    let key = (item.name.name.clone(), ask.slot.name.clone());
                    if let Some(&id) = self.members.get(&key) {
                        self.mention(ask.slot.span, Target::Symbol(id));
                        continue;
                    }
                    let ty = self.extractor_type(&ask.extractor);
                    let id = self.add(Kind::Slot, &ask.slot, ask.span, ty);
                    self.members.insert(key, id);
                }
            }
            Item::Rule(_) | Item::Test(_) => {}
        }
    }

    /// A variable set by `remember`.
    pub(super) fn variable(&mut self, name: &Ident, whole: Span) {
        self.global(Kind::Variable, name, whole);
    }

    /// A name handed over to a dialog that is no slot of it.
    pub(super) fn handed_over(&mut self, dialog: &Ident, name: &Ident) {
        let key = (dialog.name.clone(), name.name.clone());
        if let Some(&id) = self.members.get(&key) {
            self.mention(name.span, Target::Symbol(id));
        } else if self
            .globals
            .contains_key(&(Kind::Dialog, dialog.name.clone()))
        {
            let id = self.add(Kind::Param, name, name.span, None);
            self.members.insert(key, id);
        }
    }

    /// Makes the slots and parameters of a dialog known.
    pub(super) fn enter_dialog(&mut self, dialog: &str) {
        self.dialog = Some(dialog.to_owned());
        for ((of, name), &id) in &self.members {
            if of == dialog {
                self.locals.push((name.clone(), Local::Symbol(id)));
            }
        }
    }

    /// A use of a name of the whole set.
    pub(super) fn use_global(&mut self, kind: Kind, name: &Ident) -> bool {
        self.use_named(kind, &name.name, name.span)
    }

    pub(super) fn use_named(&mut self, kind: Kind, name: &str, span: Span) -> bool {
        let found = self.globals.get(&(kind, name.to_owned())).copied();
        if let Some(id) = found {
            self.mention(span, Target::Symbol(id));
        }
        found.is_some()
    }

    /// A capture; the same name in another alternative of the trigger is the same capture.
    pub(super) fn capture(&mut self, name: &Ident, extractor: &ExtractorUse, whole: Span) {
        let known = self.locals.iter().find_map(|(known, local)| match local {
            Local::Symbol(id) if *known == name.name => Some(*id),
            _ => None,
        });
        match known {
            Some(id) => self.mention(name.span, Target::Symbol(id)),
            None => {
                let ty = self.extractor_type(extractor);
                let id = self.add(Kind::Capture, name, whole, ty);
                self.locals.push((name.name.clone(), Local::Symbol(id)));
            }
        }
        self.extractor(extractor);
    }

    fn extractor_type(&self, extractor: &ExtractorUse) -> Option<Type> {
        let spec = self.registry.extractor(&extractor.name.name);
        Some(spec.map_or(Type::Text, |spec| spec.ty.clone()))
    }

    /// The use of an extractor, with the lists it names.
    pub(super) fn extractor(&mut self, extractor: &ExtractorUse) {
        use crate::lang::syntax::ast::ExtractorArg;
        let name = &extractor.name;
        if !self.use_global(Kind::Extractor, name) && self.registry.extractor(&name.name).is_some()
        {
            self.mention(name.span, Target::Extractor(name.name.clone()));
        }
        for arg in &extractor.args {
            match arg {
                ExtractorArg::Number(_, _) => {}
                ExtractorArg::Name(list) => {
                    self.use_global(Kind::List, list);
                }
            }
        }
    }

    /// A name that stands alone where a value is wanted.
    pub(super) fn bare(&mut self, name: &Ident) -> bool {
        if self.in_row && self.registry.row_field(&name.name).is_some() {
            self.mention(name.span, Target::RowField(name.name.clone()));
            return true;
        }
        let local = self
            .locals
            .iter()
            .rev()
            .find(|(known, _)| *known == name.name);
        match local.map(|(_, local)| local.clone()) {
            Some(Local::Symbol(id)) => self.mention(name.span, Target::Symbol(id)),
            Some(Local::Brought(ty)) => self.mention(name.span, Target::Brought(ty)),
            None => {
                return [Kind::Variable, Kind::Let, Kind::List]
                    .into_iter()
                    .any(|kind| self.use_global(kind, name));
            }
        }
        true
    }

    /// A story begins: its accounts, users and places are its own.
    pub(super) fn enter_story(&mut self) {
        self.story.clear();
    }

    /// A name of a story, defined where it is met first.
    pub(super) fn story_name(&mut self, kind: Kind, name: &Ident, whole: Span) {
        let key = (kind, name.name.clone());
        if let Some(&id) = self.story.get(&key) {
            self.mention(name.span, Target::Symbol(id));
        } else {
            let id = self.add(kind, name, whole, None);
            self.story.insert(key, id);
        }
    }

    /// A name of a story that may be an account or a user.
    pub(super) fn story_subject(&mut self, name: &Ident) {
        let found = [Kind::Account, Kind::User]
            .into_iter()
            .find_map(|kind| self.story.get(&(kind, name.name.clone())).copied());
        if let Some(id) = found {
            self.mention(name.span, Target::Symbol(id));
        }
    }
}
