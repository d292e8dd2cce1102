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
        let literal = |value: &&ast::Expr| {
            matches!(
                value.kind,
                ast::ExprKind::Text(_) | ast::ExprKind::Number { .. }
            )
        };
        let path = matches!(
            item.kind,
            ast::ExprKind::Path(_) | ast::ExprKind::Call { .. }
        );
        values.push(value);
        if !path || !values.iter().all(literal) {
            return false;
        }
        values.reverse();
        let written = |expr: &ast::Expr| self.sources.slice(expr.span).trim().to_owned();
        let listed: Vec<String> = values.iter().map(|value| written(value)).collect();
        let not = if equal { "" } else { "not " };
        let by = format!("{} {not}in [{}]", written(item), listed.join(", "));
        let place = values[1].span;
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
                first.span.to(span),
                by,
            ),
        );
        true
    }
}
