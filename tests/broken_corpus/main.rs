//! The shipped rules, broken in every way the grammar allows: one mistake, one error.
//!
//! Each case breaks one place of one file and compiles the whole folder. It must give at most one
//! error, in words of the language: no name of a grammar rule, no "unknown" that only follows from
//! the mistake. The cases come from a seeded generator over the tokens of the files, from every line of
//! them broken in every way (`lines`), and from `tests/golden/broken.txt`, which also says which
//! code must come out.

mod judge;
mod lines;
#[path = "../manual/mod.rs"]
mod manual;
mod programs;
mod suggestions;
mod tokens;
#[path = "../two_languages/mod.rs"]
mod two_languages;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use judge::{errors, wrong_with};
use menshen::lang::builtins::{CallSpec, Registry};
use menshen::lang::compile;
use menshen::lang::diagnostics::{Language, human};
use menshen::lang::span::Sources;
use tokens::{Random, Token, broken as break_one, tokens};

/// Generated cases: every kind of mistake several times over. `MENSHEN_CORPUS=5000` runs more.
const CASES: u64 = 250;
/// Where the generator begins.
const SEED: u64 = 0x6d65_6e73_6865_6e21;

fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry
        .register_call(CallSpec::webhook("security_desk"))
        .expect("registered once");
    registry
}

fn shipped() -> Sources {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules");
    menshen::bot::folder::load(&[folder]).expect("the shipped rules")
}

#[test]
fn one_mistake_gives_one_error_in_words_of_the_language() {
    let (sources, registry) = (shipped(), registry());
    let mut random = Random(SEED);
    let files: Vec<Vec<Token>> = sources
        .files
        .iter()
        .map(|file| tokens(&file.text))
        .collect();
    let cases = std::env::var("MENSHEN_CORPUS").ok();
    let cases = cases.and_then(|text| text.parse().ok()).unwrap_or(CASES);
    let mut done = 0;
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    while done < cases {
        let index = random.below(files.len());
        let file = &sources.files[index];
        let Some((name, text)) = break_one(&file.text, &files[index], &mut random) else {
            continue;
        };
        done += 1;
        let kind = name.split(": ").nth(1).unwrap_or_default().to_owned();
        *kinds.entry(kind).or_default() += 1;
        let mut changed = sources.clone();
        changed.files[index].text = text.as_str().into();
        if let Some(what) = wrong_with(changed, &registry, &BTreeSet::new()) {
            wrong.push(format!("== {} {name}: {what}", file.path));
        }
    }
    assert!(kinds.len() >= 18, "{kinds:?}");
    assert!(
        wrong.is_empty(),
        "{} of {done} cases\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn one_broken_line_gives_one_error() {
    let (sources, registry) = (shipped(), registry());
    let mut rules = sources.clone();
    for file in &mut rules.files {
        file.text = lines::without_stories(&file.text).as_str().into();
    }
    let files = sources.files.iter().enumerate();
    let cases: Vec<lines::Case> = files
        .flat_map(|(index, file)| lines::cases(index, &file.text))
        .collect();
    let least = match std::env::var("MENSHEN_CORPUS") {
        Ok(which) if which.contains('/') => 100,
        _ => 1_700,
    };
    assert!(cases.len() > least, "{}", cases.len());
    let (rules, registry) = (&rules, &registry);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let parts: Vec<_> = cases
            .chunks(cases.len().div_ceil(threads))
            .map(|part| scope.spawn(move || wrong_ones(part, rules, registry)))
            .collect();
        let joined = parts.into_iter().map(|part| part.join().expect("no panic"));
        joined.flatten().collect()
    });
    assert!(
        wrong.is_empty(),
        "{} of {} cases\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// What is wrong with the reports, by the place that is broken.
fn wrong_ones(cases: &[lines::Case], rules: &Sources, registry: &Registry) -> Vec<String> {
    let told = cases.iter().filter_map(|case| {
        let mut changed = rules.clone();
        changed.files[case.file].text = case.text.as_str().into();
        let path = changed.files[case.file].path.clone();
        let what = wrong_with(changed, registry, &BTreeSet::new())?;
        Some(format!(
            "== {path} line {}: {}: {what}",
            case.line + 1,
            case.name
        ))
    });
    told.collect()
}

/// A case of `broken.txt`: `## file: code`, then lines that start with `-` (what is replaced, as it
/// stands in the file) and `+` (by what).
#[test]
fn the_committed_cases_say_what_they_should() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/broken.txt");
    let cases = fs::read_to_string(path).expect("the cases");
    let (sources, registry) = (shipped(), registry());
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases.split("\n## ").skip(1) {
        count += 1;
        let (head, body) = case.split_once('\n').expect("a body");
        let (file, code) = head.split_once(": ").expect("file and code");
        let lines = |sign: char| -> String {
            let taken: Vec<&str> = body
                .lines()
                .filter_map(|line| line.strip_prefix(sign))
                .collect();
            taken.join("\n")
        };
        let (old, new) = (lines('-'), lines('+'));
        let index = sources
            .files
            .iter()
            .position(|known| known.path == file)
            .expect("a shipped file");
        let text = &sources.files[index].text;
        assert!(text.contains(&old), "{head}: {old} is not in the file");
        let mut changed = sources.clone();
        changed.files[index].text = text.replacen(&old, &new, 1).into();
        let changed = Arc::new(changed);
        let found = compile(changed.clone(), &registry).diagnostics;
        let codes: Vec<&str> = errors(&found).iter().map(|found| found.code).collect();
        if codes != [code.trim()] {
            let report = human(&found, &changed, Language::Zh, false);
            wrong.push(format!("== {head}\n{old}\n→\n{new}\n{codes:?}\n{report}"));
        }
    }
    assert!(count >= 40, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the rules call and the host does not know is one mistake, however often stories name it.
#[test]
fn an_action_nobody_registered_is_told_once() {
    let found = compile(Arc::new(shipped()), &Registry::standard()).diagnostics;
    let codes: Vec<&str> = errors(&found).iter().map(|found| found.code).collect();
    assert_eq!(codes, ["E0406"]);
}

/// A long text is a text: what is wrong with it is its length, not its quotes.
#[test]
fn a_text_of_nine_thousand_bytes_is_closed() {
    let rule = format!(
        "on text \"你好\" {{\n    reply \"{}\"\n}}\n",
        "好".repeat(3_000)
    );
    let found = compile(Arc::new(Sources::single("a.rules", &rule)), &registry()).diagnostics;
    let codes: Vec<&str> = found.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["E0412"]);
}
