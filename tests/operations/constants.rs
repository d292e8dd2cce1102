//! The code's constants, read from its text: which bound something, and how the manual may write their values.

use std::collections::BTreeMap;
use std::path::Path;

use super::root;

/// A constant of the code: the file it is in below `src`, its name, its type and its value as written.
#[derive(Debug)]
pub struct Constant {
    pub file: String,
    pub name: String,
    kind: String,
    value: String,
}

/// Adds those of the files in a folder, and below it.
pub fn constants(folder: &Path, all: &mut Vec<Constant>) {
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            constants(&path, all);
            continue;
        }
        let below = path.strip_prefix(root().join("src")).expect("below");
        let file = below.to_string_lossy().into_owned();
        if !file.ends_with(".rs") || file.contains("test") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("text");
        for (at, _) in text.match_indices("const ") {
            let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let before = text[line..at].trim();
            if !(before.is_empty() || before.starts_with("pub")) {
                continue;
            }
            let rest = &text[at + "const ".len()..];
            let Some((name, rest)) = rest.split_once(": ") else {
                continue;
            };
            let Some((kind, rest)) = rest.split_once(" =") else {
                continue;
            };
            let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !plain(name) || !plain(kind) {
                continue;
            }
            let value = rest.split(';').next().unwrap_or_default();
            all.push(Constant {
                file: file.clone(),
                name: name.to_owned(),
                kind: kind.to_owned(),
                value: value.trim().to_owned(),
            });
        }
    }
}

impl Constant {
    /// Whether its name says that it bounds something, and its type that it is a number or a time.
    pub fn bounds(&self) -> bool {
        let name = self.name.as_str();
        let kinds = ["usize", "u64", "u32", "u8", "i64", "Millis", "Duration"];
        kinds.contains(&self.kind.as_str())
            && (name.starts_with("MAX_")
                || name.contains("LIMIT")
                || name.contains("CAPACITY")
                || name.ends_with("_ROWS"))
    }

    /// Whether `place::NAME` means it: a room, or a file in one.
    pub fn is(&self, spec: &str) -> bool {
        let (place, name) = spec.split_once("::").expect("place::NAME");
        let file = self.file.trim_end_matches(".rs").trim_end_matches("/mod");
        let rest = file.strip_prefix(place);
        self.name == name && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Its value; a time in milliseconds.
    fn worth(&self, all: &[Self]) -> u64 {
        let known: BTreeMap<&str, u64> = [
            ("SECOND", 1_000),
            ("MINUTE", 60_000),
            ("HOUR", 3_600_000),
            ("DAY", 86_400_000),
        ]
        .into();
        let atom = |text: &str| -> u64 {
            let text = text.trim();
            let seconds = text.strip_prefix("Duration::from_secs(");
            if let Some(inner) = seconds.and_then(|rest| rest.strip_suffix(')')) {
                return inner.parse::<u64>().expect("seconds") * 1_000;
            }
            let last = text.rsplit("::").next().unwrap_or(text);
            let named = || {
                all.iter()
                    .find(|one| one.name == last && one.kind == self.kind)
            };
            (text.replace('_', "").parse().ok())
                .or_else(|| known.get(last).copied())
                .or_else(|| named().map(|one| one.worth(all)))
                .unwrap_or_else(|| panic!("{self:?}: what is {text}?"))
        };
        let product = |text: &str| -> u64 {
            match text.split_once("<<") {
                Some((one, by)) => atom(one) << atom(by),
                None => text.split('*').map(atom).product(),
            }
        };
        match self.value.split_once(" - ") {
            Some((from, less)) => product(from) - product(less),
            None => product(&self.value),
        }
    }

    /// How the manual may write it.
    pub fn forms(&self, all: &[Self]) -> Vec<String> {
        let worth = self.worth(all);
        let mut forms = Vec::new();
        let mut unit = |size: u64, name: &str| {
            if worth >= size && worth.is_multiple_of(size) {
                forms.push(format!("{} {name}", worth / size));
            }
        };
        if matches!(self.kind.as_str(), "Millis" | "Duration") {
            for (size, name) in [
                (1_000, "s"),
                (60_000, "minutes"),
                (3_600_000, "hours"),
                (86_400_000, "days"),
            ] {
                unit(size, name);
            }
            return forms;
        }
        unit(1 << 10, "KiB");
        unit(1 << 20, "MiB");
        let digits = worth.to_string();
        let mut grouped = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        forms.push(grouped);
        forms
    }
}
