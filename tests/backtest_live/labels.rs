//! Labels that stand elsewhere than in a server's own history.

use std::sync::Arc;

use menshen::bot::api::LoginReport;
use menshen::env::{Env, ManualClock, SeededRandom};
use menshen::lang::value::Place;
use serde_json::Value;

use crate::cli_support::menshen;
use crate::{HOUR, START, bot, json, report, rules, store_with_alice, told};

/// What could not be used of labels: kinds and how many, and where.
fn reasons(joined: &Value) -> (Vec<(&str, u64)>, String) {
    let reasons = joined["reasons"].as_array().expect("reasons");
    let kinds = reasons.iter().map(|reason| {
        (
            reason["kind"].as_str().unwrap_or_default(),
            reason["count"].as_u64().unwrap_or_default(),
        )
    });
    let places: Vec<String> = reasons
        .iter()
        .map(|reason| reason["samples"].to_string())
        .collect();
    (kinds.collect(), places.join(" "))
}

#[test]
fn what_labels_cannot_say_is_counted_with_places() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    std::fs::write(here.join("guard.rules"), rules(40)).expect("written");
    let mut logins = "id,account,time,success\n".to_owned();
    let mut csv = "id,account,time,label_stolen\n".to_owned();
    let mut lines = String::new();
    let mut say = |id: &str, account: &str, time: &str, label: &str| {
        csv += &format!("{id},{account},{time},{label}\n");
        lines += &format!(
            "{{\"id\":\"{id}\",\"account\":\"{account}\",\"time\":\"{time}\",\"label_stolen\":\"{label}\"}}\n"
        );
    };
    for row in 0..200 {
        let (hour, minute) = (row / 60, row % 60);
        let time = format!("2026-01-05T{hour:02}:{minute:02}:00Z");
        logins += &format!("x{row},alice,{time},1\n");
        match row {
            0 => say("x0", "", "", "fraud"),
            1 => say("x1", "", "", "2"),
            // The first counts, whichever way it says which login it is.
            2 => {
                say("x2", "", "", "1");
                say("x2", "", "", "0");
            }
            3 => {
                say("", "alice", &time, "1");
                say("", "alice", &time, "0");
            }
            // Of which login?
            4 => say("", "", "", "1"),
            5 => say("", "alice", "", "1"),
            6 => say("", "", &time, "1"),
            row => say(&format!("x{row}"), "", "", "0"),
        }
    }
    std::fs::write(here.join("logins.csv"), logins).expect("written");
    std::fs::write(here.join("cases.csv"), &csv).expect("written");
    std::fs::write(here.join("cases.ndjson"), lines).expect("written");
    for name in ["cases.csv", "cases.ndjson"] {
        let ask = ["backtest", "guard.rules", "--logins", "logins.csv"];
        let ask = [&ask[..], &["--labels", name]].concat();
        let said = json(here, &[&ask[..], &["--format", "json"]].concat());
        let (input, joined) = (&said["input"], &said["input"]["joined"]);
        // Rows that say of a login, though nothing that can be read.
        assert_eq!(joined["rows"], 197, "{name}: {joined}");
        assert_eq!(joined["unusable"], 5, "{name}: {joined}");
        let (mut kinds, places) = reasons(joined);
        kinds.sort_unstable();
        let wanted = [("bad_label", 2), ("duplicate", 2), ("of_nothing", 3)];
        assert_eq!(kinds, wanted, "{name}: {joined}");
        let before = u64::from(name == "cases.csv");
        for place in [
            &format!("{name}:{} stolen “fraud”", 1 + before),
            "stolen “2”",
            "“x2”",
            "“alice 2026-01-05T00:03:00.000Z”",
            &format!("{name}:{}", 7 + before),
        ] {
            assert!(places.contains(place), "{name} {place}: {places}");
        }
        let wanted = serde_json::json!({ "yes": 2, "no": 193 });
        assert_eq!(input["labels"]["stolen"], wanted, "{name}: {input}");
        assert_eq!(input["reasons"], serde_json::json!([]), "of the logins");
        let more = ["--lang", "en", "--report", "out"];
        let text = told(here, &[&ask[..], &more].concat());
        let line = "--labels: 3 × a row that does not say of which login";
        assert!(text.contains(line), "{text}");
        let page = std::fs::read_to_string(here.join("out/report.html")).expect("a page");
        assert!(page.contains(line) && page.contains("“fraud”"), "{name}");
    }
    // Above the share that is allowed it is an error, as of logins.
    let mut most = csv;
    most.push_str(&",,,1\n".repeat(30));
    std::fs::write(here.join("most.csv"), most).expect("written");
    let ask = ["backtest", "guard.rules", "--logins", "logins.csv"];
    let ended = menshen(
        here,
        &[&ask[..], &["--labels", "most.csv", "--lang", "en"]].concat(),
    );
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("does not say of which login"), "{said}");
}

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
        let joined = &input["joined"];
        for (field, wanted) in [("rows", 6), ("of_no_login", 2), ("unusable", 0)] {
            assert_eq!(joined[field], wanted, "{name} {field}: {input}");
        }
        let (kinds, places) = reasons(joined);
        assert_eq!(kinds, [("bad_label", 1)], "{name}: {joined}");
        assert!(places.contains("maybe"), "{name}: {places}");
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
