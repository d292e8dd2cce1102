//! What Excel saves on a Chinese system, what nobody can read, and times that count from a moment nobody names.

use std::path::Path;

use encoding_rs::{BIG5, GBK};
use serde_json::Value;

use crate::{done, folder, menshen, piped, refused, report, rules};

const MAP: &str =
    "[columns]\naccount = \"账号\"\ntime = \"时间\"\nsuccess = \"成功\"\ncity = \"城市\"\n";

fn table() -> String {
    let mut text = "账号,时间,成功,城市\n".to_owned();
    for day in 1..=20 {
        let city = ["北京", "乌鲁木齐"][day / 15];
        text += &format!("张三,2026-01-{day:02} 08:00:00,是,{city}\n");
        text += &format!("li,2026-01-{day:02} 09:00:00,否,{city}\n");
    }
    text
}

fn over<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [
        &["backtest", "rules", "--logins", file, "--map", "map.toml"][..],
        more,
    ]
    .concat()
}

fn json(folder: &Path, file: &str) -> Value {
    report(folder, &over(file, &["--format", "json"]))
}

#[test]
fn gbk_is_read_as_what_it_says() {
    let folder = folder();
    let folder = folder.path();
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("written");
    write("map.toml", MAP.as_bytes());
    write("rules/a.rules", rules(10).as_bytes());
    write("utf8.csv", table().as_bytes());
    let gbk = GBK.encode(&table()).0.into_owned();
    write("gbk.csv", &gbk);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &gbk).expect("memory");
    write("gbk.csv.gz", &packed.finish().expect("memory"));
    let plain = json(folder, "utf8.csv");
    assert_eq!(plain["input"]["files"][0]["encoding"], "UTF-8");
    assert_eq!(plain["input"]["logins"], 40);
    // The city decides.
    assert!(
        plain["figures"]["totals"]["captchas"].as_u64() > Some(0),
        "{plain}"
    );
    for name in ["gbk.csv", "gbk.csv.gz"] {
        let mut told = json(folder, name);
        assert_eq!(told["input"]["files"][0]["encoding"], "GBK");
        told["input"]["files"] = plain["input"]["files"].clone();
        told["run"] = plain["run"].clone();
        assert!(told == plain, "{told}");
        for (lang, words) in [("zh", "按 GBK 读的"), ("en", "read as GBK")] {
            let more = ["--lang", lang, "--report", "out"];
            let text = done(&menshen(folder, &over(name, &more)));
            let page = std::fs::read_to_string(folder.join("out/report.html")).expect("a page");
            assert!(text.contains(words) && page.contains(words), "{text}");
            assert_eq!(text.matches("GBK").count(), 1, "said once: {text}");
        }
    }
    // A row that is neither is one row.
    write(
        "torn.csv",
        &[&gbk[..], b"\xff\xff,2026-02-01 08:00:00,1,x\n"].concat(),
    );
    let told = json(folder, "torn.csv");
    assert_eq!(told["input"]["logins"], 40);
    assert_eq!(told["input"]["reasons"][0]["kind"], "encoding");
    // Big5 would be read as words nobody wrote.
    let big5 = "帳號,時間,成功,城市\n王小明,2026-01-01 08:00:00,1,臺北市信義區\n".repeat(3);
    write("big5.csv", &BIG5.encode(&big5).0);
    let said = refused(folder, &over("big5.csv", &[]));
    assert!(
        said.contains("neither UTF-8 nor GBK") && said.contains("iconv -f"),
        "{said}"
    );
}

#[test]
fn seconds_from_a_moment_nobody_names_are_read_from_the_one_the_mapping_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let night = "on login when login.hour < 6 {\n    challenge captcha\n}\n";
    std::fs::write(folder.join("night.rules"), night).expect("written");
    // As the authentication logs of LANL have them: 1 is the first second, 18,000 five hours, 86,401 the next day.
    let mut text = String::new();
    for (second, how) in [
        (1, "Success"),
        (18_000, "Success"),
        (21_600, "Fail"),
        (43_200, "Success"),
        (86_401, "Success"),
    ] {
        text +=
            &format!("{second},C608@DOM1,C608@DOM1,C608,C{second},Kerberos,Network,LogOn,{how}\n");
    }
    let header = "time,account,to,machine,target,kind,type,orientation,success\n";
    std::fs::write(
        folder.join("map.toml"),
        "[time]\nepoch = 2026-01-05\nzone = \"Asia/Shanghai\"\n",
    )
    .expect("written");
    let ask = [
        "backtest",
        "night.rules",
        "--logins",
        "-",
        "--map",
        "map.toml",
        "--warm-up",
        "0",
        "--format",
        "json",
    ];
    let told = |more: &[&str]| -> Value {
        let all = [&ask[..], more].concat();
        let said = done(&piped(folder, &all, &(header.to_owned() + &text)));
        serde_json::from_str(&said).expect("JSON")
    };
    let here = told(&[]);
    assert_eq!(
        here["input"]["first"], "2026-01-04T16:00:01.000Z",
        "{}",
        here["input"]
    );
    assert_eq!(here["figures"]["totals"]["days"], 2);
    // Midnight and five in the morning, and midnight of the next day.
    assert_eq!(here["figures"]["totals"]["captchas"], 3);
    // The same from noon on: nobody logged in at night.
    std::fs::write(folder.join("map.toml"), "[time]\nepoch = \"2026-01-05T08:00:00+08:00\"\nunit = \"seconds\"\nzone = \"Asia/Shanghai\"\n").expect("written");
    assert_eq!(told(&[])["figures"]["totals"]["captchas"], 0);
    // Without a mapping it is told what helps.
    let without = [&ask[..4], &ask[6..]].concat();
    let ended = piped(folder, &without, &(header.to_owned() + &text));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("epoch"), "{said}");
}
