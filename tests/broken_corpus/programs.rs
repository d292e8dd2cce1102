//! Small programs, broken in one place as a slip of the hand breaks them: one mistake, one error.
//!
//! Those of the manual show every construct of the language, those too that no shipped rule uses; `alarms.txt` has what
//! operators write and nobody should be warned of.

use std::collections::BTreeSet;

use menshen::lang::builtins::Registry;
use menshen::lang::span::Sources;

use crate::judge::{warnings, wrong_with};
use crate::manual;
use crate::tokens::{Random, broken, tokens};

/// Generated cases; `MENSHEN_CORPUS=20000` runs more, `MENSHEN_CORPUS_SEED` others.
const CASES: u64 = 1_000;
/// Where the generator begins.
const SEED: u64 = 0x6d61_6e75_616c;

struct Program {
    place: String,
    sources: Sources,
    /// Warnings it has as it stands.
    warnings: BTreeSet<&'static str>,
}

fn programs(registry: &Registry) -> Vec<Program> {
    let mut seen = BTreeSet::new();
    let manual = manual::all_blocks().into_iter().filter_map(|block| {
        let sound = block.language() == "rules" && block.fails().is_none();
        let new = sound && seen.insert(block.text.clone());
        new.then(|| (block.place.clone(), manual::sources(&block)))
    });
    let alarms = include_str!("../../src/lang/check/tests/alarms.txt");
    let alarms = alarms.split("=== ").skip(1).enumerate().map(|(at, case)| {
        let (_, text) = case.split_once('\n').expect("a head and a text");
        let place = format!("alarms.txt, case {}", at + 1);
        (place, Sources::single("alarms.rules", text))
    });
    let all = manual.chain(alarms).map(|(place, sources)| Program {
        warnings: warnings(&sources, registry),
        place,
        sources,
    });
    all.collect()
}

fn chosen(name: &str, usual: u64) -> u64 {
    let chosen = std::env::var(name).ok().and_then(|text| text.parse().ok());
    chosen.unwrap_or(usual)
}

#[test]
fn one_slip_in_a_small_program_gives_one_error() {
    let registry = manual::registry();
    let programs = programs(&registry);
    assert!(programs.len() > 100, "{}", programs.len());
    let mut random = Random(chosen("MENSHEN_CORPUS_SEED", SEED));
    let (cases, mut done) = (chosen("MENSHEN_CORPUS", CASES), 0);
    let mut wrong = Vec::new();
    while done < cases {
        let program = &programs[random.below(programs.len())];
        let sound = &program.sources.files[0].text;
        let Some((name, text)) = broken(sound, &tokens(sound), &mut random) else {
            continue;
        };
        done += 1;
        let mut changed = program.sources.clone();
        changed.files[0].text = text.as_str().into();
        if let Some(what) = wrong_with(changed, &registry, &program.warnings) {
            wrong.push(format!("== {} {name}: {what}\n{text}", program.place));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {done} cases\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
