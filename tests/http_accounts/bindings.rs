//! Codes, tickets, bindings, and messages to who is bound.

use menshen::server::Scope;
use reqwest::Method;
use serde_json::json;

use crate::http_support::{Ground, START};
use crate::{alice, bind};

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
