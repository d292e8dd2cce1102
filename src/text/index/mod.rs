//! Which rules may an event concern? Found without trying them all.
//!
//! Per event: whole texts in a map, words that a text must contain in one Aho-Corasick automaton,
//! regular expressions that share their word or have none in [crowds](crowd), and a short list of rules
//! that have nothing of the kind. Every rule that matches is among the candidates; a candidate need not
//! match.

mod crowd;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::background::yield_point;
use crate::lang::program::{CancelWords, DialogId, EventName, ListId, Program, RuleId, Slot};
use crate::lang::value::Value;

use super::captures::Captures;
use super::literal::key;
use super::matcher::Ready;
use super::normalise::Normalised;
use super::shape::Shape;
use super::slots::fill;
use super::words::WordList;
use crowd::{Crowd, Seen};

/// Everything about text that one generation of rules needs, computed once. Immutable and shared.
#[derive(Debug)]
pub struct RuleIndex {
    /// By rule: its triggers, ready to match.
    rules: Vec<Vec<(EventName, Ready)>>,
    events: HashMap<EventName, Bucket>,
    /// By dialog: the slots' shapes, by slot.
    dialogs: Vec<DialogText>,
}

#[derive(Debug)]
struct DialogText {
    slots: Vec<(String, Shape)>,
    cancel: Option<Arc<WordList>>,
}

#[derive(Debug, Default)]
struct Bucket {
    /// Compact whole texts.
    exact: HashMap<String, Vec<u32>>,
    /// Words some rules' texts contain.
    words: Option<AhoCorasick>,
    /// By pattern of `words`.
    by_word: Vec<Named>,
    /// Rules that must be tried for every event of this kind.
    always: Named,
}

/// The rules behind one word, or behind none.
#[derive(Debug, Default)]
struct Named {
    rules: Vec<u32>,
    crowds: Vec<Crowd>,
}

impl Named {
    fn add(&self, text: &Normalised, seen: &mut Option<Seen>, out: &mut Vec<RuleId>) {
        out.extend(self.rules.iter().map(|rule| RuleId(*rule)));
        if !self.crowds.is_empty() {
            let seen = seen.get_or_insert_with(|| Seen::of(text.text()));
            for crowd in &self.crowds {
                crowd.add(text.text(), seen, out);
            }
        }
    }
}

impl RuleIndex {
    /// Prepares the triggers and dialogs of a program. Regular expressions are compiled later, when
    /// a text first reaches them.
    pub fn build(program: &Program) -> Self {
        let mut cache: HashMap<ListId, Arc<WordList>> = HashMap::new();
        let mut lists = |id: ListId| {
            cache
                .entry(id)
                .or_insert_with(|| Arc::new(WordList::new(program.lists.get(id.0 as usize))))
                .clone()
        };
        let mut builders: HashMap<EventName, Builder> = HashMap::new();
        let mut rules = Vec::with_capacity(program.rules.len());
        for (number, rule) in program.rules.iter().enumerate() {
            yield_point();
            let mut ready = Vec::with_capacity(rule.triggers.len());
            for trigger in &rule.triggers {
                let event = folded(&trigger.event);
                let matcher = Ready::new(&trigger.matcher, &mut lists);
                builders
                    .entry(event.clone())
                    .or_default()
                    .add(number as u32, &matcher);
                ready.push((event, matcher));
            }
            rules.push(ready);
        }
        let dialogs = program
            .dialogs
            .iter()
            .map(|dialog| DialogText {
                slots: dialog
                    .slots
                    .iter()
                    .map(|slot| (slot.name.clone(), Shape::new(&slot.extractor, &mut lists)))
                    .collect(),
                cancel: dialog.cancel.as_ref().map(|cancel| match &cancel.words {
                    CancelWords::List(list) => lists(*list),
                    CancelWords::Inline(words) => Arc::new(WordList::of(
                        words.iter().map(|word| word.as_str().into()).collect(),
                    )),
                }),
            })
            .collect();
        let events = builders
            .into_iter()
            .map(|(event, builder)| (event, builder.finish()))
            .collect();
        Self {
            rules,
            events,
            dialogs,
        }
    }

    /// Puts the rules that may match into `out`, in source order, without duplicates. `text` is the
    /// message's text, or the event's key, scene or url; empty when it has none. Rules for `any` are
    /// candidates of [`EventName::Any`] only: ask for them after all others.
    pub fn candidates(&self, event: &EventName, text: &Normalised, out: &mut Vec<RuleId>) {
        out.clear();
        let bucket = match event {
            EventName::Named(_) => self.events.get(&folded(event)),
            _ => self.events.get(event),
        };
        let Some(bucket) = bucket else { return };
        let compact = text.compact();
        let mut seen = None;
        bucket.always.add(text, &mut seen, out);
        if let Some(rules) = bucket.exact.get(compact) {
            out.extend(rules.iter().map(|rule| RuleId(*rule)));
        }
        if let Some(words) = &bucket.words {
            let mut asked = Vec::new();
            for found in words.find_overlapping_iter(compact) {
                let Some(named) = bucket.by_word.get(found.pattern().as_usize()) else {
                    continue;
                };
                // A word that stands there twice says nothing new, and a crowd costs something to ask.
                if !named.crowds.is_empty() {
                    if asked.contains(&found.pattern()) {
                        continue;
                    }
                    asked.push(found.pattern());
                }
                named.add(text, &mut seen, out);
            }
        }
        out.sort_unstable();
        out.dedup();
    }

    /// The captures of the first alternative of `rule` that matches, or nothing.
    pub fn match_rule(
        &self,
        rule: RuleId,
        event: &EventName,
        text: &Normalised,
    ) -> Option<Captures> {
        let event = folded(event);
        self.rules
            .get(rule.0 as usize)?
            .iter()
            .filter(|(name, _)| *name == event)
            .find_map(|(_, matcher)| matcher.matches(text))
    }

    /// Fills slots of a dialog from one message; see [`extract_slots`](super::extract_slots).
    /// `open` names the open slots in `ask` order.
    pub fn fill_slots(
        &self,
        dialog: DialogId,
        open: &[&Slot],
        text: &Normalised,
    ) -> Vec<(String, Value)> {
        let Some(prepared) = self.dialogs.get(dialog.0 as usize) else {
            return Vec::new();
        };
        let (names, shapes): (Vec<&String>, Vec<Shape>) = open
            .iter()
            .filter_map(|slot| prepared.slots.iter().find(|(name, _)| *name == slot.name))
            .map(|(name, shape)| (name, shape.clone()))
            .unzip();
        fill(&shapes, text)
            .into_iter()
            .map(|(index, value)| (names[index].clone(), value))
            .collect()
    }

    /// Whether a message leaves the dialog.
    pub fn cancels(&self, dialog: DialogId, text: &Normalised) -> bool {
        self.dialogs
            .get(dialog.0 as usize)
            .and_then(|dialog| dialog.cancel.as_ref())
            .is_some_and(|words| words.whole(text.compact()).is_some())
    }
}

/// Names of unknown events are compared ignoring case.
fn folded(event: &EventName) -> EventName {
    match event {
        EventName::Named(name) => EventName::Named(key(name)),
        other => other.clone(),
    }
}

#[derive(Default)]
struct Builder {
    exact: HashMap<String, Vec<u32>>,
    words: HashMap<String, u32>,
    by_word: Vec<Behind>,
    always: Behind,
}

/// What will be a [`Named`].
#[derive(Default)]
struct Behind {
    rules: Vec<u32>,
    expressions: Vec<crowd::Expression>,
}

impl Behind {
    fn finish(mut self) -> Named {
        let crowds = crowd::gather(self.expressions, &mut self.rules);
        self.rules.sort_unstable();
        self.rules.dedup();
        Named {
            rules: self.rules,
            crowds,
        }
    }
}

impl Builder {
    fn add(&mut self, rule: u32, matcher: &Ready) {
        match matcher {
            Ready::Pattern(pattern) => match (pattern.exact(), pattern.anchor()) {
                (Some(exact), _) => self.exact(rule, exact),
                (None, Some(anchor)) => self.word(anchor).rules.push(rule),
                (None, None) => self.always.rules.push(rule),
            },
            Ready::Containing(words) | Ready::Starting(words) if !words.is_empty() => {
                self.word(words).rules.push(rule);
            }
            Ready::Matching(regex) => {
                let expression = crowd::Expression::new(rule, regex.source());
                match regex.anchors() {
                    Some(anchors) => anchors.iter().for_each(|anchor| {
                        self.word(anchor).expressions.push(expression.clone());
                    }),
                    None => self.always.expressions.push(expression),
                }
            }
            Ready::InList(list) => list.keys().for_each(|key| self.exact(rule, key)),
            _ => self.always.rules.push(rule),
        }
    }

    fn exact(&mut self, rule: u32, text: &str) {
        match self.exact.get_mut(text) {
            Some(rules) => rules.push(rule),
            None => {
                self.exact.insert(text.to_owned(), vec![rule]);
            }
        }
    }

    fn word(&mut self, word: &str) -> &mut Behind {
        let next = self.by_word.len() as u32;
        let index = *self.words.entry(word.to_owned()).or_insert(next);
        if index == next {
            self.by_word.push(Behind::default());
        }
        &mut self.by_word[index as usize]
    }

    fn finish(mut self) -> Bucket {
        let mut words: Vec<(String, u32)> = self.words.into_iter().collect();
        words.sort_unstable_by_key(|(_, index)| *index);
        let automaton = if words.is_empty() {
            None
        } else {
            AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                .build(words.iter().map(|(word, _)| word))
                .ok()
        };
        if automaton.is_none() {
            // Too many words for one automaton (over two billion states): try those rules always.
            for behind in std::mem::take(&mut self.by_word) {
                self.always.rules.extend(behind.rules);
                self.always.expressions.extend(behind.expressions);
            }
        }
        Bucket {
            exact: self.exact,
            words: automaton,
            by_word: self.by_word.into_iter().map(Behind::finish).collect(),
            always: self.always.finish(),
        }
    }
}
