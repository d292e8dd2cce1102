//! What counts as found, as good, and as asked: alerts, captchas, refusals and locks are told apart.

use std::path::Path;

use serde_json::Value;

use crate::{done, menshen, report};

const HEAD: &str = "account,time,success,city,known,legal,captcha,label_fraud\n";

/// Ten quiet days, then what `rows` says: account, success, city, known, captcha, label.
fn logins(folder: &Path, rows: &[(&str, bool, &str, bool, bool, &str)]) {
    let mut text = HEAD.to_owned();
    for day in 1..=10 {
        text += &format!("a,2026-01-{day:02}T08:00:00Z,true,北京,true,true,,\n");
    }
    for (at, (account, success, city, known, captcha, label)) in rows.iter().enumerate() {
        let (day, hour) = (12 + at / 12, 2 * (at % 12));
        text += &format!(
            "{account},2026-01-{day}T{hour:02}:00:00Z,{success},{city},{known},true,{captcha},{label}\n"
        );
    }
    std::fs::write(folder.join("few.csv"), text).expect("written");
}

/// In these cities rules alert, want a captcha, refuse at the attempt, refuse at the login, lock.
fn rules(folder: &Path, name: &str, [alert, captcha, attempt, deny, lock]: [&str; 5]) {
    let text = format!(
        "on attempt when login.city == \"{attempt}\" {{\n    deny \"x\"\n}}\n\
         on login when login.city == \"{captcha}\" {{\n    challenge captcha\n}}\n\
         on login when login.city == \"{deny}\" {{\n    deny \"x\"\n}}\n\
         on login when login.city == \"{lock}\" {{\n    lock account\n}}\n\
         on login when login.city == \"{alert}\" {{\n    alert expires 1 day once per 3 hours {{\n        \
         message \"登录异常，请看 https://example.com/login\"\n    }}\n}}\n\
         on undeliverable alert {{\n    note \"x\"\n}}\n"
    );
    std::fs::write(folder.join(name), text).expect("written");
}

const EACH: [&str; 5] = ["甲", "乙", "丙", "丁", "戊"];

fn base(rules: &str) -> Vec<&str> {
    let all = ["backtest", rules, "--logins", "few.csv", "--warm-up", "10"];
    all.to_vec()
}

fn told(folder: &Path, rules: &str, more: &[&str]) -> Value {
    report(
        folder,
        &[&base(rules)[..], &["--format", "json"], more].concat(),
    )
}

fn text(folder: &Path, rules: &str, more: &[&str]) -> String {
    let all = [&base(rules)[..], more].concat();
    done(&menshen(folder, &all))
}

#[test]
fn an_attack_that_is_refused_or_has_to_solve_a_captcha_is_no_missed_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let attack = |city| ("a", true, city, true, false, "1");
    logins(
        folder,
        &[
            attack("甲"),
            attack("乙"),
            attack("丙"),
            attack("丁"),
            attack("戊"),
            attack("无"),
            // It was solved, so nothing is left to do.
            ("a", true, "乙", true, true, "1"),
            ("a", false, "丙", true, false, "1"),
            ("a", false, "无", true, false, "1"),
            ("b", true, "乙", true, false, "0"),
            ("b", true, "无", true, false, "0"),
        ],
    );
    rules(folder, "each.rules", EACH);
    let told = told(folder, "each.rules", &[]);
    let labels = &told["figures"]["labels"];
    // By alerts, as before.
    let logins = &labels["logins"];
    assert_eq!(
        (&logins["true_positives"], &logins["false_negatives"]),
        (&1.into(), &6.into()),
        "{labels}"
    );
    assert_eq!(logins["false_positives"], 0);
    let met = &labels["acted_on"];
    assert_eq!(met["attacks"], 5, "{labels}");
    assert_eq!(met["recall"], 5.0 / 7.0);
    assert_eq!(
        (&met["good_logins"], &met["incidents"]),
        (&1.into(), &1.into())
    );
    assert_eq!(met["false_positive_rate"], 0.5);
    assert_eq!(
        (&met["failed_attempts"], &met["failed_attempts_acted_on"]),
        (&2.into(), &1.into())
    );
    for (lang, alerts, all) in [
        (
            "zh",
            "按会提醒的算：召回 14.3%",
            "攻击 5/7（71.4%），正常登录 1（50.0%），事件 1/1；密码不对的攻击 1/2",
        ),
        (
            "en",
            "by alerts: recall 14.3%",
            "5 of 7 attacks (71.4%), 1 good login (50.0%), 1 of 1 incidents; 1 of 2 attacks with a wrong password",
        ),
    ] {
        let text = text(folder, "each.rules", &["--lang", lang, "--report", "out"]);
        assert!(text.contains(alerts) && text.contains(all), "{text}");
        let page = std::fs::read_to_string(folder.join("out/report.html")).expect("a page");
        assert!(page.contains(all), "{lang}");
    }
}

#[test]
fn an_attack_is_lost_when_less_is_done_about_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let row = |label| ("a", true, "甲", true, false, label);
    // The same city for an attack and a good login; a wrong password is neither found nor lost.
    logins(
        folder,
        &[
            row("1"),
            ("b", true, "甲", true, false, "0"),
            ("a", false, "甲", true, false, "1"),
        ],
    );
    let none = ["-"; 5];
    // What each is worth, and in which cities it alerts, wants a captcha, refuses at the attempt or the login, locks.
    let kinds: [(&str, u32, &[usize]); 11] = [
        ("nothing", 0, &[]),
        ("captcha", 1, &[1]),
        ("alert", 2, &[0]),
        ("alert-captcha", 3, &[0, 1]),
        ("attempt", 4, &[2]),
        ("deny", 4, &[3]),
        ("deny-captcha", 4, &[1, 3]),
        ("deny-alert", 5, &[0, 3]),
        ("lock", 6, &[4]),
        ("lock-deny", 6, &[3, 4]),
        ("lock-alert", 7, &[0, 4]),
    ];
    for (name, _, parts) in kinds {
        let mut cities = none;
        parts.iter().for_each(|at| cities[*at] = "甲");
        rules(folder, &format!("{name}.rules"), cities);
    }
    let file = |name: &str| format!("{name}.rules");
    for (old, was, _) in kinds {
        for (new, is, _) in kinds {
            // Each pair of neighbours, and each with the first and the last.
            if u32::abs_diff(was, is) > 1 && ![0, 7].contains(&was) {
                continue;
            }
            let (old, new) = (file(old), file(new));
            let gate = ["--against", &old, "--no-lost-true-positives"];
            let all = [&base(&new)[..], &gate, &["--report", "out", "--lang", "en"]].concat();
            let ended = menshen(folder, &all);
            assert_eq!(
                ended.status.code(),
                Some(i32::from(is < was)),
                "{old} {new}"
            );
            let said = String::from_utf8(ended.stdout).expect("text");
            let page = std::fs::read_to_string(folder.join("out/report.html")).expect("a page");
            let data = std::fs::read_to_string(folder.join("out/report.json")).expect("data");
            let data: Value = serde_json::from_str(&data).expect("JSON");
            let diff = &data["diff"];
            let counts = |name: &str| diff[name].as_u64().expect("a count");
            let wanted = [u64::from(is > was), u64::from(is < was)];
            let attacks = ["attacks_gained", "attacks_lost"].map(counts);
            let good = ["good_disturbed", "good_relieved"].map(counts);
            assert_eq!((attacks, good), (wanted, wanted), "{old} {new}: {diff}");
            assert_eq!(data["gates"][0]["is"], f64::from(u8::from(is < was)));
            let [gained, lost] = wanted;
            let shown = format!("{gained} more found, {lost} fewer");
            assert!(said.contains(&shown), "{old} {new}: {said}");
            let shown =
                format!("<b class='good'>{gained} more found</b>, <b class='bad'>{lost} fewer</b>");
            assert!(page.contains(&shown), "{old} {new}");
        }
    }
}

#[test]
fn a_rule_is_decisive_when_without_it_less_is_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let row = |label| ("a", true, "甲", true, false, label);
    logins(folder, &[row("1"), ("b", true, "甲", true, false, "0")]);
    // In the order of the file: refuses at the attempt, wants a captcha, refuses at the login, locks, alerts.
    for (parts, decisive) in [
        (&[0][..], [0, 0, 0, 0, 1]),
        (&[0, 1], [0, 1, 0, 0, 1]),
        // Who is refused is asked for no captcha; an alert beside it is worth having.
        (&[0, 1, 3], [0, 0, 1, 0, 1]),
        (&[1, 3], [0, 0, 1, 0, 0]),
        // Refused at the attempt or at the login: either would do.
        (&[2, 3], [0, 0, 0, 0, 0]),
        (&[3, 4], [0, 0, 0, 1, 0]),
        (&[0, 1, 2, 3, 4], [0, 0, 0, 1, 1]),
    ] {
        let mut cities = ["-"; 5];
        parts.iter().for_each(|at| cities[*at] = "甲");
        rules(folder, "now.rules", cities);
        let told = told(folder, "now.rules", &[]);
        let rules = told["figures"]["guard_rules"].as_array().expect("rules");
        for (rule, decisive) in rules.iter().zip(decisive) {
            let is = ["decisive", "decisive_attacks", "decisive_good"].map(|name| &rule[name]);
            let wanted = [2 * decisive, decisive, decisive];
            assert_eq!(is, wanted, "{parts:?}: {rule}");
        }
    }
}

#[test]
fn logins_nobody_labelled_are_no_good_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let row = |city, label| ("a", true, city, true, false, label);
    let mut rows = vec![row("甲", "1"), row("甲", "0"), row("无", "0")];
    // Every alert on them is one nobody can judge.
    rows.extend([row("甲", ""), row("甲", ""), row("无", ""), row("无", "")]);
    logins(folder, &rows);
    rules(folder, "each.rules", EACH);
    let told = |more: &[&str]| told(folder, "each.rules", more)["figures"].clone();
    let figures = told(&[]);
    let totals = &figures["totals"];
    assert_eq!(figures["per_10k_of"], "good_logins");
    assert_eq!(
        (
            &totals["good_logins"],
            &totals["unlabelled_logins"],
            &totals["per_10k_base"]
        ),
        (&2.into(), &4.into(), &2.into()),
        "{totals}"
    );
    assert_eq!(totals["flagged_per_10k"], 5_000.0);
    assert_eq!(totals["flagged_good"], 1);
    let text = text(
        folder,
        "each.rules",
        &["--report", "out", "--max-prompts-per-10k", "6000"],
    );
    let line = "标注为正常的 2 次，没有标注的 4 次";
    assert!(text.contains(line), "{text}");
    let page = std::fs::read_to_string(folder.join("out/report.html")).expect("a page");
    assert!(page.contains(line));
    let figures = told(&["--assume-good"]);
    assert_eq!(figures["totals"]["per_10k_base"], 6, "{figures}");
    assert_eq!(figures["totals"]["flagged_per_10k"], 5_000.0);
    assert_eq!(figures["totals"]["unlabelled_logins"], 0);
}

#[test]
fn an_alert_on_a_name_that_is_no_account_is_called_so_everywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let row = |account, known| (account, true, "甲", known, false, "");
    logins(
        folder,
        &[
            row("a", true),
            row("a", true),
            row("ghost", false),
            ("a", true, "丙", true, false, ""),
        ],
    );
    rules(folder, "each.rules", EACH);
    rules(folder, "none.rules", ["-"; 5]);
    let report = told(folder, "each.rules", &["--against", "none.rules"]);
    let kinds = report["diff"]["kinds"].as_array().expect("kinds");
    let kinds: Vec<(&str, u64)> = kinds
        .iter()
        .map(|kind| {
            (
                kind["new"].as_str().expect("a word"),
                kind["count"].as_u64().expect("a count"),
            )
        })
        .collect();
    let all = [("quiet", 1), ("no_account", 1), ("prompt", 1), ("deny", 1)];
    assert_eq!(kinds, all);
    let said = text(folder, "each.rules", &["--against", "none.rules"]);
    assert!(said.contains("放行 → 会提醒（名字不是账号）  1"), "{said}");
    assert!(said.contains("放行 → 会提醒（冷却中）  1"), "{said}");
    // Decisions say the same of each login.
    text(folder, "each.rules", &["--decisions", "out.ndjson"]);
    let lines = std::fs::read_to_string(folder.join("out.ndjson")).expect("written");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    for (kind, count) in all {
        let found = lines.iter().filter(|line| line["outcome"] == kind);
        assert_eq!(found.count() as u64, count, "{kind}");
    }
    let alert = |at: usize| lines[10 + at]["alert"].as_str().expect("a word");
    assert_eq!(
        [0, 1, 2, 3].map(alert),
        ["raised", "appended", "no_account", "none"]
    );
    // Why it was refused stands in its explanation, before what was asked of the login.
    for (login, parts) in [
        (
            "#14",
            ["登录前（on attempt）：\n规则：each.rules:1\n", "登录时：\n"],
        ),
        (
            "#11",
            [
                "\n登录前（on attempt）：\n没有规则要求做什么\n",
                "规则 each.rules:13：执行了",
            ],
        ),
    ] {
        let said = text(folder, "each.rules", &["--explain", login]);
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    }
    let refused = &lines[13];
    assert_eq!(
        (&refused["attempt"], &refused["verdict"]),
        (&"deny".into(), &"allow".into())
    );
}

#[test]
fn who_is_refused_is_asked_for_no_captcha() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let row = |city| ("a", true, city, true, false, "");
    let cities = ["甲", "乙", "丙", "丁", "戊", "己"];
    logins(folder, &cities.map(row));
    let rule = |event: &str, cities: &str, what: &str| {
        let cities: Vec<String> = cities.chars().map(|city| format!("\"{city}\"")).collect();
        let all = cities.join(", ");
        format!("on {event} when login.city in [{all}] {{\n    {what}\n}}\n")
    };
    // As the server does: a refusal comes before a captcha, and rules on login are asked when the attempt has passed.
    //   甲 captcha and refusal at the attempt: refused
    //   乙 refusal at the attempt, captcha at the login: refused
    //   丙 captcha at the attempt, refusal at the login: a captcha, and whoever solves it is refused
    //   丁 captcha and refusal at the login: refused
    //   戊 captcha at both: one is asked for
    //   己 captcha at the attempt, lock at the login: a captcha, and a lock
    let text = rule("attempt", "甲丙戊己", "challenge captcha")
        + &rule("attempt", "甲乙", "deny \"x\"")
        + &rule("login", "乙丁戊", "challenge captcha")
        + &rule("login", "丙丁", "deny \"x\"")
        + &rule("login", "己", "lock account");
    std::fs::write(folder.join("both.rules"), text).expect("written");
    let told = told(folder, "both.rules", &[]);
    let totals = &told["figures"]["totals"];
    for (name, count) in [
        ("challenged_attempts", 3),
        ("denied_attempts", 2),
        ("challenged", 1),
        // 丙, 丁, and 己 by its lock.
        ("denied", 3),
        ("captchas", 3),
        ("refusals", 4),
        ("locked", 1),
    ] {
        assert_eq!(totals[name], count, "{name}: {totals}");
    }
    // What a rule asked for is counted whatever others did.
    let rules = told["figures"]["guard_rules"].as_array().expect("rules");
    let of = |name: &str| -> Vec<u64> {
        let counts = rules.iter().map(|rule| rule[name].as_u64());
        counts.map(|count| count.expect("a count")).collect()
    };
    assert_eq!(of("captchas"), [4, 0, 3, 0, 0]);
    assert_eq!(of("refused"), [0, 2, 0, 2, 0]);
}

#[test]
fn a_rule_that_does_something_else_now_is_the_same_rule_in_the_diff() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    logins(folder, &[("a", true, "甲", true, false, "")]);
    let rule = |what: &str| format!("on login when login.city == \"甲\" {{\n    {what}\n}}\n");
    for (name, what) in [
        ("old.rules", "deny \"x\""),
        ("new.rules", "challenge captcha"),
    ] {
        std::fs::write(folder.join(name), rule(what)).expect("written");
    }
    let said = text(
        folder,
        "new.rules",
        &["--against", "old.rules", "--lang", "en", "--report", "out"],
    );
    let line = "rule new.rules:1 (login) held 1 (1 refusal) → 1 (1 captcha)";
    assert!(said.contains(line) && !said.contains("none"), "{said}");
}

#[test]
fn a_lock_at_the_attempt_is_a_lock() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    logins(
        folder,
        &[
            ("a", true, "甲", true, false, "1"),
            ("a", false, "甲", true, false, ""),
        ],
    );
    let rule = |what: &str| format!("on attempt when login.city == \"甲\" {{\n    {what}\n}}\n");
    let files = [
        ("note.rules", "note \"x\""),
        ("deny.rules", "deny \"x\""),
        ("lock.rules", "lock account"),
    ];
    for (name, what) in files {
        std::fs::write(folder.join(name), rule(what)).expect("written");
    }
    let locks = told(folder, "lock.rules", &[])["figures"].clone();
    for (name, count) in [("locked", 2), ("refusals", 0), ("captchas", 0)] {
        assert_eq!(locks["totals"][name], count, "{name}: {locks}");
    }
    assert_eq!(locks["guard_rules"][0]["locked"], 2);
    assert_eq!(locks["labels"]["acted_on"]["attacks"], 1);
    for (old, new, was, is, lost) in [
        ("note.rules", "lock.rules", "allow", "lock", 0),
        ("lock.rules", "deny.rules", "lock", "deny", 1),
        ("lock.rules", "note.rules", "lock", "allow", 1),
    ] {
        let diff = told(folder, new, &["--against", old])["diff"].clone();
        let kind = serde_json::json!([{ "old": was, "new": is, "count": 2 }]);
        assert_eq!(
            (&diff["kinds"], &diff["attacks_lost"]),
            (&kind, &lost.into()),
            "{diff}"
        );
        let logins = diff["logins"].as_array().expect("logins").iter();
        for login in logins {
            assert_eq!(
                login["flipped"].as_array().expect("flips").len(),
                1,
                "{login}"
            );
        }
    }
}
