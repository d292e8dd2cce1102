//! People are counted once, and told what became of them.

use std::path::Path;

use serde_json::Value;

use crate::{folder, menshen, report};

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("written");
}

fn said(folder: &Path, arguments: &[&str]) -> String {
    crate::done(&menshen(folder, arguments))
}

#[test]
fn who_is_asked_twice_counts_once_and_a_lock_is_no_refusal() {
    let folder = folder();
    let rules = "on attempt when not login.legal {\n    challenge captcha\n}\n\n\
         on attempt when login.city == \"x\" {\n    deny \"不行\"\n}\n\n\
         on attempt when login.city == \"z\" {\n    deny \"不行\"\n}\n\n\
         on login when not login.legal {\n    challenge captcha\n}\n\n\
         on login when login.city == \"x\" {\n    deny \"不行\"\n}\n\n\
         on login when login.city == \"y\" {\n    lock account\n}\n\n\
         on login when login.city == \"z\" {\n    lock account\n}\n";
    write(folder.path(), "twice.rules", rules);
    let mut text = "account,time,success,legal,city\n".to_owned();
    for (hour, more) in ["0,a", "0,x", "1,x", "1,y", "1,a", "1,z"]
        .iter()
        .enumerate()
    {
        text += &format!("a,2026-01-05T0{hour}:00:00Z,1,{more}\n");
    }
    write(folder.path(), "twice.csv", &text);
    let base = [
        "backtest",
        "twice.rules",
        "--logins",
        "twice.csv",
        "--warm-up",
        "0",
    ];
    let told = report(folder.path(), &[&base[..], &["--format", "json"]].concat());
    let totals = &told["figures"]["totals"];
    let of = |name: &str| &totals[name];
    // Two rules ask the first for a captcha; two refuse the second and the third, which are no logins then; the fourth
    // is locked, and so is the sixth, which a rule refuses as an attempt.
    assert_eq!(
        [of("captchas"), of("challenged_attempts"), of("challenged")].map(Value::as_u64),
        [Some(1), Some(1), Some(1)],
        "{totals}"
    );
    assert_eq!(
        [
            of("refusals"),
            of("denied_attempts"),
            of("denied"),
            of("locked")
        ]
        .map(Value::as_u64),
        [Some(2), Some(3), Some(1), Some(2)],
        "{totals}"
    );
    let text = said(folder.path(), &base);
    assert!(text.contains("图形验证 1，拒绝 2，锁定 2"), "{text}");
}

#[test]
fn late_logins_and_solved_captchas_are_explained_as_such() {
    let folder = folder();
    let rules = "on login when login.city == \"x\" {\n    challenge captcha\n}\n";
    write(folder.path(), "late.rules", rules);
    let text = "account,time,success,city,captcha,arrival\n\
         a,2026-01-05T09:00:00Z,1,a,0,0\n\
         a,2026-01-05T12:00:00Z,1,a,0,1\n\
         a,2026-01-05T10:00:00Z,1,x,0,2\n\
         a,2026-01-05T13:00:00Z,1,x,1,3\n\
         a,2026-01-05T14:00:00Z,1,x,0,4\n";
    write(folder.path(), "late.csv", text);
    let explain = |number: &str, lang: &str| {
        let base = ["backtest", "late.rules", "--logins", "late.csv"];
        let more = ["--warm-up", "0", "--explain", number, "--lang", lang];
        said(folder.path(), &[&base[..], &more].concat())
    };
    let late = explain("#3", "zh");
    assert!(
        late.contains("迟了十分钟以上") && late.contains("late.rules:1：条件成立，没有执行"),
        "{late}"
    );
    let late = explain("#3", "en");
    assert!(
        late.contains("judged, but no rule acts")
            && late.contains("late.rules:1: holds, did not act"),
        "{late}"
    );
    let solved = explain("#4", "zh");
    assert!(
        solved.contains("已经通过图形验证") && solved.contains("late.rules:1：执行了"),
        "{solved}"
    );
    let plain = explain("#5", "en");
    assert!(
        !plain.contains("captcha was solved") && plain.contains("late.rules:1: acted"),
        "{plain}"
    );
}

#[test]
fn days_are_those_of_the_calendar_and_begun_ones_are_marked() {
    let folder = folder();
    let rows = |minute: &str| -> String {
        let days = (1..=9).map(|day| format!("a,2026-01-0{day}T{minute}:00Z,1\n"));
        "account,time,success\n".to_owned() + &days.collect::<String>()
    };
    // At eleven in the morning there; a quarter past midnight, and half past eleven at night.
    for (minute, part, bars) in [
        ("03:00", "首日从 11:00 起、末日到 11:00 为止", 2),
        ("16:15", "末日到 00:15 为止", 1),
        ("15:30", "首日从 23:30 起", 1),
    ] {
        write(folder.path(), "days.csv", &rows(minute));
        let base = ["backtest", "rules", "--logins", "days.csv", "--zone"];
        let more = ["Asia/Shanghai", "--warm-up", "0", "--report", "out"];
        let text = said(folder.path(), &[&base[..], &more].concat());
        // From the first login to the last one eight times 24 hours.
        assert!(text.contains("统计 8 天"), "{text}");
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("written");
        let page = read("out/report.html");
        assert!(
            page.contains("日历日，按 Asia/Shanghai") && page.contains(part),
            "{minute}"
        );
        assert_eq!(
            page.matches("class='bar part'").count(),
            2 * bars,
            "{minute}"
        );
        assert!(page.contains("<title>2026-01-03: 1</title>"));
        let told: serde_json::Value = serde_json::from_str(&read("out/report.json")).expect("JSON");
        let totals = &told["figures"]["totals"];
        assert_eq!(
            totals["logins_by_day"],
            serde_json::json!(vec![1; 9]),
            "{minute}"
        );
        let partial = [&totals["first_day_partial"], &totals["last_day_partial"]];
        assert_eq!(
            partial.iter().filter(|partial| **partial == true).count(),
            bars
        );
    }
}
