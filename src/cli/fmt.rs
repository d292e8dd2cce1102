//! `menshen fmt`: rule files in the house style.
//!
//! A file is replaced in one step and only when its text changes; one with syntax errors, and one
//! whose formatted text would not say the same, stays as it is. What formatted rules look like is
//! decided in [`crate::lang::format`], not here.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::failure::{Exit, Failure, Outcome};
use super::output::{self, LangArg};
use super::sources::DEFAULT_RULES;
use crate::bot::folder::{self, FolderError};
use crate::lang::diagnostics::{self, Language};
use crate::lang::format::{Refused, format};
use crate::lang::span::Sources;
use crate::lang::syntax::MAX_FILE_BYTES;

/// Format rule files.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code: 0 done (with --check: all formatted), 1 with --check a file differs, or a file has
syntax errors and was left alone, 2 wrong use.

Examples:
  menshen fmt                      # every rule file of the folder `rules`, in place
  menshen fmt --check rules        # name the files that differ, change nothing
  menshen fmt - < a.rules          # standard input to standard output")]
pub struct Args {
    /// Rule files or folders of them, or `-` for standard input [default: rules]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Change nothing; print the paths of the files that are not formatted
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    lang: LangArg,
}

/// What became of the files.
#[derive(Debug, Default)]
struct Tally {
    seen: usize,
    differ: usize,
    refused: usize,
}

/// Formats and reports.
pub fn run(args: &Args) -> Outcome {
    if args.paths.iter().any(|path| path.as_os_str() == "-") {
        if args.paths.len() > 1 {
            return Err(Failure::usage("`-` stands alone: it is standard input"));
        }
        return stdin(args);
    }
    let default = [PathBuf::from(DEFAULT_RULES)];
    let paths = if args.paths.is_empty() {
        &default[..]
    } else {
        &args.paths[..]
    };
    let mut tally = Tally::default();
    for path in folder::rule_files(paths).map_err(Failure::usage)? {
        file(&path, args, &mut tally)?;
    }
    let Tally {
        seen,
        differ,
        refused,
    } = tally;
    output::remark(&match (args.lang.lang, args.check) {
        (Language::Zh, true) => {
            format!("检查了 {seen} 个文件：{differ} 个需要格式化，{refused} 个有语法错误")
        }
        (Language::Zh, false) => {
            format!("看了 {seen} 个文件：改写了 {differ} 个，{refused} 个有错误、没有动")
        }
        (Language::En, true) => format!(
            "{seen} file(s) looked at: {differ} not formatted, {refused} with syntax errors"
        ),
        (Language::En, false) => {
            format!("{seen} file(s) looked at: {differ} changed, {refused} left alone for errors")
        }
    });
    Ok(if refused > 0 || (args.check && differ > 0) {
        Exit::Found
    } else {
        Exit::Clean
    })
}

fn stdin(args: &Args) -> Outcome {
    let mut text = String::new();
    // One byte more than a file may have tells a large one from one that is too large.
    let limit = MAX_FILE_BYTES as u64 + 1;
    std::io::stdin()
        .lock()
        .take(limit)
        .read_to_string(&mut text)?;
    match format(&text) {
        Ok(formatted) if args.check => {
            if formatted == text {
                return Ok(Exit::Clean);
            }
            output::line("<stdin>")?;
            Ok(Exit::Found)
        }
        Ok(formatted) => {
            output::data(&formatted)?;
            Ok(Exit::Clean)
        }
        Err(refused) => {
            report("<stdin>", &text, &refused, args);
            Ok(Exit::Found)
        }
    }
}

fn file(path: &Path, args: &Args, tally: &mut Tally) -> Result<(), Failure> {
    tally.seen += 1;
    let bytes = fs::read(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let error = FolderError::not_utf8(path, &error);
        Failure::usage(error.said(args.lang.lang))
    })?;
    match format(&text) {
        Ok(formatted) if formatted == text => {}
        Ok(formatted) => {
            tally.differ += 1;
            if !args.check {
                replace(path, &formatted)?;
            }
            output::line(&path.display().to_string())?;
        }
        Err(refused) => {
            tally.refused += 1;
            report(&path.display().to_string(), &text, &refused, args);
        }
    }
    Ok(())
}

/// Why a text was left alone, on standard error.
fn report(name: &str, text: &str, refused: &Refused, args: &Args) {
    match refused {
        Refused::Syntax(found) => {
            let sources = Sources::single(name, text);
            let report = diagnostics::human(found, &sources, args.lang.lang, false);
            output::remark(report.trim_end());
        }
        Refused::Unsound => output::remark(&match args.lang.lang {
            Language::Zh => format!("menshen: {name} 没有改动：格式化后的意思会变，请报告给作者"),
            Language::En => format!("menshen: {name}: {refused}"),
        }),
    }
}

/// Replaces a file in one step: whoever reads it sees the old text or the new one. A symbolic link
/// stays one, and permissions stay what they are.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::failed(format!("cannot write {}: {error}", path.display()))
    };
    let path = fs::canonicalize(path).map_err(failed)?;
    let permissions = fs::metadata(&path).map_err(failed)?.permissions();
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    // Not *.rules: a server that looks at the folder must not take it for one.
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = (|| {
        let mut file = fs::File::create(&part)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(permissions)?;
        file.sync_all()?;
        fs::rename(&part, &path)
    })();
    written.map_err(|error| {
        let _ = fs::remove_file(&part);
        failed(error)
    })
}
