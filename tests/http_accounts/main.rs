//! Accounts, codes, bindings, messages, locks, sessions and the outbox over HTTP.

mod account;
mod bindings;
mod guard;
#[path = "../http_support/mod.rs"]
mod http_support;

use menshen::accounts::{self, BindOutcome, BindRequest, Proof};
use menshen::guard::sessions::{self, NewSession, Started};
use menshen::store::{self, StoreError};
use reqwest::Method;
use serde_json::json;

use http_support::Ground;

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
