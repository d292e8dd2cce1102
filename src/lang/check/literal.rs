//! Constants: numbers with units, texts that stand for addresses and phones, and their arithmetic.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::lang::program::{ArithOp, Expr, ExprKind};
use crate::lang::value::{Type, Value};

/// The value of an expression that needs no event, or nothing.
pub(in crate::lang) fn constant(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Const(value) if value.is_known() => Some(value.clone()),
        ExprKind::Let { value, .. } => constant(value),
        ExprKind::Arith(op, left, right) => arith(*op, &constant(left)?, &constant(right)?),
        _ => None,
    }
}

/// A constant's size in its own unit: milliseconds, metres, km/h, fractions.
pub(in crate::lang) fn magnitude(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) | Value::Percent(n) | Value::Distance(n) | Value::Speed(n) => Some(*n),
        #[allow(clippy::cast_precision_loss, reason = "thresholds are far below 2^53")]
        Value::Duration(n) | Value::Time(n) => Some(*n as f64),
        _ => None,
    }
}

fn arith(op: ArithOp, left: &Value, right: &Value) -> Option<Value> {
    let (a, b) = (magnitude(left)?, magnitude(right)?);
    let number = match op {
        ArithOp::Add => a + b,
        ArithOp::Subtract => a - b,
        ArithOp::Multiply => a * b,
        ArithOp::Divide if b == 0.0 => return None,
        ArithOp::Divide => a / b,
    };
    let like = match (op, left, right) {
        (ArithOp::Divide, _, Value::Number(_)) => left,
        (ArithOp::Divide, ..) => return Some(Value::Number(number)),
        (ArithOp::Multiply, Value::Number(_), _) => right,
        _ => left,
    };
    Some(of_type(like, number))
}

fn of_type(like: &Value, number: f64) -> Value {
    match like {
        Value::Percent(_) => Value::Percent(number),
        Value::Distance(_) => Value::Distance(number),
        Value::Speed(_) => Value::Speed(number),
        #[allow(clippy::cast_possible_truncation, reason = "as saturates")]
        Value::Duration(_) => Value::Duration(number.round() as i64),
        _ => Value::Number(number),
    }
}

/// The constant with the opposite sign.
pub(super) fn negated(value: &Value) -> Option<Value> {
    magnitude(value).map(|number| of_type(value, -number))
}

/// What a text in place means where `ty` is wanted: `None` when texts cannot stand for that type,
/// `Some(None)` when this one does not.
pub(super) fn from_text(text: &str, ty: &Type) -> Option<Option<Value>> {
    let value = match ty {
        Type::Text => Some(Value::text(text)),
        Type::Date => date(text),
        Type::Ip => text.trim().parse::<IpAddr>().ok().map(Value::Ip),
        Type::Network => network(text).map(Value::Network),
        Type::Phone => phone(text),
        Type::Code => text
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| Value::Code(text.into())),
        Type::Machine => (!text.is_empty()).then(|| Value::Machine(text.into())),
        Type::Account => (!text.is_empty()).then(|| Value::Account(text.into())),
        _ => return None,
    };
    Some(value)
}

/// An address is a network of full length.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// `2026-01-05`, and nothing shorter: an entry that is never equal to a day would fail silently.
fn date(text: &str) -> Option<Value> {
    let text = text.trim();
    let whole = text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
    whole.then(|| Value::text(text))
}

/// E.164; eleven digits from 1 are a mainland number.
fn phone(text: &str) -> Option<Value> {
    let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let digits = compact.strip_prefix('+').unwrap_or(&compact);
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = match (compact.starts_with('+'), digits.len()) {
        (true, 7..=15) => format!("+{digits}"),
        (false, 11) if digits.starts_with('1') => format!("+86{digits}"),
        _ => return None,
    };
    Some(Value::Phone(number.as_str().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_stand_for_something() {
        let phone = |text| from_text(text, &Type::Phone).unwrap();
        assert_eq!(
            phone("138 0013 8000"),
            Some(Value::Phone("+8613800138000".into()))
        );
        assert_eq!(
            phone("+1 415 555 0100"),
            Some(Value::Phone("+14155550100".into()))
        );
        assert_eq!(phone("110"), None);
        let net = from_text("10.0.0.1", &Type::Network).unwrap();
        assert_eq!(net, Some(Value::Network("10.0.0.1/32".parse().unwrap())));
        assert_eq!(from_text("x", &Type::Duration), None);
        let date = |text| from_text(text, &Type::Date).unwrap();
        assert_eq!(date("2026-10-01"), Some(Value::text("2026-10-01")));
        assert_eq!(date("2026-10-1"), None);
        assert_eq!(date("2026-02-29"), None);
    }
}
