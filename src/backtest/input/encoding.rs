//! Text that is not UTF-8: what Excel saves on a Chinese system is GBK, which is read as it comes.
//!
//! Which of the two it is, the first bytes beyond ASCII say; up to them both are the same. What cannot be read even
//! so stays no text, and its row is counted like others of that kind.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult, GB18030};

/// Bytes looked at from the first beyond ASCII on.
const LOOKED_AT: usize = 64 * 1024;
/// Bytes decoded at a time.
const PIECE: usize = 64 * 1024;
/// Stands where something cannot be read: no UTF-8 has it.
const UNREADABLE: u8 = 0xFF;

/// A stream as UTF-8, whichever of the two it is.
pub(super) struct Decoded<R> {
    inner: R,
    state: State,
}

enum State {
    /// Only ASCII so far.
    Ascii,
    /// It is handed on as it is: first what was looked at, from here on.
    Plain(Vec<u8>, usize),
    Gbk(Box<Gbk>),
}

struct Gbk {
    decoder: Decoder,
    /// Not decoded yet, from here on.
    raw: Vec<u8>,
    taken: usize,
    /// Decoded and not handed on yet, from here on.
    text: Vec<u8>,
    given: usize,
    over: bool,
}

impl<R: BufRead> Decoded<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            state: State::Ascii,
        }
    }

    /// Whether the text was GBK as far as it was read.
    pub(super) fn was_gbk(&self) -> bool {
        matches!(self.state, State::Gbk(_))
    }

    /// Decides with what begins beyond ASCII; what has bytes of nothing before that is no text of either.
    fn decide(&mut self, mut held: Vec<u8>, nothing: bool) -> io::Result<()> {
        let room = LOOKED_AT.saturating_sub(held.len()) as u64;
        self.inner.by_ref().take(room).read_to_end(&mut held)?;
        self.state = match !nothing && is_gbk(&held) {
            false => State::Plain(held, 0),
            true => State::Gbk(Box::new(Gbk {
                decoder: GB18030.new_decoder_without_bom_handling(),
                raw: held,
                taken: 0,
                text: Vec::new(),
                given: 0,
                over: false,
            })),
        };
        Ok(())
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let State::Ascii = self.state {
            let n = self.inner.read(buffer)?;
            // Many bytes at a time, which a search for the first is not.
            if buffer[..n].is_ascii() {
                return Ok(n);
            }
            let ascii = |byte: &&u8| byte.is_ascii();
            let end = buffer[..n].iter().take_while(ascii).count();
            self.decide(buffer[end..n].to_vec(), buffer[..end].contains(&0))?;
            // Not less at once than there is: whoever looks at the beginning wants all of it.
            return Ok(end + self.read(&mut buffer[end..])?);
        }
        match &mut self.state {
            State::Ascii => Ok(0),
            State::Plain(held, at) => {
                let rest = &held[*at..];
                if rest.is_empty() {
                    return self.inner.read(buffer);
                }
                let n = rest.len().min(buffer.len());
                buffer[..n].copy_from_slice(&rest[..n]);
                *at += n;
                Ok(n)
            }
            State::Gbk(gbk) => gbk.read(&mut self.inner, buffer),
        }
    }
}

impl Gbk {
    fn read(&mut self, inner: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.over {
            if self.taken == self.raw.len() {
                self.raw.clear();
                self.taken = 0;
                inner.take(PIECE as u64).read_to_end(&mut self.raw)?;
            }
            self.decode();
        }
        let rest = &self.text[self.given..];
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        Ok(n)
    }

    /// Decodes what is there; nothing new is the end.
    fn decode(&mut self) {
        let source = &self.raw[self.taken..];
        let last = source.is_empty();
        self.given = 0;
        self.text.clear();
        self.text.resize(PIECE, 0);
        let decoder = &mut self.decoder;
        let (found, read, written) =
            decoder.decode_to_utf8_without_replacement(source, &mut self.text, last);
        self.text.truncate(written);
        self.taken += read;
        match found {
            DecoderResult::Malformed(..) => self.text.push(UNREADABLE),
            DecoderResult::InputEmpty => self.over = last,
            DecoderResult::OutputFull => {}
        }
    }
}

/// Whether bytes that begin beyond ASCII are GBK, rather than UTF-8 with some damage or text of another encoding.
fn is_gbk(bytes: &[u8]) -> bool {
    let (mut whole, mut broken) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    if broken <= whole || bytes.contains(&0) {
        return false;
    }
    // Two bytes make a letter. Of those in use both are high; in Big5 the second often is not, in Latin-1 what stands
    // beside a letter with an accent is plain.
    let (mut high, mut low, mut neither) = (0, 0, 0);
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte.is_ascii() {
            continue;
        }
        match rest.peek() {
            Some(0x80..=0xFE) => high += 1,
            Some(0x40..=0x7E) => low += 1,
            // GB18030 has letters of four bytes, too.
            Some(b'0'..=b'9') => {}
            Some(_) => {
                neither += 1;
                continue;
            }
            None => break,
        }
        rest.next();
    }
    high > 0 && low * FEW <= high && neither * HARDLY_ANY <= high
}

/// Letters of two bytes the second of which is low are at most one in so many.
const FEW: usize = 5;
/// What is no letter at all is at most one in so many.
const HARDLY_ANY: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], room: usize) -> (Vec<u8>, bool) {
        let mut decoded = Decoded::new(bytes);
        let (mut out, mut buffer) = (Vec::new(), vec![0; room]);
        loop {
            let n = decoded.read(&mut buffer).expect("memory");
            if n == 0 {
                return (out, decoded.was_gbk());
            }
            out.extend_from_slice(&buffer[..n]);
        }
    }

    fn gbk(text: &str) -> Vec<u8> {
        let (bytes, _, unknown) = encoding_rs::GBK.encode(text);
        assert!(!unknown);
        bytes.into_owned()
    }

    #[test]
    fn gbk_is_read_wherever_it_begins_and_however_much_fits() {
        let short = "account,city\na,北京\nb,上海\n".to_owned();
        let ascii = "account,city\n".to_owned() + &"a,x\n".repeat(40_000);
        let long = ascii.clone() + &"张三,广州\n".repeat(60_000);
        for text in [&short, &ascii, &long] {
            for room in [1, 7, 300_000] {
                if room == 1 && text.len() > 1_000 {
                    continue;
                }
                let (out, was) = read(&gbk(text), room);
                assert!(out == text.as_bytes(), "{room}");
                assert_eq!(was, !text.is_ascii());
                let (out, was) = read(text.as_bytes(), room);
                assert!(out == text.as_bytes() && !was, "{room}");
            }
        }
    }

    #[test]
    fn what_is_neither_is_handed_on_as_it_is() {
        let big5 = encoding_rs::BIG5
            .encode("帳號,城市\n王小明,臺北\n李四,高雄\n陳先生,新竹\n")
            .0;
        let damaged = "账号,城市\n张三,北京\n".as_bytes().to_vec();
        let damaged = [&damaged[..], b"a,\xff\n", &gbk("李四\n")].concat();
        for bytes in [
            &b""[..],
            b"\xff\xfea\0c\0",
            b"a,Z\xfcrich\nb,K\xf6ln\n",
            b"\xef\xbb\xbfaccount\n",
            b"\xc4",
            b"a\0\xc4\xe3\xba\xc3",
            &big5,
            &damaged,
        ] {
            let (out, was) = read(bytes, 64);
            assert!(out == bytes && !was, "{bytes:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_stays_no_text_in_its_row() {
        let good = gbk(&"张三,北京\n".repeat(100));
        let (out, was) = read(&[&good[..], b"b,\xff\n", &good].concat(), 64);
        assert!(was);
        let lines: Vec<&[u8]> = out.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len(), 202);
        let unreadable = lines
            .iter()
            .filter(|line| std::str::from_utf8(line).is_err());
        assert_eq!(unreadable.count(), 1);
        assert_eq!(lines[201], b"");
        assert_eq!(lines[200], "张三,北京".as_bytes());
    }
}
