//! The `menshen` binary: a thin call into the command line.

use std::process::ExitCode;

/// A push makes many small allocations; this allocator takes them in a third of the time.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    menshen::cli::main()
}
