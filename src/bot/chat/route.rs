//! Who answers (language laws 6 and 7).

use crate::lang::eval::{self, Held, NoObserver, Trace};
use crate::lang::program::{EventName, Rule};
use crate::store::StoreError;

use super::{Chat, Flow};

/// Which rules are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Only those marked `even in dialog`.
    EvenInDialog,
    /// Those not marked, without `any`.
    Others,
    /// All but `any`.
    All,
    /// `any`.
    Fallback,
}

impl Chat<'_, '_> {
    /// Law 7: rules marked `even in dialog`, cancel words, an answer that fits an open slot, other
    /// rules, and last a word that it did not fit. Without a dialog: rules in order, then `any`.
    pub(super) fn route(&mut self) -> Result<(), StoreError> {
        if let Some(dialog) = self.dialog()? {
            if self.try_rules(Round::EvenInDialog)? {
                return Ok(());
            }
            if self.event.name == EventName::Text {
                if self.answer_dialog(dialog.clone())? || self.try_rules(Round::Others)? {
                    return Ok(());
                }
                return self.misfit(dialog);
            }
            if self.try_rules(Round::Others)? {
                return Ok(());
            }
        } else if self.try_rules(Round::All)? {
            return Ok(());
        }
        if self.event.wants_answer {
            self.try_rules(Round::Fallback)?;
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
            let wanted = match round {
                Round::EvenInDialog => rule.even_in_dialog,
                Round::Others => !rule.even_in_dialog,
                Round::All | Round::Fallback => true,
            };
            if !wanted {
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
                let text = eval::explain(when, &program, &trace, &self.context.zone(None));
                self.turn.explanations.push((rule.name.clone(), text));
            }
            value
        } else {
            eval::eval(when, &program, self, &mut NoObserver)
        };
        match Held::from(value) {
            Held::Yes => None,
            Held::No => Some("条件不成立".to_owned()),
            Held::NotEvaluable(missing) => Some(format!("无法判断，缺 {}", missing.join("、"))),
        }
    }
}
