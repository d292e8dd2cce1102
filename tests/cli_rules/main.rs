//! The tools round rule files as an author uses them: `check --fix`, `check --costs`, silenced
//! warnings, `test --coverage`, `chat --record`.
#![cfg(feature = "cli")]

#[path = "../cli_support/mod.rs"]
mod cli_support;
mod files;

use std::fs;
use std::path::Path;
use std::process::Output;

use cli_support::{code, menshen, piped, stderr, stdout};

fn folder(rules: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("rules")).expect("rules");
    fs::write(folder.path().join("rules/a.rules"), rules).expect("a rule file");
    folder
}

fn now(folder: &tempfile::TempDir) -> String {
    fs::read_to_string(folder.path().join("rules/a.rules")).expect("a rule file")
}

const SLIPS: &str = "// 问候\non text '你好' when bound = yes && sender.language == \"zh_CN\"｛\n    reply “您好”;\n}\n";
const MENDED: &str = "# 问候\non text \"你好\" when bound == yes and sender.language == \"zh_CN\"{\n    reply \"您好\"\n}\n";

#[test]
fn certain_fixes_are_written_and_the_file_is_then_sound() {
    let folder = folder(SLIPS);
    let fixed = menshen(folder.path(), &["check", "--fix"]);
    assert_eq!(now(&folder), MENDED);
    assert_eq!(code(&fixed), 0, "{}", stdout(&fixed));
    assert!(stderr(&fixed).contains("改好了"), "{}", stderr(&fixed));
    let left: Vec<_> = fs::read_dir(folder.path().join("rules"))
        .expect("rules")
        .collect();
    assert_eq!(left.len(), 1, "nothing is left beside the file");
}

#[test]
fn nearest_names_are_taken_only_when_asked() {
    let text = "on text \"你好\" {\n    replay \"您好，{sender.langauge}\"\n}\n";
    let folder = folder(text);
    let kept = menshen(folder.path(), &["check", "--fix"]);
    assert_eq!(code(&kept), 1);
    assert_eq!(now(&folder), text);
    let fixed = menshen(folder.path(), &["check", "--fix=all"]);
    assert_eq!(code(&fixed), 0, "{}", stdout(&fixed));
    assert_eq!(
        now(&folder),
        "on text \"你好\" {\n    reply \"您好，{sender.language}\"\n}\n"
    );
}

#[test]
fn a_name_unknown_in_two_files_is_told_of_either_and_mended_in_both() {
    let rule = |text: &str| format!("on text \"{text}\" when boundd {{\n    reply \"x\"\n}}\n");
    let folder = folder(&rule("a"));
    let other = folder.path().join("rules/b.rules");
    fs::write(&other, rule("b")).expect("a second rule file");
    for file in ["a", "b"] {
        let path = format!("rules/{file}.rules");
        let said = menshen(folder.path(), &["check", &path, "--format", "json"]);
        assert_eq!(code(&said), 1, "{path}");
        let found: serde_json::Value = serde_json::from_str(&stdout(&said)).expect("JSON");
        assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
        let told = found[0]["file"].as_str().expect("a file");
        assert!(told.ends_with(&format!("{file}.rules")), "{found}");
    }
    let fixed = menshen(folder.path(), &["check", "--fix=all"]);
    assert_eq!(code(&fixed), 0, "{}", stdout(&fixed));
    let mended = fs::read_to_string(&other).expect("a rule file");
    assert!(mended.contains("when bound {") && now(&folder).contains("when bound {"));
}

#[test]
fn a_warning_is_silenced_where_it_stands_and_only_with_a_reason() {
    let with = |comment: &str| {
        let folder = folder(&format!("{comment}\nlet usual = 90 days\n"));
        let said = menshen(folder.path(), &["check", "--format", "json"]);
        let found: serde_json::Value = serde_json::from_str(&stdout(&said)).expect("JSON");
        let names: Vec<String> = found
            .as_array()
            .expect("an array")
            .iter()
            .map(|one| one["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        names.join(" ")
    };
    assert_eq!(with("# 窗口"), "unused");
    assert_eq!(with("# allow unused: 下周要用"), "");
    assert_eq!(with("# allow W1001：下周要用"), "");
    assert_eq!(with("# allow unused"), "allow unused");
    assert_eq!(with("# allow unsed: 下周要用"), "allow unused");
    assert_eq!(with("# allow hidden: 没有的事"), "allow unused");
}

#[test]
fn an_error_cannot_be_silenced() {
    let folder = folder("# allow E0203: 不管它\non text \"你好\" {\n    reply \"{nobody}\"\n}\n");
    assert_eq!(code(&menshen(folder.path(), &["check"])), 1);
}

#[test]
fn costs_are_printed_for_every_rule_and_signal() {
    let folder = folder(
        "on text \"你好\" {\n    reply \"您好\"\n}\n\non login when count(failures, within: 1 hour) >= 3 {\n    challenge captcha\n}\n",
    );
    let said = stdout(&menshen(folder.path(), &["check", "--costs"]));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].contains("0 次查历史"), "{said}");
    assert!(lines[1].contains("1 次查历史，最多 2000 行"), "{said}");
}

const HALF: &str = "\
on text \"你好\" when bound {
    reply \"您好，{account.name}\"
}

on text \"你好\" {
    reply \"您好\"
}

on text \"再见\" {
    reply \"再见\"
}

test \"问候\" {
    wechat 小王 sends \"你好\"
    expect reply \"您好\"
}
";

#[test]
fn coverage_names_what_no_story_went_through_by_line() {
    let folder = folder(HALF);
    let said = menshen(folder.path(), &["test", "--coverage"]);
    assert_eq!(code(&said), 0);
    let out = stdout(&said);
    assert!(out.contains("1/3"), "{out}");
    for line in [
        "a.rules:1: 没有走到",
        "a.rules:1: 没有真过: bound",
        "a.rules:9: 没有走到",
    ] {
        assert!(out.contains(line), "{line} is missing in\n{out}");
    }
    assert!(!out.contains("a.rules:5"), "{out}");

    let json = menshen(folder.path(), &["test", "--coverage", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout(&json)).expect("JSON");
    let coverage = &report["coverage"];
    assert_eq!(coverage["kinds"]["rules"]["reached"], 1);
    assert_eq!(coverage["kinds"]["conditions"]["all"], 2);
    let bound = &coverage["points"][1];
    assert_eq!(bound["name"], "bound");
    assert_eq!(
        (&bound["seen_true"], &bound["seen_false"]),
        (&false.into(), &true.into())
    );
}

/// Coverage of some stories says whose it is.
#[test]
fn coverage_of_chosen_stories_says_so() {
    let two = format!(
        "{HALF}\ntest \"别的\" {{\n    wechat 小王 sends \"再见\"\n    expect reply \"再见\"\n}}\n"
    );
    let folder = folder(&two);
    let part = menshen(
        folder.path(),
        &["test", "--coverage", "--filter", "问候", "--lang", "en"],
    );
    assert!(
        stderr(&part).contains("coverage counts the 1 stories chosen, of 2 in all"),
        "{}",
        stderr(&part)
    );
    let all = menshen(folder.path(), &["test", "--coverage", "--lang", "en"]);
    assert!(
        !stderr(&all).contains("coverage counts"),
        "{}",
        stderr(&all)
    );
    let json = menshen(
        folder.path(),
        &["test", "--coverage", "--filter", "问候", "--format", "json"],
    );
    let report: serde_json::Value = serde_json::from_str(&stdout(&json)).expect("JSON");
    assert_eq!(
        report["coverage"]["stories"],
        serde_json::json!({ "counted": 1, "all": 2 })
    );
}

/// Paths in reports lead to the files from where one stands, as editors and code review tools need.
#[test]
fn reports_name_files_from_where_one_stands() {
    let folder = folder("on txt {\n    reply \"b\"\n}\n");
    let here = folder.path();
    let file_of = |arguments: &[&str]| {
        let mut all = vec!["check"];
        all.extend(arguments);
        all.extend(["--format", "json"]);
        let said = menshen(here, &all);
        let found: serde_json::Value = serde_json::from_str(&stdout(&said)).expect("JSON");
        found[0]["file"].as_str().expect("a file").to_owned()
    };
    for arguments in [
        &[] as &[&str],
        &["rules"],
        &["./rules"],
        &["rules/a.rules"],
        &["."],
    ] {
        assert_eq!(file_of(arguments), "rules/a.rules", "{arguments:?}");
    }
    let whole = here.canonicalize().expect("a folder").join("rules");
    assert_eq!(file_of(&[whole.to_str().expect("UTF-8")]), "rules/a.rules");
    let human = stdout(&menshen(here, &["check"]));
    assert!(human.contains("--> rules/a.rules:1:4"), "{human}");
    let sarif = menshen(here, &["check", "--format", "sarif"]);
    let log: serde_json::Value = serde_json::from_str(&stdout(&sarif)).expect("JSON");
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "rules/a.rules");
    // Commands that run the rules report the same way, and stories too.
    let test = menshen(here, &["test"]);
    assert!(
        stderr(&test).contains("--> rules/a.rules:1:4"),
        "{}",
        stderr(&test)
    );
    fs::write(
        here.join("rules/a.rules"),
        "test \"问候\" {\n    wechat 小王 sends \"你好\"\n    expect reply \"您好\"\n}\n",
    )
    .expect("written");
    let failed = stdout(&menshen(here, &["test"]));
    assert!(failed.contains("--> rules/a.rules:1"), "{failed}");
}

#[test]
fn too_little_coverage_ends_with_1() {
    let folder = folder(HALF);
    let ends = |arguments: &[&str]| {
        let mut all = vec!["test"];
        all.extend(arguments);
        code(&menshen(folder.path(), &all))
    };
    assert_eq!(ends(&["--min-coverage", "30"]), 0);
    assert_eq!(ends(&["--min-coverage", "90"]), 1);
    assert_eq!(ends(&["--min-coverage", "outcomes=100"]), 0);
    assert_eq!(ends(&["--min-coverage", "rules=34"]), 1);
    assert_eq!(ends(&["--min-coverage", "lines=34"]), 2);
}

#[test]
fn a_filter_that_no_story_fits_is_no_green_step() {
    let folder = folder(HALF);
    let none = menshen(folder.path(), &["test", "--filter", "没有这个故事"]);
    assert_eq!(code(&none), 2, "{}", stderr(&none));
    assert!(stderr(&none).contains("没有这个故事"), "{}", stderr(&none));
    assert_eq!(code(&menshen(folder.path(), &["test", "--filter", ""])), 0);
}

#[test]
fn two_folders_with_one_file_name_are_not_checked_by_halves() {
    let folder = folder("on text \"a\" {\n    reply \"b\"\n}\n");
    fs::create_dir(folder.path().join("more")).expect("a folder");
    fs::write(folder.path().join("more/a.rules"), "on txt {\n").expect("a rule file");
    for paths in [["rules", "more"], ["more", "rules"]] {
        let said = menshen(folder.path(), &["check", paths[0], paths[1]]);
        assert_eq!(code(&said), 2, "{}", stdout(&said));
        assert!(stderr(&said).contains("a.rules"), "{}", stderr(&said));
    }
}

#[test]
fn what_a_comment_excuses_does_not_count() {
    let folder = folder(&HALF.replace(
        "on text \"再见\" {",
        "# allow uncovered: 没有人说再见\non text \"再见\" {",
    ));
    let out = stdout(&menshen(folder.path(), &["test", "--coverage"]));
    assert!(out.contains("1/2"), "{out}");
    assert!(!out.contains("再见"), "{out}");
}

/// A chat of these lines that was recorded.
fn recorded(folder: &Path, lines: &str) -> Output {
    let ended = piped(folder, &["chat", "--record", "rules/recorded.rules"], lines);
    assert_eq!(code(&ended), 0, "{}", stderr(&ended));
    ended
}

#[test]
fn a_recorded_chat_is_a_story_that_passes() {
    let folder = folder(
        "on text \"你好\" {\n    reply \"您好！\\n第二行 \\{\\}\"\n}\n\non click \"HELP\" {\n    reply \"帮助\"\n}\n\non login when login.city == \"纽约\" {\n    note \"纽约\"\n}\n",
    );
    let ended = recorded(
        folder.path(),
        "你好\n什么\n/click HELP\n/login 北京 pc\n/login 北京 pc wrong\n/lock\n",
    );
    assert!(stderr(&ended).contains("聊天记录 1"), "{}", stderr(&ended));
    let story = fs::read_to_string(folder.path().join("rules/recorded.rules")).expect("recorded");
    for line in [
        "    wechat 小王 sends \"你好\"\n    expect reply \"您好！\\n第二行 \\{\\}\"\n",
        "    wechat 小王 sends \"什么\"\n    expect no reply\n",
        "    wechat 小王 clicks \"HELP\"\n    expect reply \"帮助\"\n",
        "    place 北京 39.9 116.4 country \"中国\"\n    login alice city 北京 machine \"pc\" solving captcha\n    expect allowed\n",
        "    operator locks alice\n",
    ] {
        assert!(story.contains(line), "{line} is missing in\n{story}");
    }
    let tested = menshen(folder.path(), &["test"]);
    assert_eq!(code(&tested), 0, "{story}\n{}", stdout(&tested));
}

/// What the information system answered in the chat it answers in the story; and who has asked it is said.
#[test]
fn a_recorded_chat_has_the_answers_from_outside() {
    let folder = folder(
        "on text \"订单{number: word}\" {\n    call order_state with number {\n        ok     { reply \"{number}：{answer}\" }\n        failed { reply \"查不了\" }\n    }\n}\n\non text \"查{what: rest}\" {\n    forward {\n        unbound  { reply \"{what}：未绑定\" }\n        answered { reply \"{answer}\" }\n        late     { reply \"晚了\" }\n        failed   { reply \"坏了\" }\n    }\n}\n",
    );
    let ended = recorded(folder.path(), "订单5\n/explain\n订单6\n查天气\n");
    let said = stdout(&ended);
    assert!(said.contains("由 a.rules:1 回答"), "{said}");
    let story = fs::read_to_string(folder.path().join("rules/recorded.rules")).expect("recorded");
    let answers = story.matches("    system answers \"收到\"\n").count();
    assert_eq!(answers, 1, "{story}");
    assert!(story.contains("    expect reply \"6：收到\"\n"), "{story}");
    let tested = menshen(folder.path(), &["test"]);
    assert_eq!(code(&tested), 0, "{story}\n{}", stdout(&tested));
}

/// Rules that ask for the time answer in the story as they did in the chat, whenever that was.
#[test]
fn a_chat_under_rules_that_read_the_clock_is_recorded_with_it() {
    let folder = folder(
        "on text \"几点\" when now.hour < 6 or now.weekday >= 6 {\n    reply \"{now.date}休息\"\n}\n\non text \"几点\" {\n    reply \"{now.date} {now.hour}\"\n}\n",
    );
    recorded(folder.path(), "几点\n");
    let story = fs::read_to_string(folder.path().join("rules/recorded.rules")).expect("recorded");
    let first = story.lines().nth(1).unwrap_or_default();
    assert!(first.starts_with("    after "), "{story}");
    let tested = menshen(folder.path(), &["test"]);
    assert_eq!(code(&tested), 0, "{story}\n{}", stdout(&tested));
}
