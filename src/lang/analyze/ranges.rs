//! Comparisons with constants that never or always hold.

use crate::lang::builtins::{BAND, FunctionKind, Registry, SUSPICION};
use crate::lang::check::codes as c;
use crate::lang::check::literal::{constant, magnitude};
use crate::lang::check::report::{Report, w};
use crate::lang::check::walk;
use crate::lang::diagnostics::{Diagnostic, Example};
use crate::lang::program::{
    ActionKind, ArithOp, ByKey, CompareOp, Expr, ExprKind, FieldId, Function, HistoryFunction,
    HistoryQuery, Program, QueryId, Stream, Window,
};
use crate::lang::span::Span;

use super::contradiction;
use super::cost::kept_rows;
use super::example::{Given, amount as amount_of, literal, shown, written};
use super::plain::{Plain, always};
use crate::lang::value::{Type, Value};

type Range = (f64, f64);

/// In milliseconds.
const SECOND: i64 = 1_000;

/// `scored`: every signal of the set is in the program, so that the score's range is known.
pub(super) fn check(program: &Program, registry: &Registry, scored: bool, report: &mut Report) {
    let known = Known {
        program,
        registry,
        score: (scored && !program.signals.is_empty()).then(|| weights(program)),
        bands: scored.then_some((0.0, program.bands.len() as f64)),
    };
    let plain = Plain { program, registry };
    let mut see = |expr: &Expr| {
        walk::nodes(expr, &program.queries, &mut |node| {
            plain.check(node, report);
            match &node.kind {
                ExprKind::Compare(op, left, right) => {
                    compare(*op, left, right, node, &known, report);
                }
                ExprKind::InValues {
                    item,
                    values,
                    negated: false,
                } => members(item, values, node, &known, report),
                ExprKind::History(id) => {
                    never_over(*id, program, report);
                    if let Some(query) = program.queries.get(id.0 as usize) {
                        plain.rows(query, report);
                    }
                }
                ExprKind::And(parts) => contradiction::check(true, parts, program, report),
                ExprKind::Or(parts) => contradiction::check(false, parts, program, report),
                _ => {}
            }
        });
    };
    program.lets.iter().for_each(|item| see(&item.value));
    for signal in &program.signals {
        see(&signal.when);
        signal.except.iter().for_each(&mut see);
    }
    for rule in &program.rules {
        rule.when.iter().for_each(&mut see);
        walk::actions(&rule.body, &mut |action| {
            if let ActionKind::Remember { value, .. } = &action.kind {
                see(value);
            }
        });
    }
    for slot in program.dialogs.iter().flat_map(|dialog| &dialog.slots) {
        slot.unless.iter().for_each(&mut see);
    }
    for rule in &program.rules {
        plain.rule(rule, report);
    }
    for signal in &program.signals {
        plain.success(&signal.when, true, report);
    }
}

fn compare(
    op: CompareOp,
    left: &Expr,
    right: &Expr,
    node: &Expr,
    known: &Known<'_>,
    report: &mut Report,
) {
    let (Some(a), Some(b)) = (known.range(left), known.range(right)) else {
        return;
    };
    let verdict = match op {
        CompareOp::Less => decide(a.1 < b.0, a.0 >= b.1),
        CompareOp::LessEqual => decide(a.1 <= b.0, a.0 > b.1),
        CompareOp::Greater => decide(a.0 > b.1, a.1 <= b.0),
        CompareOp::GreaterEqual => decide(a.0 >= b.1, a.1 < b.0),
        CompareOp::Equal => decide(a.0 == a.1 && a == b, a.1 < b.0 || b.1 < a.0),
        CompareOp::NotEqual => decide(a.1 < b.0 || b.1 < a.0, a.0 == a.1 && a == b),
    };
    let Some(holds) = verdict else {
        return;
    };
    if constant(left).is_some() && constant(right).is_some() {
        let switch = [left, right].into_iter().find_map(switch);
        if let Some(switch) = switch {
            report.push(switched(switch, holds, node, known.program));
            return;
        }
    }
    // The side that is not a plain constant is the one to explain.
    let (side, reach) = if constant(left).is_some() {
        (right, b)
    } else {
        (left, a)
    };
    let (zh, en) = between(reach, &side.ty);
    let found = if holds {
        always(node.span)
    } else {
        never(node.span)
    };
    let found = found.with_label(side.span, w(zh, en));
    let words = if holds {
        w("也还是成立", "it holds all the same")
    } else {
        w("也还是不成立", "it does not hold either")
    };
    // The values that come nearest to the opposite.
    let mut given = Vec::new();
    for (side, range, other) in [(left, a, b), (right, b, a)] {
        if constant(side).is_none() {
            given.extend(nearest(range, other, &side.ty).map(|value| Given {
                about: written(side, known.program),
                value,
            }));
        }
    }
    report.push(shown(found, node, &given, holds, words, known.program));
}

/// The `let` in a constant.
fn switch(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Let { .. } => Some(expr),
        ExprKind::Arith(_, left, right) => switch(left).or_else(|| switch(right)),
        _ => None,
    }
}

/// `level >= 2`, where `let level = 3`: a number that a name was given decides, nothing of the event. It may
/// be a switch that was meant, so that it is a warning either way.
fn switched(name: &Expr, holds: bool, node: &Expr, program: &Program) -> Diagnostic {
    let called = written(name, program);
    let is = constant(name).and_then(|value| literal(&value));
    let (zh, en) = match (is, holds) {
        (Some(is), true) => (
            format!("`{called}` 是 {is}，所以总是成立"),
            format!("`{called}` is {is}, so it always holds"),
        ),
        (Some(is), false) => (
            format!("`{called}` 是 {is}，所以永远不成立"),
            format!("`{called}` is {is}, so it never holds"),
        ),
        (None, true) => ("总是成立".to_owned(), "always holds".to_owned()),
        (None, false) => ("永远不成立".to_owned(), "never holds".to_owned()),
    };
    let found = Diagnostic::warning(
        c::ALWAYS,
        w(
            format!("这个条件只看 `{called}`，和发生的事无关"),
            format!("this condition asks only about `{called}`, not about what happens"),
        ),
        node.span,
        w(zh, en),
    );
    let given = program.lets.iter().find(|item| item.name == called);
    let given = given.map(|item| item.span);
    let found = match given {
        Some(span) => found.with_label(span, w("在这里给的", "given here")),
        None => found,
    };
    found.with_help(w(
        "当开关用就写 `let strict = yes`、`when strict`；真要比数，在上一行写 `# allow always: 原因`",
        "for a switch write `let strict = yes` and `when strict`; if the number is meant, write `# allow always: reason` above",
    ))
}

/// `login.hour in [24, 25]`: nothing of the list can be.
fn members(item: &Expr, values: &[Expr], node: &Expr, known: &Known<'_>, report: &mut Report) {
    let Some(range) = known.range(item) else {
        return;
    };
    let sizes: Option<Vec<f64>> = values
        .iter()
        .map(|value| constant(value).as_ref().and_then(magnitude))
        .collect();
    let Some(sizes) = sizes.filter(|sizes| !sizes.is_empty()) else {
        return;
    };
    if sizes
        .iter()
        .any(|size| range.0 <= *size && *size <= range.1)
    {
        return;
    }
    let (zh, en) = between(range, &item.ty);
    let found = never(node.span).with_label(item.span, w(zh, en));
    let given: Vec<Given> = nearest(range, (sizes[0], sizes[0]), &item.ty)
        .map(|value| Given {
            about: written(item, known.program),
            value,
        })
        .into_iter()
        .collect();
    let words = w("也还是不成立", "it does not hold either");
    report.push(shown(found, node, &given, false, words, known.program));
}

/// `unfollowed(…, gap: 10 minutes, within: 5 minutes)`: what happened inside the window is too young for
/// the gap to be over.
fn never_over(id: QueryId, program: &Program, report: &mut Report) {
    let Some(query) = program.queries.get(id.0 as usize) else {
        return;
    };
    let (HistoryFunction::Absence, Window::Within(window), Some(sequence)) =
        (query.function, query.window, &query.sequence)
    else {
        return;
    };
    if sequence.within < window {
        return;
    }
    let found = never(query.span).with_help(w(
        "`within:` 里的登录还没等到 `gap:` 过去就出了窗口：`within:` 要比 `gap:` 长",
        "a login leaves the window of `within:` before its `gap:` is over: `within:` must be longer than `gap:`",
    ));
    // As old as the first event can be inside the window, which is the best case.
    let oldest = Value::Duration((window - SECOND).max(0));
    let stream = match sequence.first {
        Stream::Attempts => "attempts",
        Stream::Successes => "successes",
        Stream::Failures => "failures",
    };
    let given = literal(&oldest).map(|age| (format!("since({stream})"), age));
    report.push(match given {
        Some(given) => found.with_example(
            Example {
                given: vec![given],
                holds: false,
            },
            w(
                "`gap:` 还没有过去，再早一点就出了窗口",
                "the `gap:` is not over, and any earlier is outside the window",
            ),
        ),
        None => found,
    });
}

/// E0307.
pub(super) fn never(span: Span) -> Diagnostic {
    Diagnostic::error(
        c::NEVER,
        w("这个条件永远不成立", "this condition never holds"),
        span,
        w("永远不成立", "never holds"),
    )
}

fn between(range: Range, ty: &Type) -> (String, String) {
    let (low, high) = (amount(range.0, ty), amount(range.1, ty));
    match range {
        (a, b) if a == b => (format!("总是 {low}"), format!("always {low}")),
        (_, b) if b.is_infinite() => (format!("至少 {low}"), format!("at least {low}")),
        (a, _) if a.is_infinite() => (format!("至多 {high}"), format!("at most {high}")),
        _ => (
            format!("在 {low} 到 {high} 之间"),
            format!("between {low} and {high}"),
        ),
    }
}

/// The end of a range that is nearer to another one.
fn nearest(range: Range, other: Range, ty: &Type) -> Option<Value> {
    let end = if range.1.is_finite() && (range.0 - other.1).abs() > (range.1 - other.0).abs() {
        range.1
    } else {
        range.0
    };
    end.is_finite().then(|| amount_of(end, ty)).flatten()
}

/// An amount in the unit people write.
fn amount(size: f64, ty: &Type) -> String {
    match ty {
        Type::Percent => format!("{}%", size * 100.0),
        Type::Distance => format!("{} km", size / 1000.0),
        Type::Speed => format!("{size} km/h"),
        Type::Duration => format!("{} hours", size / 3_600_000.0),
        _ => size.to_string(),
    }
}

fn decide(always: bool, never: bool) -> Option<bool> {
    match (always, never) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// What ranges follow from.
struct Known<'a> {
    program: &'a Program,
    registry: &'a Registry,
    score: Option<Range>,
    bands: Option<Range>,
}

impl Known<'_> {
    /// The values an expression can take when it is known, in its type's own unit.
    fn range(&self, expr: &Expr) -> Option<Range> {
        if let Some(value) = constant(expr) {
            let size = magnitude(&value)?;
            return Some((size, size));
        }
        let mut functions = self.registry.functions().iter();
        match &expr.kind {
            ExprKind::Let { value, .. } => self.range(value),
            ExprKind::Field(id) | ExprKind::RowField(id) => {
                let spec = self.registry.field_spec(*id);
                match spec.path {
                    SUSPICION => self.score,
                    BAND => self.bands,
                    _ => spec.range,
                }
            }
            ExprKind::Call(Function::Abs, args) => {
                let (low, high) = self.range(args.first()?)?;
                let least = if low <= 0.0 && high >= 0.0 {
                    0.0
                } else {
                    low.abs().min(high.abs())
                };
                Some((least, low.abs().max(high.abs())))
            }
            ExprKind::Call(function @ (Function::Min | Function::Max), args) => {
                let each: Option<Vec<Range>> = args.iter().map(|arg| self.range(arg)).collect();
                let pick = |a: f64, b: f64| match function {
                    Function::Min => a.min(b),
                    _ => a.max(b),
                };
                each?
                    .into_iter()
                    .reduce(|a, b| (pick(a.0, b.0), pick(a.1, b.1)))
            }
            ExprKind::Call(function, _) => {
                let kind = FunctionKind::Pure(*function);
                functions.find(|spec| spec.kind == kind)?.range
            }
            ExprKind::Arith(op, left, right) => {
                let (a, b) = (self.range(left)?, self.range(right)?);
                let ends = |of: fn(f64, f64) -> f64| {
                    let all = [of(a.0, b.0), of(a.0, b.1), of(a.1, b.0), of(a.1, b.1)];
                    let low = all.iter().copied().fold(f64::INFINITY, f64::min);
                    let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    all.iter().all(|end| !end.is_nan()).then_some((low, high))
                };
                match op {
                    ArithOp::Add => Some((a.0 + b.0, a.1 + b.1)),
                    ArithOp::Subtract => Some((a.0 - b.1, a.1 - b.0)),
                    ArithOp::Multiply => ends(|x, y| x * y),
                    // Unknown when what it is divided by is nothing.
                    ArithOp::Divide if b.0 > 0.0 => ends(|x, y| x / y),
                    ArithOp::Divide => None,
                }
            }
            ExprKind::History(id) => self.answers(self.program.queries.get(id.0 as usize)?),
            _ => None,
        }
    }

    /// What a question to the history can be answered with.
    fn answers(&self, query: &HistoryQuery) -> Option<Range> {
        use HistoryFunction as H;
        let kind = FunctionKind::History(query.function);
        let mut functions = self.registry.functions().iter();
        let own = functions.find(|spec| spec.kind == kind)?.range;
        #[allow(clippy::cast_precision_loss, reason = "windows are far below 2^53")]
        let window = match query.window {
            Window::Within(millis) => Some(millis as f64),
            Window::Last(_) | Window::All => None,
        };
        match query.function {
            // Rows of one address have one address.
            H::Distinct if self.same_in_all(query) => own.map(|(low, high)| (low, high.min(1.0))),
            // No more rows are kept than this.
            H::Count | H::Distinct | H::Streak => {
                let (low, high) = own?;
                let rows = match query.window {
                    Window::Last(rows) => f64::from(rows),
                    Window::Within(_) | Window::All => kept_rows(&query.by),
                };
                let different = match (query.function, query.field) {
                    (H::Distinct, Some(field)) => self.values(field),
                    _ => f64::INFINITY,
                };
                Some((low, high.min(rows).min(different)))
            }
            H::Since => own.map(|(low, high)| (low, high.min(window.unwrap_or(high)))),
            H::DaysSince => {
                let days = window.map(|millis| millis / 86_400_000.0);
                own.map(|(low, high)| (low, high.min(days.unwrap_or(high))))
            }
            // Of streams of which one is no part of the other there is no most.
            H::Ratio => match (query.stream, query.denominator.unwrap_or(Stream::Attempts)) {
                (part, whole) if part == whole => own.map(|(_, high)| (high, high)),
                (_, Stream::Attempts) => own,
                _ => own.map(|(low, _)| (low, f64::INFINITY)),
            },
            H::First | H::Last | H::Min | H::Max | H::Mean | H::Percentile => {
                self.registry.field_spec(query.field?).range
            }
            _ => own,
        }
    }
}

impl Known<'_> {
    /// How many different values a field can have: a day has 24 hours.
    fn values(&self, field: FieldId) -> f64 {
        let spec = self.registry.field_spec(field);
        match (&spec.ty, spec.range) {
            (Type::YesNo, _) => 2.0,
            (_, Some((low, high))) if spec.whole => high - low + 1.0,
            _ => f64::INFINITY,
        }
    }

    /// Whether the field asked about is one the rows were picked by.
    fn same_in_all(&self, query: &HistoryQuery) -> bool {
        let Some(field) = query.field else {
            return false;
        };
        let Some(key) = key_of(self.registry.field_spec(field).path) else {
            return false;
        };
        query.by.contains(&key) || (query.by.is_empty() && key == ByKey::Account)
    }
}

/// The key of `by:` that a field of past rows is.
pub(super) fn key_of(path: &str) -> Option<ByKey> {
    Some(match path.rsplit('.').next()? {
        "account" => ByKey::Account,
        "ip" => ByKey::Ip,
        "machine" => ByKey::Machine,
        "asn" => ByKey::Asn,
        "city" => ByKey::City,
        "country" => ByKey::Country,
        _ => return None,
    })
}

/// The least and the greatest score the signals can add up to.
fn weights(program: &Program) -> Range {
    let counted = program.signals.iter().filter(|signal| !signal.shadow);
    counted.fold((0.0, 0.0), |(low, high), signal| {
        (low + signal.weight.min(0.0), high + signal.weight.max(0.0))
    })
}
