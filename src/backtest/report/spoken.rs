//! The two languages of what a report says: every text stands in both, side by side.

use crate::lang::diagnostics::Language;

/// The language of one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spoken {
    pub(crate) zh: bool,
}

impl Spoken {
    /// In this language.
    pub(crate) fn of(language: Language) -> Self {
        Self {
            zh: language == Language::Zh,
        }
    }

    /// The text in that language.
    pub(crate) fn pick<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        if self.zh { zh } else { en }
    }

    /// The language's tag in HTML.
    pub(crate) fn tag(self) -> &'static str {
        if self.zh { "zh" } else { "en" }
    }

    /// Between the parts of a list.
    pub(crate) fn comma(self) -> &'static str {
        if self.zh { "、" } else { ", " }
    }
}

/// Writes the Chinese or the English text to a page: `say!(page, words, "{n} 次", "{n} times", n = 3)`.
macro_rules! say {
    ($page:expr, $words:expr, $zh:literal, $en:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        use std::fmt::Write as _;
        // Writing to a String does not fail.
        let _ = match $words.zh {
            true => write!($page, $zh $(, $name = $value)*),
            false => write!($page, $en $(, $name = $value)*),
        };
    }};
}
pub(in crate::backtest) use say;
