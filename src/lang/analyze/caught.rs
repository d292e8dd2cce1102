//! Messages whose captures have the values that conditions want: where `n > 10` decides, "1" shows nothing.
//!
//! A message is made of constants that the conditions compare with, and of sizes about them; the matchers of
//! the bot then read it, and the conditions are asked about what they caught.

use crate::lang::check::walk;
use crate::lang::eval::{NoFacts, NoObserver, eval};
use crate::lang::program::{
    Expr, ExprKind, Extractor, Matcher, Name, Pattern, PatternPart, Program,
};
use crate::lang::value::Value;
use crate::text::{Captures, normalise};

use super::earlier::Alternative;
use super::example::mapped;
use super::implied::values;
use super::various;

/// Messages that are tried for one finding: each runs two matchers.
const MAX_TEXTS: usize = 256;
/// Values of one capture that are tried.
const MAX_VALUES: usize = 24;
/// Characters of a text made up for its length.
const MAX_LENGTH: f64 = 200.0;

/// An alternative and the condition of its rule.
pub(super) type Asked<'a> = (&'a Alternative<'a>, Option<&'a Expr>);

/// Whether a condition asks about what a trigger catches.
pub(super) fn asks(condition: &Expr, program: &Program) -> bool {
    let mut found = false;
    walk::nodes(condition, &program.queries, &mut |node| {
        found |= matches!(node.kind, ExprKind::Name(Name::Capture(_)));
    });
    found
}

/// A message of `made_for` that fits both with both conditions, and what must hold besides.
pub(super) fn message(
    program: &Program,
    made_for: &Matcher,
    both: [Asked<'_>; 2],
) -> Option<(String, Vec<(String, String)>)> {
    let constants = both.iter().filter_map(|(_, condition)| *condition);
    let constants: Vec<Value> = constants
        .flat_map(|one| constants_of(one, program))
        .collect();
    let texts = texts(program, made_for, &constants);
    texts.into_iter().take(MAX_TEXTS).find_map(|text| {
        let given = given(program, &text, both)?;
        Some((text, given))
    })
}

/// What must hold for the conditions to, once this message is caught; `None` when they cannot, or it is not.
pub(super) fn given(
    program: &Program,
    text: &str,
    both: [Asked<'_>; 2],
) -> Option<Vec<(String, String)>> {
    let read = normalise(text);
    let mut filled = Vec::new();
    for (alternative, condition) in both {
        let caught = alternative.caught(&read, program)?;
        filled.extend(condition.map(|condition| fill(condition, &caught, program)));
    }
    values(&filled.iter().collect::<Vec<_>>(), program)
}

/// The condition with what was caught in the place of its name.
fn fill(condition: &Expr, caught: &Captures, program: &Program) -> Expr {
    if let ExprKind::Name(Name::Capture(name)) = &condition.kind {
        let kind = caught.get(name).cloned().map(ExprKind::Const);
        return Expr {
            kind: kind.unwrap_or_else(|| condition.kind.clone()),
            ..condition.clone()
        };
    }
    let filled = mapped(condition, &|inner| fill(inner, caught, program));
    let mut settled = asks(condition, program);
    walk::nodes(&filled, &program.queries, &mut |node| {
        settled &= !matches!(
            node.kind,
            ExprKind::Field(_)
                | ExprKind::RowField(_)
                | ExprKind::Name(_)
                | ExprKind::History(_)
                | ExprKind::Trusted(_)
        );
    });
    if !settled {
        return filled;
    }
    match eval(&filled, program, &mut NoFacts, &mut NoObserver) {
        value @ Value::YesNo(_) => Expr {
            kind: ExprKind::Const(value),
            ..filled
        },
        _ => filled,
    }
}

fn constants_of(condition: &Expr, program: &Program) -> Vec<Value> {
    let mut found = Vec::new();
    walk::nodes(condition, &program.queries, &mut |node| match &node.kind {
        ExprKind::Const(value) => found.push(value.clone()),
        ExprKind::InList { list, .. } => {
            let entries = super::takes::all_of_list(program, *list).take(MAX_VALUES);
            found.extend(entries.map(Value::text));
        }
        _ => {}
    });
    found
}

fn texts(program: &Program, matcher: &Matcher, constants: &[Value]) -> Vec<String> {
    match matcher {
        Matcher::Pattern(pattern) => of_pattern(program, pattern, constants),
        Matcher::With(captures) => {
            let mut texts = vec![String::new()];
            for capture in captures {
                let values = of(program, &capture.extractor, constants);
                texts = various::combined(&texts, " ", &values, MAX_TEXTS);
            }
            texts
        }
        other => various::samples(program, other),
    }
}

fn of_pattern(program: &Program, pattern: &Pattern, constants: &[Value]) -> Vec<String> {
    let mut texts = vec![String::new()];
    for part in &pattern.parts {
        let values = match part {
            PatternPart::Literal(text) => vec![text.clone()],
            PatternPart::Capture(capture) => of(program, &capture.extractor, constants),
        };
        texts = various::combined(&texts, "", &values, MAX_TEXTS);
    }
    texts
}

/// A text of so many characters that the extractor may catch.
fn as_long(extractor: &Extractor, length: usize) -> Option<String> {
    let (before, letter, after) = match extractor {
        Extractor::Word | Extractor::Rest => ("", "好", ""),
        Extractor::Url => ("https://example.com/", "a", ""),
        Extractor::Email => ("", "a", "@example.com"),
        _ => return None,
    };
    let filled = length.checked_sub(before.len() + after.len())?;
    Some(format!("{before}{}{after}", letter.repeat(filled)))
}

/// Texts that an extractor may catch: those a condition names, those about as long or as large, and others.
fn of(program: &Program, extractor: &Extractor, constants: &[Value]) -> Vec<String> {
    let mut texts: Vec<String> = various::of(program, extractor);
    for constant in constants {
        match (constant, extractor) {
            (Value::Number(size), Extractor::Number) => {
                // The last is tried first.
                let near = [size - 0.5, size + 0.5, size - 1.0, *size, size + 1.0];
                texts.extend(near.iter().map(ToString::to_string));
            }
            (Value::Number(size), open) if (0.0..MAX_LENGTH).contains(size) => {
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "below 200"
                )]
                let length = *size as usize;
                let near = [length.saturating_sub(1), length, length + 1];
                texts.extend(near.iter().filter_map(|length| as_long(open, *length)));
            }
            (value, _) => texts.extend(value.characters().map(ToString::to_string)),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    texts.retain(|text| !text.is_empty() && seen.insert(text.clone()));
    // Those a condition names are the likelier the later they were added.
    let typical = texts.len().min(2);
    texts[typical..].reverse();
    texts.truncate(MAX_VALUES);
    texts
}
