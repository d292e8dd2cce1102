//! The marks of expressions: chains of `and` or `or` break together, arguments and entries of lists
//! each for itself.

use super::marks::{Break, Indent, Walk};
use crate::lang::syntax::ast::{BinaryOp, Expr, ExprKind};

impl Walk<'_> {
    /// An expression whose own chain of `and` or `or` is indented like this.
    pub(super) fn condition(&mut self, expr: &Expr, indent: Indent) {
        self.expr(expr, 1, indent);
    }

    fn expr(&mut self, expr: &Expr, level: u16, indent: Indent) {
        let steps = match indent {
            Indent::Steps(steps) => steps,
            Indent::River | Indent::Clause => 1,
        };
        let deeper = Indent::Steps(steps + 1);
        match &expr.kind {
            ExprKind::Number { value: _, unit: _ }
            | ExprKind::Text(_)
            | ExprKind::YesNo(_)
            | ExprKind::Path(_) => {}
            ExprKind::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                op_span: _,
                left: _,
                right: _,
            } => {
                let place = Break {
                    group: self.group(),
                    whole: true,
                    level,
                    indent,
                };
                self.chain(expr, *op, place, level + 1, deeper);
            }
            ExprKind::Binary {
                op: _,
                op_span,
                left,
                right,
            } => {
                self.marks.infix.insert(op_span.start as usize);
                self.expr(left, level + 1, deeper);
                self.expr(right, level + 1, deeper);
            }
            ExprKind::Call { name: _, args } => {
                self.arguments_named(args, level + 1, steps + 1);
            }
            ExprKind::List(entries) => {
                self.marks.lists.insert(expr.span.start as usize);
                self.elements(entries, level + 1, steps + 1);
            }
            ExprKind::Not(inner) => self.expr(inner, level, indent),
            ExprKind::Negate(inner) => {
                self.marks.prefix.insert(expr.span.start as usize);
                self.expr(inner, level, indent);
            }
            ExprKind::Group(inner) => {
                self.marks.groups.insert(expr.span.start as usize);
                self.expr(inner, level + 1, deeper);
            }
            ExprKind::In {
                item,
                list,
                negated: _,
            } => {
                self.expr(item, level + 1, deeper);
                self.expr(list, level + 1, Indent::Steps(steps));
            }
            ExprKind::IsKnown { inner, known: _ } => self.expr(inner, level + 1, deeper),
            ExprKind::Otherwise { inner, default } => {
                self.expr(inner, level + 1, deeper);
                self.expr(default, level + 1, deeper);
            }
        }
    }

    /// The operands of `a and b and c`, however they lean.
    fn chain(&mut self, expr: &Expr, wanted: BinaryOp, place: Break, level: u16, deeper: Indent) {
        match &expr.kind {
            ExprKind::Binary {
                op,
                op_span,
                left,
                right,
            } if *op == wanted => {
                self.chain(left, wanted, place, level, deeper);
                self.marks.infix.insert(op_span.start as usize);
                self.marks.breaks.insert(op_span.start as usize, place);
                self.chain(right, wanted, place, level, deeper);
            }
            _ => self.expr(expr, level, deeper),
        }
    }

    /// Arguments without names.
    pub(super) fn arguments<'e>(
        &mut self,
        args: impl Iterator<Item = &'e Expr>,
        level: u16,
        steps: u16,
    ) {
        for (index, arg) in args.enumerate() {
            if index > 0 {
                self.may_break(arg.span.start, 0, level, steps);
            }
            self.expr(arg, level + 1, Indent::Steps(steps + 1));
        }
    }

    fn arguments_named(&mut self, args: &[crate::lang::syntax::ast::Arg], level: u16, steps: u16) {
        for (index, arg) in args.iter().enumerate() {
            let start = arg.name.as_ref().map_or(arg.value.span, |name| name.span);
            if index > 0 {
                self.may_break(start.start, 0, level, steps);
            }
            self.expr(&arg.value, level + 1, Indent::Steps(steps + 1));
        }
    }

    /// The entries of a list.
    pub(super) fn elements(&mut self, entries: &[Expr], level: u16, steps: u16) {
        for entry in entries {
            self.may_break(entry.span.start, 0, level, steps);
            self.expr(entry, level + 1, Indent::Steps(steps + 1));
        }
    }
}
