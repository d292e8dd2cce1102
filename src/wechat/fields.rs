//! A message as the platform sent it: a small ordered tree of named texts.
//!
//! [`crate::wechat::xml`] and [`crate::wechat::json`] build it within [`Limits`]; everything that
//! has no type of its own stays readable here by path. `Debug` shows names, never texts.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a parser admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest body, bytes.
    pub body: usize,
    /// Largest text of one field, bytes.
    pub field: usize,
    /// Deepest nesting; the root is 1.
    pub depth: usize,
    /// Most elements, the root included.
    pub elements: usize,
}

/// Limits of a plain message. The deepest known one is a mass-send result: root, `ArticleUrlResult`,
/// `ResultList`, `item`, `ArticleUrl` = 5.
pub const MESSAGE_LIMITS: Limits = Limits {
    body: 64 * 1024,
    field: 32 * 1024,
    depth: 6,
    elements: 200,
};

/// Limits of the envelope around it: compatible mode sends the plain fields *and* the ciphertext of
/// a whole message (base64 adds a third), about three times the size.
pub const ENVELOPE_LIMITS: Limits = Limits {
    body: 256 * 1024,
    field: super::crypto::MAX_ENCRYPTED_TEXT,
    depth: 6,
    elements: 210,
};

/// Names that may stand more than once directly under the root.
const REPEATABLE: [&str; 2] = ["List", "item"];

/// Where and why a body was refused. The offset counts bytes from the start of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {at}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// The byte offset.
    pub at: usize,
}

/// What is wrong with a body. Never contains a piece of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseErrorKind {
    /// Larger than [`Limits::body`].
    #[error("the body is too large")]
    TooLarge,
    /// Nested deeper than [`Limits::depth`].
    #[error("the body is nested too deeply")]
    TooDeep,
    /// More elements than [`Limits::elements`].
    #[error("the body has too many elements")]
    TooMany,
    /// A field longer than [`Limits::field`].
    #[error("a field is too long")]
    FieldTooLong,
    /// Not UTF-8, or declared as something else.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// A character XML 1.0 does not allow.
    #[error("an illegal character")]
    IllegalCharacter,
    /// A document type declaration.
    #[error("a document type declaration")]
    Doctype,
    /// A processing instruction, or an XML declaration that is not at the start.
    #[error("a processing instruction")]
    Instruction,
    /// An entity other than the five of XML, or a broken character reference.
    #[error("an unknown entity")]
    Entity,
    /// An attribute.
    #[error("an attribute")]
    Attribute,
    /// Text and elements side by side.
    #[error("text and elements are mixed")]
    Mixed,
    /// A field given twice.
    #[error("a field is given twice")]
    Duplicate,
    /// The root is not `<xml>` (JSON: not an object), or there is more than one.
    #[error("not exactly one root")]
    Root,
    /// Not well-formed.
    #[error("the body is not well-formed")]
    Syntax,
}

impl ParseErrorKind {
    /// The error at byte `at`.
    pub fn at(self, at: usize) -> ParseError {
        ParseError { kind: self, at }
    }
}

/// One named element.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The element's name, as sent. Those of every push are not copied.
    pub name: Cow<'static, str>,
    /// What it holds.
    pub value: Value,
}

/// The content of an element.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// Text, possibly empty.
    Text(String),
    /// Elements.
    Fields(Fields),
}

/// The elements under one parent, in order.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// An empty list, to be filled by [`Fields::push`] and [`Fields::text`].
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty list with room for `fields`.
    pub(super) fn with_room(fields: usize) -> Self {
        Self(Vec::with_capacity(fields))
    }

    /// Appends a text field; chains.
    pub fn text(mut self, name: &str, text: impl Into<String>) -> Self {
        self.push(name, Value::Text(text.into()));
        self
    }

    /// Appends a field with elements in it; chains.
    pub fn group(mut self, name: &str, fields: Fields) -> Self {
        self.push(name, Value::Fields(fields));
        self
    }

    /// Appends a field.
    pub fn push(&mut self, name: &str, value: Value) {
        self.push_named(named(name), value);
    }

    /// Appends a field whose name is there already.
    pub(super) fn push_named(&mut self, name: Cow<'static, str>, value: Value) {
        self.0.push(Field { name, value });
    }

    /// The fields in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.0.iter()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of fields at this level.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The text at a dotted path such as `ScanCodeInfo.ScanResult`; the first where names repeat.
    /// Names are compared exactly (`MsgId` and `MsgID` are two fields).
    pub fn get(&self, path: &str) -> Option<&str> {
        // No element of the platform has a dot in its name; one that has is found first.
        self.own(path).or_else(|| {
            // Most of what is missing is a plain name, and a search is dear for short ones.
            if !path.bytes().any(|byte| byte == b'.') {
                return None;
            }
            let (parents, name) = path.rsplit_once('.')?;
            self.descend(parents)?.own(name)
        })
    }

    fn own(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|field| match &field.value {
            Value::Text(text) if field.name == name => Some(text.as_str()),
            _ => None,
        })
    }

    /// As [`Fields::get`], with an empty text as `None`.
    pub fn filled(&self, path: &str) -> Option<&str> {
        self.get(path).filter(|text| !text.trim().is_empty())
    }

    /// A number at `path`; missing, empty and unreadable ones are `None`.
    pub fn number<T: std::str::FromStr>(&self, path: &str) -> Option<T> {
        self.get(path)?.trim().parse().ok()
    }

    /// The groups named `name` at this level (`List`, `item`).
    pub fn groups<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s Fields> {
        self.0.iter().filter_map(move |field| match &field.value {
            Value::Fields(fields) if field.name == name => Some(fields),
            _ => None,
        })
    }

    /// The group at a dotted path; the first where names repeat.
    pub fn descend(&self, path: &str) -> Option<&Fields> {
        path.split('.')
            .try_fold(self, |fields, name| fields.groups(name).next())
    }

    /// Whether a field may be added under the root without being a duplicate.
    pub(super) fn admits_at_root(&self, name: &str) -> bool {
        is_repeatable(name) || self.0.iter().all(|field| field.name != name)
    }

    /// Writes what [`Fields::digest`] covers, in one piece: for hashes to which short writes are dear.
    pub(super) fn write_into(&self, whole: &mut Vec<u8>) {
        // No text is 4 GiB long.
        let length = |length: usize| (length as u32).to_le_bytes();
        whole.extend(length(self.0.len()));
        for field in &self.0 {
            whole.extend(length(field.name.len()));
            whole.extend(field.name.as_bytes());
            match &field.value {
                Value::Text(text) => {
                    whole.extend(length(text.len()));
                    whole.extend(text.as_bytes());
                }
                Value::Fields(inner) => {
                    whole.extend(length(usize::MAX));
                    inner.write_into(whole);
                }
            }
        }
    }

    /// SHA-256 over names and texts, each with its length: the same message has the same digest
    /// whether a text stood in CDATA or not, with or without white space between elements.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash_fields(self, &mut hash);
        hash.finalize().into()
    }
}

/// A field's name, without a copy of those that every message or its reply has.
pub(super) fn named(name: &str) -> Cow<'static, str> {
    // Compared by a `match`, which looks at the length first and then at one or two names.
    macro_rules! common {
        ($($common:literal)*) => {
            match name {
                $($common => Cow::Borrowed($common),)*
                other => Cow::Owned(other.to_owned()),
            }
        };
    }
    common!(
        "ToUserName"
        "FromUserName"
        "CreateTime"
        "MsgType"
        "Content"
        "MsgId"
        "Encrypt"
        "MsgSignature"
        "TimeStamp"
        "Nonce"
        "Event"
        "EventKey"
        "MediaId"
        "PicUrl"
        "MsgDataId"
        "Idx"
        "bizmsgmenuid"
        "URL"
    )
}

/// Whether a name may stand more than once directly under the root.
pub(super) fn is_repeatable(name: &str) -> bool {
    REPEATABLE.contains(&name)
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|field| &field.name))
            .finish()
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({})", self.name)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Value::Fields(fields) => fields.fmt(f),
        }
    }
}

fn hash_fields(fields: &Fields, hash: &mut Sha256) {
    hash.update((fields.0.len() as u64).to_be_bytes());
    for field in &fields.0 {
        hash.update((field.name.len() as u64).to_be_bytes());
        hash.update(field.name.as_bytes());
        match &field.value {
            Value::Text(text) => {
                hash.update(b"t");
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
            Value::Fields(inner) => {
                hash.update(b"f");
                hash_fields(inner, hash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Fields {
        Fields::new().text("MsgType", "event").group(
            "Popup",
            Fields::new()
                .group("List", Fields::new().text("Id", "a"))
                .group("List", Fields::new().text("Id", "b")),
        )
    }

    #[test]
    fn paths_reach_nested_texts() {
        let fields = sample();
        assert_eq!(fields.get("MsgType"), Some("event"));
        assert_eq!(fields.get("msgtype"), None);
        assert_eq!(fields.get("Popup"), None);
        assert_eq!(fields.get("Popup.List.Id"), Some("a"));
        let popup = fields.descend("Popup").unwrap();
        assert_eq!(popup.groups("List").count(), 2);
    }

    #[test]
    fn the_digest_separates_neighbouring_texts() {
        let one = Fields::new().text("A", "bc").text("B", "d");
        let two = Fields::new().text("A", "b").text("B", "cd");
        assert_ne!(one.digest(), two.digest());
        assert_eq!(one.digest(), one.clone().digest());
    }

    #[test]
    fn debug_shows_no_text() {
        assert!(!format!("{:?}", sample()).contains("event"));
    }
}
