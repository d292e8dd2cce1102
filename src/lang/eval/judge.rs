//! All signals of a rule set over one login.

use crate::lang::program::{Learn, Program, Signal};
use crate::lang::value::Value;

use super::evaluate::{eval, missing};
use super::facts::{Experience, Facts, NoObserver};
use super::trace::Trace;

/// What the signals say about a login.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judgement {
    /// Every signal, in source order.
    pub signals: Vec<SignalResult>,
    /// The weights of those that fired and count, added up.
    pub suspicion: f64,
    /// Their titles, in source order, joined by `、`; signals that reassure (negative weight) are left out.
    pub reasons: String,
}

/// What one signal says.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalResult {
    /// Index in `Program::signals`.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// What people read.
    pub title: String,
    /// Its weight.
    pub weight: f64,
    /// Recorded, never counted.
    pub shadow: bool,
    /// What it says.
    pub state: SignalState,
    /// For a signal whose `when` holds: the facts it looked at, as written, and their values.
    pub values: Vec<(String, Value)>,
}

/// What a signal says.
#[derive(Debug, Clone, PartialEq)]
pub enum SignalState {
    /// `when` holds; it counts unless it is a shadow.
    Fired,
    /// `when` does not hold.
    Quiet,
    /// `when` holds, and `except` certainly does.
    Exempt,
    /// `when` holds, but the signal still learns: how well the account is known so far.
    Learning(Experience),
    /// `when` cannot be judged: these facts are missing.
    NotEvaluable(Vec<String>),
}

impl Judgement {
    /// The names of the signals that fired and count, in source order: the field `signals`.
    pub fn names(&self) -> Vec<&str> {
        self.counted().map(|signal| signal.name.as_str()).collect()
    }

    /// The signals that could not be judged, with what was missing.
    pub fn not_evaluable(&self) -> impl Iterator<Item = (&SignalResult, &[String])> {
        self.signals
            .iter()
            .filter_map(|signal| match &signal.state {
                SignalState::NotEvaluable(missing) => Some((signal, missing.as_slice())),
                _ => None,
            })
    }

    /// The signals that fired and count.
    pub fn counted(&self) -> impl Iterator<Item = &SignalResult> {
        self.signals
            .iter()
            .filter(|signal| !signal.shadow && signal.state == SignalState::Fired)
    }
}

/// Judges a login by all signals.
pub fn judge<F: Facts + ?Sized>(program: &Program, facts: &mut F) -> Judgement {
    let signals = program
        .signals
        .iter()
        .enumerate()
        .map(|(index, signal)| one(index, signal, program, facts, None))
        .collect();
    total(signals)
}

/// What the sub-expressions of a signal were: of `when` and, where it was looked at, of `except`.
pub type SignalTrace = (Trace, Option<Trace>);

/// The same, observed: for each signal the traces of its conditions. Nothing is evaluated twice.
pub fn judge_traced<F: Facts + ?Sized>(
    program: &Program,
    facts: &mut F,
) -> (Judgement, Vec<SignalTrace>) {
    let mut traces = Vec::with_capacity(program.signals.len());
    let mut signals = Vec::with_capacity(program.signals.len());
    for (index, signal) in program.signals.iter().enumerate() {
        let mut trace = SignalTrace::default();
        signals.push(one(index, signal, program, facts, Some(&mut trace)));
        traces.push(trace);
    }
    (total(signals), traces)
}

fn one<F: Facts + ?Sized>(
    index: usize,
    signal: &Signal,
    program: &Program,
    facts: &mut F,
    mut trace: Option<&mut SignalTrace>,
) -> SignalResult {
    let when = match &mut trace {
        Some(trace) => eval(&signal.when, program, facts, &mut trace.0),
        None => eval(&signal.when, program, facts, &mut NoObserver),
    };
    let values = match (when.truth(), &trace) {
        (Some(true), Some(trace)) => values(&trace.0, program),
        (Some(true), None) => {
            // Evaluated again with an observer, so that the many logins on which nothing fires pay nothing.
            let mut again = Trace::default();
            eval(&signal.when, program, facts, &mut again);
            values(&again, program)
        }
        _ => Vec::new(),
    };
    let state = state_of(&when, signal, program, facts, trace);
    SignalResult {
        index,
        name: signal.name.clone(),
        title: signal.title.clone(),
        weight: signal.weight,
        shadow: signal.shadow,
        state,
        values,
    }
}

/// What one signal says of a login.
pub fn state<F: Facts + ?Sized>(signal: &Signal, program: &Program, facts: &mut F) -> SignalState {
    let when = eval(&signal.when, program, facts, &mut NoObserver);
    state_of(&when, signal, program, facts, None)
}

fn state_of<F: Facts + ?Sized>(
    when: &Value,
    signal: &Signal,
    program: &Program,
    facts: &mut F,
    trace: Option<&mut SignalTrace>,
) -> SignalState {
    match when.truth() {
        None => SignalState::NotEvaluable(missing(when)),
        Some(false) => SignalState::Quiet,
        Some(true) if exempt(signal, program, facts, trace) => SignalState::Exempt,
        Some(true) => match signal.learn.and_then(|learn| learns(learn, facts)) {
            Some(known) => SignalState::Learning(known),
            None => SignalState::Fired,
        },
    }
}

/// `except` exempts only when certainly true.
fn exempt<F: Facts + ?Sized>(
    signal: &Signal,
    program: &Program,
    facts: &mut F,
    trace: Option<&mut SignalTrace>,
) -> bool {
    let Some(except) = &signal.except else {
        return false;
    };
    let value = match trace {
        Some(trace) => {
            let seen = trace.1.insert(Trace::default());
            eval(except, program, facts, seen)
        }
        None => eval(except, program, facts, &mut NoObserver),
    };
    value.truth() == Some(true)
}

/// How well the account is known, while that is not enough.
fn learns<F: Facts + ?Sized>(learn: Learn, facts: &mut F) -> Option<Experience> {
    let known = facts.experience();
    let long_enough = learn
        .duration
        .map(|wanted| known.since_first.is_some_and(|since| since >= wanted));
    let often_enough = learn.logins.map(|wanted| known.logins >= u64::from(wanted));
    let done = match (long_enough, often_enough) {
        (Some(a), Some(b)) if learn.both => a && b,
        (Some(a), Some(b)) => a || b,
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => true,
    };
    (!done).then_some(known)
}

/// Most facts one signal reports.
const MAX_VALUES: usize = 16;

/// The facts a signal looked at, as written.
fn values(trace: &Trace, program: &Program) -> Vec<(String, Value)> {
    let mut values: Vec<(String, Value)> = Vec::new();
    for step in &trace.steps {
        let (Some(value), true) = (&step.value, step.fact) else {
            continue;
        };
        let source = program.sources.slice(step.span).to_owned();
        if values.len() < MAX_VALUES && values.iter().all(|(known, _)| *known != source) {
            values.push((source, value.clone()));
        }
    }
    values
}

fn total(signals: Vec<SignalResult>) -> Judgement {
    let mut judgement = Judgement {
        signals,
        ..Judgement::default()
    };
    // The sum of nothing would be -0.
    judgement.suspicion = judgement
        .counted()
        .fold(0.0, |sum, signal| sum + signal.weight);
    let titles: Vec<&str> = judgement
        .counted()
        .filter(|signal| signal.weight >= 0.0)
        .map(|signal| signal.title.as_str())
        .collect();
    judgement.reasons = titles.join("、");
    judgement
}
