//! Where the command line writes: data to standard output, everything else to standard error.
//!
//! Colour only on a terminal and never with `NO_COLOR`; plain text when piped. A closed pipe ends a
//! command quietly instead of with a panic, so commands write here and never with `println!`.

use std::io::{self, IsTerminal, Write};

use super::failure::Failure;
use crate::lang::diagnostics::Language;

/// Writes a text to standard output, as it is.
pub fn data(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Writes a line to standard output.
pub fn line(text: &str) -> Result<(), Failure> {
    data(&format!("{text}\n"))
}

/// Writes a value to standard output as indented JSON.
pub fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Writes a line to standard error: progress, summaries, what failed. Never an error itself.
pub fn remark(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether standard output takes colour.
pub fn colour() -> bool {
    colour_on(
        io::stdout().is_terminal(),
        std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
        std::env::var_os("TERM").is_some_and(|term| term == "dumb"),
    )
}

fn colour_on(terminal: bool, no_color: bool, dumb: bool) -> bool {
    terminal && !no_color && !dumb
}

/// The colours used, as terminal codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Something is wrong.
    Red,
    /// Something is right.
    Green,
    /// Something wants a look.
    Yellow,
    /// Less important.
    Dim,
}

/// Wraps a text in a colour when `on`.
pub fn paint(text: &str, paint: Paint, on: bool) -> String {
    if !on {
        return text.to_owned();
    }
    let code = match paint {
        Paint::Red => "31;1",
        Paint::Green => "32;1",
        Paint::Yellow => "33;1",
        Paint::Dim => "2",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

impl clap::ValueEnum for Language {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Zh, Self::En]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        let (name, help) = match self {
            Self::Zh => ("zh", "Chinese"),
            Self::En => ("en", "English"),
        };
        Some(clap::builder::PossibleValue::new(name).help(help))
    }
}

/// `--lang`, shared by every command that reports.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct LangArg {
    /// Language of the report
    #[arg(long, value_enum, default_value = "zh", env = "MENSHEN_LANG")]
    pub lang: Language,
}

impl LangArg {
    /// The text in the language that was chosen.
    pub fn pick<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        self.lang.pick(zh, en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_for_terminals_that_want_it() {
        assert!(colour_on(true, false, false));
        assert!(!colour_on(false, false, false));
        assert!(!colour_on(true, true, false));
        assert!(!colour_on(true, false, true));
        assert_eq!(paint("x", Paint::Red, false), "x");
        assert_ne!(paint("x", Paint::Red, true), "x");
    }
}
