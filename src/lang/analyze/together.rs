//! Conditions of which one always holds, tried with every value there is of what they ask: the hours of a
//! day, the days of a week, the yes and no of proofs. Nothing else is looked at, so that what is said is
//! certain; the evaluator says what holds.

use crate::lang::builtins::Registry;
use crate::lang::check::walk;
use crate::lang::program::{Expr, ExprKind, FieldId, Program};
use crate::lang::value::Value;

use super::example::{Given, with};

/// Values tried at once: the hours of a week, bound or not, with an open alert or not.
const MAX_CASES: usize = 24 * 7 * 4;
/// Conditions evaluated for one set of rules: some hundred rules behind such conditions.
const MAX_EVALUATED: usize = 100_000;

/// Asks whether conditions leave nothing over; the work for a whole set is bounded.
pub(super) struct Together<'a> {
    program: &'a Program,
    registry: &'a Registry,
    evaluated: usize,
}

impl<'a> Together<'a> {
    pub(super) fn new(program: &'a Program, registry: &'a Registry) -> Self {
        Self {
            program,
            registry,
            evaluated: 0,
        }
    }

    /// Which of `conditions` are needed so that one of them holds whenever `when` may; `None` when they
    /// leave something over, or that cannot be told.
    pub(super) fn exhaust(
        &mut self,
        conditions: &[&Expr],
        when: Option<&Expr>,
    ) -> Option<Vec<usize>> {
        let mut fields = Vec::new();
        let known: Vec<usize> = (0..conditions.len())
            .filter(|at| self.settled(conditions[*at], &mut fields))
            .collect();
        if known.is_empty() {
            return None;
        }
        // What the later rule asks besides leaves less to be covered, at most.
        let mut asked = fields.clone();
        let when = when.filter(|when| self.settled(when, &mut asked));
        if when.is_some() {
            fields = asked;
        }
        let cases = self.cases(&fields)?;
        let mut needed = Vec::new();
        for case in &cases {
            if let Some(when) = when
                && !self.holds(when, case)?
            {
                continue;
            }
            let mut covering = None;
            for at in &known {
                if self.holds(conditions[*at], case)? {
                    covering = Some(*at);
                    break;
                }
            }
            let at = covering?;
            if !needed.contains(&at) {
                needed.push(at);
            }
        }
        needed.sort_unstable();
        // One that always holds by itself is told where it stands.
        (needed.len() > usize::from(when.is_none())).then_some(needed)
    }

    /// `None` when enough was evaluated.
    fn holds(&mut self, condition: &Expr, case: &[Given]) -> Option<bool> {
        self.evaluated += 1;
        (self.evaluated <= MAX_EVALUATED)
            .then(|| with(condition, case, self.program) == Value::YesNo(true))
    }

    /// Whether it asks only for fields whose values can all be tried; adds them.
    fn settled(&self, condition: &Expr, fields: &mut Vec<FieldId>) -> bool {
        let (mut all, mut own) = (true, Vec::new());
        walk::nodes(condition, &self.program.queries, &mut |node| {
            match &node.kind {
                ExprKind::Field(id) => {
                    all &= self.values(*id).is_some();
                    own.push(*id);
                }
                ExprKind::Const(_)
                | ExprKind::Let { .. }
                | ExprKind::Not(_)
                | ExprKind::And(_)
                | ExprKind::Or(_)
                | ExprKind::Compare(..)
                | ExprKind::InValues { .. }
                | ExprKind::Call(..) => {}
                // Names and questions have other values; lists come and go; and what asks whether something is
                // known must not be asked with what was left out here.
                _ => all = false,
            }
        });
        if all {
            own.retain(|id| !fields.contains(id));
            own.sort_unstable();
            own.dedup();
            fields.extend(own);
        }
        all
    }

    /// Every value of a field that is never unknown, when these are few.
    fn values(&self, id: FieldId) -> Option<Vec<Value>> {
        let spec = self.registry.field_spec(id);
        let clock = spec.root() == "now" && spec.whole;
        match spec.range {
            _ if spec.proof => Some([true, false].map(Value::YesNo).into()),
            #[allow(clippy::cast_possible_truncation, reason = "hours and weekdays")]
            Some((low, high)) if clock => {
                let all = low as i32..=high as i32;
                Some(all.map(|value| Value::Number(f64::from(value))).collect())
            }
            _ => None,
        }
    }

    /// Every combination of the fields' values.
    fn cases(&self, fields: &[FieldId]) -> Option<Vec<Vec<Given>>> {
        let mut cases: Vec<Vec<(String, Value)>> = vec![Vec::new()];
        for id in fields {
            let path = self.registry.field_spec(*id).path;
            let values = self.values(*id)?;
            if cases.len() * values.len() > MAX_CASES {
                return None;
            }
            let more = |case: &Vec<(String, Value)>| {
                let each = values.iter().map(|value| {
                    let mut case = case.clone();
                    case.push((path.to_owned(), value.clone()));
                    case
                });
                each.collect::<Vec<_>>()
            };
            cases = cases.iter().flat_map(more).collect();
        }
        let given = |(about, value)| Given { about, value };
        let cases = cases.into_iter();
        Some(
            cases
                .map(|case| case.into_iter().map(given).collect())
                .collect(),
        )
    }
}
