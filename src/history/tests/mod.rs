//! Golden boundary cases of language law 8.

mod functions;
mod novelty;
mod system;
mod usual;
mod walk;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::env::{DAY, HOUR, MINUTE, Millis};
use crate::lang::eval::testing::{constant, empty_program, expr};
use crate::lang::eval::{Experience, HistoryAnswer};
use crate::lang::program::*;
use crate::lang::value::Value;

const T: Millis = 1_767_574_800_000; // 2026-01-05 09:00 in Shanghai

const PATHS: [&str; 9] = [
    "login.city",
    "login.machine",
    "login.account",
    "login.hour",
    "login.ip",
    "login.success",
    "login.time",
    "login.agent",
    "account.id",
];
const CITY: FieldId = FieldId(0);
const MACHINE: FieldId = FieldId(1);
const ACCOUNT: FieldId = FieldId(2);
const HOURS: FieldId = FieldId(3);
const TIME: FieldId = FieldId(6);
const AGENT: FieldId = FieldId(7);

/// Rows in memory, collected under the key they are asked by.
#[derive(Default)]
struct Table {
    rows: Vec<Row>,
    first_success: Option<Millis>,
    truncated: bool,
    page: Vec<Row>,
    asked: BTreeMap<Key, Option<Millis>>,
    by: Vec<ByKey>,
}

impl Rows for Table {
    type Row = Row;

    fn rows(&mut self, key: &Key, after: Option<Millis>) -> Slice<'_, Row> {
        self.asked.insert(key.clone(), after);
        let by = &self.by;
        self.page = self
            .rows
            .iter()
            .filter(|row| Key::of(by, row).as_ref() == Ok(key))
            .filter(|row| after.is_none_or(|after| row.time > after))
            .cloned()
            .collect();
        self.page.sort_by_key(|row| (row.time, row.arrival));
        Slice {
            rows: &self.page,
            first_success: self.first_success,
            truncated: self.truncated,
        }
    }
}

/// The nth row, `ago` before T: a success of alice from Beijing.
fn row(arrival: u64, ago: Millis) -> Row {
    Row {
        time: T - ago,
        arrival,
        account: "alice".into(),
        city: Some("北京".into()),
        success: true,
        ..Row::default()
    }
}

fn failed(arrival: u64, ago: Millis) -> Row {
    Row {
        success: false,
        ..row(arrival, ago)
    }
}

fn now() -> Row {
    Row {
        city: Some("纽约".into()),
        ..row(1_000, 0)
    }
}

fn query(function: HistoryFunction, stream: Stream, window: Window) -> HistoryQuery {
    HistoryQuery {
        id: QueryId(0),
        function,
        stream,
        denominator: None,
        field: None,
        value: None,
        window,
        by: Vec::new(),
        filter: None,
        percentile: None,
        sequence: None,
        span: Default::default(),
    }
}

fn ask_as(
    present: &Row,
    query: &HistoryQuery,
    value: Option<Value>,
    table: &mut Table,
) -> HistoryAnswer {
    table.by = keys_of(query).into_owned();
    let columns = Columns::new(PATHS);
    let field = |id: FieldId| match id {
        AGENT => Value::text("curl"),
        _ => Value::unknown("field"),
    };
    let present = Present {
        row: present,
        columns: &columns,
        field: &field,
    };
    let program = empty_program();
    let counted = evaluate(query, value.as_ref(), &program, &present, table);
    let uncounted = evaluate_uncounted(query, value.as_ref(), &program, &present, table);
    assert_eq!(counted.value, uncounted.value, "counted or not: {query:?}");
    assert_eq!(counted.truncated, uncounted.truncated);
    counted
}

fn ask(query: &HistoryQuery, rows: Vec<Row>) -> Value {
    ask_as(
        &now(),
        query,
        None,
        &mut Table {
            rows,
            ..Table::default()
        },
    )
    .value
}

fn count(window: Millis, rows: Vec<Row>) -> Value {
    ask(
        &query(
            HistoryFunction::Count,
            Stream::Attempts,
            Window::Within(window),
        ),
        rows,
    )
}

fn n(n: f64) -> Value {
    Value::Number(n)
}

#[test]
fn the_window_excludes_its_far_edge_and_includes_its_near_one() {
    assert_eq!(count(10 * MINUTE, vec![row(1, 10 * MINUTE)]), n(0.0));
    assert_eq!(count(10 * MINUTE, vec![row(1, 10 * MINUTE - 1)]), n(1.0));
    assert_eq!(
        count(10 * MINUTE, vec![row(1, 0)]),
        n(1.0),
        "the same millisecond, arrived before"
    );
    assert_eq!(
        count(10 * MINUTE, vec![row(1, -1)]),
        n(0.0),
        "later by event time"
    );
}

#[test]
fn ties_are_broken_by_arrival() {
    let present = now();
    let rows = vec![row(999, 0), row(1_000, 0), row(1_001, 0)];
    assert_eq!(
        count(MINUTE, rows.clone()),
        n(1.0),
        "neither itself nor what came after it"
    );
    let earlier = Row {
        arrival: 999,
        ..present
    };
    let q = query(
        HistoryFunction::Count,
        Stream::Attempts,
        Window::Within(MINUTE),
    );
    let answer = ask_as(
        &earlier,
        &q,
        None,
        &mut Table {
            rows,
            ..Table::default()
        },
    );
    assert_eq!(answer.value, n(0.0));
}

#[test]
fn a_late_row_counts_only_for_those_that_arrive_after_it() {
    // It happened five minutes ago but was reported after the present event.
    assert_eq!(count(HOUR, vec![row(1_001, 5 * MINUTE)]), n(0.0));
    // A present event reported late does not see what happened after it, though it arrived before.
    let late = Row {
        time: T - HOUR,
        ..now()
    };
    let q = query(
        HistoryFunction::Count,
        Stream::Attempts,
        Window::Within(DAY),
    );
    let rows = vec![row(1, 2 * HOUR), row(2, MINUTE)];
    let answer = ask_as(
        &late,
        &q,
        None,
        &mut Table {
            rows,
            ..Table::default()
        },
    );
    assert_eq!((answer.value, answer.rows), (n(1.0), 1));
}

#[test]
fn the_same_row_twice_counts_once() {
    assert_eq!(
        count(HOUR, vec![row(1, MINUTE), row(1, MINUTE), row(2, MINUTE)]),
        n(2.0)
    );
}

#[test]
fn an_empty_history() {
    assert_eq!(count(HOUR, vec![]), n(0.0));
    for function in [
        HistoryFunction::Ratio,
        HistoryFunction::Since,
        HistoryFunction::Last,
        HistoryFunction::First,
        HistoryFunction::Mean,
    ] {
        let q = query(function, Stream::Attempts, Window::All);
        assert!(!ask(&q, vec![]).is_known(), "{function:?}");
    }
    let q = query(HistoryFunction::Streak, Stream::Failures, Window::All);
    assert_eq!(ask(&q, vec![]), n(0.0));
}

#[test]
fn by_ip_with_an_unknown_ip_is_not_evaluable() {
    let q = HistoryQuery {
        by: vec![ByKey::Ip],
        ..query(
            HistoryFunction::Count,
            Stream::Failures,
            Window::Within(HOUR),
        )
    };
    // Other rows without an address must not become one shared bucket.
    assert_eq!(
        ask(&q, vec![failed(1, MINUTE), failed(2, MINUTE)]),
        Value::unknown("login.ip")
    );
}

#[test]
fn by_ip_counts_accounts_that_do_not_exist() {
    let ip = Some("192.0.2.7".parse().unwrap());
    let rows: Vec<Row> = ["bob", "nobody", "nobody2", "alice"]
        .into_iter()
        .enumerate()
        .map(|(arrival, account)| Row {
            account: account.into(),
            ip,
            ..failed(arrival as u64, MINUTE)
        })
        .chain([Row {
            account: "x".into(),
            ip: Some("192.0.2.8".parse().unwrap()),
            ..failed(9, MINUTE)
        }])
        .collect();
    let present = Row { ip, ..now() };
    let mut q = HistoryQuery {
        by: vec![ByKey::Ip],
        field: Some(ACCOUNT),
        ..query(
            HistoryFunction::Distinct,
            Stream::Failures,
            Window::Within(HOUR),
        )
    };
    let ask_ip = |q: &HistoryQuery| {
        ask_as(
            &present,
            q,
            None,
            &mut Table {
                rows: rows.clone(),
                ..Table::default()
            },
        )
        .value
    };
    assert_eq!(ask_ip(&q), n(4.0));
    q.by = vec![ByKey::Network];
    assert_eq!(ask_ip(&q), n(5.0));
    q.by = vec![ByKey::Account, ByKey::Ip];
    assert_eq!(ask_ip(&q), n(1.0), "keys combine");
    q.by = vec![ByKey::All];
    assert_eq!(ask_ip(&q), n(5.0));
}

#[test]
fn previous_is_the_last_success() {
    let rows = [
        row(1, 3 * DAY),
        row(2, DAY),
        failed(3, HOUR),
        row(4, -1),
        row(1_001, MINUTE),
    ];
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| (row.time, row.arrival));
    let slice = Slice {
        rows: &rows,
        first_success: None,
        truncated: false,
    };
    assert_eq!(previous(slice, &now()).map(|row| row.arrival), Some(2));
    let mut disowned = rows.clone();
    for row in disowned.iter_mut().filter(|row| row.arrival == 2) {
        row.answered_lock = true;
    }
    let without = Slice {
        rows: &disowned,
        ..slice
    };
    assert_eq!(
        previous(without, &now()).map(|row| row.arrival),
        Some(1),
        "a login answered with 锁定 is nobody's last one"
    );
    assert_eq!(
        experience(slice, &now()),
        Experience {
            since_first: Some(3 * DAY),
            logins: 2
        }
    );
    let slice = Slice {
        first_success: Some(T - 500 * DAY),
        ..slice
    };
    assert_eq!(experience(slice, &now()).since_first, Some(500 * DAY));
}

#[test]
fn bounds_that_were_hit_are_reported() {
    let q = query(HistoryFunction::Count, Stream::Attempts, Window::All);
    let mut table = Table {
        rows: vec![row(1, 1)],
        truncated: true,
        ..Table::default()
    };
    assert!(ask_as(&now(), &q, None, &mut table).truncated);
}

#[test]
fn a_program_says_what_it_needs() {
    let mut program = empty_program();
    let by = |by: &[ByKey], window| HistoryQuery {
        by: by.to_vec(),
        ..query(HistoryFunction::Count, Stream::Attempts, window)
    };
    program.queries = vec![
        by(&[], Window::Within(HOUR)),
        by(&[ByKey::Account], Window::Within(DAY)),
        by(&[ByKey::Machine, ByKey::Ip], Window::Within(HOUR)),
        by(&[ByKey::Ip, ByKey::Machine], Window::Last(5)),
    ];
    assert_eq!(
        queries_by_key(&program),
        [
            KeyNeed {
                by: vec![ByKey::Account],
                window: Some(DAY)
            },
            KeyNeed {
                by: vec![ByKey::Ip, ByKey::Machine],
                window: None
            },
        ]
    );
}

#[test]
fn only_the_window_is_asked_for() {
    let mut table = Table::default();
    let q = query(
        HistoryFunction::Count,
        Stream::Attempts,
        Window::Within(HOUR),
    );
    ask_as(&now(), &q, None, &mut table);
    assert_eq!(table.asked.values().collect::<Vec<_>>(), [&Some(T - HOUR)]);
}

#[test]
fn local_hours_are_those_of_the_account() {
    let mut row = row(1, 0);
    row.set_local(&jiff::tz::TimeZone::get("Asia/Shanghai").unwrap());
    assert_eq!((row.hour, row.weekday), (Some(9), Some(1)));
    row.set_local(&jiff::tz::TimeZone::get("America/New_York").unwrap());
    assert_eq!((row.hour, row.weekday), (Some(20), Some(7)));
}

#[test]
fn rows_survive_storage_and_hide_in_debug_output() {
    let mut stored = row(1, 0);
    stored.ip = Some("192.0.2.7".parse().unwrap());
    stored.machine = Some("m".into());
    let bytes = rmp_serde::to_vec_named(&stored).unwrap();
    assert!(rmp_serde::from_slice::<Row>(&bytes).unwrap() == stored);
    let text = format!("{stored:?}");
    assert!(!text.contains("alice") && !text.contains("192.0"), "{text}");
    let _ = MACHINE;
}

proptest! {
    /// The window is what law 8 says, whatever the rows.
    #[test]
    fn the_window_is_the_law(
        rows in prop::collection::vec((0i64..20, 0u64..20), 0..20),
        t in 0i64..20, w in 0i64..20, arrival in 0u64..20,
    ) {
        let mut seen = std::collections::HashSet::new();
        let rows: Vec<Row> = rows.into_iter()
            .filter(|(_, arrival)| seen.insert(*arrival))
            .map(|(time, arrival)| Row { time, arrival, account: "alice".into(), ..Row::default() })
            .collect();
        let wanted = rows.iter()
            .filter(|row| row.time > t - w && row.time <= t && row.arrival < arrival)
            .count();
        let present = Row { time: t, arrival, account: "alice".into(), ..Row::default() };
        let q = query(HistoryFunction::Count, Stream::Attempts, Window::Within(w));
        let answer = ask_as(&present, &q, None, &mut Table { rows, ..Table::default() });
        prop_assert_eq!(answer.value, n(wanted as f64));
    }
}
