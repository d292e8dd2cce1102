//! The engine against SQL: every history function over logins with ties, late rows, repeated ids,
//! missing values and times on the edges of windows. Needs `python3` (standard library only).
#![cfg(feature = "backtest")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use menshen::backtest::engine::{Engine, Seen, Sink};
use menshen::backtest::input::{self, Options, Reason, Watch};
use menshen::backtest::needs::Columns;
use menshen::backtest::table::Table;
use menshen::backtest::tally::{Frame, Tallies, Tally, figures};
use menshen::bot::ruleset::{self, Ruleset};
use menshen::lang::builtins::{FunctionKind, Registry};
use menshen::lang::diagnostics::Language;
use menshen::lang::eval::SignalState;
use menshen::lang::program::HistoryFunction;
use menshen::lang::span::Sources;
use serde_json::{Value, json};

fn script(arguments: &[&str]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backtest_sql.py");
    Command::new("python3")
        .arg(script)
        .args(arguments)
        .output()
        .expect("this test needs python3 on the PATH")
}

/// A row, and the state of every signal at it.
type Judged = (u32, Vec<SignalState>);

/// Writes down every state of every signal.
struct States(Arc<Mutex<Vec<Judged>>>);

impl Sink for States {
    fn login(&mut self, seen: &Seen<'_>) {
        if seen.judged() {
            let mut all = self.0.lock().expect("no panic");
            all.push((seen.row, seen.outcomes[0].states.clone()));
        }
    }
}

/// The rules of a file under `tests`, compiled.
fn compiled(file: &str, registry: &Registry) -> Ruleset {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(file);
    let text = std::fs::read_to_string(path).expect("the rules");
    let compiled = ruleset::compile(Sources::single("sql.rules", &text), registry);
    compiled
        .unwrap_or_else(|error| panic!("{}", error.report(Language::En)))
        .ruleset
}

fn read(csv: &Path, columns: Columns) -> Table {
    let mut table = Table::new(columns);
    let options = Options {
        as_read: true,
        // Some identifiers are there twice on purpose.
        max_unusable: 0.05,
        ..Options::default()
    };
    let files = [PathBuf::from(csv)];
    let read = input::read(&files, &mut table, options, &Watch::default());
    let (report, _) = read.expect("logins");
    assert_eq!(
        report.reasons[&Reason::Duplicate].0,
        60,
        "repeated ids are skipped"
    );
    table
}

fn engine<'t>(table: &'t Table, registry: &'t Registry, rules: Ruleset) -> Engine<'t> {
    Engine::new(
        table,
        registry,
        vec![Arc::new(rules)],
        zone(),
        Default::default(),
    )
}

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").expect("a zone")
}

fn engine_says(csv: &Path, columns: Option<Columns>, threads: usize) -> String {
    let registry = Registry::standard();
    let rules = compiled("backtest_sql.rules", &registry);
    let columns = columns.unwrap_or_else(|| Columns::of(&rules.program, &registry));
    let table = read(csv, columns);
    let program = rules.program.clone();
    let mut engine = engine(&table, &registry, rules);
    engine.threads = threads;
    let found = Arc::new(Mutex::new(Vec::new()));
    engine.run(|| States(found.clone()), &Watch::default());
    let mut found = found.lock().expect("no panic").clone();
    found.sort_by_key(|(row, _)| *row);
    let mut text = String::new();
    for (row, states) in found {
        for (signal, state) in program.signals.iter().zip(states) {
            let state = match state {
                SignalState::Fired => "fired",
                SignalState::Quiet => "quiet",
                SignalState::Exempt => "exempt",
                SignalState::Learning(_) => "learning",
                SignalState::NotEvaluable(_) => "not_evaluable",
            };
            let _ = writeln!(text, "{row}\t{}\t{state}", signal.name);
        }
    }
    text
}

/// The report's figures of the rules that are asked about logins, and which of them hold together.
fn guard_figures(csv: &Path, threads: usize) -> Value {
    let registry = Registry::standard();
    let rules = compiled("backtest_sql_guard.rules", &registry);
    let table = read(csv, Columns::of(&rules.program, &registry));
    let program = rules.program.clone();
    let mut engine = engine(&table, &registry, rules);
    engine.threads = threads;
    let (first, last) = table.span().expect("logins");
    let frame = Frame::new(first, last, None, false);
    let frame = frame.in_zone(&zone()).over(&table);
    let fresh = || Tallies(vec![Tally::new(&frame, 0, &program)]);
    let mut tallies = Tallies::merged(engine.run(fresh, &Watch::default()));
    let tally = tallies.pop().expect("one rule set");
    let figures = figures(&tally, &program, &[], 86_400_000);
    json!({ "rules": figures.guard_rules, "overlap": figures.guard_overlap })
}

/// Every rule that is asked about logins: how often it held and could not be judged, what it did, about whom and
/// when, counted from conditions of SQL.
#[test]
fn what_every_rule_did_is_what_sql_counts() {
    did_what_sql_counts(&["--in-order"], &[], &["window", "unknown"]);
}

/// Behind a row that came too early most others are late: only rules on attempt are asked about them.
#[test]
fn and_so_it_is_where_most_logins_come_late() {
    did_what_sql_counts(&[], &["--sparse"], &["window", "unknown", "late"]);
}

fn did_what_sql_counts(how: &[&str], more: &[&str], mutations: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = folder.path().join("logins.csv");
    let told = folder.path().join("told.json");
    let path = |path: &Path| path.to_str().expect("a path").to_owned();
    let made = script(&[&["generate", &path(&csv)], how].concat());
    assert!(made.status.success());
    let figures = guard_figures(&csv, 1);
    assert_eq!(guard_figures(&csv, 2), figures, "threads change nothing");
    std::fs::write(&told, figures.to_string()).expect("written");
    let (csv, told) = (path(&csv), path(&told));
    let checked = script(&[&["guard", &csv, &told], more].concat());
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&checked.stdout),
        String::from_utf8_lossy(&checked.stderr)
    );
    assert!(checked.status.success(), "{said}");
    for mutation in mutations {
        let changed = script(&["guard", &csv, &told, "--mutate", mutation]);
        let said = String::from_utf8_lossy(&changed.stdout);
        assert_eq!(changed.status.code(), Some(1), "{mutation}: {said}");
        assert!(said.contains("differences"), "{mutation}: {said}");
    }
}

/// A function that is added has to be computed in SQL too.
#[test]
fn no_history_function_is_left_out() {
    let registry = Registry::standard();
    let rules = compiled("backtest_sql.rules", &registry);
    let asked = |kind: HistoryFunction| {
        let mut queries = rules.program.queries.iter();
        queries.any(|query| query.function == kind)
    };
    let missing: Vec<&str> = registry
        .functions()
        .iter()
        .filter(|spec| matches!(spec.kind, FunctionKind::History(kind) if !asked(kind)))
        .map(|spec| spec.name)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_history_function_says_what_sql_says() {
    says_what_sql_says(&[]);
}

/// Without late rows most questions are answered without looking at rows.
#[test]
fn and_so_it_does_where_all_logins_come_in_order() {
    says_what_sql_says(&["--in-order"]);
}

fn says_what_sql_says(how: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = folder.path().join("logins.csv");
    let made = script(&[&["generate", csv.to_str().expect("a path")], how].concat());
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let said = engine_says(&csv, None, 1);
    assert_eq!(engine_says(&csv, None, 3), said, "threads change nothing");
    assert_eq!(
        engine_says(&csv, Some(Columns::all()), 2),
        said,
        "columns not needed change nothing"
    );
    let states = folder.path().join("states.tsv");
    std::fs::write(&states, said).expect("written");
    let (csv, states) = (
        csv.to_str().expect("a path"),
        states.to_str().expect("a path"),
    );
    let checked = script(&["check", csv, states]);
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&checked.stdout),
        String::from_utf8_lossy(&checked.stderr)
    );
    assert!(checked.status.success(), "{told}");
    // The data tells the engine from one with another window, another order of ties, or one that
    // takes unknown for false: against SQL with that meaning it must differ.
    for mutation in ["window", "ties", "unknown"] {
        let changed = script(&["check", csv, states, "--mutate", mutation]);
        let told = String::from_utf8_lossy(&changed.stdout);
        assert_eq!(changed.status.code(), Some(1), "{mutation}: {told}");
        assert!(told.contains("differences"), "{mutation}: {told}");
    }
}
