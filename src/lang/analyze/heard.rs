//! Conditions on a message's text that none of the messages a rule waits for can meet, or fail:
//! `on text "绑定" when message.text == "解绑"`, `on text "绑定" when not contains(message.text, "解")`.

use crate::lang::builtins::Registry;
use crate::lang::check::codes as c;
use crate::lang::check::literal::constant;
use crate::lang::check::report::{Report, w};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{
    CompareOp, EventName, Expr, ExprKind, Function, ListEntries, Matcher, PatternPart, Program,
    Rule, Trigger,
};
use crate::lang::value::Value;
use crate::text::normalise;

use super::example::{Given, shown};
use super::takes::sample;

/// The text a condition asks about.
const TEXT: &str = "message.text";
/// Values of a condition and of a list that are compared.
const MAX_VALUES: usize = 256;

pub(super) fn check(program: &Program, registry: &Registry, report: &mut Report) {
    for rule in &program.rules {
        let Some(when) = &rule.when else {
            continue;
        };
        let parts = match &when.kind {
            ExprKind::And(parts) => parts.as_slice(),
            _ => std::slice::from_ref(when),
        };
        for part in parts {
            let (asks, wants) = match &part.kind {
                ExprKind::Not(inner) => (&**inner, false),
                _ => (part, true),
            };
            let (none, wants) = match named(asks, registry) {
                Some((values, equal)) => {
                    let none = values.iter().all(|value| silent(rule, value, program));
                    (none, wants == equal)
                }
                None => {
                    let none = asked(asks, registry).is_some_and(|(begins, words)| {
                        let without = |trigger| lacks(trigger, begins, &words, program);
                        rule.triggers.iter().all(without)
                    });
                    (none, wants)
                }
            };
            if rule.triggers.is_empty() || !none {
                continue;
            }
            report.push(told(part, !wants, &rule.triggers[0], program));
        }
    }
}

/// The finding: the trigger settles what is asked of the text, so that the condition `holds`, or never does.
fn told(part: &Expr, holds: bool, trigger: &Trigger, program: &Program) -> Diagnostic {
    let found = if holds {
        Diagnostic::warning(
            c::ALWAYS,
            w(
                "这条规则等的消息都符合这个条件",
                "every message the rule waits for meets this condition",
            ),
            part.span,
            w("总是成立", "always holds"),
        )
    } else {
        Diagnostic::error(
            c::NEVER,
            w(
                "这样的消息这条规则听不到",
                "a message like this is none the rule waits for",
            ),
            part.span,
            w("永远不成立", "never holds"),
        )
    };
    let found = found
        .with_label(
            trigger.span,
            w("它等的是这样的消息", "it waits for such messages"),
        )
        .with_help(w(
            "等哪句话写在触发条件里就够了，去掉这个条件，或者改成同一句话",
            "the trigger says what is waited for: drop the condition, or let both say the same",
        ));
    let words = if holds {
        w(
            "规则等的是这句话，条件也成立",
            "the rule waits for it, and the condition holds",
        )
    } else {
        w(
            "规则等的是这句话，条件也不成立",
            "the rule waits for it, and the condition does not hold",
        )
    };
    let Some(text) = sample(program, &trigger.matcher) else {
        return found;
    };
    let given = Given {
        about: TEXT.to_owned(),
        value: Value::text(&text),
    };
    shown(found, part, &[given], holds, words, program)
}

/// The texts one of which a condition wants, or none of which: whether it wants one.
fn named(part: &Expr, registry: &Registry) -> Option<(Vec<String>, bool)> {
    let is_text = |expr: &Expr| match &expr.kind {
        ExprKind::Field(id) => registry.field_spec(*id).path == TEXT,
        _ => false,
    };
    let text = |expr: &Expr| match constant(expr) {
        Some(Value::Text(text)) => Some(normalised(&text)),
        _ => None,
    };
    match &part.kind {
        ExprKind::Compare(op @ (CompareOp::Equal | CompareOp::NotEqual), a, b) => {
            let value = match (is_text(a), is_text(b)) {
                (true, _) => b,
                (_, true) => a,
                _ => return None,
            };
            Some((vec![text(value)?], *op == CompareOp::Equal))
        }
        ExprKind::InValues {
            item,
            values,
            negated,
        } if is_text(item) && (1..=MAX_VALUES).contains(&values.len()) => {
            let values: Option<Vec<String>> = values.iter().map(text).collect();
            Some((values?, !negated))
        }
        _ => None,
    }
}

/// Whether a part of the message is asked for at its beginning, and the part: `contains(message.text, "锁")`.
///
/// A part that ends in letters that join with what stands beside them, or in blanks, tells nothing of the
/// normalised message.
fn asked(part: &Expr, registry: &Registry) -> Option<(bool, String)> {
    let ExprKind::Call(function @ (Function::Contains | Function::Starts), args) = &part.kind
    else {
        return None;
    };
    let [whole, words] = args.as_slice() else {
        return None;
    };
    let of_text =
        matches!(&whole.kind, ExprKind::Field(id) if registry.field_spec(*id).path == TEXT);
    let Some(Value::Text(words)) = constant(words).filter(|_| of_text) else {
        return None;
    };
    let alone = |c: Option<char>| c.is_some_and(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let apart = alone(words.chars().next()) && alone(words.chars().next_back());
    apart.then(|| (*function == Function::Starts, normalised(&words)))
}

/// Whether no message of the trigger has these words, or begins with them.
fn lacks(trigger: &Trigger, begins: bool, words: &str, program: &Program) -> bool {
    if trigger.event != EventName::Text {
        return false;
    }
    let without = |text: &str| match (normalised(text), begins) {
        (text, true) => !text.starts_with(words),
        (text, false) => !text.contains(words),
    };
    match &trigger.matcher {
        Matcher::Pattern(pattern) => match pattern.parts.as_slice() {
            [PatternPart::Literal(text)] => without(text),
            _ => false,
        },
        // What follows may be anything.
        Matcher::Starting(text) if begins => {
            without(text) && !words.starts_with(normalised(text).as_str())
        }
        Matcher::InList(id) => match &program.lists[id.0 as usize].entries {
            ListEntries::Values(entries) if in_place(program, id.0 as usize) => {
                entries.len() <= MAX_VALUES
                    && entries
                        .iter()
                        .all(|entry| matches!(entry, Value::Text(text) if without(text)))
            }
            _ => false,
        },
        _ => false,
    }
}

/// As matching compares them, blanks apart.
fn normalised(text: &str) -> String {
    let form = normalise(text);
    form.text().chars().filter(|c| !c.is_whitespace()).collect()
}

/// Whether no trigger of the rule fits the text, as far as is certain.
fn silent(rule: &Rule, value: &str, program: &Program) -> bool {
    rule.triggers
        .iter()
        .all(|trigger| deaf(trigger, value, program))
}

fn deaf(trigger: &Trigger, value: &str, program: &Program) -> bool {
    if trigger.event != EventName::Text {
        return false;
    }
    match &trigger.matcher {
        Matcher::Pattern(pattern) => match pattern.parts.as_slice() {
            [PatternPart::Literal(text)] => normalised(text) != value,
            _ => false,
        },
        Matcher::Containing(words) => !value.contains(&normalised(words)),
        Matcher::Starting(words) => !value.starts_with(&normalised(words)),
        Matcher::InList(id) => match &program.lists[id.0 as usize].entries {
            // What stands in a file comes and goes.
            ListEntries::Values(entries) if in_place(program, id.0 as usize) => {
                entries.len() <= MAX_VALUES
                    && entries.iter().all(|entry| match entry {
                        Value::Text(text) => normalised(text) != value,
                        _ => false,
                    })
            }
            _ => false,
        },
        _ => false,
    }
}

fn in_place(program: &Program, list: usize) -> bool {
    let source = program.sources.slice(program.lists[list].span);
    source.contains('[')
}
