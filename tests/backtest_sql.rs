//! The engine against SQL: every history function over logins with ties, late rows, repeated ids,
//! missing values and times on the edges of windows. Needs `python3` (standard library only).
#![cfg(feature = "backtest")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use menshen::backtest::engine::{Engine, Seen, Sink};
use menshen::backtest::input::{self, Options, Reason, Watch};
use menshen::backtest::needs::Columns;
use menshen::backtest::table::Table;
use menshen::bot::ruleset;
use menshen::lang::builtins::Registry;
use menshen::lang::eval::SignalState;
use menshen::lang::span::Sources;

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

fn engine_says(csv: &Path, columns: Option<Columns>, threads: usize) -> String {
    let registry = Registry::standard();
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backtest_sql.rules"),
    )
    .expect("the rules");
    let rules = ruleset::compile(Sources::single("sql.rules", &text), &registry)
        .unwrap_or_else(|error| {
            panic!("{}", error.report(menshen::lang::diagnostics::Language::En))
        })
        .ruleset;
    let columns = columns.unwrap_or_else(|| Columns::of(&rules.program, &registry));
    let mut table = Table::new(columns);
    let options = Options {
        as_read: true,
        // Some identifiers are there twice on purpose.
        max_unusable: 0.05,
        ..Options::default()
    };
    let (report, _) = input::read(
        &[PathBuf::from(csv)],
        &mut table,
        options,
        &Watch::default(),
    )
    .expect("logins");
    assert_eq!(
        report.reasons[&Reason::Duplicate].0,
        60,
        "repeated ids are skipped"
    );
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone");
    let program = rules.program.clone();
    let mut engine = Engine::new(
        &table,
        &registry,
        vec![Arc::new(rules)],
        zone,
        Default::default(),
    );
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
