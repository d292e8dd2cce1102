//! Values that show what a finding says of a condition: `login.hour` at 23 does not reach 24 either.
//!
//! A value is only shown after the evaluator confirmed it: the condition is evaluated with the value in
//! the place of what it is about. Nothing is shown that was merely derived.

use crate::lang::diagnostics::{Diagnostic, Example, Words};
use crate::lang::eval::{NoFacts, NoObserver, eval};
use crate::lang::program::{Expr, ExprKind, Program};
use crate::lang::value::{Type, Value};

/// What stands in the place of an expression.
pub(super) struct Given {
    /// The expression, as [`written`] shows it.
    pub(super) about: String,
    /// Its value.
    pub(super) value: Value,
}

/// The source of an expression on one line.
pub(super) fn written(expr: &Expr, program: &Program) -> String {
    let text = program.sources.slice(expr.span);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Adds the values to a finding, if the evaluator says of `condition` what is claimed: that it `holds`,
/// or does not.
pub(super) fn shown(
    found: Diagnostic,
    condition: &Expr,
    given: &[Given],
    holds: bool,
    words: Words,
    program: &Program,
) -> Diagnostic {
    let value = with(condition, given, program);
    let amounts: Option<Vec<(String, String)>> = given
        .iter()
        .map(|one| Some((one.about.clone(), literal(&one.value)?)))
        .collect();
    match amounts {
        Some(amounts) if !amounts.is_empty() && value == Value::YesNo(holds) => found.with_example(
            Example {
                given: amounts,
                holds,
            },
            words,
        ),
        _ => found,
    }
}

/// What the evaluator says of a condition with these values.
pub(super) fn with(condition: &Expr, given: &[Given], program: &Program) -> Value {
    let put = given.iter().fold(condition.clone(), |expr, one| {
        replaced(&expr, &one.about, &one.value, program)
    });
    eval(&put, program, &mut NoFacts, &mut NoObserver)
}

/// A number of `ty` in its own unit as a value.
pub(super) fn amount(size: f64, ty: &Type) -> Option<Value> {
    Some(match ty {
        Type::Number => Value::Number(size),
        Type::Percent => Value::Percent(size),
        Type::Distance => Value::Distance(size),
        Type::Speed => Value::Speed(size),
        #[allow(clippy::cast_possible_truncation, reason = "as saturates")]
        Type::Duration => Value::Duration(size.round() as i64),
        _ => return None,
    })
}

/// How an author writes a value.
pub(super) fn literal(value: &Value) -> Option<String> {
    #[allow(clippy::cast_precision_loss, reason = "durations are far below 2^53")]
    Some(match value {
        Value::Number(n) => n.to_string(),
        Value::Percent(n) => format!("{}%", n * 100.0),
        Value::Distance(n) => format!("{} km", n / 1000.0),
        Value::Speed(n) => format!("{n} km/h"),
        Value::Duration(n) if n % 3_600_000 == 0 => format!("{} hours", n / 3_600_000),
        Value::Duration(n) => format!("{} seconds", *n as f64 / 1000.0),
        Value::YesNo(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Text(text) => format!("\"{text}\""),
        _ => return None,
    })
}

/// The expression with `value` wherever `about` is written.
fn replaced(expr: &Expr, about: &str, value: &Value, program: &Program) -> Expr {
    let text = written(expr, program);
    let of_new = || {
        // What is new was not seen, asked in the same words.
        let asked = text.strip_prefix("new(")?;
        match value {
            Value::YesNo(seen) if about.strip_prefix("seen(") == Some(asked) => {
                Some(Value::YesNo(!seen))
            }
            _ => None,
        }
    };
    let put = match &expr.kind {
        ExprKind::Const(_) => None,
        _ if text == about => Some(value.clone()),
        ExprKind::History(_) => of_new(),
        _ => None,
    };
    if let Some(value) = put {
        return Expr {
            kind: ExprKind::Const(value),
            ..expr.clone()
        };
    }
    mapped(expr, &|inner| replaced(inner, about, value, program))
}

/// The expression with each of its parts as `change` gives it. What a question to the history is about stays.
pub(super) fn mapped(expr: &Expr, change: &dyn Fn(&Expr) -> Expr) -> Expr {
    let go = |inner: &Expr| Box::new(change(inner));
    let all = |parts: &[Expr]| parts.iter().map(change).collect();
    let kind = match &expr.kind {
        ExprKind::Not(inner) => ExprKind::Not(go(inner)),
        ExprKind::And(parts) => ExprKind::And(all(parts)),
        ExprKind::Or(parts) => ExprKind::Or(all(parts)),
        ExprKind::Compare(op, a, b) => ExprKind::Compare(*op, go(a), go(b)),
        ExprKind::Arith(op, a, b) => ExprKind::Arith(*op, go(a), go(b)),
        ExprKind::Otherwise(first, second) => ExprKind::Otherwise(go(first), go(second)),
        ExprKind::IsKnown { inner, known } => ExprKind::IsKnown {
            inner: go(inner),
            known: *known,
        },
        ExprKind::Call(function, args) => ExprKind::Call(*function, all(args)),
        ExprKind::InList {
            item,
            list,
            negated,
        } => ExprKind::InList {
            item: go(item),
            list: *list,
            negated: *negated,
        },
        ExprKind::Let { name, value } => ExprKind::Let {
            name: name.clone(),
            value: go(value),
        },
        ExprKind::InValues {
            item,
            values,
            negated,
        } => ExprKind::InValues {
            item: go(item),
            values: values.clone(),
            negated: *negated,
        },
        other => other.clone(),
    };
    Expr {
        kind,
        ..expr.clone()
    }
}
