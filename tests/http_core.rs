//! Keys, problems, idempotency, the feed, health, metrics and the platform's callback over HTTP.

mod http_support;

use std::time::Duration;

use http_support::{AES, APP_ID, Client, Ground, START, TOKEN};
use menshen::bot::api::PushAnswer;
use menshen::server::{Scope, keys};
use menshen::store::{self, StoreError};
use menshen::wechat::crypto::EncodingAesKey;
use menshen::wechat::endpoint::{Format, Mode};
use menshen::wechat::fields::Fields;
use menshen::wechat::platform_side::{
    PlatformConfig, PlatformReply, SignedPush, Stamp, build_push, build_verification, open_reply,
};
use menshen::wechat::signature::Token;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_key_is_needed_and_its_scopes_are_what_it_may() {
    let ground = Ground::new().await;
    let refused = ground.anonymous().get("/v1/rules").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.problem(), "unauthorized");
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));

    let client = ground.client("rules", &[Scope::Rules]).await;
    assert_eq!(client.get("/v1/rules").await.status, 200);
    let refused = client.get("/v1/events").await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (403, "forbidden")
    );
    assert!(refused.json["detail"].as_str().unwrap().contains("events"));

    let key = client.key.clone().unwrap();
    let mut wrong = key.clone();
    wrong.pop();
    wrong.push(if key.ends_with('A') { 'B' } else { 'A' });
    for key in ["", "x", "msk_", "msk_00_x", wrong.as_str()] {
        let answer = ground
            .anonymous()
            .send(
                Method::GET,
                "/v1/rules",
                None,
                &[("authorization", &format!("Bearer {key}"))],
            )
            .await;
        assert_eq!(answer.status, 401, "{key}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once_and_its_name_is_free_again() {
    let ground = Ground::new().await;
    let client = ground.client("erp", &[Scope::Rules]).await;
    assert_eq!(client.get("/v1/rules").await.status, 200);
    let revoke = || {
        store::execute::<_, StoreError>(&*ground.store, "revoke", |tx| {
            keys::revoke(tx, "operator", "erp")
        })
    };
    assert!(revoke().await.unwrap());
    assert!(!revoke().await.unwrap());
    assert_eq!(client.get("/v1/rules").await.status, 401);
    assert_eq!(
        ground
            .client("erp", &[Scope::Rules])
            .await
            .get("/v1/rules")
            .await
            .status,
        200
    );
    let again = store::execute(&*ground.store, "add", |tx| {
        keys::add(tx, "operator", "erp", &[Scope::Rules])
    })
    .await;
    assert!(matches!(again, Err(keys::AddKeyError::NameTaken(_))));
}

#[tokio::test]
async fn a_key_is_stored_only_as_its_hash() {
    let ground = Ground::new().await;
    let client = ground.client("erp", &[Scope::Rules]).await;
    let secret = client.key.clone().unwrap();
    let listed = store::read::<_, StoreError>(&*ground.store, "list", keys::list)
        .await
        .unwrap();
    assert_eq!(listed.len(), 1);
    let shown = format!("{listed:?}");
    assert!(!shown.contains(secret.rsplit_once('_').unwrap().1));
    assert!(secret.contains(&listed[0].id));
}

fn login(account: &str, password: &str) -> serde_json::Value {
    json!({"account": account, "password": password, "ip": "203.0.113.7"})
}

#[tokio::test]
async fn bodies_are_strict_and_errors_name_the_field() {
    let ground = Ground::new().await;
    let client = ground.client("login", &[Scope::Login]).await;
    let field = async |body: serde_json::Value| {
        let answer = client.post("/v1/login", body).await;
        assert_eq!(answer.problem(), "invalid", "{answer:?}");
        let error = &answer.json["errors"][0];
        (
            error["field"].as_str().unwrap().to_owned(),
            error["message"].as_str().unwrap().to_owned(),
        )
    };
    let mut body = login("alice", "right");
    body["pasword"] = json!("x");
    let (path, message) = field(body).await;
    assert_eq!(path, "pasword");
    assert!(message.contains("unknown field `pasword`"), "{message}");

    let mut body = login("alice", "right");
    body["captcha"] = json!({"id": "c", "answer": "x", "extra": 1});
    assert_eq!(field(body).await.0, "captcha.extra");
    let mut body = login("alice", "right");
    body["ip"] = json!("not an address");
    assert_eq!(field(body).await.0, "ip");
    let mut body = login("alice", "right");
    body["place"] = json!({"lat": 91});
    assert_eq!(field(body).await.0, "place.lat");
    assert!(
        field(json!({"account": "alice"}))
            .await
            .1
            .contains("missing field")
    );
    assert_eq!(field(login("", "x")).await.0, "account");
    assert_eq!(field(login(&"x".repeat(200), "x")).await.0, "account");
}

#[tokio::test]
async fn what_is_not_json_is_400_415_or_413() {
    let ground = Ground::new().await;
    let client = ground.client("login", &[Scope::Login]).await;
    let send = async |kind: &str, text: String| {
        let answer = client
            .raw(Method::POST, "/v1/login", Some((kind, text)), &[])
            .await;
        (answer.status.as_u16(), answer.json["detail"].to_string())
    };
    let (status, detail) = send("application/json", "{\"account\": \n oops".into()).await;
    assert_eq!(status, 400);
    assert!(detail.contains("line 2"), "{detail}");
    assert_eq!(send("application/json", "{} {}".into()).await.0, 422);
    assert_eq!(send("text/plain", "{}".into()).await.0, 415);
    assert_eq!(send("application/json", "x".repeat(70_000)).await.0, 413);
}

#[tokio::test]
async fn a_body_that_is_null_is_refused_without_a_word_about_our_types() {
    let ground = Ground::new().await;
    let client = ground.all().await;
    let account = json!({"account": "alice", "phone": "13800138000"});
    assert_eq!(client.post("/v1/accounts", account).await.status, 201);
    for path in ["lock", "unlock", "verification-code"] {
        let path = format!("/v1/accounts/alice/{path}");
        for body in [json!(null), json!(7), json!("x")] {
            let refused = client.post(&path, body.clone()).await;
            assert_eq!(refused.status, 422, "{path} {body}");
            let message = refused.json["errors"][0]["message"].as_str().unwrap();
            assert!(message.contains("expected an object"), "{message}");
            assert!(!message.contains("Body"), "{message}");
        }
        // Nothing at all is fine.
        let answer = client.send(Method::POST, &path, None, &[]).await;
        assert!(answer.status.is_success(), "{path}");
    }
}

#[tokio::test]
async fn probes_may_ask_with_head() {
    let ground = Ground::new().await;
    for (path, length) in [("/healthz", Some("2")), ("/readyz", None)] {
        let answer = ground.anonymous().send(Method::HEAD, path, None, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
        if length.is_some() {
            assert_eq!(answer.header("content-length"), length);
        }
    }
    *ground.bot.unloaded.lock().unwrap() = true;
    let client = ground.anonymous();
    assert_eq!(
        client.send(Method::HEAD, "/readyz", None, &[]).await.status,
        503
    );
    let put = ground.http.put(ground.server.url("/healthz"));
    let refused = put.send().await.unwrap();
    assert_eq!(refused.headers()["allow"], "GET, HEAD");
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems() {
    let ground = Ground::new().await;
    for (method, path, status) in [
        (Method::GET, "/v1/nothing", 404),
        (Method::GET, "/nothing", 404),
        (Method::DELETE, "/v1/login", 405),
        (Method::PUT, "/healthz", 405),
    ] {
        let response = ground
            .http
            .request(method, ground.server.url(path))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{path}");
        let allow = response.headers().get("allow");
        assert_eq!(allow.is_some(), status == 405, "{path}");
        let kind = response.headers()["content-type"].to_str().unwrap();
        assert_eq!(kind, "application/problem+json", "{path}");
    }
}

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
}

fn attempt(account: &str) -> serde_json::Value {
    json!({"account": account, "ip": "203.0.113.7"})
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

#[tokio::test]
async fn the_feed_is_paged_by_cursor_and_filtered() {
    let ground = Ground::new().await;
    let client = ground.client("events", &[Scope::Events]).await;
    let base = client.get("/v1/events").await.json["cursor"].clone();
    let base = base.as_str().unwrap().to_owned();
    ground.emit("bound", 3).await;
    ground.emit("locked", 2).await;
    let first = client
        .get(&format!("/v1/events?after={base}&limit=4"))
        .await;
    assert_eq!(first.json["events"].as_array().unwrap().len(), 4);
    assert_eq!(first.json["more"], true);
    let cursor = first.json["cursor"].as_str().unwrap();
    let second = client
        .get(&format!("/v1/events?after={cursor}&limit=4"))
        .await;
    assert_eq!(second.json["events"][0]["type"], "locked");
    assert_eq!(second.json["more"], false);
    let end = second.json["cursor"].as_str().unwrap();
    let nothing = client.get(&format!("/v1/events?after={end}")).await;
    assert_eq!(nothing.json["cursor"], end);
    let unheard_of = client.get("/v1/events?types=locked,lokced").await;
    assert_eq!(unheard_of.status, 422);
    assert!(
        unheard_of.text.contains("alert_closed"),
        "{}",
        unheard_of.text
    );
    let locked = client.get("/v1/events?types=locked&account=alice").await;
    assert_eq!(locked.json["events"].as_array().unwrap().len(), 2);
    assert_eq!(locked.json["cursor"], end);
    assert_eq!(client.get("/v1/events?after=x").await.status, 422);
    assert_eq!(client.get("/v1/events?limit=0").await.status, 422);
    assert_eq!(client.get("/v1/events?aftr=1").await.status, 422);
}

async fn stream(client: &Client<'_>, ground: &Ground, last: &str) -> reqwest::Response {
    ground
        .http
        .get(ground.server.url("/v1/events"))
        .bearer_auth(client.key.as_ref().unwrap())
        .header("accept", "text/event-stream")
        .header("last-event-id", last)
        .send()
        .await
        .unwrap()
}

/// Reads until `wanted` events have come, or the stream ends.
async fn read_events(response: &mut reqwest::Response, wanted: usize) -> Vec<serde_json::Value> {
    let mut text = String::new();
    let read = async {
        while text.matches("\ndata: ").count() < wanted {
            match response.chunk().await {
                Ok(Some(chunk)) => text.push_str(std::str::from_utf8(&chunk).unwrap()),
                _ => break,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

#[tokio::test]
async fn the_stream_goes_on_where_it_was_and_ends_with_its_key_and_the_server() {
    let ground = Ground::new().await;
    let client = ground.client("events", &[Scope::Events]).await;
    ground.emit("bound", 2).await;
    let mut response = stream(&client, &ground, "0").await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut events = read_events(&mut response, 2).await;
    ground.emit("locked", 1).await;
    events.extend(read_events(&mut response, 1).await);
    let types: Vec<&str> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["bound", "bound", "locked"]);
    let cursor = events[1]["cursor"].as_str().unwrap();

    let mut resumed = stream(&client, &ground, cursor).await;
    let events = read_events(&mut resumed, 1).await;
    assert_eq!(events[0]["type"], "locked");

    store::execute::<_, StoreError>(&*ground.store, "revoke", |tx| {
        keys::revoke(tx, "operator", "events")
    })
    .await
    .unwrap();
    ground.emit("late", 1).await;
    assert!(
        read_events(&mut resumed, 1).await.is_empty(),
        "a revoked key reads no more"
    );

    let client = ground.client("events", &[Scope::Events]).await;
    let mut response = stream(&client, &ground, "0").await;
    let reading = read_events(&mut response, 1_000);
    let Ground { server, .. } = ground;
    let (events, ()) = tokio::join!(reading, server.stop());
    assert_eq!(events.len(), 4);
}

#[tokio::test]
async fn health_readiness_rules_and_metrics_are_what_they_say() {
    let ground = Ground::new().await;
    let nobody = ground.anonymous();
    assert_eq!(nobody.get("/healthz").await.text, "ok");
    let ready = nobody.get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), &ready.json["rules"]),
        (200, &json!("ok"))
    );
    *ground.bot.stale.lock().unwrap() = true;
    assert_eq!(nobody.get("/readyz").await.json["rules"], "stale");
    *ground.bot.unloaded.lock().unwrap() = true;
    assert_eq!(nobody.get("/readyz").await.status, 503);
    *ground.bot.unloaded.lock().unwrap() = false;

    let client = ground.client("rules", &[Scope::Rules]).await;
    assert_eq!(client.get("/v1/rules").await.json["stale"], true);
    *ground.bot.reject_reload.lock().unwrap() = Some("E0101 guard.rules:3".into());
    let rejected = client
        .send(Method::POST, "/v1/rules/reload", None, &[])
        .await;
    assert_eq!(
        (rejected.status.as_u16(), rejected.problem()),
        (422, "rules-rejected")
    );
    assert_eq!(rejected.json["detail"], "E0101 guard.rules:3");
    assert_eq!(
        client
            .send(Method::POST, "/v1/rules/reload", None, &[])
            .await
            .status,
        200
    );

    let metrics = nobody.get("/metrics").await.text;
    assert!(metrics.contains("menshen_rules_stale 1"), "{metrics}");
    assert!(
        metrics.contains("route=\"/v1/rules/reload\",status=\"422\"} 1"),
        "{metrics}"
    );
    assert!(metrics.ends_with("# EOF\n"));
    for line in [
        "menshen_bound_limit{bound=\"connections\"} 20000",
        "menshen_bound_limit{bound=\"pushes_running\"} 4096",
        "menshen_bound_limit{bound=\"replay_marks\"} 2097152",
        "menshen_bound_used{bound=\"event_streams\"} 0",
        "menshen_replies_dropped_total 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn the_document_is_openapi_31_and_lists_every_route() {
    let ground = Ground::new().await;
    let document = ground.anonymous().get("/openapi.json").await.json;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document, ground.document);
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["description"].is_string(), "{method} {path}");
            if path.starts_with("/v1/") {
                assert!(
                    operation["security"].is_array(),
                    "{method} {path} needs a key"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_admin_address_has_the_api_and_the_public_one_has_not() {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\nworkers = 1\nshutdown_seconds = 1\n{}",
        http_support::CONFIG
    );
    let ground = Ground::with(&config).await;
    let status = async |address: std::net::SocketAddr, path: &str| {
        let url = format!("http://{address}{path}");
        ground.http.get(url).send().await.unwrap().status().as_u16()
    };
    let (public, admin) = (
        ground.server.address(),
        ground.server.admin_address().unwrap(),
    );
    assert_eq!(status(public, "/v1/rules").await, 404);
    assert_eq!(status(public, "/metrics").await, 404);
    assert_eq!(status(public, "/wechat/main").await, 400);
    assert_eq!(status(public, "/healthz").await, 200);
    assert_eq!(status(admin, "/v1/rules").await, 401);
    assert_eq!(status(admin, "/metrics").await, 200);
    assert_eq!(status(admin, "/wechat/main").await, 404);
}

#[tokio::test]
async fn a_foreign_host_name_is_refused() {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nhosts = [\"bot.example\"]\nworkers = 1\nshutdown_seconds = 1\n{}",
        http_support::CONFIG
    );
    let ground = Ground::with(&config).await;
    let nobody = ground.anonymous();
    let refused = nobody.get("/openapi.json").await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (421, "wrong-host")
    );
    let answer = nobody
        .send(
            Method::GET,
            "/openapi.json",
            None,
            &[("host", "Bot.Example:80")],
        )
        .await;
    assert_eq!(answer.status, 200);
    // Probes come by address.
    assert_eq!(nobody.get("/healthz").await.status, 200);
    assert_eq!(nobody.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn the_admin_address_answers_to_addresses_and_not_to_foreign_names() {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\nhosts = [\"bot.example\"]\nworkers = 1\nshutdown_seconds = 1\n{}",
        http_support::CONFIG
    );
    let ground = Ground::with(&config).await;
    let status = async |address: std::net::SocketAddr, host: &str, path: &str| {
        let url = format!("http://{address}{path}");
        let request = ground.http.get(url).header("host", host);
        request.send().await.unwrap().status().as_u16()
    };
    let public = ground.server.address();
    let admin = ground.server.admin_address().unwrap();
    // As nginx asks by the manual's configuration, and as Prometheus does.
    for host in [
        "127.0.0.1",
        "127.0.0.1:8081",
        "localhost",
        "[::1]:8081",
        "bot.example",
    ] {
        assert_eq!(status(admin, host, "/metrics").await, 200, "{host}");
        assert_eq!(
            status(admin, host, "/v1/sessions/verify").await,
            401,
            "{host}"
        );
    }
    assert_eq!(status(admin, "evil.example", "/metrics").await, 421);
    assert_eq!(status(public, "127.0.0.1", "/wechat/main").await, 421);
    assert_eq!(status(public, "bot.example", "/wechat/main").await, 400);
}

fn platform(mode: Mode) -> PlatformConfig {
    PlatformConfig {
        app_id: APP_ID.to_owned(),
        token: Token::new(TOKEN),
        key: Some(EncodingAesKey::parse(AES).unwrap()),
        mode,
        format: Format::Xml,
    }
}

fn message(content: &str) -> Fields {
    Fields::new()
        .text("ToUserName", "gh_1")
        .text("FromUserName", "oUser")
        .text("CreateTime", (START / 1000).to_string())
        .text("MsgType", "text")
        .text("Content", content)
        .text("MsgId", "1")
}

fn signed(mode: Mode, content: &str) -> SignedPush {
    let stamp = Stamp {
        timestamp: (START / 1000).to_string(),
        nonce: "42".to_owned(),
        random: [7; 16],
    };
    build_push(&platform(mode), &message(content), &stamp).unwrap()
}

async fn deliver(ground: &Ground, name: &str, push: &SignedPush) -> http_support::Answered {
    ground
        .anonymous()
        .raw(
            Method::POST,
            &format!("/wechat/{name}?{}", push.query),
            Some((push.content_type, push.body.clone())),
            &[],
        )
        .await
}

#[tokio::test]
async fn a_push_is_opened_answered_and_sealed() {
    let ground = Ground::new().await;
    let push = signed(Mode::Safe, "你好");
    let answer = deliver(&ground, "main", &push).await;
    assert_eq!(answer.status, 200);
    let reply = open_reply(
        &platform(Mode::Safe),
        &message("你好"),
        answer.text.as_bytes(),
    )
    .unwrap();
    let PlatformReply::Message(fields) = reply else {
        panic!("a message was expected");
    };
    assert_eq!(fields.get("Content"), Some("您好"));
    // The same reply is sealed anew for each delivery.
    assert_ne!(deliver(&ground, "main", &push).await.text, answer.text);

    ground
        .bot
        .push_answers
        .lock()
        .unwrap()
        .push_back(PushAnswer::Success);
    assert_eq!(deliver(&ground, "main", &push).await.text, "success");
    ground
        .bot
        .push_answers
        .lock()
        .unwrap()
        .push_back(PushAnswer::Busy);
    let busy = deliver(&ground, "main", &push).await;
    assert_eq!(
        (busy.status.as_u16(), busy.header("retry-after")),
        (503, Some("1"))
    );
    ground
        .bot
        .push_answers
        .lock()
        .unwrap()
        .push_back(PushAnswer::Refused);
    assert_eq!(
        deliver(&ground, "main", &push).await.problem(),
        "push-refused"
    );
}

#[tokio::test]
async fn a_push_that_cannot_be_trusted_is_refused_and_counted() {
    let ground = Ground::new().await;
    let mut push = signed(Mode::Safe, "你好");
    push.query = push.query.replace("msg_signature=", "msg_signature=0");
    assert_eq!(
        deliver(&ground, "main", &push).await.problem(),
        "push-refused"
    );
    assert_eq!(
        deliver(&ground, "main", &signed(Mode::Plaintext, "你好"))
            .await
            .status,
        403
    );
    assert_eq!(
        deliver(&ground, "nobody", &signed(Mode::Safe, "你好"))
            .await
            .status,
        404
    );
    let mut large = signed(Mode::Safe, "你好");
    large.body = "x".repeat(300_000);
    assert_eq!(deliver(&ground, "main", &large).await.status, 413);
    ground.clock.advance(10 * menshen::env::MINUTE);
    assert_eq!(
        deliver(&ground, "main", &signed(Mode::Safe, "你好"))
            .await
            .status,
        403
    );
    assert!(ground.bot.pushes.lock().unwrap().is_empty());
    let metrics = ground.anonymous().get("/metrics").await.text;
    for part in ["msg_signature", "not_encrypted", "timestamp"] {
        assert!(
            metrics.contains(&format!("part=\"{part}\"}} 1")),
            "{part}: {metrics}"
        );
    }
}

#[tokio::test]
async fn in_plaintext_mode_a_signature_is_good_for_one_body() {
    let ground = Ground::new().await;
    let push = signed(Mode::Plaintext, "你好");
    assert_eq!(deliver(&ground, "plain", &push).await.status, 200);
    assert_eq!(deliver(&ground, "plain", &push).await.status, 200);
    let mut forged = push.clone();
    forged.body = forged.body.replace("你好", "锁定");
    assert_eq!(deliver(&ground, "plain", &forged).await.status, 403);
}

#[tokio::test]
async fn the_console_verification_echoes_what_it_was_given() {
    let ground = Ground::new().await;
    let stamp = (START / 1000).to_string();
    let query = build_verification(&Token::new(TOKEN), &stamp, "42", "echo<>");
    let answer = ground
        .anonymous()
        .get(&format!("/wechat/main?{query}"))
        .await;
    assert_eq!(answer.text, "echo<>");
    let wrong = query.replace("signature=", "signature=0");
    let answer = ground
        .anonymous()
        .get(&format!("/wechat/main?{wrong}"))
        .await;
    assert_eq!(answer.problem(), "push-refused");
}

#[tokio::test]
async fn a_delivery_that_must_stay_unanswered_is_held_until_the_server_stops() {
    let ground = Ground::new().await;
    ground
        .bot
        .push_answers
        .lock()
        .unwrap()
        .push_back(PushAnswer::NoAnswer);
    let push = signed(Mode::Safe, "你好");
    let url = ground.server.url(&format!("/wechat/main?{}", push.query));
    let held = ground
        .http
        .post(url)
        .header("content-type", push.content_type)
        .body(push.body)
        .timeout(Duration::from_millis(300))
        .send()
        .await;
    assert!(held.unwrap_err().is_timeout());
    ground.server.stop().await;
}

#[tokio::test]
async fn a_shutdown_finishes_what_was_accepted() {
    let ground = Ground::new().await;
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    *ground.bot.gate.lock().unwrap() = Some(gate.clone());
    let key = ground.client("login", &[Scope::Login]).await.key.unwrap();
    let Ground {
        server, bot, http, ..
    } = ground;
    let address = server.address();
    let request = http
        .post(server.url("/v1/attempts"))
        .bearer_auth(key)
        .json(&attempt("alice"))
        .send();
    let stop = async {
        bot.entered.notified().await;
        let stopping = tokio::spawn(server.stop());
        // The server takes no more connections: it is stopping.
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        gate.notify_one();
        stopping.await.unwrap();
    };
    let (answer, ()) = tokio::join!(request, stop);
    assert_eq!(answer.unwrap().status(), 200);
}
