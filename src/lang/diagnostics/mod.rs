//! What the tools say about a rule file: one shape for errors and warnings of every stage.
//!
//! A [`Diagnostic`] is data: a stable code, texts in Chinese and English, labelled spans, help and
//! ready fixes. Rendering for people, JSON and SARIF lives in the modules beside this one; nothing
//! else in the crate formats diagnostics.

pub mod codes;
mod fix;
mod machine;
mod render;
mod suggest;

pub use fix::{Fixed, fix};
pub use machine::{json, sarif};
pub use render::{human, summary};
pub use suggest::{nearest, opposite};

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

impl Language {
    /// The text in this language.
    pub fn pick<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
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

/// What is said at further places of the same mistake.
const ALSO: &str = "这里也是";

/// How sure a change is to be what was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sureness {
    /// There is nothing else it could have been.
    Sure,
    /// The nearest name, or a draft to be filled in.
    Guess,
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
    /// How sure it is.
    pub sure: Sureness,
}

impl Fix {
    /// Whether it still holds a `…` that the author fills in: never applied, only shown.
    pub fn is_draft(&self) -> bool {
        self.replacement.contains('…')
    }
}

/// What a help is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelpKind {
    /// What to do, whatever was meant.
    Advice,
    /// The nearest name: stands and falls with the change to it, where there is one.
    Guess,
}

/// What to do about a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    /// What it says.
    pub words: Words,
    /// What it is.
    pub kind: HelpKind,
}

impl std::ops::Deref for Help {
    type Target = Words;

    fn deref(&self) -> &Words {
        &self.words
    }
}

/// An event that shows what an analysis says: evaluating the rules confirms it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The event's name in the language, such as `text`.
    pub event: String,
    /// What the user sends; the key or scene of an event; none when it does not matter.
    pub text: Option<String>,
    /// What then holds, where it depends on conditions: expressions and their values, as an author
    /// writes them.
    pub given: Vec<(String, String)>,
    /// The rule that answers it.
    pub answered_by: Span,
    /// The rule that would have, were it not for the other.
    pub instead_of: Span,
}

/// Values for which the evaluator confirms what an analysis says of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Expressions and the values they have, both as an author writes them.
    pub given: Vec<(String, String)>,
    /// What the condition then is.
    pub holds: bool,
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
    pub help: Vec<Help>,
    /// Ready changes.
    pub fixes: Vec<Fix>,
    /// An event that shows it.
    pub witness: Option<Witness>,
    /// Values that show it.
    pub example: Option<Example>,
    /// Lines of a story that shows it: what is done and, where the rules load, what is then seen.
    pub story: Vec<String>,
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
            witness: None,
            example: None,
            story: Vec::new(),
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
        self.advise(words);
        self
    }

    /// Adds help in place.
    pub(in crate::lang) fn advise(&mut self, words: Words) {
        let kind = HelpKind::Advice;
        self.help.push(Help { words, kind });
    }

    /// Asks whether the name `near` was meant, without a change to it.
    #[must_use]
    pub fn with_near(mut self, near: &str) -> Self {
        let words = Words::new(
            format!("是不是 `{near}`？"),
            format!("did you mean `{near}`?"),
        );
        let kind = HelpKind::Guess;
        self.help.push(Help { words, kind });
        self
    }

    /// Asks whether the name `near` was meant, and offers to write it at `span` as `replacement`.
    #[must_use]
    pub fn with_nearest(self, near: &str, span: Span, replacement: impl Into<String>) -> Self {
        let words = Words::new(format!("改成 `{near}`"), format!("replace by `{near}`"));
        self.with_near(near).with_guess(words, span, replacement)
    }

    /// Takes back the first change, and the question whether it was meant.
    pub(in crate::lang) fn withdraw_first(&mut self) {
        self.fixes.remove(0);
        self.help.retain(|help| help.kind != HelpKind::Guess);
    }

    /// Adds an event that shows it.
    #[must_use]
    pub fn with_witness(mut self, witness: Option<Witness>) -> Self {
        if let Some(witness) = &witness {
            let Witness {
                event,
                text,
                given,
                answered_by,
                instead_of,
            } = witness;
            let (zh, en) = match (event.as_str(), text) {
                ("text", Some(text)) => (format!("用户发送“{text}”"), format!("\"{text}\"")),
                (event, Some(text)) => (
                    format!("事件 `{event}` 带着“{text}”"),
                    format!("`{event}` with \"{text}\""),
                ),
                (event, None) => (format!("任何 `{event}`"), format!("any `{event}`")),
            };
            let (when, with) = if given.is_empty() {
                (String::new(), String::new())
            } else {
                let (when, with) = (
                    given_words(given, " 是 ", "、"),
                    given_words(given, " at ", ", "),
                );
                (format!(" {when} 时，"), format!(" with {with}"))
            };
            let all = if text.is_none() { "都" } else { "" };
            let (who, by) = if answered_by == instead_of {
                ("前面的写法", "the alternative before")
            } else {
                ("前面的规则", "the earlier rule")
            };
            self.advise(Words::new(
                format!("例如{when}{zh}，{all}由{who}回答"),
                format!("for example {en}{with} is answered by {by}"),
            ));
        }
        self.witness = witness;
        self
    }

    /// Adds values that show it; `words` say what the condition then is.
    #[must_use]
    pub fn with_example(mut self, example: Example, words: Words) -> Self {
        let given = |is: &str, and: &str| given_words(&example.given, is, and);
        self.advise(Words::new(
            format!("例如 {} 时，{}", given(" 是 ", "、"), words.zh),
            format!("for example with {}: {}", given(" at ", ", "), words.en),
        ));
        self.example = Some(example);
        self
    }

    /// Adds a story that shows it; `words` say what happens in it.
    #[must_use]
    pub fn with_story(mut self, story: Vec<String>, words: Words) -> Self {
        self.advise(words);
        self.story = story;
        self
    }

    /// Adds a further place of the same mistake.
    pub(in crate::lang) fn add_place(&mut self, span: Span) {
        let words = Words::new(ALSO, "and here");
        self.secondary.push(Label { span, words });
    }

    /// Adds another finding as a further place of the same mistake, with the change for both; `between` is what
    /// the author wrote between the two changes.
    pub(in crate::lang) fn join(&mut self, other: &Self, between: impl Fn(Span) -> String) {
        self.add_place(other.primary.span);
        let (Some(own), Some(more)) = (self.fixes.first_mut(), other.fixes.first()) else {
            self.fixes.clear();
            return;
        };
        let (first, second) = match own.span.end <= more.span.start {
            true => (&*own, more),
            false if more.span.end <= own.span.start => (more, &*own),
            false => return,
        };
        let gap = Span {
            start: first.span.end,
            end: second.span.start,
            ..own.span
        };
        own.replacement = format!(
            "{}{}{}",
            first.replacement,
            between(gap),
            second.replacement
        );
        own.span = own.span.to(more.span);
        if more.sure == Sureness::Guess {
            own.sure = Sureness::Guess;
        }
    }

    /// Further places of the same mistake.
    pub(in crate::lang) fn also(&self) -> impl Iterator<Item = Span> {
        let also = self.secondary.iter();
        also.filter(|label| label.words.zh == ALSO)
            .map(|label| label.span)
    }

    /// The same, told of a place for which `here` holds, where it has one: of what stands in several files each is told
    /// of its own.
    #[must_use]
    pub fn seen_from(&self, here: impl Fn(Span) -> bool) -> Option<Self> {
        if here(self.primary.span) {
            return Some(self.clone());
        }
        let span = self.also().find(|span| here(*span))?;
        let mut seen = self.clone();
        seen.primary.span = span;
        for label in &mut seen.secondary {
            if label.span == span {
                label.span = self.primary.span;
            }
        }
        seen.fixes.retain(|fix| fix.span == self.primary.span);
        for fix in &mut seen.fixes {
            fix.span = span;
        }
        Some(seen)
    }

    /// Adds a ready change that is right whenever the diagnostic is.
    #[must_use]
    pub fn with_fix(self, words: Words, span: Span, replacement: impl Into<String>) -> Self {
        self.with(words, span, replacement.into(), Sureness::Sure)
    }

    /// Adds a ready change that guesses what was meant: a near name, a value to be filled in.
    #[must_use]
    pub fn with_guess(self, words: Words, span: Span, replacement: impl Into<String>) -> Self {
        self.with(words, span, replacement.into(), Sureness::Guess)
    }

    fn with(mut self, words: Words, span: Span, replacement: String, sure: Sureness) -> Self {
        self.fixes.push(Fix {
            words,
            span,
            replacement,
            sure,
        });
        self
    }
}

fn given_words(given: &[(String, String)], is: &str, and: &str) -> String {
    let each = given.iter();
    let each: Vec<String> = each
        .map(|(about, value)| format!("`{about}`{is}`{value}`"))
        .collect();
    each.join(and)
}
