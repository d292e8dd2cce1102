//! What is fuzzed: each target reads bytes as some stranger's input and panics when a promise is
//! broken. No fuzzer here: an ordinary test replays these functions
//! (`tests/fuzz_regressions.rs`) over the seeds and over every input that ever broke one.

pub mod api;
mod backtest;
mod bytes;
mod editor;
mod envelope;
mod facts;
mod lists;
mod programs;
mod records;
mod rules;
mod stories;
mod tokens;
mod xml;

/// One target.
pub struct Target {
    /// Its name: of the corpus folder and of `MENSHEN_FUZZ`.
    pub name: &'static str,
    /// Reads one input.
    pub run: fn(&[u8]),
    /// Inputs to start from. All of them must pass.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const ALL: &[Target] = &[
    Target {
        name: "rules",
        run: rules::run,
        seeds: rules::seeds,
    },
    Target {
        name: "programs",
        run: programs::run,
        seeds: programs::seeds,
    },
    Target {
        name: "stories",
        run: stories::run,
        seeds: stories::seeds,
    },
    Target {
        name: "lists",
        run: lists::run,
        seeds: lists::seeds,
    },
    Target {
        name: "editor",
        run: editor::run,
        seeds: editor::seeds,
    },
    Target {
        name: "xml",
        run: xml::run,
        seeds: xml::seeds,
    },
    Target {
        name: "envelope",
        run: envelope::run,
        seeds: envelope::seeds,
    },
    Target {
        name: "api",
        run: api::run,
        seeds: api::seeds,
    },
    Target {
        name: "tokens",
        run: tokens::run,
        seeds: tokens::seeds,
    },
    Target {
        name: "records",
        run: records::run,
        seeds: records::seeds,
    },
    Target {
        name: "backtest",
        run: backtest::run,
        seeds: backtest::seeds,
    },
];

/// The program the bytes of the target `programs` stand for, when it compiles.
#[allow(dead_code, reason = "the replaying test asks; the fuzzer does not")]
pub fn written(data: &[u8]) -> Option<std::sync::Arc<menshen::lang::program::Program>> {
    rules::whole(&programs::write(data))
}

/// The target of this name.
pub fn find(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}
