//! Calls: pure functions, questions to the history, trust.

use crate::lang::builtins::{ArgKind, FunctionKind, FunctionSpec, NamedArg, ResultType};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{Expr, ExprKind, Function};
use crate::lang::span::Span;
use crate::lang::syntax::ast;
use crate::lang::value::Type;

use super::Checker;
use super::codes as c;
use super::expr::{node, poison};
use super::report::w;
use super::scope::{Place, Scope};
use crate::lang::diagnostics::nearest;

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        name: &ast::Ident,
        args: &[ast::Arg],
        span: Span,
        scope: &Scope<'_>,
    ) -> Expr {
        let Some(spec) = self.registry.function(&name.name).cloned() else {
            if !self.asked_as_function(name, args, span) {
                self.unknown_function(name);
            }
            return poison(span);
        };
        if scope.place != Place::Let
            && !spec.stages.covers(scope.stages)
            && spec.kind != FunctionKind::Trusted
        {
            self.not_here(spec.name, name.span, spec.stages, scope);
            return poison(span);
        }
        let (positional, named): (Vec<&ast::Arg>, Vec<&ast::Arg>) =
            args.iter().partition(|arg| arg.name.is_none());
        let enough = positional.len() == spec.args.len()
            || (spec.variadic && positional.len() > spec.args.len());
        if !enough {
            let (want, got, how) = (spec.args.len(), positional.len(), spec.signature());
            // `count(failures, 10 minutes)`: a duration too many is the window.
            let window = match positional.last() {
                Some(last)
                    if got == want + 1
                        && matches!(
                            &last.value.kind,
                            ast::ExprKind::Number { unit: Some(_), .. }
                        )
                        && how.contains("within:") =>
                {
                    Some(last.value.span)
                }
                _ => None,
            };
            let found = Diagnostic::error(
                c::ARGUMENTS,
                w(
                    format!("`{}` 要 {want} 个值，这里有 {got} 个", spec.name),
                    format!("`{}` takes {want} values, here are {got}", spec.name),
                ),
                name.span,
                w("值的个数不对", "wrong number of values"),
            )
            .with_help(w(
                format!("写法：`{how}`"),
                format!("it is written `{how}`"),
            ));
            self.report.push(match window {
                Some(window) => found.with_guess(
                    w(
                        "在时长前面写 `within:`",
                        "write `within:` before the duration",
                    ),
                    Span {
                        end: window.start,
                        ..window
                    },
                    "within: ",
                ),
                None => found,
            });
            return poison(span);
        }
        match spec.kind {
            FunctionKind::Pure(function) => {
                for arg in &named {
                    self.unknown_argument(arg, &spec);
                }
                self.pure(function, &spec, &positional, span, scope)
            }
            FunctionKind::Trusted => self.trusted(&spec, &positional, name, span, scope),
            FunctionKind::History(_) => {
                if scope.place == Place::Row {
                    self.nested_history(span);
                    return poison(span);
                }
                self.history(&spec, &positional, &named, name, span, scope)
            }
        }
    }

    fn pure(
        &mut self,
        function: Function,
        spec: &FunctionSpec,
        args: &[&ast::Arg],
        span: Span,
        scope: &Scope<'_>,
    ) -> Expr {
        if let Function::Contains | Function::Starts = function {
            self.bar_asked(spec.name, args, span);
        }
        let mut checked: Vec<Expr> = Vec::new();
        let mut sound = true;
        for (index, arg) in args.iter().enumerate() {
            let kind = spec.args[index.min(spec.args.len() - 1)].kind;
            let value = self.expr(&arg.value, scope);
            let value = match kind {
                ArgKind::Value([only]) => self.want(value, only),
                ArgKind::Value(types) if value.ty != Type::Poison && !types.contains(&value.ty) => {
                    let zh: Vec<String> = types.iter().map(|ty| format!("{ty:#}")).collect();
                    let en: Vec<String> = types.iter().map(Type::to_string).collect();
                    self.wrong_type(&value, &zh.join("、"), &en.join(", "));
                    poison(value.span)
                }
                ArgKind::Same => {
                    let first = checked
                        .first()
                        .map_or(Type::Poison, |first: &Expr| first.ty.clone());
                    self.want(value, &first)
                }
                _ => value,
            };
            sound &= value.ty != Type::Poison;
            checked.push(value);
        }
        if !sound {
            return poison(span);
        }
        let ty = match &spec.result {
            ResultType::Always(ty) => ty.clone(),
            ResultType::OfFirst => checked[0].ty.clone(),
        };
        node(ExprKind::Call(function, checked), ty, span)
    }

    fn trusted(
        &mut self,
        spec: &FunctionSpec,
        args: &[&ast::Arg],
        name: &ast::Ident,
        span: Span,
        scope: &Scope<'_>,
    ) -> Expr {
        if scope.place != Place::Except {
            self.report.push(
                Diagnostic::error(
                    c::TRUST_OUTSIDE,
                    w(format!("`{}` 只能写在信号的 `except` 里", spec.name), format!("`{}` stands only in a signal's `except`", spec.name)),
                    name.span,
                    w("信任在这里不算数", "trust does not count here"),
                )
                .with_help(w(
                    "信任只能让一个信号不触发，不能削弱封禁名单、锁定和别的规则",
                    "trust can only keep one signal from firing; it never weakens block lists, locks or other rules",
                )),
            );
            return poison(span);
        }
        let machine = self.expr(&args[0].value, scope);
        let machine = self.want(machine, &Type::Machine);
        if machine.ty == Type::Poison {
            return poison(span);
        }
        node(ExprKind::Trusted(Box::new(machine)), Type::YesNo, span)
    }

    fn unknown_function(&mut self, name: &ast::Ident) {
        let text = &name.name;
        // The parser has told that no function has a point in its name.
        if text.contains('.') {
            return;
        }
        let names = self
            .registry
            .functions()
            .iter()
            .map(|function| function.name);
        let mut error = Diagnostic::error(
            c::UNKNOWN_FUNCTION,
            w(
                format!("没有 `{text}` 这个函数"),
                format!("there is no function `{text}`"),
            ),
            name.span,
            w("不认识的函数", "unknown function"),
        );
        if let Some(near) = nearest(text, names) {
            error = error.with_nearest(near, name.span, near);
        } else {
            error = error.with_help(w(
                "`menshen schema` 列出所有函数",
                "`menshen schema` lists all functions",
            ));
        }
        self.report.push(error);
    }

    pub(super) fn unknown_argument(&mut self, arg: &ast::Arg, spec: &FunctionSpec) {
        let Some(name) = &arg.name else { return };
        let text = &name.name;
        let words = || spec.named.iter().copied().map(NamedArg::word);
        let mut error = Diagnostic::error(
            c::UNKNOWN_ARGUMENT,
            w(
                format!("`{}` 没有 `{text}:`", spec.name),
                format!("`{}` takes no `{text}:`", spec.name),
            ),
            name.span,
            w("不能写在这里", "does not belong here"),
        )
        .with_help(w(
            format!("写法：`{}`", spec.signature()),
            format!("it is written `{}`", spec.signature()),
        ));
        if let Some(near) = nearest(text, words()) {
            error = error.with_guess(
                w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                name.span,
                near,
            );
        }
        self.report.push(error);
    }

    pub(super) fn nested_history(&mut self, span: Span) {
        self.report.push(Diagnostic::error(
            c::NESTED_HISTORY,
            w(
                "`where:` 里不能再问历史",
                "`where:` cannot ask the history again",
            ),
            span,
            w("这又是一个对历史的提问", "another question to the history"),
        ));
    }
}
