//! What is said about broken rule files, word for word: `tests/golden/syntax/*.rules` with the
//! Chinese report beside each as `.txt`. `UPDATE_GOLDEN=1 cargo test --test syntax_golden` writes
//! the reports anew; read the difference before you commit it.
//!
//! A first line `# errors: E0101 E0105` says which codes must come out, in order.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use menshen::lang::diagnostics::{Language, codes, human};
use menshen::lang::span::{FileId, Sources};
use menshen::lang::syntax::{parse, same_tree};

fn rule_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("folder of golden files")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "rules"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

#[test]
fn reports_are_as_written() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for path in rule_files("tests/golden/syntax") {
        let text = fs::read_to_string(&path).expect("golden file");
        let name = path
            .file_name()
            .expect("name")
            .to_string_lossy()
            .into_owned();
        let found = parse(FileId(0), &text).diagnostics;
        let codes: Vec<&str> = found.iter().map(|found| found.code).collect();
        let first = text.lines().next().unwrap_or_default();
        if let Some(expected) = first.strip_prefix("# errors: ") {
            let expected: Vec<&str> = expected.split_whitespace().collect();
            if codes != expected {
                wrong.push(format!("{name}: {expected:?} expected, {codes:?} found"));
            }
        }
        let report = human(&found, &Sources::single(&name, &text), Language::Zh, false);
        let beside = path.with_extension("txt");
        if update {
            fs::write(&beside, &report).expect("write");
        } else if fs::read_to_string(&beside).unwrap_or_default() != report {
            wrong.push(format!("{name} differs:\n{report}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_syntax_code_has_a_golden_file() {
    let mut seen = BTreeSet::new();
    for path in rule_files("tests/golden/syntax") {
        let text = fs::read_to_string(&path).expect("golden file");
        seen.extend(
            parse(FileId(0), &text)
                .diagnostics
                .iter()
                .map(|found| found.code),
        );
    }
    let missing: Vec<&str> = codes::pages()
        .filter(|page| page.code.starts_with("E01") && !page.bad.is_empty())
        .map(|page| page.code)
        .filter(|code| !seen.contains(code))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_programs_of_the_design_parse() {
    for path in rule_files("tests/golden/programs")
        .into_iter()
        .chain(rule_files("rules"))
    {
        let text = fs::read_to_string(&path).expect("program");
        let parsed = parse(FileId(0), &text);
        let report = human(
            &parsed.diagnostics,
            &Sources::single(&path.to_string_lossy(), &text),
            Language::En,
            false,
        );
        assert!(parsed.diagnostics.is_empty(), "{report}");
        // The same program with other blanks and comments is the same tree.
        let moved = format!("# moved\n\n{}", text.replace("\n\n", "\n\n\n"));
        assert!(same_tree(&parsed.file, &parse(FileId(0), &moved).file));
    }
}
