//! A text with typed holes, matched with bounded backtracking.

use std::sync::Arc;

use crate::lang::program::{Pattern, PatternPart};

use super::captures::Captures;
use super::literal::Literal;
use super::normalise::Normalised;
use super::shape::{Lists, Shape};

/// Steps one match may take before it counts as no match. A pattern of k open holes over n
/// characters needs about n^k/k!; 50,000 covers two holes over the longest message WeChat delivers.
const MAX_STEPS: u32 = 50_000;

/// What is left of the steps of one match.
#[derive(Debug)]
pub(super) struct Budget(u32);

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_STEPS)
    }
}

impl Budget {
    /// Takes a step; `false` when none is left.
    pub(super) fn step(&mut self) -> bool {
        self.0 = self.0.saturating_sub(1);
        self.0 > 0
    }
}

/// A [`Pattern`] ready to match.
#[derive(Debug)]
pub(super) struct Prepared {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Literal(Literal),
    Hole { name: Arc<str>, shape: Shape },
}

/// Where the holes ended, innermost last.
type Ends = Vec<(usize, usize, usize)>;

impl Prepared {
    pub(super) fn new(pattern: &Pattern, lists: &mut Lists<'_>) -> Self {
        let parts = pattern
            .parts
            .iter()
            .map(|part| match part {
                PatternPart::Literal(words) => Part::Literal(Literal::new(words)),
                PatternPart::Capture(capture) => Part::Hole {
                    name: capture.name.as_str().into(),
                    shape: Shape::new(&capture.extractor, lists),
                },
            })
            .collect();
        Self { parts }
    }

    /// The compact text the pattern equals, when it has no holes.
    pub(super) fn exact(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(literal)] => Some(&literal.key),
            _ => None,
        }
    }

    /// The longest words every match contains, in compact form.
    pub(super) fn anchor(&self) -> Option<&str> {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Part::Literal(literal) => Some(literal.key.as_str()),
                Part::Hole { shape, .. } => match shape {
                    Shape::Custom(inner) => inner.anchor(),
                    _ => None,
                },
            })
            .filter(|words| !words.is_empty())
            .max_by_key(|words| words.len())
    }

    /// The captures, when the whole text fits.
    pub(super) fn match_whole(&self, text: &Normalised) -> Option<Captures> {
        if let Some(exact) = self.exact() {
            return (text.compact() == exact).then(Captures::default);
        }
        if !self.parts.iter().all(|part| match part {
            Part::Hole { shape, .. } => shape.may_fit(text),
            Part::Literal(_) => true,
        }) {
            return None;
        }
        let mut ends = Ends::new();
        let mut budget = Budget::default();
        let length = text.text().len();
        let fits = self.walk(0, text, 0, &mut budget, &mut ends, &mut |_, end| {
            end == length
        });
        if !fits {
            return None;
        }
        let mut captures = Captures::default();
        for (part, start, end) in ends.into_iter().rev() {
            if let Part::Hole { name, shape } = &self.parts[part] {
                captures.insert(name.clone(), shape.value(text, start..end)?);
            }
        }
        Some(captures)
    }

    /// The first end of a match that begins at `at`.
    pub(super) fn end_at(
        &self,
        text: &Normalised,
        at: usize,
        budget: &mut Budget,
    ) -> Option<usize> {
        let mut found = None;
        self.match_at(text, at, budget, &mut |_, end| {
            found = Some(end);
            true
        });
        found
    }

    /// Offers the ends of matches that begin at `at` until one is taken.
    pub(super) fn match_at(
        &self,
        text: &Normalised,
        at: usize,
        budget: &mut Budget,
        take: &mut dyn FnMut(&mut Budget, usize) -> bool,
    ) -> bool {
        self.walk(0, text, at, budget, &mut Ends::new(), take)
    }

    fn walk(
        &self,
        index: usize,
        text: &Normalised,
        at: usize,
        budget: &mut Budget,
        ends: &mut Ends,
        take: &mut dyn FnMut(&mut Budget, usize) -> bool,
    ) -> bool {
        if !budget.step() {
            return false;
        }
        let Some(part) = self.parts.get(index) else {
            return take(budget, at);
        };
        match part {
            Part::Literal(literal) => literal
                .end_at(text.text(), at)
                .is_some_and(|end| self.walk(index + 1, text, end, budget, ends, take)),
            Part::Hole { shape, .. } => {
                let start = at + usize::from(text.text()[at..].starts_with(' '));
                let next = self.parts.get(index + 1);
                let right = !next.is_some_and(begins_with_digit);
                shape.ends(
                    text,
                    start,
                    next.is_none(),
                    right,
                    budget,
                    &mut |budget, end| {
                        let fits =
                            end > start && self.walk(index + 1, text, end, budget, ends, take);
                        if fits {
                            ends.push((index, start, end));
                        }
                        fits
                    },
                )
            }
        }
    }
}

fn begins_with_digit(part: &Part) -> bool {
    match part {
        Part::Literal(literal) => literal.key.starts_with(|c: char| c.is_ascii_digit()),
        Part::Hole { .. } => true,
    }
}
