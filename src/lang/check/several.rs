//! One thing compared with several values at once, as it is said: `login.city == "北京" or "上海"`.

use crate::lang::diagnostics::Diagnostic;
use crate::lang::span::Span;
use crate::lang::syntax::ast;

use super::Checker;
use super::codes as c;
use super::report::w;

/// Values of one comparison.
const MAX_VALUES: usize = 64;

impl Checker<'_> {
    /// Reports `x == "a" or "b" and c`, whichever way `and` and `or` are mixed, and gives the parts that are
    /// conditions of their own.
    pub(super) fn several_among<'e>(
        &mut self,
        op: ast::BinaryOp,
        left: &'e ast::Expr,
        right: &'e ast::Expr,
    ) -> Option<Vec<&'e ast::Expr>> {
        let mut parts = Vec::new();
        flatten(left, &mut parts);
        let second = parts.len();
        flatten(right, &mut parts);
        parts.get_mut(second)?.0 = Some(op);
        let compared = |part: &ast::Expr| match &part.kind {
            ast::ExprKind::Binary {
                op, left, right, ..
            } if is_asked(left) && is_literal(right) => match op {
                ast::BinaryOp::Equal => Some((ast::BinaryOp::Or, "")),
                ast::BinaryOp::NotEqual => Some((ast::BinaryOp::And, "not ")),
                _ => None,
            },
            _ => None,
        };
        let (from, joined, not) = parts.iter().enumerate().find_map(|(at, (_, part))| {
            let (joined, not) = compared(part)?;
            let (op, next) = parts.get(at + 1)?;
            (*op == Some(joined) && is_literal(next)).then_some((at, joined, not))
        })?;
        let values = parts[from + 1..].iter();
        let count = values
            .take_while(|(op, part)| *op == Some(joined) && is_literal(part))
            .count();
        // All of them alike is told elsewhere.
        if count + 1 == parts.len() || count > MAX_VALUES {
            return None;
        }
        let last = parts[from + count].1;
        let ast::ExprKind::Binary {
            left: item,
            right: value,
            ..
        } = &parts[from].1.kind
        else {
            return None;
        };
        let written = |expr: &ast::Expr| self.sources.slice(expr.span).trim().to_owned();
        let others = parts[from + 1..=from + count].iter().map(|(_, part)| *part);
        let listed: Vec<String> = std::iter::once(&**value)
            .chain(others)
            .map(written)
            .collect();
        let by = format!("{} {not}in [{}]", written(item), listed.join(", "));
        self.not_one_by_one(parts[from + 1].1.span, parts[from].1.span.to(last.span), by);
        let rest = parts.iter().enumerate();
        let rest = rest.filter(|(at, _)| *at < from || *at > from + count);
        Some(rest.map(|(_, (_, part))| *part).collect())
    }

    fn not_one_by_one(&mut self, place: Span, whole: Span, by: String) {
        self.report.push(
            Diagnostic::error(
                c::WRONG_TYPE,
                w(
                    "和几个值比，写成列表",
                    "what is compared with several values takes a list",
                ),
                place,
                w("这里要一个条件", "a condition is wanted here"),
            )
            .with_guess(
                w(format!("写成 `{by}`"), format!("write `{by}`")),
                whole,
                by,
            ),
        );
    }

    /// Reports `x == "a" or "b"` and `x != "a" and "b"`, and says whether that stands here.
    pub(super) fn several_values(
        &mut self,
        op: ast::BinaryOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> bool {
        let mut values = vec![right];
        let mut first = left;
        while let ast::ExprKind::Binary {
            op: inner,
            left,
            right,
            ..
        } = &first.kind
        {
            if *inner != op || values.len() > MAX_VALUES {
                break;
            }
            values.push(right);
            first = left;
        }
        let ast::ExprKind::Binary {
            op: compared,
            left: item,
            right: value,
            ..
        } = &first.kind
        else {
            return false;
        };
        let equal = match compared {
            ast::BinaryOp::Equal => true,
            ast::BinaryOp::NotEqual => false,
            _ => return false,
        };
        values.push(value);
        if !is_asked(item) || !values.iter().all(|value| is_literal(value)) {
            return false;
        }
        values.reverse();
        let written = |expr: &ast::Expr| self.sources.slice(expr.span).trim().to_owned();
        let listed: Vec<String> = values.iter().map(|value| written(value)).collect();
        let not = if equal { "" } else { "not " };
        let by = format!("{} {not}in [{}]", written(item), listed.join(", "));
        let place = values[1].span;
        self.not_one_by_one(place, first.span.to(span), by);
        true
    }
}

/// What stands between the `and`s and `or`s of an expression, each with what joins it to the one before.
fn flatten<'e>(expr: &'e ast::Expr, parts: &mut Vec<(Option<ast::BinaryOp>, &'e ast::Expr)>) {
    match &expr.kind {
        ast::ExprKind::Binary {
            op: op @ (ast::BinaryOp::And | ast::BinaryOp::Or),
            left,
            right,
            ..
        } => {
            flatten(left, parts);
            let at = parts.len();
            flatten(right, parts);
            if let Some(part) = parts.get_mut(at) {
                part.0 = Some(*op);
            }
        }
        _ => parts.push((None, expr)),
    }
}

fn is_literal(value: &ast::Expr) -> bool {
    matches!(
        value.kind,
        ast::ExprKind::Text(_) | ast::ExprKind::Number { .. }
    )
}

fn is_asked(item: &ast::Expr) -> bool {
    matches!(
        item.kind,
        ast::ExprKind::Path(_) | ast::ExprKind::Call { .. }
    )
}
