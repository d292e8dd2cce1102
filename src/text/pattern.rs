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
pub(super) struct Budget {
    left: u32,
    /// A blank between two holes must be one of the text as well.
    parted: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            left: MAX_STEPS,
            parted: false,
        }
    }
}

impl Budget {
    /// Takes a step; `false` when none is left.
    pub(super) fn step(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
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

    /// Whether two holes have nothing but a blank between them.
    fn has_gaps(&self) -> bool {
        self.parts.iter().enumerate().any(|(at, part)| match part {
            Part::Literal(_) => self.is_gap(at),
            Part::Hole { shape, .. } => matches!(shape, Shape::Custom(inner) if inner.has_gaps()),
        })
    }

    fn is_gap(&self, at: usize) -> bool {
        let hole = |part: Option<&Part>| matches!(part, Some(Part::Hole { .. }));
        let blank = matches!(&self.parts[at], Part::Literal(literal) if literal.is_blank());
        blank && at > 0 && hole(self.parts.get(at - 1)) && hole(self.parts.get(at + 1))
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
        let length = text.text().len();
        let mut fits = |parted: bool| {
            ends.clear();
            let mut budget = Budget {
                parted,
                ..Budget::default()
            };
            self.walk(0, text, 0, &mut budget, &mut ends, &mut |_, end| {
                end == length
            })
        };
        // `{who} {what}`: the blank that was typed parts the two, if there is one.
        let parts = text.text().contains(' ') && self.has_gaps();
        let found = (parts && fits(true)) || fits(false);
        if !found {
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
            Part::Literal(_)
                if budget.parted && self.is_gap(index) && !text.text()[at..].starts_with(' ') =>
            {
                false
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::program::{Extractor, PatternCapture};
    use crate::lang::value::Value;
    use crate::text::normalise;

    fn taken(parts: &[(&str, Extractor)], text: &str) -> Option<Vec<Value>> {
        let mut pattern = Pattern { parts: Vec::new() };
        for (index, (words, extractor)) in parts.iter().enumerate() {
            if !words.is_empty() {
                pattern
                    .parts
                    .push(PatternPart::Literal((*words).to_owned()));
            }
            pattern.parts.push(PatternPart::Capture(PatternCapture {
                name: format!("n{index}"),
                extractor: extractor.clone(),
            }));
        }
        let mut lists = |_| unreachable!("no lists");
        let prepared = Prepared::new(&pattern, &mut lists);
        let captures = prepared.match_whole(&normalise(text))?;
        let value = |index| captures.get(&format!("n{index}")).cloned();
        (0..parts.len()).map(value).collect()
    }

    #[test]
    fn a_blank_between_holes_is_the_one_that_was_typed() {
        use Extractor::{Number, Rest, Word};
        let told = [("转告", Word), (" ", Rest)];
        let two = |a: &str, b: &str| Some(vec![Value::text(a), Value::text(b)]);
        assert_eq!(taken(&told, "转告小李 明天 见"), two("小李", "明天 见"));
        assert_eq!(taken(&told, "转告 小李　明天见"), two("小李", "明天见"));
        // Without one it is as before: blanks may be left out.
        assert_eq!(taken(&told, "转告小李"), two("小", "李"));
        let counted = [("", Word), (" ", Number)];
        assert_eq!(
            taken(&counted, "苹果 3"),
            Some(vec![Value::text("苹果"), Value::Number(3.0)])
        );
        assert_eq!(
            taken(&counted, "苹果3"),
            Some(vec![Value::text("苹果"), Value::Number(3.0)])
        );
    }
}
