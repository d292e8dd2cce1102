//! One file of a folder of several, checked and run.

use super::*;

/// `check` of one file of a set: what the other files give is known, what they use is used.
#[test]
fn one_file_is_checked_with_the_folder_where_that_explains_it() {
    let folder = folder("let limit = 3\n");
    let b = folder.path().join("rules/b.rules");
    let rule =
        "on login when count(failures, within: 1 hour) >= limit {\n    challenge captcha\n}\n";
    fs::write(&b, rule).expect("a rule file");
    for file in ["rules/a.rules", "rules/b.rules"] {
        let said = menshen(folder.path(), &["check", file]);
        assert_eq!(code(&said), 0, "{file}: {}", stdout(&said));
        assert_eq!(stdout(&said), "", "{file}");
        assert!(stderr(&said).contains("连同文件夹"), "{}", stderr(&said));
    }
    // What is wrong in the file is told, and what is wrong in another one is not.
    fs::write(&b, format!("{rule}\non any {{\n    replay \"好\"\n}}\n")).expect("a rule file");
    let said = menshen(folder.path(), &["check", "rules/b.rules"]);
    assert_eq!(code(&said), 1);
    assert!(!stdout(&said).contains("E0203"), "{}", stdout(&said));
    assert_eq!(
        code(&menshen(folder.path(), &["check", "rules/a.rules"])),
        0
    );
}

/// A mistake in another file of the folder hides nothing of what is told of this one.
#[test]
fn warnings_of_one_file_outlive_the_mistakes_of_another() {
    let folder = folder("on text \"我\" {\n    reply \"{account.name}\"\n}\n");
    let bad = "on text \"b\" {\n    reply \"c\"\n";
    fs::write(folder.path().join("rules/bad.rules"), bad).expect("a rule file");
    let said = menshen(folder.path(), &["check", "rules/a.rules"]);
    assert_eq!(code(&said), 0, "{}", stdout(&said));
    assert!(stdout(&said).contains("W1011"), "{}", stdout(&said));
    // One that cannot do without its folder says what was not looked at.
    let b = "on text \"限\" {\n    reply \"{limit}\"\n}\n";
    fs::write(folder.path().join("rules/b.rules"), b).expect("a rule file");
    fs::write(folder.path().join("rules/c.rules"), "let limit = 5\n").expect("a rule file");
    let said = menshen(folder.path(), &["check", "rules/b.rules"]);
    assert_eq!(code(&said), 0, "{}", stdout(&said));
    assert!(stderr(&said).contains("还没有看"), "{}", stderr(&said));
}

/// Two files: the first starts a dialog of the second and has a story, as the second has.
fn two_files() -> tempfile::TempDir {
    let folder = folder(
        "on text \"买\" {\n    start buying\n}\n\ntest \"买\" {\n    wechat 小王 sends \"买\"\n    expect reply \"买什么？\"\n}\n",
    );
    fs::write(
        folder.path().join("rules/b.rules"),
        "on text \"再见\" {\n    reply \"再见\"\n}\n\ndialog buying {\n    ask what: word \"买什么？\" at most 3 times\n    give up { reply \"好\" }\n    done { reply \"{what}，好的\" }\n}\n\ntest \"再见\" {\n    wechat 小王 sends \"再见\"\n    expect reply \"走好\"\n}\n",
    )
    .expect("a rule file");
    folder
}

/// Who tests, explains or tries one file of a folder is not told that its neighbour's dialog is unknown.
#[test]
fn one_file_runs_with_the_folder_where_it_needs_it() {
    let folder = two_files();
    let here = folder.path();
    let tested = menshen(here, &["test", "rules/a.rules", "--coverage"]);
    assert_eq!(code(&tested), 0, "{}{}", stdout(&tested), stderr(&tested));
    // Its own stories and its own lines only; and it says so.
    assert!(!stdout(&tested).contains("再见"), "{}", stdout(&tested));
    assert!(stdout(&tested).contains("1/1"), "{}", stdout(&tested));
    assert!(
        stderr(&tested).contains("文件夹 rules"),
        "{}",
        stderr(&tested)
    );
    assert_eq!(code(&menshen(here, &["test", "rules"])), 1);

    let explained = menshen(here, &["explain", "rules/a.rules", "--text", "买"]);
    assert_eq!(code(&explained), 0, "{}", stderr(&explained));
    assert!(
        stdout(&explained).contains("买什么？"),
        "{}",
        stdout(&explained)
    );

    let ended = piped(here, &["chat", "rules/a.rules", "--lang", "en"], "买\n");
    assert!(
        stdout(&ended).contains("bot: 买什么？"),
        "{}",
        stdout(&ended)
    );
    assert!(
        stderr(&ended).contains("the folder rules"),
        "{}",
        stderr(&ended)
    );

    // So is a file whose stories tell what the rules of another one do.
    let told = "on text \"走\" {\n    reply \"走\"\n}\n\ntest \"走\" {\n    wechat 小王 sends \"再见\"\n    expect reply \"再见\"\n}\n";
    fs::write(here.join("rules/c.rules"), told).expect("a rule file");
    let tested = menshen(here, &["test", "rules/c.rules"]);
    assert_eq!(code(&tested), 0, "{}", stdout(&tested));
    assert!(
        stderr(&tested).contains("文件夹 rules"),
        "{}",
        stderr(&tested)
    );
    fs::remove_file(here.join("rules/c.rules")).expect("removed");

    // A file that needs nobody runs alone, whatever stands beside it.
    let alone = menshen(here, &["test", "rules/b.rules"]);
    assert_eq!(code(&alone), 1, "{}", stdout(&alone));
    assert!(!stderr(&alone).contains("文件夹"), "{}", stderr(&alone));
    // What is wrong in it is told as it is, and so is what keeps its folder from running.
    fs::write(here.join("rules/b.rules"), "on txt {\n    reply \"b\"\n}\n").expect("written");
    let wrong = menshen(here, &["test", "rules/a.rules"]);
    assert_eq!(code(&wrong), 2);
    assert!(
        stderr(&wrong).contains("buying") || stderr(&wrong).contains("b.rules:1"),
        "{}",
        stderr(&wrong)
    );
}

/// Failures are told in the chosen language; programs go by the kind, which is the same in both.
#[test]
fn failing_stories_are_told_in_the_chosen_language() {
    let folder = two_files();
    let told = |lang: &str| stdout(&menshen(folder.path(), &["test", "--lang", lang]));
    let (zh, en) = (told("zh"), told("en"));
    assert!(zh.contains("故事没有通过：再见"), "{zh}");
    assert!(zh.contains("实际：回复了“再见”"), "{zh}");
    assert!(en.contains("the story failed: 再见"), "{en}");
    assert!(en.contains("instead: the reply was “再见”"), "{en}");
    let json = |lang: &str| {
        let said = menshen(folder.path(), &["test", "--format", "json", "--lang", lang]);
        let report: serde_json::Value = serde_json::from_str(&stdout(&said)).expect("JSON");
        report["stories"][1].clone()
    };
    let story = json("en");
    let failure = &story["failures"][0];
    assert_eq!(story["passed"], false);
    assert_eq!(
        (&failure["kind"], &failure["line"], &failure["step"]),
        (&"reply".into(), &13.into(), &"expect reply \"走好\"".into())
    );
    let happened = failure["happened"].as_str().expect("a text");
    assert!(happened.starts_with("the reply was"), "{happened}");
    assert_eq!(json("zh")["failures"][0]["kind"], "reply");
}

#[test]
fn a_file_that_cannot_be_read_is_told_in_the_chosen_language() {
    let folder = tempfile::tempdir().expect("a folder");
    // 你好 in GBK.
    let gbk = b"on text \"\xc4\xe3\xba\xc3\" {\n    reply \"a\"\n}\n";
    fs::write(folder.path().join("a.rules"), gbk).expect("written");
    for command in ["check", "test", "explain"] {
        for (path, zh, en) in [
            ("a.rules", "看起来是 GBK", "it seems to be GBK"),
            ("nowhere", "没有 nowhere", "there is no nowhere"),
        ] {
            for (lang, words) in [("zh", zh), ("en", en)] {
                let mut arguments = vec![command, path, "--lang", lang];
                if command == "explain" {
                    arguments.extend(["--text", "你好"]);
                }
                let ended = menshen(folder.path(), &arguments);
                assert_eq!(code(&ended), 2, "{command} {path}");
                let said = stderr(&ended);
                assert!(said.contains(words), "{command} {path}: {said}");
            }
        }
    }
}
