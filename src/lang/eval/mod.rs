//! Evaluation: a checked expression and the facts of one event give a value. It cannot fail.
//!
//! [`eval()`] computes; [`holds`] answers a rule's `when`; [`judge`] runs all signals; [`render`]
//! fills templates; [`explain`] prints why, from the [`Trace`] of the very same evaluator, in the
//! language of a [`Telling`]. Facts come
//! from the host through [`Facts`]; values go back to `bot`, `guard` and the backtest.
//!
//! Law 4 rules here: unknown is not false. Nothing here reads a clock, a store or the network, and
//! nothing here loops over anything but the expression and its lists.

mod arith;
mod compare;
mod evaluate;
mod explain;
mod facts;
mod functions;
mod judge;
mod quick;
mod render;
mod telling;
#[cfg(test)]
pub(crate) mod testing;
mod trace;
mod turns;

pub(in crate::lang) use arith::arith;
pub use compare::compare;
pub(in crate::lang) use compare::member;
pub use evaluate::{Held, eval, holds, missing};
pub use explain::{because, explain, explain_to, why_not};
pub use facts::{Experience, Facts, HistoryAnswer, NoFacts, NoObserver, Observer, PastLogin};
pub(in crate::lang) use functions::call;
pub use functions::{EARTH_RADIUS, MIN_ELAPSED, haversine, hours_apart, speed_between};
pub use judge::{Judgement, SignalResult, SignalState, judge, judge_traced, state};
pub(in crate::lang) use render::MAX_LONG_CHARS;
pub use render::{MAX_VALUE_CHARS, UNKNOWN, display, mask_phone, render, sanitise, told};
pub use telling::{Telling, missing_names};
pub use trace::{Step, Trace};
pub use turns::{Misfit, Round, Turn, answers, misfit, next_question, turns};
#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
