//! `menshen doctor`: what is wrong with this set-up, each finding with its cure.
//!
//! Looks and never changes anything. A running server is asked over its socket; without one the store
//! is opened for a moment.

mod findings;
mod look;
mod network;
mod permissions;
mod rules;
mod storage;

use std::path::PathBuf;

use findings::{Finding, Level};

use super::failure::{Exit, Outcome};
use super::output::{self, Paint};
use super::progress;
use super::sources::DEFAULT_CONFIG;

/// Find what is wrong with a set-up, and say how to cure it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code: 0 nothing that keeps it from working, 1 errors, 2 wrong use.

Examples:
  menshen doctor
  menshen doctor --config /etc/menshen/menshen.toml --offline
  menshen doctor --format json | jq '.[] | select(.level == \"error\")'")]
pub struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// Do not ask the platform's API for its clock
    #[arg(long)]
    offline: bool,
    /// How to print the findings
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Human,
    /// A JSON array
    Json,
}

/// Looks and reports.
pub fn run(args: &Args) -> Outcome {
    let found = progress::during("looking", || look::everything(&args.config, args.offline));
    match args.format {
        Format::Json => output::json(&found)?,
        Format::Human => output::data(&human(&found, output::colour()))?,
    }
    let errors = found
        .iter()
        .filter(|finding| finding.level == Level::Error)
        .count();
    output::remark(&format!(
        "menshen: {errors} error(s), {} other finding(s)",
        found.len() - errors
    ));
    Ok(if errors > 0 { Exit::Found } else { Exit::Clean })
}

fn human(found: &[Finding], colour: bool) -> String {
    let mut out = String::new();
    for finding in found {
        let (word, paint) = match finding.level {
            Level::Error => ("error", Paint::Red),
            Level::Warning => ("warning", Paint::Yellow),
            Level::Note => ("note", Paint::Dim),
        };
        out.push_str(&format!(
            "{}: {}\n",
            output::paint(word, paint, colour),
            finding.what
        ));
        for (index, line) in finding.cure.lines().enumerate() {
            let lead = if index == 0 { "  cure: " } else { "        " };
            out.push_str(&format!("{lead}{line}\n"));
        }
    }
    out
}

#[cfg(test)]
mod tests;
