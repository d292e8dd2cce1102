//! How far back rows of other keys are made, and with which columns: over all rule sets of a run.

use crate::env::Millis;
use crate::lang::builtins::Registry;
use crate::lang::program::ByKey;

use super::super::needs::{Columns, narrowest};
use super::super::table::Made;
use super::stage::Prepared;

/// What is asked of the rows under one key.
#[derive(Debug)]
pub(super) struct Reach {
    /// The key.
    pub(super) by: ByKey,
    /// The longest window; all of the past when there is none.
    pub(super) window: Option<Millis>,
    pub(super) made: Made,
}

/// For each single key rows are looked up by, what any of the rule sets needs.
pub(super) fn reaches(variants: &[Prepared], registry: &Registry) -> Vec<Reach> {
    let mut all: Vec<(ByKey, Option<Millis>)> = Vec::new();
    let windows = variants.iter().flat_map(|variant| &variant.rules.windows);
    for need in windows {
        let by = narrowest(need);
        match all.iter_mut().find(|(known, _)| *known == by) {
            Some((_, window)) => *window = window.zip(need.window).map(|(a, b)| a.max(b)),
            None => all.push((by, need.window)),
        }
    }
    let columns = |by: ByKey| {
        let programs = variants.iter().map(|variant| &variant.rules.program);
        programs
            .map(|program| Columns::of_rows(program, registry, by))
            .fold(Columns::default(), |all, one| all.and(&one))
    };
    all.into_iter()
        .map(|(by, window)| Reach {
            by,
            window,
            made: Made::of(&columns(by)),
        })
        .collect()
}
