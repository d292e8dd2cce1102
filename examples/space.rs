//! How much room accounts take, and how long a store with many of them takes to open.
//!
//! Fills a store with accounts and bindings, overwrites every binding ten times, and prints the size
//! and the time to open after each step. Takes minutes and some gigabytes; not part of the tests.
//!
//! ```sh
//! cargo run --release --example space -- 1000000 /var/tmp/space
//! cargo run --release --example space -- 1000000 /var/tmp/space 0    # overwrites none
//! ```
//! What it leaves is a store like any other: with it as `[store] path`, `menshen serve` starts over a million
//! accounts.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use menshen::accounts::{self, Created, NewAccount};
use menshen::env::Env;
use menshen::store::records::{AccountBinding, AccountStatus, Binding, BindingState};
use menshen::store::{self, Flavour, OnLoss, OpenOptions, SharedStore, StoreError};

/// Accounts or bindings in one command.
const AT_ONCE: u64 = 40;
/// Commands under way at the same time.
const UNDER_WAY: usize = 64;
/// How often each binding is overwritten, unless said otherwise.
const ROUNDS: u64 = 10;
/// As `menshen serve` has it.
const CACHE_BYTES: u64 = 256 << 20;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let number = |text: Option<String>, default: u64| match text.map(|text| text.parse()) {
        None => default,
        Some(Ok(number)) => number,
        Some(Err(_)) => {
            eprintln!("usage: space [ACCOUNTS] [DIRECTORY] [OVERWRITES]");
            std::process::exit(2);
        }
    };
    let accounts = number(arguments.next(), 100_000);
    let path = arguments
        .next()
        .map_or_else(|| std::env::temp_dir().join("menshen-space"), PathBuf::from);
    let rounds = number(arguments.next(), ROUNDS);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(run(accounts, &path, rounds));
}

async fn run(accounts: u64, path: &Path, rounds: u64) {
    let store = open(path, "a new store");
    let began = Instant::now();
    each(&store, accounts, create).await;
    report(&store, accounts, "accounts created", began.elapsed());
    let began = Instant::now();
    each(&store, accounts, |tx, number| bind(tx, number, 0)).await;
    report(&store, accounts, "bindings made", began.elapsed());
    for round in 1..=rounds {
        let began = Instant::now();
        each(&store, accounts, move |tx, number| bind(tx, number, round)).await;
        let what = format!("bindings overwritten, round {round}");
        report(&store, accounts, &what, began.elapsed());
    }
    store.close().await;
    drop(store);
    // The first start after much was written rebuilds the engine's snapshot; the next ones read it.
    for what in ["after a stop", "again", "and again"] {
        let store = open(path, what);
        store.close().await;
    }
    // As a killed server leaves it: nothing was closed.
    let store = open(path, "before the kill");
    each(&store, accounts.min(100_000), |tx, number| {
        bind(tx, number, 99)
    })
    .await;
    let left = path.with_extension("killed");
    copy(path, &left);
    store.close().await;
    drop(store);
    open(&left, "after a kill").close().await;
    let _ = std::fs::remove_dir_all(&left);
}

fn open(path: &Path, what: &str) -> SharedStore {
    let began = Instant::now();
    let opened = store::open(
        OpenOptions {
            path: path.to_owned(),
            cache_bytes: CACHE_BYTES,
            flavour: Some(Flavour::Production),
            on_loss: OnLoss::Refuse,
        },
        Env::system(),
    );
    let store = opened.expect("it opens").store;
    println!(
        "open ({what}): {:.0} ms, {} MiB resident",
        began.elapsed().as_secs_f64() * 1e3,
        resident()
    );
    store
}

/// Runs `work` for every number, many commands at a time.
async fn each<F>(store: &SharedStore, numbers: u64, work: F)
where
    F: Fn(&mut store::Tx<'_>, u64) -> Result<(), StoreError> + Copy + Send + Sync + 'static,
{
    let mut running = tokio::task::JoinSet::new();
    let mut first = 0;
    while first < numbers || !running.is_empty() {
        while first < numbers && running.len() < UNDER_WAY {
            let (store, end) = (store.clone(), (first + AT_ONCE).min(numbers));
            running.spawn(async move {
                store::execute(&*store, "space", move |tx| {
                    (first..end).try_for_each(|number| work(tx, number))
                })
                .await
            });
            first += AT_ONCE;
        }
        if let Some(done) = running.join_next().await {
            done.expect("no panic").expect("it is committed");
        }
    }
}

fn create(tx: &mut store::Tx<'_>, number: u64) -> Result<(), StoreError> {
    let new = NewAccount {
        id: format!("account-{number:07}"),
        name: format!("同事 {number}"),
        phone: Some(format!("+86138{number:08}")),
        password: None,
        zone: None,
        status: AccountStatus::Active,
    };
    match accounts::create(tx, new, "operator")? {
        Created::Created(_) => Ok(()),
        other => panic!("account {number}: {other:?}"),
    }
}

fn bind(tx: &mut store::Tx<'_>, number: u64, round: u64) -> Result<(), StoreError> {
    let (account, openid) = (
        format!("account-{number:07}"),
        // 28 characters, as OpenIDs have, in no order.
        format!(
            "o{:027x}",
            u128::from(number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        ),
    );
    let bound_at = tx.now() + i64::try_from(round).unwrap_or(0);
    tx.put(&Binding {
        official_account: "main".to_owned(),
        openid: openid.clone(),
        account: account.clone(),
        bound_at,
    })?;
    tx.put(&AccountBinding {
        account,
        official_account: "main".to_owned(),
        openid,
        bound_at,
        state: BindingState::Active,
    })
}

fn report(store: &SharedStore, accounts: u64, what: &str, took: Duration) {
    let size = store.status().size.unwrap_or(0);
    println!(
        "{what}: {:.0} s, {:.0} a second; {} MiB on disk, {} bytes an account, {} MiB resident",
        took.as_secs_f64(),
        accounts as f64 / took.as_secs_f64(),
        size >> 20,
        size / accounts.max(1),
        resident()
    );
}

/// Resident memory in MiB; 0 where the system does not say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kib| kib >> 10)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
        }
    }
}
