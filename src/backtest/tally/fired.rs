//! Which signals fired on which accounts.

use hashbrown::HashMap;

use crate::backtest::symbols::Symbol;

/// Entries that may be doubled before they are put together.
const LOOSE: usize = 1 << 16;

/// For each account bits of the signals that fired. Logins come account by account and most accounts
/// fire alike, so an account costs eight bytes: itself and the number of its pattern.
#[derive(Debug, Clone, Default)]
pub struct FiredAccounts {
    patterns: Vec<u128>,
    numbers: HashMap<u128, u32>,
    /// Accounts may come again later.
    entries: Vec<(Symbol, u32)>,
    /// As many as there were when they were put together last.
    together: usize,
}

impl FiredAccounts {
    /// These signals fired on a login of `account`.
    pub fn add(&mut self, account: Symbol, bits: u128) {
        if let Some((last, pattern)) = self.entries.last().copied()
            && last == account
        {
            let known = self.patterns[pattern as usize];
            if known | bits != known {
                let number = self.number(known | bits);
                let at = self.entries.len() - 1;
                self.entries[at].1 = number;
            }
            return;
        }
        let number = self.number(bits);
        self.entries.push((account, number));
        if self.entries.len() > self.together * 2 + LOOSE {
            self.settle();
        }
    }

    /// Adds what another thread saw.
    pub fn merge(&mut self, other: Self) {
        for (account, pattern) in other.entries {
            let number = self.number(other.patterns[pattern as usize]);
            self.entries.push((account, number));
        }
        self.settle();
    }

    /// On how many accounts the signal of this bit fired. After [`settle`](Self::settle).
    pub fn count(&self, bit: usize) -> u64 {
        let fired = |pattern: u32| self.patterns[pattern as usize] >> bit & 1 == 1;
        let accounts = self.entries.iter().filter(|(_, pattern)| fired(*pattern));
        accounts.count() as u64
    }

    /// Puts what was said of an account at different times together.
    pub fn settle(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable();
        let mut kept = 0;
        for at in 0..entries.len() {
            let (account, pattern) = entries[at];
            if kept > 0 && entries[kept - 1].0 == account {
                let before = entries[kept - 1].1;
                let both = self.patterns[before as usize] | self.patterns[pattern as usize];
                entries[kept - 1].1 = self.number(both);
            } else {
                entries[kept] = (account, pattern);
                kept += 1;
            }
        }
        entries.truncate(kept);
        self.together = kept;
        self.entries = entries;
    }

    fn number(&mut self, bits: u128) -> u32 {
        *self.numbers.entry(bits).or_insert_with(|| {
            self.patterns.push(bits);
            self.patterns.len() as u32 - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_counts_once_however_often_it_comes() {
        let (mut one, mut other) = (FiredAccounts::default(), FiredAccounts::default());
        for (account, bits) in [(7, 1), (7, 2), (3, 1), (7, 4)] {
            one.add(account, bits);
        }
        for (account, bits) in [(3, 1), (9, 4 | 1 << 127)] {
            other.add(account, bits);
        }
        one.merge(other);
        let counts = [0, 1, 2, 3, 127].map(|bit| one.count(bit));
        assert_eq!(counts, [2, 1, 2, 0, 1]);
    }

    #[test]
    fn what_is_put_together_on_the_way_does_not_show() {
        let mut fired = FiredAccounts::default();
        for round in 0..3_u32 {
            for account in 0..LOOSE as u32 {
                fired.add(account, 1 << (account % 3 + round));
            }
        }
        fired.settle();
        assert_eq!(fired.entries.len(), LOOSE);
        assert_eq!(fired.count(2), LOOSE as u64);
        assert_eq!(fired.count(5), 0);
    }
}
