//! A conversation played in the mind: what the user says, and what the rules then answer.
//!
//! The matchers, the extractors and the evaluator are those of the bot; whatever they cannot decide
//! without a store (another rule that takes the message, a field only the platform knows) ends the
//! scene, and nothing is shown. The words become a story that passes with the rules as they are.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::lang::builtins::{ALERT_OPEN, Registry};
use crate::lang::eval::{Facts, HistoryAnswer, NoObserver, eval, render};
use crate::lang::program::{
    ActionKind, Block, CancelWords, Dialog, EventName, Expr, FieldId, HistoryQuery, ListEntries,
    Matcher, Name, Program, Reply, Rule, Slot, Template, TemplatePart,
};
use crate::lang::span::Span;
use crate::lang::value::Value;
use crate::text::{Captures, Normalised, extract_slots, match_trigger, normalise};

use super::takes::{fold, of_extractor, sample};

/// Who speaks in the stories that are shown.
const USER: &str = "小王";
/// Fields a stranger who just wrote certainly does not have.
const NOBODY: [&str; 3] = ["bound", "sender.bound", ALERT_OPEN];
/// Longest piece of an answer that is shown, in characters.
const MAX_SHOWN: usize = 40;
/// States looked at for one finding.
const MAX_STATES: usize = 60;

/// Where a conversation with one dialog stands.
#[derive(Clone)]
pub(super) struct Scene<'p> {
    program: &'p Program,
    registry: &'p Registry,
    dialog: &'p Dialog,
    values: BTreeMap<String, Value>,
    asked: usize,
    misfits: BTreeMap<usize, u32>,
    over: bool,
    /// What was done, in words of a story.
    steps: Vec<String>,
    said: Vec<String>,
    /// The text answered last.
    shown: Option<&'p Template>,
    /// As it reads.
    reply: String,
}

/// What is known of a stranger in the middle of a conversation.
struct Known<'k> {
    registry: &'k Registry,
    captures: &'k Captures,
    slots: &'k BTreeMap<String, Value>,
    /// Something was asked that cannot be known here.
    foreign: bool,
}

impl Facts for Known<'_> {
    fn field(&mut self, id: FieldId) -> Value {
        let path = self.registry.field_spec(id).path;
        if NOBODY.contains(&path) {
            return Value::YesNo(false);
        }
        self.foreign = true;
        Value::unknown(path)
    }

    fn name(&mut self, name: &Name) -> Value {
        let known = match name {
            Name::Capture(name) => self.captures.get(name).cloned(),
            Name::Slot(name) => self.slots.get(name).cloned(),
            Name::Variable(_) => None,
            Name::Outcome(_) | Name::Raw(_) => {
                self.foreign = true;
                None
            }
        };
        known.unwrap_or_else(|| Value::unknown("name"))
    }

    fn history(&mut self, _: &HistoryQuery, _: Option<&Value>, _: &Program) -> HistoryAnswer {
        self.foreign = true;
        HistoryAnswer::unknown("history")
    }

    fn trusted(&mut self, _: &Value) -> bool {
        false
    }
}

impl<'p> Scene<'p> {
    /// Every way a stranger gets into a dialog with one message.
    pub(super) fn openings(
        program: &'p Program,
        registry: &'p Registry,
        dialog: usize,
    ) -> impl Iterator<Item = Scene<'p>> {
        program
            .rules
            .iter()
            .filter(|rule| !rule.continues)
            .filter_map(move |rule| open(program, registry, rule, dialog))
    }

    /// Goes on until this text is the answer.
    pub(super) fn leading_to(self, text: Span) -> Option<Scene<'p>> {
        let mut seen = Vec::new();
        let mut next = std::collections::VecDeque::from([self]);
        while let Some(scene) = next.pop_front() {
            if scene.shown.is_some_and(|shown| shown.span == text) {
                return Some(scene);
            }
            let state = (
                scene.asked,
                scene.values.keys().cloned().collect::<Vec<_>>(),
                scene.misfits.clone(),
            );
            if scene.over || seen.len() >= MAX_STATES || seen.contains(&state) {
                continue;
            }
            seen.push(state);
            let answer = of_extractor(scene.program, &scene.dialog.slots[scene.asked].extractor);
            let words = scene.cancel_words().into_iter().next();
            for text in words.into_iter().chain(answer).chain(misfit(&scene)) {
                next.extend(scene.clone().say(&text));
            }
        }
        None
    }

    /// What happens when the user says this; `None` when that cannot be told here.
    pub(super) fn say(mut self, text: &str) -> Option<Self> {
        let read = normalise(text);
        if self.over || taken(self.program, &read, false, |rule| rule.even_in_dialog) {
            return None;
        }
        self.steps
            .push(format!("wechat {USER} sends \"{}\"", plain(text)?));
        self.said.push(text.to_owned());
        if self
            .cancel_words()
            .iter()
            .any(|word| fold(word) == fold(text))
        {
            let dialog = self.dialog;
            return self.ends(&dialog.cancel.as_ref()?.block);
        }
        let mut open: Vec<&'p Slot> = Vec::new();
        for slot in &self.dialog.slots {
            if !self.values.contains_key(&slot.name) && !self.excused(slot)? {
                open.push(slot);
            }
        }
        let found = extract_slots(&open, &read, self.program);
        if !found.is_empty() {
            for (index, value) in found {
                self.values.insert(open[index].name.clone(), value);
            }
            return self.goes_on();
        }
        if taken(self.program, &read, true, |_| true) {
            return None;
        }
        let slot = &self.dialog.slots[self.asked];
        let misfits = self.misfits.entry(self.asked).or_default();
        *misfits += 1;
        if slot.at_most.is_some_and(|most| *misfits >= most) {
            let dialog = self.dialog;
            return self.ends(&dialog.give_up);
        }
        self.answers(slot.invalid.as_ref().unwrap_or(&slot.question))
    }

    /// The story, with a piece of the last answer; and what the user said, and that piece.
    pub(super) fn told(&self, piece: Option<&str>) -> Option<(Vec<String>, Vec<String>, String)> {
        let piece = match piece {
            Some(piece) => piece.to_owned(),
            None => certain(self.shown?)?,
        };
        if !self.reply.contains(&piece) {
            return None;
        }
        let mut story = self.steps.clone();
        story.push(format!("expect reply ~ \"{piece}\""));
        Some((story, self.said.clone(), piece))
    }

    /// Whether the dialog still waits for an answer.
    pub(super) fn waits(&self) -> bool {
        !self.over
    }

    fn goes_on(mut self) -> Option<Self> {
        for (index, slot) in self.dialog.slots.iter().enumerate() {
            let known = self.values.get(&slot.name).is_some_and(Value::is_known);
            if !known && !self.excused(slot)? {
                self.asked = index;
                return self.answers(&slot.question);
            }
        }
        let dialog = self.dialog;
        self.ends(&dialog.done)
    }

    fn ends(mut self, block: &'p Block) -> Option<Self> {
        self.over = true;
        match block.actions.as_slice() {
            [action] => match &action.kind {
                ActionKind::Reply(Reply::Text(text)) => self.answers(text),
                _ => None,
            },
            _ => None,
        }
    }

    fn answers(mut self, text: &'p Template) -> Option<Self> {
        let captures = Captures::default();
        let mut facts = self.facts(&captures);
        self.reply = render(text, self.program, &mut facts, &TimeZone::UTC);
        self.shown = Some(text);
        Some(self)
    }

    /// `None` when it cannot be told.
    fn excused(&self, slot: &Slot) -> Option<bool> {
        let Some(unless) = &slot.unless else {
            return Some(false);
        };
        let captures = Captures::default();
        let mut facts = self.facts(&captures);
        let value = eval(unless, self.program, &mut facts, &mut NoObserver);
        (!facts.foreign).then_some(value == Value::YesNo(true))
    }

    fn facts<'k>(&'k self, captures: &'k Captures) -> Known<'k> {
        Known {
            registry: self.registry,
            captures,
            slots: &self.values,
            foreign: false,
        }
    }

    fn cancel_words(&self) -> Vec<String> {
        match self.dialog.cancel.as_ref().map(|cancel| &cancel.words) {
            None => Vec::new(),
            Some(CancelWords::Inline(words)) => words.clone(),
            Some(CancelWords::List(id)) => {
                match self
                    .program
                    .lists
                    .get(id.0 as usize)
                    .map(|list| &list.entries)
                {
                    Some(ListEntries::Values(values)) => values
                        .iter()
                        .filter_map(Value::characters)
                        .map(ToString::to_string)
                        .collect(),
                    _ => Vec::new(),
                }
            }
        }
    }
}

/// The dialog opened by a rule, if a stranger's message reaches it and nothing else is done.
fn open<'p>(
    program: &'p Program,
    registry: &'p Registry,
    rule: &'p Rule,
    index: usize,
) -> Option<Scene<'p>> {
    let [action] = rule.body.actions.as_slice() else {
        return None;
    };
    let ActionKind::Start { dialog, with } = &action.kind else {
        return None;
    };
    if dialog.0 as usize != index || rule.when.is_some() {
        return None;
    }
    rule.triggers.iter().find_map(|trigger| {
        let (step, said, captures) = match (&trigger.event, &trigger.matcher) {
            (EventName::Text, matcher) => {
                let text = sample(program, matcher)?;
                let read = normalise(&text);
                let captures = match_trigger(matcher, &read, program)?;
                if taken(program, &read, false, |other| other.id < rule.id) {
                    return None;
                }
                (format!("sends \"{}\"", plain(&text)?), text, captures)
            }
            (EventName::Subscribe, Matcher::Always) => {
                let before = program.rules.iter().take_while(|other| other.id < rule.id);
                let mut triggers = before.flat_map(|other| &other.triggers);
                if triggers.any(|other| other.event == EventName::Subscribe) {
                    return None;
                }
                (
                    "follows".to_owned(),
                    "subscribe".to_owned(),
                    Captures::default(),
                )
            }
            _ => return None,
        };
        let mut values = BTreeMap::new();
        for (name, value) in with {
            let none = BTreeMap::new();
            let mut facts = Known {
                registry,
                captures: &captures,
                slots: &none,
                foreign: false,
            };
            let value = eval(value, program, &mut facts, &mut NoObserver);
            if facts.foreign {
                return None;
            }
            if value.is_known() {
                values.insert(name.clone(), value);
            }
        }
        let scene = Scene {
            program,
            registry,
            dialog: &program.dialogs[index],
            values,
            asked: 0,
            misfits: BTreeMap::new(),
            over: false,
            steps: vec![format!("wechat {USER} {step}")],
            said: vec![said],
            shown: None,
            reply: String::new(),
        };
        scene.goes_on()
    })
}

/// Whether one of these rules may take the message; `any`: also what takes whatever no other does.
fn taken(program: &Program, read: &Normalised, any: bool, which: impl Fn(&Rule) -> bool) -> bool {
    let rules = program.rules.iter().filter(|rule| which(rule));
    rules.flat_map(|rule| &rule.triggers).any(|trigger| {
        any && trigger.event == EventName::Any
            || trigger.event == EventName::Text
                && match_trigger(&trigger.matcher, read, program).is_some()
    })
}

/// A text that fits no open question.
fn misfit(scene: &Scene<'_>) -> Option<String> {
    let open: Vec<&Slot> = scene.dialog.slots.iter().collect();
    let words = ["？？？", "算了", "好的"];
    let unfit = words
        .iter()
        .find(|word| extract_slots(&open, &normalise(word), scene.program).is_empty());
    unfit.map(|word| (*word).to_owned())
}

/// A text as a story writes it; `None` when it would have to be escaped.
fn plain(text: &str) -> Option<&str> {
    let awkward = |c: char| matches!(c, '"' | '\\' | '{' | '}') || c.is_control();
    (!text.contains(awkward)).then_some(text)
}

/// The longest piece of a text that is always there, as a story writes it.
fn certain(text: &Template) -> Option<String> {
    let awkward = |c: char| matches!(c, '"' | '\\' | '{' | '}' | '<' | '>') || c.is_control();
    let literals = text.parts.iter().filter_map(|part| match part {
        TemplatePart::Literal(text) => Some(text),
        TemplatePart::Value(_) => None,
    });
    let longest = literals
        .flat_map(|text| text.split(awkward))
        .map(str::trim)
        .max_by_key(|piece| piece.chars().count())?;
    let piece: String = longest.chars().take(MAX_SHOWN).collect();
    (!piece.is_empty()).then_some(piece)
}

/// The message of a rule that a stranger reaches, and the values its condition wants.
pub(super) fn occasion(program: &Program, rule: &Rule) -> Option<Occasion> {
    let conditions: Vec<&Expr> = rule.when.iter().collect();
    let given = super::implied::values(&conditions, program)?;
    let said = rule.triggers.iter().find_map(|trigger| {
        let text = match trigger.event {
            EventName::Text => sample(program, &trigger.matcher)?,
            _ => return None,
        };
        let read = normalise(&text);
        match_trigger(&trigger.matcher, &read, program)?;
        let first = !taken(program, &read, false, |other| other.id < rule.id);
        first.then_some(text)
    });
    let login = |rule: &Rule| {
        let mut triggers = rule.triggers.iter();
        triggers.any(|trigger| trigger.event == EventName::Login)
    };
    if said.is_none() && !login(rule) {
        return None;
    }
    Some(Occasion { said, given })
}

/// See [`occasion`].
pub(super) struct Occasion {
    /// What the user sends, where the rule is about texts.
    pub(super) said: Option<String>,
    /// Expressions and their values.
    pub(super) given: Vec<(String, String)>,
}

impl Occasion {
    /// Its story: a message, or a login where no condition has to hold.
    pub(super) fn story(&self) -> Option<Vec<String>> {
        match &self.said {
            Some(text) => Some(vec![format!("wechat {USER} sends \"{}\"", plain(text)?)]),
            None if self.given.is_empty() => Some(vec![
                "account alice phone \"13800138000\"".to_owned(),
                "login alice".to_owned(),
            ]),
            None => None,
        }
    }
}
