//! The feed, in pages and as a stream.

use std::time::Duration;

use menshen::server::{Scope, keys};
use menshen::store::{self, StoreError};

use crate::http_support::{Client, Ground};

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
