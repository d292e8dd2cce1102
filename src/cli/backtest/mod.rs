//! `menshen backtest`: a rule file over past logins.

mod against;
mod changed;
mod compile;
mod explain;
mod options;
mod read;
mod write;

pub use changed::{ChangedArgs, changed};

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use jiff::tz::TimeZone;

use super::chinese;
use super::failure::{Exit, Failure, Outcome};
use super::output::{self, LangArg};
use super::setup::DataArgs;
use super::sources;
use against::Which;
use compile::compile;
use read::Input;

use crate::backtest::input::Watch;
use crate::backtest::report;
use crate::backtest::run::{self, Gates, INCIDENT_GAP, Request};
use crate::backtest::sweep::{self, Parameter};
use crate::bot::ruleset;
use crate::config::Config;
use crate::env::{DAY, HOUR, Millis};
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;
use crate::lang::span::Sources;
use std::sync::Arc;

/// The most threads: each has histories of its own at hand.
const MAX_THREADS: i64 = 256;

/// Run rules over past logins: what they would have done, and what a change would
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Input: CSV (columns by header or --map; the public RBA data set is recognised), NDJSON of
POST /v1/logins, an export of the store; UTF-8 or GBK, plain, .gz or .zst; several files are one
stream, `-` is standard input. Rows are taken in the order of their times; a column `arrival` of
whole numbers, one for each row over all files, says in which order they were reported, and what
came more than ten minutes behind a later login is judged, but no rule acts on it, as live.

What has to hold (--max-prompts-per-day, --max-prompts-per-10k, --min-recall,
--no-lost-true-positives) never passes on nothing: when no login lies in the days that count, or no
labelled attack where attacks are meant, it is refused (2), and when the run was stopped before its
end it has failed (1). With --sweep and --max-prompts-per-10k it is about the values that were
chosen, with --sweep alone about the rules as they are.

Files are written beside their names, with .partial behind these, and get them when they are whole;
what Ctrl-C cut short keeps it.

Exit code: 0 done, 1 something that had to hold does not (or not over all of the input), Ctrl-C
ended it with the part done so far, or the command failed, 2 wrong use; 130 at the second Ctrl-C.

Examples:
  menshen simulate-logins --out logins.csv.gz
  menshen backtest rules --logins logins.csv.gz
  menshen backtest rules --logins logins.csv.gz --against HEAD~1 --no-lost-true-positives
  menshen backtest rules --logins logins.csv.gz --sweep budget=40..90/5 --max-prompts-per-10k 20
  menshen backtest rules --live --report report/
  menshen backtest rules --logins logins.csv.gz --explain sim-1042

docs/tuning.md is a walk through it.")]
pub struct Args {
    /// Rule files or folders of them [default: rules]
    #[arg(value_name = "RULES")]
    rules: Vec<PathBuf>,
    /// Past logins
    #[arg(long, value_name = "FILE", num_args = 1..)]
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
    /// Take a store's logins as if each had been reported at once, also a past that was filled in
    #[arg(long)]
    by_time: bool,
    /// Unusable rows allowed, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0, value_parser = percent, allow_negative_numbers = true)]
    max_unusable: f64,
    /// Zone of accounts without one of their own, of times written without an offset, and of the times
    /// shown [default: the configuration's, else Asia/Shanghai]
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Other rules to compare with: a file, a folder, a git revision, or with --live `running` or
    /// `previous`, generations of the server
    #[arg(long, value_name = "RULES")]
    against: Option<String>,
    /// Vary a constant: NAME=FROM..TO/STEP; several make a grid
    #[arg(long, value_name = "NAME=A..B/S")]
    sweep: Vec<String>,
    /// Labels that stand elsewhere: `id`, or `account` and `time`, and `label_…`; of --live the `id` is that of the report, for 30 days, or the decision's
    #[arg(long, value_name = "FILE", num_args = 1..)]
    labels: Vec<PathBuf>,
    /// The label that says which logins were attacks [default: the first, of --labels where given]
    #[arg(long, value_name = "NAME")]
    label: Option<String>,
    /// Logins no label says anything about count as good
    #[arg(long)]
    assume_good: bool,
    /// So many days only make history [default: 30, or a quarter of the input]
    #[arg(long, value_name = "DAYS", value_parser = amount, allow_negative_numbers = true)]
    warm_up: Option<f64>,
    /// Count only the last so many days
    #[arg(long, value_name = "DAYS", value_parser = more_than_nothing, allow_negative_numbers = true)]
    last: Option<f64>,
    /// Attacks of one account further apart are two incidents
    #[arg(long, value_name = "HOURS", default_value_t = INCIDENT_GAP as f64 / HOUR as f64, value_parser = amount, allow_negative_numbers = true)]
    incident_gap: f64,
    /// Fail when prompts a day exceed this
    #[arg(long, value_name = "N", value_parser = amount, allow_negative_numbers = true)]
    max_prompts_per_day: Option<f64>,
    /// Fail when prompts per 10,000 good logins exceed this; with --sweep, choose within it
    #[arg(long, value_name = "N", value_parser = amount, allow_negative_numbers = true)]
    max_prompts_per_10k: Option<f64>,
    /// Fail when a smaller share of attacks with the right password raises an alert, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share, allow_negative_numbers = true)]
    min_recall: Option<f64>,
    /// Fail when rules do less about an attack than before: a lock is more than a refusal, that more than an alert, that more than a captcha; an alert beside a refusal or a lock, and a captcha beside an alert, count too
    #[arg(long)]
    no_lost_true_positives: bool,
    /// Explain one login: its id (of --live that of the report, for 30 days, or the decision's), or #NUMBER by arrival
    #[arg(long, value_name = "LOGIN", conflicts_with = "format")]
    explain: Option<String>,
    /// Write report.html, report.json and, with --against, changed.csv into this folder
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Write every changed login as CSV, packed when the name ends in .gz
    #[arg(long, value_name = "FILE")]
    changed_csv: Option<PathBuf>,
    /// Write every login with what the rules decide on it, a line of JSON each, packed when the name
    /// ends in .gz
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Threads [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MAX_THREADS))]
    threads: Option<u16>,
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

impl Args {
    /// `--logins FILE… RULES`: the option takes all that follows it. Rule files and folders are no logins; behind some,
    /// and with no rules elsewhere, they were to be the rules.
    fn rules_behind_logins(&mut self) {
        let rules =
            |path: &PathBuf| path.is_dir() || path.extension().is_some_and(|end| end == "rules");
        if self.rules.is_empty() && !self.logins.iter().all(rules) {
            (self.rules, self.logins) = self.logins.drain(..).partition(rules);
        }
        if self.rules.is_empty() {
            self.rules.push(PathBuf::from("rules"));
        }
    }
}

/// Runs a backtest.
pub fn run(args: &Args) -> Outcome {
    let mut args = args.clone();
    args.rules_behind_logins();
    run_settled(&args)
}

fn run_settled(args: &Args) -> Outcome {
    options::check(args)?;
    let watch = Arc::new(Watch::default());
    let _stop = read::stop_on_interrupt(watch.clone(), args.lang);
    let config = args.configuration();
    let language: Language = args.lang.lang;
    let sources = against::load(&args.rules, args.lang)?;
    let other = args
        .against
        .as_deref()
        .filter(|name| Which::named(name).is_none())
        .map(|name| against::read(name, &args.rules, args.lang))
        .transpose()?;
    let mut registry = sources::tolerant(&match &other {
        Some(other) => both(&sources, other),
        None => sources.clone(),
    });
    let parameters = args
        .sweep
        .iter()
        .map(|text| Parameter::parse(text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Failure::usage(error.said(language)))?;
    let names: Vec<String> = args
        .rules
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let names = names.join(" ");
    let rules = compile(&names, sources, &registry, args)?;
    let variants = match parameters.is_empty() {
        true => Vec::new(),
        false => {
            sweep::variants(&rules, &registry, &parameters, &watch).map_err(
                |error| match error {
                    sweep::SweepError::Stopped => Failure::failed(error.said(language)),
                    error => Failure::usage(error.said(language)),
                },
            )?
        }
    };
    let against = match other {
        Some(sources) => {
            let name = args.against.clone().unwrap_or_default();
            let rules = Arc::new(compile(&name, sources, &registry, args)?);
            Some((name, rules))
        }
        None => None,
    };
    let mut request = args.request((names, rules), config.as_ref())?;
    request.against = against;
    request.sweep = parameters;
    request.variants = variants;
    let detailed = args.explain.is_some() || args.against.is_some() || args.decisions.is_some();
    let columns = run::columns(&request, &registry, detailed || !args.labels.is_empty());
    // Behind the rules: where they do not compile, no empty file is left.
    write::prepare(args, args.against.is_some())?;
    let input = read::read(args, columns, &watch)?;
    if let (None, Some(joined)) = (&request.label, &input.report.joined) {
        request.label = joined.first.clone();
    }
    if let Some(which) = args.against.as_deref().and_then(Which::named) {
        let (name, sources) = against::generation(&input.facts, which, args.lang)?;
        // What only those rules name exists too.
        registry = sources::tolerant(&both(&request.rules.1.program.sources, &sources));
        let rules = Arc::new(compile(&name, sources, &registry, args)?);
        request.against = Some((name, rules));
    }
    finish(args, &request, &input, &registry, &watch)
}

/// Judges what was read, and tells.
fn finish(
    args: &Args,
    request: &Request,
    input: &Input,
    registry: &Registry,
    watch: &Watch,
) -> Outcome {
    // Stopped while reading: what was read is judged all the same.
    if input.report.stopped {
        watch.stop.store(false, Ordering::Relaxed);
    }
    if let Some(login) = &args.explain {
        let explained = explain::explain(request, input, registry, login)?;
        // What lay behind where reading stopped may have come before it by its time.
        return Ok(match input.report.stopped || watch.stopped() {
            true => Exit::Found,
            false => explained,
        });
    }
    let mut outcome = read::judging(&input.table, request, watch, || {
        run::run(request, &input.table, &input.report, registry, watch)
    })
    .map_err(|error| Failure::usage(error.said(request.language)))?;
    outcome.report.recorded = report::recorded(&input.facts);
    if outcome.report.run.stopped {
        output::remark(args.lang.pick(
            "menshen: 停下了；这是已完成的部分",
            "menshen: stopped; this is the part done so far",
        ));
    }
    write::write(args, request, &input.table, registry, &outcome, watch)?;
    if let Some(path) = &args.decisions {
        let stopped = outcome.report.run.stopped;
        write::decided(args, path, request, &input.table, registry, watch, stopped)?;
    }
    // What was asked for is not all there: whoever goes by the exit code must not take a part for the whole.
    if watch.stopped() || outcome.report.run.stopped {
        return Ok(Exit::Found);
    }
    let passed = outcome.report.gates.iter().all(|gate| gate.passed);
    Ok(if passed { Exit::Clean } else { Exit::Found })
}

impl Args {
    /// What is asked, apart from other rules and constants.
    fn request(
        &self,
        (name, rules): (String, ruleset::Ruleset),
        config: Option<&Config>,
    ) -> Result<Request, Failure> {
        let args = self;
        Ok(Request {
            rules: (name, Arc::new(rules)),
            against: None,
            sweep: Vec::new(),
            variants: Vec::new(),
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
            zone: zone(args, config)?,
            limits: config
                .map(|config| config.guard.limits.clone())
                .unwrap_or_default(),
            threads: args.threads(),
            shown: crate::backtest::diff::MAX_SHOWN,
            language: args.lang.lang,
        })
    }

    /// Threads to use.
    fn threads(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.threads.map_or_else(all, usize::from)
    }

    /// The configuration, when there is one in order.
    fn configuration(&self) -> Option<Config> {
        self.data.configuration().ok()
    }
}

/// The files of two rule sets. What rules may call does not matter to what they think of logins:
/// everything they name exists.
fn both(rules: &Sources, other: &Sources) -> Sources {
    let mut all = rules.clone();
    all.files.extend(other.files.iter().cloned());
    all
}

fn zone(args: &Args, config: Option<&Config>) -> Result<TimeZone, Failure> {
    let name = args
        .zone
        .clone()
        .or_else(|| config.map(|config| config.guard.zone.clone()))
        .unwrap_or_else(|| "Asia/Shanghai".to_owned());
    TimeZone::get(&name).map_err(|_| {
        Failure::usage(match args.lang.lang {
            Language::Zh => format!("{name:?} 不是 Asia/Shanghai 这样的 IANA 时区"),
            Language::En => format!("{name:?} is no IANA time zone such as Asia/Shanghai"),
        })
    })
}

fn days(days: f64) -> Millis {
    (days * DAY as f64) as Millis
}

/// What an option wants, in the language of help: options are read before `--lang` is.
fn wanted(zh: &str, en: &str) -> String {
    chinese::of_process().pick(zh, en).to_owned()
}

/// A number that is not below nothing.
fn amount(text: &str) -> Result<f64, String> {
    let wanted = || wanted("要一个不小于 0 的数", "a number from 0 up is wanted");
    within(text, f64::MAX).ok_or_else(wanted)
}

fn more_than_nothing(text: &str) -> Result<f64, String> {
    let more = amount(text).ok().filter(|number| *number > 0.0);
    more.ok_or_else(|| wanted("要一个大于 0 的数", "a number above 0 is wanted"))
}

fn percent(text: &str) -> Result<f64, String> {
    let wanted = || wanted("要一个 0 到 100 的数", "a number from 0 to 100 is wanted");
    within(text, 100.0).ok_or_else(wanted)
}

fn share(text: &str) -> Result<f64, String> {
    within(text, 1.0).ok_or_else(|| {
        wanted(
            "要一个 0 到 1 的比例，例如 0.8 就是 80 %",
            "a share from 0 to 1 is wanted, such as 0.8 for 80 %",
        )
    })
}

fn within(text: &str, most: f64) -> Option<f64> {
    let number = text.trim().parse::<f64>().ok()?;
    (0.0..=most).contains(&number).then_some(number)
}
