//! An `allow` beside rules that challenge or deny: who writes it may mean an exemption, and it is none
//! (law 6: deny before challenge before allow). And an `even in dialog` where there is no dialog.

use super::exclusion::exclude;
use crate::lang::builtins::{ALERT_OPEN, Registry};
use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::check::walk;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{ActionKind, ExprKind, Program, Rule};

/// Reports every `allow` in a rule of an event for which another rule challenges or denies.
pub(super) fn check(program: &Program, report: &mut Report) {
    for rule in &program.rules {
        let mut allow = None;
        walk::actions(&rule.body, &mut |action| {
            if matches!(action.kind, ActionKind::Allow) {
                allow.get_or_insert(action.span);
            }
        });
        let Some(allow) = allow else {
            continue;
        };
        let stricter = program
            .rules
            .iter()
            .filter(|other| other.id != rule.id && meets(rule, other, program))
            .find_map(stops);
        let Some((span, word)) = stricter else {
            continue;
        };
        report.push(
            Diagnostic::warning(
                c::IDLE_ALLOW,
                w(
                    format!("`allow` 免不掉别的规则的 `{word}`"),
                    format!("`allow` does not lift the `{word}` of another rule"),
                ),
                allow,
                w("什么也不改变", "changes nothing"),
            )
            .with_label(
                span,
                w("两条都成立时照做这一条", "this is done when both hold"),
            )
            .with_help(w(
                "要免掉谁，写在那条规则的条件里，例如 `and (login.ip is unknown or not (login.ip in office))`",
                "to exempt somebody, say so in that rule's condition, e.g. `and (login.ip is unknown or not (login.ip in office))`",
            )),
        );
    }
}

/// Reports `even in dialog` in a set without dialogs, where no law asks for it.
pub(super) fn even(program: &Program, registry: &Registry, report: &mut Report) {
    if !program.dialogs.is_empty() {
        return;
    }
    for rule in program.rules.iter().filter(|rule| rule.even_in_dialog) {
        let locks = walk::has(&rule.body, |kind| matches!(kind, ActionKind::LockAccount));
        let mut tests = false;
        if let Some(when) = &rule.when {
            walk::nodes(when, &program.queries, &mut |node| {
                if let ExprKind::Field(id) = node.kind {
                    tests |= registry.field_spec(id).path == ALERT_OPEN;
                }
            });
        }
        if locks || tests {
            continue;
        }
        report.push(
            Diagnostic::warning(
                c::IDLE_EVEN,
                w(
                    "没有对话，`even in dialog` 没有作用",
                    "there is no dialog, so `even in dialog` means nothing",
                ),
                rule.head,
                w("什么也不改变", "changes nothing"),
            )
            .with_help(w(
                "去掉 `even in dialog`，或者写上 `dialog`",
                "drop `even in dialog`, or write the `dialog`",
            )),
        );
    }
}

/// Whether one event can meet both, as far as their events and plain conditions tell.
fn meets(rule: &Rule, other: &Rule, program: &Program) -> bool {
    if let (Some(a), Some(b)) = (&rule.when, &other.when)
        && exclude(a, b, program)
    {
        return false;
    }
    let events = || other.triggers.iter().map(|trigger| &trigger.event);
    let mut own = rule.triggers.iter();
    own.any(|trigger| events().any(|event| *event == trigger.event))
}

/// Where and how a rule keeps a login from going on.
fn stops(rule: &Rule) -> Option<(crate::lang::span::Span, &'static str)> {
    let mut found = None;
    walk::actions(&rule.body, &mut |action| match action.kind {
        ActionKind::Challenge => {
            found.get_or_insert((action.span, "challenge"));
        }
        ActionKind::Deny(_) => {
            found.get_or_insert((action.span, "deny"));
        }
        _ => {}
    });
    found
}
