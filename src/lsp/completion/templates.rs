//! Templates are configured elsewhere; what the rules call them, and their fields, is what is known here.

use lsp_types::CompletionItemKind;

use super::Offer;
use crate::lang::syntax::ast::{Action, ActionKind, Block, Item, TemplateMessage};
use crate::lsp::world::Set;

impl Offer<'_> {
    /// The templates the rules use.
    pub(super) fn templates(&mut self) {
        for template in all(self.set) {
            let kind = CompletionItemKind::MODULE;
            self.push(&template.name.name, kind, String::new(), String::new());
        }
    }

    /// Their fields, and the link every template may have.
    pub(super) fn template_fields(&mut self) {
        for template in all(self.set) {
            for field in &template.fields {
                let label = format!("{}:", field.name.name);
                let detail = template.name.name.clone();
                self.push(&label, CompletionItemKind::FIELD, detail, String::new());
            }
        }
        let kind = CompletionItemKind::FIELD;
        self.push("url:", kind, String::new(), String::new());
    }
}

fn all(set: &Set) -> Vec<&TemplateMessage> {
    let mut found = Vec::new();
    for item in set.parsed.iter().flat_map(|parsed| &parsed.file.items) {
        match item {
            Item::Rule(rule) => of(&rule.body, &mut found),
            Item::Dialog(dialog) => {
                let cancel = dialog.cancel.as_ref().map(|cancel| &cancel.block);
                for block in [cancel, dialog.give_up.as_ref(), dialog.done.as_ref()] {
                    block.into_iter().for_each(|block| of(block, &mut found));
                }
            }
            _ => {}
        }
    }
    found
}

fn of<'s>(block: &'s Block, found: &mut Vec<&'s TemplateMessage>) {
    for Action { kind, outcomes, .. } in &block.actions {
        if let ActionKind::Alert(alert) = kind {
            found.extend(&alert.template);
        }
        for arm in outcomes.iter().flatten() {
            of(&arm.block, found);
        }
    }
}
