//! Why rows and fields cannot be used, and where the first were met: in words.

use std::collections::BTreeMap;
use std::path::Path;

use super::lost::Flaw;
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
    /// A field of a JSON object is there twice.
    Twice,
    /// No account.
    NoAccount,
    /// No time.
    NoTime,
    /// The account is neither a text nor a number.
    BadAccount,
    /// A time that cannot be read.
    BadTime,
    /// A time that can be read and that nobody means.
    OddTime,
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
    /// A list or an object where a text or a number is wanted, or the other way round: left out.
    WrongKind,
    /// Some rows have no number of arrival: those of the others say nothing.
    NoArrival,
    /// A row of labels that says of no login: it has neither an identifier nor account and time.
    OfNothing,
}

impl Reason {
    /// Whether only a field is lost, not the row.
    pub fn keeps_row(self) -> bool {
        matches!(
            self,
            Self::BadIp
                | Self::BadNumber
                | Self::BadLabel
                | Self::BadFlag
                | Self::LongText
                | Self::WrongKind
                | Self::NoArrival
        )
    }

    /// As data names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Encoding => "encoding",
            Self::Twice => "twice",
            Self::NoAccount => "no_account",
            Self::LongAccount => "long_account",
            Self::LongText => "long_text",
            Self::NoTime => "no_time",
            Self::BadAccount => "bad_account",
            Self::BadTime => "bad_time",
            Self::OddTime => "odd_time",
            Self::BadSuccess => "bad_success",
            Self::Duplicate => "duplicate",
            Self::BadIp => "bad_ip",
            Self::BadNumber => "bad_number",
            Self::BadLabel => "bad_label",
            Self::BadFlag => "bad_flag",
            Self::WrongKind => "wrong_kind",
            Self::NoArrival => "no_arrival",
            Self::OfNothing => "of_nothing",
        }
    }

    /// Chinese and English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Syntax => ("不是合格的一行", "not a well-formed line"),
            Self::Encoding => (
                "编码读不懂（要 UTF-8 或 GBK，整个文件一种；Excel 另存为“CSV UTF-8”，或 iconv -f 原来的编码 -t UTF-8）",
                "an encoding that cannot be read (UTF-8 or GBK is, one for all of the file): in Excel save as “CSV UTF-8”, or iconv -f ENCODING -t UTF-8",
            ),
            Self::Twice => ("同一个字段写了两次", "a field is there twice"),
            Self::NoAccount => (
                "没有账号（在别的字段里的话，映射文件 --map 的 [columns] 里写 account = \"那个字段\"，对象里面的写 \"actor.id\"）",
                "no account (where another field has it, a mapping file, --map, says so: under [columns] account = \"FIELD\", inside of an object \"actor.id\")",
            ),
            Self::LongAccount => ("账号超过 1,024 字节", "an account of more than 1,024 bytes"),
            Self::LongText => (
                "一个字段超过 4,096 字节，当作没有",
                "a field of more than 4,096 bytes, left out",
            ),
            Self::NoTime => ("没有时间", "no time"),
            Self::BadAccount => (
                "账号要写成文本或数字",
                "an account that is neither a text nor a number",
            ),
            Self::BadTime => (
                "时间读不懂（怎么写的用映射文件 --map 的 [time] format 说明，例如 format = \"%m/%d/%Y %I:%M:%S %p\"）",
                "a time that cannot be read ([time] format of a mapping file, --map, says how it is written, such as \"%m/%d/%Y %I:%M:%S %p\")",
            ),
            Self::OddTime => (
                "时间读出来早于 1990 年或晚于 2200 年：只有日期而没有几点的（20260105）要补上几点；数字要是 1970 年起的秒、毫秒、微秒或纳秒，一位不少；从别的时刻数起的数用映射文件的 [time] epoch 说明，别的写法用 format",
                "a time before 1990 or after 2200: a mere day (20260105) needs a time of day; a number is seconds, milliseconds, microseconds or nanoseconds since 1970, with all its digits; of numbers counted from another moment [time] epoch of a mapping file says which, and format how times are written otherwise",
            ),
            Self::BadSuccess => (
                "成功与否读不懂（映射文件 --map 的 [values] 可以说哪些字是“是”、哪些是“否”）",
                "success is neither yes nor no ([values] of a mapping file, --map, says which words are)",
            ),
            Self::Duplicate => (
                "编号重复，只算第一次（导出重叠的话用 --max-unusable 放宽；那一列不是登录的编号的话，映射文件里写 [columns] id = \"\"）",
                "repeated id, the first counts (where exports overlap, allow more by --max-unusable; a column that does not name logins is left out by [columns] id = \"\" of a mapping file)",
            ),
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
                "数字读不懂或不可能（纬度 -90 到 90，经度 -180 到 180，asn 和 arrival 是不小于 0 的整数），当作没有",
                "a number that cannot be read or cannot be (latitudes go to 90, longitudes to 180; asn and arrival are whole and not below 0), left out",
            ),
            Self::WrongKind => (
                "要文本、数字或真假的地方是列表或对象（place 和 labels 则要是对象），当作没有",
                "a list or an object where a text, a number or yes and no is wanted (place and labels are to be objects), left out",
            ),
            Self::OfNothing => (
                "没有说是哪一次登录（要 id，或者 account 和 time）",
                "a row that does not say of which login (an id, or account and time, is wanted)",
            ),
            Self::NoArrival => (
                "行没有自己的 arrival（缺了，或者和别的行一样）：都不用，到达顺序按时间",
                "rows without an arrival of their own (none, or another row's): none is used, the order of times is taken for that of arrival",
            ),
        }
    }
}

/// Where one was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 where it is not known.
    pub line: u64,
    /// The field, where the reason does not say which.
    pub field: Option<String>,
    /// What stood there, made harmless and cut, where seeing it helps.
    pub text: Option<String>,
    /// What is wrong with the row as such.
    pub flaw: Option<Flaw>,
}

impl Sample {
    /// A mere place.
    pub(super) fn at(file: &str, line: u64) -> Self {
        Self {
            file: file.to_owned(),
            line,
            field: None,
            text: None,
            flaw: None,
        }
    }

    /// An arrival number that several rows have.
    pub(super) fn of_arrival(number: u64) -> Self {
        Self {
            field: Some("arrival".to_owned()),
            text: Some(number.to_string()),
            ..Self::at("", 0)
        }
    }

    /// `file:12 field “what stood there”`.
    pub fn words(&self, file: &str, language: Language) -> String {
        let mut words = match self.line {
            0 => String::new(),
            line => format!("{file}:{line}"),
        };
        if let Some(field) = &self.field {
            let blank = if words.is_empty() { "" } else { " " };
            words.push_str(&format!("{blank}{field}"));
        }
        if let Some(text) = &self.text {
            words.push_str(&format!(" “{text}”"));
        }
        if let Some(flaw) = self.flaw {
            words.push_str(&flaw.words(language));
        }
        words
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
            .map(|sample| sample.words(short(&sample.file), language))
            .collect();
        let (colon, comma) = (language.pick("：", ": "), language.pick("，", ", "));
        let places = match places.is_empty() {
            true => String::new(),
            false => format!("{colon}{}", places.join(comma)),
        };
        out.push_str(&format!("  {count} × {words}{places}\n"));
    }
    out
}

fn short(path: &str) -> &str {
    Path::new(path)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In their order.
    const ALL: [Reason; 19] = [
        Reason::Syntax,
        Reason::Encoding,
        Reason::Twice,
        Reason::NoAccount,
        Reason::NoTime,
        Reason::BadAccount,
        Reason::BadTime,
        Reason::OddTime,
        Reason::LongAccount,
        Reason::BadSuccess,
        Reason::Duplicate,
        Reason::BadIp,
        Reason::BadNumber,
        Reason::BadLabel,
        Reason::BadFlag,
        Reason::LongText,
        Reason::WrongKind,
        Reason::NoArrival,
        Reason::OfNothing,
    ];

    #[test]
    fn every_reason_is_in_the_schema_of_reports() {
        for (at, reason) in ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, at, "{reason:?}");
        }
        assert_eq!(ALL[ALL.len() - 1], Reason::OfNothing, "the last there is");
        let schema = include_str!("../../../docs/backtest-report.schema.json");
        let schema: serde_json::Value = serde_json::from_str(schema).expect("JSON");
        let kinds = &schema["$defs"]["ReasonView"]["properties"]["kind"]["enum"];
        let mut kinds: Vec<&str> = kinds
            .as_array()
            .expect("kinds")
            .iter()
            .filter_map(|kind| kind.as_str())
            .collect();
        let mut names = ALL.map(Reason::name).to_vec();
        kinds.sort_unstable();
        names.sort_unstable();
        assert_eq!(kinds, names);
    }
}
