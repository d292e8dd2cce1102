//! Typed reading of a [`Table`]: each key is asked for once with the type it must have; what was
//! never asked for is an unknown key. Findings are collected, so that one run names them all.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::error::{ConfigError, Origin};
use super::secret::Secret;
use super::text::{distance, parse_duration, read_secret, show_duration};
use super::tree::{Item, Node, Table};
use crate::env::Millis;

/// What all readers of one configuration share.
#[derive(Debug)]
pub(crate) struct Shared {
    file: PathBuf,
    errors: RefCell<Vec<ConfigError>>,
}

impl Shared {
    pub(crate) fn new(file: &Path, errors: Vec<ConfigError>) -> Rc<Self> {
        Rc::new(Self {
            file: file.to_owned(),
            errors: RefCell::new(errors),
        })
    }

    pub(crate) fn take_errors(&self) -> Vec<ConfigError> {
        let mut errors = std::mem::take(&mut *self.errors.borrow_mut());
        errors.sort_by_key(|error| match error.origin {
            Origin::Line(line) => line,
            _ => usize::MAX,
        });
        errors
    }

    fn push(&self, origin: Origin, key: String, message: String) {
        self.errors.borrow_mut().push(ConfigError {
            file: self.file.clone(),
            origin,
            key,
            message,
        });
    }

    /// A path of the configuration: relative ones start at the file's own directory.
    fn resolve(&self, path: &str) -> PathBuf {
        let base = self.file.parent().unwrap_or(Path::new(""));
        base.join(path)
    }
}

/// One table being read.
#[derive(Debug)]
pub(crate) struct Reader {
    shared: Rc<Shared>,
    path: String,
    origin: Origin,
    table: Table,
    known: Vec<&'static str>,
}

impl Reader {
    pub(crate) fn root(shared: &Rc<Shared>, table: Table) -> Self {
        Self {
            shared: shared.clone(),
            path: String::new(),
            origin: Origin::Missing,
            table,
            known: Vec::new(),
        }
    }

    /// A finding about `key` of this table.
    pub(crate) fn complain(&self, origin: Origin, key: &str, message: impl Into<String>) {
        self.shared.push(origin, self.full(key), message.into());
    }

    /// Where this table stands.
    pub(crate) fn origin(&self) -> Origin {
        self.origin.clone()
    }

    /// Where a key that has not been read yet stands.
    pub(crate) fn origin_of(&self, key: &str) -> Origin {
        self.table
            .get(key)
            .map_or(self.origin.clone(), |item| item.origin.clone())
    }

    /// Whether a key is there and was not read yet.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The table under `key`; an empty one when it is missing.
    pub(crate) fn section(&mut self, key: &'static str) -> Reader {
        let item = self.take(key);
        let (table, origin) = match item {
            None => (Table::new(), Origin::Missing),
            Some(Item {
                node: Node::Table(table),
                origin,
            }) => (table, origin),
            Some(item) => {
                self.wrong(key, &item, "a table");
                (Table::new(), item.origin)
            }
        };
        self.child(self.full(key), origin, table)
    }

    /// The table under `key`, if it is there.
    pub(crate) fn optional_section(&mut self, key: &'static str) -> Option<Reader> {
        let present = self.has(key);
        let section = self.section(key);
        present.then_some(section)
    }

    /// The tables of `[[key]]`.
    pub(crate) fn sections(&mut self, key: &'static str) -> Vec<Reader> {
        match self.take(key) {
            None => Vec::new(),
            Some(Item {
                node: Node::List(items),
                ..
            }) => items
                .into_iter()
                .enumerate()
                .filter_map(|(index, item)| {
                    let path = format!("{}[{index}]", self.full(key));
                    match item.node {
                        Node::Table(table) => Some(self.child(path, item.origin, table)),
                        _ => {
                            self.wrong(key, &item, "a table");
                            None
                        }
                    }
                })
                .collect(),
            Some(item) => {
                self.wrong(key, &item, &format!("a list of tables, [[{key}]]"));
                Vec::new()
            }
        }
    }

    /// The named tables of `[key.NAME]`.
    pub(crate) fn named_sections(&mut self, key: &'static str) -> Vec<(String, Reader)> {
        let inner = self.section(key);
        inner
            .table
            .into_iter()
            .filter_map(|(name, item)| {
                let path = format!("{}.{name}", inner.path);
                match item.node {
                    Node::Table(table) => Some((
                        name,
                        Reader {
                            shared: self.shared.clone(),
                            path,
                            origin: item.origin,
                            table,
                            known: Vec::new(),
                        },
                    )),
                    other => {
                        let found = other.type_name();
                        self.shared.push(
                            item.origin,
                            path,
                            format!("expected a table, found {found}"),
                        );
                        None
                    }
                }
            })
            .collect()
    }

    /// All remaining keys as texts: a table of the operator's own names.
    pub(crate) fn texts(mut self) -> Vec<(String, String)> {
        let table = std::mem::take(&mut self.table);
        table
            .into_iter()
            .filter_map(|(name, item)| match item.node {
                Node::Text(text) | Node::Variable(text) => Some((name, text)),
                _ => {
                    self.wrong(&name, &item, "a string");
                    None
                }
            })
            .collect()
    }

    /// An optional text.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        let item = self.take(key)?;
        match item.node {
            Node::Text(text) | Node::Variable(text) => Some(text),
            _ => {
                self.wrong(key, &item, "a string");
                None
            }
        }
    }

    /// A text that must be there and not be empty.
    pub(crate) fn required(&mut self, key: &'static str) -> String {
        let origin = self.origin_of(key);
        let present = self.has(key);
        match self.text(key) {
            Some(text) if !text.is_empty() => return text,
            Some(_) => self.complain(origin, key, "must not be empty"),
            None if present => {}
            None => self.missing(key, ""),
        }
        String::new()
    }

    /// An optional path.
    pub(crate) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.text(key).map(|text| self.shared.resolve(&text))
    }

    /// A path with a default, which is relative to the file as well.
    pub(crate) fn path_or(&mut self, key: &'static str, default: &str) -> PathBuf {
        self.path(key)
            .unwrap_or_else(|| self.shared.resolve(default))
    }

    /// An optional boolean.
    pub(crate) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let Some(item) = self.take(key) else {
            return default;
        };
        match &item.node {
            Node::Boolean(flag) => *flag,
            Node::Variable(text) if text == "true" => true,
            Node::Variable(text) if text == "false" => false,
            _ => {
                self.wrong(key, &item, "true or false");
                default
            }
        }
    }

    /// An optional whole number within bounds.
    pub(crate) fn number(&mut self, key: &'static str, default: u64, min: u64, max: u64) -> u64 {
        let Some(item) = self.take(key) else {
            return default;
        };
        let number = match &item.node {
            Node::Integer(number) => u64::try_from(*number).ok(),
            Node::Variable(text) => text.trim().parse().ok(),
            _ => {
                self.wrong(key, &item, "a whole number");
                return default;
            }
        };
        match number {
            Some(number) if (min..=max).contains(&number) => number,
            _ => {
                self.complain(item.origin, key, format!("must be between {min} and {max}"));
                default
            }
        }
    }

    /// An optional duration, `"10m"`: a whole number and ms, s, m, h or d.
    pub(crate) fn duration(
        &mut self,
        key: &'static str,
        default: Millis,
        min: Millis,
        max: Millis,
    ) -> Millis {
        let Some(item) = self.take(key) else {
            return default;
        };
        let (Node::Text(text) | Node::Variable(text)) = &item.node else {
            self.wrong(key, &item, "a duration such as \"10m\"");
            return default;
        };
        match parse_duration(text) {
            Some(value) if (min..=max).contains(&value) => value,
            Some(_) => {
                let (min, max) = (show_duration(min), show_duration(max));
                self.complain(item.origin, key, format!("must be between {min} and {max}"));
                default
            }
            None => {
                self.complain(
                    item.origin,
                    key,
                    "expected a duration: a whole number and ms, s, m, h or d, such as \"10m\"",
                );
                default
            }
        }
    }

    /// An optional list of texts; a variable holds them separated by commas.
    pub(crate) fn list(&mut self, key: &'static str) -> Vec<String> {
        let Some(item) = self.take(key) else {
            return Vec::new();
        };
        match item.node {
            Node::Variable(text) => text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            Node::List(items) => items
                .into_iter()
                .filter_map(|element| match element.node {
                    Node::Text(text) => Some(text),
                    _ => {
                        self.wrong(key, &element, "a list of strings");
                        None
                    }
                })
                .collect(),
            _ => {
                self.wrong(key, &item, "a list of strings");
                Vec::new()
            }
        }
    }

    /// An optional listening address.
    pub(crate) fn address(&mut self, key: &'static str) -> Option<SocketAddr> {
        let origin = self.origin_of(key);
        let text = self.text(key)?;
        match text.parse() {
            Ok(address) => Some(address),
            Err(_) => {
                let message = format!(
                    "expected an address and port such as \"127.0.0.1:8080\", found {text:?}"
                );
                self.complain(origin, key, message);
                None
            }
        }
    }

    /// An optional secret: `key` itself or the file named by `file_key`, never both.
    pub(crate) fn secret(&mut self, key: &'static str, file_key: &'static str) -> Option<Secret> {
        let (origin, file_origin) = (self.origin_of(key), self.origin_of(file_key));
        let mut inline = self.text(key);
        let mut path = self.path(file_key);
        if inline.is_some() && path.is_some() {
            // A variable overrides what the file says, in whichever of the two forms.
            match (origin.is_variable(), file_origin.is_variable()) {
                (true, false) => path = None,
                (false, true) => inline = None,
                _ => {}
            }
        }
        let Some(path) = path else {
            return inline.and_then(|text| self.checked_secret(origin, key, text));
        };
        if inline.is_some() {
            self.complain(
                file_origin,
                file_key,
                format!("{key} is set too; keep one of them"),
            );
            return None;
        }
        match read_secret(&path) {
            Ok(text) => self.checked_secret(file_origin, file_key, text),
            Err(problem) => {
                let message = format!("cannot read the secret file {}: {problem}", path.display());
                self.complain(file_origin, file_key, message);
                None
            }
        }
    }

    /// A secret that must be there.
    pub(crate) fn required_secret(&mut self, key: &'static str, file_key: &'static str) -> Secret {
        let present = self.has(key) || self.has(file_key);
        let secret = self.secret(key, file_key);
        if secret.is_none() && !present {
            self.missing(key, &format!(" (or {file_key})"));
        }
        secret.unwrap_or_default()
    }

    /// Reports every key that was never asked for.
    pub(crate) fn finish(self) {
        for (key, item) in &self.table {
            let near = self
                .known
                .iter()
                .map(|known| (distance(key, known), known))
                .filter(|(distance, known)| *distance <= 2.max(known.len() / 4))
                .min();
            let message = match near {
                Some((_, known)) => format!("unknown key; did you mean {known}?"),
                None if self.known.is_empty() => "unknown key".to_owned(),
                None => format!("unknown key; known here: {}", self.known.join(", ")),
            };
            self.complain(item.origin.clone(), key, message);
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Item> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.table.remove(key)
    }

    fn child(&self, path: String, origin: Origin, table: Table) -> Reader {
        Reader {
            shared: self.shared.clone(),
            path,
            origin,
            table,
            known: Vec::new(),
        }
    }

    fn full(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn missing(&self, key: &str, or: &str) {
        self.complain(self.origin.clone(), key, format!("missing{or}"));
    }

    fn wrong(&self, key: &str, item: &Item, expected: &str) {
        let found = item.node.type_name();
        self.complain(
            item.origin.clone(),
            key,
            format!("expected {expected}, found {found}"),
        );
    }

    fn checked_secret(&self, origin: Origin, key: &str, text: String) -> Option<Secret> {
        if text.is_empty() {
            self.complain(origin, key, "the secret is empty");
            return None;
        }
        Some(Secret::new(text))
    }
}
