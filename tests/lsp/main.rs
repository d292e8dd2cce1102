//! The language server as a client sees it: whole conversations over a connection in memory, kept
//! word for word in `tests/golden/lsp/*.json`. `UPDATE_GOLDEN=1 cargo test --test lsp` writes them
//! anew; read the difference before you commit it.
#![cfg(feature = "lsp")]

mod client;
mod completion;
mod names;
mod protocol;
mod whole_files;
