//! What is printed about stories that fail, word for word: `tests/golden/stories/failures.rules` with the
//! report in both languages beside it. `UPDATE_GOLDEN=1 cargo test --test stories_golden` writes the
//! reports anew; read the difference before you commit it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use menshen::bot::ruleset;
use menshen::bot::stories::{self, FailureKind, StoryResult};
use menshen::lang::builtins::{CallSpec, Registry};
use menshen::lang::diagnostics::Language;
use menshen::lang::span::Sources;

/// What no story can bring about in the time a test has, or at all.
const ELSEWHERE: [FailureKind; 2] = [FailureKind::TooLong, FailureKind::Internal];

#[test]
fn every_failure_is_told_in_both_languages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stories");
    let text = fs::read_to_string(folder.join("failures.rules")).expect("the rules");
    let mut registry = Registry::standard();
    registry
        .register_call(CallSpec::webhook("desk"))
        .expect("registered once");
    let loaded = ruleset::compile(Sources::single("failures.rules", &text), &registry)
        .unwrap_or_else(|error| panic!("{}", error.report(Language::En)));
    let rules = loaded.ruleset;
    let told = |language| stories::run_those(&rules, &registry, |_| true, language);
    let (zh, en) = (told(Language::Zh), told(Language::En));

    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for (results, name) in [(&zh, "failures.zh.txt"), (&en, "failures.en.txt")] {
        let printed: Vec<String> = results
            .iter()
            .map(|result| stories::print(&rules, result))
            .collect();
        let (printed, file) = (printed.join("\n"), folder.join(name));
        if update {
            fs::write(&file, &printed).expect("written");
        } else if fs::read_to_string(&file).unwrap_or_default() != printed {
            wrong.push(format!("{name} differs:\n{printed}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));

    // The same is told in both, and nothing of one in the other: these rules have no Chinese of their own.
    let facts = |results: &[StoryResult]| -> Vec<_> {
        let failures = results.iter().flat_map(|result| &result.failures);
        failures
            .map(|one| (one.span, one.kind, one.happened.lines().count()))
            .collect()
    };
    assert_eq!(facts(&zh), facts(&en));
    let chinese = |c: char| matches!(c, '\u{3000}'..='\u{303f}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}');
    for (zh, en) in zh.iter().zip(&en) {
        assert!(!zh.passed(), "{} passes", zh.name);
        for (zh, en) in zh.failures.iter().zip(&en.failures) {
            assert!(!en.happened.contains(chinese), "{}", en.happened);
            let first = zh.happened.lines().next().unwrap_or_default();
            assert!(first.contains(chinese), "{first}");
        }
    }

    let seen: BTreeSet<FailureKind> = facts(&en).into_iter().map(|(_, kind, _)| kind).collect();
    let missing: Vec<&FailureKind> = FailureKind::ALL
        .iter()
        .filter(|kind| !seen.contains(kind) && !ELSEWHERE.contains(kind))
        .collect();
    assert!(missing.is_empty(), "no story fails by {missing:?}");
}
