//! The field types of template messages and what a value of each may be.
//!
//! The platform refuses a whole message for one bad field (47003), so values are fitted before they
//! are sent: what can be shortened is, what cannot be right is an error that names the field.

/// The type of a field, told by its name without the digits at the end (`thing2` is a thing).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Anything, 20 characters.
    Thing,
    /// Digits, letters, symbols: no Chinese; 32 characters.
    CharacterString,
    /// Digits and a decimal point, 32 characters.
    Number,
    /// Letters, 32 characters.
    Letter,
    /// Symbols, 5 characters.
    Symbol,
    /// A time or date with time, or a range with `~`.
    Time,
    /// A date, or a range with `~`.
    Date,
    /// A currency sign and up to 10 digits, decimals allowed.
    Amount,
    /// Digits and symbols, 17 characters.
    PhoneNumber,
    /// A number plate, 8 characters.
    CarNumber,
    /// 10 Chinese characters or 20 letters.
    Name,
    /// 5 Chinese characters.
    Phrase,
    /// One of the values approved with the template, 20 characters.
    Const,
    /// A name of no known type (test accounts allow any): kept short.
    Unknown,
}

/// Why a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template field {field}: {problem}")]
pub struct FieldError {
    /// The field's name, such as `character_string5`.
    pub field: String,
    /// What is wrong; never the value.
    pub problem: &'static str,
}

/// Longest value of a field of unknown type, characters.
const UNKNOWN_LIMIT: usize = 200;

impl FieldKind {
    /// The type of a field by its name.
    pub fn of(key: &str) -> Self {
        match key.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "thing" | "short_thing" => Self::Thing,
            "character_string" => Self::CharacterString,
            "number" => Self::Number,
            "letter" => Self::Letter,
            "symbol" => Self::Symbol,
            "time" => Self::Time,
            "date" => Self::Date,
            "amount" => Self::Amount,
            "phone_number" => Self::PhoneNumber,
            "car_number" => Self::CarNumber,
            "name" => Self::Name,
            "phrase" => Self::Phrase,
            "const" | "enum" => Self::Const,
            _ => Self::Unknown,
        }
    }
}

/// Fits `value` to the field `key`: white space and line breaks become single spaces, long values of
/// free types are shortened; a value of the wrong kind is an error.
pub fn fit(key: &str, value: &str) -> Result<String, FieldError> {
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let fail = |problem| {
        Err(FieldError {
            field: key.to_owned(),
            problem,
        })
    };
    if value.is_empty() {
        return fail("the value is empty");
    }
    let only = |allowed: fn(char) -> bool| value.chars().all(allowed);
    let length = value.chars().count();
    match FieldKind::of(key) {
        FieldKind::Thing => Ok(shorten(&value, 20)),
        FieldKind::Unknown => Ok(shorten(&value, UNKNOWN_LIMIT)),
        FieldKind::CharacterString if !only(|c| matches!(c, ' '..='~')) => {
            fail("only digits, letters and ASCII symbols are allowed")
        }
        FieldKind::CharacterString => Ok(value.chars().take(32).collect()),
        FieldKind::Number
            if !only(|c| c.is_ascii_digit() || matches!(c, '.' | '-')) || length > 32 =>
        {
            fail("not a number of at most 32 characters")
        }
        FieldKind::Letter if !only(|c| c.is_ascii_alphabetic()) || length > 32 => {
            fail("not at most 32 letters")
        }
        FieldKind::Symbol if only(char::is_alphanumeric) || length > 5 => {
            fail("not at most 5 symbols")
        }
        FieldKind::Time if !is_range_of(&value, is_time) => {
            fail("not a time such as 2026-11-20 17:40 or 17:40")
        }
        FieldKind::Date if !is_range_of(&value, is_date) => {
            fail("not a date such as 2026-11-20 or 2026年11月20日")
        }
        FieldKind::Amount if !is_amount(&value) => fail("not a currency sign and up to 10 digits"),
        FieldKind::PhoneNumber
            if !only(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '*' | ' ' | '(' | ')'))
                || length > 17 =>
        {
            fail("not at most 17 digits and symbols")
        }
        FieldKind::CarNumber if length > 8 => fail("longer than 8 characters"),
        FieldKind::Name if value.is_ascii() => Ok(shorten(&value, 20)),
        FieldKind::Name => Ok(shorten(&value, 10)),
        FieldKind::Phrase if !only(is_chinese) || length > 5 => {
            fail("not at most 5 Chinese characters")
        }
        FieldKind::Const if length > 20 => fail("longer than 20 characters"),
        _ => Ok(value),
    }
}

fn shorten(value: &str, limit: usize) -> String {
    if value.chars().count() <= limit {
        return value.to_owned();
    }
    let mut out: String = value.chars().take(limit - 1).collect();
    out.push('…');
    out
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}')
}

fn is_range_of(value: &str, one: fn(&str) -> bool) -> bool {
    match value.split_once('~') {
        Some((from, to)) => one(from.trim()) && one(to.trim()),
        None => one(value),
    }
}

/// `15:01`, `15:01:02`, or a date followed by one of them.
fn is_time(value: &str) -> bool {
    match value.rsplit_once(' ') {
        Some((date, clock)) => is_date(date) && is_clock(clock),
        None => is_clock(value),
    }
}

fn is_clock(value: &str) -> bool {
    let parts: Vec<&str> = value.split(':').collect();
    let limits = [24, 60, 60];
    (2..=3).contains(&parts.len())
        && parts
            .iter()
            .zip(limits)
            .all(|(part, limit)| number(part, 2).is_some_and(|n| n < limit))
}

/// `2026-11-20`, `2026/11/20`, `2026.11.20` or `2026年11月20日`.
fn is_date(value: &str) -> bool {
    let separated: String = value
        .strip_suffix('日')
        .unwrap_or(value)
        .chars()
        .map(|c| {
            if matches!(c, '年' | '月' | '/' | '.') {
                '-'
            } else {
                c
            }
        })
        .collect();
    let parts: Vec<&str> = separated.split('-').collect();
    match parts[..] {
        [year, month, day] => {
            year.len() == 4
                && number(year, 4).is_some()
                && number(month, 2).is_some_and(|n| (1..=12).contains(&n))
                && number(day, 2).is_some_and(|n| (1..=31).contains(&n))
        }
        _ => false,
    }
}

fn number(text: &str, digits: usize) -> Option<u32> {
    let plain =
        !text.is_empty() && text.len() <= digits && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn is_amount(value: &str) -> bool {
    let bare = value
        .strip_prefix(|c: char| !c.is_ascii_digit() && !c.is_whitespace() && c != '.')
        .unwrap_or(value);
    let bare = bare.strip_suffix('元').unwrap_or(bare);
    let (whole, cents) = bare.split_once('.').unwrap_or((bare, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && whole.len() <= 10 && digits(cents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_types_are_shortened() {
        assert_eq!(fit("thing2", "管理后台").unwrap(), "管理后台");
        let long = fit("thing10", &"汉".repeat(30)).unwrap();
        assert_eq!((long.chars().count(), long.ends_with('…')), (20, true));
        assert_eq!(fit("thing1", "一\n 二").unwrap(), "一 二");
        assert_eq!(fit("character_string5", &"a".repeat(40)).unwrap().len(), 32);
        assert_eq!(fit("name1", "欧阳").unwrap(), "欧阳");
        assert_eq!(fit("keyword1", "自编模板").unwrap(), "自编模板");
    }

    #[test]
    fn values_of_the_wrong_kind_are_named_and_never_shown() {
        for (key, value) in [
            ("character_string5", "上海"),
            ("number1", "12a"),
            ("letter1", "ab1"),
            ("symbol1", "abc"),
            ("time4", "昨天"),
            ("time4", "25:00"),
            ("time4", "2026-13-01 10:00"),
            ("date1", "2026-11-20 10:00"),
            ("amount1", "¥12345678901"),
            ("amount1", "free"),
            ("phone_number1", "138-0013-8000-0000-0"),
            ("car_number1", "沪A1234567"),
            ("phrase1", "已锁定ok"),
            ("phrase1", "六个汉字太多"),
            ("const1", "一二三四五六七八九十一二三四五六七八九十一"),
            ("thing2", "  \n "),
        ] {
            let error = fit(key, value).unwrap_err();
            assert_eq!(error.field, key);
            assert!(value.trim().is_empty() || !error.to_string().contains(value));
        }
    }

    #[test]
    fn documented_forms_of_times_dates_and_amounts_pass() {
        for value in [
            "15:01",
            "2019年10月1日 15:01",
            "2023-09-12 19:43:07",
            "15:01~16:00",
        ] {
            assert_eq!(fit("time4", value).unwrap(), value);
        }
        for value in ["2019年10月1日", "2026-11-20", "2026-11-20~2026-11-21"] {
            assert_eq!(fit("date4", value).unwrap(), value);
        }
        for value in ["¥100", "100元", "$9.99"] {
            assert_eq!(fit("amount1", value).unwrap(), value);
        }
        assert_eq!(fit("phone_number2", "138****0000").unwrap(), "138****0000");
        assert_eq!(fit("phrase3", "已锁定").unwrap(), "已锁定");
    }
}
