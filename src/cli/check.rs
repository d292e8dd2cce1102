//! `menshen check`: everything that is wrong with rule files, in one run.

use super::failure::{Exit, Outcome};
use super::output::{self, LangArg};
use super::progress;
use super::sources::RulesArgs;
use crate::lang::diagnostics::{self, Severity};

/// Report every mistake in rule files.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code: 0 no errors (warnings may be printed), 1 errors, 2 wrong use.

Examples:
  menshen check                          # the folder `rules`
  menshen check rules/guard.rules
  menshen check --lang en --format json | jq '.[].code'
  menshen check --format sarif > menshen.sarif
  menshen help E0203                     # what a code means")]
pub struct Args {
    #[command(flatten)]
    rules: RulesArgs,
    /// How to print the report
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    #[command(flatten)]
    lang: LangArg,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people: the source with the places marked
    Human,
    /// A JSON array, one object a finding
    Json,
    /// SARIF 2.1.0, for code review tools
    Sarif,
}

/// Checks and reports.
pub fn run(args: &Args) -> Outcome {
    let input = args.rules.read()?;
    let compiled = progress::during("checking", || {
        crate::lang::compile(input.sources.clone(), &input.registry)
    });
    let found = &compiled.diagnostics;
    let language = args.lang.lang.into();
    match args.format {
        Format::Human => {
            output::data(&diagnostics::human(
                found,
                &input.sources,
                language,
                output::colour(),
            ))?;
        }
        Format::Json => output::json(&diagnostics::json(found, &input.sources, language))?,
        Format::Sarif => output::json(&diagnostics::sarif(found, &input.sources, language))?,
    }
    let errors = found
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .count();
    let warnings = found.len() - errors;
    let files = input.sources.files.len();
    output::remark(&match args.lang.lang {
        output::Lang::Zh => format!("检查了 {files} 个文件：{errors} 个错误，{warnings} 个警告"),
        output::Lang::En => {
            format!("{files} file(s) checked: {errors} error(s), {warnings} warning(s)")
        }
    });
    Ok(if errors > 0 { Exit::Found } else { Exit::Clean })
}
