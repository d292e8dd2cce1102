//! What a trigger found.

use std::sync::Arc;

use crate::lang::value::Value;

/// The typed names a matched trigger brings. A name that the matched alternative does not have is
/// simply missing (and unknown in conditions).
#[derive(Clone, Default, PartialEq)]
pub struct Captures(Vec<(Arc<str>, Value)>);

impl Captures {
    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(known, _)| &**known == name)
            .map(|(_, value)| value)
    }

    /// All of them, in the order of the pattern.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a value; a later one of the same name replaces the earlier.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, value: Value) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }
}

impl std::fmt::Debug for Captures {
    /// Names only: the values are phones and codes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}
