//! Texts with numbers in them: both languages side by side.

/// Writes the Chinese or the English text to a page: `say!(page, language, "{n} 次", "{n} times", n = 3)`. A value
/// may use those before it, and either text may leave some out.
macro_rules! say {
    ($page:expr, $language:expr, $zh:literal, $en:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        use std::fmt::Write as _;
        $(let $name = $value;)*
        // Writing to a String does not fail.
        let _ = match $language {
            $crate::lang::diagnostics::Language::Zh => write!($page, $zh),
            $crate::lang::diagnostics::Language::En => write!($page, $en),
        };
    }};
}
pub(in crate::backtest) use say;

/// So many things in English: `1 login`, `2,001 logins`. `n` is a number as it is shown. Not behind `of`, where
/// more are meant: `1 of 1 logins`.
pub(in crate::backtest) fn things(n: &str, one: &str) -> String {
    let s = if n == "1" { "" } else { "s" };
    format!("{n} {one}{s}")
}

/// The word that agrees with so many: `was` with one, `were` with more.
pub(in crate::backtest) fn agree<'w>(n: &str, one: &'w str, more: &'w str) -> &'w str {
    if n == "1" { one } else { more }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_thing_is_said_one() {
        let all = ["0", "1", "21", "4,001", "0.1"].map(|n| things(n, "good login"));
        let wanted = [
            "0 good logins",
            "1 good login",
            "21 good logins",
            "4,001 good logins",
            "0.1 good logins",
        ];
        assert_eq!(all, wanted);
        assert_eq!(
            (agree("1", "is", "are"), agree("11", "is", "are")),
            ("is", "are")
        );
    }

    #[test]
    fn either_text_may_leave_values_out() {
        let told = |language| {
            let mut out = String::new();
            say!(
                out,
                language,
                "{n} 次",
                "{logins}.",
                n = "1",
                logins = things(n, "login")
            );
            out
        };
        assert_eq!(told(crate::lang::diagnostics::Language::Zh), "1 次");
        assert_eq!(told(crate::lang::diagnostics::Language::En), "1 login.");
    }
}
