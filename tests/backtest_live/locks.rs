//! Whom a rule locks out: both doors and a replay say the same, and ask him to solve nothing.

use std::sync::Arc;

use menshen::accounts::Passwords;
use menshen::bot::Bot;
use menshen::bot::api::{AttemptRequest, LoginAnswer, LoginRequest, Origin, Secret, Verdict};
use menshen::env::{Env, ManualClock, SeededRandom};
use menshen::guard::locks;
use menshen::keys::Keys;
use menshen::lang::span::Sources;
use menshen::lang::value::Place;
use menshen::store::{self, SharedStore, StoreError};
use serde_json::Value;

use crate::{HOUR, START, json, report, store_with_alice, told};

const RULES: &str = "on attempt when login.city == \"锁\" {\n    challenge captcha\n    lock account\n}\n\
     on login when login.city == \"后\" {\n    challenge captcha\n    lock account\n}\n";

fn origin(account: &str, city: &str) -> Origin {
    let place = Place {
        city: Some(city.to_owned()),
        ..Place::default()
    };
    Origin {
        account: account.to_owned(),
        ..report(place, "Mozilla/5.0", 0).origin
    }
}

async fn login(bot: &Arc<Bot>, account: &str, city: &str, password: &str) -> &'static str {
    let request = LoginRequest {
        origin: origin(account, city),
        password: Secret::new(password),
        captcha: None,
    };
    match bot.login(request).await.expect("an answer") {
        LoginAnswer::Granted(_) => "granted",
        LoginAnswer::Refused => "refused",
        LoginAnswer::CaptchaRequired { .. } => "captcha",
    }
}

async fn unlock(store: &SharedStore) -> bool {
    let unlocked = store::execute(&**store, "unlock", |tx| {
        let locked = locks::lock_of(tx, "alice")?.is_some();
        locks::unlock(tx, "alice", "x")?;
        Ok::<_, StoreError>(locked)
    });
    unlocked.await.expect("unlocked")
}

#[tokio::test]
async fn whom_a_rule_locks_out_is_asked_for_no_captcha() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let clock = Arc::new(ManualClock::new(START));
    let env = Env {
        clock: clock.clone(),
        random: Arc::new(SeededRandom::new(5)),
    };
    let store = store_with_alice(&here.join("data"), &env).await;
    let bot = Bot::builder(store.clone(), env.clone(), Keys::from_bytes(&[7; 32], None))
        .sources(Sources::single("guard.rules", RULES))
        .passwords(Passwords::cheap(env.clone()))
        .build()
        .await
        .expect("a bot")
        .bot;
    // Whoever tries names learns nothing: one that is no account is refused likewise.
    for account in ["alice", "nobody"] {
        let request = AttemptRequest {
            origin: origin(account, "锁"),
            captcha: None,
        };
        let answer = bot.attempt(request, None).await.expect("an answer");
        assert_eq!(answer.verdict, Verdict::Deny, "{account}");
        assert!(answer.captcha.is_none());
        assert_eq!(unlock(&store).await, account == "alice");
        let ended = login(&bot, account, "锁", "right").await;
        assert_eq!(ended, "refused", "{account}");
        assert_eq!(unlock(&store).await, account == "alice");
    }
    clock.advance(HOUR);
    assert_eq!(login(&bot, "alice", "北京", "right").await, "granted");
    assert_eq!(login(&bot, "alice", "北京", "wrong").await, "refused");
    assert_eq!(login(&bot, "alice", "后", "right").await, "refused");
    // The account is locked by now.
    assert_eq!(login(&bot, "alice", "北京", "wrong").await, "refused");
    assert_eq!(login(&bot, "alice", "北京", "right").await, "refused");
    bot.finish().await;
    store.close().await;

    std::fs::write(here.join("guard.rules"), RULES).expect("written");
    told(here, &["export", "--data", "data", "--out", "all.ndjson"]);
    let text = std::fs::read_to_string(here.join("all.ndjson")).expect("an export");
    // As after 180 days.
    let kept = text
        .lines()
        .filter(|line| !line.starts_with("{\"kind\":\"decision\""));
    let kept: Vec<&str> = kept.collect();
    std::fs::write(here.join("kept.ndjson"), kept.join("\n") + "\n").expect("written");
    for (name, refused, gone) in [("all.ndjson", 4, 0), ("kept.ndjson", 0, 2)] {
        let ask = [
            "backtest",
            "guard.rules",
            "--logins",
            name,
            "--warm-up",
            "0",
        ];
        let more = ["--decisions", "said.ndjson", "--format", "json"];
        let said = json(here, &[&ask[..], &more].concat());
        let input = &said["input"];
        assert_eq!(
            (
                &input["attempts_refused"],
                &input["decisions_gone"],
                &input["captchas_shown"]
            ),
            (&refused.into(), &gone.into(), &0.into()),
            "{name}: {input}"
        );
        assert_eq!(input["decided_from"].is_null(), gone > 0);
        let totals = &said["figures"]["totals"];
        for (field, count) in [("captchas", 0), ("locked", 1), ("locked_accounts", 1)] {
            assert_eq!(totals[field], count, "{name} {field}: {totals}");
        }
        let decisions = std::fs::read_to_string(here.join("said.ndjson")).expect("decisions");
        let words: Vec<String> = decisions
            .lines()
            .map(|line| {
                let line: Value = serde_json::from_str(line).expect("JSON");
                ["attempt", "verdict", "outcome"]
                    .map(|field| line[field].as_str().expect("a word").to_owned())
                    .join(" ")
            })
            .collect();
        let wanted = [
            "allow allow allow",
            "allow allow allow",
            "allow deny lock",
            // Neither is what rules did: it was locked.
            "allow deny refused",
            "allow deny refused",
        ];
        assert_eq!(words, wanted, "{name}");
    }
    let text = told(
        here,
        &[
            "backtest",
            "guard.rules",
            "--logins",
            "kept.ndjson",
            "--lang",
            "en",
        ],
    );
    assert!(
        text.contains("the decisions of 2 logins are no longer in the store"),
        "{text}"
    );
}
