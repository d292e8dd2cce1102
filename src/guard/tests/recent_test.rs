//! Past logins kept in memory are those of the store, whatever happened since they were read.

use proptest::prelude::*;

use super::*;
use crate::guard::history::{self, By};
use crate::guard::recent::Recent;
use crate::history::Row;

/// What may happen between two questions.
#[derive(Debug, Clone)]
enum Step {
    /// A login of one of the accounts, from one of the addresses, so many minutes ago.
    Login {
        account: u8,
        ip: u8,
        ago: i64,
        success: bool,
        /// Kept for a short while only.
        short: bool,
        /// The command is undone and done again otherwise.
        undone: bool,
    },
    /// The owner answers 锁定 to the last login of an account.
    Answered(u8),
    Erased(u8),
    /// Hours pass, and what has expired is swept.
    Later(i64),
    Asked {
        by: By,
        value: u8,
        within: Option<i64>,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let by = prop::sample::select(vec![By::Account, By::Ip, By::City, By::All]);
    prop_oneof![
        4 => (0..3_u8, 0..3_u8, 0..300_i64, any::<bool>(), prop::bool::weighted(0.2), prop::bool::weighted(0.1))
            .prop_map(|(account, ip, ago, success, short, undone)| Step::Login {
                account, ip, ago, success, short, undone,
            }),
        1 => (0..3_u8).prop_map(Step::Answered),
        1 => (0..3_u8).prop_map(Step::Erased),
        1 => (0..30_i64).prop_map(Step::Later),
        6 => (by, 0..3_u8, prop::option::of(1..400_i64))
            .prop_map(|(by, value, within)| Step::Asked { by, value, within }),
    ]
}

fn account(n: u8) -> String {
    format!("account-{n}")
}

fn value(by: By, n: u8) -> String {
    match by {
        By::Account => account(n),
        By::Ip => format!("203.0.113.{n}"),
        By::City => "北京".to_owned(),
        _ => String::new(),
    }
}

/// A login at `time`, numbered as it arrives.
fn arriving(tx: &mut Tx<'_>, step: &Step) -> Result<Login, StoreError> {
    let Step::Login {
        account: of,
        ip,
        ago,
        success,
        short,
        ..
    } = step
    else {
        return Err(StoreError::Aborted);
    };
    let time = tx.now() - ago * 60_000;
    Ok(Login {
        account: account(*of),
        time,
        seq: history::arrive(tx)?,
        known: true,
        success: *success,
        ip: Some(value(By::Ip, *ip)),
        place: Place {
            city: Some("北京".into()),
            ..Place::default()
        },
        kept_until: time + if *short { DAY / 4 } else { 400 * DAY },
        ..Login::default()
    })
}

type Told = (Vec<Row>, Option<Millis>, bool);

async fn told(
    world: &World,
    recent: &Arc<Recent>,
    by: By,
    of: u8,
    within: Option<i64>,
) -> [Told; 2] {
    let recent = recent.clone();
    world
        .run(move |tx| {
            let after = within.map(|minutes| tx.now() - minutes * 60_000);
            let value = value(by, of);
            let kept = recent.rows(tx, by, &value, after)?;
            let read = history::rows(tx, by, &value, after)?;
            Ok([
                (
                    kept.rows[kept.start..].to_vec(),
                    kept.first_success,
                    kept.truncated,
                ),
                (read.rows, read.first_success, read.truncated),
            ])
        })
        .await
}

async fn done(world: &World, recent: &Arc<Recent>, step: Step) {
    match &step {
        Step::Login { undone, .. } => {
            let (recent, undone) = (recent.clone(), *undone);
            let again = step.clone();
            world
                .run(move |tx| {
                    let here = tx.savepoint();
                    let login = arriving(tx, &again)?;
                    let changes = history::record(tx, &login)?;
                    recent.add(tx, &login, changes)?;
                    if undone {
                        tx.rollback_to(here);
                        let mut other = arriving(tx, &again)?;
                        other.reason = Some("otherwise".into());
                        history::record(tx, &other)?;
                    }
                    Ok(())
                })
                .await;
        }
        Step::Answered(of) => {
            let of = account(*of);
            world
                .run(move |tx| {
                    let Some(last) = history::latest(tx, &of, 1)?.pop() else {
                        return Ok(());
                    };
                    let at = LoginRef {
                        time: last.time,
                        seq: last.seq,
                    };
                    history::name_alert(tx, &of, at, "alr_1")?;
                    history::mark_answered_lock(tx, &of, at)
                })
                .await;
        }
        Step::Erased(of) => {
            let of = account(*of);
            world
                .run(move |tx| {
                    let before = tx.now();
                    history::erase(tx, &of, before)
                })
                .await;
        }
        Step::Later(hours) => {
            world.clock.advance(hours * 3_600_000);
            let mut sweeper = crate::store::Sweeper::new();
            for kind in [Kind::Login, Kind::LoginBy, Kind::LoginCount] {
                while !sweeper
                    .step(&*world.store, kind, 256)
                    .await
                    .unwrap()
                    .finished
                {}
            }
        }
        Step::Asked { .. } => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_is_kept_is_what_the_store_says(
        steps in prop::collection::vec(step(), 1..60),
        room in prop::sample::select(vec![6_usize, 1_000]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let recent = Arc::new(Recent::with_room(room));
            for (at, step) in steps.iter().enumerate() {
                if let Step::Asked { by, value, within } = step {
                    let [kept, read] = told(&world, &recent, *by, *value, *within).await;
                    prop_assert_eq!(kept, read, "step {}", at);
                } else {
                    done(&world, &recent, step.clone()).await;
                }
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn rows_asked_for_last_are_kept_within_the_bound() {
    let world = World::new().await;
    let recent = Arc::new(Recent::with_room(8));
    for n in 0..24_u8 {
        let step = Step::Login {
            account: n % 12,
            ip: 0,
            ago: 0,
            success: true,
            short: false,
            undone: false,
        };
        done(&world, &recent, step).await;
    }
    for n in 0..12 {
        let [kept, _] = told(&world, &recent, By::Account, n, None).await;
        assert_eq!(kept.0.len(), 2);
        assert!(recent.len() <= 8, "{} rows", recent.len());
    }
    assert!(!recent.is_empty());
    // Asked for again and again, they are not read again: what is under the store's feet does not matter.
    let before = told(&world, &recent, By::Account, 11, None).await;
    world
        .run(|tx| {
            for login in history::latest(tx, "account-11", 9)? {
                tx.delete::<Login>(&("account-11".to_owned(), login.time, login.seq))?;
            }
            Ok(())
        })
        .await;
    let [kept, read] = told(&world, &recent, By::Account, 11, None).await;
    assert_eq!(
        (kept.0.len(), read.0.len()),
        (2, 0),
        "they came from memory"
    );
    assert_eq!(kept, before[0]);
}
