//! What judging a rule or signal costs at most: known when the rules are loaded (language law 2).

use crate::lang::check::walk;
use crate::lang::program::{ByKey, Expr, ExprKind, HistoryQuery, Program, Window};
use crate::lang::span::Span;

/// Rows kept under an account; the history's own bound, which `history` names as well.
const ACCOUNT_ROWS: u64 = 2_000;
/// Rows kept under any other key.
const OTHER_ROWS: u64 = 20_000;

/// The most rows a question under these keys can find.
#[allow(clippy::cast_precision_loss, reason = "thousands")]
pub(super) fn kept_rows(by: &[ByKey]) -> f64 {
    let own = by.iter().all(|key| *key == ByKey::Account);
    (if own { ACCOUNT_ROWS } else { OTHER_ROWS }) as f64
}

/// The bound of one rule or signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Its head.
    pub span: Span,
    /// Its first line, as written.
    pub name: String,
    /// Parts of its condition: each is looked at once.
    pub steps: u64,
    /// Questions to the history.
    pub questions: u64,
    /// Past rows these may look at.
    pub rows: u64,
}

impl Program {
    /// The bound of every rule and signal, in source order by file.
    pub fn costs(&self) -> Vec<Cost> {
        let rules = self
            .rules
            .iter()
            .map(|rule| (rule.head, rule.when.iter().collect::<Vec<_>>()));
        let signals = self.signals.iter().map(|signal| {
            let conditions = std::iter::once(&signal.when).chain(&signal.except);
            (signal.span, conditions.collect())
        });
        let mut costs: Vec<Cost> = rules
            .chain(signals)
            .map(|(span, conditions)| self.cost(span, &conditions))
            .collect();
        costs.sort_by_key(|cost| cost.span);
        costs
    }

    fn cost(&self, span: Span, conditions: &[&Expr]) -> Cost {
        let source = self.sources.slice(span);
        let first = source.lines().next().unwrap_or_default();
        let mut cost = Cost {
            span,
            name: first.trim_end_matches(['{', ' ']).to_owned(),
            steps: 0,
            questions: 0,
            rows: 0,
        };
        for condition in conditions {
            walk::nodes(condition, &self.queries, &mut |node| {
                cost.steps += 1;
                let ExprKind::History(id) = node.kind else {
                    return;
                };
                cost.questions += 1;
                cost.rows += self.queries.get(id.0 as usize).map_or(0, rows);
            });
        }
        cost
    }
}

fn rows(query: &HistoryQuery) -> u64 {
    let own = query.by.is_empty() || query.by.contains(&ByKey::Account);
    let kept = if own { ACCOUNT_ROWS } else { OTHER_ROWS };
    match query.window {
        Window::Last(most) => kept.min(u64::from(most)),
        Window::Within(_) | Window::All => kept,
    }
}
