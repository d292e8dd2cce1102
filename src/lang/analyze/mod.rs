//! Looks at a whole checked rule set: rules that can never answer, conditions that never or always
//! hold, alerts nobody can answer. Only what is certain is said. Never changes the program.

mod alerts;
mod ranges;
mod reach;

use sha2::{Digest, Sha256};

use super::builtins::Registry;
use super::check::report::Report;
use super::program::{Program, Window};
use super::span::Sources;

/// Reports what is wrong with the set. `whole`: every file was understood; `scored`: and every
/// signal.
pub(super) fn run(
    program: &Program,
    registry: &Registry,
    whole: bool,
    scored: bool,
    report: &mut Report,
) {
    ranges::check(program, registry, scored, report);
    reach::check(program, registry, report);
    if whole {
        alerts::check(program, registry, report);
    }
}

/// SHA-256 over the paths and texts of all sources, each with its length before it, lower-case hex.
pub(super) fn hash(sources: &Sources) -> String {
    let mut hasher = Sha256::new();
    let mut add = |kind: u8, path: &str, text: &str| {
        hasher.update([kind]);
        for part in [path, text] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
    };
    for file in &sources.files {
        add(b'r', &file.path, &file.text);
    }
    for (path, text) in &sources.lists {
        add(b'l', path, text);
    }
    hex::encode(hasher.finalize())
}

/// The longest time any question or learning time looks back, in milliseconds.
pub(super) fn longest_window(program: &Program) -> i64 {
    let windows = program
        .queries
        .iter()
        .filter_map(|query| match query.window {
            Window::Within(millis) => Some(millis),
            Window::Last(_) | Window::All => None,
        });
    let learning = program
        .signals
        .iter()
        .filter_map(|signal| signal.learn?.duration);
    windows.chain(learning).max().unwrap_or(0)
}
