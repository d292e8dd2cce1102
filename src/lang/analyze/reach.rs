//! Rules that never answer because an earlier one always answers first (language law 6).

use crate::lang::builtins::{Registry, Stages};
use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::diagnostics::{Diagnostic, Witness};
use crate::lang::program::{EventName, Matcher, Program, Rule, Trigger};

use super::earlier::{Alternative, Alternatives};
use super::takes::{Takes, covers, fold, sample, takes_word};

/// Comparisons of alternatives before the search stops: only a set in which thousands of rules stand
/// behind the same words gets there.
const MAX_PAIRS: usize = 4_000_000;

pub(super) fn check(program: &Program, registry: &Registry, report: &mut Report) {
    let alternatives = Alternatives::of(program);
    let all = alternatives.all();
    let mut pairs = 0;
    let mut from = 0;
    for (index, rule) in program.rules.iter().enumerate() {
        let own = from..from + rule.triggers.len();
        from = own.end;
        let mut hidden: Vec<(usize, usize, usize)> = Vec::new();
        for number in own.clone() {
            let Alternative {
                at, trigger, takes, ..
            } = &all[number];
            if !talks(registry, trigger) {
                continue;
            }
            // A rule that lets later ones run hides nothing from them, but its own alternatives.
            let by = alternatives.first_covering(number, |other| {
                pairs += 1;
                other.trigger.event == trigger.event
                    && covers(&other.takes, takes)
                    && (other.rule == index
                        || always_first(program, &program.rules[other.rule], rule))
            });
            hidden.extend(by.map(|by| (*at, by.rule, by.at)));
        }
        tell(program, rule, index, &hidden, report);
        for number in own {
            if !hidden.iter().any(|(known, _, _)| *known == all[number].at) {
                overlap(program, registry, &alternatives, number, &mut pairs, report);
            }
        }
        if pairs > MAX_PAIRS {
            return;
        }
    }
}

/// Only events of conversations are answered by the first rule that fits.
fn talks(registry: &Registry, trigger: &Trigger) -> bool {
    registry.event_spec(&trigger.event).stages() == Stages::CHAT
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
        // A rule that hides many is one mistake.
        let also = w("这条也轮不到", "nor does this one");
        if report.also(code, first.triggers[at].span, rule.head, also) {
            return;
        }
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
            ))
            .with_witness(witness(program, first, rule, &rule.triggers[hidden[0].0])),
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
            .with_label(first, w("它先回答", "this one answers"))
            .with_witness(witness(
                program,
                &program.rules[*by],
                rule,
                &rule.triggers[*at],
            )),
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

/// The message most typical of an alternative is answered by an earlier rule, though others are not.
fn overlap(
    program: &Program,
    registry: &Registry,
    alternatives: &Alternatives<'_>,
    number: usize,
    pairs: &mut usize,
    report: &mut Report,
) {
    let Alternative {
        rule: index,
        trigger,
        takes,
        ..
    } = &alternatives.all()[number];
    // Exact words never overlap by half.
    if matches!(takes, Takes::Word(_)) {
        return;
    }
    let Some(typical) = sample(program, &trigger.matcher).map(|text| fold(&text)) else {
        return;
    };
    let rule = &program.rules[*index];
    let by = alternatives.first_taking_part(number, &typical, |other| {
        *pairs += 1;
        let first = &program.rules[other.rule];
        other.rule != *index
            && other.trigger.event == trigger.event
            && talks(registry, other.trigger)
            && first.when.is_none()
            && always_first(program, first, rule)
            && takes_word(&other.takes, &typical)
    });
    let Some(by) = by else {
        return;
    };
    let first = &program.rules[by.rule];
    report.push(
        Diagnostic::warning(
            c::OVERLAP,
            w(
                "前面的规则会先接走这条规则最典型的消息",
                "an earlier rule takes the most typical message of this one",
            ),
            trigger.span,
            w("这样的消息轮不到这里", "does not get that message"),
        )
        .with_label(by.trigger.span, w("它先回答", "this one answers"))
        .with_help(w(
            "把更具体的规则放到前面，或者用 `when` 把两条规则分开",
            "put the more specific rule first, or tell the two apart with `when`",
        ))
        .with_witness(witness(program, first, rule, trigger)),
    );
}

/// An event that `first` answers and `rule` would have; none when it depends on a condition.
fn witness(program: &Program, first: &Rule, rule: &Rule, trigger: &Trigger) -> Option<Witness> {
    if first.when.is_some() || first.span == rule.span {
        return None;
    }
    let event = match &trigger.event {
        EventName::Named(_) | EventName::Any => return None,
        _ => program
            .sources
            .slice(trigger.span)
            .split_whitespace()
            .next(),
    };
    // An alternative such as `or "锁"` goes on with the event before it.
    let event = event
        .filter(|word| !word.starts_with('"'))
        .unwrap_or("text");
    let text = match &trigger.matcher {
        Matcher::Always => None,
        matcher => Some(sample(program, matcher)?),
    };
    Some(Witness {
        event: event.to_owned(),
        text,
        answered_by: first.span,
        instead_of: rule.span,
    })
}
