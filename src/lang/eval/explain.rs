//! Why, and why not: the source with the value under every sub-expression.
//!
//! Made from the [`Trace`] of the evaluator itself (language law 10); nothing is computed again here.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::lang::program::{Expr, ExprKind, Program};
use crate::lang::span::{FileId, Span};
use crate::lang::value::Value;

use super::evaluate::missing;
use super::render::{display_to, sanitise};
use super::telling::Telling;
use super::trace::{Step, Trace};

/// Longest value in an explanation, in characters.
const MAX_SHOWN: usize = 80;

/// Prints what `trace` saw: each source line of the condition (and of the `let`s it uses), and under
/// each sub-expression its value; for history queries how many past rows were used, and the newest of
/// them. Codes are hidden,
/// phones masked. Ends with the reason when the result is not yes. In Chinese, unless `telling` says
/// another language.
///
/// ```text
/// guard.rules:32
///   when count(failures, within: 10 minutes) >= 5
///        ─────────────────────────────────── = 2（2 行）
///        ──────────────────────────────────────── = 否
/// 不成立：count(failures, within: 10 minutes) >= 5，其中 count(failures, within: 10 minutes) = 2
/// ```
pub fn explain<'z>(
    expr: &Expr,
    program: &Program,
    trace: &Trace,
    telling: impl Into<Telling<'z>>,
) -> String {
    let mut out = String::new();
    explain_to(&mut out, expr, program, trace, telling);
    out
}

/// The same, appended to a longer text: every decision is explained.
pub fn explain_to<'z>(
    out: &mut String,
    expr: &Expr,
    program: &Program,
    trace: &Trace,
    telling: impl Into<Telling<'z>>,
) {
    let telling = telling.into();
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (index, step) in trace.steps.iter().enumerate() {
        place(step, index, program, &mut lines);
    }
    lines.sort_by_key(|line| (line.file != expr.span.file, line.file, line.start));
    for line in &mut lines {
        let path = program
            .sources
            .file(line.file)
            .map_or("", |file| file.path.as_str());
        let _ = writeln!(out, "{path}:{}", line.number);
        let indent = line.text.len() - line.text.trim_start().len();
        let _ = writeln!(out, "  {}", line.text.trim());
        // Inner before outer, left before right: as one reads an expression.
        line.steps
            .sort_by_key(|(step, index)| (std::cmp::Reverse(step.depth), step.span.start, *index));
        let mut seen: Vec<(Span, &Option<Value>)> = Vec::new();
        for (step, _) in &line.steps {
            if step.constant || seen.contains(&(step.span, &step.value)) {
                continue;
            }
            seen.push((step.span, &step.value));
            mark(out, line, indent, step, telling);
        }
    }
    if why_not_to(out, expr, program, trace, telling) {
        out.push('\n');
    }
}

/// One sentence on why a condition is not yes: the part that decided it with its facts, or what is
/// missing. `None` when it is yes (or no condition).
pub fn why_not<'z>(
    expr: &Expr,
    program: &Program,
    trace: &Trace,
    telling: impl Into<Telling<'z>>,
) -> Option<String> {
    let mut out = String::new();
    why_not_to(&mut out, expr, program, trace, telling.into()).then_some(out)
}

/// One sentence on what a condition came to, yes or no: the part that decided it with its facts and the values
/// of the `let`s in it, or what is missing. So that what two rule sets say can be held side by side.
pub fn because<'z>(
    expr: &Expr,
    program: &Program,
    trace: &Trace,
    telling: impl Into<Telling<'z>>,
) -> String {
    let (mut out, telling) = (String::new(), telling.into());
    let Some(held) = trace.result().and_then(Value::truth) else {
        why_not_to(&mut out, expr, program, trace, telling);
        return out;
    };
    let words = telling.words;
    out.push_str(if held {
        words.holds
    } else {
        words.does_not_hold
    });
    let culprit = culprit(expr, trace, held);
    out.push_str(&one_line(program.sources.slice(culprit.span)));
    values(&mut out, culprit, program, trace, telling, |step| {
        step.fact || step.named
    });
    out
}

/// The same, appended to a longer text. Whether there was anything to say.
fn why_not_to(
    out: &mut String,
    expr: &Expr,
    program: &Program,
    trace: &Trace,
    telling: Telling<'_>,
) -> bool {
    let words = telling.words;
    match trace.result() {
        Some(Value::YesNo(false)) => {
            let culprit = culprit(expr, trace, false);
            out.push_str(words.does_not_hold);
            out.push_str(&one_line(program.sources.slice(culprit.span)));
            values(out, culprit, program, trace, telling, |step| step.fact);
            true
        }
        Some(unknown @ Value::Unknown(_)) => {
            out.push_str(words.not_evaluable);
            out.push_str(&telling.missing(missing(unknown)));
            true
        }
        _ => false,
    }
}

struct Line<'a> {
    file: FileId,
    number: usize,
    /// Byte of the file at which the line begins.
    start: usize,
    text: &'a str,
    steps: Vec<(&'a Step, usize)>,
}

/// Puts a step under the line on which it ends.
fn place<'a>(step: &'a Step, index: usize, program: &'a Program, lines: &mut Vec<Line<'a>>) {
    let Some(file) = program.sources.file(step.span.file) else {
        return;
    };
    let end = (step.span.end as usize).min(file.text.len());
    let Some(before) = file.text.get(..end) else {
        return;
    };
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let known = lines
        .iter_mut()
        .find(|line| line.file == step.span.file && line.start == start);
    match known {
        Some(line) => line.steps.push((step, index)),
        None => lines.push(Line {
            file: step.span.file,
            number: program.lines.line(Span::new(step.span.file, start, start)),
            start,
            text: file.text[start..].lines().next().unwrap_or_default(),
            steps: vec![(step, index)],
        }),
    }
}

fn mark(out: &mut String, line: &Line<'_>, indent: usize, step: &Step, telling: Telling<'_>) {
    let words = telling.words;
    // A step that began on an earlier line is marked from the line's first character.
    let from = (step.span.start as usize)
        .saturating_sub(line.start)
        .max(indent);
    let to = (step.span.end as usize - line.start).max(from);
    let before = width(line.text.get(indent..from).unwrap_or_default());
    let under = width(line.text.get(from..to).unwrap_or_default()).max(1);
    let several = (step.span.start as usize) < line.start;
    out.push_str("  ");
    fill(out, BLANKS, before);
    out.push_str(if several { "…" } else { "" });
    fill(out, STROKES, under);
    out.push(' ');
    match &step.value {
        None => out.push_str(words.not_looked_at),
        Some(value) => {
            out.push_str("= ");
            show(out, value, telling);
        }
    }
    if let Some(rows) = step.rows {
        let [before, after] = words.rows;
        let after = match step.truncated {
            true => words.rows_at_limit,
            false => after,
        };
        let _ = write!(out, "{before}{rows}{after}");
    }
    out.push('\n');
    for login in &step.used {
        out.push_str("  ");
        fill(out, BLANKS, before);
        out.push_str("· ");
        display_to(out, &Value::Time(login.time), telling);
        // Two blanks around nothing, when the question is about no field.
        out.push(' ');
        for (index, value) in login.values.iter().enumerate() {
            out.push_str(if index > 0 { " " } else { "" });
            show(out, value, telling);
        }
        out.push_str(if login.success {
            words.succeeded
        } else {
            words.failed
        });
        out.push('\n');
    }
}

/// Columns of a terminal. Conditions are mostly ASCII, where there is nothing to look up.
fn width(text: &str) -> usize {
    let plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    match text.bytes().all(plain) {
        true => text.len(),
        false => text.width(),
    }
}

const BLANKS: &str = "                                                                ";
const STROKES: &str = "────────────────────────────────────────────────────────────────";

/// `times` columns of `with`, a stretch of one character repeated.
fn fill(out: &mut String, with: &str, times: usize) {
    let character = with.chars().next().map_or(1, char::len_utf8);
    let mut left = times * character;
    while left > 0 {
        let now = left.min(with.len());
        out.push_str(&with[..now]);
        left -= now;
    }
}

fn show(out: &mut String, value: &Value, telling: Telling<'_>) {
    match value {
        Value::Code(_) => out.push_str("******"),
        Value::Unknown(_) => {
            let [before, after] = telling.words.missing;
            let names = telling.missing(missing(value));
            let _ = write!(out, "{before}{names}{after}");
        }
        // Made of digits and our own words.
        ours @ (Value::Number(_)
        | Value::Percent(_)
        | Value::YesNo(_)
        | Value::Duration(_)
        | Value::Time(_)
        | Value::Distance(_)
        | Value::Speed(_)
        | Value::Ip(_)
        | Value::Network(_)) => display_to(out, ours, telling),
        other => {
            let start = out.len();
            display_to(out, other, telling);
            let written = &out[start..];
            let harmless = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'<' | b'>');
            if written.len() > MAX_SHOWN || !written.bytes().all(harmless) {
                let clean = sanitise(written, MAX_SHOWN, false);
                out.replace_range(start.., &clean);
            }
        }
    }
}

/// The innermost part that decided that the whole is `wanted`.
fn culprit<'e>(expr: &'e Expr, trace: &Trace, wanted: bool) -> &'e Expr {
    let is = |part: &Expr, truth| trace.value_at(part.span).and_then(Value::truth) == Some(truth);
    match &expr.kind {
        ExprKind::And(parts) if !wanted => parts
            .iter()
            .find(|part| is(part, false))
            .map_or(expr, |part| culprit(part, trace, false)),
        ExprKind::Or(parts) if wanted => parts
            .iter()
            .find(|part| is(part, true))
            .map_or(expr, |part| culprit(part, trace, true)),
        ExprKind::Not(inner) if is(inner, !wanted) => match culprit(inner, trace, !wanted) {
            // `not a` reads better than `a` when there is nothing more precise to say.
            same if same.span == inner.span => expr,
            part => part,
        },
        ExprKind::Let { value, .. } => culprit(value, trace, wanted),
        _ => expr,
    }
}

/// Appends `，其中 fact = value，fact = value` for every step under `expr` that is one, each once.
fn values(
    out: &mut String,
    expr: &Expr,
    program: &Program,
    trace: &Trace,
    telling: Telling<'_>,
    is_one: fn(&Step) -> bool,
) {
    let inside = |span: Span| {
        span.file == expr.span.file && span.start >= expr.span.start && span.end <= expr.span.end
    };
    let mut told: Vec<std::ops::Range<usize>> = Vec::new();
    for step in trace
        .steps
        .iter()
        .filter(|step| is_one(step) && inside(step.span))
    {
        if step.span == expr.span {
            continue;
        }
        let Some(value) = &step.value else { continue };
        let before = out.len();
        out.push_str(if told.is_empty() {
            telling.words.where_first
        } else {
            telling.words.where_next
        });
        let start = out.len();
        out.push_str(&one_line(program.sources.slice(step.span)));
        out.push_str(" = ");
        show(out, value, telling);
        if told.iter().any(|fact| out[fact.clone()] == out[start..]) {
            out.truncate(before);
        } else {
            told.push(start..out.len());
        }
    }
}

/// Source without its line breaks; most has none.
fn one_line(source: &str) -> Cow<'_, str> {
    let plain = |byte: u8| matches!(byte, b' '..=b'~');
    match source.bytes().all(plain) && !source.contains("  ") && source.trim() == source {
        true => Cow::Borrowed(source),
        false => Cow::Owned(source.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}
