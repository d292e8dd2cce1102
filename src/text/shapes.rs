//! The fixed shapes people type: phones, codes, numbers, mail addresses, identity numbers, dates,
//! web addresses. Each function reads at one place of a normalised text and says where the shape ends.
//!
//! Digits are ASCII digits (full-width ones were folded before); a boundary is "no digit beside it",
//! never a regex `\b`, which sees none between a Han character and a digit.

/// Where a shape must stand free: nothing that would make it a part of something longer beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edges {
    pub(super) left: bool,
    pub(super) right: bool,
}

impl Edges {
    /// Free on both sides.
    pub(super) const FREE: Self = Self {
        left: true,
        right: true,
    };
}

fn byte(text: &str, at: usize) -> u8 {
    text.as_bytes().get(at).copied().unwrap_or(0)
}

fn digit_before(text: &str, at: usize) -> bool {
    at > 0 && byte(text, at - 1).is_ascii_digit()
}

fn alnum_before(text: &str, at: usize) -> bool {
    at > 0 && byte(text, at - 1).is_ascii_alphanumeric()
}

fn digits(text: &str, at: usize) -> usize {
    text.as_bytes()[at..]
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .count()
}

/// Skips blanks and dashes of any kind, at most three characters, between the digits of a phone.
fn skip_separators(text: &str, at: usize) -> usize {
    text[at..]
        .chars()
        .take(3)
        .take_while(|c| {
            matches!(
                c,
                ' ' | '-' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '(' | ')'
            )
        })
        .map(char::len_utf8)
        .sum::<usize>()
        + at
}

/// A mainland mobile number: where it ends and its eleven digits.
pub(super) fn mobile(text: &str, at: usize, edges: Edges) -> Option<(usize, String)> {
    if edges.left && digit_before(text, at) {
        return None;
    }
    // `+1 380 013 8000` is not one, nor the decimals of `0.13800138000`.
    if edges.left && at > 0 && matches!(byte(text, at - 1), b'+' | b'.') {
        return None;
    }
    let mut start = at;
    for prefix in ["+0086", "+86", "0086", "(+86)", "(86)", "86"] {
        if text[at..].starts_with(prefix) {
            start = skip_separators(text, at + prefix.len());
            break;
        }
    }
    let mut found = String::with_capacity(11);
    let mut here = start;
    loop {
        let b = byte(text, here);
        let fits = match found.len() {
            0 => b == b'1',
            1 => (b'3'..=b'9').contains(&b),
            _ => b.is_ascii_digit(),
        };
        if !fits {
            return None;
        }
        found.push(char::from(b));
        here += 1;
        if found.len() == 11 {
            break;
        }
        here = skip_separators(text, here);
    }
    let free = !edges.right || !byte(text, here).is_ascii_digit();
    free.then_some((here, found))
}

/// Exactly `n` digits.
pub(super) fn exactly(text: &str, at: usize, n: u32, edges: Edges) -> Option<usize> {
    if edges.left && digit_before(text, at) {
        return None;
    }
    let n = n as usize;
    let run = digits(text, at);
    let fits = if edges.right { run == n } else { run >= n };
    (fits && n > 0).then_some(at + n)
}

/// A number with a sign and decimals, perhaps with thousands commas: where it ends and its value.
pub(super) fn number(text: &str, at: usize, edges: Edges) -> Option<(usize, f64)> {
    if edges.left
        && (digit_before(text, at)
            || (at > 1 && byte(text, at - 1) == b'.' && digit_before(text, at - 1)))
    {
        return None;
    }
    let mut here = at;
    if matches!(byte(text, here), b'+' | b'-') {
        here += 1;
    }
    let run = digits(text, here);
    if run == 0 {
        return None;
    }
    here += run;
    if run <= 3 {
        while byte(text, here) == b',' && digits(text, here + 1) == 3 {
            here += 4;
        }
    }
    if byte(text, here) == b'.' && digits(text, here + 1) > 0 {
        here += 1 + digits(text, here + 1);
    }
    let value: f64 = text[at..here].replace(',', "").parse().ok()?;
    value.is_finite().then_some((here, value))
}

/// A mail address.
pub(super) fn email(text: &str, at: usize, edges: Edges) -> Option<usize> {
    let local = |b: u8| b.is_ascii_alphanumeric() || b"._%+-".contains(&b);
    if edges.left && at > 0 && local(byte(text, at - 1)) {
        return None;
    }
    let bytes = text.as_bytes();
    let name = bytes[at..]
        .iter()
        .take(64)
        .take_while(|b| local(**b))
        .count();
    if name == 0 || byte(text, at + name) != b'@' || byte(text, at) == b'.' {
        return None;
    }
    let host = at + name + 1;
    let mut end = host
        + bytes[host..]
            .iter()
            .take(253)
            .take_while(|b| b.is_ascii_alphanumeric() || b".-".contains(b))
            .count();
    while end > host && matches!(byte(text, end - 1), b'.' | b'-') {
        end -= 1;
    }
    let labels: Vec<&str> = text[host..end].split('.').collect();
    let top = labels.last()?;
    let fits = labels.len() >= 2
        && labels
            .iter()
            .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
        && top.len() >= 2
        && top.bytes().any(|b| b.is_ascii_alphabetic());
    fits.then_some(end)
}

/// An 18-character resident identity number with a plausible birthday and a right check digit
/// (GB 11643-1999, ISO 7064 MOD 11-2).
pub(super) fn id_card(text: &str, at: usize, edges: Edges) -> Option<usize> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK: &[u8; 11] = b"10x98765432";
    if edges.left && alnum_before(text, at) {
        return None;
    }
    let body = text.as_bytes().get(at..at + 18)?;
    if !body[..17].iter().all(u8::is_ascii_digit) || body[0] == b'0' {
        return None;
    }
    let sum: u32 = body
        .iter()
        .zip(WEIGHTS)
        .map(|(b, weight)| u32::from(b - b'0') * weight)
        .sum();
    let free = !edges.right || !byte(text, at + 18).is_ascii_alphanumeric();
    let number =
        |range: std::ops::Range<usize>| text[at + range.start..at + range.end].parse().ok();
    let born = is_date(number(6..10)?, number(10..12)?, number(12..14)?);
    (free && born && CHECK[sum as usize % 11] == body[17]).then_some(at + 18)
}

fn is_date(year: i32, month: i32, day: i32) -> bool {
    let small = |n: i32| i8::try_from(n).ok();
    let (Ok(year), Some(month), Some(day)) = (i16::try_from(year), small(month), small(day)) else {
        return false;
    };
    (1900..=2199).contains(&year) && jiff::civil::Date::new(year, month, day).is_ok()
}

/// A date: where it ends and its ISO form; `01-05` when no year was said.
pub(super) fn date(text: &str, at: usize, edges: Edges) -> Option<(usize, String)> {
    if edges.left && digit_before(text, at) {
        return None;
    }
    if digits(text, at) == 4 {
        long_date(text, at, edges)
    } else {
        short_date(text, at, edges)
    }
}

/// `2026-01-05`, `2026年1月5日`
fn long_date(text: &str, at: usize, edges: Edges) -> Option<(usize, String)> {
    let mut reader = Reader { text, at };
    let (year, _) = reader.number(4)?;
    let separator = reader.any(&['-', '/', '.', '年'])?;
    let second = if separator == '年' { '月' } else { separator };
    reader.blank();
    let (month, _) = reader.number(2)?;
    reader.blank();
    reader.any(&[second])?;
    reader.blank();
    let (day, _) = reader.number(2)?;
    reader.day_word(separator == '年');
    let fits = is_date(year, month, day) && reader.free(edges);
    fits.then(|| (reader.at, format!("{year:04}-{month:02}-{day:02}")))
}

/// `1/5`, `1月5日`, and `01-05` as it is given: other numbers with a dash between are from one to another.
fn short_date(text: &str, at: usize, edges: Edges) -> Option<(usize, String)> {
    let mut reader = Reader { text, at };
    let (month, width) = reader.number(2)?;
    let separator = reader.any(&['/', '月', '-'])?;
    reader.blank();
    let (day, day_width) = reader.number(2)?;
    reader.day_word(separator == '月');
    let dashed = separator != '-'
        || ((width, day_width) == (2, 2) && (at == 0 || byte(text, at - 1) != b'-'));
    // 2000 was a leap year: February 29 is a date in some year.
    let fits = dashed && width <= 2 && is_date(2000, month, day) && reader.free(edges);
    fits.then(|| (reader.at, format!("{month:02}-{day:02}")))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// At most `most` digits with no further digit behind: the number and how many there were.
    fn number(&mut self, most: usize) -> Option<(i32, usize)> {
        let run = digits(self.text, self.at);
        if run == 0 || run > most {
            return None;
        }
        let number = self.text[self.at..self.at + run].parse().ok()?;
        self.at += run;
        Some((number, run))
    }

    fn any(&mut self, of: &[char]) -> Option<char> {
        let c = self.text[self.at..].chars().next()?;
        of.contains(&c).then(|| {
            self.at += c.len_utf8();
            c
        })
    }

    fn blank(&mut self) {
        let _ = self.any(&[' ']);
    }

    fn day_word(&mut self, chinese: bool) {
        if chinese {
            let _ = self.any(&['日', '号']);
        }
    }

    /// Nothing that would make it a longer number or another date behind it.
    fn free(&self, edges: Edges) -> bool {
        let b = byte(self.text, self.at);
        !edges.right
            || !(b.is_ascii_digit()
                || (matches!(b, b'/' | b'-') && byte(self.text, self.at + 1).is_ascii_digit()))
    }
}

/// An http or https address; Han characters, blanks and closing punctuation end it.
pub(super) fn url(text: &str, at: usize, edges: Edges) -> Option<usize> {
    if edges.left && alnum_before(text, at) {
        return None;
    }
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| text[at..].starts_with(scheme))?;
    let host = at + scheme.len();
    let allowed = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b);
    let mut end = host
        + text.as_bytes()[host..]
            .iter()
            .take_while(|b| allowed(**b))
            .count();
    while end > host && b".,;:!?)'\"]".contains(&byte(text, end - 1)) {
        end -= 1;
    }
    byte(text, host).is_ascii_alphanumeric().then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(text: &str) -> Option<String> {
        (0..text.len())
            .filter(|at| text.is_char_boundary(*at))
            .find_map(|at| mobile(text, at, Edges::FREE))
            .map(|(_, digits)| digits)
    }

    #[test]
    fn phones_in_every_dress() {
        for text in [
            "13800138000",
            "138 0013 8000",
            "138-0013-8000",
            "1 3 8 0 0 1 3 8 0 0 0",
            "+8613800138000",
            "+86 138 0013 8000",
            "(+86)138-0013-8000",
            "86 13800138000",
            "008613800138000",
            "8613800138000",
            "手机13800138000号",
            "138–0013–8000",
            "482913 13800138000",
            "138001 13800138000",
        ] {
            assert_eq!(phone(text).as_deref(), Some("13800138000"), "{text}");
        }
    }

    #[test]
    fn what_is_no_phone() {
        for text in [
            "12800138000",
            "1380013800",
            "138001380001",
            "913800138000",
            "+1 3800138000",
            "0.13800138000",
            "11010119900307283x",
            "482913",
        ] {
            assert_eq!(phone(text), None, "{text}");
        }
    }

    #[test]
    fn codes_have_no_digit_beside_them() {
        assert_eq!(exactly("482913", 0, 6, Edges::FREE), Some(6));
        assert_eq!(exactly("4829131", 0, 6, Edges::FREE), None);
        assert_eq!(exactly("4829131", 1, 6, Edges::FREE), None);
        assert_eq!(exactly("码482913。", 3, 6, Edges::FREE), Some(9));
    }

    #[test]
    fn numbers() {
        assert_eq!(number("12", 0, Edges::FREE), Some((2, 12.0)));
        assert_eq!(number("-1.5元", 0, Edges::FREE), Some((4, -1.5)));
        assert_eq!(
            number("1,234,567.5", 0, Edges::FREE),
            Some((11, 1_234_567.5))
        );
        assert_eq!(number("1,23", 0, Edges::FREE), Some((1, 1.0)));
        assert_eq!(number("3.", 0, Edges::FREE), Some((1, 3.0)));
        assert_eq!(number("x", 0, Edges::FREE), None);
        assert_eq!(number("12", 1, Edges::FREE), None);
    }

    #[test]
    fn mail_addresses() {
        assert_eq!(email("a.b+c@example.com。", 0, Edges::FREE), Some(17));
        assert_eq!(email("a@b", 0, Edges::FREE), None);
        assert_eq!(email("a@-b.com", 0, Edges::FREE), None);
        assert_eq!(email("a@b.com.", 0, Edges::FREE), Some(7));
    }

    #[test]
    fn identity_numbers_are_checked() {
        assert_eq!(id_card("11010519491231002x", 0, Edges::FREE), Some(18));
        assert_eq!(
            id_card("110105194912310021", 0, Edges::FREE),
            None,
            "check digit"
        );
        assert_eq!(
            id_card("11010519491331002x", 0, Edges::FREE),
            None,
            "month 13"
        );
        assert_eq!(id_card("11010519491231002x1", 0, Edges::FREE), None);
    }

    #[test]
    fn dates() {
        let iso = |text| date(text, 0, Edges::FREE).map(|(_, iso)| iso);
        assert_eq!(iso("2026-01-05").as_deref(), Some("2026-01-05"));
        assert_eq!(iso("2026/1/5").as_deref(), Some("2026-01-05"));
        assert_eq!(iso("2026.1.5").as_deref(), Some("2026-01-05"));
        assert_eq!(iso("2026年1月5日").as_deref(), Some("2026-01-05"));
        assert_eq!(
            iso("2026 年 1 月 5 号"),
            None,
            "a blank before 年 is rare and not read"
        );
        assert_eq!(iso("1/5").as_deref(), Some("01-05"));
        assert_eq!(iso("01-05").as_deref(), Some("01-05"));
        assert_eq!(iso("1-5"), None, "one to five");
        assert_eq!(iso("01-05-3"), None);
        assert_eq!(date("7-01-05", 2, Edges::FREE), None);
        assert_eq!(iso("2月29日").as_deref(), Some("02-29"));
        assert_eq!(iso("2026-02-29"), None);
        assert_eq!(iso("2026-13-01"), None);
        assert_eq!(iso("1/5/2"), None);
    }

    #[test]
    fn web_addresses_end_before_chinese_text() {
        let text = "https://example.com/a?b=1。谢谢";
        assert_eq!(
            url(text, 0, Edges::FREE).map(|end| &text[..end]),
            Some("https://example.com/a?b=1")
        );
        assert_eq!(url("http://a.cn).", 0, Edges::FREE), Some(11));
        assert_eq!(url("ftp://a.cn", 0, Edges::FREE), None);
    }
}
