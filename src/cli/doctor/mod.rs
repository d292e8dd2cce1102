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

use super::chinese;
use super::failure::{Exit, Outcome};
use super::output::{self, Paint};
use super::progress;
use super::sources::DEFAULT_CONFIG;
use crate::lang::diagnostics::Language;

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
    /// Language of the report
    #[arg(long, value_enum, value_name = "LANG")]
    lang: Option<Language>,
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
    let language = args.lang.unwrap_or_else(chinese::of_process);
    let found = progress::during("looking", || look::everything(&args.config, args.offline));
    match args.format {
        Format::Json => {
            let found: Vec<_> = found.iter().map(|one| one.json(language)).collect();
            output::json(&found)?;
        }
        Format::Human => output::data(&human(&found, language, output::colour()))?,
    }
    let errors = found
        .iter()
        .filter(|finding| finding.level == Level::Error)
        .count();
    let others = found.len() - errors;
    output::remark(&match language {
        Language::Zh => format!("{errors} 个错误，{others} 个其他发现"),
        Language::En => format!("menshen: {errors} error(s), {others} other finding(s)"),
    });
    Ok(if errors > 0 { Exit::Found } else { Exit::Clean })
}

fn human(found: &[Finding], language: Language, colour: bool) -> String {
    let mut out = String::new();
    for finding in found {
        let (words, paint) = match finding.level {
            Level::Error => (("错误", "error"), Paint::Red),
            Level::Warning => (("警告", "warning"), Paint::Yellow),
            Level::Note => (("提示", "note"), Paint::Dim),
        };
        let (word, cure) = match language {
            Language::Zh => (words.0, "  解决: "),
            Language::En => (words.1, "  cure: "),
        };
        out.push_str(&format!(
            "{}: {}\n",
            output::paint(word, paint, colour),
            finding.what.get(language)
        ));
        for (index, line) in finding.cure.get(language).lines().enumerate() {
            let lead = if index == 0 { cure } else { "        " };
            out.push_str(&format!("{lead}{line}\n"));
        }
    }
    out
}

#[cfg(test)]
mod tests;
