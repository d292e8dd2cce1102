//! `menshen export`: the whole store as lines of JSON, also while the server runs.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::control::{Request, perform};
use super::failure::{Exit, Failure, Outcome};
use super::output;
use super::progress;
use super::setup::{DataArgs, Reach};

/// Write everything in the store as lines of JSON.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The file is one consistent moment, ends with a checksum, and `menshen import` reads it. It holds
personal data, but no secret that opens anything: the master key is not in it, keep that separately.

Examples:
  menshen export --out backup.jsonl
  menshen export | gzip > backup.jsonl.gz
  menshen export --data .menshen-dev | head")]
pub struct Args {
    /// A new file, readable by its owner only [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
}

/// Exports.
pub fn run(args: &Args) -> Outcome {
    let reach = Reach::existing(&args.data.directory()?)?;
    let report = match &args.out {
        None => write(reach, &mut BufWriter::new(std::io::stdout()))?,
        Some(path) => {
            if path.exists() {
                return Err(Failure::usage(format!(
                    "{} exists and is not overwritten",
                    path.display()
                )));
            }
            let part = beside(path);
            let done = create(&part).and_then(|file| {
                let mut out = BufWriter::new(file);
                let report = progress::during("exporting", || write(reach, &mut out))?;
                out.get_ref().sync_all()?;
                // A link, unlike a rename, never replaces what came up meanwhile.
                fs::hard_link(&part, path)?;
                Ok(report)
            });
            let _ = fs::remove_file(&part);
            done?
        }
    };
    let records: u64 = report["records"]
        .as_object()
        .into_iter()
        .flat_map(|kinds| kinds.values())
        .filter_map(Value::as_u64)
        .sum();
    output::remark(&format!(
        "menshen: {records} records as of {}, commit {}",
        report["time"].as_str().unwrap_or_default(),
        report["commit"]
    ));
    Ok(Exit::Clean)
}

fn write(reach: Reach, out: &mut (dyn Write + Send)) -> Result<Value, Failure> {
    let report = match reach {
        Reach::Running(client) => client.call(&Request::Export, out)?,
        Reach::Mine(mine) => {
            let done = mine
                .runtime
                .block_on(perform(Request::Export, &*mine.store, None, out));
            mine.close();
            done.map_err(Failure::failed)?
        }
    };
    out.flush()?;
    Ok(report)
}

fn create(path: &Path) -> Result<File, Failure> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| Failure::failed(format!("cannot create {}: {error}", path.display())))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".part-{}", std::process::id()));
    PathBuf::from(name)
}
