//! What a trigger certainly takes of the messages of its event, and the message most typical of it.

use unicode_normalization::UnicodeNormalization;

use crate::lang::program::{
    Extractor, ListEntries, ListId, Matcher, Pattern, PatternCapture, PatternPart, Program,
};
use crate::lang::value::Value;
use crate::text::normalise;

use super::certain::{Branch, of_regex as of_expression};
use super::typical::of_regex;

/// What a trigger certainly takes.
pub(super) enum Takes<'a> {
    /// Everything of its event.
    All,
    /// Exactly this text.
    Word(String),
    /// Any of these.
    Words(Vec<String>),
    /// Whatever contains this.
    Containing(String),
    /// Whatever starts so.
    Starting(String),
    /// Not decided here, but for what every text of it certainly has, by the ways to fit it; equal only to
    /// the same matcher.
    Other(&'a Matcher, Vec<Branch>),
}

pub(super) fn takes<'a>(program: &Program, matcher: &'a Matcher) -> Takes<'a> {
    match matcher {
        Matcher::Always => Takes::All,
        Matcher::Pattern(pattern) => {
            // Nothing but a hole that takes everything.
            if let [PatternPart::Capture(capture)] = pattern.parts.as_slice()
                && capture.extractor == Extractor::Rest
            {
                return Takes::Starting(String::new());
            }
            let mut word = String::new();
            for part in &pattern.parts {
                match part {
                    PatternPart::Literal(text) => word.push_str(text),
                    PatternPart::Capture(_) => return other(matcher),
                }
            }
            Takes::Word(fold(&word))
        }
        Matcher::Containing(text) => Takes::Containing(fold(text)),
        Matcher::Starting(text) => Takes::Starting(fold(text)),
        Matcher::InList(id) => match program.lists.get(id.0 as usize).map(|list| &list.entries) {
            Some(ListEntries::Values(values)) => Takes::Words(
                values
                    .iter()
                    .filter_map(|value| match value {
                        Value::Text(text) => Some(fold(text)),
                        _ => None,
                    })
                    .collect(),
            ),
            _ => other(matcher),
        },
        Matcher::Matching(_) | Matcher::With(_) => other(matcher),
    }
}

fn other(matcher: &Matcher) -> Takes<'_> {
    let certain = match matcher {
        Matcher::Pattern(pattern) => always_there(pattern).into_iter().collect(),
        Matcher::Matching(source) => of_expression(source),
        _ => Vec::new(),
    };
    Takes::Other(matcher, certain)
}

/// Whether it certainly takes this text, folded.
pub(super) fn takes_word(takes: &Takes<'_>, word: &str) -> bool {
    match takes {
        Takes::All => true,
        Takes::Word(known) => known == word,
        Takes::Words(known) => known.iter().any(|known| known == word),
        Takes::Containing(part) => word.contains(part.as_str()),
        Takes::Starting(part) => word.starts_with(part.as_str()),
        Takes::Other(..) => false,
    }
}

/// Whether `first` takes everything that `second` takes.
pub(super) fn covers(first: &Takes<'_>, second: &Takes<'_>) -> bool {
    let one = |word: &str| takes_word(first, word);
    match second {
        _ if matches!(first, Takes::All) => true,
        Takes::All => false,
        Takes::Word(word) => one(word),
        Takes::Words(words) => !words.is_empty() && words.iter().all(|word| one(word)),
        Takes::Containing(part) => match first {
            Takes::Containing(known) => part.contains(known.as_str()),
            Takes::Starting(known) => known.is_empty(),
            _ => false,
        },
        Takes::Starting(part) => match first {
            Takes::Starting(known) => part.starts_with(known.as_str()),
            Takes::Containing(known) => part.contains(known.as_str()),
            _ => false,
        },
        Takes::Other(matcher, certain) => match first {
            Takes::Other(known, _) => nameless(known) == nameless(matcher),
            _ => !certain.is_empty() && certain.iter().all(|branch| covers_branch(first, branch)),
        },
    }
}

/// Whether it takes everything that fits in one way.
fn covers_branch(first: &Takes<'_>, branch: &Branch) -> bool {
    let texts = &branch.texts;
    let is = |word: &String| branch.whole && compact(&texts[0]) == compact(word);
    match first {
        Takes::All => true,
        Takes::Word(known) => is(known),
        Takes::Words(known) => known.iter().any(is),
        Takes::Starting(known) => {
            known.is_empty() || (branch.begins && compact(&texts[0]).starts_with(&compact(known)))
        }
        Takes::Containing(known) => {
            let known = compact(known);
            texts.iter().any(|text| compact(text).contains(&known))
        }
        Takes::Other(..) => false,
    }
}

/// The texts that every message of a pattern has, folded.
fn always_there(pattern: &Pattern) -> Option<Branch> {
    let texts: Vec<String> = pattern.parts.iter().filter_map(literal).collect();
    (!texts.is_empty()).then(|| Branch {
        texts,
        begins: pattern.parts.first().and_then(literal).is_some(),
        whole: false,
    })
}

fn literal(part: &PatternPart) -> Option<String> {
    match part {
        PatternPart::Literal(text) => Some(fold(text)).filter(|text| !text.is_empty()),
        PatternPart::Capture(_) => None,
    }
}

/// Without the blanks that say nothing, as messages are compared with what they contain or begin with.
fn compact(text: &str) -> String {
    normalise(text).compact().to_owned()
}

/// How a matcher is written, whatever its captures are called.
pub(super) fn nameless(matcher: &Matcher) -> String {
    let bare = |capture: &PatternCapture| PatternCapture {
        name: String::new(),
        extractor: capture.extractor.clone(),
    };
    let bare = match matcher {
        Matcher::Pattern(pattern) => Matcher::Pattern(Pattern {
            parts: pattern
                .parts
                .iter()
                .map(|part| match part {
                    PatternPart::Literal(text) => {
                        PatternPart::Literal(text.nfkc().flat_map(char::to_lowercase).collect())
                    }
                    PatternPart::Capture(capture) => PatternPart::Capture(bare(capture)),
                })
                .collect(),
        }),
        Matcher::With(captures) => Matcher::With(captures.iter().map(bare).collect()),
        other => other.clone(),
    };
    format!("{bare:?}")
}

/// The longest piece of text that a message must contain to fit a pattern, folded.
pub(super) fn must_contain(matcher: &Matcher) -> Option<String> {
    let Matcher::Pattern(pattern) = matcher else {
        return None;
    };
    let literals = pattern.parts.iter().filter_map(literal);
    literals.max_by_key(String::len)
}

/// The text most typical of a matcher, as a person would send it; `None` when none can be told.
pub(super) fn sample(program: &Program, matcher: &Matcher) -> Option<String> {
    match matcher {
        Matcher::Always => None,
        Matcher::Pattern(pattern) => of_pattern(program, pattern),
        Matcher::Containing(text) | Matcher::Starting(text) => Some(text.clone()),
        Matcher::InList(list) => of_list(program, *list),
        Matcher::With(captures) => {
            let parts: Option<Vec<String>> = captures
                .iter()
                .map(|capture| of_capture(program, capture))
                .collect();
            Some(parts?.join(" "))
        }
        Matcher::Matching(source) => of_regex(source),
    }
}

fn of_pattern(program: &Program, pattern: &Pattern) -> Option<String> {
    pattern
        .parts
        .iter()
        .map(|part| match part {
            PatternPart::Literal(text) => Some(text.clone()),
            PatternPart::Capture(capture) => of_capture(program, capture),
        })
        .collect()
}

fn of_capture(program: &Program, capture: &PatternCapture) -> Option<String> {
    of_extractor(program, &capture.extractor)
}

/// The text most typical of an extractor.
pub(super) fn of_extractor(program: &Program, extractor: &Extractor) -> Option<String> {
    Some(match extractor {
        Extractor::Mobile => "13800138000".to_owned(),
        Extractor::Digits(count) => "482913".chars().cycle().take(*count as usize).collect(),
        Extractor::Number => "1".to_owned(),
        Extractor::Email => "wang@example.com".to_owned(),
        Extractor::IdCard => "11010519491231002X".to_owned(),
        Extractor::Date => "2026-01-05".to_owned(),
        Extractor::Word | Extractor::Rest => "小王".to_owned(),
        Extractor::Url => "https://example.com/".to_owned(),
        Extractor::OneOf(list) => return of_list(program, *list),
        Extractor::Custom(pattern) => return of_pattern(program, pattern),
    })
}

fn of_list(program: &Program, list: ListId) -> Option<String> {
    all_of_list(program, list).next()
}

/// The texts of a list.
pub(super) fn all_of_list(program: &Program, list: ListId) -> impl Iterator<Item = String> + '_ {
    let values = match program.lists.get(list.0 as usize).map(|list| &list.entries) {
        Some(ListEntries::Values(values)) => values.as_slice(),
        _ => &[],
    };
    values.iter().filter_map(|value| match value {
        Value::Text(text) => Some(text.to_string()),
        _ => None,
    })
}

/// The form in which texts are compared: NFKC, lower case, no blanks at the ends, single inside.
pub(super) fn fold(text: &str) -> String {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}
