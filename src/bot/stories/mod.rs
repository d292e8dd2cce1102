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
#[cfg(test)]
mod laws;
mod logins;
pub mod record;
mod stage;
mod world;

use super::ruleset::{LoadError, Ruleset};
use crate::lang::builtins::Registry;
use crate::lang::program::{Step, StepKind, Story};
use crate::lang::span::{Sources, Span};

pub use coverage::{Coverage, Kind, Point, Seen};
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
}

impl StoryResult {
    /// Whether everything was as expected.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// A step that did not go as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The step.
    pub span: Span,
    /// What happened instead, in Chinese; the first line says it, the others how it came about.
    pub happened: String,
}

/// Runs the stories of a rule set whose names contain `filter`, in order.
pub fn run(rules: &Ruleset, registry: &Registry, filter: Option<&str>) -> Vec<StoryResult> {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return vec![broken(rules, format!("没有运行环境：{error}"))];
        }
    };
    // What happens on a story's stage is not the program's own log.
    tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::new(), || {
        rules
            .program
            .stories
            .iter()
            .filter(|story| filter.is_none_or(|part| story.name.contains(part)))
            .map(|story| runtime.block_on(tell(rules, registry, story)))
            .collect()
    })
}

/// All stories must pass.
///
/// # Errors
/// Those that do not, as `menshen test` prints them.
pub fn must_pass(rules: &Ruleset, registry: &Registry) -> Result<(), LoadError> {
    let failed: Vec<StoryResult> = run(rules, registry, None)
        .into_iter()
        .filter(|result| !result.passed())
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let texts: Vec<String> = failed.iter().map(|result| print(rules, result)).collect();
    Err(LoadError::Story(texts.join("\n")))
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
    let mut out = format!("故事没有通过：{}\n  --> {path}:{first}\n", result.name);
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
                let label = if index == 0 { "实际：" } else { "      " };
                out.push_str(&format!("       | {label}{text}\n"));
            }
        }
    }
    out
}

async fn tell(rules: &Ruleset, registry: &Registry, story: &Story) -> StoryResult {
    let mut result = StoryResult {
        name: story.name.clone(),
        span: story.span,
        failures: Vec::new(),
        seen: Seen::default(),
    };
    let mut stage = match Stage::build(rules, registry).await {
        Ok(stage) => stage,
        Err(happened) => {
            result.failures.push(Failure {
                span: story.span,
                happened,
            });
            return result;
        }
    };
    let mut taken = 0;
    for step in &story.steps {
        for round in 0..times(step) {
            taken += 1;
            if taken > MAX_STEPS {
                result.failures.push(Failure {
                    span: step.span,
                    happened: format!("故事超过 {MAX_STEPS} 步"),
                });
                return result;
            }
            if let Err(happened) = stage.step(step, round).await {
                result.failures.push(Failure {
                    span: step.span,
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

fn broken(rules: &Ruleset, happened: String) -> StoryResult {
    let span = rules
        .program
        .stories
        .first()
        .map(|story| story.span)
        .unwrap_or_default();
    StoryResult {
        name: "（运行环境）".to_owned(),
        span,
        failures: vec![Failure { span, happened }],
        seen: Seen::default(),
    }
}
