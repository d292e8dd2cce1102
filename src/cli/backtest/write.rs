//! Where the report goes: the screen, a folder, a CSV of changed logins.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Args, Format, read};
use crate::backtest::decisions;
use crate::backtest::diff;
use crate::backtest::engine::Engine;
use crate::backtest::input::Watch;
use crate::backtest::report::{self, Clock};
use crate::backtest::run::{Outcome, Request};
use crate::backtest::table::Table;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::packed::{self, Packed};
use crate::cli::progress::Bar;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;

/// Logins explained at a time; between them it is looked whether to stop.
const BATCH: usize = 8;

/// Tries before hours of input are read whether what was asked for can be written. No file is left, for
/// what follows may fail.
pub(super) fn prepare(args: &Args, compares: bool) -> Result<(), Failure> {
    let mut files: Vec<PathBuf> = Vec::new();
    if let Some(folder) = &args.report {
        if !folder.exists() && (folder.as_os_str() == "-" || packed::is_file_name(folder)) {
            let folder = folder.display();
            return Err(Failure::usage(match args.lang.lang {
                Language::Zh => format!(
                    "--report 要一个文件夹，report.html、report.json 写在里面；{folder} 不像文件夹的名字（只要 JSON 就用 --format json）"
                ),
                Language::En => format!(
                    "--report wants a folder, for report.html and report.json; {folder} is no name of one (for JSON alone: --format json)"
                ),
            }));
        }
        fs::create_dir_all(folder).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => Failure::usage(format!(
                "--report {}{}",
                folder.display(),
                args.lang.pick(
                    "：这里有文件，--report 要一个文件夹",
                    ": a file is there; --report wants a folder"
                )
            )),
            _ => Failure::io(folder.display(), &error, args.lang.lang),
        })?;
        let named = ["report.html", "report.json"].map(|name| folder.join(name));
        files.extend(named);
        files.extend(compares.then(|| folder.join("changed.csv")));
    }
    files.extend(args.changed_csv.iter().chain(&args.decisions).cloned());
    for (at, path) in files.iter().enumerate() {
        if path.as_os_str() == "-" {
            return Err(Failure::usage(args.lang.pick(
                "这里的 - 不是标准输出；要写到标准输出，请用 /dev/stdout",
                "- is not standard output here; name /dev/stdout for that",
            )));
        }
        if packed::is_foreign(path) {
            let path = path.display();
            return Err(Failure::usage(match args.lang.lang {
                Language::Zh => {
                    format!("{path}：只会压缩成 .gz；别的请写到 /dev/stdout 再交给压缩程序")
                }
                Language::En => format!(
                    "{path}: only .gz is packed here; for others write to /dev/stdout and pipe it on"
                ),
            }));
        }
        let inputs = args.logins.iter().chain(&args.map);
        let all = inputs.chain(files.iter().take(at));
        let partial = packed::partial(path);
        let overwrites = |other: &&PathBuf| {
            same(path, other) || partial.as_ref().is_some_and(|at| same(at, other))
        };
        if let Some(other) = all.into_iter().find(overwrites) {
            let (path, other) = (path.display(), other.display());
            return Err(Failure::usage(match args.lang.lang {
                Language::Zh => format!("{path} 就是 {other}：写进去会把它覆盖掉；请换一个名字"),
                Language::En => {
                    format!("{path} is {other}, which would be overwritten: name another file")
                }
            }));
        }
        for tried in [path].into_iter().chain(&partial) {
            try_to_write(tried, args)?;
        }
    }
    Ok(())
}

/// Whether two paths lead to one file of the disk. Devices may be written to twice.
fn same(one: &Path, other: &Path) -> bool {
    let file = |path: &Path| path.canonicalize().ok().filter(|path| path.is_file());
    one == other || file(one).is_some_and(|one| file(other) == Some(one))
}

fn try_to_write(path: &Path, args: &Args) -> Result<(), Failure> {
    let new = !path.exists();
    let tried = File::options().append(true).create(true).open(path);
    tried.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::usage(match args.lang.lang {
            Language::Zh => format!("{}：没有这个文件夹", path.display()),
            Language::En => format!("{}: there is no such folder", path.display()),
        }),
        _ => Failure::io(path.display(), &error, args.lang.lang),
    })?;
    if new {
        // A trial: when it stays behind, it will be written over.
        let _ = fs::remove_file(path);
    }
    Ok(())
}

pub(super) fn write(
    args: &Args,
    request: &Request,
    table: &Table,
    registry: &Registry,
    outcome: &Outcome,
    watch: &Watch,
) -> Result<(), Failure> {
    let report = &outcome.report;
    match args.format {
        Format::Text => output::data(&report::text(report, request.language))?,
        Format::Json => output::json(report)?,
    }
    if let Some(folder) = &args.report {
        let json = folder.join("report.json");
        let text = serde_json::to_string_pretty(report)?;
        let at =
            |path: &Path, error: io::Error| Failure::io(path.display(), &error, args.lang.lang);
        packed::write(&json, &text).map_err(|error| at(&json, error))?;
        let page = folder.join("report.html");
        packed::write(&page, &report::html(report, request.language))
            .map_err(|error| at(&page, error))?;
        for path in [page, json] {
            output::remark(&format!("menshen: {}", path.display()));
        }
        if request.against.is_some() {
            let csv = folder.join("changed.csv");
            changed(args, &csv, request, table, registry, outcome, watch)?;
        }
    }
    if let Some(path) = &args.changed_csv {
        changed(args, path, request, table, registry, outcome, watch)?;
    }
    Ok(())
}

/// Every login with what the rules decide on it.
pub(super) fn decided(
    args: &Args,
    path: &Path,
    request: &Request,
    table: &Table,
    registry: &Registry,
    watch: &Watch,
    stopped: bool,
) -> Result<(), Failure> {
    let rules = vec![request.rules.1.clone()];
    let (zone, limits) = (request.zone.clone(), request.limits.clone());
    let mut engine = Engine::new(table, registry, rules, zone, limits);
    engine.threads = request.threads;
    let at = |error: io::Error| Failure::io(path.display(), &error, args.lang.lang);
    let mut out = Packed::create(path).map_err(at)?;
    let word = args.lang.pick("写出判断", "writing decisions");
    let bar = Bar::new(word, table.len() as u64);
    let lines = read::with_bar(&bar, &watch.written, || {
        decisions::write(&engine, table, watch, &mut out)
    });
    let lines = lines.map_err(at)?;
    if stopped || watch.stopped() {
        return cut_short(out, args, path, lines, table.len() as u64);
    }
    out.finish().map_err(at)?;
    let path = path.display();
    output::remark(&match args.lang.lang {
        Language::Zh => format!("menshen: {path}：{lines} 次登录"),
        Language::En => format!("menshen: {path}: {lines} {}", logins(lines)),
    });
    Ok(())
}

fn logins(n: u64) -> &'static str {
    match n {
        1 => "login",
        _ => "logins",
    }
}

/// Leaves what a stop cut short under a name that says so.
fn cut_short(out: Packed, args: &Args, path: &Path, written: u64, all: u64) -> Result<(), Failure> {
    let at = out
        .stop()
        .map_err(|error| Failure::io(path.display(), &error, args.lang.lang))?;
    let at = at.as_deref().unwrap_or(path).display();
    output::remark(&match (args.lang.lang, written < all) {
        (Language::Zh, true) => {
            format!("menshen: 停下了；{at} 里只有 {all} 次中的 {written} 次")
        }
        (Language::Zh, false) => format!("menshen: 停下了；{at} 里只有停下之前读到、判断过的"),
        (Language::En, true) => format!("menshen: stopped; {at} has only {written} of {all}"),
        (Language::En, false) => {
            format!("menshen: stopped; {at} has only what was read and judged before that")
        }
    });
    Ok(())
}

/// Every changed login with the condition that flipped; when judging was stopped, as many as the report shows, in a
/// file whose name says that it is not whole.
fn changed(
    args: &Args,
    path: &Path,
    request: &Request,
    table: &Table,
    registry: &Registry,
    outcome: &Outcome,
    watch: &Watch,
) -> Result<(), Failure> {
    let at = |error| Failure::io(path.display(), &error, args.lang.lang);
    let mut out = Packed::create(path).map_err(at)?;
    let written = changed_to(&mut out, request, table, registry, outcome, watch).map_err(at)?;
    if outcome.report.run.stopped || watch.stopped() {
        let all = outcome.changed.len() as u64;
        return cut_short(out, args, path, written as u64, all);
    }
    out.finish().map_err(at)?;
    output::remark(&format!("menshen: {}", path.display()));
    Ok(())
}

fn changed_to(
    out: &mut impl Write,
    request: &Request,
    table: &Table,
    registry: &Registry,
    outcome: &Outcome,
    watch: &Watch,
) -> io::Result<usize> {
    writeln!(
        out,
        "number,id,time,account,old,new,was_flagged,is_flagged,old_suspicion,new_suspicion,attack,flipped,old_words,new_words"
    )?;
    let mut rules = vec![request.rules.1.clone()];
    rules.extend(request.against.iter().map(|(_, rules)| rules.clone()));
    let mut engine = Engine::new(
        table,
        registry,
        rules,
        request.zone.clone(),
        request.limits.clone(),
    );
    engine.shown_in = Some(request.zone.clone());
    engine.language = request.language;
    let clock = Clock::new(request.zone.clone());
    let language = request.language;
    let said = |(zh, en): (&'static str, &'static str)| language.pick(zh, en);
    let shown = outcome
        .report
        .diff
        .as_ref()
        .map_or(0, |diff| diff.logins.len());
    // Stopped while judging; reading that was stopped was gone on from.
    let stopped = watch.stopped();
    let most = match stopped {
        true => shown.min(outcome.changed.len()),
        false => outcome.changed.len(),
    };
    let mut written = 0;
    for batch in outcome.changed[..most].chunks(BATCH) {
        if watch.stopped() && !stopped {
            break;
        }
        written += batch.len();
        for login in diff::logins(&engine, table, &outcome.frame, batch) {
            let flips: Vec<String> = login
                .flipped
                .iter()
                .map(|flip| flip.said(language))
                .collect();
            let attack = login
                .attack
                .map_or("", |attack| if attack { "true" } else { "false" });
            writeln!(
                out,
                "{},{},{},{},{},{},{},{},{},{},{attack},{},{},{}",
                login.number,
                quoted(login.id.as_deref().unwrap_or_default()),
                clock.rfc3339(table.time[login.number as usize - 1]),
                quoted(&login.account),
                login.old.name(),
                login.new.name(),
                login.was_flagged,
                login.is_flagged,
                login.old_suspicion,
                login.new_suspicion,
                quoted(&flips.join(language.pick("；", "; "))),
                quoted(said(login.old.words())),
                quoted(said(login.new.words())),
            )?;
        }
    }
    Ok(written)
}

/// What begins a formula: full-width signs too in Chinese and Japanese spreadsheets, and a tab or a line break is
/// skipped before it.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'];

/// A CSV field. What a spreadsheet would take for a formula is defused.
fn quoted(text: &str) -> String {
    let text = match text.starts_with(FORMULA) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_no_formulas() {
        assert_eq!(quoted("alice"), "alice");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        for sign in FORMULA {
            assert!(
                quoted(&format!("{sign}1+1"))
                    .trim_start_matches('"')
                    .starts_with('\'')
            );
        }
    }
}
