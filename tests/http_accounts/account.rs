//! Accounts from their creation to their erasure.

use menshen::server::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use crate::http_support::{self, Ground, START};
use crate::{alice, bind, session};

#[tokio::test]
async fn an_account_is_created_read_changed_and_listed() {
    let ground = Ground::new().await;
    let client = alice(&ground).await;
    let read = client.get("/v1/accounts/alice").await;
    assert_eq!(read.json["phone"], "+8613800138000");
    assert_eq!(read.json["has_password"], true);
    assert!(!read.text.contains("secret") && !read.text.contains("argon2"));
    let created = read.json["created"].as_str().unwrap();
    assert_eq!(menshen::server::parse_rfc3339(created), Some(START));

    let same = client
        .post("/v1/accounts", json!({"account": "alice"}))
        .await;
    assert_eq!(same.status, 409);
    let taken = json!({"account": "bob", "phone": "+8613800138000"});
    let taken = client.post("/v1/accounts", taken).await;
    assert_eq!((taken.status.as_u16(), taken.problem()), (409, "conflict"));
    let wrong = client
        .post("/v1/accounts", json!({"account": "bob", "phone": "12"}))
        .await;
    assert_eq!(wrong.json["errors"][0]["field"], "phone");
    let both = json!({"account": "bob", "password": "x", "password_hash": "y"});
    assert_eq!(client.post("/v1/accounts", both).await.status, 422);

    let changed = client
        .patch(
            "/v1/accounts/alice",
            json!({"phone": null, "status": "disabled"}),
        )
        .await;
    assert_eq!(changed.json.get("phone"), None);
    assert_eq!(changed.json["status"], "disabled");
    assert_eq!(changed.json["name"], "爱丽丝");
    assert_eq!(
        client.patch("/v1/accounts/nobody", json!({})).await.status,
        404
    );

    client.post("/v1/accounts", json!({"account": "bob"})).await;
    let page = client.get("/v1/accounts?limit=1").await;
    assert_eq!(page.json["accounts"][0]["account"], "alice");
    let next = page.json["next"].as_str().unwrap();
    let page = client
        .get(&format!("/v1/accounts?limit=1&after={next}"))
        .await;
    assert_eq!(page.json["accounts"][0]["account"], "bob");
    assert_eq!(page.json.get("next"), None);
    assert_eq!(client.get("/v1/accounts?after=%21").await.status, 422);
}

#[tokio::test]
async fn a_bad_request_names_what_and_where() {
    let ground = Ground::new().await;
    let client = ground.all().await;
    let finding = |answer: &http_support::Answered| {
        assert_eq!(answer.status, 422, "{answer:?}");
        let error = &answer.json["errors"][0];
        (
            error["field"].as_str().unwrap().to_owned(),
            error["message"].as_str().unwrap().to_owned(),
        )
    };
    let list = json!(["alice", "爱丽丝", null, null, null, null]);
    let (field, message) = finding(&client.post("/v1/accounts", list).await);
    assert_eq!(
        (field.as_str(), message.as_str()),
        ("", "expected an object, found a list")
    );
    let (field, _) = finding(&client.post("/v1/accounts", json!({"name": "x"})).await);
    assert_eq!(field, "account");
    let inner = json!({"account": "a", "password": "b", "ip": "1.2.3.4", "captcha": {"id": "c"}});
    let (field, _) = finding(&client.post("/v1/login", inner).await);
    assert_eq!(field, "captcha.answer");
    let (field, _) = finding(&client.get("/v1/accounts?limit=many").await);
    assert_eq!(field, "limit");
    let (field, message) = finding(&client.get("/v1/accounts?limt=5").await);
    assert!(
        field == "limt" && message.contains("unknown field"),
        "{field}: {message}"
    );
    let (field, _) = finding(&client.get("/v1/alerts?open=maybe").await);
    assert_eq!(field, "open");
    let report = json!({"account": "a", "success": true});
    let (field, _) = finding(&client.post("/v1/logins?mode=past", report).await);
    assert_eq!(field, "mode");
}

#[tokio::test]
async fn creating_twice_under_one_key_creates_once_and_keeps_refusals() {
    let ground = Ground::new().await;
    let client = ground.all().await;
    let body = json!({"account": "alice", "password": "old secret"});
    let first = client.post_once("/v1/accounts", "k1", body.clone()).await;
    let again = client.post_once("/v1/accounts", "k1", body).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(first.text, again.text);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));

    let refused = client
        .post_once("/v1/accounts", "k2", json!({"account": "alice"}))
        .await;
    assert_eq!(refused.status, 409);
    client.delete("/v1/accounts/alice").await;
    let kept = client
        .post_once("/v1/accounts", "k2", json!({"account": "alice"}))
        .await;
    assert_eq!(
        (kept.status.as_u16(), kept.header("idempotency-replayed")),
        (409, Some("true"))
    );
    // The same key on another path of the same route is another request.
    client.post("/v1/accounts", json!({"account": "bob"})).await;
    let one = client
        .post_once("/v1/accounts/bob/lock", "k3", json!({}))
        .await;
    let other = client
        .post_once("/v1/accounts/alice/lock", "k3", json!({}))
        .await;
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (200, 422));
}

#[tokio::test]
async fn accounts_are_imported_line_by_line() {
    let ground = Ground::new().await;
    let client = ground.client("import", &[Scope::Import]).await;
    let lines = [
        json!({"account": "a", "phone": "13800138001"}),
        json!({"account": "b", "phone": "13800138001"}),
        json!({"account": "c d"}),
        json!({"account": "e", "password": "plain"}),
        json!({"account": "a", "name": "A"}),
        json!({"account": "f", "password_hash": "$2b$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let body = Some(("application/x-ndjson", text + "{oops\n"));
    let answer = client
        .raw(Method::POST, "/v1/accounts:import", body, &[])
        .await;
    let answers: Vec<Value> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), 7);
    assert_eq!(answers[0]["result"], "created");
    assert_eq!(answers[1]["problem"]["status"], 409);
    assert_eq!(answers[2]["problem"]["errors"][0]["field"], "account");
    assert_eq!(answers[3]["problem"]["errors"][0]["field"], "password");
    assert_eq!(answers[4]["result"], "updated");
    assert_eq!(answers[5]["result"], "created");
    assert_eq!(answers[6]["problem"]["status"], 400);
    let json = client.post("/v1/accounts:import", json!({})).await;
    assert_eq!(json.status, 415);
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let ground = Ground::new().await;
    let client = alice(&ground).await;
    session(&ground).await;
    session(&ground).await;
    let changed = client
        .put(
            "/v1/accounts/alice/password",
            json!({"password": "new secret"}),
        )
        .await;
    assert_eq!(changed.json["sessions_ended"], 2);
    let listed = client.get("/v1/accounts/alice/sessions").await;
    assert_eq!(listed.json["sessions"], json!([]));
    assert_eq!(
        client
            .put("/v1/accounts/alice/password", json!({}))
            .await
            .status,
        422
    );
    assert_eq!(
        client
            .put("/v1/accounts/nobody/password", json!({"password": "x"}))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn an_erasure_leaves_what_it_says_and_a_lock_outlives_it() {
    let ground = Ground::new().await;
    let client = alice(&ground).await;
    bind(&ground, &client, "oAlice").await;
    client
        .post("/v1/accounts/alice/lock", json!({"reason": "x"}))
        .await;
    let erased = client.delete("/v1/accounts/alice").await;
    assert_eq!(erased.status, 200);
    assert_eq!(erased.json["stays"].as_array().unwrap().len(), 5);
    assert_eq!(client.get("/v1/accounts/alice").await.status, 404);
    assert_eq!(client.get("/v1/bindings/main/oAlice").await.status, 404);
    assert_eq!(client.delete("/v1/accounts/alice").await.status, 404);
    client
        .post("/v1/accounts", json!({"account": "alice"}))
        .await;
    assert_eq!(client.get("/v1/accounts/alice").await.json["locked"], true);
}

#[tokio::test]
async fn an_export_holds_what_is_kept_and_no_hash() {
    let ground = Ground::new().await;
    let client = alice(&ground).await;
    bind(&ground, &client, "oAlice").await;
    session(&ground).await;
    let export = client.get("/v1/accounts/alice/export").await;
    assert_eq!(export.status, 200);
    assert_eq!(export.json["bindings"][0]["openid"], "oAlice");
    assert_eq!(export.json["sessions"].as_array().unwrap().len(), 1);
    assert!(export.json["audit"].as_array().unwrap().len() >= 2);
    assert!(!export.text.contains("argon2"));
    assert_eq!(client.get("/v1/accounts/nobody/export").await.status, 404);
}
