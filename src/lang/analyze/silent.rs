//! Rules and ends of dialogs that do nothing at all: whoever wrote to them hears nothing.

use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{Block, Program};
use crate::lang::span::Span;

pub(super) fn check(program: &Program, report: &mut Report) {
    for rule in &program.rules {
        if empty(program, &rule.body) {
            let (zh, en) = ("这条规则什么也不做", "this rule does nothing");
            report.push(nothing(rule.head, zh, en, true));
        }
    }
    for dialog in &program.dialogs {
        let head = program
            .sources
            .slice(dialog.span)
            .lines()
            .next()
            .unwrap_or_default()
            .trim_end()
            .len();
        let head = Span {
            end: dialog.span.start + u32::try_from(head).unwrap_or(0),
            ..dialog.span
        };
        let asks = program.sources.slice(dialog.span).contains("ask ");
        if dialog.slots.is_empty() && !asks {
            let (zh, en) = ("这个对话什么也不问", "this dialog asks for nothing");
            report.push(nothing(head, zh, en, false));
        }
        let cancel = dialog.cancel.as_ref().map(|cancel| &cancel.block);
        for block in [Some(&dialog.done), cancel, Some(&dialog.give_up)] {
            if let Some(block) = block.filter(|block| empty(program, block)) {
                let (zh, en) = (
                    "对话在这里结束，什么也不说",
                    "the dialog ends here without a word",
                );
                report.push(nothing(block.span, zh, en, true));
            }
        }
    }
}

/// Whether nothing is written between the braces: what could not be checked is no part of the block.
fn empty(program: &Program, block: &Block) -> bool {
    let source = program.sources.slice(block.span);
    let code = |line: &str| {
        let line = line.split('#').next().unwrap_or_default();
        line.contains(|c: char| !c.is_whitespace() && !matches!(c, '{' | '}'))
    };
    block.actions.is_empty() && source.contains('{') && !source.lines().any(code)
}

fn nothing(span: Span, zh: &str, en: &str, answers: bool) -> Diagnostic {
    let label = if answers {
        w("发消息的人得不到回答", "whoever wrote hears nothing")
    } else {
        w("一开始就到 `done`", "it is `done` as soon as it begins")
    };
    let help = if answers {
        w(
            "在花括号里写上要做的，例如 `reply \"…\"`",
            "write in the braces what is to be done, such as `reply \"…\"`",
        )
    } else {
        w(
            "写上 `ask`，或者把 `done` 里的动作直接写在规则里",
            "add an `ask`, or write what `done` does into the rule itself",
        )
    };
    Diagnostic::warning(c::SILENT, w(zh, en), span, label).with_help(help)
}
