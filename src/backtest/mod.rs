//! Rule files over past logins: what they would have done to real people, and what a change would.
//!
//! ```text
//! CSV, NDJSON, a store's export ─▶ input ─▶ table ─▶ engine ─▶ tally ─▶ report (text, JSON, HTML)
//! ```
//! The engine asks the evaluator and the history code the live bot asks (`bot::login::ask`,
//! `lang::eval`, `history`) and nothing else: a replay of a live server's log gives the same
//! decisions byte for byte. Labels are never visible to rules. This room reads files and an export;
//! it never opens, changes or copies a live store.

pub mod decisions;
pub mod diff;
pub mod engine;
pub mod input;
pub mod needs;
pub mod report;
pub mod run;
pub mod simulate;
pub mod sweep;
pub mod symbols;
pub mod table;
pub mod tally;
