//! What a block does in a scene, in every way a story can bring about.

use std::collections::BTreeMap;

use crate::lang::eval::next_question;
use crate::lang::program::{Action, ActionKind, Block, Dialog, Reply};
use crate::lang::span::Span;
use crate::lang::value::Value;

use super::known::{Foreign, Scope};
use super::{Running, Scene};

/// The phone and the code of the account somebody can bind.
const PHONE: &str = "+8613800138000";
const CODE: &str = "482913";
/// Wrong codes in one scene: a few more and the bot blocks.
const MAX_REFUSALS: u32 = 2;

/// How a block ended.
pub(super) enum Flow<'p> {
    Done,
    AskAgain(&'p str),
    Started,
}

impl<'s, 'p> Scene<'s, 'p> {
    /// Ends the dialog with this block.
    pub(super) fn leaves(
        mut self,
        running: Running<'p>,
        block: &'p Block,
    ) -> Vec<(Self, Flow<'p>)> {
        self.running = None;
        let slots = Some(running.values);
        self.run(
            block,
            &Scope {
                slots,
                ..Scope::default()
            },
        )
    }

    /// Asks the next question, or is done.
    pub(super) fn goes_on(
        mut self,
        at: usize,
        values: BTreeMap<String, Value>,
        mut misfits: BTreeMap<String, u32>,
    ) -> Vec<Self> {
        let dialog: &'p Dialog = &self.stage.program.dialogs[at];
        let scope = Scope {
            slots: Some(values.clone()),
            ..Scope::default()
        };
        let next = match next_question(dialog, &values, |slot| self.excused(slot, &values)) {
            Ok(next) => next,
            Err(Foreign) => return Vec::new(),
        };
        if let Some(asked) = next {
            self.answers(&asked.question, &scope);
            self.running = Some(Running {
                at,
                values,
                asked,
                misfits,
            });
            return vec![self];
        }
        self.running = None;
        let ended = self.run(&dialog.done, &scope).into_iter();
        ended
            .filter_map(|(mut scene, flow)| {
                let Flow::AskAgain(name) = flow else {
                    return Some(scene);
                };
                let asked = dialog.slots.iter().find(|slot| slot.name == name)?;
                let mut values = values.clone();
                values.remove(name);
                misfits.remove(name);
                if scene.reply.is_none() {
                    let slots = Some(values.clone());
                    scene.answers(
                        &asked.question,
                        &Scope {
                            slots,
                            ..Scope::default()
                        },
                    );
                }
                scene.running = Some(Running {
                    at,
                    values,
                    asked,
                    misfits: misfits.clone(),
                });
                Some(scene)
            })
            .collect()
    }

    /// Runs a block; every way it may go.
    pub(super) fn run(self, block: &'p Block, scope: &Scope) -> Vec<(Self, Flow<'p>)> {
        let mut open = vec![self];
        let mut ended = Vec::new();
        for (at, action) in block.actions.iter().enumerate() {
            let mut next = Vec::new();
            for scene in open {
                for (mut scene, flow) in scene.act(action, scope) {
                    match flow {
                        Flow::Done => next.push(scene),
                        flow => {
                            // Nothing after it is done.
                            scene
                                .lost
                                .extend(block.actions[at + 1..].iter().filter_map(text_of));
                            ended.push((scene, flow));
                        }
                    }
                }
            }
            open = next;
        }
        ended.extend(open.into_iter().map(|scene| (scene, Flow::Done)));
        ended
    }

    fn act(mut self, action: &'p Action, scope: &Scope) -> Vec<(Self, Flow<'p>)> {
        match &action.kind {
            ActionKind::Reply(Reply::Text(text)) => self.answers(text, scope),
            ActionKind::Reply(_) | ActionKind::HandOver(_) => {
                self.lost.extend(self.shown.map(|before| before.span));
                self.shown = None;
                self.reply = Some(String::new());
            }
            ActionKind::Start { dialog, with } => {
                let mut values = BTreeMap::new();
                for (name, value) in with {
                    let Ok(value) = self.value(value, scope) else {
                        return Vec::new();
                    };
                    // Nobody has issued the ticket that was scanned.
                    let claimed = !(scope.scanned && name == "ticket");
                    if value.is_known() && claimed {
                        values.insert(name.clone(), value);
                    }
                }
                let scenes = self.goes_on(dialog.0 as usize, values, BTreeMap::new());
                return scenes
                    .into_iter()
                    .map(|scene| (scene, Flow::Started))
                    .collect();
            }
            ActionKind::AskAgain(slot) => return vec![(self, Flow::AskAgain(slot))],
            ActionKind::LeaveDialog => self.running = None,
            ActionKind::Remember { .. } => self.remembered = true,
            ActionKind::Call { .. } if action.outcomes.is_empty() => {}
            ActionKind::Forget(_)
            | ActionKind::Tag(_)
            | ActionKind::Untag(_)
            | ActionKind::Note(_)
            | ActionKind::Send { .. } => {}
            _ => {
                let outcomes = self.outcomes(&action.kind, scope);
                let arms = outcomes
                    .into_iter()
                    .filter_map(|(scene, outcome)| Some((scene, &action.arm(outcome)?.block)));
                return arms
                    .flat_map(|(scene, block)| scene.run(block, scope))
                    .collect();
            }
        }
        vec![(self, Flow::Done)]
    }

    /// What the action may come to, as far as a story can bring it about.
    fn outcomes(mut self, kind: &ActionKind, scope: &Scope) -> Vec<(Self, &'static str)> {
        match kind {
            ActionKind::Bind { .. } if self.bound => vec![(self, "already")],
            ActionKind::Bind {
                phone,
                code: Some(code),
                ticket,
            } => {
                let ticket = ticket.as_ref().map(|ticket| self.value(ticket, scope));
                let ticket = matches!(ticket, Some(Err(_) | Ok(Value::Text(_))));
                let given = (self.value(phone, scope), self.value(code, scope));
                let (Ok(phone), Ok(code), false) = (given.0, given.1, ticket) else {
                    return Vec::new();
                };
                let right = phone.characters().is_some_and(|text| &**text == PHONE)
                    && code.characters().is_some_and(|text| &**text == CODE);
                if self.account && right {
                    self.bound = true;
                    return vec![(self, "bound")];
                }
                self.refused += 1;
                if self.refused > MAX_REFUSALS {
                    return Vec::new();
                }
                vec![(self, "refused")]
            }
            ActionKind::Unbind { .. }
            | ActionKind::LockAccount
            | ActionKind::UnlockAccount { .. }
            | ActionKind::LogOff
            | ActionKind::TrustAlert { .. }
            | ActionKind::CloseAlert { .. }
            | ActionKind::Forward
            | ActionKind::IssueCode(_)
                if !self.bound =>
            {
                vec![(self, "unbound")]
            }
            ActionKind::LockAccount if self.locked => vec![(self, "already_locked")],
            ActionKind::LockAccount => {
                self.locked = true;
                vec![(self, "locked")]
            }
            ActionKind::UnlockAccount { .. } if !self.locked => vec![(self, "not_locked")],
            ActionKind::LogOff => vec![(self, "logged_off")],
            ActionKind::IssueCode(_) if self.asked_for_code => vec![(self, "too_soon")],
            ActionKind::IssueCode(_) => {
                self.asked_for_code = true;
                vec![(self, "requested")]
            }
            ActionKind::Forward => {
                let ways = [
                    ("system answers \"好的\"", "answered"),
                    ("system is late", "late"),
                    ("system fails", "failed"),
                ];
                let way = |(line, outcome): (&str, &'static str)| {
                    let mut scene = self.clone();
                    let last = scene.steps.len().saturating_sub(1);
                    scene.steps.insert(last, line.to_owned());
                    (scene, outcome)
                };
                ways.map(way).into()
            }
            _ => Vec::new(),
        }
    }
}

/// Where it ended, however it did.
pub(super) fn ends<'s, 'p>(ended: Vec<(Scene<'s, 'p>, Flow<'p>)>) -> Vec<Scene<'s, 'p>> {
    ended.into_iter().map(|(scene, _)| scene).collect()
}

/// The text of a reply.
fn text_of(action: &Action) -> Option<Span> {
    match &action.kind {
        ActionKind::Reply(Reply::Text(text)) => Some(text.span),
        _ => None,
    }
}
