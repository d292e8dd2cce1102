//! One line of JSON, taken apart: which field stands where, nothing read yet.
//!
//! Fields have the names of `POST /v1/logins`, those of a column of CSV, or the names a mapping gives them.
//! What a field holds is kept as it is written, so that a number may stand for a text and a text for a
//! number, and what is neither can be shown.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::super::mapping::{Field, Mapping, NAMES};
use crate::backtest::table::MAX_LABELS;

/// Names that begin so are labels, as in a header of CSV.
const LABEL_PREFIX: &str = "label_";
/// Begins what is said of a field that comes again; never shown.
const TWICE: &str = "twice:";
/// What stands in `place`.
const IN_PLACE: [Field; 7] = [
    Field::Country,
    Field::Region,
    Field::City,
    Field::Lat,
    Field::Lon,
    Field::Asn,
    Field::Isp,
];

/// What fields are called.
#[derive(Debug)]
pub(super) struct Names {
    fields: Vec<(String, Field)>,
    /// Name in the line, name of the label.
    labels: Vec<(String, String)>,
    /// Where names of a mapping lead through: `client` and `client.geo` of `client.geo.city`.
    through: Vec<String>,
}

impl Names {
    /// The usual ones; of fields a mapping has those that it says.
    pub(super) fn new(mapping: &Mapping) -> Self {
        // An empty name is that of no field.
        let own = mapping.columns.iter().filter(|(_, name)| !name.is_empty());
        let own = own.map(|(field, name)| (name.clone(), *field));
        let usual = NAMES.iter();
        // What the mapping finds elsewhere is not there.
        let usual = usual.filter(|(_, field)| !mapping.columns.contains_key(field));
        let usual = usual.map(|(name, field)| ((*name).to_owned(), *field));
        let labels = mapping.labels.iter();
        let mut through: Vec<String> = Vec::new();
        for name in mapping.columns.values().chain(mapping.labels.values()) {
            let ends = name.match_indices('.').map(|(at, _)| &name[..at]);
            through.extend(ends.filter(|end| !end.is_empty()).map(str::to_owned));
        }
        Self {
            through,
            fields: own.chain(usual).collect(),
            labels: labels
                .map(|(label, name)| (name.clone(), label.clone()))
                .collect(),
        }
    }

    fn field(&self, name: &str) -> Option<Field> {
        let mut known = self.fields.iter();
        known
            .find(|(known, _)| known == name)
            .map(|(_, field)| *field)
    }

    /// Whether names of a mapping lie inside of what is called so.
    fn lead_through(&self, name: &str) -> bool {
        self.through.iter().any(|known| known == name)
    }

    fn label(&self, name: &str) -> Option<String> {
        let mut known = self.labels.iter();
        let own = known.find(|(known, _)| known == name);
        let own = own.map(|(_, label)| label.as_str());
        own.or_else(|| name.strip_prefix(LABEL_PREFIX))
            .map(str::to_owned)
    }
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given<'a> {
    /// It is not there, or null.
    Nothing,
    /// A text, or a number, true or false as they are written.
    Text(Cow<'a, str>),
    /// A list or an object, as it is written.
    Structure(&'a str),
}

impl<'a> Given<'a> {
    fn of(raw: Option<&'a RawValue>) -> Self {
        let Some(raw) = raw.map(RawValue::get) else {
            return Self::Nothing;
        };
        match raw.as_bytes() {
            [b'n', ..] => Self::Nothing,
            [b'{' | b'[', ..] => Self::Structure(raw),
            [b'"', .., b'"'] if !raw.contains('\\') => {
                Self::Text(Cow::Borrowed(raw.get(1..raw.len() - 1).unwrap_or_default()))
            }
            // It was looked through before: what it escapes are characters.
            [b'"', ..] => Self::Text(Cow::Owned(serde_json::from_str(raw).unwrap_or_default())),
            _ => Self::Text(Cow::Borrowed(raw)),
        }
    }
}

/// A line, by field.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    fields: [Option<&'a RawValue>; Field::COUNT],
    /// Labels beside the other fields, and those of `labels`.
    pub(super) labels: Vec<(String, Given<'a>)>,
    /// `place` or `labels` that are no object: their names, and what stands there.
    pub(super) shapeless: Vec<(&'static str, Given<'a>)>,
}

/// Why a line cannot be taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It is no JSON, or no object.
    Syntax,
    /// This field is there twice.
    Twice(String),
}

impl<'a> Line<'a> {
    /// Takes a line apart.
    pub(super) fn parse(text: &'a str, names: &Names) -> Result<Self, Wrong> {
        let mut line = Line::default();
        let (mut place, mut labels) = (None, None);
        let mut deeper = Vec::new();
        object(text, |name, raw| {
            if names.lead_through(name) {
                deeper.push((name.to_owned(), raw));
            }
            match name {
                "place" => return put(&mut place, raw),
                "labels" => return put(&mut labels, raw),
                _ => {}
            }
            if let Some(field) = names.field(name) {
                return put(&mut line.fields[field as usize], raw);
            }
            let Some(label) = names.label(name) else {
                return true;
            };
            line.label(label, raw)
        })?;
        while let Some((path, raw)) = deeper.pop() {
            line.inside(&path, raw, names, &mut deeper)?;
        }
        // What `place` says comes before what stands beside it.
        match Given::of(place) {
            Given::Structure(place) if place.starts_with('{') => {
                let mut inside = [None; Field::COUNT];
                object(place, |name, raw| {
                    let field = IN_PLACE.into_iter().find(|field| field.name() == name);
                    field.is_none_or(|field| put(&mut inside[field as usize], raw))
                })
                .map_err(|wrong| wrong.within("place"))?;
                for (field, inside) in line.fields.iter_mut().zip(inside) {
                    *field = inside.or(*field);
                }
            }
            Given::Nothing => {}
            other => line.shapeless.push(("place", other)),
        }
        match Given::of(labels) {
            Given::Structure(labels) if labels.starts_with('{') => {
                object(labels, |name, raw| line.label(name.to_owned(), raw))
                    .map_err(|wrong| wrong.within("labels"))?;
            }
            Given::Nothing => {}
            other => line.shapeless.push(("labels", other)),
        }
        Ok(line)
    }

    /// Takes the fields of the object at `path` that a mapping names; what lies deeper still is put to `deeper`.
    fn inside(
        &mut self,
        path: &str,
        raw: &'a RawValue,
        names: &Names,
        deeper: &mut Vec<(String, &'a RawValue)>,
    ) -> Result<(), Wrong> {
        if !raw.get().starts_with('{') {
            return Ok(());
        }
        let read = object(raw.get(), |name, raw| {
            let name = format!("{path}.{name}");
            if names.lead_through(&name) {
                deeper.push((name.clone(), raw));
            }
            if let Some(field) = names.field(&name) {
                return put(&mut self.fields[field as usize], raw);
            }
            match names.label(&name) {
                Some(label) => self.label(label, raw),
                None => true,
            }
        });
        read.map_err(|wrong| wrong.within(path))
    }

    fn label(&mut self, name: String, raw: &'a RawValue) -> bool {
        if self.labels.len() > MAX_LABELS {
            // More than a login can have, which will be told.
            return true;
        }
        let new = self.labels.iter().all(|(known, _)| *known != name);
        self.labels.push((name, Given::of(Some(raw))));
        new
    }

    /// What a field holds.
    pub(super) fn get(&self, field: Field) -> Given<'a> {
        Given::of(self.fields[field as usize])
    }
}

impl Wrong {
    fn within(self, object: &str) -> Self {
        match self {
            Self::Syntax => Self::Syntax,
            Self::Twice(name) => Self::Twice(format!("{object}.{name}")),
        }
    }
}

fn put<'a>(place: &mut Option<&'a RawValue>, raw: &'a RawValue) -> bool {
    place.replace(raw).is_none()
}

/// Hands the fields of an object to `take`, which says `false` to one that is there twice.
fn object<'a>(text: &'a str, take: impl FnMut(&str, &'a RawValue) -> bool) -> Result<(), Wrong> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let done = Fields(take).deserialize(&mut reader);
    done.and_then(|()| reader.end()).map_err(|error| {
        let said = error.to_string();
        match said
            .strip_prefix(TWICE)
            .and_then(|said| said.rsplit_once(" at line "))
        {
            Some((name, _)) => Wrong::Twice(name.to_owned()),
            None => Wrong::Syntax,
        }
    })
}

struct Fields<F>(F);

impl<'de, F: FnMut(&str, &'de RawValue) -> bool> DeserializeSeed<'de> for Fields<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, F: FnMut(&str, &'de RawValue) -> bool> Visitor<'de> for Fields<F> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            if !(self.0)(&name, map.next_value()?) {
                return Err(A::Error::custom(format_args!("{TWICE}{name}")));
            }
        }
        Ok(())
    }
}

/// A name, borrowed where nothing in it is escaped.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }

        from.deserialize_str(Text).map(Name)
    }
}
