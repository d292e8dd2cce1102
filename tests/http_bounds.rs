//! The HTTP face at its bounds: the one too many is turned away as documented, and counted by name.

mod http_support;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::poll;
use http_support::{Client, Ground};
use menshen::accounts::Password;
use menshen::guard::Limits;
use menshen::outbox::CallStats;
use menshen::outbox::call::MAX_CALLS_WAITING;
use menshen::server::{
    MAX_BODY_BYTES, MAX_BULK_BYTES, MAX_EVENT_STREAMS, MAX_IMPORT_LINES, MAX_RELOADS,
    MAX_REPORT_LINES, Scope,
};
use reqwest::Method;
use serde_json::json;
use tokio::sync::Notify;

/// The line of a metric with this beginning, without it.
async fn metric(ground: &Ground, beginning: &str) -> Option<String> {
    let text = ground.anonymous().get("/metrics").await.text;
    let mut lines = text.lines();
    lines.find_map(|line| Some(line.strip_prefix(beginning)?.trim().to_owned()))
}

async fn turned_away(ground: &Ground, limit: &str) -> Option<String> {
    let line = format!("menshen_limits_hit_total{{limit=\"{limit}\"}}");
    metric(ground, &line).await
}

async fn stream(client: &Client<'_>, ground: &Ground) -> reqwest::Response {
    ground
        .http
        .get(ground.server.url("/v1/events"))
        .bearer_auth(client.key.as_ref().unwrap())
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn one_event_stream_too_many_is_503_and_counted() {
    let ground = Ground::new().await;
    let client = ground.client("events", &[Scope::Events]).await;
    let mut open = Vec::new();
    for number in 0..MAX_EVENT_STREAMS {
        let response = stream(&client, &ground).await;
        assert_eq!(response.status(), 200, "stream {number}");
        open.push(response);
    }
    assert_eq!(
        turned_away(&ground, "event_streams").await.as_deref(),
        Some("0")
    );
    let refused = stream(&client, &ground).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let body: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(body["type"], "urn:menshen:problem:busy");
    assert_eq!(
        turned_away(&ground, "event_streams").await.as_deref(),
        Some("1")
    );
    let used = "menshen_bound_used{bound=\"event_streams\"}";
    assert_eq!(
        metric(&ground, used).await,
        Some(MAX_EVENT_STREAMS.to_string())
    );
    assert_eq!(
        client.get("/v1/events").await.status,
        200,
        "pages are no streams"
    );
    drop(open);
}

#[tokio::test]
async fn one_reload_too_many_is_503_and_counted() {
    let ground = Ground::new().await;
    let client = ground.client("rules", &[Scope::Rules]).await;
    let gate = Arc::new(Notify::new());
    *ground.bot.reload_gate.lock().unwrap() = Some(gate.clone());
    let order = || client.send(Method::POST, "/v1/rules/reload", None, &[]);
    for number in 0..MAX_RELOADS {
        // Its caller hangs up as soon as it is begun.
        tokio::select! {
            answer = order() => panic!("{number} was answered {}", answer.status),
            () = ground.bot.entered.notified() => {}
        }
    }
    assert_eq!(turned_away(&ground, "reloads").await.as_deref(), Some("0"));
    assert_eq!(order().await.status, 503);
    assert_eq!(turned_away(&ground, "reloads").await.as_deref(), Some("1"));
    *ground.bot.reload_gate.lock().unwrap() = None;
    gate.notify_waiters();
}

/// An alert on the increase of a counter does not see the one that brings the counter into being.
#[tokio::test]
async fn every_limit_is_counted_from_nought() {
    let manual = include_str!("../docs/operations.md");
    let named = manual.split("limit=\"").skip(1);
    let named: BTreeSet<&str> = named
        .filter_map(|rest| Some(rest.split_once('"')?.0))
        .collect();
    let metrics = Ground::new().await.anonymous().get("/metrics").await.text;
    let lines = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("menshen_limits_hit_total{limit=\""));
    let counted: BTreeSet<&str> = lines
        .filter_map(|rest| rest.strip_suffix("\"} 0"))
        .collect();
    assert_eq!(counted, named);
}

#[tokio::test]
async fn one_password_check_too_many_is_503_and_counted() {
    let ground = Ground::new().await;
    let client = ground.client("accounts", &[Scope::Accounts]).await;
    let new = |name: &str| json!({"account": name, "password": "correct horse"});
    assert_eq!(client.post("/v1/accounts", new("a")).await.status, 201);

    // Each has its place from its first poll to its last, and the last is not asked for yet.
    let (_, places) = ground.passwords.waiting();
    assert_eq!(places, 256);
    let check = || ground.passwords.verify(None, Password::new("x"));
    let mut checks: Vec<_> = (0..places).map(|_| Box::pin(check())).collect();
    for check in &mut checks {
        assert!(poll!(check).is_pending());
    }
    assert_eq!(ground.passwords.waiting(), (places, places));
    let refused = client.post("/v1/accounts", new("b")).await;
    assert_eq!((refused.status.as_u16(), refused.problem()), (503, "busy"));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(
        turned_away(&ground, "password_checks").await.as_deref(),
        Some("1")
    );

    for check in checks {
        assert!(!check.await.unwrap().right);
    }
    assert_eq!(client.post("/v1/accounts", new("b")).await.status, 201);
}

#[tokio::test]
async fn a_login_that_found_no_place_for_its_password_check_is_503_and_counted() {
    let ground = Ground::new().await;
    let client = ground.client("login", &[Scope::Login]).await;
    let body = json!({"account": "overloaded", "password": "x", "ip": "203.0.113.7"});
    let refused = client.post("/v1/login", body).await;
    assert_eq!((refused.status.as_u16(), refused.problem()), (503, "busy"));
    assert_eq!(
        turned_away(&ground, "password_checks").await.as_deref(),
        Some("1")
    );
}

#[tokio::test]
async fn bodies_are_read_up_to_their_bound_and_no_further() {
    let ground = Ground::new().await;
    let client = ground.all().await;
    let padded = |start: &str, bytes: usize| start.to_owned() + &" ".repeat(bytes - start.len());
    let send = async |path: &str, kind: &'static str, body: String| {
        let answer = client
            .raw(Method::POST, path, Some((kind, body)), &[])
            .await;
        answer.status.as_u16()
    };
    let login = r#"{"account": "alice", "password": "right", "ip": "203.0.113.7"}"#;
    let json = "application/json";
    assert_eq!(
        send("/v1/login", json, padded(login, MAX_BODY_BYTES)).await,
        200
    );
    assert_eq!(
        send("/v1/login", json, padded(login, MAX_BODY_BYTES + 1)).await,
        413
    );

    let lines = |bytes: usize| {
        let line = r#"{"account": "bulk"}"#;
        line.to_owned() + &"\n".repeat(bytes - line.len())
    };
    let (path, ndjson) = ("/v1/accounts:import", "application/x-ndjson");
    assert_eq!(send(path, ndjson, lines(MAX_BULK_BYTES)).await, 200);
    assert_eq!(send(path, ndjson, lines(MAX_BULK_BYTES + 1)).await, 413);
}

#[tokio::test]
async fn so_many_lines_are_taken_and_with_one_more_none() {
    let ground = Ground::new().await;
    let client = ground.all().await;
    for (path, most) in [
        ("/v1/accounts:import", MAX_IMPORT_LINES),
        ("/v1/logins", MAX_REPORT_LINES),
    ] {
        // No line is right, so that each costs next to nothing; each is answered all the same. Not through the
        // client that holds every line of an answer against the document.
        let send = async |lines: usize| {
            let request = ground.http.post(ground.server.url(path));
            let request = request.bearer_auth(client.key.as_ref().unwrap());
            let request = request.header("content-type", "application/x-ndjson");
            let answer = request.body("{}\n".repeat(lines)).send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.text().await.unwrap())
        };
        let (status, text) = send(most).await;
        assert_eq!(status, 200, "{path}");
        assert_eq!(text.lines().count(), most);
        let (status, text) = send(most + 1).await;
        assert_eq!(status, 413, "{path}");
        assert!(
            text.contains("urn:menshen:problem:too-large") && text.contains("10000"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn limits_met_inside_commands_are_counted_with_their_names() {
    let ground = Ground::new().await;
    let client = ground.all().await;
    let limits = Limits::default();
    let machine = json!({"ip": "203.0.113.7"});
    for _ in 0..limits.machines_per_address {
        let answer = client.post("/v1/machines", machine.clone()).await;
        assert_eq!(answer.status, 201);
    }
    assert_eq!(
        turned_away(&ground, "machines_per_address")
            .await
            .as_deref(),
        Some("0")
    );
    for _ in 0..2 {
        let refused = client.post("/v1/machines", machine.clone()).await;
        assert_eq!(refused.status, 429);
        assert_eq!(refused.header("retry-after"), Some("600"));
    }
    assert_eq!(
        turned_away(&ground, "machines_per_address")
            .await
            .as_deref(),
        Some("2")
    );

    let captcha = json!({"account": "alice", "ip": "203.0.113.7"});
    for _ in 0..limits.captchas_per_address {
        let answer = client.post("/v1/captchas", captcha.clone()).await;
        assert_eq!(answer.status, 201);
    }
    let refused = client.post("/v1/captchas", captcha).await;
    assert_eq!(refused.status, 429);
    assert_eq!(
        turned_away(&ground, "captchas_per_address")
            .await
            .as_deref(),
        Some("1")
    );
}

#[tokio::test]
async fn queued_calls_are_shown_by_name_and_the_fullest_against_its_bound() {
    let ground = Ground::new().await;
    let waiting = "menshen_calls_waiting{name=\"desk\"}";
    let calls = |attempts, failed, waiting: Option<u64>, of_followers| CallStats {
        attempts,
        failed,
        waiting,
        waiting_of_followers: of_followers,
    };
    let show = |desk, shop| {
        let all = [("desk".to_owned(), desk), ("shop".to_owned(), shop)];
        *ground.bot.calls.lock().unwrap() = all.into();
    };
    // No worker has looked: nothing is said.
    show(calls(0, 0, None, None), calls(0, 0, None, None));
    assert_eq!(metric(&ground, waiting).await, None);

    show(
        calls(12, 3, Some(MAX_CALLS_WAITING), Some(7)),
        calls(0, 0, Some(9), Some(9)),
    );
    let full = MAX_CALLS_WAITING.to_string();
    for (name, value) in [
        (waiting, full.as_str()),
        ("menshen_call_attempts_total{name=\"desk\"}", "12"),
        ("menshen_call_attempts_failed_total{name=\"desk\"}", "3"),
        ("menshen_calls_waiting{name=\"shop\"}", "9"),
        ("menshen_bound_used{bound=\"calls_of_a_name\"}", &full),
        ("menshen_bound_limit{bound=\"calls_of_a_name\"}", &full),
        ("menshen_bound_used{bound=\"calls_of_followers\"}", "9"),
        ("menshen_bound_limit{bound=\"calls_of_followers\"}", "500"),
    ] {
        assert_eq!(
            metric(&ground, name).await.as_deref(),
            Some(value),
            "{name}"
        );
    }
}
