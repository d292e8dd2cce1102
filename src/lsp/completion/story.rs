//! What may follow in a line of a story: whom and what it has met so far, and the names of the rules.

use lsp_types::CompletionItemKind;

use super::{Offer, describe};
use crate::lang::builtins::FEED_EVENTS;
use crate::lang::syntax::ast::{Item, Matcher, RuleItem, Text, TextPart};
use crate::lang::syntax::{LexemeKind, lexemes};
use crate::lsp::names::Kind;
use crate::lsp::place;

/// Whom and what a story has met before a place; read off the tokens, so that a story that is not
/// finished has them too.
#[derive(Debug, Default)]
pub(super) struct Cast {
    accounts: Vec<String>,
    users: Vec<String>,
    places: Vec<String>,
    machines: Vec<String>,
}

impl Cast {
    /// The cast of the story around `offset`; nobody outside of stories.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let mut cast = Self::default();
        let part = text
            .get(place::start(text, offset)..offset)
            .unwrap_or_default();
        if !part.starts_with("test ") {
            return cast;
        }
        let tokens = lexemes(part);
        for pair in tokens.windows(2) {
            let [word, name] = pair else { continue };
            // What is being written is met when it is done.
            if name.end == part.len() {
                continue;
            }
            let [word_text, name_text] = [word, name].map(|it| &part[it.start..it.end]);
            let (known, name) = match (word_text, word.first, name.kind) {
                ("account", true, LexemeKind::Word) => (&mut cast.accounts, name_text),
                ("wechat", true, LexemeKind::Word) => (&mut cast.users, name_text),
                ("place", true, LexemeKind::Word) => (&mut cast.places, name_text),
                ("machine", false, LexemeKind::Text) => {
                    (&mut cast.machines, name_text.trim_matches(['"', '“', '”']))
                }
                _ => continue,
            };
            if !known.iter().any(|it| it == name) {
                known.push(name.to_owned());
            }
        }
        cast
    }
}

impl Offer<'_> {
    /// Directly after these words of a line.
    pub(super) fn story_line(&mut self, words: &[String]) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["wechat"] => {
                self.met(Kind::User);
                // Those of other stories are as good here: whoever speaks first is new.
                self.symbols(Kind::User);
            }
            ["login"] | ["operator", _] | ["issue", .., "to"] => self.met(Kind::Account),
            ["login", .., "city"] => self.met(Kind::Place),
            ["expect", .., "to"] => self.met(Kind::User),
            ["expect"] => {
                self.met(Kind::Account);
                self.met(Kind::User);
            }
            ["expect", "alert", "to", _] => self.words(&["by message", "by template"]),
            // `reported 20 minutes ago`
            ["login", .., "reported", _, _] => self.words(&["ago"]),
            ["expect", "call"] => self.calls(),
            ["expect", "in", "dialog"] => self.symbols(Kind::Dialog),
            ["expect", "signals", .., "," | "include"] | ["expect", "signals"] => {
                self.symbols(Kind::Signal);
            }
            _ => {}
        }
    }

    /// Inside a text after these words of a line.
    pub(super) fn story_text(&mut self, words: &[String]) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["expect", .., "event" | "webhook"] => {
                for name in FEED_EVENTS {
                    self.plain(name, CompletionItemKind::EVENT);
                }
            }
            ["login", .., "machine"] => {
                for name in self.cast.machines.clone() {
                    self.plain(&name, CompletionItemKind::VARIABLE);
                }
            }
            ["wechat", _, "sends"] => self.heard("text"),
            ["wechat", _, "clicks"] => self.heard("click"),
            _ => {}
        }
    }

    /// Whom or what the story has met.
    fn met(&mut self, kind: Kind) {
        let names = match kind {
            Kind::Account => self.cast.accounts.clone(),
            Kind::User => self.cast.users.clone(),
            Kind::Place => self.cast.places.clone(),
            _ => Vec::new(),
        };
        let (zh, en) = describe::kind(kind);
        for name in names {
            let page = describe::both(zh, en, self.language);
            self.push(&name, CompletionItemKind::VARIABLE, String::new(), page);
        }
    }

    /// The whole words that rules listen for.
    fn heard(&mut self, event: &str) {
        let set = self.set;
        let items = set.parsed.iter().flat_map(|parsed| &parsed.file.items);
        for item in items {
            if let Item::Rule(rule) = item {
                for words in listened(rule, event) {
                    self.plain(&words, CompletionItemKind::TEXT);
                }
            }
        }
    }

    fn plain(&mut self, text: &str, kind: CompletionItemKind) {
        self.push(text, kind, String::new(), String::new());
    }
}

fn listened<'r>(rule: &'r RuleItem, event: &'r str) -> impl Iterator<Item = String> + 'r {
    let triggers = rule.triggers.iter();
    let of_event = triggers.filter(move |it| it.event.name == event && !it.stand_in);
    of_event.filter_map(|trigger| match &trigger.matcher {
        Matcher::Pattern(text) => literal(text),
        _ => None,
    })
}

/// A text that is the same every time and needs no escapes.
fn literal(text: &Text) -> Option<String> {
    let mut out = String::new();
    for part in &text.parts {
        match part {
            TextPart::Literal { value, .. } => out.push_str(value),
            TextPart::Hole { .. } => return None,
        }
    }
    let plain = !out.contains(['"', '{', '}', '\\', '\n']);
    (plain && !out.is_empty()).then_some(out)
}
