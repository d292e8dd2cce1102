//! Every diagnostic code, word for word: the bad example of its page, compiled, and what is said
//! about it in both languages, in `tests/golden/pages/CODE.txt`.
//! `UPDATE_GOLDEN=1 cargo test --test pages_golden` writes the files anew; read the difference
//! before you commit it.
//!
//! The test walks the registry, so that a code without an example, a golden file without a code and
//! an example that shows something else all fail.

mod two_languages;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use menshen::lang::builtins::{CallSpec, Registry};
use menshen::lang::compile;
use menshen::lang::diagnostics::{Diagnostic, Language, codes, fix, human};
use menshen::lang::span::Sources;
use menshen::lang::value::Type;

/// Codes without an example in their page, and why.
const WITHOUT_EXAMPLE: [(&str, &str); 3] = [
    ("E0130", "the file would be 256 KiB"),
    ("E0612", "it takes more than five hundred rules; see below"),
    ("E0199", "grammar and tree building agree"),
];

fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry
        .register_call(CallSpec::webhook("security_desk"))
        .expect("registered once");
    let notify = CallSpec {
        params: vec![("account".to_owned(), Type::Text)],
        open: false,
        ..CallSpec::webhook("notify")
    };
    registry.register_call(notify).expect("registered once");
    registry
}

fn sources(text: &str) -> Arc<Sources> {
    let mut sources = Sources::single("example.rules", text);
    for (path, list) in [
        ("lists/office.txt", "203.0.113.0/24\n"),
        ("lists/bad.txt", "10.0.0.0/8\nnonsense\n"),
    ] {
        sources.lists.insert(path.to_owned(), list.into());
    }
    Arc::new(sources)
}

fn said(text: &str, registry: &Registry) -> Vec<Diagnostic> {
    compile(sources(text), registry).diagnostics
}

#[test]
fn every_code_is_shown_by_its_page_and_said_as_written() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pages");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let registry = registry();
    let mut wrong = Vec::new();
    let mut expected = BTreeSet::new();
    for page in codes::pages() {
        let code = page.code;
        if page.bad.is_empty() {
            let excused = WITHOUT_EXAMPLE.iter().any(|(known, _)| *known == code);
            if !excused {
                wrong.push(format!("{code}: no example"));
            }
            continue;
        }
        let found = said(page.bad, &registry);
        let codes: Vec<&str> = found.iter().map(|found| found.code).collect();
        if codes != [code] {
            wrong.push(format!("{code}: its bad example says {codes:?}"));
        }
        wrong.extend(found.iter().filter_map(two_languages::lacking));
        let mut good = said(page.good, &registry);
        // Examples are short: not all they define is used in them.
        if code != "W1001" {
            good.retain(|found| found.code != "W1001");
        }
        if !good.is_empty() {
            let codes: Vec<&str> = good.iter().map(|found| found.code).collect();
            wrong.push(format!("{code}: its good example says {codes:?}"));
        }
        let all = sources(page.bad);
        let mut report = String::new();
        for language in [Language::Zh, Language::En] {
            report.push_str(&human(&found, &all, language, false));
            report.push('\n');
        }
        let file = folder.join(format!("{code}.txt"));
        expected.insert(format!("{code}.txt"));
        if update {
            fs::write(&file, &report).expect("write");
        } else if fs::read_to_string(&file).unwrap_or_default() != report {
            wrong.push(format!("{code} differs:\n{report}"));
        }
    }
    for entry in fs::read_dir(&folder).expect("folder of golden files") {
        let name = entry.expect("entry").file_name();
        let name = name.to_string_lossy().into_owned();
        if !expected.contains(&name) {
            wrong.push(format!("{name} belongs to no code"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_file_too_large_is_said_once() {
    let text = "# 注释注释注释注释注释注释注释注释\n".repeat(6_000);
    let found = said(&text, &registry());
    let codes: Vec<&str> = found.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["E0130"]);
}

#[test]
fn too_many_questions_are_said_once() {
    let text: String = (1..=530)
        .map(|minutes| {
            format!(
                "on login when count(failures, within: {minutes} minutes) >= 3 {{\n    note \"输错\"\n}}\n"
            )
        })
        .collect();
    let found = said(&text, &registry());
    let codes: Vec<&str> = found.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["E0612"]);
}

#[test]
fn certain_fixes_mend_the_example() {
    let registry = registry();
    let mut wrong = Vec::new();
    for page in codes::pages().filter(|page| !page.bad.is_empty()) {
        let before = sources(page.bad);
        let found = compile(before.clone(), &registry).diagnostics;
        let fixed = fix(&found, &before, false);
        let Some(text) = fixed.files.values().next() else {
            continue;
        };
        let after = said(text, &registry);
        if after.iter().any(|found| found.code == page.code) {
            wrong.push(format!("{}: still there after the fix:\n{text}", page.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
