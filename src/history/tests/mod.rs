//! Golden boundary cases of language law 8.

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

fn new(window: Millis) -> HistoryQuery {
    HistoryQuery {
        field: Some(CITY),
        ..query(
            HistoryFunction::New,
            Stream::Successes,
            Window::Within(window),
        )
    }
}

fn new_city(city: &str, rows: Vec<Row>, first_success: Option<Millis>) -> Value {
    let mut table = Table {
        rows,
        first_success,
        ..Table::default()
    };
    ask_as(&now(), &new(90 * DAY), Some(Value::text(city)), &mut table).value
}

#[test]
fn new_compares_with_successes_only() {
    assert_eq!(
        new_city("纽约", vec![row(1, DAY)], None),
        Value::YesNo(true)
    );
    assert_eq!(
        new_city("北京", vec![row(1, DAY)], None),
        Value::YesNo(false)
    );
    let failure = Row {
        city: Some("纽约".into()),
        ..failed(2, HOUR)
    };
    assert_eq!(
        new_city("纽约", vec![row(1, DAY), failure], None),
        Value::YesNo(true)
    );
    let mut disowned = row(2, HOUR);
    disowned.city = Some("纽约".into());
    disowned.answered_lock = true;
    assert_eq!(
        new_city("纽约", vec![row(1, DAY), disowned], None),
        Value::YesNo(true),
        "a login answered with 锁定 is nobody's habit"
    );
}

#[test]
fn new_is_unknown_while_nothing_was_ever_known_and_yes_after_dormancy() {
    assert!(!new_city("纽约", vec![], None).is_known());
    assert!(!new_city("纽约", vec![failed(1, HOUR)], None).is_known());
    assert_eq!(
        new_city("纽约", vec![], Some(T - 400 * DAY)),
        Value::YesNo(true)
    );
    assert!(
        !new_city("纽约", vec![], Some(T + 1)).is_known(),
        "known only later"
    );
    let blind = Row {
        city: None,
        ..row(1, DAY)
    };
    assert!(
        !new_city("纽约", vec![blind.clone()], None).is_known(),
        "no city was ever known"
    );
    assert_eq!(
        new_city("纽约", vec![blind, row(2, DAY)], None),
        Value::YesNo(true)
    );
}

#[test]
fn new_is_unknown_when_the_present_value_is() {
    let unknown = Value::unknown("login.city");
    let mut table = Table {
        rows: vec![row(1, DAY)],
        ..Table::default()
    };
    assert_eq!(
        ask_as(&now(), &new(DAY), Some(unknown.clone()), &mut table).value,
        unknown
    );
}

#[test]
fn seen_is_the_opposite_of_new_and_unknown_in_the_same_cases() {
    for (city, rows) in [
        ("北京", vec![row(1, DAY)]),
        ("纽约", vec![row(1, DAY)]),
        ("北京", vec![]),
    ] {
        let seen = HistoryQuery {
            function: HistoryFunction::Seen,
            ..new(90 * DAY)
        };
        let mut table = Table {
            rows: rows.clone(),
            ..Table::default()
        };
        let seen = ask_as(&now(), &seen, Some(Value::text(city)), &mut table).value;
        let new = new_city(city, rows, None);
        assert_eq!(seen.truth(), new.truth().map(|yes| !yes));
    }
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
fn ratios_and_shares() {
    let q = HistoryQuery {
        denominator: Some(Stream::Attempts),
        ..query(
            HistoryFunction::Ratio,
            Stream::Successes,
            Window::Within(HOUR),
        )
    };
    let rows = vec![
        row(1, MINUTE),
        failed(2, MINUTE),
        failed(3, MINUTE),
        failed(4, MINUTE),
    ];
    assert_eq!(ask(&q, rows.clone()), Value::Percent(0.25));
    let share = HistoryQuery {
        field: Some(HOURS),
        ..query(
            HistoryFunction::Share,
            Stream::Successes,
            Window::Within(90 * DAY),
        )
    };
    let at = |arrival, hour| Row {
        hour: Some(hour),
        ..row(arrival, DAY)
    };
    let mut table = Table {
        rows: vec![
            at(1, 9),
            at(2, 9),
            at(3, 10),
            at(4, 3),
            row(5, DAY),
            failed(6, DAY),
        ],
        ..Table::default()
    };
    let answer = ask_as(&now(), &share, Some(n(3.0)), &mut table);
    assert_eq!(
        (answer.value, answer.rows),
        (Value::Percent(0.25), 4),
        "rows without the field do not count"
    );
}

#[test]
fn streaks_count_back_from_now() {
    let q = query(HistoryFunction::Streak, Stream::Failures, Window::All);
    let rows = vec![failed(1, 50), row(2, 40), failed(3, 30), failed(4, 20)];
    assert_eq!(ask(&q, rows.clone()), n(2.0));
    let q = query(HistoryFunction::Streak, Stream::Successes, Window::All);
    assert_eq!(ask(&q, rows), n(0.0));
}

#[test]
fn last_n_rows() {
    let rows = vec![
        failed(1, 50),
        failed(2, 40),
        row(3, 30),
        failed(4, 20),
        row(5, 10),
    ];
    let q = query(HistoryFunction::Count, Stream::Failures, Window::Last(3));
    assert_eq!(
        ask(&q, rows.clone()),
        n(1.0),
        "failures among the last three attempts"
    );
    let q = HistoryQuery {
        field: Some(CITY),
        ..query(
            HistoryFunction::Distinct,
            Stream::Successes,
            Window::Last(2),
        )
    };
    assert_eq!(ask(&q, rows), n(1.0));
}

#[test]
fn times_and_fields_of_rows() {
    let rows = vec![row(1, 3 * DAY), failed(2, 2 * DAY), row(3, DAY)];
    let since = query(HistoryFunction::Since, Stream::Failures, Window::All);
    assert_eq!(ask(&since, rows.clone()), Value::Duration(2 * DAY));
    let first = HistoryQuery {
        field: Some(CITY),
        ..query(HistoryFunction::First, Stream::Successes, Window::All)
    };
    assert_eq!(ask(&first, rows.clone()), Value::text("北京"));
    let last = query(HistoryFunction::Last, Stream::Successes, Window::All);
    assert_eq!(ask(&last, rows.clone()), Value::Time(T - DAY));
    let days = HistoryQuery {
        field: Some(CITY),
        ..query(HistoryFunction::DaysSince, Stream::Successes, Window::All)
    };
    let ask_days = |city: &str| {
        ask_as(
            &now(),
            &days,
            Some(Value::text(city)),
            &mut Table {
                rows: rows.clone(),
                ..Table::default()
            },
        )
        .value
    };
    assert_eq!(ask_days("北京"), n(1.0));
    assert!(!ask_days("纽约").is_known());
}

#[test]
fn statistics() {
    let rows: Vec<Row> = [9_u8, 10, 11, 22]
        .into_iter()
        .enumerate()
        .map(|(at, hour)| Row {
            hour: Some(hour),
            ..row(at as u64, DAY)
        })
        .collect();
    let ask_for = |function, field, percentile| {
        let q = HistoryQuery {
            field: Some(field),
            percentile,
            ..query(function, Stream::Successes, Window::All)
        };
        ask(&q, rows.clone())
    };
    assert_eq!(ask_for(HistoryFunction::Min, HOURS, None), n(9.0));
    assert_eq!(ask_for(HistoryFunction::Max, HOURS, None), n(22.0));
    assert_eq!(ask_for(HistoryFunction::Mean, HOURS, None), n(13.0));
    assert_eq!(
        ask_for(HistoryFunction::Percentile, HOURS, Some(0.5)),
        n(10.0)
    );
    assert_eq!(
        ask_for(HistoryFunction::Percentile, HOURS, Some(1.0)),
        n(22.0)
    );
    assert_eq!(
        ask_for(HistoryFunction::Percentile, HOURS, Some(0.0)),
        n(9.0)
    );
    assert_eq!(
        ask_for(HistoryFunction::Max, TIME, None),
        Value::Time(T - DAY)
    );
}

fn same_city() -> Expr {
    let compare =
        |left, right| ExprKind::Compare(CompareOp::Equal, Box::new(left), Box::new(right));
    expr(compare(
        expr(ExprKind::RowField(CITY)),
        expr(ExprKind::Field(CITY)),
    ))
}

#[test]
fn where_compares_past_rows_with_the_present_login() {
    let mut q = query(
        HistoryFunction::Count,
        Stream::Attempts,
        Window::Within(HOUR),
    );
    q.filter = Some(same_city());
    let there = Row {
        city: Some("纽约".into()),
        ..row(2, 2)
    };
    let blind = Row {
        city: None,
        ..row(3, 1)
    };
    assert_eq!(ask(&q, vec![row(1, 3), there, blind.clone()]), n(1.0));
    assert_eq!(ask(&q, vec![row(1, 3)]), n(0.0));
    assert!(!ask(&q, vec![blind]).is_known(), "no row could be judged");
    assert_eq!(ask(&q, vec![]), n(0.0));
    let agent = ExprKind::Compare(
        CompareOp::Equal,
        Box::new(expr(ExprKind::Field(AGENT))),
        Box::new(constant(Value::text("curl"))),
    );
    q.filter = Some(expr(agent));
    assert_eq!(
        ask(&q, vec![row(1, 3)]),
        n(1.0),
        "fields that are no columns come from the host"
    );
}

#[test]
fn sequences() {
    let mut q = query(
        HistoryFunction::Sequence,
        Stream::Attempts,
        Window::Within(DAY),
    );
    q.sequence = Some(Sequence {
        first: Stream::Failures,
        first_is: None,
        second: Stream::Successes,
        second_is: None,
        within: 10 * MINUTE,
    });
    assert_eq!(
        ask(&q, vec![failed(1, 20 * MINUTE), row(2, 10 * MINUTE)]),
        Value::YesNo(true)
    );
    assert_eq!(
        ask(&q, vec![failed(1, 20 * MINUTE), row(2, 10 * MINUTE - 1)]),
        Value::YesNo(false)
    );
    assert_eq!(
        ask(&q, vec![row(1, 20 * MINUTE), failed(2, 15 * MINUTE)]),
        Value::YesNo(false)
    );
    q.function = HistoryFunction::Absence;
    assert_eq!(ask(&q, vec![failed(1, 20 * MINUTE)]), Value::YesNo(true));
    assert_eq!(
        ask(&q, vec![failed(1, 5 * MINUTE)]),
        Value::YesNo(false),
        "its time is not over"
    );
    // The checker refuses such a question: what is young enough for the window is too young for the gap.
    q.window = Window::Within(5 * MINUTE);
    for seconds in 0..=400 {
        let failure = failed(1, seconds * 1_000);
        assert_eq!(ask(&q, vec![failure]), Value::YesNo(false), "{seconds} s");
    }
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
