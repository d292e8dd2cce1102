//! Usual places, usual hours, sequences with conditions.

use super::*;

fn at(arrival: u64, ago: Millis, lat: f64, lon: f64) -> Row {
    Row {
        lat: Some(lat),
        lon: Some(lon),
        ..row(arrival, ago)
    }
}

fn ask_at(present: &Row, function: HistoryFunction, rows: Vec<Row>) -> Value {
    let q = query(function, Stream::Successes, Window::Within(90 * DAY));
    let mut table = Table {
        rows,
        ..Table::default()
    };
    ask_as(present, &q, None, &mut table).value
}

fn kilometres(value: Value) -> f64 {
    match value {
        Value::Distance(metres) => metres / 1_000.0,
        other => panic!("{other:?}"),
    }
}

const BEIJING: (f64, f64) = (39.90, 116.40);
const SHANGHAI: (f64, f64) = (31.23, 121.47);

#[test]
fn the_nearest_usual_place_counts() {
    let here = at(1_000, 0, 39.95, 116.45);
    let mut rows: Vec<Row> = (1..=19)
        .map(|n| at(n, n as Millis * DAY, SHANGHAI.0, SHANGHAI.1))
        .collect();
    let distance =
        |rows: &[Row]| kilometres(ask_at(&here, HistoryFunction::UsualDistance, rows.to_vec()));
    assert!((distance(&rows) - 1_070.0).abs() < 15.0);
    // One in twenty is five percent: usual.
    rows.push(at(20, 20 * DAY, BEIJING.0, BEIJING.1));
    assert!(distance(&rows) < 10.0);
    // One in twenty-one is not.
    rows.push(at(21, 21 * DAY, SHANGHAI.0, SHANGHAI.1));
    assert!(distance(&rows) > 1_000.0);
    // Points of one town stand for one place.
    rows.push(at(22, 22 * DAY, BEIJING.0 + 0.1, BEIJING.1));
    assert!(distance(&rows) < 10.0);
}

#[test]
fn places_are_unknown_without_coordinates_or_habits() {
    let here = at(1_000, 0, BEIJING.0, BEIJING.1);
    let usual = |present: &Row, rows| ask_at(present, HistoryFunction::UsualDistance, rows);
    let beijing = at(1, DAY, BEIJING.0, BEIJING.1);
    assert_eq!(
        usual(&now(), vec![beijing.clone()]),
        Value::unknown("login.lat")
    );
    assert_eq!(
        usual(&here, vec![row(1, DAY)]),
        Value::unknown("usual place")
    );
    let intruder = Row {
        answered_lock: true,
        ..beijing.clone()
    };
    let failure = Row {
        success: false,
        ..beijing
    };
    assert_eq!(
        usual(&here, vec![intruder, failure]),
        Value::unknown("usual place"),
        "only the owner's successes make a place usual"
    );
}

fn hour(arrival: u64, hour: u8) -> Row {
    Row {
        hour: Some(hour),
        ..row(arrival, arrival as Millis * DAY)
    }
}

#[test]
fn hours_are_a_circle() {
    let rows = vec![hour(1, 23), hour(2, 1), hour(3, 0), hour(4, 0)];
    let distance = |at: u8| {
        let present = Row {
            hour: Some(at),
            ..now()
        };
        ask_at(&present, HistoryFunction::HourDistance, rows.clone())
    };
    assert_eq!(distance(0), n(0.0));
    assert_eq!(distance(22), n(2.0));
    assert_eq!(distance(3), n(3.0));
    assert_eq!(distance(12), n(12.0));
    let Value::Number(spread) = ask_at(&now(), HistoryFunction::HourSpread, rows.clone()) else {
        panic!("hours are known");
    };
    assert!((0.6..0.8).contains(&spread), "{spread}");
    let one = ask_at(&now(), HistoryFunction::HourSpread, vec![hour(1, 9)]);
    assert_eq!(one, n(0.0));
}

#[test]
fn scattered_hours_have_no_middle() {
    let rows = vec![hour(1, 3), hour(2, 15)];
    let present = Row {
        hour: Some(9),
        ..now()
    };
    assert_eq!(
        ask_at(&present, HistoryFunction::HourDistance, rows.clone()),
        Value::unknown("usual hour")
    );
    assert_eq!(ask_at(&present, HistoryFunction::HourSpread, rows), n(12.0));
    assert_eq!(
        ask_at(&present, HistoryFunction::HourDistance, vec![row(1, DAY)]),
        Value::unknown("history")
    );
    assert_eq!(
        ask_at(&now(), HistoryFunction::HourDistance, vec![hour(1, 9)]),
        Value::unknown("login.hour")
    );
}

/// The city of the past row is this one.
fn city_is(city: &str) -> Expr {
    expr(ExprKind::Compare(
        CompareOp::Equal,
        Box::new(expr(ExprKind::RowField(CITY))),
        Box::new(constant(Value::text(city))),
    ))
}

fn nowhere(row: Row) -> Row {
    Row { city: None, ..row }
}

#[test]
fn each_of_the_two_can_be_narrowed() {
    let mut q = query(
        HistoryFunction::Sequence,
        Stream::Attempts,
        Window::Within(DAY),
    );
    q.sequence = Some(Sequence {
        first: Stream::Failures,
        first_is: None,
        second: Stream::Successes,
        second_is: Some(city_is("纽约")),
        within: 10 * MINUTE,
    });
    let away = Row {
        city: Some("纽约".into()),
        ..row(3, 12 * MINUTE)
    };
    let rows = vec![failed(1, 20 * MINUTE), row(2, 15 * MINUTE)];
    assert_eq!(ask(&q, rows.clone()), Value::YesNo(false));
    let with = |row: Row| [rows.clone(), vec![row]].concat();
    assert_eq!(ask(&q, with(away.clone())), Value::YesNo(true));
    // Perhaps it was New York: neither yes nor no.
    assert!(!ask(&q, with(nowhere(away.clone()))).is_known());
    q.function = HistoryFunction::Absence;
    assert_eq!(ask(&q, rows.clone()), Value::YesNo(true));
    assert_eq!(ask(&q, with(away.clone())), Value::YesNo(false));
    assert!(!ask(&q, with(nowhere(away))).is_known());
    // A gap that ends now is not over.
    assert_eq!(ask(&q, vec![failed(1, 10 * MINUTE)]), Value::YesNo(false));
    assert_eq!(
        ask(&q, vec![failed(1, 10 * MINUTE + 1)]),
        Value::YesNo(true)
    );
}
