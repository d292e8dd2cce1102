//! `menshen lsp`: the language server, over standard input and output.

use std::path::Path;

use super::failure::{Exit, Failure, Outcome};
use super::output::LangArg;
use super::sources::{DEFAULT_CONFIG, configured, tolerant};
use crate::config::Config;
use crate::lang::builtins::Registry;
use crate::lang::span::Sources;

/// Folders above a rules folder in which its configuration is looked for.
const MAX_ABOVE: usize = 4;

/// Run the language server for editors, over standard input and output.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Editors start this by themselves; docs/editors.md says how to set them up. Calls are checked
against the [calls] of the menshen.toml beside the rules folder or above it, if there is one.")]
pub struct Args {
    #[command(flatten)]
    lang: LangArg,
    /// Accepted and ignored: standard input and output are the only transport
    #[arg(long, hide = true)]
    stdio: bool,
}

/// Serves one client until it leaves.
pub fn run(args: &Args) -> Outcome {
    let input = std::io::BufReader::new(std::io::stdin());
    let (connection, streams) = crate::lsp::connect(input, std::io::stdout());
    let ended = crate::lsp::serve(&connection, Box::new(registry), args.lang.lang);
    // The writer ends when nobody can send any more.
    drop(connection);
    match ended {
        Ok(()) => {
            streams.join()?;
            Ok(Exit::Clean)
        }
        // The reader may still wait for a client that hangs; the process ends without it.
        Err(error) => Err(Failure::failed(error)),
    }
}

/// The names of a rule set: with the calls of its configuration, or with every call it makes.
fn registry(root: Option<&Path>, sources: &Sources) -> Registry {
    let configuration = root.and_then(|root| {
        let mut folders = root.ancestors().take(MAX_ABOVE);
        let file = folders.find_map(|folder| {
            let file = folder.join(DEFAULT_CONFIG);
            file.is_file().then_some(file)
        })?;
        Config::load(&file).ok()
    });
    match configuration {
        Some(config) => configured(&config),
        None => tolerant(sources),
    }
}
