//! `menshen help`: the page of a diagnostic code, the help of a command, or the overview.

mod words;

use clap::CommandFactory;

use super::chinese;
use super::failure::{Exit, Failure, Outcome};
use super::output::{self, LangArg};
use crate::lang::diagnostics::{Language, codes, nearest};

/// Explain a diagnostic code or a command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  menshen help E0203
  menshen help W1004 --lang en
  menshen help check
  menshen help bind         # a word of the rule language, also by the name people know: 半匹配
  menshen help on text      # a trigger
  menshen help codes        # every code with its title")]
pub struct Args {
    /// A code such as E0203, a command, a word of the rule language, or `codes`
    topic: Vec<String>,
    #[command(flatten)]
    lang: LangArg,
}

/// The commands, in the language of this process.
fn definition() -> clap::Command {
    chinese::spoken(super::Cli::command(), chinese::of_process())
}

/// Prints the help.
pub fn run(args: &Args) -> Outcome {
    if args.topic.is_empty() {
        output::data(&definition().render_long_help().to_string())?;
        return Ok(Exit::Clean);
    }
    let topic = args.topic.join(" ");
    let topic = topic.trim();
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
    let mut found = Some(&mut command);
    for word in &args.topic {
        found = found.and_then(|command| command.find_subcommand_mut(word));
    }
    if let Some(found) = found {
        output::data(&found.render_long_help().to_string())?;
        return Ok(Exit::Clean);
    }
    if let Some(text) = words::pages(topic, language) {
        output::line(text.trim_end())?;
        return Ok(Exit::Clean);
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .chain(codes::pages().map(|page| page.code.to_owned()))
        .chain(words::known())
        .collect();
    let near = nearest(topic, names.iter().map(String::as_str));
    Err(Failure::usage(match (language, near) {
        (Language::Zh, Some(near)) => {
            format!(
                "没有“{topic}”这个命令、编号或规则里的词；是不是 {near}？（`menshen help codes` 列出编号）"
            )
        }
        (Language::Zh, None) => {
            format!("没有“{topic}”这个命令、编号或规则里的词（`menshen help codes` 列出编号）")
        }
        (Language::En, Some(near)) => format!(
            "there is no command, code or word of the rules {topic:?}; did you mean {near}? (`menshen help codes` lists the codes)"
        ),
        (Language::En, None) => format!(
            "there is no command, code or word of the rules {topic:?} (`menshen help codes` lists the codes)"
        ),
    }))
}
