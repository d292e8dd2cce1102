//! Timing for tables whose rows are compared in one run: every case is warmed up and then measured in
//! rounds that alternate between the cases, and the best and the median round count.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Rounds of every case.
const ROUNDS: usize = 15;
/// About how long one round takes.
const ROUND: Duration = Duration::from_millis(20);

/// A case: what it is called and what one turn of it does.
pub struct Case<'a> {
    pub name: String,
    pub turn: Box<dyn FnMut() + 'a>,
}

/// What was measured, in nanoseconds a turn.
pub struct Measured {
    pub name: String,
    pub best: f64,
    pub median: f64,
}

pub fn case<'a, T>(name: impl Into<String>, mut turn: impl FnMut() -> T + 'a) -> Case<'a> {
    Case {
        name: name.into(),
        turn: Box::new(move || {
            black_box(turn());
        }),
    }
}

/// Measures the cases beside each other; `turns` is how many things one call of a case does.
pub fn measure(cases: Vec<Case<'_>>, turns: u32) -> Vec<Measured> {
    let mut cases: Vec<(Case<'_>, u32, Vec<f64>)> = cases
        .into_iter()
        .map(|mut case| {
            let start = Instant::now();
            let mut calls = 0_u32;
            while start.elapsed() < ROUND || calls == 0 {
                (case.turn)();
                calls += 1;
            }
            (case, calls, Vec::new())
        })
        .collect();
    for _ in 0..ROUNDS {
        for (case, calls, times) in &mut cases {
            let start = Instant::now();
            for _ in 0..*calls {
                (case.turn)();
            }
            times.push(start.elapsed().as_nanos() as f64 / f64::from(*calls) / f64::from(turns));
        }
    }
    cases
        .into_iter()
        .map(|(case, _, mut times)| {
            times.sort_by(f64::total_cmp);
            Measured {
                name: case.name,
                best: times[0],
                median: times[times.len() / 2],
            }
        })
        .collect()
}

/// Prints a table with the ratio of each best round to that of `base`.
pub fn print(title: &str, measured: &[Measured], base: usize) {
    println!("\n{title}");
    println!("{:>12} {:>12} {:>8}  case", "best ns", "median ns", "ratio");
    for one in measured {
        let ratio = one.best / measured[base].best;
        println!(
            "{:>12.1} {:>12.1} {ratio:>8.2}  {}",
            one.best, one.median, one.name
        );
    }
}

/// Bytes of this process that lie in memory; `None` where the system does not say.
#[allow(dead_code, reason = "each bench uses its part")]
pub fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}

/// CPU time of this process.
#[allow(dead_code, reason = "each bench uses its part")]
pub fn cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    text.split_whitespace()
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}
