//! The manual's commands: every `menshen` in its shell blocks, and in the heads of what is deployed, is one the program
//! has, with options it has.

use std::collections::BTreeMap;
use std::process::Command;

use super::{MANUALS, page};

/// The lines of the shell blocks of a page.
fn blocks(text: &str) -> Vec<&str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside && line == "```sh";
        } else if inside {
            lines.push(line);
        }
    }
    lines
}

/// The commands of a line, each as its words; a remark at its end is none of them.
fn commands(line: &str) -> Vec<Vec<&str>> {
    let code = line.split(" # ").next().unwrap_or_default();
    let parts = code.split("&&").flat_map(|part| part.split('|'));
    parts
        .map(|part| part.split_whitespace().collect())
        .collect()
}

/// What `--help` says of a command, which must exist.
fn help(path: &[&str], known: &mut BTreeMap<String, String>) -> String {
    let told = known.entry(path.join(" ")).or_insert_with(|| {
        let output = Command::new(env!("CARGO_BIN_EXE_menshen"))
            .args(path)
            .arg("--help")
            .env("MENSHEN_LANG", "en")
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "menshen {path:?}: {said}");
        String::from_utf8(output.stdout).expect("text")
    });
    told.clone()
}

/// Whether a help lists this option or subcommand at the beginning of a line.
fn lists(help: &str, word: &str) -> bool {
    help.lines().any(|line| {
        let mut words = line.trim_start().split([' ', ',', '=', '[']);
        words.by_ref().take(3).any(|first| first == word)
    })
}

/// Insists that a command line is one the program takes: its subcommands and its options.
fn check(place: &str, words: &[&str], known: &mut BTreeMap<String, String>) {
    let mut path: Vec<&str> = Vec::new();
    for word in words {
        let name = |c: char| c.is_ascii_lowercase() || c == '-';
        let here = help(&path, known);
        let Some((_, subcommands)) = here.split_once("\nCommands:\n") else {
            break;
        };
        let subcommands = subcommands.split("\n\n").next().unwrap_or_default();
        if !word.chars().all(name) || !lists(subcommands, word) {
            break;
        }
        path.push(word);
    }
    assert!(!path.is_empty(), "{place}: menshen {words:?} is no command");
    let told = help(&path, known);
    // One with subcommands needs one of them.
    assert!(
        !told.contains("\nCommands:\n"),
        "{place}: menshen {words:?} is not all of a command"
    );
    for word in words.iter().filter(|word| word.starts_with('-')) {
        let option = word.split('=').next().unwrap_or(word);
        assert!(
            lists(&told, option),
            "{place}: menshen {} has no {option}",
            path.join(" ")
        );
    }
}

#[test]
fn the_commands_of_the_manual_are_the_programs() {
    let mut known = BTreeMap::new();
    let mut checked = Vec::new();
    for manual in MANUALS {
        let text = page(manual);
        let before = checked.len();
        for line in blocks(&text) {
            for command in commands(line) {
                if let Some((&"menshen", words)) = command.split_first() {
                    check(manual, words, &mut known);
                    checked.push(words.join(" "));
                }
            }
        }
        assert!(checked.len() >= before + 10, "{manual}: {checked:?}");
    }
    // What is not a block: the heads of the unit and the container file, and the unit's own start.
    let mut heads = 0;
    for file in ["deploy/menshen.service", "deploy/Containerfile"] {
        for line in page(file).lines() {
            let after = [" menshen init ", "/menshen serve "];
            let Some(at) = after.iter().find_map(|sign| line.find(sign)) else {
                continue;
            };
            let words: Vec<&str> = line[at + 1..].split_whitespace().skip(1).collect();
            check(file, &words, &mut known);
            heads += 1;
        }
    }
    assert_eq!(heads, 3, "the two that make a set-up and the unit's start");
    let mut words: Vec<&str> = checked.iter().map(String::as_str).collect();
    words.sort_unstable();
    words.dedup();
    // Both languages have the same commands.
    assert_eq!(checked.len(), 2 * words.len(), "{checked:?}");
}

/// A check that takes anything would find nothing.
#[test]
fn a_command_or_an_option_that_is_none_is_found() {
    let wrong = |line: &'static str| {
        std::panic::catch_unwind(|| {
            let words: Vec<&str> = line.split_whitespace().collect();
            check("here", &words, &mut BTreeMap::new());
        })
        .is_err()
    };
    assert!(!wrong("rules rollback 7 --data data"));
    assert!(wrong("rule rollback 7"));
    assert!(wrong("rules"));
    assert!(wrong("rules rollback 7 --force"));
    assert!(wrong("export --output backup.jsonl"));
}

#[test]
fn what_is_installed_is_what_is_built() {
    let unit = page("deploy/menshen.service");
    assert!(
        unit.contains("cargo build --locked --profile dist\n"),
        "{unit}"
    );
    assert!(unit.contains("install -m 755 target/dist/menshen /usr/local/bin/menshen"));
    assert!(page("deploy/Containerfile").contains("target/dist/menshen /usr/local/bin/menshen"));
    for manual in MANUALS {
        let text = page(manual);
        assert!(
            text.contains("`cargo build --locked --profile dist`"),
            "{manual}"
        );
        assert!(text.contains("`target/dist/menshen`"), "{manual}");
        assert!(!text.contains("target/release"), "{manual}");
    }
}

/// Remarks of the Chinese page's blocks are Chinese.
#[test]
fn remarks_are_in_the_language_of_their_page() {
    for line in blocks(&page(MANUALS[1])) {
        if let Some((_, remark)) = line.split_once(" # ") {
            assert!(
                remark
                    .chars()
                    .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
                "{line}"
            );
        }
    }
}
