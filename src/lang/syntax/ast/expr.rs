//! The tree of expressions: conditions and values as written, operators already ordered.
//!
//! Made by `syntax::lower`, read by the checker; nothing here has a type yet.

use super::{Ident, Path, Text};
use crate::lang::span::Span;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands, without enclosing parentheses.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `60`, `90 days`, `900 km/h`, `2%`: the number and its unit as written (`%` for percent).
    Number {
        /// The number.
        value: f64,
        /// The unit.
        unit: Option<Ident>,
    },
    /// A text.
    Text(Text),
    /// `yes` or `no`.
    YesNo(bool),
    /// A name or dotted path.
    Path(Path),
    /// `count(failures, within: 10 minutes)`
    Call {
        /// The function.
        name: Ident,
        /// Its arguments.
        args: Vec<Arg>,
    },
    /// `[a, b]`
    List(Vec<Expr>),
    /// `not e`
    Not(Box<Expr>),
    /// `-e`
    Negate(Box<Expr>),
    /// `a and b`, `a or b`, `a >= b`, `a + b`, …
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where the operator stands.
        op_span: Span,
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
    },
    /// `a in b`, `a not in b`
    In {
        /// What is looked for.
        item: Box<Expr>,
        /// Where.
        list: Box<Expr>,
        /// `not in`
        negated: bool,
    },
    /// `a is known`, `a is unknown`
    IsKnown {
        /// What is asked about.
        inner: Box<Expr>,
        /// `is known` rather than `is unknown`.
        known: bool,
    },
    /// `a otherwise b`
    Otherwise {
        /// What is wanted.
        inner: Box<Expr>,
        /// What stands in for it.
        default: Box<Expr>,
    },
    /// `( e )`: kept for the formatter and for the check on mixed and/or.
    Group(Box<Expr>),
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum BinaryOp {
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// `within:`; `None` for positional arguments.
    pub name: Option<Ident>,
    /// The value. For `last: 50` (window by number) it is a plain number.
    pub value: Expr,
}
