//! What several rule sets say of the same logins, counted side by side.

use super::Tally;
use crate::backtest::engine::{Seen, Sink};

/// Counts for every rule set of a run.
#[derive(Debug)]
pub struct Tallies(pub Vec<Tally>);

impl Sink for Tallies {
    fn login(&mut self, seen: &Seen<'_>) {
        for tally in &mut self.0 {
            tally.see(seen);
        }
    }
}

impl Tallies {
    /// One for all threads.
    pub fn merged(all: impl IntoIterator<Item = Self>) -> Vec<Tally> {
        let mut all = all.into_iter();
        let mut first = all.next().map(|first| first.0).unwrap_or_default();
        for other in all {
            first
                .iter_mut()
                .zip(other.0)
                .for_each(|(mine, theirs)| mine.merge(theirs));
        }
        first.iter_mut().for_each(Tally::settle);
        first
    }
}
