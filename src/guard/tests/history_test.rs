//! The history of logins.

use std::net::IpAddr;

use super::*;
use crate::guard::history::{self, ACCOUNT_ROWS, By, OTHER_ROWS};
use crate::history::{Key, Row, Rows as _};
use crate::lang::program::ByKey;
use crate::store::records::{LoginBy, LoginCount};

fn login(account: &str, time: Millis, seq: u64) -> Login {
    Login {
        account: account.into(),
        time,
        seq,
        known: true,
        success: true,
        machine: Some("m".into()),
        ip: Some("203.0.113.7".into()),
        place: Place {
            city: Some("北京".into()),
            country: Some("中国".into()),
            asn: Some(4134),
            ..Place::default()
        },
        kept_until: time + 400 * DAY,
        ..Login::default()
    }
}

#[tokio::test]
async fn a_login_is_found_under_every_key_it_has_a_value_for() {
    let world = World::new().await;
    let found = world
        .run(|tx| {
            let mut bare = login("alice", START, 1);
            bare.ip = None;
            bare.machine = None;
            bare.place = Place::default();
            history::record(tx, &bare)?;
            history::record(tx, &login("alice", START + 1, 2))?;
            let keys = [
                (By::Account, "alice", 2),
                (By::Ip, "203.0.113.7", 1),
                (By::Network, "203.0.113.0/24", 1),
                (By::Machine, "m", 1),
                (By::Asn, "4134", 1),
                (By::City, "北京", 1),
                (By::Country, "中国", 1),
                (By::All, "", 2),
                (By::Ip, "", 0),
                (By::City, "", 0),
            ];
            let mut wrong = Vec::new();
            for (by, value, rows) in keys {
                let found = history::rows(tx, by, value, None)?.rows.len();
                if found != rows {
                    wrong.push((by, value, found));
                }
            }
            Ok(wrong)
        })
        .await;
    assert!(found.is_empty(), "{found:?}");
}

#[tokio::test]
async fn two_logins_at_a_barrier_exactly_one_sees_the_new_machine() {
    let world = World::new().await;
    for round in 0..1_000 {
        let machine = format!("m{round}");
        let judge = || {
            let machine = machine.clone();
            world.run(move |tx| {
                let seq = history::arrive(tx)?;
                let past = history::rows(tx, By::Machine, &machine, Some(tx.now() - DAY))?;
                let mut row = login("alice", tx.now(), seq);
                row.machine = Some(machine.clone());
                history::record(tx, &row)?;
                Ok(past.rows.is_empty())
            })
        };
        let (a, b) = tokio::join!(judge(), judge());
        assert!(a ^ b, "round {round}");
    }
}

#[tokio::test]
async fn a_window_is_later_than_its_beginning_and_sorted_by_event_time() {
    let world = World::new().await;
    let times = world
        .run(|tx| {
            for (seq, at) in [(1, 30), (2, 10), (3, 20), (4, 20)] {
                history::record(tx, &login("alice", START + at, seq))?;
            }
            let rows = history::rows(tx, By::Account, "alice", Some(START + 10))?.rows;
            Ok(rows
                .iter()
                .map(|row| (row.time - START, row.arrival))
                .collect::<Vec<_>>())
        })
        .await;
    assert_eq!(times, [(20, 3), (20, 4), (30, 1)]);
}

#[tokio::test]
async fn a_cap_of_rows_per_account_is_reported_when_hit() {
    let world = World::new().await;
    for batch in 0..(ACCOUNT_ROWS as u64 / 10 + 1) {
        world
            .run(move |tx| {
                for n in 0..10 {
                    let seq = batch * 10 + n;
                    let mut row = login("alice", START + seq as i64, seq);
                    (row.machine, row.ip, row.place) = (None, None, Place::default());
                    history::record(tx, &row)?;
                }
                Ok(())
            })
            .await;
    }
    let (rows, recent) = world
        .run(|tx| {
            let recent = START + 1_000;
            let rows = history::rows(tx, By::Account, "alice", None)?;
            Ok((rows, history::rows(tx, By::Account, "alice", Some(recent))?))
        })
        .await;
    assert_eq!(rows.rows.len(), ACCOUNT_ROWS);
    assert_eq!(rows.rows[0].arrival, 10, "the oldest went");
    assert!(rows.truncated, "the window reaches into what is gone");
    assert!(!recent.truncated, "this one does not");
    assert_eq!(
        rows.first_success,
        Some(START),
        "known although its row is gone"
    );
    let hit = world.store.status().limits;
    assert_eq!(hit["history_of_an_account"], 1, "one command went beyond");
}

#[tokio::test]
async fn a_cap_of_rows_per_address() {
    let world = World::new().await;
    let (rows, count) = world
        .run(|tx| {
            for seq in 1..4 {
                history::record(tx, &login("alice", START + seq, seq as u64))?;
            }
            // As if so many had been recorded.
            let key = ("ip".to_owned(), "203.0.113.7".to_owned());
            let mut count = tx.get::<LoginCount>(&key)?.unwrap();
            count.rows = OTHER_ROWS as u32;
            tx.put(&count)?;
            history::record(tx, &login("alice", START + 4, 4))?;
            let rows = history::rows(tx, By::Ip, "203.0.113.7", None)?;
            Ok((rows, tx.get::<LoginCount>(&key)?.unwrap().rows))
        })
        .await;
    assert_eq!(rows.rows.len(), 3);
    assert!(rows.truncated);
    assert_eq!(count, OTHER_ROWS as u32);
    assert_eq!(world.store.status().limits["history_of_a_key"], 1);
}

#[tokio::test]
async fn rows_the_sweep_took_are_not_trimmed_again() {
    let world = World::new().await;
    let rows = world
        .run(|tx| {
            for seq in 1..4 {
                let mut row = login("alice", START - 500 * DAY + seq, seq as u64);
                row.kept_until = START - 1;
                history::record(tx, &row)?;
            }
            // The sweep takes them; the count does not know.
            for seq in 1..4 {
                tx.delete::<Login>(&("alice".to_owned(), START - 500 * DAY + seq, seq as u64))?;
            }
            let key = ("account".to_owned(), "alice".to_owned());
            let mut count = tx.get::<LoginCount>(&key)?.unwrap();
            count.rows = ACCOUNT_ROWS as u32;
            tx.put(&count)?;
            history::record(tx, &login("alice", START, 9))?;
            history::record(tx, &login("alice", START + 1, 10))?;
            let rows = history::rows(tx, By::Account, "alice", None)?.rows.len();
            Ok((rows, tx.get::<LoginCount>(&key)?.unwrap().rows))
        })
        .await;
    assert_eq!(rows, (2, 2));
}

#[tokio::test]
async fn names_that_are_no_account_count_by_address() {
    let world = World::new().await;
    let seen = world
        .run(|tx| {
            for (seq, name) in ["root", "admin", "alice"].into_iter().enumerate() {
                let mut row = login(name, START, seq as u64);
                (row.known, row.success) = (name == "alice", false);
                row.kept_until = history::kept_until(&Limits::default(), row.known, START);
                history::record(tx, &row)?;
            }
            let kept = tx.scan::<LoginBy>(("ip", "203.0.113.7"), Order::Ascending, 9)?;
            let kept: Vec<Millis> = kept
                .iter()
                .map(|row| row.login.kept_until - START)
                .collect();
            Ok((history::rows(tx, By::Ip, "203.0.113.7", None)?, kept))
        })
        .await;
    let (seen, kept) = seen;
    assert_eq!(seen.rows.len(), 3);
    assert_eq!(seen.first_success, None);
    assert_eq!(kept, [30 * DAY, 30 * DAY, 400 * DAY]);
}

#[tokio::test]
async fn erasing_leaves_no_row_under_any_key() {
    let world = World::new().await;
    world
        .run(|tx| {
            for seq in 0..30 {
                history::record(tx, &login("alice", START + seq, seq as u64))?;
            }
            history::record(tx, &login("bob", START, 99))
        })
        .await;
    let mut steps = 0;
    while world
        .run(|tx| history::erase(tx, "alice", START + DAY))
        .await
    {
        steps += 1;
    }
    assert!(steps >= 1);
    let left = world
        .run(|tx| {
            let mut left = Vec::new();
            for (by, value) in [
                (By::Account, "alice"),
                (By::Ip, "203.0.113.7"),
                (By::All, ""),
            ] {
                left.push(history::rows(tx, by, value, None)?.rows.len());
            }
            Ok(left)
        })
        .await;
    assert_eq!(left, [0, 1, 1], "bob's stays");
}

#[tokio::test]
async fn the_store_answers_the_evaluators_keys() {
    let world = World::new().await;
    let (account, pair, stranger) = world
        .run(|tx| {
            history::record(tx, &login("alice", START, 1))?;
            let mut other = login("alice", START + 1, 2);
            other.ip = Some("198.51.100.1".into());
            history::record(tx, &other)?;
            history::record(tx, &login("bob", START + 2, 3))?;
            let present = Row {
                account: "alice".into(),
                ip: Some("203.0.113.7".parse::<IpAddr>().unwrap()),
                time: START + 3,
                arrival: 4,
                ..Row::default()
            };
            let mut kept = KeptRows::new(Arc::default());
            let mut count = |by: &[ByKey], after| {
                let key = Key::of(by, &present).unwrap();
                kept.load(tx, &key, after)?;
                let slice = kept.rows(&key, after);
                Ok::<_, StoreError>((slice.rows.len(), slice.first_success))
            };
            let account = count(&[ByKey::Account], Some(START))?;
            let further_back = count(&[ByKey::Account], None)?;
            assert_eq!(further_back, (2, Some(START)));
            let pair = count(&[ByKey::Account, ByKey::Ip], None)?;
            let stranger = count(&[ByKey::Ip], None)?;
            Ok((account, pair, stranger))
        })
        .await;
    assert_eq!(account, (1, Some(START)));
    assert_eq!(pair, (1, None));
    assert_eq!(stranger, (2, Some(START)));
}

#[tokio::test]
async fn counts_over_the_system_are_those_of_the_rows() {
    use crate::history::{Tallies, day_of, tallied};
    let world = World::new().await;
    let mut rows: Vec<Login> = (0..40_u64)
        .map(|n| {
            let day = i64::try_from(n % 37).unwrap() * DAY;
            let mut row = login(
                ["alice", "bob", "carol"][n as usize % 3],
                START - day,
                n + 1,
            );
            row.success = n % 4 != 0;
            row.place.asn = (n % 5 != 0).then_some(4134 + u32::try_from(n % 2).unwrap());
            row.browser = Some(["Chrome", "Firefox"][n as usize % 2].into());
            row
        })
        .collect();
    // Only rows with an alert can be answered, and only those are looked up.
    for row in &mut rows {
        row.alert = Some("alr".into());
    }
    let mut expected = Tallies::default();
    for row in &rows {
        expected.add(&Row::from(row));
    }
    let answered = rows.iter().rfind(|row| row.success).unwrap().clone();
    expected.remove(&Row::from(&answered));
    let gone: Vec<&Login> = rows.iter().filter(|row| row.account == "bob").collect();
    for row in &gone {
        if row.seq != answered.seq {
            expected.remove(&Row::from(*row));
        }
    }
    let present = Row {
        time: START,
        arrival: 1_000,
        ..Row::default()
    };
    let written = rows.clone();
    let (kept, wrong) = world
        .run(move |tx| {
            for row in &written {
                history::record(tx, row)?;
            }
            let place = LoginRef {
                time: answered.time,
                seq: answered.seq,
            };
            history::mark_answered_lock(tx, &answered.account, place)?;
            while history::erase(tx, "bob", Millis::MAX)? {}
            let left = history::rows(tx, By::All, "", None)?.rows;
            let mut wrong = Vec::new();
            let everything = rows_of(&written);
            for what in everything.iter().flat_map(tallied) {
                for days in [1, 5, 36, 400] {
                    let days = (day_of(START) - days, day_of(START));
                    let kept = super::super::tally::count(tx, &what, days)?;
                    let rows = crate::history::tally_rows(&left, &present, &what, days);
                    if kept != expected.count(&what, days) || kept != rows {
                        wrong.push((what.clone(), days, kept, expected.count(&what, days), rows));
                    }
                }
            }
            Ok((left.len(), wrong))
        })
        .await;
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(kept, 40 - 13, "bob is erased");
}

fn rows_of(logins: &[Login]) -> Vec<Row> {
    logins.iter().map(Row::from).collect()
}
