//! How a command ends: its exit code, and what is said on standard error.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::bot::folder::io_words;
use crate::lang::diagnostics::Language;

/// A command that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Exit code 0: done, nothing wrong.
    Clean,
    /// Exit code 1: done, and what was looked at is wrong. The report has been printed.
    Found,
}

/// A command that could not do its work.
#[derive(Debug)]
pub enum Failure {
    /// Exit code 2: wrong use, such as a path that does not exist. What was wrong and what would be right.
    Usage(String),
    /// Exit code 1: it failed.
    Failed(anyhow::Error),
    /// Exit code 0: the reader of our output has left; there is nobody to tell.
    ReaderGone,
}

/// What a command returns.
pub type Outcome = Result<Exit, Failure>;

impl Failure {
    /// Wrong use.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::Usage(message.to_string())
    }

    /// A failure in words.
    pub fn failed(message: impl fmt::Display) -> Self {
        Self::Failed(anyhow::anyhow!("{message}"))
    }
}

impl Failure {
    /// What a system says of a file or a program, in the language that was asked for.
    pub fn io(what: impl fmt::Display, error: &io::Error, language: Language) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        let words = io_words(error);
        Self::failed(match language {
            Language::Zh => format!("{what}：{}", words.zh),
            Language::En => format!("{what}: {}", words.en),
        })
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        match error.downcast_ref::<io::Error>() {
            Some(inner) if inner.kind() == io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::Failed(error),
        }
    }
}

/// Says what failed and turns the outcome into the process's exit code.
pub fn finish(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(Exit::Clean) | Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Ok(Exit::Found) => ExitCode::from(1),
        Err(Failure::Failed(error)) => {
            // Bare: what it was about, where somebody said so, must not get lost.
            let bare = error.root_cause().downcast_ref::<io::Error>();
            let bare = bare.filter(|_| error.chain().len() == 1);
            let words = match (
                error.chain().next().and_then(|top| top.downcast_ref()),
                bare,
            ) {
                (Some(unopened), _) => Some(super::unopened::words(unopened)),
                (None, Some(bare)) => Some(io_words(bare)),
                (None, None) => None,
            };
            let said = match words {
                Some(words) => words.get(super::chinese::of_process()).to_owned(),
                None => in_words(&error),
            };
            super::output::remark(&format!("menshen: {said}"));
            ExitCode::from(1)
        }
        Err(Failure::Usage(message)) => {
            super::output::remark(&format!("menshen: {message}"));
            ExitCode::from(2)
        }
    }
}

/// An error and its causes, each said once: many errors end with their cause's text themselves.
pub fn in_words(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read x: {source}")]
        struct Says {
            source: io::Error,
        }
        let source = io::Error::other("no such file");
        let error = anyhow::Error::from(Says { source }).context("the keys");
        assert_eq!(in_words(&error), "the keys: cannot read x: no such file");
    }

    #[test]
    fn every_limit_of_a_file_has_its_words() {
        let error = io::Error::from_raw_os_error(rustix::io::Errno::FBIG.raw_os_error());
        assert!(io_words(&error).zh.contains("ulimit -f"));
        assert!(io_words(&error).en.contains("ulimit -f"));
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(matches!(failure, Failure::ReaderGone));
        let failure = Failure::from(io::Error::from(io::ErrorKind::NotFound));
        assert!(matches!(failure, Failure::Failed(_)));
    }
}
