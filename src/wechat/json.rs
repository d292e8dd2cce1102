//! The same message from a JSON body: same key names, arrays as repeated fields.
//!
//! Keys given twice, anything nested or long beyond the [`Limits`], and a second value after the
//! first are refused while reading, so a hostile body is never built up first.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Map;

use super::fields::{Fields, Limits, ParseError, ParseErrorKind, Value, is_repeatable};

/// The depth of the root's own members: the envelope, where a list would be a field given twice.
const ROOT_MEMBER: usize = 2;

/// Reads one JSON object; the result holds its members.
pub fn parse(body: &[u8], limits: &Limits) -> Result<Fields, ParseError> {
    if body.len() > limits.body {
        return Err(ParseErrorKind::TooLarge.at(limits.body));
    }
    let text = std::str::from_utf8(body)
        .map_err(|error| ParseErrorKind::NotUtf8.at(error.valid_up_to()))?;
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let skipped = text.len() - bare.len();
    let state = State {
        limits: *limits,
        elements: Cell::new(1),
        refused: Cell::new(None),
    };
    let mut json = serde_json::Deserializer::from_str(bare);
    let out = RefCell::new(Fields::new());
    let seed = Member {
        state: &state,
        out: &out,
        name: None,
        depth: 1,
    };
    seed.deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| {
            let at = skipped + offset(bare, error.line(), error.column());
            state.refused.get().unwrap_or(ParseErrorKind::Syntax).at(at)
        })?;
    Ok(out.into_inner())
}

/// Writes `fields` as a JSON object: repeated names become an array, texts stay strings except the
/// envelope's `CreateTime` and `TimeStamp`, which are numbers there.
pub fn write(fields: &Fields) -> String {
    serde_json::Value::Object(to_object(fields)).to_string()
}

fn to_object(fields: &Fields) -> Map<String, serde_json::Value> {
    let mut map = Map::new();
    for field in fields.iter() {
        let value = match &field.value {
            Value::Fields(inner) => serde_json::Value::Object(to_object(inner)),
            Value::Text(text) => match text.parse::<i64>() {
                Ok(number)
                    if matches!(&*field.name, "CreateTime" | "TimeStamp")
                        && number.to_string() == *text =>
                {
                    number.into()
                }
                _ => text.as_str().into(),
            },
        };
        match map.get_mut(&*field.name) {
            None => {
                map.insert(field.name.clone().into_owned(), value);
            }
            Some(serde_json::Value::Array(values)) => values.push(value),
            Some(first) => *first = vec![first.take(), value].into(),
        }
    }
    map
}

struct State {
    limits: Limits,
    elements: Cell<usize>,
    refused: Cell<Option<ParseErrorKind>>,
}

impl State {
    fn refuse<E: serde::de::Error>(&self, kind: ParseErrorKind) -> E {
        self.refused.set(Some(kind));
        E::custom("refused")
    }
}

/// Reads one value into `out`, under `name`; without a name it is the root and must be an object.
#[derive(Clone, Copy)]
struct Member<'a> {
    state: &'a State,
    out: &'a RefCell<Fields>,
    name: Option<&'a str>,
    depth: usize,
}

impl Member<'_> {
    fn text<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        let Some(name) = self.name else {
            return Err(self.state.refuse(ParseErrorKind::Root));
        };
        if text.len() > self.state.limits.field {
            return Err(self.state.refuse(ParseErrorKind::FieldTooLong));
        }
        self.count()?;
        self.out
            .borrow_mut()
            .push(name, Value::Text(text.to_owned()));
        Ok(())
    }

    fn count<E: serde::de::Error>(self) -> Result<(), E> {
        let elements = self.state.elements.get() + 1;
        self.state.elements.set(elements);
        if elements > self.state.limits.elements {
            return Err(self.state.refuse(ParseErrorKind::TooMany));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.text(text)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        self.text(&number.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        self.text(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        self.text(&number.to_string())
    }

    fn visit_bool<E: serde::de::Error>(self, truth: bool) -> Result<(), E> {
        self.text(if truth { "true" } else { "false" })
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.text("")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.depth > self.state.limits.depth {
            return Err(self.state.refuse(ParseErrorKind::TooDeep));
        }
        if self.name.is_some() {
            self.count()?;
        }
        let inner = RefCell::new(Fields::new());
        while let Some(key) = map.next_key::<String>()? {
            if inner.borrow().iter().any(|field| field.name == key) {
                return Err(self.state.refuse(ParseErrorKind::Duplicate));
            }
            map.next_value_seed(Member {
                state: self.state,
                out: &inner,
                name: Some(&key),
                depth: self.depth + 1,
            })?;
        }
        let inner = inner.into_inner();
        match self.name {
            None => *self.out.borrow_mut() = inner,
            Some(name) => self.out.borrow_mut().push(name, Value::Fields(inner)),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.name.is_none() {
            return Err(self.state.refuse(ParseErrorKind::Root));
        }
        if self.depth > self.state.limits.depth {
            return Err(self.state.refuse(ParseErrorKind::TooDeep));
        }
        let name = self.name.unwrap_or_default();
        if self.depth == ROOT_MEMBER && !is_repeatable(name) {
            return Err(self.state.refuse(ParseErrorKind::Duplicate));
        }
        while seq
            .next_element_seed(Member {
                depth: self.depth + 1,
                ..self
            })?
            .is_some()
        {}
        Ok(())
    }
}

/// The byte offset of serde_json's line and column (both from 1, columns in bytes).
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    (before + column.saturating_sub(1)).min(text.len())
}

#[cfg(test)]
mod tests {
    use super::super::fields::MESSAGE_LIMITS;
    use super::*;

    fn read(text: &str) -> Result<Fields, ParseErrorKind> {
        parse(text.as_bytes(), &MESSAGE_LIMITS).map_err(|error| error.kind)
    }

    #[test]
    fn scalars_arrays_and_objects_become_fields() {
        let fields = read(
            r#"{"MsgId":6054768590064713728,"Location_X":31.230416,"Event":null,
               "P":{"List":[{"Id":"a"},{"Id":"b"}]},"One":{"List":{"Id":"c"}}}"#,
        )
        .unwrap();
        assert_eq!(fields.get("MsgId"), Some("6054768590064713728"));
        assert_eq!(fields.get("Location_X"), Some("31.230416"));
        assert_eq!(fields.get("Event"), Some(""));
        assert_eq!(fields.descend("P").unwrap().groups("List").count(), 2);
        assert_eq!(fields.get("One.List.Id"), Some("c"));
    }

    #[test]
    fn hostile_bodies_are_refused_by_name() {
        use ParseErrorKind::*;
        let deep = format!("{}1{}", "{\"a\":".repeat(3000), "}".repeat(3000));
        let arrays = format!("{{\"List\":{}{}}}", "[".repeat(50), "]".repeat(50));
        let many = format!("{{\"List\":[{}1]}}", "1,".repeat(200));
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(33 * 1024));
        for (text, kind) in [
            ("", Syntax),
            ("[]", Root),
            ("\"success\"", Root),
            ("{} {}", Syntax),
            ("{\"a\":1,\"a\":2}", Duplicate),
            ("{\"FromUserName\":[\"a\",\"b\"]}", Duplicate),
            ("{\"a\":1", Syntax),
            (deep.as_str(), TooDeep),
            (arrays.as_str(), TooDeep),
            (many.as_str(), TooMany),
            (long.as_str(), FieldTooLong),
        ] {
            assert_eq!(
                read(text).unwrap_err(),
                kind,
                "{}",
                &text[..text.len().min(40)]
            );
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let fields = Fields::new()
            .text("CreateTime", "17")
            .text("Content", "\"\n你")
            .group("List", Fields::new().text("a", "1"))
            .group("List", Fields::new().text("a", "2"));
        assert_eq!(read(&write(&fields)).unwrap(), fields);
        for odd in ["007", "+7", "-0", "7 "] {
            let fields = Fields::new().text("CreateTime", odd);
            assert!(read(&write(&fields)).unwrap() == fields, "{odd}");
        }
    }
}
