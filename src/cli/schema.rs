//! `menshen schema`: everything a rule may name, from the registry the checker itself uses.

use super::failure::{Exit, Outcome};
use super::output::{self, LangArg};
use crate::lang::{highlight, schema};

/// Print events, fields, functions, extractors, units, actions and outcomes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  menshen schema | less
  menshen schema --lang en --format json | jq '.functions[].name'")]
pub struct Args {
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    lang: LangArg,
}

/// How it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// A TextMate grammar, for highlighting in VS Code and others
    Textmate,
    /// A syntax file, for highlighting in Vim and Neovim
    Vim,
}

/// Prints it.
pub fn run(args: &Args) -> Outcome {
    let registry = crate::lang::builtins::Registry::standard();
    match args.format {
        Format::Text => output::data(&schema::text(&registry, args.lang.lang))?,
        Format::Json => output::json(&schema::json(&registry))?,
        Format::Textmate => output::json(&highlight::textmate(&registry))?,
        Format::Vim => output::data(&highlight::vim(&registry))?,
    }
    Ok(Exit::Clean)
}
