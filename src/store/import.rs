//! An export back into an empty store.
//!
//! The file is read twice: first to the end, with every record through its type and the trailer
//! against the rest; only then is anything written. While it is being written the store is marked as
//! unfinished, so that half an import is never served.

use std::collections::BTreeMap;
use std::io::{BufRead, Read, Seek, SeekFrom};

use sha2::{Digest, Sha256};

use super::command::execute;
use super::engine::{Order, Row};
use super::error::StoreError;
use super::export::{EXPORT_FORMAT, Header, Line, Trailer, TransferError, is_exported};
use super::handle::Store;
use super::key::KEY_FORMAT;
use super::migrate::{Chain, OldRecord};
use super::records::{Kind, RecordType, StoreInfo, schema};
use super::tx::Tx;

/// The longest line: a record of the largest size, with every byte escaped, and its wrapping.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Records written in one command.
const BATCH_RECORDS: usize = 256;
/// Bytes written in one command, half of what it may.
const BATCH_BYTES: usize = super::MAX_COMMAND_BYTES / 2;

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// Records by kind.
    pub records: BTreeMap<String, u64>,
}

/// Reads everything from `file` into an empty store; an export of an older format is migrated on the
/// way. The reads block; run it where that is allowed.
/// After an error during the second reading the store is unusable and does not open again.
pub async fn import<R: BufRead + Seek + Send>(
    store: &dyn Store,
    mut file: R,
) -> Result<ImportReport, TransferError> {
    let start = file.stream_position()?;
    let mut records = BTreeMap::new();
    let mut lines = Lines::new(&mut file, Chain::PRODUCTION)?;
    let flavour = store.status().flavour;
    if lines.header.flavour != flavour {
        return Err(TransferError::Flavour {
            file: lines.header.flavour,
            store: flavour,
        });
    }
    while let Some(rows) = lines.next_rows()? {
        for row in rows {
            *records.entry(row.kind.to_owned()).or_insert(0) += 1;
        }
    }
    execute(store, "store.import", begin).await?;
    file.seek(SeekFrom::Start(start))?;
    let mut lines = Lines::new(&mut file, Chain::PRODUCTION)?;
    loop {
        let batch = next_batch(&mut lines)?;
        if batch.is_empty() {
            break;
        }
        execute(store, "store.import", move |tx| {
            batch
                .iter()
                .try_for_each(|(key, value)| tx.write_raw(key.clone(), Some(value.clone())))
        })
        .await
        .map_err(TransferError::Store)?;
    }
    execute(store, "store.import", |tx| mark_importing(tx, false)).await?;
    Ok(ImportReport { records })
}

/// Refuses a store with anything in it, and marks it as unfinished.
fn begin(tx: &mut Tx<'_>) -> Result<(), TransferError> {
    let first = [KEY_FORMAT, Kind::StoreInfo as u8 + 1];
    let beyond = [KEY_FORMAT + 1];
    if !tx.rows(&first, &beyond, Order::Ascending, 1)?.is_empty() {
        return Err(TransferError::NotEmpty);
    }
    mark_importing(tx, true)?;
    Ok(())
}

fn mark_importing(tx: &mut Tx<'_>, importing: bool) -> Result<(), StoreError> {
    let info = tx.get::<StoreInfo>(&())?;
    let info = info.ok_or_else(|| StoreError::Corrupt {
        kind: Kind::StoreInfo.name(),
        detail: "it is missing".to_owned(),
    })?;
    tx.put(&StoreInfo { importing, ..info })
}

/// The next records, enough for one command; none at the end.
pub(super) fn next_batch<R: BufRead>(lines: &mut Lines<'_, R>) -> Result<Vec<Row>, TransferError> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while batch.len() < BATCH_RECORDS && bytes < BATCH_BYTES {
        let Some(rows) = lines.next_rows()? else {
            break;
        };
        for row in rows {
            bytes += row.key.len() + row.value.len();
            batch.push((row.key, row.value));
        }
    }
    Ok(batch)
}

/// A file being read and checked.
pub(super) struct Lines<'a, R> {
    file: &'a mut R,
    chain: Chain,
    /// The first line.
    pub(super) header: Header,
    line: u64,
    digest: Sha256,
    counts: BTreeMap<String, u64>,
    last_key: Vec<u8>,
    ended: bool,
}

/// A checked record.
pub(super) struct ImportRow {
    kind: &'static str,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<'a, R: BufRead> Lines<'a, R> {
    /// Reads the header. What follows comes out in the format that `chain` leads to.
    pub(super) fn new(file: &'a mut R, chain: Chain) -> Result<Self, TransferError> {
        let mut digest = Sha256::new();
        let bytes = read_line(file, 1)?.ok_or(TransferError::Header)?;
        let header: Header = serde_json::from_slice(&bytes).map_err(|_| TransferError::Header)?;
        if header.menshen_export != EXPORT_FORMAT {
            return Err(TransferError::Header);
        }
        if header.format > chain.target() {
            return Err(TransferError::Newer {
                found: header.format,
                known: chain.target(),
            });
        }
        digest.update(&bytes);
        Ok(Self {
            file,
            chain,
            header,
            line: 1,
            digest,
            counts: BTreeMap::new(),
            last_key: Vec::new(),
            ended: false,
        })
    }

    /// What the next line holds: one record, or what became of one of an older format. `None` once,
    /// after a trailer that fits and nothing behind it.
    pub(super) fn next_rows(&mut self) -> Result<Option<Vec<ImportRow>>, TransferError> {
        if self.ended {
            return Ok(None);
        }
        let number = self.line + 1;
        let Some(bytes) = read_line(self.file, number)? else {
            return Err(TransferError::Truncated { line: self.line });
        };
        self.line = number;
        if !bytes.ends_with(b"\n") {
            return Err(TransferError::Truncated { line: number });
        }
        if bytes.starts_with(br#"{"end":"#) {
            let trailer = serde_json::from_slice(&bytes)
                .map_err(|_| TransferError::Trailer { line: number })?;
            self.check_trailer(&trailer)?;
            self.ended = true;
            return Ok(None);
        }
        let parsed: Line = serde_json::from_slice(&bytes).map_err(|_| TransferError::Line {
            line: number,
            what: "this is not a record",
        })?;
        self.digest.update(&bytes);
        *self.counts.entry(parsed.kind.clone()).or_insert(0) += 1;
        if self.header.format == self.chain.target() {
            let row = self.row(parsed.kind, parsed.record)?;
            if row.key <= self.last_key {
                return Err(TransferError::Line {
                    line: number,
                    what: "this record is repeated or out of order",
                });
            }
            self.last_key.clone_from(&row.key);
            return Ok(Some(vec![row]));
        }
        let old = OldRecord {
            kind: parsed.kind,
            record: parsed.record,
        };
        let lifted =
            self.chain
                .lift(self.header.format, old)
                .map_err(|field| TransferError::Migration {
                    line: number,
                    from: self.header.format,
                    field,
                })?;
        let rows: Result<Vec<ImportRow>, TransferError> = lifted
            .into_iter()
            .map(|new| self.row(new.kind, new.record))
            .collect();
        rows.map(Some)
    }

    fn row(&self, kind: String, record: serde_json::Value) -> Result<ImportRow, TransferError> {
        let line = self.line;
        let known: &RecordType = schema()
            .iter()
            .find(|known| known.name() == kind && is_exported(known.kind))
            .ok_or(TransferError::Line {
                line,
                what: "this kind of record is unknown here",
            })?;
        let (key, value) = (known.from_json)(record).map_err(|field| TransferError::Field {
            line,
            kind: known.name(),
            field,
        })?;
        Ok(ImportRow {
            kind: known.name(),
            key,
            value,
        })
    }

    fn check_trailer(&mut self, trailer: &Trailer) -> Result<(), TransferError> {
        let line = self.line;
        let records: u64 = self.counts.values().sum();
        let announced =
            self.header.records.iter().all(|(kind, count)| {
                self.counts.get(kind.as_str()).copied().unwrap_or(0) == *count
            });
        let fits = trailer.end.records == records
            && trailer.end.sha256 == hex::encode(self.digest.clone().finalize())
            && announced;
        if !fits || read_line(self.file, line + 1)?.is_some() {
            return Err(TransferError::Trailer { line });
        }
        Ok(())
    }
}

fn read_line(file: &mut impl BufRead, line: u64) -> Result<Option<Vec<u8>>, TransferError> {
    let mut bytes = Vec::new();
    file.take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes)?;
    if bytes.len() as u64 == MAX_LINE_BYTES && !bytes.ends_with(b"\n") {
        return Err(TransferError::Line {
            line,
            what: "this line is too long",
        });
    }
    Ok((!bytes.is_empty()).then_some(bytes))
}
