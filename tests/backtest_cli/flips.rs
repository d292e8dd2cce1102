//! The condition a diff names is the one that decided: held against what each rule set decides by itself, login
//! by login, for every event.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::{done, folder, menshen, report};

/// The numbers of a rule set that vary.
struct Numbers {
    budget: u32,
    captcha: u32,
    tries: u32,
    many: u32,
    often: u32,
    once: &'static str,
    legal: &'static str,
    window: &'static str,
    first: &'static str,
}

const FIRST: Numbers = Numbers {
    budget: 40,
    captcha: 60,
    tries: 5,
    many: 6,
    often: 30,
    once: "30 minutes",
    legal: "not login.legal",
    window: "30 days",
    first: "",
};

/// Rules for every event, and for every thing that can be done to a login.
fn text(numbers: &Numbers) -> String {
    let Numbers {
        budget,
        captcha,
        tries,
        many,
        often,
        once,
        legal,
        window,
        first,
    } = numbers;
    format!(
        "let budget = {budget}\nlet tries = {tries}\nlet many = {many}\n\
         signal city \"异地\" weight 20 {{\n    when new(login.city, within: {window})\n}}\n\
         signal machine \"新设备\" weight 20 {{\n    when new(login.machine, within: 30 days)\n    \
         except login.country == \"CN\" and login.channel == \"app\"\n}}\n\
         signal often \"常来\" weight {often} {{\n    when count(successes, within: 2 days) >= 2\n    learn until 9 logins\n}}\n\
         signal asn \"运营商\" weight 5 shadow {{\n    when new(login.asn, within: {tries} days)\n}}\n\
         {first}\
         on attempt when {legal} {{\n    challenge captcha\n}}\n\
         on attempt when count(failures, within: 1 hour) >= tries {{\n    deny \"稍后再试\"\n}}\n\
         on failure when count(failures, within: 1 hour) >= many {{\n    lock account\n}}\n\
         on login when suspicion >= {captcha} {{\n    challenge captcha\n}}\n\
         on login when \"machine\" in signals and login.country != \"CN\" {{\n    deny \"换个网络\"\n}}\n\
         on login when suspicion >= budget {{\n    alert expires 1 day once per {once} {{\n        \
         message \"登录异常，请看 https://example.com/login\"\n    }}\n}}\n\
         on undeliverable alert {{\n    note \"x\"\n}}\n"
    )
}

/// Rule sets of which every two neighbours are compared.
fn variants() -> Vec<Numbers> {
    vec![
        FIRST,
        Numbers {
            budget: 20,
            ..FIRST
        },
        Numbers {
            budget: 20,
            often: 20,
            once: "1 day",
            ..FIRST
        },
        Numbers {
            tries: 3,
            many: 4,
            window: "2 days",
            legal: "login.legal",
            ..FIRST
        },
        // Everything stands a line lower, and there is a rule more.
        Numbers {
            captcha: 30,
            many: 5,
            once: "2 days",
            first: "on attempt when login.country is known and login.country != \"CN\" {\n    deny \"国内才行\"\n}\n",
            ..FIRST
        },
        Numbers {
            captcha: 40,
            often: 0,
            once: "1 day",
            first: "\n\n",
            ..FIRST
        },
    ]
}

fn decisions(folder: &Path, rules: &str) -> HashMap<u64, Value> {
    let name = format!("{rules}.ndjson");
    let arguments = ["backtest", rules, "--logins", "logins.csv", "--decisions"];
    done(&menshen(folder, &[&arguments[..], &[&name]].concat()));
    let text = std::fs::read_to_string(folder.join(&name)).expect("written");
    let lines = text
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).expect("JSON") });
    lines
        .map(|line| (line["number"].as_u64().expect("a number"), line))
        .collect()
}

/// A signal's state in a decision.
fn state<'d>(decision: &'d Value, name: &str) -> &'d str {
    let signals = decision["signals"].as_array().expect("signals");
    let found = signals.iter().find(|signal| signal["name"] == name);
    found.map_or("absent", |signal| {
        signal["state"].as_str().expect("a state")
    })
}

/// The event of the rule on a line of a rule file: `on attempt …` is `attempt`.
fn event<'t>(text: &'t str, name: &str) -> &'t str {
    let line = name
        .rsplit_once(':')
        .and_then(|(_, line)| line.parse::<usize>().ok());
    let line = line.and_then(|line| text.lines().nth(line - 1));
    line.and_then(|line| line.split_whitespace().nth(1))
        .unwrap_or_else(|| panic!("no rule {name}"))
}

/// Whether the rule acted, as the decision's explanation says.
fn acted(decision: &Value, name: &str) -> bool {
    let text = decision["explanation"].as_str().expect("an explanation");
    let (yes, no) = (
        format!("规则 {name}：执行了"),
        format!("规则 {name}：没有执行"),
    );
    assert!(text.contains(&yes) != text.contains(&no), "{name}: {text}");
    text.contains(&yes)
}

#[test]
fn the_condition_that_is_named_is_the_one_that_decided() {
    let folder = folder();
    let variants = variants();
    let names: Vec<String> = (0..variants.len())
        .map(|at| format!("v{at}.rules"))
        .collect();
    let mut decided = Vec::new();
    for (name, numbers) in names.iter().zip(&variants) {
        std::fs::write(folder.path().join(name), text(numbers)).expect("written");
        decided.push(decisions(folder.path(), name));
    }
    let mut met: HashMap<&str, u32> = HashMap::new();
    for new in 1..variants.len() {
        for old in [new - 1, 0] {
            let arguments = [
                "backtest",
                &names[new],
                "--against",
                &names[old],
                "--logins",
                "logins.csv",
                "--warm-up",
                "0",
                "--format",
                "json",
            ];
            let told = report(folder.path(), &arguments);
            let logins = told["diff"]["logins"].as_array().expect("logins");
            assert!(!logins.is_empty());
            for login in logins {
                let number = login["number"].as_u64().expect("a number");
                let (was, is) = (&decided[old][&number], &decided[new][&number]);
                let texts = (text(&variants[old]), text(&variants[new]));
                one(login, (was, is), (&texts.0, &texts.1), &mut met);
            }
        }
    }
    // Each kind of flip is there, or this says little.
    for kind in [
        "attempt",
        "failure",
        "login",
        "signal",
        "weight",
        "cool-down",
        "absent",
    ] {
        assert!(met.get(kind).is_some_and(|n| *n > 2), "{kind}: {met:?}");
    }
}

fn one(
    login: &Value,
    (was, is): (&Value, &Value),
    (old, new): (&str, &str),
    met: &mut HashMap<&str, u32>,
) {
    let flips = login["flipped"].as_array().expect("flips");
    assert!(!flips.is_empty(), "nothing is named: {login}");
    let success = was["success"] == true;
    let mut events = Vec::new();
    for flip in flips {
        let of = |field: &str| flip[field].as_str().unwrap_or_default();
        let (name, before, now, why) = (of("name"), of("old"), of("new"), of("why"));
        assert!(!why.is_empty(), "{flip}");
        if name == "cool-down" {
            *met.entry("cool-down").or_default() += 1;
            let alert = |word| match word {
                "prompt" => "raised",
                "kept_quiet" => "appended",
                "capped" => "capped",
                _ => "none",
            };
            assert_eq!(
                (alert(before), alert(now)),
                (text_of(was, "alert"), text_of(is, "alert"))
            );
            assert_ne!(before, now);
            events.push("cool-down");
            continue;
        }
        if !name.contains(".rules:") {
            // After a wrong password no signal is asked.
            assert!(success, "{login}");
            assert_eq!(
                (before, now),
                (state(was, name), state(is, name)),
                "{login}"
            );
            *met.entry(if before == now { "weight" } else { "signal" })
                .or_default() += 1;
            continue;
        }
        let event = match now {
            "absent" => event(old, name),
            _ => event(new, name),
        };
        let event = ["attempt", "failure", "login"]
            .into_iter()
            .find(|one| *one == event);
        let event = event.expect("a rule that judges logins");
        *met.entry(event).or_default() += 1;
        if before == "absent" || now == "absent" {
            *met.entry("absent").or_default() += 1;
        }
        match event {
            "attempt" => assert_ne!(was["attempt"], is["attempt"], "{login}"),
            other => {
                assert_eq!(other == "login", success, "{login}");
                if now != "absent" {
                    assert_eq!(acted(is, name), now == "yes", "{login}");
                }
            }
        }
        if before != "absent" && now != "absent" && why.contains(">= budget") {
            let number = |text: &str| {
                let line = text.lines().next().unwrap_or_default();
                line.replace("let ", "")
            };
            assert!(
                why.contains(&number(old)) && why.contains(&number(new)),
                "{flip}"
            );
            let suspicion = |decision: &Value| format!("suspicion = {}", decision["suspicion"]);
            for decision in [was, is] {
                let wanted = suspicion(decision);
                assert!(
                    why.contains(wanted.trim_end_matches(".0")),
                    "{flip}: {wanted}"
                );
            }
        }
        events.push(event);
    }
    // What differs is explained by a rule of the event that it comes from.
    let differs = |field: &str| was[field] != is[field];
    let severest = |decision: &Value| {
        let of = |field: &str| {
            ["allow", "challenge", "deny"]
                .iter()
                .position(|word| decision[field] == *word)
        };
        of("attempt").max(of("verdict"))
    };
    if severest(was) != severest(is) && !(differs("locked")) {
        assert!(
            events.contains(&"attempt") == (differs("attempt") && decides(was, is)),
            "{login}: {was} {is}"
        );
    }
    if differs("locked") {
        assert!(
            events.contains(&if success { "login" } else { "failure" }),
            "{login}"
        );
    }
    if (was["alert"] == "none") != (is["alert"] == "none") {
        assert!(events.contains(&"login"), "{login}");
    }
}

/// Whether what `on attempt` rules want is the severest that is wanted, before or now.
fn decides(was: &Value, is: &Value) -> bool {
    let rank = |value: &Value| {
        ["allow", "challenge", "deny"]
            .iter()
            .position(|word| value == *word)
    };
    [was, is]
        .into_iter()
        .any(|decision| rank(&decision["attempt"]) >= rank(&decision["verdict"]))
}

fn text_of<'d>(value: &'d Value, field: &str) -> &'d str {
    value[field].as_str().unwrap_or_default()
}
