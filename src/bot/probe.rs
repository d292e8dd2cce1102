//! What of a rule set is used while it runs: the tap behind `menshen test --coverage`.
//!
//! A [`Probe`] is told places in the source and what signals said, never values, and changes nothing; a bot without one
//! pays a single look at an `Option`.

use std::sync::Arc;

use super::context::Shared;
use crate::lang::eval::{self, Facts, Held, Judgement, SignalState, Trace};
use crate::lang::program::{Expr, Program};
use crate::lang::span::Span;

/// Told what is reached.
pub trait Probe: Send + Sync + 'static {
    /// A rule acted, a signal fired, an outcome was answered or a dialog took this step.
    fn reached(&self, at: Span);
    /// A condition was evaluated; the trace holds what every part of it was.
    fn judged(&self, trace: &Trace);
    /// A login's signals were judged: also one whose caller is not told of them, because it was
    /// challenged or denied.
    fn signals(&self, judgement: &Judgement);
}

impl Shared {
    /// Tells the probe, if there is one.
    pub(super) fn reached(&self, at: Span) {
        if let Some(probe) = &self.probe {
            probe.reached(at);
        }
    }

    /// Tells the probe what the signals and their parts were.
    pub(super) fn judged(
        &self,
        program: &Program,
        judgement: &Judgement,
        traces: &[(Trace, Option<Trace>)],
    ) {
        let Some(probe) = &self.probe else {
            return;
        };
        probe.signals(judgement);
        for (result, (when, except)) in judgement.signals.iter().zip(traces) {
            probe.judged(when);
            except.iter().for_each(|except| probe.judged(except));
            if result.state == SignalState::Fired {
                probe.reached(program.signals[result.index].span);
            }
        }
    }
}

/// [`eval::holds`], told to the probe.
pub(super) fn holds<F: Facts + ?Sized>(
    probe: Option<&Arc<dyn Probe>>,
    condition: Option<&Expr>,
    program: &Program,
    facts: &mut F,
) -> Held {
    let (Some(probe), Some(expr)) = (probe, condition) else {
        return eval::holds(condition, program, facts);
    };
    let mut trace = Trace::default();
    let value = eval::eval(expr, program, facts, &mut trace);
    probe.judged(&trace);
    value.into()
}
