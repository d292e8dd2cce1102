//! `menshen help`: the page of a diagnostic code, the help of a command, or the overview.

use clap::CommandFactory;

use super::chinese;
use super::failure::{Exit, Failure, Outcome};
use super::output::{self, LangArg};
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::{Language, codes, nearest};

/// Explain a diagnostic code or a command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  menshen help E0203
  menshen help W1004 --lang en
  menshen help check
  menshen help bind         # a word of the rule language
  menshen help codes        # every code with its title")]
pub struct Args {
    /// A code such as E0203, a command, a word of the rule language, or `codes`
    topic: Option<String>,
    #[command(flatten)]
    lang: LangArg,
}

/// The commands, in the language of this process.
fn definition() -> clap::Command {
    chinese::spoken(super::Cli::command(), chinese::of_process())
}

/// What a word of the rule language says: actions, events, functions, extractors and fields, each with an example.
fn word(topic: &str, language: Language) -> Option<String> {
    let registry = Registry::standard();
    let mut pages: Vec<(String, &str, &str, String)> = Vec::new();
    let begins = |name: &str| name == topic || name.split(' ').next() == Some(topic);
    for one in registry.actions().iter().filter(|one| begins(one.name)) {
        pages.push((one.name.to_owned(), one.zh, one.en, one.example.to_owned()));
    }
    for one in registry.events().iter().filter(|one| one.name == topic) {
        pages.push((
            format!("on {}", one.name),
            one.zh,
            one.en,
            one.example.to_owned(),
        ));
    }
    for one in registry.functions().iter().filter(|one| one.name == topic) {
        pages.push((one.signature(), one.zh, one.en, one.example.to_owned()));
    }
    for one in registry.extractors().iter().filter(|one| one.name == topic) {
        pages.push((one.name.to_owned(), one.zh, one.en, one.example.to_owned()));
    }
    for one in registry.fields().iter().filter(|one| one.path == topic) {
        pages.push((one.path.to_owned(), one.zh, one.en, one.example()));
    }
    let pages = pages.into_iter().map(|(name, zh, en, example)| {
        format!(
            "{name}\n{}\n\n{}\n",
            language.pick(zh, en),
            example.trim_end()
        )
    });
    let text: Vec<String> = pages.collect();
    (!text.is_empty()).then(|| text.join("\n"))
}

/// Prints the help.
pub fn run(args: &Args) -> Outcome {
    let Some(topic) = args.topic.as_deref() else {
        output::data(&definition().render_long_help().to_string())?;
        return Ok(Exit::Clean);
    };
    let language = args.lang.lang;
    if let Some(page) = codes::page(&topic.to_ascii_uppercase()) {
        output::line(page.text(language).trim_end())?;
        return Ok(Exit::Clean);
    }
    if topic == "codes" {
        for page in codes::pages() {
            output::line(&format!("{}  {}", page.code, page.title(language)))?;
        }
        return Ok(Exit::Clean);
    }
    let mut command = definition();
    // Fills in what subcommands inherit, such as the program's name in their usage.
    command.build();
    if let Some(found) = command.find_subcommand_mut(topic) {
        output::data(&found.render_long_help().to_string())?;
        return Ok(Exit::Clean);
    }
    if let Some(text) = word(topic, language) {
        output::line(text.trim_end())?;
        return Ok(Exit::Clean);
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .chain(codes::pages().map(|page| page.code.to_owned()))
        .collect();
    let near = nearest(topic, names.iter().map(String::as_str));
    Err(Failure::usage(match (language, near) {
        (Language::Zh, Some(near)) => {
            format!("没有“{topic}”这个命令或编号；是不是 {near}？（`menshen help codes` 列出编号）")
        }
        (Language::Zh, None) => {
            format!("没有“{topic}”这个命令或编号（`menshen help codes` 列出编号）")
        }
        (Language::En, Some(near)) => format!(
            "there is no command and no code {topic:?}; did you mean {near}? (`menshen help codes` lists the codes)"
        ),
        (Language::En, None) => format!(
            "there is no command and no code {topic:?} (`menshen help codes` lists the codes)"
        ),
    }))
}
