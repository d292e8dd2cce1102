//! Variables of a user: `remember` defines them, `forget` and paths use them.

use crate::lang::diagnostics::{Diagnostic, nearest};
use crate::lang::program::ActionKind;
use crate::lang::span::Span;
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
            self.broken_variable(name);
            self.untyped.push((name.clone(), value.span));
            return None;
        };
        if matches!(
            checked.ty,
            Type::Login | Type::Alert | Type::Code | Type::List(_) | Type::Place
        ) {
            self.wrong_type(&checked, "可以记住的值", "a value that can be kept");
            self.broken_variable(name);
            let span = checked.span;
            self.report.amend(c::WRONG_TYPE, |found| {
                match found.primary.span == span && checked.ty == Type::Code && found.help.is_empty() {
                    true => found.with_help(w(
                        "`digits(…)` 取出的当作验证码，从不留下；要记住的用 `word` 或 `number` 取",
                        "what `digits(…)` takes out may be a code and is never kept; what is to be remembered is taken out by `word` or `number`",
                    )),
                    false => found,
                }
            });
            return None;
        }
        self.define_variable(name, &checked.ty);
        Some(ActionKind::Remember {
            name: name.name.clone(),
            value: checked,
            lifetime,
        })
    }

    /// The name is there, whatever is wrong with its value.
    fn broken_variable(&mut self, name: &ast::Ident) {
        let broken = super::Named {
            ty: Type::Poison,
            span: name.span,
        };
        self.variables.entry(name.name.clone()).or_insert(broken);
    }

    /// Reports what is made from nothing but itself: `remember times = times + 1` and no other value of it. It is
    /// the only mistake then that leaves a value without a type and was not told where it is.
    pub(super) fn endless_variables(&mut self) {
        for (name, value) in std::mem::take(&mut self.untyped) {
            let known = self.variables.get(&name.name);
            if known.is_some_and(|known| known.ty == Type::Poison) && !self.report.has_errors() {
                self.only_from_itself(&name, value);
            }
        }
    }

    fn only_from_itself(&mut self, name: &ast::Ident, value: Span) {
        let text = &name.name;
        let written = self.sources.slice(value);
        let found = Diagnostic::error(
            c::UNKNOWN_NAME,
            w(
                format!("`{text}` 第一次是什么没有说"),
                format!("nothing says what `{text}` is the first time"),
            ),
            value,
            w("这里用到它自己", "it is made from itself here"),
        )
        .with_help(w(
            format!("没记过的时候用别的值：`{text} otherwise 0`"),
            format!("another value stands for it before that: `{text} otherwise 0`"),
        ));
        let first = format!("({text} otherwise 0)");
        let rest = written.trim().strip_prefix(text.as_str());
        let plain = rest.filter(|rest| rest.trim_start().starts_with(['+', '-', '*', '/']));
        self.report.push(match plain {
            Some(rest) => {
                let by = format!("{first}{rest}");
                found.with_guess(
                    w(format!("写成 `{by}`"), format!("write `{by}`")),
                    value,
                    by,
                )
            }
            None => found,
        });
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

    /// `bind` with a phone that was remembered: what proves an account is what was said now.
    pub(super) fn only_remembered(&mut self, name: &str, keyword: Span) {
        let mut found = Diagnostic::error(
            c::NAME_NEEDED,
            w(
                format!("记住的 `{name}` 不用在这里"),
                format!("a remembered `{name}` is not used here"),
            ),
            keyword,
            w(
                format!("要这次消息或对话里的 `{name}`"),
                format!("the `{name}` of this message or dialog is needed"),
            ),
        );
        if let Some(known) = self.variables.get(name) {
            found = found.with_label(known.span, w("只是记住的", "only remembered"));
        }
        self.report.push(found.with_help(w(
            format!("在触发里提取它，或者在对话里问它；要用记住的，用 `start 对话 with {name}` 交给对话，在 `done` 里做"),
            format!("capture it in the trigger or ask for it in a dialog; to use what is remembered, hand it to a dialog by `start DIALOG with {name}` and do it in its `done`"),
        )));
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
            // Another rule gave it a value that could not be told the type of yet.
            Some(known) if known.ty == Type::Poison => {
                let variable = super::Named {
                    ty: ty.clone(),
                    span: name.span,
                };
                self.variables.insert(name.name.clone(), variable);
            }
            Some(known) if known.ty != *ty => {
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
