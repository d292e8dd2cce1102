//! Which questions of a rule set can be answered from numbers, without any row.
//!
//! Whoever goes through all logins of a key one after another (a backtest) need not look through a
//! window anew at every login: what entered it and what left it is enough. Here stands which
//! questions allow that, found once; the answers are [`Walk`](super::walk::Walk)'s. What cannot be
//! answered so goes to [`evaluate`](super::evaluate), which also says what the answers must be.

use crate::env::Millis;
use crate::lang::program::{
    ByKey, Expr, ExprKind, FieldId, HistoryFunction, HistoryQuery, Program, Stream, Window,
};

use super::cell::{Column, Columns};
use super::needs::keys_of;

/// The questions of some rule sets that can be answered from numbers.
#[derive(Debug, Default)]
pub struct Plan {
    /// Different windows; `None` is all of the past.
    pub(super) windows: Vec<Option<Millis>>,
    /// Columns whose last successes by value are asked for.
    pub(super) habits: Vec<Column>,
    /// Values counted in a window.
    pub(super) counts: Vec<Counted>,
    /// By rule set and query.
    questions: Vec<Vec<Option<Planned>>>,
}

/// Values of a column counted in a window: those of the rows of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) column: Column,
    pub(super) stream: Stream,
    pub(super) window: usize,
}

/// One question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Whose rows.
    pub by: ByKey,
    pub(super) ask: Ask,
    /// Which of the windows.
    pub(super) window: usize,
    /// There is a condition on past rows: only a window without rows is answered.
    pub(super) filtered: bool,
}

impl Planned {
    /// Whether it never needs rows.
    pub fn is_always(&self) -> bool {
        !self.filtered
    }
}

/// What is asked. Numbers are places in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Count(Stream),
    Ratio(Stream, Stream),
    Since(Stream),
    Streak(Stream),
    First(Stream, Column),
    Last(Stream, Column),
    New { habits: usize, new: bool },
    DaysSince { habits: usize },
    Distinct { counts: usize },
    Share { counts: usize },
}

impl Plan {
    /// For some rule sets. `numbered` says of a column whether its values have numbers
    /// ([`Sheet::id`](super::walk::Sheet::id)).
    pub fn new<'p>(
        programs: impl IntoIterator<Item = &'p Program>,
        columns: &Columns,
        numbered: impl Fn(Column) -> bool,
    ) -> Self {
        let mut plan = Self::default();
        for program in programs {
            let questions = program
                .queries
                .iter()
                .map(|query| plan.planned(query, columns, &numbered))
                .collect();
            plan.questions.push(questions);
        }
        plan
    }

    /// The question `query` of the rule set `rules`, when it can be answered.
    #[inline]
    pub fn get(&self, rules: usize, query: &HistoryQuery) -> Option<&Planned> {
        let questions = self.questions.get(rules)?;
        questions.get(query.id.0 as usize)?.as_ref()
    }

    /// Whether counts of failures under `by` are asked for, and whether numbers of different accounts are:
    /// what is worth knowing beforehand of such a key.
    pub fn asks_of(&self, by: ByKey) -> (bool, bool) {
        let questions = self.questions.iter().flatten().flatten();
        let mut asked = (false, false);
        for question in questions.filter(|question| question.by == by) {
            match question.ask {
                Ask::Count(stream) => asked.0 |= stream == Stream::Failures,
                Ask::Distinct { counts } => {
                    let counted = self.counts[counts];
                    asked.0 |= counted.stream == Stream::Failures;
                    asked.1 |= counted.column == Column::Account;
                }
                _ => {}
            }
        }
        asked
    }

    /// The place of a window.
    pub fn window(&mut self, window: Option<Millis>) -> usize {
        place(&mut self.windows, window)
    }

    /// The longest window; `None` when one is all of the past.
    pub fn longest(&self) -> Option<Millis> {
        let longest = self
            .windows
            .iter()
            .copied()
            .max_by_key(|window| window.unwrap_or(Millis::MAX));
        longest.unwrap_or(Some(0))
    }

    /// The columns whose values are asked for by number.
    pub fn columns(queries: &[HistoryQuery], columns: &Columns) -> Vec<Column> {
        let fields = queries.iter().filter_map(|query| query.field);
        fields.filter_map(|field| columns.get(field)).collect()
    }

    fn planned(
        &mut self,
        query: &HistoryQuery,
        columns: &Columns,
        numbered: &impl Fn(Column) -> bool,
    ) -> Option<Planned> {
        let [by] = *keys_of(query) else { return None };
        let window = match query.window {
            Window::Within(ms) => Some(ms),
            Window::All => None,
            Window::Last(_) => return None,
        };
        // A field that is no column has an answer of its own.
        let column = match query.field.map(|field| columns.get(field)) {
            Some(None) => return None,
            column => column.flatten(),
        };
        let (stream, own) = (query.stream, by == ByKey::Account);
        let known = column.filter(|column| numbered(*column));
        // What past values are compared with must be the present login's own.
        let same = known.filter(|column| {
            let value = query.value.as_ref().and_then(field_of);
            value.and_then(|field| columns.get(field)) == Some(*column)
        });
        let shown = match column {
            None | Some(Column::Time) => Some(Column::Time),
            _ => known,
        };
        let window = self.window(window);
        let counted = |column| Counted {
            column,
            stream,
            window,
        };
        let ask = match query.function {
            HistoryFunction::Count => Ask::Count(stream),
            HistoryFunction::Ratio => {
                Ask::Ratio(stream, query.denominator.unwrap_or(Stream::Attempts))
            }
            HistoryFunction::Since => Ask::Since(stream),
            HistoryFunction::Streak => Ask::Streak(stream),
            HistoryFunction::First => Ask::First(stream, shown?),
            HistoryFunction::Last => Ask::Last(stream, shown?),
            HistoryFunction::Distinct => Ask::Distinct {
                counts: place(&mut self.counts, counted(known?)),
            },
            HistoryFunction::Share => Ask::Share {
                counts: place(&mut self.counts, counted(same?)),
            },
            // Whether anything was ever known of other keys is not at hand.
            HistoryFunction::New | HistoryFunction::Seen if own => Ask::New {
                habits: place(&mut self.habits, same?),
                new: query.function == HistoryFunction::New,
            },
            HistoryFunction::DaysSince => Ask::DaysSince {
                habits: place(&mut self.habits, same?),
            },
            _ => return None,
        };
        Some(Planned {
            by,
            ask,
            window,
            filtered: query.filter.is_some(),
        })
    }
}

/// The field an expression is, when it is one.
fn field_of(expr: &Expr) -> Option<FieldId> {
    match &expr.kind {
        ExprKind::Field(id) => Some(*id),
        ExprKind::Let { value, .. } => field_of(value),
        _ => None,
    }
}

/// Where `item` stands, put there when it did not.
fn place<T: PartialEq>(items: &mut Vec<T>, item: T) -> usize {
    match items.iter().position(|known| *known == item) {
        Some(at) => at,
        None => {
            items.push(item);
            items.len() - 1
        }
    }
}
