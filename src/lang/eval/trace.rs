//! The observer that remembers what every sub-expression was.

use crate::lang::program::{Expr, ExprKind};
use crate::lang::span::Span;
use crate::lang::value::Value;

use super::facts::{HistoryAnswer, Observer, PastLogin};

/// What one evaluation saw, in the order in which nodes were entered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// The nodes.
    pub steps: Vec<Step>,
    open: Vec<usize>,
}

/// One node of the expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Where it stands in the source.
    pub span: Span,
    /// How deep inside the expression, 0 for the whole.
    pub depth: usize,
    /// Its value; `None` when it was not looked at.
    pub value: Option<Value>,
    /// A constant, whose value the source already says.
    pub constant: bool,
    /// A fact (field, name, history answer) rather than something computed from others.
    pub fact: bool,
    /// The value of a `let`, which the place does not say.
    pub named: bool,
    /// For a history query: how many past rows it rests on.
    pub rows: Option<u32>,
    /// A bound on kept rows was hit.
    pub truncated: bool,
    /// For a history query: the newest of those rows.
    pub used: Vec<PastLogin>,
}

impl Trace {
    /// The value of the whole expression.
    pub fn result(&self) -> Option<&Value> {
        self.steps.first()?.value.as_ref()
    }

    /// The value the node at `span` had, if it was looked at. When nodes share a span (a `let` that
    /// is only a path), the outermost.
    pub fn value_at(&self, span: Span) -> Option<&Value> {
        self.steps
            .iter()
            .find(|step| step.span == span)?
            .value
            .as_ref()
    }

    fn step(&self, expr: &Expr) -> Step {
        Step {
            span: expr.span,
            depth: self.open.len(),
            value: None,
            constant: matches!(expr.kind, ExprKind::Const(_)),
            fact: matches!(
                expr.kind,
                ExprKind::Field(_)
                    | ExprKind::RowField(_)
                    | ExprKind::Name(_)
                    | ExprKind::History(_)
                    | ExprKind::Trusted(_)
                    | ExprKind::Call(..)
            ),
            named: matches!(expr.kind, ExprKind::Let { .. }),
            rows: None,
            truncated: false,
            used: Vec::new(),
        }
    }
}

impl Observer for Trace {
    fn enter(&mut self, expr: &Expr) {
        let step = self.step(expr);
        self.open.push(self.steps.len());
        self.steps.push(step);
    }

    fn leave(&mut self, _: &Expr, value: &Value) {
        if let Some(step) = self.open.pop().and_then(|at| self.steps.get_mut(at)) {
            step.value = Some(value.clone());
        }
    }

    fn skip(&mut self, expr: &Expr) {
        let step = self.step(expr);
        self.steps.push(step);
    }

    fn history(&mut self, _: &Expr, answer: &HistoryAnswer) {
        if let Some(step) = self.open.last().and_then(|at| self.steps.get_mut(*at)) {
            step.rows = Some(answer.rows);
            step.truncated = answer.truncated;
        }
    }

    fn used(&mut self, _: &Expr, logins: Vec<PastLogin>) {
        if let Some(step) = self.open.last().and_then(|at| self.steps.get_mut(*at)) {
            step.used = logins;
        }
    }
}
