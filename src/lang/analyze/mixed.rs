//! Messages that two alternatives take, beyond the one that is typical of the later: what one wants put
//! into, before or behind what the other wants. The matchers of the bot confirm each.
//!
//! Two that only want something contained always share messages; their order is what decides, so nothing
//! is said of them.

use crate::lang::program::{Extractor, Matcher, Pattern, PatternPart, Program};
use crate::text::normalise;

use super::earlier::Alternative;
use super::takes::{Takes, of_extractor};

/// Whether it takes texts that go on or begin as they like, besides those that only contain something.
pub(super) fn open(alternative: &Alternative<'_>) -> bool {
    match (&alternative.takes, &alternative.trigger.matcher) {
        (Takes::Starting(_), _) => true,
        (_, Matcher::Pattern(pattern)) => pattern.parts.iter().any(is_open),
        _ => false,
    }
}

/// A message that both take.
pub(super) fn message(
    program: &Program,
    first: &Alternative<'_>,
    second: &Alternative<'_>,
) -> Option<String> {
    let mut tried: Vec<String> = Vec::new();
    for (host, guest) in [(first, second), (second, first)] {
        let Some(words) = wanted(guest) else { continue };
        match &host.trigger.matcher {
            Matcher::Pattern(pattern) => tried.extend(filled(program, pattern, &words)),
            Matcher::Starting(begin) => tried.push(format!("{begin}{words}")),
            _ => {}
        }
    }
    tried.into_iter().find(|text| {
        let read = normalise(text);
        first.fits(&read, program) && second.fits(&read, program)
    })
}

/// The words without which it takes nothing.
fn wanted(alternative: &Alternative<'_>) -> Option<String> {
    match &alternative.trigger.matcher {
        Matcher::Containing(words) | Matcher::Starting(words) => Some(words.clone()),
        _ => None,
    }
}

fn is_open(part: &PatternPart) -> bool {
    matches!(
        part,
        PatternPart::Capture(capture)
            if matches!(capture.extractor, Extractor::Word | Extractor::Rest)
    )
}

/// A text of the pattern with these words in its last hole that takes any.
fn filled(program: &Program, pattern: &Pattern, words: &str) -> Option<String> {
    let last = pattern.parts.iter().rposition(is_open)?;
    let parts = pattern.parts.iter().enumerate();
    parts
        .map(|(at, part)| match part {
            PatternPart::Literal(text) => Some(text.clone()),
            PatternPart::Capture(_) if at == last => Some(words.to_owned()),
            PatternPart::Capture(capture) => of_extractor(program, &capture.extractor),
        })
        .collect()
}
