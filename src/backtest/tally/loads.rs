//! What the rules cost people: prompts by account, by week, by length of history.

use serde::Serialize;

use super::stats::{per_10k, percentile};
use super::{BANDS, Counts, Tally};
use crate::env::{DAY, Millis};

/// Prompts and whom they hit.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Load {
    /// Prompts a day: the mean over `totals.days_judged`.
    pub prompts_per_day: f64,
    /// The 95th percentile of the whole days (of all where these are fewer than three); unknown when only a part was
    /// judged.
    pub prompts_per_day_p95: Option<u32>,
    /// The worst day, also a begun one; unknown likewise.
    pub prompts_per_day_max: Option<u32>,
    /// Captchas a day.
    pub captchas_per_day: f64,
    /// Accounts that were prompted at all.
    pub accounts_prompted: u64,
    /// Prompts of a prompted account: the median.
    pub per_account_p50: u32,
    /// The 95th percentile.
    pub per_account_p95: u32,
    /// The worst.
    pub per_account_max: u32,
    /// Accounts prompted at least twice within seven days.
    pub accounts_twice_a_week: u64,
    /// Accounts by number of successful logins before: how often people are asked as they become known.
    pub by_history: Vec<LoadBand>,
    /// Accounts in their first 14 days.
    pub new_accounts: LoadBand,
    /// Names that are no account: in none of the others.
    pub no_account: LoadBand,
}

/// Logins of one kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LoadBand {
    /// Which: `0`, `1`, `2-4`, `5-9`, `10-19`, `20+`, `first 14 days`, or `no account`.
    pub name: String,
    /// Successful logins.
    pub logins: u64,
    /// With an alert.
    pub flagged: u64,
    /// With a prompt.
    pub prompts: u64,
    /// Prompts per 10,000 of them.
    pub per_10k: Option<f64>,
}

impl LoadBand {
    fn new(name: impl Into<String>, counts: Counts) -> Self {
        Self {
            name: name.into(),
            logins: counts.logins,
            flagged: counts.flagged,
            prompts: counts.prompts,
            per_10k: per_10k(counts.prompts, counts.logins),
        }
    }
}

/// How often people are asked twice in so long.
const WEEK: Millis = 7 * DAY;

pub(super) fn load(tally: &Tally) -> Load {
    let (p95, max) = tally.of_days(&tally.prompts_by_day);
    let mean = |by_day: &[u32]| tally.a_day(by_day.iter().copied().map(u64::from).sum());
    let mut per_account: Vec<u32> = Vec::new();
    let mut twice = 0;
    // Sorted by account, then time.
    for prompts in tally.prompts.chunk_by(|a, b| a.0 == b.0) {
        per_account.push(prompts.len() as u32);
        twice += u64::from(prompts.windows(2).any(|pair| pair[1].1 - pair[0].1 < WEEK));
    }
    per_account.sort_unstable();
    Load {
        prompts_per_day: mean(&tally.prompts_by_day),
        prompts_per_day_p95: p95,
        prompts_per_day_max: max,
        captchas_per_day: mean(&tally.captchas_by_day),
        accounts_prompted: per_account.len() as u64,
        per_account_p50: percentile(&per_account, 0.5),
        per_account_p95: percentile(&per_account, 0.95),
        per_account_max: per_account.last().copied().unwrap_or_default(),
        accounts_twice_a_week: twice,
        by_history: BANDS
            .iter()
            .enumerate()
            .map(|(at, _)| LoadBand::new(band_name(at), tally.by_history[at]))
            .collect(),
        new_accounts: LoadBand::new("first 14 days", tally.new_accounts),
        no_account: LoadBand::new("no account", tally.of_nobody),
    }
}

fn band_name(at: usize) -> String {
    let from = match at {
        0 => 0,
        _ => BANDS[at - 1] + 1,
    };
    match BANDS[at] {
        u32::MAX => format!("{from}+"),
        to if to == from => from.to_string(),
        to => format!("{from}-{to}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_named_after_their_ends() {
        let names: Vec<String> = (0..BANDS.len()).map(band_name).collect();
        assert_eq!(names, ["0", "1", "2-4", "5-9", "10-19", "20+"]);
    }
}
