//! Webhooks over real sockets: signature, order, retry, restart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::super::testing::{START, World};
use super::super::webhook::{BACKOFF, LAZY_SKIP, status};
use super::super::*;
use super::server::Server;
use crate::store::NewEvent;

const SECRET: [u8; 32] = [9; 32];

fn webhooks(world: &World, server: &Server, events: &[&str]) -> Webhooks {
    let url = format!("{}/hook", server.url);
    let endpoint = Endpoint::parse(&url, false).expect("a URL");
    let secret = WebhookSecret::from_bytes(SECRET.to_vec()).expect("a secret");
    let events = events.iter().map(|kind| (*kind).to_owned()).collect();
    let config = WebhookConfig::new(&url, endpoint, vec![secret], events);
    let http = Outward::new().expect("a client");
    Webhooks::new(world.store.clone(), world.env.clone(), http, vec![config])
}

async fn emit(world: &World, kinds: &[&'static str]) {
    for kind in kinds.iter().copied() {
        world
            .run(move |tx| tx.emit(NewEvent::new(kind, serde_json::json!({})).account("alice")))
            .await;
    }
}

fn kinds(server: &Server) -> Vec<String> {
    server
        .got()
        .iter()
        .map(|got| got.json()["type"].as_str().expect("a type").to_owned())
        .collect()
}

/// HMAC-SHA256 written out, so that the test does not lean on what it tests.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |byte: u8| {
        let mut block = [byte; 64];
        for (place, key) in key.iter().enumerate() {
            block[place] ^= key;
        }
        block
    };
    let inner = Sha256::digest([&pad(0x36)[..], text].concat());
    Sha256::digest([&pad(0x5c)[..], &inner[..]].concat()).to_vec()
}

#[actix_web::test]
async fn deliveries_are_signed_by_the_convention() {
    let world = World::new();
    let server = Server::start();
    let webhooks = webhooks(&world, &server, &[]);
    webhooks.register().await.expect("registered");
    emit(&world, &["bound"]).await;
    webhooks.step().await.expect("a step");
    let got = &server.got()[0];
    let id = &got.headers["webhook-id"];
    let timestamp = &got.headers["webhook-timestamp"];
    assert!(id.starts_with("evt_"));
    assert_eq!(timestamp, "1790000000");
    let text = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &got.body].concat();
    let expected = format!("v1,{}", STANDARD.encode(hmac(&SECRET, &text)));
    assert_eq!(got.headers["webhook-signature"], expected);
    assert_eq!(got.headers["content-type"], "application/json");
    let body = got.json();
    assert_eq!(body["type"], "bound");
    assert_eq!(body["account"], "alice");
    assert_eq!(body["timestamp"], "2026-09-21T14:13:20.000Z");
}

#[actix_web::test]
async fn events_come_in_order_and_a_failing_one_is_retried_first() {
    let world = World::new();
    let server = Server::start();
    let webhooks = webhooks(&world, &server, &[]);
    webhooks.register().await.expect("registered");
    emit(&world, &["bound", "alerted", "locked"]).await;
    server.then(200, "").then(500, "").then(404, "");

    let next = webhooks.step().await.expect("a step");
    assert_eq!(next, Some(START + BACKOFF[0]));
    assert_eq!(kinds(&server), ["bound", "alerted"]);
    assert_eq!(webhooks.step().await, Ok(next), "not before its time");
    assert_eq!(server.got().len(), 2);

    world.clock.set(START + BACKOFF[0]);
    let next = webhooks
        .step()
        .await
        .expect("a step")
        .expect("a 4xx is tried again, too");
    assert_eq!(next, START + BACKOFF[0] + BACKOFF[1]);
    world.clock.set(next);
    assert_eq!(webhooks.step().await, Ok(None));
    assert_eq!(
        kinds(&server),
        ["bound", "alerted", "alerted", "alerted", "locked"]
    );
    let got = server.got();
    assert_eq!(got[1].headers["webhook-id"], got[3].headers["webhook-id"]);
    assert_ne!(
        got[1].headers["webhook-timestamp"],
        got[3].headers["webhook-timestamp"]
    );
    let cursors = world.run(status).await;
    assert_eq!(cursors[0].seq, 3);
    assert_eq!(cursors[0].failures, 0);
}

#[actix_web::test]
async fn a_restart_goes_on_at_the_cursor() {
    let world = World::new();
    let server = Server::start();
    let first = webhooks(&world, &server, &[]);
    first.register().await.expect("registered");
    emit(&world, &["bound", "alerted"]).await;
    server.then(200, "").then(503, "");
    first.step().await.expect("a step");
    drop(first);

    emit(&world, &["locked"]).await;
    let second = webhooks(&world, &server, &[]);
    second.register().await.expect("registered");
    assert_eq!(
        second.step().await,
        Ok(Some(START + BACKOFF[0])),
        "the backoff survives"
    );
    world.clock.set(START + BACKOFF[0]);
    second.step().await.expect("a step");
    assert_eq!(kinds(&server), ["bound", "alerted", "alerted", "locked"]);
}

#[actix_web::test]
async fn a_new_endpoint_gets_what_happens_from_then_on_and_only_what_it_wants() {
    let world = World::new();
    let server = Server::start();
    emit(&world, &["bound"]).await;
    let webhooks = webhooks(&world, &server, &["lock*", "alerted"]);
    webhooks.register().await.expect("registered");
    emit(&world, &["bound", "alerted", "logged_in", "locked"]).await;
    webhooks.step().await.expect("a step");
    assert_eq!(kinds(&server), ["alerted", "locked"]);
}

#[actix_web::test]
async fn many_unwanted_events_move_the_cursor_now_and_then() {
    let world = World::new();
    let server = Server::start();
    let webhooks = webhooks(&world, &server, &["locked"]);
    webhooks.register().await.expect("registered");
    for _ in 0..LAZY_SKIP {
        emit(&world, &["logged_in"]).await;
    }
    while webhooks.step().await.expect("a step").is_some() {}
    assert_eq!(world.run(status).await[0].seq, LAZY_SKIP);
    assert!(server.got().is_empty());
    emit(&world, &["locked"]).await;
    webhooks.step().await.expect("a step");
    assert_eq!(kinds(&server), ["locked"]);
}

#[actix_web::test]
async fn two_endpoints_do_not_wait_for_each_other() {
    let world = World::new();
    let (up, down) = (Server::start(), Server::start());
    let config = |server: &Server| {
        let endpoint = Endpoint::parse(&server.url, false).expect("a URL");
        WebhookConfig::new(&server.url, endpoint, vec![], vec![])
    };
    let webhooks = Webhooks::new(
        world.store.clone(),
        world.env.clone(),
        Outward::new().expect("a client"),
        vec![config(&up), config(&down)],
    );
    webhooks.register().await.expect("registered");
    emit(&world, &["bound", "locked"]).await;
    down.then(500, "");
    webhooks.step().await.expect("a step");
    assert_eq!(kinds(&up), ["bound", "locked"]);
    assert_eq!(kinds(&down), ["bound"]);
}
