//! Locks, sessions, machines, captchas, alerts and decisions.

use menshen::server::Scope;
use menshen::store::{self, StoreError};
use reqwest::Method;
use serde_json::json;

use crate::http_support::{self, Ground, START};
use crate::{alice, session};

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
