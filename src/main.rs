//! The `menshen` binary: a thin call into the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    menshen::cli::main()
}
