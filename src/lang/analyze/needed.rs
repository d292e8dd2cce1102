//! What `bind`, `unbind` and `unlock account` at the end of a dialog take from it, where one way into the dialog hands
//! it over and another neither does nor is asked for it: the action then fails for everybody who comes that way.

use std::collections::BTreeSet;

use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::check::walk;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{ActionKind, Dialog, Expr, ExprKind, Name, Program};
use crate::lang::span::Span;

use super::unset::{ends, ways};

pub(super) fn check(program: &Program, report: &mut Report) {
    for (index, dialog) in program.dialogs.iter().enumerate() {
        let mut wanted: Vec<(Span, &str, Vec<&Expr>)> = Vec::new();
        for block in ends(dialog) {
            walk::actions(block, &mut |action| match &action.kind {
                ActionKind::Bind {
                    phone,
                    code,
                    ticket,
                } => {
                    wanted.push((action.span, "bind", vec![phone]));
                    wanted.push((action.span, "bind", code.iter().chain(ticket).collect()));
                }
                ActionKind::Unbind { code } => wanted.push((action.span, "unbind", vec![code])),
                ActionKind::UnlockAccount { code } => {
                    wanted.push((action.span, "unlock account", vec![code]));
                }
                _ => {}
            });
        }
        // What a question with a mistake would have asked for is not known.
        if wanted.is_empty() || report.flawed(dialog.span) {
            continue;
        }
        let ways = ways(program, index);
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for (action, word, choice) in wanted {
            // Any one of them will do.
            let names: Vec<&str> = choice.into_iter().filter_map(slot).collect();
            let asked = names.iter().any(|name| asks(dialog, name));
            let (Some(name), false) = (names.first(), asked) else {
                continue;
            };
            let without = ways
                .iter()
                .find(|(_, given)| !names.iter().any(|name| given.contains(name)));
            if let Some((start, _)) = without
                && told.insert(name)
            {
                report.push(missing(program, dialog, name, (action, word), *start));
            }
        }
    }
}

fn slot(value: &Expr) -> Option<&str> {
    match &value.kind {
        ExprKind::Name(Name::Slot(name)) => Some(name),
        _ => None,
    }
}

fn asks(dialog: &Dialog, name: &str) -> bool {
    dialog.slots.iter().any(|slot| slot.name == name)
}

fn missing(
    program: &Program,
    dialog: &Dialog,
    name: &str,
    (action, word): (Span, &str),
    start: Span,
) -> Diagnostic {
    let (question, zh, en) = match name {
        "phone" => ("ask phone: mobile \"…\"", "手机号", "the phone"),
        _ => ("ask code: digits(6) \"…\"", "验证码", "the code"),
    };
    let keyword = Span {
        end: action.start + word.len() as u32,
        ..action
    };
    let head = program.sources.slice(dialog.span);
    let head = head.find('\n').unwrap_or(head.len());
    let behind = Span {
        start: dialog.span.start + head as u32,
        end: dialog.span.start + head as u32,
        ..dialog.span
    };
    Diagnostic::error(
        c::NAME_NEEDED,
        w(
            format!("`{word}` 要有{zh} `{name}`，这个对话不问"),
            format!("`{word}` needs {en} `{name}`, which this dialog does not ask for"),
        ),
        keyword,
        w(
            format!("`{name}` 没有值时做不成"),
            format!("fails without `{name}`"),
        ),
    )
    .with_label(
        start,
        w(
            format!("这样开始时没有 `{name}`"),
            format!("`{name}` is not handed over here"),
        ),
    )
    .with_help(w(
        format!("在 `done` 前面问：`{question}`；已经知道的不会再问"),
        format!("ask for it before `done`: `{question}`; what is known is not asked for again"),
    ))
    .with_guess(
        w("在对话里加上这个问题", "add the question to the dialog"),
        behind,
        format!("\n    {question}"),
    )
}
