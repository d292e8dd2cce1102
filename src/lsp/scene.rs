//! What can be used at a byte of a text: in which item it stands, for which events, in which outcomes.
//!
//! Read off tokens like [`super::place`], so that it is known in the middle of a line too. It goes by
//! the registry's own table of where things are available, and offers rather too much than too little:
//! what is wrong all the same is reported by the checker.

use crate::lang::builtins::{
    AccountView, FieldSpec, FunctionKind, FunctionSpec, OutcomeSpec, Registry, Stage, Stages,
    UNBOUND,
};
use crate::lang::syntax::ast::{Action, ActionKind, Block as Body, Item};
use crate::lang::syntax::{LexemeKind, lexemes};
use crate::lang::value::Type;

use super::describe;
use super::place::{self, Block};
use super::world::Set;

/// `let`s that use `let`s that use…: as deep as this is looked.
const MAX_LETS: usize = 8;

/// The surroundings of a place.
#[derive(Debug, Default)]
pub struct Scene {
    /// The word the item begins with.
    pub item: String,
    /// What is used must be there in all of these.
    pub stages: Stages,
    /// The rule's events.
    events: Vec<String>,
    /// Behind the first brace of the item.
    pub inside: bool,
    /// Behind the `when` of a rule's head.
    pub condition: bool,
    /// In the `done` of a dialog.
    pub done: bool,
    /// In a signal's `except`.
    pub except: bool,
    /// The dialog it belongs to.
    pub dialog: Option<String>,
    /// The outcomes it stands in, outermost first.
    pub outcomes: Vec<OutcomeSpec>,
}

impl Scene {
    /// The surroundings of `offset` in `text`.
    pub fn of(set: &Set, text: &str, offset: usize) -> Self {
        let before = text
            .get(place::start(text, offset)..offset)
            .unwrap_or_default();
        let mut tokens = lexemes(before);
        tokens.retain(|token| token.kind != LexemeKind::Comment);
        let words: Vec<&str> = tokens
            .iter()
            .map(|token| &before[token.start..token.end])
            .collect();
        let mut scene = Self {
            item: words.first().copied().unwrap_or_default().to_owned(),
            ..Self::default()
        };
        match scene.item.as_str() {
            "on" => {
                let writes = tokens.last().is_some_and(|last| last.end == before.len());
                scene.triggers(&set.registry, &words, words.len() - usize::from(writes));
            }
            "dialog" => {
                scene.stages = Stages::CHAT;
                scene.dialog = words.get(1).map(|&name| name.to_owned());
            }
            "signal" => {
                scene.stages = Stages::of(Stage::Signal);
                let clause = words
                    .iter()
                    .rev()
                    .find(|word| matches!(**word, "when" | "except" | "learn"));
                scene.except = clause == Some(&"except");
            }
            _ => {}
        }
        let opened = place::blocks(before, &tokens);
        scene.inside = !opened.is_empty();
        let mut of: Option<&str> = None;
        for opened in &opened {
            match (of, &opened.block, opened.head.as_slice()) {
                (Some(action), Block::Actions, [name]) => {
                    let found = describe::outcomes(set, &action_named(set, action));
                    let unbound = (name == UNBOUND).then(OutcomeSpec::unbound);
                    let known = found.into_iter().find(|outcome| outcome.name == *name);
                    scene.outcomes.extend(known.or(unbound));
                }
                (_, Block::Actions, [head, ..]) if scene.item == "dialog" => {
                    scene.done |= head == "done";
                }
                _ => {}
            }
            of = match &opened.block {
                Block::Outcomes(words) => Some(words.as_str()),
                _ => None,
            };
        }
        scene
    }

    /// The events of a rule's head: after `on`, and after an `or` before the condition.
    /// The first `done` words are finished, not being written.
    fn triggers(&mut self, registry: &Registry, words: &[&str], done: usize) {
        let head = words.split(|word| *word == "{").next().unwrap_or_default();
        self.condition = head[..head.len().min(done)].contains(&"when");
        let head = head.split(|word| *word == "when").next();
        let head = head.unwrap_or_default();
        for pair in head.windows(2) {
            if let ["on" | "or", event] = pair
                && let Some(spec) = registry.event(event)
            {
                self.events.push(spec.name.to_owned());
                self.stages = self.stages.and(spec.stages());
            }
        }
    }

    /// Whether this is the head of a rule.
    pub fn in_head(&self) -> bool {
        self.item == "on" && !self.inside
    }

    /// Whether texts here show values, rather than catch them.
    pub fn shows_values(&self) -> bool {
        self.inside && matches!(self.item.as_str(), "on" | "dialog")
    }

    /// Whether something for these stages can be used.
    pub fn has(&self, stages: Stages) -> bool {
        stages.covers(self.stages)
    }

    /// Whether a field can be used.
    pub fn has_field(&self, field: &FieldSpec, registry: &Registry) -> bool {
        let brings = |event: &String| {
            let open = registry.event(event).is_none_or(|event| event.is_open());
            open || field.only.contains(&event.as_str())
        };
        self.has(field.stages)
            && (field.only.is_empty() || self.events.is_empty() || self.events.iter().any(brings))
            && (self.account_shown() || !field.about_account())
    }

    /// Whether `account.…` is there and no secret: the innermost outcome that says something about it.
    fn account_shown(&self) -> bool {
        let views = self.outcomes.iter().rev().map(|outcome| outcome.account);
        let said = views
            .into_iter()
            .find(|view| *view != AccountView::Unchanged);
        !matches!(said, Some(AccountView::Leaks | AccountView::Absent))
    }

    /// Whether a function can be used.
    pub fn has_function(&self, function: &FunctionSpec) -> bool {
        match function.kind {
            FunctionKind::Trusted => self.except,
            _ => self.has(function.stages),
        }
    }

    /// The names the outcomes bring, the innermost of a name only.
    pub fn brought(&self) -> Vec<(String, Type)> {
        let mut found: Vec<(String, Type)> = Vec::new();
        for (name, ty) in self.outcomes.iter().rev().flat_map(|it| &it.brings) {
            if !found.iter().any(|(known, _)| known == name) {
                found.push((name.clone(), ty.clone()));
            }
        }
        found
    }

    /// Whether a `let` uses only what can be used here.
    pub fn has_let(&self, set: &Set, name: &str) -> bool {
        self.stages.is_empty() || self.let_fits(set, name, MAX_LETS)
    }

    fn let_fits(&self, set: &Set, name: &str, depth: usize) -> bool {
        let mut items = set.parsed.iter().flat_map(|parsed| &parsed.file.items);
        let value = items.find_map(|item| match item {
            Item::Let(item) if item.name.name == name => Some(item.value.span),
            _ => None,
        });
        let Some(text) = value.map(|span| set.sources.slice(span)) else {
            return true;
        };
        let registry = &set.registry;
        let tokens = lexemes(text);
        let word = |at: usize| tokens.get(at).map_or("", |it| &text[it.start..it.end]);
        (0..tokens.len()).all(|at| {
            if tokens[at].kind != LexemeKind::Word || (at > 0 && word(at - 1) == ".") {
                return true;
            }
            if let Some(function) = registry.function(word(at)).filter(|_| word(at + 1) == "(") {
                return self.has_function(function);
            }
            let mut path = word(at).to_owned();
            let mut next = at + 1;
            while word(next) == "." {
                path = format!("{path}.{}", word(next + 1));
                next += 2;
            }
            match registry.field(&path) {
                Some(id) => self.has_field(registry.field_spec(id), registry),
                None if path == name || depth == 0 => true,
                None => self.let_fits(set, &path, depth - 1),
            }
        })
    }

    /// The names other rules hand over to the dialog.
    pub fn handed_over(&self, set: &Set) -> Vec<String> {
        let Some(dialog) = &self.dialog else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in set.parsed.iter().flat_map(|parsed| &parsed.file.items) {
            match item {
                Item::Rule(rule) => handed(&rule.body, dialog, &mut found),
                Item::Dialog(of) => {
                    let cancel = of.cancel.as_ref().map(|cancel| &cancel.block);
                    for body in [cancel, of.give_up.as_ref(), of.done.as_ref()] {
                        body.into_iter()
                            .for_each(|body| handed(body, dialog, &mut found));
                    }
                }
                _ => {}
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

fn handed(body: &Body, dialog: &str, found: &mut Vec<String>) {
    for action in &body.actions {
        let Action { kind, outcomes, .. } = action;
        if let ActionKind::Start { dialog: to, with } = kind
            && to.name == dialog
        {
            found.extend(with.iter().map(|name| name.name.clone()));
        }
        for arm in outcomes.iter().flatten() {
            handed(&arm.block, dialog, found);
        }
    }
}

/// The action that words begin with, as the registry calls it; `call NAME` for a call.
pub fn action_named(set: &Set, words: &str) -> String {
    let parts: Vec<&str> = words.split(' ').collect();
    match parts.as_slice() {
        ["call", name, ..] => return format!("call {name}"),
        // `issue unlock code`
        ["issue", ..] => return "issue code".to_owned(),
        _ => {}
    }
    let actions = set.registry.actions().iter();
    let found = actions
        .filter(|it| words == it.name || words.starts_with(&format!("{} ", it.name)))
        .max_by_key(|it| it.name.len());
    found.map_or(String::new(), |it| it.name.to_owned())
}
