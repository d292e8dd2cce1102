//! The rule files a command is given, and what they may `call`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use jiff::tz::TimeZone;

use super::failure::Failure;
use super::output;
use crate::bot::folder;
use crate::config::Config;
use crate::lang::builtins::{CallSpec, Registry};
use crate::lang::diagnostics::Language;
use crate::lang::span::Sources;

/// Rules live here when a command is told nothing else.
pub use crate::bot::folder::DEFAULT_FOLDER as DEFAULT_RULES;
/// The configuration a command looks for in the working directory.
pub const DEFAULT_CONFIG: &str = "menshen.toml";

/// The rule files of a command.
#[derive(Debug, Clone, clap::Args)]
pub struct RulesArgs {
    /// Rule files or folders of them [default: rules]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Check `call NAME` against the [calls] of this configuration [default: menshen.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Rule files and the names they are compiled with.
#[derive(Debug)]
pub struct Input {
    /// The texts.
    pub sources: Arc<Sources>,
    /// The language's names and the calls.
    pub registry: Registry,
    /// Where accounts are whose own zone nobody said, if a configuration was read.
    pub zone: Option<TimeZone>,
    /// No configuration says what may be called: whatever the texts call exists.
    any_call: bool,
}

impl Input {
    /// The same with other texts.
    pub fn with(&self, sources: Sources) -> Self {
        Self {
            registry: match self.any_call {
                true => tolerant(&sources),
                false => self.registry.clone(),
            },
            sources: Arc::new(sources),
            zone: self.zone.clone(),
            any_call: self.any_call,
        }
    }
}

impl RulesArgs {
    /// Reads the files. A path that cannot be read is wrong use.
    pub fn read(&self, language: Language) -> Result<Input, Failure> {
        let mut paths = self.paths.clone();
        if paths.is_empty() {
            paths.push(PathBuf::from(DEFAULT_RULES));
        }
        for path in &paths {
            if !path.exists() {
                let hint = match self.paths.is_empty() {
                    true => language.pick(
                        "；写上文件名，或者用 `menshen init` 新建一套",
                        "; name the files, or make a set-up with `menshen init`",
                    ),
                    false => "",
                };
                let path = path.display();
                return Err(Failure::usage(match language {
                    Language::Zh => format!("没有 {path}{hint}"),
                    Language::En => format!("there is no {path}{hint}"),
                }));
            }
        }
        let sources = folder::load(&paths).map_err(|error| Failure::usage(error.said(language)))?;
        let config = self.configuration(language)?;
        let registry = match &config {
            Some(config) => configured(config),
            None => tolerant(&sources),
        };
        Ok(Input {
            sources: Arc::new(sources),
            registry,
            any_call: config.is_none(),
            // Looked at when the configuration was read.
            zone: config.and_then(|config| TimeZone::get(&config.guard.zone).ok()),
        })
    }

    /// The same sources with the paths that lead to them from the working directory, for reports: what
    /// editors open and code review tools look for.
    pub fn seen_from_here(&self, sources: &Sources) -> Sources {
        let here = std::env::current_dir().unwrap_or_default();
        let mut shown = sources.clone();
        for file in &mut shown.files {
            let Some(path) = self.on_disk(&file.path) else {
                continue;
            };
            let path = path.strip_prefix(&here).unwrap_or(&path);
            let path: PathBuf = path
                .components()
                .filter(|part| *part != std::path::Component::CurDir)
                .collect();
            if let Some(path) = path.to_str() {
                file.path = path.to_owned();
            }
        }
        shown
    }

    /// Where the file stands whose path in the sources is `relative`.
    pub fn on_disk(&self, relative: &str) -> Option<PathBuf> {
        let default = [PathBuf::from(DEFAULT_RULES)];
        let paths = match self.paths.as_slice() {
            [] => default.as_slice(),
            paths => paths,
        };
        paths.iter().find_map(|path| {
            if path.is_dir() {
                Some(path.join(relative)).filter(|file| file.is_file())
            } else {
                let beside = path.parent().unwrap_or(Path::new("")).join(relative);
                (beside == *path).then_some(beside)
            }
        })
    }

    fn configuration(&self, language: Language) -> Result<Option<Config>, Failure> {
        if let Some(file) = &self.config {
            return Config::load(file).map(Some).map_err(Failure::usage);
        }
        let file = Path::new(DEFAULT_CONFIG);
        if !file.exists() {
            return Ok(None);
        }
        match Config::load(file) {
            Ok(config) => Ok(Some(config)),
            Err(_) => {
                // A command may read its rules several times.
                static SAID: Once = Once::new();
                SAID.call_once(|| {
                    output::remark(&match language {
                        Language::Zh => format!(
                            "menshen: {DEFAULT_CONFIG} 有错，没有按它核对 `call`；见 `menshen doctor`"
                        ),
                        Language::En => format!(
                            "menshen: {DEFAULT_CONFIG} is not in order, so calls are not checked against it; see `menshen doctor`"
                        ),
                    });
                });
                Ok(None)
            }
        }
    }
}

/// The names rules have under a configuration: every `[calls.NAME]` is a call.
pub fn configured(config: &Config) -> Registry {
    with_calls(config.calls.iter().map(|call| call.name.as_str()))
}

/// The names rules have when nobody says what is configured: whatever they call exists.
pub fn tolerant(sources: &Sources) -> Registry {
    with_calls(
        sources
            .files
            .iter()
            .flat_map(|file| called(&file.text))
            .collect::<Vec<_>>(),
    )
}

fn with_calls<'a>(names: impl IntoIterator<Item = &'a str>) -> Registry {
    let mut registry = Registry::standard();
    for name in names {
        // A name may be called in many places; it is registered once.
        let _ = registry.register_call(CallSpec::webhook(name));
    }
    registry
}

/// The words after `call` outside of comments. One too many does no harm: it is only not reported.
pub fn called(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(|line| {
            let mut words = line.split(|c: char| c.is_whitespace() || c == '{' || c == '}');
            let mut names = Vec::new();
            while let Some(word) = words.next() {
                if word == "call"
                    && let Some(name) = words.next()
                    && is_name(name)
                {
                    names.push(name);
                }
            }
            names
        })
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_in_code_only() {
        let text = "on undeliverable alert {\n    call desk with alert\n}\n# call nobody\non x { call b }\n";
        assert_eq!(called(text).collect::<Vec<_>>(), ["desk", "b"]);
    }
}
