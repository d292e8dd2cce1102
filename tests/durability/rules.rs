//! The generations of the rules, as an operator sees them: listed, shown and put back, with a server and without.

use std::path::Path;

use super::server::{RULES, Server, done, menshen, set_up};

fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).expect("text")
}

/// What the store keeps of the rules, the newest first.
fn history(folder: &Path) -> Vec<serde_json::Value> {
    let listed = done(folder, &["rules", "history", "--format", "json"]);
    serde_json::from_str(&listed).expect("JSON")
}

fn generations(folder: &Path) -> Vec<u64> {
    let entries = history(folder);
    let number = |entry: &serde_json::Value| entry["generation"].as_u64().expect("a number");
    entries.iter().map(number).collect()
}

fn save(folder: &Path, rules: &str) {
    std::fs::write(folder.join("rules/small.rules"), rules).expect("written");
}

fn saved(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("rules/small.rules")).expect("there")
}

/// The findings of `menshen doctor`, by name.
fn doctor(folder: &Path, lang: &str) -> Vec<(String, String)> {
    let arguments = ["doctor", "--offline", "--format", "json", "--lang", lang];
    let found = menshen(folder, &arguments).stdout;
    let found: Vec<serde_json::Value> = serde_json::from_slice(&found).expect("JSON");
    let word = |finding: &serde_json::Value, key| finding[key].as_str().expect("text").to_owned();
    found
        .iter()
        .map(|finding| (word(finding, "name"), word(finding, "what")))
        .collect()
}

fn unwatched(folder: &Path) {
    let configuration = folder.join("menshen.toml");
    let text = std::fs::read_to_string(&configuration).expect("made by init");
    let quiet = text.replacen("[rules]\n", "[rules]\nwatch = false\n", 1);
    std::fs::write(&configuration, quiet).expect("written");
}

/// How many folders hold what a rollback replaced, and the rules in the newest of them.
fn replaced(folder: &Path) -> (usize, Option<String>) {
    let entries = std::fs::read_dir(folder.join("rules")).expect("a folder");
    let mut aside: Vec<_> = entries
        .map(|entry| entry.expect("readable").path())
        .filter(|path| {
            let name = path.file_name().expect("named").to_string_lossy();
            name.starts_with(".replaced-")
        })
        .collect();
    aside.sort();
    let newest = aside.last().map(|path| path.join("small.rules"));
    let rules = newest.map(|path| std::fs::read_to_string(path).expect("there"));
    (aside.len(), rules)
}

#[test]
fn generations_are_listed_shown_and_put_back_on_a_running_server_and_without_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    set_up(path);
    unwatched(path);
    let (first, second) = (RULES.to_owned(), RULES.replace("您好", "你好"));
    let key = done(path, &["keys", "add", "erp", "--scope", "rules"]);
    let server = Server::start(path, &[]);
    save(path, &second);
    let (status, answer) = server.call(&key, "POST", "/v1/rules/reload", "");
    assert_eq!(status, 200, "{answer}");
    assert_eq!(generations(path), [2, 1]);

    // On the running server: what it ran, and back to it.
    let lines = done(path, &["rules", "history"]);
    let hash = history(path)[0]["hash"].as_str().expect("text").to_owned();
    let newest = lines.lines().next().expect("a line");
    assert!(
        newest.trim_start().starts_with("2 ") && newest.contains(&hash[..12]),
        "{lines}"
    );
    assert!(newest.ends_with("small.rules"), "{lines}");
    let one = done(path, &["rules", "history", "--limit", "1"]);
    assert_eq!(one, newest.trim());
    assert_eq!(
        done(path, &["rules", "show", "1", "small.rules"]),
        first.trim()
    );
    assert_eq!(
        done(path, &["rules", "show", "2", "small.rules"]),
        second.trim()
    );
    let whole = done(path, &["rules", "show", "1"]);
    assert!(whole.starts_with("# ==== small.rules ====\n"), "{whole}");
    let nothing = menshen(path, &["rules", "show", "1", "other.rules", "--lang", "en"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(text(&nothing.stderr).contains("it has small.rules"));

    let back = menshen(path, &["rules", "rollback", "1", "--lang", "zh"]);
    assert!(back.status.success(), "{}", text(&back.stderr));
    assert!(
        text(&back.stderr).contains("第 1 代规则重新运行，成为第 3 代"),
        "{}",
        text(&back.stderr)
    );
    assert_eq!(saved(path), first);
    assert_eq!(replaced(path), (1, Some(second.clone())));
    let (_, running) = server.call(&key, "GET", "/v1/rules", "");
    let running: serde_json::Value = serde_json::from_str(&running).expect("JSON");
    assert_eq!(
        (running["generation"].as_u64(), running["stale"].as_bool()),
        (Some(3), Some(false))
    );
    assert_eq!(generations(path), [3, 2, 1]);
    for unknown in ["9", "0"] {
        let refused = menshen(path, &["rules", "rollback", unknown, "--lang", "en"]);
        assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stderr));
        let refused = menshen(path, &["rules", "show", unknown]);
        assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stderr));
    }
    assert_eq!(saved(path), first, "nothing was written");
    server.stop();

    // Without a server: the same from the store, the folder is written and nothing is loaded.
    assert_eq!(generations(path), [3, 2, 1]);
    assert_eq!(
        done(path, &["rules", "show", "2", "small.rules"]),
        second.trim()
    );
    let back = menshen(path, &["rules", "rollback", "2", "--lang", "en"]);
    assert!(back.status.success(), "{}", text(&back.stderr));
    let said = text(&back.stderr);
    assert!(
        said.contains("holds the rules of generation 2 again; no server runs")
            && said.contains("what it held is in"),
        "{said}"
    );
    assert_eq!(saved(path), second);
    assert_eq!(replaced(path), (2, Some(first.clone())));
    assert_eq!(generations(path), [3, 2, 1], "nothing ran");
    let unknown = menshen(path, &["rules", "rollback", "9"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert_eq!(saved(path), second);
    let server = Server::start(path, &[]);
    assert_eq!(
        history(path)[0]["hash"],
        serde_json::Value::from(hash),
        "what was put back runs"
    );
    server.stop();
}

/// A generation that the present configuration does not allow is not put back, neither way, and the folder stays.
#[test]
fn a_generation_that_no_longer_passes_is_not_put_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    set_up(path);
    unwatched(path);
    let asks = "on text \"查\" {\n    call security_desk {\n        ok     { reply \"好\" }\n        failed { reply \"不好\" }\n    }\n}\n";
    let calling = format!("{RULES}\n{asks}");
    save(path, &calling);
    Server::start(path, &[]).stop();
    let configuration = path.join("menshen.toml");
    let text_of = std::fs::read_to_string(&configuration).expect("made by init");
    assert!(text_of.contains("[calls.security_desk]"));
    let other = text_of.replace("[calls.security_desk]", "[calls.other_desk]");
    std::fs::write(&configuration, other).expect("written");
    save(path, RULES);

    let refused = menshen(path, &["rules", "rollback", "1", "--lang", "en"]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("security_desk") && said.contains("the folder is as it was"),
        "{said}"
    );
    assert_eq!((saved(path), replaced(path)), (RULES.to_owned(), (0, None)));

    let server = Server::start(path, &[]);
    let refused = menshen(path, &["rules", "rollback", "1", "--lang", "en"]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("security_desk"), "{said}");
    assert_eq!((saved(path), replaced(path)), (RULES.to_owned(), (0, None)));
    assert_eq!(generations(path), [2, 1]);
    server.stop();
}

/// Newer rules that do not pass: the old ones run, and the doctor says since when, until they do pass.
#[test]
fn the_doctor_says_that_the_running_rules_are_stale() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    set_up(path);
    unwatched(path);
    let key = done(path, &["keys", "add", "erp", "--scope", "rules"]);
    let server = Server::start(path, &[]);
    let stale = |found: &[(String, String)]| -> Option<String> {
        let mut found = found.iter();
        found.find_map(|(name, what)| (name == "rules-stale").then(|| what.clone()))
    };
    assert_eq!(stale(&doctor(path, "en")), None);
    // It compiles, so that nothing but the server knows: its own test fails.
    save(path, &RULES.replacen("reply \"您好\"", "reply \"再见\"", 1));
    let (status, answer) = server.call(&key, "POST", "/v1/rules/reload", "");
    assert_eq!(status, 422, "{answer}");
    let (_, running) = server.call(&key, "GET", "/v1/rules", "");
    let running: serde_json::Value = serde_json::from_str(&running).expect("JSON");
    let since = running["stale_since"].as_str().expect("a time");
    for (lang, words) in [
        ("en", "still runs the rules it had before"),
        ("zh", "以前的规则"),
    ] {
        let found = doctor(path, lang);
        let what = stale(&found).unwrap_or_else(|| panic!("{found:?}"));
        assert!(what.contains(words) && what.contains(since), "{what}");
    }
    save(path, RULES);
    let (status, answer) = server.call(&key, "POST", "/v1/rules/reload", "");
    assert_eq!(status, 200, "{answer}");
    assert_eq!(stale(&doctor(path, "en")), None);
    server.stop();
}
