//! Variables of a user: `remember` defines them, `forget` and paths use them.

use crate::lang::diagnostics::{Diagnostic, nearest};
use crate::lang::program::ActionKind;
use crate::lang::syntax::ast;
use crate::lang::value::Type;

use super::Checker;
use super::codes as c;
use super::report::w;
use super::scope::Scope;

/// How long `remember` keeps a value when it does not say: 30 days, in milliseconds.
const DEFAULT_REMEMBER: i64 = 30 * 86_400_000;

impl Checker<'_> {
    pub(super) fn remember(
        &mut self,
        name: &ast::Ident,
        value: &ast::Expr,
        lifetime: Option<&ast::Expr>,
        scope: &Scope<'_>,
    ) -> Option<ActionKind> {
        let checked = self.expr(value, scope);
        let lifetime = match lifetime {
            Some(lifetime) => self.duration(lifetime, "days"),
            None => Some(DEFAULT_REMEMBER),
        };
        if !self.capture_name(name) {
            return None;
        }
        let Some(lifetime) = lifetime.filter(|_| checked.ty != Type::Poison) else {
            // The name is there, whatever is wrong with its value.
            self.variables
                .entry(name.name.clone())
                .or_insert(super::Named {
                    ty: Type::Poison,
                    span: name.span,
                });
            return None;
        };
        if matches!(
            checked.ty,
            Type::Login | Type::Alert | Type::Code | Type::List(_) | Type::Place
        ) {
            self.wrong_type(&checked, "可以记住的值", "a value that can be kept");
            return None;
        }
        self.define_variable(name, &checked.ty);
        Some(ActionKind::Remember {
            name: name.name.clone(),
            value: checked,
            lifetime,
        })
    }

    pub(super) fn unknown_variable(&mut self, name: &ast::Ident) {
        let text = &name.name;
        let known = self.variables.keys().map(String::as_str);
        let mut error = Diagnostic::error(
            c::UNKNOWN_NAME,
            w(
                format!("没有 `remember` 过 `{text}`"),
                format!("no rule remembers `{text}`"),
            ),
            name.span,
            w("没有定义", "not defined"),
        );
        if let Some(near) = nearest(text, known) {
            error = error.with_guess(
                w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                name.span,
                near,
            );
        }
        self.report.push(error);
    }

    fn define_variable(&mut self, name: &ast::Ident, ty: &Type) {
        match self.variables.get(&name.name) {
            None => {
                let variable = super::Named {
                    ty: ty.clone(),
                    span: name.span,
                };
                self.variables.insert(name.name.clone(), variable);
            }
            Some(known) if known.ty != *ty && known.ty != Type::Poison => {
                let (text, before, place) = (&name.name, known.ty.clone(), known.span);
                self.report.push(
                    Diagnostic::error(
                        c::VARIABLE_TYPES,
                        w(
                            format!("`{text}` 两次记住的类型不同"),
                            format!("`{text}` is remembered with different types"),
                        ),
                        name.span,
                        w(format!("这里是{ty:#}"), format!("{ty} here")),
                    )
                    .with_label(
                        place,
                        w(format!("这里是{before:#}"), format!("{before} here")),
                    ),
                );
            }
            Some(_) => {}
        }
    }
}
