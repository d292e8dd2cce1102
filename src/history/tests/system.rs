//! What is compared with everybody: rarity and familiarity.

use super::*;

const PATH: [&str; 2] = ["login.asn", "login.country"];

fn from(arrival: u64, ago: Millis, account: &str, asn: u32) -> Row {
    Row {
        account: account.into(),
        asn: Some(asn),
        country: Some("CN".into()),
        ip: Some([192, 0, 2, (asn % 250) as u8].into()),
        ..row(arrival, ago)
    }
}

/// Answers from rows, and from counts that a row joins after it was judged.
struct Counted(Table, Option<Tallies>);

impl Rows for Counted {
    type Row = Row;

    fn rows(&mut self, key: &Key, after: Option<Millis>) -> Slice<'_, Row> {
        let all = *key == Key::all();
        self.0.by = vec![if all { ByKey::All } else { ByKey::Account }];
        self.0.rows(key, after)
    }

    fn tally(&mut self, what: &Tallied, days: (i64, i64), present: &Row) -> u64 {
        match &self.1 {
            Some(tallies) => tallies.count(what, days),
            None => {
                let after = days.0.checked_mul(DAY).map(|start| start - 1);
                let rows = self.rows(&Key::all(), after).rows.to_vec();
                crate::history::tally_rows(&rows, present, what, days)
            }
        }
    }
}

fn ask(function: HistoryFunction, window: Millis, present: &Row, rows: &[Row]) -> HistoryAnswer {
    let mut q = query(function, Stream::Successes, Window::Within(window));
    let columns = Columns::new(PATH);
    if function == HistoryFunction::Rarity {
        q.field = Some(FieldId(0));
    }
    let present_field = |_: FieldId| Value::unknown("field");
    let here = Present {
        row: present,
        columns: &columns,
        field: &present_field,
    };
    let value = q.field.map(|_| present.field(Column::Asn));
    let mut answers = Vec::new();
    let mut tallies = Tallies::default();
    rows.iter()
        .filter(|row| row.arrival < present.arrival)
        .for_each(|row| tallies.add(row));
    for tallies in [None, Some(tallies)] {
        let table = Table {
            rows: rows.to_vec(),
            ..Table::default()
        };
        let mut counted = Counted(table, tallies);
        answers.push(evaluate(
            &q,
            value.as_ref(),
            &empty_program(),
            &here,
            &mut counted,
        ));
    }
    assert_eq!(answers[0], answers[1], "rows and counts tell the same");
    answers.remove(0)
}

#[test]
fn rarity_is_a_share_of_everybodys_habits() {
    let mut rows: Vec<Row> = (1..=9)
        .map(|n| from(n, n as Millis * HOUR, "bob", 4134))
        .collect();
    rows.push(from(10, HOUR, "carol", 9808));
    let rare = |asn, rows: &[Row]| {
        ask(
            HistoryFunction::Rarity,
            DAY,
            &from(1_000, 0, "alice", asn),
            rows,
        )
        .value
    };
    assert_eq!(rare(9808, &rows), Value::Percent(0.1));
    assert_eq!(rare(4134, &rows), Value::Percent(0.9));
    assert_eq!(rare(1, &rows), Value::Percent(0.0));
    rows.push(Row {
        success: false,
        ..from(11, HOUR, "dora", 9808)
    });
    rows.push(Row {
        answered_lock: true,
        ..from(12, HOUR, "dora", 9808)
    });
    rows.push(from(1_001, HOUR, "dora", 9808));
    assert_eq!(
        rare(9808, &rows),
        Value::Percent(0.1),
        "failures, intruders and what arrived later do not count"
    );
    assert_eq!(rare(9808, &[]), Value::unknown("history"));
    let nowhere = Row {
        asn: None,
        ..from(1_000, 0, "alice", 1)
    };
    let unknown = ask(HistoryFunction::Rarity, DAY, &nowhere, &rows).value;
    assert_eq!(unknown, Value::unknown("login.asn"));
}

#[test]
fn a_window_counts_whole_days() {
    // T is 01:00 UTC: the day began an hour ago, the window of a day began yesterday.
    let rare = |ago| {
        let rows = [from(1, ago, "bob", 1)];
        ask(HistoryFunction::Rarity, DAY, &from(9, 0, "a", 1), &rows).value
    };
    let day_start = T.rem_euclid(DAY);
    assert_eq!(
        rare(day_start + DAY),
        Value::Percent(1.0),
        "yesterday's first moment"
    );
    assert_eq!(rare(day_start + DAY + 1), Value::unknown("history"));
    assert_eq!(rare(day_start - DAY), Value::unknown("history"), "tomorrow");
}

#[test]
fn familiarity_is_a_likelihood_ratio() {
    let everybody: Vec<Row> = (1..=98).map(|n| from(n, HOUR, "bob", 4134)).collect();
    let own: Vec<Row> = (200..=208).map(|n| from(n, HOUR, "alice", 9808)).collect();
    let rows = [everybody, own].concat();
    let score = |asn| {
        let answer = ask(
            HistoryFunction::Familiarity,
            DAY,
            &from(1_000, 0, "alice", asn),
            &rows,
        );
        match answer.value {
            Value::Number(score) => score,
            other => panic!("{other:?}"),
        }
    };
    // By hand. Everybody: N = 107; 9808 has 9, 4134 has 98, the country has all.
    let global = |ip: f64, asn: f64| (0.6 * (ip + 1.0) + 0.3 * (asn + 1.0) + 0.1 * 108.0) / 108.0;
    let own = |same: f64, ip: f64, asn: f64| {
        let smooth = |same: f64, count: f64| (same + (count + 1.0) / 108.0) / 10.0;
        0.6 * smooth(same, ip) + 0.3 * smooth(same, asn) + 0.1 * smooth(9.0, 107.0)
    };
    let expected = |same: f64, count: f64| (own(same, count, count) / global(count, count)).log10();
    assert!((score(9808) - expected(9.0, 9.0)).abs() < 1e-5);
    assert!((score(4134) - expected(0.0, 98.0)).abs() < 1e-5);
    assert!(score(9808) > 0.5 && score(4134) < -0.5);
}

#[test]
fn familiarity_needs_habits_and_something_to_compare() {
    let present = from(1_000, 0, "alice", 1);
    let stranger = ask(
        HistoryFunction::Familiarity,
        DAY,
        &present,
        &[from(1, HOUR, "bob", 1)],
    );
    assert_eq!(stranger.value, Value::unknown("history"));
    let nowhere = Row {
        asn: None,
        ip: None,
        country: None,
        ..present
    };
    let rows = [from(1, HOUR, "alice", 1)];
    let unknown = ask(HistoryFunction::Familiarity, DAY, &nowhere, &rows);
    assert_eq!(unknown.value, Value::unknown("login.ip"));
}

#[test]
fn the_counted_fields_are_those_the_registry_names() {
    let names: Vec<&str> = TALLIED
        .iter()
        .map(|column| column.path().trim_start_matches("login."))
        .collect();
    assert_eq!(names, crate::lang::builtins::COUNTED);
}

#[test]
fn explanations_show_the_newest_rows_an_answer_counts() {
    let q = query(
        HistoryFunction::Count,
        Stream::Failures,
        Window::Within(DAY),
    );
    let rows = vec![
        failed(1, 5 * HOUR),
        failed(2, 4 * HOUR),
        row(3, 3 * HOUR),
        failed(4, 2 * HOUR),
        failed(5, HOUR),
    ];
    let mut table = Table {
        rows,
        by: vec![ByKey::Account],
        ..Table::default()
    };
    let columns = Columns::new(PATHS);
    let field = |_: FieldId| Value::unknown("field");
    let present = Present {
        row: &now(),
        columns: &columns,
        field: &field,
    };
    let shown = used(&q, &empty_program(), &present, &mut table);
    let times: Vec<Millis> = shown.iter().map(|login| (T - login.time) / HOUR).collect();
    assert_eq!(times, [1, 2, 4], "three failures, newest first; no success");
    assert!(
        shown
            .iter()
            .all(|login| !login.success && login.values == [Value::text("北京")])
    );
    let mut quotient = query(HistoryFunction::Ratio, Stream::Successes, Window::All);
    quotient.denominator = Some(Stream::Failures);
    let shown = used(&quotient, &empty_program(), &present, &mut table);
    let times: Vec<Millis> = shown.iter().map(|login| (T - login.time) / HOUR).collect();
    assert_eq!(times, [1, 2, 3], "the success too");
    let habits = query(HistoryFunction::New, Stream::Successes, Window::Last(10));
    let shown = used(&habits, &empty_program(), &present, &mut table);
    assert_eq!(shown.len(), 1);
}
