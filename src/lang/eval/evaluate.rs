//! The evaluator.

use std::borrow::Cow;

use crate::lang::program::{Expr, ExprKind, Program};
use crate::lang::value::{Type, Value};

use super::arith::arith;
use super::compare::{compare, member};
use super::facts::{Facts, NoObserver, Observer};
use super::functions::call;
use super::quick::{among_constants, at_hand, quick, within};

/// Evaluates an expression. `And` stops at the first certain no and `Or` at the first certain yes;
/// an unknown operand decides neither.
pub fn eval<F, O>(expr: &Expr, program: &Program, facts: &mut F, observer: &mut O) -> Value
where
    F: Facts + ?Sized,
    O: Observer,
{
    // A question to the history alone is answered as quickly below, and when it is unknown only once.
    if !O::WATCHES
        && matches!(expr.ty, Type::YesNo)
        && !matches!(expr.kind, ExprKind::History(_))
        && let Some(yes) = quick(expr, program, facts)
    {
        return Value::YesNo(yes);
    }
    whole(expr, program, facts, observer)
}

/// Every node in its turn.
fn whole<F, O>(expr: &Expr, program: &Program, facts: &mut F, observer: &mut O) -> Value
where
    F: Facts + ?Sized,
    O: Observer,
{
    observer.enter(expr);
    let value = node(expr, program, facts, observer);
    observer.leave(expr, &value);
    value
}

/// What a condition says about an event. Only [`Held::Yes`] fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Certainly true.
    Yes,
    /// Certainly false.
    No,
    /// Not evaluable: these facts are missing.
    NotEvaluable(Vec<String>),
}

/// Whether a condition holds; a missing condition always does.
pub fn holds<F: Facts + ?Sized>(
    condition: Option<&Expr>,
    program: &Program,
    facts: &mut F,
) -> Held {
    match condition {
        None => Held::Yes,
        Some(expr) => eval(expr, program, facts, &mut NoObserver).into(),
    }
}

impl From<Value> for Held {
    fn from(value: Value) -> Self {
        match value.truth() {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::NotEvaluable(missing(&value)),
        }
    }
}

/// Between the names of several missing facts in one unknown value.
const AND: &str = ", ";

/// The facts an unknown value is missing; empty when it is known.
pub fn missing(value: &Value) -> Vec<String> {
    match value {
        Value::Unknown(names) => names.split(AND).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Two unknowns in one, each missing fact named once.
fn join(first: Option<Value>, second: Value) -> Value {
    let (Some(Value::Unknown(a)), Value::Unknown(b)) = (&first, &second) else {
        return second;
    };
    let mut names: Vec<&str> = a.split(AND).collect();
    for name in b.split(AND) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Value::Unknown(names.join(AND).into())
}

/// An operand; constants are borrowed instead of cloned.
fn operand<'e, F, O>(
    expr: &'e Expr,
    program: &Program,
    facts: &mut F,
    observer: &mut O,
) -> Cow<'e, Value>
where
    F: Facts + ?Sized,
    O: Observer,
{
    if let ExprKind::Const(value) = &expr.kind {
        observer.enter(expr);
        observer.leave(expr, value);
        return Cow::Borrowed(value);
    }
    Cow::Owned(whole(expr, program, facts, observer))
}

fn node<F, O>(expr: &Expr, program: &Program, facts: &mut F, observer: &mut O) -> Value
where
    F: Facts + ?Sized,
    O: Observer,
{
    match &expr.kind {
        ExprKind::Const(value) => value.clone(),
        ExprKind::Field(id) => facts.field(*id),
        ExprKind::RowField(id) => facts.row_field(*id),
        ExprKind::Name(name) => facts.name(name),
        ExprKind::Let { value, .. } => whole(value, program, facts, observer),
        ExprKind::Not(inner) => match whole(inner, program, facts, observer) {
            Value::YesNo(yes) => Value::YesNo(!yes),
            unknown => unknown,
        },
        ExprKind::And(parts) => connect(parts, false, program, facts, observer),
        ExprKind::Or(parts) => connect(parts, true, program, facts, observer),
        ExprKind::Compare(op, left, right) => {
            if !O::WATCHES
                && !matches!(left.kind, ExprKind::History(_))
                && let Some(yes) = at_hand(*op, left, right, program, facts)
            {
                return Value::YesNo(yes);
            }
            let left = operand(left, program, facts, observer);
            let right = operand(right, program, facts, observer);
            compare(*op, &left, &right)
        }
        ExprKind::Arith(op, left, right) => {
            let left = operand(left, program, facts, observer);
            let right = operand(right, program, facts, observer);
            arith(*op, &left, &right)
        }
        ExprKind::InList {
            item,
            list,
            negated,
        } => {
            let item = operand(item, program, facts, observer);
            match program.lists.get(list.0 as usize) {
                Some(list) => match list.contains(&item) {
                    Some(found) => Value::YesNo(found != *negated),
                    None => item.into_owned(),
                },
                None => Value::unknown("list"),
            }
        }
        ExprKind::InValues {
            item,
            values,
            negated,
        } => {
            if !O::WATCHES
                && let Some(found) = among_constants(item, values, facts)
            {
                return Value::YesNo(found != *negated);
            }
            let item = operand(item, program, facts, observer);
            let mut unknown = (!item.is_known()).then(|| item.clone().into_owned());
            let mut found = false;
            for value in values {
                if found || !item.is_known() {
                    observer.skip(value);
                    continue;
                }
                let value = operand(value, program, facts, observer);
                match member(&item, &value) {
                    Value::YesNo(yes) => found = yes,
                    other => unknown = Some(join(unknown.take(), other)),
                }
            }
            match unknown {
                Some(unknown) if !found => unknown,
                _ => Value::YesNo(found != *negated),
            }
        }
        ExprKind::IsKnown { inner, known } => {
            Value::YesNo(whole(inner, program, facts, observer).is_known() == *known)
        }
        ExprKind::Otherwise(first, second) => {
            let value = whole(first, program, facts, observer);
            if value.is_known() {
                observer.skip(second);
                value
            } else {
                whole(second, program, facts, observer)
            }
        }
        ExprKind::Call(function, args) => {
            if !O::WATCHES
                && let Some(yes) = within(*function, args, facts)
            {
                return Value::YesNo(yes);
            }
            let args: Vec<Value> = args
                .iter()
                .map(|arg| whole(arg, program, facts, observer))
                .collect();
            call(*function, &args)
        }
        ExprKind::History(id) => {
            let Some(query) = program.queries.get(id.0 as usize) else {
                return Value::unknown("history");
            };
            if !O::WATCHES
                && let Some(value) = facts.at_hand(query)
            {
                return value;
            }
            let value = query
                .value
                .as_ref()
                .map(|value| whole(value, program, facts, observer));
            let answer = facts.history(query, value.as_ref(), program);
            observer.history(expr, &answer);
            if O::WATCHES && answer.rows > 0 {
                observer.used(expr, facts.history_used(query, value.as_ref(), program));
            }
            answer.value
        }
        ExprKind::Trusted(machine) => {
            let machine = whole(machine, program, facts, observer);
            Value::YesNo(machine.is_known() && facts.trusted(&machine))
        }
    }
}

/// And (`decisive` no) and or (`decisive` yes) after Kleene.
fn connect<F, O>(
    parts: &[Expr],
    decisive: bool,
    program: &Program,
    facts: &mut F,
    observer: &mut O,
) -> Value
where
    F: Facts + ?Sized,
    O: Observer,
{
    let mut unknown: Option<Value> = None;
    for (index, part) in parts.iter().enumerate() {
        match whole(part, program, facts, observer) {
            Value::YesNo(yes) if yes == decisive => {
                for rest in &parts[index + 1..] {
                    observer.skip(rest);
                }
                return Value::YesNo(decisive);
            }
            Value::YesNo(_) => {}
            other => unknown = Some(join(unknown.take(), other)),
        }
    }
    unknown.unwrap_or(Value::YesNo(!decisive))
}
