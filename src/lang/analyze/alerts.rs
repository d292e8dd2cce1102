//! Alerts: somebody must hear that one cannot be delivered, and who reads one must know the answer.

use std::collections::BTreeSet;

use crate::lang::builtins::{ALERT_OPEN, Registry, Stages};
use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, quoted, w};
use crate::lang::check::{literals, walk};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{
    ActionKind, AlertAction, EventName, ExprKind, ListEntries, Matcher, PatternPart, Program, Rule,
    Template,
};
use crate::lang::span::Span;
use crate::lang::value::Value;

use super::limits::{alerting, on_occasion};
use super::occasion::occasion;

/// Words of rules that answer alerts.
const ANSWERING: [&str; 4] = ["lock", "trust", "close", "alert.open"];

/// `flawed`: rules with mistakes. What they answer to is not known.
pub(super) fn check(program: &Program, registry: &Registry, flawed: &[Span], report: &mut Report) {
    let mut alerts: Vec<(&AlertAction, Span)> = Vec::new();
    for rule in &program.rules {
        walk::actions(&rule.body, &mut |action| {
            if let ActionKind::Alert(alert) = &action.kind {
                alerts.push((alert, action.span));
            }
        });
    }
    let Some((_, first)) = alerts.first().copied() else {
        return;
    };
    let heard = program
        .rules
        .iter()
        .flat_map(|rule| &rule.triggers)
        .any(|trigger| trigger.event == EventName::Undeliverable);
    let sources = || flawed.iter().map(|rule| program.sources.slice(*rule));
    let head = |rule: &str| {
        rule.split('{')
            .next()
            .is_some_and(|head| head.contains("alert"))
    };
    if !heard && !sources().any(head) {
        let found = Diagnostic::error(
            c::NO_UNDELIVERABLE,
            w(
                "提醒送不到时没有人知道",
                "nobody hears of alerts that cannot be delivered",
            ),
            first,
            w("这里会提醒", "alerts here"),
        )
        .with_help(w(
            "写一条 `on undeliverable alert { … }`",
            "add `on undeliverable alert { … }`",
        ));
        let rule = alerting(program);
        report.push(on_occasion(
            found,
            rule.and_then(|rule| occasion(program, rule)),
            "会提醒，送不到时没有规则回答",
            "it alerts, and no rule hears that it did not arrive",
        ));
    }
    let raises = |rule: &Span| alerts.iter().any(|(_, alert)| rule.contains(*alert));
    let mut others = flawed.iter().filter(|rule| !raises(rule));
    let answering = |rule: &str| ANSWERING.iter().any(|word| rule.contains(word));
    if others.any(|rule| answering(program.sources.slice(*rule))) {
        return;
    }
    let words = reply_words(program, registry);
    for (alert, _) in alerts {
        if !answers(std::iter::once(&alert.message), &words) {
            tell(program, alert.message.span, &words, report);
        }
        if let Some(template) = &alert.template
            && template.url.is_none()
            && !answers(template.fields.iter().map(|(_, value)| value), &words)
        {
            let span = template
                .fields
                .first()
                .map_or(alert.message.span, |(_, value)| value.span);
            let last = template.fields.last().map_or(span, |(_, value)| value.span);
            tell(program, span.to(last), &words, report);
        }
    }
}

fn tell(program: &Program, span: Span, words: &BTreeSet<String>, report: &mut Report) {
    let shown: Vec<&str> = words.iter().take(5).map(String::as_str).collect();
    if shown.is_empty() && report.has(c::NO_REPLY_WORDS) {
        // One rule that is missing is one mistake, however many alerts there are.
        let mut told = false;
        report.amend(c::NO_REPLY_WORDS, |mut found| {
            if !std::mem::replace(&mut told, true) {
                found.add_place(span);
            }
            found
        });
        return;
    }
    let mut error = Diagnostic::error(
        c::NO_REPLY_WORDS,
        w(
            "提醒里没有说怎么回答",
            "the alert does not say how to answer",
        ),
        span,
        w(
            "没有回复词，也没有链接",
            "no word to reply with and no link",
        ),
    );
    error = if shown.is_empty() {
        error.with_help(w("先写一条锁定账号的规则，例如 `on text \"锁定\" when bound even in dialog`", "write a rule that locks the account, e.g. `on text \"锁定\" when bound even in dialog`"))
    } else {
        error.with_help(w(
            format!(
                "写上其中一个：{}；模板也可以写 `url:`",
                quoted(&shown, "、")
            ),
            format!(
                "mention one of: {}; a template may have a `url:` instead",
                quoted(&shown, ", ")
            ),
        ))
    };
    let rule = program
        .rules
        .iter()
        .find(|rule| rule.body.span.contains(span));
    report.push(on_occasion(
        error,
        rule.and_then(|rule| occasion(program, rule)),
        "收到的就是这段文字",
        "this is the text that arrives",
    ));
}

fn answers<'a>(templates: impl Iterator<Item = &'a Template>, words: &BTreeSet<String>) -> bool {
    let text: String = templates.flat_map(literals).collect();
    text.contains("http://")
        || text.contains("https://")
        || words.iter().any(|word| text.contains(word.as_str()))
}

/// The literal texts of rules that lock, trust, close or look at an open alert.
fn reply_words(program: &Program, registry: &Registry) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for rule in program
        .rules
        .iter()
        .filter(|rule| reacts(program, registry, rule))
    {
        for trigger in &rule.triggers {
            match &trigger.matcher {
                Matcher::Pattern(pattern) => {
                    if let [PatternPart::Literal(text), ..] = pattern.parts.as_slice() {
                        words.insert(text.trim().to_owned());
                    }
                }
                Matcher::Containing(text) | Matcher::Starting(text) => {
                    words.insert(text.trim().to_owned());
                }
                Matcher::InList(id) => {
                    if let Some(ListEntries::Values(values)) =
                        program.lists.get(id.0 as usize).map(|list| &list.entries)
                    {
                        words.extend(values.iter().filter_map(|value| match value {
                            Value::Text(text) => Some(text.trim().to_owned()),
                            _ => None,
                        }));
                    }
                }
                Matcher::Always | Matcher::Matching(_) | Matcher::With(_) => {}
            }
        }
    }
    words.remove("");
    words
}

fn reacts(program: &Program, registry: &Registry, rule: &Rule) -> bool {
    let chat = rule
        .triggers
        .iter()
        .any(|trigger| registry.event_spec(&trigger.event).stages() == Stages::CHAT);
    let acts = walk::has(&rule.body, |kind| {
        matches!(
            kind,
            ActionKind::LockAccount | ActionKind::TrustAlert { .. } | ActionKind::CloseAlert { .. }
        )
    });
    let mut tests = false;
    if let Some(when) = &rule.when {
        walk::nodes(when, &program.queries, &mut |node| {
            if let ExprKind::Field(id) = node.kind {
                tests |= registry.field_spec(id).path == ALERT_OPEN;
            }
        });
    }
    chat && (acts || tests)
}
