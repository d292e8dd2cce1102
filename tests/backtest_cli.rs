//! `menshen backtest` as people use it: files, pieces of files, standard input, a git revision, an
//! interruption; and its JSON against `docs/backtest-report.schema.json`.
#![cfg(all(feature = "cli", feature = "backtest"))]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_menshen"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("MENSHEN_LANG")
        .env_remove("NO_COLOR");
    command
}

fn done(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn report(folder: &Path, arguments: &[&str]) -> Value {
    let text = done(&command(folder, arguments).output().expect("it starts"));
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
    done(&command(folder.path(), &made).output().expect("it starts"));
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

#[test]
fn several_files_and_standard_input_are_one_stream() {
    let folder = folder();
    let text = std::fs::read_to_string(folder.path().join("logins.csv")).expect("logins");
    let lines: Vec<&str> = text.lines().collect();
    let (header, rows) = lines.split_first().expect("a header");
    for (name, rows) in [
        ("1.csv", &rows[..rows.len() / 3]),
        ("2.csv", &rows[rows.len() / 3..]),
    ] {
        let part = format!("{header}\n{}\n", rows.join("\n"));
        std::fs::write(folder.path().join(name), part).expect("written");
    }
    let json = ["--format", "json"];
    let one = |files: &[&str], threads: &str| {
        let first = ["backtest", "rules", "--threads", threads, "--logins"];
        let arguments = [&first[..], files, &json[..]];
        report(folder.path(), &arguments.concat())
    };
    let whole = one(&["logins.csv"], "1");
    assert_eq!(whole["input"]["logins"], rows.len());
    assert_eq!(one(&["1.csv", "2.csv"], "2")["figures"], whole["figures"]);
    assert_eq!(one(&["logins.csv"], "3")["figures"], whole["figures"]);

    let mut child = command(
        folder.path(),
        &["backtest", "rules", "--logins", "-", "--format", "json"],
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .stderr(Stdio::null())
    .spawn()
    .expect("it starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(text.as_bytes()).expect("it reads");
    drop(input);
    let piped: Value =
        serde_json::from_str(&done(&child.wait_with_output().expect("it ends"))).expect("JSON");
    assert_eq!(piped["figures"], whole["figures"]);
    assert_eq!(
        piped["input"]["files"][0]["xxh64"],
        whole["input"]["files"][0]["xxh64"]
    );
}

#[test]
fn the_sample_is_read_whole_and_its_attacks_are_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sample = "examples/logins.csv";
    let told = report(
        root,
        &["backtest", "rules", "--logins", sample, "--format", "json"],
    );
    assert_eq!(told["input"]["logins"], 400);
    assert_eq!(told["input"]["unusable"], 0);
    let labels = &told["figures"]["labels"];
    assert_eq!(labels["logins"]["recall"], 1.0, "{labels}");
}

#[test]
fn decisions_are_a_line_for_every_login_in_order() {
    let folder = folder();
    let arguments = ["backtest", "rules", "--logins", "logins.csv"];
    let lines = |name: &str, threads: &str| -> Vec<Value> {
        let more = ["--decisions", name, "--threads", threads];
        let ended = command(folder.path(), &[&arguments[..], &more].concat()).output();
        done(&ended.expect("it starts"));
        let text = std::fs::read_to_string(folder.path().join(name)).expect("written");
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("JSON")
    };
    let said = lines("1.ndjson", "1");
    assert_eq!(lines("3.ndjson", "3"), said, "threads change nothing");
    let told = report(
        folder.path(),
        &[&arguments[..], &["--warm-up", "0", "--format", "json"]].concat(),
    );
    assert_eq!(told["input"]["logins"], said.len());
    let numbers: Vec<u64> = said
        .iter()
        .filter_map(|line| line["number"].as_u64())
        .collect();
    assert_eq!(numbers, (1..=said.len() as u64).collect::<Vec<_>>());
    let challenged = said.iter().filter(|line| line["verdict"] == "challenge");
    assert_eq!(told["figures"]["totals"]["challenged"], challenged.count());
    let (good, bad): (Vec<_>, Vec<_>) = said.iter().partition(|line| line["success"] == true);
    assert!(
        good.iter()
            .all(|line| line["signals"].as_array().is_some_and(|all| all.len() == 2))
    );
    assert!(
        bad.iter()
            .all(|line| line["signals"] == serde_json::json!([]))
    );
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

#[test]
fn numbers_that_mean_nothing_are_refused() {
    let folder = folder();
    let with = |more: &[&str]| {
        let first = ["backtest", "rules", "--logins", "logins.csv"];
        refused(folder.path(), &[&first, more].concat())
    };
    for wrong in [
        "--warm-up=-5",
        "--warm-up=nan",
        "--last=-1",
        "--incident-gap=-3",
        "--max-unusable=500",
        "--max-prompts-per-day=-1",
        "--max-prompts-per-10k=inf",
        "--threads=0",
        "--threads=100000",
    ] {
        with(&[wrong]);
    }
    assert!(with(&["--min-recall=50"]).contains("0.8 for 80 %"));
    assert!(with(&["--sweep=budget=90..40/5"]).contains("must not exceed"));
    assert!(with(&["--against=running"]).contains("--live"));
    assert!(with(&["--label=fraud"]).contains("it has: attack"));
}

#[test]
fn gates_do_not_pass_on_logins_that_were_not_judged() {
    let folder = folder();
    let base = ["backtest", "rules", "--logins", "logins.csv"];
    for (more, why) in [
        (
            ["--warm-up", "500", "--min-recall", "0.5"],
            "behind the warm-up",
        ),
        (
            ["--warm-up", "500", "--max-prompts-per-day", "5"],
            "behind the warm-up",
        ),
        (
            ["--warm-up", "500", "--max-prompts-per-10k", "5"],
            "behind the warm-up",
        ),
        (["--last", "0", "--max-prompts-per-day", "5"], "above 0"),
    ] {
        let arguments = [&base[..], &more].concat();
        let said = refused(folder.path(), &arguments);
        assert!(said.contains(why), "{said}");
    }
    // What cannot be written is told before anything is read.
    let arguments = [
        "backtest",
        "rules",
        "--logins",
        "none.csv",
        "--report",
        "logins.csv/x",
    ];
    let ended = command(folder.path(), &arguments)
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("logins.csv/x"), "{said}");
}

#[test]
fn what_no_label_says_is_not_made_up() {
    let folder = folder();
    let mut text = "account,time,success,city,label_fraud\n".to_owned();
    for day in 10..30 {
        text += &format!("a,2026-01-{day}T08:00:00Z,true,北京,\n");
    }
    // Somebody reported the last of two unusual logins, and nobody says anything about the others.
    text += "a,2026-01-30T08:00:00Z,true,深圳,\na,2026-01-30T09:00:00Z,true,成都,1\n";
    std::fs::write(folder.path().join("fraud.csv"), text).expect("written");
    let alerts = "signal city \"异地\" weight 60 {\n    when new(login.city, within: 30 days)\n}\n\
        on login when suspicion >= 60 {\n    alert expires 1 day {\n        message \"登录异常，请看 https://example.com/login\"\n    }\n}\n\
        on undeliverable alert {\n    note \"x\"\n}\n";
    std::fs::write(folder.path().join("alerts.rules"), alerts).expect("written");
    let first = ["backtest", "alerts.rules", "--logins", "fraud.csv"];
    let told = |more: &[&str]| {
        let all = [&first[..], &["--format", "json"], more].concat();
        report(folder.path(), &all)["figures"]["labels"]["logins"].clone()
    };
    let logins = told(&[]);
    assert_eq!(logins["recall"], 1.0, "{logins}");
    assert_eq!(logins["precision"], Value::Null, "{logins}");
    assert_eq!(logins["precision_interval"], Value::Null, "{logins}");
    assert_eq!(logins["flagged_unlabelled"], 1, "{logins}");
    let text = done(&command(folder.path(), &first).output().expect("it starts"));
    assert!(
        text.contains("另有 1 次") && text.contains("误报 –"),
        "{text}"
    );
    let logins = told(&["--assume-good"]);
    assert_eq!(logins["precision"], 0.5, "{logins}");
    assert_eq!(logins["flagged_unlabelled"], 0, "{logins}");
}

#[test]
fn a_machine_token_names_its_machine() {
    let folder = folder();
    let (one, two) = ("A".repeat(43), "B".repeat(43));
    let mut text = String::new();
    for (day, mac) in [("01", &one), ("02", &one), ("03", &two)] {
        // The third was signed anew under another key: the same machine.
        text += &format!(
            "{{\"account\":\"a\",\"time\":\"2026-03-{day}T08:00:00Z\",\"success\":true,\"machine\":\"m1.mch_x.{mac}\"}}\n"
        );
    }
    std::fs::write(folder.path().join("tokens.ndjson"), text).expect("written");
    let first = ["backtest", "rules", "--logins", "tokens.ndjson"];
    let all = [&first[..], &["--warm-up", "0", "--explain", "#3"]].concat();
    let told = done(&command(folder.path(), &all).output().expect("it starts"));
    assert!(told.contains("login.machine = mch_x"), "{told}");
    assert!(
        !told.contains("BBBB"),
        "a token is nobody's to read: {told}"
    );
}

#[test]
fn one_file_of_a_set_is_judged_by_what_it_says_of_logins() {
    let folder = folder();
    // As the shipped guard.rules: a dialog cancels with words of another file.
    let talk = "list no_words = [\"不\"]\n";
    let guard = rules(30)
        + "on text \"锁定\" {\n    start confirm\n}\n\
           dialog confirm expires 5 minutes {\n    ask answer: word \"确定吗？\"\n    \
           cancel on no_words { reply \"好。\" }\n    give up { reply \"好。\" }\n    done { reply \"好。\" }\n}\n";
    std::fs::write(folder.path().join("rules/a.rules"), &guard).expect("written");
    std::fs::write(folder.path().join("rules/talk.rules"), talk).expect("written");
    let judged = |rules: &str, more: &[&str]| {
        let first = [
            "backtest",
            rules,
            "--logins",
            "logins.csv",
            "--format",
            "json",
        ];
        let arguments = [&first[..], more].concat();
        let output = command(folder.path(), &arguments).output();
        let output = output.expect("it starts");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let report: Value = serde_json::from_str(&done(&output)).expect("JSON");
        (report, told)
    };
    let (whole, told) = judged("rules", &[]);
    assert!(!told.contains("单独"), "{told}");
    let (alone, told) = judged("rules/a.rules", &[]);
    assert!(told.contains("rules/a.rules 单独不成一套"), "{told}");
    for figure in ["totals", "signals", "load"] {
        assert_eq!(alone["figures"][figure], whole["figures"][figure]);
    }
    // Also what is compared with.
    std::fs::write(folder.path().join("old.rules"), &guard).expect("written");
    let (compared, told) = judged("rules", &["--against", "old.rules"]);
    assert!(told.contains("old.rules 单独不成一套"), "{told}");
    assert_eq!(compared["diff"]["changed"], 0);
    // What judges logins is never left out: then it says what to give instead.
    let torn = rules(30).replace("30 days", "usual");
    std::fs::write(folder.path().join("torn.rules"), torn).expect("written");
    let torn = ["backtest", "torn.rules", "--logins", "logins.csv"];
    let ended = command(folder.path(), &torn).output().expect("it starts");
    assert_eq!(ended.status.code(), Some(1));
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(
        told.contains("usual") && told.contains("整个文件夹"),
        "{told}"
    );
}

#[test]
fn times_are_of_one_zone_that_is_named_and_what_cannot_be_read_is_shown() {
    let folder = folder();
    let head = "account,time,success,city\n";
    let days: String = (1..=9)
        .map(|day| format!("a,2026-01-0{day}T20:30:00Z,yes,city-{day}\n"))
        .collect();
    let wrong = "a,2026年1月\u{202e}九日,yes,x\n";
    std::fs::write(
        folder.path().join("few.csv"),
        format!("{head}{days}{wrong}"),
    )
    .expect("written");
    let old = rules(30).replace("weight 20", "weight 40");
    std::fs::write(folder.path().join("old.rules"), old).expect("written");
    let base = [
        "backtest",
        "rules",
        "--logins",
        "few.csv",
        "--max-unusable",
        "50",
    ];
    let told = |more: &[&str]| {
        let arguments = [&base[..], more].concat();
        done(
            &command(folder.path(), &arguments)
                .output()
                .expect("it starts"),
        )
    };
    let text = told(&[
        "--warm-up",
        "0",
        "--against",
        "old.rules",
        "--report",
        "out",
    ]);
    assert!(
        text.contains("few.csv:11 “2026年1月\\u{202e}九日”"),
        "{text}"
    );
    // Half past eight in the evening in UTC is the next morning in China.
    assert!(
        text.contains("2026-01-02 至 2026-01-10（Asia/Shanghai）"),
        "{text}"
    );
    assert!(text.contains("2026-01-03 04:30 a"), "{text}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join("out").join(name));
    let page = read("report.html").expect("a page");
    assert!(page.contains("时间都是 Asia/Shanghai 的"));
    assert!(page.contains("2026-01-03 04:30") && !page.contains("T20:30"));
    let csv = read("changed.csv").expect("a table");
    assert!(csv.contains(",2026-01-03T04:30:00.000+08:00,a,"), "{csv}");
    let explained = told(&["--explain", "#2"]);
    let line = "#2 a 2026-01-03 04:30:00 +08:00（时间都是 Asia/Shanghai 的）";
    assert!(explained.starts_with(line), "{explained}");
    let utc = told(&["--zone", "UTC", "--explain", "#2"]);
    assert!(utc.starts_with("#2 a 2026-01-02 20:30:00 +00:00"), "{utc}");
}

#[test]
fn a_git_revision_is_compared_with() {
    let folder = folder();
    let git = |arguments: &[&str]| {
        let ended = Command::new("git")
            .args(["-c", "user.name=n", "-c", "user.email=n@example.com"])
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("this test needs git on the PATH");
        assert!(ended.status.success(), "git {arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "rules"]);
    git(&["commit", "-q", "-m", "first"]);
    std::fs::write(folder.path().join("rules/a.rules"), rules(10)).expect("written");
    let arguments = [
        "backtest",
        "rules",
        "--logins",
        "logins.csv",
        "--against",
        "HEAD",
        "--format",
        "json",
    ];
    let told = report(folder.path(), &arguments);
    let changed = told["diff"]["changed"].as_u64().expect("a number");
    assert!(changed > 0, "a lower budget asks more: {told}");
    assert_eq!(told["diff"]["kinds"][0]["old"], "allow");
    assert_eq!(told["diff"]["kinds"][0]["new"], "challenge");
    let unknown = [
        "backtest",
        "rules",
        "--logins",
        "logins.csv",
        "--against",
        "nowhere",
    ];
    let ended = command(folder.path(), &unknown)
        .output()
        .expect("it starts");
    assert_eq!(ended.status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn interrupted_while_reading_it_judges_what_was_read() {
    let folder = folder();
    let text = std::fs::read_to_string(folder.path().join("logins.csv")).expect("logins");
    let (header, rows) = text.split_once('\n').expect("a header");
    let mut child = command(
        folder.path(),
        &[
            "backtest",
            "rules",
            "--logins",
            "-",
            "--format",
            "json",
            "--max-unusable",
            "100",
        ],
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .expect("it starts");
    let mut input = child.stdin.take().expect("a pipe");
    writeln!(input, "{header}").expect("it reads");
    // More than pipes and buffers hold: by the time all is written, reading goes on, and before
    // reading begins it listens.
    let mut written = 0;
    while written < 4 << 20 {
        input.write_all(rows.as_bytes()).expect("it reads");
        written += rows.len();
    }
    let pid = child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &pid]).status();
    assert!(killed.expect("kill").success());
    let mut said = String::new();
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    stderr.read_line(&mut said).expect("it says so");
    assert!(said.contains("正在停下"), "{said}");
    // The input ends without another line: what was read is judged all the same.
    drop(input);
    stderr.read_to_string(&mut said).expect("the rest");
    let told = done(&child.wait_with_output().expect("it ends"));
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["run"]["stopped"], true);
    assert_eq!(told["run"]["judged"], told["input"]["logins"], "{said}");
    assert!(said.contains("这是已完成的部分"), "{said}");
}

#[test]
fn reports_have_the_documented_form() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/backtest-report.schema.json");
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(schema).expect("the schema")).expect("JSON");
    let folder = folder();
    std::fs::write(folder.path().join("old.rules"), rules(40)).expect("written");
    let plain = [
        "backtest",
        "rules",
        "--logins",
        "logins.csv",
        "--format",
        "json",
    ];
    let more = [
        "--against",
        "old.rules",
        "--sweep",
        "budget=10..40/10",
        "--max-prompts-per-day",
        "1000",
    ];
    for arguments in [plain.to_vec(), [&plain[..], &more[..]].concat()] {
        let told = report(folder.path(), &arguments);
        assert_eq!(wrong(&told, &schema, &schema, "$"), None);
        let mut broken = told.clone();
        broken["figures"]["totals"]["logins"] = "many".into();
        assert!(wrong(&broken, &schema, &schema, "$").is_some());
        broken = told;
        broken["surprise"] = 1.into();
        assert!(wrong(&broken, &schema, &schema, "$").is_some());
    }
}

/// Where a value is not as its schema says, for the words the schema uses; unknown words are wrong.
fn wrong(value: &Value, schema: &Value, root: &Value, at: &str) -> Option<String> {
    let rules = schema.as_object()?;
    rules.iter().find_map(|(word, rule)| match word.as_str() {
        "$schema" | "$comment" | "$defs" | "title" | "description" | "required" => None,
        "$ref" => {
            let path = rule.as_str()?.trim_start_matches('#');
            match root.pointer(path) {
                Some(there) => wrong(value, there, root, at),
                None => Some(format!("{at}: no {path}")),
            }
        }
        "anyOf" => rule
            .as_array()?
            .iter()
            .all(|one| wrong(value, one, root, at).is_some())
            .then(|| format!("{at}: none of them")),
        "const" => (value != rule).then(|| format!("{at}: not {rule}")),
        "enum" => (!rule.as_array()?.contains(value)).then(|| format!("{at}: not of {rule}")),
        "minimum" => (value.as_f64() < rule.as_f64() && !value.is_null())
            .then(|| format!("{at}: less than {rule}")),
        "type" => {
            let is = |name: &Value| match name.as_str() {
                Some("object") => value.is_object(),
                Some("array") => value.is_array(),
                Some("string") => value.is_string(),
                Some("boolean") => value.is_boolean(),
                Some("number") => value.is_number(),
                Some("integer") => value.is_i64() || value.is_u64(),
                Some("null") => value.is_null(),
                _ => false,
            };
            let fits = rule
                .as_array()
                .map_or_else(|| is(rule), |some| some.iter().any(is));
            (!fits).then(|| format!("{at}: {value} is no {rule}"))
        }
        "items" => value
            .as_array()?
            .iter()
            .enumerate()
            .find_map(|(index, item)| wrong(item, rule, root, &format!("{at}[{index}]"))),
        "properties" => {
            let known = rule.as_object()?;
            let value = value.as_object()?;
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            if let Some(name) = required
                .iter()
                .filter_map(Value::as_str)
                .find(|name| !value.contains_key(*name))
            {
                return Some(format!("{at}: no {name}"));
            }
            known.iter().find_map(|(name, rule)| {
                wrong(value.get(name)?, rule, root, &format!("{at}.{name}"))
            })
        }
        "additionalProperties" if rule.is_object() => value
            .as_object()?
            .iter()
            .find_map(|(name, item)| wrong(item, rule, root, &format!("{at}.{name}"))),
        "additionalProperties" => {
            let known = schema["properties"].as_object()?;
            let extra = value
                .as_object()?
                .keys()
                .find(|name| !known.contains_key(*name))?;
            Some(format!("{at}: {extra} is not documented"))
        }
        other => Some(format!("{at}: {other} is not understood here")),
    })
}

/// Whether a text has anything Chinese in it.
fn chinese(text: &str) -> Option<String> {
    let is =
        |c: &char| ('\u{3000}'..='\u{303f}').contains(c) || ('\u{4e00}'..='\u{9fff}').contains(c);
    let line = text.lines().find(|line| line.chars().any(|c| is(&c)))?;
    let at = line.chars().position(|c| is(&c)).unwrap_or(0);
    Some(line.chars().skip(at.saturating_sub(60)).take(120).collect())
}

#[test]
fn an_english_report_is_english_everywhere() {
    let folder = folder();
    let english = |budget: u32| {
        format!(
            "let budget = {budget}\nlet idle = 3\n\
             signal city \"new city\" weight {budget} {{\n    when new(login.city, within: 30 days)\n}}\n\
             signal machine \"new machine\" weight 20 {{\n    when new(login.machine, within: 30 days)\n    \
             learn until 3 logins\n}}\n\
             signal often \"often\" weight 10 {{\n    when count(failures, within: 1 hour) >= idle\n}}\n\
             on login when suspicion >= budget {{\n    challenge captcha\n}}\n"
        )
    };
    let write = |name: &str, text: String| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("rules/a.rules", english(30));
    write("old.rules", english(20));
    let mut csv = std::fs::read_to_string(folder.path().join("logins.csv")).expect("logins");
    csv.push_str("x,yesterday\n");
    write("logins.csv", csv);
    let arguments = [
        "backtest",
        "rules",
        "--logins",
        "logins.csv",
        "--lang",
        "en",
        "--against",
        "old.rules",
        "--sweep",
        "budget=10..1000/330",
        "--sweep",
        "idle=3..4/1",
        "--max-prompts-per-10k",
        "0.5",
        "--report",
        "out",
    ];
    let ended = command(folder.path(), &arguments)
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(said.contains("not a well-formed line"), "{said}{told}");
    assert_eq!(chinese(&said), None, "the terminal");
    assert_eq!(chinese(&told), None, "standard error");
    for (name, part) in [
        ("report.html", "<html lang='en'>"),
        ("report.json", "\"why\": \""),
        ("changed.csv", "a.rules:13: yes → no ("),
    ] {
        let text = std::fs::read_to_string(folder.path().join("out").join(name)).expect("a report");
        assert!(text.contains(part), "{name} says {part}");
        // What a condition says of itself comes from `explain`.
        let text = ["不成立：", "，其中 ", "，", "无法判断：缺少 "]
            .iter()
            .fold(text, |text, word| text.replace(word, ""));
        assert_eq!(chinese(&text), None, "{name}");
    }
}

#[test]
fn a_sweep_says_where_it_leads_nowhere_and_what_decides_nothing() {
    let folder = folder();
    let more = "let idle = 3\nsignal often \"多次\" weight 1 shadow {\n    \
                when count(failures, within: 1 hour) >= idle and login.country == \"Nowhere\"\n}\n";
    let text = rules(30) + more;
    std::fs::write(folder.path().join("rules/a.rules"), text).expect("written");
    let sweep = |sweep: &str, more: &[&str]| {
        let arguments = [
            "backtest",
            "rules",
            "--logins",
            "logins.csv",
            "--sweep",
            sweep,
        ];
        command(folder.path(), &[&arguments[..], more].concat())
            .output()
            .expect("it starts")
    };
    // Above 40 the two signals never reach it: a point like others, and it is said which.
    let said = done(&sweep("budget=10..60/10", &[]));
    assert!(
        said.contains("! budget = 50：")
            && said.contains("a.rules:8 的 `suspicion >= budget` 永远不成立"),
        "{said}"
    );
    assert!(said.contains("永远不成立"), "{said}");
    let told = report(
        folder.path(),
        &[
            "backtest",
            "rules",
            "--logins",
            "logins.csv",
            "--sweep",
            "budget=10..60/10",
            "--format",
            "json",
        ],
    );
    let points = told["sweep"]["points"].as_array().expect("points");
    let stuck: Vec<bool> = points
        .iter()
        .map(|point| point["never"] != serde_json::json!([]))
        .collect();
    assert_eq!(stuck, [false, false, false, false, true, true]);
    assert_eq!(points[4]["prompts_per_day"], 0.0);
    assert_eq!(told["sweep"]["idle"], serde_json::json!([]));
    // What decides nothing is said, and rows that are left out are counted.
    let said = done(&sweep("idle=1..60/1", &[]));
    assert!(said.contains("idle：各个值的数字全都一样"), "{said}");
    assert!(said.contains("… 60 个组合里略去了 48 个"), "{said}");
    // A value with which nothing happens keeps no limit.
    let ended = sweep("budget=50..60/10", &["--max-prompts-per-10k", "5"]);
    assert_eq!(ended.status.code(), Some(1));
}

#[test]
fn what_went_wrong_is_said_in_the_language_that_was_asked_for() {
    let folder = folder();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("none.csv", "account,time,success\n");
    write("bad.csv", "account,time,success\na,yesterday,1\n");
    write("few.csv", "account,time\na,1767225600\n");
    write(
        "twice.csv",
        "account,time,success,account\na,1767225600,1,b\n",
    );
    write("map.toml", "[time]\nformat = \"%H:%M\"\n");
    let cases: [(&[&str], &str, &str); 9] = [
        (
            &["--logins", "none.csv"],
            "输入里没有一次登录",
            "there is no login",
        ),
        (
            &["--logins", "bad.csv"],
            "1 行里有 1 行不能用",
            "1 of 1 rows cannot be used",
        ),
        (
            &["--logins", "few.csv"],
            "没有 success 这一列",
            "no column for success",
        ),
        (
            &["--logins", "twice.csv"],
            "有两列都叫 account",
            "two columns are called account",
        ),
        (
            &["--logins", "logins.csv", "--map", "map.toml"],
            "映射文件 map.toml 不对",
            "map.toml: time.format",
        ),
        (
            &["--logins", "logins.csv", "--explain", "x"],
            "输入里没有登录 \"x\"",
            "the input has no login",
        ),
        (
            &["--logins", "logins.csv", "--label", "x"],
            "输入里没有标注 \"x\"",
            "the input has no label",
        ),
        (
            &["--logins", "logins.csv", "--no-lost-true-positives"],
            "要和 --against 一起用",
            "needs --against",
        ),
        (
            &["--logins", "logins.csv", "--sweep", "x=1..2/1"],
            "没有 `let x`",
            "there is no `let x`",
        ),
    ];
    for (arguments, zh, en) in cases {
        for (lang, part) in [("zh", zh), ("en", en)] {
            let arguments = [&["backtest", "rules", "--lang", lang], arguments].concat();
            let ended = command(folder.path(), &arguments)
                .output()
                .expect("it starts");
            assert!(!ended.status.success());
            let said = String::from_utf8_lossy(&ended.stderr);
            assert!(said.contains(part), "{arguments:?}: {said}");
            if lang == "en" {
                assert_eq!(chinese(&said), None, "{arguments:?}");
            }
        }
    }
}

#[test]
fn help_says_that_nothing_passes_on_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    for (lang, part) in [
        ("en", "passes on nothing"),
        ("zh", "不会因为什么都没判断而通过"),
    ] {
        let mut command = command(folder.path(), &["backtest", "--help"]);
        command.env("MENSHEN_LANG", lang);
        let said = done(&command.output().expect("it starts"));
        assert!(said.contains(part), "{said}");
    }
}
