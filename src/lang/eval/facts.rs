//! What the host tells the evaluator, and what the evaluator tells whoever watches.

use crate::lang::program::{Expr, FieldId, HistoryQuery, Name, Program};
use crate::lang::value::{Spot, Value, View};

/// The facts of one event. Implemented by `bot` and `guard` (live, stories, chat), by the backtest,
/// and by tests. Everything that is missing is a [`Value::Unknown`] that names itself; proofs
/// (`bound`, `alert.open`, `login.legal`, …) are never unknown: missing means no.
pub trait Facts {
    /// A field of the event or its subjects.
    fn field(&mut self, id: FieldId) -> Value;

    /// The same field where it lies, so that comparing it with a constant copies nothing. `None` says
    /// nothing at all: [`Facts::field`] is asked then. What it shows must be what `field` gives.
    #[inline]
    fn view(&mut self, id: FieldId) -> Option<View<'_>> {
        let _ = id;
        None
    }

    /// [`Facts::view`] of a field that is a plain number; `None` says nothing at all.
    #[inline]
    fn number(&mut self, id: FieldId) -> Option<f64> {
        match self.view(id) {
            Some(View::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// [`Facts::view`] of a field made of characters; `None` says nothing at all.
    #[inline]
    fn characters(&mut self, id: FieldId) -> Option<&str> {
        match self.view(id) {
            Some(View::Characters(text)) => Some(text),
            _ => None,
        }
    }

    /// [`Facts::view`] of a field that is a yes or a no; `None` says nothing at all.
    #[inline]
    fn yes_no(&mut self, id: FieldId) -> Option<bool> {
        match self.view(id) {
            Some(View::YesNo(yes)) => Some(yes),
            _ => None,
        }
    }

    /// The numbers of a field that is a login: what `distance` and `speed` look at. `None` says nothing
    /// at all, also where a coordinate is missing; else they must be those of what `field` gives.
    #[inline]
    fn spot(&mut self, id: FieldId) -> Option<Spot> {
        match self.view(id) {
            Some(View::Login(login)) => Some(login.spot()),
            _ => None,
        }
    }

    /// [`Facts::view`] of [`Facts::row_field`].
    #[inline]
    fn row_view(&mut self, id: FieldId) -> Option<View<'_>> {
        let _ = id;
        None
    }

    /// A field of the past row; only asked inside `where:`.
    fn row_field(&mut self, id: FieldId) -> Value {
        let _ = id;
        Value::unknown("row")
    }

    /// A capture, slot, variable of the user or name an outcome brings.
    fn name(&mut self, name: &Name) -> Value;

    /// A question to the history. `value` is the present value the query compares past ones with,
    /// already evaluated. Hosts pass both on to `crate::history::evaluate`.
    fn history(
        &mut self,
        query: &HistoryQuery,
        value: Option<&Value>,
        program: &Program,
    ) -> HistoryAnswer;

    /// The answer to the same question where the host has it at hand, exactly as [`Facts::history`]
    /// would give it; asked before the compared value is evaluated, and only while nobody watches.
    /// `None` says nothing at all.
    #[inline]
    fn at_hand(&mut self, query: &HistoryQuery) -> Option<Value> {
        let _ = query;
        None
    }

    /// The past logins the answer to the same question rests on, newest first, a few at most; asked
    /// only while somebody watches ([`Observer::WATCHES`]).
    fn history_used(
        &mut self,
        query: &HistoryQuery,
        value: Option<&Value>,
        program: &Program,
    ) -> Vec<PastLogin> {
        let _ = (query, value, program);
        Vec::new()
    }

    /// Whether the owner trusts this machine now.
    fn trusted(&mut self, machine: &Value) -> bool;

    /// How well the account is known; asked by `learn until`.
    fn experience(&mut self) -> Experience {
        Experience::default()
    }
}

/// The answer to a history query.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryAnswer {
    /// The value.
    pub value: Value,
    /// How many past rows it rests on.
    pub rows: u32,
    /// A bound on kept rows was hit: older rows of the window are missing.
    pub truncated: bool,
}

impl HistoryAnswer {
    /// An answer that needs a fact which is missing.
    pub fn unknown(missing: impl AsRef<str>) -> Self {
        Value::unknown(missing).into()
    }
}

impl From<Value> for HistoryAnswer {
    fn from(value: Value) -> Self {
        Self {
            value,
            rows: 0,
            truncated: false,
        }
    }
}

/// A past login as explanations show it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastLogin {
    /// When it happened.
    pub time: i64,
    /// What it says about the question: the field that was asked about, whose it was, where from.
    pub values: Vec<Value>,
    /// The password was right.
    pub success: bool,
}

/// How well an account is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Experience {
    /// Milliseconds from its first known successful login to the present event; `None` before it.
    pub since_first: Option<i64>,
    /// Successful logins known, the present one not counted.
    pub logins: u64,
}

/// Watches an evaluation. The evaluator is generic over it, so that [`NoObserver`] costs nothing.
pub trait Observer {
    /// Whether it wants to know the past logins behind an answer, which costs reading them again.
    const WATCHES: bool = true;

    /// A node is about to be evaluated.
    fn enter(&mut self, expr: &Expr);
    /// It gave `value`.
    fn leave(&mut self, expr: &Expr, value: &Value);
    /// It was not looked at: the node around it was already decided.
    fn skip(&mut self, expr: &Expr);
    /// The history query at `expr` was answered.
    fn history(&mut self, expr: &Expr, answer: &HistoryAnswer);
    /// The answer to that query rests on these past logins, newest first.
    fn used(&mut self, expr: &Expr, logins: Vec<PastLogin>) {
        let _ = (expr, logins);
    }
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    const WATCHES: bool = false;

    #[inline(always)]
    fn enter(&mut self, _: &Expr) {}
    #[inline(always)]
    fn leave(&mut self, _: &Expr, _: &Value) {}
    #[inline(always)]
    fn skip(&mut self, _: &Expr) {}
    #[inline(always)]
    fn history(&mut self, _: &Expr, _: &HistoryAnswer) {}
}

/// An event of which nothing is known: what stands in an expression itself decides.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFacts;

impl Facts for NoFacts {
    fn field(&mut self, _: FieldId) -> Value {
        Value::unknown("field")
    }

    fn name(&mut self, _: &Name) -> Value {
        Value::unknown("name")
    }

    fn history(&mut self, _: &HistoryQuery, _: Option<&Value>, _: &Program) -> HistoryAnswer {
        HistoryAnswer::unknown("history")
    }

    fn trusted(&mut self, _: &Value) -> bool {
        false
    }
}
