//! What is wrong with the report of one mistake.

use std::collections::BTreeSet;
use std::sync::Arc;

use menshen::lang::builtins::Registry;
use menshen::lang::compile;
use menshen::lang::diagnostics::{Diagnostic, Language, Severity, human};
use menshen::lang::span::Sources;

use super::suggestions::leaving_errors;
use crate::two_languages;

pub fn errors(found: &[Diagnostic]) -> Vec<&Diagnostic> {
    found
        .iter()
        .filter(|found| found.severity == Severity::Error)
        .collect()
}

/// Names of grammar rules have underscores; no word of the language that is ever expected has.
fn internal(report: &str) -> Option<&str> {
    let grammar = include_str!("../../grammar/rules.pest");
    let rules: Vec<&str> = grammar
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.trim())
        .filter(|name| name.contains('_'))
        .collect();
    report
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .find(|word| rules.contains(word) && !SPOKEN.contains(word))
}

/// Grammar rules that are called like a name of the language.
const SPOKEN: [&str; 3] = ["arg_name", "yes_no", "login_alert"];

/// The warnings that rules have before anything is broken, by their codes.
pub fn warnings(sound: &Sources, registry: &Registry) -> BTreeSet<&'static str> {
    let found = compile(Arc::new(sound.clone()), registry).diagnostics;
    assert!(errors(&found).is_empty(), "sound rules are broken");
    found.iter().map(|one| one.code).collect()
}

/// More than one finding, words in one language only, a grammar rule's name, a change that leaves errors.
/// Warnings that were there `before` do not count.
pub fn wrong_with(
    changed: Sources,
    registry: &Registry,
    before: &BTreeSet<&str>,
) -> Option<String> {
    let changed = Arc::new(changed);
    let mut found = compile(changed.clone(), registry).diagnostics;
    found.retain(|one| one.severity == Severity::Error || !before.contains(one.code));
    let report = human(&found, &changed, Language::En, false);
    // A warning beside the error would speak of the same mistake.
    if found.len() > 1 && !errors(&found).is_empty() {
        return Some(format!("{} findings\n{report}", found.len()));
    }
    if let Some(part) = found.iter().find_map(two_languages::lacking) {
        return Some(part);
    }
    if let Some(rule) = internal(&report) {
        return Some(format!("names {rule}\n{report}"));
    }
    leaving_errors(&found, &changed, registry)
}
