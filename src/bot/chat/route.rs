//! Who answers (language laws 6 and 7).

use crate::lang::eval::{self, Held, NoObserver, Round, Telling, Trace, Turn, turns};
use crate::lang::program::{EventName, Rule};
use crate::store::StoreError;

use super::{Chat, Flow};

impl Chat<'_, '_> {
    /// Looks at the event in the order of law 7 until somebody answers.
    pub(super) fn route(&mut self) -> Result<(), StoreError> {
        let mut dialog = self.dialog()?;
        let is_text = self.event.name == EventName::Text;
        for turn in turns(dialog.is_some(), is_text, self.event.wants_answer) {
            let answered = match (turn, &mut dialog) {
                (Turn::Rules(round), _) => self.try_rules(*round)?,
                (Turn::Cancel, Some(dialog)) => self.cancel_dialog(dialog)?,
                (Turn::Answer, Some(dialog)) => self.answer_dialog(dialog)?,
                (Turn::Misfit, Some(dialog)) => return self.misfit(dialog),
                (Turn::Cancel | Turn::Answer | Turn::Misfit, None) => false,
            };
            if answered {
                break;
            }
        }
        Ok(())
    }

    /// Runs the first rule that matches, and those with `continue` before it. True when one answered
    /// or acted last.
    fn try_rules(&mut self, round: Round) -> Result<bool, StoreError> {
        // Interrupting rules come from the newest set, also while an older dialog runs.
        let rules = self.context.rules.clone();
        let name = match round {
            Round::Fallback => &EventName::Any,
            _ => &self.event.name,
        };
        let mut candidates = Vec::new();
        rules
            .index
            .candidates(name, &self.event.text, &mut candidates);
        for id in candidates {
            let rule = &rules.program.rules[id.0 as usize];
            if !round.tries(rule.even_in_dialog) {
                continue;
            }
            let Some(captures) = rules.index.match_rule(id, name, &self.event.text) else {
                continue;
            };
            let captures = captures
                .iter()
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .collect();
            self.rules = rules.clone();
            self.scope.captures = captures;
            self.scope.slots = None;
            if let Some(why_not) = self.unmet(rule) {
                self.turn.passed_over.push((rule.name.clone(), why_not));
                continue;
            }
            if let Some(error) = self.error.take() {
                return Err(error);
            }
            self.turn.answered_by = Some(rule.name.clone());
            self.context.reached(rule.head);
            let flow = self.run(&rule.body)?;
            debug_assert!(
                !matches!(flow, Flow::AskAgain(_)),
                "checked: only in `done`"
            );
            if !rule.continues {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Why the rule's condition does not hold; `None` when it does.
    fn unmet(&mut self, rule: &Rule) -> Option<String> {
        let when = rule.when.as_ref()?;
        let program = self.context.rules.program.clone();
        let probe = self.context.probe.clone();
        let value = if self.context.explain || probe.is_some() {
            let mut trace = Trace::default();
            let value = eval::eval(when, &program, self, &mut trace);
            if let Some(probe) = probe {
                probe.judged(&trace);
            }
            if self.context.explain {
                let zone = self.context.zone(None);
                let telling = Telling::new(&zone, self.context.language);
                let text = eval::explain(when, &program, &trace, telling);
                self.turn.explanations.push((rule.name.clone(), text));
            }
            value
        } else {
            eval::eval(when, &program, self, &mut NoObserver)
        };
        match Held::from(value) {
            Held::Yes => None,
            Held::No => {
                let said = self.context.language;
                Some(
                    said.pick("条件不成立", "its condition does not hold")
                        .to_owned(),
                )
            }
            Held::NotEvaluable(missing) => {
                let said = self.context.language;
                let begin = said.pick("无法判断，缺 ", "not evaluable, missing ");
                let names = eval::missing_names(&missing, said);
                Some(format!("{begin}{names}"))
            }
        }
    }
}
