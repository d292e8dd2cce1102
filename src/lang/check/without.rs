//! What a condition can come to where certain things are missing: names that the message did not bring or that were
//! never remembered, the account of who is not bound. Everything else may be anything. The evaluator's own three
//! values are followed, so that "cannot hold without it" proves that there is a value wherever the condition holds.

use crate::lang::builtins::Registry;
use crate::lang::eval::{arith, call, compare, member};
use crate::lang::program::{Expr, ExprKind, Name};
use crate::lang::value::{Type, Value};

/// What is missing.
pub(in crate::lang) struct Without<'a> {
    /// Whether this name has no value.
    pub(in crate::lang) name: &'a dyn Fn(&Name) -> bool,
    /// There is no account.
    pub(in crate::lang) account: bool,
    /// Knows the fields.
    pub(in crate::lang) registry: &'a Registry,
}

/// Truths a condition may come to, as bits.
type Truths = u8;
const NO: Truths = 1;
const YES: Truths = 2;
const UNKNOWN: Truths = 4;
const ALL: Truths = NO | YES | UNKNOWN;

/// What an expression may come to.
enum Seen {
    /// Nothing but this.
    Only(Value),
    /// It is never known.
    Unknown,
    /// Anything.
    Any,
}

impl Without<'_> {
    /// Whether the condition may hold all the same.
    pub(in crate::lang) fn may_hold(&self, condition: &Expr) -> bool {
        self.truths(condition) & YES != 0
    }

    /// Whether the condition certainly holds then.
    pub(in crate::lang) fn holds(&self, condition: &Expr) -> bool {
        self.truths(condition) == YES
    }

    fn truths(&self, expr: &Expr) -> Truths {
        match &expr.kind {
            ExprKind::Let { value, .. } => self.truths(value),
            ExprKind::Not(inner) => turned(self.truths(inner)),
            ExprKind::And(parts) => {
                let parts = parts.iter().map(|part| self.truths(part));
                parts.fold(YES, both)
            }
            // Either is: not both are not.
            ExprKind::Or(parts) => {
                let parts = parts.iter().map(|part| turned(self.truths(part)));
                turned(parts.fold(YES, both))
            }
            ExprKind::IsKnown { inner, known } => {
                let is = match self.seen(inner) {
                    Seen::Only(_) => YES,
                    Seen::Unknown => NO,
                    Seen::Any => YES | NO,
                };
                if *known { is } else { turned(is) }
            }
            ExprKind::Otherwise(first, second) => {
                let first = self.truths(first);
                let rest = if first & UNKNOWN == 0 {
                    0
                } else {
                    self.truths(second)
                };
                (first & !UNKNOWN) | rest
            }
            _ => match self.seen(expr) {
                Seen::Only(Value::YesNo(true)) => YES,
                Seen::Only(Value::YesNo(false)) => NO,
                Seen::Unknown => UNKNOWN,
                Seen::Only(_) | Seen::Any => ALL,
            },
        }
    }

    fn seen(&self, expr: &Expr) -> Seen {
        match &expr.kind {
            ExprKind::Const(value) if value.is_known() => Seen::Only(value.clone()),
            ExprKind::Const(_) => Seen::Unknown,
            ExprKind::Name(name) if (self.name)(name) => Seen::Unknown,
            ExprKind::Field(id) if self.account => {
                let spec = self.registry.field_spec(*id);
                match spec.proof {
                    true if spec.proves_account => Seen::Only(Value::YesNo(false)),
                    false if spec.about_account() => Seen::Unknown,
                    _ => Seen::Any,
                }
            }
            ExprKind::Let { value, .. } => self.seen(value),
            ExprKind::Otherwise(first, second) if expr.ty != Type::YesNo => {
                match self.seen(first) {
                    Seen::Unknown => self.seen(second),
                    known => known,
                }
            }
            ExprKind::Compare(op, a, b) => self.of(&[a, b], |values| match values {
                [a, b] => Some(compare(*op, a, b)),
                _ => None,
            }),
            ExprKind::Arith(op, a, b) => self.of(&[a, b], |values| match values {
                [a, b] => Some(arith(*op, a, b)),
                _ => None,
            }),
            ExprKind::Call(function, args) => {
                let args: Vec<&Expr> = args.iter().collect();
                self.of(&args, |values| Some(call(*function, values)))
            }
            ExprKind::InList { item, .. } => self.of(&[item], |_| None),
            ExprKind::InValues {
                item,
                values,
                negated,
            } => match self.seen(item) {
                Seen::Only(item) => self.among(&item, values, *negated),
                other => other,
            },
            ExprKind::Not(_) | ExprKind::And(_) | ExprKind::Or(_) | ExprKind::IsKnown { .. } => {
                self.settled(expr)
            }
            ExprKind::Otherwise(..) => self.settled(expr),
            ExprKind::Field(_)
            | ExprKind::RowField(_)
            | ExprKind::Name(_)
            | ExprKind::History(_)
            | ExprKind::Trusted(_) => Seen::Any,
        }
    }

    /// What is made of operands all of which are needed.
    fn of(&self, operands: &[&Expr], made: impl Fn(&[Value]) -> Option<Value>) -> Seen {
        let mut values = Vec::new();
        let mut any = false;
        for operand in operands {
            match self.seen(operand) {
                Seen::Only(value) => values.push(value),
                Seen::Unknown => return Seen::Unknown,
                Seen::Any => any = true,
            }
        }
        match made(&values) {
            Some(value) if !any && value.is_known() => Seen::Only(value),
            Some(_) if !any => Seen::Unknown,
            _ => Seen::Any,
        }
    }

    fn among(&self, item: &Value, values: &[Expr], negated: bool) -> Seen {
        let mut found = false;
        for value in values {
            match self.seen(value) {
                Seen::Only(value) => found |= member(item, &value) == Value::YesNo(true),
                Seen::Unknown | Seen::Any => return Seen::Any,
            }
        }
        Seen::Only(Value::YesNo(found != negated))
    }

    /// A yes or no that stands where a value is compared.
    fn settled(&self, expr: &Expr) -> Seen {
        match self.truths(expr) {
            YES => Seen::Only(Value::YesNo(true)),
            NO => Seen::Only(Value::YesNo(false)),
            UNKNOWN => Seen::Unknown,
            _ => Seen::Any,
        }
    }
}

/// Three-valued not.
fn turned(of: Truths) -> Truths {
    let bit = |from, to| if of & from == 0 { 0 } else { to };
    bit(YES, NO) | bit(NO, YES) | bit(UNKNOWN, UNKNOWN)
}

/// Three-valued and.
fn both(a: Truths, b: Truths) -> Truths {
    let mut out = 0;
    for left in [NO, YES, UNKNOWN] {
        for right in [NO, YES, UNKNOWN] {
            if a & left == 0 || b & right == 0 {
                continue;
            }
            out |= match (left, right) {
                (NO, _) | (_, NO) => NO,
                (YES, YES) => YES,
                _ => UNKNOWN,
            };
        }
    }
    out
}
