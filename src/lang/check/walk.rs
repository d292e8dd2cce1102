//! Walking over checked expressions and blocks.

use crate::lang::program::{Action, ActionKind, Block, Expr, ExprKind, HistoryQuery};

/// Calls `see` with every node, outer ones first, `let`s and history filters included.
pub(in crate::lang) fn nodes(expr: &Expr, queries: &[HistoryQuery], see: &mut dyn FnMut(&Expr)) {
    see(expr);
    let mut go = |inner: &Expr| nodes(inner, queries, see);
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Field(_) | ExprKind::RowField(_) | ExprKind::Name(_) => {}
        ExprKind::Let { value, .. } => go(value),
        ExprKind::Not(inner) | ExprKind::IsKnown { inner, .. } | ExprKind::Trusted(inner) => {
            go(inner)
        }
        ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::Call(_, parts) => {
            parts.iter().for_each(go);
        }
        ExprKind::Compare(_, a, b) | ExprKind::Arith(_, a, b) | ExprKind::Otherwise(a, b) => {
            go(a);
            go(b);
        }
        ExprKind::InList { item, .. } => go(item),
        ExprKind::InValues { item, values, .. } => {
            go(item);
            values.iter().for_each(go);
        }
        ExprKind::History(id) => {
            if let Some(query) = queries.get(id.0 as usize) {
                query.value.iter().for_each(&mut go);
                query.filter.iter().for_each(&mut go);
                if let Some(sequence) = &query.sequence {
                    sequence.first_is.iter().for_each(&mut go);
                    sequence.second_is.iter().for_each(&mut go);
                }
            }
        }
    }
}

/// Calls `see` with every field, name and history question.
pub(in crate::lang) fn leaves(expr: &Expr, queries: &[HistoryQuery], see: &mut dyn FnMut(&Expr)) {
    nodes(expr, queries, &mut |node| {
        if matches!(
            node.kind,
            ExprKind::Field(_) | ExprKind::RowField(_) | ExprKind::Name(_) | ExprKind::History(_)
        ) {
            see(node);
        }
    });
}

/// How many nodes it has, without those of history filters.
pub(in crate::lang) fn size(expr: &Expr) -> usize {
    let mut count = 0;
    nodes(expr, &[], &mut |_| count += 1);
    count
}

/// Whether it asks the history anything.
pub(in crate::lang) fn has_history(expr: &Expr) -> bool {
    let mut found = false;
    nodes(expr, &[], &mut |node| {
        found |= matches!(node.kind, ExprKind::History(_))
    });
    found
}

/// Calls `see` with every action of a block and of the answers inside it.
pub(in crate::lang) fn actions<'a>(block: &'a Block, see: &mut dyn FnMut(&'a Action)) {
    for action in &block.actions {
        see(action);
        for arm in &action.outcomes {
            actions(&arm.block, see);
        }
    }
}

/// Whether a block holds an action of this kind.
pub(in crate::lang) fn has(block: &Block, wanted: impl Fn(&ActionKind) -> bool) -> bool {
    let mut found = false;
    actions(block, &mut |action| found |= wanted(&action.kind));
    found
}
