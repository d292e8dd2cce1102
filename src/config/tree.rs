//! The configuration as a tree of values that know where they came from: the file's lines, with
//! environment variables laid over them. No types are checked here; [`super::reader`] does that.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, ConfigErrors, Origin};

/// Variables that override keys begin with this and contain [`SEPARATOR`].
pub(crate) const PREFIX: &str = "MENSHEN_";
/// Between the parts of a key in a variable's name.
const SEPARATOR: &str = "__";
/// Elements that variables may add to a list of tables; more is a typing error.
const MAX_LIST: usize = 64;

/// A value and its origin.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) node: Node,
    pub(crate) origin: Origin,
}

/// A value of the tree.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Text(String),
    /// The text of a variable: to be read as whatever the key wants.
    Variable(String),
    Integer(i64),
    Boolean(bool),
    /// A float or a date: no key takes one. The name of its type.
    Other(&'static str),
    List(Vec<Item>),
    Table(Table),
}

/// A table; its keys in alphabetical order.
pub(crate) type Table = BTreeMap<String, Item>;

impl Node {
    /// The value's type, as an error names it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Node::Text(_) | Node::Variable(_) => "a string",
            Node::Integer(_) => "an integer",
            Node::Boolean(_) => "a boolean",
            Node::Other(name) => name,
            Node::List(_) => "a list",
            Node::Table(_) => "a table",
        }
    }
}

/// Parses the file's text.
pub(crate) fn parse(file: &Path, text: &str) -> Result<Table, ConfigErrors> {
    let lines = Lines::new(text);
    let document = DeTable::parse(text).map_err(|error| {
        ConfigErrors(vec![ConfigError {
            file: file.to_owned(),
            origin: error
                .span()
                .map_or(Origin::Missing, |span| Origin::Line(lines.line(span.start))),
            key: String::new(),
            message: format!("not TOML: {}", error.message()),
        }])
    })?;
    Ok(table(document.get_ref(), &lines))
}

/// Lays `variables` over `root`. `MENSHEN_SERVER__LISTEN` is `server.listen`; an element of a list of
/// tables is addressed by its position from 0 or by its `name` (`MENSHEN_OFFICIAL_ACCOUNT__MAIN__TOKEN`).
/// Variables without a double underscore are somebody else's and ignored.
pub(crate) fn overlay(
    file: &Path,
    root: &mut Table,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    let mut sorted: Vec<(String, String)> = variables
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && name.contains(SEPARATOR))
        .collect();
    sorted.sort();
    for (name, value) in sorted {
        let parts: Vec<&str> = name[PREFIX.len()..].split(SEPARATOR).collect();
        let problem = if parts.iter().any(|part| part.is_empty()) {
            Err("a part of the key is empty".to_owned())
        } else {
            set(root, &parts, &name, &value)
        };
        if let Err(message) = problem {
            errors.push(ConfigError {
                file: file.to_owned(),
                origin: Origin::Variable(name.clone()),
                key: parts.join(".").to_lowercase(),
                message,
            });
        }
    }
    errors
}

fn set(table: &mut Table, parts: &[&str], name: &str, value: &str) -> Result<(), String> {
    let (first, rest) = parts.split_first().ok_or("the key is empty")?;
    let key = table
        .keys()
        .find(|key| same_name(key, first))
        .cloned()
        .unwrap_or_else(|| first.to_lowercase());
    let origin = Origin::Variable(name.to_owned());
    if rest.is_empty() {
        table.insert(
            key,
            Item {
                node: Node::Variable(value.to_owned()),
                origin,
            },
        );
        return Ok(());
    }
    let indexed = rest.len() > 1 && rest[0].bytes().all(|byte| byte.is_ascii_digit());
    let item = table.entry(key).or_insert_with(|| Item {
        node: if indexed {
            Node::List(Vec::new())
        } else {
            Node::Table(Table::new())
        },
        origin: origin.clone(),
    });
    match &mut item.node {
        Node::Table(inner) => set(inner, rest, name, value),
        Node::List(items) if rest.len() > 1 => {
            let index = element(items, rest[0])?;
            if index == items.len() {
                items.push(Item {
                    node: Node::Table(Table::new()),
                    origin,
                });
            }
            match &mut items[index].node {
                Node::Table(inner) => set(inner, &rest[1..], name, value),
                _ => Err("the list does not hold tables".to_owned()),
            }
        }
        _ => Err("a part of the key is no table".to_owned()),
    }
}

/// The position of an element by number (one past the end adds one) or by its `name`.
fn element(items: &[Item], part: &str) -> Result<usize, String> {
    if let Ok(index) = part.parse::<usize>() {
        return if index < items.len() || (index == items.len() && index < MAX_LIST) {
            Ok(index)
        } else {
            Err(format!("there are only {} elements", items.len()))
        };
    }
    items
        .iter()
        .position(|item| match &item.node {
            Node::Table(inner) => inner.get("name").is_some_and(|name| match &name.node {
                Node::Text(text) | Node::Variable(text) => same_name(text, part),
                _ => false,
            }),
            _ => false,
        })
        .ok_or_else(|| "no element has this position or name".to_owned())
}

/// Whether a variable's part means a key: case does not count, and `-` cannot stand in a variable.
fn same_name(key: &str, part: &str) -> bool {
    key.replace('-', "_").to_lowercase() == part.to_lowercase()
}

fn table(document: &DeTable<'_>, lines: &Lines) -> Table {
    document
        .iter()
        .map(|(key, value)| {
            let mut item = item(value.get_ref(), value.span().start, lines);
            item.origin = Origin::Line(lines.line(key.span().start));
            (key.get_ref().to_string(), item)
        })
        .collect()
}

fn item(value: &DeValue<'_>, start: usize, lines: &Lines) -> Item {
    let node = match value {
        DeValue::String(text) => Node::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Node::Other("an integer beyond 64 bits"), Node::Integer),
        DeValue::Boolean(flag) => Node::Boolean(*flag),
        DeValue::Float(_) => Node::Other("a float"),
        DeValue::Datetime(_) => Node::Other("a date"),
        DeValue::Array(items) => Node::List(
            items
                .iter()
                .map(|inner| item(inner.get_ref(), inner.span().start, lines))
                .collect(),
        ),
        DeValue::Table(inner) => Node::Table(table(inner, lines)),
    };
    Item {
        node,
        origin: Origin::Line(lines.line(start)),
    }
}

/// Byte offsets of line starts.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Self(
            std::iter::once(0)
                .chain(text.match_indices('\n').map(|(at, _)| at + 1))
                .collect(),
        )
    }

    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}
