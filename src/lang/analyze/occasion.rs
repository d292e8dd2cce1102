//! On what message or login a rule acts whose text is at fault.

use crate::lang::program::{EventName, Expr, Program, Rule};
use crate::text::{Normalised, match_trigger, normalise};

use super::acts::plain;
use super::scene::USER;
use super::takes::sample;

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
        let first = !taken_before(program, &read, rule);
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

/// Whether an earlier rule may take the message.
fn taken_before(program: &Program, read: &Normalised, rule: &Rule) -> bool {
    let before = program.rules.iter().take_while(|other| other.id < rule.id);
    before.flat_map(|other| &other.triggers).any(|trigger| {
        trigger.event == EventName::Text && match_trigger(&trigger.matcher, read, program).is_some()
    })
}
