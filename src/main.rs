//! The `menshen` binary: a thin call into the command line.

use std::process::ExitCode;

/// A push is a few hundred small allocations; they are a fifth of its cost with glibc's.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    menshen::cli::main()
}
