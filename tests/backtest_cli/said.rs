//! What is said where an input or an output is not what was meant.

use std::path::Path;

use serde_json::Value;

use crate::{done, folder, menshen, refused, report, rules};

fn failed(folder: &Path, arguments: &[&str]) -> String {
    let ended = menshen(folder, arguments);
    assert_eq!(ended.status.code(), Some(1));
    String::from_utf8(ended.stderr).expect("UTF-8")
}

/// The arguments of a backtest of `rules` over `logins`.
fn over<'a>(rules: &'a str, logins: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["backtest", rules, "--logins", logins][..], more].concat()
}

const JSON: [&str; 2] = ["--format", "json"];

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("written");
}

#[test]
fn what_no_row_says_although_rules_ask_is_told() {
    let folder = folder();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = std::fs::read_to_string(root.join("rules/guard.rules")).expect("the rules");
    write(folder.path(), "guard.rules", &shipped);
    for list in ["office", "blocked"] {
        let from = root.join(format!("rules/lists/{list}.txt"));
        std::fs::create_dir_all(folder.path().join("lists")).expect("a folder");
        std::fs::copy(from, folder.path().join(format!("lists/{list}.txt"))).expect("a list");
    }
    let day = |day: u32, more: &str| format!("a,2026-01-{day:02}T08:00:00Z,{more}\n");
    let plain: String = (1..=20).map(|at| day(at, "1,北京")).collect();
    write(
        folder.path(),
        "bare.csv",
        &format!("account,time,success,city\n{plain}"),
    );
    let legal: String = (1..=20)
        .map(|at| day(at, &format!("{},0", at % 2)))
        .collect();
    write(
        folder.path(),
        "legal.csv",
        &format!("account,time,success,legal\n{legal}"),
    );
    let told = report(folder.path(), &over("guard.rules", "bare.csv", &JSON));
    let lacks = told["input"]["lacks"].as_array().expect("a list");
    let whats: Vec<&Value> = lacks.iter().map(|lack| &lack["what"]).collect();
    assert_eq!(whats, ["legal", "failures"]);
    assert_eq!(
        told["figures"]["totals"]["captchas"],
        told["figures"]["totals"]["logins"]
    );
    assert_eq!(lacks[0]["asked_by"].as_array().map(Vec::len), Some(1));
    assert!(
        lacks[1]["asked_by"]
            .as_array()
            .expect("names")
            .contains(&"guessed".into())
    );
    for (lang, words) in [
        (
            "zh",
            [
                "输入里没有 legal，也没有 machine",
                "输入里没有一次密码不对的登录",
            ],
        ),
        (
            "en",
            [
                "the input has neither legal nor machine",
                "the input has no login with a wrong password",
            ],
        ),
    ] {
        let more = ["--lang", lang, "--report", "out"];
        let all = over("guard.rules", "bare.csv", &more);
        let text = done(&menshen(folder.path(), &all));
        let page = std::fs::read_to_string(folder.path().join("out/report.html")).expect("a page");
        for word in words {
            assert!(text.contains(word) && page.contains(word), "{word}: {text}");
        }
        assert!(text.contains("guard.rules:12"), "{text}");
    }
    // That no machine is legal may be what the input says.
    let told = report(folder.path(), &over("guard.rules", "legal.csv", &JSON));
    assert_eq!(told["input"]["lacks"], serde_json::json!([]));
    // Nobody asks.
    let told = report(folder.path(), &over("rules", "bare.csv", &JSON));
    assert_eq!(told["input"]["lacks"], serde_json::json!([]));
}

#[test]
fn a_list_of_json_is_told_from_csv() {
    let folder = folder();
    let one = "{\"account\": \"a\", \"time\": \"2026-01-01T08:00:00Z\", \"success\": true}";
    for (name, text) in [
        ("list.json", format!("[{one},{one}]")),
        ("lines.json", format!("\n[\n  {one},\n  {one}\n]\n")),
        ("none.json", "[]".to_owned()),
    ] {
        write(folder.path(), name, &text);
        for (lang, part) in [("zh", "JSON 数组"), ("en", "one list of JSON")] {
            let ended = menshen(folder.path(), &over("rules", name, &["--lang", lang]));
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert_eq!(ended.status.code(), Some(2), "{said}");
            let command = format!("jq -c '.[]' {name} > logins.ndjson");
            assert!(said.contains(part) && said.contains(&command), "{said}");
        }
    }
    // Names of columns may stand in brackets.
    write(
        folder.path(),
        "brackets.csv",
        "[account],[time],[success]\na,2026-01-01T08:00:00Z,1\na,2026-01-02T08:00:00Z,1\n",
    );
    write(
        folder.path(),
        "map.toml",
        "[columns]\naccount = \"[account]\"\ntime = \"[time]\"\nsuccess = \"[success]\"\n",
    );
    let base = over("rules", "brackets.csv", &["--map", "map.toml"]);
    let told = report(folder.path(), &[&base[..], &JSON].concat());
    assert_eq!(told["input"]["logins"], 2);
}

#[test]
fn a_row_that_is_none_says_why_and_a_missing_arrival_where() {
    let folder = folder();
    let row = "a,2026-01-01T08:00:00Z,1,3\n";
    let text = format!("account,time,success,arrival\n{row}a,x\nb,c,1,4,5,6\n\"d,e,1,7\n");
    write(folder.path(), "odd.csv", &text);
    let base = over("rules", "odd.csv", &["--max-unusable", "100"]);
    for (lang, parts) in [
        (
            "zh",
            [
                "odd.csv:3（2 个字段，表头是 4 个）",
                "odd.csv:4（6 个字段，表头是 4 个）",
                "odd.csv:5（引号没有合上）",
            ],
        ),
        (
            "en",
            [
                "odd.csv:3 (2 fields, the header has 4)",
                "odd.csv:4 (6 fields, the header has 4)",
                "odd.csv:5 (a quote without an end)",
            ],
        ),
    ] {
        let all = [&base[..], &["--lang", lang]].concat();
        let text = done(&menshen(folder.path(), &all));
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    }
    let row = |arrival: &str| format!("a,2026-01-01T08:00:00Z,1,{arrival}\n");
    let head = "account,time,success,arrival\n";
    write(
        folder.path(),
        "some.csv",
        &(head.to_owned() + &row("1") + &row("") + &row("3")),
    );
    write(
        folder.path(),
        "shared.csv",
        &(head.to_owned() + &row("1") + &row("7") + &row("7")),
    );
    for (name, sample) in [("some.csv", "some.csv:3"), ("shared.csv", "arrival “7”")] {
        let told = report(folder.path(), &over("rules", name, &JSON));
        assert_eq!(told["input"]["reasons"][0]["kind"], "no_arrival");
        assert_eq!(
            told["input"]["reasons"][0]["samples"],
            serde_json::json!([sample])
        );
    }
}

#[test]
fn what_is_written_is_packed_as_its_name_says_or_refused() {
    let folder = folder();
    write(folder.path(), "old.rules", &rules(40));
    let base = over("rules", "logins.csv", &["--against", "old.rules"]);
    for name in ["d.ndjson", "d.ndjson.gz"] {
        let csv = name.replace("d.ndjson", "c.csv");
        let all = [&base[..], &["--decisions", name, "--changed-csv", &csv]].concat();
        done(&menshen(folder.path(), &all));
    }
    for name in ["d.ndjson", "c.csv"] {
        let packed = std::fs::read(folder.path().join(format!("{name}.gz"))).expect("written");
        let mut text = Vec::new();
        let mut unpacked = flate2::read::GzDecoder::new(&*packed);
        std::io::Read::read_to_end(&mut unpacked, &mut text).expect("whole");
        let plain = std::fs::read(folder.path().join(name)).expect("written");
        assert!(text == plain && packed.len() < plain.len(), "{name}");
    }
    // What is whole has its name, also where that is a link; what is no file is written at once.
    std::fs::create_dir(folder.path().join("there")).expect("a folder");
    write(&folder.path().join("there"), "linked.csv", "earlier");
    for (to, name) in [
        ("there/linked.csv", "link.csv"),
        ("/proc/self/fd/2", "stream"),
    ] {
        std::os::unix::fs::symlink(to, folder.path().join(name)).expect("a link");
        let all = [&base[..], &["--changed-csv", name]].concat();
        let ended = menshen(folder.path(), &all);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        done(&ended);
        let plain = std::fs::read_to_string(folder.path().join("c.csv")).expect("written");
        match name {
            "stream" => assert!(said.contains(&plain), "{said}"),
            _ => {
                let linked = std::fs::read_to_string(folder.path().join(to));
                assert_eq!(linked.expect("written"), plain);
            }
        }
        let link = std::fs::symlink_metadata(folder.path().join(name));
        assert!(link.expect("there").is_symlink());
    }
    for folder in [folder.path(), &folder.path().join("there")] {
        let names = std::fs::read_dir(folder).expect("a folder");
        let mut names = names.map(|entry| entry.expect("a name").file_name());
        assert!(names.all(|name| !name.to_string_lossy().contains("partial")));
    }
    for more in [
        ["--decisions", "d.zst"],
        ["--changed-csv", "c.csv.zip"],
        ["--report", "-"],
        ["--report", "r.html"],
        ["--report", "r.gz"],
    ] {
        let said = refused(folder.path(), &[&base[..], &more].concat());
        assert!(said.contains(more[1]), "{said}");
        assert!(!folder.path().join(more[1]).exists(), "{more:?}");
    }
}

#[test]
fn changed_logins_are_told_in_the_language_of_the_report_and_by_the_names_of_data() {
    let folder = folder();
    let alert = "alert expires 1 day { message \"登录异常\" }";
    write(
        folder.path(),
        "rules/a.rules",
        &rules(10).replace("challenge captcha", alert),
    );
    write(folder.path(), "old.rules", &rules(40));
    let base = over("rules", "logins.csv", &["--against", "old.rules"]);
    for (lang, words) in [("zh", "放行,发出提醒"), ("en", "allow,prompt")] {
        let all = [&base[..], &["--changed-csv", "c.csv", "--lang", lang]].concat();
        done(&menshen(folder.path(), &all));
        let text = std::fs::read_to_string(folder.path().join("c.csv")).expect("written");
        let header = text.lines().next().unwrap_or_default();
        assert!(header.ends_with("attack,flipped,old_words,new_words"));
        assert!(text.contains(",allow,prompt,false,true,"), "{text}");
        // Of a rule whether it held.
        let held = ["不成立 → 成立", "did not hold → held"][usize::from(lang == "en")];
        assert!(text.contains(words) && text.contains(held), "{text}");
    }
}

#[test]
fn exports_that_overlap_say_how_to_go_on() {
    let folder = folder();
    let row = |at: u32| format!("id-{at},a,2026-01-{:02}T08:00:00Z,1\n", 1 + at);
    let file = |rows: std::ops::Range<u32>| -> String {
        std::iter::once("id,account,time,success\n".to_owned())
            .chain(rows.map(row))
            .collect()
    };
    write(folder.path(), "1.csv", &file(0..15));
    write(folder.path(), "2.csv", &file(10..25));
    let base = over("rules", "1.csv", &["2.csv"]);
    for lang in ["zh", "en"] {
        let said = failed(folder.path(), &[&base[..], &["--lang", lang]].concat());
        // 5 of 30.
        assert!(said.contains("--max-unusable 17"), "{said}");
    }
    let told = report(
        folder.path(),
        &[&base[..], &["--max-unusable", "17"], &JSON].concat(),
    );
    assert_eq!(told["input"]["logins"], 25);
}
