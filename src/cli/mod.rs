//! The command line: one file per command, on top of the library.
//!
//! Data goes to standard output, everything else to standard error; nothing here decides what rules,
//! accounts or logins mean. Exit codes are 0 (done), 1 (findings, or it failed) and 2 (wrong use).

#[cfg(feature = "backtest")]
mod backtest;
#[cfg(feature = "sandbox")]
mod chat;
mod check;
mod chinese;
mod completions;
mod control;
mod coverage;
#[cfg(feature = "sandbox")]
mod dev;
mod doctor;
mod dumps;
#[cfg(test)]
mod durable;
mod explain;
mod export;
mod failure;
mod fmt;
mod help;
mod house;
mod import;
mod init;
mod keys;
mod logging;
#[cfg(feature = "lsp")]
mod lsp;
mod output;
#[cfg(feature = "backtest")]
mod packed;
mod progress;
mod record;
mod rules;
mod schema;
mod scope;
mod serve;
mod setup;
mod shipped;
mod signals;
#[cfg(feature = "backtest")]
mod simulate_logins;
mod sources;
mod test;
mod unopened;
mod watch;
mod writable;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use failure::Outcome;

/// 门神 Menshen: a WeChat official-account bot whose conversations and login guard are rule files.
#[derive(Debug, Parser)]
#[command(
    name = "menshen",
    version,
    disable_help_subcommand = true,
    after_help = "\
Where to begin:
  menshen dev          # try it here, without an official account: prints the address of a phone
  menshen check        # after editing rules: is anything written wrong?
  menshen test         # do the stories still hold?
  menshen init         # for real: makes configuration and secrets
  menshen doctor       # what is still missing or wrong
  menshen serve        # run the server

Exit codes: 0 done, 1 findings or failure, 2 wrong use.
Environment: NO_COLOR turns colour off; MENSHEN_LANG is the default of --lang (zh or en);
MENSHEN_SECTION__KEY overrides a key of the configuration."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "sandbox")]
    Dev(dev::Args),
    Serve(serve::Args),
    Check(check::Args),
    Fmt(fmt::Args),
    Test(test::Args),
    Record(record::Args),
    Explain(explain::Args),
    #[cfg(feature = "sandbox")]
    Chat(chat::Args),
    #[cfg(feature = "backtest")]
    Backtest(Box<backtest::Args>),
    #[cfg(feature = "backtest")]
    SimulateLogins(simulate_logins::Args),
    Schema(schema::Args),
    Doctor(doctor::Args),
    #[cfg(feature = "lsp")]
    Lsp(lsp::Args),
    Help(help::Args),
    Init(init::Args),
    Rules(rules::Args),
    Keys(keys::Args),
    Export(export::Args),
    Import(import::Args),
    Completions(completions::Args),
}

/// Runs the command the process was started with.
pub fn main() -> ExitCode {
    let definition = chinese::spoken(Cli::command(), chinese::of_process());
    let given = match definition.try_get_matches() {
        Ok(given) => given,
        Err(error) => return chinese::refuse(&error),
    };
    if let Err(error) = signals::outlive_file_size_limit() {
        return failure::finish(Err(failure::Failure::from(error)));
    }
    match Cli::from_arg_matches(&given) {
        Ok(cli) => failure::finish(run(cli)),
        Err(error) => error.exit(),
    }
}

fn run(cli: Cli) -> Outcome {
    match cli.command {
        #[cfg(feature = "sandbox")]
        Command::Dev(args) => dev::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Explain(args) => explain::run(&args),
        #[cfg(feature = "sandbox")]
        Command::Chat(args) => chat::run(&args),
        #[cfg(feature = "backtest")]
        Command::Backtest(args) => backtest::run(&args),
        #[cfg(feature = "backtest")]
        Command::SimulateLogins(args) => simulate_logins::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        #[cfg(feature = "lsp")]
        Command::Lsp(args) => lsp::run(&args),
        Command::Help(args) => help::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Keys(args) => keys::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
