//! The rule language: rule text → checked program → decisions.
//!
//! ```text
//! Sources ──syntax──▶ ast::File ──check──▶ program::Program ──eval──▶ Value, Trace
//!    (text of .rules files, list files)        │                        ▲
//!                                    Diagnostics                  Facts (the host)
//! ```
//!
//! Pure: nothing here reads a clock, a file, the network or a store, and nothing here knows WeChat.
//! It depends on no other room of the crate. pest types never leave [`syntax`]; parsing gives a tree
//! *and* diagnostics, never an `Err`; evaluation cannot fail, a missing fact is a value
//! ([`value::Value::Unknown`]).

mod analyze;
pub mod builtins;
mod check;
pub mod diagnostics;
pub mod eval;
pub mod format;
pub mod highlight;
pub mod program;
pub mod schema;
pub mod span;
pub mod syntax;
pub mod value;

pub use analyze::{Cost, EVENT_WINDOW};
pub use check::{Compiled, compile, compile_despite};
