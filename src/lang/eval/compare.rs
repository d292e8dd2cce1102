//! Comparison and membership of values.

use std::cmp::Ordering;

use crate::lang::program::CompareOp;
use crate::lang::value::{Value, View};

/// Compares two values: yes, no, or unknown when a side is (or, which the checker rules out, when
/// they are of different kinds). Characters are compared exactly.
pub fn compare(op: CompareOp, left: &Value, right: &Value) -> Value {
    let (Some(a), Some(b)) = (left.view(), right.view()) else {
        let unknown = if left.is_known() { right } else { left };
        return unknown.clone();
    };
    match compared(op, a, b) {
        Some(yes) => Value::YesNo(yes),
        None => Value::unknown("comparable values"),
    }
}

/// The same for known values where they lie; `None` when they are of different kinds.
#[inline]
pub(super) fn compared(op: CompareOp, left: View<'_>, right: View<'_>) -> Option<bool> {
    match op {
        CompareOp::Equal => equal(left, right),
        CompareOp::NotEqual => equal(left, right).map(|same| !same),
        CompareOp::Less => order(left, right).map(Ordering::is_lt),
        CompareOp::LessEqual => order(left, right).map(Ordering::is_le),
        CompareOp::Greater => order(left, right).map(Ordering::is_gt),
        CompareOp::GreaterEqual => order(left, right).map(Ordering::is_ge),
    }
}

/// Whether `item` equals `value`, lies in it (a network), or is one of its entries (a list).
pub(in crate::lang) fn member(item: &Value, value: &Value) -> Value {
    let (Some(a), Some(b)) = (item.view(), value.view()) else {
        let unknown = if item.is_known() { value } else { item };
        return unknown.clone();
    };
    match among(a, b) {
        Some(yes) => Value::YesNo(yes),
        None => Value::unknown("comparable values"),
    }
}

/// The same for known values where they lie; `None` when they are of different kinds.
pub(super) fn among(item: View<'_>, value: View<'_>) -> Option<bool> {
    match (item, value) {
        (View::Ip(ip), View::Network(net)) => Some(net.contains(&ip.to_canonical())),
        (View::Network(inner), View::Network(net)) => Some(net.contains(&inner)),
        (View::List(_), View::List(_)) => equal(item, value),
        (item, View::List(entries)) => {
            let mut entries = entries.iter().filter_map(Value::view);
            Some(entries.any(|entry| equal(item, entry) == Some(true)))
        }
        _ => equal(item, value),
    }
}

#[inline]
fn equal(left: View<'_>, right: View<'_>) -> Option<bool> {
    match (left, right) {
        (View::Characters(a), View::Characters(b)) => Some(a == b),
        (View::YesNo(a), View::YesNo(b)) => Some(a == b),
        (View::Ip(a), View::Ip(b)) => Some(a.to_canonical() == b.to_canonical()),
        (View::Network(a), View::Network(b)) => Some(a == b),
        (View::Place(a), View::Place(b)) => Some(a == b),
        (View::Login(a), View::Login(b)) => Some(a == b),
        (View::List(a), View::List(b)) => Some(a == b),
        _ => order(left, right).map(Ordering::is_eq),
    }
}

#[inline]
fn order(left: View<'_>, right: View<'_>) -> Option<Ordering> {
    match (left, right) {
        (View::Number(a), View::Number(b))
        | (View::Percent(a), View::Percent(b))
        | (View::Distance(a), View::Distance(b))
        | (View::Speed(a), View::Speed(b)) => a.partial_cmp(&b),
        (View::Duration(a), View::Duration(b)) | (View::Time(a), View::Time(b)) => Some(a.cmp(&b)),
        (View::Characters(a), View::Characters(b)) => Some(a.cmp(b)),
        _ => None,
    }
}
