//! Where the report goes: the screen, a folder, a CSV of changed logins.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;

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
use crate::cli::progress::Bar;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;

/// Logins explained at a time.
const BATCH: usize = 500;

/// Tries before hours of input are read whether what was asked for can be written.
pub(super) fn prepare(args: &Args) -> Result<(), Failure> {
    let at = |path: &Path, error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Failure::usage(format!(
            "{}: {}",
            path.display(),
            args.lang.pick("没有这个文件夹", "there is no such folder")
        )),
        _ => at(path, error),
    };
    if let Some(folder) = &args.report {
        fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
    }
    for path in args.changed_csv.iter().chain(&args.decisions) {
        if path.as_os_str() == "-" {
            return Err(Failure::usage(args.lang.pick(
                "这里的 - 不是标准输出；要写到标准输出，请用 /dev/stdout",
                "- is not standard output here; name /dev/stdout for that",
            )));
        }
        let tried = File::options().append(true).create(true).open(path);
        tried.map_err(|error| at(path, error))?;
    }
    Ok(())
}

fn at(path: &Path, error: std::io::Error) -> Failure {
    Failure::failed(format!("{}: {error}", path.display()))
}

pub(super) fn write(
    args: &Args,
    request: &Request,
    table: &Table,
    registry: &Registry,
    outcome: &Outcome,
) -> Result<(), Failure> {
    let report = &outcome.report;
    match args.format {
        Format::Text => output::data(&report::text(report, request.language))?,
        Format::Json => output::json(report)?,
    }
    if let Some(folder) = &args.report {
        let json = folder.join("report.json");
        let text = serde_json::to_string_pretty(report)?;
        fs::write(&json, text).map_err(|error| at(&json, error))?;
        let page = folder.join("report.html");
        fs::write(&page, report::html(report, request.language))
            .map_err(|error| at(&page, error))?;
        let mut written = vec![page, json];
        if request.against.is_some() {
            let csv = folder.join("changed.csv");
            changed(&csv, request, table, registry, outcome)?;
            written.push(csv);
        }
        for path in written {
            output::remark(&format!("menshen: {}", path.display()));
        }
    }
    if let Some(path) = &args.changed_csv {
        changed(path, request, table, registry, outcome)?;
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
) -> Result<(), Failure> {
    let rules = vec![request.rules.1.clone()];
    let (zone, limits) = (request.zone.clone(), request.limits.clone());
    let mut engine = Engine::new(table, registry, rules, zone, limits);
    engine.threads = request.threads;
    let file = File::create(path).map_err(|error| at(path, error))?;
    let mut out = BufWriter::new(file);
    let word = args.lang.pick("写出判断", "writing decisions");
    let bar = Bar::new(word, table.len() as u64);
    let lines = read::with_bar(&bar, &watch.written, || {
        decisions::write(&engine, table, watch, &mut out)
    });
    let (lines, path) = (lines?, path.display());
    output::remark(&match args.lang.lang {
        Language::Zh => format!("menshen: {path}：{lines} 次登录"),
        Language::En => format!("menshen: {path}: {lines} logins"),
    });
    Ok(())
}

/// Every changed login with the condition that flipped.
fn changed(
    path: &Path,
    request: &Request,
    table: &Table,
    registry: &Registry,
    outcome: &Outcome,
) -> Result<(), Failure> {
    let file = File::create(path).map_err(|error| at(path, error))?;
    let mut out = BufWriter::new(file);
    writeln!(
        out,
        "number,id,time,account,old,new,was_flagged,is_flagged,old_suspicion,new_suspicion,attack,flipped"
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
    for batch in outcome.changed.chunks(BATCH) {
        for login in diff::logins(&engine, table, &outcome.frame, batch) {
            let flips: Vec<String> = login
                .flipped
                .iter()
                .map(|flip| format!("{}: {} → {} ({})", flip.name, flip.old, flip.new, flip.why))
                .collect();
            let attack = login
                .attack
                .map_or("", |attack| if attack { "true" } else { "false" });
            writeln!(
                out,
                "{},{},{},{},{},{},{},{},{},{},{attack},{}",
                login.number,
                quoted(login.id.as_deref().unwrap_or_default()),
                clock.rfc3339(table.time[login.number as usize - 1]),
                quoted(&login.account),
                quoted(login.old.words().1),
                quoted(login.new.words().1),
                login.was_flagged,
                login.is_flagged,
                login.old_suspicion,
                login.new_suspicion,
                quoted(&flips.join("; ")),
            )?;
        }
    }
    out.flush()?;
    Ok(())
}

/// A CSV field. What a spreadsheet would take for a formula is defused.
fn quoted(text: &str) -> String {
    let text = match text.starts_with(['=', '+', '-', '@']) {
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
        assert_eq!(quoted("=1+1"), "'=1+1");
    }
}
