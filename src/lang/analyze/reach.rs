//! Rules that never answer because an earlier one always answers first (language law 6).

use unicode_normalization::UnicodeNormalization;

use crate::lang::builtins::{Registry, Stages};
use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{EventName, ListEntries, Matcher, PatternPart, Program, Rule, Trigger};
use crate::lang::value::Value;

/// Comparisons of alternatives before the search stops: far beyond hand-written sets.
const MAX_PAIRS: usize = 2_000_000;

/// What a trigger certainly takes.
enum Takes<'a> {
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
    /// Not decided here; equal only to the same matcher.
    Other(&'a Matcher),
}

struct Alternative<'a> {
    rule: usize,
    at: usize,
    trigger: &'a Trigger,
    takes: Takes<'a>,
}

pub(super) fn check(program: &Program, registry: &Registry, report: &mut Report) {
    let mut earlier: Vec<Alternative<'_>> = Vec::new();
    let mut pairs = 0;
    for (index, rule) in program.rules.iter().enumerate() {
        let mut hidden: Vec<(usize, usize, usize)> = Vec::new();
        for (at, trigger) in rule.triggers.iter().enumerate() {
            if registry.event_spec(&trigger.event).stages() != Stages::CHAT {
                continue;
            }
            let takes = takes(program, &trigger.matcher);
            pairs += earlier.len();
            if pairs > MAX_PAIRS {
                return;
            }
            let by = earlier.iter().find(|other| {
                let first = &program.rules[other.rule];
                other.trigger.event == trigger.event
                    && covers(&other.takes, &takes)
                    && (other.rule == index || always_first(program, first, rule))
            });
            if let Some(by) = by {
                hidden.push((at, by.rule, by.at));
            }
            earlier.push(Alternative {
                rule: index,
                at,
                trigger,
                takes,
            });
        }
        tell(program, rule, index, &hidden, report);
        // A rule that lets later ones run hides nothing from them; its own alternatives are done.
        if rule.continues {
            earlier.retain(|alternative| alternative.rule != index);
        }
    }
}

fn tell(
    program: &Program,
    rule: &Rule,
    index: usize,
    hidden: &[(usize, usize, usize)],
    report: &mut Report,
) {
    let Some((_, by, at)) = hidden.first().copied() else {
        return;
    };
    let outside = hidden.iter().filter(|(_, by, _)| *by != index).count();
    let any = rule
        .triggers
        .iter()
        .all(|trigger| trigger.event == EventName::Any);
    if outside == rule.triggers.len() {
        let first = &program.rules[by];
        let (code, zh, en) = if any {
            (
                c::TWO_ANY,
                "已经有一条 `on any` 了",
                "there already is an `on any`",
            )
        } else {
            (
                c::UNREACHABLE,
                "这条规则永远轮不到",
                "this rule never answers",
            )
        };
        report.push(
            Diagnostic::error(
                code,
                w(zh, en),
                rule.head,
                w(
                    "前面的规则总是先回答",
                    "an earlier rule always answers first",
                ),
            )
            .with_label(first.triggers[at].span, w("它先回答", "this one answers"))
            .with_help(w(
                "把更具体的规则放到前面，或者给前面的规则加条件",
                "put the more specific rule first, or give the earlier one a condition",
            )),
        );
        return;
    }
    for (at, by, by_at) in hidden {
        let place = rule.triggers[*at].span;
        let first = program.rules[*by].triggers[*by_at].span;
        report.push(
            Diagnostic::warning(
                c::HIDDEN_ALTERNATIVE,
                w("这种写法永远轮不到", "this alternative never answers"),
                place,
                w("多余", "never reached"),
            )
            .with_label(first, w("它先回答", "this one answers")),
        );
    }
}

/// Whether `first` answers whenever `rule` could, given that its trigger fits.
fn always_first(program: &Program, first: &Rule, rule: &Rule) -> bool {
    if first.continues || (rule.even_in_dialog && !first.even_in_dialog) {
        return false;
    }
    match (&first.when, &rule.when) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(a), Some(b)) => program.sources.slice(a.span) == program.sources.slice(b.span),
    }
}

fn takes<'a>(program: &Program, matcher: &'a Matcher) -> Takes<'a> {
    match matcher {
        Matcher::Always => Takes::All,
        Matcher::Pattern(pattern) => {
            let mut word = String::new();
            for part in &pattern.parts {
                match part {
                    PatternPart::Literal(text) => word.push_str(text),
                    PatternPart::Capture(_) => return Takes::Other(matcher),
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
            _ => Takes::Other(matcher),
        },
        Matcher::Matching(_) | Matcher::With(_) => Takes::Other(matcher),
    }
}

fn covers(first: &Takes<'_>, second: &Takes<'_>) -> bool {
    let one = |word: &str| match first {
        Takes::All => true,
        Takes::Word(known) => known == word,
        Takes::Words(known) => known.iter().any(|known| known == word),
        Takes::Containing(part) => word.contains(part.as_str()),
        Takes::Starting(part) => word.starts_with(part.as_str()),
        Takes::Other(_) => false,
    };
    match second {
        _ if matches!(first, Takes::All) => true,
        Takes::All => false,
        Takes::Word(word) => one(word),
        Takes::Words(words) => !words.is_empty() && words.iter().all(|word| one(word)),
        Takes::Containing(part) => {
            matches!(first, Takes::Containing(known) if part.contains(known.as_str()))
        }
        Takes::Starting(part) => match first {
            Takes::Starting(known) => part.starts_with(known.as_str()),
            Takes::Containing(known) => part.contains(known.as_str()),
            _ => false,
        },
        Takes::Other(matcher) => matches!(first, Takes::Other(known) if same(known, matcher)),
    }
}

fn same(a: &Matcher, b: &Matcher) -> bool {
    match (a, b) {
        (Matcher::Pattern(a), Matcher::Pattern(b)) => a == b,
        (Matcher::Matching(a), Matcher::Matching(b)) => a == b,
        (Matcher::With(a), Matcher::With(b)) => a == b,
        _ => false,
    }
}

/// The form in which texts are compared: NFKC, lower case, no blanks at the ends, single inside.
fn fold(text: &str) -> String {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}
