//! Names that not every alternative of a trigger brings, and conditions that tell which it was: where
//! `amount is known` stands beside it, a comparison of `amount` is never unknown.

use std::collections::BTreeSet;

use crate::lang::program::{Expr, Name};
use crate::lang::span::Span;
use crate::lang::syntax::ast;

use super::Checker;
use super::scope::Scope;
use super::without::Without;

impl Checker<'_> {
    /// Where a part of an `and` (or, not holding, of an `or`) is looked at: the alternatives that the other parts
    /// rule out are not behind it. `before` is checked already, `behind` is not.
    pub(super) fn beside<'s>(
        &self,
        scope: &Scope<'s>,
        before: &[Expr],
        behind: Option<&ast::Expr>,
        op: ast::BinaryOp,
    ) -> Option<Scope<'s>> {
        if scope
            .locals
            .values()
            .all(|local| local.missing_in.is_empty())
        {
            return None;
        }
        let yes = op == ast::BinaryOp::And;
        let mut inner = scope.clone();
        for part in before {
            self.rule_out(&mut inner, part, yes);
        }
        if let Some(behind) = behind {
            let known = said_known(behind, yes);
            // A name that nothing brings is the mistake, and may be any of them.
            let brought = |name: &&str| {
                inner.locals.contains_key(*name) || self.variables.contains_key(*name)
            };
            if !known.iter().all(brought) {
                for local in inner.locals.values_mut() {
                    local.missing_in.clear();
                }
                return Some(inner);
            }
            let out: Vec<Span> = known
                .iter()
                .filter_map(|name| inner.locals.get(*name))
                .flat_map(|local| local.missing_in.iter().copied())
                .collect();
            drop_all(&mut inner, &out);
        }
        Some(inner)
    }

    /// Drops the alternatives whose missing names keep the condition from holding; `yes` false: that make it hold.
    pub(super) fn rule_out(&self, scope: &mut Scope<'_>, condition: &Expr, yes: bool) {
        let all: BTreeSet<Span> = scope
            .locals
            .values()
            .flat_map(|local| local.missing_in.iter().copied())
            .collect();
        let mut out = Vec::new();
        for alternative in all {
            let lacks = |name: &Name| match name {
                Name::Capture(name) => scope
                    .locals
                    .get(name)
                    .is_some_and(|local| local.missing_in.contains(&alternative)),
                _ => false,
            };
            let without = Without {
                name: &lacks,
                account: false,
                registry: self.registry,
            };
            let never = match yes {
                true => !without.may_hold(condition),
                false => without.holds(condition),
            };
            if never {
                out.push(alternative);
            }
        }
        drop_all(scope, &out);
    }
}

fn drop_all(scope: &mut Scope<'_>, alternatives: &[Span]) {
    for local in scope.locals.values_mut() {
        local.missing_in.retain(|span| !alternatives.contains(span));
    }
}

/// Names that have a value when the condition is not no (`yes`), or not yes. `is known` is never unknown itself,
/// and only what is made of it is looked at.
fn said_known(expr: &ast::Expr, yes: bool) -> BTreeSet<&str> {
    use ast::BinaryOp as B;
    match &expr.kind {
        ast::ExprKind::Group(inner) => said_known(inner, yes),
        ast::ExprKind::Not(inner) => said_known(inner, !yes),
        ast::ExprKind::IsKnown { inner, known } if *known == yes => {
            single(inner).into_iter().collect()
        }
        ast::ExprKind::Binary {
            op, left, right, ..
        } if matches!(op, B::And | B::Or) => {
            let (left, right) = (said_known(left, yes), said_known(right, yes));
            let each = (*op == B::And) == yes;
            match each {
                true => left.union(&right).copied().collect(),
                false => left.intersection(&right).copied().collect(),
            }
        }
        _ => BTreeSet::new(),
    }
}

fn single(expr: &ast::Expr) -> Option<&str> {
    match &expr.kind {
        ast::ExprKind::Path(path) => match path.parts.as_slice() {
            [name] => Some(&name.name),
            _ => None,
        },
        ast::ExprKind::Group(inner) => single(inner),
        _ => None,
    }
}
