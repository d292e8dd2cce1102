//! Signals that are the same in several rule sets are judged once.

use std::collections::HashMap;

use crate::history::KeyNeed;
use crate::lang::program::{HistoryQuery, Program, Signal};

use super::super::needs::walk;
use super::stage::Prepared;
use crate::lang::program::ExprKind;

/// Finds for every signal the first one that is the same by construction.
pub(super) fn find(variants: &mut [Prepared]) {
    let mut known: HashMap<String, (usize, usize)> = HashMap::new();
    for (index, variant) in variants.iter_mut().enumerate() {
        let program = &variant.rules.program;
        let windows = print(&variant.rules.windows);
        variant.same = program
            .signals
            .iter()
            .enumerate()
            .map(|(at, signal)| {
                let text = format!("{}\n{windows}", fingerprint(signal, program));
                *known.entry(text).or_insert((index, at))
            })
            .collect();
    }
}

/// Everything a signal's state depends on, without the places in the source.
fn fingerprint(signal: &Signal, program: &Program) -> String {
    let mut text = format!("{:?} {:?} {:?}", signal.when, signal.except, signal.learn);
    let mut queries: Vec<&HistoryQuery> = Vec::new();
    let mut lists = Vec::new();
    let mut collect = |expr: &crate::lang::program::Expr| match &expr.kind {
        ExprKind::History(id) => queries.extend(program.queries.get(id.0 as usize)),
        ExprKind::InList { list, .. } => lists.extend(program.lists.get(list.0 as usize)),
        _ => {}
    };
    walk(&signal.when, &mut collect);
    if let Some(except) = &signal.except {
        walk(except, &mut collect);
    }
    // A query's own expressions may ask again.
    let mut at = 0;
    while at < queries.len() {
        let query = queries[at];
        text.push_str(&format!("{query:?}"));
        let mut more: Vec<&HistoryQuery> = Vec::new();
        let sequence = query.sequence.iter();
        let both = sequence.flat_map(|both| both.first_is.iter().chain(&both.second_is));
        for expr in query.value.iter().chain(&query.filter).chain(both) {
            walk(expr, &mut |expr| match &expr.kind {
                ExprKind::History(id) => more.extend(program.queries.get(id.0 as usize)),
                ExprKind::InList { list, .. } => lists.extend(program.lists.get(list.0 as usize)),
                _ => {}
            });
        }
        queries.extend(more);
        at += 1;
    }
    for list in lists {
        text.push_str(&format!("{:?}", list.entries));
    }
    without_places(&text)
}

fn print(windows: &[KeyNeed]) -> String {
    format!("{windows:?}")
}

/// Cuts `span: Span { … }` and the numbers of queries and lists out of a debug print: both may differ
/// between rule sets although the same is meant.
fn without_places(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let found = ["Span {", "QueryId(", "ListId("]
            .iter()
            .filter_map(|mark| rest.find(mark).map(|at| (at, mark.len())))
            .min();
        let Some((at, length)) = found else {
            out.push_str(rest);
            return out;
        };
        out.push_str(&rest[..at]);
        let inner = &rest[at + length..];
        // Spans hold a FileId in brackets of its own, but no braces.
        let end = match rest[at..].starts_with("Span {") {
            true => inner.find('}'),
            false => inner.find(')'),
        };
        match end {
            Some(end) => rest = &inner[end + 1..],
            None => return out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_do_not_count() {
        assert_eq!(
            without_places("a, span: Span { file: FileId(0), start: 3, end: 9 } b QueryId(3) c"),
            "a, span:  b  c"
        );
    }
}
