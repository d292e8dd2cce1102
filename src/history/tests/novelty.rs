//! What is new, and what was seen before.

use super::*;

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
