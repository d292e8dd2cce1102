//! Expressions: names resolved, types and units settled. Exactly one error per mistake: what is
//! wrong becomes poison, and poison fits everything.

use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{ArithOp, CompareOp, Expr, ExprKind};
use crate::lang::span::Span;
use crate::lang::syntax::{ast, how_to_join};
use crate::lang::value::{Type, Value};

use super::Checker;
use super::codes as c;
use super::literal::{constant, magnitude, negated};
use super::report::w;
use super::scope::Scope;

/// How many nodes an expression may have once its `let`s are written out.
pub(super) const MAX_NODES: usize = 4000;

pub(super) fn poison(span: Span) -> Expr {
    Expr {
        kind: ExprKind::Const(Value::unknown("")),
        ty: Type::Poison,
        span,
    }
}

pub(super) fn konst(value: Value, ty: Type, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Const(value),
        ty,
        span,
    }
}

impl Checker<'_> {
    /// A condition: yes or no.
    pub(super) fn condition(&mut self, expr: &ast::Expr, scope: &Scope<'_>) -> Expr {
        let checked = self.expr(expr, scope);
        self.want(checked, &Type::YesNo)
    }

    /// An expression of any type.
    pub(super) fn expr(&mut self, expr: &ast::Expr, scope: &Scope<'_>) -> Expr {
        let span = expr.span;
        match &expr.kind {
            ast::ExprKind::Number { value, unit } => self.number(*value, unit.as_ref(), span),
            ast::ExprKind::Text(text) => match self.plain(text) {
                Some(text) => konst(Value::text(text), Type::Text, span),
                None => poison(span),
            },
            ast::ExprKind::YesNo(yes) => konst(Value::YesNo(*yes), Type::YesNo, span),
            ast::ExprKind::Path(path) => self.path(path, scope, false),
            ast::ExprKind::Call { name, args } => self.call(name, args, span, scope),
            ast::ExprKind::List(_) => {
                self.report.push(
                    Diagnostic::error(
                        c::NOT_A_VALUE,
                        w(
                            "列表只能写在 `in` 后面",
                            "a list in place stands only after `in`",
                        ),
                        span,
                        w("这里要一个值", "a single value is wanted here"),
                    )
                    .with_help(w(
                        "给列表起名字用 `list 名字 = [ … ]`",
                        "name a list with `list name = [ … ]`",
                    )),
                );
                poison(span)
            }
            ast::ExprKind::Not(inner) => {
                let inner = self.condition(inner, scope);
                node(ExprKind::Not(Box::new(inner)), Type::YesNo, span)
            }
            ast::ExprKind::Negate(inner) => self.negate(inner, span, scope),
            ast::ExprKind::Binary {
                op,
                op_span,
                left,
                right,
            } => self.binary(*op, *op_span, left, right, span, scope),
            ast::ExprKind::In {
                item,
                list,
                negated,
            } => self.membership(item, list, *negated, span, scope),
            ast::ExprKind::IsKnown { inner, known } => {
                let inner = self.maybe(inner, scope);
                node(
                    ExprKind::IsKnown {
                        inner: Box::new(inner),
                        known: *known,
                    },
                    Type::YesNo,
                    span,
                )
            }
            ast::ExprKind::Otherwise { inner, default } => {
                let inner = self.maybe(inner, scope);
                let default = self.expr(default, scope);
                let default = self.want(default, &inner.ty);
                let ty = if inner.ty == Type::Poison {
                    default.ty.clone()
                } else {
                    inner.ty.clone()
                };
                node(
                    ExprKind::Otherwise(Box::new(inner), Box::new(default)),
                    ty,
                    span,
                )
            }
            ast::ExprKind::Group(inner) => self.expr(inner, scope),
        }
    }

    /// An expression that is welcome to be unknown.
    pub(super) fn maybe(&mut self, expr: &ast::Expr, scope: &Scope<'_>) -> Expr {
        match &expr.kind {
            ast::ExprKind::Path(path) => self.path(path, scope, true),
            ast::ExprKind::Group(inner) => self.maybe(inner, scope),
            _ => self.expr(expr, scope),
        }
    }

    fn number(&mut self, value: f64, unit: Option<&ast::Ident>, span: Span) -> Expr {
        let Some(unit) = unit else {
            return konst(Value::Number(value), Type::Number, span);
        };
        if let Some(spec) = self.registry.unit(&unit.name) {
            return konst(spec.value(value), spec.ty.clone(), span);
        }
        let name = &unit.name;
        let mut error = Diagnostic::error(
            c::UNKNOWN_UNIT,
            w(
                format!("没有 `{name}` 这个单位"),
                format!("there is no unit `{name}`"),
            ),
            unit.span,
            w("不认识的单位", "unknown unit"),
        );
        let slip = self
            .registry
            .units()
            .iter()
            .find(|spec| spec.slips.contains(&name.as_str()));
        if name == "m" {
            error = error.with_help(w(
                "`m` 是米还是分钟？写 `meters` 或 `minutes`",
                "is `m` metres or minutes? write `meters` or `minutes`",
            ));
        } else if let Some(days) = days_in(name) {
            let right = format!("{} days", value * days);
            error = error
                .with_help(w(
                    "月和年长短不一，用天数写",
                    "months and years differ in length, days are written",
                ))
                .with_guess(
                    w(format!("写成 `{right}`"), format!("write `{right}`")),
                    span,
                    right,
                );
        } else if let Some(spec) = slip {
            let right = spec.words[0];
            error = error
                .with_help(w(format!("写成 `{right}`"), format!("write `{right}`")))
                .with_fix(
                    w(format!("改成 `{right}`"), format!("replace by `{right}`")),
                    unit.span,
                    right,
                );
        } else {
            let words = self
                .registry
                .units()
                .iter()
                .flat_map(|spec| spec.words.iter().copied());
            let all: Vec<_> = self
                .registry
                .units()
                .iter()
                .map(|spec| spec.words[0])
                .collect();
            if let Some(near) = crate::lang::diagnostics::nearest(name, words) {
                error = error.with_guess(
                    w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                    unit.span,
                    near,
                );
            }
            error = error.with_help(w(
                format!("单位有：{}", all.join("、")),
                format!("the units are: {}", all.join(", ")),
            ));
        }
        self.report.push(error);
        poison(span)
    }

    fn negate(&mut self, inner: &ast::Expr, span: Span, scope: &Scope<'_>) -> Expr {
        let inner = self.expr(inner, scope);
        if inner.ty == Type::Poison {
            return poison(span);
        }
        if let Some(value) = constant(&inner).as_ref().and_then(negated) {
            let ty = inner.ty.clone();
            return konst(value, ty, span);
        }
        if !is_amount(&inner.ty) {
            self.wrong_type(&inner, "数量", "an amount");
            return poison(span);
        }
        let ty = inner.ty.clone();
        let minus = konst(Value::Number(-1.0), Type::Number, span);
        node(
            ExprKind::Arith(ArithOp::Multiply, Box::new(minus), Box::new(inner)),
            ty,
            span,
        )
    }

    fn binary(
        &mut self,
        op: ast::BinaryOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope<'_>,
    ) -> Expr {
        use ast::BinaryOp as B;
        match op {
            B::And | B::Or => self.junction(op, op_span, left, right, span, scope),
            B::Equal | B::NotEqual | B::Less | B::LessEqual | B::Greater | B::GreaterEqual => {
                let op = match op {
                    B::Equal => CompareOp::Equal,
                    B::NotEqual => CompareOp::NotEqual,
                    B::Less => CompareOp::Less,
                    B::LessEqual => CompareOp::LessEqual,
                    B::Greater => CompareOp::Greater,
                    _ => CompareOp::GreaterEqual,
                };
                self.comparison(op, op_span, left, right, span, scope)
            }
            B::Add => self.arith(ArithOp::Add, op_span, left, right, span, scope),
            B::Subtract => self.arith(ArithOp::Subtract, op_span, left, right, span, scope),
            B::Multiply => self.arith(ArithOp::Multiply, op_span, left, right, span, scope),
            B::Divide => self.arith(ArithOp::Divide, op_span, left, right, span, scope),
        }
    }

    fn junction(
        &mut self,
        op: ast::BinaryOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope<'_>,
    ) -> Expr {
        if self.several_values(op, left, right, span) {
            return poison(span);
        }
        if let Some(others) = self.several_among(op, left, right) {
            for other in others {
                self.condition(other, scope);
            }
            return poison(span);
        }
        let mut parts = Vec::new();
        for side in [left, right] {
            match &side.kind {
                ast::ExprKind::Binary {
                    op: inner,
                    op_span: inner_op,
                    ..
                } if is_junction(*inner) && *inner != op => {
                    self.report.push(
                        Diagnostic::error(
                            c::MIXED_AND_OR,
                            w(
                                "`and` 和 `or` 混用，要加括号",
                                "`and` and `or` are mixed without parentheses",
                            ),
                            side.span,
                            w("先算这一半？", "is this half meant to go first?"),
                        )
                        .with_label(*inner_op, w("这里", "here"))
                        .with_label(op_span, w("和这里", "and here"))
                        .with_help(w(
                            "用括号写清楚先算哪一半",
                            "say with parentheses which half goes first",
                        ))
                        .with_guess(
                            w("给这一半加括号", "put this half in parentheses"),
                            side.span,
                            format!("({})", self.sources.slice(side.span)),
                        ),
                    );
                }
                _ => {}
            }
            let behind = parts.is_empty().then_some(right);
            let inner = self.beside(scope, &parts, behind, op);
            let checked = self.condition(side, inner.as_ref().unwrap_or(scope));
            let same =
                matches!(&side.kind, ast::ExprKind::Binary { op: inner, .. } if *inner == op);
            match (checked.kind, op) {
                (ExprKind::And(inner), ast::BinaryOp::And)
                | (ExprKind::Or(inner), ast::BinaryOp::Or)
                    if same =>
                {
                    parts.extend(inner);
                }
                (kind, _) => parts.push(Expr {
                    kind,
                    ty: checked.ty,
                    span: checked.span,
                }),
            }
        }
        let kind = match op {
            ast::BinaryOp::And => ExprKind::And(parts),
            _ => ExprKind::Or(parts),
        };
        node(kind, Type::YesNo, span)
    }

    fn comparison(
        &mut self,
        op: CompareOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope<'_>,
    ) -> Expr {
        // A chained comparison: the parser has said so.
        let chained = |side: &ast::Expr| matches!(&side.kind, ast::ExprKind::Binary { op, .. } if is_comparison(*op));
        if chained(left) || chained(right) || self.compared_with_nothing(op, left, right, scope) {
            return poison(span);
        }
        self.bar_compared(op, left, right, span);
        let left = self.expr(left, scope);
        let right = self.expr(right, scope);
        let Some((left, right)) = self.unify(left, right, op_span) else {
            return poison(span);
        };
        let ordering = !matches!(op, CompareOp::Equal | CompareOp::NotEqual);
        let fits = if ordering {
            is_ordered(&left.ty)
        } else {
            is_comparable(&left.ty)
        };
        if !fits {
            let ty = &left.ty;
            self.report.push(
                Diagnostic::error(
                    c::NOT_COMPARABLE,
                    w(format!("{ty:#}不能这样比较"), format!("{ty} cannot be compared like this")),
                    op_span,
                    w(format!("两边都是{ty:#}"), format!("both sides are {ty}")),
                )
                .with_help(w("有大小的只有数字、百分比、时长、时间、距离和速度", "only numbers, percentages, durations, times, distances and speeds have an order")),
            );
            return poison(span);
        }
        node(
            ExprKind::Compare(op, Box::new(left), Box::new(right)),
            Type::YesNo,
            span,
        )
    }

    fn arith(
        &mut self,
        op: ArithOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope<'_>,
    ) -> Expr {
        let left = self.expr(left, scope);
        let right = self.expr(right, scope);
        if left.ty == Type::Poison || right.ty == Type::Poison {
            return poison(span);
        }
        let ty = match (op, &left.ty, &right.ty) {
            (ArithOp::Add | ArithOp::Subtract, a, b) if a == b && is_amount(a) => Some(a.clone()),
            (ArithOp::Subtract, Type::Time, Type::Time) => Some(Type::Duration),
            (ArithOp::Add | ArithOp::Subtract, Type::Time, Type::Duration) => Some(Type::Time),
            (ArithOp::Multiply, Type::Number, b) if is_amount(b) => Some(b.clone()),
            (ArithOp::Multiply | ArithOp::Divide, a, Type::Number) if is_amount(a) => {
                Some(a.clone())
            }
            (ArithOp::Divide, a, b) if a == b && is_amount(a) => Some(Type::Number),
            _ => None,
        };
        let Some(ty) = ty else {
            let (a, b) = (&left.ty, &right.ty);
            self.report.push(
                Diagnostic::error(
                    c::BAD_ARITHMETIC,
                    w(
                        format!("{a:#}和{b:#}不能这样计算"),
                        format!("{a} and {b} cannot be calculated with like this"),
                    ),
                    op_span,
                    w("这里算不了", "no meaning here"),
                )
                .with_label(left.span, w(format!("这是{a:#}"), format!("this is {a}")))
                .with_label(right.span, w(format!("这是{b:#}"), format!("this is {b}"))),
            );
            if [a, b].contains(&&Type::Text) {
                let place = op_span;
                self.report.amend(c::BAD_ARITHMETIC, |found| {
                    match found.primary.span == place && found.help.is_empty() {
                        true => found.with_help(how_to_join()),
                        false => found,
                    }
                });
            }
            return poison(span);
        };
        let zero = constant(&right).as_ref().and_then(magnitude) == Some(0.0);
        if op == ArithOp::Divide && zero {
            self.out_of_range(right.span, "不能除以零", "division by zero");
            return poison(span);
        }
        node(
            ExprKind::Arith(op, Box::new(left), Box::new(right)),
            ty,
            span,
        )
    }
}

pub(super) fn node(kind: ExprKind, ty: Type, span: Span) -> Expr {
    let poisoned = match &kind {
        ExprKind::Not(inner) | ExprKind::IsKnown { inner, .. } => inner.ty == Type::Poison,
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            parts.iter().any(|part| part.ty == Type::Poison)
        }
        ExprKind::InValues { item, .. } | ExprKind::InList { item, .. } => item.ty == Type::Poison,
        _ => false,
    };
    Expr {
        kind,
        ty: if poisoned { Type::Poison } else { ty },
        span,
    }
}

/// Days of what is longer than a week and of no fixed length.
fn days_in(unit: &str) -> Option<f64> {
    match unit {
        "month" | "months" | "月" | "个月" => Some(30.0),
        "year" | "years" | "年" => Some(365.0),
        _ => None,
    }
}

fn is_junction(op: ast::BinaryOp) -> bool {
    matches!(op, ast::BinaryOp::And | ast::BinaryOp::Or)
}

fn is_comparison(op: ast::BinaryOp) -> bool {
    use ast::BinaryOp as B;
    matches!(
        op,
        B::Equal | B::NotEqual | B::Less | B::LessEqual | B::Greater | B::GreaterEqual
    )
}

fn is_amount(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Number | Type::Percent | Type::Duration | Type::Distance | Type::Speed
    )
}

fn is_ordered(ty: &Type) -> bool {
    is_amount(ty) || matches!(ty, Type::Time | Type::Date)
}

fn is_comparable(ty: &Type) -> bool {
    !matches!(ty, Type::Place | Type::Login | Type::List(_))
}
