//! Stories: the text of one, beside the shipped rules without theirs, and running it.

use menshen::bot::ruleset::Ruleset;
use menshen::bot::stories;
use menshen::lang::compile;
use menshen::lang::program::StepKind;
use menshen::lang::span::{SourceFile, Sources};

use super::rules;

/// Steps of one input: a story may have many more, and they are only more of the same.
const MAX_STEPS: u32 = 300;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let registry = rules::registry();
    let (mut sources, _) = shipped();
    sources.files.push(SourceFile {
        path: "z.rules".to_owned(),
        text: text.into(),
    });
    let compiled = compile(sources.into(), &registry);
    let Some(program) = compiled.program else {
        return;
    };
    let steps: u32 = program
        .stories
        .iter()
        .flat_map(|story| &story.steps)
        .map(|step| match &step.kind {
            StepKind::WeChat { times, .. } | StepKind::Login { times, .. } => *times,
            _ => 1,
        })
        .fold(0, u32::saturating_add);
    if steps > MAX_STEPS {
        return;
    }
    let rules = Ruleset::new(program);
    for result in stories::run(&rules, &registry, None) {
        stories::print(&rules, &result);
    }
}

/// The shipped stories, one by one.
pub fn seeds() -> Vec<Vec<u8>> {
    shipped().1.into_iter().map(String::into_bytes).collect()
}

/// The shipped rules with their lists; stories apart.
pub fn shipped() -> (Sources, Vec<String>) {
    let mut stories = Vec::new();
    let files = [
        (
            "binding.rules",
            include_str!("../../../rules/binding.rules"),
        ),
        ("guard.rules", include_str!("../../../rules/guard.rules")),
        (
            "service.rules",
            include_str!("../../../rules/service.rules"),
        ),
    ];
    let files = files.map(|(name, text)| {
        let (tests, kept): (Vec<&str>, Vec<&str>) = rules::items(text)
            .into_iter()
            .partition(|item| item.starts_with("test "));
        stories.extend(tests.into_iter().map(str::to_owned));
        (name.to_owned(), kept.concat())
    });
    let mut sources = Sources::new(files);
    let lists = [
        (
            "lists/office.txt",
            include_str!("../../../rules/lists/office.txt"),
        ),
        (
            "lists/blocked.txt",
            include_str!("../../../rules/lists/blocked.txt"),
        ),
    ];
    sources.lists = lists
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text.into()))
        .collect();
    (sources, stories)
}
