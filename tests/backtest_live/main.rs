//! From tuning to live and back: a server's own history under `menshen backtest --live` and
//! `menshen rules changed`, as people use them.
#![cfg(all(feature = "cli", feature = "backtest"))]

mod answers;
#[path = "../cli_support/mod.rs"]
mod cli_support;
mod doors;
mod labels;
mod locks;

use std::path::Path;
use std::sync::Arc;

use cli_support::{done, menshen};
use menshen::accounts::{self, NewAccount, Password, Passwords};
use menshen::bot::Bot;
use menshen::bot::api::{LoginReport, Origin};
use menshen::env::{Clock as _, Env, ManualClock, SeededRandom};
use menshen::keys::Keys;
use menshen::lang::span::Sources;
use menshen::lang::value::Place;
use menshen::store::records::AccountStatus;
use menshen::store::{self, Flavour, OnLoss, OpenOptions, SharedStore, StoreError};
use serde_json::Value;

const START: i64 = 1_767_574_800_000; // 2026-01-05 09:00 in Shanghai
const HOUR: i64 = 3_600_000;

/// Two generations: the second asks already where only the city is new.
fn rules(budget: u32) -> String {
    format!(
        "let budget = {budget}\n\
         signal city \"异地\" weight 40 {{\n    when new(login.city, within: 30 days)\n}}\n\
         signal guessed \"输错\" weight 30 {{\n    when count(failures, within: 1 hour) >= 2\n}}\n\
         signal odd \"少见\" weight 9 shadow {{\n    when new(login.city, within: 30 days)\n}}\n\
         signal scripted \"脚本\" weight 5 shadow {{\n    when contains(login.agent, \"curl/\")\n}}\n\
         on login when suspicion >= budget {{\n    challenge captcha\n}}\n"
    )
}

async fn bot(store: &SharedStore, env: &Env, budget: u32) -> Arc<Bot> {
    let sources = Sources::single("guard.rules", &rules(budget));
    Bot::builder(store.clone(), env.clone(), Keys::from_bytes(&[7; 32], None))
        .sources(sources)
        .passwords(Passwords::cheap(env.clone()))
        .build()
        .await
        .expect("a bot")
        .bot
}

/// Alice logs in.
fn report(place: Place, agent: &str, time: i64) -> LoginReport {
    LoginReport {
        id: None,
        origin: Origin {
            account: "alice".to_owned(),
            machine: None,
            ip: None,
            user_agent: Some(agent.to_owned()),
            place: Some(place),
            channel: None,
        },
        time: Some(time),
        success: true,
        reason: None,
        session: None,
        backfill: false,
    }
}

async fn store_with_alice(folder: &Path, env: &Env) -> SharedStore {
    let options = OpenOptions {
        path: folder.to_owned(),
        cache_bytes: 8 << 20,
        flavour: Some(Flavour::Production),
        on_loss: OnLoss::Refuse,
    };
    let store = store::open(options, env.clone()).expect("a store").store;
    let passwords = Passwords::cheap(env.clone());
    let hash = passwords
        .hash(Password::new("right"))
        .await
        .expect("a hash");
    let alice = NewAccount {
        id: "alice".to_owned(),
        name: "爱丽丝".to_owned(),
        phone: None,
        password: Some(hash),
        zone: None,
        status: AccountStatus::Active,
    };
    store::execute(&*store, "account", move |tx| {
        accounts::create(tx, alice.clone(), "operator")
    })
    .await
    .map_err(|error: StoreError| error)
    .expect("an account");
    store
}

/// A store of two generations: alice logs in every six hours for 20 days, in a strange city on every
/// tenth login, after two wrong passwords on every other of these.
async fn history(folder: &Path) {
    let clock = Arc::new(ManualClock::new(START));
    let env = Env {
        clock: clock.clone(),
        random: Arc::new(SeededRandom::new(5)),
    };
    let store = store_with_alice(folder, &env).await;
    for (generation, budget) in [(0, 60), (1, 40)] {
        let bot = bot(&store, &env, budget).await;
        for login in generation * 40..(generation + 1) * 40 {
            clock.set(START + login * 6 * HOUR);
            let strange = login % 10 == 9;
            let wrong = if login % 20 == 19 { 2 } else { 0 };
            for attempt in 0..=wrong {
                clock.advance(60_000);
                let place = Place {
                    city: Some(match strange {
                        true => format!("city {login}"),
                        false => "北京".to_owned(),
                    }),
                    ..Place::default()
                };
                let agent = match strange {
                    true => "curl/8.5",
                    false => "Mozilla/5.0 (Windows NT 10.0) Firefox/121.0",
                };
                let report = LoginReport {
                    success: attempt == wrong,
                    ..report(place, agent, clock.now())
                };
                bot.report(report, None).await.expect("a report");
            }
        }
        bot.finish().await;
    }
    store.close().await;
}

fn told(folder: &Path, arguments: &[&str]) -> String {
    done(&menshen(folder, arguments))
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&told(folder, arguments)).expect("JSON")
}

#[tokio::test]
async fn what_the_last_change_changed_is_one_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    history(&here.join("data")).await;
    let data = ["--data", "data", "--format", "json"];

    // All of it: 8 logins in strange cities, 4 of them after wrong passwords.
    let all = json(
        here,
        &[&["rules", "changed", "--days", "40"][..], &data].concat(),
    );
    assert_eq!(all["diff"]["changed"], 4, "{}", all["diff"]);
    assert_eq!(all["diff"]["kinds"][0]["old"], "allow");
    assert_eq!(all["diff"]["kinds"][0]["new"], "challenge");
    let name = |which: &str| all[which]["name"].as_str().unwrap_or_default().to_owned();
    assert!(
        name("rules").starts_with("第 2 版规则（"),
        "{}",
        name("rules")
    );
    assert!(name("against").starts_with("第 1 版规则（"));
    assert_eq!(all["recorded"][0]["generation"], 2);
    assert_eq!(all["recorded"][0]["hash"], all["rules"]["hash"]);

    // The last 14 of the 20 days, and from the new rules back to the old ones.
    let last = json(here, &[&["rules", "changed"][..], &data].concat());
    assert_eq!(last["diff"]["changed"], 3);
    let back = [
        "rules", "changed", "--days", "40", "--from", "2", "--to", "1",
    ];
    let back = json(here, &[&back[..], &data].concat());
    assert_eq!(back["diff"]["kinds"][0]["old"], "challenge");
    assert_eq!(back["diff"]["kinds"][0]["new"], "allow");

    let text = told(
        here,
        &["rules", "changed", "--days", "40", "--data", "data"],
    );
    assert!(text.contains("放行 → 图形验证"), "{text}");
    assert!(text.contains("影子信号触发：odd 4"), "{text}");
    for wrong in [&["--to", "9"][..], &["--from", "2"]] {
        let wrong = [&["rules", "changed"][..], wrong, &data].concat();
        assert_eq!(menshen(here, &wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn edited_rules_are_compared_with_what_runs_on_its_own_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    history(&here.join("data")).await;
    std::fs::create_dir(here.join("rules")).expect("a folder");
    let edit = |budget| std::fs::write(here.join("rules/guard.rules"), rules(budget));
    let ask = ["backtest", "--live", "--data", "data", "--format", "json"];
    let count = [&ask[..], &["--warm-up", "0"]].concat();

    // Nothing edited: the same rule set, the same decisions.
    edit(40).expect("written");
    let same = json(here, &[&count[..], &["--against", "running"]].concat());
    assert_eq!(same["diff"]["changed"], 0);
    assert_eq!(same["rules"]["hash"], same["against"]["hash"]);
    let before = json(here, &[&count[..], &["--against", "previous"]].concat());
    assert_eq!(before["diff"]["changed"], 4);
    edit(70).expect("written");
    let fewer = json(here, &[&count[..], &["--against", "running"]].concat());
    assert_eq!(fewer["diff"]["changed"], 4);

    // What was recorded live counts every decision, also those before the edit.
    let live = &fewer["recorded"];
    let decisions: Vec<&Value> = [0, 1].iter().map(|at| &live[*at]["decisions"]).collect();
    assert_eq!(decisions, [44, 44]);
    let odd = live[0]["signals"].as_array().expect("signals").iter();
    let odd = odd
        .clone()
        .find(|signal| signal["name"] == "odd")
        .expect("the shadow");
    assert_eq!((&odd["shadow"], &odd["fired"]), (&true.into(), &4.into()));
    // The history keeps a digest of the user agent; the decisions keep what they were made on.
    let again = fewer["figures"]["signals"].as_array().expect("signals");
    let scripted = again.iter().find(|signal| signal["name"] == "scripted");
    let scripted = scripted.expect("the other shadow");
    assert_eq!(
        (&scripted["fired"], &scripted["not_evaluable"]),
        (&8.into(), &0.into())
    );

    // A rule that only one of both calls for is no mistake.
    let more = format!(
        "{}on login when suspicion >= 70 {{\n    call somebody with login.city\n}}\n",
        rules(40)
    );
    std::fs::write(here.join("rules/guard.rules"), more).expect("written");
    let calls = json(here, &[&count[..], &["--against", "running"]].concat());
    assert_eq!(calls["diff"]["changed"], 0);
}

#[tokio::test]
async fn every_decision_of_the_server_is_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    history(&here.join("data")).await;
    std::fs::create_dir(here.join("rules")).expect("a folder");
    std::fs::write(here.join("rules/guard.rules"), rules(40)).expect("written");
    let ask = [
        "backtest",
        "--live",
        "--data",
        "data",
        "--decisions",
        "said.ndjson",
    ];
    told(here, &ask);
    told(
        here,
        &["export", "--data", "data", "--out", "export.ndjson"],
    );
    let lines = |name: &str| -> Vec<Value> {
        let text = std::fs::read_to_string(here.join(name)).expect("a file");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    };
    let said = lines("said.ndjson");
    assert_eq!(said.len(), 88);
    let mut second = 0;
    for kept in lines("export.ndjson") {
        if kept["kind"] != "decision" {
            continue;
        }
        let kept = &kept["record"];
        let again = said
            .iter()
            .find(|line| line["id"] == kept["id"])
            .expect("its line");
        assert_eq!(again["signals"], kept["signals"]);
        assert_eq!(again["suspicion"], kept["suspicion"]);
        assert_eq!(again["success"], kept["login"]["success"]);
        // The generation before had another budget.
        if kept["generation"] == 2 {
            assert_eq!(again["explanation"], kept["explanation"]);
            assert_eq!(again["verdict"], kept["verdict"]);
            second += 1;
        }
    }
    assert_eq!(second, 44);
}

/// What was reported afterwards, in whatever order, has not moved a rule when it was; it can be asked as if it
/// had come in time.
#[tokio::test]
async fn a_past_that_was_filled_in_can_be_taken_in_time() {
    filled_in((0..20).rev()).await;
    filled_in(0..20).await;
}

async fn filled_in(days: impl Iterator<Item = i64>) {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let clock = Arc::new(ManualClock::new(START + 30 * 24 * HOUR));
    let env = Env {
        clock: clock.clone(),
        random: Arc::new(SeededRandom::new(5)),
    };
    let store = store_with_alice(&here.join("data"), &env).await;
    let bot = bot(&store, &env, 40).await;
    for day in days {
        let city = if day == 15 { "伦敦" } else { "北京" };
        let place = Place {
            city: Some(city.to_owned()),
            ..Place::default()
        };
        let report = LoginReport {
            backfill: true,
            ..report(place, "Mozilla/5.0", START + day * 24 * HOUR)
        };
        bot.report(report, None).await.expect("a report");
    }
    bot.finish().await;
    store.close().await;
    std::fs::write(here.join("guard.rules"), rules(40)).expect("written");
    let common = [
        "backtest",
        "guard.rules",
        "--live",
        "--data",
        "data",
        "--warm-up",
        "0",
    ];
    let asked = |more: &[&str]| json(here, &[&common[..], more, &["--format", "json"]].concat());
    let (late, timely) = (asked(&[]), asked(&["--by-time"]));
    assert_eq!(late["input"]["late"], 20);
    assert_eq!(timely["input"]["late"], 0);
    assert_eq!(late["input"]["reported"], 20);
    assert_eq!(late["figures"]["totals"]["challenged"], 0);
    assert_eq!(timely["figures"]["totals"]["challenged"], 1);
    let text = told(here, &common);
    assert!(
        text.contains("20 次迟了十分钟以上") && text.contains("--by-time"),
        "{text}"
    );
}
