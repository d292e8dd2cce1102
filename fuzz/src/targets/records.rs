//! Store values through every record's decoder, and the lines of an export on their way back in.

use std::io::Cursor;

use menshen::env::Env;
use menshen::store::{self, schema};
use serde_json::Value;
use sha2::{Digest, Sha256};

const START: i64 = 1_795_161_600_000;

pub fn run(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let kinds = schema();
    let kind = &kinds[usize::from(*first) % kinds.len()];
    // A stored value, as it may lie on a damaged disk.
    if let Ok(json) = kind.json_of(rest) {
        let value = kind
            .value_of(json.clone())
            .expect("what was read can be written");
        let again = kind.json_of(&value).expect("what was written can be read");
        assert_eq!(again, json, "{}", kind.name());
    }
    if let Ok(json) = serde_json::from_slice::<Value>(rest)
        && let Ok(value) = kind.value_of(json)
    {
        kind.json_of(&value).expect("what was written can be read");
    }
    lines(rest);
}

/// The lines as the body of an export whose trailer fits.
fn lines(body: &[u8]) {
    let mut file = format!(
        "{{\"menshen_export\":1,\"format\":{},\"time\":{START},\"flavour\":\"dev\",\"sequence\":1,\"records\":{{}}}}\n",
        1 + body.len() % 3
    )
    .into_bytes();
    file.extend_from_slice(body);
    if !file.ends_with(b"\n") {
        file.push(b'\n');
    }
    let records = file.iter().filter(|byte| **byte == b'\n').count() - 1;
    let sha256 = hex::encode(Sha256::digest(&file));
    file.extend(format!("{{\"end\":{{\"records\":{records},\"sha256\":\"{sha256}\"}}}}\n").bytes());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let store = store::memory(Env::scripted(START, 7).0);
        if store::import(&*store, Cursor::new(file)).await.is_ok() {
            // What came in goes out.
            let snapshot = store::export(&*store, &mut Vec::new()).await;
            snapshot.expect("an import can be exported");
        }
        store.close().await;
    });
}

/// The records a busy little server leaves behind, as values and as lines.
pub fn seeds() -> Vec<Vec<u8>> {
    let export = super::api::an_export();
    let mut seeds = Vec::new();
    for line in export.lines().skip(1) {
        let Ok(parsed) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let Some(at) = schema()
            .iter()
            .position(|kind| parsed["kind"] == kind.name())
        else {
            continue;
        };
        seeds.push([&[at as u8], line.as_bytes()].concat());
        seeds.push([&[at as u8], parsed["record"].to_string().as_bytes()].concat());
        if let Ok(value) = schema()[at].value_of(parsed["record"].clone()) {
            seeds.push([&[at as u8], value.as_slice()].concat());
        }
    }
    seeds
}
