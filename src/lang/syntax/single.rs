//! One change after which an item is right: where several things are said to be wrong with it, but one
//! line left out, doubled or moved, or one sign, explains them all, that is the one mistake.
//!
//! Nothing here judges by itself: a change counts when the parser, run on the changed text, finds nothing
//! more to say. The work is bounded in bytes.

mod changes;
mod marks;
mod telling;
mod tokens;

use super::lexer::ITEMS;
use super::repair::Edit;
use crate::lang::diagnostics::{Diagnostic, Severity};
use crate::lang::span::FileId;
use changes::Change;

/// Bytes of changed texts that are parsed for one file: some hundred changes of an item of a screen.
const MAX_TRIED: usize = 384 * 1024;
/// Bytes of an item that is looked at. What is longer is tried too seldom to be worth it.
const MAX_ITEM: usize = 12 * 1024;
/// Items that follow one another and are looked at together.
const MAX_TOGETHER: usize = 3;

/// A change that explains the mistakes of a stretch.
#[derive(Debug, Clone)]
pub(super) struct Single {
    /// In the author's text.
    pub(super) edit: Edit,
    /// The one mistake.
    pub(super) diagnostic: Diagnostic,
    /// Lines of which not everything is known.
    pub(super) lost: String,
    /// A line that gives names or events stands in for one that is lost.
    pub(super) stand_in: bool,
    /// Names that a lost line may have given.
    pub(super) poisoned: Option<&'static str>,
}

/// The changes for a file of which `found` is said; `errors` tells how much is wrong with a text.
pub(super) fn find(
    file: FileId,
    text: &str,
    found: &[Diagnostic],
    errors: &dyn Fn(&str) -> usize,
) -> Vec<Single> {
    let mut singles = Vec::new();
    let mut left = MAX_TRIED;
    let mut done = 0;
    for (start, ends) in stretches(text, found) {
        if start < done {
            continue;
        }
        let explained = ends.into_iter().find_map(|end| {
            let tried = Tried::new(file, start, &text[start..end]);
            Some((tried.single(errors, &mut left)?, end))
        });
        if let Some((single, end)) = explained {
            singles.push(single);
            done = end;
        }
    }
    singles
}

/// Items, or a few that follow one another, of which more than one thing is said: where each begins, and
/// where it may end.
fn stretches(text: &str, found: &[Diagnostic]) -> Vec<(usize, Vec<usize>)> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let word = line
            .find(|c: char| !super::grammar::continues_name(c))
            .map_or(line, |end| &line[..end]);
        if ITEMS.contains(&word) && at > 0 {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(text.len());
    let count = |from: usize, to: usize| {
        let errors = found
            .iter()
            .filter(|one| one.severity == Severity::Error)
            .map(|one| one.primary.span.start as usize);
        // What is missing at the end belongs to the last.
        let to = if to == text.len() { to + 1 } else { to };
        errors.filter(|at| (from..to).contains(at)).count()
    };
    let items: Vec<(usize, usize)> = starts
        .iter()
        .copied()
        .zip(starts.iter().copied().skip(1))
        .collect();
    let mut stretches = Vec::new();
    for (index, &(start, end)) in items.iter().enumerate() {
        let own = count(start, end);
        if own == 0 {
            continue;
        }
        // One that shows elsewhere what it leads to: an item's first line written twice or slipped down.
        let next = items
            .get(index + 1)
            .map(|&(from, to)| (&text[from..to], to));
        let wrong = begun_wrong(&text[start..end], end, next);
        let mut ends: Vec<usize> = wrong.into_iter().collect();
        if own > 1 {
            ends.push(end);
        }
        // What is wrong with one line may show in the next item, and be mended by one further on.
        let together = items[index..].iter().take(MAX_TOGETHER);
        let together: Vec<usize> = together
            .take_while(|(from, to)| count(*from, *to) > 0)
            .map(|(_, to)| *to)
            .collect();
        if together.len() > 1 {
            ends.extend(together.last());
            ends.extend(items.get(index + together.len()).map(|(_, to)| *to));
        }
        let mut seen = Vec::new();
        ends.retain(|end| {
            !seen.contains(end) && {
                seen.push(*end);
                true
            }
        });
        // A token too many or too few shows as whatever the next one may be taken for.
        if ends.is_empty() && tokens::show(&text[start..end]) {
            ends.push(end);
        }
        // A body without any brace shows as one mistake only, which does not say what is missing.
        if ends.is_empty() && !text[start..end].contains(['{', '}']) {
            ends.push(end);
        }
        if !ends.is_empty() {
            stretches.push((start, ends));
        }
    }
    for (start, ends) in &mut stretches {
        ends.retain(|end| end - *start <= MAX_ITEM);
    }
    stretches
}

/// Where the stretch ends of which the first line of an item was written twice, has changed places with the
/// line that should follow it, or whose only line stands behind its closing brace.
fn begun_wrong(item: &str, end: usize, next: Option<(&str, usize)>) -> Option<usize> {
    let code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let lines: Vec<&str> = item.lines().filter(code).collect();
    let emptied = lines.windows(2).any(|pair| {
        pair[0].ends_with('{') && pair[1].trim() == "}" && pair[0].trim_start() == pair[0]
    });
    if emptied {
        return Some(end);
    }
    let doubled = lines
        .windows(2)
        .any(|pair| pair[0] == pair[1] && pair[0].trim_end().ends_with('{'));
    if doubled {
        return Some(end);
    }
    let (next, to) = next?;
    let first = next.lines().next()?;
    let last = lines.last()?;
    let behind = lines.len() > 1 || !ITEMS.iter().any(|word| last.starts_with(word));
    let slipped = last.starts_with(' ') && behind && first.trim_end().ends_with('{');
    (*last == first || slipped).then_some(to)
}

/// A line without its break.
#[derive(Clone, Copy)]
struct Line<'a> {
    start: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }

    fn code(&self) -> &'a str {
        self.text.trim()
    }

    /// Where the code begins, behind blanks of whatever kind.
    fn code_start(&self) -> usize {
        self.start + self.text.len() - self.text.trim_start().len()
    }

    /// Where the code ends, before blanks.
    fn code_end(&self) -> usize {
        self.start + self.text.trim_end().len()
    }

    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let start = at;
            at += line.len();
            Line {
                start,
                text: line.trim_end_matches(['\n', '\r']),
            }
        })
        .collect()
}

/// A stretch that is tried with changes.
struct Tried<'a> {
    file: FileId,
    start: usize,
    text: &'a str,
    lines: Vec<Line<'a>>,
}

impl<'a> Tried<'a> {
    fn new(file: FileId, start: usize, text: &'a str) -> Self {
        Self {
            file,
            start,
            text,
            lines: lines(text),
        }
    }

    fn single(&self, errors: &dyn Fn(&str) -> usize, left: &mut usize) -> Option<Single> {
        let right = |change: &Change| {
            let size = self.text.len() + change.edit.by.len();
            let Some(rest) = left.checked_sub(size) else {
                *left = 0;
                return false;
            };
            *left = rest;
            let Edit { start, end, by } = &change.edit;
            let changed = format!("{}{by}{}", &self.text[..*start], &self.text[*end..]);
            errors(&changed) == 0
        };
        let change = self.changes().into_iter().find(right)?;
        Some(self.told(change))
    }
}
