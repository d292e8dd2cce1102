//! Guarding logins: machines, captchas, sessions, the history of logins, alerts, trust and locks.
//!
//! Operations are plain functions over a [`Tx`](crate::store::Tx) composed within one command. What
//! costs time (passwords, captcha images) happens before the command, which checks again what may
//! have changed meanwhile ([`standing`]). Nothing here knows HTTP, XML or rules; which logins are
//! unusual is decided by the rules, what follows is written down here.
//!
//! Two sentences hold whatever happens: no session is started while a lock is in force, and a lock
//! from the bound OpenID always works.
//!
//! | events of this room | when |
//! |---|---|
//! | `alerted`, `alert_appended`, `alert_closed` | an alert was raised, grew, ended |
//! | `locked`, `unlocked`, `locked_login` | what they say; the right password met a lock |
//! | `session_ended` | once for each session that ended before its time |
//! | `trusted`, `trust_revoked` | trust in a machine began, was taken back |

pub mod agent;
pub mod alerts;
pub mod captcha;
pub mod decisions;
pub mod geo;
pub mod history;
mod limits;
pub mod locks;
pub mod machines;
mod recent;
pub mod reports;
mod rows;
pub mod sessions;
mod standing;
mod tally;
pub mod trust;

pub use geo::Place;
pub use limits::Limits;
pub use recent::{MAX_RECENT_ROWS, Recent};
pub use rows::KeptRows;
pub use standing::{Standing, locked_login, standing};

pub use crate::store::records::{
    Alert, Appended, CloseReason, Decision, FiredSignal, Lock, LockedBy, Login, LoginRef,
    PromptState, Session, SessionEnd, Trust,
};

#[cfg(test)]
mod tests;
