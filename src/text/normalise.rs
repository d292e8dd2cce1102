//! One message, normalised once.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, is_nfkc_quick};

use super::literal::compact;

/// Longest text that is looked at, in bytes of UTF-8. WeChat delivers at most 2,048 characters of
/// text; anything longer is cut here, so that no search below needs a bound of its own.
pub const MAX_TEXT_BYTES: usize = 8 * 1024;

/// A text in the form that matching looks at, with the way back to what was typed.
#[derive(Clone, Default)]
pub struct Normalised {
    original: Box<str>,
    /// NFKC, lower case, blanks folded to one space and trimmed.
    text: String,
    /// The same before lower-casing; `None` when equal.
    cased: Option<String>,
    /// The text without the blanks that do not matter; `None` when equal.
    compact: Option<String>,
    /// For each byte of `text` and its end: the byte in `cased` and in `original`. `None` when the
    /// bytes lie one to one, after `lead` bytes of the original.
    map: Option<Vec<[u32; 2]>>,
    lead: usize,
    digits: usize,
}

/// Normalises a text: NFKC, full width to half width, lower case (kept beside the cased form),
/// every run of blanks to one space, trimmed, invisible characters dropped, cut at
/// [`MAX_TEXT_BYTES`].
pub fn normalise(original: &str) -> Normalised {
    let original = cut(original);
    let mut out = if original.is_ascii() {
        ascii(original)
    } else if original.chars().all(is_han) {
        // What most people write: every form of it is itself.
        Normalised {
            text: original.to_owned(),
            ..Normalised::default()
        }
    } else {
        unicode(original)
    };
    out.original = original.into();
    let compacted = compact(&out.text);
    if compacted.len() != out.text.len() {
        out.compact = Some(compacted);
    }
    out.digits = out.text.bytes().filter(u8::is_ascii_digit).count();
    out
}

impl Normalised {
    /// What was typed.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// The form matching looks at: lower case, one blank between words.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same with capital letters kept.
    pub fn cased(&self) -> &str {
        self.cased.as_deref().unwrap_or(&self.text)
    }

    /// The form whole texts are compared in: only the blanks that matter are left.
    pub fn compact(&self) -> &str {
        self.compact.as_deref().unwrap_or(&self.text)
    }

    /// Whether nothing but blanks was typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// How many ASCII digits there are, full-width ones included.
    pub fn digit_count(&self) -> usize {
        self.digits
    }

    /// The capitals-kept form of a stretch of [`Normalised::text`].
    pub fn cased_slice(&self, range: Range<usize>) -> &str {
        let range = match &self.map {
            Some(map) => map[range.start][0] as usize..map[range.end][0] as usize,
            None => range,
        };
        self.cased().get(range).unwrap_or_default()
    }

    /// Where a stretch of [`Normalised::text`] stands in the original.
    pub fn original_range(&self, range: Range<usize>) -> Range<usize> {
        let Some(map) = &self.map else {
            return range.start + self.lead..range.end + self.lead;
        };
        let start = map[range.start][1];
        let mut end = map[range.end][1];
        // A single character can become several: `㎏` is `kg`. Half of it quotes all of it.
        let last = map[range.end.saturating_sub(1).max(range.start)][1];
        if range.end > range.start && end <= last {
            end = map[range.end..]
                .iter()
                .map(|[_, at]| *at)
                .find(|at| *at > last)
                .unwrap_or(end);
        }
        start as usize..(end as usize).max(start as usize)
    }

    /// What was typed for a stretch of [`Normalised::text`].
    pub fn quote(&self, range: Range<usize>) -> &str {
        self.original
            .get(self.original_range(range))
            .unwrap_or_default()
    }
}

impl std::fmt::Debug for Normalised {
    /// Says how long it is, never what it says.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Normalised({} bytes)", self.original.len())
    }
}

fn cut(text: &str) -> &str {
    if text.len() <= MAX_TEXT_BYTES {
        return text;
    }
    let mut end = MAX_TEXT_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn ascii(original: &str) -> Normalised {
    let trimmed = original.trim_ascii();
    let lead = original.len() - original.trim_ascii_start().len();
    let bytes = trimmed.as_bytes();
    let plain =
        !bytes.iter().any(u8::is_ascii_control) && !bytes.windows(2).any(|pair| pair == b"  ");
    if !plain {
        return unicode(original);
    }
    let text = trimmed.to_ascii_lowercase();
    let cased = (text != trimmed).then(|| trimmed.to_owned());
    Normalised {
        text,
        cased,
        lead,
        ..Normalised::default()
    }
}

fn unicode(original: &str) -> Normalised {
    let mut folder = Folder {
        text: String::with_capacity(original.len()),
        cased: String::with_capacity(original.len()),
        map: Vec::with_capacity(original.len() + 1),
        blank: None,
        end: 0,
    };
    let mut chars = original.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let mut end = start + c.len_utf8();
        while let Some(&(at, next)) = chars.peek() {
            if starts_segment(next) {
                break;
            }
            end = at + next.len_utf8();
            chars.next();
        }
        if end == start + c.len_utf8() && is_stable(c) {
            folder.push(c, start, end);
        } else if end == start + c.len_utf8() && is_full_width(c) {
            folder.push(half_width(c), start, end);
        } else {
            for c in original[start..end].nfkc() {
                folder.push(c, start, end);
            }
        }
    }
    folder.finish()
}

/// Folds case and blanks while it keeps the way back.
struct Folder {
    text: String,
    cased: String,
    map: Vec<[u32; 2]>,
    /// Where the run of blanks that is not written yet began.
    blank: Option<usize>,
    /// Where the last written character ended.
    end: usize,
}

impl Folder {
    fn push(&mut self, c: char, start: usize, end: usize) {
        if c.is_whitespace() {
            if !self.text.is_empty() && self.blank.is_none() {
                self.blank = Some(start);
            }
            return;
        }
        if is_invisible(c) {
            return;
        }
        if let Some(at) = self.blank.take() {
            self.write(' ', at);
        }
        self.write(c, start);
        self.end = end;
    }

    fn write(&mut self, c: char, at: usize) {
        // Offsets fit: the text was cut at MAX_TEXT_BYTES.
        let entry = [self.cased.len() as u32, at as u32];
        self.cased.push(c);
        let before = self.text.len();
        if c.is_ascii() {
            self.text.push(c.to_ascii_lowercase());
        } else {
            self.text.extend(c.to_lowercase());
        }
        for _ in before..self.text.len() {
            self.map.push(entry);
        }
    }

    fn finish(mut self) -> Normalised {
        self.map.push([self.cased.len() as u32, self.end as u32]);
        let cased = (self.cased != self.text).then_some(self.cased);
        Normalised {
            text: self.text,
            cased,
            map: Some(self.map),
            ..Normalised::default()
        }
    }
}

/// Whether a character begins a stretch that normalises by itself, whatever stands before it.
fn starts_segment(c: char) -> bool {
    if c.is_ascii() || is_stable(c) || is_full_width(c) {
        return true;
    }
    let Some(first) = std::iter::once(c).nfkd().next() else {
        return true;
    };
    canonical_combining_class(first) == 0
        && is_nfkc_quick(std::iter::once(first)) != IsNormalized::Maybe
}

/// Characters that NFKC leaves alone when nothing combines with them: ASCII and Han.
fn is_stable(c: char) -> bool {
    c.is_ascii() || is_han(c)
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

fn is_full_width(c: char) -> bool {
    ('\u{ff01}'..='\u{ff5e}').contains(&c)
}

/// The ASCII character a full-width one stands for.
pub(super) fn half_width(c: char) -> char {
    char::from_u32(c as u32 - 0xfee0).unwrap_or(c)
}

/// Characters nobody sees: controls, directions, joiners, variation selectors.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn width_case_and_blanks_are_folded() {
        let n = normalise("  我的　手机号是１３８ \n ００１３　８０００，Ｂｉｎｄ ");
        assert_eq!(n.text(), "我的 手机号是138 0013 8000,bind");
        assert_eq!(n.cased(), "我的 手机号是138 0013 8000,Bind");
        assert_eq!(n.compact(), "我的手机号是138 0013 8000,bind");
        assert_eq!(n.digit_count(), 11);
    }

    #[test]
    fn quotes_come_from_the_original() {
        let n = normalise("  重量５㎏　左右 ");
        let at = n.text().find("5kg").unwrap();
        assert_eq!(n.quote(at..at + 3), "５㎏");
        assert_eq!(
            n.quote(at + 1..at + 2),
            "㎏",
            "half of a character quotes all of it"
        );
        assert_eq!(n.quote(0..n.text().len()), "重量５㎏　左右");
        let n = normalise("  Bind ABC ");
        assert_eq!(n.quote(5..8), "ABC");
        assert_eq!(n.cased_slice(0..4), "Bind");
    }

    #[test]
    fn invisible_characters_and_combining_marks_do_not_hide_words() {
        assert_eq!(normalise("锁\u{200b}定\u{202e}").text(), "锁定");
        assert_eq!(normalise("cafe\u{301}").text(), "café");
        assert_eq!(normalise("ｶﾞ").text(), "ガ");
        assert_eq!(normalise("\u{1100}\u{1161}").text(), "가");
    }

    #[test]
    fn blank_and_long_texts() {
        assert!(normalise(" \u{3000}\n\t").is_empty());
        assert!(normalise("").is_empty());
        let long = normalise(&"锁".repeat(MAX_TEXT_BYTES));
        assert!(long.original().len() <= MAX_TEXT_BYTES);
        assert_eq!(long.quote(0..long.text().len()), long.original());
    }

    #[test]
    fn debug_output_hides_the_text() {
        assert!(!format!("{:?}", normalise("482913")).contains("482913"));
    }

    proptest! {
        #[test]
        fn segments_normalise_like_the_whole(text in "\\PC{0,40}") {
            let whole: String = text.nfkc().collect::<String>().chars()
                .filter(|c| !is_invisible(*c)).collect();
            let whole = whole.split_whitespace().collect::<Vec<_>>().join(" ");
            let n = normalise(&text);
            prop_assert_eq!(n.cased(), whole);
        }

        #[test]
        fn every_stretch_has_an_original(text in "[a-zA-Z0-9 \u{3000}㎏ﬃÀ锁定１２，İ\u{301}]{0,20}") {
            let n = normalise(&text);
            let ends: Vec<usize> = n.text().char_indices().map(|(at, _)| at)
                .chain([n.text().len()]).collect();
            for (i, &start) in ends.iter().enumerate() {
                for &end in &ends[i..] {
                    prop_assert!(n.original().get(n.original_range(start..end)).is_some());
                    let _ = n.cased_slice(start..end);
                }
            }
        }
    }
}
