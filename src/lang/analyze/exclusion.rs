//! Whether two conditions of different rules can hold together.

use crate::lang::program::{Expr, ExprKind, Program};

use super::contradiction::{apart, says};
use super::example::written;

/// Pairs of conditions that are compared: beyond, nothing is known of the two.
const MAX_PAIRS: usize = 4_096;

/// Whether two conditions certainly never hold together. `and` and `or` are looked into, and names of conditions.
pub(super) fn exclude(a: &Expr, b: &Expr, program: &Program) -> bool {
    let mut left = MAX_PAIRS;
    looked_into(a, b, program, &mut left)
}

fn looked_into(a: &Expr, b: &Expr, program: &Program, left: &mut usize) -> bool {
    let Some(rest) = left.checked_sub(1) else {
        return false;
    };
    *left = rest;
    match (&a.kind, &b.kind) {
        (ExprKind::And(parts), _) => parts.iter().any(|part| looked_into(part, b, program, left)),
        (_, ExprKind::And(parts)) => parts.iter().any(|part| looked_into(a, part, program, left)),
        (ExprKind::Or(parts), _) => parts.iter().all(|part| looked_into(part, b, program, left)),
        (_, ExprKind::Or(parts)) => parts.iter().all(|part| looked_into(a, part, program, left)),
        _ => {
            alone(a, b, program)
                || match (&a.kind, &b.kind) {
                    (ExprKind::Let { value, .. }, _) => looked_into(value, b, program, left),
                    (_, ExprKind::Let { value, .. }) => looked_into(a, value, program, left),
                    (ExprKind::Not(inner), _) => match &inner.kind {
                        ExprKind::Let { value, .. } => never_without(value, b, program, left),
                        _ => false,
                    },
                    (_, ExprKind::Not(inner)) => match &inner.kind {
                        ExprKind::Let { value, .. } => never_without(value, a, program, left),
                        _ => false,
                    },
                    _ => false,
                }
        }
    }
}

/// Whether `other` holds only where `value` does.
fn never_without(value: &Expr, other: &Expr, program: &Program, left: &mut usize) -> bool {
    match &value.kind {
        ExprKind::And(_) | ExprKind::Or(_) => false,
        _ => {
            let not = Expr {
                kind: ExprKind::Not(Box::new(value.clone())),
                ..value.clone()
            };
            looked_into(&not, other, program, left)
        }
    }
}

/// The same for two conditions without `and` and `or`.
fn alone(a: &Expr, b: &Expr, program: &Program) -> bool {
    let said = says(a, true, program).zip(says(b, true, program));
    if said.is_some_and(|(a, b)| a.about == b.about && apart(true, &a.what, &b.what)) {
        return true;
    }
    let (first, second) = (bare(a), bare(b));
    if first.1 != second.1 && written(first.0, program) == written(second.0, program) {
        return true;
    }
    if let (
        ExprKind::InList {
            item,
            list,
            negated,
        },
        ExprKind::InList {
            item: other,
            list: same,
            negated: not,
        },
    ) = (&first.0.kind, &second.0.kind)
        && list == same
        && (first.1 != *negated) != (second.1 != *not)
        && written(item, program) == written(other, program)
    {
        return true;
    }
    unknown(a, second.0, program) || unknown(b, first.0, program)
}

/// Without its `not`s, and whether it is to hold.
fn bare(expr: &Expr) -> (&Expr, bool) {
    match &expr.kind {
        ExprKind::Not(inner) => {
            let (inner, holds) = bare(inner);
            (inner, !holds)
        }
        _ => (expr, true),
    }
}

/// Whether `a` says that what `b` looks at is unknown: then neither `b` nor `not b` holds.
fn unknown(a: &Expr, b: &Expr, program: &Program) -> bool {
    let ExprKind::IsKnown {
        inner,
        known: false,
    } = &a.kind
    else {
        return false;
    };
    let item = match &b.kind {
        ExprKind::InList { item, .. } | ExprKind::InValues { item, .. } => item,
        _ => return false,
    };
    written(inner, program) == written(item, program)
}
