//! Expressions: the flat row of operands and operators becomes a tree by precedence climbing.
//!
//! From loose to tight: `or`, `and`, `not`, comparisons and `in`, `+ -`, `* /`, `-x`, `is known` and
//! `otherwise`. Depth is bounded twice: brackets by the layout pass, prefixes and terms here.

use pest::iterators::Pair;

use super::{Kids, Lower};
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::span::Span;
use crate::lang::syntax::ast::{Arg, BinaryOp, Expr, ExprKind, Ident};
use crate::lang::syntax::grammar::Rule;

/// Operands and operators in one row, without brackets. Longer ones belong into a list; every one of
/// them is a level of the tree, and trees are walked recursively.
const MAX_TERMS: usize = 200;
/// `not not not …` and `- - - …`.
const MAX_PREFIXES: usize = 64;

const NOT: u8 = 3;
const COMPARE: u8 = 4;
const NEGATE: u8 = 7;

impl Lower<'_> {
    /// An expression.
    pub(super) fn expr(&mut self, pair: &Pair<'_, Rule>) -> Option<Expr> {
        let row: Vec<_> = pair.clone().into_inner().collect();
        let mut prefixes = 0;
        let mut longest = 0;
        for kid in &row {
            match kid.as_rule() {
                Rule::op_not | Rule::op_neg => prefixes += 1,
                _ => prefixes = 0,
            }
            longest = longest.max(prefixes);
        }
        if row.len() > MAX_TERMS || longest > MAX_PREFIXES {
            self.sink.add(
                Diagnostic::error(
                    "E0131",
                    Words::new("表达式太长", "this expression is too long"),
                    self.span(pair),
                    Words::new(
                        format!("最多 {MAX_TERMS} 项"),
                        format!("at most {MAX_TERMS} terms"),
                    ),
                )
                .with_help(Words::new(
                    "把要比较的值放进 `list`，或用 `let` 分成几段",
                    "put the values into a `list`, or cut it up with `let`",
                )),
            );
            return Some(Expr {
                kind: ExprKind::YesNo(false),
                span: self.span(pair),
            });
        }
        let mut row = Row { row, at: 0 };
        self.climb(&mut row, 0)
    }

    fn climb(&mut self, row: &mut Row<'_>, floor: u8) -> Option<Expr> {
        let mut left = self.prefixed(row)?;
        while let Some(operator) = row.peek() {
            let rule = operator.as_rule();
            let Some(power) = power(rule) else { break };
            if power < floor {
                break;
            }
            let operator = row.next()?;
            let op_span = self.span(&operator);
            let right = self.climb(row, power + 1)?;
            let taken_apart = matches!(
                left.kind,
                ExprKind::Binary {
                    op: BinaryOp::And,
                    ..
                }
            );
            if power == COMPARE && taken_apart {
                // A third comparison in the chain; it was reported as a whole.
                continue;
            }
            let mut before = None;
            if power == COMPARE && self.chained(&left, &right) {
                // Reported; goes on as the two comparisons that were meant.
                if let ExprKind::Binary { right: middle, .. } = &left.kind {
                    let middle = (**middle).clone();
                    before = Some(std::mem::replace(&mut left, middle));
                }
            }
            let span = left.span.to(right.span);
            let kind = match rule {
                Rule::op_in | Rule::op_not_in => ExprKind::In {
                    item: Box::new(left),
                    list: Box::new(right),
                    negated: rule == Rule::op_not_in,
                },
                _ => ExprKind::Binary {
                    op: binary(rule)?,
                    op_span,
                    left: Box::new(left),
                    right: Box::new(right),
                },
            };
            left = Expr { kind, span };
            if let Some(before) = before {
                left = Expr {
                    span: before.span.to(left.span),
                    kind: ExprKind::Binary {
                        op: BinaryOp::And,
                        op_span,
                        left: Box::new(before),
                        right: Box::new(left),
                    },
                };
            }
        }
        Some(left)
    }

    fn prefixed(&mut self, row: &mut Row<'_>) -> Option<Expr> {
        let first = row.next()?;
        let start = self.span(&first);
        let mut expr = match first.as_rule() {
            Rule::op_not => {
                let inner = self.climb(row, NOT)?;
                return Some(Expr {
                    span: start.to(inner.span),
                    kind: ExprKind::Not(Box::new(inner)),
                });
            }
            Rule::op_neg => {
                let inner = self.climb(row, NEGATE)?;
                return Some(Expr {
                    span: start.to(inner.span),
                    kind: ExprKind::Negate(Box::new(inner)),
                });
            }
            _ => self.primary(&first)?,
        };
        while let Some(suffix) = row
            .peek()
            .filter(|pair| matches!(pair.as_rule(), Rule::is_test | Rule::otherwise))
            .cloned()
        {
            row.at += 1;
            let span = expr.span.to(self.span(&suffix));
            let mut kids = Kids::of(suffix.clone());
            let kind = if suffix.as_rule() == Rule::is_test {
                ExprKind::IsKnown {
                    inner: Box::new(expr),
                    known: kids.seek(Rule::k_known).is_some(),
                }
            } else {
                kids.take(Rule::k_otherwise)?;
                let negative = kids.take(Rule::op_neg);
                let mut default = self.primary(&kids.next()?)?;
                if let Some(negative) = negative {
                    default = Expr {
                        span: self.span(&negative).to(default.span),
                        kind: ExprKind::Negate(Box::new(default)),
                    };
                }
                ExprKind::Otherwise {
                    inner: Box::new(expr),
                    default: Box::new(default),
                }
            };
            expr = Expr { kind, span };
        }
        Some(expr)
    }

    /// A number, text, name, call, list or group.
    pub(super) fn primary(&mut self, pair: &Pair<'_, Rule>) -> Option<Expr> {
        let span = self.span(pair);
        let kind = match pair.as_rule() {
            Rule::number => self.number(pair)?,
            Rule::text => ExprKind::Text(self.text(pair)),
            Rule::yes_no => ExprKind::YesNo(pair.as_str().trim() == "yes"),
            Rule::path => ExprKind::Path(self.path(pair)),
            Rule::group => {
                let inner = Kids::of(pair.clone()).seek(Rule::expr)?;
                ExprKind::Group(Box::new(self.expr(&inner)?))
            }
            Rule::list_lit => ExprKind::List(self.exprs(pair)?),
            Rule::reference => {
                let mut kids = Kids::of(pair.clone());
                let path = kids.seek(Rule::path)?;
                match kids.take(Rule::args) {
                    None => ExprKind::Path(self.path(&path)),
                    Some(args) => self.call(&path, &args)?,
                }
            }
            _ => return None,
        };
        Some(Expr { kind, span })
    }

    /// The expressions that are children of `pair`.
    pub(super) fn exprs(&mut self, pair: &Pair<'_, Rule>) -> Option<Vec<Expr>> {
        Kids::of(pair.clone())
            .rest()
            .filter(|kid| kid.as_rule() == Rule::expr)
            .map(|kid| self.expr(&kid))
            .collect()
    }

    fn call(&mut self, path: &Pair<'_, Rule>, args: &Pair<'_, Rule>) -> Option<ExprKind> {
        let full = self.path(path);
        if full.parts.len() > 1 {
            let found = self.with_receiver(
                &full,
                path,
                args,
                Diagnostic::error(
                    "E0101",
                    Words::new(
                        format!("`{}` 不是函数", full.text()),
                        format!("`{}` is no function", full.text()),
                    ),
                    full.span,
                    Words::new("函数名里没有点", "functions have no dots"),
                )
                .with_help(Words::new(
                    "要比较的东西写在括号里，如 `contains(message.text, \"你好\")`",
                    "what it works on goes into the parentheses: `contains(message.text, \"hi\")`",
                )),
            );
            self.sink.add(found);
        }
        let args = Kids::of(args.clone())
            .rest()
            .filter(|kid| kid.as_rule() == Rule::arg)
            .map(|arg| {
                let mut kids = Kids::of(arg);
                let name = kids
                    .take(Rule::arg_name)
                    .and_then(|name| Kids::of(name).seek(Rule::ident))
                    .map(|name| self.ident(&name));
                let value = self.expr(&kids.seek(Rule::expr)?)?;
                Some(Arg { name, value })
            })
            .collect::<Option<Vec<_>>>()?;
        Some(ExprKind::Call {
            name: Ident {
                name: full.text(),
                span: full.span,
            },
            args,
        })
    }

    /// `failures.count(…)`, with `count(failures, …)` as what was meant.
    fn with_receiver(
        &self,
        full: &crate::lang::syntax::ast::Path,
        path: &Pair<'_, Rule>,
        args: &Pair<'_, Rule>,
        found: Diagnostic,
    ) -> Diagnostic {
        let Some((name, before)) = full.parts.split_last() else {
            return found;
        };
        let start = path.as_span().start();
        let open = args.as_span().start();
        if !self.text[open..].starts_with('(') {
            return found;
        }
        let parts: Vec<&str> = before.iter().map(|part| part.name.as_str()).collect();
        let more = Kids::of(args.clone())
            .rest()
            .any(|kid| kid.as_rule() == Rule::arg);
        let comma = if more { ", " } else { "" };
        let right = format!("{}({}{comma}", name.name, parts.join("."));
        let shown = format!(
            "{}({}{})",
            name.name,
            parts.join("."),
            if more { ", …" } else { "" }
        );
        found.with_guess(
            Words::new(format!("写成 `{shown}`"), format!("write `{shown}`")),
            self.stretch(start, open + 1),
            right,
        )
    }

    fn number(&mut self, pair: &Pair<'_, Rule>) -> Option<ExprKind> {
        let mut kids = Kids::of(pair.clone());
        let number = kids.seek(Rule::num)?;
        let mut value: f64 = number.as_str().parse().ok()?;
        // Beyond this not every whole number can be told from the next one.
        if value > 9_007_199_254_740_992.0 {
            let span = self.span(&number);
            self.too_large(span);
            value = 1.0;
        }
        let unit = kids.next().map(|unit| self.word(&unit));
        Some(ExprKind::Number { value, unit })
    }

    fn chained(&mut self, left: &Expr, right: &Expr) -> bool {
        let compares = |expr: &Expr| match &expr.kind {
            ExprKind::In { .. } => true,
            ExprKind::Binary { op, .. } => is_comparison(*op),
            _ => false,
        };
        if !compares(left) {
            return false;
        }
        let all = left.span.to(right.span);
        let middle = match &left.kind {
            ExprKind::Binary { right, .. } => right.span,
            ExprKind::In { list, .. } => list.span,
            _ => left.span,
        };
        self.sink.add(
            Diagnostic::error(
                "E0121",
                Words::new("比较不能连着写", "comparisons cannot be chained"),
                all,
                Words::new("每次只能比较两个值", "one comparison is between two values"),
            )
            .with_label(middle, Words::new("这个值比较了两次", "compared twice"))
            .with_help(Words::new(
                "拆成两个，用 `and` 连接：`1 < x and x < 5`",
                "split it and join with `and`: `1 < x and x < 5`",
            )),
        );
        true
    }

    /// `39.90`, `-74.01`.
    pub(super) fn signed(&mut self, pair: &Pair<'_, Rule>) -> f64 {
        pair.as_str().trim().parse().unwrap_or_default()
    }

    /// A span for a pair's keyword children up to and including the last keyword.
    pub(super) fn keywords(&self, pair: &Pair<'_, Rule>) -> Span {
        let mut span = None::<Span>;
        for kid in pair.clone().into_inner() {
            if !format!("{:?}", kid.as_rule()).starts_with("k_") {
                break;
            }
            let here = self.span(&kid);
            span = Some(span.map_or(here, |span| span.to(here)));
        }
        span.unwrap_or_else(|| self.span(pair))
    }
}

/// Whether an operator compares.
fn is_comparison(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual
    )
}

/// The row of an expression while it is read.
struct Row<'i> {
    row: Vec<Pair<'i, Rule>>,
    at: usize,
}

impl<'i> Row<'i> {
    fn peek(&self) -> Option<&Pair<'i, Rule>> {
        self.row.get(self.at)
    }

    fn next(&mut self) -> Option<Pair<'i, Rule>> {
        let pair = self.row.get(self.at).cloned();
        self.at += 1;
        pair
    }
}

fn power(rule: Rule) -> Option<u8> {
    Some(match rule {
        Rule::op_or => 1,
        Rule::op_and => 2,
        Rule::op_eq
        | Rule::op_ne
        | Rule::op_lt
        | Rule::op_le
        | Rule::op_gt
        | Rule::op_ge
        | Rule::op_in
        | Rule::op_not_in => COMPARE,
        Rule::op_add | Rule::op_sub => 5,
        Rule::op_mul | Rule::op_div => 6,
        _ => return None,
    })
}

fn binary(rule: Rule) -> Option<BinaryOp> {
    Some(match rule {
        Rule::op_or => BinaryOp::Or,
        Rule::op_and => BinaryOp::And,
        Rule::op_eq => BinaryOp::Equal,
        Rule::op_ne => BinaryOp::NotEqual,
        Rule::op_lt => BinaryOp::Less,
        Rule::op_le => BinaryOp::LessEqual,
        Rule::op_gt => BinaryOp::Greater,
        Rule::op_ge => BinaryOp::GreaterEqual,
        Rule::op_add => BinaryOp::Add,
        Rule::op_sub => BinaryOp::Subtract,
        Rule::op_mul => BinaryOp::Multiply,
        Rule::op_div => BinaryOp::Divide,
        _ => return None,
    })
}
