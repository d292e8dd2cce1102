//! What a server that checks passwords itself keeps of those it turns away, and what is known without decisions.

use std::path::Path;
use std::sync::Arc;

use menshen::accounts::Passwords;
use menshen::bot::Bot;
use menshen::bot::api::{LoginAnswer, LoginRequest, Secret};
use menshen::env::{Env, ManualClock, SeededRandom};
use menshen::guard::{LockedBy, locks};
use menshen::keys::Keys;
use menshen::lang::span::Sources;
use menshen::lang::value::Place;
use menshen::store::{self, StoreError};
use serde_json::Value;

use crate::{HOUR, START, bot, json, report, rules, store_with_alice, told};

/// Rules of [`what_the_server_itself_refused_is_asked_again`]; `city` is refused at the login.
fn doors(city: &str) -> String {
    format!(
        "signal city \"异地\" weight 9 shadow {{\n    when new(login.city, within: 30 days)\n}}\n\
         on attempt when login.city == \"关\" {{\n    deny \"x\"\n}}\n\
         on attempt when login.city == \"码\" {{\n    challenge captcha\n}}\n\
         on failure when login.city == \"北京\" {{\n    note \"x\"\n}}\n\
         on login when login.city == \"问\" {{\n    challenge captcha\n}}\n\
         on login when login.city == \"{city}\" {{\n    deny \"x\"\n}}\n\
         on login when login.city == \"锁\" {{\n    lock account\n}}\n\
         on login when login.city == \"拒\" {{\n    alert expires 1 day {{\n        \
         message \"登录异常，请看 https://example.com/login\"\n    }}\n}}\n\
         on undeliverable alert {{\n    note \"x\"\n}}\n"
    )
}

/// Alice logs in at the server itself: once in peace, refused and asked for a captcha in every way there is, with a wrong
/// password, and while her account is locked.
async fn at_the_door(folder: &Path) {
    let clock = Arc::new(ManualClock::new(START));
    let env = Env {
        clock: clock.clone(),
        random: Arc::new(SeededRandom::new(5)),
    };
    let store = store_with_alice(folder, &env).await;
    let bot = Bot::builder(store.clone(), env.clone(), Keys::from_bytes(&[7; 32], None))
        .sources(Sources::single("guard.rules", &doors("拒")))
        .passwords(Passwords::cheap(env.clone()))
        .build()
        .await
        .expect("a bot")
        .bot;
    let lock = |on: bool| {
        let store = store.clone();
        async move {
            store::execute(&*store, "lock", move |tx| match on {
                true => {
                    locks::lock(tx, "alice", LockedBy::Operator("x".to_owned()), None).map(drop)
                }
                false => locks::unlock(tx, "alice", "x").map(drop),
            })
            .await
            .map_err(|error: StoreError| error)
            .expect("locked, or not");
        }
    };
    for (city, password, locked, ends) in [
        ("北京", "right", false, "granted"),
        ("关", "right", false, "refused"),
        ("码", "right", false, "captcha"),
        ("问", "right", false, "captcha"),
        ("拒", "right", false, "refused"),
        ("北京", "wrong", false, "refused"),
        ("北京", "right", true, "refused"),
        ("锁", "right", false, "refused"),
    ] {
        clock.advance(HOUR);
        if locked {
            lock(true).await;
        }
        let place = Place {
            city: Some(city.to_owned()),
            ..Place::default()
        };
        let request = LoginRequest {
            origin: report(place, "Mozilla/5.0", 0).origin,
            password: Secret::new(password),
            captcha: None,
        };
        let ended = match bot.login(request).await.expect("an answer") {
            LoginAnswer::Granted(_) => "granted",
            LoginAnswer::Refused => "refused",
            LoginAnswer::CaptchaRequired { .. } => "captcha",
        };
        assert_eq!(ended, ends, "{city} {password}");
        if locked {
            lock(false).await;
        }
    }
    bot.finish().await;
    store.close().await;
}

#[tokio::test]
async fn what_the_server_itself_refused_is_asked_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    at_the_door(&here.join("data")).await;
    std::fs::write(here.join("same.rules"), doors("拒")).expect("written");
    std::fs::write(here.join("open.rules"), doors("-")).expect("written");
    let asked = |rules: &str, more: &[&str]| -> Vec<String> {
        let ask = [
            "backtest",
            rules,
            "--live",
            "--data",
            "data",
            "--warm-up",
            "0",
        ];
        let all = [&ask[..], more].concat();
        all.into_iter().map(str::to_owned).collect()
    };
    let ask = |rules: &str, more: &[&str]| {
        let all = asked(rules, &[&["--format", "json"], more].concat());
        json(here, &all.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let said = ask("same.rules", &[]);
    // Attempts that ended at a captcha or a refusal are no logins, and are counted all the same.
    let input = &said["input"];
    for (name, count) in [
        ("logins", 5),
        ("captchas_shown", 2),
        ("captchas_solved", 0),
        ("attempts_refused", 1),
    ] {
        assert_eq!(input[name], count, "{name}: {input}");
    }
    let all = asked("same.rules", &["--lang", "en", "--report", "out"]);
    let text = told(here, &all.iter().map(String::as_str).collect::<Vec<_>>());
    let line = "the server (POST /v1/login and POST /v1/attempts) asked for 2 captchas (0 logins with one solved) and refused 1 attempt before";
    assert!(text.contains(line), "{text}");
    let page = std::fs::read_to_string(here.join("out/report.html")).expect("a page");
    assert!(page.contains(line));
    // One was locked by a rule; one refused by a rule, which alerted nobody, for nobody is in; one because of a lock, which no rule is asked
    // about, and is no refusal of theirs.
    let totals = &said["figures"]["totals"];
    for (name, count) in [
        ("logins", 3),
        ("failures", 2),
        ("denied", 2),
        ("refusals", 1),
        ("locked", 1),
        ("flagged", 1),
        ("prompts", 0),
        ("flagged_refused", 1),
    ] {
        assert_eq!(totals[name], count, "{name}: {totals}");
    }
    let rules = said["figures"]["guard_rules"]
        .as_array()
        .expect("rules")
        .iter();
    let counts = rules.map(|rule| {
        (
            rule["on"].as_str().expect("a word"),
            rule["evaluated"].as_u64().expect("a count"),
            rule["matched"].as_u64().expect("a count"),
            rule["decisive"].as_u64().expect("a count"),
        )
    });
    let counts: Vec<_> = counts.collect();
    assert_eq!(
        counts,
        [
            ("attempt", 5, 0, 0),
            ("attempt", 5, 0, 0),
            ("failure", 1, 1, 0),
            ("login", 3, 0, 0),
            ("login", 3, 1, 1),
            ("login", 3, 1, 1),
            ("login", 3, 1, 1)
        ]
    );
    // A captcha after the right password is no login that signals were asked about: of these there are three.
    let live = &said["recorded"][0];
    assert_eq!(live["decisions"], 6, "{live}");
    assert_eq!(live["signals"][0]["asked"], 3, "{live}");
    // And every login is decided as it was.
    let all = asked("same.rules", &["--decisions", "said.ndjson"]);
    told(here, &all.iter().map(String::as_str).collect::<Vec<_>>());
    told(here, &["export", "--data", "data", "--out", "all.ndjson"]);
    let lines = |name: &str| -> Vec<Value> {
        let text = std::fs::read_to_string(here.join(name)).expect("a file");
        let lines = text.lines().map(serde_json::from_str);
        lines.map(|line| line.expect("JSON")).collect()
    };
    let (again, kept) = (lines("said.ndjson"), lines("all.ndjson"));
    let of_logins = kept.iter().filter(|line| line["record"]["kind"] == "login");
    let mut verdicts = Vec::new();
    for kept in of_logins.map(|line| &line["record"]) {
        let now = again.iter().find(|line| line["id"] == kept["id"]);
        assert_eq!(now.expect("its line")["verdict"], kept["verdict"], "{kept}");
        verdicts.push(kept["verdict"].as_str().expect("a word"));
    }
    verdicts.sort_unstable();
    assert_eq!(verdicts, ["allow", "deny", "deny"]);
    // Rules that refuse it no more ask its owner.
    let said = ask("open.rules", &["--against", "running"]);
    let kinds = &said["diff"]["kinds"];
    let wanted = serde_json::json!([{ "old": "deny_and_alert", "new": "prompt", "count": 1 }]);
    assert_eq!(*kinds, wanted, "{}", said["diff"]);
}

#[tokio::test]
async fn what_came_late_is_known_without_its_decision() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let clock = Arc::new(ManualClock::new(START + 10 * HOUR));
    let env = Env {
        clock: clock.clone(),
        random: Arc::new(SeededRandom::new(5)),
    };
    let store = store_with_alice(&here.join("data"), &env).await;
    let bot = bot(&store, &env, 40).await;
    // The first two are from hours ago, and in order: nothing but the clock tells.
    for hours in [1, 2, 10] {
        let time = START + hours * HOUR;
        let report = report(Place::default(), "Mozilla/5.0", time);
        bot.report(report, None).await.expect("a report");
    }
    bot.finish().await;
    store.close().await;
    std::fs::write(here.join("guard.rules"), rules(40)).expect("written");
    told(here, &["export", "--data", "data", "--out", "all.ndjson"]);
    let text = std::fs::read_to_string(here.join("all.ndjson")).expect("an export");
    // As after 180 days.
    let kept = text
        .lines()
        .filter(|line| !line.starts_with("{\"kind\":\"decision\""));
    let kept: Vec<&str> = kept.collect();
    assert_eq!(kept.len() + 3, text.lines().count(), "{text}");
    std::fs::write(here.join("kept.ndjson"), kept.join("\n") + "\n").expect("written");
    for name in ["all.ndjson", "kept.ndjson"] {
        let said = json(
            here,
            &[
                "backtest",
                "guard.rules",
                "--logins",
                name,
                "--warm-up",
                "0",
                "--format",
                "json",
            ],
        );
        assert_eq!(
            (&said["input"]["logins"], &said["input"]["late"]),
            (&3.into(), &2.into()),
            "{name}"
        );
    }
}
