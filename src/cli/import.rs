//! `menshen import`: an export back into an empty store.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use super::control;
use super::failure::{Exit, Failure, Outcome};
use super::output::{self, LangArg};
use super::progress;
use super::setup::{DataArgs, Mine};
use crate::lang::diagnostics::Language;
use crate::store;

/// Read an export into an empty store.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The whole file is checked before anything is written. The server must not run, and the store must be
empty: give a new set-up (`menshen init`) the master key of the old one, then import.

Example:
  menshen init new && cp old/secrets/master new/secrets/master
  menshen import backup.jsonl --config new/menshen.toml")]
pub struct Args {
    /// The file `menshen export` wrote
    file: PathBuf,
    #[command(flatten)]
    lang: LangArg,
    #[command(flatten)]
    data: DataArgs,
}

/// Imports.
pub fn run(args: &Args) -> Outcome {
    let file = File::open(&args.file)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", args.file.display())))?;
    let directory = args.data.directory()?;
    if control::connect(&directory)?.is_some() {
        return Err(Failure::usage(format!(
            "a server runs on {}; an import goes into an empty store, with the server stopped",
            directory.display()
        )));
    }
    let mine = Mine::open(&directory, None)?;
    let done = progress::during(args.lang.pick("正在导入", "importing"), || {
        mine.runtime
            .block_on(store::import(&*mine.store, BufReader::new(file)))
    });
    mine.close();
    let report =
        done.map_err(|error| Failure::failed(format!("{}: {error}", args.file.display())))?;
    let records: u64 = report.records.values().sum();
    output::remark(&match args.lang.lang {
        Language::Zh => format!("menshen: 导入了 {records} 条记录"),
        Language::En => format!("menshen: {records} records imported"),
    });
    Ok(Exit::Clean)
}
