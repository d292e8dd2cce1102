//! Each finding is found where it is, and not where it is not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::findings::{Finding, Level};
use super::look;
use crate::lang::diagnostics::Language;

/// A set-up as `menshen init` makes it, with what the operator has to put in.
fn setup() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("bot");
    crate::cli::init::make(&root, "main", "wx1234567890abcdef", Language::En).expect("a set-up");
    fs::write(root.join("secrets/app_secret"), "0123456789abcdef").expect("written");
    let file = root.join("menshen.toml");
    (folder, file)
}

fn names(file: &Path) -> Vec<(&'static str, Level)> {
    doctor(file)
        .iter()
        .map(|finding| (finding.name, finding.level))
        .collect()
}

fn doctor(file: &Path) -> Vec<Finding> {
    look::everything(file, true)
}

fn change(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).expect("readable");
    assert!(text.contains(from), "{from}");
    fs::write(file, text.replace(from, to)).expect("written");
}

#[test]
fn a_fresh_set_up_has_no_errors() {
    let (_folder, file) = setup();
    let found = doctor(&file);
    assert!(
        found.iter().all(|finding| finding.level != Level::Error),
        "{found:#?}"
    );
    // What the shipped rules need and a new configuration does not have.
    let names: Vec<_> = found.iter().map(|finding| finding.name).collect();
    assert_eq!(
        names,
        ["template-missing", "forward-missing", "no-geoip"],
        "{found:#?}"
    );
}

#[test]
fn placeholders_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    crate::cli::init::make(
        folder.path(),
        "main",
        crate::cli::init::APP_ID_PLACEHOLDER,
        Language::En,
    )
    .expect("a set-up");
    let names = names(&folder.path().join("menshen.toml"));
    assert!(names.contains(&("app-id-placeholder", Level::Error)));
    assert!(names.contains(&("app-secret-placeholder", Level::Error)));
}

#[test]
fn every_mistake_of_the_configuration_is_a_finding_with_its_line() {
    let (_folder, file) = setup();
    change(&file, "mode = \"safe\"", "mode = \"secret\"");
    change(&file, "zone = \"Asia/Shanghai\"", "zone = \"Beijing\"");
    let found = doctor(&file);
    let wrong: Vec<_> = found
        .iter()
        .filter(|finding| finding.name == "configuration")
        .collect();
    assert_eq!(wrong.len(), 2, "{found:#?}");
    assert!(
        wrong
            .iter()
            .all(|finding| finding.what.en.contains("menshen.toml:"))
    );
}

#[test]
fn a_missing_configuration_says_how_to_make_one() {
    let found = doctor(Path::new("/nonexistent/menshen.toml"));
    assert_eq!(found.len(), 1);
    assert!(found[0].cure.en.contains("menshen init"));
}

#[test]
fn the_plaintext_guard_is_reported() {
    let (_folder, file) = setup();
    change(
        &file,
        "mode = \"safe\"",
        "mode = \"plaintext\"\nallow_plaintext_guard = true",
    );
    assert!(names(&file).contains(&("plaintext-guard", Level::Warning)));
}

#[test]
fn an_api_base_without_tls_is_reported() {
    let (_folder, file) = setup();
    change(
        &file,
        "mode = \"safe\"",
        "mode = \"safe\"\napi_base = \"http://127.0.0.1:9\"",
    );
    assert!(names(&file).contains(&("api-base-http", Level::Warning)));
}

#[test]
fn secrets_others_can_read_are_reported() {
    let (_folder, file) = setup();
    let root = file.parent().expect("a folder");
    for name in ["master", "token"] {
        let path = root.join("secrets").join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("changed");
    }
    let names = names(&file);
    assert!(names.contains(&("key-mode", Level::Error)), "{names:?}");
    assert!(
        names.contains(&("secret-mode", Level::Warning)),
        "{names:?}"
    );
}

#[test]
fn a_secret_in_a_readable_configuration_is_reported() {
    let (_folder, file) = setup();
    change(
        &file,
        "token_file = \"secrets/token\"",
        "token = \"abcdef\"",
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("changed");
    assert!(names(&file).contains(&("config-mode", Level::Warning)));
}

#[test]
fn a_master_key_in_the_data_directory_is_an_error() {
    let (_folder, file) = setup();
    let root = file.parent().expect("a folder");
    fs::rename(root.join("secrets/master"), root.join("data/master")).expect("moved");
    change(&file, "secrets/master\"", "data/master\"");
    assert!(names(&file).contains(&("key-in-data", Level::Error)));
}

#[test]
fn a_dev_store_is_an_error() {
    let (_folder, file) = setup();
    let dev = file.parent().expect("a folder").join("dev");
    crate::cli::setup::Mine::open(&dev, Some(crate::store::Flavour::Dev))
        .expect("a store")
        .close();
    change(&file, "path = \"data\"", "path = \"dev\"");
    assert!(names(&file).contains(&("store-dev", Level::Error)));
}

#[test]
fn a_missing_store_and_a_locked_one_are_told_apart() {
    let (_folder, file) = setup();
    let data = file.parent().expect("a folder").join("data");
    let mine = crate::cli::setup::Mine::open(&data, None).expect("the store");
    assert!(names(&file).contains(&("store-locked", Level::Error)));
    mine.close();
    fs::remove_dir_all(&data).expect("removed");
    assert!(names(&file).contains(&("no-store", Level::Error)));
    assert!(!data.exists(), "the doctor changes nothing");
}

#[test]
fn wrong_rules_are_reported_with_their_place() {
    let (_folder, file) = setup();
    let rules = file.parent().expect("a folder").join("rules/service.rules");
    fs::write(&rules, "on text \"x\" {\n    replay \"y\"\n}\n").expect("written");
    let found = doctor(&file);
    let wrong = found
        .iter()
        .find(|finding| finding.name == "rules-wrong")
        .unwrap_or_else(|| panic!("{found:#?}"));
    assert!(
        wrong.what.en.starts_with("service.rules:2: E"),
        "{}",
        wrong.what.en
    );
}

#[test]
fn a_call_without_configuration_is_an_error() {
    let (_folder, file) = setup();
    change(&file, "[calls.security_desk]", "[calls.other_desk]");
    assert!(names(&file).contains(&("rules-wrong", Level::Error)));
}

/// Findings whose words come from the system or another part, which speaks one language.
const AS_IT_CAME: [&str; 2] = ["configuration", "no-store"];

#[test]
fn findings_and_cures_are_said_in_chinese_and_in_english() {
    let (_folder, file) = setup();
    change(
        &file,
        "mode = \"safe\"",
        "mode = \"plaintext\"\napi_base = \"http://127.0.0.1:9\"",
    );
    let rules = file.parent().expect("a folder").join("rules/service.rules");
    fs::write(&rules, "on text \"x\" {\n    replay \"y\"\n}\n").expect("written");
    fs::remove_dir_all(file.parent().expect("a folder").join("data")).expect("removed");
    let found = doctor(&file);
    let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for finding in &found {
        for words in [&finding.what, &finding.cure] {
            let shell = words.en.starts_with("menshen ") || words.en.starts_with("chmod ");
            assert!(
                shell || AS_IT_CAME.contains(&finding.name) || chinese(&words.zh),
                "{finding:#?}"
            );
        }
    }
    assert!(found.len() >= 5, "{found:#?}");
    let human = super::human(&found, Language::Zh, false);
    assert!(
        human.contains("错误: ") && human.contains("  解决: "),
        "{human}"
    );
    assert!(!human.contains("cure: "), "{human}");
    let human = super::human(&found, Language::En, false);
    assert!(
        human.contains("error: ") && human.contains("  cure: "),
        "{human}"
    );
}
