//! What a list has before its lines: `1.`, `（1）`, `①`, `一、`, `第一步：`, `a)`, `-`, `•`, `- [ ]`.

/// Signs behind a number of a list.
const CLOSERS: [char; 9] = ['.', '．', '、', ')', '）', ':', '：', ',', '，'];
/// Signs before a line of a list.
const BULLETS: &str = "-*+>•·●○◦◆◇■□▪▫▶►➤→➢※★☆√✓✔☑–—−－―‣⁃";
/// Numbers in Chinese.
const NUMERALS: &str = "一二三四五六七八九十";
/// What `第一…` counts.
const COUNTED: &str = "条步项个点";
/// Digits of a number of a list.
const MAX_DIGITS: usize = 3;

/// How many bytes of `line` are a mark of a list, with the blanks behind it.
pub(super) fn mark(line: &str) -> Option<usize> {
    let length = boxed(line)
        .or_else(|| numbered(line))
        .or_else(|| lettered(line))
        .or_else(|| bullet(line))?;
    let rest = &line[length..];
    // A box to be ticked off stands behind it.
    let ticked = ["[ ] ", "[x] ", "[X] "]
        .into_iter()
        .find(|ticked| rest.trim_start().starts_with(ticked));
    let behind = match ticked {
        Some(ticked) => &rest.trim_start()[ticked.len()..],
        None => rest,
    };
    Some(line.len() - behind.trim_start().len())
}

/// How many bytes the number at the beginning takes.
fn number(line: &str) -> Option<usize> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if (1..=MAX_DIGITS).contains(&digits) {
        return Some(digits);
    }
    let wide: usize = line
        .chars()
        .take(MAX_DIGITS)
        .take_while(|c| ('０'..='９').contains(c) || NUMERALS.contains(*c))
        .map(char::len_utf8)
        .sum();
    (wide > 0).then_some(wide)
}

/// `（1）`, `(一)`, `[1]`, `【1】`
fn boxed(line: &str) -> Option<usize> {
    let open = line.chars().next()?;
    let closers = match open {
        '(' | '（' => [')', '）'],
        '[' | '【' | '〔' => [']', '】'],
        _ => return None,
    };
    let inside = &line[open.len_utf8()..];
    let length = number(inside).or_else(|| letter(inside))?;
    let close = inside[length..]
        .chars()
        .next()
        .filter(|c| closers.contains(c) || *c == '〕')?;
    Some(open.len_utf8() + length + close.len_utf8())
}

/// `1.`, `1 `, `①`, `Ⅰ.`, `一、`, `第一步：`, `规则1：`
fn numbered(line: &str) -> Option<usize> {
    let first = line.chars().next()?;
    let closed = |length: usize| {
        let sign = line[length..].chars().next()?;
        CLOSERS.contains(&sign).then(|| length + sign.len_utf8())
    };
    match first {
        // Circled, in parentheses, with a stop: each is one character.
        '\u{2460}'..='\u{249B}'
        | '\u{24EA}'..='\u{24FF}'
        | '\u{2776}'..='\u{2793}'
        | '\u{3220}'..='\u{3229}'
        | '\u{3280}'..='\u{3289}' => {
            return closed(first.len_utf8()).or(Some(first.len_utf8()));
        }
        '\u{2160}'..='\u{217B}' => return closed(first.len_utf8()).or(Some(first.len_utf8())),
        _ => {}
    }
    for called in ["第", "规则", "步骤", "动作"] {
        let Some(rest) = line.strip_prefix(called) else {
            continue;
        };
        let blank = rest.len() - rest.trim_start_matches(' ').len();
        let mut length = called.len() + blank + number(&rest[blank..])?;
        if let Some(unit) = line[length..]
            .chars()
            .next()
            .filter(|c| COUNTED.contains(*c))
        {
            length += unit.len_utf8();
        }
        return closed(length).or(line[length..].starts_with(' ').then_some(length));
    }
    let length = number(line)?;
    // `1.1.` of a list in a list.
    let inner = line[length..]
        .strip_prefix('.')
        .and_then(number)
        .map(|more| length + 1 + more);
    let length = inner.unwrap_or(length);
    closed(length).or(line[length..].starts_with([' ', '\t']).then_some(length))
}

fn letter(line: &str) -> Option<usize> {
    line.starts_with(|c: char| c.is_ascii_alphabetic())
        .then_some(1)
}

/// `a)`, `A.`
fn lettered(line: &str) -> Option<usize> {
    let length = letter(line)?;
    let sign = line[length..]
        .chars()
        .next()
        .filter(|sign| CLOSERS.contains(sign))?;
    // `a.city` is a name.
    let blank = line[length + sign.len_utf8()..].starts_with(' ');
    (blank || !matches!(sign, '.' | ':' | ',')).then(|| length + sign.len_utf8())
}

/// `-`, `•`, `>`; the same sign twice, too.
fn bullet(line: &str) -> Option<usize> {
    let first = line.chars().next().filter(|c| BULLETS.contains(*c))?;
    let length = first.len_utf8();
    let twice = line[length..].starts_with(first) && !matches!(first, '*');
    Some(if twice { 2 * length } else { length })
}

#[cfg(test)]
mod tests {
    use super::mark;

    #[test]
    fn marks_of_lists() {
        for sign in [
            "1. ",
            "1.",
            "12、",
            "1) ",
            "1）",
            "（1）",
            "(1) ",
            "① ",
            "①",
            "⑴",
            "❶ ",
            "一、",
            "（一）",
            "第一条：",
            "第2步 ",
            "规则1：",
            "Ⅰ. ",
            "a) ",
            "A. ",
            "- ",
            "* ",
            "• ",
            "●",
            "> ",
            "→ ",
            "- [ ] ",
            "- [x] ",
            "[1] ",
            "【1】",
            "1.1 ",
            "１．",
            "1 ",
        ] {
            let line = format!("{sign}reply \"x\"");
            assert_eq!(mark(&line), Some(sign.len()), "{line}");
        }
        for code in [
            "reply \"x\"",
            "a.city",
            "(a or b)",
            "[\"a\"]",
            "2026-01-05",
            "1234. on",
        ] {
            assert_eq!(mark(code), None, "{code}");
        }
    }
}
