//! An extractor, ready to run: the fixed shapes, words of a list, patterns of the author.

use std::ops::Range;
use std::sync::Arc;

use crate::lang::program::{Extractor, ListId, Pattern};
use crate::lang::value::Value;

use super::normalise::Normalised;
use super::pattern::{Budget, Prepared};
use super::shapes::{self, Edges};
use super::words::WordList;

/// Hands out the prepared words of a list.
pub(super) type Lists<'a> = dyn FnMut(ListId) -> Arc<WordList> + 'a;

/// A prepared [`Extractor`].
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Mobile,
    Digits(u32),
    Number,
    Email,
    IdCard,
    Date,
    Word,
    Rest,
    Url,
    OneOf(Arc<WordList>),
    Custom(Arc<Prepared>),
}

/// A stretch of the text that fits, and what it says.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) range: Range<usize>,
    pub(super) value: Value,
}

impl Shape {
    pub(super) fn new(extractor: &Extractor, lists: &mut Lists<'_>) -> Self {
        match extractor {
            Extractor::Mobile => Self::Mobile,
            Extractor::Digits(n) => Self::Digits(*n),
            Extractor::Number => Self::Number,
            Extractor::Email => Self::Email,
            Extractor::IdCard => Self::IdCard,
            Extractor::Date => Self::Date,
            Extractor::Word => Self::Word,
            Extractor::Rest => Self::Rest,
            Extractor::Url => Self::Url,
            Extractor::OneOf(list) => Self::OneOf(lists(*list)),
            Extractor::Custom(pattern) => Self::Custom(Arc::new(prepare(pattern, lists))),
        }
    }

    /// How unmistakable the shape is; marks of a lower rank take their text first.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Mobile | Self::Email | Self::IdCard | Self::Url => 0,
            Self::Digits(_) | Self::Date | Self::OneOf(_) | Self::Custom(_) => 1,
            Self::Number => 2,
            Self::Word | Self::Rest => 3,
        }
    }

    /// Whether almost any text fits.
    pub(super) fn takes_anything(&self) -> bool {
        matches!(self, Self::Word | Self::Rest)
    }

    /// A cheap question that rules out most texts.
    pub(super) fn may_fit(&self, text: &Normalised) -> bool {
        match self {
            Self::Mobile => text.digit_count() >= 11,
            Self::Digits(n) => text.digit_count() >= *n as usize,
            Self::IdCard => text.digit_count() >= 17,
            Self::Number | Self::Date => text.digit_count() > 0,
            Self::Email => text.text().contains('@'),
            Self::Url => text.text().contains("://"),
            Self::Word | Self::Rest | Self::OneOf(_) | Self::Custom(_) => !text.is_empty(),
        }
    }

    /// The leftmost fit anywhere that overlaps none of `taken`.
    pub(super) fn find(
        &self,
        text: &Normalised,
        taken: &[Range<usize>],
        budget: &mut Budget,
    ) -> Option<Found> {
        if !self.may_fit(text) {
            return None;
        }
        let free = |range: &Range<usize>| {
            taken
                .iter()
                .all(|other| range.end <= other.start || other.end <= range.start)
        };
        let range = match self {
            Self::OneOf(list) => list.find(text.text(), 0, free).map(|(range, _)| range),
            Self::Word => token(text.text(), taken),
            Self::Rest => gaps(text.text(), taken).into_iter().next(),
            _ => self.scan(text, free, budget),
        }?;
        let value = self.value(text, range.clone())?;
        Some(Found { range, value })
    }

    fn scan(
        &self,
        text: &Normalised,
        free: impl Fn(&Range<usize>) -> bool,
        budget: &mut Budget,
    ) -> Option<Range<usize>> {
        let start = self.starts();
        for (at, c) in text.text().char_indices() {
            if !start(c) || !free(&(at..at + 1)) {
                continue;
            }
            let end = match self {
                Self::Custom(pattern) => pattern.end_at(text, at, budget),
                _ => self.fixed_end(text.text(), at, Edges::FREE),
            };
            if let Some(end) = end.filter(|end| *end > at && free(&(at..*end))) {
                return Some(at..end);
            }
        }
        None
    }

    /// Which characters the shape can begin with.
    fn starts(&self) -> fn(char) -> bool {
        match self {
            Self::Mobile => |c| matches!(c, '1' | '+' | '8' | '0' | '('),
            Self::Digits(_) | Self::IdCard | Self::Date => |c| c.is_ascii_digit(),
            Self::Number => |c| c.is_ascii_digit() || matches!(c, '+' | '-'),
            Self::Email => |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '%' | '+' | '-'),
            Self::Url => |c| c == 'h',
            Self::Custom(_) | Self::Word | Self::Rest | Self::OneOf(_) => |c| c != ' ',
        }
    }

    /// Where a shape that has one reading ends.
    fn fixed_end(&self, text: &str, at: usize, edges: Edges) -> Option<usize> {
        match self {
            Self::Mobile => shapes::mobile(text, at, edges).map(|(end, _)| end),
            Self::Digits(n) => shapes::exactly(text, at, *n, edges),
            Self::Number => shapes::number(text, at, edges).map(|(end, _)| end),
            Self::Email => shapes::email(text, at, edges),
            Self::IdCard => shapes::id_card(text, at, edges),
            Self::Date => shapes::date(text, at, edges).map(|(end, _)| end),
            Self::Url => shapes::url(text, at, edges),
            Self::Word | Self::Rest | Self::OneOf(_) | Self::Custom(_) => None,
        }
    }

    /// Offers the places where a hole that begins at `at` may end, best first, until one is taken.
    /// `last`: nothing of the pattern stands behind it, so that as much as possible is best.
    pub(super) fn ends(
        &self,
        text: &Normalised,
        at: usize,
        last: bool,
        right: bool,
        budget: &mut Budget,
        take: &mut dyn FnMut(&mut Budget, usize) -> bool,
    ) -> bool {
        let whole = text.text();
        match self {
            Self::Word | Self::Rest => {
                let run = match self {
                    Self::Word => whole[at..].find(' ').map_or(whole.len(), |n| at + n),
                    _ => whole.len(),
                };
                let mut ends = whole[at..run]
                    .char_indices()
                    .map(|(n, c)| at + n + c.len_utf8());
                if last {
                    ends.rev().any(|end| budget.step() && take(budget, end))
                } else {
                    ends.any(|end| budget.step() && take(budget, end))
                }
            }
            Self::OneOf(list) => list
                .ends_at(whole, at)
                .into_iter()
                .any(|end| take(budget, end)),
            Self::Custom(pattern) => pattern.match_at(text, at, budget, take),
            _ => {
                let edges = Edges { left: false, right };
                self.fixed_end(whole, at, edges)
                    .is_some_and(|end| take(budget, end))
            }
        }
    }

    /// What a stretch that fits says.
    pub(super) fn value(&self, text: &Normalised, range: Range<usize>) -> Option<Value> {
        const EDGES: Edges = Edges {
            left: false,
            right: false,
        };
        let whole = text.text();
        let at = range.start;
        let value = match self {
            Self::Mobile => {
                let (_, digits) = shapes::mobile(whole, at, EDGES)?;
                Value::Phone(format!("+86{digits}").into())
            }
            Self::Digits(_) => Value::Code(whole[range].into()),
            Self::Number => Value::Number(shapes::number(&whole[range], 0, EDGES)?.1),
            Self::Date => Value::text(shapes::date(whole, at, EDGES)?.1),
            Self::IdCard => Value::text(whole[range].to_ascii_uppercase()),
            Self::Rest => Value::text(text.quote(range).trim()),
            Self::OneOf(list) => Value::Text(list.written(&whole[range])?.clone()),
            Self::Email | Self::Url | Self::Word | Self::Custom(_) => {
                Value::text(text.cased_slice(range).trim())
            }
        };
        Some(value)
    }
}

fn prepare(pattern: &Pattern, lists: &mut Lists<'_>) -> Prepared {
    Prepared::new(pattern, lists)
}

/// The stretches between those taken, trimmed, without empty ones.
fn gaps(text: &str, taken: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut taken: Vec<_> = taken.to_vec();
    taken.sort_unstable_by_key(|range| range.start);
    let mut gaps = Vec::new();
    let mut from = 0;
    for range in taken.iter().chain([&(text.len()..text.len())]) {
        if range.start > from {
            let gap = &text[from..range.start];
            let blank = |c: char| c == ' ' || is_punctuation(c);
            let start = from + (gap.len() - gap.trim_start_matches(blank).len());
            let end = from + gap.trim_end_matches(blank).len();
            if start < end {
                gaps.push(start..end);
            }
        }
        from = from.max(range.end);
    }
    gaps
}

/// The first run of characters without blanks that nothing taken abuts.
fn token(text: &str, taken: &[Range<usize>]) -> Option<Range<usize>> {
    for gap in gaps(text, taken) {
        let mut at = gap.start;
        for piece in text[gap.clone()].split(' ') {
            let range = at..at + piece.len();
            at = range.end + 1;
            let abuts = taken
                .iter()
                .any(|other| other.start == range.end || other.end == range.start);
            if !piece.is_empty() && !abuts {
                return Some(range);
            }
        }
    }
    None
}

fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation()
        || matches!(
            c,
            '。' | '、' | '《' | '》' | '「' | '」' | '“' | '”' | '‘' | '’' | '…' | '—'
        )
}
