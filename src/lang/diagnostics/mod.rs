//! What the tools say about a rule file: one shape for errors and warnings of every stage.
//!
//! A [`Diagnostic`] is data: a stable code, texts in Chinese and English, labelled spans, help and
//! ready fixes. Rendering for people, JSON and SARIF lives in the modules beside this one; nothing
//! else in the crate formats diagnostics.

pub mod codes;
mod machine;
mod render;
mod suggest;

pub use machine::{json, sarif};
pub use render::{human, summary};
pub use suggest::nearest;

use super::span::Span;

/// One text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Words {
    /// The two texts. No full stop, no line breaks, back-quotes round what the author wrote.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }

    /// The text in `language`.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}

/// The language a report is printed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; the rules still load.
    Warning,
    /// The rules do not load.
    Error,
}

/// A stretch of source with a remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What to say there.
    pub words: Words,
}

/// A change that mends the mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does.
    pub words: Words,
    /// What is replaced; empty stretches insert.
    pub span: Span,
    /// By what.
    pub replacement: String,
}

/// One mistake, reported once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code such as `E0203`; its page is printed by `menshen help E0203`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub title: Words,
    /// The place the mistake stands at.
    pub primary: Label,
    /// Other places that matter.
    pub secondary: Vec<Label>,
    /// What to do about it.
    pub help: Vec<Words>,
    /// Ready changes.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// An error with its one main place.
    pub fn error(code: &'static str, title: Words, span: Span, label: Words) -> Self {
        Self {
            code,
            severity: Severity::Error,
            title,
            primary: Label { span, words: label },
            secondary: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// A warning with its one main place.
    pub fn warning(code: &'static str, title: Words, span: Span, label: Words) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, title, span, label)
        }
    }

    /// Adds a second place.
    #[must_use]
    pub fn with_label(mut self, span: Span, words: Words) -> Self {
        self.secondary.push(Label { span, words });
        self
    }

    /// Adds help.
    #[must_use]
    pub fn with_help(mut self, words: Words) -> Self {
        self.help.push(words);
        self
    }

    /// Adds a ready change.
    #[must_use]
    pub fn with_fix(mut self, words: Words, span: Span, replacement: impl Into<String>) -> Self {
        self.fixes.push(Fix {
            words,
            span,
            replacement: replacement.into(),
        });
        self
    }
}
