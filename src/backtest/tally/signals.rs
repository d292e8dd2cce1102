//! The signals of one login, counted.

use super::{ACCOUNT_SIGNALS, Class, Tally};
use crate::backtest::engine::{Outcome, Prompt, Seen};
use crate::backtest::needs::Need;
use crate::backtest::symbols::NONE;
use crate::backtest::table::KNOWN;
use crate::env::Millis;
use crate::lang::eval::SignalState;

impl Tally {
    pub(super) fn fired(
        &mut self,
        seen: &Seen<'_>,
        outcome: &Outcome,
        class: Class,
        time: Millis,
        day: usize,
        period: usize,
    ) {
        let n = self.signals.len();
        let exists = seen.table.has(seen.row, KNOWN);
        let mut fired = 0_usize;
        let mut counted = 0_usize;
        for (index, state) in outcome.states.iter().enumerate() {
            let tally = &mut self.signals[index];
            match state {
                SignalState::NotEvaluable(missing) => {
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
                SignalState::Quiet => {}
                SignalState::Exempt => tally.exempt += 1,
                SignalState::Learning(_) => tally.learning += 1,
                SignalState::Fired => {
                    fired += 1;
                    counted += usize::from(!self.shadow[index]);
                    tally.fired += 1;
                    tally.fired_nobody += u64::from(!exists);
                    match class {
                        Class::Attack => tally.fired_attack += 1,
                        Class::Good => tally.fired_good += 1,
                        Class::Unknown => {}
                    }
                    tally.by_day[day] += 1;
                    tally.base_by_period[period] += u64::from(self.frame.basis.has(class));
                    tally.first = Some(tally.first.map_or(time, |first| first.min(time)));
                    tally.last = Some(tally.last.map_or(time, |last| last.max(time)));
                    tally.prompts += u64::from(outcome.prompt == Prompt::Raised);
                    tally.appended += u64::from(outcome.prompt == Prompt::Appended);
                }
            }
            tally.evaluated += 1;
        }
        if fired == 0 {
            return;
        }
        let mut bits = 0;
        for (index, state) in outcome.states.iter().enumerate() {
            if *state != SignalState::Fired {
                continue;
            }
            if index < ACCOUNT_SIGNALS {
                bits |= 1 << index;
            }
            if counted == 1 && !self.shadow[index] {
                self.signals[index].alone += 1;
            }
            for (other, state) in outcome.states.iter().enumerate() {
                if *state == SignalState::Fired {
                    self.together[index * n + other] += 1;
                }
            }
        }
        if exists {
            self.fired_accounts.add(seen.account, bits);
        }
        let address = seen.table.symbol(Need::Ip, seen.row);
        if address != NONE && self.rules.is_some() {
            self.fired_addresses.add(address, bits);
        }
        for index in &outcome.decisive {
            let tally = &mut self.signals[*index];
            tally.decisive += 1;
            tally.decisive_attack += u64::from(class == Class::Attack);
            tally.decisive_good += u64::from(class == Class::Good);
        }
    }
}
