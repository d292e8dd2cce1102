//! Labels that stand elsewhere than in a server's own history.

use std::sync::Arc;

use menshen::bot::api::LoginReport;
use menshen::env::{Env, ManualClock, SeededRandom};
use menshen::lang::value::Place;
use serde_json::Value;

use crate::cli_support::menshen;
use crate::{HOUR, START, bot, json, report, rules, store_with_alice, told};

#[tokio::test]
async fn labels_are_joined_by_identifier_or_by_account_and_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let clock = Arc::new(ManualClock::new(START));
    let env = Env {
        clock: clock.clone(),
        random: Arc::new(SeededRandom::new(5)),
    };
    let store = store_with_alice(&here.join("data"), &env).await;
    let bot = bot(&store, &env, 40).await;
    let mut decisions = Vec::new();
    for hour in 0..6 {
        clock.set(START + hour * HOUR);
        let place = Place {
            city: Some(if hour == 5 { "伦敦" } else { "北京" }.to_owned()),
            ..Place::default()
        };
        let report = LoginReport {
            id: Some(format!("case-{hour}")),
            ..report(place, "Mozilla/5.0", START + hour * HOUR)
        };
        let said = bot.report(report, None).await.expect("a report");
        let menshen::bot::api::ReportAnswer::Recorded(view) = said else {
            panic!("it is recorded");
        };
        decisions.push(view.id);
    }
    bot.finish().await;
    store.close().await;
    std::fs::write(here.join("guard.rules"), rules(40)).expect("written");
    // By the report's identifier, the decision's, by account and time; two of no login here, one that says nothing.
    let csv = format!(
        "id,account,time,label_stolen\ncase-5,,,1\n{},,,0\n,alice,{},0\ncase-99,,,1\n,zoe,{},1\ncase-4,,,maybe\n",
        decisions[0],
        START + HOUR,
        START + HOUR
    );
    std::fs::write(here.join("cases.csv"), csv).expect("written");
    let lines = format!(
        "{{\"id\":\"case-5\",\"labels\":{{\"stolen\":true}}}}\n{{\"id\":\"{}\",\"label_stolen\":false}}\n\
         {{\"account\":\"alice\",\"time\":{},\"label_stolen\":false}}\n{{\"id\":\"case-99\",\"label_stolen\":true}}\n\
         {{\"account\":\"zoe\",\"time\":{},\"label_stolen\":true}}\n{{\"id\":\"case-4\",\"label_stolen\":\"maybe\"}}\n",
        decisions[0],
        START + HOUR,
        START + HOUR
    );
    std::fs::write(here.join("cases.ndjson"), lines).expect("written");
    for name in ["cases.csv", "cases.ndjson"] {
        let ask = ["backtest", "guard.rules", "--live", "--data", "data"];
        let more = ["--warm-up", "0", "--labels", name];
        let said = json(here, &[&ask[..], &more, &["--format", "json"]].concat());
        let input = &said["input"];
        let wanted = serde_json::json!({ "rows": 6, "of_no_login": 2, "unusable": 0 });
        assert_eq!(input["joined"], wanted, "{name}: {input}");
        let wanted = serde_json::json!({ "yes": 1, "no": 2 });
        assert_eq!(input["labels"]["stolen"], wanted, "{name}: {input}");
        let labels = &said["figures"]["labels"];
        assert_eq!(labels["label"], "stolen", "{labels}");
        let of = |field: &str| labels["logins"][field].as_u64();
        assert_eq!(
            [of("true_positives"), of("false_negatives")],
            [Some(0), Some(1)],
            "{labels}"
        );
        let text = told(here, &[&ask[..], &more, &["--lang", "en"]].concat());
        let line = "--labels: 6 rows of labels, 2 of no login here";
        assert!(text.contains(line), "{text}");
    }
    // What says neither whose nor what is refused with what is missing.
    for (text, missing) in [
        ("account,label_stolen\nalice,1\n", "time"),
        ("id,account\ncase-5,alice\n", "label_"),
    ] {
        std::fs::write(here.join("bad.csv"), text).expect("written");
        let ask = ["backtest", "guard.rules", "--live", "--data", "data"];
        let ended = menshen(here, &[&ask[..], &["--labels", "bad.csv"]].concat());
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(said.contains(missing), "{said}");
    }
    // Logins of a file have identifiers of their own.
    let logins =
        "id,account,time,success\nx,alice,2026-01-05T00:00:00Z,1\ny,alice,2026-01-05T01:00:00Z,1\n";
    std::fs::write(here.join("logins.csv"), logins).expect("written");
    std::fs::write(here.join("few.csv"), "id,label_a\ny,1\n").expect("written");
    let ask = ["backtest", "guard.rules", "--logins", "logins.csv"];
    let more = ["--labels", "few.csv", "--format", "json"];
    let said: Value = json(here, &[&ask[..], &more].concat());
    let wanted = serde_json::json!({ "a": { "yes": 1, "no": 0 } });
    assert_eq!(said["input"]["labels"], wanted);
}
