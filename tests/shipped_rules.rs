//! The rules that ship: they compile without warnings, their stories pass, and the stories go through
//! every rule, signal, outcome and dialog step.

use std::path::PathBuf;

use menshen::bot::stories::{Coverage, Kind, Seen};
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

    let mut seen = Seen::default();
    results.iter().for_each(|result| seen.extend(&result.seen));
    let program = &loaded.ruleset.program;
    let coverage = Coverage::of(program, &seen);
    let missing: Vec<String> = coverage
        .missing()
        .filter(|point| point.kind != Kind::Condition)
        .map(|point| {
            let (line, _) = program.sources.line_column(point.span);
            let file = program.sources.file(point.span.file).expect("a file");
            format!("{}:{line} {}", file.path, point.name)
        })
        .collect();
    assert!(missing.is_empty(), "no story reaches {missing:#?}");
    // Parts that no story can turn: trust ends long before a machine counts as new again.
    assert!(coverage.percent(Some(Kind::Condition)) >= 80.0);
}
