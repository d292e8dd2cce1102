//! One whole guard decision with the shipped guard rules: what a reported login costs without its sync, on an
//! account with no, fifty and a thousand logins before it.
//!
//! ```sh
//! cargo bench --bench guard
//! ```
//! The store is in memory, so that what is measured is reading the history, judging, deciding and
//! writing the records; the sync that a disk adds is the same for every decision.

#[path = "support/run.rs"]
mod run;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use menshen::accounts::{self, NewAccount};
use menshen::bot::Bot;
use menshen::bot::api::{LoginReport, Origin};
use menshen::env::{Env, HOUR, ManualClock};
use menshen::keys::Keys;
use menshen::lang::value::Place;
use menshen::store::{self, StoreError, execute};

/// Decisions measured for each length of history.
const DECISIONS: usize = 2_000;
/// Accounts made by one command, which writes so many keys at most.
const ACCOUNTS_A_COMMAND: usize = 20;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    println!(
        "{:<22} {:>10} {:>10} {:>10} {:>10}",
        "logins before", "p50 µs", "p99 µs", "p99.9 µs", "max µs"
    );
    let (lengths, decisions) = match run::is_a_try() {
        true => (&[0, 5][..], 20),
        false => (&[0, 50, 1_000][..], DECISIONS),
    };
    for before in lengths {
        runtime.block_on(measure(*before, decisions));
    }
}

async fn measure(before: usize, decisions: usize) {
    let (env, clock) = Env::scripted(1_790_000_000_000, 7);
    let store = store::memory(env.clone());
    let built = Bot::builder(store.clone(), env, Keys::from_bytes(&[7; 32], None))
        .rules(concat!(env!("CARGO_MANIFEST_DIR"), "/rules"))
        .known_call("security_desk")
        .without_stories()
        .build()
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    // A few accounts share the work, so that the history stays about as long as it is said to be.
    let accounts = decisions.div_ceil((before / 10).max(5));
    for first in (0..accounts).step_by(ACCOUNTS_A_COMMAND) {
        let made = execute(&*store, "prepare", move |tx| {
            for number in first..accounts.min(first + ACCOUNTS_A_COMMAND) {
                let new = NewAccount {
                    id: format!("account-{number}"),
                    ..NewAccount::default()
                };
                accounts::create(tx, new, "bench")?;
            }
            Ok::<_, StoreError>(())
        });
        made.await.expect("prepared");
    }
    let mut number = 0;
    for account in 0..accounts {
        for _ in 0..before {
            number += 1;
            decide(&built.bot, &clock, account, number).await;
        }
    }
    let mut took = Vec::with_capacity(decisions);
    for turn in 0..decisions {
        number += 1;
        let began = Instant::now();
        decide(&built.bot, &clock, turn % accounts, number).await;
        took.push(began.elapsed().as_secs_f64() * 1e6);
    }
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    println!(
        "{before:<22} {:>10.0} {:>10.0} {:>10.0} {:>10.0}",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

async fn decide(bot: &Arc<Bot>, clock: &ManualClock, account: usize, number: usize) {
    clock.advance(HOUR / 6);
    let report = LoginReport {
        id: Some(format!("r{number}")),
        origin: Origin {
            account: format!("account-{account}"),
            ip: Some(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + account as u32))),
            user_agent: Some(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0 Safari/537.36".to_owned(),
            ),
            place: Some(Place {
                country: Some("中国".to_owned()),
                region: Some("北京".to_owned()),
                city: Some("北京".to_owned()),
                lat: Some(39.9),
                lon: Some(116.4),
                ..Place::default()
            }),
            ..Origin::default()
        },
        time: None,
        // Every ninth password is wrong.
        success: !number.is_multiple_of(9),
        reason: None,
        session: None,
        backfill: false,
    };
    bot.report(report, None).await.expect("recorded");
}
