//! Every total of a report is the sum of its parts, also where names are no accounts.

use serde_json::Value;

use crate::{folder, report};

/// Rules that ask, keep quiet, want captchas, and refuse, so that every part is there.
const RULES: &str = "\
signal city \"异地\" weight 20 {
    when new(login.city, within: 30 days)
}
signal machine \"新设备\" weight 20 {
    when new(login.machine, within: 30 days)
    except login.country == \"CN\" and login.channel == \"app\"
}
signal often \"常来\" weight 30 {
    when count(successes, within: 2 days) >= 2
    learn until 9 logins
}
signal asn \"运营商\" weight 5 shadow {
    when new(login.asn, within: 10 days)
}
on attempt when not login.legal {
    challenge captcha
}
on failure when count(failures, within: 1 hour) >= 8 {
    lock account
}
on login when suspicion >= 60 {
    challenge captcha
}
on login when suspicion >= 30 {
    alert expires 1 day once per 30 minutes {
        message \"登录异常，请看 https://example.com/login\"
    }
}
on undeliverable alert {
    note \"x\"
}
";

fn number(value: &Value, field: &str) -> u64 {
    let found = value[field].as_u64();
    found.unwrap_or_else(|| panic!("no number {field} in {value}"))
}

fn sum(values: &Value, field: &str) -> u64 {
    let values = values.as_array().expect("a list");
    values.iter().map(|value| number(value, field)).sum()
}

fn added(values: &Value) -> u64 {
    let values = values.as_array().expect("a list");
    values.iter().filter_map(Value::as_u64).sum()
}

/// The generated logins, many of them with names that are no account: some never, some only at times.
fn with_unknown_names(folder: &std::path::Path) {
    let text = std::fs::read_to_string(folder.join("logins.csv")).expect("logins");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let at = |name: &str| {
        header
            .iter()
            .position(|column| *column == name)
            .expect("a column")
    };
    let (account, known) = (at("account"), at("known"));
    let mut out = header.join(",") + "\n";
    for (number, line) in lines.enumerate() {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        if number % 7 == 3 || number % 11 == 5 {
            fields[known] = "false".to_owned();
        }
        if number % 7 == 3 {
            fields[account] = format!("ghost-{}", number % 4);
        }
        out += &(fields.join(",") + "\n");
    }
    std::fs::write(folder.join("names.csv"), out).expect("written");
}

#[test]
fn every_total_is_the_sum_of_its_parts() {
    let folder = folder();
    with_unknown_names(folder.path());
    std::fs::write(folder.path().join("sums.rules"), RULES).expect("written");
    let old = RULES
        .replace("suspicion >= 30", "suspicion >= 20")
        .replace("not login.legal", "login.legal");
    std::fs::write(folder.path().join("old.rules"), old).expect("written");
    let base = [
        "backtest",
        "sums.rules",
        "--logins",
        "names.csv",
        "--format",
        "json",
    ];
    for more in [
        &["--against", "old.rules"][..],
        &["--last", "9"],
        &["--warm-up", "0", "--assume-good"],
    ] {
        let told = report(folder.path(), &[&base[..], more].concat());
        adds_up(&told);
    }
}

fn adds_up(told: &Value) {
    let (input, figures) = (&told["input"], &told["figures"]);
    let totals = &figures["totals"];
    let of = |field: &str| number(totals, field);
    let (logins, failures) = (of("logins"), of("failures"));
    assert_eq!(
        number(input, "logins"),
        of("warm_up_logins") + logins + failures
    );
    assert!(number(input, "other_names") >= 4 && number(input, "logins_no_account") > 100);
    assert!(
        of("logins_no_account") + of("failures_no_account") > 20,
        "{totals}"
    );
    // Each part is there, or the sum says little.
    let parts = ["prompts", "cooled_down", "flagged_no_account"].map(of);
    assert!(parts.iter().all(|part| *part > 0), "{totals}");
    assert_eq!(
        of("flagged"),
        parts.iter().sum::<u64>() + of("capped") + of("flagged_refused"),
        "{totals}"
    );
    assert!(
        of("captchas") >= of("challenged_attempts").max(of("challenged")),
        "{totals}"
    );
    assert!(
        of("captchas") <= of("challenged_attempts") + of("challenged") + of("capped"),
        "{totals}"
    );
    assert_eq!(added(&totals["logins_by_day"]), logins);
    assert_eq!(added(&totals["prompts_by_day"]), of("prompts"));
    let days = totals["logins_by_day"].as_array().expect("days").len() as u64;
    assert_eq!(days, of("days"));
    let days = totals["days_judged"].as_f64().expect("a number");
    assert!(days <= of("days") as f64 && days > of("days") as f64 - 2.0);
    let load = &figures["load"];
    let per_day = load["prompts_per_day"].as_f64().expect("a mean");
    assert!((per_day * days - of("prompts") as f64).abs() < 1e-6);
    let captchas = load["captchas_per_day"].as_f64().expect("a mean");
    assert!((captchas * days - of("captchas") as f64).abs() < 1e-6);
    // Names that are no account have no history: they stand apart.
    let mut bands = load["by_history"].as_array().expect("bands").clone();
    let nobody = &load["no_account"];
    assert_eq!(number(nobody, "logins"), of("logins_no_account"));
    assert_eq!(
        (number(nobody, "prompts"), number(nobody, "flagged")),
        (0, of("flagged_no_account"))
    );
    let new = number(&load["new_accounts"], "logins");
    assert!(new <= logins - of("logins_no_account"), "{load}");
    bands.push(nobody.clone());
    for parts in [&Value::Array(bands), &figures["periods"]] {
        for (field, all) in [
            ("logins", logins),
            ("flagged", of("flagged")),
            ("prompts", of("prompts")),
        ] {
            assert_eq!(sum(parts, field), all, "{field} of {parts}");
        }
    }
    let labels = &figures["labels"]["logins"];
    assert_eq!(
        sum(&figures["periods"], "attacks"),
        number(labels, "true_positives") + number(labels, "false_negatives")
    );
    let four = [
        "true_positives",
        "false_positives",
        "false_negatives",
        "true_negatives",
    ];
    let four: u64 = four.iter().map(|field| number(labels, field)).sum();
    assert_eq!(four + number(labels, "unlabelled"), logins, "{labels}");
    let flagged = number(labels, "true_positives") + number(labels, "false_positives");
    assert_eq!(
        flagged + number(labels, "flagged_unlabelled"),
        of("flagged")
    );
    let signals = figures["signals"].as_array().expect("signals");
    for (at, signal) in signals.iter().enumerate() {
        let of = |field: &str| number(signal, field);
        assert_eq!(of("evaluated") + of("not_evaluable"), logins, "{signal}");
        assert_eq!(
            of("matched"),
            of("exempt") + of("learning") + of("fired"),
            "{signal}"
        );
        assert_eq!(added(&signal["by_day"]), of("fired"), "{signal}");
        assert_eq!(figures["overlap"]["together"][at][at], of("fired"));
        assert!(of("accounts") <= number(input, "accounts"), "{signal}");
        assert!(
            of("accounts") <= of("fired") - of("fired_no_account"),
            "{signal}"
        );
        assert!(of("prompts") + of("cooled_down") <= of("fired"), "{signal}");
    }
    assert!(
        signals
            .iter()
            .any(|signal| number(signal, "fired_no_account") > 0)
    );
    if let Some(diff) = told["diff"].as_object() {
        assert_eq!(diff["judged"], logins + failures);
        assert_eq!(
            sum(&diff["kinds"], "count"),
            number(&told["diff"], "changed")
        );
        let old = &told["old_figures"]["totals"];
        let net = of("prompts") as f64 - number(old, "prompts") as f64;
        let per_day = diff["net_prompts_per_day"].as_f64().expect("a mean");
        assert!((per_day * days - net).abs() < 1e-6);
    }
}

/// Logins in the columns of the RBA data set: one identifier stands for everybody who is no account.
fn rba(path: &std::path::Path) {
    let mut text = "index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,\
        User Agent String,Browser Name and Version,OS Name and Version,Device Type,Login Successful,\
        Is Attack IP,Is Account Takeover\n"
        .to_owned();
    for row in 0..400_u32 {
        let (day, hour) = (1 + row / 20, row % 20);
        let account = match row % 2 {
            0 => "-4324475583306591935".to_owned(),
            _ => format!("-{}", 100 + row % 14),
        };
        // Of both some are attacks, and some of those were let in.
        let (success, attack) = (row % 5 != 0, matches!(row % 40, 2 | 3));
        let city = if attack {
            format!("city-{row}")
        } else {
            "-".to_owned()
        };
        text += &format!(
            "{row},2020-03-{day:02} {hour:02}:00:00.123,{account},,10.0.0.{},NO,-,{city},5,x,x 1.0,x 1,mobile,{},False,{}\n",
            row % 200,
            if success { "True" } else { "False" },
            if attack { "True" } else { "False" },
        );
    }
    std::fs::write(path, text).expect("written");
}

#[test]
fn who_is_no_account_is_neither_a_new_one_nor_an_incident() {
    let folder = folder();
    rba(&folder.path().join("rba.csv"));
    std::fs::write(folder.path().join("sums.rules"), RULES).expect("written");
    let base = [
        "backtest",
        "sums.rules",
        "--logins",
        "rba.csv",
        "--warm-up",
        "0",
    ];
    let told = report(folder.path(), &[&base[..], &["--format", "json"]].concat());
    let (input, figures) = (&told["input"], &told["figures"]);
    assert_eq!(input["files"][0]["format"], "CSV (RBA data set)");
    assert_eq!(
        (number(input, "accounts"), number(input, "other_names")),
        (7, 1)
    );
    let totals = &figures["totals"];
    let nobody = number(totals, "logins_no_account");
    let load = &figures["load"];
    assert_eq!(number(&load["no_account"], "logins"), nobody);
    assert!(nobody > 100);
    let known = number(totals, "logins") - nobody;
    assert_eq!(sum(&load["by_history"], "logins"), known);
    // Seven accounts came for the first time once each.
    assert_eq!(number(&load["by_history"][0], "logins"), 7);
    assert!(number(&load["new_accounts"], "logins") <= known);
    let labels = &figures["labels"];
    let attacks =
        number(&labels["logins"], "true_positives") + number(&labels["logins"], "false_negatives");
    let of_nobody = number(labels, "attacks_no_account");
    assert!(of_nobody > 0 && of_nobody < attacks, "{labels}");
    // Days lie between the attacks on an account: each is an incident.
    assert!(
        number(labels, "incidents") <= attacks - of_nobody,
        "{labels}"
    );
}
