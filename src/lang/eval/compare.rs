//! Comparison and membership of values.

use std::cmp::Ordering;

use crate::lang::program::CompareOp;
use crate::lang::value::Value;

/// Compares two values: yes, no, or unknown when a side is (or, which the checker rules out, when
/// they are of different kinds). Characters are compared exactly.
pub fn compare(op: CompareOp, left: &Value, right: &Value) -> Value {
    for side in [left, right] {
        if !side.is_known() {
            return side.clone();
        }
    }
    let answer = match op {
        CompareOp::Equal => equal(left, right),
        CompareOp::NotEqual => equal(left, right).map(|same| !same),
        CompareOp::Less => order(left, right).map(Ordering::is_lt),
        CompareOp::LessEqual => order(left, right).map(Ordering::is_le),
        CompareOp::Greater => order(left, right).map(Ordering::is_gt),
        CompareOp::GreaterEqual => order(left, right).map(Ordering::is_ge),
    };
    match answer {
        Some(yes) => Value::YesNo(yes),
        None => Value::unknown("comparable values"),
    }
}

/// Whether `item` equals `value`, lies in it (a network), or is one of its entries (a list).
pub(super) fn member(item: &Value, value: &Value) -> Value {
    match (item, value) {
        (Value::Unknown(_), _) => item.clone(),
        (_, Value::Unknown(_)) => value.clone(),
        (Value::Ip(ip), Value::Network(net)) => Value::YesNo(net.contains(&ip.to_canonical())),
        (Value::Network(inner), Value::Network(net)) => Value::YesNo(net.contains(inner)),
        (item, Value::List(entries)) if !matches!(item, Value::List(_)) => {
            Value::YesNo(entries.iter().any(|entry| equal(item, entry) == Some(true)))
        }
        _ => compare(CompareOp::Equal, item, value),
    }
}

fn equal(left: &Value, right: &Value) -> Option<bool> {
    if let (Some(left), Some(right)) = (left.characters(), right.characters()) {
        return Some(left == right);
    }
    match (left, right) {
        (Value::YesNo(a), Value::YesNo(b)) => Some(a == b),
        (Value::Ip(a), Value::Ip(b)) => Some(a.to_canonical() == b.to_canonical()),
        (Value::Network(a), Value::Network(b)) => Some(a == b),
        (Value::Place(a), Value::Place(b)) => Some(a == b),
        (Value::Login(a), Value::Login(b)) => Some(a == b),
        (Value::List(a), Value::List(b)) => Some(a == b),
        _ => order(left, right).map(Ordering::is_eq),
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(a), Value::Number(b))
        | (Value::Percent(a), Value::Percent(b))
        | (Value::Distance(a), Value::Distance(b))
        | (Value::Speed(a), Value::Speed(b)) => a.partial_cmp(b),
        (Value::Duration(a), Value::Duration(b)) | (Value::Time(a), Value::Time(b)) => {
            Some(a.cmp(b))
        }
        _ => Some(left.characters()?.cmp(right.characters()?)),
    }
}
