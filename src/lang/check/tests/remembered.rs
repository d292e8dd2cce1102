//! What is remembered under a name that its own value mentions.

use super::*;
use crate::lang::program::ActionKind;

fn remembers(text: &str) -> usize {
    let compiled = compiled(text);
    let program = compiled.program.expect("a sound set");
    let actions = program.rules.iter().flat_map(|rule| &rule.body.actions);
    let remembers = |kind: &ActionKind| matches!(kind, ActionKind::Remember { .. });
    actions.filter(|action| remembers(&action.kind)).count()
}

/// The value that says what it is stands behind the one that counts on: the latter was dropped without a word.
#[test]
fn a_counter_counts_wherever_it_begins() {
    let on = "on text \"签到\" when times is known {\n    remember times = times + 1\n    reply \"第 {times} 次\"\n}\n";
    let first = "on text \"签到\" {\n    remember times = 1\n    reply \"第 1 次\"\n}\n";
    assert_eq!(remembers(&format!("{on}{first}")), 2);
    let alone = "on text \"签到\" {\n    remember times = (times otherwise 0) + 1\n    reply \"好\"\n}\non text \"几次\" when times is known {\n    reply \"{times}\"\n}\n";
    assert_eq!(remembers(alone), 1);
}
