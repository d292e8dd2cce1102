//! Stories: tests written beside the rules, run by `menshen test` and before every reload.
//!
//! A story runs on the real bot over a store in memory, with a scripted clock, a scripted platform
//! and a scripted information system: the same compiled rules, the same commands, the same outbox as
//! in production. It starts on 2026-01-05 at 09:00 in Asia/Shanghai with an empty store; every step
//! takes one second.

mod act;
mod answering;
mod coverage;
mod expect;
mod failure;
#[cfg(test)]
mod laws;
mod logins;
mod people;
pub mod record;
mod stage;
mod world;

use super::ruleset::{LoadError, Ruleset};
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::{Language, Words};
use crate::lang::program::{Step, StepKind, Story};
use crate::lang::span::{Sources, Span};

pub use coverage::{Coverage, Kind, Point, Seen};
pub use failure::{Failure, FailureKind};

use failure::Wrong;
pub(super) use failure::shown;
#[cfg(feature = "cli")]
pub(crate) use stage::START;
use stage::Stage;

/// Most steps a story may take, repeats counted: a slip of the pen must not run for hours.
const MAX_STEPS: u32 = 20_000;

/// How a story went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryResult {
    /// What it shows.
    pub name: String,
    /// The whole item.
    pub span: Span,
    /// What was not as expected, in order; empty when it passed.
    pub failures: Vec<Failure>,
    /// What of the rules it went through.
    pub seen: Seen,
    /// What the failures are told in.
    pub language: Language,
}

impl StoryResult {
    /// Whether everything was as expected.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Runs the stories of a rule set whose names contain `filter`, in order; failures are told in Chinese.
pub fn run(rules: &Ruleset, registry: &Registry, filter: Option<&str>) -> Vec<StoryResult> {
    let named = |story: &Story| filter.is_none_or(|part| story.name.contains(part));
    run_those(rules, registry, named, Language::Zh)
}

/// Runs the stories of a rule set that are `wanted`, in order; failures are told in `language`.
pub fn run_those(
    rules: &Ruleset,
    registry: &Registry,
    wanted: impl Fn(&Story) -> bool,
    language: Language,
) -> Vec<StoryResult> {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return vec![broken(rules, &Wrong::internal(error), language)];
        }
    };
    // What happens on a story's stage is not the program's own log.
    tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::new(), || {
        rules
            .program
            .stories
            .iter()
            .filter(|story| wanted(story))
            .map(|story| runtime.block_on(tell(rules, registry, story, language)))
            .collect()
    })
}

/// All stories must pass.
///
/// # Errors
/// Those that do not, as `menshen test` prints them, in both languages.
pub fn must_pass(rules: &Ruleset, registry: &Registry) -> Result<(), LoadError> {
    let failed: Vec<StoryResult> = run(rules, registry, None)
        .into_iter()
        .filter(|result| !result.passed())
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    // Who reads the refusal is not known here: those that failed are told in the other language, too.
    let again = |story: &Story| failed.iter().any(|result| result.span == story.span);
    let english = run_those(rules, registry, again, Language::En);
    let all = |results: &[StoryResult]| {
        let texts = results.iter().map(|result| print(rules, result));
        texts.collect::<Vec<_>>().join("\n")
    };
    Err(LoadError::Story(Words::new(all(&failed), all(&english))))
}

/// A failing story as its own text, the wrong lines marked and what happened instead below them.
pub fn print(rules: &Ruleset, result: &StoryResult) -> String {
    print_in(&rules.program.sources, result)
}

/// The same with the rules' sources under other paths, such as those from the working directory.
pub fn print_in(sources: &Sources, result: &StoryResult) -> String {
    let path = sources
        .file(result.span.file)
        .map_or("", |file| file.path.as_str());
    let (first, _) = sources.line_column(result.span);
    let said = result.language;
    let title = said.pick("故事没有通过：", "the story failed: ");
    let mut out = format!("{title}{}\n  --> {path}:{first}\n", result.name);
    for (index, line) in sources.slice(result.span).lines().enumerate() {
        let number = first + index;
        let wrong: Vec<&Failure> = result
            .failures
            .iter()
            .filter(|failure| sources.line_column(failure.span).0 == number)
            .collect();
        let mark = if wrong.is_empty() { ' ' } else { '✗' };
        out.push_str(&format!("{mark} {number:>4} | {line}\n"));
        for failure in wrong {
            for (index, text) in failure.happened.lines().enumerate() {
                let (label, indent) = match said {
                    Language::Zh => ("实际：", "      "),
                    Language::En => ("instead: ", "         "),
                };
                let label = if index == 0 { label } else { indent };
                out.push_str(&format!("       | {label}{text}\n"));
            }
        }
    }
    out
}

async fn tell(
    rules: &Ruleset,
    registry: &Registry,
    story: &Story,
    language: Language,
) -> StoryResult {
    let mut result = StoryResult {
        name: story.name.clone(),
        span: story.span,
        failures: Vec::new(),
        seen: Seen::default(),
        language,
    };
    let mut stage = match Stage::build(rules, registry, language).await {
        Ok(stage) => stage,
        Err(wrong) => {
            result.failures.push(said(&wrong, story.span, language));
            return result;
        }
    };
    let mut taken = 0;
    for step in &story.steps {
        for round in 0..times(step) {
            taken += 1;
            if taken > MAX_STEPS {
                let wrong = Wrong::TooManySteps(MAX_STEPS);
                result.failures.push(said(&wrong, step.span, language));
                return result;
            }
            if let Err((kind, happened)) = stage.step(step, round).await {
                result.failures.push(Failure {
                    span: step.span,
                    kind,
                    happened,
                });
                // A step that could not be taken makes the rest meaningless; a wrong expectation
                // does not.
                if !matches!(step.kind, StepKind::Expect(_)) {
                    result.seen = stage.seen();
                    return result;
                }
                break;
            }
        }
    }
    result.seen = stage.seen();
    result
}

fn times(step: &Step) -> u32 {
    match &step.kind {
        StepKind::WeChat { times, .. } | StepKind::Login { times, .. } => *times,
        _ => 1,
    }
}

fn said(wrong: &Wrong, span: Span, language: Language) -> Failure {
    let (kind, words) = wrong.told();
    Failure {
        span,
        kind,
        happened: words.get(language).to_owned(),
    }
}

fn broken(rules: &Ruleset, wrong: &Wrong, language: Language) -> StoryResult {
    let first = rules.program.stories.first();
    let span = first.map(|story| story.span).unwrap_or_default();
    StoryResult {
        name: language.pick("（运行环境）", "(runtime)").to_owned(),
        span,
        failures: vec![said(wrong, span, language)],
        seen: Seen::default(),
        language,
    }
}
