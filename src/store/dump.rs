//! Dumps: exports that the server writes beside its own database, so that there is something to go
//! back to when the database cannot be read or has lost commits.
//!
//! A dump is a file like any export, one consistent moment with a checksum. It is written under
//! another name, synced, renamed, and only then are older ones removed: there is always a whole one.
//! The newest few are kept; a dump is not written when nothing was committed since the last, nor when
//! the disk has little room, because a full disk ends the store. Dumps are on the same disk: they
//! are no backup.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::export::{ExportReport, TransferError, export_unless};
use super::handle::Store;
use crate::env::{DAY, Millis};

/// The folder of dumps in the store's directory.
pub const DUMPS_FOLDER: &str = "dumps";
/// Bytes that must stay free for the database while a dump is written.
const ROOM_FOR_THE_STORE: u64 = 16 << 20;
/// A dump may be so many times as large as what is known of its size before.
const GROWTH: u64 = 2;
/// For how long the dump before a migration is kept: long enough to go back to the older release.
const KEPT_AFTER_MIGRATION: Millis = 30 * DAY;

/// A dump on the disk. Its content has not been looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpFile {
    /// Where it is.
    pub path: PathBuf,
    /// The commit it shows.
    pub sequence: u64,
    /// When it was written.
    pub time: Millis,
    /// The older format it was written of, before a migration.
    pub format: Option<u32>,
}

/// Why there is no new dump. The older ones are as they were.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The store or the file failed.
    #[error("a dump cannot be written: {0}")]
    Transfer(#[from] TransferError),
    /// A file beside it failed.
    #[error("the folder of dumps {path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A dump might fill the disk, and a full disk ends the store.
    #[error("no dump is written: {path} has {available} bytes left, a dump may need {needed}")]
    NoRoom {
        /// The folder.
        path: PathBuf,
        /// What is free.
        available: u64,
        /// What should be.
        needed: u64,
    },
}

/// The dumps in a folder, the newest first. Empty when there is no folder.
pub fn dumps(folder: &Path) -> io::Result<Vec<DumpFile>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        found.extend(parse(entry?.path()));
    }
    found.sort_by_key(|dump| std::cmp::Reverse((dump.sequence, dump.time)));
    Ok(found)
}

/// Writes a dump of `store` into `folder` and keeps the newest `keep`. `None` when nothing was
/// committed since the last. `give_up` is asked all along. Blocks; run it where that is allowed.
pub async fn dump(
    store: &dyn Store,
    folder: &Path,
    keep: usize,
    now: Millis,
    give_up: impl Fn() -> bool + Send,
) -> Result<Option<DumpFile>, DumpError> {
    let status = store.status();
    let before = dumps(folder).map_err(at(folder))?;
    let newest = before.iter().find(|dump| dump.format.is_none());
    if newest.is_some_and(|newest| newest.sequence >= status.sequence) {
        return Ok(None);
    }
    let expected = newest
        .and_then(|newest| fs::metadata(&newest.path).ok())
        .map_or(status.size.unwrap_or(0), |metadata| metadata.len());
    let mut file = Part::create(folder, expected)?;
    let report: ExportReport = export_unless(store, &mut file.out, give_up).await?;
    let dump = file.finish(DumpFile {
        path: folder.to_owned(),
        sequence: report.sequence,
        time: now,
        format: None,
    })?;
    prune(folder, keep, now)?;
    Ok(Some(dump))
}

/// A dump being written.
pub(super) struct Part {
    /// Where it goes.
    pub(super) out: BufWriter<File>,
    folder: PathBuf,
    path: PathBuf,
}

impl Part {
    /// Makes the folder and a file in it, readable by their owner only, if there is room for
    /// `expected` bytes. What an earlier dump left half-written is removed.
    pub(super) fn create(folder: &Path, expected: u64) -> Result<Self, DumpError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(at(folder))?;
        let path = folder.join("dump.part");
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(at(folder)(error));
            }
            _ => {}
        }
        let space = rustix::fs::statvfs(folder).map_err(|error| at(folder)(error.into()))?;
        let available = space.f_bavail.saturating_mul(space.f_frsize);
        let needed = expected
            .saturating_mul(GROWTH)
            .saturating_add(ROOM_FOR_THE_STORE);
        if available < needed {
            return Err(DumpError::NoRoom {
                path: folder.to_owned(),
                available,
                needed,
            });
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(at(folder))?;
        Ok(Self {
            out: BufWriter::new(file),
            folder: folder.to_owned(),
            path,
        })
    }

    /// Makes it durable under its name.
    pub(super) fn finish(mut self, mut dump: DumpFile) -> Result<DumpFile, DumpError> {
        dump.path = self.folder.join(name(&dump));
        let done = self
            .out
            .flush()
            .and_then(|()| self.out.get_ref().sync_all())
            .and_then(|()| fs::rename(&self.path, &dump.path))
            .and_then(|()| File::open(&self.folder)?.sync_all());
        done.map_err(at(&self.folder))?;
        Ok(dump)
    }
}

impl Drop for Part {
    /// What was not finished is not kept; after `finish` nothing has this name.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn prune(folder: &Path, keep: usize, now: Millis) -> Result<(), DumpError> {
    let mut kept = 0;
    for dump in dumps(folder).map_err(at(folder))? {
        let stays = match dump.format {
            Some(_) => dump.time.saturating_add(KEPT_AFTER_MIGRATION) > now,
            None => {
                kept += 1;
                kept <= keep.max(1)
            }
        };
        if !stays {
            fs::remove_file(&dump.path).map_err(at(folder))?;
        }
    }
    Ok(())
}

fn at(folder: &Path) -> impl Fn(io::Error) -> DumpError + '_ {
    |source| DumpError::Folder {
        path: folder.to_owned(),
        source,
    }
}

fn name(dump: &DumpFile) -> String {
    let DumpFile {
        sequence,
        time,
        format,
        ..
    } = dump;
    match format {
        None => format!("dump-{sequence:020}-{time}.jsonl"),
        Some(format) => format!("dump-{sequence:020}-{time}-format-{format}.jsonl"),
    }
}

fn parse(path: PathBuf) -> Option<DumpFile> {
    let name = path.file_name()?.to_str()?;
    let mut parts = name
        .strip_prefix("dump-")?
        .strip_suffix(".jsonl")?
        .split('-');
    let sequence = parts.next()?.parse().ok()?;
    let time = parts.next()?.parse().ok()?;
    let format = match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => None,
        (Some("format"), Some(format), None) => Some(format.parse().ok()?),
        _ => return None,
    };
    Some(DumpFile {
        path,
        sequence,
        time,
        format,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::{NewEvent, StoreError, execute, memory};
    use super::*;
    use crate::env::Env;

    async fn commit(store: &dyn Store) {
        let done: Result<u64, StoreError> = execute(store, "test", |tx| {
            tx.emit(NewEvent::new("fact", serde_json::json!({})))
        })
        .await;
        done.expect("a commit");
    }

    #[tokio::test]
    async fn the_newest_dumps_are_kept_and_none_is_written_without_a_commit() {
        let directory = tempfile::tempdir().expect("a directory");
        let folder = directory.path().join("dumps");
        let store = memory(Env::scripted(1_000, 1).0);
        assert_eq!(dumps(&folder).expect("no folder yet"), []);
        let mut sequences = Vec::new();
        for round in 0..5 {
            commit(&*store).await;
            let made = dump(&*store, &folder, 2, round, || false).await;
            sequences.push(made.expect("written").expect("a new one").sequence);
            let again = dump(&*store, &folder, 2, round, || false).await;
            assert_eq!(again.expect("looked"), None, "nothing has changed");
        }
        let kept: Vec<u64> = dumps(&folder)
            .expect("listed")
            .iter()
            .map(|dump| dump.sequence)
            .collect();
        assert_eq!(kept, [sequences[4], sequences[3]]);
        let mode = |path: &Path| {
            let meta = fs::metadata(path).expect("there");
            std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o777
        };
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&dumps(&folder).expect("listed")[0].path), 0o600);
        let file = fs::read(&dumps(&folder).expect("listed")[0].path).expect("read");
        let copy = memory(Env::scripted(1_000, 2).0);
        let imported = super::super::import(&*copy, io::Cursor::new(file)).await;
        assert_eq!(
            imported.expect("a dump is an export").records["feed_event"],
            5
        );
    }

    #[tokio::test]
    async fn a_dump_that_is_given_up_leaves_nothing_and_takes_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = memory(Env::scripted(1_000, 1).0);
        commit(&*store).await;
        let first = dump(&*store, directory.path(), 1, 1, || false).await;
        let first = first.expect("written").expect("new");
        commit(&*store).await;
        let given_up = dump(&*store, directory.path(), 1, 2, || true).await;
        assert!(matches!(
            given_up,
            Err(DumpError::Transfer(TransferError::GivenUp))
        ));
        assert_eq!(dumps(directory.path()).expect("listed"), [first]);
        assert_eq!(fs::read_dir(directory.path()).expect("read").count(), 1);
    }

    /// A million accounts are counted for seconds before the first line is written.
    #[tokio::test]
    async fn giving_up_is_heard_while_records_are_counted() {
        struct Untouched;
        impl Write for Untouched {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                panic!("written to after it was given up")
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let store = memory(Env::scripted(1_000, 1).0);
        commit(&*store).await;
        let asked = AtomicUsize::new(0);
        let give_up = || asked.fetch_add(1, Ordering::Relaxed) > 0;
        let ended = export_unless(&*store, Untouched, give_up).await;
        assert!(matches!(ended, Err(TransferError::GivenUp)), "{ended:?}");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn the_dump_before_a_migration_outlives_the_others_for_a_month() {
        let directory = tempfile::tempdir().expect("a directory");
        for (sequence, format) in [(1, Some(1)), (2, None), (3, None)] {
            let part = Part::create(directory.path(), 0).expect("room");
            part.finish(DumpFile {
                path: PathBuf::new(),
                sequence,
                time: 1_000,
                format,
            })
            .expect("finished");
        }
        let kept = |now| {
            prune(directory.path(), 1, now).expect("pruned");
            let all = dumps(directory.path()).expect("listed");
            all.iter().map(|dump| dump.sequence).collect::<Vec<_>>()
        };
        assert_eq!(kept(2_000), [3, 1]);
        assert_eq!(kept(1_000 + 31 * DAY), [3]);
    }

    #[test]
    fn a_dump_that_might_fill_the_disk_is_not_begun() {
        let directory = tempfile::tempdir().expect("a directory");
        let refused = Part::create(directory.path(), u64::MAX / 4);
        assert!(matches!(refused, Err(DumpError::NoRoom { .. })));
        assert_eq!(fs::read_dir(directory.path()).expect("read").count(), 0);
    }
}
