//! Literal words of a pattern, compared with tolerance for blanks.

use super::normalise::normalise;

/// Whether a blank between these two characters says something: it separates two Latin letters or
/// two digits.
pub(super) fn glues(before: char, after: char) -> bool {
    (before.is_ascii_alphabetic() && after.is_ascii_alphabetic())
        || (before.is_ascii_digit() && after.is_ascii_digit())
}

/// Drops the blanks that say nothing from a text whose blanks are already folded.
pub(super) fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == ' ' {
            let keep = match (before, chars.peek()) {
                (Some(before), Some(after)) => glues(before, *after),
                _ => false,
            };
            if !keep {
                continue;
            }
        }
        out.push(c);
        before = Some(c);
    }
    out
}

/// The compact normalised form of words as an author wrote them.
pub(super) fn key(words: &str) -> String {
    normalise(words).compact().to_owned()
}

/// A literal piece of a pattern, ready to be compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Literal {
    /// Normalised, without the blanks that say nothing; may be empty when there were only blanks.
    pub(super) key: String,
    /// A blank was written before the words.
    gap_before: bool,
    /// A blank was written after the words.
    gap_after: bool,
}

impl Literal {
    pub(super) fn new(words: &str) -> Self {
        Self {
            key: key(words),
            gap_before: words.starts_with(char::is_whitespace),
            gap_after: words.ends_with(char::is_whitespace),
        }
    }

    /// Whether nothing but a blank was written.
    pub(super) fn is_blank(&self) -> bool {
        self.key.is_empty() && self.gap_before
    }

    /// Where the words end when they stand at `at`, blanks tolerated.
    pub(super) fn end_at(&self, text: &str, at: usize) -> Option<usize> {
        let mut at = at;
        if self.gap_before && !gap(text, at) {
            return None;
        }
        let mut before: Option<char> = None;
        for wanted in self.key.chars() {
            let mut here = text[at..].chars().next()?;
            if here == ' ' && wanted != ' ' && !before.is_some_and(|b| glues(b, wanted)) {
                at += 1;
                here = text[at..].chars().next()?;
            }
            if here != wanted {
                return None;
            }
            at += here.len_utf8();
            before = Some(here);
        }
        if self.gap_after && !gap(text, at) {
            return None;
        }
        Some(at)
    }
}

/// Whether a blank stands at `at`, or could: nothing is glued together there.
fn gap(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at..].chars().next();
    match (before, after) {
        (Some(before), Some(after)) => !glues(before, after),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_count_only_between_letters_or_digits() {
        assert_eq!(compact("锁 定"), "锁定");
        assert_eq!(compact("log in 1 2 次"), "log in1 2次");
        assert_eq!(key(" 是我　１ "), "是我1");
    }

    #[test]
    fn literals_match_with_and_without_blanks() {
        let l = Literal::new("是我 ");
        assert_eq!(l.end_at("是我1", 0), Some(6));
        assert_eq!(l.end_at("是 我 1", 0), Some(7));
        assert_eq!(l.end_at("是他 1", 0), None);
        let l = Literal::new("bind ");
        assert_eq!(l.end_at("bind abc", 0), Some(4));
        assert_eq!(
            l.end_at("bindabc", 0),
            None,
            "letters are not glued together"
        );
        assert_eq!(l.end_at("bind1", 0), Some(4));
        let l = Literal::new("log in");
        assert_eq!(l.end_at("login", 0), None);
        assert_eq!(Literal::new("login").end_at("log in", 0), None);
    }
}
