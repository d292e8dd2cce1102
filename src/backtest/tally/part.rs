//! How many days figures a day are over, also when only a part of the logins was judged.

use super::Tally;
use super::stats::percentile;

impl Tally {
    /// How many days of 24 hours means a day are over; 0 when no login counts.
    pub fn days(&self) -> f64 {
        self.part.unwrap_or(self.frame.days().span())
    }

    /// Everything was judged.
    pub(super) fn whole(&self) -> bool {
        self.part.is_none()
    }

    /// Attempts judged that count.
    pub fn attempts(&self) -> u64 {
        self.successes + self.failures
    }

    /// Something of nothing is none; else what comes to so much a day.
    pub fn a_day(&self, count: u64) -> f64 {
        match self.days() {
            days if days > 0.0 => count as f64 / days,
            _ => 0.0,
        }
    }

    /// The 95th percentile of whole days, and the most of any: there are none when some were judged in part.
    pub(super) fn of_days(&self, by_day: &[u32]) -> (Option<u32>, Option<u32>) {
        if self.part.is_some() {
            return (None, None);
        }
        let mut whole = self.frame.days().whole(by_day).to_vec();
        whole.sort_unstable();
        let most = by_day.iter().max().copied();
        (Some(percentile(&whole, 0.95)), Some(most.unwrap_or(0)))
    }

    /// The run was stopped: of `all` attempts by day only some were judged. A day of which half was judged
    /// counts half; one without any as the day before it.
    pub fn stopped(&mut self, all: &[u32]) {
        let total = |by_day: &[u32]| by_day.iter().copied().map(f64::from).sum::<f64>();
        let mut share = total(&self.attempts_by_day) / total(all).max(1.0);
        let (mut days, mut of) = (0.0, 0.0);
        let lengths = self.frame.days().lengths();
        for ((judged, all), length) in self.attempts_by_day.iter().zip(all).zip(lengths) {
            if *all > 0 {
                share = f64::from(*judged) / f64::from(*all);
            }
            days += share * length;
            of += length;
        }
        let part = if of > 0.0 { days / of } else { 0.0 };
        self.part = Some(part * self.frame.days().span());
    }
}

#[cfg(test)]
impl Tally {
    /// Of rules that say nothing.
    pub(super) fn empty(frame: &super::Frame) -> Self {
        use crate::lang::{builtins::Registry, compile, span::Sources};
        let sources = std::sync::Arc::new(Sources::single("a.rules", ""));
        let compiled = compile(sources, &Registry::standard());
        Self::new(frame, 0, &compiled.program.expect("no rules are rules"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::tally::Frame;
    use crate::env::DAY;

    fn tally(judged: &[u32]) -> Tally {
        let frame = Frame::new(0, DAY * judged.len() as i64 - 1, None, false);
        let mut tally = Tally::empty(&frame);
        tally.attempts_by_day = judged.to_vec();
        tally
    }

    #[test]
    fn a_day_counts_as_far_as_it_was_judged() {
        let days = |judged: &[u32], all: &[u32]| {
            let mut tally = tally(judged);
            tally.stopped(all);
            tally.days()
        };
        assert_eq!(tally(&[1, 0, 0]).days(), 3.0);
        // Up to a moment, of some accounts, nothing.
        assert_eq!(days(&[10, 10, 5, 0], &[10, 10, 10, 10]), 2.5);
        assert_eq!(days(&[1, 2, 3, 4], &[10, 20, 30, 40]), 0.4);
        assert_eq!(days(&[0, 0], &[10, 10]), 0.0);
        // A day on which nobody came is like the day before it; the first ones are as all are.
        assert_eq!(days(&[10, 0, 5, 0], &[10, 0, 10, 0]), 3.0);
        assert_eq!(days(&[0, 5], &[0, 10]), 1.0);
        let mut tally = tally(&[5, 5]);
        tally.stopped(&[10, 10]);
        assert_eq!(tally.a_day(8), 8.0);
        assert_eq!(tally.of_days(&[5, 3]), (None, None));
    }
}
