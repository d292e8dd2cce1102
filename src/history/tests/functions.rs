//! What the functions say of the rows of a window.

use super::*;

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
    let unknown = ask(&q, vec![blind]);
    assert_eq!(
        crate::lang::eval::missing(&unknown),
        ["history of login.city"],
        "no row could be judged, and it is no fault of the present login"
    );
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
