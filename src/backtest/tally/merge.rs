//! Counts of several threads put together. The sum does not depend on who counted what.

use super::Tally;

impl Tally {
    /// Adds what another thread counted.
    pub fn merge(&mut self, other: Self) {
        macro_rules! sum {
            ($($field:ident)+) => { $(self.$field += other.$field;)+ };
        }
        sum!(successes failures base warm_up flagged_base prompts_base appended capped
            challenged_attempts denied_attempts challenged denied refusals locked nobody refused
            nobody_logins nobody_failures begun attacks_nobody good_acted_on failed_attacks
            failed_attacks_acted_on);
        self.total.add(other.total);
        self.new_accounts.add(other.new_accounts);
        self.of_nobody.add(other.of_nobody);
        for (mine, theirs) in self.by_history.iter_mut().zip(other.by_history) {
            mine.add(theirs);
        }
        for (mine, theirs) in self.by_period.iter_mut().zip(other.by_period) {
            mine.add(theirs);
        }
        add(&mut self.together, &other.together);
        add(&mut self.prompts_by_day, &other.prompts_by_day);
        add(&mut self.captchas_by_day, &other.captchas_by_day);
        add(&mut self.logins_by_day, &other.logins_by_day);
        add(&mut self.attempts_by_day, &other.attempts_by_day);
        self.prompts.extend(other.prompts);
        self.hits.extend(other.hits);
        self.locked_accounts.extend(other.locked_accounts);
        for (score, (attacks, good)) in other.scores {
            let mine = self.scores.entry(score).or_default();
            mine.0 += attacks;
            mine.1 += good;
        }
        for (account, theirs) in other.accounts {
            self.accounts.entry(account).or_default().add(theirs);
        }
        self.nobodys.add(other.nobodys);
        self.fired_accounts.merge(other.fired_accounts);
        self.fired_addresses.merge(other.fired_addresses);
        if let (Some(mine), Some(theirs)) = (&mut self.rules, other.rules) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.signals.iter_mut().zip(other.signals) {
            mine.merge(theirs);
        }
    }

    /// Puts what came in the order of threads into an order of its own.
    pub fn settle(&mut self) {
        self.prompts.sort_unstable();
        self.hits.sort_unstable();
        self.fired_accounts.settle();
        self.fired_addresses.settle();
        if let Some(rules) = &mut self.rules {
            rules.settle();
        }
    }
}

pub(super) fn add<T: Copy + std::ops::AddAssign>(mine: &mut [T], theirs: &[T]) {
    for (a, b) in mine.iter_mut().zip(theirs) {
        *a += *b;
    }
}
