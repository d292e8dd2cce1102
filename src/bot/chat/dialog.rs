//! Dialogs: slots, questions, misfits, the end (language law 7).

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use crate::bot::probe;
use crate::bot::ruleset::Ruleset;
use crate::bot::stored;
use crate::lang::eval::{self, Held, Misfit, answers, next_question};
use crate::lang::program::{self, DialogId, Slot};
use crate::lang::value::Value;
use crate::store::StoreError;
use crate::store::records::Dialog;
use crate::wechat::reply::Reply;

use super::{Chat, Flow};

impl Chat<'_, '_> {
    /// Starts a dialog with some of its names known; ends the running one.
    pub(super) fn start(
        &mut self,
        id: DialogId,
        with: BTreeMap<String, Value>,
    ) -> Result<(), StoreError> {
        self.end_dialog()?;
        let rules = self.rules.clone();
        let dialog = &rules.program.dialogs[id.0 as usize];
        let state = Dialog {
            official_account: self.event.official_account.clone(),
            openid: self.event.openid.clone(),
            name: dialog.name.clone(),
            rules: rules.program.hash.clone(),
            values: BTreeMap::new(),
            asked: String::new(),
            misfits: BTreeMap::new(),
            expires_at: self.now() + dialog.expires,
        };
        self.go_on(rules.clone(), dialog, state, with, false)
    }

    /// Tries the words that leave the dialog. True when the message was one.
    pub(super) fn cancel_dialog(&mut self, state: &Dialog) -> Result<bool, StoreError> {
        let Some((rules, at)) = self.running(state)? else {
            return Ok(false);
        };
        if !rules.index.cancels(at, &self.event.text) {
            return Ok(false);
        }
        let dialog = &rules.program.dialogs[at.0 as usize];
        self.end_dialog()?;
        self.enter(rules.clone(), stored::load_all(&state.values));
        if let Some(cancel) = &dialog.cancel {
            self.turn.answered_by = Some(format!("dialog {}", dialog.name));
            self.context.reached(cancel.block.span);
            self.run(&cancel.block)?;
        }
        Ok(true)
    }

    /// Tries open slots. True when the message was for the dialog.
    pub(super) fn answer_dialog(&mut self, state: &Dialog) -> Result<bool, StoreError> {
        let Some((rules, at)) = self.running(state)? else {
            return Ok(false);
        };
        let dialog = &rules.program.dialogs[at.0 as usize];
        let mut values = stored::load_all(&state.values);
        self.enter(rules.clone(), values.clone());
        let text = &self.event.text;
        let fill = |slots: &[&Slot]| {
            rules
                .index
                .fill_slots(at, slots, text)
                .into_iter()
                .collect()
        };
        let Ok(found) = answers(dialog, &values, |slot| self.excused(&rules, slot), fill);
        if found.is_empty() {
            return Ok(false);
        }
        let mut state = state.clone();
        state.expires_at = self.now() + dialog.expires;
        values.extend(found);
        self.go_on(rules.clone(), dialog, state, values, false)?;
        Ok(true)
    }

    /// A text that fits nothing: says so, and gives up after too many.
    pub(super) fn misfit(&mut self, state: &mut Dialog) -> Result<(), StoreError> {
        let Some((rules, at)) = self.running(state)? else {
            return self.end_dialog();
        };
        let dialog = &rules.program.dialogs[at.0 as usize];
        self.enter(rules.clone(), stored::load_all(&state.values));
        self.turn.answered_by = Some(format!("dialog {}", dialog.name));
        let Some(slot) = dialog.slots.iter().find(|slot| slot.name == state.asked) else {
            return self.end_dialog();
        };
        let misfits = state.misfits.entry(slot.name.clone()).or_default();
        *misfits += 1;
        match eval::misfit(slot, *misfits) {
            Misfit::GivesUp => {
                self.end_dialog()?;
                self.context.reached(dialog.give_up.span);
                self.run(&dialog.give_up)?;
                Ok(())
            }
            Misfit::Says(words) => {
                self.context.reached(words.span);
                let text = self.render(words);
                self.turn.reply = Some(Reply::text(text));
                self.tx.put(state)
            }
        }
    }

    /// Asks for the next open slot, or runs `done`.
    fn go_on(
        &mut self,
        rules: Arc<Ruleset>,
        dialog: &program::Dialog,
        mut state: Dialog,
        values: BTreeMap<String, Value>,
        replied: bool,
    ) -> Result<(), StoreError> {
        self.enter(rules.clone(), values);
        self.turn.answered_by = Some(match self.turn.answered_by.take() {
            Some(rule) => format!("{rule} → dialog {}", dialog.name),
            None => format!("dialog {}", dialog.name),
        });
        let slots = self.scope.slots.clone().unwrap_or_default();
        let Ok(next) = next_question(dialog, &slots, |slot| self.excused(&rules, slot));
        if let Some(slot) = next {
            self.context.reached(slot.question.span);
            if !replied {
                let question = self.render(&slot.question);
                self.turn.reply = Some(Reply::text(question));
            }
            state.asked = slot.name.clone();
            state.values = stored::save_all(self.scope.slots.as_ref().unwrap_or(&BTreeMap::new()));
            return self.tx.put(&state);
        }
        self.end_dialog()?;
        self.context.reached(dialog.done.span);
        if let Flow::AskAgain(slot) = self.run(&dialog.done)? {
            let mut values = self.scope.slots.clone().unwrap_or_default();
            values.remove(&slot);
            state.misfits.remove(&slot);
            state.expires_at = self.now() + dialog.expires;
            let replied = self.turn.reply.is_some();
            return self.ask_again(rules.clone(), dialog, state, values, &slot, replied);
        }
        Ok(())
    }

    fn ask_again(
        &mut self,
        rules: Arc<Ruleset>,
        dialog: &program::Dialog,
        mut state: Dialog,
        values: BTreeMap<String, Value>,
        slot: &str,
        replied: bool,
    ) -> Result<(), StoreError> {
        self.enter(rules, values);
        let Some(slot) = dialog.slots.iter().find(|known| known.name == slot) else {
            return Ok(());
        };
        if !replied {
            let question = self.render(&slot.question);
            self.turn.reply = Some(Reply::text(question));
        }
        state.asked = slot.name.clone();
        state.values = stored::save_all(self.scope.slots.as_ref().unwrap_or(&BTreeMap::new()));
        self.tx.put(&state)
    }

    /// From here on names are the dialog's.
    fn enter(&mut self, rules: Arc<Ruleset>, values: BTreeMap<String, Value>) {
        self.rules = rules;
        self.scope.captures.clear();
        self.scope.outcomes.clear();
        self.scope.slots = Some(values);
    }

    fn excused(&mut self, rules: &Ruleset, slot: &Slot) -> Result<bool, Infallible> {
        let probe = self.context.probe.as_ref();
        Ok(slot.unless.as_ref().is_some_and(|unless| {
            probe::holds(probe, Some(unless), &rules.program, self) == Held::Yes
        }))
    }

    /// The rule set a dialog was started under, and the dialog in it.
    fn running(&mut self, state: &Dialog) -> Result<Option<(Arc<Ruleset>, DialogId)>, StoreError> {
        let rules = self.context.rules_by_hash(self.tx, &state.rules)?;
        Ok(rules.and_then(|rules| {
            let dialogs = &rules.program.dialogs;
            let at = dialogs
                .iter()
                .position(|dialog| dialog.name == state.name)?;
            Some((rules, DialogId(at as u32)))
        }))
    }
}
