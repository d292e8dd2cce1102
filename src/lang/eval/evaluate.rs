//! The evaluator.

use std::borrow::Cow;

use crate::lang::program::{CompareOp, Expr, ExprKind, Function, Program};
use crate::lang::value::{Value, View};

use super::arith::arith;
use super::compare::{among, compare, compared, member};
use super::facts::{Facts, NoObserver, Observer};
use super::functions::call;

/// Evaluates an expression. `And` stops at the first certain no and `Or` at the first certain yes;
/// an unknown operand decides neither.
pub fn eval<F, O>(expr: &Expr, program: &Program, facts: &mut F, observer: &mut O) -> Value
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
    Cow::Owned(eval(expr, program, facts, observer))
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
        ExprKind::Let { value, .. } => eval(value, program, facts, observer),
        ExprKind::Not(inner) => match eval(inner, program, facts, observer) {
            Value::YesNo(yes) => Value::YesNo(!yes),
            unknown => unknown,
        },
        ExprKind::And(parts) => connect(parts, false, program, facts, observer),
        ExprKind::Or(parts) => connect(parts, true, program, facts, observer),
        ExprKind::Compare(op, left, right) => {
            if !O::WATCHES
                && let Some(yes) = at_hand(*op, left, right, facts)
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
            Value::YesNo(eval(inner, program, facts, observer).is_known() == *known)
        }
        ExprKind::Otherwise(first, second) => {
            let value = eval(first, program, facts, observer);
            if value.is_known() {
                observer.skip(second);
                value
            } else {
                eval(second, program, facts, observer)
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
                .map(|arg| eval(arg, program, facts, observer))
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
                .map(|value| eval(value, program, facts, observer));
            let answer = facts.history(query, value.as_ref(), program);
            observer.history(expr, &answer);
            if O::WATCHES && answer.rows > 0 {
                observer.used(expr, facts.history_used(query, value.as_ref(), program));
            }
            answer.value
        }
        ExprKind::Trusted(machine) => {
            let machine = eval(machine, program, facts, observer);
            Value::YesNo(machine.is_known() && facts.trusted(&machine))
        }
    }
}

/// A known field against a constant, compared where they lie. Nobody watches, so nothing needs to
/// become a [`Value`]: that would cost a counted reference for every text.
#[inline]
fn at_hand<F>(op: CompareOp, left: &Expr, right: &Expr, facts: &mut F) -> Option<bool>
where
    F: Facts + ?Sized,
{
    let ExprKind::Const(constant) = &right.kind else {
        return None;
    };
    compared(op, lies(left, facts)?, constant.view()?)
}

/// A field where it lies, when the host has it at hand.
#[inline]
fn lies<'f, F>(expr: &Expr, facts: &'f mut F) -> Option<View<'f>>
where
    F: Facts + ?Sized,
{
    match &expr.kind {
        ExprKind::Field(id) => facts.view(*id),
        ExprKind::RowField(id) => facts.row_view(*id),
        _ => None,
    }
}

/// `login.city in ["北京", "上海"]`, all constants, in the same way.
fn among_constants<F>(item: &Expr, values: &[Expr], facts: &mut F) -> Option<bool>
where
    F: Facts + ?Sized,
{
    let item = lies(item, facts)?;
    let mut found = false;
    for value in values {
        let ExprKind::Const(constant) = &value.kind else {
            return None;
        };
        found = found || among(item, constant.view()?)?;
    }
    Some(found)
}

/// `contains` and `starts` of a known text and a constant, in the same way.
fn within<F>(function: Function, args: &[Expr], facts: &mut F) -> Option<bool>
where
    F: Facts + ?Sized,
{
    let (Function::Contains | Function::Starts, [text, part]) = (function, args) else {
        return None;
    };
    let ExprKind::Const(part) = &part.kind else {
        return None;
    };
    let (View::Characters(text), View::Characters(part)) = (lies(text, facts)?, part.view()?)
    else {
        return None;
    };
    Some(match function {
        Function::Contains => text.contains(part),
        _ => text.starts_with(part),
    })
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
        match eval(part, program, facts, observer) {
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
