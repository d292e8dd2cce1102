//! Accounts, codes, bindings, messages, locks, sessions and the outbox over HTTP.

mod http_support;

use http_support::{Ground, START};
use menshen::accounts::{self, BindOutcome, BindRequest, Proof};
use menshen::guard::sessions::{self, NewSession, Started};
use menshen::server::Scope;
use menshen::store::{self, StoreError};
use reqwest::Method;
use serde_json::{Value, json};

const PHONE: &str = "13800138000";

async fn alice(ground: &Ground) -> http_support::Client<'_> {
    let client = ground.all().await;
    let body = json!({"account": "alice", "name": "爱丽丝", "phone": "138 0013 8000", "password": "old secret"});
    let made = client.post("/v1/accounts", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    client
}

/// Binds an OpenID to alice as the chat would.
async fn bind(ground: &Ground, client: &http_support::Client<'_>, openid: &'static str) {
    let code = client
        .send(
            Method::POST,
            "/v1/accounts/alice/verification-code",
            None,
            &[],
        )
        .await;
    let code = code.json["code"].as_str().unwrap().to_owned();
    let keys = ground.keys.clone();
    let bound = store::execute::<_, StoreError>(&*ground.store, "bind", move |tx| {
        let request = BindRequest {
            official_account: "main",
            openid,
            phone: PHONE,
            proof: Proof::Code(&code),
        };
        accounts::bind(tx, &keys, &accounts::Limits::default(), request)
    })
    .await
    .unwrap();
    assert!(matches!(bound, BindOutcome::Bound { .. }), "{bound:?}");
}

/// Starts a session as a login would.
async fn session(ground: &Ground) -> String {
    let started = store::execute::<_, StoreError>(&*ground.store, "session", |tx| {
        let new = NewSession {
            account: "alice",
            ..NewSession::default()
        };
        sessions::start(tx, &Default::default(), new)
    })
    .await
    .unwrap();
    match started {
        Started::Started { token, .. } => token.reveal().to_owned(),
        Started::Locked => panic!("locked"),
    }
}

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
async fn a_code_of_each_purpose_needs_its_scope() {
    let ground = Ground::new().await;
    alice(&ground).await;
    let path = "/v1/accounts/alice/verification-code";
    let codes = ground.client("codes", &[Scope::Codes]).await;
    let issued = codes.send(Method::POST, path, None, &[]).await;
    assert_eq!(issued.status, 201);
    assert_eq!(issued.json["code"].as_str().unwrap().len(), 6);
    assert_eq!(issued.json["purpose"], "bind");
    let expires = menshen::server::parse_rfc3339(issued.json["expires_at"].as_str().unwrap());
    assert_eq!(expires, Some(START + 10 * menshen::env::MINUTE));
    // A repeated key gives a new code: what holds a secret is not kept.
    let first = codes.post_once(path, "k", json!({})).await;
    let second = codes.post_once(path, "k", json!({})).await;
    assert_eq!(second.header("idempotency-replayed"), None);
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201));

    assert_eq!(
        codes.post(path, json!({"purpose": "unlock"})).await.status,
        403
    );
    let unlock = ground.client("unlock", &[Scope::Unlock]).await;
    assert_eq!(
        unlock.post(path, json!({"purpose": "unlock"})).await.status,
        201
    );
    assert_eq!(
        unlock.post(path, json!({"purpose": "bind"})).await.status,
        403
    );
    let nobody = codes
        .post("/v1/accounts/nobody/verification-code", json!({}))
        .await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn a_ticket_is_issued_without_a_platform_and_taken_back() {
    let ground = Ground::new().await;
    let client = alice(&ground).await;
    let issued = client
        .send(Method::POST, "/v1/accounts/alice/bind-ticket", None, &[])
        .await;
    assert_eq!(issued.status, 201);
    let ticket = issued.json["ticket"].as_str().unwrap();
    assert_eq!(ticket.len(), 32);
    assert_eq!(issued.json["scene"], format!("bind:{ticket}"));
    let cancel = json!({"ticket": ticket});
    assert_eq!(
        client
            .post("/v1/bind-tickets/cancel", cancel.clone())
            .await
            .status,
        204
    );
    assert_eq!(
        client.post("/v1/bind-tickets/cancel", cancel).await.status,
        204
    );
}

#[tokio::test]
async fn a_binding_is_seen_from_both_ends_and_ended() {
    let ground = Ground::new().await;
    let client = alice(&ground).await;
    assert_eq!(client.get("/v1/accounts/alice/binding").await.status, 404);
    bind(&ground, &client, "oAlice").await;
    let binding = client.get("/v1/accounts/alice/binding").await;
    assert_eq!(binding.json["openid"], "oAlice");
    let found = client.get("/v1/bindings/main/oAlice").await;
    assert_eq!(found.json, binding.json);
    assert_eq!(client.get("/v1/bindings/main/oOther").await.status, 404);
    let named = client
        .get("/v1/accounts/alice/binding?official_account=plain")
        .await;
    assert_eq!(named.status, 404);
    assert_eq!(
        client.delete("/v1/accounts/alice/binding").await.status,
        204
    );
    assert_eq!(
        client.delete("/v1/accounts/alice/binding").await.status,
        404
    );
    let events = client.get("/v1/events?types=bound,unbound").await;
    assert_eq!(events.json["events"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_message_to_a_bound_user_waits_in_the_outbox() {
    let ground = Ground::new().await;
    let client = alice(&ground).await;
    let path = "/v1/accounts/alice/messages";
    let unbound = client.post(path, json!({"text": "工资条已出"})).await;
    assert_eq!(
        (unbound.status.as_u16(), unbound.problem()),
        (409, "not-bound")
    );
    bind(&ground, &client, "oAlice").await;
    let sent = client
        .post_once(path, "k", json!({"text": "工资条已出"}))
        .await;
    let again = client
        .post_once(path, "k", json!({"text": "工资条已出"}))
        .await;
    assert_eq!(sent.status, 202);
    assert_eq!(sent.json["id"], again.json["id"]);
    let listed = client.get("/v1/outbox?state=queued").await;
    assert_eq!(listed.json["messages"].as_array().unwrap().len(), 1);
    assert!(!listed.text.contains("工资条") && !listed.text.contains("oAlice"));
    let id = sent.json["id"].as_str().unwrap();
    assert_eq!(
        client.get(&format!("/v1/outbox/{id}")).await.json["purpose"],
        "message"
    );
    let early = client
        .send(Method::POST, &format!("/v1/outbox/{id}/retry"), None, &[])
        .await;
    assert_eq!(early.status, 409);
    assert_eq!(client.get("/v1/outbox/out_none").await.status, 404);
    assert_eq!(client.get("/v1/outbox?state=lost").await.status, 422);
    assert_eq!(client.get("/v1/webhooks").await.json["webhooks"], json!([]));

    for (body, field) in [
        (json!({}), "text"),
        (json!({"text": " "}), "text"),
        (json!({"text": "x".repeat(3000)}), "text"),
        (json!({"text": "x", "minutes": 0}), "minutes"),
        (
            json!({"template": {"name": "none", "fields": {"thing1": "x"}}}),
            "template.name",
        ),
        (
            json!({"template": {"name": "none", "fields": {}}}),
            "template.fields",
        ),
    ] {
        let answer = client.post(path, body).await;
        assert_eq!(answer.json["errors"][0]["field"], field, "{answer:?}");
    }
}

#[tokio::test]
async fn a_lock_ends_sessions_and_an_unlock_lifts_it() {
    let ground = Ground::new().await;
    let client = alice(&ground).await;
    let token = session(&ground).await;
    assert_eq!(client.get("/v1/accounts/alice/lock").await.status, 404);
    let locked = client
        .post("/v1/accounts/alice/lock", json!({"reason": "报失"}))
        .await;
    assert_eq!(locked.json["sessions_ended"], 1);
    assert_eq!(locked.json["already"], false);
    let events = client.get("/v1/events?types=session_ended,locked").await;
    let ended = &events.json["events"][0]["data"];
    assert_eq!(
        (&ended["why"], &ended["reported"]),
        (&json!("locked"), &json!(false))
    );
    let since = ended["since"]
        .as_str()
        .and_then(menshen::env::parse_rfc3339);
    assert_eq!(since, Some(START));
    assert!(ended.get("machine").is_some() && ended["session"].is_string());
    let data = &events.json["events"][1]["data"];
    assert_eq!(
        (&data["by"], &data["reason"]),
        (&json!("operator"), &json!("报失"))
    );
    assert_eq!(
        (&data["sessions_ended"], &data["alerts"], &data["machines"]),
        (&json!(1), &json!([]), &json!([]))
    );
    let again = client
        .send(Method::POST, "/v1/accounts/alice/lock", None, &[])
        .await;
    assert_eq!(again.json["already"], true);
    assert_eq!(
        client.get("/v1/accounts/alice/lock").await.json["reason"],
        "报失"
    );
    assert_eq!(client.get("/v1/accounts/alice").await.json["locked"], true);
    let seen = client
        .post("/v1/sessions/introspect", json!({"token": token}))
        .await;
    assert_eq!(seen.json, json!({"active": false}));

    let lock = ground.client("lock", &[Scope::Lock]).await;
    assert_eq!(
        lock.send(Method::POST, "/v1/accounts/alice/unlock", None, &[])
            .await
            .status,
        403
    );
    for wrong in [json!({"nonsense": 1}), json!({"reason": "x".repeat(257)})] {
        let refused = client.post("/v1/accounts/alice/unlock", wrong).await;
        assert_eq!(refused.status, 422);
    }
    let lifted = client
        .post("/v1/accounts/alice/unlock", json!({"reason": "本人到场"}))
        .await;
    assert_eq!(lifted.json["unlocked"], true);
    let events = client.get("/v1/events?types=unlocked").await;
    assert_eq!(events.json["events"][0]["data"]["reason"], "本人到场");
    let account = client.get("/v1/accounts/alice").await;
    assert_eq!(account.json["password_change_required"], true);
    let nobody = client
        .send(Method::POST, "/v1/accounts/nobody/lock", None, &[])
        .await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn sessions_are_checked_listed_and_ended() {
    let ground = Ground::new().await;
    let client = alice(&ground).await;
    let token = session(&ground).await;
    let seen = client
        .post("/v1/sessions/introspect", json!({"token": token}))
        .await;
    assert_eq!(
        (&seen.json["active"], &seen.json["account"]),
        (&json!(true), &json!("alice"))
    );
    let verify = async |token: &str| {
        client
            .send(
                Method::GET,
                "/v1/sessions/verify",
                None,
                &[("x-menshen-session", token)],
            )
            .await
    };
    let verified = verify(&token).await;
    assert_eq!(
        (
            verified.status.as_u16(),
            verified.header("x-menshen-account")
        ),
        (204, Some("alice"))
    );
    assert_eq!(verify("nonsense").await.problem(), "no-session");
    assert_eq!(
        client.get("/v1/sessions/verify").await.problem(),
        "no-session"
    );

    let listed = client.get("/v1/accounts/alice/sessions").await;
    let id = listed.json["sessions"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(!listed.text.contains(&token));
    assert_eq!(
        client
            .delete(&format!("/v1/accounts/alice/sessions/{id}"))
            .await
            .status,
        204
    );
    assert_eq!(
        client
            .delete(&format!("/v1/accounts/alice/sessions/{id}"))
            .await
            .status,
        404
    );
    assert_eq!(verify(&token).await.status, 401);

    let token = session(&ground).await;
    let revoked = client
        .post("/v1/sessions/revoke", json!({"token": token}))
        .await;
    assert_eq!(revoked.json["ended"], true);
    let revoked = client
        .post("/v1/sessions/revoke", json!({"token": token}))
        .await;
    assert_eq!(revoked.json["ended"], false);
    session(&ground).await;
    assert_eq!(
        client.delete("/v1/accounts/alice/sessions").await.json["sessions_ended"],
        1
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
async fn machines_are_issued_per_address_and_trust_is_taken_back() {
    let config = format!(
        "[guard]\nmachines_per_address = 2\n{}",
        http_support::CONFIG
    );
    let ground = Ground::with(&config).await;
    let client = alice(&ground).await;
    let ask = json!({"ip": "203.0.113.7"});
    let first = client.post_once("/v1/machines", "k", ask.clone()).await;
    let second = client.post_once("/v1/machines", "k", ask.clone()).await;
    assert_eq!(first.status, 201);
    assert_ne!(first.json["machine"], second.json["machine"]);
    let third = client.post("/v1/machines", ask).await;
    assert_eq!(
        (third.status.as_u16(), third.problem()),
        (429, "too-many-requests")
    );
    assert!(third.header("retry-after").is_some());
    assert_eq!(
        client
            .post("/v1/machines", json!({"ip": "203.0.113.8"}))
            .await
            .status,
        201
    );

    let id = first.json["id"].as_str().unwrap().to_owned();
    let trusted = id.clone();
    store::execute::<_, StoreError>(&*ground.store, "trust", move |tx| {
        let until = tx.now() + menshen::env::DAY;
        menshen::guard::trust::trust(tx, "alice", &trusted, until, None, "operator")
    })
    .await
    .unwrap();
    let listed = client.get("/v1/accounts/alice/machines").await;
    assert_eq!(listed.json["machines"][0]["machine"], id);
    let path = format!("/v1/accounts/alice/machines/{id}");
    assert_eq!(client.delete(&path).await.status, 204);
    assert_eq!(client.delete(&path).await.status, 404);
}

#[tokio::test]
async fn a_captcha_is_used_up_by_its_first_answer() {
    let ground = Ground::new().await;
    let client = alice(&ground).await;
    let whose = json!({"account": "alice", "ip": "203.0.113.7"});
    let drawn = client.post("/v1/captchas", whose).await;
    assert_eq!(drawn.status, 201);
    let image = drawn.json["image"].as_str().unwrap();
    assert!(image.starts_with("data:image/png;base64,iVBOR"), "{image}");
    let path = format!("/v1/captchas/{}/answer", drawn.json["id"].as_str().unwrap());
    let wrong = json!({"answer": "nope", "account": "alice", "ip": "203.0.113.7"});
    assert_eq!(
        client.post(&path, wrong.clone()).await.json["solved"],
        false
    );
    assert_eq!(client.post(&path, wrong).await.status, 404);
}

#[tokio::test]
async fn alerts_and_decisions_are_read_and_closed() {
    use menshen::guard::{Decision, LoginRef, alerts, decisions};
    let ground = Ground::new().await;
    let client = alice(&ground).await;
    let id = store::execute::<_, StoreError>(&*ground.store, "alert", |tx| {
        decisions::record(
            tx,
            Decision {
                id: "dec_1".into(),
                time: tx.now(),
                kind: "login".into(),
                account: "alice".into(),
                login: json!({"place": "上海"}),
                signals: Vec::new(),
                suspicion: 4.0,
                verdict: "allow".into(),
                generation: 1,
                hash: "ab".into(),
                explanation: "因为……".into(),
                alert: None,
            },
        )?;
        let new = alerts::NewAlert {
            account: "alice".into(),
            asked: None,
            login: LoginRef {
                time: tx.now(),
                seq: 1,
            },
            decision: "dec_1".into(),
            machine: None,
            legal: false,
            summary: "上海".into(),
            rule: "guard".into(),
            signals: vec![],
            suspicion: 4.0,
            band: 1,
            life: menshen::env::DAY,
            cool_down: None,
        };
        Ok(alerts::raise(tx, &Default::default(), new)?
            .alert()
            .id
            .clone())
    })
    .await
    .unwrap();
    let open = client.get("/v1/alerts?open=true").await;
    assert_eq!(open.json["alerts"][0]["id"], id);
    let closed = client
        .send(Method::POST, &format!("/v1/alerts/{id}/close"), None, &[])
        .await;
    assert_eq!(
        (&closed.json["open"], &closed.json["closed_because"]),
        (&json!(false), &json!("operator"))
    );
    let again = client
        .send(Method::POST, &format!("/v1/alerts/{id}/close"), None, &[])
        .await;
    assert_eq!(again.json, closed.json);
    assert_eq!(
        client.get("/v1/alerts?open=true").await.json["alerts"],
        json!([])
    );
    assert_eq!(
        client.get("/v1/alerts?account=alice").await.json["alerts"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(client.get(&format!("/v1/alerts/{id}")).await.status, 200);
    assert_eq!(client.get("/v1/alerts/alr_none").await.status, 404);
    assert_eq!(
        client.get("/v1/decisions/dec_1").await.json["explanation"],
        "因为……"
    );
    assert_eq!(client.get("/v1/decisions/dec_none").await.status, 404);
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
