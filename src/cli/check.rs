//! `menshen check`: everything that is wrong with rule files, in one run.

use std::path::Path;

use super::failure::{Exit, Failure, Outcome};
use super::output::{self, LangArg};
use super::progress;
use super::scope::{Looked, Scope};
use super::sources::RulesArgs;
use crate::lang::Cost;
use crate::lang::diagnostics::{self, Diagnostic, Language, Severity};
use crate::lang::program::Program;
use crate::lang::span::Sources;

/// Report every mistake in rule files.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code: 0 no errors (warnings may be printed), 1 errors, 2 wrong use.
Warnings are silenced where they stand by a comment `# allow NAME: reason`.
A single file is checked with the files beside it where that explains what seems wrong.

Examples:
  menshen check                          # the folder `rules`
  menshen check rules/guard.rules
  menshen check --lang en --format json | jq '.[].code'
  menshen check --format sarif > menshen.sarif
  menshen check --fix                    # apply the fixes that are certain, report the rest
  menshen check --fix=all                # also take the nearest name for a misspelt one
  menshen check --costs                  # what each rule and signal may cost at most
  menshen help E0203                     # what a code means")]
pub struct Args {
    #[command(flatten)]
    rules: RulesArgs,
    /// Write ready fixes into the files: those that are certain, or with `=all` guesses too
    #[arg(long, value_enum, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "sure")]
    fix: Option<Which>,
    /// Print what judging each rule and signal costs at most
    #[arg(long, conflicts_with = "fix")]
    costs: bool,
    /// How to print the report
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    #[command(flatten)]
    lang: LangArg,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people: the source with the places marked
    Human,
    /// A JSON array, one object a finding
    Json,
    /// SARIF 2.1.0, for code review tools
    Sarif,
}

/// Which fixes are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    /// Those that are certain
    Sure,
    /// Nearest names too
    All,
}

/// Rounds of fixing: each mends what the one before uncovered.
const MAX_ROUNDS: usize = 10;

/// Checks and reports.
pub fn run(args: &Args) -> Outcome {
    let (scope, mut looked) =
        progress::during("checking", || Scope::to_report(&args.rules, args.lang.lang))?;
    if let Some(which) = args.fix {
        looked = fix(args, &scope, looked, which == Which::All)?;
    }
    let Looked {
        input,
        program,
        found,
        ..
    } = looked;
    let sources = scope.rules.seen_from_here(&input.sources);
    if let (true, Some(program)) = (args.costs, &program) {
        return costs(args, program, &sources);
    }
    let found = &found;
    let language = args.lang.lang;
    match args.format {
        Format::Human => {
            output::data(&diagnostics::human(
                found,
                &sources,
                language,
                output::colour(),
            ))?;
        }
        Format::Json => output::json(&diagnostics::json(found, &sources, language))?,
        Format::Sarif => output::json(&diagnostics::sarif(found, &sources, language))?,
    }
    let errors = found
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .count();
    let warnings = found.len() - errors;
    let (files, beside) = match scope.has_company() {
        false => (input.sources.files.len(), ["", ""]),
        true => (
            1,
            [
                "（连同文件夹里的其他规则）",
                " (with the other rules of its folder)",
            ],
        ),
    };
    let [zh, en] = beside;
    output::remark(&match args.lang.lang {
        Language::Zh => {
            format!("检查了 {files} 个文件{zh}：{errors} 个错误，{warnings} 个警告")
        }
        Language::En => {
            format!("{files} file(s) checked{en}: {errors} error(s), {warnings} warning(s)")
        }
    });
    if program.is_none() && scope.has_company() && errors == 0 {
        output::remark(args.lang.lang.pick(
            "文件夹里其他规则有错；改好以前，要和它们一起看的还没有看",
            "other rules of the folder have errors: until these are mended, what needs them all is not looked at",
        ));
    }
    Ok(if errors > 0 { Exit::Found } else { Exit::Clean })
}

/// Applies fixes round by round, as long as each leaves fewer findings than before. Gives what is left.
fn fix(args: &Args, scope: &Scope, mut looked: Looked, guesses: bool) -> Result<Looked, Failure> {
    let mut applied = 0;
    for _ in 0..MAX_ROUNDS {
        let fixed = diagnostics::fix(&looked.found, &looked.input.sources, guesses);
        if fixed.files.is_empty() {
            break;
        }
        let mut sources = Sources::clone(&looked.input.sources);
        for (id, text) in &fixed.files {
            if let Some(file) = sources.files.get_mut(id.0 as usize) {
                file.text = text.as_str().into();
            }
        }
        let after = scope.compiled(looked.input.with(sources));
        if !better(&looked.found, &after.found) {
            break;
        }
        for (id, text) in fixed.files {
            let path = after
                .input
                .sources
                .file(id)
                .map_or("", |file| file.path.as_str());
            let file = scope
                .rules
                .on_disk(path)
                .ok_or_else(|| Failure::usage(format!("{path} is not where it was")))?;
            replace(&file, &text)?;
        }
        applied += fixed.applied;
        looked = after;
    }
    output::remark(&match args.lang.lang {
        Language::Zh => format!("改好了 {applied} 处"),
        Language::En => format!("{applied} fixed"),
    });
    Ok(looked)
}

/// Whether a round helped. The mistakes of syntax hide those of meaning, so that mending the last of
/// the first kind may bring up many of the second.
fn better(before: &[Diagnostic], after: &[Diagnostic]) -> bool {
    let counted = |found: &[Diagnostic]| {
        let syntax = found.iter().filter(|one| one.code.starts_with("E01"));
        let errors = found.iter().filter(|one| one.severity == Severity::Error);
        (syntax.count(), errors.count(), found.len())
    };
    counted(after) < counted(before)
}

/// Writes a file whole or not at all: a crash half-way must not cost a rule file.
fn replace(file: &Path, text: &str) -> Result<(), Failure> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".menshen-fix");
    let beside = file.with_file_name(name);
    std::fs::write(&beside, text)?;
    std::fs::set_permissions(&beside, std::fs::metadata(file)?.permissions())?;
    std::fs::rename(&beside, file)?;
    Ok(())
}

/// Prints the bound of every rule and signal.
fn costs(args: &Args, program: &Program, sources: &Sources) -> Outcome {
    let costs = program.costs();
    let place = |cost: &Cost| {
        let path = sources
            .file(cost.span.file)
            .map_or("", |file| file.path.as_str());
        (path.to_owned(), sources.line_column(cost.span).0)
    };
    if args.format == Format::Json {
        let all: Vec<_> = costs
            .iter()
            .map(|cost| {
                let (file, line) = place(cost);
                serde_json::json!({
                    "file": file,
                    "line": line,
                    "name": cost.name,
                    "steps": cost.steps,
                    "questions": cost.questions,
                    "rows": cost.rows,
                })
            })
            .collect();
        output::json(&all)?;
        return Ok(Exit::Clean);
    }
    for cost in costs {
        let (path, line) = place(&cost);
        let (steps, questions, rows) = (cost.steps, cost.questions, cost.rows);
        let bound = match args.lang.lang {
            Language::Zh => format!("{steps} 步，{questions} 次查历史，最多 {rows} 行"),
            Language::En => {
                format!("{steps} steps, {questions} history questions, at most {rows} rows")
            }
        };
        output::line(&format!("{path}:{line}: {bound}: {}", cost.name))?;
    }
    Ok(Exit::Clean)
}
