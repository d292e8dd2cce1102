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
//!
//! [labels]
//! stolen = "is_fraud"
//!
//! [time]
//! format = "%d/%m/%Y %H:%M:%S"
//! zone   = "Asia/Shanghai"
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

use super::time::{self, Format};
use crate::lang::diagnostics::Language;

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
    fn name(self) -> &'static str {
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
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: String,
        /// What happened.
        error: std::io::Error,
    },
    /// It is not in order.
    #[error("{path}: {message}")]
    Wrong {
        /// Which.
        path: String,
        /// What is wrong, with line and column.
        message: String,
    },
}

impl MappingError {
    /// The same in a language.
    pub fn said(&self, language: Language) -> String {
        match (self, language) {
            (_, Language::En) | (Self::Io { .. }, _) => self.to_string(),
            (Self::Wrong { path, message }, Language::Zh) => {
                format!("映射文件 {path} 不对：{message}")
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
    pub fn parse(text: &str) -> Result<Self, String> {
        let mapping: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if let Some(zone) = &mapping.time.zone {
            TimeZone::get(zone).map_err(|_| format!("{zone:?} is no IANA time zone"))?;
        }
        if let Some(pattern) = &mapping.time.format {
            time::check(pattern)?;
        }
        if let Some(delimiter) = &mapping.values.delimiter
            && delimiter.len() != 1
        {
            return Err("delimiter must be one ASCII character".to_owned());
        }
        Ok(mapping)
    }

    /// How it says times are written.
    pub(super) fn pattern(&self) -> Option<String> {
        self.time.format.clone()
    }

    pub(super) fn format(&self) -> Format {
        match &self.time.format {
            Some(pattern) => Format::Pattern(pattern.clone()),
            None => Format::Usual,
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

/// In the RBA data set all names that are no account share this identifier.
const RBA_NOBODY: &str = "-4324475583306591935";

/// The columns of one file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Resolved {
    /// Field → index.
    pub(super) fields: BTreeMap<Field, usize>,
    /// Label name → index.
    pub(super) labels: Vec<(String, usize)>,
    /// The header is that of the RBA data set.
    pub(super) rba: bool,
}

const RBA: &[(&str, Field)] = &[
    ("Login Timestamp", Field::Time),
    ("User ID", Field::Account),
    ("IP Address", Field::Ip),
    ("Country", Field::Country),
    ("Region", Field::Region),
    ("City", Field::City),
    ("ASN", Field::Asn),
    ("User Agent String", Field::UserAgent),
    ("Browser Name and Version", Field::Browser),
    ("OS Name and Version", Field::Os),
    ("Device Type", Field::Device),
    ("Login Successful", Field::Success),
];
const RBA_LABELS: &[(&str, &str)] = &[
    ("account_takeover", "Is Account Takeover"),
    ("attack_ip", "Is Attack IP"),
];
/// Columns whose name begins so are labels.
const LABEL_PREFIX: &str = "label_";

const NAMES: &[(&str, Field)] = &[
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

/// Why the columns of a file cannot be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// This has no column.
    Missing(String),
    /// Two columns have this name, which is asked for.
    Twice(String),
}

impl Resolved {
    /// Finds the columns in a header. The error names the field or label without a column, or with two.
    pub(super) fn new(header: &[&str], mapping: &Mapping) -> Result<Self, Unresolved> {
        let at = |name: &str| {
            header
                .iter()
                .position(|column| *column == name)
                .or_else(|| {
                    header
                        .iter()
                        .position(|column| column.eq_ignore_ascii_case(name))
                })
        };
        let rba = RBA.iter().all(|(name, _)| at(name).is_some());
        let mut found = Self {
            rba,
            ..Self::default()
        };
        for (name, field) in if rba { RBA } else { NAMES } {
            if let Some(index) = at(name) {
                found.fields.insert(*field, index);
            }
        }
        // The number of a row of the RBA data set is its name, also in a part of it.
        if let (true, Some(index)) = (rba, at("index")) {
            found.fields.insert(Field::Id, index);
        }
        for (field, name) in &mapping.columns {
            let missing = || Unresolved::Missing(format!("{} ({name:?})", field.name()));
            let index = at(name).ok_or_else(missing)?;
            found.fields.insert(*field, index);
        }
        if rba {
            let known = RBA_LABELS
                .iter()
                .filter_map(|(name, column)| Some((*name, at(column)?)));
            found.labels = known
                .map(|(name, index)| (name.to_owned(), index))
                .collect();
        }
        for (index, column) in header.iter().enumerate() {
            if let Some(name) = column.strip_prefix(LABEL_PREFIX) {
                found.labels.push((name.to_owned(), index));
            }
        }
        for (name, column) in &mapping.labels {
            let missing = || Unresolved::Missing(format!("label {name} ({column:?})"));
            let index = at(column).ok_or_else(missing)?;
            found.labels.retain(|(known, _)| known != name);
            found.labels.push((name.clone(), index));
        }
        for needed in [Field::Account, Field::Time, Field::Success] {
            if !found.fields.contains_key(&needed) {
                return Err(Unresolved::Missing(needed.name().to_owned()));
            }
        }
        let labels = found.labels.iter().map(|(_, index)| index);
        let mut chosen = found.fields.values().chain(labels);
        let called = |name: &str| header.iter().filter(|column| **column == name).count();
        match chosen.find(|index| called(header[**index]) > 1) {
            Some(index) => Err(Unresolved::Twice(header[*index].to_owned())),
            None => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(in crate::backtest) const RBA_HEADER: &str = "index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,User Agent String,Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover";

    #[test]
    fn the_rba_header_is_recognised() {
        let header: Vec<&str> = RBA_HEADER.split(',').collect();
        let found = Resolved::new(&header, &Mapping::default()).unwrap();
        assert!(found.rba);
        assert_eq!(found.fields[&Field::Account], 2);
        assert_eq!(found.fields[&Field::Id], 0);
        assert_eq!(found.fields[&Field::Success], 13);
        assert_eq!(
            found.labels,
            [
                ("account_takeover".to_owned(), 15),
                ("attack_ip".to_owned(), 14)
            ]
        );
        assert!(Mapping::default().is_nobody(RBA_NOBODY, true));
        assert!(!Mapping::default().is_nobody(RBA_NOBODY, false));
    }

    #[test]
    fn what_a_mapping_gets_wrong_is_said_in_its_own_words() {
        let mapping = Mapping::parse("[columns]\nuser_agent = \"ua\"\n").unwrap();
        let missing = Resolved::new(&["account", "time", "success"], &mapping);
        let named = "user_agent (\"ua\")".to_owned();
        assert_eq!(missing.unwrap_err(), Unresolved::Missing(named));
        let format = |text: &str| Mapping::parse(&format!("[time]\nformat = \"{text}\"\n"));
        assert!(format("%d/%m/%Y %H:%M:%S").is_ok());
        // What nothing can be read with is wrong in the mapping, not in every row.
        for pattern in ["%d/%m/%!", "%H:%M", "%d/%m %H:%M", ""] {
            let wrong = format(pattern).unwrap_err();
            assert!(wrong.contains(&format!("{pattern:?}")), "{wrong}");
        }
    }

    #[test]
    fn a_mapping_names_columns_and_labels() {
        let mapping = Mapping::parse(
            "[columns]\naccount = \"who\"\ntime = \"at\"\nsuccess = \"ok\"\n[labels]\nstolen = \"bad\"\n[values]\nyes = [\"J\"]\nno = [\"N\"]\n",
        )
        .unwrap();
        let found = Resolved::new(&["at", "who", "ok", "bad", "city"], &mapping).unwrap();
        assert_eq!(found.fields[&Field::Account], 1);
        assert_eq!(found.fields[&Field::City], 4);
        assert_eq!(found.labels, [("stolen".to_owned(), 3)]);
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
    fn what_is_missing_or_misspelt_is_named() {
        let error = Resolved::new(&["account", "time"], &Mapping::default()).unwrap_err();
        assert_eq!(error, Unresolved::Missing("success".to_owned()));
        let mapping = Mapping::parse("[columns]\nip = \"addr\"\n").unwrap();
        let error = Resolved::new(&["account", "time", "success"], &mapping).unwrap_err();
        assert_eq!(error, Unresolved::Missing("ip (\"addr\")".to_owned()));
        let error = Mapping::parse("[columns]\ntown = \"x\"\n").unwrap_err();
        assert!(error.contains("town"), "{error}");
    }
    #[test]
    fn of_two_columns_with_one_name_neither_is_taken() {
        let resolved = |header: &[&str], mapping: &str| {
            Resolved::new(header, &Mapping::parse(mapping).unwrap()).map(|_| ())
        };
        let twice = Err(Unresolved::Twice("account".to_owned()));
        let header = ["account", "time", "success", "account"];
        assert_eq!(resolved(&header, ""), twice);
        // Which is not asked for may come twice.
        let header = ["account", "time", "success", "note", "note"];
        assert_eq!(resolved(&header, ""), Ok(()));
        let named = "[columns]\nreason = \"note\"\n";
        let twice = Err(Unresolved::Twice("note".to_owned()));
        assert_eq!(resolved(&header, named), twice);
        let header = ["account", "time", "success", "label_x", "label_x"];
        let twice = Err(Unresolved::Twice("label_x".to_owned()));
        assert_eq!(resolved(&header, ""), twice);
        // Another one is meant.
        let header = ["account", "time", "success", "account", "who"];
        let named = "[columns]\naccount = \"who\"\n";
        assert_eq!(resolved(&header, named), Ok(()));
    }
}
