//! Every login of a backtest with what the rules decide on it, as a line of JSON.
//!
//! For whoever wants to compare login by login, or count something no report counts: signals and
//! explanation stand as the live bot keeps them in its decisions, so that a server's history can be
//! replayed and held against what the server said. Reads the table and the engine, writes text.

use std::io::{self, Write};
use std::sync::atomic::Ordering;

use serde::Serialize;

use super::diff::{Act, Fate};
use super::engine::{Cursors, Engine, Explained, Outcome, Prompt, Seen, Sink, views};
use super::input::Watch;
use super::needs::Need;
use super::table::{CAPTCHA, JUDGED, KNOWN, LATE_FLAG, Table};
use crate::bot::api::{SignalView, Verdict};
use crate::env::rfc3339;

/// Bytes of lines that wait to be written, about.
const HELD: usize = 32 << 20;
/// Logins of the first stretch, before it is known how long lines are; no stretch is shorter.
const FIRST: usize = 1_024;
/// Logins of the longest stretch.
const LONGEST: usize = 1 << 16;

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
    /// What `on login` or `on failure` rules want, and a cap of prompts; of an account that was locked already
    /// a refusal: what the live server records. What `on attempt` rules want stands in `attempt`.
    pub verdict: Verdict,
    /// What becomes of it by all rules together, as the report's diff names it.
    pub outcome: Act,
    /// The weights of the signals that fired, added up.
    pub suspicion: f64,
    /// What became of an alert: none, raised, appended, capped; `no_account` and `refused` where nobody could be
    /// asked, because the name was no account or the account was locked already.
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
#[derive(Debug, Clone, Copy)]
struct Short {
    attempt: Verdict,
    verdict: Verdict,
    act: Act,
    alert: &'static str,
    locked: bool,
}

impl Short {
    fn of(outcome: &Outcome, (solved, exists): (bool, bool), refused_before: bool) -> Self {
        let verdict = match outcome.verdict {
            // As live: the cap of prompts turns into a captcha, never into silence.
            Verdict::Allow if outcome.prompt == Prompt::Capped && !solved => Verdict::Challenge,
            verdict => verdict,
        };
        Self {
            attempt: outcome.attempt,
            verdict,
            act: Fate::of(outcome, solved, refused_before).act(),
            alert: match outcome.prompt {
                Prompt::None if !outcome.flagged => "none",
                Prompt::None if exists => "refused",
                Prompt::None => "no_account",
                Prompt::Raised => "raised",
                Prompt::Appended => "appended",
                Prompt::Capped => "capped",
            },
            locked: outcome.locked,
        }
    }
}

struct Shorts(Vec<(u32, Short)>);

impl Sink for Shorts {
    fn login(&mut self, seen: &Seen<'_>) {
        let has = |flag| seen.table.has(seen.row, flag);
        let (is, before) = ((has(CAPTCHA), has(KNOWN)), seen.refused_before());
        let short = Short::of(&seen.outcomes[0], is, before);
        self.0.push((seen.row, short));
    }
}

/// Writes every login of the table in the order of arrival, a line each, as the engine's first rule
/// set decides on it. How many lines; fewer than logins when the watch says stop.
///
/// Logins are explained a stretch at a time, account by account, so that what was made of an account's
/// past serves all of its logins there; a stretch is as long as its lines fit `HELD`.
///
/// # Errors
/// Those of the writer; a decision JSON cannot say, for a line left out would pass for a login nothing was
/// decided on.
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
    let line = |row: u32, explained: Explained| -> Option<Line> {
        // What the watch stopped before has no line.
        let short = shorts[row as usize]?;
        Some(line_of(&decision(engine, table, row, short, explained)))
    };
    let mut cursors = Cursors::new(table);
    let (mut from, mut rows, mut written) = (0, FIRST, 0);
    while from < table.len() && !watch.stopped() {
        let to = (from + rows).min(table.len());
        let mut lines = engine.decide((from, to), 0, &mut cursors, watch, line);
        if watch.stopped() {
            // Of this stretch some are missing.
            break;
        }
        lines.sort_unstable_by_key(|(row, _)| *row);
        let (all, mut bytes) = (lines.len().max(1), 0);
        for line in lines.into_iter().filter_map(|(_, line)| line) {
            // A stretch may be 32 MB, and whoever reads may be slow.
            if watch.stopped() {
                break;
            }
            bytes += put(line, out)?;
            written += 1;
        }
        rows = (HELD / (bytes / all).max(1)).clamp(FIRST, LONGEST);
        watch.written.store(to as u64, Ordering::Relaxed);
        from = to;
    }
    out.flush()?;
    Ok(written)
}

/// A line that waits to be written, or why there is none.
type Line = serde_json::Result<Vec<u8>>;

fn line_of(decision: &impl Serialize) -> Line {
    serde_json::to_vec(decision).map(|mut line| {
        line.push(b'\n');
        line
    })
}

/// Writes a line; its length.
fn put(line: Line, out: &mut impl Write) -> io::Result<usize> {
    let line = line?;
    out.write_all(&line)?;
    Ok(line.len())
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
        outcome: short.act,
        suspicion: explained.judgement.suspicion,
        alert: short.alert,
        locked: short.locked,
        signals: views(&explained.judgement, engine.zone_of(account)),
        explanation: explained.text,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::backtest::input::{Options, read_stream};
    use crate::backtest::needs::Columns;
    use crate::bot::ruleset;
    use crate::guard::Limits;
    use crate::lang::builtins::Registry;
    use crate::lang::span::Sources;

    /// Whoever reads says stop at the first line.
    struct Reader<'w> {
        watch: &'w Watch,
        bytes: Vec<u8>,
    }

    impl Write for Reader<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.watch.stop.store(true, Ordering::Relaxed);
            self.bytes.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn writing_stops_between_two_lines() {
        let login = |n: u32| {
            format!(
                "{{\"account\":\"a{n}\",\"time\":\"2026-01-05T0{n}:00:00Z\",\"success\":true}}\n"
            )
        };
        let text: String = (0..9).map(login).collect();
        let (mut table, watch) = (Table::new(Columns::all()), Watch::default());
        read_stream("x", text.as_bytes(), &mut table, Options::default(), &watch)
            .expect("it reads");
        let registry = Registry::standard();
        let rules = ruleset::compile(Sources::single("a.rules", ""), &registry).expect("rules");
        let (rules, zone) = (vec![Arc::new(rules.ruleset)], jiff::tz::TimeZone::UTC);
        let engine = Engine::new(&table, &registry, rules, zone, Limits::default());
        let mut out = Reader {
            watch: &watch,
            bytes: Vec::new(),
        };
        assert_eq!(write(&engine, &table, &watch, &mut out).ok(), Some(1));
        // Whole, and no more.
        assert!(out.bytes.ends_with(b"}\n"));
        assert_eq!(out.bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
    }

    #[test]
    fn a_decision_without_a_line_is_an_error() {
        let mut out = Vec::new();
        let written = put(line_of(&[1, 2]), &mut out);
        assert_eq!(written.ok(), Some(6));
        assert_eq!(out, b"[1,2]\n");
        // JSON has no such keys.
        let unsaid = std::collections::BTreeMap::from([(Some(vec![0_u8]), 1)]);
        assert!(put(line_of(&unsaid), &mut out).is_err());
        assert_eq!(out, b"[1,2]\n", "nothing is written of it");
    }
}
