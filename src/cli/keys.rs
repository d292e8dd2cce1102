//! `menshen keys`: the API keys of the information system.

use serde_json::Value;

use super::control::Request;
use super::failure::{Exit, Outcome};
use super::output::{self, LangArg};
use super::setup::{self, DataArgs};
use crate::lang::diagnostics::Language;
use crate::server::Scope;

/// Make, list and revoke API keys; also while the server runs.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
A key is printed once, when it is made, and stored only as a hash.

Examples:
  menshen keys add erp --scope accounts --scope codes --scope login
  menshen keys add desk --scope alerts,lock,unlock
  menshen keys list
  menshen keys revoke erp

Scopes:
{}", scopes()))]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a key and print it
    Add {
        /// What it is for; unique among the keys that work
        name: String,
        /// What it may do: repeated or separated by commas
        #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',', value_parser = scope)]
        scopes: Vec<String>,
        #[command(flatten)]
        lang: LangArg,
        #[command(flatten)]
        data: DataArgs,
    },
    /// List the keys
    List {
        /// How to print them
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
        #[command(flatten)]
        lang: LangArg,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Revoke a key from now on
    Revoke {
        /// Its name or id
        key: String,
        #[command(flatten)]
        lang: LangArg,
        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table
    Text,
    /// A JSON array
    Json,
}

/// Does it, on the running server or on the store itself.
pub fn run(args: &Args) -> Outcome {
    match &args.action {
        Action::Add {
            name,
            scopes,
            lang,
            data,
        } => {
            let request = Request::KeysAdd {
                name: name.clone(),
                scopes: scopes.clone(),
            };
            let made = setup::ask(data, request)?;
            output::line(made["key"].as_str().unwrap_or_default())?;
            output::remark(lang.pick(
                "menshen: 现在就收好，以后不会再显示",
                "menshen: keep it now, it cannot be shown again",
            ));
        }
        Action::List { format, lang, data } => {
            let keys = setup::ask(data, Request::KeysList)?;
            match format {
                Format::Json => output::json(&keys)?,
                Format::Text => output::data(&table(&keys, lang.lang))?,
            }
        }
        Action::Revoke { key, lang, data } => {
            setup::ask(data, Request::KeysRevoke { key: key.clone() })?;
            output::remark(&match lang.lang {
                Language::Zh => format!("menshen: {key} 已作废"),
                Language::En => format!("menshen: {key} is revoked"),
            });
        }
    }
    Ok(Exit::Clean)
}

fn scope(name: &str) -> Result<String, String> {
    super::control::parse_scopes(&[name.to_owned()]).map(|_| name.to_owned())
}

fn scopes() -> String {
    Scope::ALL
        .iter()
        .map(|scope| format!("  {:<10}{}", scope.name(), scope.description()))
        .collect::<Vec<_>>()
        .join("\n")
}

fn table(keys: &Value, lang: Language) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut out = String::new();
    for key in keys.as_array().into_iter().flatten() {
        let scopes: Vec<String> = key["scopes"]
            .as_array()
            .into_iter()
            .flatten()
            .map(text)
            .collect();
        let state = match key["revoked"].as_str() {
            Some(time) => format!("{} {time}", lang.pick("作废于", "revoked")),
            None => format!("{} {}", lang.pick("始于", "since"), text(&key["created"])),
        };
        out.push_str(&format!(
            "{}  {}  {}  {}\n",
            text(&key["id"]),
            text(&key["name"]),
            scopes.join(","),
            state
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_which_keys_work() {
        let keys = serde_json::json!([
            {"id": "1", "name": "erp", "scopes": ["login"], "created": "T0", "revoked": null},
            {"id": "2", "name": "old", "scopes": ["codes", "login"], "created": "T0", "revoked": "T1"},
        ]);
        assert_eq!(
            table(&keys, Language::En),
            "1  erp  login  since T0\n2  old  codes,login  revoked T1\n"
        );
        assert_eq!(
            table(&keys, Language::Zh),
            "1  erp  login  始于 T0\n2  old  codes,login  作废于 T1\n"
        );
    }
}
