//! Ready changes, applied to the texts they belong to: `menshen check --fix` and code actions.
//!
//! Pure: takes texts, gives texts. Changes that overlap are left for the next round, so that no
//! change is ever applied to text another one has already touched.

use std::collections::BTreeMap;

use super::{Diagnostic, Fix, Sureness};
use crate::lang::span::{FileId, Sources, Span};

/// What came of one round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fixed {
    /// The new texts of the files that changed.
    pub files: BTreeMap<FileId, String>,
    /// Diagnostics whose change was applied.
    pub applied: usize,
}

/// Applies the first change of every diagnostic that is sure enough. `guesses`: nearest names too.
/// Drafts that still hold a `…` to be filled in are never applied.
pub fn fix(diagnostics: &[Diagnostic], sources: &Sources, guesses: bool) -> Fixed {
    let mut chosen: Vec<Fix> = diagnostics
        .iter()
        .flat_map(|diagnostic| everywhere(diagnostic, sources))
        .filter(|fix| guesses || fix.sure == Sureness::Sure)
        .filter(|fix| !fix.is_draft())
        .collect();
    chosen.sort_by_key(|fix| (fix.span.file, fix.span.start, fix.span.end));
    let mut out = Fixed::default();
    let mut done: BTreeMap<FileId, (String, usize)> = BTreeMap::new();
    for fix in &chosen {
        let Some(file) = sources.file(fix.span.file) else {
            continue;
        };
        let (text, at) = done.entry(fix.span.file).or_default();
        let range = fix.span.range();
        // Two insertions at one place are two answers to one question: only the first.
        let taken = *at > 0 && range.start <= *at && (range.start < *at || range.is_empty());
        if taken || file.text.get(range.clone()).is_none() {
            continue;
        }
        text.push_str(&file.text[*at..range.start]);
        text.push_str(&fix.replacement);
        *at = range.end;
        out.applied += 1;
    }
    for (id, (mut text, at)) in done {
        if let Some(file) = sources.file(id) {
            text.push_str(&file.text[at..]);
            if *text != *file.text {
                out.files.insert(id, text);
            }
        }
    }
    out
}

/// The first change of a diagnostic, at every place it names where the same stands.
fn everywhere(diagnostic: &Diagnostic, sources: &Sources) -> Vec<Fix> {
    let Some(fix) = diagnostic.fixes.first() else {
        return Vec::new();
    };
    let text = |span: Span| sources.file(span.file)?.text.get(span.range());
    let primary = diagnostic.primary.span;
    // What is put before it is put before each.
    let empty = |span: Span| span.start == span.end;
    let before = empty(fix.span) && fix.span.start == primary.start && !empty(primary);
    let also = diagnostic
        .also()
        .filter(|span| before || (fix.span == primary && text(*span) == text(fix.span)));
    let others = also.map(|span| Fix {
        span: match before {
            true => Span {
                end: span.start,
                ..span
            },
            false => span,
        },
        ..fix.clone()
    });
    std::iter::once(fix.clone()).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::diagnostics::Words;

    fn change(start: usize, end: usize, by: &str) -> Diagnostic {
        let (words, span) = (Words::new("改", "change"), Span::new(FileId(0), start, end));
        Diagnostic::error("E0101", words.clone(), span, words.clone()).with_fix(words, span, by)
    }

    fn fixed(text: &str, changes: &[Diagnostic], guesses: bool) -> (String, usize) {
        let sources = Sources::single("a.rules", text);
        let fixed = fix(changes, &sources, guesses);
        let new = fixed.files.get(&FileId(0)).cloned();
        (new.unwrap_or_else(|| text.to_owned()), fixed.applied)
    }

    #[test]
    fn changes_are_applied_in_order_and_overlaps_wait() {
        let all = [change(4, 5, "=="), change(0, 3, "let"), change(4, 7, "x")];
        assert_eq!(fixed("lte a b", &all, false), ("let == b".to_owned(), 2));
        let same = [change(3, 3, "}"), change(3, 3, "}")];
        assert_eq!(fixed("abc", &same, false), ("abc}".to_owned(), 1));
    }

    #[test]
    fn the_same_mistake_is_mended_wherever_it_is_told() {
        let mut told = change(0, 1, "b");
        told.add_place(Span::new(FileId(0), 2, 3));
        told.add_place(Span::new(FileId(0), 4, 5));
        let all = std::slice::from_ref(&told);
        assert_eq!(fixed("a a x", all, false), ("b b x".to_owned(), 2));
        let second = Span::new(FileId(0), 2, 3);
        let seen = told.seen_from(|span| span == second).expect("told there");
        assert_eq!(seen.primary.span, second);
        assert_eq!(fixed("a a x", &[seen], false), ("b b x".to_owned(), 2));
        assert!(told.seen_from(|_| false).is_none());
    }

    #[test]
    fn what_is_put_before_a_place_is_put_before_each() {
        let (words, id) = (Words::new("缩进", "indent"), FileId(0));
        let mut told =
            Diagnostic::error("E0104", words.clone(), Span::new(id, 2, 3), words.clone()).with_fix(
                words,
                Span::new(id, 2, 2),
                "  ",
            );
        told.add_place(Span::new(id, 6, 8));
        assert_eq!(fixed("a\nb\nc\ndd", &[told], false).0, "a\n  b\nc\n  dd");
    }

    #[test]
    fn guesses_only_when_asked_and_drafts_never() {
        let words = Words::new("改", "change");
        let span = Span::new(FileId(0), 0, 1);
        let guess = Diagnostic::error("E0203", words.clone(), span, words.clone()).with_guess(
            words.clone(),
            span,
            "b",
        );
        assert_eq!(fixed("a", std::slice::from_ref(&guess), false).1, 0);
        assert_eq!(fixed("a", &[guess], true), ("b".to_owned(), 1));
        assert_eq!(fixed("a", &[change(0, 1, "reply \"…\"")], true).1, 0);
    }

    #[test]
    fn places_outside_the_text_do_no_harm() {
        assert_eq!(fixed("abc", &[change(2, 90, "x")], false).1, 0);
    }
}
