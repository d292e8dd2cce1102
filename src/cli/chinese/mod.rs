//! The help of every command in Chinese: the same definition, its texts exchanged for their twins.
//!
//! The English texts stand beside the options they describe; [`words`] holds the Chinese ones under
//! them. Nothing here decides what an option does, and an English text without its twin (a test
//! fails for it) stays as it is rather than disappear.

mod after;
mod mistakes;
mod words;

use std::process::ExitCode;

use clap::{Arg, ArgAction, Command};

use super::output;

use crate::lang::diagnostics::Language;

/// The sections of a help page, in Chinese.
const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";
const OPTIONS: &str = "选项";
const ARGUMENTS: &str = "参数";

/// The language of help: `--lang` where it is given, then `MENSHEN_LANG`, then the locale; English
/// when none of them says.
pub(super) fn language(
    arguments: impl Iterator<Item = String>,
    variable: impl Fn(&str) -> Option<String>,
) -> Language {
    let of = |value: &str| {
        if value.to_ascii_lowercase().starts_with("zh") {
            Language::Zh
        } else {
            Language::En
        }
    };
    let mut expected = false;
    for argument in arguments {
        if expected {
            return of(&argument);
        }
        if let Some(value) = argument.strip_prefix("--lang=") {
            return of(value);
        }
        expected = argument == "--lang";
    }
    // The first that is set decides, as for every other program.
    ["MENSHEN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(variable)
        .find(|value| !value.is_empty())
        .map_or(Language::En, |value| of(&value))
}

/// The language of help for this process.
pub(super) fn of_process() -> Language {
    // `args_os`: an argument that is no text is not ours to stumble over.
    let arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    language(arguments, |name| std::env::var(name).ok())
}

/// Ends for what clap refuses, or shows the help it was asked for.
pub(super) fn refuse(error: &clap::Error) -> ExitCode {
    if of_process() == Language::Zh
        && let Some(said) = mistakes::told(error)
    {
        output::remark(&format!("menshen: {said}\n\n用法见 --help。"));
        return ExitCode::from(2);
    }
    error.exit()
}

/// The definition as it is shown in a language.
pub(super) fn spoken(command: Command, language: Language) -> Command {
    match language {
        Language::En => command,
        Language::Zh => exchange(command, ""),
    }
}

fn twin(english: &str) -> String {
    words::twin(english).unwrap_or(english).to_owned()
}

/// `above` is the path of commands that leads here: `rules ` for `rules show`.
fn exchange(command: Command, above: &str) -> Command {
    let path = if above.is_empty() && command.get_name() == "menshen" {
        String::new()
    } else {
        format!("{above}{} ", command.get_name())
    };
    let about = command.get_about().map(|text| twin(&text.to_string()));
    let after = after::of(path.trim_end());
    let mut place = 0;
    let mut command = command
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令")
        .subcommand_value_name("命令")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .mut_args(|one| {
            place += 1;
            argument(one).display_order(place)
        })
        .mut_subcommands(|inner| exchange(inner, &path));
    if let Some(about) = about {
        command = command.about(about.clone()).long_about(about);
    }
    if let Some(after) = after {
        command = command.after_help(after);
    }
    if path.is_empty() {
        command = command.arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(ArgAction::Version)
                .help("显示版本")
                .help_heading(OPTIONS),
        );
    }
    command.arg(
        Arg::new("help")
            .short('h')
            .long("help")
            .action(ArgAction::Help)
            .help("显示帮助")
            .help_heading(OPTIONS),
    )
}

/// The help of an argument, with what clap would add in English: values, default, variable.
fn argument(argument: Arg) -> Arg {
    let Some(help) = argument.get_help() else {
        return argument;
    };
    let mut text = twin(&help.to_string());
    let takes = argument.get_action().takes_values();
    if takes {
        let values: Vec<String> = argument
            .get_possible_values()
            .iter()
            .map(|value| match value.get_help() {
                Some(help) => format!("{} {}", value.get_name(), twin(&help.to_string())),
                None => value.get_name().to_owned(),
            })
            .collect();
        if !values.is_empty() {
            text.push_str(&format!("（{}）", values.join("；")));
        }
        let defaults: Vec<String> = argument
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy().into_owned())
            .collect();
        if !defaults.is_empty() {
            text.push_str(&format!("［默认 {}］", defaults.join(" ")));
        }
    }
    if let Some(variable) = argument.get_env() {
        text.push_str(&format!("［环境变量 {}］", variable.to_string_lossy()));
    }
    let heading = if argument.is_positional() {
        ARGUMENTS
    } else {
        OPTIONS
    };
    let argument = argument
        .help(text.clone())
        .long_help(text)
        .help_heading(heading);
    if !takes {
        return argument;
    }
    argument
        .hide_possible_values(true)
        .hide_default_value(true)
        .hide_env(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use unicode_width::UnicodeWidthStr as _;

    fn chosen(arguments: &[&str], variables: &[(&str, &str)]) -> Language {
        language(arguments.iter().map(|&text| text.to_owned()), |name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_nearest_that_says_a_language_decides() {
        assert_eq!(chosen(&[], &[]), Language::En);
        assert_eq!(chosen(&[], &[("LANG", "zh_CN.UTF-8")]), Language::Zh);
        assert_eq!(
            chosen(&[], &[("LC_ALL", "C"), ("LANG", "zh_CN.UTF-8")]),
            Language::En
        );
        assert_eq!(
            chosen(&[], &[("LC_ALL", ""), ("LANG", "zh_CN.UTF-8")]),
            Language::Zh
        );
        assert_eq!(
            chosen(&[], &[("MENSHEN_LANG", "zh"), ("LANG", "en_US")]),
            Language::Zh
        );
        assert_eq!(
            chosen(&["check", "--lang", "en"], &[("MENSHEN_LANG", "zh")]),
            Language::En
        );
        assert_eq!(chosen(&["check", "--lang=zh"], &[]), Language::Zh);
    }

    /// Every English text of the definition: what it is of, and the text.
    fn texts(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
        if let Some(about) = command.get_about() {
            found.push((path.to_owned(), about.to_string()));
        }
        for argument in command.get_arguments() {
            let place = format!("{path} {}", argument.get_id());
            if let Some(help) = argument.get_help() {
                found.push((place.clone(), help.to_string()));
            }
            for value in argument.get_possible_values() {
                if let Some(help) = value.get_help() {
                    found.push((place.clone(), help.to_string()));
                }
            }
        }
        for inner in command.get_subcommands() {
            texts(inner, &format!("{path} {}", inner.get_name()), found);
        }
    }

    #[test]
    fn every_text_has_its_twin_and_every_twin_its_text() {
        let mut found = Vec::new();
        texts(&super::super::Cli::command(), "menshen", &mut found);
        let without: Vec<_> = found
            .iter()
            .filter(|(_, text)| words::twin(text).is_none())
            .collect();
        assert!(without.is_empty(), "no Chinese for {without:#?}");
        let stale: Vec<_> = words::all()
            .filter(|english| !found.iter().any(|(_, text)| text == english))
            .collect();
        assert!(stale.is_empty(), "no longer said in English: {stale:#?}");
    }

    /// A text with its command lines alone: no comments, no prose.
    fn examples(text: &str) -> Vec<String> {
        text.lines()
            .filter(|line| line.starts_with("  "))
            .map(|line| line.split('#').next().unwrap_or_default().trim().to_owned())
            .filter(|line| line.starts_with("menshen "))
            .collect()
    }

    fn afters(command: &Command, path: &str, seen: &mut usize) {
        if let Some(english) = command.get_after_help() {
            let chinese = after::of(path).unwrap_or_default();
            assert!(!chinese.is_empty(), "nothing Chinese after {path:?}");
            assert_eq!(
                examples(&english.to_string()),
                examples(&chinese),
                "the examples of {path:?} differ"
            );
            *seen += 1;
        }
        for inner in command.get_subcommands() {
            let below = format!("{path} {}", inner.get_name());
            afters(inner, below.trim_start(), seen);
        }
    }

    /// Lines that are too long are broken in the middle of what somebody wants to copy.
    #[test]
    fn what_stands_below_fits_on_its_lines() {
        const WIDTH: usize = 100;
        fn look(command: &Command, wide: &mut Vec<String>) {
            let after = command.get_after_help().map(|text| text.to_string());
            let after = after.unwrap_or_default();
            let lines = after.lines().filter(|line| line.width() > WIDTH);
            wide.extend(lines.map(|line| format!("{}: {line}", command.get_name())));
            command.get_subcommands().for_each(|it| look(it, wide));
        }
        let mut wide = Vec::new();
        for language in [Language::Zh, Language::En] {
            look(&spoken(super::super::Cli::command(), language), &mut wide);
        }
        assert!(wide.is_empty(), "{wide:#?}");
    }

    /// As they are written on the line, whatever they are called.
    #[test]
    fn arguments_stand_in_their_order() {
        let mut command = spoken(super::super::Cli::command(), Language::Zh);
        command.build();
        let rules = command.find_subcommand_mut("rules").expect("a command");
        let show = rules.find_subcommand_mut("show").expect("a command");
        let page = show.render_long_help().to_string();
        let options = page.split(ARGUMENTS).nth(1).expect("arguments");
        let place = |name: &str| options.find(name).expect(name);
        assert!(place("<GENERATION>") < place("[FILE]"), "{page}");
    }

    #[test]
    fn what_stands_below_shows_the_same_examples() {
        let mut seen = 0;
        afters(&super::super::Cli::command(), "", &mut seen);
        assert!(seen > 10);
    }

    #[test]
    fn the_exchanged_definition_is_sound_and_says_no_english_headings() {
        let command = spoken(super::super::Cli::command(), Language::Zh);
        command.clone().debug_assert();
        let help = |mut command: Command| command.render_long_help().to_string();
        let mut pages = vec![help(command.clone())];
        pages.extend(command.get_subcommands().cloned().map(help));
        for page in pages {
            for english in ["Usage:", "Options:", "Arguments:", "Print help", "[default"] {
                assert!(!page.contains(english), "{english} in\n{page}");
            }
            assert!(page.contains("显示帮助"), "{page}");
        }
    }
}
