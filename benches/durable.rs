//! Durable commands end to end through the domain rooms, as a share of what the engine alone can do with the
//! same number of keys per command, in one run on one disk:
//!
//! ```sh
//! cargo bench --bench durable
//! ```
//! The floor is one thread that takes whatever waits, applies it as one batch, flushes, and syncs the file:
//! group commit with nothing around it. `bind`, `lock` and `report a login` are the real commands of the rooms
//! under a real store; `1`, `64`, `512` is how many callers wait at a time. Ratios are what counts. The engine
//! alone is measured twice: with short values, and with values as long as those of the command are on average.

#[path = "support/run.rs"]
mod run;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use menshen::accounts::{self, BindRequest, CodePurpose, Issued, NewAccount, Proof};
use menshen::bot::Bot;
use menshen::bot::api::{LoginReport, Origin};
use menshen::env::Env;
use menshen::guard::{LockedBy, locks};
use menshen::keys::Keys;
use menshen::store::{self, Flavour, OnLoss, OpenOptions, SharedStore, StoreError, execute};

/// Callers waiting at a time.
const WAITING: [usize; 3] = [1, 64, 512];
/// How long each figure is taken for.
const TAKES: Duration = Duration::from_secs(2);
/// The same when only a try is wanted.
const TRY_TAKES: Duration = Duration::from_millis(20);
/// Bytes of a short value, about what a binding's record has.
const VALUE: usize = 180;
/// As the store has it.
const SEGMENT_BYTES: usize = 8 << 20;
/// As the store has it.
const BATCH_KEYS: usize = 511;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    println!(
        "{:<16} {:>8} {:>12} {:>10} {:>6} {:>14} {:>6} {:>6} {:>6}",
        "command",
        "waiting",
        "commands/s",
        "floor/s",
        "ratio",
        "as many bytes",
        "ratio",
        "keys",
        "bytes"
    );
    for command in [Command::Bind, Command::Lock, Command::Report] {
        for waiting in WAITING {
            let folder = tempfile::tempdir().expect("a folder");
            let Measured { rate, keys, bytes } =
                runtime.block_on(measure(command, waiting, folder.path()));
            let alone = |value: usize| {
                let folder = tempfile::tempdir().expect("a folder");
                floor(waiting, keys.round() as usize, value, folder.path())
            };
            // The floor's own keys have 16 bytes.
            let (short, full) = (alone(VALUE), alone((bytes / keys) as usize - 16));
            println!(
                "{:<16} {waiting:>8} {rate:>12.0} {short:>10.0} {:>6.2} {full:>14.0} {:>6.2} {keys:>6.1} {bytes:>6.0}",
                command.name(),
                rate / short,
                rate / full
            );
        }
    }
}

#[derive(Clone, Copy)]
enum Command {
    Bind,
    Lock,
    Report,
}

impl Command {
    fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Lock => "lock",
            Self::Report => "report a login",
        }
    }
}

/// What was seen of a command.
struct Measured {
    /// Commands per second.
    rate: f64,
    /// Keys a command.
    keys: f64,
    /// Bytes of keys and values a command.
    bytes: f64,
}

fn takes() -> Duration {
    match run::is_a_try() {
        true => TRY_TAKES,
        false => TAKES,
    }
}

async fn measure(command: Command, waiting: usize, folder: &Path) -> Measured {
    let env = Env::system();
    let options = OpenOptions {
        path: folder.join("data"),
        cache_bytes: 256 << 20,
        flavour: Some(Flavour::Dev),
        on_loss: OnLoss::Refuse,
    };
    let store = store::open(options, env.clone()).expect("opens").store;
    let keys = Arc::new(Keys::from_bytes(&[7; 32], None));
    let built = Bot::builder(store.clone(), env, Keys::from_bytes(&[7; 32], None))
        .rules(concat!(env!("CARGO_MANIFEST_DIR"), "/rules"))
        .known_call("security_desk")
        .without_stories()
        .build()
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let accounts = prepare(&store, &keys, command).await;

    let before = store.status();
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let callers: Vec<_> = (0..waiting)
        .map(|_| {
            let (store, keys, next) = (store.clone(), keys.clone(), next.clone());
            let (bot, accounts) = (built.bot.clone(), accounts.clone());
            tokio::spawn(async move {
                let mut done = 0_u64;
                while began.elapsed() < takes() {
                    let number = next.fetch_add(1, Ordering::Relaxed) as usize;
                    let Some((account, code)) = accounts.get(number % accounts.len()) else {
                        break;
                    };
                    if number >= accounts.len() && !matches!(command, Command::Report) {
                        break;
                    }
                    match command {
                        Command::Bind => bind(&store, &keys, account, code).await,
                        Command::Lock => lock(&store, account).await,
                        Command::Report => report(&bot, account, number).await,
                    }
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for caller in callers {
        done += caller.await.expect("no panic");
    }
    let seconds = began.elapsed().as_secs_f64();
    let after = store.status();
    // Every commit carries one key of its own.
    let keys = (after.keys - before.keys - (after.commits - before.commits)) as f64;
    let bytes = (after.bytes - before.bytes) as f64;
    store.close().await;
    let done = done as f64;
    Measured {
        rate: done / seconds,
        keys: keys / done,
        bytes: bytes / done,
    }
}

/// Accounts to work on, with a code each where one is needed.
async fn prepare(
    store: &SharedStore,
    keys: &Arc<Keys>,
    command: Command,
) -> Arc<Vec<(String, String)>> {
    // More than can be used up in the time.
    let wanted = match command {
        Command::Report => 2_000,
        _ if run::is_a_try() => 200,
        _ => 60_000,
    };
    let mut accounts = Vec::with_capacity(wanted);
    for first in (0..wanted).step_by(20) {
        let keys = keys.clone();
        let made = execute(&**store, "prepare", move |tx| {
            let mut made = Vec::new();
            for number in first..first + 20 {
                let id = format!("account-{number}");
                let new = NewAccount {
                    id: id.clone(),
                    phone: Some(format!("138{number:08}")),
                    ..NewAccount::default()
                };
                accounts::create(tx, new, "bench")?;
                let mut code = String::new();
                if matches!(command, Command::Bind) {
                    let limits = accounts::Limits::default();
                    let issued =
                        accounts::issue(tx, &keys, &limits, &id, CodePurpose::Bind, "bench")?;
                    if let Issued::Issued { code: issued, .. } = issued {
                        code = issued.reveal().to_owned();
                    }
                }
                made.push((id, code));
            }
            Ok::<_, StoreError>(made)
        });
        accounts.extend(made.await.expect("prepared"));
    }
    Arc::new(accounts)
}

async fn bind(store: &SharedStore, keys: &Arc<Keys>, account: &str, code: &str) {
    let phone = format!("138{:08}", number_of(account));
    let (keys, openid, code) = (keys.clone(), format!("o{account}"), code.to_owned());
    let done = execute(&**store, "bind", move |tx| {
        let request = BindRequest {
            official_account: "main",
            openid: &openid,
            phone: &phone,
            proof: Proof::Code(&code),
        };
        accounts::bind(tx, &keys, &accounts::Limits::default(), request).map(drop)
    });
    let done: Result<(), StoreError> = done.await;
    done.expect("bound");
}

async fn lock(store: &SharedStore, account: &str) {
    let account = account.to_owned();
    let done = execute(&**store, "lock", move |tx| {
        locks::lock(tx, &account, LockedBy::Operator("bench".into()), None).map(drop)
    });
    let done: Result<(), StoreError> = done.await;
    done.expect("locked");
}

async fn report(bot: &Arc<Bot>, account: &str, number: usize) {
    let report = LoginReport {
        id: Some(format!("r{number}")),
        origin: Origin {
            account: account.to_owned(),
            ip: Some(std::net::Ipv4Addr::from(0x0a00_0000 + number_of(account) as u32).into()),
            ..Origin::default()
        },
        time: None,
        success: true,
        reason: None,
        session: None,
        backfill: false,
    };
    bot.report(report, None).await.expect("recorded");
}

fn number_of(account: &str) -> u64 {
    let digits = account.rsplit('-').next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

/// The engine alone: commands per second of `keys` keys each, with values of `value` bytes.
fn floor(waiting: usize, keys: usize, value: usize, folder: &Path) -> f64 {
    let path = folder.join("floor");
    let db = sled::Config::new()
        .path(&path)
        .cache_capacity((256 << 20) / 3)
        .segment_size(SEGMENT_BYTES)
        .open()
        .expect("opens");
    let file = File::options()
        .read(true)
        .write(true)
        .open(path.join("db"))
        .expect("the file");
    let (sender, queue) = sync_channel::<(u64, std::sync::mpsc::Sender<()>)>(4_096);
    let writer = std::thread::spawn(move || {
        while let Ok(first) = queue.recv() {
            let mut told = Vec::new();
            let mut batch = sled::Batch::default();
            let mut next = Some(first);
            while let Some((number, tell)) = next {
                for key in 0..keys as u64 {
                    batch.insert(
                        [number.to_be_bytes(), key.to_be_bytes()].concat(),
                        vec![7; value],
                    );
                }
                told.push(tell);
                if (told.len() + 1) * keys > BATCH_KEYS {
                    break;
                }
                next = queue.try_recv().ok();
            }
            db.apply_batch(batch).expect("applied");
            db.flush().expect("flushed");
            file.sync_data().expect("synced");
            for tell in told {
                let _ = tell.send(());
            }
        }
    });
    let began = Instant::now();
    let next = Arc::new(AtomicU64::new(0));
    let callers: Vec<_> = (0..waiting)
        .map(|_| {
            let (sender, next) = (sender.clone(), next.clone());
            // Small stacks: there may be hundreds.
            std::thread::Builder::new()
                .stack_size(64 << 10)
                .spawn(move || {
                    let mut done = 0_u64;
                    while began.elapsed() < takes() {
                        let (tell, told) = std::sync::mpsc::channel();
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        sender.send((number, tell)).expect("queued");
                        told.recv().expect("durable");
                        done += 1;
                    }
                    done
                })
                .expect("a thread")
        })
        .collect();
    let done: u64 = callers
        .into_iter()
        .map(|caller| caller.join().expect("no panic"))
        .sum();
    let seconds = began.elapsed().as_secs_f64();
    drop(sender);
    writer.join().expect("no panic");
    done as f64 / seconds
}
