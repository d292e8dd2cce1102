//! Conditions that cannot hold together, and alternatives one of which always holds:
//! `login.hour >= 22 and login.hour < 6`, `bound and not bound`, `x == "a" and x == "b"`.
//!
//! Two conditions are about the same thing when it is written the same. Only certain cases are told.

use crate::lang::check::codes as c;
use crate::lang::check::literal::{constant, magnitude};
use crate::lang::check::report::{Report, w};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{CompareOp, Expr, ExprKind, Function, HistoryFunction, Program};
use crate::lang::span::Span;
use crate::lang::value::{Type, Value};

use super::example::{Given, amount, shown, with, written};
use super::implied::one;

/// The most values that are tried of a list, and the longest list they are looked for in: each is tried with each
/// other condition.
const MAX_VALUES: usize = 64;

/// What one condition says about one thing.
pub(super) struct Says<'e> {
    /// The thing, as written.
    pub(super) about: String,
    /// Its type.
    pub(super) ty: &'e Type,
    /// The condition.
    part: &'e Expr,
    /// What of it.
    pub(super) what: What,
    span: Span,
}

/// See [`Says`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// Its size lies between these; `true`: the bound itself is left out.
    Between((f64, bool), (f64, bool)),
    /// It is this text (or another value that only equals itself).
    Is(Value),
    /// It is known and something else than this.
    IsNot(Value),
    /// It is known, or is not.
    Known(bool),
    /// It holds, or does not.
    Holds(bool),
}

/// Looks at the parts of an `and` (`all`) or of an `or`.
pub(super) fn check(all: bool, parts: &[Expr], program: &Program, report: &mut Report) {
    // An `or` always holds exactly when its parts cannot all fail.
    let said: Vec<Says<'_>> = parts
        .iter()
        .filter_map(|part| says(part, all, program))
        .collect();
    for (index, second) in said.iter().enumerate() {
        let first = said[..index]
            .iter()
            .find(|first| first.about == second.about && apart(all, &first.what, &second.what));
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
        let words = if all {
            w(
                "前面的条件成立，这个就不成立",
                "the one before holds, so this one does not",
            )
        } else {
            w(
                "前面的条件不成立，这个就成立",
                "the one before does not hold, so this one does",
            )
        };
        if let Some(value) = inside(&first.what, &second.what, first.ty) {
            let pair = vec![first.part.clone(), second.part.clone()];
            let both = Expr {
                kind: if all {
                    ExprKind::And(pair)
                } else {
                    ExprKind::Or(pair)
                },
                ty: Type::YesNo,
                span: second.span,
            };
            let given = Given {
                about: first.about.clone(),
                value,
            };
            found = shown(found, &both, &[given], !all, words, program);
        }
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
    if all {
        settled(parts, &said, program, report);
    }
}

/// `login.agent == "curl" and contains(login.agent, "wget")`: with each value that one condition leaves, the
/// evaluator says no to the other.
fn settled(parts: &[Expr], said: &[Says<'_>], program: &Program, report: &mut Report) {
    for (index, second) in parts.iter().enumerate() {
        for (before, first) in parts.iter().enumerate() {
            let Some((about, values)) = left(first, program) else {
                continue;
            };
            // Of two that name values the later one is told; and each pair once.
            let both = before > index && left(second, program).is_some();
            if before == index || both || known_apart(said, first, second) {
                continue;
            }
            // Of anything else nothing is known here, and "not known" is an answer to some questions.
            if values.len() > MAX_VALUES || !only_about(second, &about, program) {
                continue;
            }
            let given = |value: &Value| {
                vec![Given {
                    about: about.clone(),
                    value: value.clone(),
                }]
            };
            let no = |value: &Value| with(second, &given(value), program) == Value::YesNo(false);
            if values.is_empty() || !values.iter().all(no) {
                continue;
            }
            let found = Diagnostic::error(
                c::NEVER,
                w(
                    "这两个条件不能同时成立",
                    "these two conditions never hold together",
                ),
                second.span,
                w("和另一个条件矛盾", "contradicts the other condition"),
            )
            .with_label(first.span, w("另一个条件", "the other condition"));
            let words = w(
                "另一个条件成立，这个就不成立",
                "the other holds, so this one does not",
            );
            report.push(shown(
                found,
                second,
                &given(&values[0]),
                false,
                words,
                program,
            ));
        }
    }
}

/// Whether a condition asks about nothing but the thing and what is written in it. Lists by name come and go.
fn only_about(part: &Expr, about: &str, program: &Program) -> bool {
    let it = |expr: &Expr| written(expr, program) == about;
    let literal = |expr: &Expr| constant(expr).is_some();
    match &part.kind {
        ExprKind::Compare(_, a, b) => (it(a) && literal(b)) || (literal(a) && it(b)),
        ExprKind::InValues { item, values, .. } => {
            values.len() <= MAX_VALUES && it(item) && values.iter().all(literal)
        }
        ExprKind::Call(Function::Contains | Function::Starts, args) => {
            args.iter().all(|arg| it(arg) || literal(arg))
        }
        ExprKind::Not(inner) => only_about(inner, about, program),
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            parts.iter().all(|part| only_about(part, about, program))
        }
        _ => false,
    }
}

/// The values a condition leaves of a thing: `x == "a"`, `x in ["a", "b"]`.
fn left(part: &Expr, program: &Program) -> Option<(String, Vec<Value>)> {
    match &part.kind {
        ExprKind::InValues {
            item,
            values,
            negated: false,
        } if constant(item).is_none() => {
            // Of a network there are many addresses.
            let one = |value: &Value| !matches!(value, Value::Network(_));
            let values: Option<Vec<Value>> = values.iter().map(constant).collect();
            let values = values.filter(|values| values.iter().all(one))?;
            Some((written(item, program), values))
        }
        ExprKind::Compare(CompareOp::Equal, a, b) => {
            let (about, value) = match (constant(a), constant(b)) {
                (None, Some(value)) => (a, value),
                (Some(value), None) => (b, value),
                _ => return None,
            };
            Some((written(about, program), vec![value]))
        }
        _ => None,
    }
}

/// Whether two conditions were already told to exclude each other.
fn known_apart(said: &[Says<'_>], first: &Expr, second: &Expr) -> bool {
    let of = |part: &Expr| said.iter().find(|says| std::ptr::eq(says.part, part));
    of(first).zip(of(second)).is_some_and(|(a, b)| {
        a.about == b.about && (apart(true, &a.what, &b.what) || apart(true, &b.what, &a.what))
    })
}

/// What a condition says when it holds; when not `as_is`, what its failing says.
pub(super) fn says<'e>(part: &'e Expr, as_is: bool, program: &Program) -> Option<Says<'e>> {
    let made = |about: &'e Expr, what| {
        Some(Says {
            about: written(about, program),
            ty: &about.ty,
            part,
            what,
            span: part.span,
        })
    };
    match &part.kind {
        ExprKind::Not(inner) => match &inner.kind {
            ExprKind::Compare(..) | ExprKind::IsKnown { .. } | ExprKind::History(_) => Some(Says {
                part,
                span: part.span,
                ..says(inner, !as_is, program)?
            }),
            _ => made(inner, What::Holds(!as_is)),
        },
        ExprKind::IsKnown { inner, known } => made(inner, What::Known(*known == as_is)),
        ExprKind::History(id) if part.ty == Type::YesNo => {
            let says = made(part, What::Holds(as_is))?;
            let query = program.queries.get(id.0 as usize)?;
            // What is new was not seen, asked in the same words.
            match says.about.strip_prefix("new(") {
                Some(asked) if query.function == HistoryFunction::New => Some(Says {
                    about: format!("seen({asked}"),
                    what: What::Holds(!as_is),
                    ..says
                }),
                _ => Some(says),
            }
        }
        ExprKind::Field(_) | ExprKind::Name(_) | ExprKind::Let { .. } => {
            made(part, What::Holds(as_is))
        }
        ExprKind::Compare(op, left, right) => {
            let (about, value, op): (&'e Expr, _, _) = match (constant(left), constant(right)) {
                (None, Some(value)) => (left, value, *op),
                (Some(value), None) => (right, value, mirrored(*op)),
                _ => return None,
            };
            let op = if as_is { op } else { opposite(op) };
            let Some(size) = magnitude(&value) else {
                return match op {
                    CompareOp::Equal => made(about, What::Is(value)),
                    CompareOp::NotEqual => made(about, What::IsNot(value)),
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
                    CompareOp::NotEqual => What::IsNot(value),
                },
            )
        }
        _ => None,
    }
}

/// A value of which the first is true, at its end towards the second.
fn inside(first: &What, second: &What, ty: &Type) -> Option<Value> {
    match (first, second) {
        (What::Known(_), What::Known(_)) => one(&[&What::Known(true)], ty),
        (What::Known(_), other) => inside(other, first, ty),
        (What::Between(low, high), What::Between(below, _)) => {
            // The second lies above the first, or below it.
            let above = high.0 <= below.0;
            let (end, other) = if above { (high, low) } else { (low, high) };
            let size = match (end.1, other.0.is_finite()) {
                (false, _) => end.0,
                (true, true) => f64::midpoint(end.0, other.0),
                (true, false) if above => end.0 - 1.0,
                (true, false) => end.0 + 1.0,
            };
            amount(size, ty)
        }
        (first, _) => one(&[first], ty),
    }
}

/// Whether one of two conditions on the same thing keeps the other from holding.
pub(super) fn apart(all: bool, a: &What, b: &What) -> bool {
    let unknown = |a: &What, b: &What| *a == What::Known(false) && !matches!(b, What::Known(_));
    // What asks for a value does not hold without one; that it fails says nothing of the value.
    excludes(a, b) || (all && (unknown(a, b) || unknown(b, a)))
}

/// Whether both cannot be.
pub(super) fn excludes(a: &What, b: &What) -> bool {
    match (a, b) {
        (What::Between(low_a, high_a), What::Between(low_b, high_b)) => {
            let apart = |high: &(f64, bool), low: &(f64, bool)| {
                high.0 < low.0 || (high.0 == low.0 && (high.1 || low.1))
            };
            apart(high_a, low_b) || apart(high_b, low_a)
        }
        (What::Is(a), What::Is(b)) => a != b,
        (What::Is(a), What::IsNot(b)) | (What::IsNot(b), What::Is(a)) => a == b,
        (What::Between(low, high), What::IsNot(value))
        | (What::IsNot(value), What::Between(low, high)) => {
            let one = low == high && !low.1;
            one && magnitude(value) == Some(low.0)
        }
        (What::Known(a), What::Known(b)) => a != b,
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
