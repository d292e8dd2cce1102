//! What may be said where: the names and stages a piece of a rule sees.

use std::collections::BTreeMap;

use crate::lang::builtins::{AccountView, Stages};
use crate::lang::program::Name;
use crate::lang::span::Span;
use crate::lang::value::Type;

/// The surroundings of an expression or action.
#[derive(Debug, Clone)]
pub(super) struct Scope<'a> {
    /// Everything must be available in all of these.
    pub(super) stages: Stages,
    /// The event words of the rule; empty when any WeChat event may be behind it.
    pub(super) events: Vec<&'a str>,
    /// What kind of place it is.
    pub(super) place: Place,
    /// Captures, slots, parameters, names an outcome brings.
    pub(super) locals: BTreeMap<String, Local>,
    /// What `account.…` is here.
    pub(super) account: AccountView,
    /// The action whose outcome this is, for messages about `account.…`.
    pub(super) outcome: Option<String>,
    /// The condition proves that there is an account.
    pub(super) proven: bool,
    /// The dialog this belongs to.
    pub(super) dialog: Option<usize>,
    /// Nothing follows this block: actions that end the command may stand last in it.
    pub(super) tail: bool,
    /// A hole of the rule's pattern has no name: one that nothing brings may be its.
    pub(super) nameless: bool,
}

/// What kind of place an expression stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A rule or dialog.
    Rule,
    /// A dialog's `done`.
    Done,
    /// A signal's `when`.
    Signal,
    /// A signal's `except`.
    Except,
    /// A `let`: checked again for availability where it is used.
    Let,
    /// Inside `where:`: bare names are the past row's.
    Row,
}

/// A local name.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub(super) name: Name,
    pub(super) ty: Type,
    /// The alternatives of the triggers that do not bring it.
    pub(super) missing_in: Vec<Span>,
}

impl Scope<'_> {
    /// A place without names of its own.
    pub(super) fn new(stages: Stages, place: Place) -> Self {
        Self {
            stages,
            events: Vec::new(),
            place,
            locals: BTreeMap::new(),
            account: AccountView::Unchanged,
            outcome: None,
            proven: false,
            dialog: None,
            tail: true,
            nameless: false,
        }
    }

    /// Where constants are written: windows, lifetimes, weights.
    pub(super) fn constants() -> Self {
        Self::new(Stages::NONE, Place::Let)
    }

    /// Adds a name; inner names hide outer ones.
    pub(super) fn add(&mut self, name: Name, ty: Type) {
        let text = match &name {
            Name::Capture(text)
            | Name::Slot(text)
            | Name::Variable(text)
            | Name::Outcome(text)
            | Name::Raw(text) => text.clone(),
        };
        let local = Local {
            name,
            ty,
            missing_in: Vec::new(),
        };
        self.locals.insert(text, local);
    }
}
