//! Over whom and when a signal fired or a rule held: figures that signals and rules have alike. Field names here are
//! the report's JSON, where they stand among the others.

use serde::Serialize;

use super::Tally;
use crate::env::Millis;
use crate::server::rfc3339;

/// Where and when it fired, or held.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    /// Accounts it fired or held on.
    pub accounts: Option<u64>,
    /// Addresses; unknown when no rule asks for addresses or the input has none.
    pub addresses: Option<u64>,
    /// How often a day: the mean over `totals.days_judged`.
    pub per_day: f64,
    /// The 95th percentile of the whole days (of all where these are fewer than three); unknown when only a part was
    /// judged.
    pub per_day_p95: Option<u32>,
    /// The worst day, also a begun one; unknown likewise.
    pub per_day_max: Option<u32>,
    /// First time, RFC 3339.
    pub first: Option<String>,
    /// Last time.
    pub last: Option<String>,
    /// By day.
    pub by_day: Vec<u32>,
    /// By period: of signals and rules on login `per_10k`, of rules on attempt or failure per 10,000 of those they were
    /// asked about.
    pub by_period: Vec<Option<f64>>,
    /// The rate of one period is more than three times that of an earlier one.
    pub drifts: bool,
    /// It never did.
    pub never: bool,
    /// Another signal or rule that always did when it did.
    pub covered_by: Option<String>,
}

/// What a [`Spread`] is made of.
pub(super) struct Parts<'t> {
    /// How often it fired or held.
    pub(super) count: u64,
    pub(super) accounts: Option<u64>,
    pub(super) addresses: Option<u64>,
    pub(super) by_day: &'t [u32],
    pub(super) first: Option<Millis>,
    pub(super) last: Option<Millis>,
    pub(super) by_period: Vec<Option<f64>>,
    pub(super) drifts: bool,
    pub(super) covered_by: Option<String>,
}

impl Spread {
    pub(super) fn of(tally: &Tally, parts: Parts<'_>) -> Self {
        let (p95, max) = tally.of_days(parts.by_day);
        Self {
            accounts: parts.accounts,
            addresses: parts.addresses,
            per_day: tally.a_day(parts.count),
            per_day_p95: p95,
            per_day_max: max,
            first: parts.first.map(rfc3339),
            last: parts.last.map(rfc3339),
            by_day: parts.by_day.to_vec(),
            by_period: parts.by_period,
            drifts: parts.drifts,
            never: parts.count == 0,
            covered_by: parts.covered_by,
        }
    }
}
