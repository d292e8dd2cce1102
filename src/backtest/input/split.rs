//! Cuts CSV text into records and fields without copying what need not be copied.
//!
//! What counts as a field is what the `csv` crate says (a test holds both together): quotes open only
//! at the beginning of a field, two of them inside are one, what follows a closing quote belongs to
//! the field, blank lines are nothing. Unlike that crate's reader it also tells where a piece of a
//! file can be cut so that pieces can be read side by side. It knows bytes, not what they mean.

use memchr::{memchr, memchr_iter, memchr3, memrchr};

const QUOTE: u8 = b'"';

/// One past the last record of `bytes` that certainly ends in them; 0 when none does. `bytes` begin
/// with a record.
pub(super) fn whole(bytes: &[u8], delimiter: u8) -> usize {
    let (mut end, mut at) = (0, 0);
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
        let outside = &bytes[from..open.unwrap_or(bytes.len())];
        if let Some(last) = memrchr(b'\n', outside) {
            end = from + last + 1;
        }
        let Some(open) = open else { return end };
        match closing(bytes, open + 1) {
            // A quote at the very end may be the first of two.
            Some((close, _)) if close + 1 < bytes.len() => at = close + 1,
            _ => return end,
        }
    }
}

/// The quote that closes a field whose text begins at `at`, and whether quotes stand in it doubled.
fn closing(bytes: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut doubled = false;
    loop {
        let quote = at + memchr(QUOTE, bytes.get(at..)?)?;
        if bytes.get(quote + 1) != Some(&QUOTE) {
            return Some((quote, doubled));
        }
        doubled = true;
        at = quote + 2;
    }
}

/// Where a field stands.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: usize,
    to: usize,
    /// In the scratch space instead of the bytes.
    rewritten: bool,
}

/// The records of a piece of a file, one after another.
#[derive(Debug)]
pub(super) struct Records<'b> {
    bytes: &'b [u8],
    delimiter: u8,
    at: usize,
    /// Line breaks before `at`.
    lines: u64,
    start: usize,
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
            lines: 0,
            start: 0,
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
        self.start = self.at;
        self.fields.clear();
        self.scratch.clear();
        loop {
            let end = self.field();
            self.at = (end + 1).min(bytes.len());
            match bytes.get(end) {
                Some(byte) if *byte == self.delimiter => {}
                Some(b'\n') => {
                    self.lines += 1;
                    return Some(line);
                }
                _ => return Some(line),
            }
        }
    }

    /// Reads the field at the present place and says where it ends.
    fn field(&mut self) -> usize {
        let (bytes, at, delimiter) = (self.bytes, self.at, self.delimiter);
        let stop = |from: usize| {
            let rest = bytes.get(from..).unwrap_or_default();
            from + memchr3(delimiter, b'\n', b'\r', rest).unwrap_or(rest.len())
        };
        if bytes.get(at) != Some(&QUOTE) {
            let end = stop(at);
            self.push(at, end, false);
            return end;
        }
        let text = at + 1;
        let (close, doubled) = closing(bytes, text).unwrap_or((bytes.len(), true));
        self.lines += memchr_iter(b'\n', &bytes[text..close]).count() as u64;
        let after = (close + 1).min(bytes.len());
        let end = stop(after);
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

    fn push(&mut self, from: usize, to: usize, rewritten: bool) {
        self.fields.push(Span {
            from,
            to,
            rewritten,
        });
    }

    /// How many fields the record has.
    pub(super) fn width(&self) -> usize {
        self.fields.len()
    }

    /// How many bytes it takes.
    pub(super) fn length(&self) -> usize {
        self.at - self.start
    }

    /// A field of it; empty when there is none.
    pub(super) fn get(&self, at: usize) -> &[u8] {
        let Some(span) = self.fields.get(at) else {
            return b"";
        };
        match span.rewritten {
            true => &self.scratch[span.from..span.to],
            false => &self.bytes[span.from..span.to],
        }
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
        fn any_text_is_split_as_the_csv_crate_splits_it(text in "[ab,\"\n\r]{0,40}") {
            prop_assert_eq!(split(text.as_bytes()), by_the_crate(text.as_bytes()));
        }

        #[test]
        fn pieces_read_side_by_side_are_the_whole(text in "[ab,\"\n\r]{0,40}", cut in 0_usize..40) {
            let bytes = text.as_bytes();
            let end = whole(&bytes[..cut.min(bytes.len())], b',');
            let mut pieces = split(&bytes[..end]);
            pieces.extend(split(&bytes[end..]));
            prop_assert_eq!(pieces, split(bytes));
        }
    }
}
