//! What every signal and rule says of one login, and why: so that rule sets can be compared.

use crate::bot::login::Case;
use crate::env::Millis;
use crate::lang::eval::{self, Held, Judgement, Telling, Trace};
use crate::lang::program::{EventName, RuleId};

use super::super::symbols::Symbol;
use super::facts::Said;
use super::stage::Stage;
use super::wish::{Wish, want};

/// One login, as it happened, under one rule set.
#[derive(Debug, Clone)]
pub struct Told {
    /// What the signals say; they are not asked after a wrong password.
    pub judgement: Judgement,
    /// What they saw: `when`, and `except` where it was looked at.
    pub traces: Vec<(Trace, Option<Trace>)>,
    /// The rules `on attempt`.
    pub attempt: Vec<Asked>,
    /// The rules `on login`, or `on failure` after a wrong password.
    pub ended: Vec<Asked>,
}

/// A rule that was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Which.
    pub rule: RuleId,
    /// Its condition held.
    pub held: bool,
    /// The same, had the suspicion been another: that of the rule set it is compared with.
    pub otherwise: bool,
    /// What decided that, with the values; empty when there is no condition.
    pub why: String,
    /// It refuses the login.
    pub deny: bool,
    /// It wants a captcha.
    pub challenge: bool,
    /// It locks the account.
    pub lock: bool,
    /// It alerts, and then keeps quiet for so long; 0 when it never does.
    pub alert: Option<Millis>,
}

impl Stage<'_, '_> {
    /// What a rule set says of the login `case` was made for, as if nothing had been asked before.
    pub(super) fn told(
        &mut self,
        index: usize,
        account: Symbol,
        case: &mut Case,
        (success, other): (bool, Option<f64>),
        telling: Telling<'_>,
    ) -> Told {
        let attempt = self.asked(index, &EventName::Attempt, account, case, None, telling);
        if success {
            let (judgement, traces) = self.explain(index, account, case);
            let said = Some((&judgement, other.unwrap_or(judgement.suspicion)));
            let ended = self.asked(index, &EventName::Login, account, case, said, telling);
            return Told {
                judgement,
                traces,
                attempt,
                ended,
            };
        }
        if let Some(login) = &mut case.login {
            login.success = Some(false);
        }
        let event = EventName::Failure;
        Told {
            judgement: Judgement::default(),
            traces: Vec::new(),
            attempt,
            ended: self.asked(index, &event, account, case, None, telling),
        }
    }

    fn asked(
        &mut self,
        index: usize,
        event: &EventName,
        account: Symbol,
        case: &Case,
        judgement: Option<(&Judgement, f64)>,
        telling: Telling<'_>,
    ) -> Vec<Asked> {
        let variants = self.variants;
        let variant = &variants[index];
        let program = variant.program();
        let signals = judgement
            .iter()
            .flat_map(|(judgement, _)| &judgement.signals);
        let states: Vec<_> = signals.map(|signal| signal.state.clone()).collect();
        let said = |suspicion| Said {
            program,
            states: &states,
            suspicion,
        };
        self.histories.ask_with(index, &variant.windows);
        let rules = variant.of(event).iter();
        rules
            .map(|id| {
                let rule = &program.rules[id.0 as usize];
                let mut wish = Wish::default();
                want(&rule.body, case.account.is_some(), &mut wish);
                let (mut held, mut otherwise, mut why) = (true, true, String::new());
                if let Some(condition) = &rule.when {
                    let mut trace = Trace::default();
                    let real = judgement.map(|(judgement, _)| said(judgement.suspicion));
                    let mut facts = self.facts(index, case, account, real);
                    let value = eval::eval(condition, program, &mut facts, &mut trace);
                    held = value.truth() == Some(true);
                    why = eval::because(condition, program, &trace, telling);
                    let other = judgement.filter(|(is, other)| is.suspicion != *other);
                    otherwise = match other {
                        None => held,
                        Some((_, other)) => {
                            let mut facts = self.facts(index, case, account, Some(said(other)));
                            eval::holds(Some(condition), program, &mut facts) == Held::Yes
                        }
                    };
                }
                Asked {
                    rule: *id,
                    held,
                    otherwise,
                    why,
                    deny: wish.deny || (wish.locks && !wish.locked),
                    challenge: wish.challenge,
                    lock: wish.locked,
                    alert: wish.alert.map(|alert| alert.once_per),
                }
            })
            .collect()
    }
}
