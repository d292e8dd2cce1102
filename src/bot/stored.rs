//! Values that outlive an event, between their forms in the evaluator and in the store.

use std::collections::BTreeMap;

use crate::lang::value::Value;
use crate::store::records::Stored;

/// The stored form; `None` for what cannot be kept (unknowns, lists, places).
pub fn save(value: &Value) -> Option<Stored> {
    Some(match value {
        Value::Text(text) => Stored::Text(text.to_string()),
        Value::Number(number) => Stored::Number(*number),
        Value::Percent(fraction) => Stored::Percent(*fraction),
        Value::YesNo(yes) => Stored::YesNo(*yes),
        Value::Phone(phone) => Stored::Phone(phone.to_string()),
        Value::Code(code) => Stored::Code(code.to_string()),
        Value::Time(time) => Stored::Time(*time),
        Value::Duration(length) => Stored::Duration(*length),
        Value::Distance(metres) => Stored::Distance(*metres),
        Value::Ip(ip) => Stored::Other(ip.to_string()),
        Value::Network(network) => Stored::Other(network.to_string()),
        Value::Machine(id) | Value::Account(id) | Value::Alert(id) => Stored::Other(id.to_string()),
        Value::Speed(_)
        | Value::Unknown(_)
        | Value::Place(_)
        | Value::Login(_)
        | Value::List(_) => {
            return None;
        }
    })
}

/// The evaluator's form.
pub fn load(stored: &Stored) -> Value {
    match stored {
        Stored::Text(text) => Value::text(text),
        Stored::Other(text) => other(text),
        Stored::Number(number) => Value::Number(*number),
        Stored::Percent(fraction) => Value::Percent(*fraction),
        Stored::YesNo(yes) => Value::YesNo(*yes),
        Stored::Phone(phone) => Value::Phone(phone.as_str().into()),
        Stored::Code(code) => Value::Code(code.as_str().into()),
        Stored::Time(time) => Value::Time(*time),
        Stored::Duration(length) => Value::Duration(*length),
        Stored::Distance(metres) => Value::Distance(*metres),
    }
}

/// Addresses and networks are themselves again; identifiers compare by their characters.
fn other(text: &str) -> Value {
    if let Ok(ip) = text.parse() {
        return Value::Ip(ip);
    }
    text.parse()
        .map_or_else(|_| Value::text(text), Value::Network)
}

/// The stored forms of all that can be kept.
pub fn save_all(values: &BTreeMap<String, Value>) -> BTreeMap<String, Stored> {
    values
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), save(value)?)))
        .collect()
}

/// The evaluator's forms.
pub fn load_all(values: &BTreeMap<String, Stored>) -> BTreeMap<String, Value> {
    values
        .iter()
        .map(|(name, value)| (name.clone(), load(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_addresses_again() {
        for value in [
            Value::Ip("192.0.2.7".parse().unwrap()),
            Value::Network("192.0.2.0/24".parse().unwrap()),
            Value::text("订单 7"),
            Value::Time(7),
        ] {
            let kept = save(&value).expect("it can be kept");
            assert_eq!(load(&kept), value);
        }
        let machine = save(&Value::Machine("mch_1".into())).expect("kept");
        assert_eq!(load(&machine), Value::text("mch_1"));
    }
}
