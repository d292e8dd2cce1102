//! The rules that ship: they compile without warnings, and their stories pass.

use std::path::PathBuf;

use menshen::bot::{ruleset, stories};
use menshen::lang::builtins::{CallSpec, Registry};
use menshen::lang::diagnostics::Language;

fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry
        .register_call(CallSpec::webhook("security_desk"))
        .expect("a new name");
    registry
}

#[test]
fn the_shipped_rules_compile_without_warnings() {
    let rules = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules");
    match ruleset::load(&[rules], &registry()) {
        Ok(loaded) => assert!(loaded.warnings.is_empty(), "{:#?}", loaded.warnings),
        Err(error) => panic!("{}", error.report(Language::Zh)),
    }
}

#[test]
fn the_stories_of_the_shipped_rules_pass() {
    let rules = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules");
    let loaded = match ruleset::load(&[rules], &registry()) {
        Ok(loaded) => loaded,
        Err(error) => panic!("{}", error.report(Language::Zh)),
    };
    let results = stories::run(&loaded.ruleset, &registry(), None);
    assert!(!results.is_empty());
    let failed: Vec<String> = results
        .iter()
        .filter(|result| !result.passed())
        .map(|result| stories::print(&loaded.ruleset, result))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
