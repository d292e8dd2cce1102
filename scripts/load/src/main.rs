//! Ratios of `menshen serve` to a bare floor handler, taken in one run on one machine; and what a long
//! load and reloads under load do.
//!
//! ```text
//! cargo build --release
//! cargo run --release --manifest-path scripts/load/Cargo.toml -- target/release/menshen ratio
//! cargo run --release --manifest-path scripts/load/Cargo.toml -- target/release/menshen memory 1000000
//! cargo run --release --manifest-path scripts/load/Cargo.toml -- target/release/menshen reload
//! ```
//! Each server runs as a process of its own with one worker. The load signs (and in safe mode seals)
//! every push beforehand, sends them over 64 connections one after another, and reads the CPU time the
//! server used from `/proc`. Every answer is opened and compared with the one that is right. Rounds
//! alternate; the medians of the rounds are printed. What is sent is 帮助, which the shipped rules
//! answer without effects.

mod floor;
mod server;
mod traffic;
mod wire;

use std::error::Error;
use std::path::Path;

use server::Server;
use traffic::{Mode, Round, round};

type Problem = Box<dyn Error + Send + Sync>;

/// Rounds of the comparison.
const ROUNDS: usize = 7;
/// Pushes per connection in a round.
const ROUND: usize = 1_200;
/// Rules added by each reload.
const RULES: usize = 1_000;
/// Reloads per round under reloads.
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
        [menshen] | [menshen, "ratio"] => runtime.block_on(compare(Path::new(menshen))),
        [menshen, "memory", pushes] => {
            runtime.block_on(memory(Path::new(menshen), pushes.parse()?))
        }
        [menshen, "reload"] => runtime.block_on(reload(Path::new(menshen))),
        _ => Err("usage: menshen-load PATH-OF-MENSHEN [ratio | memory PUSHES | reload]".into()),
    }
}

async fn compare(menshen: &Path) -> Result<(), Problem> {
    println!(
        "{:<6} {:<8} {:>10} {:>9} {:>8} {:>8} {:>8} {:>7}",
        "mode", "server", "CPU µs/req", "req/s", "p50 µs", "p99 µs", "p99.9 µs", "RSS MB"
    );
    for mode in [Mode::Plain, Mode::Safe] {
        let bare = Server::floor(mode).await?;
        let bot = Server::menshen(menshen, mode).await?;
        let mut serial = 0;
        for server in [&bare, &bot] {
            round(server, mode, ROUND, &mut serial).await?; // warm
        }
        let (mut floors, mut bots, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let floor = round(&bare, mode, ROUND, &mut serial).await?;
            let bot = round(&bot, mode, ROUND, &mut serial).await?;
            ratios.push(bot.cpu / floor.cpu);
            floors.push(floor);
            bots.push(bot);
        }
        for (name, rounds, server) in [("floor", &floors, &bare), ("menshen", &bots, &bot)] {
            let each = |f: fn(&Round) -> f64| middle(rounds.iter().map(f).collect());
            println!(
                "{:<6} {:<8} {:>10.1} {:>9.0} {:>8.0} {:>8.0} {:>8.0} {:>7.0}",
                mode.name(),
                name,
                each(|round| round.cpu),
                each(|round| round.rate),
                each(|round| round.p50),
                each(|round| round.p99),
                each(|round| round.p999),
                server.resident()?,
            );
        }
        ratios.sort_by(f64::total_cmp);
        println!(
            "{:<6} ratio    {:>10.2}   (lowest {:.2}, highest {:.2} of {ROUNDS} rounds of {} pushes)",
            mode.name(),
            middle(ratios.clone()),
            ratios[0],
            ratios[ratios.len() - 1],
            ROUND * traffic::CONNECTIONS,
        );
    }
    Ok(())
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

async fn reload(menshen: &Path) -> Result<(), Problem> {
    let bot = Server::menshen(menshen, Mode::Plain).await?;
    let mut serial = 0;
    round(&bot, Mode::Plain, ROUND, &mut serial).await?; // warm
    println!(
        "{:<10} {:>8} {:>8} {:>8} {:>9}",
        "", "p50 µs", "p99 µs", "p99.9 µs", "answered"
    );
    let (mut reloads, mut answered) = (0, [0, 0]);
    let mut rounds = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        rounds[0].push(round(&bot, Mode::Plain, ROUND, &mut serial).await?);
        answered[0] += ROUND * traffic::CONNECTIONS;
        let before = bot.generation().await?;
        let reloading = async {
            for _ in 0..RELOADS {
                reloads += 1;
                bot.write_rules(reloads, RULES)?;
                bot.hang_up()?;
                while bot.generation().await? < before + 1 {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
            }
            Ok::<_, Problem>(())
        };
        let (with, reloaded) =
            tokio::join!(round(&bot, Mode::Plain, ROUND, &mut serial), reloading);
        reloaded?;
        rounds[1].push(with?);
        answered[1] += ROUND * traffic::CONNECTIONS;
    }
    for (name, rounds, answered) in [
        ("quiet", &rounds[0], answered[0]),
        ("reloading", &rounds[1], answered[1]),
    ] {
        let each = |f: fn(&Round) -> f64| middle(rounds.iter().map(f).collect());
        println!(
            "{name:<10} {:>8.0} {:>8.0} {:>8.0} {answered:>9}",
            each(|round| round.p50),
            each(|round| round.p99),
            each(|round| round.p999),
        );
    }
    println!(
        "{} generations of {RULES} more rules were loaded meanwhile; every push was answered, and rightly",
        bot.generation().await? - 1
    );
    Ok(())
}

fn middle(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}
