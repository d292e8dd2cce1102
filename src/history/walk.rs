//! Answers kept up to date while the logins of a key are gone through one after another.
//!
//! A [`Walk`] stands at a login and knows of the rows before it what a [`Plan`] asks for; going on
//! costs what entered the windows and what left them, not what is in them. [`glance`](super::glance) answers the same
//! questions about other keys, where the present login may be any, by looking through the window's
//! numbers. Both give exactly what [`evaluate`](super::evaluate) gives over the rows, which a property
//! test holds them to; neither reads a clock, a store or a text. Rows an owner answered with 锁定 are
//! not for them: whoever has such rows under a key asks with the rows.

use std::collections::HashMap;

use smallvec::SmallVec;

use crate::env::{DAY, Millis};
use crate::lang::program::Stream;
use crate::lang::value::Value;

use super::cell::{Column, of_past};
use super::plan::{Ask, Counted, Plan, Planned};
use super::question::{NO_ROWS, number, share};

/// Different values found by comparing, as many as hours; more are hashed.
const FEW: usize = 24;

/// The rows of one key by their place, in the order of time and of arrival, which are the same here.
pub trait Sheet {
    /// When it happened.
    fn time(&self, at: usize) -> Millis;
    /// The password was right.
    fn success(&self, at: usize) -> bool;
    /// The number of a row's value: the same for the same value; `None` when it is not known.
    fn id(&self, column: Column, at: usize) -> Option<u32>;
    /// The value itself, as [`Row::field`](super::Row::field) gives it.
    fn field(&self, column: Column, at: usize) -> Value;
    /// Whether a success stands anywhere before.
    fn ever(&self, before: usize) -> bool;
    /// The first row that is kept when the one at `at` asks: bounds of the store.
    fn oldest(&self, at: usize) -> usize;
    /// The places of all failures, in order, where that is known beforehand.
    fn failures(&self) -> Option<&[u32]> {
        None
    }
    /// Whether it is known beforehand that all rows have the same value.
    fn uniform(&self, _column: Column) -> bool {
        false
    }
}

/// Where a walk stands, and what it knows there.
#[derive(Debug, Default)]
pub struct Walk {
    /// Rows before are not looked at.
    low: usize,
    /// By window of the plan: its first row, when last asked.
    from: Vec<usize>,
    /// How many of the rows from `low` on were successes, before each.
    successes: Vec<u32>,
    /// The last success and the last failure among them, one more than its place; 0 is none.
    last: [usize; 2],
    habits: Vec<Habits>,
    counts: Vec<Counts>,
}

/// Places one more than they are; 0 is none.
#[derive(Debug, Default)]
struct Habits {
    upto: usize,
    /// Of each value the last success with it.
    last: Numbers,
    /// The last success whose value is known, and the last whose is not.
    known: usize,
    blind: usize,
}

/// Values in a window, with how often they stand there.
#[derive(Debug, Default)]
pub(super) struct Counts {
    from: usize,
    upto: usize,
    of: Numbers,
    /// Rows that have a value.
    all: usize,
    /// Values that stand there at all.
    pub(super) different: usize,
}

/// A small map of numbers.
#[derive(Debug, Default)]
struct Numbers {
    few: SmallVec<[(u32, u32); FEW]>,
    many: HashMap<u32, u32>,
}

impl Numbers {
    fn clear(&mut self) {
        self.few.clear();
        self.many.clear();
    }

    /// What is kept under a number, 0 when nothing was.
    #[inline]
    fn get(&self, id: u32) -> u32 {
        match self.few.iter().find(|(known, _)| *known == id) {
            Some((_, value)) => *value,
            None if self.many.is_empty() => 0,
            None => self.many.get(&id).copied().unwrap_or(0),
        }
    }

    #[inline]
    fn at(&mut self, id: u32) -> &mut u32 {
        match self.few.iter().position(|(known, _)| *known == id) {
            Some(found) => &mut self.few[found].1,
            None if self.few.len() < FEW => {
                self.few.push((id, 0));
                let last = self.few.len() - 1;
                &mut self.few[last].1
            }
            None => self.many.entry(id).or_default(),
        }
    }
}

impl Counts {
    /// Of a window without rows that begins at `from`.
    pub(super) fn begun(from: usize) -> Self {
        Self {
            from,
            upto: from,
            ..Self::default()
        }
    }

    /// Moves the window to `from..now`: what left it goes, what entered comes.
    pub(super) fn slide<S: Sheet>(&mut self, at: &At<'_, S>, counted: &Counted, from: usize) {
        let value = |row: usize| {
            let counts = is_in(at.sheet.success(row), counted.stream);
            counts.then(|| at.sheet.id(counted.column, row)).flatten()
        };
        // What left before it was looked at need not enter.
        for row in self.from..from.min(self.upto) {
            if let Some(id) = value(row) {
                let count = self.of.at(id);
                *count -= 1;
                self.different -= usize::from(*count == 0);
                self.all -= 1;
            }
        }
        for row in self.upto.max(from)..at.now {
            if let Some(id) = value(row) {
                self.enter(id);
            }
        }
        (self.from, self.upto) = (from, at.now);
    }

    /// Counts a value.
    pub(super) fn enter(&mut self, id: u32) {
        let count = self.of.at(id);
        self.different += usize::from(*count == 0);
        *count += 1;
        self.all += 1;
    }

    /// How many different values, how many rows with one, and how many with the value `id`.
    pub(super) fn told(&self, id: Option<u32>) -> (usize, usize, usize) {
        let same = id.map_or(0, |id| self.of.get(id) as usize);
        (self.different, self.all, same)
    }
}

impl Walk {
    /// Begins anew with another key: rows before `low` will not be asked for.
    pub fn begin(&mut self, plan: &Plan, low: usize) {
        self.low = low;
        self.from.clear();
        self.from.resize(plan.windows.len(), low);
        self.successes.clear();
        self.successes.push(0);
        self.last = [0; 2];
        self.habits.resize_with(plan.habits.len(), Habits::default);
        for habits in &mut self.habits {
            (habits.upto, habits.known, habits.blind) = (low, 0, 0);
            habits.last.clear();
        }
        self.counts.resize_with(plan.counts.len(), Counts::default);
        for counts in &mut self.counts {
            (counts.from, counts.upto) = (low, low);
            (counts.all, counts.different) = (0, 0);
            counts.of.clear();
        }
    }

    /// The answer at the row `now`, which is not before the one that asked last. `None` when rows
    /// must be looked at.
    pub fn answer<S: Sheet>(
        &mut self,
        plan: &Plan,
        question: &Planned,
        sheet: &S,
        now: usize,
    ) -> Option<Value> {
        let from = self.from(plan, question.window, sheet, now);
        if question.filtered && from < now {
            return None;
        }
        let at = At { plan, sheet, now };
        Some(answer(question.ask, &at, from, self))
    }

    /// The first row of a window of the plan.
    pub fn from<S: Sheet>(&mut self, plan: &Plan, window: usize, sheet: &S, now: usize) -> usize {
        let from = &mut self.from[window];
        *from = (*from).max(sheet.oldest(now));
        if let Some(window) = plan.windows[window] {
            let after = sheet.time(now).saturating_sub(window);
            while *from < now && sheet.time(*from) <= after {
                *from += 1;
            }
        }
        *from
    }

    /// The successes among `from..now`.
    pub fn successes<S: Sheet>(&mut self, sheet: &S, from: usize, now: usize) -> usize {
        self.count_to(sheet, now);
        let before = |at: usize| self.successes[at - self.low];
        (before(now) - before(from)) as usize
    }

    /// The last success before `now`, when it is not before `from`.
    pub fn last_success<S: Sheet>(&mut self, sheet: &S, from: usize, now: usize) -> Option<usize> {
        self.count_to(sheet, now);
        self.last[1].checked_sub(1).filter(|last| *last >= from)
    }

    fn count_to<S: Sheet>(&mut self, sheet: &S, now: usize) {
        for at in self.low + self.successes.len() - 1..now {
            let success = sheet.success(at);
            let before = self.successes[at - self.low];
            self.successes.push(before + u32::from(success));
            self.last[usize::from(success)] = at + 1;
        }
    }
}

/// Where is asked.
pub(super) struct At<'a, S> {
    pub(super) plan: &'a Plan,
    pub(super) sheet: &'a S,
    pub(super) now: usize,
}

/// What answers are made of, about the rows `from..now`.
pub(super) trait Known {
    fn successes<S: Sheet>(&mut self, at: &At<'_, S>, from: usize) -> usize;
    /// The place of the last row of a stream, which is not all attempts.
    fn last<S: Sheet>(&mut self, at: &At<'_, S>, success: bool, from: usize) -> Option<usize>;
    /// The last success with the value `id`; whether any has a value; whether any has none.
    fn habit<S: Sheet>(
        &mut self,
        at: &At<'_, S>,
        habits: usize,
        id: u32,
        from: usize,
    ) -> (Option<usize>, bool, bool);
    /// How many different values, how many rows with one, and how many with the value `id`.
    fn counts<S: Sheet>(
        &mut self,
        at: &At<'_, S>,
        counts: usize,
        id: Option<u32>,
        from: usize,
    ) -> (usize, usize, usize);
}

pub(super) fn answer<S: Sheet, K: Known>(
    ask: Ask,
    at: &At<'_, S>,
    from: usize,
    known: &mut K,
) -> Value {
    let (sheet, now) = (at.sheet, at.now);
    let count = |stream: Stream, known: &mut K| match stream {
        Stream::Attempts => now - from,
        Stream::Successes => known.successes(at, from),
        Stream::Failures => now - from - known.successes(at, from),
    };
    let last = |stream: Stream, known: &mut K| match stream {
        Stream::Attempts => (from < now).then(|| now - 1),
        Stream::Successes => known.last(at, true, from),
        Stream::Failures => known.last(at, false, from),
    };
    match ask {
        Ask::Count(stream) => number(count(stream, known)).0,
        Ask::Ratio(part, whole) => {
            let part = count(part, known);
            share(part, count(whole, known))
        }
        Ask::Since(stream) => match last(stream, known) {
            Some(last) => Value::Duration(sheet.time(now).saturating_sub(sheet.time(last))),
            None => Value::unknown(NO_ROWS),
        },
        Ask::Streak(stream) => {
            let broken = match stream {
                Stream::Attempts => None,
                Stream::Successes => known.last(at, false, from),
                Stream::Failures => known.last(at, true, from),
            };
            number(now - broken.map_or(from, |broken| broken + 1)).0
        }
        Ask::First(stream, column) => {
            let first = (from..now).find(|at| is_in(sheet.success(*at), stream));
            first.map_or_else(
                || Value::unknown(NO_ROWS),
                |at| of_past(sheet.field(column, at), column),
            )
        }
        Ask::Last(stream, column) => match last(stream, known) {
            Some(last) => of_past(sheet.field(column, last), column),
            None => Value::unknown(NO_ROWS),
        },
        Ask::New { habits, new } => {
            let column = at.plan.habits[habits];
            let Some(id) = sheet.id(column, now) else {
                return Value::unknown(column.path());
            };
            let (seen, any, blind) = known.habit(at, habits, id, from);
            if any {
                Value::YesNo(seen.is_some() != new)
            } else if blind {
                Value::unknown(format!("history of {}", column.path()))
            } else if sheet.ever(now) {
                Value::YesNo(new)
            } else {
                Value::unknown(NO_ROWS)
            }
        }
        Ask::DaysSince { habits } => {
            let column = at.plan.habits[habits];
            let Some(id) = sheet.id(column, now) else {
                return Value::unknown(column.path());
            };
            match known.habit(at, habits, id, from).0 {
                Some(last) => {
                    let elapsed = sheet.time(now).saturating_sub(sheet.time(last));
                    Value::Number(elapsed as f64 / DAY as f64)
                }
                None => Value::unknown(NO_ROWS),
            }
        }
        Ask::Distinct { counts } => {
            let (different, ..) = known.counts(at, counts, None, from);
            Value::Number(different as f64)
        }
        Ask::Share { counts } => {
            let column = at.plan.counts[counts].column;
            let Some(id) = sheet.id(column, now) else {
                return Value::unknown(column.path());
            };
            let (_, all, same) = known.counts(at, counts, Some(id), from);
            share(same, all)
        }
    }
}

pub(super) fn is_in(success: bool, stream: Stream) -> bool {
    match stream {
        Stream::Attempts => true,
        Stream::Successes => success,
        Stream::Failures => !success,
    }
}

impl Known for Walk {
    fn successes<S: Sheet>(&mut self, at: &At<'_, S>, from: usize) -> usize {
        Walk::successes(self, at.sheet, from, at.now)
    }

    fn last<S: Sheet>(&mut self, at: &At<'_, S>, success: bool, from: usize) -> Option<usize> {
        self.count_to(at.sheet, at.now);
        let last = self.last[usize::from(success)];
        last.checked_sub(1).filter(|last| *last >= from)
    }

    fn habit<S: Sheet>(
        &mut self,
        at: &At<'_, S>,
        habits: usize,
        id: u32,
        from: usize,
    ) -> (Option<usize>, bool, bool) {
        let column = at.plan.habits[habits];
        let habits = &mut self.habits[habits];
        for row in habits.upto..at.now {
            if !at.sheet.success(row) {
                continue;
            }
            match at.sheet.id(column, row) {
                Some(id) => {
                    *habits.last.at(id) = row as u32 + 1;
                    habits.known = row + 1;
                }
                None => habits.blind = row + 1,
            }
        }
        habits.upto = at.now;
        let seen = (habits.last.get(id) as usize).checked_sub(1);
        (
            seen.filter(|seen| *seen >= from),
            habits.known > from,
            habits.blind > from,
        )
    }

    fn counts<S: Sheet>(
        &mut self,
        at: &At<'_, S>,
        counts: usize,
        id: Option<u32>,
        from: usize,
    ) -> (usize, usize, usize) {
        let counted = &at.plan.counts[counts];
        let counts = &mut self.counts[counts];
        counts.slide(at, counted, from);
        counts.told(id)
    }
}
