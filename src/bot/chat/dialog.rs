//! Dialogs: slots, questions, misfits, the end (language law 7).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bot::probe;
use crate::bot::ruleset::Ruleset;
use crate::bot::stored;
use crate::lang::eval::Held;
use crate::lang::program::{self, DialogId, Extractor, Slot};
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

    /// Tries cancel words and open slots. True when the message was for the dialog.
    pub(super) fn answer_dialog(&mut self, mut state: Dialog) -> Result<bool, StoreError> {
        let Some(rules) = self.dialog_rules(&state)? else {
            return Ok(false);
        };
        let Some((id, dialog)) = find(&rules, &state.name) else {
            return Ok(false);
        };
        if rules.index.cancels(id, &self.event.text) {
            self.end_dialog()?;
            self.enter(rules.clone(), stored::load_all(&state.values));
            if let Some(cancel) = &dialog.cancel {
                self.turn.answered_by = Some(format!("dialog {}", dialog.name));
                self.context.reached(cancel.block.span);
                self.run(&cancel.block)?;
            }
            return Ok(true);
        }
        let values = stored::load_all(&state.values);
        self.enter(rules.clone(), values.clone());
        let found = self.read_slots(&rules, id, dialog, &values);
        if found.is_empty() {
            return Ok(false);
        }
        state.expires_at = self.now() + dialog.expires;
        let mut values = values;
        values.extend(found);
        self.go_on(rules.clone(), dialog, state, values, false)?;
        Ok(true)
    }

    /// A text that fits nothing: says so, and gives up after too many.
    pub(super) fn misfit(&mut self, mut state: Dialog) -> Result<(), StoreError> {
        let Some(rules) = self.dialog_rules(&state)? else {
            return self.end_dialog();
        };
        let Some((_, dialog)) = find(&rules, &state.name) else {
            return self.end_dialog();
        };
        self.enter(rules.clone(), stored::load_all(&state.values));
        self.turn.answered_by = Some(format!("dialog {}", dialog.name));
        let Some(slot) = dialog.slots.iter().find(|slot| slot.name == state.asked) else {
            return self.end_dialog();
        };
        let misfits = state.misfits.entry(slot.name.clone()).or_default();
        *misfits += 1;
        if slot.at_most.is_some_and(|most| *misfits >= most) {
            self.end_dialog()?;
            self.context.reached(dialog.give_up.span);
            self.run(&dialog.give_up)?;
            return Ok(());
        }
        let words = slot.invalid.as_ref().unwrap_or(&slot.question);
        self.context.reached(words.span);
        let text = self.render(words);
        self.turn.reply = Some(Reply::text(text));
        self.tx.put(&state)
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
        if let Some(slot) = self.next_open(&rules, dialog) {
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

    /// The first slot that is neither known nor excused.
    fn next_open<'d>(&mut self, rules: &Ruleset, dialog: &'d program::Dialog) -> Option<&'d Slot> {
        dialog.slots.iter().find(|slot| {
            let known = self
                .scope
                .slots
                .as_ref()
                .is_some_and(|slots| slots.get(&slot.name).is_some_and(Value::is_known));
            !known && !self.excused(rules, slot)
        })
    }

    fn excused(&mut self, rules: &Ruleset, slot: &Slot) -> bool {
        let probe = self.context.probe.as_ref();
        slot.unless.as_ref().is_some_and(|unless| {
            probe::holds(probe, Some(unless), &rules.program, self) == Held::Yes
        })
    }

    /// What the message says about open slots; and about filled ones when it says them again along
    /// with an open one (somebody corrects the phone together with the code).
    fn read_slots(
        &mut self,
        rules: &Ruleset,
        id: DialogId,
        dialog: &program::Dialog,
        values: &BTreeMap<String, Value>,
    ) -> BTreeMap<String, Value> {
        let mut open = Vec::new();
        for slot in &dialog.slots {
            if !values.contains_key(&slot.name) && !self.excused(rules, slot) {
                open.push(slot);
            }
        }
        let read = |slots: &[&Slot]| -> BTreeMap<String, Value> {
            rules
                .index
                .fill_slots(id, slots, &self.event.text)
                .into_iter()
                .collect()
        };
        let found = read(&open);
        if found.is_empty() {
            return found;
        }
        let all: Vec<&Slot> = dialog
            .slots
            .iter()
            .filter(|slot| found.contains_key(&slot.name) || shaped(&slot.extractor))
            .collect();
        let again = read(&all);
        if found
            .iter()
            .all(|(name, value)| again.get(name) == Some(value))
        {
            again
        } else {
            found
        }
    }

    /// The rule set a dialog was started under.
    fn dialog_rules(&mut self, state: &Dialog) -> Result<Option<Arc<Ruleset>>, StoreError> {
        self.context.rules_by_hash(self.tx, &state.rules)
    }
}

fn find<'r>(rules: &'r Ruleset, name: &str) -> Option<(DialogId, &'r program::Dialog)> {
    let dialogs = &rules.program.dialogs;
    let index = dialogs.iter().position(|dialog| dialog.name == name)?;
    Some((DialogId(index as u32), &dialogs[index]))
}

/// Extractors that recognise their own kind of text and nothing else.
fn shaped(extractor: &Extractor) -> bool {
    matches!(
        extractor,
        Extractor::Mobile | Extractor::Email | Extractor::IdCard | Extractor::Url
    )
}
