//! A newly written dialog, broken in ten ways (`docs/ten-breakages`): what the tool says of each is as
//! committed, and the file as it should be, like every mended one, passes.
//!
//! `scripts/ten_breakages.py` makes the broken files and writes what was said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ten-breakages")
}

/// The folders, in order.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(home())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn run(folder: &Path, command: &str, file: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_menshen"))
        .args([command, file])
        .current_dir(folder)
        .env("MENSHEN_LANG", "zh")
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

/// The lines of what an author sees, sorted: the summary goes to standard error, and where it falls
/// between the others is the pipe's affair.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

#[test]
fn there_are_ten_and_each_says_what_is_committed() {
    let folders = folders();
    assert_eq!(folders.len(), 10);
    for folder in folders {
        let mut said = String::new();
        let mut code = 0;
        for command in ["check", "test"] {
            let output = run(&folder, command, "umbrella.rules");
            code = output.status.code().unwrap();
            said.push_str(&format!(
                "$ menshen {command} umbrella.rules\n{}{}[{code}]\n",
                String::from_utf8(output.stdout).unwrap(),
                String::from_utf8(output.stderr).unwrap(),
            ));
            if code != 0 {
                break;
            }
        }
        assert_eq!(code, 1, "{}: nothing was found", folder.display());
        let committed = fs::read_to_string(folder.join("output.txt")).unwrap();
        assert_eq!(
            lines(&said),
            lines(&committed),
            "{}:\n{said}",
            folder.display()
        );
    }
}

#[test]
fn the_whole_and_every_mended_file_pass() {
    let mut files = vec![home().join("whole.rules")];
    files.extend(
        folders()
            .into_iter()
            .map(|folder| folder.join("mended.rules"))
            .filter(|file| file.exists()),
    );
    for file in files {
        let folder = file.parent().unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        for command in ["check", "test"] {
            let output = run(folder, command, name);
            assert!(
                output.status.success(),
                "{command} {}: {}",
                file.display(),
                String::from_utf8_lossy(&output.stdout)
            );
            let summary = String::from_utf8(output.stderr).unwrap();
            assert!(
                command != "check" || summary.contains("0 个错误，0 个警告"),
                "{}: {summary}",
                file.display()
            );
        }
    }
}
