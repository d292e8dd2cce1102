//! `menshen rules changed`: what a reload changed for real people, by replaying the server's own history.
//!
//! The rules are two generations out of the store, never the folder; nothing is changed or acted on.

use std::path::PathBuf;
use std::sync::Arc;

use super::against::{self, Which};
use super::{Args, Format, compile, finish, read};
use crate::backtest::input::Watch;
use crate::backtest::needs::Columns;
use crate::backtest::run::INCIDENT_GAP;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::output::LangArg;
use crate::cli::setup::DataArgs;
use crate::cli::sources;
use crate::env::HOUR;

/// Options of `menshen rules changed`.
#[derive(Debug, clap::Args)]
pub struct ChangedArgs {
    /// Count only the last so many days
    #[arg(long, value_name = "N", default_value_t = 14.0, value_parser = super::more_than_nothing)]
    days: f64,
    /// The generation before the change [default: the last but one]
    #[arg(long, value_name = "GENERATION")]
    from: Option<u64>,
    /// The generation after it [default: the last, which the server runs]
    #[arg(long, value_name = "GENERATION")]
    to: Option<u64>,
    /// Take logins as if each had been reported at once, also a past that was filled in
    #[arg(long)]
    by_time: bool,
    /// Write report.html, report.json and changed.csv into this folder
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Write every changed login as CSV, packed when the name ends in .gz
    #[arg(long, value_name = "FILE")]
    changed_csv: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Threads [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=super::MAX_THREADS))]
    threads: Option<u16>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    lang: LangArg,
}

/// Runs both generations over the last days of the server's history and tells what differs.
pub fn changed(asked: &ChangedArgs) -> Outcome {
    let args = asked.backtest();
    let config = args.configuration();
    super::write::prepare(&args, true)?;
    let watch = Arc::new(Watch::default());
    let _stop = read::stop_on_interrupt(watch.clone(), asked.lang);
    // Which columns the rules need is known only when the rules are read.
    let input = read::read(&args, Columns::all(), &watch)?;
    let which = |number: Option<u64>, otherwise| number.map_or(otherwise, Which::Number);
    let (to, new) = against::generation(&input.facts, which(asked.to, Which::Running), asked.lang)?;
    let (from, old) =
        against::generation(&input.facts, which(asked.from, Which::Previous), asked.lang)?;
    if to == from {
        return Err(Failure::usage(format!(
            "{} {to}",
            asked.lang.pick("两边都是", "both are")
        )));
    }
    let registry = sources::tolerant(&super::both(&new, &old));
    let rules = compile(&to, new, &registry, &args)?;
    let mut request = args.request((to, rules), config.as_ref())?;
    let old = Arc::new(compile(&from, old, &registry, &args)?);
    request.against = Some((from, old));
    finish(&args, &request, &input, &registry, &watch)
}

impl ChangedArgs {
    /// The same as options of `menshen backtest`.
    fn backtest(&self) -> Args {
        Args {
            rules: Vec::new(),
            logins: Vec::new(),
            live: true,
            data: self.data.clone(),
            map: None,
            as_arrived: false,
            by_time: self.by_time,
            max_unusable: 5.0,
            zone: None,
            // What is compared comes out of the store.
            against: None,
            sweep: Vec::new(),
            labels: Vec::new(),
            label: None,
            assume_good: false,
            // What lies before the days that count is history enough.
            warm_up: Some(0.0),
            last: Some(self.days),
            incident_gap: INCIDENT_GAP as f64 / HOUR as f64,
            max_prompts_per_day: None,
            max_prompts_per_10k: None,
            min_recall: None,
            no_lost_true_positives: false,
            explain: None,
            report: self.report.clone(),
            changed_csv: self.changed_csv.clone(),
            decisions: None,
            format: self.format,
            threads: self.threads,
            lang: self.lang,
        }
    }
}
