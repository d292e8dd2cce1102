//! Fitting text into the platform's byte limits.
//!
//! Limits count UTF-8 bytes. A cut never splits a character and never falls inside a link
//! (`<a …>label</a>`): a torn tag would reach the user as markup.

use std::borrow::Cow;

/// Longest text of a passive reply or customer-service message, bytes of UTF-8. Not in the current
/// documents; older ones and practice agree on it.
pub const TEXT_LIMIT: usize = 2048;

const ELLIPSIS: &str = "…";

/// `text` if it fits into `limit` bytes, else its beginning with an ellipsis.
pub fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit {
        return Cow::Borrowed(text);
    }
    let at = cut_point(text, limit.saturating_sub(ELLIPSIS.len()));
    let mut out = text[..at].trim_end().to_owned();
    if out.len() + ELLIPSIS.len() <= limit {
        out.push_str(ELLIPSIS);
    }
    Cow::Owned(out)
}

/// `text` in pieces of at most `limit` bytes: the first for the passive reply, the rest for
/// customer-service messages. A piece ends at a line break where its second half has one. A link
/// that alone exceeds the limit is left out.
pub fn split(text: &str, limit: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > limit {
        let mut at = cut_point(rest, limit);
        if at == 0 {
            // A link longer than a whole message, or a limit shorter than a character.
            let skipped = links(rest).next().map_or(rest.len(), |(_, end)| end);
            rest = &rest[skipped..];
            continue;
        }
        if let Some(line) = rest[..at].rfind('\n').filter(|line| *line >= at / 2) {
            // The link test again: a label may contain a line break.
            at = cut_point(rest, line + 1);
        }
        pieces.push(rest[..at].trim_end().to_owned());
        rest = rest[at..].trim_start_matches('\n');
    }
    if !rest.is_empty() {
        pieces.push(rest.to_owned());
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The last place at or before `limit` that is between characters and outside links.
fn cut_point(text: &str, limit: usize) -> usize {
    // `str::floor_char_boundary` would do, but is younger than the oldest compiler supported.
    let mut at = limit.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    links(text)
        .take_while(|(start, _)| *start < at)
        .find(|(_, end)| *end > at)
        .map_or(at, |(start, _)| start)
}

/// The byte ranges of `<a …>…</a>`; one without an end reaches to the end of the text.
fn links(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + find_open(&text[from..])?;
        let end = text[start..]
            .find("</a>")
            .map_or(text.len(), |at| start + at + "</a>".len());
        from = end;
        Some((start, end))
    })
}

fn find_open(text: &str) -> Option<usize> {
    text.match_indices("<a").map(|(at, _)| at).find(|at| {
        matches!(
            text.as_bytes().get(at + 2),
            Some(b' ' | b'\t' | b'\n' | b'>')
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_stay_and_long_ones_end_between_characters() {
        assert_eq!(cut("你好", 6), "你好");
        let long = "汉".repeat(1000);
        let fitted = cut(&long, TEXT_LIMIT);
        assert!(fitted.len() <= TEXT_LIMIT && fitted.len() > TEXT_LIMIT - 6);
        assert!(fitted.ends_with('…'));
        assert_eq!(cut("你好", 1), "");
    }

    #[test]
    fn a_cut_never_falls_inside_a_link() {
        let link = "<a href=\"https://example.com/long/address\">这里</a>";
        let text = format!("前文{link}后文");
        for limit in 0..=text.len() {
            let fitted = cut(&text, limit);
            assert!(fitted.len() <= limit, "{limit}");
            assert!(
                fitted.contains(link) || !fitted.contains('<'),
                "{limit}: {fitted}"
            );
        }
        assert!(cut("a <abc but no link", 6).starts_with("a <"));
    }

    #[test]
    fn pieces_fit_and_lose_nothing_but_line_breaks() {
        let text = (0..200).map(|n| format!("第{n}行\n")).collect::<String>();
        let pieces = split(&text, 100);
        assert!(pieces.iter().all(|piece| piece.len() <= 100));
        assert_eq!(pieces.concat().replace('\n', ""), text.replace('\n', ""));
        let giant = format!("甲<a href=\"{}\">x</a>乙", "y".repeat(300));
        assert_eq!(split(&giant, 100), ["甲", "乙"]);
        assert!(split("汉字", 2).is_empty());
    }
}
