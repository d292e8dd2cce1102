//! Windows over past logins: what rules ask with `count`, `new`, `share`, `ratio`, …
//!
//! One evaluator for live decisions, stories, chat, explanations and backtests: it sees rows sorted
//! by event time and arrival, and the present event, and nothing else. Rows come from a [`Rows`]
//! provider (the store behind `guard`, or a backtest's table); answers go back to `lang::eval` through
//! [`Facts::history`](crate::lang::eval::Facts::history).
//!
//! The window (language law 8): the events later than t − w that arrived before this one and are not
//! later than t, by event time. This room must never read a clock or decide how rows are stored, and
//! never treat a missing key as one shared bucket.

mod answer;
mod cell;
mod familiar;
mod glance;
mod key;
mod needs;
mod plan;
mod question;
mod row;
mod tally;
mod used;
mod usual;
mod walk;
mod window;

pub use answer::{Present, evaluate, evaluate_uncounted, experience, previous};
pub use cell::{Column, Columns};
pub use glance::glance;
pub use key::{Key, KeyPart, network_of};
pub use needs::{KeyNeed, keys_of, queries_by_key, tallies_of};
pub use plan::{Plan, Planned};
pub use row::{Row, hour_and_weekday};
pub use tally::{TALLIED, Tallied, Tallies, day_of, from_rows as tally_rows, tallied};
pub use used::used;
pub use walk::{Sheet, Walk};
pub use window::{Rows, Slice};

#[cfg(test)]
mod tests;
