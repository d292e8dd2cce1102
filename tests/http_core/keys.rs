//! Keys: what they may, and what is kept of them.

use menshen::server::{Scope, keys};
use menshen::store::{self, StoreError};
use reqwest::Method;

use crate::http_support::Ground;

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
