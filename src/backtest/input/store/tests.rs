//! What an export says besides the fields of its logins.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::kind_name;
use crate::backtest::decisions;
use crate::backtest::engine::Engine;
use crate::backtest::input::{Options, Watch, read_stream};
use crate::backtest::needs::Columns;
use crate::backtest::table::{JUDGED, LATE_FLAG, STOPPED, Table};
use crate::bot::ruleset;
use crate::guard::Limits;
use crate::lang::builtins::Registry;
use crate::lang::span::Sources;
use crate::store::records::{self, CloseReason, PromptState, Record};

fn line<R: Record>(record: Value) -> String {
    json!({ "kind": kind_name::<R>(), "record": record }).to_string()
}

#[test]
fn trust_begins_with_the_first_login_that_arrived_after_the_answer() {
    // The third login's report had waited: its time lies before the answer, it arrived after it.
    let logins = [(1_000, 1), (2_000, 2), (2_500, 3), (9_000, 4)].map(|(time, seq)| {
        line::<records::Login>(json!({
            "account": "alice", "time": time, "seq": seq, "machine": "m", "success": true,
            "kept_until": 0,
        }))
    });
    let alert = line::<records::Alert>(json!({
        "id": "alr_1", "account": "alice", "number": 1, "raised_at": 1_000,
        "login": { "time": 1_000, "seq": 1 }, "decision": "dec_1", "signals": [], "suspicion": 1.0,
        "life": 1, "answerable_until": 1, "open_until": 1, "prompt": PromptState::Pending,
        "closed": { "at": 3_000, "reason": CloseReason::TrustedByOwner, "by": "x", "arrived": 2 },
    }));
    let trust = |alert: Option<&str>| {
        line::<records::Trust>(json!({
            "account": "alice", "machine": "m", "since": 3_000, "until": 8_000, "alert": alert,
        }))
    };
    let read = |trust: String| {
        let mut lines = vec![json!({ "menshen_export": 1 }).to_string()];
        lines.extend(logins.iter().cloned());
        lines.extend([alert.clone(), trust]);
        let text = lines.join("\n");
        let mut table = Table::new(Columns::all());
        let read = read_stream(
            "x",
            text.as_bytes(),
            &mut table,
            Options::default(),
            &Watch::default(),
        );
        let (report, _) = read.expect("it reads");
        assert_eq!((table.len(), report.unusable()), (4, 0));
        table.trust.into_values().next().expect("the trust")
    };
    assert_eq!(read(trust(Some("alr_1"))), [(2, 8_000)]);
    // Given by an operator: by the clock, which is all there is.
    assert_eq!(read(trust(None)), [(3, 8_000)]);
}

#[test]
fn what_came_too_late_to_act_is_what_the_decision_says() {
    // A past filled in, in the order of its times: nothing but the decisions tells.
    let login = |seq: u64, decision: &str| {
        line::<records::Login>(json!({
            "account": "alice", "time": 1_000 * seq, "seq": seq, "success": true, "decision": decision,
            "kept_until": 0,
        }))
    };
    let decision = |id: &str, late: Value| {
        line::<records::Decision>(json!({
            "id": id, "time": 1, "kind": "report", "account": "alice", "login": { "late": late },
            "signals": [], "suspicion": 0.0, "verdict": "allow", "generation": 1, "hash": "h",
            "explanation": "",
        }))
    };
    let lines = [
        json!({ "menshen_export": 1 }).to_string(),
        login(1, "dec_1"),
        login(2, "dec_2"),
        login(3, "dec_gone"),
        decision("dec_1", json!(true)),
        decision("dec_2", json!(false)),
    ];
    for (by_time, late) in [(false, [true, false, false]), (true, [false; 3])] {
        let mut table = Table::new(Columns::all());
        let options = Options {
            by_time,
            ..Options::default()
        };
        let text = lines.join("\n");
        read_stream("x", text.as_bytes(), &mut table, options, &Watch::default())
            .expect("it reads");
        let found = [0, 1, 2].map(|row| table.has(row, LATE_FLAG));
        assert_eq!(found, late, "by time: {by_time}");
    }
}

#[test]
fn a_wrong_password_under_a_lock_is_refused_as_the_server_recorded_it() {
    let login = |seq: u64, success: bool, reason: &str| {
        line::<records::Login>(json!({
            "account": "alice", "time": 1_000 * seq, "seq": seq, "success": success, "reason": reason,
            "known": true, "decision": format!("dec_{seq}"), "kept_until": 0,
        }))
    };
    let decision = |seq: u64, success: bool, rules: &[&str], verdict: &str| {
        line::<records::Decision>(json!({
            "id": format!("dec_{seq}"), "time": 1, "kind": "report", "account": "alice",
            "login": { "success": success, "late": seq == 5, "rules": rules },
            "signals": [], "suspicion": 0.0, "verdict": verdict, "generation": 1, "hash": "h",
            "explanation": "",
        }))
    };
    let text = [
        json!({ "menshen_export": 1 }).to_string(),
        login(1, false, "locked"),
        // The information system has words of its own for it.
        login(2, false, "bad password"),
        login(3, false, "bad password"),
        login(4, false, "bad password"),
        login(5, false, "locked"),
        decision(1, false, &[], "deny"),
        decision(2, false, &[], "deny"),
        // A rule that is no longer there locked it.
        decision(3, false, &["a.rules:1"], "deny"),
        decision(4, false, &[], "allow"),
        // The right password, reported late.
        decision(5, true, &[], "deny"),
    ]
    .join("\n");
    let mut table = Table::new(Columns::all());
    let (options, watch) = (Options::default(), Watch::default());
    read_stream("x", text.as_bytes(), &mut table, options, &watch).expect("it reads");
    let registry = Registry::standard();
    let rules =
        ruleset::compile(Sources::single("a.rules", ""), &registry).expect("no rules are rules");
    let rules = vec![Arc::new(rules.ruleset)];
    let engine = Engine::new(&table, &registry, rules, TimeZone::UTC, Limits::default());
    let mut out = Vec::new();
    decisions::write(&engine, &table, &watch, &mut out).expect("memory");
    let said: Vec<Value> = out
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("JSON"))
        .collect();
    let of = |field: &str| -> Vec<&str> {
        let words = said
            .iter()
            .map(|line| line[field].as_str().expect("a word"));
        words.collect()
    };
    let wanted = ["deny", "deny", "allow", "allow", "deny"];
    // No rule did that.
    let outcome = ["refused", "refused", "allow", "allow", "refused"];
    assert_eq!(
        (of("verdict"), of("outcome")),
        (wanted.to_vec(), outcome.to_vec())
    );
}

#[test]
fn logins_that_are_no_longer_in_the_store_are_counted() {
    let read_by = |numbers: &[u64], given: Option<u64>, by_time: bool| {
        let logins = numbers.iter().map(|seq| {
            line::<records::Login>(json!({
                "account": "alice", "time": 1_000 * seq, "seq": seq, "success": true, "kept_until": 0,
            }))
        });
        let mut lines = vec![json!({ "menshen_export": 1 }).to_string()];
        lines.extend(
            given.map(|last| line::<records::Counter>(json!({ "name": "login", "last": last }))),
        );
        lines.push(line::<records::Counter>(
            json!({ "name": "feed", "last": 99 }),
        ));
        lines.extend(logins);
        let (text, mut table) = (lines.join("\n"), Table::new(Columns::all()));
        let options = Options {
            by_time,
            ..Options::default()
        };
        let watch = Watch::default();
        read_stream("x", text.as_bytes(), &mut table, options, &watch).expect("it reads");
        (table.gone.before, table.gone.since)
    };
    let read = |numbers: &[u64]| read_by(numbers, None, false);
    assert_eq!(read(&[7, 3, 9, 8]), (2, 3));
    assert_eq!(read(&[3, 4, 5]), (2, 0));
    assert_eq!(read(&[1, 2]), (0, 0));
    let by_time = read_by(&[7, 3, 9, 8], None, true);
    assert_eq!(by_time, (2, 3), "taken by time as well");
    // Of a past that was filled in all but the newest names may be gone, first and last: 112 are.
    let gone = read_by(&[104, 110, 112], Some(115), false);
    assert_eq!(gone, (103, 9));
}

#[test]
fn what_was_refused_is_known_without_its_decision() {
    let login = |seq: u64, here: bool, closed: bool, right: bool, decided: bool| {
        line::<records::Login>(json!({
            "account": "alice", "time": 1_000 * seq, "seq": seq, "success": false, "reason": "locked",
            "known": true, "here": here, "closed": closed, "right": right, "kept_until": 0,
            "decision": decided.then(|| format!("dec_{seq}")),
        }))
    };
    let text = [
        json!({ "menshen_export": 1 }).to_string(),
        // Rules locked the account when the password was right.
        login(1, true, false, true, true),
        // Reported under a lock, right and wrong; the same here, where no decision is made.
        login(2, false, true, true, true),
        login(3, false, true, false, true),
        login(4, true, true, true, false),
        login(5, true, true, false, false),
    ]
    .join("\n");
    let mut table = Table::new(Columns::all());
    let (options, watch) = (Options::default(), Watch::default());
    read_stream("x", text.as_bytes(), &mut table, options, &watch).expect("it reads");
    let of = |what: &dyn Fn(u32) -> bool| (0..5).map(|row| u8::from(what(row))).collect::<Vec<_>>();
    assert_eq!(of(&|row| table.has(row, JUDGED)), [1, 1, 0, 0, 0]);
    assert_eq!(of(&|row| table.has(row, STOPPED)), [0, 0, 1, 1, 1]);
    assert_eq!(of(&|row| table.own.has(row)), [1, 0, 0, 1, 1]);
    assert_eq!(of(&|row| table.unasked.has(row)), [0, 0, 0, 1, 0]);
    assert_eq!((table.gone.decisions, table.gone.decided_from), (3, None));
}
