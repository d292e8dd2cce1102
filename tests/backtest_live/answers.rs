//! What became of alerts on a server, in a replay of its history: whose word is a label, and when a cool-down ended.

use std::path::Path;
use std::sync::Arc;

use menshen::accounts::Passwords;
use menshen::bot::Bot;
use menshen::bot::api::{LoginReport, ReportAnswer};
use menshen::env::{Env, ManualClock, SeededRandom};
use menshen::guard::{LockedBy, alerts, locks};
use menshen::keys::Keys;
use menshen::lang::span::Sources;
use menshen::lang::value::Place;
use menshen::store::records::CloseReason;
use menshen::store::{self, SharedStore, StoreError};
use serde_json::Value;

use crate::cli_support::menshen;
use crate::{HOUR, START, json, report, store_with_alice, told};

const RULES: &str = "signal city \"异地\" weight 9 shadow {\n    when new(login.city, within: 30 days)\n}\n\
     on login when login.city == \"锁\" {\n    lock account\n}\n\
     on login when login.city == \"伦敦\" {\n    alert expires 24 hours once per 12 hours {\n        \
     message \"登录异常，请看 https://example.com/login\"\n    }\n}\n\
     on login when login.city == \"巴黎\" {\n    lock account\n    alert expires 24 hours once per 12 hours {\n        \
     message \"登录异常，请看 https://example.com/login\"\n    }\n}\n\
     on undeliverable alert {\n    note \"x\"\n}\n";

/// Alice logs in from there; the alert it raised or was added to.
async fn comes(bot: &Arc<Bot>, clock: &ManualClock, hour: i64, city: &str) -> Option<String> {
    clock.set(START + hour * HOUR);
    let place = Place {
        city: Some(city.to_owned()),
        ..Place::default()
    };
    let report = LoginReport {
        id: Some(format!("case-{hour}")),
        ..report(place, "Mozilla/5.0", START + hour * HOUR)
    };
    let answer = bot.report(report, None).await.expect("a report");
    // Whatever comes next comes later.
    clock.advance(1_000);
    match answer {
        ReportAnswer::Recorded(view) => view.alert,
        other => panic!("{other:?}"),
    }
}

/// Locks, unless a rule has, and unlocks.
async fn locked(store: &SharedStore, by: Option<LockedBy>) {
    let done = store::execute(&**store, "lock", move |tx| {
        if let Some(by) = by.clone() {
            locks::lock(tx, "alice", by, None)?;
        }
        locks::unlock(tx, "alice", "x").map(drop)
    });
    done.await
        .map_err(|error: StoreError| error)
        .expect("locked and unlocked");
}

/// Alerts that end in each way there is, and the alert of each login from abroad.
async fn answered(folder: &Path) -> Vec<Option<String>> {
    let clock = Arc::new(ManualClock::new(START));
    let env = Env {
        clock: clock.clone(),
        random: Arc::new(SeededRandom::new(5)),
    };
    let store = store_with_alice(folder, &env).await;
    let keys = Keys::from_bytes(&[7; 32], None);
    let owner = keys.openid_actor("main", "o-alice");
    let bot = Bot::builder(store.clone(), env.clone(), keys)
        .sources(Sources::single("guard.rules", RULES))
        .passwords(Passwords::cheap(env.clone()))
        .build()
        .await
        .expect("a bot")
        .bot;
    let mut told = Vec::new();
    comes(&bot, &clock, 0, "北京").await;
    // The second is added to the alert of the first; the owner says 锁定.
    told.push(comes(&bot, &clock, 1, "伦敦").await);
    told.push(comes(&bot, &clock, 2, "伦敦").await);
    locked(&store, Some(LockedBy::Owner(owner))).await;
    // Somebody at a desk locks.
    told.push(comes(&bot, &clock, 3, "伦敦").await);
    locked(&store, Some(LockedBy::Operator("key:desk".to_owned()))).await;
    // A rule locks at the next login.
    told.push(comes(&bot, &clock, 4, "伦敦").await);
    comes(&bot, &clock, 5, "锁").await;
    locked(&store, None).await;
    // Somebody at a desk closes the alert.
    let last = comes(&bot, &clock, 6, "伦敦").await;
    let id = last.clone().expect("an alert");
    told.push(last);
    store::execute(&*store, "close", move |tx| {
        alerts::close(tx, &id, CloseReason::Operator, "key:desk").map(drop)
    })
    .await
    .map_err(|error: StoreError| error)
    .expect("closed");
    // Two more: nobody has said anything yet.
    told.push(comes(&bot, &clock, 7, "伦敦").await);
    told.push(comes(&bot, &clock, 8, "伦敦").await);
    // A rule locks and alerts: what was open is closed before it asks.
    told.push(comes(&bot, &clock, 9, "巴黎").await);
    bot.finish().await;
    store.close().await;
    std::fs::write(folder.with_file_name("guard.rules"), RULES).expect("written");
    told
}

const ASK: [&str; 8] = [
    "backtest",
    "guard.rules",
    "--live",
    "--data",
    "data",
    "--warm-up",
    "0",
    "--format",
];

#[tokio::test]
async fn only_the_owners_own_word_is_a_label() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    answered(&here.join("data")).await;
    let said = json(here, &[&ASK[..], &["json"]].concat());
    // The two logins of the alert its owner answered; what a desk or a rule did is nobody's word.
    let wanted = serde_json::json!({ "yes": 2, "no": 0 });
    assert_eq!(
        said["input"]["labels"]["owner"], wanted,
        "{}",
        said["input"]
    );
    // What the server forgets it forgets whoever locked: every decision is found again.
    let more = ["json", "--decisions", "said.ndjson"];
    told(here, &[&ASK[..], &more].concat());
    told(here, &["export", "--data", "data", "--out", "all.ndjson"]);
    let lines = |name: &str| -> Vec<Value> {
        let text = std::fs::read_to_string(here.join(name)).expect("a file");
        let lines = text.lines().map(serde_json::from_str);
        lines.map(|line| line.expect("JSON")).collect()
    };
    let (again, kept) = (lines("said.ndjson"), lines("all.ndjson"));
    let mut found = 0;
    for kept in kept.iter().filter(|line| line["kind"] == "decision") {
        let kept = &kept["record"];
        let now = again.iter().find(|line| line["id"] == kept["id"]);
        let now = now.expect("its line");
        assert_eq!(now["signals"], kept["signals"]);
        assert_eq!(now["explanation"], kept["explanation"]);
        found += 1;
    }
    assert_eq!(found, 10);
}

#[tokio::test]
async fn a_cool_down_ends_where_the_alert_was_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let alerts = answered(&here.join("data")).await;
    let mut live: Vec<&str> = Vec::new();
    let mut raised = 0_u64;
    for alert in &alerts {
        let id = alert.as_deref().expect("each has one");
        if !live.contains(&id) {
            live.push(id);
            raised += 1;
        }
    }
    assert_eq!((raised, alerts.len()), (6, 8), "what the server did");
    let said = json(here, &[&ASK[..], &["json"]].concat());
    let totals = &said["figures"]["totals"];
    for (field, count) in [("flagged", 8), ("prompts", 6), ("cooled_down", 2)] {
        assert_eq!(totals[field], count, "{field}: {totals}");
    }
    // A past taken by its times says the same.
    let by_time = json(here, &[&ASK[..], &["json", "--by-time"]].concat());
    assert_eq!(by_time["figures"]["totals"]["prompts"], 6);
    // Rules that do not ask at the first login raise the alert at the second: what became of the one it was added to holds.
    let later = RULES.replace("== \"伦敦\"", "== \"伦敦\" and login.hour >= 11");
    std::fs::write(here.join("guard.rules"), later).expect("written");
    let said = json(here, &[&ASK[..], &["json"]].concat());
    let totals = &said["figures"]["totals"];
    for (field, count) in [("flagged", 7), ("prompts", 6), ("cooled_down", 1)] {
        assert_eq!(totals[field], count, "{field}: {totals}");
    }
}

#[tokio::test]
async fn a_login_is_explained_by_the_id_it_was_reported_under() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    answered(&here.join("data")).await;
    let more = ["json", "--decisions", "said.ndjson"];
    told(here, &[&ASK[..], &more].concat());
    let said = std::fs::read_to_string(here.join("said.ndjson")).expect("a file");
    let third: Value = serde_json::from_str(said.lines().nth(2).expect("three")).expect("JSON");
    let decision = third["id"].as_str().expect("an id");
    let explain = |login: &str| {
        let ask = [
            "backtest",
            "guard.rules",
            "--live",
            "--data",
            "data",
            "--lang",
            "en",
        ];
        menshen(here, &[&ask[..], &["--explain", login]].concat())
    };
    let by_report = crate::cli_support::done(&explain("case-2"));
    assert!(by_report.starts_with("#3 alice"), "{by_report}");
    assert_eq!(by_report, crate::cli_support::done(&explain(decision)));
    assert_eq!(by_report, crate::cli_support::done(&explain("#3")));
    let ended = explain("case-99");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("the id it was reported under"), "{said}");
}
