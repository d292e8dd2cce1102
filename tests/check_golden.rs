//! What is said about rule files that can be read but are wrong, word for word:
//! `tests/golden/check/*.rules` with the Chinese report beside each as `.txt`.
//! `UPDATE_GOLDEN=1 cargo test --test check_golden` writes the reports anew; read the difference
//! before you commit it.
//!
//! The first line `# errors: E0203 …` says which codes must come out, in order.

mod two_languages;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use menshen::lang::builtins::{CallSpec, Registry};
use menshen::lang::compile;
use menshen::lang::diagnostics::{Language, human};
use menshen::lang::span::Sources;

#[test]
fn reports_are_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/check");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("folder of golden files")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "rules")
        })
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let office = fs::read_to_string(folder.join("lists/office.txt")).expect("list file");
    let mut registry = Registry::standard();
    registry
        .register_call(CallSpec::webhook("security_desk"))
        .expect("registered once");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("golden file");
        let name = path
            .file_name()
            .expect("name")
            .to_string_lossy()
            .into_owned();
        let mut sources = Sources::single(&name, &text);
        sources
            .lists
            .insert("lists/office.txt".to_owned(), office.as_str().into());
        let sources = Arc::new(sources);
        let found = compile(Arc::clone(&sources), &registry).diagnostics;
        wrong.extend(found.iter().filter_map(two_languages::lacking));
        let codes: Vec<&str> = found.iter().map(|found| found.code).collect();
        let first = text.lines().next().unwrap_or_default();
        let expected: Vec<&str> = first
            .strip_prefix("# errors: ")
            .expect("a first line with the codes")
            .split_whitespace()
            .collect();
        if codes != expected {
            wrong.push(format!("{name}: {expected:?} expected, {codes:?} found"));
        }
        let report = human(&found, &sources, Language::Zh, false);
        let beside = path.with_extension("txt");
        if update {
            fs::write(&beside, &report).expect("write");
        } else if fs::read_to_string(&beside).unwrap_or_default() != report {
            wrong.push(format!("{name} differs:\n{report}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
