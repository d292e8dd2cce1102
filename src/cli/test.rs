//! `menshen test`: the stories in rule files, run on the real bot over a store in memory.

use serde_json::json;

use super::coverage;
use super::failure::{Exit, Failure, Outcome};
use super::output::{self, LangArg, Paint};
use super::progress;
use super::scope::{Looked, Scope};
use super::sources::{Input, RulesArgs};
use crate::bot::ruleset::Ruleset;
use crate::bot::stories::{self, Coverage, Seen, StoryResult};
use crate::lang::diagnostics::Language;
use crate::lang::program::Story;
use crate::lang::span::Sources;

/// Run the stories in rule files.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A story that fails is printed as it stands, with the wrong lines marked and what happened instead.
A single file that uses names of the files beside it runs with them; only its own stories count.
Exit code: 0 all passed, 1 some failed or too little is covered, 2 wrong use or rules with errors.

Examples:
  menshen test
  menshen test rules/binding.rules --filter 解绑
  menshen test --coverage                # what no story went through, line by line
  menshen test --min-coverage 90 --min-coverage rules=100
  menshen test --format json | jq '.stories[] | select(.passed | not)'")]
pub struct Args {
    #[command(flatten)]
    rules: RulesArgs,
    /// Only stories whose names contain this
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Also report which rules, conditions, outcomes and dialog steps the stories went through
    #[arg(long)]
    coverage: bool,
    /// Fail below this coverage: a percentage of everything, or of one kind as in `rules=100`
    /// (rules, outcomes, steps, conditions); may be given several times
    #[arg(long, value_name = "PERCENT", value_parser = coverage::wanted)]
    min_coverage: Vec<coverage::Wanted>,
    /// How to print the results
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    #[command(flatten)]
    lang: LangArg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Human,
    /// A JSON object
    Json,
}

/// Stories that were run, and with what.
struct Ran {
    scope: Scope,
    input: Input,
    rules: Ruleset,
    results: Vec<StoryResult>,
}

impl Ran {
    fn new(args: &Args, scope: Scope, looked: Looked, rules: Ruleset, language: Language) -> Self {
        let input = looked.input;
        let filter = args.filter.as_deref().unwrap_or_default();
        let wanted = |story: &Story| {
            scope.is_about(story.span, &input.sources) && story.name.contains(filter)
        };
        let results = stories::run_those(&rules, &input.registry, wanted, language);
        Self {
            results,
            scope,
            input,
            rules,
        }
    }

    /// The same stories with the rules of the folder, when one file of it was named and the folder is
    /// in order.
    fn with_folder(&self, args: &Args, language: Language) -> Option<Self> {
        let (scope, looked) = self.scope.with_folder()?;
        let rules = Ruleset::new(looked.program.clone()?);
        Some(Self::new(args, scope, looked, rules, language))
    }

    fn failed(&self) -> usize {
        let failed = |result: &&StoryResult| !result.passed();
        self.results.iter().filter(failed).count()
    }
}

/// Runs them.
pub fn run(args: &Args) -> Outcome {
    let language = args.lang.lang;
    let (scope, looked) = Scope::to_run(&args.rules, args.lang.lang)?;
    let rules = scope.ruleset(&looked, language)?;
    let ran = progress::during("running the stories", || {
        let alone = Ran::new(args, scope, looked, rules, language);
        if alone.failed() == 0 {
            return alone;
        }
        // Stories may tell what rules of other files do.
        match alone.with_folder(args, language) {
            Some(together) if together.failed() < alone.failed() => together,
            _ => alone,
        }
    });
    ran.scope.say_company(language);
    let sources = ran.scope.rules.seen_from_here(&ran.input.sources);
    let mine = |span| ran.scope.is_about(span, &ran.input.sources);
    let (results, rules) = (&ran.results, &ran.rules);
    if let Some(filter) = &args.filter
        && results.is_empty()
    {
        return Err(Failure::usage(match args.lang.lang {
            Language::Zh => format!("没有名字里带“{filter}”的故事"),
            Language::En => format!("no story has “{filter}” in its name"),
        }));
    }
    let all = rules.program.stories.iter();
    let all = all.filter(|story| mine(story.span)).count();
    let failed = ran.failed();
    let measured = (args.coverage || !args.min_coverage.is_empty()).then(|| {
        let mut seen = Seen::default();
        results.iter().for_each(|result| seen.extend(&result.seen));
        let mut coverage = Coverage::of(&rules.program, &seen);
        coverage.points.retain(|point| mine(point.span));
        coverage
    });
    match args.format {
        Format::Json => {
            let mut report = as_json(&sources, results);
            if let Some(coverage) = &measured {
                report["coverage"] = coverage::as_json(coverage, &sources);
                report["coverage"]["stories"] = json!({ "counted": results.len(), "all": all });
            }
            output::json(&report)?;
        }
        Format::Human => {
            let colour = output::colour();
            for result in results {
                if result.passed() {
                    let mark = output::paint("✓", Paint::Green, colour);
                    output::line(&format!("{mark} {}", result.name))?;
                } else {
                    let mark = output::paint("✗", Paint::Red, colour);
                    output::line(&format!("{mark} {}", result.name))?;
                    output::data(&stories::print_in(&sources, result))?;
                }
            }
            if let (Some(coverage), true) = (&measured, args.coverage) {
                coverage::print(coverage, &sources, args.lang.lang)?;
            }
        }
    }
    if measured.is_some() && results.len() < all {
        let counted = results.len();
        output::remark(&match args.lang.lang {
            Language::Zh => format!("覆盖率只算选中的 {counted} 个故事，一共有 {all} 个"),
            Language::En => {
                format!("coverage counts the {counted} stories chosen, of {all} in all")
            }
        });
    }
    let passed = results.len() - failed;
    output::remark(&match args.lang.lang {
        Language::Zh => format!("{passed} 个故事通过，{failed} 个没有通过"),
        Language::En => format!("{passed} stories passed, {failed} failed"),
    });
    if failed > 0 {
        return Ok(Exit::Found);
    }
    match &measured {
        Some(coverage) => coverage::enough(coverage, &args.min_coverage, args.lang.lang),
        None => Ok(Exit::Clean),
    }
}

fn as_json(sources: &Sources, results: &[StoryResult]) -> serde_json::Value {
    let stories: Vec<_> = results
        .iter()
        .map(|result| {
            let file = sources
                .file(result.span.file)
                .map_or("", |file| file.path.as_str());
            let failures: Vec<_> = result
                .failures
                .iter()
                .map(|failure| {
                    let (line, column) = sources.line_column(failure.span);
                    json!({
                        "line": line,
                        "column": column,
                        "step": sources.slice(failure.span).trim(),
                        "kind": failure.kind.name(),
                        "happened": failure.happened,
                    })
                })
                .collect();
            json!({
                "name": result.name,
                "file": file,
                "line": sources.line_column(result.span).0,
                "passed": result.passed(),
                "failures": failures,
            })
        })
        .collect();
    json!({ "stories": stories })
}
