//! The binary as people use it: exit codes, what goes to which stream, and whole conversations.
#![cfg(feature = "cli")]

mod cli_support;

use std::io::Write as _;
use std::path::Path;

use cli_support::{code, command, menshen, piped, stderr, stdout};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn check_ends_with_0_for_sound_rules_1_for_wrong_ones_2_for_none() {
    let folder = folder();
    let good = menshen(root(), &["check", "rules"]);
    assert_eq!(code(&good), 0, "{}", stdout(&good));
    std::fs::write(
        folder.path().join("bad.rules"),
        "on text \"x\" {\n    replay \"y\"\n}\n",
    )
    .expect("written");
    let bad = menshen(folder.path(), &["check", "bad.rules"]);
    assert_eq!(code(&bad), 1);
    assert!(stdout(&bad).contains("bad.rules:2"), "{}", stdout(&bad));
    let none = menshen(folder.path(), &["check", "missing.rules"]);
    assert_eq!(code(&none), 2);
    assert!(stderr(&none).contains("missing.rules"));
    assert_eq!(
        code(&menshen(folder.path(), &["check", "--no-such-option"])),
        2
    );
}

#[test]
fn reports_for_programs_are_json_and_nothing_else_on_standard_output() {
    let folder = folder();
    std::fs::write(
        folder.path().join("bad.rules"),
        "on text \"x\" {\n    replay \"y\"\n}\n",
    )
    .expect("written");
    let json = menshen(folder.path(), &["check", "bad.rules", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&stdout(&json)).expect("JSON");
    let code = found[0]["code"].as_str().expect("a code").to_owned();
    let sarif = menshen(folder.path(), &["check", "bad.rules", "--format", "sarif"]);
    let sarif: serde_json::Value = serde_json::from_str(&stdout(&sarif)).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let page = menshen(folder.path(), &["help", &code]);
    assert_eq!(self::code(&page), 0);
    assert!(stdout(&page).contains(&code));
}

#[test]
fn nothing_is_coloured_when_piped() {
    let folder = folder();
    std::fs::write(
        folder.path().join("bad.rules"),
        "on text \"x\" {\n    replay \"y\"\n}\n",
    )
    .expect("written");
    let bad = menshen(folder.path(), &["check", "bad.rules"]);
    assert!(!stdout(&bad).contains('\u{1b}'));
}

#[test]
fn calls_are_checked_against_the_configuration_when_there_is_one() {
    let folder = folder();
    let made = menshen(folder.path(), &["init", "."]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    assert_eq!(code(&menshen(folder.path(), &["check"])), 0);
    let file = folder.path().join("menshen.toml");
    let text = std::fs::read_to_string(&file).expect("readable");
    std::fs::write(
        &file,
        text.replace("[calls.security_desk]", "[calls.security_dask]"),
    )
    .expect("written");
    let checked = menshen(folder.path(), &["check"]);
    assert_eq!(code(&checked), 1, "{}", stdout(&checked));
    assert!(stdout(&checked).contains("security_dask"), "the suggestion");
}

#[test]
fn keys_and_exports_work_without_a_server() {
    let folder = folder();
    assert_eq!(code(&menshen(folder.path(), &["init", "."])), 0);
    let key = menshen(
        folder.path(),
        &["keys", "add", "erp", "--scope", "login,codes"],
    );
    assert!(stdout(&key).starts_with("msk_"), "{}", stderr(&key));
    let list = menshen(folder.path(), &["keys", "list"]);
    assert!(stdout(&list).contains("erp") && !stdout(&list).contains(stdout(&key).trim()));
    let export = menshen(folder.path(), &["export", "--out", "backup.jsonl"]);
    assert_eq!(code(&export), 0, "{}", stderr(&export));
    let again = menshen(folder.path(), &["export", "--out", "backup.jsonl"]);
    assert_eq!(code(&again), 2, "an export never overwrites");
    assert_eq!(code(&menshen(folder.path(), &["init", "new"])), 0);
    let import = menshen(
        folder.path(),
        &["import", "backup.jsonl", "--config", "new/menshen.toml"],
    );
    assert_eq!(code(&import), 0, "{}", stderr(&import));
    let list = menshen(
        folder.path(),
        &["keys", "list", "--config", "new/menshen.toml"],
    );
    assert!(stdout(&list).contains("erp"));
    let twice = menshen(
        folder.path(),
        &["import", "backup.jsonl", "--config", "new/menshen.toml"],
    );
    assert_eq!(code(&twice), 1, "the store is not empty any more");
    let revoke = menshen(folder.path(), &["keys", "revoke", "erp"]);
    assert_eq!(code(&revoke), 0, "{}", stderr(&revoke));
}

#[test]
fn serve_refuses_a_store_of_dev_and_makes_none() {
    let folder = folder();
    assert_eq!(code(&menshen(folder.path(), &["init", "."])), 0);
    let data = folder.path().join("data");
    std::fs::remove_dir_all(&data).expect("removed");
    let served = menshen(folder.path(), &["serve"]);
    assert_eq!(code(&served), 2);
    assert!(stderr(&served).contains("no store"), "{}", stderr(&served));
    assert!(!data.exists());

    let options = menshen::store::OpenOptions {
        path: data,
        cache_bytes: 0,
        flavour: Some(menshen::store::Flavour::Dev),
        on_loss: menshen::store::OnLoss::Refuse,
    };
    let opened = menshen::store::open(options, menshen::env::Env::system()).expect("a store");
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(opened.store.close());
    let served = menshen(folder.path(), &["serve"]);
    assert_eq!(code(&served), 2, "{}", stderr(&served));
    assert!(
        stderr(&served).contains("menshen dev"),
        "{}",
        stderr(&served)
    );
}

#[test]
fn dev_refuses_an_address_others_can_reach_unless_told_its_name() {
    let folder = folder();
    let refused = menshen(folder.path(), &["dev", "--listen", "0.0.0.0:0"]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("--host"), "{}", stderr(&refused));
}

#[test]
fn a_failing_story_is_printed_with_the_wrong_line_marked() {
    let folder = folder();
    std::fs::write(
        folder.path().join("a.rules"),
        "on text \"你好\" {\n    reply \"您好\"\n}\n\ntest \"问候\" {\n    wechat 小王 sends \"你好\"\n    expect reply \"再见\"\n}\n",
    )
    .expect("written");
    let tested = menshen(folder.path(), &["test", "a.rules"]);
    assert_eq!(code(&tested), 1);
    let said = stdout(&tested);
    assert!(
        said.contains("expect reply \"再见\"") && said.contains("您好"),
        "{said}"
    );
    let none = menshen(folder.path(), &["test", "a.rules", "--filter", "没有"]);
    assert_eq!(code(&none), 2, "a slip in the name is no success");
    let json = menshen(folder.path(), &["test", "a.rules", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&json)).expect("JSON");
    assert_eq!(json["stories"][0]["failures"][0]["line"], 7);
}

#[test]
fn explain_says_who_answers_and_why_others_do_not() {
    let said = menshen(
        root(),
        &["explain", "rules", "--text", "我的手机号是13800138000"],
    );
    assert_eq!(code(&said), 0, "{}", stderr(&said));
    assert!(stdout(&said).contains("回复："), "{}", stdout(&said));
    let push = "<xml><ToUserName>gh</ToUserName><FromUserName>o1</FromUserName><CreateTime>1767574800</CreateTime>\
                <MsgType>event</MsgType><Event>CLICK</Event><EventKey>HELP</EventKey></xml>";
    let said = piped(root(), &["explain", "rules", "--event", "-"], push);
    assert_eq!(code(&said), 0, "{}", stderr(&said));
    assert!(
        stdout(&said).contains("service.rules:"),
        "{}",
        stdout(&said)
    );
    let english = menshen(
        root(),
        &["explain", "rules", "--text", "锁定", "--lang", "en"],
    );
    let said = stdout(&english);
    assert!(said.starts_with("reply: "), "{said}");
    assert!(said.contains("\nanswered by guard.rules:"), "{said}");
    assert!(said.contains("does not hold: alert.open"), "{said}");
    let by_habit = command(root(), &["explain", "rules", "--text", "锁定"])
        .env("MENSHEN_LANG", "en")
        .output()
        .expect("it starts");
    assert_eq!(stdout(&by_habit), said);
    let nothing = menshen(root(), &["explain", "rules"]);
    assert_eq!(code(&nothing), 2);
}

#[test]
fn a_conversation_comes_through_a_pipe() {
    let first = piped(
        root(),
        &["chat", "rules"],
        "/code\n绑定\n13800138000\n/explain\n取消\n",
    );
    assert_eq!(code(&first), 0, "{}", stderr(&first));
    let said = stdout(&first);
    assert!(
        said.contains("验证码 ") && said.contains("机器人: 请发送您登记的手机号"),
        "{said}"
    );
    assert!(
        said.contains("回答") && said.contains("机器人: 已取消"),
        "{said}"
    );
    let english = piped(
        root(),
        &["chat", "rules", "--lang", "en"],
        "/code\n绑定\n/explain\n/nothing\n/help\n",
    );
    let said = stdout(&english);
    for words in [
        "code ",
        "bot: 请发送您登记的手机号",
        "answered by binding.rules:",
        "as an operator",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// What has no report of its own speaks the language that was chosen, too, and Chinese unless told.
#[test]
fn setting_up_is_told_in_both_languages() {
    let folder = folder();
    let run = |arguments: &[&str]| {
        let done = menshen(folder.path(), arguments);
        assert_eq!(code(&done), 0, "{}", stderr(&done));
        stdout(&done) + &stderr(&done)
    };
    let said = run(&["init", "."]);
    assert!(
        said.contains("建好 ./menshen.toml") && said.contains("接下来"),
        "{said}"
    );
    let said = run(&["init", ".", "--lang", "en"]);
    assert!(
        said.contains("kept ./menshen.toml") && said.contains("Next:"),
        "{said}"
    );
    let add = ["keys", "add", "erp", "--scope", "login"];
    assert!(run(&add).contains("不会再显示"));
    assert!(run(&["keys", "list"]).contains("始于"));
    assert!(run(&["keys", "list", "--lang", "en"]).contains("since"));
    assert!(run(&["keys", "revoke", "erp", "--lang", "en"]).contains("is revoked"));
    assert!(run(&["keys", "list"]).contains("作废于"));
    run(&["export", "--out", "backup.jsonl"]);
    for (place, lang, words) in [("a", "zh", "条记录"), ("b", "en", "records imported")] {
        run(&["init", place]);
        let config = format!("{place}/menshen.toml");
        let arguments = [
            "import",
            "backup.jsonl",
            "--config",
            &config,
            "--lang",
            lang,
        ];
        assert!(run(&arguments).contains(words), "{lang}");
    }
}

#[test]
fn fmt_changes_files_in_one_step_and_check_names_them() {
    let folder = folder();
    let rules = folder.path().join("rules");
    std::fs::create_dir(&rules).expect("a folder");
    std::fs::write(rules.join("a.rules"), "on any { reply \"x\" }\n").expect("written");
    std::fs::write(rules.join("b.rules"), "on   any {\n reply \"y\" # 说\n}").expect("written");
    std::fs::write(
        rules.join("broken.rules"),
        "on any {\n    replay \"z\"\n}\n",
    )
    .expect("written");

    let checked = menshen(folder.path(), &["fmt", "--check"]);
    assert_eq!(code(&checked), 1);
    assert_eq!(stdout(&checked), "rules/b.rules\n");
    assert!(stderr(&checked).contains("replay"), "{}", stderr(&checked));

    let done = menshen(folder.path(), &["fmt", "rules"]);
    assert_eq!(code(&done), 1, "one file has errors");
    let text = std::fs::read_to_string(rules.join("b.rules")).expect("read");
    assert_eq!(text, "on any {\n    reply \"y\"  # 说\n}\n");
    let broken = std::fs::read_to_string(rules.join("broken.rules")).expect("read");
    assert_eq!(broken, "on any {\n    replay \"z\"\n}\n", "left alone");

    let again = menshen(
        folder.path(),
        &["fmt", "--check", "rules/b.rules", "rules/a.rules"],
    );
    assert_eq!(code(&again), 0);
    assert_eq!(stdout(&again), "");
    let names: Vec<_> = std::fs::read_dir(&rules).expect("read").collect();
    assert_eq!(names.len(), 3, "nothing is left beside the files");
}

#[test]
fn fmt_reads_standard_input() {
    let folder = folder();
    let done = piped(folder.path(), &["fmt", "-"], "let a=1\n");
    assert_eq!((code(&done), stdout(&done)), (0, "let a = 1\n".to_owned()));
    let checked = piped(folder.path(), &["fmt", "-", "--check"], "let a=1\n");
    assert_eq!(
        (code(&checked), stdout(&checked)),
        (1, "<stdin>\n".to_owned())
    );
    let broken = piped(folder.path(), &["fmt", "-"], "let a=\n");
    assert_eq!((code(&broken), stdout(&broken)), (1, String::new()));
    let missing = menshen(folder.path(), &["fmt", "nowhere"]);
    assert_eq!(code(&missing), 2);
}

#[test]
fn a_login_in_a_conversation_is_explained() {
    let done = piped(
        root(),
        &["chat", "rules"],
        "/login 北京 pc\n/login 纽约 x\n/explain\n",
    );
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let said = stdout(&done);
    // The signal that fired with the past login it rests on, and the rule that did not act.
    assert!(
        said.contains("怀疑度") && said.contains("new_machine"),
        "{said}"
    );
    assert!(
        said.contains("规则 guard.rules:") && said.contains("执行了"),
        "{said}"
    );
    assert!(said.contains(" 北京 成功"), "{said}");
    let english = piped(
        root(),
        &["chat", "rules", "--lang", "en"],
        "/login 北京 pc\n/login 纽约 x\n/explain\n",
    );
    let said = stdout(&english);
    for words in ["suspicion ", "rule guard.rules:", " 北京 succeeded"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("没有触发"), "{said}");
}

/// A platform that answers every request with this `Date`.
fn platform_with_date(date: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 1024];
            let _ = std::io::Read::read(&mut stream, &mut head);
            let answer = format!(
                "HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

#[test]
fn doctor_reaches_the_platform_and_does_not_panic() {
    let folder = folder();
    let init = menshen(
        folder.path(),
        &["init", "bot", "--app-id", "wx1234567890abcdef"],
    );
    assert_eq!(code(&init), 0, "{}", stderr(&init));
    let said = |base: &str| {
        let output = command(&folder.path().join("bot"), &["doctor", "--format", "json"])
            .env("MENSHEN_OFFICIAL_ACCOUNT__MAIN__API_BASE", base)
            .output()
            .expect("it starts");
        assert!(code(&output) < 2, "{}", stderr(&output));
        stdout(&output)
    };
    let old = said(&platform_with_date("Thu, 01 Jan 2026 00:00:00 GMT"));
    assert!(
        old.contains("clock-skew") && !old.contains("api-unreachable"),
        "{old}"
    );
    assert!(said("http://127.0.0.1:1").contains("api-unreachable"));
}
