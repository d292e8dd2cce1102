//! Bytes ↔ the protocol's positions: lines from 0, columns in UTF-16 code units.
//!
//! Every position gives an offset and every offset a position: what lies outside is taken to the
//! nearest place inside, and never into the middle of a character.

use lsp_types::{Position, Range};

use crate::lang::span::Span;

/// Where the lines of a text start.
#[derive(Debug, Clone)]
pub struct Lines {
    starts: Vec<usize>,
    /// Every so often a byte, and how many code units lie between it and the start of its line. Counted
    /// from the start for each token of a line, a long one would cost the square of its length.
    marks: Vec<(usize, usize)>,
}

/// Bytes between two marks, about.
const MARK: usize = 256;

impl Lines {
    /// Of `text`; a line ends at `\n`, `\r\n` or a lone `\r`, as the protocol says.
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
                starts.push(at + 1);
            }
        }
        let mut marks = Vec::new();
        let (mut next, mut line, mut units) = (0, 0, 0);
        for (at, c) in text.char_indices() {
            if starts.get(line + 1).is_some_and(|&start| start <= at) {
                line += 1;
                units = 0;
            }
            if at >= next {
                marks.push((at, units));
                next = at + MARK;
            }
            units += c.len_utf16();
        }
        Self { starts, marks }
    }

    /// The bytes of line `line` of `text`, without its end.
    fn line<'t>(&self, text: &'t str, line: usize) -> &'t str {
        let start = self.starts.get(line).copied().unwrap_or(text.len());
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        text.get(start..end)
            .unwrap_or_default()
            .trim_end_matches(['\n', '\r'])
    }

    /// The position of a byte.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let line = self.starts.partition_point(|&start| start <= offset) - 1;
        let start = self.starts[line];
        let column = offset - start;
        let content = self.line(text, line);
        let before = self.marks.partition_point(|(at, _)| *at <= offset);
        let (from, counted) = match before.checked_sub(1).map(|mark| self.marks[mark]) {
            Some((at, units)) if at >= start && at - start <= content.len() => (at - start, units),
            _ => (0, 0),
        };
        let units: usize = content[from..]
            .char_indices()
            .take_while(|(at, _)| from + *at < column)
            .map(|(_, c)| c.len_utf16())
            .sum::<usize>()
            + counted;
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Position::new(clamp(line), clamp(units))
    }

    /// The byte at a position.
    pub fn offset(&self, text: &str, position: Position) -> usize {
        let line = position.line as usize;
        let Some(&start) = self.starts.get(line) else {
            return text.len();
        };
        let content = self.line(text, line);
        let mut left = position.character as usize;
        for (at, c) in content.char_indices() {
            if left < c.len_utf16() {
                return start + at;
            }
            left -= c.len_utf16();
        }
        start + content.len()
    }

    /// The range of a stretch of bytes.
    pub fn range(&self, text: &str, bytes: std::ops::Range<usize>) -> Range {
        Range::new(
            self.position(text, bytes.start),
            self.position(text, bytes.end),
        )
    }

    /// The range of a span of this text's file.
    pub fn span(&self, text: &str, span: Span) -> Range {
        self.range(text, span.range())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "on text \"绑😀定\" {\r\n    回复 x\n}\rz";

    #[test]
    fn columns_are_utf16_units() {
        let lines = Lines::of(TEXT);
        let at = |word: &str| lines.position(TEXT, TEXT.find(word).unwrap());
        assert_eq!(at("绑"), Position::new(0, 9));
        assert_eq!(at("😀"), Position::new(0, 10));
        assert_eq!(at("定"), Position::new(0, 12));
        assert_eq!(at("复 x"), Position::new(1, 5));
        assert_eq!(at("z"), Position::new(3, 0));
    }

    #[test]
    fn long_lines_are_counted_from_a_mark() {
        let text = format!("a\n{}\n{}b", "绑😀x".repeat(300), "定".repeat(900));
        let lines = Lines::of(&text);
        let mut wanted = Position::new(0, 0);
        for (offset, c) in text.char_indices() {
            assert_eq!(lines.position(&text, offset), wanted, "{offset}");
            wanted.character += c.len_utf16() as u32;
            if c == '\n' {
                wanted = Position::new(wanted.line + 1, 0);
            }
        }
        assert_eq!(lines.position(&text, text.len()), wanted);
    }

    #[test]
    fn offsets_and_positions_lead_back_to_each_other() {
        let lines = Lines::of(TEXT);
        for (offset, c) in TEXT
            .char_indices()
            .filter(|(_, c)| !matches!(c, '\n' | '\r'))
        {
            let position = lines.position(TEXT, offset);
            assert_eq!(lines.offset(TEXT, position), offset, "{c:?}");
        }
    }

    #[test]
    fn what_lies_outside_is_taken_inside() {
        let lines = Lines::of(TEXT);
        assert_eq!(lines.offset(TEXT, Position::new(99, 0)), TEXT.len());
        assert_eq!(
            lines.offset(TEXT, Position::new(1, 999)),
            TEXT.find("\n}").unwrap()
        );
        // In the middle of a surrogate pair.
        assert_eq!(
            lines.offset(TEXT, Position::new(0, 11)),
            TEXT.find('😀').unwrap()
        );
        assert_eq!(lines.position("", 0), Position::new(0, 0));
        assert_eq!(lines.offset("", Position::new(u32::MAX, u32::MAX)), 0);
    }
}
