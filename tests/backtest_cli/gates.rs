//! What must hold for exit code 0, and that nothing is made up where nobody knows.

use serde_json::Value;

use crate::{command, done, folder, menshen, refused, report, rules};

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
fn a_limit_stands_as_it_was_given() {
    let folder = folder();
    let first = [
        "backtest",
        "rules",
        "--logins",
        "logins.csv",
        "--lang",
        "en",
    ];
    for limit in ["0.025", "0.0375", "12"] {
        let more = [
            "--max-prompts-per-day",
            limit,
            "--max-prompts-per-10k",
            limit,
        ];
        let ended = menshen(
            folder.path(),
            &[&first[..], &more, &["--report", "out"]].concat(),
        );
        let text = String::from_utf8_lossy(&ended.stdout).into_owned();
        let page = std::fs::read_to_string(folder.path().join("out/report.html")).expect("a page");
        for said in [text, page] {
            let wanted = said.matches(&format!("wanted at most {limit}")).count();
            assert_eq!(wanted, 2, "{limit}: {said}");
        }
    }
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
    let ended = menshen(folder.path(), &arguments);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("logins.csv/x"), "{said}");
}

#[test]
fn a_warm_up_longer_than_the_input_is_told_and_counts_nothing() {
    let folder = folder();
    let base = [
        "backtest",
        "rules",
        "--logins",
        "logins.csv",
        "--report",
        "out",
    ];
    for (lang, part) in [
        ("zh", "预热期（--warm-up）比输入还长"),
        ("en", "the warm-up (--warm-up) is longer than the input"),
    ] {
        let more = ["--warm-up", "500", "--last", "9", "--lang", lang];
        let sweep = ["--sweep", "budget=20..30/10"];
        let arguments = [&base[..], &more, &sweep].concat();
        let text = done(&menshen(folder.path(), &arguments));
        assert!(text.contains(part), "{text}");
        assert!(!text.contains("NaN"), "{text}");
        let page = std::fs::read_to_string(folder.path().join("out/report.html"));
        assert!(page.expect("a page").contains(part));
    }
    let json = [&base[..4], &["--warm-up", "1e30", "--format", "json"]].concat();
    let told = report(folder.path(), &json);
    let totals = &told["figures"]["totals"];
    assert_eq!((&totals["logins"], &totals["days"]), (&0.into(), &0.into()));
    assert_eq!(totals["warm_up_logins"], told["input"]["logins"]);
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
    // What the text does not say the data do not say either.
    for field in ["false_positives", "true_negatives", "false_positive_rate"] {
        assert_eq!(logins[field], Value::Null, "{field} of {logins}");
    }
    let text = done(&menshen(folder.path(), &first));
    assert!(
        text.contains("另有 1 次") && text.contains("误报 –"),
        "{text}"
    );
    let logins = told(&["--assume-good"]);
    assert_eq!(logins["precision"], 0.5, "{logins}");
    assert_eq!(logins["flagged_unlabelled"], 0, "{logins}");
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

/// The generated logins without a column.
fn without(folder: &std::path::Path, column: &str, name: &str) {
    let text = std::fs::read_to_string(folder.join("logins.csv")).expect("logins");
    std::fs::write(folder.join(name), text.replacen(column, "said", 1)).expect("written");
}

#[test]
fn without_labels_no_login_is_called_good() {
    let folder = folder();
    without(folder.path(), "label_attack", "plain.csv");
    let old = crate::rules(20);
    std::fs::write(folder.path().join("old.rules"), old).expect("written");
    let first = [
        "backtest",
        "rules",
        "--logins",
        "plain.csv",
        "--against",
        "old.rules",
    ];
    let more = ["--sweep", "budget=10..40/10", "--report", "out"];
    let all = [&first[..], &more].concat();
    for (lang, good, per) in [
        ("zh", "正常", "每万次登录"),
        ("en", " good", "per 10,000 logins"),
    ] {
        let all = [&all[..], &["--lang", lang]].concat();
        let text = done(&menshen(folder.path(), &all));
        assert!(text.contains(per) && !text.contains(good), "{text}");
        let page = std::fs::read_to_string(folder.path().join("out/report.html")).expect("a page");
        assert!(page.contains(per));
        let said = page.split("<script>").next().unwrap_or_default();
        let at = said
            .find(good)
            .map(|at| said[at..].chars().take(60).collect::<String>());
        assert_eq!(at, None);
    }
    let told = report(folder.path(), &[&first[..], &["--format", "json"]].concat());
    let figures = &told["figures"];
    assert_eq!(figures["per_10k_of"], "logins");
    assert_eq!(
        figures["totals"]["per_10k_base"],
        figures["totals"]["logins"]
    );
    // Every figure that speaks of good logins or of attacks is unknown.
    let mut met = 0;
    let mut look = |object: &Value| {
        for (name, value) in object.as_object().expect("an object") {
            if name.contains("good") || name.contains("attacks") {
                assert_eq!(*value, Value::Null, "{name}");
                met += 1;
            }
        }
    };
    look(&figures["totals"]);
    look(&told["diff"]);
    for list in ["signals", "periods"] {
        figures[list]
            .as_array()
            .expect("a list")
            .iter()
            .for_each(&mut look);
    }
    assert!(met > 12, "{met}");
    // A label that calls nothing good makes nothing good either.
    let text = std::fs::read_to_string(folder.path().join("logins.csv")).expect("logins");
    let attacks: String = text
        .lines()
        .map(|line| line.replace(",false,", ",,") + "\n")
        .collect();
    let attacks = attacks.replace(",known,", ",said,");
    let mapped = "[values]\nno = [\"none\"]\n";
    std::fs::write(folder.path().join("map.toml"), mapped).expect("written");
    std::fs::write(folder.path().join("attacks.csv"), attacks).expect("written");
    let arguments = [
        "backtest",
        "rules",
        "--logins",
        "attacks.csv",
        "--map",
        "map.toml",
        "--max-unusable",
        "100",
        "--format",
        "json",
    ];
    let told = report(folder.path(), &arguments);
    assert_eq!(
        told["figures"]["per_10k_of"], "not_attacks",
        "{}",
        told["input"]
    );
    assert_eq!(told["figures"]["totals"]["good_logins"], Value::Null);
    assert!(told["figures"]["signals"][0]["fired_attacks"].is_u64());
}

#[test]
fn where_a_sweep_chooses_a_value_every_gate_is_about_that_value() {
    let folder = folder();
    let alert = "alert expires 1 day { message \"登录异常\" }";
    let alerting = rules(10).replace("challenge captcha", alert);
    std::fs::write(folder.path().join("rules/a.rules"), alerting).expect("written");
    let swept = |more: &[&str]| {
        let base = [
            "backtest",
            "rules",
            "--logins",
            "logins.csv",
            "--format",
            "json",
            "--sweep",
            "budget=10..90/10",
        ];
        let ended = menshen(folder.path(), &[&base, more].concat());
        let told: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
        (ended.status.code(), told)
    };
    let gate = |told: &Value, name: &str| {
        let gates = told["gates"].as_array().expect("gates");
        let found = gates.iter().find(|gate| gate["name"] == name);
        found.unwrap_or_else(|| panic!("{name}: {told}")).clone()
    };
    let own = swept(&["--min-recall", "0"]).1;
    let own = gate(&own, "min-recall")["is"].as_f64().expect("a share");
    let limits = [
        "--max-prompts-per-10k",
        "1",
        "--min-recall",
        &format!("{own}"),
        "--max-prompts-per-day",
        "1000",
    ];
    let (code, told) = swept(&limits);
    let best = told["sweep"]["best"].as_u64().expect("a value is chosen") as usize;
    let chosen = &told["sweep"]["points"][best];
    let recall = gate(&told, "min-recall");
    assert_eq!(recall["is"], chosen["all"]["recall"]);
    assert!(recall["is"].as_f64() < Some(own), "{recall} of {own}");
    assert_eq!((recall["passed"].as_bool(), code), (Some(false), Some(1)));
    assert_eq!(
        gate(&told, "max-prompts-per-day")["is"],
        chosen["prompts_per_day"]
    );
    // Not of the time it was chosen on alone, where it holds by choice.
    let rate = gate(&told, "max-prompts-per-10k");
    assert_eq!(rate["is"], chosen["all"]["prompts_per_10k"]);
    // The rules as they are lose no attack against themselves, the chosen value does.
    let against = [
        "--max-prompts-per-10k",
        "1",
        "--against",
        "rules",
        "--no-lost-true-positives",
    ];
    let (code, told) = swept(&against);
    assert_eq!(told["diff"]["attacks_lost"], 0);
    let lost = gate(&told, "no-lost-true-positives");
    let of_chosen = told["sweep"]["points"][best]["attacks_lost"].as_f64();
    assert_eq!(lost["is"].as_f64(), of_chosen);
    assert!(lost["is"].as_f64() > Some(0.0) && code == Some(1), "{lost}");
}
