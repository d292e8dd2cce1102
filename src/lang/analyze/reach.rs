//! Rules that never answer because an earlier one always answers first (language law 6).

use crate::background::yield_point;
use crate::lang::builtins::{Registry, Stages};
use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::diagnostics::{Diagnostic, Witness};
use crate::lang::program::{EventName, Matcher, Program, Rule, Trigger};
use crate::text::normalise;

use super::caught;
use super::cure::{cure, move_up};
use super::earlier::{Alternative, Alternatives};
use super::implied::{exhaust, implies, values};
use super::mixed;
use super::takes::{Takes, fold, sample};
use super::together::Together;
use super::various::samples;

/// Comparisons of alternatives before the search stops: only a set in which thousands of rules stand
/// behind the same words gets there.
const MAX_PAIRS: usize = 4_000_000;
/// Pairs for which a message of both is made up and tried: each runs two matchers.
const MAX_MIXED: usize = 20_000;

pub(super) fn check(program: &Program, registry: &Registry, report: &mut Report) {
    let alternatives = Alternatives::of(program);
    let all = alternatives.all();
    let mut pairs = 0;
    let mut mixed = 0;
    let mut together = Together::new(program, registry);
    let mut from = 0;
    for (index, rule) in program.rules.iter().enumerate() {
        yield_point();
        let own = from..from + rule.triggers.len();
        from = own.end;
        let mut hidden: Vec<Hidden<'_, '_>> = Vec::new();
        for number in own.clone() {
            let trigger = all[number].trigger;
            if !talks(registry, trigger) {
                continue;
            }
            // A rule that lets later ones run hides nothing from them, but its own alternatives.
            let by = alternatives.first_covering(number, |other| {
                pairs += 1;
                same_event(other.trigger, trigger)
                    && (other.rule == index
                        || always_first(program, &program.rules[other.rule], rule))
                    && other.covers(&all[number], program)
            });
            let by = match by {
                Some(by) => Some((by, Vec::new())),
                None => between(
                    program,
                    registry,
                    &alternatives,
                    number,
                    &mut pairs,
                    &mut together,
                ),
            };
            hidden.extend(by.map(|(by, otherwise)| Hidden {
                by,
                otherwise,
                it: &all[number],
            }));
        }
        tell(program, rule, index, &hidden, report);
        for number in own {
            if !hidden.iter().any(|known| known.it.at == all[number].at) {
                overlap(
                    program,
                    registry,
                    &alternatives,
                    number,
                    &mut pairs,
                    &mut mixed,
                    report,
                );
            }
        }
        if pairs > MAX_PAIRS {
            return;
        }
    }
}

/// An alternative that never answers.
struct Hidden<'h, 'a> {
    /// What answers instead.
    by: &'h Alternative<'a>,
    /// What answers where that one's condition does not hold.
    otherwise: Vec<&'h Alternative<'a>>,
    it: &'h Alternative<'a>,
}

/// Earlier alternatives with conditions that are held against each other: whoever writes more before one
/// rule is not helped by being told of two.
const MAX_CONDITIONAL: usize = 16;

/// Earlier alternatives, one of which always answers: `when bound` and `when not bound`, the first and the
/// others.
fn between<'h, 'a>(
    program: &Program,
    registry: &Registry,
    alternatives: &'h Alternatives<'a>,
    number: usize,
    pairs: &mut usize,
    together: &mut Together<'_>,
) -> Option<(&'h Alternative<'a>, Vec<&'h Alternative<'a>>)> {
    let all = alternatives.all();
    let it = &all[number];
    let rule = &program.rules[it.rule];
    let mut conditional: Vec<(usize, usize)> = Vec::new();
    alternatives.first_covering(number, |other| {
        *pairs += 1;
        let first = &program.rules[other.rule];
        if conditional.len() < MAX_CONDITIONAL
            && first.when.is_some()
            && other.rule != it.rule
            && same_event(other.trigger, it.trigger)
            && !first.continues
            && (first.even_in_dialog || !rule.even_in_dialog)
            && other.covers(it, program)
        {
            conditional.push((other.rule, other.at));
        }
        false
    });
    conditional.sort_unstable();
    let when = |place: &(usize, usize)| program.rules[place.0].when.as_ref();
    let at = |place: &(usize, usize)| {
        let mut alternatives = all.iter();
        alternatives.find(|known| (known.rule, known.at) == *place)
    };
    let two = conditional.iter().enumerate().find_map(|(index, second)| {
        let first = conditional[..index].iter().find(|first| {
            when(first)
                .zip(when(second))
                .is_some_and(|(a, b)| exhaust(a, b, program, registry))
        })?;
        Some((at(first)?, vec![at(second)?]))
    });
    two.or_else(|| {
        let conditions: Vec<_> = conditional.iter().filter_map(when).collect();
        let needed = together.exhaust(&conditions, rule.when.as_ref())?;
        let mut needed = needed.into_iter().map(|which| at(&conditional[which]));
        Some((needed.next()??, needed.collect::<Option<_>>()?))
    })
}

/// Whether both look at the same events; the platform's own names are compared ignoring case.
fn same_event(a: &Trigger, b: &Trigger) -> bool {
    match (&a.event, &b.event) {
        (EventName::Named(a), EventName::Named(b)) => {
            a.trim().to_lowercase() == b.trim().to_lowercase()
        }
        (a, b) => a == b,
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
    hidden: &[Hidden<'_, '_>],
    report: &mut Report,
) {
    let Some(Hidden { by, it, otherwise }) = hidden.first() else {
        return;
    };
    let outside = hidden.iter().filter(|one| one.by.rule != index).count();
    let any = rule
        .triggers
        .iter()
        .all(|trigger| trigger.event == EventName::Any);
    if outside == rule.triggers.len() {
        let first = &program.rules[by.rule];
        let (code, zh, en) = if any && otherwise.is_empty() {
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
        if report.also(code, by.trigger.span, rule.head, also) {
            return;
        }
        let found = Diagnostic::error(
            code,
            w(zh, en),
            rule.head,
            w(
                "前面的规则总是先回答",
                "an earlier rule always answers first",
            ),
        );
        let narrower = otherwise
            .iter()
            .chain([by])
            .all(|other| !other.covers_alike(it));
        let cure = match otherwise.as_slice() {
            [] => cure(program, first, rule, by, it, any),
            _ if narrower => move_up(program, rule, first),
            _ if rule.when.is_some() => w(
                "前面几条的条件合起来包括了这条的条件：删掉这条，或者把它移到前面",
                "the conditions before cover this one's between them: remove this rule, or move it before them",
            ),
            [_] => w(
                "前面两条的条件合起来总是成立：删掉这条，或者给其中一条再加条件",
                "one of the two conditions before always holds: remove this rule, or narrow one of them",
            ),
            _ => w(
                "前面几条的条件合起来总是成立：删掉这条，或者给其中一条再加条件",
                "one of the conditions before always holds: remove this rule, or narrow one of them",
            ),
        };
        report.push(
            answered(found, by, otherwise)
                .with_help(cure)
                .with_witness(witness(program, by, it)),
        );
        return;
    }
    for Hidden { by, it, otherwise } in hidden {
        let found = Diagnostic::warning(
            c::HIDDEN_ALTERNATIVE,
            w("这种写法永远轮不到", "this alternative never answers"),
            it.trigger.span,
            w("轮不到", "never reached"),
        );
        let found = match by.rule == index || by.covers_alike(it) {
            true => found.with_help(w("多余，可以删掉", "not needed, it can be removed")),
            false => found.with_help(move_up(program, rule, &program.rules[by.rule])),
        };
        report.push(answered(found, by, otherwise).with_witness(witness(program, by, it)));
    }
}

/// Labels what answers instead.
fn answered(found: Diagnostic, by: &Alternative<'_>, otherwise: &[&Alternative<'_>]) -> Diagnostic {
    let found = found.with_label(by.trigger.span, w("它先回答", "this one answers"));
    otherwise.iter().fold(found, |found, other| {
        found.with_label(
            other.trigger.span,
            w("否则由它回答", "and otherwise this one"),
        )
    })
}

/// Whether `first` answers whenever `rule` could, given that its trigger fits.
fn always_first(program: &Program, first: &Rule, rule: &Rule) -> bool {
    if first.continues || (rule.even_in_dialog && !first.even_in_dialog) {
        return false;
    }
    match (&first.when, &rule.when) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(a), Some(b)) => implies(b, a, program),
    }
}

/// The message most typical of an alternative is answered by an earlier rule, though others are not.
fn overlap(
    program: &Program,
    registry: &Registry,
    alternatives: &Alternatives<'_>,
    number: usize,
    pairs: &mut usize,
    mixed: &mut usize,
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
    let before = |other: &Alternative<'_>| {
        let first = &program.rules[other.rule];
        other.rule != *index
            && same_event(other.trigger, trigger)
            && talks(registry, other.trigger)
            && first.when.is_none()
            && always_first(program, first, rule)
    };
    let it = &alternatives.all()[number];
    // Whatever the rule takes, by this alternative or another.
    let own = &alternatives.all()[number - it.at..][..rule.triggers.len()];
    let by = alternatives.first_taking_part(number, &typical, |other| {
        *pairs += 1;
        before(other)
            && other.takes_text(&typical, program)
            // The special before the general is how it should be.
            && !narrower(program, other, own, mixed)
    });
    let Some(by) = by else {
        let mut both = None;
        let by = alternatives.first_open(number, |other| {
            *pairs += 1;
            *mixed += 1;
            if *mixed > MAX_MIXED || !before(other) {
                return false;
            }
            let text = mixed::message(program, other, it);
            let found = text.is_some() && !narrower(program, other, own, mixed);
            both = text.filter(|_| found).or(both.take());
            found
        });
        if let Some((by, text)) = by.zip(both) {
            share(program, by, it, text, report);
        }
        return;
    };
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
        .with_witness(witness(program, by, &alternatives.all()[number])),
    );
}

/// Whether all that `first` takes is taken by the alternatives of `second` too, as far as can be tried.
fn narrower(
    program: &Program,
    first: &Alternative<'_>,
    second: &[Alternative<'_>],
    tried: &mut usize,
) -> bool {
    let second = second
        .iter()
        .filter(|own| same_event(own.trigger, first.trigger));
    if second.clone().any(|own| own.covers(first, program)) {
        return true;
    }
    let samples = samples(program, &first.trigger.matcher);
    *tried += samples.len();
    let mut texts = samples.iter().map(|text| normalise(text));
    // Nothing that could be tried is no sign that it is narrower.
    *tried <= MAX_MIXED
        && !samples.is_empty()
        && texts.all(|text| {
            !first.fits(&text, program) || second.clone().any(|own| own.fits(&text, program))
        })
}

/// Some messages of an alternative are answered by an earlier rule.
fn share(
    program: &Program,
    by: &Alternative<'_>,
    it: &Alternative<'_>,
    text: String,
    report: &mut Report,
) {
    let (first, rule) = (&program.rules[by.rule], &program.rules[it.rule]);
    let both = [(by, first.when.as_ref()), (it, rule.when.as_ref())];
    let Some(given) = caught::given(program, &text, both) else {
        return;
    };
    let words = program.sources.slice(it.trigger.span);
    let mut words = words.split_whitespace().take(1);
    let event = words.find(|word| !word.starts_with('"')).unwrap_or("text");
    let witness = Witness {
        event: event.to_owned(),
        text: Some(text),
        given,
        answered_by: first.span,
        instead_of: rule.span,
    };
    report.push(
        Diagnostic::warning(
            c::OVERLAP,
            w(
                "前面的规则会接走这条规则的一些消息",
                "an earlier rule takes some messages of this one",
            ),
            it.trigger.span,
            w("两条都合适的，轮不到这里", "what fits both does not get here"),
        )
        .with_label(by.trigger.span, w("它先回答", "this one answers"))
        .with_help(w(
            "想让这条先答就把它移到前面；先后没有关系，就写 `# allow overlap: 原因`",
            "move this one first if it is to answer; where the order does not matter, write `# allow overlap: why`",
        ))
        .with_witness(Some(witness)),
    );
}

/// An event that the earlier alternative answers and the later one would have. The very matchers and
/// the evaluator confirm it; `None` when none was found that they do.
fn witness(program: &Program, by: &Alternative<'_>, it: &Alternative<'_>) -> Option<Witness> {
    let (first, rule) = (&program.rules[by.rule], &program.rules[it.rule]);
    let conditions: Vec<_> = first.when.iter().chain(&rule.when).collect();
    let witness = |event, text, given| {
        Some(Witness {
            event,
            text,
            given,
            answered_by: first.span,
            instead_of: rule.span,
        })
    };
    let trigger = it.trigger;
    let (event, text) = match (&trigger.event, &trigger.matcher) {
        (EventName::Any, _) => (unheard(program)?.to_owned(), None),
        (EventName::Named(name), _) => (format!("event \"{name}\""), None),
        (_, matcher) => {
            let words = program.sources.slice(trigger.span).split_whitespace();
            // An alternative such as `or "锁"` goes on with the event before it.
            let event = words.take(1).find(|word| !word.starts_with('"'));
            let event = event.unwrap_or("text").to_owned();
            if conditions.iter().any(|one| caught::asks(one, program)) {
                let both = [(by, first.when.as_ref()), (it, rule.when.as_ref())];
                let (text, given) = caught::message(program, matcher, both)?;
                return witness(event, Some(text), given);
            }
            let text = match (matcher, &by.trigger.matcher) {
                (Matcher::Always, Matcher::Always) => None,
                _ => {
                    let text = sample(program, matcher)?;
                    let read = normalise(&text);
                    (by.fits(&read, program) && it.fits(&read, program)).then_some(())?;
                    Some(text)
                }
            };
            (event, text)
        }
    };
    witness(event, text, values(&conditions, program)?)
}

/// A kind of message that no rule looks at, so that `any` hears it.
fn unheard(program: &Program) -> Option<&'static str> {
    let kinds = [
        ("link", EventName::Link),
        ("image", EventName::Image),
        ("voice", EventName::Voice),
        ("video", EventName::Video),
        ("shortvideo", EventName::ShortVideo),
        ("location", EventName::Location),
        ("file", EventName::File),
        ("text", EventName::Text),
    ];
    let mut triggers = program.rules.iter().flat_map(|rule| &rule.triggers);
    let heard: Vec<&EventName> = triggers.by_ref().map(|trigger| &trigger.event).collect();
    let unheard = kinds.into_iter().find(|(_, kind)| !heard.contains(&kind));
    unheard.map(|(name, _)| name)
}
