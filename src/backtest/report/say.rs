//! Texts with numbers in them: both languages side by side.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Writes the Chinese or the English text to a page: `say!(page, language, "{n} 次", "{n} times", n = 3)`.
macro_rules! say {
    ($page:expr, $language:expr, $zh:literal, $en:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        use std::fmt::Write as _;
        // Writing to a String does not fail.
        let _ = match $language {
            $crate::lang::diagnostics::Language::Zh => write!($page, $zh $(, $name = $value)*),
            $crate::lang::diagnostics::Language::En => {
                let text = format!($en $(, $name = $value)*);
                $page.write_str(&$crate::backtest::report::say::of_one(&text))
            }
        };
    }};
}
pub(in crate::backtest) use say;

/// One of what is counted, and what is said of it: `1 rows were`.
static ONE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        "(of |^|[^0-9.,])\\b1 ((?:successful |good |more )?(?:account|alert|attack|attempt|captcha|combination|day|\\
         decision|failure|incident|lock|login|name|prompt|refusal|row|signal|thread))s\\b( were| are| never are| end)?",
    )
    .ok()
});

/// English with `1 login` where it says `1 logins`; the last number of `1 of 1 logins` stays.
pub(in crate::backtest) fn of_one(text: &str) -> Cow<'_, str> {
    let Some(one) = &*ONE else {
        return text.into();
    };
    one.replace_all(text, |found: &Captures<'_>| match &found[1] {
        "of " => found[0].to_owned(),
        before => {
            let verb = match found.get(3).map(|verb| verb.as_str()) {
                Some(" were") => " was",
                Some(" are") => " is",
                Some(" never are") => " never is",
                Some(_) => " ends",
                None => "",
            };
            format!("{before}1 {}{verb}", &found[2])
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_thing_is_said_one() {
        for (text, wanted) in [
            (
                "1 attempts, 21 accounts; 1 successful logins",
                "1 attempt, 21 accounts; 1 successful login",
            ),
            (
                "1 rows were out, 1 names never are, (1 logins end",
                "1 row was out, 1 name never is, (1 login ends",
            ),
            (
                "1 of 1 attacks, 0.1 prompts, 4,001 days",
                "1 of 1 attacks, 0.1 prompts, 4,001 days",
            ),
        ] {
            assert_eq!(of_one(text), wanted);
        }
    }
}
