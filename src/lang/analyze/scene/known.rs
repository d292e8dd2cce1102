//! What is known in the middle of a conversation, and what nobody here can know.

use std::collections::BTreeMap;

use crate::lang::builtins::{ALERT_OPEN, Registry};
use crate::lang::eval::{Facts, HistoryAnswer};
use crate::lang::program::{FieldId, HistoryQuery, Name, Program};
use crate::lang::value::Value;

/// What stands for a value that is not known here, and is no 未知.
const SOMETHING: &str = "…";

/// Names a block may use.
#[derive(Clone, Default)]
pub(super) struct Scope {
    pub(super) captures: BTreeMap<String, Value>,
    pub(super) slots: Option<BTreeMap<String, Value>>,
    /// The rule hears of a scanned code.
    pub(super) scanned: bool,
}

/// A field, a name or a history nobody knows here decides.
pub(super) struct Foreign;

/// What is known in the middle of a conversation.
pub(super) struct Known<'k> {
    pub(super) registry: &'k Registry,
    pub(super) scope: &'k Scope,
    pub(super) bound: bool,
    pub(super) remembered: bool,
    /// Something was asked that cannot be known here.
    pub(super) foreign: bool,
}

impl Known<'_> {
    fn something(&mut self) -> Value {
        self.foreign = true;
        Value::text(SOMETHING)
    }
}

impl Facts for Known<'_> {
    fn field(&mut self, id: FieldId) -> Value {
        let spec = self.registry.field_spec(id);
        match spec.path {
            "bound" | "sender.bound" => Value::YesNo(self.bound),
            // Who is not bound has no account; proofs are no then.
            _ if spec.about_account() && !self.bound => match spec.proof {
                true => Value::YesNo(false),
                false => Value::unknown("account"),
            },
            // Nobody logs in here.
            ALERT_OPEN => Value::YesNo(false),
            _ => self.something(),
        }
    }

    fn name(&mut self, name: &Name) -> Value {
        let known = match name {
            Name::Capture(name) => self.scope.captures.get(name),
            Name::Slot(name) => self.scope.slots.as_ref().and_then(|slots| slots.get(name)),
            Name::Variable(_) if !self.remembered => None,
            Name::Variable(_) | Name::Outcome(_) | Name::Raw(_) => return self.something(),
        };
        known.cloned().unwrap_or_else(|| Value::unknown("name"))
    }

    fn history(&mut self, _: &HistoryQuery, _: Option<&Value>, _: &Program) -> HistoryAnswer {
        self.foreign = true;
        HistoryAnswer::unknown("history")
    }

    fn trusted(&mut self, _: &Value) -> bool {
        false
    }
}
