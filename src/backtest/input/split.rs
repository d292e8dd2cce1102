//! Cuts CSV text into records and fields without copying what need not be copied.
//!
//! What counts as a field is what the `csv` crate says (a test holds both together): quotes open only
//! at the beginning of a field, two of them inside are one, what follows a closing quote belongs to
//! the field, blank lines are nothing. Unlike that crate's reader it also tells where a piece of a
//! file can be cut so that pieces can be read side by side. It knows bytes, not what they mean.

use memchr::{memchr, memrchr};

use super::lost::Flaw;

/// Rows longer than this are not well formed: a quote that never ends would else eat the file.
pub(super) const MAX_ROW_BYTES: usize = 1 << 20;
/// Rows of more lines than this are none either: a quote too many, which another one closed.
const MAX_ROW_LINES: u64 = 64;

const QUOTE: u8 = b'"';

/// One past the last record of `bytes` that certainly ends in them; 0 when none does. `bytes` begin
/// with a record.
pub(super) fn whole(bytes: &[u8], delimiter: u8) -> usize {
    // Where text outside of quotes begins and ends. The last line break in it is looked for from behind, once:
    // stretch by stretch all of it would be gone through twice.
    let mut outside: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    loop {
        let from = at;
        let open = loop {
            let Some(found) = memchr(QUOTE, &bytes[at..]) else {
                break None;
            };
            let quote = at + found;
            at = quote + 1;
            if quote == 0 || [delimiter, b'\n', b'\r'].contains(&bytes[quote - 1]) {
                break Some(quote);
            }
        };
        outside.push((from, open.unwrap_or(bytes.len())));
        match open.and_then(|open| closing(bytes, open + 1)) {
            // A quote at the very end may be the first of two.
            Some(close) if close + 1 < bytes.len() => at = close + 1,
            _ => break,
        }
    }
    let last = |(from, to): &(usize, usize)| {
        let last = memrchr(b'\n', &bytes[*from..*to])?;
        Some(from + last + 1)
    };
    outside.iter().rev().find_map(last).unwrap_or(0)
}

/// The quote that closes a field whose text begins at `at`.
fn closing(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let quote = at + memchr(QUOTE, bytes.get(at..)?)?;
        if bytes.get(quote + 1) != Some(&QUOTE) {
            return Some(quote);
        }
        at = quote + 2;
    }
}

/// Where delimiters, line breaks and quotes stand, looked for 64 bytes at a time: a search from field
/// to field would begin anew every few bytes.
#[derive(Debug)]
struct Marks<'b> {
    bytes: &'b [u8],
    delimiter: u8,
    /// Where the present block begins.
    base: usize,
    /// Its marks that were not given yet, a bit each.
    left: u64,
}

impl<'b> Marks<'b> {
    fn new(bytes: &'b [u8], delimiter: u8) -> Self {
        let mut marks = Self {
            bytes,
            delimiter,
            base: 0,
            left: 0,
        };
        marks.look();
        marks
    }

    /// Looks through the block at `base`.
    fn look(&mut self) {
        let rest = self.bytes.get(self.base..).unwrap_or_default();
        self.left = match rest.first_chunk() {
            Some(block) => marked(block, self.delimiter),
            None => {
                // No mark beyond the end.
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                let inside = (1_u64 << rest.len()) - 1;
                marked(&block, self.delimiter) & inside
            }
        };
    }

    /// The next mark; the number of bytes after the last.
    #[inline]
    fn next(&mut self) -> usize {
        while self.left == 0 {
            self.base += BLOCK;
            if self.base >= self.bytes.len() {
                self.base = self.bytes.len();
                return self.base;
            }
            self.look();
        }
        let at = self.base + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        at
    }

    /// Begins anew at `at`, wherever that is.
    fn back(&mut self, at: usize) {
        self.base = at / BLOCK * BLOCK;
        self.look();
        self.left &= u64::MAX << (at - self.base);
    }

    /// Goes on from `at`, which is not before the last mark given.
    #[inline]
    fn seek(&mut self, at: usize) {
        if at >= self.base + BLOCK {
            self.base = at / BLOCK * BLOCK;
            self.look();
        }
        self.left &= u64::MAX << (at - self.base);
    }
}

/// Bytes looked through at a time: as many as a word has bits.
const BLOCK: usize = 64;

/// A bit for each byte that means something.
#[inline]
fn marked(block: &[u8; BLOCK], delimiter: u8) -> u64 {
    // Written so that compilers compare sixteen or more bytes at once.
    let mut hits = [0_u8; BLOCK];
    for (hit, byte) in hits.iter_mut().zip(block) {
        *hit = u8::from(*byte == delimiter)
            | u8::from(*byte == b'\n')
            | u8::from(*byte == b'\r')
            | u8::from(*byte == QUOTE);
    }
    let mut bits = 0;
    for (at, eight) in hits.as_chunks::<8>().0.iter().enumerate() {
        // Gathers the lowest bits of eight bytes in the highest byte.
        let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= gathered << (at * 8);
    }
    bits
}

/// Where a field stands.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: u32,
    to: u32,
    /// In the scratch space instead of the bytes.
    rewritten: bool,
}

impl Span {
    fn range(self) -> std::ops::Range<usize> {
        self.from as usize..self.to as usize
    }
}

/// The records of a piece of a file, one after another. Pieces are far smaller than 4 GB.
#[derive(Debug)]
pub(super) struct Records<'b> {
    bytes: &'b [u8],
    delimiter: u8,
    at: usize,
    marks: Marks<'b>,
    /// Line breaks before `at`.
    lines: u64,
    start: usize,
    /// Line breaks before `start`.
    line: u64,
    /// A quote of the record has no end.
    unclosed: bool,
    fields: Vec<Span>,
    scratch: Vec<u8>,
}

impl<'b> Records<'b> {
    /// Of `bytes`, which begin with a record.
    pub(super) fn new(bytes: &'b [u8], delimiter: u8) -> Self {
        Self {
            bytes,
            delimiter,
            at: 0,
            marks: Marks::new(bytes, delimiter),
            lines: 0,
            start: 0,
            line: 0,
            unclosed: false,
            fields: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Moves to the next record: how many line breaks stand before it, `None` after the last.
    pub(super) fn next(&mut self) -> Option<u64> {
        let bytes = self.bytes;
        loop {
            match bytes.get(self.at)? {
                b'\n' => self.lines += 1,
                b'\r' => {}
                _ => break,
            }
            self.at += 1;
        }
        let line = self.lines;
        self.line = line;
        self.unclosed = false;
        self.start = self.at;
        self.fields.clear();
        self.scratch.clear();
        self.marks.seek(self.at);
        let mut from = self.at;
        let end = loop {
            let mark = self.marks.next();
            let end = match bytes.get(mark) {
                Some(byte) if *byte == self.delimiter => {
                    self.push(from, mark, false);
                    from = mark + 1;
                    continue;
                }
                // Quotes open only at the beginning of a field.
                Some(&QUOTE) if mark > from => continue,
                Some(&QUOTE) => self.quoted(mark),
                _ => {
                    self.push(from, mark, false);
                    mark
                }
            };
            match bytes.get(end) {
                Some(byte) if *byte == self.delimiter => from = end + 1,
                _ => break end,
            }
        };
        self.lines += u64::from(bytes.get(end) == Some(&b'\n'));
        self.at = (end + 1).min(bytes.len());
        Some(line)
    }

    /// The next mark that ends a field.
    #[inline]
    fn stop(&mut self) -> usize {
        loop {
            let at = self.marks.next();
            if self.bytes.get(at) != Some(&QUOTE) {
                return at;
            }
        }
    }

    /// Reads the field whose quote opens at `open`, the mark given last, and says where it ends.
    fn quoted(&mut self, open: usize) -> usize {
        let bytes = self.bytes;
        let text = open + 1;
        let mut doubled = false;
        let close = loop {
            let at = self.marks.next();
            match bytes.get(at) {
                None => {
                    self.unclosed = true;
                    doubled = true;
                    break at;
                }
                Some(b'\n') => self.lines += 1,
                Some(&QUOTE) if bytes.get(at + 1) == Some(&QUOTE) => {
                    doubled = true;
                    self.marks.next();
                }
                Some(&QUOTE) => break at,
                Some(_) => {}
            }
        };
        let after = (close + 1).min(bytes.len());
        let end = self.stop();
        if !doubled && end == after {
            self.push(text, close, false);
            return end;
        }
        let from = self.scratch.len();
        let mut inside = bytes[text..close].iter();
        while let Some(byte) = inside.next() {
            self.scratch.push(*byte);
            if *byte == QUOTE {
                inside.next();
            }
        }
        self.scratch.extend_from_slice(&bytes[after..end]);
        let to = self.scratch.len();
        self.push(from, to, true);
        end
    }

    #[inline]
    fn push(&mut self, from: usize, to: usize, rewritten: bool) {
        self.fields.push(Span {
            from: from as u32,
            to: to as u32,
            rewritten,
        });
    }

    /// How many fields the record has.
    pub(super) fn width(&self) -> usize {
        self.fields.len()
    }

    /// Whether it may be a row of `width` fields.
    pub(super) fn is_row(&self, width: usize) -> bool {
        let lines = self.lines - self.line;
        self.width() == width
            && self.at - self.start <= MAX_ROW_BYTES
            && lines <= MAX_ROW_LINES
            && !self.unclosed
    }

    /// Why it is none.
    pub(super) fn flaw(&self, width: usize) -> Flaw {
        if self.unclosed {
            Flaw::Quote
        } else if self.width() != width {
            Flaw::Width(self.width(), width)
        } else {
            Flaw::Long
        }
    }

    /// Takes only the first line of a record of several back: the next record begins behind it. Whether there
    /// is more than one line.
    pub(super) fn keep_one_line(&mut self) -> bool {
        let record = &self.bytes[self.start..self.at];
        match memchr(b'\n', record) {
            Some(end) if end + 1 < record.len() => {
                self.at = self.start + end + 1;
                self.lines = self.line + 1;
                self.marks.back(self.at);
                true
            }
            _ => false,
        }
    }

    /// A field of it; empty when there is none.
    pub(super) fn get(&self, at: usize) -> &[u8] {
        let Some(span) = self.fields.get(at) else {
            return b"";
        };
        match span.rewritten {
            true => &self.scratch[span.range()],
            false => &self.bytes[span.range()],
        }
    }

    /// A field of it out of `piece`, which is the whole of the bytes as text; `None` when it had to be
    /// rewritten.
    pub(super) fn text(&self, at: usize, piece: &'b str) -> Option<&'b str> {
        let span = self.fields.get(at).filter(|span| !span.rewritten)?;
        piece.get(span.range())
    }

    /// What stands after the record.
    pub(super) fn rest(&self) -> usize {
        self.at
    }

    /// Line breaks read so far.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let mut records = Records::new(bytes, b',');
        let mut all = Vec::new();
        while records.next().is_some() {
            all.push(
                (0..records.width())
                    .map(|at| records.get(at).to_vec())
                    .collect(),
            );
        }
        all
    }

    fn by_the_crate(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
        csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes)
            .byte_records()
            .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
            .collect()
    }

    #[test]
    fn fields_are_those_of_the_csv_crate() {
        for text in [
            "a,b\nc,d\n",
            "a,\"b,\n\"\"x\"\"\",c\r\n\r\n,\r\n\"\"",
            "\"a\"b\"c,d\n\"open,\nto the end",
            "a\"b\",c\rx,",
            "\"\"\"\",\"\"\n\n\n",
        ] {
            assert_eq!(
                split(text.as_bytes()),
                by_the_crate(text.as_bytes()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn lines_are_counted_where_records_begin() {
        let mut records = Records::new(b"a\r\n\r\n\"b\nb\"\r\nc\n", b',');
        let lines: Vec<u64> = std::iter::from_fn(|| records.next()).collect();
        assert_eq!(lines, [0, 2, 4]);
        assert_eq!(records.lines(), 5);
    }

    proptest! {
        #[test]
        fn any_text_is_split_as_the_csv_crate_splits_it(text in "[ab,\"\n\r]{0,200}") {
            prop_assert_eq!(split(text.as_bytes()), by_the_crate(text.as_bytes()));
        }

        #[test]
        fn pieces_read_side_by_side_are_the_whole(text in "[ab,\"\n\r]{0,200}", cut in 0_usize..200) {
            let bytes = text.as_bytes();
            let end = whole(&bytes[..cut.min(bytes.len())], b',');
            let mut pieces = split(&bytes[..end]);
            pieces.extend(split(&bytes[end..]));
            prop_assert_eq!(pieces, split(bytes));
        }
    }
}
