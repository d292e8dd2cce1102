//! Which rules are asked about logins, what their blocks want, and what each said of one login.

use super::outcome::Measure;
use crate::bot::api::Verdict;
use crate::lang::program::{ActionKind, AlertAction, Block, EventName, Program, RuleId};

/// The events of logins, in the order in which rules for them are numbered.
const EVENTS: [EventName; 3] = [EventName::Attempt, EventName::Failure, EventName::Login];

/// A rule for one of the events of a login. One for two of them is two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedRule {
    /// The event: attempt, failure or login.
    pub event: EventName,
    /// The rule.
    pub rule: RuleId,
}

/// The rules of `program` that are asked about logins: their places in this list are what
/// [`RuleSaid::slot`] counts.
pub fn asked(program: &Program) -> Vec<AskedRule> {
    let of = |event: EventName| {
        let rules = listening(program, &event).into_iter();
        rules.map(move |rule| AskedRule {
            event: event.clone(),
            rule,
        })
    };
    EVENTS.into_iter().flat_map(of).collect()
}

/// The rules for one event, in the order of the source.
pub(super) fn listening(program: &Program, event: &EventName) -> Vec<RuleId> {
    let rules = program.rules.iter();
    rules
        .filter(|rule| rule.triggers.iter().any(|trigger| trigger.event == *event))
        .map(|rule| rule.id)
        .collect()
}

/// What one rule said of one login. Those whose condition was plainly false say nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSaid {
    /// Its place in [`asked`].
    pub slot: usize,
    /// What it said.
    pub state: RuleState,
}

/// See [`RuleSaid`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleState {
    /// Its condition held.
    Held(Does),
    /// It could not be judged: what was missing.
    NotEvaluable(Vec<String>),
}

/// What a rule whose condition held wants of the login, by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Does {
    /// A captcha, solved or not.
    pub captcha: bool,
    /// A refusal.
    pub deny: bool,
    /// A lock of the account.
    pub lock: bool,
    /// An alert.
    pub alert: bool,
    /// Its alert is the one that is raised: no rule before it wanted one.
    pub raises: bool,
}

impl Does {
    pub(super) fn of(wish: &Wish<'_>, first: bool) -> Self {
        Self {
            captcha: wish.challenge,
            // Of a name that is no account a lock is a refusal.
            deny: wish.deny || (wish.locks && !wish.locked),
            lock: wish.locked,
            alert: wish.alert.is_some(),
            raises: wish.alert.is_some() && first,
        }
    }

    /// How much that is; `solved` when a captcha was, `moot` when nobody asks any more whether the login may pass.
    pub fn measure(self, solved: bool, moot: bool) -> Measure {
        let verdict = match (self.deny, self.captcha && !solved) {
            _ if moot => Verdict::Allow,
            (true, _) => Verdict::Deny,
            (false, true) => Verdict::Challenge,
            (false, false) => Verdict::Allow,
        };
        Measure::of(verdict, self.alert, self.lock)
    }
}

/// What rules' blocks want.
#[derive(Default)]
pub(super) struct Wish<'p> {
    pub(super) deny: bool,
    pub(super) challenge: bool,
    pub(super) alert: Option<&'p AlertAction>,
    pub(super) locked: bool,
    /// A rule locks the account, or would if the name were one: both are refused.
    pub(super) locks: bool,
}

impl<'p> Wish<'p> {
    /// And what a later rule wants.
    pub(super) fn add(&mut self, later: Self) {
        self.deny |= later.deny;
        self.challenge |= later.challenge;
        self.locked |= later.locked;
        self.locks |= later.locks;
        self.alert = self.alert.or(later.alert);
    }
}

pub(super) fn want<'p>(block: &'p Block, known: bool, wish: &mut Wish<'p>) {
    for action in &block.actions {
        let outcome = match &action.kind {
            ActionKind::Challenge => {
                wish.challenge = true;
                continue;
            }
            ActionKind::Deny(_) => {
                wish.deny = true;
                continue;
            }
            ActionKind::Alert(alert) => {
                wish.alert.get_or_insert(alert);
                continue;
            }
            ActionKind::LockAccount => {
                wish.locks = true;
                wish.locked |= known;
                if known { "locked" } else { "unbound" }
            }
            ActionKind::LogOff if known => "logged_off",
            ActionKind::LogOff => "unbound",
            _ => continue,
        };
        if let Some(arm) = action.outcome(outcome) {
            want(arm, known, wish);
        }
    }
}

/// Deny before challenge before allow; a solved captcha meets the challenge, and whom a rule locks out is refused.
pub(super) fn verdict(wish: &Wish<'_>, solved: bool) -> Verdict {
    if wish.deny || wish.locks {
        Verdict::Deny
    } else if wish.challenge && !solved {
        Verdict::Challenge
    } else {
        Verdict::Allow
    }
}

/// Who was refused before any rule was asked stays so.
pub(super) fn refused(verdict: Verdict, before: bool) -> Verdict {
    if before { Verdict::Deny } else { verdict }
}
