//! What stands in which column: recognised by the header of the file, or said by a mapping.

use std::collections::BTreeMap;

use super::mapping::{Field, Mapping, NAMES};

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
/// The most columns of a file: as many as a spreadsheet has. What has more is no table of logins.
pub(super) const MAX_COLUMNS: usize = 16_384;
/// Columns whose name begins so are labels.
const LABEL_PREFIX: &str = "label_";

/// Why the columns of a file cannot be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// This has no column.
    Missing(String),
    /// Two columns have this name, which is asked for.
    Twice(String),
}

impl Resolved {
    /// Finds the columns in a header: of a login, or with `labels_only` of what labels say of one. The error names the field or label without a column, or with two.
    pub(super) fn new(
        header: &[&str],
        mapping: &Mapping,
        labels_only: bool,
    ) -> Result<Self, Unresolved> {
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
            if name.is_empty() {
                found.fields.remove(field);
                continue;
            }
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
        let has = |field: Field| found.fields.contains_key(&field);
        let needed: &[Field] = match labels_only {
            false => &[Field::Account, Field::Time, Field::Success],
            true if has(Field::Id) => &[],
            true => &[Field::Account, Field::Time],
        };
        if let Some(needed) = needed.iter().find(|field| !has(**field)) {
            return Err(Unresolved::Missing(needed.name().to_owned()));
        }
        if labels_only && found.labels.is_empty() {
            return Err(Unresolved::Missing(format!("{LABEL_PREFIX}…")));
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

/// `Chrome Mobile WebView 85.0.4183` → `Chrome Mobile WebView`: the live server knows no versions,
/// and every update would be a new browser.
pub(super) fn without_version(text: &str) -> &str {
    let end = text
        .match_indices(' ')
        .find(|(at, _)| text[at + 1..].starts_with(|c: char| c.is_ascii_digit()))
        .map_or(text.len(), |(at, _)| at);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::input::mapping::RBA_NOBODY;

    const RBA_HEADER: &str = "index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,User Agent String,Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover";

    #[test]
    fn the_rba_header_is_recognised() {
        let header: Vec<&str> = RBA_HEADER.split(',').collect();
        let found = Resolved::new(&header, &Mapping::default(), false).unwrap();
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
    fn a_mapping_names_columns_and_labels() {
        let mapping = Mapping::parse(
            "[columns]\naccount = \"who\"\ntime = \"at\"\nsuccess = \"ok\"\n[labels]\nstolen = \"bad\"\n",
        )
        .unwrap();
        let found = Resolved::new(&["at", "who", "ok", "bad", "city"], &mapping, false).unwrap();
        assert_eq!(found.fields[&Field::Account], 1);
        assert_eq!(found.fields[&Field::City], 4);
        assert_eq!(found.labels, [("stolen".to_owned(), 3)]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = Resolved::new(&["account", "time"], &Mapping::default(), false).unwrap_err();
        assert_eq!(error, Unresolved::Missing("success".to_owned()));
        let mapping = Mapping::parse("[columns]\nip = \"addr\"\n").unwrap();
        let error = Resolved::new(&["account", "time", "success"], &mapping, false).unwrap_err();
        assert_eq!(error, Unresolved::Missing("ip (\"addr\")".to_owned()));
        let mapping = Mapping::parse("[columns]\nuser_agent = \"ua\"\n").unwrap();
        let missing = Resolved::new(&["account", "time", "success"], &mapping, false);
        let named = "user_agent (\"ua\")".to_owned();
        assert_eq!(missing.unwrap_err(), Unresolved::Missing(named));
    }

    #[test]
    fn of_two_columns_with_one_name_neither_is_taken() {
        let resolved = |header: &[&str], mapping: &str| {
            Resolved::new(header, &Mapping::parse(mapping).unwrap(), false).map(|_| ())
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

    #[test]
    fn versions_are_cut_off() {
        assert_eq!(
            without_version("Chrome Mobile WebView 85.0.4183"),
            "Chrome Mobile WebView"
        );
        assert_eq!(without_version("Mac OS X 10.15"), "Mac OS X");
        assert_eq!(without_version("Edge"), "Edge");
    }
}
