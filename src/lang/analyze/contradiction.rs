//! Conditions that cannot hold together, and alternatives one of which always holds:
//! `login.hour >= 22 and login.hour < 6`, `bound and not bound`, `x == "a" and x == "b"`.
//!
//! Two conditions are about the same thing when it is written the same. Only certain cases are told.

use crate::lang::check::codes as c;
use crate::lang::check::literal::{constant, magnitude};
use crate::lang::check::report::{Report, w};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{CompareOp, Expr, ExprKind, Program};
use crate::lang::span::Span;
use crate::lang::value::Value;

/// What one condition says about one thing.
struct Says {
    /// The thing, as written.
    about: String,
    what: What,
    span: Span,
}

enum What {
    /// Its size lies between these; `true`: the bound itself is left out.
    Between((f64, bool), (f64, bool)),
    /// It is this text (or another value that only equals itself).
    Is(Value),
    /// It holds, or does not.
    Holds(bool),
}

/// Looks at the parts of an `and` (`all`) or of an `or`.
pub(super) fn check(all: bool, parts: &[Expr], program: &Program, report: &mut Report) {
    // An `or` always holds exactly when its parts cannot all fail.
    let said: Vec<Says> = parts
        .iter()
        .filter_map(|part| says(part, all, program))
        .collect();
    for (index, second) in said.iter().enumerate() {
        let first = said[..index]
            .iter()
            .find(|first| first.about == second.about && excludes(&first.what, &second.what));
        let Some(first) = first else {
            continue;
        };
        let mut found = if all {
            Diagnostic::error(
                c::NEVER,
                w(
                    "这两个条件不能同时成立",
                    "these two conditions never hold together",
                ),
                second.span,
                w("和前面的条件矛盾", "contradicts the condition before"),
            )
        } else {
            Diagnostic::warning(
                c::ALWAYS,
                w(
                    "这两个条件总有一个成立",
                    "one of these two conditions always holds",
                ),
                second.span,
                w("前面的不成立时它成立", "holds whenever the other does not"),
            )
        };
        found = found.with_label(first.span, w("前面的条件", "the condition before"));
        if all && second.about.ends_with("hour") && matches!(second.what, What::Between(..)) {
            found = found.with_help(w(
                format!(
                    "跨过午夜的时间用 `or`，或写 `between_hours({}, 22, 6)`",
                    second.about
                ),
                format!(
                    "hours across midnight take `or`, or `between_hours({}, 22, 6)`",
                    second.about
                ),
            ));
        }
        report.push(found);
    }
}

/// What a condition says when it holds; when not `as_is`, what its failing says.
fn says(part: &Expr, as_is: bool, program: &Program) -> Option<Says> {
    let source = |expr: &Expr| {
        let text = program.sources.slice(expr.span);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let made = |about: &Expr, what| {
        Some(Says {
            about: source(about),
            what,
            span: part.span,
        })
    };
    match &part.kind {
        ExprKind::Not(inner) if !matches!(inner.kind, ExprKind::Compare(..)) => {
            made(inner, What::Holds(!as_is))
        }
        ExprKind::Field(_) | ExprKind::Name(_) | ExprKind::Let { .. } => {
            made(part, What::Holds(as_is))
        }
        ExprKind::Compare(op, left, right) => {
            let (about, value, op) = match (constant(left), constant(right)) {
                (None, Some(value)) => (left, value, *op),
                (Some(value), None) => (right, value, mirrored(*op)),
                _ => return None,
            };
            let op = if as_is { op } else { opposite(op) };
            let Some(size) = magnitude(&value) else {
                return match op {
                    CompareOp::Equal => made(about, What::Is(value)),
                    _ => None,
                };
            };
            let all = f64::INFINITY;
            made(
                about,
                match op {
                    CompareOp::Less => What::Between((-all, true), (size, true)),
                    CompareOp::LessEqual => What::Between((-all, true), (size, false)),
                    CompareOp::Greater => What::Between((size, true), (all, true)),
                    CompareOp::GreaterEqual => What::Between((size, false), (all, true)),
                    CompareOp::Equal => What::Between((size, false), (size, false)),
                    CompareOp::NotEqual => return None,
                },
            )
        }
        _ => None,
    }
}

fn excludes(a: &What, b: &What) -> bool {
    match (a, b) {
        (What::Between(low_a, high_a), What::Between(low_b, high_b)) => {
            let apart = |high: &(f64, bool), low: &(f64, bool)| {
                high.0 < low.0 || (high.0 == low.0 && (high.1 || low.1))
            };
            apart(high_a, low_b) || apart(high_b, low_a)
        }
        (What::Is(a), What::Is(b)) => a != b,
        (What::Holds(a), What::Holds(b)) => a != b,
        _ => false,
    }
}

fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Less => CompareOp::Greater,
        CompareOp::LessEqual => CompareOp::GreaterEqual,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::GreaterEqual => CompareOp::LessEqual,
        same => same,
    }
}

fn opposite(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Less => CompareOp::GreaterEqual,
        CompareOp::LessEqual => CompareOp::Greater,
        CompareOp::Greater => CompareOp::LessEqual,
        CompareOp::GreaterEqual => CompareOp::Less,
        CompareOp::Equal => CompareOp::NotEqual,
        CompareOp::NotEqual => CompareOp::Equal,
    }
}
