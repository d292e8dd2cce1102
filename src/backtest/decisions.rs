//! Every login of a backtest with what the rules decide on it, as a line of JSON.
//!
//! For whoever wants to compare login by login, or count something no report counts: signals and
//! explanation stand as the live bot keeps them in its decisions, so that a server's history can be
//! replayed and held against what the server said. Reads the table and the engine, writes text.

use std::io::{self, Write};

use serde::Serialize;

use super::engine::{Engine, Explained, Outcome, Prompt, Seen, Sink, views};
use super::input::Watch;
use super::needs::Need;
use super::table::{CAPTCHA, JUDGED, LATE_FLAG, Table};
use crate::bot::api::{SignalView, Verdict};
use crate::env::rfc3339;

/// Logins a thread explains before they are written.
const BATCH: usize = 512;

/// One login and what the rules decide on it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision<'a> {
    /// Its number by arrival, from 1.
    pub number: u32,
    /// The source's own name for it; of a store the decision's identifier.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub id: &'a str,
    /// When it happened, RFC 3339.
    pub time: String,
    /// The account, or what was typed.
    pub account: &'a str,
    /// The password was right: the signals were asked.
    pub success: bool,
    /// It arrived more than ten minutes late: judged, no rule acted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// What `on attempt` rules want.
    pub attempt: Verdict,
    /// What `on login` or `on failure` rules want, and a cap of prompts.
    pub verdict: Verdict,
    /// The weights of the signals that fired, added up.
    pub suspicion: f64,
    /// What became of an alert: none, raised, appended, capped.
    pub alert: &'static str,
    /// A rule locked the account.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// Every signal as a decision's record holds it.
    pub signals: Vec<SignalView>,
    /// The text the live bot keeps.
    pub explanation: String,
}

/// What one run says of a login, in few bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Short {
    attempt: Verdict,
    verdict: Verdict,
    prompt: Prompt,
    locked: bool,
}

impl Short {
    fn of(outcome: &Outcome, solved: bool) -> Self {
        let verdict = match outcome.verdict {
            // As live: the cap of prompts turns into a captcha, never into silence.
            Verdict::Allow if outcome.prompt == Prompt::Capped && !solved => Verdict::Challenge,
            verdict => verdict,
        };
        Self {
            attempt: outcome.attempt,
            verdict,
            prompt: outcome.prompt,
            locked: outcome.locked,
        }
    }
}

struct Shorts(Vec<(u32, Short)>);

impl Sink for Shorts {
    fn login(&mut self, seen: &Seen<'_>) {
        let solved = seen.table.has(seen.row, CAPTCHA);
        self.0
            .push((seen.row, Short::of(&seen.outcomes[0], solved)));
    }
}

/// Writes every login of the table in the order of arrival, a line each, as the engine's first rule
/// set decides on it. How many lines; fewer than logins when the watch says stop.
///
/// # Errors
/// Those of the writer.
pub fn write(
    engine: &Engine<'_>,
    table: &Table,
    watch: &Watch,
    out: &mut impl Write,
) -> io::Result<u64> {
    let mut shorts = vec![None; table.len()];
    for sink in engine.run(|| Shorts(Vec::new()), watch) {
        for (row, short) in sink.0 {
            shorts[row as usize] = Some(short);
        }
    }
    let rows: Vec<u32> = (0..table.len() as u32)
        .filter(|row| shorts[*row as usize].is_some())
        .collect();
    let mut written = 0;
    for some in rows.chunks(BATCH * engine.threads.max(1)) {
        if watch.stopped() {
            break;
        }
        for explained in explain(engine, some) {
            for (row, explained) in explained {
                let short = shorts[row as usize].unwrap_or_default();
                let decision = decision(engine, table, row, short, explained);
                serde_json::to_writer(&mut *out, &decision)?;
                out.write_all(b"\n")?;
                written += 1;
            }
        }
    }
    out.flush()?;
    Ok(written)
}

/// Explains rows on the engine's threads; in their order.
fn explain(engine: &Engine<'_>, rows: &[u32]) -> Vec<Vec<(u32, Explained)>> {
    let one = |rows: &[u32]| -> Vec<(u32, Explained)> {
        let explained = engine.decide(rows, 0);
        rows.iter().copied().zip(explained).collect()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = rows
            .chunks(BATCH)
            .map(|rows| scope.spawn(move || one(rows)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

fn decision<'t>(
    engine: &Engine<'_>,
    table: &'t Table,
    row: u32,
    short: Short,
    explained: Explained,
) -> Decision<'t> {
    let account = table.account[row as usize];
    Decision {
        number: row + 1,
        id: table.text(Need::Id, row),
        time: rfc3339(table.time[row as usize]),
        account: table.accounts.text(account),
        success: table.has(row, JUDGED),
        late: table.has(row, LATE_FLAG),
        attempt: short.attempt,
        verdict: short.verdict,
        suspicion: explained.judgement.suspicion,
        alert: match short.prompt {
            Prompt::None => "none",
            Prompt::Raised => "raised",
            Prompt::Appended => "appended",
            Prompt::Capped => "capped",
        },
        locked: short.locked,
        signals: views(&explained.judgement, engine.zone_of(account)),
        explanation: explained.text,
    }
}
