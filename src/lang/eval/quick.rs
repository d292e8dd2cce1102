//! The short way to a certain yes or no, while nobody watches: facts are compared where they lie, no
//! value is made, nothing is counted or copied.
//!
//! It answers only what the evaluator would: `None` says nothing at all, and the whole is evaluated. A
//! part that cannot be told here leaves its `and` open unless another part is certainly false, which
//! decides it whatever the rest is (Kleene), and the same the other way round for `or`.

use crate::lang::program::{CompareOp, Expr, ExprKind, Function, Program, QueryId};
use crate::lang::value::{Value, View};

use super::compare::{among, compared};
use super::facts::Facts;
use super::functions::{metres_between, speed_between};

/// What a condition certainly is.
pub(super) fn quick<F>(expr: &Expr, program: &Program, facts: &mut F) -> Option<bool>
where
    F: Facts + ?Sized,
{
    match &expr.kind {
        ExprKind::Compare(op, left, right) => at_hand(*op, left, right, program, facts),
        ExprKind::History(id) => answered(*id, program, facts)?.truth(),
        ExprKind::Field(id) => facts.yes_no(*id),
        ExprKind::RowField(id) => match &facts.row_view(*id) {
            Some(View::YesNo(yes)) => Some(*yes),
            _ => None,
        },
        ExprKind::Not(inner) => match &inner.kind {
            ExprKind::Field(id) => facts.yes_no(*id).map(|yes| !yes),
            _ => quick(inner, program, facts).map(|yes| !yes),
        },
        ExprKind::And(parts) => connect(parts, false, program, facts),
        ExprKind::Or(parts) => connect(parts, true, program, facts),
        ExprKind::Let { value, .. } => quick(value, program, facts),
        ExprKind::InList {
            item,
            list,
            negated,
        } => {
            let list = program.lists.get(list.0 as usize)?;
            let found = list.contains_seen(lies(item, facts)?)?;
            Some(found != *negated)
        }
        ExprKind::InValues {
            item,
            values,
            negated,
        } => among_constants(item, values, facts).map(|found| found != *negated),
        ExprKind::Call(function, args) => within(*function, args, facts),
        ExprKind::IsKnown { inner, known } => lies(inner, facts).map(|_| *known),
        ExprKind::Const(Value::YesNo(yes)) => Some(*yes),
        _ => None,
    }
}

fn connect<F>(parts: &[Expr], decisive: bool, program: &Program, facts: &mut F) -> Option<bool>
where
    F: Facts + ?Sized,
{
    let mut open = false;
    for part in parts {
        // The commonest parts without a call.
        let part = match &part.kind {
            ExprKind::Compare(op, left, right) => at_hand(*op, left, right, program, facts),
            _ => quick(part, program, facts),
        };
        match part {
            Some(yes) if yes == decisive => return Some(decisive),
            Some(_) => {}
            None => open = true,
        }
    }
    (!open).then_some(!decisive)
}

/// A known field, answer of the history or way between two logins against a constant, compared where
/// they lie. Nobody watches, so no field needs to become a [`Value`]: that would cost a counted
/// reference for every text.
#[inline]
pub(super) fn at_hand<F>(
    op: CompareOp,
    left: &Expr,
    right: &Expr,
    program: &Program,
    facts: &mut F,
) -> Option<bool>
where
    F: Facts + ?Sized,
{
    let ExprKind::Const(constant) = &right.kind else {
        return None;
    };
    match &left.kind {
        // The two most frequent kinds, without a step between.
        ExprKind::Field(id) => match (constant, op) {
            (Value::Number(b), _) => return ordered(op, facts.number(*id)?, *b),
            (Value::Text(b), CompareOp::Equal) => return Some(*facts.characters(*id)? == **b),
            (Value::Text(b), CompareOp::NotEqual) => return Some(*facts.characters(*id)? != **b),
            _ => {}
        },
        ExprKind::History(id) => {
            let value = answered(*id, program, facts)?;
            return against(op, &value.view(), constant);
        }
        ExprKind::Call(function, args) => {
            return against(op, &apart(*function, args, facts), constant);
        }
        _ => {}
    }
    // Looked at where it was put: taking it out copies bytes of every kind it might have been.
    against(op, &lies(left, facts), constant)
}

#[inline]
fn against(op: CompareOp, seen: &Option<View<'_>>, constant: &Value) -> Option<bool> {
    // The two most frequent kinds first; the general comparison knows all of them.
    match (seen, constant) {
        (None, _) => return None,
        (Some(View::Number(a)), Value::Number(b)) => return ordered(op, *a, *b),
        (Some(View::Characters(a)), Value::Text(b)) => match op {
            CompareOp::Equal => return Some(**a == **b),
            CompareOp::NotEqual => return Some(**a != **b),
            _ => {}
        },
        _ => {}
    }
    compared(op, (*seen)?, constant.view()?)
}

/// Two numbers compared; `None` when one is none, which is not decided here.
#[inline]
fn ordered(op: CompareOp, a: f64, b: f64) -> Option<bool> {
    if a.is_nan() || b.is_nan() {
        return None;
    }
    Some(match op {
        CompareOp::Equal => a == b,
        CompareOp::NotEqual => a != b,
        CompareOp::Less => a < b,
        CompareOp::LessEqual => a <= b,
        CompareOp::Greater => a > b,
        CompareOp::GreaterEqual => a >= b,
    })
}

/// The answer to a question to the history, when the host has it at hand.
#[inline]
fn answered<F>(id: QueryId, program: &Program, facts: &mut F) -> Option<Value>
where
    F: Facts + ?Sized,
{
    facts.at_hand(program.queries.get(id.0 as usize)?)
}

/// `distance` and `speed` of two logins whose coordinates the host has at hand. The second one is
/// looked at first: mostly it is the present login, which costs no history.
fn apart<F>(function: Function, args: &[Expr], facts: &mut F) -> Option<View<'static>>
where
    F: Facts + ?Sized,
{
    let (Function::Distance | Function::Speed, [from, to]) = (function, args) else {
        return None;
    };
    let (ExprKind::Field(from), ExprKind::Field(to)) = (&from.kind, &to.kind) else {
        return None;
    };
    let (to, from) = (facts.spot(*to)?, facts.spot(*from)?);
    Some(match function {
        Function::Distance => View::Distance(metres_between(from, to)?),
        _ => View::Speed(speed_between(from, to)?),
    })
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
pub(super) fn among_constants<F>(item: &Expr, values: &[Expr], facts: &mut F) -> Option<bool>
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
pub(super) fn within<F>(function: Function, args: &[Expr], facts: &mut F) -> Option<bool>
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
