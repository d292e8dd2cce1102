//! The operations manual is held to what it says: both languages have the same sections and tables, the
//! tests and scripts it names exist, its metrics and those of the alerts are the server's.

mod bounds;
mod constants;
mod excuses;
mod shell;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn page(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

const MANUALS: [&str; 2] = ["docs/operations.md", "docs/operations.zh-CN.md"];

/// What stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// For every section the first cells of its tables' rows, which are the same in both languages where
/// they are names.
fn outline(text: &str) -> Vec<(usize, usize)> {
    let mut sections = Vec::new();
    for line in text.lines() {
        if line.starts_with("## ") {
            sections.push((0, 0));
        } else if let Some((rows, fences)) = sections.last_mut() {
            *rows += usize::from(line.starts_with('|'));
            *fences += usize::from(line.starts_with("```"));
        }
    }
    sections
}

fn sources(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&std::fs::read_to_string(&path).expect("text"));
        }
    }
}

#[test]
fn both_languages_say_the_same() {
    let [english, chinese] = MANUALS.map(page);
    assert_eq!(outline(&english), outline(&chinese));
    let names = |text: &str| -> BTreeSet<String> {
        // Names of keys, metrics, tests and files; not prose in code style.
        let name = |word: &&str| word.contains(['_', '/', '.']) && !word.contains(' ');
        quoted(text)
            .into_iter()
            .filter(name)
            .map(str::to_owned)
            .collect()
    };
    let (english, chinese) = (names(&english), names(&chinese));
    let odd: Vec<_> = english.symmetric_difference(&chinese).collect();
    assert!(odd.is_empty(), "only in one of the two: {odd:?}");
}

#[test]
fn the_tests_and_scripts_that_are_named_exist() {
    let mut code = String::new();
    for folder in ["src", "tests"] {
        sources(&root().join(folder), &mut code);
    }
    let manual = page(MANUALS[0]);
    let (_, proofs) = manual.split_once("\n## Bounds\n").expect("the section");
    let (proofs, _) = proofs.split_once("\n## Events\n").expect("the next one");
    let rows = proofs.lines().filter(|line| line.starts_with('|'));
    let mut named = 0;
    for row in rows {
        let last = row
            .trim_end_matches(['|', ' '])
            .rsplit('|')
            .next()
            .unwrap_or_default();
        for name in quoted(last) {
            named += 1;
            if name.starts_with("scripts/") {
                assert!(root().join(name).is_file(), "{name} does not exist");
            } else {
                assert!(
                    code.contains(&format!("fn {name}(")),
                    "there is no test {name}"
                );
            }
        }
    }
    assert!(named > 50, "{named} tests are named");
}

#[test]
fn the_limits_that_are_counted_are_those_the_manual_names() {
    let mut code = String::new();
    sources(&root().join("src"), &mut code);
    let labels = |text: &str| -> BTreeSet<String> {
        let parts = text.split("limit=\"").skip(1);
        let names = parts.filter_map(|rest| rest.split('"').next());
        names.map(str::to_owned).collect()
    };
    let named = labels(&page(MANUALS[0]));
    assert!(named.len() > 15, "{named:?}");
    for name in &named {
        assert!(
            code.contains(&format!("\"{name}\"")),
            "nothing counts {name}"
        );
    }
    for call in ["limit_hit(\"", "metrics.limit(\"", "limits_hit(&[\""] {
        for rest in code.split(call).skip(1) {
            let name = rest.split('"').next().unwrap_or_default();
            assert!(named.contains(name), "the manual does not name {name}");
        }
    }
}

#[test]
fn the_metrics_that_are_named_exist() {
    let code = [
        "src/server/metrics.rs",
        "src/server/vitals.rs",
        "src/cli/dumps.rs",
    ]
    .map(page)
    .concat();
    for path in [
        "docs/operations.md",
        "docs/operations.zh-CN.md",
        "deploy/alerts.yml",
    ] {
        let text = page(path);
        let mut found = 0;
        for part in text.split("menshen_").skip(1) {
            let end = part
                .find(|c: char| !c.is_ascii_lowercase() && c != '_')
                .unwrap_or(part.len());
            let name = part[..end].trim_end_matches("_total");
            if name.is_empty() {
                continue;
            }
            found += 1;
            assert!(
                code.contains(&format!("\"{name}\"")),
                "{path}: there is no metric menshen_{name}"
            );
        }
        assert!(found > 10, "{path} names {found} metrics");
    }
}

#[test]
fn what_is_deployed_starts_the_server_that_is_built() {
    let unit = page("deploy/menshen.service");
    assert!(unit.contains("menshen serve --config"), "{unit}");
    let image = page("deploy/Containerfile");
    let [command] = image
        .lines()
        .filter_map(|line| line.strip_prefix("CMD "))
        .collect::<Vec<_>>()[..]
    else {
        panic!("one CMD");
    };
    let command: Vec<String> = serde_json::from_str(command).expect("an array");
    assert_eq!(command[0], "serve");
    assert!(
        page("Cargo.toml").contains("[profile.dist]"),
        "which the image is built with"
    );
}
