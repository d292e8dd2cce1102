//! `login.city == null`: what has no value is not compared, it `is unknown`.

use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::CompareOp;
use crate::lang::span::Span;
use crate::lang::syntax::ast;

use super::Checker;
use super::codes as c;
use super::report::w;
use super::scope::Scope;

/// What other languages call "no value".
const NOTHING: [&str; 8] = [
    "null",
    "nil",
    "none",
    "None",
    "NULL",
    "undefined",
    "空",
    "空值",
];

impl Checker<'_> {
    /// Reports a comparison with what other languages call "no value", if it is one.
    pub(super) fn compared_with_nothing(
        &mut self,
        op: CompareOp,
        left: &ast::Expr,
        right: &ast::Expr,
        scope: &Scope<'_>,
    ) -> bool {
        let nothing = |expr: &ast::Expr| match &expr.kind {
            ast::ExprKind::Path(path) => match path.parts.as_slice() {
                [name] => {
                    let name = name.name.as_str();
                    NOTHING.contains(&name)
                        && !scope.locals.contains_key(name)
                        && !self.items.values.contains_key(name)
                        && !self.items.poisoned.contains(name)
                        && !self.variables.contains_key(name)
                }
                _ => false,
            },
            _ => false,
        };
        let (value, word) = match (nothing(left), nothing(right)) {
            (false, true) => (left, right),
            (true, false) => (right, left),
            _ => return false,
        };
        let test = match op {
            CompareOp::NotEqual => "is known",
            _ => "is unknown",
        };
        let name = self.sources.slice(word.span).to_owned();
        let subject = self.sources.slice(value.span).to_owned();
        let mut found = Diagnostic::error(
            c::UNKNOWN_NAME,
            w(
                format!("没有 `{name}`：没有值用 `is unknown` 问"),
                format!("there is no `{name}`: ask with `is unknown` for what has no value"),
            ),
            word.span,
            w("没有定义", "not defined"),
        );
        // The test belongs to the name or call right before it.
        if matches!(
            value.kind,
            ast::ExprKind::Path(_) | ast::ExprKind::Call { .. }
        ) {
            let whole = Span {
                start: left.span.start,
                end: right.span.end,
                ..left.span
            };
            let fixed = format!("{subject} {test}");
            found = found.with_fix(
                w(format!("写成 `{fixed}`"), format!("write `{fixed}`")),
                whole,
                fixed,
            );
        }
        self.report.push(found);
        true
    }
}
