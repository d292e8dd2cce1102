//! One backtest from beginning to end: what is asked, and what comes out.

mod gates;

pub use gates::{Gates, Unjudged};

use std::sync::Arc;
use std::time::Instant;

use jiff::tz::TimeZone;

use super::diff::{self, Changed, Differ};
use super::engine::Engine;
use super::input::{InputReport, Watch};
use super::needs::Columns;
use super::report::{Clock, Gate, InputView, PartView, Report, RulesView, RunView};
use super::sweep::{self, Parameter, Sweep, Variant};
use super::table::Table;
use super::tally::{Frame, Tallies, Tally, figures};
use crate::bot::ruleset::Ruleset;
use crate::env::{DAY, HOUR, Millis};
use crate::guard::Limits;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;
use crate::lang::program::Program;
use gates::{behind_warm_up, check_gates, gates};

/// The longest default warm-up.
const WARM_UP: Millis = 30 * DAY;
/// Of a short input, this part warms up.
const WARM_UP_PART: Millis = 4;
/// Changed logins explained when the run was stopped: whoever stops it does not want to wait.
const STOPPED_SHOWN: usize = 20;
/// Attacks of one account with a longer pause between them are two incidents, unless said otherwise.
pub const INCIDENT_GAP: Millis = 24 * HOUR;

/// What is asked of a backtest, besides the input.
#[derive(Debug)]
pub struct Request {
    /// The rules, and what they are called.
    pub rules: (String, Arc<Ruleset>),
    /// The rules they are compared with.
    pub against: Option<(String, Arc<Ruleset>)>,
    /// Constants to vary.
    pub sweep: Vec<Parameter>,
    /// Rule sets of the sweep; made by [`sweep::variants`].
    pub variants: Vec<Variant>,
    /// The label that says what was an attack; the first of the input when not said.
    pub label: Option<String>,
    /// Logins nothing is known of count as good.
    pub assume_good: bool,
    /// Logins before the first plus this only make history; chosen by the span when not said.
    pub warm_up: Option<Millis>,
    /// Only logins of the last so many milliseconds are counted.
    pub last: Option<Millis>,
    /// See [`INCIDENT_GAP`].
    pub incident_gap: Millis,
    /// What must hold.
    pub gates: Gates,
    /// The zone of accounts without one.
    pub zone: TimeZone,
    /// Limits of the server the rules are for.
    pub limits: Limits,
    /// Threads; the result is the same for any number.
    pub threads: usize,
    /// Changed logins shown one by one.
    pub shown: usize,
    /// The language of what is told.
    pub language: Language,
}

/// Why a backtest cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No such label.
    #[error(
        "the input has no label {name:?}; it has: {known}; a column becomes one by the name label_… or by a mapping file (--map): under [labels] {name} = \"COLUMN\""
    )]
    Label {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A gate that needs what is not there.
    #[error("{}", .0.words().1)]
    Gate(Unjudged),
}

impl RunError {
    /// The same in a language.
    pub fn said(&self, language: Language) -> String {
        match (self, language) {
            (_, Language::En) => self.to_string(),
            (Self::Label { name, known }, Language::Zh) if known == NO_LABEL => {
                format!(
                    "输入里没有标注 {name:?}，也没有别的标注；哪一列是标注，用列名 label_… 或者映射文件（--map）说明：[labels] 下面一行 {name} = \"那一列的名字\""
                )
            }
            (Self::Label { name, known }, Language::Zh) => {
                format!("输入里没有标注 {name:?}；有的是：{known}")
            }
            (Self::Gate(why), Language::Zh) => why.words().0.to_owned(),
        }
    }
}

/// What is known where there is no label.
const NO_LABEL: &str = "none";

/// The columns a request needs.
pub fn columns(request: &Request, registry: &Registry, detailed: bool) -> Columns {
    if detailed {
        return Columns::all();
    }
    let mut columns = Columns::of(&request.rules.1.program, registry);
    let others = request.against.iter().map(|(_, rules)| rules);
    for rules in others.chain(request.variants.iter().map(|variant| &variant.rules)) {
        columns = columns.and(&Columns::of(&rules.program, registry));
    }
    columns
}

/// A finished backtest; the table stays with the caller.
#[derive(Debug)]
pub struct Outcome {
    /// The report.
    pub report: Report,
    /// Every login the change of rules changed, by arrival.
    pub changed: Vec<Changed>,
    /// What the figures are over.
    pub frame: Frame,
}

/// Runs it.
pub fn run(
    request: &Request,
    table: &Table,
    input: &InputReport,
    registry: &Registry,
    watch: &Watch,
) -> Result<Outcome, RunError> {
    let frame = frame(request, table)?;
    check_gates(request, &frame)?;
    behind_warm_up(request, &frame)?;
    let started = Instant::now();
    let (name, rules) = &request.rules;
    let mut all = vec![rules.clone()];
    all.extend(request.against.iter().map(|(_, rules)| rules.clone()));
    let labels = &table.label_names;
    let gap = request.incident_gap;
    let mut engine = Engine::new(
        table,
        registry,
        all,
        request.zone.clone(),
        request.limits.clone(),
    );
    engine.threads = request.threads;
    engine.decisive = true;
    engine.shown_in = Some(request.zone.clone());
    engine.language = request.language;
    let (mut tallies, mut changed) = if request.against.is_some() {
        let sinks = engine.run(|| Differ::new(fresh(&engine, &frame), &frame), watch);
        let mut changed = Vec::new();
        let tallies = sinks.into_iter().map(|sink| {
            changed.extend(sink.changed);
            sink.tallies
        });
        let tallies = Tallies::merged(tallies.collect::<Vec<_>>());
        (tallies, changed)
    } else {
        let sinks = engine.run(|| Tallies(fresh(&engine, &frame)), watch);
        (Tallies::merged(sinks), Vec::new())
    };
    changed.sort_unstable_by_key(|login| login.row);
    // What comes later may be stopped by itself.
    let stopped = watch.stopped();
    if stopped {
        let all = attempts_by_day(table, &frame);
        tallies.iter_mut().for_each(|tally| tally.stopped(&all));
    }
    let shown = match stopped {
        true => request.shown.min(STOPPED_SHOWN),
        false => request.shown,
    };
    let of = |at: usize| figures(&tallies[at], engine.program(at), labels, gap);
    let main = of(0);
    let old = request.against.as_ref().map(|_| of(1));
    let difference = request
        .against
        .as_ref()
        .map(|_| diff::diff(&engine, table, &frame, &tallies, changed.clone(), shown));
    let swept = match request.variants.is_empty() || watch.stopped() {
        true => None,
        false => sweep_over(request, table, registry, (&frame, tallies.get(1)), watch),
    };
    let seconds = started.elapsed().as_secs_f64();
    let lost = difference.as_ref().and_then(|diff| diff.attacks_lost);
    // What was asked for with other constants may be missing alone.
    let other = match request.variants.is_empty() {
        true => None,
        false => Some(swept.as_ref().map_or(0.0, |sweep| sweep.judged)),
    };
    let cut = input.stopped || stopped || other.is_some_and(|judged| judged < 1.0);
    let mut gates = gates(request, &main, swept.as_ref(), lost, cut)?;
    gates.extend(match (&swept, request.gates.max_prompts_per_10k) {
        (Some(sweep), _) => sweep.gate(),
        // Stopped before it was found out.
        (None, Some(most)) if other.is_some() => Some(Gate::new(sweep::GATE, most, None)),
        (None, _) => None,
    });
    if cut {
        gates.iter_mut().for_each(Gate::cut);
    }
    let judged = watch.judged.load(std::sync::atomic::Ordering::Relaxed);
    let others = request.against.iter().map(|(_, rules)| rules);
    let asked = std::iter::once(rules).chain(others);
    let asked: Vec<&Program> = asked.map(|rules| &*rules.program).collect();
    let report = Report {
        schema: super::report::SCHEMA,
        menshen: env!("CARGO_PKG_VERSION").to_owned(),
        input: InputView::new(input, table, &asked, registry, request.language),
        rules: RulesView::new(name, rules),
        against: request
            .against
            .as_ref()
            .map(|(name, rules)| RulesView::new(name, rules)),
        run: RunView {
            threads: request.threads,
            seconds,
            logins_per_second: judged as f64 / seconds.max(1e-9),
            stopped: cut,
            part: cut.then(|| PartView {
                read_to: input
                    .stopped_at
                    .as_ref()
                    .map(|at| at.words(&at.file, request.language)),
                attempts: tallies[0].attempts(),
                of_attempts: attempts_by_day(table, &frame)
                    .into_iter()
                    .map(u64::from)
                    .sum(),
                names: tallies[0].begun,
                of_names: table.accounts.len() as u64,
                days: tallies[0].days(),
                of_days: frame.days().span(),
                sweep: other,
            }),
            judged,
            zone: Clock::new(request.zone.clone()).name(),
        },
        figures: main,
        old_figures: old,
        diff: difference,
        sweep: swept,
        recorded: None,
        gates,
    };
    Ok(Outcome {
        report,
        changed,
        frame,
    })
}

/// The same rules with other constants, and how they compare with `old`; `None` when it was stopped before anything
/// was judged with them.
fn sweep_over(
    request: &Request,
    table: &Table,
    registry: &Registry,
    (frame, old): (&Frame, Option<&Tally>),
    watch: &Watch,
) -> Option<Sweep> {
    let rules = request.variants.iter().map(|variant| variant.rules.clone());
    let mut engine = Engine::new(
        table,
        registry,
        rules.collect(),
        request.zone.clone(),
        request.limits.clone(),
    );
    engine.threads = request.threads;
    let fresh = || {
        let tallies = fresh(&engine, frame).into_iter();
        Tallies(tallies.map(Tally::without_rules).collect())
    };
    let mut tallies = Tallies::merged(engine.run(fresh, watch));
    // The share that was judged, when that is not all.
    let part = if watch.stopped() {
        let judged = tallies.first().map_or(0, Tally::attempts);
        if judged == 0 {
            return None;
        }
        let all = attempts_by_day(table, frame);
        tallies.iter_mut().for_each(|tally| tally.stopped(&all));
        let attempts: u64 = all.into_iter().map(u64::from).sum();
        Some(judged as f64 / attempts.max(1) as f64)
    } else {
        None
    };
    let values = request
        .variants
        .iter()
        .map(|variant| variant.values.clone());
    let never = request.variants.iter().map(|variant| {
        let told = variant.never.iter();
        told.map(|(zh, en)| request.language.pick(zh, en).to_owned())
            .collect()
    });
    let mut swept = sweep::sweep(
        sweep::axes(&request.rules.1, &request.sweep),
        values.zip(never).collect(),
        &tallies,
        old,
        request.gates.max_prompts_per_10k,
    );
    if let Some(judged) = part {
        swept.judged = judged;
        // The rest may be where it decides something.
        swept.idle.clear();
        swept.unseen.clear();
    }
    Some(swept)
}

fn fresh(engine: &Engine<'_>, frame: &Frame) -> Vec<Tally> {
    (0..engine.variants().len())
        .map(|variant| Tally::new(frame, variant, engine.program(variant)))
        .collect()
}

/// How many attempts there are on each day of the frame.
fn attempts_by_day(table: &Table, frame: &Frame) -> Vec<u32> {
    let mut days = vec![0; frame.days().count()];
    for time in table.time.iter().filter(|time| **time >= frame.from) {
        days[frame.day(*time)] += 1;
    }
    days
}

fn frame(request: &Request, table: &Table) -> Result<Frame, RunError> {
    let (first, last) = table.span().unwrap_or_default();
    let warm_up = request
        .warm_up
        .unwrap_or_else(|| WARM_UP.min((last - first) / WARM_UP_PART));
    // A warm-up longer than the input: nothing counts, which is said.
    let nothing = last.saturating_add(1);
    let mut from = first.saturating_add(warm_up).min(nothing);
    if let (Some(days), true) = (request.last, from <= last) {
        // The last login's moment is one of them: so many days, not one more begun.
        from = from
            .max(last.saturating_sub(days).saturating_add(1))
            .min(last);
    }
    let label = match &request.label {
        Some(name) => {
            let at = table.label_names.iter().position(|known| known == name);
            Some(at.ok_or_else(|| RunError::Label {
                name: name.clone(),
                known: match table.label_names.is_empty() {
                    true => NO_LABEL.to_owned(),
                    false => table.label_names.join(", "),
                },
            })?)
        }
        // Labels that say nothing about any login are none.
        None => (0..table.label_names.len()).find(|at| {
            let mut rows = table.labels.iter();
            rows.any(|labels| labels.get(*at as u8).is_some())
        }),
    };
    let label = label.map(|at| at as u8);
    let frame = Frame::new(from, last, label, request.assume_good);
    Ok(frame.in_zone(&request.zone).over(table))
}
