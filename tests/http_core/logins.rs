//! Attempts and reports of logins, and the keys that make them idempotent.

use menshen::server::Scope;
use reqwest::Method;
use serde_json::json;

use crate::http_support::{Ground, START};
use crate::{attempt, login};

#[tokio::test]
async fn a_refused_login_is_one_answer_and_a_captcha_is_another() {
    let ground = Ground::new().await;
    let client = ground.client("login", &[Scope::Login]).await;
    let granted = client.post("/v1/login", login("alice", "right")).await;
    assert_eq!(granted.status, 200);
    assert_eq!(granted.header("cache-control"), Some("no-store"));
    let wrong = client.post("/v1/login", login("alice", "wrong")).await;
    let unknown = client.post("/v1/login", login("nobody", "wrong")).await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.problem()),
        (401, "login-refused")
    );
    assert_eq!(wrong.text, unknown.text);
    let challenged = client.post("/v1/login", login("carol", "x")).await;
    assert_eq!(
        (challenged.status.as_u16(), challenged.problem()),
        (403, "captcha-required")
    );
    assert_eq!(challenged.json["captcha"]["id"], "cap_1");
    assert_eq!(challenged.json["decision"], "dec_9");
}

#[tokio::test]
async fn an_idempotency_key_gives_the_first_answer_for_a_day() {
    let ground = Ground::new().await;
    *ground.bot.store.lock().unwrap() = Some(ground.store.clone());
    let client = ground.all().await;
    let first = client
        .post_once("/v1/attempts", "k1", attempt("alice"))
        .await;
    let again = client
        .post_once("/v1/attempts", "k1", attempt("alice"))
        .await;
    assert_eq!(first.header("idempotency-replayed"), None);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(first.text, again.text);
    assert_eq!(*ground.bot.attempts.lock().unwrap(), 1);

    let other = client.post_once("/v1/attempts", "k1", attempt("bob")).await;
    assert_eq!(
        (other.status.as_u16(), other.problem()),
        (422, "idempotency-mismatch")
    );
    let fresh = client
        .post_once("/v1/attempts", "k2", attempt("alice"))
        .await;
    assert_eq!(fresh.json["decision"], "dec_2");
    // The scope of a key is the API key's.
    let someone = ground.client("other", &[Scope::Login]).await;
    let theirs = someone
        .post_once("/v1/attempts", "k1", attempt("bob"))
        .await;
    assert_eq!(theirs.json["decision"], "dec_3");

    ground.clock.advance(24 * menshen::env::HOUR);
    let later = client
        .post_once("/v1/attempts", "k1", attempt("alice"))
        .await;
    assert_eq!(later.json["decision"], "dec_4");
    let long = "x".repeat(300);
    let refused = client
        .post_once("/v1/attempts", &long, attempt("alice"))
        .await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn the_same_key_while_the_first_is_at_work_is_409() {
    let ground = Ground::new().await;
    *ground.bot.store.lock().unwrap() = Some(ground.store.clone());
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    *ground.bot.gate.lock().unwrap() = Some(gate.clone());
    let client = ground.all().await;
    let first = client.post_once("/v1/attempts", "k", attempt("alice"));
    let second = async {
        ground.bot.entered.notified().await;
        let second = client
            .post_once("/v1/attempts", "k", attempt("alice"))
            .await;
        gate.notify_one();
        second
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.status, 200);
    assert_eq!(
        (second.status.as_u16(), second.problem()),
        (409, "still-running")
    );
    let third = client
        .post_once("/v1/attempts", "k", attempt("alice"))
        .await;
    assert_eq!(third.text, first.text);
}

#[tokio::test]
async fn reports_come_one_by_one_or_in_bulk() {
    let ground = Ground::new().await;
    *ground.bot.store.lock().unwrap() = Some(ground.store.clone());
    let client = ground.client("reports", &[Scope::Reports]).await;
    let report = json!({"id": "1", "account": "alice", "success": true, "ip": "::ffff:203.0.113.7",
        "time": "2026-11-20T16:00:00+08:00"});
    let one = client.post("/v1/logins", report.clone()).await;
    assert_eq!(one.status, 200);
    let seen = ground.bot.reports.lock().unwrap()[0].clone();
    assert_eq!(seen.time, Some(START));
    assert_eq!(seen.origin.ip, Some("203.0.113.7".parse().unwrap()));
    assert!(!seen.backfill);

    let kept = client.post_once("/v1/logins", "k", report.clone()).await;
    let again = client.post_once("/v1/logins", "k", report).await;
    assert_eq!(kept.text, again.text);
    let taken = json!({"id": "taken", "account": "alice", "success": true});
    assert_eq!(client.post("/v1/logins", taken).await.status, 409);
    let ahead = json!({"id": "ahead", "account": "alice", "success": true});
    assert_eq!(client.post("/v1/logins", ahead).await.status, 422);
    let zoneless = json!({"account": "alice", "success": true, "time": "2026-11-20T16:00:00"});
    assert_eq!(
        client.post("/v1/logins", zoneless).await.json["errors"][0]["field"],
        "time"
    );

    let lines = "{\"account\":\"a\",\"success\":true}\n\n{\"account\":\"b\"}\n{\"id\":\"taken\",\"account\":\"a\",\"success\":false}\n";
    let bulk = client
        .raw(
            Method::POST,
            "/v1/logins?mode=backfill",
            Some(("application/x-ndjson", lines.to_owned())),
            &[],
        )
        .await;
    let answers: Vec<serde_json::Value> = bulk
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0]["line"], 1);
    assert!(answers[0]["decision"].is_object());
    assert_eq!(answers[1]["line"], 3);
    assert_eq!(answers[1]["problem"]["status"], 422);
    assert_eq!(answers[2]["problem"]["status"], 409);
    assert!(ground.bot.reports.lock().unwrap().last().unwrap().backfill);
}

/// What `menshen simulate-logins --format events` writes is what a server takes, to the last field.
#[cfg(feature = "backtest")]
#[tokio::test]
async fn made_up_events_can_be_reported() {
    use menshen::backtest::simulate::{Format, Settings, simulate};

    let ground = Ground::new().await;
    *ground.bot.store.lock().unwrap() = Some(ground.store.clone());
    let client = ground.client("reports", &[Scope::Reports]).await;
    let settings = Settings {
        accounts: 20,
        days: 5,
        attacks: 100.0,
        ..Settings::default()
    };
    let made = |format| {
        let mut lines = Vec::new();
        simulate(&settings, format, &mut lines, &mut |_| true).expect("memory");
        String::from_utf8(lines).expect("text")
    };
    let answers = async |lines: String| -> Vec<serde_json::Value> {
        let body = Some(("application/x-ndjson", lines));
        let bulk = client.raw(Method::POST, "/v1/logins?mode=backfill", body, &[]);
        let text = bulk.await.text;
        let answers = text.lines().map(|line| serde_json::from_str(line).unwrap());
        answers.collect()
    };
    let events = made(Format::Events);
    let said = answers(events.clone()).await;
    assert_eq!(said.len(), events.lines().count());
    for (line, said) in events.lines().zip(&said) {
        assert!(said["decision"].is_object(), "{line}: {said}");
    }
    // With labels it is for backtests: a server is told what it may not know.
    let said = answers(made(Format::Ndjson)).await;
    assert!(said.iter().all(|said| said["problem"]["status"] == 422));
}
