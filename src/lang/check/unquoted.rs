//! Values that were written as texts: `let usual = "90 days"`, `login.asn in ["4134"]`, `weight "40"`; and texts that
//! were written as names: `weight forty`.

use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{Expr, ExprKind};
use crate::lang::span::Span;
use crate::lang::syntax::ast;
use crate::lang::value::{Type, Value};

use super::Checker;
use super::codes as c;
use super::literal::constant;
use super::report::w;

impl Checker<'_> {
    /// What a text says that is a value of `ty` without its quotes.
    fn bare(&self, text: &str, ty: &Type) -> Option<String> {
        let text = text.trim();
        let digits = |c: char| c.is_ascii_digit() || c == '.';
        let number = text
            .trim_start_matches('-')
            .trim_end_matches(|c| !digits(c));
        if number.is_empty() || !number.chars().all(digits) || number.parse::<f64>().is_err() {
            return None;
        }
        let unit = text.trim_start_matches('-')[number.len()..].trim();
        let fits = match (unit, ty) {
            ("", Type::Number) => true,
            ("", _) => false,
            (unit, ty) => self.registry.unit(unit).is_some_and(|unit| unit.ty == *ty),
        };
        fits.then(|| text.to_owned())
    }

    /// Adds to what was said of `expr`, a text where `ty` is wanted, how its value is written.
    pub(super) fn without_quotes(&mut self, expr: &Expr, ty: &Type) {
        let Some(Value::Text(text)) = constant(expr) else {
            return;
        };
        let Some(by) = self.bare(&text, ty) else {
            return;
        };
        let place = match &expr.kind {
            ExprKind::Let { value, .. } => value.span,
            _ => expr.span,
        };
        self.report.amend(c::WRONG_TYPE, |found| {
            let here = found.primary.span == expr.span
                || found.secondary.iter().any(|label| label.span == expr.span);
            if !here || !found.fixes.is_empty() {
                return found;
            }
            let found = match place == expr.span {
                true => found,
                false => found.with_label(place, w("这里不用引号", "no quotes here")),
            };
            found.with_guess(
                w(
                    format!("去掉引号，写成 `{by}`"),
                    format!("without quotes: `{by}`"),
                ),
                place,
                by.clone(),
            )
        });
    }

    /// Reports a list in place of texts where numbers are wanted, as one mistake.
    pub(super) fn quoted_entries(&mut self, entries: &[ast::Expr], ty: &Type) -> bool {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return false;
        };
        let bare = |entry: &ast::Expr| match &entry.kind {
            ast::ExprKind::Text(text) => match text.parts.as_slice() {
                [ast::TextPart::Literal { value, .. }] => self.bare(value, ty),
                _ => None,
            },
            _ => None,
        };
        let values: Option<Vec<String>> = entries.iter().map(bare).collect();
        let Some(values) = values.filter(|_| entries.len() > 1) else {
            return false;
        };
        let by = values.join(", ");
        let all = Span {
            end: last.span.end,
            ..first.span
        };
        self.report.push(
            Diagnostic::error(
                c::WRONG_TYPE,
                w(format!("这里要{ty:#}"), format!("{ty} is wanted here")),
                all,
                w("这些是文字", "these are texts"),
            )
            .with_guess(
                w(
                    format!("去掉引号，写成 `{by}`"),
                    format!("without quotes: `{by}`"),
                ),
                all,
                by,
            ),
        );
        true
    }

    /// Reports `weight forty`: a word that nothing defines where a number stands.
    pub(super) fn weight_in_words(&mut self, weight: &ast::Expr) -> bool {
        let ast::ExprKind::Path(path) = &weight.kind else {
            return false;
        };
        let [name] = path.parts.as_slice() else {
            return false;
        };
        let known = self.items.values.contains_key(name.name.as_str())
            || self.items.poisoned.contains(name.name.as_str());
        if known {
            return false;
        }
        let text = &name.name;
        self.report.push(
            Diagnostic::error(
                c::WRONG_TYPE,
                w("`weight` 后面写一个数", "`weight` takes a number"),
                name.span,
                w(format!("`{text}` 不是数"), format!("`{text}` is no number")),
            )
            .with_help(w(
                "例如 `weight 40`：信号成立时 `suspicion` 加上它",
                "for example `weight 40`: what `suspicion` grows by when the signal fires",
            )),
        );
        true
    }

    /// `known(login.city)`: what is asked of a value behind it here.
    pub(super) fn asked_as_function(
        &mut self,
        name: &ast::Ident,
        args: &[ast::Arg],
        span: Span,
    ) -> bool {
        let known = match name.name.as_str() {
            "known" | "is_known" | "isKnown" | "exists" | "has" | "defined" | "not_null"
            | "is_set" => true,
            "unknown" | "is_unknown" | "isUnknown" | "is_null" | "isnull" | "isNull" | "empty"
            | "is_empty" | "missing" => false,
            _ => return false,
        };
        let [arg] = args else {
            return false;
        };
        let value = self.sources.slice(arg.value.span).trim();
        let word = if known { "known" } else { "unknown" };
        let by = format!("{value} is {word}");
        self.report.push(
            Diagnostic::error(
                c::UNKNOWN_FUNCTION,
                w(
                    format!("没有 `{}` 这个函数：有没有值用 `is` 问", name.name),
                    format!(
                        "there is no function `{}`: whether there is a value is asked with `is`",
                        name.name
                    ),
                ),
                span,
                w(format!("应是 `{by}`"), format!("should be `{by}`")),
            )
            .with_guess(w(format!("写成 `{by}`"), format!("write `{by}`")), span, by),
        );
        true
    }
}
