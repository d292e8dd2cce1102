//! What to do about a rule that never answers.

use crate::lang::check::report::w;
use crate::lang::diagnostics::Words;
use crate::lang::program::{Program, Rule};

use super::earlier::Alternative;
use super::implied::implies;

/// What to do about a rule that never answers: that depends on what hides it.
pub(super) fn cure(
    program: &Program,
    first: &Rule,
    rule: &Rule,
    by: &Alternative<'_>,
    it: &Alternative<'_>,
    any: bool,
) -> Words {
    let alike = by.covers_alike(it);
    if any {
        return w(
            "删掉一条，或者把两条的动作写在一起",
            "remove one of them, or write both rules' actions into one",
        );
    }
    let same_condition = match (&first.when, &rule.when) {
        (Some(a), Some(b)) => implies(a, b, program) && implies(b, a, program),
        (None, None) => true,
        _ => false,
    };
    match (alike, same_condition) {
        (true, true) => w(
            "两条的触发和条件一样：删掉一条，或者用 `when` 把它们分开",
            "both have the same trigger and condition: remove one, or tell them apart with `when`",
        ),
        (true, false) => w(
            "两条的触发一样，这条的条件更窄：把它移到前面",
            "both have the same trigger and this one's condition is narrower: move it before the other",
        ),
        (false, _) => move_up(program, rule, first),
    }
}

/// What is more specific belongs before what hides it.
pub(super) fn move_up(program: &Program, rule: &Rule, first: &Rule) -> Words {
    let head = |rule: &Rule| {
        let trigger = rule.triggers.first().map_or(rule.head, |one| one.span);
        let written = program.sources.slice(trigger);
        let mut words = written.split_whitespace();
        let short: Vec<&str> = words.by_ref().take(MAX_HEAD_WORDS).collect();
        let more = words.next().is_some() || rule.triggers.len() > 1;
        format!("`on {}{}`", short.join(" "), if more { " …" } else { "" })
    };
    let (own, other) = (head(rule), head(first));
    w(
        format!("这条更具体：把 {own} 整条移到 {other} 上面"),
        format!("this one is more specific: move the whole rule {own} above {other}"),
    )
}

/// Words of a rule's head that name it.
const MAX_HEAD_WORDS: usize = 6;
