//! Which column of a CSV file is what.
//!
//! Recognised by the header: the names of `POST /v1/logins`, and the 16 columns of the public RBA
//! data set. A mapping file (TOML) says the rest:
//!
//! ```toml
//! [columns]
//! account = "user_name"
//! time    = "created"
//! success = "ok"
//! machine = "device_id"
//! id      = ""               # the column of that name is something else
//!
//! [labels]
//! stolen = "is_fraud"
//!
//! [time]
//! format = "%d/%m/%Y %H:%M:%S"
//! zone   = "Asia/Shanghai"
//! # or, where times are numbers since a moment that the data do not say:
//! # epoch = "2026-01-05"     # what 0 stands for
//! # unit  = "seconds"        # or milliseconds, microseconds, minutes, hours, days
//!
//! [values]
//! missing = ["", "-", "NULL"]
//! yes     = ["true", "1", "ok"]
//! no      = ["false", "0"]
//! unknown_accounts = ["(none)"]
//! delimiter = ";"
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::error::of_file;
use super::time::{self, Format, Unit};
use crate::lang::diagnostics::{Language, Words, nearest};

/// A field of a login that a column can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are those of a login's fields")]
pub enum Field {
    Id,
    Account,
    Time,
    Success,
    Machine,
    Legal,
    Known,
    Captcha,
    Ip,
    Country,
    Region,
    City,
    Lat,
    Lon,
    Asn,
    Isp,
    UserAgent,
    Browser,
    Os,
    Device,
    Reason,
    Channel,
    Session,
    Arrival,
}

impl Field {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Arrival as usize + 1;

    /// As mappings and headers call it.
    pub(super) fn name(self) -> &'static str {
        let mut names = NAMES.iter();
        let found = names.find(|(_, field)| *field == self);
        found.map_or("", |(name, _)| name)
    }
}

/// A mapping, as its file says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// Field → column.
    pub columns: BTreeMap<Field, String>,
    /// Label → column.
    pub labels: BTreeMap<String, String>,
    time: TimeSection,
    values: Values,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TimeSection {
    format: Option<String>,
    zone: Option<String>,
    epoch: Option<toml::Value>,
    unit: Option<String>,
}

impl TimeSection {
    /// What relative times count from, as it was written: a text, or a date of TOML.
    fn epoch(&self) -> Option<String> {
        Some(match self.epoch.as_ref()? {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// What is counted, when that is said and known.
    fn unit(&self) -> Option<Unit> {
        let named = self.unit.as_deref()?;
        Unit::ALL.into_iter().find(|unit| unit.name() == named)
    }

    /// Refuses what contradicts itself and what cannot be read.
    fn check(&self) -> Result<(), Words> {
        if let Some(pattern) = &self.format {
            time::check(pattern)?;
        }
        if let Some(unit) = self.unit.as_deref().filter(|_| self.unit().is_none()) {
            let known = Unit::ALL.map(Unit::name).join("、");
            return Err(Words::new(
                format!("[time] 里的 unit {unit:?} 没有这个单位；可以写 {known}"),
                format!(
                    "unit {unit:?} under [time] is none: {}",
                    known.replace('、', ", ")
                ),
            ));
        }
        match (self.epoch(), &self.format, self.unit()) {
            (None, _, None) => Ok(()),
            (None, _, Some(_)) => Err(Words::new(
                "[time] 里的 unit 要和 epoch 一起写：epoch 说从哪一刻数起",
                "unit under [time] needs epoch, which says from when on it counts",
            )),
            (Some(_), Some(_), _) => Err(Words::new(
                "[time] 里 format 和 epoch 只能写一个：时间是日期，或者是从 epoch 数起的数",
                "[time] has format or epoch, not both: times are dates, or numbers counted from epoch",
            )),
            (Some(text), None, _) => match time::epoch(&text, &TimeZone::UTC) {
                Some(at) if time::is_meant(at) => Ok(()),
                _ => Err(Words::new(
                    format!(
                        "[time] 里的 epoch {text:?} 要是 1990 年到 2200 年之间的一天或一刻，例如 \"2026-01-05\"、\"2026-01-05T08:00:00+08:00\""
                    ),
                    format!(
                        "epoch {text:?} under [time] must be a day or a moment from 1990 to 2200, such as \"2026-01-05\" or \"2026-01-05T08:00:00+08:00\""
                    ),
                )),
            },
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Values {
    missing: Option<Vec<String>>,
    yes: Option<Vec<String>>,
    no: Option<Vec<String>>,
    unknown_accounts: Vec<String>,
    delimiter: Option<String>,
}

/// Why a mapping file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// It cannot be read.
    #[error("{path}: {}", of_file(.error).en)]
    Io {
        /// Which.
        path: String,
        /// What happened.
        error: std::io::Error,
    },
    /// It is not in order.
    #[error("{path}: {}", .message.en)]
    Wrong {
        /// Which.
        path: String,
        /// What is wrong, with line and column.
        message: Words,
    },
}

impl MappingError {
    /// The same in a language.
    pub fn said(&self, language: Language) -> String {
        match (self, language) {
            (_, Language::En) => self.to_string(),
            (Self::Io { path, error }, Language::Zh) => format!("{path}：{}", of_file(error).zh),
            (Self::Wrong { path, message }, Language::Zh) => {
                format!("映射文件 {path} 不对：{}", message.zh)
            }
        }
    }
}

impl Mapping {
    /// Reads a mapping file.
    pub fn load(path: &Path) -> Result<Self, MappingError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| MappingError::Io {
            path: name.clone(),
            error,
        })?;
        Self::parse(&text).map_err(|message| MappingError::Wrong {
            path: name,
            message,
        })
    }

    /// Reads a mapping.
    pub fn parse(text: &str) -> Result<Self, Words> {
        let said = |error: toml::de::Error| {
            let said = error.to_string();
            let said = said.trim_end();
            Words::new(format!("不合 TOML 的写法\n{said}"), said)
        };
        unknown_field(&toml::from_str(text).map_err(said)?)?;
        let mapping: Self = toml::from_str(text).map_err(said)?;
        if let Some(zone) = &mapping.time.zone {
            TimeZone::get(zone).map_err(|_| {
                Words::new(
                    format!("{zone:?} 不是 Asia/Shanghai 这样的 IANA 时区"),
                    format!("{zone:?} is no IANA time zone such as Asia/Shanghai"),
                )
            })?;
        }
        mapping.time.check()?;
        if let Some(delimiter) = &mapping.values.delimiter
            && (delimiter.len() != 1 || delimiter.contains(['"', '\n', '\r']))
        {
            return Err(Words::new(
                "delimiter 要是一个 ASCII 字符，不能是引号或换行",
                "delimiter must be one ASCII character, no quote and no line break",
            ));
        }
        let yes = mapping.values.yes.iter().flatten();
        let no: Vec<&String> = mapping.values.no.iter().flatten().collect();
        if let Some(both) = yes
            .into_iter()
            .find(|yes| no.iter().any(|no| no.eq_ignore_ascii_case(yes)))
        {
            return Err(Words::new(
                format!("{both:?} 既在 yes 里又在 no 里"),
                format!("{both:?} is both in yes and in no"),
            ));
        }
        Ok(mapping)
    }

    /// How it says times are written.
    pub(super) fn pattern(&self) -> Option<String> {
        self.time.format.clone()
    }

    /// The same, to read with; `zone` is for an epoch without an offset.
    pub(super) fn format(&self, zone: &TimeZone) -> Format {
        let unit = self.time.unit().unwrap_or_default();
        let epoch = self.time.epoch();
        let epoch = epoch.and_then(|text| time::epoch(&text, zone));
        match (&self.time.format, epoch) {
            (Some(pattern), _) => Format::Pattern(pattern.clone()),
            (None, Some(epoch)) => Format::Since { epoch, unit },
            (None, None) => Format::Usual,
        }
    }

    pub(super) fn zone(&self) -> Option<TimeZone> {
        let zone = self.time.zone.as_deref()?;
        TimeZone::get(zone).ok()
    }

    pub(super) fn delimiter(&self) -> Option<u8> {
        self.values.delimiter.as_ref()?.bytes().next()
    }

    #[inline]
    pub(super) fn is_missing(&self, text: &str) -> bool {
        match &self.values.missing {
            Some(words) => words.iter().any(|word| word == text),
            None if text.len() > 4 => false,
            None => matches!(text, "" | "-" | "NULL" | "null" | "\\N"),
        }
    }

    /// Yes or no.
    pub(super) fn truth(&self, text: &str) -> Option<bool> {
        if self.values.yes.is_none() && self.values.no.is_none() {
            // What nearly all files say.
            match text.as_bytes() {
                [] => return None,
                [b'1'] | [b'T' | b't', b'r', b'u', b'e'] => return Some(true),
                [b'0'] | [b'F' | b'f', b'a', b'l', b's', b'e'] => return Some(false),
                _ => {}
            }
        }
        // What the mapping says comes first; what everybody writes is understood all the same, for labels
        // and the success of a login are often written in different words.
        let own = |words: &Option<Vec<String>>| {
            let words = words.as_deref().unwrap_or_default();
            words.iter().any(|word| word.eq_ignore_ascii_case(text))
        };
        let usual = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
        if own(&self.values.yes) {
            Some(true)
        } else if own(&self.values.no) {
            Some(false)
        } else if usual(&["true", "1", "yes", "success", "ok", "t", "y", "是", "成功"]) {
            Some(true)
        } else {
            let no = [
                "false", "0", "no", "failure", "failed", "fail", "f", "n", "否", "失败",
            ];
            usual(&no).then_some(false)
        }
    }

    /// Whether this stands for people without an account.
    pub(super) fn is_nobody(&self, account: &str, rba: bool) -> bool {
        (rba && account == RBA_NOBODY)
            || self
                .values
                .unknown_accounts
                .iter()
                .any(|name| name == account)
    }
}

/// Refuses a field under `[columns]` that no login has.
fn unknown_field(table: &toml::Table) -> Result<(), Words> {
    let columns = table.get("columns").and_then(toml::Value::as_table);
    let known = || NAMES.iter().map(|(name, _)| *name);
    let mut given = columns.into_iter().flat_map(toml::Table::keys);
    let Some(unknown) = given.find(|field| !known().any(|name| name == *field)) else {
        return Ok(());
    };
    let (zh, en) = match nearest(unknown, known()) {
        Some(meant) => (
            format!("是不是想写 {meant}？"),
            format!("; did you mean {meant}?"),
        ),
        None => (String::new(), ".".to_owned()),
    };
    let all = |comma| known().collect::<Vec<_>>().join(comma);
    Err(Words::new(
        format!(
            "[columns] 里的 {unknown} 不是登录的字段。{zh}字段有：{}。写法是 字段 = \"列名\"",
            all("、")
        ),
        format!(
            "{unknown} under [columns] is no field of a login{en} Fields: {}. It is written FIELD = \"column\"",
            all(", ")
        ),
    ))
}

/// In the RBA data set all names that are no account share this identifier.
pub(super) const RBA_NOBODY: &str = "-4324475583306591935";

/// What mappings and headers call the fields.
pub(super) const NAMES: &[(&str, Field)] = &[
    ("id", Field::Id),
    ("account", Field::Account),
    ("time", Field::Time),
    ("success", Field::Success),
    ("machine", Field::Machine),
    ("legal", Field::Legal),
    ("known", Field::Known),
    ("captcha", Field::Captcha),
    ("ip", Field::Ip),
    ("country", Field::Country),
    ("region", Field::Region),
    ("city", Field::City),
    ("lat", Field::Lat),
    ("lon", Field::Lon),
    ("asn", Field::Asn),
    ("isp", Field::Isp),
    ("user_agent", Field::UserAgent),
    ("browser", Field::Browser),
    ("os", Field::Os),
    ("device", Field::Device),
    ("reason", Field::Reason),
    ("channel", Field::Channel),
    ("session", Field::Session),
    ("arrival", Field::Arrival),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mapping_gets_wrong_is_said_in_its_own_words() {
        let pattern = |text: &str| Mapping::parse(&format!("[time]\nformat = \"{text}\"\n"));
        assert!(pattern("%d/%m/%Y %H:%M:%S").is_ok());
        for delimiter in ["\\\"", "\\n", "ab", ""] {
            let text = format!("[values]\ndelimiter = \"{delimiter}\"\n");
            let wrong = Mapping::parse(&text).unwrap_err();
            assert!(wrong.en.contains("one ASCII character"), "{wrong:?}");
        }
        // What nothing can be read with is wrong in the mapping, not in every row.
        for text in ["%d/%m/%!", "%H:%M", "%d/%m %H:%M", ""] {
            let wrong = pattern(text).unwrap_err();
            for said in [&wrong.zh, &wrong.en] {
                assert!(said.contains(&format!("{text:?}")), "{wrong:?}");
            }
        }
        for good in [
            "epoch = \"2026-01-05\"",
            "epoch = 2026-01-05",
            "epoch = 2026-01-05T08:00:00+08:00\nunit = \"hours\"",
        ] {
            let mapping = Mapping::parse(&format!("[time]\n{good}\n")).expect(good);
            assert!(
                matches!(mapping.format(&TimeZone::UTC), Format::Since { epoch, .. } if epoch == 1_767_571_200_000),
                "{good}"
            );
        }
        for (wrong, said) in [
            ("unit = \"seconds\"", "needs epoch"),
            ("epoch = \"2026-01-05\"\nformat = \"%Y\"", "%Y"),
            (
                "epoch = \"2026-01-05\"\nformat = \"%d/%m/%Y %H:%M\"",
                "not both",
            ),
            ("epoch = \"noon\"", "\"noon\""),
            ("epoch = 1", "\"1\""),
            ("epoch = \"1970-01-01\"", "from 1990"),
            (
                "epoch = \"2026-01-05\"\nunit = \"weeks\"",
                "unit \"weeks\" under [time] is none: seconds, milliseconds",
            ),
        ] {
            let told = Mapping::parse(&format!("[time]\n{wrong}\n")).unwrap_err();
            assert!(told.en.contains(said), "{wrong}: {told:?}");
            let unit = said.contains("weeks");
            assert!(!unit || told.zh.contains("没有这个单位"), "{told:?}");
        }
        let both = Mapping::parse("[values]\nyes = [\"ok\", \"J\"]\nno = [\"j\"]\n").unwrap_err();
        assert!(both.en.starts_with("\"J\" is both"), "{both:?}");
    }

    #[test]
    fn own_words_come_before_the_usual_ones() {
        let mapping = Mapping::parse("[values]\nyes = [\"J\"]\nno = [\"N\"]\n").unwrap();
        assert_eq!(mapping.truth("j"), Some(true));
        assert_eq!(mapping.truth("true"), Some(true));
        assert_eq!(mapping.truth("maybe"), None);
        let turned = Mapping::parse("[values]\nyes = [\"0\"]\nno = [\"1\"]\n").unwrap();
        assert_eq!(
            (turned.truth("0"), turned.truth("1")),
            (Some(true), Some(false))
        );
    }

    #[test]
    fn a_field_nobody_knows_is_named() {
        let error = Mapping::parse("[columns]\ntown = \"x\"\n").unwrap_err();
        assert!(error.en.starts_with("town under [columns]"), "{error:?}");
        let error = Mapping::parse("[columns]\nacount = \"x\"\n").unwrap_err();
        assert!(error.zh.contains("是不是想写 account？"), "{error:?}");
        assert!(error.en.contains("did you mean account?"), "{error:?}");
    }
}
