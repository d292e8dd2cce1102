//! The language server: what editors ask about rule files, answered with the compiler's own results.
//!
//! ```text
//! client ──messages──▶ serve ──▶ world (documents, rule sets) ──▶ compile, parse
//!                        │                    │
//!                        └── completion, hover, navigate, … ◀── names
//! ```
//!
//! It decides nothing about the language: diagnostics and fixes are the compiler's, formatting is
//! [`crate::lang::format`]'s, documentation is the registry's. It reads rule folders and never
//! writes a file; edits are the client's to make. One message after another, so that an answer is
//! always about the text the client had when it asked; compiling waits until no message does. A
//! request that would panic is answered with an error and the server goes on.

mod completion;
mod describe;
mod diagnostics;
mod edits;
mod folding;
mod names;
mod navigate;
mod outline;
mod place;
mod position;
mod scene;
mod server;
#[cfg(test)]
mod shipped;
mod stories;
mod stream;
mod tokens;
mod walk;
mod world;

pub use server::{LspError, serve};
pub use stream::{Streams, connect};
pub use world::Registries;
