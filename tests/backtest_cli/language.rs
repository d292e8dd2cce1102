//! Reports and refusals are in the language that was asked for.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::{done, folder, menshen};

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
    // The cities are Chinese.
    let latin = |c: char| match c {
        '\u{4e00}'..='\u{9fff}' => char::from(b'a' + (u32::from(c) % 26) as u8),
        c => c,
    };
    csv = csv.chars().map(latin).collect();
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
    let ended = menshen(folder.path(), &arguments);
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(said.contains("not a well-formed line"), "{said}{told}");
    assert_eq!(chinese(&said), None, "the terminal");
    assert_eq!(chinese(&told), None, "standard error");
    for (name, part) in [
        ("report.html", "<html lang='en'>"),
        ("report.json", "\"why\": \""),
        ("changed.csv", "a.rules:13: held → did not hold ("),
    ] {
        let text = std::fs::read_to_string(folder.path().join("out").join(name)).expect("a report");
        assert!(text.contains(part), "{name} says {part}");
        assert_eq!(chinese(&text), None, "{name}");
        // The budget was given; nothing has to say how one is, neither of the sweep nor of the change.
        assert!(!text.contains("with --max-prompts-per-10k N"), "{name}");
    }
    let explain = [&arguments[..6], &["--explain", "#900"]].concat();
    let explained = done(&menshen(folder.path(), &explain));
    assert!(
        explained.contains("times are of Asia/Shanghai"),
        "{explained}"
    );
    assert_eq!(chinese(&explained), None, "--explain");
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
    write("field.toml", "[columns]\nacount = \"x\"\n");
    write("both.toml", "[values]\nyes = [\"J\"]\nno = [\"j\"]\n");
    std::fs::create_dir(folder.path().join("empty")).expect("a folder");
    write("plain.csv", "account,time,success\na,1767225600,1\n");
    write("copy.csv", "account,time,success\na,1767225600,1\n");
    let packed = ["simulate-logins", "--accounts", "30", "--out", "cut.csv.gz"];
    for (lang, part) in [("zh", "次虚构的登录"), ("en", "synthetic logins")] {
        let packed = [&packed[..], &["--lang", lang]].concat();
        let ended = menshen(folder.path(), &packed);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && said.contains(part), "{said}");
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let plain = b"account,time,success\na,1767225600,1\n";
    packed.write_all(plain).expect("it packs");
    let packed = packed.finish().expect("it packs");
    std::fs::write(folder.path().join("plain.csv.gz"), packed).expect("written");
    // With identifiers none of them would count twice, but nobody means to give one file twice.
    let named = "id,account,time,success\nx,a,1767225600,1\n";
    write("named.csv", named);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(named.as_bytes()).expect("it packs");
    let packed = packed.finish().expect("it packs");
    std::fs::write(folder.path().join("named.csv.gz"), packed).expect("written");
    let whole = std::fs::read(folder.path().join("cut.csv.gz")).expect("it is there");
    std::fs::write(folder.path().join("cut.csv.gz"), &whole[..whole.len() / 2]).expect("written");
    let cases: &[(&[&str], &str, &str)] = &[
        (
            &["--logins", "nowhere.csv"],
            "nowhere.csv：没有这个文件",
            "nowhere.csv: there is no such file",
        ),
        (&["--logins", "rules"], "这是文件夹", "it is a folder"),
        (
            &["--logins", "cut.csv.gz"],
            "压缩文件不完整或已损坏",
            "cut off or damaged",
        ),
        (
            &["--logins", "plain.csv", "copy.csv"],
            "copy.csv：和 plain.csv 内容完全一样",
            "copy.csv: what it says is the same, byte for byte, as what plain.csv says",
        ),
        (
            &["--logins", "plain.csv.gz", "plain.csv"],
            "plain.csv：和 plain.csv.gz 内容完全一样",
            "byte for byte, as what plain.csv.gz says",
        ),
        (
            &[
                "--logins",
                "named.csv.gz",
                "named.csv",
                "--max-unusable",
                "90",
            ],
            "named.csv：和 named.csv.gz 内容完全一样",
            "byte for byte, as what named.csv.gz says",
        ),
        (
            &["--logins", "plain.csv", "--report", "few.csv"],
            "这里有文件，--report 要一个文件夹",
            "a file is there; --report wants a folder",
        ),
        (
            &["--logins", "plain.csv", "--report", "few.csv/x"],
            "--report 要一个文件夹",
            "--report wants a folder",
        ),
        (
            &["--logins", "plain.csv", "--decisions", "./plain.csv"],
            "./plain.csv 就是 plain.csv",
            "./plain.csv is plain.csv, which would be overwritten",
        ),
        (
            &["--logins", "plain.csv", "--decisions", "nowhere/x"],
            "nowhere/x：没有这个文件夹",
            "nowhere/x: there is no such folder",
        ),
        (
            &["--logins", "plain.csv", "--decisions", "rules"],
            "rules：这是文件夹，不是文件",
            "rules: it is a folder, no file",
        ),
        (&["--live"], "没有 menshen.toml", "there is no menshen.toml"),
        (
            &["--live", "--data", "nowhere"],
            "nowhere 里没有存储",
            "there is no store in nowhere",
        ),
        (
            &["--logins", "plain.csv", "--against", "empty"],
            "empty 里没有 .rules 文件",
            "empty holds no .rules file",
        ),
        (
            &["--logins", "plain.csv", "--map", "nowhere.toml"],
            "nowhere.toml：没有这个文件",
            "nowhere.toml: there is no such file",
        ),
        (
            &["--logins", "plain.csv", "--map", "cut.csv.gz"],
            "cut.csv.gz：内容不是文本",
            "cut.csv.gz: what it holds is no text",
        ),
        (
            &["--logins", "plain.csv", "--map", "field.toml"],
            "是不是想写 account？",
            "did you mean account?",
        ),
        (
            &["--logins", "plain.csv", "--map", "both.toml"],
            "\"J\" 既在 yes 里又在 no 里",
            "\"J\" is both in yes and in no",
        ),
        (
            &[
                "--logins",
                "plain.csv",
                "--sweep",
                "budget=10..20/10",
                "--sweep",
                "budget=10..20/5",
            ],
            "--sweep 两次都是 `let budget`",
            "--sweep names `let budget` twice",
        ),
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
            &["--logins", "logins.csv", "--live"],
            "--logins 和 --live 只能给一个",
            "--logins and --live exclude each other",
        ),
        (&[], "或者 --live", "or --live"),
        (
            &["--logins", "logins.csv", "--as-arrived", "--by-time"],
            "--as-arrived 和 --by-time 只能给一个",
            "--as-arrived and --by-time exclude each other",
        ),
        (
            &["--logins", "logins.csv", "--changed-csv", "c.csv"],
            "要用 --against 说和哪一版比",
            "say with --against which one to compare with",
        ),
        (
            &[
                "--logins",
                "logins.csv",
                "--explain",
                "sim-1",
                "--min-recall",
                "1",
            ],
            "--explain 和 --min-recall 不能一起用",
            "--explain and --min-recall exclude each other",
        ),
        (
            &["--logins", "logins.csv", "--sweep", "x=1..2/1"],
            "没有 `let x`",
            "there is no `let x`",
        ),
    ];
    for (arguments, zh, en) in cases.iter().copied() {
        for (lang, part) in [("zh", zh), ("en", en)] {
            let arguments = [&["backtest", "rules", "--lang", lang], arguments].concat();
            let ended = menshen(folder.path(), &arguments);
            assert!(!ended.status.success());
            let said = String::from_utf8_lossy(&ended.stderr);
            assert!(said.contains(part), "{arguments:?}: {said}");
            assert!(!said.contains("os error"), "{arguments:?}: {said}");
            if lang == "en" {
                assert_eq!(chinese(&said), None, "{arguments:?}");
            }
        }
    }
}

#[test]
fn rules_that_cannot_be_read_are_told_in_the_language_that_was_asked_for() {
    let folder = folder();
    for (lang, part) in [
        ("zh", "读不了 nowhere：没有这个文件或文件夹"),
        ("en", "cannot read nowhere: there is no such file or folder"),
    ] {
        let arguments = [
            "backtest",
            "nowhere",
            "--logins",
            "logins.csv",
            "--lang",
            lang,
        ];
        let ended = menshen(folder.path(), &arguments);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(said.contains(part), "{said}");
    }
}
