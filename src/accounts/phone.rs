//! Phone numbers as people write them, in one form: E.164.
//!
//! `１３８ ００１３ ８０００`, `+86 138-0013-8000` and `0086(138)00138000` are one number. A number without
//! a country code is Chinese; Chinese numbers must be mobile ones, because only those can take part in a
//! binding. Other countries' numbers are taken as given, within E.164's bounds.

use unicode_normalization::UnicodeNormalization as _;

/// The longest text looked at, in bytes.
const MAX_BYTES: usize = 64;

/// Not a phone number. Says why, never what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPhone {
    /// There is something else than digits and the usual separators.
    #[error("a phone number has only digits, blanks, dashes, dots, parentheses and a leading +")]
    Characters,
    /// Not 8 to 15 digits with the country code.
    #[error("a phone number has 8 to 15 digits, country code included")]
    Length,
    /// Chinese, but no mobile number.
    #[error("a Chinese number must be a mobile number: 11 digits, beginning with 13 to 19")]
    NotMobile,
}

/// `raw` in E.164, e.g. `+8613800138000`.
///
/// # Errors
/// When it is no phone number.
pub fn normalise(raw: &str) -> Result<String, InvalidPhone> {
    if raw.len() > MAX_BYTES {
        return Err(InvalidPhone::Length);
    }
    let mut digits = String::with_capacity(16);
    let mut international = false;
    for c in raw.trim().nfkc() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() && !international => international = true,
            ' ' | '\t' | '-' | '.' | '(' | ')' | '‐' | '‑' | '–' | '—' | '−' => {}
            _ => return Err(InvalidPhone::Characters),
        }
    }
    if !international {
        if let Some(rest) = digits.strip_prefix("00") {
            digits = rest.to_owned();
        } else if !(digits.len() == 13 && digits.starts_with("86")) {
            digits.insert_str(0, "86");
        }
    }
    if let Some(national) = digits.strip_prefix("86") {
        let mut characters = national.chars();
        let mobile = national.len() == 11
            && characters.next() == Some('1')
            && matches!(characters.next(), Some('3'..='9'));
        if !mobile {
            return Err(InvalidPhone::NotMobile);
        }
    }
    if !(8..=15).contains(&digits.len()) || digits.starts_with('0') {
        return Err(InvalidPhone::Length);
    }
    Ok(format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_in_many_clothes() {
        for raw in [
            "13800138000",
            "１３８００１３８０００",
            "138 0013 8000",
            "138-0013-8000",
            "+86 138 0013 8000",
            "８６１３８００１３８０００",
            "0086(138)0013.8000",
            " ＋８６－１３８－００１３－８０００ ",
        ] {
            assert_eq!(normalise(raw).as_deref(), Ok("+8613800138000"), "{raw}");
        }
    }

    #[test]
    fn other_countries() {
        assert_eq!(
            normalise("+44 20 7946 0958").as_deref(),
            Ok("+442079460958")
        );
        assert_eq!(normalise("00852 5123 4567").as_deref(), Ok("+85251234567"));
    }

    #[test]
    fn what_is_no_phone() {
        assert_eq!(normalise("12800138000"), Err(InvalidPhone::NotMobile));
        assert_eq!(normalise("1380013800"), Err(InvalidPhone::NotMobile));
        assert_eq!(normalise("010-12345678"), Err(InvalidPhone::NotMobile));
        assert_eq!(normalise(""), Err(InvalidPhone::NotMobile));
        assert_eq!(normalise("138001380a0"), Err(InvalidPhone::Characters));
        assert_eq!(normalise("+1234"), Err(InvalidPhone::Length));
        assert_eq!(normalise("+1234567890123456"), Err(InvalidPhone::Length));
        assert_eq!(normalise(&"1".repeat(100)), Err(InvalidPhone::Length));
    }
}
