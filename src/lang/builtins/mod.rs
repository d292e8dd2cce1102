//! Builtins: one table entry per event, field, function, unit, extractor and action.
//!
//! The checker, the evaluator, the bot, `menshen schema` and completion read these entries; nothing
//! else in the crate spells a builtin's name. The host adds what rules may `call` with
//! [`Registry::register_call`] before the first compilation. No evaluation happens here.

mod actions;
mod calls;
mod events;
mod extractors;
mod feed;
mod fields;
mod functions;
mod stage;
mod units;
pub mod words;

pub use actions::{AccountView, ActionName, ActionSpec, OutcomeSpec, UNBOUND};
pub use calls::{CARDS, CallSpec, CardField, MAX_TEXT, TEMPLATE_LIMITS};
pub use events::EventSpec;
pub use events::event_called;
pub(in crate::lang) use events::own_trigger;
pub use extractors::{ExtractorKind, ExtractorSpec};
pub use feed::FEED_EVENTS;
pub use fields::{ALERT_OPEN, BAND, FieldSpec, RAW_PREFIX, SIGNALS, SUSPICION};
pub use functions::{
    ArgKind, ArgSpec, COUNTED, FunctionKind, FunctionSpec, NamedArg, ResultType, STREAMS,
};
pub use stage::{Stage, Stages};
pub use units::UnitSpec;

use std::collections::HashMap;

use super::program::{ByKey, EventName, FieldId};
use super::value::Type;

/// Everything the language knows without being told.
#[derive(Debug, Clone)]
pub struct Registry {
    events: Vec<EventSpec>,
    fields: Vec<FieldSpec>,
    field_ids: HashMap<&'static str, FieldId>,
    row_ids: HashMap<&'static str, FieldId>,
    functions: Vec<FunctionSpec>,
    units: Vec<UnitSpec>,
    extractors: Vec<ExtractorSpec>,
    actions: Vec<ActionSpec>,
    calls: Vec<CallSpec>,
}

/// The types a `list` may have, by the word after its colon.
pub const LIST_TYPES: &[(&str, Type)] = &[
    ("text", Type::Text),
    ("number", Type::Number),
    ("date", Type::Date),
    ("network", Type::Network),
    ("ip", Type::Ip),
    ("phone", Type::Phone),
    ("machine", Type::Machine),
    ("account", Type::Account),
];

/// The keys `by:` takes.
pub const BY_KEYS: &[(&str, ByKey)] = &[
    ("account", ByKey::Account),
    ("ip", ByKey::Ip),
    ("network", ByKey::Network),
    ("machine", ByKey::Machine),
    ("asn", ByKey::Asn),
    ("city", ByKey::City),
    ("country", ByKey::Country),
    ("all", ByKey::All),
];

/// A call was registered twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an action named `{0}` is already registered")]
pub struct CallExists(pub String);

impl Registry {
    /// The language's own tables, without any `call`.
    pub fn standard() -> Self {
        let fields = fields::table();
        let ids = |wanted: fn(&FieldSpec) -> bool, name: fn(&FieldSpec) -> &'static str| {
            fields
                .iter()
                .enumerate()
                .filter(|(_, field)| wanted(field))
                .map(|(index, field)| (name(field), FieldId(index as u16)))
                .collect::<HashMap<_, _>>()
        };
        let field_ids = ids(|_| true, |field| field.path);
        let row_ids = ids(|field| field.row, FieldSpec::bare);
        Self {
            events: events::table(),
            field_ids,
            row_ids,
            fields,
            functions: functions::table(),
            units: units::table(),
            extractors: extractors::table(),
            actions: actions::table(),
            calls: Vec::new(),
        }
    }

    /// Adds something rules may `call`.
    pub fn register_call(&mut self, call: CallSpec) -> Result<(), CallExists> {
        if self.call(&call.name).is_some() {
            return Err(CallExists(call.name));
        }
        self.calls.push(call);
        Ok(())
    }

    /// The event word `name`.
    pub fn event(&self, name: &str) -> Option<&EventSpec> {
        self.events.iter().find(|event| event.name == name)
    }

    /// The entry of a program's event.
    pub fn event_spec(&self, event: &EventName) -> &EventSpec {
        let found = self.events.iter().find(|spec| match (&spec.event, event) {
            (EventName::Named(_), EventName::Named(_)) => true,
            (ours, theirs) => ours == theirs,
        });
        found.expect("a test walks over every EventName")
    }

    /// All events.
    pub fn events(&self) -> &[EventSpec] {
        &self.events
    }

    /// The field with this full path.
    pub fn field(&self, path: &str) -> Option<FieldId> {
        self.field_ids.get(path).copied()
    }

    /// The field of past rows with this bare name.
    pub fn row_field(&self, bare: &str) -> Option<FieldId> {
        self.row_ids.get(bare).copied()
    }

    /// A field's entry. Ids come from this registry's tables, which are the same in every registry.
    pub fn field_spec(&self, id: FieldId) -> &FieldSpec {
        &self.fields[usize::from(id.0)]
    }

    /// All fields; a [`FieldId`] is an index into it.
    pub fn fields(&self) -> &[FieldSpec] {
        &self.fields
    }

    /// The function `name`.
    pub fn function(&self, name: &str) -> Option<&FunctionSpec> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// All functions.
    pub fn functions(&self) -> &[FunctionSpec] {
        &self.functions
    }

    /// The unit written `word`.
    pub fn unit(&self, word: &str) -> Option<&UnitSpec> {
        self.units.iter().find(|unit| unit.words.contains(&word))
    }

    /// All units.
    pub fn units(&self) -> &[UnitSpec] {
        &self.units
    }

    /// The built-in extractor `name`.
    pub fn extractor(&self, name: &str) -> Option<&ExtractorSpec> {
        self.extractors.iter().find(|spec| spec.name == name)
    }

    /// All built-in extractors.
    pub fn extractors(&self) -> &[ExtractorSpec] {
        &self.extractors
    }

    /// The entry of an action.
    pub fn action(&self, kind: ActionName) -> &ActionSpec {
        let found = self.actions.iter().find(|action| action.kind == kind);
        found.expect("a test walks over every ActionName")
    }

    /// All actions.
    pub fn actions(&self) -> &[ActionSpec] {
        &self.actions
    }

    /// The registered call `name`.
    pub fn call(&self, name: &str) -> Option<&CallSpec> {
        self.calls.iter().find(|call| call.name == name)
    }

    /// All registered calls.
    pub fn calls(&self) -> &[CallSpec] {
        &self.calls
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::standard()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_of_the_program_has_an_entry() {
        use EventName as E;
        let registry = Registry::standard();
        for event in [
            E::Text,
            E::Image,
            E::Voice,
            E::Video,
            E::ShortVideo,
            E::Location,
            E::Link,
            E::File,
            E::MiniProgram,
            E::Subscribe,
            E::Unsubscribe,
            E::Scan,
            E::Click,
            E::View,
            E::ViewMiniProgram,
            E::Position,
            E::ScanCodePush,
            E::ScanCodeWait,
            E::Photos,
            E::LocationSelect,
            E::Named("X".into()),
            E::Any,
            E::Attempt,
            E::Failure,
            E::Login,
            E::Undeliverable,
            E::Locked,
            E::Unlocked,
            E::Bound,
            E::Unbound,
        ] {
            let spec = registry.event_spec(&event);
            assert!(registry.event(spec.name).is_some());
        }
    }

    #[test]
    fn every_action_has_an_entry() {
        use ActionName as A;
        let registry = Registry::standard();
        for kind in [
            A::Reply,
            A::Start,
            A::LeaveDialog,
            A::AskAgain,
            A::Remember,
            A::Forget,
            A::Tag,
            A::Untag,
            A::Bind,
            A::Unbind,
            A::LockAccount,
            A::UnlockAccount,
            A::LogOff,
            A::TrustAlert,
            A::CloseAlert,
            A::Challenge,
            A::Deny,
            A::Allow,
            A::Alert,
            A::Forward,
            A::HandOver,
            A::Call,
            A::Note,
            A::Send,
            A::IssueCode,
        ] {
            assert_eq!(registry.action(kind).kind, kind);
        }
    }

    #[test]
    fn names_are_unique_and_rows_are_fields_of_the_login() {
        let registry = Registry::standard();
        assert_eq!(registry.field_ids.len(), registry.fields.len());
        for field in registry.fields() {
            assert!(
                !field.row || field.path.starts_with("login."),
                "{}",
                field.path
            );
            assert!(!field.zh.is_empty() && !field.en.is_empty());
            for event in field.only {
                assert!(
                    registry.event(event).is_some(),
                    "{} names {event}",
                    field.path
                );
            }
        }
        let rows = registry.fields().iter().filter(|field| field.row).count();
        assert_eq!(registry.row_ids.len(), rows);
        for (index, unit) in registry.units().iter().enumerate() {
            for word in unit.words {
                let again = registry.units().iter().skip(index + 1);
                assert!(
                    again.clone().all(|other| !other.words.contains(word)),
                    "{word}"
                );
                assert!(
                    registry
                        .units()
                        .iter()
                        .all(|other| !other.slips.contains(word))
                );
            }
        }
    }

    #[test]
    fn proofs_are_yes_or_no() {
        for field in Registry::standard().fields() {
            assert!(!field.proof || field.ty == Type::YesNo, "{}", field.path);
        }
    }

    #[test]
    fn a_call_is_registered_once() {
        let mut registry = Registry::standard();
        registry.register_call(CallSpec::webhook("desk")).unwrap();
        let again = registry.register_call(CallSpec::webhook("desk"));
        assert_eq!(again, Err(CallExists("desk".into())));
    }
}
