//! `menshen completions`: completion scripts, generated from the very definition of the commands.

use clap::CommandFactory;
use clap_complete::Shell;

use super::failure::{Exit, Outcome};
use super::output;

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  menshen completions bash > ~/.local/share/bash-completion/completions/menshen
  menshen completions zsh  > ~/.zfunc/_menshen
  menshen completions fish > ~/.config/fish/completions/menshen.fish")]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub fn run(args: &Args) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut super::Cli::command(),
        "menshen",
        &mut script,
    );
    output::data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Clean)
}
