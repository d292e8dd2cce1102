//! From older formats to the present one, record by record.
//!
//! A migration turns one record of its format, as JSON under its kind's name, into the records of the
//! next one. The same chain serves a store on disk, a dump beside it and an export of any age: a
//! store is migrated by dumping it and reading the dump through the chain into a new database, which
//! takes the place of the old one in one step (`sled/rebuild.rs`). A migration sees one record at a
//! time, knows no types of the present (those will have changed again), and never guesses: what it
//! cannot read ends the whole migration, and the old store stays as it was.
//!
//! To change a record so that old values no longer decode: write the migration here, raise
//! [`STORE_FORMAT`](super::records::STORE_FORMAT), and keep the fixture of the format before.

use serde_json::Value;

use super::records::{Kind, STORE_FORMAT};

/// A record of any format.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OldRecord {
    /// The kind's name in that format.
    pub(crate) kind: String,
    /// Its fields.
    pub(crate) record: Value,
}

/// One step of the chain.
#[derive(Clone, Copy)]
pub(crate) struct Migration {
    /// The format it starts from; it leads to the next.
    pub(crate) from: u32,
    /// Kinds that exist in that format only: number and name.
    pub(crate) retired: &'static [(u8, &'static str)],
    /// The records that take this one's place: none, one or several. The error names a field.
    pub(crate) record: fn(OldRecord) -> Result<Vec<OldRecord>, String>,
}

/// Every migration there is, oldest first.
#[derive(Clone, Copy)]
pub(crate) struct Chain(pub(crate) &'static [Migration]);

impl Chain {
    /// The chain of this program. Format 1 is the first there was.
    pub(crate) const PRODUCTION: Self = Self(&[]);

    /// The format it leads to.
    pub(crate) fn target(self) -> u32 {
        match self.0.last() {
            Some(last) => last.from + 1,
            None => STORE_FORMAT,
        }
    }

    /// What became of a record of format `from`.
    pub(crate) fn lift(self, from: u32, record: OldRecord) -> Result<Vec<OldRecord>, String> {
        let mut records = vec![record];
        for step in self.0.iter().filter(|step| step.from >= from) {
            let mut lifted = Vec::with_capacity(records.len());
            for record in records {
                lifted.extend((step.record)(record)?);
            }
            records = lifted;
        }
        Ok(records)
    }

    /// The name of a kind in a store of format `from`.
    pub(crate) fn kind_name(self, from: u32, number: u8) -> Option<&'static str> {
        let retired = self
            .0
            .iter()
            .filter(|step| step.from >= from)
            .flat_map(|step| step.retired)
            .find(|(retired, _)| *retired == number)
            .map(|(_, name)| *name);
        retired.or_else(|| {
            Kind::ALL
                .iter()
                .find(|kind| **kind as u8 == number)
                .map(|kind| kind.name())
        })
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Chain(to {})", self.target())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEST: Chain = Chain(&[
        Migration {
            from: 1,
            retired: &[(200, "nickname")],
            record: |old| match old.kind.as_str() {
                "nickname" => Ok(vec![]),
                _ => Ok(vec![old]),
            },
        },
        Migration {
            from: 2,
            retired: &[],
            record: |mut old| match old.record["last"].as_u64() {
                Some(last) => {
                    old.record["last"] = json!(last + 1);
                    Ok(vec![old])
                }
                None => Err("last".to_owned()),
            },
        },
    ]);

    fn counter(last: Value) -> OldRecord {
        OldRecord {
            kind: "counter".to_owned(),
            record: json!({"name": "a", "last": last}),
        }
    }

    #[test]
    fn the_chain_has_no_gap_and_ends_at_the_present_format() {
        for (place, step) in Chain::PRODUCTION.0.iter().enumerate() {
            assert_eq!(step.from as usize, place + 1);
        }
        assert_eq!(Chain::PRODUCTION.target(), STORE_FORMAT);
    }

    #[test]
    fn a_record_passes_the_steps_from_its_own_format_on() {
        assert_eq!(TEST.target(), 3);
        for from in [1, 2] {
            assert_eq!(
                TEST.lift(from, counter(json!(7))),
                Ok(vec![counter(json!(8))])
            );
        }
        assert_eq!(TEST.lift(3, counter(json!(7))), Ok(vec![counter(json!(7))]));
        let gone = OldRecord {
            kind: "nickname".to_owned(),
            record: json!({}),
        };
        assert_eq!(TEST.lift(1, gone), Ok(vec![]));
        assert_eq!(TEST.lift(1, counter(json!("x"))), Err("last".to_owned()));
    }

    #[test]
    fn kinds_of_old_formats_have_names() {
        assert_eq!(TEST.kind_name(1, 200), Some("nickname"));
        assert_eq!(TEST.kind_name(2, 200), None);
        assert_eq!(TEST.kind_name(1, 2), Some("counter"));
    }
}
