//! Counts what the engine finds. Everything here is whole numbers that add up, so that the figures do
//! not depend on the number of threads.

mod counts;
mod days;
mod figures;
mod fired;
mod frame;
mod labels;
mod loads;
mod merge;
mod part;
mod periods;
mod rule_figures;
mod rules;
mod signal;
mod signals;
mod spread;
pub mod stats;
mod tallies;

pub use counts::{AccountCounts, Counts, Hit};
pub use days::Days;
pub use figures::{DRIFT, Figures, Missing, Overlap, SignalFigures, Totals, figures};
pub use fired::FiredAccounts;
pub use frame::{Basis, Class, Frame};
pub use labels::{ActedOn, Confusion, Curve, CurvePoint, Interval, LabelFigures, Method};
pub use loads::{Load, LoadBand};
pub use periods::{Period, PeriodTally};
pub use rule_figures::RuleFigures;
pub use rules::{AskedOf, RuleTally, Rules};
pub use signal::SignalTally;
pub use spread::Spread;
pub use tallies::Tallies;

use std::collections::{HashMap, HashSet};

use crate::bot::api::Verdict;
use crate::env::{DAY, Millis};
use crate::lang::program::Program;

use stats::sortable;

use super::engine::{Outcome, Prompt, Seen};
use super::symbols::Symbol;
use super::table::{CAPTCHA, KNOWN};

/// Consecutive periods the figures are compared over.
pub const PERIODS: usize = 3;
/// History lengths logins are told apart by: up to so many successes before.
pub const BANDS: [u32; 6] = [0, 1, 4, 9, 19, u32::MAX];
/// An account is new for so long after its first success.
pub const NEW_ACCOUNT: Millis = 14 * DAY;

/// Signals whose accounts are counted.
pub const ACCOUNT_SIGNALS: usize = 128;

/// All counts of one rule set.
#[derive(Debug, Clone)]
pub struct Tally {
    frame: Frame,
    /// Index of the rule set in the engine.
    variant: usize,
    shadow: Vec<bool>,
    /// Logins and failures within the frame.
    pub successes: u64,
    /// Failures.
    pub failures: u64,
    /// The logins rates are of, see [`Basis`]: denominators.
    pub base: u64,
    /// Logins of the warm-up, not counted.
    pub warm_up: u64,
    /// Names of which a login was judged, in the warm-up too.
    pub begun: u64,
    /// Attempts within the frame by day.
    pub attempts_by_day: Vec<u32>,
    /// How many days figures a day are over, when the run was stopped.
    part: Option<f64>,
    /// By signal.
    pub signals: Vec<SignalTally>,
    /// Signals × signals that fired together.
    pub together: Vec<u64>,
    /// Totals.
    pub total: Counts,
    /// Alerts on the logins rates are of.
    pub flagged_base: u64,
    /// Prompts on them.
    pub prompts_base: u64,
    /// Alerts a cool-down kept quiet.
    pub appended: u64,
    /// Alerts past the daily cap.
    pub capped: u64,
    /// Alerts on names that are no account: there is nobody to ask.
    pub nobody: u64,
    /// Alerts on logins that are refused where the server lets in: on accounts that were locked already, or by rules.
    pub refused: u64,
    /// Logins of names that are no account.
    pub nobody_logins: u64,
    /// Their failures.
    pub nobody_failures: u64,
    /// Captchas `on attempt`.
    pub challenged_attempts: u64,
    /// Refusals `on attempt`.
    pub denied_attempts: u64,
    /// Challenged logins.
    pub challenged: u64,
    /// Denied logins.
    pub denied: u64,
    /// Whom rules refused, once each: attempts, and logins that were neither refused as attempts nor locked.
    pub refusals: u64,
    /// Logins at which rules lock the account.
    pub locked: u64,
    /// The accounts these are of.
    pub locked_accounts: HashSet<Symbol>,
    /// Prompts by day.
    pub prompts_by_day: Vec<u32>,
    /// Captchas by day.
    pub captchas_by_day: Vec<u32>,
    /// Logins by day.
    pub logins_by_day: Vec<u32>,
    /// Accounts by length of history.
    pub by_history: [Counts; BANDS.len()],
    /// Names that are no account, which have no history to speak of.
    pub of_nobody: Counts,
    /// New accounts apart.
    pub new_accounts: Counts,
    /// By period.
    pub by_period: [PeriodTally; PERIODS],
    /// Every prompt: account and time.
    pub prompts: Vec<(Symbol, Millis)>,
    /// Attacks.
    pub hits: Vec<Hit>,
    /// Suspicion (its bits in an order that sorts) → (attacks, good).
    pub scores: hashbrown::HashMap<u64, (u64, u64)>,
    /// Accounts with alerts or attacks.
    pub accounts: HashMap<Symbol, AccountCounts>,
    /// The same of all names that are no account: one of them may stand for many people.
    pub nobodys: AccountCounts,
    /// Attacks under such names.
    pub attacks_nobody: u64,
    /// Good logins about which rules did anything.
    pub good_acted_on: u64,
    /// Labelled attacks with a wrong password.
    pub failed_attacks: u64,
    /// Of these, about which rules did anything.
    pub failed_attacks_acted_on: u64,
    /// Signals that fired, by account: bits of the first [`ACCOUNT_SIGNALS`] signals.
    pub fired_accounts: FiredAccounts,
    /// The same by address.
    pub fired_addresses: FiredAccounts,
    /// The rules that are asked about logins; `None` where only signals and totals are wanted.
    pub rules: Option<Rules>,
}

impl Tally {
    /// Nothing yet.
    pub fn new(frame: &Frame, variant: usize, program: &Program) -> Self {
        let n = program.signals.len();
        let days = frame.days().count();
        Self {
            frame: frame.clone(),
            variant,
            shadow: program.signals.iter().map(|signal| signal.shadow).collect(),
            successes: 0,
            failures: 0,
            base: 0,
            warm_up: 0,
            begun: 0,
            attempts_by_day: vec![0; days],
            part: None,
            signals: vec![
                SignalTally {
                    by_day: vec![0; days],
                    ..SignalTally::default()
                };
                n
            ],
            together: vec![0; n * n],
            total: Counts::default(),
            flagged_base: 0,
            prompts_base: 0,
            appended: 0,
            capped: 0,
            nobody: 0,
            refused: 0,
            nobody_logins: 0,
            nobody_failures: 0,
            challenged_attempts: 0,
            denied_attempts: 0,
            challenged: 0,
            denied: 0,
            refusals: 0,
            locked: 0,
            locked_accounts: HashSet::new(),
            prompts_by_day: vec![0; days],
            captchas_by_day: vec![0; days],
            logins_by_day: vec![0; days],
            by_history: Default::default(),
            of_nobody: Counts::default(),
            new_accounts: Counts::default(),
            by_period: Default::default(),
            prompts: Vec::new(),
            hits: Vec::new(),
            scores: Default::default(),
            accounts: HashMap::new(),
            nobodys: AccountCounts::default(),
            attacks_nobody: 0,
            good_acted_on: 0,
            failed_attacks: 0,
            failed_attacks_acted_on: 0,
            fired_accounts: FiredAccounts::default(),
            fired_addresses: FiredAccounts::default(),
            rules: Some(Rules::new(program, days)),
        }
    }

    /// Without figures by rule and by address, which a sweep has no use for.
    pub fn without_rules(mut self) -> Self {
        self.rules = None;
        self
    }

    /// Over which logins.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Good logins with an alert.
    pub fn false_positives(&self) -> u64 {
        let accounts = self.accounts.values().chain([&self.nobodys]);
        accounts.map(|counts| u64::from(counts.fp)).sum()
    }

    /// Logins that are labelled as good.
    pub fn good(&self) -> u64 {
        self.scores.values().map(|(_, good)| good).sum()
    }

    /// Logins of which the label says nothing.
    pub fn unlabelled(&self) -> u64 {
        self.successes - self.hits.len() as u64 - self.good()
    }

    /// Attacks about which less is done than `old` does. Both are of the same logins and settled.
    pub fn lost_against(&self, old: &Self) -> u64 {
        let pairs = self.hits.iter().zip(&old.hits);
        let same = pairs.filter(|(new, old)| new.row == old.row);
        same.filter(|(new, old)| new.measure < old.measure).count() as u64
    }

    /// Whether the label calls any login good: else no false alarm can be known as one.
    pub fn knows_good(&self) -> bool {
        self.scores.values().any(|(_, good)| *good > 0)
    }

    fn attempt(&mut self, seen: &Seen<'_>, outcome: &Outcome, day: usize, period: usize) {
        match outcome.attempt {
            Verdict::Allow => {}
            Verdict::Challenge => {
                self.challenged_attempts += 1;
                self.captcha(day, period);
            }
            Verdict::Deny => {
                self.denied_attempts += 1;
                // What locks besides is counted as a lock.
                self.refusal(!outcome.locked, period);
            }
        }
        if outcome.locked {
            self.locked += 1;
            self.locked_accounts.insert(seen.account);
        }
        self.by_period[period].locked += u64::from(outcome.locked);
    }

    fn captcha(&mut self, day: usize, period: usize) {
        self.captchas_by_day[day] += 1;
        self.by_period[period].captchas += 1;
    }

    fn refusal(&mut self, counts: bool, period: usize) {
        self.refusals += u64::from(counts);
        self.by_period[period].refusals += u64::from(counts);
    }

    fn success(
        &mut self,
        seen: &Seen<'_>,
        outcome: &Outcome,
        (class, time): (Class, Millis),
        (day, period): (usize, usize),
    ) {
        let counts = self.frame.basis.has(class);
        let prompted = outcome.prompt == Prompt::Raised;
        let one = Counts {
            logins: 1,
            flagged: u64::from(outcome.flagged),
            prompts: u64::from(prompted),
        };
        self.successes += 1;
        self.base += u64::from(counts);
        self.total.add(one);
        self.by_period[period].success(outcome, class, counts);
        self.logins_by_day[day] += 1;
        let exists = seen.table.has(seen.row, KNOWN);
        if exists {
            let band = BANDS.iter().position(|most| seen.before <= *most);
            self.by_history[band.unwrap_or(BANDS.len() - 1)].add(one);
        } else {
            self.of_nobody.add(one);
            self.nobody_logins += 1;
        }
        let young = |since: Millis| time - since < NEW_ACCOUNT;
        if exists && seen.known_since.is_none_or(young) {
            self.new_accounts.add(one);
        }
        // Whoever was asked or refused as an attempt is not asked again.
        let first = outcome.attempt == Verdict::Allow;
        match outcome.verdict {
            // Past the cap a login that would be let in has to solve one.
            Verdict::Allow if outcome.prompt == Prompt::Capped => {
                if first && !seen.table.has(seen.row, CAPTCHA) {
                    self.captcha(day, period);
                }
            }
            // An attempt that is refused is no login, and what was refused before is nobody's doing here.
            _ if outcome.attempt == Verdict::Deny || seen.refused_before() => {}
            Verdict::Allow => {}
            Verdict::Challenge => {
                self.challenged += 1;
                if first {
                    self.captcha(day, period);
                }
            }
            Verdict::Deny => {
                self.denied += 1;
                self.refusal(!outcome.locked, period);
            }
        }
        match outcome.prompt {
            Prompt::Raised => {
                self.prompts_by_day[day] += 1;
                self.prompts.push((seen.account, time));
                self.prompts_base += u64::from(counts);
            }
            Prompt::Appended => self.appended += 1,
            Prompt::Capped => self.capped += 1,
            Prompt::None if !outcome.flagged => {}
            Prompt::None if exists => self.refused += 1,
            Prompt::None => self.nobody += 1,
        }
        self.flagged_base += u64::from(counts && outcome.flagged);
        self.labelled(seen, outcome, class, time);
        self.fired(seen, outcome, class, time, day, period);
    }

    fn labelled(&mut self, seen: &Seen<'_>, outcome: &Outcome, class: Class, time: Millis) {
        if self.frame.label.is_none() || class == Class::Unknown {
            return;
        }
        let attack = class == Class::Attack;
        let measure = seen.measure(outcome);
        let exists = seen.table.has(seen.row, KNOWN);
        self.attacks_nobody += u64::from(attack && !exists);
        let score = self.scores.entry(sortable(outcome.suspicion)).or_default();
        if attack {
            score.0 += 1;
            self.hits.push(Hit {
                account: seen.account,
                row: seen.row,
                time,
                flagged: outcome.flagged,
                prompted: outcome.prompt == Prompt::Raised,
                exists,
                measure,
            });
        } else {
            score.1 += 1;
            self.good_acted_on += u64::from(measure.acts());
        }
        if attack || outcome.flagged {
            let counts = match exists {
                true => {
                    let name = || seen.table.accounts.text(seen.account);
                    let counts = self.accounts.entry(seen.account);
                    counts.or_insert_with(|| AccountCounts::of(name()))
                }
                false => &mut self.nobodys,
            };
            match (attack, outcome.flagged) {
                (true, true) => counts.tp += 1,
                (true, false) => counts.missed += 1,
                (false, _) => counts.fp += 1,
            }
        }
    }

    /// Looks at a login.
    pub fn see(&mut self, seen: &Seen<'_>) {
        let time = seen.table.time[seen.row as usize];
        self.begun += u64::from(seen.first);
        if time < self.frame.from {
            self.warm_up += 1;
            return;
        }
        let outcome = &seen.outcomes[self.variant];
        let day = self.frame.day(time);
        self.attempts_by_day[day] += 1;
        let period = self.frame.period(time);
        let class = self.frame.class(seen.table.labels_of(seen.row));
        if let Some(rules) = &mut self.rules {
            let counts = seen.judged() && self.frame.basis.has(class);
            rules.see(seen, outcome, (class, counts), (time, day, period));
        }
        self.attempt(seen, outcome, day, period);
        if seen.judged() {
            self.success(seen, outcome, (class, time), (day, period));
        } else {
            self.failures += 1;
            self.by_period[period].failures += 1;
            self.nobody_failures += u64::from(!seen.table.has(seen.row, KNOWN));
            if class == Class::Attack {
                self.failed_attacks += 1;
                self.failed_attacks_acted_on += u64::from(seen.measure(outcome).acts());
            }
        }
    }
}
