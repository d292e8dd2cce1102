//! `menshen rules`: which rules were live, with their texts, and the way back.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::control::Request;
use super::failure::{Exit, Failure, Outcome};
use super::output::{self, LangArg};
use super::setup::{self, DataArgs, Reach};
use super::sources::configured;
use crate::bot::archive;
use crate::bot::folder;
use crate::bot::reload::{self, RollbackError};
use crate::bot::ruleset::{self, LoadError};
use crate::bot::stories;
use crate::config::Config;
use crate::env::Env;
use crate::lang::diagnostics::Language;
use crate::store::SharedStore;

/// Look at earlier generations of the rules, and go back to one; also while the server runs.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Every rule set that becomes live is a generation; its files are kept in the store, those of the
last {}. `rollback` writes the files of a generation back into the rules folder and, when the server
runs, loads them: after the same checks and stories as any reload. What the folder held is put into
a hidden folder `{}TIME` inside it.
Exit code: 0 done, 1 not done, 2 wrong use.

Examples:
  menshen rules history
  menshen rules show 7
  menshen rules show 7 guard.rules | diff - rules/guard.rules
  menshen rules changed --days 14
  menshen rules rollback 7", archive::KEPT, folder::REPLACED))]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the generations, the newest first
    History {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
        /// How to print them
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
        #[command(flatten)]
        data: DataArgs,
        #[command(flatten)]
        lang: LangArg,
    },
    /// Print the files of a generation
    Show {
        /// Its number
        generation: u64,
        /// Only this file
        file: Option<String>,
        #[command(flatten)]
        data: DataArgs,
        #[command(flatten)]
        lang: LangArg,
    },
    /// Show what the last change of the rules changed for real people: both generations over the
    /// server's own logins of the last days
    #[cfg(feature = "backtest")]
    Changed(super::backtest::ChangedArgs),
    /// Put the files of a generation back and run them
    Rollback {
        /// Its number
        generation: u64,
        #[command(flatten)]
        data: DataArgs,
        #[command(flatten)]
        lang: LangArg,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A line each: number, time, hash, changed files
    Text,
    /// A JSON array
    Json,
}

/// Does it, on the running server or on the store itself.
pub fn run(args: &Args) -> Outcome {
    match &args.action {
        Action::History {
            limit,
            format,
            data,
            ..
        } => {
            let found = setup::ask(data, Request::RulesHistory { limit: *limit })?;
            match format {
                Format::Json => output::json(&found)?,
                Format::Text => output::data(&table(&found))?,
            }
        }
        Action::Show {
            generation,
            file,
            data,
            lang,
        } => {
            let found = setup::ask(
                data,
                Request::RulesShow {
                    generation: *generation,
                },
            )?;
            output::data(&shown(&found, file.as_deref(), lang.lang)?)?;
        }
        #[cfg(feature = "backtest")]
        Action::Changed(args) => return super::backtest::changed(args),
        Action::Rollback {
            generation,
            data,
            lang,
        } => rollback(data, *generation, lang.lang)?,
    }
    Ok(Exit::Clean)
}

fn rollback(data: &DataArgs, generation: u64, lang: Language) -> Result<(), Failure> {
    match Reach::existing(&data.directory()?)? {
        Reach::Running(client) => {
            let request = Request::RulesRollback { generation };
            let status = client.call(&request, &mut std::io::sink())?;
            let new = &status["generation"];
            output::remark(&match lang {
                Language::Zh => {
                    format!("menshen: 第 {generation} 代规则重新运行，成为第 {new} 代")
                }
                Language::En => {
                    format!(
                        "menshen: the rules of generation {generation} run again, as generation {new}"
                    )
                }
            });
        }
        Reach::Mine(mine) => {
            let config = data.configuration()?;
            let done = mine
                .runtime
                .block_on(put_back(&mine.store, &config, generation, lang));
            mine.close();
            let aside = done?;
            let folder = config.rules.path.display();
            output::remark(&match lang {
                Language::Zh => format!(
                    "menshen: {folder} 里又是第 {generation} 代规则了；没有服务器在运行，没有加载"
                ),
                Language::En => format!(
                    "menshen: {folder} holds the rules of generation {generation} again; no server runs that could load them"
                ),
            });
            if let Some(aside) = aside {
                let aside = aside.display();
                output::remark(&match lang {
                    Language::Zh => format!("menshen: 原来的内容在 {aside}"),
                    Language::En => format!("menshen: what it held is in {aside}"),
                });
            }
        }
    }
    Ok(())
}

/// What the server does, without one.
async fn put_back(
    store: &SharedStore,
    config: &Config,
    generation: u64,
    lang: Language,
) -> Result<Option<PathBuf>, Failure> {
    let texts = archive::texts(&**store, generation)
        .await?
        .ok_or_else(|| Failure::failed(RollbackError::Unknown(generation).said(lang)))?;
    let registry = Arc::new(configured(config));
    let refused = |error: LoadError| {
        output::remark(&error.report(lang));
        Failure::failed(lang.pick(
            "这些规则现在通不过检查了；文件夹没有改动",
            "these rules are not taken any more; the folder is as it was",
        ))
    };
    let loaded = ruleset::compile(texts, &registry).map_err(refused)?;
    let (rules, calls) = (loaded.ruleset.clone(), registry.clone());
    tokio::task::spawn_blocking(move || stories::must_pass(&rules, &calls))
        .await?
        .map_err(refused)?;
    let path = &config.rules.path;
    let wanted = &loaded.ruleset.program;
    let aside = reload::put_back(path, &wanted.sources, Env::system().now())
        .map_err(|error| Failure::failed(error.said(lang)))?;
    // What was left there, or saved meanwhile, may be something else.
    let held = folder::load(std::slice::from_ref(path)).map_err(LoadError::from);
    match held.and_then(|held| ruleset::compile(held, &registry)) {
        Ok(held) if held.ruleset.program.hash == wanted.hash => Ok(aside),
        Ok(_) => Err(Failure::failed(lang.pick(
            "文件已经换回，可是文件夹里还有别的规则，和那一代不一样",
            "the files are put back, but the folder holds other rules besides: it is not what that generation was",
        ))),
        Err(error) => {
            output::remark(&error.report(lang));
            Err(Failure::failed(lang.pick(
                "文件已经换回，可是文件夹现在加载不了",
                "the files are put back, but what the folder holds now cannot be loaded",
            )))
        }
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn table(entries: &Value) -> String {
    let mut out = String::new();
    for entry in entries.as_array().into_iter().flatten() {
        let changed: Vec<&str> = entry["changed"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let hash = text(entry, "hash");
        out.push_str(&format!(
            "{:>5}  {}  {}  {}\n",
            entry["generation"].as_u64().unwrap_or_default(),
            text(entry, "loaded_at"),
            hash.get(..12).unwrap_or(hash),
            changed.join(", ")
        ));
    }
    out
}

/// One file as it was, or all of them, each under a line with its name.
fn shown(files: &Value, wanted: Option<&str>, lang: Language) -> Result<String, Failure> {
    let files: Vec<&Value> = files.as_array().into_iter().flatten().collect();
    if let Some(wanted) = wanted {
        return match files.iter().find(|file| text(file, "path") == wanted) {
            Some(file) => Ok(text(file, "text").to_owned()),
            None => {
                let names: Vec<&str> = files.iter().map(|file| text(file, "path")).collect();
                Err(Failure::usage(match lang {
                    Language::Zh => {
                        format!("那一代没有文件 {wanted}；它有 {}", names.join("、"))
                    }
                    Language::En => format!(
                        "that generation has no file {wanted}; it has {}",
                        names.join(", ")
                    ),
                }))
            }
        };
    }
    let mut out = Vec::new();
    for file in files {
        // Writing into memory cannot fail.
        let _ = writeln!(out, "# ==== {} ====", text(file, "path"));
        let _ = writeln!(out, "{}", text(file, "text").trim_end());
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_generation_is_a_line_and_its_files_are_shown_as_they_were() {
        let entries = json!([{"generation": 7, "hash": "0123456789abcdef", "loaded_at": "T", "changed": ["a.rules", "b.rules"]}]);
        assert_eq!(
            table(&entries),
            "    7  T  0123456789ab  a.rules, b.rules\n"
        );
        let files =
            json!([{"path": "a.rules", "text": "# a\n"}, {"path": "lists/x.txt", "text": "1"}]);
        assert_eq!(
            shown(&files, Some("a.rules"), Language::En).expect("there"),
            "# a\n"
        );
        assert_eq!(
            shown(&files, None, Language::En).expect("all"),
            "# ==== a.rules ====\n# a\n# ==== lists/x.txt ====\n1\n"
        );
        assert!(shown(&files, Some("c.rules"), Language::Zh).is_err());
    }
}
