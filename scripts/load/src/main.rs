//! Ratios of `menshen serve` to a bare floor handler, taken in one run on one machine; and what a long
//! load and reloads under load do.
//!
//! ```text
//! cargo build --release
//! cargo run --release --manifest-path scripts/load/Cargo.toml -- target/release/menshen ratio [OTHER-MENSHEN…]
//! cargo run --release --manifest-path scripts/load/Cargo.toml -- target/release/menshen memory 1000000
//! cargo run --release --manifest-path scripts/load/Cargo.toml -- target/release/menshen reload
//! ```
//! Each server runs as a process of its own with one worker. The load signs (and in safe mode seals)
//! every push beforehand, sends them over 64 connections one after another, and reads the CPU time the
//! server used from `/proc`. Every answer is opened and compared with the one that is right. Rounds
//! alternate, and are short for the comparison: what else the machine does falls on all servers alike. What is
//! printed is the CPU time of all rounds together, and for the rest the medians. What is sent is 帮助, which the shipped rules
//! answer without effects.

mod floor;
mod rules;
mod server;
mod traffic;
mod wire;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use rules::Author;
use server::Server;
use traffic::{Mode, Round, paced, quantile, round};

type Problem = Box<dyn Error + Send + Sync>;

/// Rounds of each server in the comparison: a tenth of a second each.
const SHORT_ROUNDS: usize = 70;
/// Pushes per connection in those.
const SHORT_ROUND: usize = 120;
/// The rounds are compared in so many groups as well, to show how far to trust the whole.
const GROUPS: usize = 7;
/// Rounds of the other measurements.
const ROUNDS: usize = 7;
/// Pushes per connection in those.
const ROUND: usize = 1_200;
/// Time between two pushes of a connection at a pace that leaves processors idle: 1,280 pushes a second in all.
const PACE: Duration = Duration::from_millis(50);
/// Pushes per connection in those rounds: three seconds.
const PACED_ROUND: usize = 60;
/// Rules added by each reload.
const RULES: usize = 1_000;
/// Reloads per round when one follows the other.
const RELOADS: usize = 4;

fn main() -> Result<(), Problem> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match arguments[..] {
        ["floor", mode, port] => {
            let key = (mode == "safe").then(wire::key);
            let floor = floor::Floor {
                token: wire::TOKEN.to_owned(),
                key,
            };
            Ok(floor::serve(floor, port.parse()?)?)
        }
        [menshen] => runtime.block_on(compare(&[Path::new(menshen)])),
        [menshen, "ratio", ref others @ ..] => {
            let programs = std::iter::once(menshen).chain(others.iter().copied());
            let programs: Vec<&Path> = programs.map(Path::new).collect();
            runtime.block_on(compare(&programs))
        }
        [menshen, "memory", pushes] => {
            runtime.block_on(memory(Path::new(menshen), pushes.parse()?))
        }
        [menshen, "reload"] => runtime.block_on(reload(Path::new(menshen))),
        _ => Err(
            "usage: menshen-load PATH-OF-MENSHEN [ratio [OTHER-MENSHEN…] | memory PUSHES | reload]"
                .into(),
        ),
    }
}

/// Each of `programs` beside the bare handler.
async fn compare(programs: &[&Path]) -> Result<(), Problem> {
    println!(
        "{:<6} {:<10} {:>10} {:>9} {:>8} {:>8} {:>8} {:>7} {:>6}   of {GROUPS} parts",
        "mode", "server", "CPU µs/req", "req/s", "p50 µs", "p99 µs", "p99.9 µs", "RSS MB", "ratio"
    );
    for mode in [Mode::Plain, Mode::Safe] {
        let mut servers = vec![Server::floor(mode).await?];
        for program in programs {
            servers.push(Server::menshen(program, mode).await?);
        }
        let mut serial = 0;
        for server in &servers {
            round(server, mode, ROUND, &mut serial).await?; // warm
        }
        let mut rounds: Vec<Vec<Round>> = servers.iter().map(|_| Vec::new()).collect();
        for _ in 0..SHORT_ROUNDS {
            for (server, rounds) in servers.iter().zip(&mut rounds) {
                rounds.push(round(server, mode, SHORT_ROUND, &mut serial).await?);
            }
        }
        for (nth, (server, rounds_of)) in servers.iter().zip(&rounds).enumerate() {
            let each = |f: fn(&Round) -> f64| middle(rounds_of.iter().map(f).collect());
            print!(
                "{:<6} {:<10} {:>10.1} {:>9.0} {:>8.0} {:>8.0} {:>8.0} {:>7.0}",
                mode.name(),
                match nth {
                    0 => "floor".to_owned(),
                    1 => "menshen".to_owned(),
                    nth => format!("menshen {nth}"),
                },
                cpu(rounds_of),
                each(|round| round.rate),
                each(|round| round.p50),
                each(|round| round.p99),
                each(|round| round.p999),
                server.resident()?,
            );
            if nth == 0 {
                println!();
                continue;
            }
            let size = SHORT_ROUNDS / GROUPS;
            let parts = rounds_of.chunks(size).zip(rounds[0].chunks(size));
            let mut parts: Vec<f64> = parts.map(|(own, bare)| cpu(own) / cpu(bare)).collect();
            parts.sort_by(f64::total_cmp);
            println!(
                " {:>6.2}   {:.2} to {:.2}",
                cpu(rounds_of) / cpu(&rounds[0]),
                parts[0],
                parts[parts.len() - 1],
            );
        }
    }
    println!(
        "{} pushes to each server in each mode, in {SHORT_ROUNDS} rounds that alternate",
        SHORT_ROUNDS * SHORT_ROUND * traffic::CONNECTIONS
    );
    Ok(())
}

/// CPU time of a push over several rounds of the same length.
fn cpu(rounds: &[Round]) -> f64 {
    rounds.iter().map(|round| round.cpu).sum::<f64>() / rounds.len() as f64
}

async fn memory(menshen: &Path, pushes: usize) -> Result<(), Problem> {
    let bot = Server::menshen(menshen, Mode::Safe).await?;
    let mut serial = 0;
    println!("pushes {:>9}: {:>4.0} MB resident", 0, bot.resident()?);
    let (mut told, mut sent) = (1, 0);
    while sent < pushes {
        round(&bot, Mode::Safe, ROUND, &mut serial).await?;
        sent += ROUND * traffic::CONNECTIONS;
        if sent * 10 >= pushes * told {
            println!("pushes {sent:>9}: {:>4.0} MB resident", bot.resident()?);
            told = sent * 10 / pushes + 1;
        }
    }
    Ok(())
}

/// Latencies while rules are loaded, beside those of rounds in which none are: with a push behind the other on
/// every connection, which takes all of two processors, and at a pace that leaves some, with a file saved in each
/// round or one as soon as the last is live. Until the load has read the answer (medians of rounds), and until it
/// arrived at this machine's network stack (of all pushes together): on two processors the load, which waits for one
/// as everybody does, is a good part of what it measures.
async fn reload(menshen: &Path) -> Result<(), Problem> {
    let bot = Server::menshen(menshen, Mode::Plain).await?;
    let mut serial = 0;
    round(&bot, Mode::Plain, ROUND, &mut serial).await?; // warm
    println!(
        "{:<20} {:<10} {:>9} {:>8} {:>8} {:>12} {:>8} {:>8} {:>9} {:>12} {:>10}",
        "µs until the answer",
        "",
        "read, p50",
        "p99",
        "p99.9",
        "arrived, p50",
        "p99",
        "p99.9",
        "answered",
        "generations",
        "ms each"
    );
    let mut version = 0;
    for (name, each, pace, reloads, times) in [
        ("as fast as it goes", ROUND, Duration::ZERO, RELOADS, ROUNDS),
        ("1,280 a second", PACED_ROUND, PACE, 1, 2 * ROUNDS),
        ("1,280 a second", PACED_ROUND, PACE, RELOADS, ROUNDS),
    ] {
        let (mut rounds, before) = ([Vec::new(), Vec::new()], bot.rules()?.generation()?);
        let mut took = Vec::new();
        for _ in 0..times {
            for (reloads, rounds) in [0, reloads].into_iter().zip(&mut rounds) {
                let texts = (version..version + reloads).map(|version| rules::text(version, RULES));
                version += reloads;
                let author = Author::begin(bot.rules()?, texts.collect());
                rounds.push(paced(&bot, Mode::Plain, each, pace, &mut serial).await?);
                took.extend(author.end()?);
            }
        }
        for (what, rounds) in ["quiet", "reloading"].iter().zip(&rounds) {
            let of = |f: fn(&Round) -> f64| middle(rounds.iter().map(f).collect());
            let mut arrivals: Vec<u64> = rounds
                .iter()
                .flat_map(|round| &round.arrivals)
                .copied()
                .collect();
            print!(
                "{name:<20} {what:<10} {:>9.0} {:>8.0} {:>8.0} {:>12.0} {:>8.0} {:>8.0} {:>9}",
                of(|round| round.p50),
                of(|round| round.p99),
                of(|round| round.p999),
                quantile(&mut arrivals, 0.5),
                quantile(&mut arrivals, 0.99),
                quantile(&mut arrivals, 0.999),
                times * each * traffic::CONNECTIONS,
            );
            match *what {
                "quiet" => println!(),
                _ => println!(
                    " {:>12} {:>10.0}",
                    bot.rules()?.generation()? - before,
                    middle(took.clone()),
                ),
            }
        }
    }
    println!("{RULES} more rules in each generation; every push was answered, and rightly");
    Ok(())
}

fn middle(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}
