//! `menshen backtest`: a rule file over past logins.

mod against;
mod explain;
mod read;
mod write;

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use jiff::tz::TimeZone;

use super::failure::{Exit, Failure, Outcome};
use super::output::{self, LangArg};
use super::setup::DataArgs;
use super::sources;
use crate::backtest::input::Watch;
use crate::backtest::run::{self, Gates, INCIDENT_GAP, Request};
use crate::backtest::sweep::{self, Parameter};
use crate::bot::folder;
use crate::bot::ruleset;
use crate::config::Config;
use crate::env::{DAY, HOUR, Millis};
use crate::lang::builtins::Registry;
use crate::lang::span::Sources;
use std::sync::Arc;

/// Run rules over past logins: what they would have done, and what a change would
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Input: CSV (columns by header or --map; the public RBA data set is recognised), NDJSON of POST /v1/logins,
an export of the store; plain, .gz or .zst; several files are one stream, `-` is standard input.

Exit code: 0 done, 1 a gate failed (or the command did), 2 wrong use.

Examples:
  menshen simulate-logins --out logins.csv.gz
  menshen backtest rules --logins logins.csv.gz
  menshen backtest rules --logins logins.csv.gz --against HEAD~1 --max-prompts-per-day 5 --no-lost-true-positives
  menshen backtest rules --logins logins.csv.gz --sweep budget=40..90/5 --max-prompts-per-10k 20
  menshen backtest rules --live --report report/
  menshen backtest rules --logins logins.csv.gz --explain sim-1042

docs/tuning.md is a walk through it.")]
pub struct Args {
    /// Rule files or folders of them
    #[arg(value_name = "RULES", default_value = "rules")]
    rules: Vec<PathBuf>,
    /// Past logins
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "live", required_unless_present = "live")]
    logins: Vec<PathBuf>,
    /// The server's own history, also while it runs; nothing is changed
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    data: DataArgs,
    /// Which column is what (TOML)
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// The rows stand in the order of their arrival, whatever their times
    #[arg(long)]
    as_arrived: bool,
    /// Unusable rows allowed, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    max_unusable: f64,
    /// Zone of accounts without one of their own [default: the configuration's, else Asia/Shanghai]
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Other rules to compare with: a file, a folder, a git revision, or `running` with --live
    #[arg(long, value_name = "RULES")]
    against: Option<String>,
    /// Vary a constant: NAME=FROM..TO/STEP; several make a grid
    #[arg(long, value_name = "NAME=A..B/S")]
    sweep: Vec<String>,
    /// The label that says which logins were attacks [default: the first]
    #[arg(long, value_name = "NAME")]
    label: Option<String>,
    /// Logins no label says anything about count as good
    #[arg(long)]
    assume_good: bool,
    /// So many days only make history [default: 30, or a quarter of the input]
    #[arg(long, value_name = "DAYS")]
    warm_up: Option<f64>,
    /// Count only the last so many days
    #[arg(long, value_name = "DAYS")]
    last: Option<f64>,
    /// Attacks of one account further apart are two incidents
    #[arg(long, value_name = "HOURS", default_value_t = INCIDENT_GAP as f64 / HOUR as f64)]
    incident_gap: f64,
    /// Fail when prompts a day exceed this
    #[arg(long, value_name = "N")]
    max_prompts_per_day: Option<f64>,
    /// Fail when prompts per 10,000 good logins exceed this; with --sweep, choose within it
    #[arg(long, value_name = "N")]
    max_prompts_per_10k: Option<f64>,
    /// Fail when a smaller share of attacks is flagged, 0 to 1
    #[arg(long, value_name = "SHARE")]
    min_recall: Option<f64>,
    /// Fail when an attack that was flagged is not any more
    #[arg(long)]
    no_lost_true_positives: bool,
    /// Explain one login: its id, or #NUMBER by arrival
    #[arg(long, value_name = "LOGIN", conflicts_with_all = ["sweep", "against"])]
    explain: Option<String>,
    /// Write report.html, report.json and changed.csv into this folder
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Write every changed login as CSV
    #[arg(long, value_name = "FILE", requires = "against")]
    changed_csv: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Threads [default: all]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    #[command(flatten)]
    lang: LangArg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A summary
    Text,
    /// The whole report
    Json,
}

/// Runs a backtest.
pub fn run(args: &Args) -> Outcome {
    let config = args.configuration();
    let sources = folder::load(&args.rules).map_err(Failure::usage)?;
    let other = args
        .against
        .as_deref()
        .filter(|name| *name != against::RUNNING)
        .map(|name| against::read(name, &args.rules))
        .transpose()?;
    let registry = registry(config.as_ref(), &sources, other.as_ref());
    let parameters = args
        .sweep
        .iter()
        .map(|text| Parameter::parse(text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Failure::usage)?;
    let rules = compile(sources, &registry, args)?;
    let variants = match parameters.is_empty() {
        true => Vec::new(),
        false => sweep::variants(&rules, &registry, &parameters).map_err(Failure::usage)?,
    };
    let against = match other {
        Some(sources) => {
            let name = args.against.clone().unwrap_or_default();
            Some((name, Arc::new(compile(sources, &registry, args)?)))
        }
        None => None,
    };
    let names: Vec<String> = args
        .rules
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let mut request = Request {
        rules: (names.join(" "), Arc::new(rules)),
        against,
        sweep: parameters,
        variants,
        label: args.label.clone(),
        assume_good: args.assume_good,
        warm_up: args.warm_up.map(days),
        last: args.last.map(days),
        incident_gap: (args.incident_gap * HOUR as f64) as Millis,
        gates: Gates {
            max_prompts_per_day: args.max_prompts_per_day,
            max_prompts_per_10k: args.max_prompts_per_10k,
            min_recall: args.min_recall,
            no_lost_true_positives: args.no_lost_true_positives,
        },
        zone: zone(args, config.as_ref())?,
        limits: config
            .as_ref()
            .map(|config| config.guard.limits.clone())
            .unwrap_or_default(),
        threads: args.threads.unwrap_or_else(threads).max(1),
        shown: crate::backtest::diff::MAX_SHOWN,
    };
    let watch = Arc::new(Watch::default());
    let _stop = read::stop_on_interrupt(watch.clone());
    let detailed = args.explain.is_some() || request.against.is_some() || args.against.is_some();
    let columns = run::columns(&request, &registry, detailed);
    let (table, report, facts) = read::read(args, columns, config.as_ref(), &watch)?;
    // Stopped while reading: what was read is judged all the same.
    if report.stopped {
        watch.stop.store(false, Ordering::Relaxed);
    }
    if args.against.as_deref() == Some(against::RUNNING) {
        let (name, sources) = against::running(&facts)?;
        request.against = Some((name, Arc::new(compile(sources, &registry, args)?)));
    }
    if let Some(login) = &args.explain {
        return explain::explain(&request, &table, &registry, login);
    }
    let outcome = read::judging(&table, &request, &watch, || {
        run::run(&request, &table, &report, &registry, &watch)
    })
    .map_err(Failure::usage)?;
    if report.stopped || watch.stop.load(Ordering::Relaxed) {
        output::remark("menshen: stopped; this is the part done so far");
    }
    write::write(args, &request, &table, &registry, &outcome)?;
    let passed = outcome.report.gates.iter().all(|gate| gate.passed);
    Ok(if passed { Exit::Clean } else { Exit::Found })
}

impl Args {
    /// The configuration, when there is one in order.
    fn configuration(&self) -> Option<Config> {
        let path = &self.data.config;
        path.exists().then(|| Config::load(path).ok()).flatten()
    }
}

fn registry(config: Option<&Config>, sources: &Sources, other: Option<&Sources>) -> Registry {
    // What rules may call does not matter to what they think of logins: everything they name exists.
    let mut all = sources.clone();
    if let Some(other) = other {
        all.files.extend(other.files.iter().cloned());
    }
    let _ = config;
    sources::tolerant(&all)
}

fn compile(
    sources: Sources,
    registry: &Registry,
    args: &Args,
) -> Result<ruleset::Ruleset, Failure> {
    let loaded = ruleset::compile(sources, registry)
        .map_err(|error| Failure::failed(error.report(args.lang.lang.into())))?;
    Ok(loaded.ruleset)
}

fn zone(args: &Args, config: Option<&Config>) -> Result<TimeZone, Failure> {
    let name = args
        .zone
        .clone()
        .or_else(|| config.map(|config| config.guard.zone.clone()))
        .unwrap_or_else(|| "Asia/Shanghai".to_owned());
    TimeZone::get(&name).map_err(|_| {
        Failure::usage(format!(
            "{name:?} is no IANA time zone such as Asia/Shanghai"
        ))
    })
}

fn days(days: f64) -> Millis {
    (days * DAY as f64) as Millis
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
