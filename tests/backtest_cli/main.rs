//! `menshen backtest` as people use it: files, pieces of files, standard input, a git revision, an
//! interruption; and its JSON against `docs/backtest-report.schema.json`.
#![cfg(all(feature = "cli", feature = "backtest"))]

#[path = "../cli_support/mod.rs"]
mod cli_support;
mod encodings;
mod flips;
mod gates;
mod input;
mod language;
mod measures;
mod order;
mod people;
mod report;
mod rules;
mod said;
mod sums;

use std::path::Path;

use cli_support::{command, done, menshen, piped};
use serde_json::Value;

fn report(folder: &Path, arguments: &[&str]) -> Value {
    let text = done(&menshen(folder, arguments));
    serde_json::from_str(&text).expect("JSON")
}

/// A folder with synthetic logins and a rule file.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let made = [
        "simulate-logins",
        "--accounts",
        "30",
        "--days",
        "40",
        "--attacks",
        "200",
        "--out",
        "logins.csv",
    ];
    done(&menshen(folder.path(), &made));
    std::fs::create_dir(folder.path().join("rules")).expect("a folder");
    std::fs::write(folder.path().join("rules/a.rules"), rules(30)).expect("written");
    folder
}

fn rules(budget: u32) -> String {
    format!(
        "let budget = {budget}\n\
         signal city \"异地\" weight 20 {{\n    when new(login.city, within: 30 days)\n}}\n\
         signal machine \"新设备\" weight 20 {{\n    when new(login.machine, within: 30 days)\n}}\n\
         on login when suspicion >= budget {{\n    challenge captcha\n}}\n"
    )
}

/// What a command that ends in 2 says.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let mut command = command(folder, arguments);
    let ended = command.env("MENSHEN_LANG", "en").output();
    let ended = ended.expect("it starts");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {said}");
    said
}
