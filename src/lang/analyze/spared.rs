//! Signals whose `except` holds whenever their `when` does.

use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::diagnostics::{Diagnostic, Example};
use crate::lang::program::Program;

use super::implied::{implies, values};

pub(super) fn check(program: &Program, report: &mut Report) {
    for signal in &program.signals {
        let Some(except) = &signal.except else {
            continue;
        };
        if !implies(&signal.when, except, program) {
            continue;
        }
        let found = Diagnostic::warning(
            c::ALWAYS,
            w(
                format!("信号 `{}` 永远不算分", signal.name),
                format!("the signal `{}` never counts", signal.name),
            ),
            except.span,
            w("`when` 成立时它总是成立", "holds whenever the `when` does"),
        )
        .with_label(signal.when.span, w("这时都被排除", "always left out"))
        .with_help(w(
            "`except` 写其中不算的一部分；全都不要就删掉这个信号",
            "`except` names the part of it that does not count; to count none remove the signal",
        ));
        let given = values(&[&signal.when, except], program);
        let given = given.filter(|given| !given.is_empty());
        report.push(match given {
            Some(given) => found.with_example(
                Example { given, holds: true },
                w("两个都成立，不算分", "both hold, and it does not count"),
            ),
            None => found,
        });
    }
}
