//! What earlier releases have written is imported and answered by this one: every record of a life of the
//! first format, asked for over the interface, whose every answer is checked against `/openapi.json`.
//!
//! `tests/data/store/lived-1.jsonl.gz` is what `menshen export` wrote after `scripts/tour.py --mode serve`:
//! logins with decisions, alerts, locks, messages, events, sessions, all of people who do not exist. It is
//! never written anew; the next format gets a file of its own.
#![cfg(feature = "cli")]

mod http_support;

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use http_support::{CONFIG, Client, Ground};
use menshen::env::Millis;
use menshen::store::{self, Flavour};
use serde_json::Value;

/// Two minutes after the export was written: nothing in it has expired since.
const LIVED: Millis = 1_795_307_020_000;

fn lived() -> String {
    let file = include_bytes!("data/store/lived-1.jsonl.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&file[..])
        .read_to_string(&mut text)
        .expect("an export");
    text
}

/// The records of a kind, as they were written.
fn written(export: &str) -> BTreeMap<String, Vec<Value>> {
    let mut kinds: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in export.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        if let Some(kind) = line["kind"].as_str() {
            let kind = kind.to_owned();
            kinds.entry(kind).or_default().push(line["record"].clone());
        }
    }
    kinds
}

async fn found(client: &Client<'_>, path: &str) -> Value {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json
}

#[tokio::test]
async fn a_life_of_the_first_format_can_be_asked_for_whole() {
    let export = lived();
    let kinds = written(&export);
    let ground = Ground::of(CONFIG, Flavour::Production, LIVED).await;
    let imported = store::import(&*ground.store, Cursor::new(export)).await;
    let imported = imported.expect("imported");
    for (kind, records) in &kinds {
        assert_eq!(imported.records[kind], records.len() as u64, "{kind}");
    }
    let client = ground.all().await;

    for decision in &kinds["decision"] {
        let id = decision["id"].as_str().expect("an id");
        let answer = found(&client, &format!("/v1/decisions/{id}")).await;
        for field in ["suspicion", "verdict", "explanation", "generation"] {
            assert_eq!(answer[field], decision[field], "{id}: {field}");
        }
        let names = |list: &Value| -> Vec<Value> {
            let signals = list.as_array().expect("signals").iter();
            signals.map(|signal| signal["name"].clone()).collect()
        };
        assert_eq!(names(&answer["signals"]), names(&decision["signals"]));
    }
    for alert in &kinds["alert"] {
        let id = alert["id"].as_str().expect("an id");
        let answer = found(&client, &format!("/v1/alerts/{id}")).await;
        assert_eq!(answer["account"], alert["account"]);
    }
    let account = kinds["account"][0]["id"].as_str().expect("an id");
    for part in ["", "/binding", "/sessions", "/machines", "/export"] {
        found(&client, &format!("/v1/accounts/{account}{part}")).await;
    }
    let events = found(&client, "/v1/events?limit=200").await;
    let told = events["events"].as_array().expect("events").len();
    assert_eq!(told, kinds["feed_event"].len());
    for message in &kinds["outbox_entry"] {
        let id = message["id"].as_str().expect("an id");
        found(&client, &format!("/v1/outbox/{id}")).await;
    }
    for list in ["accounts", "alerts", "outbox", "webhooks"] {
        found(&client, &format!("/v1/{list}")).await;
    }

    // And it goes on from there: what is written after it can be asked for as well.
    let later = serde_json::json!({"account": "later", "phone": "13971350246"});
    let answer = client.post("/v1/accounts", later).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let mut file = Vec::new();
    let exported = store::export(&*ground.store, &mut file).await;
    let exported = exported.expect("exported").records;
    assert_eq!(exported["account"], imported.records["account"] + 1);
    assert_eq!(exported["decision"], imported.records["decision"]);
}
