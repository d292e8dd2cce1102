//! What is read: several files, standard input, the sample, tokens of machines, times; an interruption.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{command, done, folder, menshen, piped, report, rules};

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

    let ask = ["backtest", "rules", "--logins", "-", "--format", "json"];
    let streamed = done(&piped(folder.path(), &ask, &text));
    let streamed: Value = serde_json::from_str(&streamed).expect("JSON");
    assert_eq!(streamed["figures"], whole["figures"]);
    assert_eq!(
        streamed["input"]["files"][0]["xxh64"],
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
    let told = done(&menshen(folder.path(), &all));
    assert!(told.contains("login.machine = mch_x"), "{told}");
    assert!(
        !told.contains("BBBB"),
        "a token is nobody's to read: {told}"
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
        done(&menshen(folder.path(), &arguments))
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
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(1), "a part is not the whole");
    let told: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    assert_eq!(told["run"]["stopped"], true);
    assert_eq!(told["run"]["judged"], told["input"]["logins"], "{said}");
    // All of what was read was judged; where reading stopped is said.
    let part = &told["run"]["part"];
    assert_eq!(part["attempts"], part["of_attempts"]);
    assert_eq!(part["days"], part["of_days"].as_f64().expect("a number"));
    assert!(said.contains("这是已完成的部分"), "{said}");
}

#[test]
fn repeated_ids_are_unusable_rows() {
    let folder = folder();
    let mut text = "id,account,time,success,city\n".to_owned();
    for row in 0..100 {
        // A column that names the shop, not the login.
        let day = 1 + row / 10;
        text += &format!(
            "shop-1,a{},2026-01-{day:02}T08:{:02}:00Z,1,x\n",
            row % 7,
            row % 60
        );
    }
    std::fs::write(folder.path().join("same.csv"), &text).expect("written");
    let base = ["backtest", "rules", "--logins", "same.csv"];
    let ended = menshen(folder.path(), &base);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(
        said.contains("100 行里有 99 行不能用")
            && said.contains("same.csv:3 “shop-1”")
            && said.contains("id = \"\""),
        "{said}"
    );
    // Below the share that is allowed they are counted with places.
    let json = ["--format", "json"];
    let told = report(
        folder.path(),
        &[&base[..], &["--max-unusable", "99"], &json].concat(),
    );
    let input = &told["input"];
    assert_eq!(
        (&input["unusable"], &input["logins"]),
        (&99.into(), &1.into())
    );
    assert_eq!(input["reasons"][0]["kind"], "duplicate");
    assert_eq!(input["reasons"][0]["samples"][0], "same.csv:3 “shop-1”");
    // As told: the column is left out, in lines of JSON too.
    std::fs::write(folder.path().join("map.toml"), "[columns]\nid = \"\"\n").expect("written");
    let line = "{\"id\":\"shop-1\",\"account\":\"a\",\"time\":\"2026-01-01T08:00:00Z\",\"success\":true}\n";
    std::fs::write(folder.path().join("same.ndjson"), line.repeat(3)).expect("written");
    for (file, logins) in [("same.csv", 100), ("same.ndjson", 3)] {
        let first = ["backtest", "rules", "--logins", file, "--map", "map.toml"];
        let told = report(folder.path(), &[&first[..], &json].concat());
        assert_eq!(told["input"]["logins"], logins, "{}", told["input"]);
        assert_eq!(told["input"]["reasons"], serde_json::json!([]));
    }
}

#[test]
fn a_file_of_a_million_columns_is_refused_by_what_it_is() {
    let folder = folder();
    let header = ",c".repeat(1_000_000);
    std::fs::write(
        folder.path().join("wide.csv"),
        format!("account,time,success{header}\n"),
    )
    .expect("written");
    let base = ["backtest", "rules", "--logins", "wide.csv"];
    let said = crate::refused(folder.path(), &base);
    assert!(
        said.contains("wide.csv: a header of ") && said.contains("16384 is the most"),
        "{said}"
    );
    assert!(said.len() < 300, "{said}");
}

/// Sixty signals with long windows, which even few logins take long.
fn sixty() -> String {
    let signal = |at: u32| {
        format!(
            "signal s{at} \"信号\" weight 1 {{\n    when distinct(city, of: attempts, within: {} days, by: country) \
             + count(failures, within: {} days, by: all) >= {}\n}}\n",
            300 + at,
            200 + at,
            5 + at
        )
    };
    let signals: String = (0..60).map(signal).collect();
    signals
        + "let most = 3\non login when suspicion >= most {\n    alert expires 1 day { message \"登录异常\" }\n}\n"
}

#[cfg(unix)]
#[test]
fn interrupted_while_judging_it_stops_soon_and_says_what_it_judged() {
    let folder = folder();
    let made = [
        "simulate-logins",
        "--accounts",
        "200",
        "--days",
        "200",
        "--attacks",
        "100",
        "--out",
        "many.csv",
    ];
    done(&menshen(folder.path(), &made));
    std::fs::write(folder.path().join("sixty.rules"), sixty()).expect("written");
    let base = [
        "backtest",
        "sixty.rules",
        "--logins",
        "many.csv",
        "--against",
        "rules",
    ];
    let more = [
        "--sweep",
        "most=3..5/1",
        "--max-prompts-per-day",
        "1000000",
        "--max-prompts-per-10k",
        "5",
        "--warm-up",
        "0",
        "--report",
        "out",
        "--changed-csv",
        "changed.csv",
        "--decisions",
        "said.ndjson.gz",
        "--lang",
        "en",
    ];
    // What an earlier run left must not be taken for this one's.
    std::fs::create_dir(folder.path().join("out")).expect("a folder");
    let names = ["out/changed.csv", "changed.csv", "said.ndjson.gz"];
    for name in names {
        std::fs::write(folder.path().join(name), "earlier").expect("written");
    }
    let mut child = command(folder.path(), &[&base[..], &more].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // Once judging says how far it is; it would take minutes.
    let mut said = String::new();
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    while !said.starts_with("judging ") {
        said.clear();
        assert!(stderr.read_line(&mut said).expect("it says so") > 0);
    }
    let pid = child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &pid]).status();
    assert!(killed.expect("kill").success());
    let asked = std::time::Instant::now();
    let ended = child.wait_with_output().expect("it ends");
    // Not optimised, and beside other tests.
    assert!(asked.elapsed().as_secs() < 60, "{:?}", asked.elapsed());
    assert_eq!(
        ended.status.code(),
        Some(1),
        "a gate that passed on a part has not passed"
    );
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("text");
    for name in names {
        let partial = format!("{name}.partial");
        assert!(!folder.path().join(name).exists(), "{name} is not whole");
        assert!(folder.path().join(&partial).exists(), "{partial}");
        assert!(rest.contains(&partial), "{rest}");
    }
    let header = std::fs::read_to_string(folder.path().join("changed.csv.partial"));
    assert!(header.expect("written").starts_with("number,id,time,"));
    let text = String::from_utf8_lossy(&ended.stdout);
    assert!(
        text.contains("attempts that count were judged")
            && text.contains("no other value (--sweep) was tried")
            && text.contains("passed as far as it went"),
        "{text}"
    );
    let read = |name: &str| {
        std::fs::read_to_string(folder.path().join("out").join(name)).expect("written")
    };
    assert!(read("report.html").contains("attempts that count were judged"));
    let told: Value = serde_json::from_str(&read("report.json")).expect("JSON");
    let (run, part, totals) = (
        &told["run"],
        &told["run"]["part"],
        &told["figures"]["totals"],
    );
    let number = |value: &Value| {
        value
            .as_f64()
            .unwrap_or_else(|| panic!("no number: {value}"))
    };
    assert_eq!(
        (&run["stopped"], &told["sweep"]),
        (&true.into(), &Value::Null)
    );
    assert!(
        number(&part["attempts"]) > 0.0 && number(&part["attempts"]) < number(&part["of_attempts"])
    );
    assert!(number(&part["names"]) > 0.0 && number(&part["names"]) < number(&part["of_names"]));
    assert_eq!(
        number(&part["attempts"]),
        number(&totals["logins"]) + number(&totals["failures"])
    );
    let days = number(&totals["days_judged"]);
    assert!(days > 0.0 && days < number(&totals["days"]) / 2.0, "{part}");
    assert_eq!(part["days"], totals["days_judged"]);
    let load = &told["figures"]["load"];
    let per_day = number(&load["prompts_per_day"]);
    assert!(
        (per_day * days - number(&totals["prompts"])).abs() < 1e-6,
        "{load}"
    );
    assert_eq!(load["prompts_per_day_p95"], Value::Null);
    assert_eq!(
        (&told["gates"][0]["passed"], &told["gates"][0]["whole"]),
        (&false.into(), &false.into()),
        "of a part nothing has passed"
    );
    // The budget of the sweep was not found out, so it is not kept.
    let budget = &told["gates"][1];
    assert_eq!(
        (&budget["is"], &budget["passed"]),
        (&Value::Null, &false.into())
    );
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/backtest-report.schema.json");
    let schema = std::fs::read_to_string(schema).expect("the schema");
    crate::report::fits(&told, &serde_json::from_str(&schema).expect("JSON"));
}

#[test]
fn rows_in_their_order_of_arrival_are_taken_so_or_it_is_told_why_not() {
    let folder = folder();
    let row = |hour: u32, arrival: &str| format!("a,2026-01-05T{hour:02}:00:00Z,1,{arrival}\n");
    let head = "account,time,success,arrival\n".to_owned();
    let write = |name: &str, rows: &[String]| {
        let text = head.clone() + &rows.concat();
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("all.csv", &[row(9, "2"), row(8, "3"), row(7, "1")]);
    write("some.csv", &[row(9, "2"), row(8, ""), row(7, "1")]);
    let told = |name: &str| {
        let first = ["backtest", "rules", "--logins", name];
        report(folder.path(), &[&first[..], &["--format", "json"]].concat())["input"].clone()
    };
    let all = told("all.csv");
    assert_eq!((&all["late"], &all["out_of_order"]), (&1.into(), &0.into()));
    let some = told("some.csv");
    assert_eq!(
        (&some["late"], &some["out_of_order"]),
        (&0.into(), &2.into())
    );
    assert_eq!(some["reasons"][0]["kind"], "no_arrival");
    assert_eq!(some["reasons"][0]["count"], 1);
    let mut help = command(folder.path(), &["backtest", "--help"]);
    let help = done(&help.env("MENSHEN_LANG", "zh").output().expect("it starts"));
    assert!(help.contains("arrival"), "{help}");
}
