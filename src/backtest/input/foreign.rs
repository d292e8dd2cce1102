//! What people hand over that is no text of logins: known by how it begins, and told with what helps.

use std::io::{self, BufRead};

use crate::lang::diagnostics::Language;

/// What an input is instead of lines of logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// One list of JSON.
    List,
    /// One login of JSON over several lines.
    Spread,
    /// An Excel workbook, or another zip.
    Zip,
    /// Packed in a way that is not read.
    Packed,
    /// UTF-16.
    Utf16,
}

/// Bytes that are looked at for a sign of UTF-16.
const LOOKED_AT: usize = 64;

impl Foreign {
    /// What the stream is, if it is one of these; nothing is taken from it.
    pub(super) fn of(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let bytes = stream.fill_buf()?;
        let begins = |signs: &[&[u8]]| signs.iter().any(|sign| bytes.starts_with(sign));
        let start = &bytes[..bytes.len().min(LOOKED_AT)];
        if begins(&[b"PK\x03\x04", b"\xd0\xcf\x11\xe0"]) {
            return Ok(Some(Self::Zip));
        }
        if begins(&[b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!"]) {
            return Ok(Some(Self::Packed));
        }
        if begins(&[b"\xff\xfe", b"\xfe\xff"]) || start.contains(&0) && is_wide(start) {
            return Ok(Some(Self::Utf16));
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = text.trim_ascii_start();
        let next = |bytes: &[u8]| bytes.trim_ascii_start().first().copied();
        Ok(match text.split_first() {
            // Names of columns may stand in brackets too.
            Some((b'[', rest)) if matches!(next(rest), None | Some(b'{' | b']')) => {
                Some(Self::List)
            }
            Some((b'{', rest)) if rest.first().is_some_and(|byte| b"\r\n".contains(byte)) => {
                Some(Self::Spread)
            }
            _ => None,
        })
    }

    /// What it is and what helps.
    pub(super) fn words(self, path: &str, language: Language) -> String {
        let command = match self {
            Self::List => lines_of(path, "jq -c '.[]'"),
            Self::Spread => lines_of(path, "jq -c ."),
            Self::Utf16 => format!("iconv -f UTF-16 -t UTF-8 {path} > logins.csv"),
            Self::Zip | Self::Packed => String::new(),
        };
        match (self, language) {
            (Self::List, Language::Zh) => {
                format!("整个文件是一个 JSON 数组（[…]）；要每行一次登录：{command}")
            }
            (Self::List, Language::En) => {
                format!("it is one list of JSON ([…]); a login on each line is wanted: {command}")
            }
            (Self::Spread, Language::Zh) => {
                format!("一次登录的 JSON 写成了几行；要每行一次登录：{command}")
            }
            (Self::Spread, Language::En) => {
                format!("its JSON takes several lines for a login; one line for each is wanted: {command}")
            }
            (Self::Zip, _) => language
                .pick(
                    "这是 Excel 工作簿或 zip 压缩包：在 Excel 里另存为“CSV UTF-8（逗号分隔）”，或者先解压",
                    "it is an Excel workbook or a zip: in Excel save it as “CSV UTF-8”, or unpack it first",
                )
                .to_owned(),
            (Self::Packed, _) => language
                .pick(
                    "这种压缩不会读：请先解压，或者用 .gz、.zst",
                    "this packing is not read: unpack it first, or use .gz or .zst",
                )
                .to_owned(),
            (Self::Utf16, Language::Zh) => format!("这是 UTF-16，要 UTF-8：{command}"),
            (Self::Utf16, Language::En) => format!("it is UTF-16, UTF-8 is wanted: {command}"),
        }
    }
}

/// Whether every other byte of most of it is nothing, as where plain letters take two bytes.
fn is_wide(start: &[u8]) -> bool {
    let nothing = start.iter().filter(|byte| **byte == 0).count();
    nothing * 3 > start.len()
}

/// A command that makes a line of each login.
fn lines_of(path: &str, jq: &str) -> String {
    match path.rsplit_once('.') {
        _ if path == "-" => format!("… | {jq} | menshen backtest … --logins -"),
        Some((_, "gz")) => format!("gzip -dc {path} | {jq} > logins.ndjson"),
        Some((_, "zst")) => format!("zstd -dc {path} | {jq} > logins.ndjson"),
        _ => format!("{jq} {path} > logins.ndjson"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_of_logins_is_known_by_how_it_begins() {
        let of = |bytes: &[u8]| Foreign::of(&mut { bytes }).expect("memory");
        for (bytes, wanted) in [
            (&b"account,time\n"[..], None),
            (b"", None),
            (b"[account],time\n", None),
            (b"{\"account\":\"a\"}\n", None),
            (b" \n[ {\"account\":", Some(Foreign::List)),
            (b"\xef\xbb\xbf[]", Some(Foreign::List)),
            (b"{\r\n  \"account\": \"a\"\r\n}", Some(Foreign::Spread)),
            (b"PK\x03\x04rest", Some(Foreign::Zip)),
            (b"BZh91AY", Some(Foreign::Packed)),
            (b"a\0c\0c\0o\0u\0n\0t\0", Some(Foreign::Utf16)),
            (b"\xff\xfea\0", Some(Foreign::Utf16)),
            // A byte of nothing in a row is that row's mistake.
            (b"account,time,success\na\0b,1,1\n", None),
        ] {
            assert_eq!(of(bytes), wanted, "{bytes:?}");
        }
    }
}
