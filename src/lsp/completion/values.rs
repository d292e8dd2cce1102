//! What may follow the words of a clause: keywords, values, units, operators; and the arguments of calls.

use lsp_types::CompletionItemKind;

use super::words::{CONSTANTS, NEXT, OPERATORS};
use super::{Offer, describe};
use crate::lang::builtins::{
    ArgKind, BY_KEYS, COUNTED, ExtractorKind, FieldSpec, FunctionKind, LIST_TYPES, NamedArg,
    SIGNALS, STREAMS, Stage, Stages,
};
use crate::lang::value::Type;
use crate::lsp::names::Kind;
use crate::lsp::place::{Argument, Block};

impl Offer<'_> {
    /// Directly after these words of a clause.
    pub(super) fn after(&mut self, words: &[String], block: &Block) {
        let first = words.first().map_or("", String::as_str);
        let last = words.last().map_or("", String::as_str);
        let condition = words
            .iter()
            .any(|it| matches!(it.as_str(), "when" | "unless" | "except"));
        if is_number(last) {
            return self.after_number(words, condition);
        }
        let story = *block == Block::Story;
        if story {
            self.story_line(words);
            return self.next_words(words, first, last);
        }
        if self.scene.in_head() && self.rule_head(words) {
            return;
        }
        match (first, last) {
            ("cancel", "on") => return self.symbols(Kind::List),
            ("list", ":") => {
                let types: Vec<&str> = LIST_TYPES.iter().map(|(name, _)| *name).collect();
                return self.words(&types);
            }
            (_, "start") => return self.symbols(Kind::Dialog),
            (_, "forget") => return self.symbols(Kind::Variable),
            ("ask", "again") => return self.slots(),
            ("ask", "ask") if *block == Block::Actions => return self.words(&["again"]),
            ("start", "with" | ",") => return self.handed(),
            ("trust" | "close", "alert") => self.slots(),
            ("list", _) if words.len() == 4 => return self.words(&["from", "="]),
            (_, "per") if *block == Block::Actions => {
                // `once per` a time, `per` what the alerts are told apart by.
                let once = words.iter().rev().nth(1).is_some_and(|word| word == "once");
                return match once {
                    true => self.symbols(Kind::Let),
                    false => self.present_fields(|_| true),
                };
            }
            ("alert", unit) if self.set.registry.unit(unit).is_some() => {
                return self.words(&["expires", "once per", "per"]);
            }
            ("learn", unit) if self.set.registry.unit(unit).is_some() => {
                return self.words(&["and"]);
            }
            ("trust", _) if words.len() == 3 => return self.words(&["for"]),
            (_, "template") if *block == Block::Alert => return self.templates(),
            (_, "call") => return self.calls(),
            _ => {}
        }
        self.next_words(words, first, last);
        let takes_values = condition
            || matches!(
                first,
                "let" | "remember" | "call" | "when" | "except" | "and" | "or"
            )
            || matches!(block, Block::Fields(_))
            || last == ":";
        if !takes_values {
            return;
        }
        if wants_value(last) {
            return self.values(false);
        }
        match first {
            // The name of what is called, remembered or set.
            "let" | "remember" | "call" if words.len() <= 2 => {}
            "remember" => {
                self.words(&["for"]);
                self.words(&OPERATORS);
            }
            _ if self.scene.in_head() => {
                self.words(&OPERATORS);
                self.words(&["even in dialog", "continue"]);
            }
            "ask" => {
                self.words(&OPERATORS);
                self.words(&["invalid", "at most"]);
            }
            _ => self.words(&OPERATORS),
        }
    }

    /// A number wants its unit, where it has one.
    fn after_number(&mut self, words: &[String], condition: bool) {
        let before = words.len().checked_sub(2).map_or("", |at| &words[at]);
        let first = words.first().map_or("", String::as_str);
        match (first, before) {
            // Coordinates have no unit.
            ("place", _) => self.next_words(words, first, ""),
            (_, "most") | (_, ",") => self.words(&["times"]),
            ("signal", "weight") => self.words(&["shadow"]),
            ("learn", "until" | "and") => {
                self.units(Some(&Type::Duration));
                self.words(&["logins"]);
            }
            (_, "expires" | "for" | "after" | "every" | "per") => self.units(Some(&Type::Duration)),
            _ => {
                self.units(None);
                if condition {
                    self.words(&["and", "or"]);
                }
            }
        }
    }

    fn next_words(&mut self, words: &[String], first: &str, last: &str) {
        for (clause, word, next) in NEXT {
            let fits_clause = *clause == "*" || *clause == first;
            let fits_word = match *word {
                "*" => words.len() >= 2,
                "*name" => words.len() == 2 && !is_keyword(first, last),
                word => word == last,
            };
            if fits_clause && fits_word {
                self.words(next);
            }
        }
    }

    /// An argument of a call: what it takes, and the names of further ones where one begins.
    pub(super) fn argument(&mut self, argument: &Argument) {
        let registry = &self.set.registry;
        if let Some(extractor) = registry.extractor(&argument.function) {
            if extractor.kind == ExtractorKind::OneOf {
                self.symbols(Kind::List);
            }
            return;
        }
        let Some(spec) = registry.function(&argument.function) else {
            return;
        };
        // In a `let` nothing says where it will be used, but what asks history is for logins.
        if self.scene.stages.is_empty() && matches!(spec.kind, FunctionKind::History(_)) {
            self.scene.stages = Stages::of(Stage::Signal);
        }
        let named = argument
            .named
            .as_deref()
            .map(|word| spec.named.iter().copied().find(|it| it.word() == word));
        if is_number(&argument.last) {
            let time = matches!(named, Some(Some(NamedArg::Within | NamedArg::Gap)));
            return self.units(time.then_some(&Type::Duration));
        }
        let begins = argument.last.is_empty() || matches!(argument.last.as_str(), "[" | ",");
        match named {
            Some(Some(NamedArg::By)) if begins => {
                let keys: Vec<&str> = BY_KEYS.iter().map(|(name, _)| *name).collect();
                self.words(&keys);
            }
            Some(Some(NamedArg::Of)) if begins => self.streams(),
            Some(Some(NamedArg::By | NamedArg::Of)) => {}
            Some(Some(NamedArg::Where | NamedArg::First | NamedArg::Second)) => {
                if wants_value(&argument.last) {
                    self.row_fields(&[]);
                    self.values(false);
                } else {
                    self.words(&OPERATORS);
                }
            }
            // A constant, which may have a name.
            Some(Some(_)) if begins => self.symbols(Kind::Let),
            Some(_) => {}
            None if begins => {
                let last = spec.args.last().filter(|_| spec.variadic);
                match spec.args.get(argument.nth).or(last).map(|arg| arg.kind) {
                    None | Some(ArgKind::Percent) => {}
                    Some(ArgKind::Stream) => self.streams(),
                    Some(ArgKind::RowField(types)) => self.row_fields(types),
                    Some(ArgKind::PresentField) => self.present_fields(|field| field.row),
                    Some(ArgKind::CountedField) => {
                        self.present_fields(|field| field.row && COUNTED.contains(&field.bare()));
                    }
                    Some(ArgKind::Value(_) | ArgKind::Same) => self.values(false),
                }
                // Behind those that must be there.
                if matches!(spec.kind, FunctionKind::History(_)) && argument.nth >= spec.args.len()
                {
                    self.argument_names(spec.named, &argument.given);
                }
            }
            None => self.words(&OPERATORS),
        }
    }

    fn argument_names(&mut self, named: &[NamedArg], given: &[String]) {
        for arg in named
            .iter()
            .filter(|arg| !given.iter().any(|it| it == arg.word()))
        {
            let (zh, en) = arg.takes();
            let page = describe::both(zh, en, self.language);
            let label = format!("{}:", arg.word());
            self.push(&label, CompletionItemKind::PROPERTY, String::new(), page);
        }
    }

    fn streams(&mut self) {
        for (name, _, zh, en) in STREAMS {
            let page = describe::both(zh, en, self.language);
            self.push(name, CompletionItemKind::ENUM, String::new(), page);
        }
    }

    /// Fields of past logins, by their bare names; of these types, if any are given.
    fn row_fields(&mut self, types: &[Type]) {
        let fields = self.set.registry.fields();
        for field in fields.iter().filter(|field| field.row) {
            if types.is_empty() || types.contains(&field.ty) {
                let page = describe::both(field.zh, field.en, self.language);
                let detail = field.ty.to_string();
                self.push(field.bare(), CompletionItemKind::FIELD, detail, page);
            }
        }
    }

    /// Fields that can be used here and are `wanted`.
    fn present_fields(&mut self, wanted: impl Fn(&FieldSpec) -> bool) {
        let registry = &self.set.registry;
        for field in registry.fields() {
            if wanted(field) && self.scene.has_field(field, registry) {
                let page = describe::field_page(field, self.language);
                let detail = field.ty.to_string();
                self.push(field.path, CompletionItemKind::FIELD, detail, page);
            }
        }
    }

    /// The units, or those of one type.
    fn units(&mut self, of: Option<&Type>) {
        let units = self.set.registry.units().iter();
        for unit in units.filter(|unit| of.is_none_or(|ty| unit.ty == *ty)) {
            let page = describe::unit(unit, self.language);
            for word in unit.words {
                self.push(
                    word,
                    CompletionItemKind::UNIT,
                    unit.ty.to_string(),
                    page.clone(),
                );
            }
        }
    }

    /// What a rule can hand over to a dialog.
    fn handed(&mut self) {
        self.slots();
        let (zh, en) = describe::kind(Kind::Param);
        for name in self.scene.handed_over(self.set) {
            let page = describe::both(zh, en, self.language);
            self.push(&name, CompletionItemKind::VARIABLE, String::new(), page);
        }
    }

    /// What the item catches or asks for.
    pub(super) fn slots(&mut self) {
        let (zh, en) = describe::kind(Kind::Slot);
        for (name, extractor) in self.locals.clone() {
            let page = describe::both(zh, en, self.language);
            self.push(&name, CompletionItemKind::VARIABLE, extractor, page);
        }
    }

    /// What has a value here: names and fields; outside of texts also lists, functions and constants.
    pub(super) fn values(&mut self, in_text: bool) {
        for (name, ty) in self.scene.brought() {
            let (zh, en) = ("这个结果带来的", "this outcome brings it");
            let page = describe::both(zh, en, self.language);
            self.push(&name, CompletionItemKind::VARIABLE, ty.to_string(), page);
        }
        let (zh, en) = describe::kind(Kind::Capture);
        for (name, extractor) in self.locals.clone() {
            let page = describe::both(zh, en, self.language);
            self.push(&name, CompletionItemKind::VARIABLE, extractor, page);
        }
        let (zh, en) = describe::kind(Kind::Param);
        for name in self.scene.handed_over(self.set) {
            let page = describe::both(zh, en, self.language);
            self.push(&name, CompletionItemKind::VARIABLE, String::new(), page);
        }
        if self.scene.has(Stages::CHAT) {
            self.symbols(Kind::Variable);
        }
        self.symbols(Kind::Let);
        self.present_fields(|field| field.shown || !in_text);
        if in_text {
            return;
        }
        self.symbols(Kind::List);
        for function in self.set.registry.functions() {
            if !self.scene.has_function(function) {
                continue;
            }
            let page = describe::function(function, self.language);
            let shape = Some(format!("{}($0)", function.name));
            let kind = CompletionItemKind::FUNCTION;
            self.push_as(function.name, shape, kind, function.signature(), page);
        }
        self.words(&CONSTANTS);
    }

    /// `"new_city" in signals`: the name of one. `behind` is what stands after the place.
    pub(super) fn words_of_a_text(&mut self, behind: &str) {
        let line = behind.lines().next().unwrap_or_default();
        let Some((rest, after)) = line.split_once('"') else {
            return;
        };
        let after: Vec<&str> = after
            .split([' ', '{', ')'])
            .filter(|it| !it.is_empty())
            .collect();
        let looked_up = match after.as_slice() {
            ["in", list, ..] | ["not", "in", list, ..] => *list == SIGNALS,
            _ => false,
        };
        if looked_up && rest.chars().all(|c| c.is_alphanumeric() || c == '_') {
            self.symbols(Kind::Signal);
        }
    }
}

/// Whether a word is one of the language's own directly after the first of a clause, and so no name.
fn is_keyword(first: &str, word: &str) -> bool {
    let begins = |label: &str| label.split(' ').next() == Some(word);
    NEXT.iter()
        .filter(|(clause, after, _)| *clause == first && *after == first)
        .any(|(_, _, next)| next.iter().any(|label| begins(label)))
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a value, rather than an operator, comes after this token; nothing is the beginning.
fn wants_value(last: &str) -> bool {
    matches!(
        last,
        "" | "when" | "unless" | "except" | "and" | "or" | "not" | "in" | "otherwise" | "with"
    ) || matches!(
        last,
        "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "(" | "[" | "," | ":"
    )
}
