//! What of a rule set its stories went through: rules, signals, conditions seen true and false,
//! outcomes, steps of dialogs.
//!
//! [`Seen`] is gathered while stories run; [`Coverage`] holds it against everything the program has.
//! Nothing here decides whether a story passed.

use std::collections::{BTreeMap, BTreeSet};

use crate::lang::eval::Trace;
use crate::lang::program::{Block, Dialog, Expr, ExprKind, Program};
use crate::lang::span::Span;
use crate::lang::value::Value;

/// What stories reached, by place in the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    reached: BTreeSet<Span>,
    yes: BTreeSet<Span>,
    no: BTreeSet<Span>,
}

impl Seen {
    /// A rule, signal, outcome or dialog step was reached.
    pub(super) fn reach(&mut self, at: Span) {
        self.reached.insert(at);
    }

    /// Every yes/no part of a condition that was looked at.
    pub(super) fn judge(&mut self, trace: &Trace) {
        for step in &trace.steps {
            match step.value {
                Some(Value::YesNo(true)) => self.yes.insert(step.span),
                Some(Value::YesNo(false)) => self.no.insert(step.span),
                _ => continue,
            };
        }
    }

    /// Both together.
    pub fn extend(&mut self, other: &Seen) {
        self.reached.extend(&other.reached);
        self.yes.extend(&other.yes);
        self.no.extend(&other.no);
    }
}

/// What kind of thing can be covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An `on` rule that acted, a signal that fired.
    Rule,
    /// A condition and each of its parts, seen true and seen false: two points.
    Condition,
    /// The answer to an outcome.
    Outcome,
    /// A question, a misfit, `cancel`, `give up`, `done`.
    Step,
}

impl Kind {
    /// All, in the order they are reported.
    pub const ALL: [Kind; 4] = [Kind::Rule, Kind::Outcome, Kind::Step, Kind::Condition];

    /// The name in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Rule => "rules",
            Kind::Condition => "conditions",
            Kind::Outcome => "outcomes",
            Kind::Step => "steps",
        }
    }
}

/// One thing that can be covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
    /// What people read: the source of a condition, the name of an outcome.
    pub name: String,
    /// Reached; for a condition: seen true.
    pub yes: bool,
    /// Reached; for a condition: seen false.
    pub no: bool,
}

impl Point {
    /// Points it counts for, and those reached.
    fn count(&self) -> (u32, u32) {
        match self.kind {
            Kind::Condition => (2, u32::from(self.yes) + u32::from(self.no)),
            _ => (1, u32::from(self.yes)),
        }
    }

    /// Whether nothing of it is missing.
    pub fn whole(&self) -> bool {
        self.yes && self.no
    }
}

/// Everything a program has, in source order, and what of it was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// By file and position.
    pub points: Vec<Point>,
}

impl Coverage {
    /// Holds what stories saw against the program.
    pub fn of(program: &Program, seen: &Seen) -> Self {
        let mut all = Gather {
            program,
            seen,
            points: BTreeMap::new(),
        };
        for rule in &program.rules {
            let head = program.sources.slice(rule.head);
            all.add(Kind::Rule, rule.head, &one_line(head));
            rule.when.iter().for_each(|when| all.condition(when));
            all.outcomes(&rule.body);
        }
        for signal in &program.signals {
            all.add(
                Kind::Rule,
                signal.span,
                &format!("signal {} “{}”", signal.name, signal.title),
            );
            all.condition(&signal.when);
            signal
                .except
                .iter()
                .for_each(|except| all.condition(except));
        }
        for dialog in &program.dialogs {
            all.dialog(dialog);
        }
        Self {
            points: all.points.into_values().collect(),
        }
    }

    /// Reached and all points of a kind, or of all kinds.
    pub fn count(&self, kind: Option<Kind>) -> (u32, u32) {
        self.points
            .iter()
            .filter(|point| kind.is_none_or(|kind| point.kind == kind))
            .map(Point::count)
            .fold((0, 0), |(reached, all), (most, hit)| {
                (reached + hit, all + most)
            })
    }

    /// The share that was reached, in percent; 100 when there is nothing to reach.
    pub fn percent(&self, kind: Option<Kind>) -> f64 {
        match self.count(kind) {
            (_, 0) => 100.0,
            (reached, all) => f64::from(reached) * 100.0 / f64::from(all),
        }
    }

    /// What no story went through, in source order.
    pub fn missing(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| !point.whole())
    }
}

struct Gather<'a> {
    program: &'a Program,
    seen: &'a Seen,
    /// A part that several conditions share (a `let`) is one point.
    points: BTreeMap<(Span, Kind), Point>,
}

impl Gather<'_> {
    fn add(&mut self, kind: Kind, span: Span, name: &str) {
        if self.program.may_be_uncovered(span) {
            return;
        }
        let (yes, no) = match kind {
            Kind::Condition => (self.seen.yes.contains(&span), self.seen.no.contains(&span)),
            _ => {
                let reached = self.seen.reached.contains(&span);
                (reached, reached)
            }
        };
        self.points.entry((span, kind)).or_insert(Point {
            kind,
            span,
            name: name.to_owned(),
            yes,
            no,
        });
    }

    /// A condition, and the conditions it is made of.
    fn condition(&mut self, expr: &Expr) {
        if matches!(expr.kind, ExprKind::Const(_)) {
            return;
        }
        if !matches!(expr.kind, ExprKind::Let { .. }) {
            let source = one_line(self.program.sources.slice(expr.span));
            self.add(Kind::Condition, expr.span, &source);
        }
        match &expr.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                parts.iter().for_each(|part| self.condition(part));
            }
            ExprKind::Let { value, .. } => self.condition(value),
            // `not a` was seen both ways exactly when `a` was.
            _ => {}
        }
    }

    fn outcomes(&mut self, block: &Block) {
        for action in &block.actions {
            for arm in &action.outcomes {
                self.add(Kind::Outcome, arm.span, &arm.outcome);
                self.outcomes(&arm.block);
            }
        }
    }

    fn dialog(&mut self, dialog: &Dialog) {
        let step = |what: &str| format!("dialog {}: {what}", dialog.name);
        for slot in &dialog.slots {
            let name = &slot.name;
            self.add(
                Kind::Step,
                slot.question.span,
                &step(&format!("ask {name}")),
            );
            if let Some(invalid) = &slot.invalid {
                self.add(Kind::Step, invalid.span, &step(&format!("invalid {name}")));
            }
            slot.unless.iter().for_each(|unless| self.condition(unless));
        }
        if let Some(cancel) = &dialog.cancel {
            self.add(Kind::Step, cancel.block.span, &step("cancel"));
            self.outcomes(&cancel.block);
        }
        if !dialog.give_up.actions.is_empty() {
            self.add(Kind::Step, dialog.give_up.span, &step("give up"));
            self.outcomes(&dialog.give_up);
        }
        self.add(Kind::Step, dialog.done.span, &step("done"));
        self.outcomes(&dialog.done);
    }
}

fn one_line(source: &str) -> String {
    source.split_whitespace().collect::<Vec<_>>().join(" ")
}
