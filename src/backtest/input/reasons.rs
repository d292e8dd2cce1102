//! Why rows and fields cannot be used, and where the first were met: in words.

use std::collections::BTreeMap;
use std::path::Path;

use crate::lang::diagnostics::Language;
use crate::lang::eval::sanitise;

/// Characters shown of a text that cannot be read: enough for a time, less than a message.
pub(super) const SHOWN: usize = 40;

/// By reason: how many rows or fields, and where the first were.
pub type Reasons = BTreeMap<Reason, (u64, Vec<Sample>)>;

/// Why a row or a field of it could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The line is not CSV of the header's width, or not JSON.
    Syntax,
    /// Not UTF-8.
    Encoding,
    /// No account.
    NoAccount,
    /// No time.
    NoTime,
    /// A time that cannot be read.
    BadTime,
    /// An account longer than any is.
    LongAccount,
    /// Neither yes nor no.
    BadSuccess,
    /// The same identifier was there before; the first counts, as live.
    Duplicate,
    /// The field `ip` is no address: left out.
    BadIp,
    /// A coordinate or AS number is no number, or no place on earth: left out.
    BadNumber,
    /// A label is neither yes nor no: left out.
    BadLabel,
    /// `legal`, `known` or `captcha` is neither yes nor no: left out.
    BadFlag,
    /// A text longer than any login's: left out.
    LongText,
}

impl Reason {
    /// Whether only a field is lost, not the row.
    pub fn keeps_row(self) -> bool {
        matches!(
            self,
            Self::BadIp | Self::BadNumber | Self::BadLabel | Self::BadFlag | Self::LongText
        )
    }

    /// As data names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Encoding => "encoding",
            Self::NoAccount => "no_account",
            Self::LongAccount => "long_account",
            Self::LongText => "long_text",
            Self::NoTime => "no_time",
            Self::BadTime => "bad_time",
            Self::BadSuccess => "bad_success",
            Self::Duplicate => "duplicate",
            Self::BadIp => "bad_ip",
            Self::BadNumber => "bad_number",
            Self::BadLabel => "bad_label",
            Self::BadFlag => "bad_flag",
        }
    }

    /// Chinese and English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Syntax => ("不是合格的一行", "not a well-formed line"),
            Self::Encoding => (
                "不是 UTF-8（Excel 另存为“CSV UTF-8”，或 iconv -f GBK -t UTF-8）",
                "not UTF-8: in Excel save as “CSV UTF-8”, or iconv -f GBK -t UTF-8",
            ),
            Self::NoAccount => ("没有账号", "no account"),
            Self::LongAccount => ("账号超过 1,024 字节", "an account of more than 1,024 bytes"),
            Self::LongText => (
                "一个字段超过 4,096 字节，当作没有",
                "a field of more than 4,096 bytes, left out",
            ),
            Self::NoTime => ("没有时间", "no time"),
            Self::BadTime => ("时间读不懂", "a time that cannot be read"),
            Self::BadSuccess => ("成功与否读不懂", "success is neither yes nor no"),
            Self::Duplicate => ("编号重复，只算第一次", "repeated id, the first counts"),
            Self::BadLabel => (
                "标注读不懂，当作没有（映射文件的 [values] 可以说哪些字是“是”、哪些是“否”）",
                "a label that is neither yes nor no, left out ([values] of a mapping file says which words are)",
            ),
            Self::BadFlag => (
                "legal、known 或 captcha 读不懂，当作没有",
                "legal, known or captcha is neither yes nor no, left out",
            ),
            Self::BadIp => (
                "地址读不懂，当作没有",
                "an ip that cannot be read, left out",
            ),
            Self::BadNumber => (
                "数字读不懂或不可能（纬度 -90 到 90，经度 -180 到 180），当作没有",
                "a number that cannot be read or cannot be (latitudes go to 90, longitudes to 180), left out",
            ),
        }
    }
}

/// Where one was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// What stood there, made harmless and cut, where seeing it helps.
    pub text: Option<String>,
}

impl Sample {
    /// `file:12 “what stood there”`.
    pub fn words(&self, file: &str) -> String {
        match &self.text {
            Some(text) => format!("{file}:{} “{text}”", self.line),
            None => format!("{file}:{}", self.line),
        }
    }
}

/// A text nobody could read, for people: what does not print or turns the line around is escaped, and
/// only the beginning is shown, for it may be anything.
pub(super) fn harmless(text: &str) -> String {
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == SHOWN {
            out.push('…');
            break;
        }
        let plain =
            matches!(c, '<' | '>') || sanitise(c.encode_utf8(&mut [0; 4]), 1, false).contains(c);
        match plain {
            true => out.push(c),
            false => out.extend(c.escape_unicode()),
        }
    }
    out
}

/// Reasons with samples, a line each.
pub fn list(reasons: &Reasons, language: Language) -> String {
    let mut out = String::new();
    for (reason, (count, samples)) in reasons {
        let (zh, en) = reason.words();
        let words = language.pick(zh, en);
        let places: Vec<String> = samples
            .iter()
            .map(|sample| sample.words(short(&sample.file)))
            .collect();
        let (colon, comma) = (language.pick("：", ": "), language.pick("，", ", "));
        let places = places.join(comma);
        out.push_str(&format!("  {count} × {words}{colon}{places}\n"));
    }
    out
}

fn short(path: &str) -> &str {
    Path::new(path)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or(path)
}
