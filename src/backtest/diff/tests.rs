//! What counts as more and as less.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::*;
use crate::backtest::input::Watch;
use crate::backtest::needs::Columns;
use crate::backtest::table::{Labels, Login as Past};
use crate::bot::ruleset::{self, Ruleset};
use crate::guard::Limits;
use crate::lang::builtins::Registry;
use crate::lang::span::Sources;

const NOTHING: &str = "on login when login.city == \"乙\" {\n    note \"x\"\n}\n";
const CAPTCHA_FIRST: &str = "on attempt when login.city == \"甲\" {\n    challenge captcha\n}\n";
const CAPTCHA_AT_LOGIN: &str = "on login when login.city == \"甲\" {\n    challenge captcha\n}\n";
const ALERT: &str = "on login when login.city == \"甲\" {\n    alert expires 1 day {\n        message \"登录异常，请看 https://example.com/login\"\n    }\n}\non undeliverable alert {\n    note \"x\"\n}\n";

fn compiled(text: &str, registry: &Registry) -> Arc<Ruleset> {
    let sources = Sources::single("a.rules", text);
    Arc::new(ruleset::compile(sources, registry).expect("sound").ruleset)
}

/// An attack with the right password on an account that was locked: it was refused before any rule was asked.
fn refused() -> Table {
    let mut table = Table::new(Columns::all());
    table.label_names = vec!["fraud".to_owned()];
    let mut labels = Labels::default();
    labels.set(0, true);
    table.push(&Past {
        account: "a",
        known: true,
        judged: true,
        city: "甲",
        labels,
        ..Past::default()
    });
    table.close(false);
    table
}

/// Attacks gained and lost in the diff, and lost as a sweep counts them.
fn change(old: &str, new: &str) -> (Option<u64>, Option<u64>, u64) {
    let (table, registry) = (refused(), Registry::standard());
    let frame = Frame::new(0, 0, Some(0), false).over(&table);
    let rules = [new, old].map(|text| compiled(text, &registry)).to_vec();
    let engine = Engine::new(&table, &registry, rules, TimeZone::UTC, Limits::default());
    let fresh = |at: usize| Tally::new(&frame, at, engine.program(at));
    let sinks = engine.run(
        || Differ::new(vec![fresh(0), fresh(1)], &frame),
        &Watch::default(),
    );
    let mut changed = Vec::new();
    let tallies = Tallies::merged(sinks.into_iter().map(|sink| {
        changed.extend(sink.changed);
        sink.tallies
    }));
    let found = diff(&engine, &table, &frame, &tallies, changed, MAX_SHOWN);
    assert!(found.logins.iter().all(|login| !login.flipped.is_empty()));
    let lost = tallies[0].lost_against(&tallies[1]);
    (found.attacks_gained, found.attacks_lost, lost)
}

#[test]
fn of_a_login_refused_before_any_rule_was_asked_diff_and_sweep_say_the_same() {
    for done in [ALERT, CAPTCHA_FIRST] {
        assert_eq!(change(NOTHING, done), (Some(1), Some(0), 0), "{done}");
        assert_eq!(change(done, NOTHING), (Some(0), Some(1), 1), "{done}");
        assert_eq!(change(done, done), (Some(0), Some(0), 0), "{done}");
    }
    assert_eq!(change(ALERT, CAPTCHA_FIRST), (Some(0), Some(1), 1));
    // It is refused whatever rules want of the login itself.
    assert_eq!(change(CAPTCHA_AT_LOGIN, NOTHING), (Some(0), Some(0), 0));
}
