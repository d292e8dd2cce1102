//! A conversation played in the mind: what somebody does, and what the rules then answer.
//!
//! The order of law 7, the matchers, the extractors and the evaluator are those of the bot. Of a store
//! only so much is played as a story can set up: a stranger, an account to bind, a lock. Whatever is
//! decided by more than that (a field only the platform knows, a call) ends the scene, and nothing is
//! shown. What was done becomes the lines of a story that passes with the rules as they are.

mod effects;
mod known;

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::background::yield_point;
use crate::lang::builtins::Registry;
use crate::lang::eval::{
    self, Held, Misfit, NoObserver, Round, Turn, answers, eval, render, turns,
};
use crate::lang::program::{
    Dialog, DialogId, EventName, Expr, Program, Rule, Slot, Template, TemplatePart,
};
use crate::lang::span::Span;
use crate::lang::value::Value;
use crate::text::{Normalised, RuleIndex, normalise};

use super::acts::Act;
use effects::ends;
use known::{Foreign, Known, Scope};

/// Who speaks in the stories that are shown.
pub(super) const USER: &str = "小王";
/// The account somebody can bind, as the typical phone and code would (see `takes::of_extractor`).
const ACCOUNT: &str = "account alice phone \"13800138000\" code \"482913\"";
/// Longest piece of an answer that a story looks for, in characters.
const MAX_PIECE: usize = 40;
/// Longest answer that is shown whole, in characters: what is longer ends with a “…”.
const MAX_SHOWN: usize = 120;
/// Looks at events for the findings of one set, all together.
const MAX_HEARD: usize = 40_000;

/// The rules a scene is played with.
pub(super) struct Stage<'p> {
    pub(super) program: &'p Program,
    pub(in crate::lang::analyze) registry: &'p Registry,
    /// The bot's own; made when first asked for.
    index: OnceCell<RuleIndex>,
    heard: Cell<usize>,
}

impl<'p> Stage<'p> {
    pub(super) fn new(program: &'p Program, registry: &'p Registry) -> Self {
        Self {
            program,
            registry,
            index: OnceCell::new(),
            heard: Cell::new(0),
        }
    }

    fn index(&self) -> &RuleIndex {
        self.index.get_or_init(|| RuleIndex::build(self.program))
    }
}

/// A dialog under way.
#[derive(Clone)]
struct Running<'p> {
    at: usize,
    values: BTreeMap<String, Value>,
    asked: &'p Slot,
    misfits: BTreeMap<String, u32>,
}

/// Where a conversation stands.
#[derive(Clone)]
pub(super) struct Scene<'s, 'p> {
    stage: &'s Stage<'p>,
    running: Option<Running<'p>>,
    /// There is an account that can be bound.
    account: bool,
    bound: bool,
    locked: bool,
    refused: u32,
    asked_for_code: bool,
    remembered: bool,
    /// What was done, in words of a story.
    steps: Vec<String>,
    said: Vec<Act>,
    /// The text answered last.
    shown: Option<&'p Template>,
    /// As it reads; `None` when nothing was answered.
    reply: Option<String>,
    /// Texts of this answer that a later one took the place of.
    lost: Vec<Span>,
}

/// Two scenes of one state go on alike.
pub(super) type State = (
    Option<(usize, String, Vec<String>, BTreeMap<String, u32>)>,
    (bool, bool, u32, bool, bool),
);

impl<'s, 'p> Scene<'s, 'p> {
    /// Nothing has happened yet.
    pub(super) fn begin(stage: &'s Stage<'p>, account: bool) -> Self {
        Self {
            stage,
            running: None,
            account,
            bound: false,
            locked: false,
            refused: 0,
            asked_for_code: false,
            remembered: false,
            steps: account.then(|| ACCOUNT.to_owned()).into_iter().collect(),
            said: Vec::new(),
            shown: None,
            reply: None,
            lost: Vec::new(),
        }
    }

    /// Index of the dialog that waits for an answer.
    pub(super) fn waits_in(&self) -> Option<usize> {
        self.running.as_ref().map(|running| running.at)
    }

    /// The dialog that waits for an answer, and its open question.
    pub(super) fn question(&self) -> Option<(&'p Dialog, &'p Slot)> {
        let running = self.running.as_ref()?;
        Some((&self.stage.program.dialogs[running.at], running.asked))
    }

    /// The text answered last.
    pub(super) fn shown(&self) -> Option<&'p Template> {
        self.shown
    }

    /// Whether the last answer says this.
    pub(super) fn says(&self, piece: &str) -> bool {
        self.reply
            .as_ref()
            .is_some_and(|reply| reply.contains(piece))
    }

    /// Whether the last event would have been answered with this, had nothing been answered after it.
    pub(super) fn lost(&self, text: Span) -> bool {
        self.lost.contains(&text)
    }

    /// What was done, first to last.
    pub(super) fn done(&self) -> &[Act] {
        &self.said
    }

    /// The lines of the story so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.steps.clone()
    }

    /// The story, with a piece of the last answer; and that answer as it is sent, on one line.
    pub(super) fn told(&self, piece: Option<&str>) -> Option<(Vec<String>, String)> {
        let piece = match piece {
            Some(piece) => piece.to_owned(),
            None => certain(self.shown?)?,
        };
        if !self.says(&piece) {
            return None;
        }
        let mut story = self.lines();
        story.push(format!("expect reply ~ \"{piece}\""));
        Some((story, self.reply.as_deref().map(on_one_line)?))
    }

    /// What decides how the conversation goes on.
    pub(super) fn state(&self) -> State {
        let running = self.running.as_ref().map(|running| {
            let known = running.values.keys().cloned().collect();
            let asked = running.asked.name.clone();
            (running.at, asked, known, running.misfits.clone())
        });
        let rest = (
            self.bound,
            self.locked,
            self.refused,
            self.asked_for_code,
            self.remembered,
        );
        (running, rest)
    }

    /// What may happen when somebody does this: nothing when that cannot be told here, several when it
    /// depends on the information system.
    pub(super) fn hear(mut self, act: &Act) -> Vec<Self> {
        yield_point();
        let stage = self.stage;
        stage.heard.set(stage.heard.get() + 1);
        if stage.heard.get() > MAX_HEARD {
            return Vec::new();
        }
        let read = normalise(&act.text);
        self.steps.push(format!("wechat {USER} {}", act.step));
        self.said.push(act.clone());
        self.shown = None;
        self.reply = None;
        self.lost.clear();
        let is_text = act.event == EventName::Text;
        for turn in turns(self.running.is_some(), is_text, act.wants_answer()) {
            match (turn, self.running.clone()) {
                (Turn::Rules(round), _) => match self.first(*round, &act.event, &read) {
                    Ok(None) => {}
                    Ok(Some((rule, scope))) => return ends(self.run(&rule.body, &scope)),
                    Err(Foreign) => return Vec::new(),
                },
                (Turn::Cancel, Some(running)) => {
                    let at = DialogId(running.at as u32);
                    let cancel = stage.program.dialogs[running.at].cancel.as_ref();
                    if let Some(cancel) = cancel
                        && stage.index().cancels(at, &read)
                    {
                        return ends(self.leaves(running, &cancel.block));
                    }
                }
                (Turn::Answer, Some(mut running)) => {
                    let dialog = &stage.program.dialogs[running.at];
                    let at = DialogId(running.at as u32);
                    let fill = |slots: &[&Slot]| {
                        let filled = stage.index().fill_slots(at, slots, &read);
                        filled.into_iter().collect()
                    };
                    let excused = |slot: &Slot| self.excused(slot, &running.values);
                    match answers(dialog, &running.values, excused, fill) {
                        Err(Foreign) => return Vec::new(),
                        Ok(found) if found.is_empty() => {}
                        Ok(found) => {
                            running.values.extend(found);
                            return self.goes_on(running.at, running.values, running.misfits);
                        }
                    }
                }
                (Turn::Misfit, Some(mut running)) => {
                    let count = running
                        .misfits
                        .entry(running.asked.name.clone())
                        .or_default();
                    *count += 1;
                    return match eval::misfit(running.asked, *count) {
                        Misfit::GivesUp => {
                            let dialog = &stage.program.dialogs[running.at];
                            ends(self.leaves(running, &dialog.give_up))
                        }
                        Misfit::Says(text) => {
                            let slots = Some(running.values.clone());
                            self.running = Some(running);
                            self.answers(
                                text,
                                &Scope {
                                    slots,
                                    ..Scope::default()
                                },
                            );
                            vec![self]
                        }
                    };
                }
                (Turn::Cancel | Turn::Answer | Turn::Misfit, None) => {}
            }
        }
        vec![self]
    }

    /// The first rule of a round that matches; those that let later ones run too end the scene, as they
    /// may do anything.
    fn first(
        &self,
        round: Round,
        event: &EventName,
        read: &Normalised,
    ) -> Result<Option<(&'p Rule, Scope)>, Foreign> {
        let name = match round {
            Round::Fallback => &EventName::Any,
            _ => event,
        };
        let (program, index) = (self.stage.program, self.stage.index());
        let mut candidates = Vec::new();
        index.candidates(name, read, &mut candidates);
        for id in candidates {
            let rule = &program.rules[id.0 as usize];
            if !round.tries(rule.even_in_dialog) {
                continue;
            }
            let Some(captures) = index.match_rule(id, name, read) else {
                continue;
            };
            let captures = captures.iter();
            let scope = Scope {
                captures: captures
                    .map(|(name, value)| (name.to_owned(), value.clone()))
                    .collect(),
                slots: None,
                scanned: matches!(event, EventName::Subscribe | EventName::Scan),
            };
            if let Some(when) = &rule.when
                && Held::from(self.value(when, &scope)?) != Held::Yes
            {
                continue;
            }
            if rule.continues {
                return Err(Foreign);
            }
            return Ok(Some((rule, scope)));
        }
        Ok(None)
    }

    fn answers(&mut self, text: &'p Template, scope: &Scope) {
        self.lost.extend(self.shown.map(|before| before.span));
        let mut facts = self.facts(scope);
        let reply = render(text, self.stage.program, &mut facts, &TimeZone::UTC);
        self.reply = Some(reply);
        self.shown = Some(text);
    }

    fn excused(&self, slot: &Slot, values: &BTreeMap<String, Value>) -> Result<bool, Foreign> {
        let Some(unless) = &slot.unless else {
            return Ok(false);
        };
        let slots = Some(values.clone());
        let value = self.value(
            unless,
            &Scope {
                slots,
                ..Scope::default()
            },
        )?;
        Ok(Held::from(value) == Held::Yes)
    }

    fn value(&self, expr: &Expr, scope: &Scope) -> Result<Value, Foreign> {
        let mut facts = self.facts(scope);
        let value = eval(expr, self.stage.program, &mut facts, &mut NoObserver);
        if facts.foreign {
            Err(Foreign)
        } else {
            Ok(value)
        }
    }

    fn facts<'k>(&self, scope: &'k Scope) -> Known<'k>
    where
        'p: 'k,
    {
        Known {
            registry: self.stage.registry,
            scope,
            bound: self.bound,
            remembered: self.remembered,
            foreign: false,
        }
    }
}

/// What closes or goes on after a value: no piece begins with it.
const BEHIND: [char; 12] = [
    '”', '’', '」', '』', '》', '）', '】', '，', '。', '、', '；', ' ',
];
/// What opens before a value: no piece ends with it.
const BEFORE: [char; 8] = ['“', '‘', '「', '『', '《', '（', '【', ' '];

/// An answer for a sentence that quotes it.
fn on_one_line(reply: &str) -> String {
    let line: Vec<&str> = reply.split_whitespace().collect();
    let line = line.join(" ");
    if line.chars().count() <= MAX_SHOWN {
        return line;
    }
    let kept: String = line.chars().take(MAX_SHOWN).collect();
    format!("{kept}…")
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
        .map(|piece| piece.trim_start_matches(BEHIND).trim_end_matches(BEFORE))
        .map(str::trim)
        .max_by_key(|piece| piece.chars().count())?;
    let piece: String = longest.chars().take(MAX_PIECE).collect();
    (!piece.is_empty()).then_some(piece)
}
