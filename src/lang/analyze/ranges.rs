//! Comparisons with constants that never or always hold.

use crate::lang::builtins::{FunctionKind, Registry, SUSPICION};
use crate::lang::check::codes as c;
use crate::lang::check::literal::{constant, magnitude};
use crate::lang::check::report::{Report, w};
use crate::lang::check::walk;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{
    ActionKind, CompareOp, Expr, ExprKind, HistoryFunction, Program, Window,
};

use super::contradiction;
use super::example::{Given, amount as amount_of, shown, written};
use crate::lang::value::{Type, Value};

type Range = (f64, f64);

/// `scored`: every signal of the set is in the program, so that the score's range is known.
pub(super) fn check(program: &Program, registry: &Registry, scored: bool, report: &mut Report) {
    let known = Known {
        program,
        registry,
        score: (scored && !program.signals.is_empty()).then(|| weights(program)),
    };
    let mut see = |expr: &Expr| {
        walk::nodes(expr, &program.queries, &mut |node| match &node.kind {
            ExprKind::Compare(op, left, right) => {
                compare(*op, left, right, node, &known, report);
            }
            ExprKind::And(parts) => contradiction::check(true, parts, program, report),
            ExprKind::Or(parts) => contradiction::check(false, parts, program, report),
            _ => {}
        });
    };
    program.lets.iter().for_each(|item| see(&item.value));
    for signal in &program.signals {
        see(&signal.when);
        signal.except.iter().for_each(&mut see);
    }
    for rule in &program.rules {
        rule.when.iter().for_each(&mut see);
        walk::actions(&rule.body, &mut |action| {
            if let ActionKind::Remember { value, .. } = &action.kind {
                see(value);
            }
        });
    }
    for slot in program.dialogs.iter().flat_map(|dialog| &dialog.slots) {
        slot.unless.iter().for_each(&mut see);
    }
}

fn compare(
    op: CompareOp,
    left: &Expr,
    right: &Expr,
    node: &Expr,
    known: &Known<'_>,
    report: &mut Report,
) {
    let (Some(a), Some(b)) = (known.range(left), known.range(right)) else {
        return;
    };
    let verdict = match op {
        CompareOp::Less => decide(a.1 < b.0, a.0 >= b.1),
        CompareOp::LessEqual => decide(a.1 <= b.0, a.0 > b.1),
        CompareOp::Greater => decide(a.0 > b.1, a.1 <= b.0),
        CompareOp::GreaterEqual => decide(a.0 >= b.1, a.1 < b.0),
        CompareOp::Equal => decide(a.0 == a.1 && a == b, a.1 < b.0 || b.1 < a.0),
        CompareOp::NotEqual => decide(a.1 < b.0 || b.1 < a.0, a.0 == a.1 && a == b),
    };
    let Some(holds) = verdict else {
        return;
    };
    let words = |range: Range, ty: &Type| {
        let (low, high) = (amount(range.0, ty), amount(range.1, ty));
        match range {
            (a, b) if a == b => (format!("总是 {low}"), format!("always {low}")),
            (_, b) if b.is_infinite() => (format!("至少 {low}"), format!("at least {low}")),
            _ => (
                format!("在 {low} 到 {high} 之间"),
                format!("between {low} and {high}"),
            ),
        }
    };
    // The side that is not a plain constant is the one to explain.
    let (side, reach) = if constant(left).is_some() {
        (right, b)
    } else {
        (left, a)
    };
    let (zh, en) = words(reach, &side.ty);
    let found = if holds {
        Diagnostic::warning(
            c::ALWAYS,
            w("这个条件总是成立", "this condition always holds"),
            node.span,
            w("总是成立", "always holds"),
        )
    } else {
        Diagnostic::error(
            c::NEVER,
            w("这个条件永远不成立", "this condition never holds"),
            node.span,
            w("永远不成立", "never holds"),
        )
    };
    let found = found.with_label(side.span, w(zh, en));
    let words = if holds {
        w("也还是成立", "it holds all the same")
    } else {
        w("也还是不成立", "it does not hold either")
    };
    // The values that come nearest to the opposite.
    let mut given = Vec::new();
    for (side, range, other) in [(left, a, b), (right, b, a)] {
        if constant(side).is_none() {
            given.extend(nearest(range, other, &side.ty).map(|value| Given {
                about: written(side, known.program),
                value,
            }));
        }
    }
    report.push(shown(found, node, &given, holds, words, known.program));
}

/// The end of a range that is nearer to another one.
fn nearest(range: Range, other: Range, ty: &Type) -> Option<Value> {
    let end = if range.1.is_finite() && (range.0 - other.1).abs() > (range.1 - other.0).abs() {
        range.1
    } else {
        range.0
    };
    end.is_finite().then(|| amount_of(end, ty)).flatten()
}

/// An amount in the unit people write.
fn amount(size: f64, ty: &Type) -> String {
    match ty {
        Type::Percent => format!("{}%", size * 100.0),
        Type::Distance => format!("{} km", size / 1000.0),
        Type::Speed => format!("{size} km/h"),
        Type::Duration => format!("{} hours", size / 3_600_000.0),
        _ => size.to_string(),
    }
}

fn decide(always: bool, never: bool) -> Option<bool> {
    match (always, never) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// What ranges follow from.
struct Known<'a> {
    program: &'a Program,
    registry: &'a Registry,
    score: Option<Range>,
}

impl Known<'_> {
    /// The values an expression can take when it is known, in its type's own unit.
    fn range(&self, expr: &Expr) -> Option<Range> {
        if let Some(value) = constant(expr) {
            let size = magnitude(&value)?;
            return Some((size, size));
        }
        let mut functions = self.registry.functions().iter();
        match &expr.kind {
            ExprKind::Let { value, .. } => self.range(value),
            ExprKind::Field(id) | ExprKind::RowField(id) => {
                let spec = self.registry.field_spec(*id);
                if spec.path == SUSPICION {
                    self.score
                } else {
                    spec.range
                }
            }
            ExprKind::Call(function, _) => {
                let kind = FunctionKind::Pure(*function);
                functions.find(|spec| spec.kind == kind)?.range
            }
            ExprKind::History(id) => {
                let query = self.program.queries.get(id.0 as usize)?;
                let kind = FunctionKind::History(query.function);
                let (low, high) = functions.find(|spec| spec.kind == kind)?.range?;
                let counts = matches!(
                    query.function,
                    HistoryFunction::Count | HistoryFunction::Distinct | HistoryFunction::Streak
                );
                match query.window {
                    Window::Last(rows) if counts => Some((low, high.min(f64::from(rows)))),
                    _ => Some((low, high)),
                }
            }
            _ => None,
        }
    }
}

/// The least and the greatest score the signals can add up to.
fn weights(program: &Program) -> Range {
    let counted = program.signals.iter().filter(|signal| !signal.shadow);
    counted.fold((0.0, 0.0), |(low, high), signal| {
        (low + signal.weight.min(0.0), high + signal.weight.max(0.0))
    })
}
