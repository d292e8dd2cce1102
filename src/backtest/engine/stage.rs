//! One login through every rule set: what the live bot would do, in its order.

use std::sync::Arc;

use crate::bot::api::Verdict;
use crate::bot::login::ask::Names;
use crate::bot::login::{Case, Login, why};
use crate::bot::ruleset::Ruleset;
use crate::history::{Columns, KeyNeed};
use crate::lang::builtins::Registry;

use super::super::needs::Need;
use super::super::symbols::Symbol;
use super::super::table::{CAPTCHA, JUDGED, KNOWN, LATE_FLAG, STOPPED, Table};
use super::alerts::{Alerts, At, Prompt};
use super::facts::{Ids, Said, TableFacts};
use super::outcome::{Outcome, refused_before};
use super::rows::Histories;
use super::wish::{Does, RuleSaid, RuleState, Wish, listening, refused, verdict, want};
use crate::lang::eval::{self, Held, Judgement, SignalState, Telling, Trace};
use crate::lang::program::{EventName, Program, RuleId};

/// A rule set, made ready.
#[derive(Debug)]
pub struct Prepared {
    /// It.
    pub rules: Arc<Ruleset>,
    pub(super) windows: Arc<[KeyNeed]>,
    attempt: Vec<RuleId>,
    failure: Vec<RuleId>,
    login: Vec<RuleId>,
    /// For each signal the (rule set, signal) whose answer is the same by construction, itself when
    /// it is the first.
    pub(super) same: Vec<(usize, usize)>,
}

impl Prepared {
    pub(super) fn new(rules: Arc<Ruleset>) -> Self {
        let of = |event: EventName| listening(&rules.program, &event);
        Self {
            windows: rules.windows.clone().into(),
            attempt: of(EventName::Attempt),
            failure: of(EventName::Failure),
            login: of(EventName::Login),
            same: Vec::new(),
            rules,
        }
    }

    pub(super) fn program(&self) -> &Program {
        &self.rules.program
    }

    /// Where the rules for an event stand among all that are asked about logins: those `on attempt`, then those
    /// `on failure`, then those `on login`, as [`asked`](super::asked) lists them.
    fn first_slot(&self, event: &EventName) -> usize {
        match event {
            EventName::Attempt => 0,
            EventName::Failure => self.attempt.len(),
            _ => self.attempt.len() + self.failure.len(),
        }
    }

    /// Whether no rule is asked about a wrong password.
    fn leaves_failures(&self) -> bool {
        self.attempt.is_empty() && self.failure.is_empty()
    }

    /// The rules for a login-side event.
    pub fn of(&self, event: &EventName) -> &[RuleId] {
        match event {
            EventName::Attempt => &self.attempt,
            EventName::Failure => &self.failure,
            _ => &self.login,
        }
    }
}

/// What every login of a thread is judged with.
#[derive(Debug)]
pub(super) struct Stage<'a, 't> {
    pub(super) table: &'t Table,
    pub(super) registry: &'a Registry,
    pub(super) columns: &'a Columns,
    pub(super) ids: &'a Ids,
    /// Somebody looks on: see [`TableFacts`].
    pub(super) observed: bool,
    pub(super) limits: &'a crate::guard::Limits,
    pub(super) variants: &'a [Prepared],
    pub(super) histories: Histories<'t>,
    /// Look for the signals without which there would be no alert.
    pub(super) decisive: bool,
    /// The user agent that stands in the case; `None` when it is not known which.
    pub(super) agent: Option<Symbol>,
}

impl<'a, 't> Stage<'a, 't> {
    /// The case of a row of the loaded account; the one before stays where no rule will be asked.
    pub(super) fn case(&mut self, row: u32, arrived: usize, case: &mut Case) {
        let table = self.table;
        self.histories.step(row, arrived);
        let judged = self.observed || table.has(row, JUDGED);
        if !judged && self.variants.iter().all(Prepared::leaves_failures) {
            return;
        }
        let histories = &mut self.histories;
        if case.login.is_none() {
            self.agent = None;
        }
        let login = case.login.get_or_insert_with(|| Login {
            row: histories.blank(),
            agent: None,
            session: None,
            captcha: false,
            late: false,
            success: None,
        });
        histories.present(&mut login.row);
        // People keep their browsers: mostly it stands there already.
        let agent = table.symbol(Need::Agent, row);
        if self.agent != Some(agent) {
            self.agent = Some(agent);
            put(&mut login.agent, table.symbols.text(agent));
        }
        put(&mut login.session, table.text(Need::Session, row));
        login.captcha = table.has(row, CAPTCHA);
        login.late = table.has(row, LATE_FLAG);
        login.success = None;
    }

    /// Runs every rule set over the case, which `case` made.
    pub(super) fn judge(
        &mut self,
        row: u32,
        account: Symbol,
        case: &mut Case,
        alerts: &mut [Alerts],
        outcomes: &mut [Outcome],
    ) {
        let table = self.table;
        let solved = table.has(row, CAPTCHA);
        let success = table.has(row, JUDGED);
        for (index, outcome) in outcomes.iter_mut().enumerate() {
            outcome.rules.clear();
            outcome.locked = false;
            outcome.attempt = if self.variants[index].attempt.is_empty() {
                Verdict::Allow
            } else {
                let rules = Some(&mut outcome.rules);
                let wish = self.rules(index, &EventName::Attempt, case, account, None, rules);
                outcome.locked = wish.locked;
                verdict(&wish, solved)
            };
        }
        if let Some(login) = &mut case.login {
            login.success = Some(success);
            login.row.success = success;
        }
        let late = table.has(row, LATE_FLAG);
        if !success {
            for (index, outcome) in outcomes.iter_mut().enumerate() {
                outcome.states.clear();
                outcome.suspicion = 0.0;
                outcome.flagged = false;
                (outcome.prompt, outcome.cooling) = (Prompt::None, None);
                outcome.decisive.clear();
                // Refused before any rule was asked.
                let stopped = table.has(row, STOPPED);
                outcome.verdict = refused(Verdict::Allow, stopped);
                let asked = !late && !table.unasked.has(row);
                if !self.variants[index].failure.is_empty() && asked {
                    let rules = Some(&mut outcome.rules);
                    let wish = self.rules(index, &EventName::Failure, case, account, None, rules);
                    outcome.locked |= wish.locked;
                    outcome.verdict = refused(verdict(&wish, false), stopped);
                }
            }
            return;
        }
        for index in 0..outcomes.len() {
            let mut states = std::mem::take(&mut outcomes[index].states);
            states.clear();
            let variants = self.variants;
            let variant = &variants[index];
            let program = variant.program();
            self.histories.ask_with(index, &variant.windows);
            let mut facts = self.facts(index, case, account, None);
            for (signal, same) in variant.same.iter().enumerate() {
                let state = if *same == (index, signal) {
                    eval::state(&program.signals[signal], program, &mut facts)
                } else {
                    let from = match same.0 == index {
                        true => &states,
                        false => &outcomes[same.0].states,
                    };
                    from[same.1].clone()
                };
                states.push(state);
            }
            let suspicion = suspicion(program, &states, None);
            let outcome = &mut outcomes[index];
            outcome.states = states;
            outcome.suspicion = suspicion;
            self.act(index, row, account, case, &mut alerts[index], outcome, late);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one login")]
    fn act(
        &mut self,
        index: usize,
        row: u32,
        account: Symbol,
        case: &Case,
        alerts: &mut Alerts,
        outcome: &mut Outcome,
        late: bool,
    ) {
        (outcome.prompt, outcome.cooling) = (Prompt::None, None);
        outcome.decisive.clear();
        outcome.flagged = false;
        let table = self.table;
        let refused_before = refused_before(table, row);
        outcome.verdict = refused(Verdict::Allow, refused_before);
        // A late login is judged; no rule acts on it.
        if late {
            return;
        }
        let variants = self.variants;
        let program = variants[index].program();
        let said = Said {
            program,
            states: &outcome.states,
            suspicion: outcome.suspicion,
        };
        let rules = Some(&mut outcome.rules);
        let wish = self.rules(index, &EventName::Login, case, account, Some(said), rules);
        outcome.verdict = refused(verdict(&wish, table.has(row, CAPTCHA)), refused_before);
        outcome.locked |= wish.locked;
        let Some(alert) = wish.alert else { return };
        outcome.flagged = true;
        // Where the server itself lets in, who is refused is in no account: nobody is asked.
        let kept_out = outcome.verdict == Verdict::Deny && table.own.has(row);
        if table.has(row, KNOWN) && !refused_before && !kept_out {
            let fired: Vec<usize> = counted(program, &outcome.states).collect();
            let machine = table
                .column(Need::Machine)
                .map_or(0, |column| column[row as usize]);
            let band = program.band(outcome.suspicion);
            let at = At {
                row,
                now: table.time[row as usize],
                closed: table.alert_closed.get(&row).copied(),
                locked: wish.locked,
            };
            (outcome.prompt, outcome.cooling) =
                alerts.raise(alert, at, machine, fired, band, self.limits);
        }
        if self.decisive {
            let fired: Vec<usize> = counted(program, &outcome.states).collect();
            for signal in fired {
                let mut states = outcome.states.clone();
                states[signal] = SignalState::Quiet;
                let without = Said {
                    program,
                    states: &states,
                    suspicion: suspicion(program, &states, None),
                };
                let without = Some(without);
                let wish = self.rules(index, &EventName::Login, case, account, without, None);
                if wish.alert.is_none() {
                    outcome.decisive.push(signal);
                }
            }
        }
    }

    fn rules(
        &mut self,
        index: usize,
        event: &EventName,
        case: &Case,
        account: Symbol,
        said: Option<Said<'_>>,
        mut rules: Option<&mut Vec<RuleSaid>>,
    ) -> Wish<'a> {
        let variants = self.variants;
        let variant = &variants[index];
        self.histories.ask_with(index, &variant.windows);
        let program = variant.program();
        let mut wish = Wish::default();
        let mut facts = self.facts(index, case, account, said);
        let first = variant.first_slot(event);
        for (at, id) in variant.of(event).iter().enumerate() {
            let rule = &program.rules[id.0 as usize];
            let held = eval::holds(rule.when.as_ref(), program, &mut facts);
            let state = match held {
                Held::No => continue,
                Held::NotEvaluable(missing) => RuleState::NotEvaluable(missing),
                Held::Yes => {
                    let mut own = Wish::default();
                    want(&rule.body, case.account.is_some(), &mut own);
                    let does = Does::of(&own, wish.alert.is_none());
                    wish.add(own);
                    RuleState::Held(does)
                }
            };
            if let Some(rules) = &mut rules {
                let slot = first + at;
                rules.push(RuleSaid { slot, state });
            }
        }
        wish
    }

    pub(super) fn facts<'s>(
        &'s mut self,
        index: usize,
        case: &'s Case,
        account: Symbol,
        said: Option<Said<'s>>,
    ) -> TableFacts<'s, 't> {
        TableFacts {
            table: self.table,
            names: Names {
                registry: self.registry,
                columns: self.columns,
                program: self.variants[index].program(),
            },
            ids: self.ids,
            observed: self.observed,
            case,
            account,
            said,
            histories: &mut self.histories,
        }
    }

    /// The judgement of one rule set with everything it saw, for explanations. After `case`.
    pub(super) fn explain(
        &mut self,
        index: usize,
        account: Symbol,
        case: &mut Case,
    ) -> (Judgement, Vec<(Trace, Option<Trace>)>) {
        if let Some(login) = &mut case.login {
            login.success = Some(true);
            login.row.success = true;
        }
        let variants = self.variants;
        let variant = &variants[index];
        self.histories.ask_with(index, &variant.windows);
        let mut facts = self.facts(index, case, account, None);
        eval::judge_traced(variant.program(), &mut facts)
    }
}

impl Stage<'_, '_> {
    /// Which rules of an event act, and why others do not: as the live bot prints it.
    pub(super) fn why(
        &mut self,
        index: usize,
        event: &EventName,
        account: Symbol,
        case: &Case,
        judgement: &Judgement,
        telling: Telling<'_>,
    ) -> String {
        let variants = self.variants;
        let variant = &variants[index];
        let states: Vec<SignalState> = judgement
            .signals
            .iter()
            .map(|signal| signal.state.clone())
            .collect();
        let said = Said {
            program: variant.program(),
            states: &states,
            suspicion: judgement.suspicion,
        };
        self.histories.ask_with(index, &variant.windows);
        // Before the password was right nothing was said.
        let said = (*event == EventName::Login).then_some(said);
        let mut facts = self.facts(index, case, account, said);
        why::why(
            &variant.rules,
            event,
            &mut facts,
            case.login.as_ref(),
            telling,
        )
    }

    /// The names of the rules of an event at which no signal is asked that act.
    pub(super) fn acted(
        &mut self,
        index: usize,
        event: &EventName,
        account: Symbol,
        case: &Case,
    ) -> Vec<String> {
        let variants = self.variants;
        let variant = &variants[index];
        let program = variant.program();
        self.histories.ask_with(index, &variant.windows);
        let mut facts = self.facts(index, case, account, None);
        let rules = variant.of(event).iter();
        rules
            .map(|id| &program.rules[id.0 as usize])
            .filter(|rule| eval::holds(rule.when.as_ref(), program, &mut facts) == Held::Yes)
            .map(|rule| rule.name.clone())
            .collect()
    }
}

/// Puts a text in the room of the one before; an empty one is none.
fn put(place: &mut Option<String>, text: &str) {
    if text.is_empty() {
        *place = None;
    } else {
        let room = place.get_or_insert_default();
        room.clear();
        room.push_str(text);
    }
}

fn counted<'p>(
    program: &'p Program,
    states: &'p [SignalState],
) -> impl Iterator<Item = usize> + 'p {
    program
        .signals
        .iter()
        .zip(states)
        .enumerate()
        .filter(|(_, (signal, state))| !signal.shadow && **state == SignalState::Fired)
        .map(|(index, _)| index)
}

/// The sum of the weights of what fired and counts, added in the order of the source as live.
fn suspicion(program: &Program, states: &[SignalState], without: Option<usize>) -> f64 {
    counted(program, states)
        .filter(|index| Some(*index) != without)
        .fold(0.0, |sum, index| sum + program.signals[index].weight)
}
