//! What conditions say of one another: whether one holds whenever another does, and values with which
//! several hold at once. Only what is certain is said; values are confirmed by the evaluator.

use crate::lang::builtins::Registry;
use crate::lang::program::{Expr, ExprKind, Program};
use crate::lang::value::{Type, Value};

use super::contradiction::{Says, What, excludes, says};
use super::example::{Given, amount, literal, with, written};

/// Whether `then` certainly holds whenever `given` does: every part of it stands in `given` too, or
/// follows from a part that says more of the same thing.
pub(super) fn implies(given: &Expr, then: &Expr, program: &Program) -> bool {
    let known = parts(given);
    parts(then).into_iter().all(|wanted| {
        let text = written(wanted, program);
        let wanted = said(wanted, program);
        known.iter().any(|part| {
            written(part, program) == text
                || said(part, program).zip(wanted.as_ref()).is_some_and(
                    |((about, narrow), (wanted, wide))| {
                        let fits = |one: &What| wide.iter().any(|other| within(one, other));
                        about == *wanted && narrow.iter().all(fits)
                    },
                )
        })
    })
}

/// What a condition is about, and what it may be: one thing where it is compared, each of them where it is
/// among several.
fn said(part: &Expr, program: &Program) -> Option<(String, Vec<What>)> {
    match among(part, program) {
        Some(wants) => {
            let about = wants.first()?.about.clone();
            Some((about, wants.into_iter().map(|want| want.what).collect()))
        }
        None => says(part, true, program).map(|said| (said.about, vec![said.what])),
    }
}

/// The values among which something must be: `n in [7, 12]`.
fn among(part: &Expr, program: &Program) -> Option<Vec<Want>> {
    let ExprKind::InValues {
        item,
        values,
        negated: false,
    } = &part.kind
    else {
        return None;
    };
    // A list is among others when one of its entries is, an address when it is of a network.
    let plain = matches!(
        item.ty,
        Type::Text | Type::Number | Type::Code | Type::Phone | Type::Date
    );
    let want = |value: &Expr| {
        let ExprKind::Const(value) = &value.kind else {
            return None;
        };
        let what = match value {
            Value::Number(size) => What::Between((*size, false), (*size, false)),
            value if value.characters().is_some() => What::Is(value.clone()),
            _ => return None,
        };
        Some(Want {
            about: written(item, program),
            ty: item.ty.clone(),
            what,
        })
    };
    let wants: Option<Vec<Want>> = values.iter().map(want).collect();
    wants.filter(|wants| plain && !wants.is_empty())
}

/// Whether one of two conditions always holds, whatever is known: `bound` and `not bound`.
pub(super) fn exhaust(a: &Expr, b: &Expr, program: &Program, registry: &Registry) -> bool {
    if let (
        ExprKind::IsKnown {
            inner: first,
            known,
        },
        ExprKind::IsKnown {
            inner: second,
            known: other,
        },
    ) = (&a.kind, &b.kind)
    {
        return known != other && written(first, program) == written(second, program);
    }
    let certain = |expr: &Expr| never_unknown(expr, registry);
    certain(a)
        && certain(b)
        && says(a, false, program)
            .zip(says(b, false, program))
            .is_some_and(|(a, b)| a.about == b.about && excludes(&a.what, &b.what))
}

/// Proofs are, and what is made of them (language law 4).
pub(super) fn never_unknown(expr: &Expr, registry: &Registry) -> bool {
    match &expr.kind {
        ExprKind::Field(id) => registry.field_spec(*id).proof,
        ExprKind::Not(inner) => never_unknown(inner, registry),
        ExprKind::Let { value, .. } => never_unknown(value, registry),
        ExprKind::IsKnown { .. } => true,
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            parts.iter().all(|part| never_unknown(part, registry))
        }
        _ => false,
    }
}

/// The conditions all of which must hold.
fn parts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::And(all) => all.iter().flat_map(parts).collect(),
        ExprKind::Let { value, .. } => match &value.kind {
            ExprKind::And(_) => parts(value),
            _ => vec![expr],
        },
        _ => vec![expr],
    }
}

/// Whether all that the first allows is allowed by the second.
fn within(narrow: &What, wide: &What) -> bool {
    match (narrow, wide) {
        (What::Between(low, high), What::Between(least, most)) => {
            let above = low.0 > least.0 || (low.0 == least.0 && (low.1 || !least.1));
            let below = high.0 < most.0 || (high.0 == most.0 && (high.1 || !most.1));
            above && below
        }
        (What::Is(a), What::IsNot(b)) => a != b,
        // Whatever compares it holds only when it is known.
        (narrow, What::Known(true)) => *narrow != What::Known(false),
        (a, b) => a == b,
    }
}

/// Values with which all conditions hold, each as an author writes it; `None` when none were found that
/// the evaluator confirms.
pub(super) fn values(conditions: &[&Expr], program: &Program) -> Option<Vec<(String, String)>> {
    let mut wanted = Vec::new();
    let mut parts: Vec<&Expr> = conditions.iter().flat_map(|one| parts(one)).collect();
    // Which of several it is, is chosen once all else is known.
    parts.sort_by_key(|part| matches!(part.kind, ExprKind::InValues { .. }));
    for condition in parts {
        if !need(condition, true, program, &mut wanted) {
            return None;
        }
    }
    let given = settle(&wanted)?;
    let confirmed = conditions
        .iter()
        .all(|condition| with(condition, &given, program) == Value::YesNo(true));
    let shown = given
        .iter()
        .map(|one| Some((one.about.clone(), literal(&one.value)?)));
    confirmed.then(|| shown.collect()).flatten()
}

/// What something must be.
#[derive(Clone)]
struct Want {
    about: String,
    ty: Type,
    what: What,
}

/// Adds what makes the condition hold, or fail; false when that cannot be told.
fn need(expr: &Expr, holds: bool, program: &Program, out: &mut Vec<Want>) -> bool {
    match (&expr.kind, holds) {
        (ExprKind::Const(value), _) => *value == Value::YesNo(holds),
        (ExprKind::Let { value, .. }, _) => need(value, holds, program, out),
        (ExprKind::Not(inner), _) => need(inner, !holds, program, out),
        (ExprKind::And(parts), true) | (ExprKind::Or(parts), false) => {
            parts.iter().all(|part| need(part, holds, program, out))
        }
        (ExprKind::And(parts), false) | (ExprKind::Or(parts), true) => parts.iter().any(|part| {
            let mut tried = out.clone();
            let found = need(part, holds, program, &mut tried) && settle(&tried).is_some();
            if found {
                *out = tried;
            }
            found
        }),
        _ => {
            if let Some(values) = among(expr, program).filter(|_| holds) {
                let fits = |value: &Want| {
                    let tried: Vec<Want> = out.iter().chain([value]).cloned().collect();
                    settle(&tried).is_some()
                };
                let found = values.into_iter().find(fits);
                out.extend(found.clone());
                return found.is_some();
            }
            out.push(wanted(expr, holds, program));
            true
        }
    }
}

fn wanted(expr: &Expr, holds: bool, program: &Program) -> Want {
    if matches!(expr.kind, ExprKind::Compare(..))
        && let Some(Says {
            about, ty, what, ..
        }) = says(expr, holds, program)
    {
        let ty = ty.clone();
        return Want { about, ty, what };
    }
    Want {
        about: written(expr, program),
        ty: Type::YesNo,
        what: What::Holds(holds),
    }
}

/// One value for each thing; `None` when what is wanted of one excludes itself.
fn settle(wanted: &[Want]) -> Option<Vec<Given>> {
    let mut given: Vec<Given> = Vec::new();
    for (index, want) in wanted.iter().enumerate() {
        let same = |other: &&Want| other.about == want.about;
        if wanted[..index].iter().any(|other| same(&other)) {
            continue;
        }
        let all: Vec<&What> = wanted.iter().filter(same).map(|want| &want.what).collect();
        given.push(Given {
            about: want.about.clone(),
            value: one(&all, &want.ty)?,
        });
    }
    Some(given)
}

/// A value that is all of this.
pub(super) fn one(all: &[&What], ty: &Type) -> Option<Value> {
    let (mut low, mut high) = ((f64::NEG_INFINITY, true), (f64::INFINITY, true));
    let (mut bounded, mut fixed) = (false, None);
    let mut others: Vec<&Value> = Vec::new();
    for what in all {
        let value = match what {
            What::Between(least, most) => {
                bounded = true;
                if least.0 > low.0 || (least.0 == low.0 && least.1) {
                    low = *least;
                }
                if most.0 < high.0 || (most.0 == high.0 && most.1) {
                    high = *most;
                }
                continue;
            }
            What::IsNot(value) => {
                others.push(value);
                continue;
            }
            What::Known(true) => continue,
            What::Known(false) => return None,
            What::Is(value) => value.clone(),
            What::Holds(holds) => Value::YesNo(*holds),
        };
        if fixed.as_ref().is_some_and(|known| *known != value) {
            return None;
        }
        fixed = Some(value);
    }
    let value = match (fixed, bounded) {
        (Some(_), true) => return None,
        (Some(value), false) => value,
        (None, true) => amount(within_bounds(low, high)?, ty)?,
        (None, false) => return any_but(&others, ty),
    };
    (!others.contains(&&value)).then_some(value)
}

/// A size between two bounds; `true`: the bound itself is left out.
fn within_bounds(low: (f64, bool), high: (f64, bool)) -> Option<f64> {
    Some(match (low.0.is_finite(), high.0.is_finite()) {
        _ if low.0 > high.0 || (low.0 == high.0 && (low.1 || high.1)) => return None,
        (true, _) if !low.1 => low.0,
        (_, true) if !high.1 => high.0,
        (true, true) => f64::midpoint(low.0, high.0),
        (true, false) => low.0 + 1.0,
        (false, true) => high.0 - 1.0,
        (false, false) => return None,
    })
}

/// A value of a type that is none of these.
fn any_but(others: &[&Value], ty: &Type) -> Option<Value> {
    let mut values: Vec<Value> = match ty {
        Type::Text => ["x", "y", "z"].map(Value::text).into(),
        Type::YesNo => [true, false].map(Value::YesNo).into(),
        _ => [1.0, 2.0, 3.0]
            .into_iter()
            .filter_map(|size| amount(size, ty))
            .collect(),
    };
    values.retain(|value| !others.contains(&value));
    values.into_iter().next()
}
