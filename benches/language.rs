//! The language: one condition against the same in Rust, watched and unwatched; and checking and
//! compiling a rule set.
//!
//! `cargo bench --bench language`

#[path = "support/run.rs"]
mod run;
mod support;

use std::hint::black_box;
use std::sync::Arc;

use menshen::bot::ruleset::Ruleset;
use menshen::history::{Columns, Row};
use menshen::lang::builtins::Registry;
use menshen::lang::compile;
use menshen::lang::eval::{Facts, HistoryAnswer, NoObserver, Trace, eval};
use menshen::lang::format::format;
use menshen::lang::program::{FieldId, HistoryQuery, Name, Program};
use menshen::lang::span::{FileId, Sources};
use menshen::lang::syntax::parse;
use menshen::lang::value::{Value, View};
use menshen::text::RuleIndex;
use support::{case, cpu, measure, print};

/// A login as a host keeps it; every field is bound when it is asked for, as live.
struct Login<'a> {
    row: &'a Row,
    columns: &'a Columns,
    /// Whether fields are shown where they lie, as the hosts do, or handed out.
    shown: bool,
}

impl Facts for Login<'_> {
    fn field(&mut self, id: FieldId) -> Value {
        match self.columns.get(id) {
            Some(column) => self.row.field(column),
            None => Value::unknown("field"),
        }
    }
    fn view(&mut self, id: FieldId) -> Option<View<'_>> {
        if !self.shown {
            return None;
        }
        self.row.view(self.columns.get(id)?)
    }
    fn number(&mut self, id: FieldId) -> Option<f64> {
        let column = self.columns.get(id).filter(|_| self.shown)?;
        self.row.number(column)
    }
    fn characters(&mut self, id: FieldId) -> Option<&str> {
        let column = self.columns.get(id).filter(|_| self.shown)?;
        self.row.characters(column)
    }
    fn yes_no(&mut self, id: FieldId) -> Option<bool> {
        let column = self.columns.get(id).filter(|_| self.shown)?;
        self.row.yes_no(column)
    }
    fn name(&mut self, _: &Name) -> Value {
        Value::unknown("name")
    }
    fn history(&mut self, _: &HistoryQuery, _: Option<&Value>, _: &Program) -> HistoryAnswer {
        HistoryAnswer::unknown("history")
    }
    fn trusted(&mut self, _: &Value) -> bool {
        false
    }
}

const CONDITION: &str = "login.city != \"北京\" and login.hour >= 1 and login.hour < 6 and not login.legal and login.browser == \"Chrome\"";

/// The same in Rust, unknown being no.
fn by_hand(row: &Row) -> bool {
    row.city.as_deref().is_some_and(|city| city != "北京")
        && row.hour.is_some_and(|hour| f64::from(hour) >= 1.0)
        && row.hour.is_some_and(|hour| f64::from(hour) < 6.0)
        && !row.legal
        && row.browser.as_deref() == Some("Chrome")
}

fn condition() {
    let registry = Registry::standard();
    let text = format!("signal s \"信号\" weight 10 {{\n    when {CONDITION}\n}}\n");
    let compiled = compile(Sources::single("a.rules", &text).into(), &registry);
    let program = compiled
        .program
        .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics));
    let when = &program.signals[0].when;
    let columns = Columns::of(&registry);
    let row = Row {
        account: "alice".into(),
        city: Some("纽约".into()),
        hour: Some(3),
        browser: Some("Chrome".into()),
        ..Row::default()
    };
    assert!(by_hand(&row));
    let bound = |shown| Login {
        row: black_box(&row),
        columns: &columns,
        shown,
    };
    let mut login = bound(true);
    assert_eq!(
        eval(when, &program, &mut login, &mut NoObserver),
        Value::YesNo(true)
    );
    let cases = vec![
        case("by hand, in Rust", || by_hand(black_box(&row))),
        case("the evaluator, binding included", || {
            eval(when, &program, &mut bound(true), &mut NoObserver)
        }),
        case("the evaluator, every field handed out", || {
            eval(when, &program, &mut bound(false), &mut NoObserver)
        }),
        case("the evaluator, explaining", || {
            let mut login = bound(true);
            let mut trace = Trace::default();
            eval(when, &program, &mut login, &mut trace);
            trace
        }),
    ];
    print("one condition of five terms", &measure(cases, 1), 0);
}

/// As in the bench of routing: half whole texts, 30 % contained, 20 % expressions.
fn thousand() -> String {
    (0..1_000)
        .map(|i| {
            let trigger = match i % 10 {
                0..=4 => format!("text \"查询{i}号\""),
                5..=7 => format!("text containing \"退款{i}单\""),
                _ => format!("text matching \"订单{i}号(?<no>[0-9]+)\""),
            };
            format!("on {trigger} {{\n    reply \"好的，{i}。\"\n}}\n\n")
        })
        .collect()
}

fn checking() {
    let registry = Registry::standard();
    let text = thousand();
    let sources = Arc::new(Sources::single("a.rules", &text));
    let program = compile(sources.clone(), &registry)
        .program
        .expect("it compiles");
    let start = cpu();
    for _ in 0..5 {
        let program = compile(sources.clone(), &registry)
            .program
            .expect("it compiles");
        black_box(Ruleset::new(program));
    }
    if let (Some(start), Some(end)) = (start, cpu()) {
        println!(
            "\nCPU of check and compile, 1,000 rules: {:.1} ms",
            (end - start).as_secs_f64() * 200.0
        );
    }
    let cases = vec![
        case("check and compile", || {
            Ruleset::new(
                compile(sources.clone(), &registry)
                    .program
                    .expect("it compiles"),
            )
        }),
        case("of it: parsing", || parse(FileId(0), &text)),
        case("of it: the index", || RuleIndex::build(&program)),
        case("formatting", || format(&text).expect("it has no mistakes")),
    ];
    print(
        "1,000 rules in one file (ratio to check and compile)",
        &measure(cases, 1),
        0,
    );
}

/// Whether checking grows with the number of rules and no faster.
fn growth() {
    let registry = Registry::standard();
    let chunk = thousand();
    println!("\nCPU of check and compile, by number of rules");
    println!("{:>10} {:>12} {:>14}", "rules", "ms", "us a rule");
    for files in [1_usize, 10, 100] {
        let named = (0..files).map(|number| {
            // Words of its own for each file: nothing hides anything.
            (
                format!("{number:03}.rules"),
                chunk
                    .replace('号', &format!("号{number}"))
                    .replace('单', &format!("单{number}-")),
            )
        });
        let sources = Arc::new(Sources::new(named));
        let start = cpu();
        let compiled = compile(sources, &registry);
        let program = compiled
            .program
            .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics.first()));
        black_box(Ruleset::new(program));
        if let (Some(start), Some(end)) = (start, cpu()) {
            let ms = (end - start).as_secs_f64() * 1_000.0;
            println!(
                "{:>10} {ms:>12.0} {:>14.1}",
                files * 1_000,
                ms / files as f64
            );
        }
    }
}

fn main() {
    if run::is_a_try() {
        return;
    }
    condition();
    checking();
    growth();
}
