//! Texts with numbers in them: both languages side by side.

/// Writes the Chinese or the English text to a page: `say!(page, language, "{n} 次", "{n} times", n = 3)`.
macro_rules! say {
    ($page:expr, $language:expr, $zh:literal, $en:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        use std::fmt::Write as _;
        // Writing to a String does not fail.
        let _ = match $language {
            $crate::lang::diagnostics::Language::Zh => write!($page, $zh $(, $name = $value)*),
            $crate::lang::diagnostics::Language::En => write!($page, $en $(, $name = $value)*),
        };
    }};
}
pub(in crate::backtest) use say;
