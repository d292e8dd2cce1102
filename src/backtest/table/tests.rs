//! The order of rows, what is known when, and the rows made of them.

use super::*;
use crate::env::MINUTE;

fn login(time: Millis, account: &'static str) -> Login<'static> {
    Login {
        time,
        account,
        success: true,
        city: "北京",
        ..Login::default()
    }
}

#[test]
fn rows_are_put_in_order_and_late_ones_marked() {
    let mut table = Table::new(Columns::all());
    for time in [5 * MINUTE, MINUTE, 30 * MINUTE, 2 * MINUTE] {
        assert!(table.push(&login(time, "a")));
    }
    assert_eq!(table.close(false).unordered, 2);
    assert!(table.ordered);
    assert_eq!(table.time, [MINUTE, 2 * MINUTE, 5 * MINUTE, 30 * MINUTE]);

    let mut table = Table::new(Columns::all());
    for time in [5 * MINUTE, MINUTE, 30 * MINUTE, 2 * MINUTE] {
        table.push(&login(time, "a"));
    }
    table.close(true);
    assert!(!table.ordered);
    let late: Vec<bool> = (0..4).map(|row| table.has(row, LATE_FLAG)).collect();
    assert_eq!(late, [false, false, false, true]);
}

#[test]
fn room_is_made_for_what_is_expected_and_else_by_parts() {
    let mut table = Table::new(Columns::default());
    table.make_room(10, 4_000);
    assert_eq!(table.time.capacity(), 4_000);
    assert_eq!(table.flags.capacity(), 4_000);
    assert_eq!(table.asn.capacity(), 0, "not kept");
    for at in 0..4_000 {
        table.push(&login(at, "a"));
    }
    table.make_room(10, 0);
    assert_eq!(table.time.capacity(), 5_000);
    table.make_room(10, usize::MAX);
    assert_eq!(table.time.capacity(), 5_000, "there is room");
}

#[test]
fn without_its_arrival_a_login_came_when_it_happened() {
    let filled = || {
        let mut table = Table::new(Columns::all());
        for (time, arrival) in [(50 * MINUTE, 1), (20 * MINUTE, 2), (30 * MINUTE, 3)] {
            table.push(&Login {
                arrival: Some(arrival),
                ..login(time, "a")
            });
        }
        table
    };
    let mut table = filled();
    table.close(false);
    assert_eq!((table.ordered, table.late()), (false, 2));
    let mut table = filled();
    table.forget_arrival();
    table.close(false);
    assert_eq!((table.ordered, table.late()), (true, 0));
    assert_eq!(table.time, [20 * MINUTE, 30 * MINUTE, 50 * MINUTE]);
}

#[test]
fn arrival_numbers_decide_the_order() {
    let mut table = Table::new(Columns::all());
    for (time, arrival) in [(10, 3), (20, 1), (30, 2)] {
        table.push(&Login {
            arrival: Some(arrival),
            ..login(time, "a")
        });
    }
    table.close(false);
    assert_eq!(table.time, [20, 30, 10]);
}

#[test]
fn numbers_some_rows_lack_or_share_say_nothing() {
    for (numbers, unnumbered) in [
        ([Some(3), None, Some(2)], 1),
        ([Some(3), Some(2), None], 1),
        ([None, None, Some(2)], 2),
        ([Some(1), Some(2), Some(1)], 1),
        ([None, None, None], 0),
    ] {
        let mut table = Table::new(Columns::all());
        for (time, arrival) in [10, 30, 20].into_iter().zip(numbers) {
            table.push(&Login {
                arrival,
                ..login(time, "a")
            });
        }
        let closed = table.close(false);
        assert_eq!(
            (closed.unnumbered, closed.unordered),
            (unnumbered, 1),
            "{numbers:?}"
        );
        assert_eq!(table.time, [10, 20, 30], "{numbers:?}");
    }
}

#[test]
fn an_answer_is_known_to_what_arrived_after_it() {
    let with = |arrived: Option<u64>, numbered: bool| {
        let mut table = Table::new(Columns::all());
        // The last one arrived after the answer, though its time is before it.
        for (time, arrival) in [(50, 9), (10, 3), (40, 7)] {
            table.push(&Login {
                arrival: numbered.then_some(arrival),
                ..login(time, "a")
            });
        }
        table.answers.insert(1, Answered { at: 45, arrived });
        table.close(false);
        table.answered_lock
    };
    assert_eq!(with(Some(3), true), HashMap::from([(0, 1)]));
    assert_eq!(with(Some(7), true), HashMap::from([(0, 2)]));
    assert_eq!(with(Some(9), true), HashMap::from([(0, 3)]));
    // By the clock where nobody counted.
    assert_eq!(with(None, true), HashMap::from([(0, 2)]));
    assert_eq!(with(Some(3), false), HashMap::from([(0, 2)]));
}

#[test]
fn trust_is_known_to_what_arrived_after_it() {
    let with = |arrived: Option<u64>| {
        let mut table = Table::new(Columns::all());
        for (time, arrival) in [(50, 9), (10, 3), (40, 7)] {
            table.push(&Login {
                arrival: Some(arrival),
                ..login(time, "a")
            });
        }
        let since = Answered { at: 45, arrived };
        let span = Trusted { since, until: 90 };
        table.trusts.insert((0, 0), vec![span]);
        table.close(false);
        table.trust[&(0, 0)].clone()
    };
    assert_eq!(with(Some(3)), [(1, 90)]);
    assert_eq!(with(Some(7)), [(2, 90)]);
    assert_eq!(with(None), [(2, 90)], "by the clock where nobody counted");
}

#[test]
fn a_row_is_what_the_live_history_would_hold() {
    let mut table = Table::new(Columns::all());
    table.push(&Login {
        lat: Some(39.9),
        lon: Some(116.4),
        asn: Some(4134),
        ip: "203.0.113.7",
        agent: "Mozilla/5.0 (Windows NT 10.0) Chrome/120.0",
        machine: "pc",
        ..login(1_767_574_800_000, "alice")
    });
    table.close(false);
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let row = Maker::new(&table, zone).row(0, &"alice".into());
    assert_eq!(row.hour, Some(9));
    assert_eq!(row.weekday, Some(1));
    assert_eq!(row.city.as_deref(), Some("北京"));
    assert_eq!(row.ip, "203.0.113.7".parse().ok());
    assert_eq!(row.asn, Some(4134));
    assert!(row.legal && row.success);
    assert_eq!(row.browser.as_deref(), Some("Chrome"));
}
