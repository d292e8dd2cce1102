//! Counts over the whole system, kept beside the rows: what `rarity` and `familiarity` compare with.
//!
//! One record holds a value's counts of 32 days, so that a login adds to ten records at most and a
//! question about 90 days reads four. A login is counted when it is written, and taken back when its
//! owner answers 锁定 or is erased.

use crate::env::DAY;
use crate::history::{Row, Tallied, day_of, tallied};
use crate::store::records::{Login, LoginTally, TALLY_DAYS};
use crate::store::{Order, StoreError, Tx};

/// The field under which all logins are counted.
const ALL: &str = "all";
/// Records read for one value: eleven years, longer than any window.
const MAX_BLOCKS: usize = 128;

/// Counts a login that was just written.
pub(super) fn add(tx: &mut Tx<'_>, login: &Login) -> Result<(), StoreError> {
    change(tx, login, |count| count.saturating_add(1))
}

/// Takes a login back. Give it as it was when it was counted.
pub(super) fn remove(tx: &mut Tx<'_>, login: &Login) -> Result<(), StoreError> {
    change(tx, login, |count| count.saturating_sub(1))
}

fn change(tx: &mut Tx<'_>, login: &Login, changed: impl Fn(u32) -> u32) -> Result<(), StoreError> {
    let day = day_of(login.time);
    let (block, at) = (day.div_euclid(TALLY_DAYS), day.rem_euclid(TALLY_DAYS));
    for what in tallied(&Row::from(login)) {
        let (field, value) = name(&what);
        let key = (field.to_owned(), value, block);
        let mut tally = tx.get::<LoginTally>(&key)?.unwrap_or(LoginTally {
            field: key.0,
            value: key.1,
            block: key.2,
            counts: Vec::new(),
            kept_until: 0,
        });
        // Below TALLY_DAYS by construction.
        let at = usize::try_from(at).unwrap_or(0);
        if tally.counts.len() <= at {
            tally.counts.resize(at + 1, 0);
        }
        tally.counts[at] = changed(tally.counts[at]);
        let last = login.kept_until.saturating_add(TALLY_DAYS * DAY);
        tally.kept_until = tally.kept_until.max(last);
        tx.put(&tally)?;
    }
    Ok(())
}

/// How many on the days `from..=to`.
pub fn count(tx: &mut Tx<'_>, what: &Tallied, (from, to): (i64, i64)) -> Result<u64, StoreError> {
    let (field, value) = name(what);
    let prefix = (field, value.as_str());
    let (first, last) = (from.div_euclid(TALLY_DAYS), to.div_euclid(TALLY_DAYS));
    let blocks =
        tx.scan_between::<LoginTally>(prefix, first, last, Order::Descending, MAX_BLOCKS)?;
    let mut sum = 0;
    for tally in blocks {
        let start = tally.block.saturating_mul(TALLY_DAYS);
        let days = (start..).zip(&tally.counts);
        sum += days
            .filter(|(day, _)| (from..=to).contains(day))
            .map(|(_, count)| u64::from(*count))
            .sum::<u64>();
    }
    Ok(sum)
}

fn name(what: &Tallied) -> (&'static str, String) {
    match what {
        None => (ALL, String::new()),
        Some((column, value)) => {
            let path = column.path();
            (path.strip_prefix("login.").unwrap_or(path), value.clone())
        }
    }
}
