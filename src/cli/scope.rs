//! What a command is about: the rules as they were named, or one file of them in the folder where it stands.

use std::path::Path;
use std::sync::Arc;

use super::failure::Failure;
use super::output;
use super::sources::{Input, RulesArgs};
use crate::bot::ruleset::{LoadError, Ruleset};
use crate::lang::diagnostics::{Diagnostic, Language, Severity};
use crate::lang::program::Program;
use crate::lang::span::{Sources, Span};

/// The rules of a command.
pub struct Scope {
    /// What is read.
    pub rules: RulesArgs,
    /// What it is told in that something cannot be read.
    language: Language,
    /// The file that was asked for, when others are read too: the command is about it alone.
    only: Option<String>,
}

/// Rules that were read and compiled.
pub struct Looked {
    /// What was read.
    pub input: Input,
    /// None when something is wrong.
    pub program: Option<Arc<Program>>,
    /// What is wrong with what the command is about.
    pub found: Vec<Diagnostic>,
    /// What is wrong with the files beside it.
    beside: Vec<Diagnostic>,
}

impl Scope {
    /// For reports: a file with findings is looked at with its folder when that leaves fewer.
    ///
    /// # Errors
    /// The rules cannot be read.
    pub fn to_report(named: &RulesArgs, language: Language) -> Result<(Self, Looked), Failure> {
        Self::of(named, language, |_| true)
    }

    /// For commands that run the rules: a file with errors is run with its folder when that leaves fewer.
    ///
    /// # Errors
    /// The rules cannot be read.
    pub fn to_run(named: &RulesArgs, language: Language) -> Result<(Self, Looked), Failure> {
        Self::of(named, language, is_error)
    }

    /// One file may use what another file of the set gives, or give what another one uses.
    fn of(
        named: &RulesArgs,
        language: Language,
        counts: fn(&Diagnostic) -> bool,
    ) -> Result<(Self, Looked), Failure> {
        let alone = Self {
            rules: named.clone(),
            language,
            only: None,
        };
        let looked = alone.look()?;
        let counted = |looked: &Looked| looked.found.iter().filter(|one| counts(one)).count();
        if counted(&looked) == 0 {
            return Ok((alone, looked));
        }
        // Mistakes of other files keep from view what is told of sound rules only.
        let as_sound = |all: &Looked| all.program.is_some() || looked.program.is_none();
        Ok(match alone.with_folder() {
            Some((together, all)) if counted(&all) < counted(&looked) && as_sound(&all) => {
                (together, all)
            }
            _ => (alone, looked),
        })
    }

    /// One file that was named alone, with the folder where it stands; nothing when it was not, or when
    /// the folder cannot be read.
    pub fn with_folder(&self) -> Option<(Self, Looked)> {
        let ([file], None) = (self.rules.paths.as_slice(), &self.only) else {
            return None;
        };
        let name = file.file_name().filter(|_| file.is_file())?;
        let folder = file.parent().filter(|path| *path != Path::new(""));
        let together = Self {
            rules: RulesArgs {
                paths: vec![folder.unwrap_or(Path::new(".")).to_owned()],
                ..self.rules.clone()
            },
            language: self.language,
            only: Some(name.to_string_lossy().into_owned()),
        };
        let looked = together.look().ok()?;
        Some((together, looked))
    }

    /// Reads and compiles.
    ///
    /// # Errors
    /// The rules cannot be read.
    fn look(&self) -> Result<Looked, Failure> {
        Ok(self.compiled(self.rules.read(self.language)?))
    }

    /// Compiles what was read.
    pub fn compiled(&self, input: Input) -> Looked {
        let compiled = crate::lang::compile(input.sources.clone(), &input.registry);
        let here = |span| self.is_about(span, &input.sources);
        let (mut found, mut beside) = (Vec::new(), Vec::new());
        for one in compiled.diagnostics {
            match one.seen_from(here) {
                Some(seen) => found.push(seen),
                None => beside.push(one),
            }
        }
        Looked {
            found,
            beside,
            program: compiled.program,
            input,
        }
    }

    /// Whether a place is in what the command is about.
    pub fn is_about(&self, place: Span, sources: &Sources) -> bool {
        let path = || sources.file(place.file).map(|file| file.path.as_str());
        self.only.as_deref().is_none_or(|only| path() == Some(only))
    }

    /// Whether one file was asked for and others are read too.
    pub fn has_company(&self) -> bool {
        self.only.is_some()
    }

    /// The rules, ready to run. Mistakes are reported as `menshen check` does: those beside what was asked
    /// for only when nothing else is wrong.
    ///
    /// # Errors
    /// There are mistakes.
    pub fn ruleset(&self, looked: &Looked, language: Language) -> Result<Ruleset, Failure> {
        let Some(program) = &looked.program else {
            let mine = looked.found.iter().any(is_error);
            let all = [&looked.found[..], &looked.beside];
            let diagnostics = if mine {
                looked.found.clone()
            } else {
                all.concat()
            };
            let wrong = LoadError::Wrong {
                sources: Arc::new(self.rules.seen_from_here(&looked.input.sources)),
                diagnostics,
            };
            output::remark(&wrong.report(language));
            return Err(Failure::usage(language.pick(
                "规则有错；见 `menshen check`",
                "the rules are not in order; see `menshen check`",
            )));
        };
        Ok(Ruleset::new(program.clone()))
    }

    /// Says that other rules run too, if they do.
    pub fn say_company(&self, language: Language) {
        if let (Some(only), [folder]) = (&self.only, self.rules.paths.as_slice()) {
            let folder = folder.display();
            output::remark(&match language {
                Language::Zh => {
                    format!("{only} 要用文件夹 {folder} 里的其他规则，连同它们一起运行")
                }
                Language::En => {
                    format!("{only} needs other rules of the folder {folder}, so they run with it")
                }
            });
        }
    }
}

fn is_error(one: &Diagnostic) -> bool {
    one.severity == Severity::Error
}
