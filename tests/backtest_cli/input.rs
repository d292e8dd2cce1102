//! What is read: several files, standard input, the sample, tokens of machines, times; an interruption.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{command, done, folder, report, rules};

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
