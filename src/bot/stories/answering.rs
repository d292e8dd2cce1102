//! Who answered the last message of a story, and who did not and why: what an author needs to know
//! when the reply is not the one expected.

use crate::bot::last_turn::Told;

/// Most rules that are named as not having answered.
const MAX_NAMED: usize = 3;

/// In Chinese, a line each: who answered; which candidates did not, with their conditions' values.
pub(super) fn lines(told: &Told) -> Vec<String> {
    let mut lines = vec![match &told.answered_by {
        Some(name) => format!("回答的是 {}", named(name)),
        None => "没有规则回答".to_owned(),
    }];
    for (rule, why) in told.passed_over.iter().take(MAX_NAMED) {
        lines.push(format!("没有回答的是 {}：{why}", named(rule)));
        let explained = told.conditions.iter().filter(|(name, _)| name == rule);
        for line in explained.flat_map(|(_, text)| text.lines()) {
            lines.push(format!("  {line}"));
        }
    }
    lines
}

/// A rule's own name is its place; a dialog is said to be one.
fn named(name: &str) -> String {
    match name.strip_prefix("dialog ") {
        Some(dialog) => format!("对话 {dialog}"),
        None => format!("{name} 的规则"),
    }
}
