//! `when bound in dialog`, `when even in dialog`: `even in dialog` with a word too few or too many, which
//! reads like a condition.

use crate::lang::builtins::Stages;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::span::Span;
use crate::lang::syntax::ast::{Expr, ExprKind, RuleItem};
use crate::lang::value::Type;

use super::Checker;
use super::report::w;

/// What was meant.
pub(super) struct Meant {
    /// The condition without it; nothing when there is no other.
    pub(super) when: Option<Expr>,
    /// The words that were read as a part of it.
    place: Span,
    /// What stands between it and the rest of the condition, and belongs to neither.
    from: Option<u32>,
}

impl Checker<'_> {
    /// Reports a condition that ends with what was to be `even in dialog`; what is left of it.
    pub(super) fn even_meant(&mut self, item: &RuleItem) -> Option<Meant> {
        let when = item.when.as_ref()?;
        if self.items.values.contains_key("dialog") {
            return None;
        }
        let meant = self.without(when)?;
        // Where there is no conversation a list is missing.
        let chat = item.triggers.iter().all(|trigger| {
            let spec = self.registry.event(&trigger.event.name);
            spec.is_some_and(|spec| Stages::CHAT.covers(spec.stages()))
        });
        if !chat {
            return None;
        }
        let own = Span {
            end: meant.place.end,
            ..meant.place
        };
        let head = self.sources.slice(Span {
            start: item.head.start,
            end: own.start,
            ..own
        });
        let gap = match (meant.from, meant.when.is_some()) {
            (Some(from), _) => Span { start: from, ..own },
            (None, true) => own,
            // The `when` before it.
            (None, false) => {
                let kept = head.trim_end().strip_suffix("when").unwrap_or(head);
                let kept = kept.trim_end().len() as u32;
                Span {
                    start: item.head.start + kept,
                    ..own
                }
            }
        };
        let right = " even in dialog";
        let shown = self.sources.slice(own).split_whitespace();
        let shown = shown.collect::<Vec<_>>().join(" ");
        self.report.push(
            Diagnostic::error(
                "E0101",
                w(
                    "对话里也要听见写 `even in dialog`，它不是条件",
                    "what is to be heard in dialogs too is marked `even in dialog`, which is no condition",
                ),
                own,
                match shown.starts_with("even") {
                    true => w(
                        "它前面不写 `when` 或 `and`",
                        "without `when` or `and` before it",
                    ),
                    false => w("应是 `even in dialog`", "should be `even in dialog`"),
                },
            )
            .with_fix(
                w("写成 `even in dialog`", "write `even in dialog`"),
                gap,
                right,
            ),
        );
        Some(meant)
    }

    /// The condition without an `… in dialog` at its end.
    fn without(&self, when: &Expr) -> Option<Meant> {
        match &when.kind {
            ExprKind::In {
                item,
                list,
                negated: false,
            } if names(list) == Some("dialog") => {
                let end = list.span.end;
                if names(item) == Some("even") {
                    return Some(Meant {
                        when: None,
                        place: Span { end, ..item.span },
                        from: None,
                    });
                }
                self.yes_or_no(item).then(|| Meant {
                    when: Some((**item).clone()),
                    place: Span {
                        start: item.span.end,
                        end,
                        ..item.span
                    },
                    from: None,
                })
            }
            ExprKind::Binary {
                op,
                op_span,
                left,
                right,
            } => {
                let meant = self.without(right)?;
                Some(match meant.when {
                    Some(right) => Meant {
                        when: Some(Expr {
                            kind: ExprKind::Binary {
                                op: *op,
                                op_span: *op_span,
                                left: left.clone(),
                                right: Box::new(right),
                            },
                            span: when.span,
                        }),
                        ..meant
                    },
                    None => Meant {
                        when: Some((**left).clone()),
                        from: Some(left.span.end),
                        ..meant
                    },
                })
            }
            ExprKind::Not(inner) => {
                let meant = self.without(inner)?;
                let inner = meant.when?;
                Some(Meant {
                    when: Some(Expr {
                        kind: ExprKind::Not(Box::new(inner)),
                        span: when.span,
                    }),
                    ..meant
                })
            }
            _ => None,
        }
    }

    /// Whether it can be a condition by itself.
    fn yes_or_no(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::IsKnown { .. } | ExprKind::Group(_) | ExprKind::YesNo(_) => true,
            ExprKind::Path(path) => {
                let path = path.parts.iter().map(|part| part.name.as_str());
                let path = path.collect::<Vec<_>>().join(".");
                let field = self.registry.field(&path);
                field.is_some_and(|id| self.registry.field_spec(id).ty == Type::YesNo)
            }
            _ => false,
        }
    }
}

/// The plain name that an expression is.
fn names(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Path(path) if path.parts.len() == 1 => Some(&path.parts[0].name),
        _ => None,
    }
}
