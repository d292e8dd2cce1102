//! Does this text fit what a trigger wants?

use std::sync::Arc;

use crate::lang::program::{ListId, Matcher, Program};

use super::captures::Captures;
use super::literal::key;
use super::normalise::Normalised;
use super::pattern::Prepared;
use super::regexes::LazyRegex;
use super::shape::{Lists, Shape};
use super::slots::assign_all;
use super::words::WordList;

/// A [`Matcher`] with everything computed that does not depend on the text.
#[derive(Debug)]
pub(super) enum Ready {
    Always,
    Pattern(Prepared),
    Containing(String),
    Starting(String),
    Matching(LazyRegex),
    InList(Arc<WordList>),
    With(Vec<(Arc<str>, Shape)>),
}

impl Ready {
    pub(super) fn new(matcher: &Matcher, lists: &mut Lists<'_>) -> Self {
        match matcher {
            Matcher::Always => Self::Always,
            Matcher::Pattern(pattern) => Self::Pattern(Prepared::new(pattern, lists)),
            Matcher::Containing(words) => Self::Containing(key(words)),
            Matcher::Starting(words) => Self::Starting(key(words)),
            Matcher::Matching(source) => Self::Matching(LazyRegex::new(source)),
            Matcher::InList(list) => Self::InList(lists(*list)),
            Matcher::With(captures) => Self::With(
                captures
                    .iter()
                    .map(|capture| {
                        let name = capture.name.as_str().into();
                        (name, Shape::new(&capture.extractor, lists))
                    })
                    .collect(),
            ),
        }
    }

    pub(super) fn matches(&self, text: &Normalised) -> Option<Captures> {
        let yes = match self {
            Self::Always => true,
            Self::Pattern(pattern) => return pattern.match_whole(text),
            Self::Containing(words) => text.compact().contains(words.as_str()),
            Self::Starting(words) => text.compact().starts_with(words.as_str()),
            Self::Matching(regex) => return regex.find(text),
            Self::InList(list) => list.whole(text.compact()).is_some(),
            Self::With(shapes) => return assign_all(shapes, text),
        };
        yes.then(Captures::default)
    }
}

/// What `matcher` finds in `text`: `None` when it does not fit. Prepares the matcher each time; for
/// many texts build a [`RuleIndex`](super::RuleIndex), which prepares once and gives the same answers.
pub fn match_trigger(matcher: &Matcher, text: &Normalised, program: &Program) -> Option<Captures> {
    let mut lists = |id: ListId| Arc::new(WordList::new(program.lists.get(id.0 as usize)));
    Ready::new(matcher, &mut lists).matches(text)
}

/// A matcher of which only is asked whether texts fit: the analysis of rule sets asks of many.
#[derive(Debug)]
pub(crate) struct Fits(Ready);

impl Fits {
    /// Prepared once.
    pub(crate) fn new(matcher: &Matcher, program: &Program) -> Self {
        let mut lists = |id: ListId| Arc::new(WordList::new(program.lists.get(id.0 as usize)));
        Self(Ready::new(matcher, &mut lists))
    }

    /// Whether a message with this text is taken.
    pub(crate) fn fits(&self, text: &Normalised) -> bool {
        self.caught(text).is_some()
    }

    /// What it finds in such a message.
    pub(crate) fn caught(&self, text: &Normalised) -> Option<Captures> {
        self.0.matches(text)
    }
}
