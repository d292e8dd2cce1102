//! Looks at a whole checked rule set: rules that can never answer, conditions that never or always
//! hold, alerts nobody can answer. Only what is certain is said. Never changes the program.

mod acts;
mod alerts;
mod caught;
mod certain;
mod contradiction;
mod cost;
mod cure;
mod earlier;
mod example;
mod exclusion;
mod exits;
mod handed;
mod heard;
mod hours;
mod idle;
mod implied;
mod late;
mod lengths;
mod limits;
mod lost;
mod missing;
mod mixed;
mod needed;
mod occasion;
mod plain;
mod ranges;
mod reach;
mod scene;
mod search;
mod silent;
mod spared;
mod swallow;
mod takes;
mod together;
pub(in crate::lang) mod typical;
mod unread;
mod unset;
mod various;

pub use cost::Cost;
pub use late::EVENT_WINDOW;

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::builtins::{Registry, SUSPICION};
use super::check::codes::{LONG_WINDOW, UNKNOWN_DIALOG};
use super::check::literal::constant;
use super::check::report::{Report, w};
use super::check::walk;
use super::diagnostics::Diagnostic;
use super::program::{Band, CompareOp, Expr, ExprKind, Program, Window};
use super::span::{Sources, Span};
use super::value::Value;

/// Reports what is wrong with the set. `whole`: every file was understood; `scored`: and every
/// signal. `flawed`: rules with mistakes, which may do more than the program knows.
pub(super) fn run(
    program: &Program,
    registry: &Registry,
    whole: bool,
    scored: bool,
    flawed: &[Span],
    report: &mut Report,
) {
    let stage = scene::Stage::new(program, registry);
    ranges::check(program, registry, scored, report);
    reach::check(program, registry, report);
    spared::check(program, report);
    // What a dialog is started with is known when every `start` is understood.
    if whole && !report.has(UNKNOWN_DIALOG) {
        missing::check(program, registry, flawed, report);
        unset::check(&stage, report);
        needed::check(program, report);
        exits::check(&stage, report);
        swallow::check(&stage, report);
    }
    limits::check(&stage, report);
    lengths::check(program, registry, report);
    late::check(program, report);
    heard::check(program, registry, report);
    lost::check(&stage, report);
    idle::check(program, report);
    long_windows(program, report);
    if whole {
        alerts::check(program, registry, flawed, report);
    }
}

/// What is only said of a sound set: nothing in it is there by mistake.
pub(super) fn needless(program: &Program, registry: &Registry) -> Vec<Diagnostic> {
    let mut report = Report::default();
    handed::check(program, &mut report);
    silent::check(program, &mut report);
    idle::even(program, registry, &mut report);
    let mut found = unread::check(program, registry);
    found.extend(report.into_found());
    found
}

/// How long logins are kept when nothing asks for more: `history.keep` of the configuration.
const KEPT: i64 = 400 * DAY;
const DAY: i64 = 86_400_000;

/// Windows that make the history be kept longer than it would be.
fn long_windows(program: &Program, report: &mut Report) {
    for query in &program.queries {
        let Window::Within(millis) = query.window else {
            continue;
        };
        if millis <= KEPT {
            continue;
        }
        let days = millis / DAY;
        // Kept by default no more, and looked at all the same.
        let older = KEPT / DAY + 1;
        let story = vec![
            "account alice phone \"13800138000\"".to_owned(),
            "login alice".to_owned(),
            format!("after {older} days"),
            "login alice".to_owned(),
        ];
        let found = Diagnostic::warning(
            LONG_WINDOW,
            w(
                format!("窗口有 {days} 天，登录历史默认只保存 400 天"),
                format!("a window of {days} days, while logins are kept for 400 by default"),
            ),
            query.span,
            w(
                "历史会为它保存同样久",
                "the history will be kept as long for it",
            ),
        );
        // The window is open where it begins: a login of just then is outside.
        report.push(if millis > older * DAY {
            found.with_story(
                story,
                w(
                    format!("例如 {older} 天前的登录，默认已经删除，因为这个窗口还留着"),
                    format!(
                        "for example a login {older} days ago, gone by default, is kept for it"
                    ),
                ),
            )
        } else {
            found
        });
    }
}

/// SHA-256 over the paths and texts of all rule files and of the lists they name, each with its length
/// before it, lower-case hex. Other files beside the rules, such as logins for a backtest, are no part
/// of what decides.
pub(super) fn hash(sources: &Sources, named: &BTreeSet<String>) -> String {
    let mut hasher = Sha256::new();
    let mut add = |kind: u8, path: &str, text: &str| {
        hasher.update([kind]);
        for part in [path, text] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
    };
    for file in &sources.files {
        add(b'r', &file.path, &file.text);
    }
    for (path, text) in &sources.lists {
        if !named.contains(path) {
            continue;
        }
        add(b'l', path, text);
    }
    hex::encode(hasher.finalize())
}

/// The longest time any question or learning time looks back, in milliseconds.
pub(super) fn longest_window(program: &Program) -> i64 {
    let windows = program
        .queries
        .iter()
        .filter_map(|query| match query.window {
            Window::Within(millis) => Some(millis),
            Window::Last(_) | Window::All => None,
        });
    let learning = program
        .signals
        .iter()
        .filter_map(|signal| signal.learn?.duration);
    windows.chain(learning).max().unwrap_or(0)
}

/// The scores rules tell apart, ascending: every constant a rule's condition compares `suspicion` with.
pub(super) fn bands(program: &Program, registry: &Registry) -> Vec<Band> {
    let score = registry.field(SUSPICION);
    let is_score = |expr: &Expr| matches!(&expr.kind, ExprKind::Field(id) if Some(*id) == score);
    let mut bands: Vec<Band> = Vec::new();
    for when in program.rules.iter().filter_map(|rule| rule.when.as_ref()) {
        walk::nodes(when, &program.queries, &mut |node| {
            let ExprKind::Compare(op, left, right) = &node.kind else {
                return;
            };
            let (op, bound) = match (is_score(left), is_score(right)) {
                (true, false) => (*op, constant(right)),
                (false, true) => (mirrored(*op), constant(left)),
                _ => return,
            };
            let Some(Value::Number(from)) = bound else {
                return;
            };
            let above = match op {
                CompareOp::GreaterEqual | CompareOp::Less => false,
                CompareOp::Greater | CompareOp::LessEqual => true,
                CompareOp::Equal | CompareOp::NotEqual => return,
            };
            let band = Band { from, above };
            if !bands.contains(&band) {
                bands.push(band);
            }
        });
    }
    bands.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.above.cmp(&b.above)));
    bands
}

/// The comparison read from its right side.
fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Less => CompareOp::Greater,
        CompareOp::LessEqual => CompareOp::GreaterEqual,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::GreaterEqual => CompareOp::LessEqual,
        same => same,
    }
}
