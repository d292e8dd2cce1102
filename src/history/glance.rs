//! Answers about keys of many accounts, where the present login may be any of a key's rows: from the
//! numbers of the window, without any state. They are those of [`evaluate`](super::evaluate), to which a
//! property test holds them.

use crate::env::Millis;
use crate::lang::program::Stream;
use crate::lang::value::Value;

use super::plan::{Ask, Counted, Plan, Planned};
use super::question::number;
use super::walk::{At, Counts, Known, Sheet, answer, is_in};

/// An answer about a key whose present login may be any of its rows.
pub fn glance<S: Sheet>(plan: &Plan, question: &Planned, sheet: &S, now: usize) -> Option<Value> {
    if let Some(value) = brief(plan, question, sheet, now) {
        return Some(value);
    }
    let from = first(sheet, plan.windows[question.window], now);
    if question.filtered && from < now {
        return None;
    }
    let at = At { plan, sheet, now };
    Some(answer(question.ask, &at, from, &mut Glance))
}

/// An answer that is known without looking at all of a window: failures are few, and where all rows are
/// of one value any of them tells.
fn brief<S: Sheet>(plan: &Plan, question: &Planned, sheet: &S, now: usize) -> Option<Value> {
    if question.filtered {
        return None;
    }
    let window = plan.windows[question.window];
    let found = match question.ask {
        Ask::Count(Stream::Failures) => recent(sheet, window, now)?.len(),
        Ask::Distinct { counts } => {
            let Counted { column, stream, .. } = plan.counts[counts];
            if stream == Stream::Failures {
                let mut found = Counts::default();
                for at in recent(sheet, window, now)? {
                    if let Some(id) = sheet.id(column, *at as usize) {
                        found.enter(id);
                    }
                }
                found.different
            } else if sheet.uniform(column) {
                let after = window.map(|window| sheet.time(now).saturating_sub(window));
                let inside = |at: &usize| after.is_none_or(|after| sheet.time(*at) > after);
                let mut rows = (sheet.oldest(now)..now).rev().take_while(inside);
                let one =
                    |at: usize| is_in(sheet.success(at), stream) && sheet.id(column, at).is_some();
                usize::from(rows.any(one))
            } else {
                return None;
            }
        }
        _ => return None,
    };
    Some(number(found).0)
}

/// The places of the failures in the window that ends at `now`, where those of all are known.
fn recent<S: Sheet>(sheet: &S, window: Option<Millis>, now: usize) -> Option<&[u32]> {
    let all = sheet.failures()?;
    if all.is_empty() {
        return Some(all);
    }
    let before = &all[..all.partition_point(|at| (*at as usize) < now)];
    let oldest = sheet.oldest(now);
    let after = window.map(|window| sheet.time(now).saturating_sub(window));
    let inside = |at: &u32| {
        let at = *at as usize;
        at >= oldest && after.is_none_or(|after| sheet.time(at) > after)
    };
    // Mostly few or none: looked at one by one before they are searched.
    let near = before.iter().rev().take(NEAR).take_while(|at| inside(at));
    let near = near.count();
    let from = match near < NEAR {
        true => before.len() - near,
        false => before.partition_point(|at| !inside(at)),
    };
    Some(&before[from..])
}

/// Rows looked at one by one from the newest back, before a long window is searched for.
const NEAR: usize = 8;

/// The first row of the window that ends at `now`.
fn first<S: Sheet>(sheet: &S, window: Option<Millis>, now: usize) -> usize {
    let oldest = sheet.oldest(now);
    let Some(window) = window else { return oldest };
    let after = sheet.time(now).saturating_sub(window);
    let inside = |at: usize| sheet.time(at) > after;
    let mut from = now;
    while from > oldest && now - from < NEAR && inside(from - 1) {
        from -= 1;
    }
    if now - from < NEAR {
        return from;
    }
    let mut low = oldest;
    while low < from {
        let middle = low + (from - low) / 2;
        match inside(middle) {
            true => from = middle,
            false => low = middle + 1,
        }
    }
    from
}

/// Knows nothing beforehand.
struct Glance;

impl Known for Glance {
    fn successes<S: Sheet>(&mut self, at: &At<'_, S>, from: usize) -> usize {
        (from..at.now).filter(|row| at.sheet.success(*row)).count()
    }

    fn last<S: Sheet>(&mut self, at: &At<'_, S>, success: bool, from: usize) -> Option<usize> {
        let mut rows = from..at.now;
        rows.rfind(|row| at.sheet.success(*row) == success)
    }

    fn habit<S: Sheet>(
        &mut self,
        at: &At<'_, S>,
        habits: usize,
        id: u32,
        from: usize,
    ) -> (Option<usize>, bool, bool) {
        let column = at.plan.habits[habits];
        let (mut known, mut blind) = (false, false);
        for row in (from..at.now).rev().filter(|row| at.sheet.success(*row)) {
            match at.sheet.id(column, row) {
                Some(value) if value == id => return (Some(row), true, blind),
                Some(_) => known = true,
                None => blind = true,
            }
        }
        (None, known, blind)
    }

    fn counts<S: Sheet>(
        &mut self,
        at: &At<'_, S>,
        counts: usize,
        id: Option<u32>,
        from: usize,
    ) -> (usize, usize, usize) {
        let mut found = Counts::begun(from);
        found.slide(at, &at.plan.counts[counts], from);
        found.told(id)
    }
}
