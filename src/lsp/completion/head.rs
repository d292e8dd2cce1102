//! What may follow in the head of a rule: how an event is matched, and what comes behind it.

use super::Offer;
use crate::lang::builtins::EventSpec;
use crate::lang::program::EventName;
use crate::lsp::names::Kind;

/// Behind what a rule listens for.
const BEHIND: [&str; 4] = ["or", "when", "even in dialog", "continue"];

impl Offer<'_> {
    /// Directly after these words of a rule's head. False: something else may follow.
    pub(super) fn rule_head(&mut self, words: &[String]) -> bool {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [.., "even"] => self.words(&["in dialog"]),
            [.., "even", "in"] => self.words(&["dialog"]),
            // From there on it is an expression.
            _ if self.scene.condition => return false,
            ["on"] | [.., "or"] => self.events(),
            [.., "in"] => self.symbols(Kind::List),
            // `undeliverable alert`, `with phone: mobile`, `digits(6)`, `"…"`, a list.
            [.., "alert" | ")" | "\"\""] | [.., ":" | "in", _] => self.words(&BEHIND),
            [.., "on" | "or", event] => {
                let Some(spec) = self.set.registry.event(event) else {
                    return false;
                };
                self.words(matchers(spec));
                self.words(&BEHIND);
            }
            _ => return false,
        }
        true
    }
}

/// The words between an event and what it is held against.
fn matchers(event: &EventSpec) -> &'static [&'static str] {
    match (&event.event, event.matches) {
        (EventName::Undeliverable, _) => &["alert"],
        (EventName::Text, _) => &["containing", "starting", "matching", "in", "with"],
        (_, Some("scene")) => &["scene"],
        _ => &[],
    }
}
