//! What a file that is not UTF-8 is most likely written in, told by its bytes alone.

/// Bytes that are looked at.
const LOOKED_AT: usize = 64 * 1024;

/// An encoding that text editors on Windows write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Notepad calls it ANSI on a Chinese system.
    Gbk,
    /// Notepad calls it Unicode.
    Utf16,
}

impl Encoding {
    /// The encoding of a text that is not UTF-8; `None` when it is no text at all, or one of neither.
    pub fn guess(bytes: &[u8]) -> Option<Self> {
        let bytes = &bytes[..bytes.len().min(LOOKED_AT)];
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return Some(Self::Utf16);
        }
        let nothing = |byte: &u8| *byte == 0;
        if bytes.iter().any(nothing) {
            // Every second byte of Latin letters is none.
            let nothings = bytes.iter().filter(|byte| nothing(byte)).count();
            return (nothings * 4 > bytes.len()).then_some(Self::Utf16);
        }
        // Two bytes a character, the first of which is above ASCII.
        let mut pairs = 0;
        let mut rest = bytes.iter();
        while let Some(byte) = rest.next() {
            match byte {
                0..=0x7F => {}
                0x81..=0xFE => match rest.next() {
                    Some(0x40..=0x7E | 0x80..=0xFE) => pairs += 1,
                    Some(_) => return None,
                    // Cut in two by the bound.
                    None => break,
                },
                _ => return None,
            }
        }
        (pairs > 0).then_some(Self::Gbk)
    }

    /// Its name, as `iconv` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gbk => "GBK",
            Self::Utf16 => "UTF-16",
        }
    }

    /// What Notepad calls it.
    pub fn in_notepad(self) -> &'static str {
        match self {
            Self::Gbk => "ANSI",
            Self::Utf16 => "Unicode",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_other_systems_are_told_by_their_bytes() {
        // `reply "你好"` in GBK.
        assert_eq!(
            Encoding::guess(b"reply \"\xc4\xe3\xba\xc3\"\n"),
            Some(Encoding::Gbk)
        );
        assert_eq!(Encoding::guess(b"\xff\xfeo\0n\0"), Some(Encoding::Utf16));
        assert_eq!(Encoding::guess(b"o\0n\0 \0"), Some(Encoding::Utf16));
        for other in [&b"ab\xff"[..], b"\x80", b"\xc4\x20", b"plain", b""] {
            assert_eq!(Encoding::guess(other), None, "{other:?}");
        }
    }
}
