//! What is counted of the rules that are asked about logins: `on attempt`, `on failure`, `on login`.
//!
//! Most rules say no about most logins, and such a no costs nothing here: how often a rule was asked is a
//! count of its event, not of the rule.

use std::collections::BTreeMap;

use super::merge::add;
use super::{Class, FiredAccounts, PERIODS};
use crate::backtest::engine::{AskedRule, Does, Measure, Outcome, Prompt, RuleState, Seen, asked};
use crate::backtest::needs::Need;
use crate::backtest::symbols::NONE;
use crate::backtest::table::{CAPTCHA, KNOWN, LATE_FLAG};
use crate::env::Millis;
use crate::lang::program::{EventName, Program};

/// Rules whose accounts and addresses are counted: as many as a pattern of [`FiredAccounts`] has bits.
pub const COUNTED: usize = 128;

/// Rows rules of one event were asked about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AskedOf {
    /// By period.
    pub by_period: [u64; PERIODS],
    /// Of these labelled attacks.
    pub attacks: u64,
    /// Of these labelled good.
    pub good: u64,
}

impl AskedOf {
    /// All of them.
    pub fn all(&self) -> u64 {
        self.by_period.iter().sum()
    }
}

/// Counts of one rule for one event.
#[derive(Debug, Clone, Default)]
pub struct RuleTally {
    /// It could not be judged.
    pub not_evaluable: u64,
    /// By what was missing.
    pub missing: BTreeMap<String, u64>,
    /// Its condition held.
    pub held: u64,
    /// On logins rates are of, by period.
    pub base_by_period: [u64; PERIODS],
    /// By period, whatever the logins.
    pub by_period: [u64; PERIODS],
    /// On labelled attacks.
    pub attacks: u64,
    /// On labelled good attempts.
    pub good: u64,
    /// On names that are no account.
    pub nobody: u64,
    /// It asked for a captcha that was not solved.
    pub captchas: u64,
    /// It asked for one that was.
    pub solved: u64,
    /// It refused.
    pub refused: u64,
    /// It locked the account.
    pub locked: u64,
    /// It wanted an alert.
    pub alerts: u64,
    /// Prompts of its alerts.
    pub prompts: u64,
    /// Its alerts a cool-down kept quiet.
    pub appended: u64,
    /// Its alerts past the daily cap.
    pub capped: u64,
    /// Without it less would be done about the login.
    pub decisive: u64,
    /// Of these on attacks.
    pub decisive_attacks: u64,
    /// Of these on good ones.
    pub decisive_good: u64,
    /// By day.
    pub by_day: Vec<u32>,
    /// First time it held.
    pub first: Option<Millis>,
    /// Last.
    pub last: Option<Millis>,
}

/// Counts of all rules that are asked about logins.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Which they are.
    pub asked: Vec<AskedRule>,
    /// By rule, likewise.
    pub tallies: Vec<RuleTally>,
    /// Rules × rules that held about the same login.
    pub together: Vec<u64>,
    /// Accounts they held on.
    pub accounts: FiredAccounts,
    /// Addresses they held on.
    pub addresses: FiredAccounts,
    attempts: AskedOf,
    failures: AskedOf,
    logins: AskedOf,
}

impl Rules {
    pub(super) fn new(program: &Program, days: usize) -> Self {
        let asked = asked(program);
        let one = RuleTally {
            by_day: vec![0; days],
            ..RuleTally::default()
        };
        Self {
            tallies: vec![one; asked.len()],
            together: vec![0; asked.len() * asked.len()],
            accounts: FiredAccounts::default(),
            addresses: FiredAccounts::default(),
            attempts: AskedOf::default(),
            failures: AskedOf::default(),
            logins: AskedOf::default(),
            asked,
        }
    }

    /// Rows rules for this event were asked about.
    pub fn asked_of(&self, event: &EventName) -> &AskedOf {
        match event {
            EventName::Attempt => &self.attempts,
            EventName::Failure => &self.failures,
            _ => &self.logins,
        }
    }

    /// Looks at a login of this class; `base` when rates are of it.
    pub(super) fn see(
        &mut self,
        seen: &Seen<'_>,
        outcome: &Outcome,
        (class, base): (Class, bool),
        (time, day, period): (Millis, usize, usize),
    ) {
        if self.asked.is_empty() {
            return;
        }
        let count = |of: &mut AskedOf| {
            of.by_period[period] += 1;
            of.attacks += u64::from(class == Class::Attack);
            of.good += u64::from(class == Class::Good);
        };
        count(&mut self.attempts);
        // Of a late login the password counts; no rule acts any more.
        let moot = seen.table.has(seen.row, LATE_FLAG) || seen.table.unasked.has(seen.row);
        match (moot, seen.judged()) {
            (true, _) => {}
            (false, true) => count(&mut self.logins),
            (false, false) => count(&mut self.failures),
        }
        if outcome.rules.is_empty() {
            return;
        }
        let exists = seen.table.has(seen.row, KNOWN);
        let solved = seen.table.has(seen.row, CAPTCHA);
        let mut bits = 0_u128;
        for said in &outcome.rules {
            let tally = &mut self.tallies[said.slot];
            let does = match &said.state {
                RuleState::Held(does) => does,
                RuleState::NotEvaluable(missing) => {
                    tally.not_evaluable += 1;
                    for name in missing {
                        match tally.missing.get_mut(name) {
                            Some(count) => *count += 1,
                            None => {
                                tally.missing.insert(name.clone(), 1);
                            }
                        }
                    }
                    continue;
                }
            };
            if said.slot < COUNTED {
                bits |= 1 << said.slot;
            }
            tally.held += 1;
            tally.by_period[period] += 1;
            tally.base_by_period[period] += u64::from(base);
            tally.attacks += u64::from(class == Class::Attack);
            tally.good += u64::from(class == Class::Good);
            tally.nobody += u64::from(!exists);
            tally.captchas += u64::from(does.captcha && !solved);
            tally.solved += u64::from(does.captcha && solved);
            tally.refused += u64::from(does.deny);
            tally.locked += u64::from(does.lock);
            tally.alerts += u64::from(does.alert);
            if does.raises {
                tally.prompts += u64::from(outcome.prompt == Prompt::Raised);
                tally.appended += u64::from(outcome.prompt == Prompt::Appended);
                tally.capped += u64::from(outcome.prompt == Prompt::Capped);
            }
            tally.by_day[day] += 1;
            tally.first = Some(tally.first.map_or(time, |first| first.min(time)));
            tally.last = Some(tally.last.map_or(time, |last| last.max(time)));
            let own = self.measure(seen, said.slot, *does);
            let others = outcome.rules.iter().filter(|other| other.slot != said.slot);
            let held = |slot: usize, state: &RuleState| match state {
                RuleState::Held(does) => Some((slot, *does)),
                RuleState::NotEvaluable(_) => None,
            };
            let others = others.filter_map(|other| held(other.slot, &other.state));
            let mut without = Measure::default();
            for (other, does) in others {
                self.together[said.slot * self.asked.len() + other] += 1;
                without = without.and(self.measure(seen, other, does));
            }
            let tally = &mut self.tallies[said.slot];
            if without.and(own) > without {
                tally.decisive += 1;
                tally.decisive_attacks += u64::from(class == Class::Attack);
                tally.decisive_good += u64::from(class == Class::Good);
            }
        }
        if bits == 0 {
            return;
        }
        if exists {
            self.accounts.add(seen.account, bits);
        }
        let address = seen.table.symbol(Need::Ip, seen.row);
        if address != NONE {
            self.addresses.add(address, bits);
        }
    }

    /// How much a rule does by itself about a login.
    fn measure(&self, seen: &Seen<'_>, slot: usize, does: Does) -> Measure {
        // Past that no rule is asked any more whether the login may pass.
        let moot = self.asked[slot].event != EventName::Attempt && seen.refused_before();
        let solved = seen.table.has(seen.row, CAPTCHA);
        does.measure(solved, moot)
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.tallies.iter_mut().zip(other.tallies) {
            mine.merge(theirs);
        }
        add(&mut self.together, &other.together);
        self.accounts.merge(other.accounts);
        self.addresses.merge(other.addresses);
        self.attempts.merge(other.attempts);
        self.failures.merge(other.failures);
        self.logins.merge(other.logins);
    }

    pub(super) fn settle(&mut self) {
        self.accounts.settle();
        self.addresses.settle();
    }
}

impl AskedOf {
    fn merge(&mut self, other: Self) {
        add(&mut self.by_period, &other.by_period);
        self.attacks += other.attacks;
        self.good += other.good;
    }
}

impl RuleTally {
    fn merge(&mut self, other: Self) {
        macro_rules! sum {
            ($($field:ident)+) => { $(self.$field += other.$field;)+ };
        }
        sum!(not_evaluable held attacks good nobody captchas solved refused locked alerts prompts appended
            capped decisive decisive_attacks decisive_good);
        for (name, count) in other.missing {
            *self.missing.entry(name).or_default() += count;
        }
        add(&mut self.base_by_period, &other.base_by_period);
        add(&mut self.by_period, &other.by_period);
        add(&mut self.by_day, &other.by_day);
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
    }
}
