//! The whole store as lines of JSON: for backups, moves to another engine, and reading.
//!
//! A header line, one line per record in key order, and a trailer with their number and the SHA-256
//! of all lines before it, so that a truncated file is known as one. It is read through a snapshot:
//! a consistent moment, while the store works on. The master key is never in the store, and records
//! hold hashes of secrets only, so the file opens nothing; it does hold personal data.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::codec;
use super::command::read_at;
use super::commit_record::CommitRecord;
use super::engine::{Engine, Order, Row};
use super::error::StoreError;
use super::handle::{Snapshot, Store};
use super::key::{self, KEY_FORMAT, after_prefix, kind_prefix};
use super::migrate::Chain;
use super::records::{Flavour, Kind, RecordType, STORE_FORMAT, schema};
use crate::env::Millis;

/// The version of the file format.
pub const EXPORT_FORMAT: u32 = 1;

/// Records read in one command; small, because commands of others wait meanwhile.
const PAGE: usize = 128;

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportReport {
    /// The commit the file shows.
    pub sequence: u64,
    /// The moment it shows.
    pub time: Millis,
    /// Records by kind.
    pub records: BTreeMap<String, u64>,
    /// The SHA-256 in the trailer, in hex.
    pub sha256: String,
}

/// Why an export or import failed.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever wanted the file does not want it any more.
    #[error("it was given up")]
    GivenUp,
    /// The file cannot be read or written.
    #[error("the export file: {0}")]
    Io(#[from] io::Error),
    /// The file is not an export of a version known here.
    #[error("line 1: this is not an export this program can read (format {EXPORT_FORMAT})")]
    Header,
    /// The trailer is missing: the file was cut off.
    #[error("the file ends after line {line} without its trailer: it is truncated")]
    Truncated {
        /// The last line.
        line: u64,
    },
    /// The trailer does not fit what is before it.
    #[error("line {line}: the trailer does not fit the file: it was changed or damaged")]
    Trailer {
        /// The trailer's line.
        line: u64,
    },
    /// The file was written by a newer release.
    #[error("line 1: the file has store format {found}, this program knows up to {known}")]
    Newer {
        /// The file's format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// A line is not a record.
    #[error("line {line}: {what}")]
    Line {
        /// Which line, from 1.
        line: u64,
        /// What is wrong, without its content.
        what: &'static str,
    },
    /// A record does not have its kind's shape.
    #[error("line {line}: the {kind}'s field {field} is missing or wrong")]
    Field {
        /// Which line, from 1.
        line: u64,
        /// The record kind's name.
        kind: &'static str,
        /// The path of the field, "." for the record itself.
        field: String,
    },
    /// A record of an older format cannot be migrated.
    #[error("line {line}: this record of format {from} cannot be migrated: {field}")]
    Migration {
        /// Which line, from 1.
        line: u64,
        /// The file's format.
        from: u32,
        /// What is wrong, without any value.
        field: String,
    },
    /// The store already holds something.
    #[error("the store is not empty: an import goes into a new one")]
    NotEmpty,
    /// The file is from a store of the other flavour.
    #[error("the file is from a {file} store, this is a {store} store")]
    Flavour {
        /// The file's.
        file: Flavour,
        /// The store's.
        store: Flavour,
    },
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) menshen_export: u32,
    /// The store's format. Exports of the first format do not say it.
    #[serde(default = "first_format")]
    pub(super) format: u32,
    pub(super) time: Millis,
    pub(super) flavour: Flavour,
    pub(super) sequence: u64,
    pub(super) records: BTreeMap<String, u64>,
}

fn first_format() -> u32 {
    1
}

/// The last line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trailer {
    pub(super) end: End,
}

/// What the last line says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) records: u64,
    pub(super) sha256: String,
}

/// A line between.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) kind: String,
    pub(super) record: serde_json::Value,
}

/// Whether records of this kind are exported. What the store itself is stands in the header.
pub(super) fn is_exported(kind: Kind) -> bool {
    kind != Kind::StoreInfo
}

/// Writes everything to `out`. The writes block; run it where that is allowed.
pub async fn export<W: Write + Send>(
    store: &dyn Store,
    out: W,
) -> Result<ExportReport, TransferError> {
    export_unless(store, out, || false).await
}

/// [`export`], which ends early once `give_up` says so; it is asked for every page of records, counted or
/// written.
pub(super) async fn export_unless<W: Write + Send>(
    store: &dyn Store,
    out: W,
    give_up: impl Fn() -> bool + Send,
) -> Result<ExportReport, TransferError> {
    let wanted = || match give_up() {
        true => Err(TransferError::GivenUp),
        false => Ok(()),
    };
    let snapshot = store.snapshot().await?;
    let mut out = Hashed::new(out);
    let last = read_at(store, &snapshot, "store.export", |tx| tx.commit_record()).await?;
    let mut records = BTreeMap::new();
    for kind in exported() {
        let mut counted = 0;
        for_each_page(store, &snapshot, kind, |rows| {
            counted += rows.len() as u64;
            wanted()
        })
        .await?;
        records.insert(kind.name().to_owned(), counted);
    }
    out.line(&Header {
        menshen_export: EXPORT_FORMAT,
        format: STORE_FORMAT,
        time: last.latest,
        flavour: store.status().flavour,
        sequence: last.sequence,
        records: records.clone(),
    })?;
    let mut written = 0;
    for kind in exported() {
        for_each_page(store, &snapshot, kind, |rows| {
            wanted()?;
            for (_, value) in rows {
                out.line(&Line {
                    kind: kind.name().to_owned(),
                    record: (kind.to_json)(&value)?,
                })?;
                written += 1;
            }
            Ok(())
        })
        .await?;
    }
    let sha256 = out.finish(written)?;
    Ok(ExportReport {
        sequence: last.sequence,
        time: last.latest,
        records,
        sha256,
    })
}

/// What a store of any format says about itself.
#[derive(Debug, Deserialize)]
pub(crate) struct OldInfo {
    pub(crate) format: u32,
    pub(crate) created: Millis,
    pub(crate) flavour: Flavour,
    #[serde(default)]
    pub(crate) importing: bool,
}

impl OldInfo {
    /// `None` in a new store.
    pub(crate) fn read(engine: &dyn Engine) -> Result<Option<Self>, StoreError> {
        let value = engine
            .get(&key::full_key(Kind::StoreInfo, &()))
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        let corrupt = |detail: String| StoreError::Corrupt {
            kind: Kind::StoreInfo.name(),
            detail,
        };
        value
            .map(|value| {
                let json = codec::to_json(&value).map_err(corrupt)?;
                serde_path_to_error::deserialize(json)
                    .map_err(|error| corrupt(format!("field {}", error.path())))
            })
            .transpose()
    }
}

/// Writes a store of an older format to `out`, in that format: no type of the present is asked.
pub(crate) fn export_old<W: Write>(
    engine: &dyn Engine,
    chain: Chain,
    info: &OldInfo,
    out: W,
) -> Result<(), TransferError> {
    let last = CommitRecord::read(engine)?;
    let mut records = BTreeMap::new();
    each_old(engine, chain, info.format, |kind, _| {
        *records.entry(kind.to_owned()).or_insert(0) += 1;
        Ok(())
    })?;
    let mut out = Hashed::new(out);
    let written = records.values().sum();
    out.line(&Header {
        menshen_export: EXPORT_FORMAT,
        format: info.format,
        time: last.latest,
        flavour: info.flavour,
        sequence: last.sequence,
        records,
    })?;
    each_old(engine, chain, info.format, |kind, value| {
        let record =
            codec::to_json(value).map_err(|detail| StoreError::Corrupt { kind, detail })?;
        out.line(&Line {
            kind: kind.to_owned(),
            record,
        })
    })?;
    out.finish(written)?;
    Ok(())
}

fn each_old(
    engine: &dyn Engine,
    chain: Chain,
    format: u32,
    mut visit: impl FnMut(&'static str, &[u8]) -> Result<(), TransferError>,
) -> Result<(), TransferError> {
    let first = [KEY_FORMAT, Kind::StoreInfo as u8 + 1];
    for row in engine.range(&first, &[KEY_FORMAT + 1], Order::Ascending) {
        let (key, value) = row.map_err(|error| StoreError::Failed(error.to_string()))?;
        let number = key.get(1).copied().unwrap_or(0);
        let kind = chain
            .kind_name(format, number)
            .ok_or_else(|| StoreError::Corrupt {
                kind: "record",
                detail: format!("kind {number} is unknown"),
            })?;
        visit(kind, &value)?;
    }
    Ok(())
}

fn exported() -> impl Iterator<Item = &'static RecordType> {
    schema().iter().filter(|record| is_exported(record.kind))
}

/// Walks through one kind at the snapshot.
async fn for_each_page(
    store: &dyn Store,
    snapshot: &Snapshot,
    record: &'static RecordType,
    mut visit: impl FnMut(Vec<Row>) -> Result<(), TransferError>,
) -> Result<(), TransferError> {
    let mut low = kind_prefix(record.kind);
    let high = after_prefix(&low);
    loop {
        let bounds = (low.clone(), high.clone());
        let rows = read_at(store, snapshot, "store.export", move |tx| {
            tx.rows(&bounds.0, &bounds.1, Order::Ascending, PAGE)
        })
        .await?;
        let full = rows.len() == PAGE;
        if let Some((last, _)) = rows.last() {
            low = key::successor(last);
        }
        visit(rows)?;
        if !full {
            return Ok(());
        }
    }
}

impl super::Tx<'_> {
    /// The last commit visible here.
    fn commit_record(&mut self) -> Result<CommitRecord, StoreError> {
        let bytes = self.get_raw(&CommitRecord::KEY)?;
        CommitRecord::decode(bytes.as_deref())
    }
}

/// Lines on their way out and their digest.
pub(super) struct Hashed<W> {
    inner: W,
    digest: Sha256,
}

impl<W: Write> Hashed<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            digest: Sha256::new(),
        }
    }

    pub(super) fn line(&mut self, value: &impl Serialize) -> Result<(), TransferError> {
        let mut line = serde_json::to_vec(value).map_err(io::Error::from)?;
        line.push(b'\n');
        self.digest.update(&line);
        self.inner.write_all(&line)?;
        Ok(())
    }

    /// The trailer; the digest in it.
    pub(super) fn finish(mut self, records: u64) -> Result<String, TransferError> {
        let sha256 = hex::encode(self.digest.clone().finalize());
        self.line(&Trailer {
            end: End {
                records,
                sha256: sha256.clone(),
            },
        })?;
        self.inner.flush()?;
        Ok(sha256)
    }
}
