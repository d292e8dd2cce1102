//! Days as people write them: `2026/10/1`, `2026.10.01`, `2026年10月1日`.

/// Years a date may be meant to be in.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2099;

/// The day a text begins with: how many bytes it takes, and how the language writes it.
pub(in crate::lang) fn day(text: &str) -> Option<(usize, String)> {
    let (year, rest) = number(text, 4..=4)?;
    let sign = rest.chars().next()?;
    if !matches!(sign, '-' | '/' | '.' | '年' | '－' | '／' | '．') || !YEARS.contains(&year) {
        return None;
    }
    let (month, rest) = number(&rest[sign.len_utf8()..], 1..=2)?;
    let second = if sign == '年' { '月' } else { sign };
    let rest = rest.strip_prefix(second)?;
    let (day, rest) = number(rest, 1..=2)?;
    let rest = match second {
        '月' => rest.strip_prefix(['日', '号']).unwrap_or(rest),
        _ => rest,
    };
    let over = !rest.starts_with(|c: char| c.is_alphanumeric() || c == sign);
    let real = (1..=12).contains(&month) && (1..=31).contains(&day);
    (over && real).then(|| {
        let length = text.len() - rest.len();
        (length, format!("{year}-{month:02}-{day:02}"))
    })
}

fn number(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<(u32, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number = length.contains(&end).then(|| text[..end].parse().ok())?;
    Some((number?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_as_people_write_them() {
        for (text, length) in [
            ("2026-10-01", 10),
            ("2026/10/1, ", 9),
            ("2026.10.1]", 9),
            ("2026年10月1日", 16),
            ("2026年10月1号 放假", 16),
            ("2026－10－1", 13),
        ] {
            let meant = "2026-10-01".to_owned();
            assert_eq!(day(text), Some((length, meant)), "{text}");
        }
        for text in [
            "2026-10",
            "2026-13-01",
            "2026-10/01",
            "1000-10-10",
            "2026-10-012",
            "2026-10-01-5",
            "20261001",
            "2026年",
            "26-10-01",
            "2026-10-01T08",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
