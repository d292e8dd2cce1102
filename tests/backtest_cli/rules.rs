//! The rules that are judged: one file of a set, a revision of git, the points of a sweep.

use std::process::Command;

use serde_json::Value;

use crate::{done, folder, menshen, refused, report, rules};

/// `--logins` takes all files that follow it; what can be no logins are the rules.
#[test]
fn rules_behind_the_logins_are_the_rules() {
    let folder = folder();
    std::fs::rename(folder.path().join("rules"), folder.path().join("my")).expect("moved");
    let judged = |arguments: &[&str]| report(folder.path(), arguments)["figures"].clone();
    let before = judged(&[
        "backtest",
        "my",
        "--logins",
        "logins.csv",
        "--format",
        "json",
    ]);
    for behind in ["my", "my/a.rules"] {
        let behind = [
            "backtest",
            "--format",
            "json",
            "--logins",
            "logins.csv",
            behind,
        ];
        assert_eq!(judged(&behind)["totals"], before["totals"]);
    }
    // The history of `menshen dev` is not the server's, but it may be what is meant.
    std::fs::create_dir(folder.path().join(".menshen-dev")).expect("a folder");
    let told = refused(folder.path(), &["backtest", "my", "--live"]);
    assert!(told.contains("--data .menshen-dev"), "{told}");
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
        let output = menshen(folder.path(), &arguments);
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
    let ended = menshen(folder.path(), &torn);
    assert_eq!(ended.status.code(), Some(1));
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(
        told.contains("usual") && told.contains("整个文件夹"),
        "{told}"
    );
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
    let ended = menshen(folder.path(), &unknown);
    assert_eq!(ended.status.code(), Some(2));
    // What the revision lacks is named as it was asked for, with what it has instead.
    git(&["mv", "rules/a.rules", "rules/b.rules"]);
    std::fs::create_dir(folder.path().join("new")).expect("a folder");
    let text = std::fs::read(folder.path().join("rules/b.rules")).expect("rules");
    std::fs::write(folder.path().join("new/c.rules"), text).expect("written");
    for (rules, has) in [("rules/b.rules", "it has a.rules"), ("new", "worktree")] {
        let base = ["backtest", rules, "--logins", "logins.csv"];
        let said = refused(folder.path(), &[&base[..], &["--against", "HEAD"]].concat());
        let lacks = format!("that git revision has no {rules}");
        assert!(said.contains(&lacks) && said.contains(has), "{said}");
    }
}

#[test]
fn a_sweep_says_where_it_leads_nowhere_and_what_decides_nothing() {
    let folder = folder();
    let more = "let idle = 3\nsignal often \"多次\" weight 1 shadow {\n    \
                when count(failures, within: 1 hour) >= idle and login.country == \"Nowhere\"\n}\n";
    let text = rules(30) + more;
    std::fs::write(folder.path().join("rules/a.rules"), &text).expect("written");
    let sweep = |sweep: &str, more: &[&str]| {
        let arguments = [
            "backtest",
            "rules",
            "--logins",
            "logins.csv",
            "--sweep",
            sweep,
        ];
        menshen(folder.path(), &[&arguments[..], more].concat())
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
    assert!(said.contains("idle：试过的各个值数字全都一样"), "{said}");
    assert!(said.contains("… 60 个组合里略去了 48 个"), "{said}");
    // Captchas are all that differs: they are shown, and nothing is called idle.
    let said = done(&sweep("budget=20..40/20", &["--lang", "en"]));
    assert!(
        said.contains("captchas") && !said.contains("decides nothing"),
        "{said}"
    );
    // A shadow fires more or less often, and nothing else.
    let shadow = rules(30)
        + "let often = 3\nsignal more \"多次\" weight 1 shadow {\n    \
           when count(successes, within: 9 days) >= often\n}\n";
    std::fs::write(folder.path().join("rules/a.rules"), shadow).expect("written");
    let said = done(&sweep("often=1..9/4", &["--lang", "en"]));
    assert!(
        said.contains("often: at every value that was tried the same is done"),
        "{said}"
    );
    std::fs::write(folder.path().join("rules/a.rules"), text).expect("written");
    // A value with which nothing happens keeps no limit, as the page says too.
    for (lang, said) in [
        ("zh", "没有一个值能让条件成立"),
        ("en", "nder no value can the conditions ever hold"),
    ] {
        let limit = ["--max-prompts-per-10k", "5", "--report", "out"];
        let more = [&limit[..], &["--lang", lang]].concat();
        let ended = sweep("budget=50..60/10", &more);
        assert_eq!(ended.status.code(), Some(1));
        let text = String::from_utf8_lossy(&ended.stdout);
        let page = std::fs::read_to_string(folder.path().join("out/report.html")).expect("a page");
        assert!(text.contains(said) && page.contains(said), "{text}");
    }
}

#[test]
fn a_signal_is_tried_before_it_is_said_how_alerts_arrive() {
    let folder = folder();
    let draft = "let budget = 20\n\
        signal city \"异地\" weight 20 {\n    when new(login.city, within: 30 days)\n}\n\
        on login when suspicion >= budget {\n    alert expires 1 day { message \"登录异常\" }\n}\n";
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("draft.rules", draft);
    write(
        "wrong.rules",
        &draft.replace("new(login.city", "newish(login.city"),
    );
    let base = ["--logins", "logins.csv", "--lang", "en"];
    let ended = |rules: &str, more: &[&str]| {
        let arguments = [&["backtest", rules][..], &base, more].concat();
        menshen(folder.path(), &arguments)
    };
    // Also with other values, and compared.
    for more in [
        &[][..],
        &["--sweep", "budget=10..20/10"],
        &["--against", "rules/a.rules"],
    ] {
        let ended = ended("draft.rules", more);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(done(&ended).contains(" prompts after cool-down"), "{said}");
        assert!(
            said.contains("draft.rules cannot go live as it is"),
            "{said}"
        );
    }
    let ended = ended("wrong.rules", &[]);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(
        said.contains("E0211") && !said.contains("whole folder"),
        "{said}"
    );
}

#[test]
fn of_the_logins_that_changed_lost_attacks_come_first() {
    let folder = folder();
    let rules = |except: &str, budget: u32| {
        format!(
            "signal city \"异地\" weight 20 {{\n    when new(login.city, within: 30 days)\n{except}}}\n\
             on login when suspicion >= {budget} {{\n    alert expires 1 day {{ message \"登录异常\" }}\n}}\n"
        )
    };
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("old.rules", &rules("", 20));
    write(
        "new.rules",
        &rules("    except count(successes, within: 30 days) >= 1\n", 20),
    );
    let arguments = [
        "backtest",
        "new.rules",
        "--against",
        "old.rules",
        "--logins",
        "logins.csv",
    ];
    let told = report(
        folder.path(),
        &[&arguments[..], &["--format", "json"]].concat(),
    );
    let logins = told["diff"]["logins"].as_array().expect("logins");
    let kinds: Vec<bool> = logins.iter().map(|login| login["attack"] == true).collect();
    let lost = told["diff"]["attacks_lost"].as_u64().expect("labels") as usize;
    assert!(lost > 1 && lost < kinds.len(), "{lost} of {}", kinds.len());
    assert!(kinds[..lost].iter().all(|attack| *attack) && !kinds[lost..].contains(&true));
    for part in [&logins[..lost], &logins[lost..]] {
        let numbers = part.iter().map(|login| login["number"].as_u64());
        assert!(numbers.is_sorted(), "by arrival");
    }
    let gate = [
        &arguments[..],
        &["--no-lost-true-positives", "--lang", "en"],
    ]
    .concat();
    let ended = menshen(folder.path(), &gate);
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(
        said.contains(&format!("FAILED: {lost}, wanted at most 0")),
        "{said}"
    );
    assert!(said.contains(" attack  prompt → allow  city"), "{said}");
}

/// Rules that are asked about logins are told one by one, in the text, on the page and beside those they were.
#[test]
fn every_rule_that_is_asked_about_logins_has_a_row() {
    let folder = folder();
    let guard = |failures: u32| {
        rules(30)
            + &format!(
                "on attempt when count(failures, within: 1 day) >= {failures} {{\n    deny\n}}\n\
                 on failure when login.city is known {{\n    note \"x\"\n}}\n"
            )
    };
    std::fs::write(folder.path().join("new.rules"), guard(2)).expect("written");
    std::fs::write(folder.path().join("old.rules"), guard(4)).expect("written");
    let all = ["backtest", "new.rules", "--logins", "logins.csv"];
    let against = [&all[..], &["--against", "old.rules"]].concat();
    let told = report(
        folder.path(),
        &[&against[..], &["--format", "json"]].concat(),
    );
    let rows = |figures: &str| -> Vec<Value> {
        let rows = told[figures]["guard_rules"].as_array();
        rows.expect("rules").clone()
    };
    let (new, old) = (rows("figures"), rows("old_figures"));
    let names = |rows: &[Value]| -> Vec<(String, String)> {
        let text = |row: &Value, name: &str| row[name].as_str().expect("a text").to_owned();
        rows.iter()
            .map(|row| (text(row, "name"), text(row, "on")))
            .collect()
    };
    let wanted = [("attempt", 11), ("failure", 14), ("login", 8)];
    let wanted = wanted.map(|(on, line)| (format!("new.rules:{line}"), on.to_owned()));
    assert_eq!(names(&new), wanted);
    let held = |rows: &[Value], at: usize| rows[at]["matched"].as_u64().expect("a count");
    assert!(held(&new, 0) > held(&old, 0), "{new:?}");
    assert_eq!(held(&new, 1), held(&old, 1));
    assert_eq!(new[0]["refused"], new[0]["matched"]);
    assert_eq!(new[1]["does"], serde_json::json!(["other"]));
    assert!(new[1]["recall"].is_null(), "it does nothing to a login");
    // Who asks and is refused besides is refused once.
    let totals = &told["figures"]["totals"];
    assert_eq!(totals["denied_attempts"], new[0]["refused"]);
    assert_eq!(totals["challenged"], new[2]["captchas"]);
    let text = done(&menshen(
        folder.path(),
        &[&against[..], &["--report", "out"]].concat(),
    ));
    for said in [
        "new.rules:11         每次尝试",
        "规则 new.rules:11（每次尝试）成立",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(
        !text.contains("规则 new.rules:14"),
        "it did not change: {text}"
    );
    let page = std::fs::read_to_string(folder.path().join("out/report.html")).expect("a page");
    assert!(
        page.contains("<small class='head'>on attempt when count(failures, within: 1 day) &gt;= 2")
    );
}
