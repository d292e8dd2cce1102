//! `in` and `not in`: named lists, lists in place, networks, list-valued fields.

use crate::lang::builtins::SIGNALS;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{Expr, ExprKind};
use crate::lang::span::Span;
use crate::lang::syntax::ast;
use crate::lang::value::{Type, Value};

use super::Checker;
use super::bars::Several;
use super::codes as c;
use super::expr::{node, poison};
use super::items::ValueItem;
use super::literal::constant;
use super::report::w;
use super::scope::Scope;
use super::unify::can_become;

/// Places of one mistake that get a label.
const MAX_ALIKE: usize = 8;

impl Checker<'_> {
    pub(super) fn membership(
        &mut self,
        item: &ast::Expr,
        list: &ast::Expr,
        negated: bool,
        span: Span,
        scope: &Scope<'_>,
    ) -> Expr {
        let item = self.expr(item, scope);
        let mut inner = list;
        while let ast::ExprKind::Group(deeper) = &inner.kind {
            inner = deeper;
        }
        match &inner.kind {
            ast::ExprKind::List(entries) if self.quoted_entries(entries, &item.ty) => poison(span),
            ast::ExprKind::List(entries) => {
                let values = entries
                    .iter()
                    .map(|entry| {
                        if let (ast::ExprKind::Text(text), Type::Text) = (&entry.kind, &item.ty) {
                            self.bar(text, Several::Entries);
                        }
                        let entry = self.expr(entry, scope);
                        if item.ty == Type::Ip && entry.ty == Type::Text {
                            return self.want(entry, &Type::Network);
                        }
                        self.want(entry, &item.ty)
                    })
                    .collect();
                node(
                    ExprKind::InValues {
                        item: Box::new(item),
                        values,
                        negated,
                    },
                    Type::YesNo,
                    span,
                )
            }
            ast::ExprKind::Path(path) => {
                if let [name] = path.parts.as_slice()
                    && let Some(ValueItem::List(index)) =
                        self.items.values.get(name.name.as_str()).copied()
                    && !scope.locals.contains_key(&name.name)
                {
                    return self.in_list(item, index, path.span, negated, span);
                }
                let listed = self.path(path, scope, false);
                self.in_value(item, listed, negated, span)
            }
            _ => {
                let listed = self.expr(inner, scope);
                self.in_value(item, listed, negated, span)
            }
        }
    }

    fn in_list(
        &mut self,
        item: Expr,
        index: usize,
        place: Span,
        negated: bool,
        span: Span,
    ) -> Expr {
        let Some((id, ty)) = self.list(index) else {
            return poison(span);
        };
        let item = match (&ty, &item.ty) {
            (Type::Network, Type::Ip | Type::Network) | (_, Type::Poison) => item,
            _ if item.ty == ty || can_become(&item, &ty) => self.want(item, &ty),
            _ => {
                let found = item.ty.clone();
                // A list without its type is one mistake, wherever it is asked.
                let mut known = false;
                self.report.amend(c::DIFFERENT_TYPES, |mut before| {
                    let same = before.secondary.first().is_some_and(|label| {
                        let list = self.items.lists[index].name.name.as_str();
                        self.sources.slice(label.span) == list
                    });
                    let alike = before.title.en == format!("{found} is never in a list of {ty}");
                    if same && alike && before.secondary.len() < MAX_ALIKE {
                        known = true;
                        before.add_place(item.span);
                    }
                    before
                });
                if known {
                    return poison(span);
                }
                let told = self.of_its_type(index, &item, &ty);
                self.report.push(told(
                    Diagnostic::error(
                        c::DIFFERENT_TYPES,
                        w(
                            format!("{found:#}不会在{ty:#}的列表里"),
                            format!("{found} is never in a list of {ty}"),
                        ),
                        item.span,
                        w(format!("这是{found:#}"), format!("this is {found}")),
                    )
                    .with_label(
                        place,
                        w(
                            format!("这是{ty:#}的列表"),
                            format!("this is a list of {ty}"),
                        ),
                    ),
                ));
                return poison(span);
            }
        };
        node(
            ExprKind::InList {
                item: Box::new(item),
                list: id,
                negated,
            },
            Type::YesNo,
            span,
        )
    }

    fn in_value(&mut self, item: Expr, listed: Expr, negated: bool, span: Span) -> Expr {
        let item = match &listed.ty {
            Type::Poison => return poison(span),
            Type::List(of) => self.want(item, of),
            Type::Network => self.want(item, &Type::Ip),
            other => {
                let found = Diagnostic::error(
                    c::NOT_A_LIST,
                    w("`in` 后面要一个列表", "`in` wants a list after it"),
                    listed.span,
                    w(format!("这是{other:#}"), format!("this is {other}")),
                )
                .with_help(w("比较两个值用 `==`", "compare two values with `==`"));
                let sign = if negated { "!=" } else { "==" };
                let side = |expr: &Expr| self.sources.slice(expr.span).trim();
                let by = match constant(&listed) {
                    Some(Value::Text(text)) if item.ty == Type::Text => {
                        let of_list = in_one_text(&text).map(|list| {
                            format!(
                                "{} {} {list}",
                                side(&item),
                                if negated { "not in" } else { "in" }
                            )
                        });
                        of_list
                            .unwrap_or_else(|| format!("{} {sign} {}", side(&item), side(&listed)))
                    }
                    _ => format!("{} {sign} {}", side(&item), side(&listed)),
                };
                self.report.push(match constant(&listed) {
                    Some(_) if item.ty != Type::Poison => found.with_guess(
                        w(format!("写成 `{by}`"), format!("write `{by}`")),
                        span,
                        by,
                    ),
                    _ => found,
                });
                return poison(span);
            }
        };
        if matches!(&listed.kind, ExprKind::Field(id) if Some(*id) == self.registry.field(SIGNALS))
            && let Some(Value::Text(name)) = constant(&item)
        {
            self.signal_in_condition(&name, item.span);
        }
        node(
            ExprKind::InValues {
                item: Box::new(item),
                values: vec![listed],
                negated,
            },
            Type::YesNo,
            span,
        )
    }
}

/// `"北京、上海"`: entries of a list in one text.
fn in_one_text(text: &str) -> Option<String> {
    let parts: Vec<&str> = text
        .split(['、', ',', '，', ';', '；', '|'])
        .map(str::trim)
        .collect();
    let plain = |part: &&str| !part.is_empty() && !part.contains(['"', '\\', '{', '}']);
    if parts.len() < 2 || !parts.iter().all(plain) {
        return None;
    }
    let quoted: Vec<String> = parts.iter().map(|part| format!("\"{part}\"")).collect();
    Some(format!("[{}]", quoted.join(", ")))
}
