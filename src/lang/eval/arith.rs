//! Arithmetic with units.

use crate::lang::program::ArithOp;
use crate::lang::value::Value;

/// Milliseconds in an hour, for speeds.
const HOUR: f64 = 3_600_000.0;

/// Computes `left op right`. Unknown when a side is, when dividing by zero, and when the result is
/// out of range.
pub(in crate::lang) fn arith(op: ArithOp, left: &Value, right: &Value) -> Value {
    for side in [left, right] {
        if !side.is_known() {
            return side.clone();
        }
    }
    if op == ArithOp::Divide && amount(right) == Some(0.0) {
        return Value::unknown("division by zero");
    }
    let result = match op {
        ArithOp::Add => add(left, right),
        ArithOp::Subtract => subtract(left, right),
        ArithOp::Multiply => multiply(left, right).or_else(|| multiply(right, left)),
        ArithOp::Divide => divide(left, right),
    };
    match result {
        Some(value) if amount(&value).is_none_or(f64::is_finite) => value,
        Some(_) => Value::unknown("number out of range"),
        None => Value::unknown("numbers that fit"),
    }
}

fn amount(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) | Value::Percent(n) | Value::Distance(n) | Value::Speed(n) => Some(*n),
        Value::Duration(n) => Some(*n as f64),
        _ => None,
    }
}

fn add(left: &Value, right: &Value) -> Option<Value> {
    Some(match (left, right) {
        (Value::Number(a), Value::Number(b)) => Value::Number(a + b),
        (Value::Percent(a), Value::Percent(b)) => Value::Percent(a + b),
        (Value::Distance(a), Value::Distance(b)) => Value::Distance(a + b),
        (Value::Speed(a), Value::Speed(b)) => Value::Speed(a + b),
        (Value::Duration(a), Value::Duration(b)) => Value::Duration(a.checked_add(*b)?),
        (Value::Time(a), Value::Duration(b)) | (Value::Duration(b), Value::Time(a)) => {
            Value::Time(a.checked_add(*b)?)
        }
        (Value::Text(a), Value::Text(b)) => Value::text(format!("{a}{b}")),
        _ => return None,
    })
}

fn subtract(left: &Value, right: &Value) -> Option<Value> {
    Some(match (left, right) {
        (Value::Number(a), Value::Number(b)) => Value::Number(a - b),
        (Value::Percent(a), Value::Percent(b)) => Value::Percent(a - b),
        (Value::Distance(a), Value::Distance(b)) => Value::Distance(a - b),
        (Value::Speed(a), Value::Speed(b)) => Value::Speed(a - b),
        (Value::Duration(a), Value::Duration(b)) => Value::Duration(a.checked_sub(*b)?),
        (Value::Time(a), Value::Duration(b)) => Value::Time(a.checked_sub(*b)?),
        (Value::Time(a), Value::Time(b)) => Value::Duration(a.checked_sub(*b)?),
        _ => return None,
    })
}

/// One order of the factors; the caller tries the other too.
fn multiply(left: &Value, right: &Value) -> Option<Value> {
    let factor = match right {
        Value::Number(n) | Value::Percent(n) => *n,
        Value::Duration(ms) => {
            let Value::Speed(speed) = left else {
                return None;
            };
            return Some(Value::Distance(speed * 1_000.0 * (*ms as f64 / HOUR)));
        }
        _ => return None,
    };
    scale(left, factor)
}

fn divide(left: &Value, right: &Value) -> Option<Value> {
    Some(match (left, right) {
        (Value::Duration(a), Value::Duration(b)) => Value::Number(*a as f64 / *b as f64),
        (Value::Distance(a), Value::Distance(b))
        | (Value::Speed(a), Value::Speed(b))
        | (Value::Percent(a), Value::Percent(b)) => Value::Number(a / b),
        (Value::Distance(metres), Value::Duration(ms)) => {
            Value::Speed(metres / 1_000.0 / (*ms as f64 / HOUR))
        }
        (Value::Distance(metres), Value::Speed(speed)) => {
            duration(metres / 1_000.0 / speed * HOUR)?
        }
        (left, Value::Number(n) | Value::Percent(n)) => scale(left, 1.0 / n)?,
        _ => return None,
    })
}

fn scale(value: &Value, factor: f64) -> Option<Value> {
    Some(match value {
        Value::Number(n) => Value::Number(n * factor),
        Value::Percent(n) => Value::Percent(n * factor),
        Value::Distance(n) => Value::Distance(n * factor),
        Value::Speed(n) => Value::Speed(n * factor),
        Value::Duration(ms) => duration(*ms as f64 * factor)?,
        _ => return None,
    })
}

fn duration(ms: f64) -> Option<Value> {
    let ms = ms.round();
    (ms.abs() < i64::MAX as f64).then_some(Value::Duration(ms as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_combine() {
        let hour = Value::Duration(3_600_000);
        let km = |n: f64| Value::Distance(n * 1_000.0);
        assert_eq!(arith(ArithOp::Divide, &km(90.0), &hour), Value::Speed(90.0));
        assert_eq!(
            arith(ArithOp::Multiply, &hour, &Value::Speed(90.0)),
            km(90.0)
        );
        assert_eq!(arith(ArithOp::Divide, &km(90.0), &Value::Speed(90.0)), hour);
        assert_eq!(
            arith(ArithOp::Multiply, &Value::Number(2.0), &hour),
            Value::Duration(7_200_000)
        );
        assert_eq!(
            arith(ArithOp::Subtract, &Value::Time(5), &Value::Time(3)),
            Value::Duration(2)
        );
        assert_eq!(
            arith(ArithOp::Divide, &Value::Number(7.0), &Value::Number(2.0)),
            Value::Number(3.5)
        );
    }

    #[test]
    fn nothing_is_divided_by_zero_or_overflows() {
        for zero in [Value::Number(0.0), Value::Duration(0), Value::Percent(0.0)] {
            let result = arith(ArithOp::Divide, &Value::Duration(1), &zero);
            assert!(!result.is_known(), "{result:?}");
        }
        let huge = Value::Duration(i64::MAX);
        assert!(!arith(ArithOp::Add, &huge, &huge).is_known());
        assert!(!arith(ArithOp::Multiply, &huge, &Value::Number(2.0)).is_known());
        let big = Value::Number(f64::MAX);
        assert!(!arith(ArithOp::Add, &big, &big).is_known());
    }
}
