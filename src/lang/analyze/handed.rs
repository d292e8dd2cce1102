//! Names handed to a dialog that neither asks for them nor looks at them: `start sign_up with nikc`.

use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, quoted, w};
use crate::lang::check::walk;
use crate::lang::diagnostics::{Diagnostic, nearest};
use crate::lang::program::{ActionKind, Block, Dialog, Program};

use super::unread::{blocks, passes_on, place, read};

/// Errors for a program every `start` of which is understood.
pub(super) fn check(program: &Program, report: &mut Report) {
    for block in blocks(program) {
        of_block(program, block, report);
    }
}

fn of_block(program: &Program, block: &Block, report: &mut Report) {
    walk::actions(block, &mut |action| {
        let ActionKind::Start { dialog, with } = &action.kind else {
            return;
        };
        let Some(dialog) = program.dialogs.get(dialog.0 as usize) else {
            return;
        };
        if with.is_empty() || passes_on(dialog) {
            return;
        }
        let read = read(program, dialog);
        for (name, _) in with {
            let asked = dialog.slots.iter().any(|slot| slot.name == *name);
            if !asked && !read.contains(name) && !name.starts_with('_') {
                // The dialog's own name may be the same word: what is handed over stands behind it.
                let span = place(program, action.span, name).unwrap_or(action.span);
                report.push(not_taken(dialog, name, span));
            }
        }
    });
}

/// E0505.
fn not_taken(dialog: &Dialog, name: &str, span: crate::lang::span::Span) -> Diagnostic {
    let slots: Vec<&str> = dialog.slots.iter().map(|slot| slot.name.as_str()).collect();
    let to = &dialog.name;
    let error = Diagnostic::error(
        c::NOT_TAKEN,
        w(
            format!("对话 `{to}` 不要 `{name}`"),
            format!("dialog `{to}` takes no `{name}`"),
        ),
        span,
        w(
            "它不问这一项，也没有用到",
            "it neither asks for it nor looks at it",
        ),
    );
    let error = if slots.is_empty() {
        error.with_help(w(
            format!("`{to}` 什么都不问"),
            format!("`{to}` asks for nothing"),
        ))
    } else {
        error.with_help(w(
            format!("它问的是：{}", quoted(&slots, "、")),
            format!("it asks for: {}", quoted(&slots, ", ")),
        ))
    };
    match nearest(name, slots) {
        // The name is the author's own: what it is taken from must be called so as well.
        Some(near) => error.with_help(w(
            format!("是不是 `{near}`？提取它的地方也要这样叫"),
            format!("did you mean `{near}`? call it so where it is taken from, too"),
        )),
        None => error,
    }
}
