//! Who answered the last message of a story, and who did not and why: what an author needs to know
//! when the reply is not the one expected.

use crate::bot::last_turn::Told;
use crate::lang::diagnostics::Language;

/// Most rules that are named as not having answered.
const MAX_NAMED: usize = 3;
/// Between a rule and the dialog it has started.
const STARTED: &str = " → ";

/// A line each: who answered; which candidates did not, with their conditions' values. What the bot
/// itself told is in the language it was told to use, so that must be this one.
pub(super) fn lines(told: &Told, language: Language) -> Vec<String> {
    let mut lines = vec![match (&told.answered_by, language) {
        (Some(name), Language::Zh) => format!("回答的是 {}", named(name, language)),
        (Some(name), Language::En) => format!("answered by {}", named(name, language)),
        (None, _) => language.pick("没有规则回答", "no rule answered").to_owned(),
    }];
    for (rule, why) in told.passed_over.iter().take(MAX_NAMED) {
        let name = named(rule, language);
        lines.push(match language {
            Language::Zh => format!("没有回答的是 {name}：{why}"),
            Language::En => format!("not answered by {name}: {why}"),
        });
        let explained = told.conditions.iter().filter(|(name, _)| name == rule);
        for line in explained.flat_map(|(_, text)| text.lines()) {
            lines.push(format!("  {line}"));
        }
    }
    lines
}

/// A rule's own name is its place; a dialog, also one a rule has started, is said to be one.
fn named(name: &str, language: Language) -> String {
    let parts = name
        .split(STARTED)
        .map(|part| match (part.strip_prefix("dialog "), language) {
            (Some(dialog), Language::Zh) => format!("对话 {dialog}"),
            (Some(dialog), Language::En) => format!("dialog {dialog}"),
            (None, Language::Zh) => format!("{part} 的规则"),
            (None, Language::En) => format!("the rule at {part}"),
        });
    parts.collect::<Vec<_>>().join(STARTED)
}
