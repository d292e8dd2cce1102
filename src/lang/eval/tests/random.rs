//! Random conditions over random facts: watched and unwatched evaluation agree, and both with a
//! definition that takes no short cut.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::lang::eval::testing::*;
use crate::lang::eval::*;
use crate::lang::program::*;
use crate::lang::span::{FileId, Span};
use crate::lang::value::Value;

/// Expressions over yes/no and numbers with every form that decides something, each node with a
/// span of its own.
fn conditions() -> impl Strategy<Value = Expr> {
    let number = prop_oneof![
        (-3i8..4).prop_map(|n| constant(Value::Number(f64::from(n)))),
        (0u16..4).prop_map(field),
    ];
    let number = number.prop_recursive(2, 8, 2, |inner| {
        prop_oneof![
            (0usize..4, inner.clone(), inner.clone()).prop_map(|(op, a, b)| {
                let ops = [
                    ArithOp::Add,
                    ArithOp::Subtract,
                    ArithOp::Multiply,
                    ArithOp::Divide,
                ];
                expr(ExprKind::Arith(ops[op], Box::new(a), Box::new(b)))
            }),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| expr(ExprKind::Otherwise(Box::new(a), Box::new(b)))),
            prop::collection::vec(inner, 1..3)
                .prop_map(|args| expr(ExprKind::Call(Function::Max, args))),
        ]
    });
    let leaf = (0usize..6, number.clone(), number.clone()).prop_map(|(op, a, b)| {
        let ops = [
            CompareOp::Equal,
            CompareOp::NotEqual,
            CompareOp::Less,
            CompareOp::LessEqual,
            CompareOp::Greater,
            CompareOp::GreaterEqual,
        ];
        expr(ExprKind::Compare(ops[op], Box::new(a), Box::new(b)))
    });
    leaf.prop_recursive(4, 24, 3, move |inner| {
        prop_oneof![
            inner.clone().prop_map(|e| expr(ExprKind::Not(Box::new(e)))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|es| expr(ExprKind::And(es))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|es| expr(ExprKind::Or(es))),
            (inner.clone(), any::<bool>()).prop_map(|(e, known)| expr(ExprKind::IsKnown {
                inner: Box::new(e),
                known
            })),
            (
                number.clone(),
                prop::collection::vec(number.clone(), 0..3),
                any::<bool>()
            )
                .prop_map(|(item, values, negated)| expr(ExprKind::InValues {
                    item: Box::new(item),
                    values,
                    negated
                })),
            inner.prop_map(|e| expr(ExprKind::Let {
                name: "l".to_owned(),
                value: Box::new(e)
            })),
        ]
    })
}

/// Gives every node a span that covers its children's, and collects the nodes by it.
fn number_spans(expr: &mut Expr, next: &mut usize) {
    let start = *next;
    *next += 1;
    for child in children_mut(expr) {
        number_spans(child, next);
    }
    expr.span = Span::new(FileId(0), start, *next);
    *next += 1;
}

fn children_mut(expr: &mut Expr) -> Vec<&mut Expr> {
    match &mut expr.kind {
        ExprKind::Not(e) | ExprKind::IsKnown { inner: e, .. } | ExprKind::Let { value: e, .. } => {
            vec![e]
        }
        ExprKind::And(es) | ExprKind::Or(es) | ExprKind::Call(_, es) => es.iter_mut().collect(),
        ExprKind::Compare(_, a, b) | ExprKind::Arith(_, a, b) | ExprKind::Otherwise(a, b) => {
            vec![a, b]
        }
        ExprKind::InValues { item, values, .. } => std::iter::once(item.as_mut())
            .chain(values.iter_mut())
            .collect(),
        _ => vec![],
    }
}

fn nodes<'e>(expr: &'e Expr, out: &mut HashMap<Span, &'e Expr>) {
    out.insert(expr.span, expr);
    let mut children: Vec<&Expr> = Vec::new();
    match &expr.kind {
        ExprKind::Not(e) | ExprKind::IsKnown { inner: e, .. } | ExprKind::Let { value: e, .. } => {
            children.push(e)
        }
        ExprKind::And(es) | ExprKind::Or(es) | ExprKind::Call(_, es) => children.extend(es),
        ExprKind::Compare(_, a, b) | ExprKind::Arith(_, a, b) | ExprKind::Otherwise(a, b) => {
            children.extend([a.as_ref(), b.as_ref()]);
        }
        ExprKind::InValues { item, values, .. } => {
            children.push(item);
            children.extend(values);
        }
        _ => {}
    }
    for child in children {
        nodes(child, out);
    }
}

/// Truth without any short cut: the slow definition.
fn slow(expr: &Expr, facts: &mut TestFacts) -> Option<bool> {
    let program = empty_program();
    match &expr.kind {
        ExprKind::Not(e) => slow(e, facts).map(|yes| !yes),
        ExprKind::And(es) => {
            let all: Vec<_> = es.iter().map(|e| slow(e, facts)).collect();
            match () {
                () if all.contains(&Some(false)) => Some(false),
                () if all.contains(&None) => None,
                () => Some(true),
            }
        }
        ExprKind::Or(es) => {
            let all: Vec<_> = es.iter().map(|e| slow(e, facts)).collect();
            match () {
                () if all.contains(&Some(true)) => Some(true),
                () if all.contains(&None) => None,
                () => Some(false),
            }
        }
        ExprKind::Let { value, .. } => slow(value, facts),
        _ => eval(expr, &program, facts, &mut NoObserver).truth(),
    }
}

proptest! {
    /// Explain is eval: watching changes nothing, and every value shown is the value that was used.
    #[test]
    fn a_trace_tells_what_eval_did(
        condition in conditions(),
        known in prop::collection::vec(prop::option::of(-3i8..4), 4),
    ) {
        let mut condition = condition;
        number_spans(&mut condition, &mut 0);
        let program = empty_program();
        let mut facts = TestFacts::default();
        for (id, value) in known.iter().enumerate() {
            if let Some(n) = value {
                facts.fields.insert(id as u16, Value::Number(f64::from(*n)));
            }
        }
        let plain = eval(&condition, &program, &mut facts, &mut NoObserver);
        let mut trace = Trace::default();
        let watched = eval(&condition, &program, &mut facts, &mut trace);
        prop_assert_eq!(&plain, &watched);
        prop_assert_eq!(trace.result(), Some(&plain));
        prop_assert_eq!(plain.truth(), slow(&condition, &mut facts));
        let mut by_span = HashMap::new();
        nodes(&condition, &mut by_span);
        for step in &trace.steps {
            let node = by_span[&step.span];
            if let Some(seen) = &step.value {
                prop_assert_eq!(seen, &eval(node, &program, &mut facts, &mut NoObserver));
            }
        }
        let zone = TimeZone::UTC;
        prop_assert_eq!(
            why_not(&condition, &program, &trace, &zone).is_none(),
            plain.truth() == Some(true)
        );
    }
}
