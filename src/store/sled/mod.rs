//! The store on disk: one tree of sled 0.34.7, used so that what it gets wrong cannot hurt.
//!
//! sled's `flush` is no fsync on Linux, so every commit is followed by `fdatasync` on its file
//! ([`FileBarrier`]); `flush_async` is never called (it hangs); large pages would go to files that
//! are never synced, so the segment size is fixed and values are bounded; a torn snapshot stops it
//! from opening, so those are removed first (`files`); it falls back silently on a damaged log, so a
//! mark beside it remembers what was acknowledged (`mark`).

mod files;
mod found;
mod mark;
mod open;
mod rebuild;
mod unlocked;

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use ::sled::{Batch, Db};

use super::engine::{Barrier, Engine, EngineError, Mark, Order, Reader, Row, Rows, Source, Writes};
use mark::MarkFile;

#[cfg(test)]
pub(crate) use open::{Hooks, open_with};
pub use open::{OnLoss, OpenOptions, OpenReport, Opened, Restored, open};

/// sled's segment size. Pages over a quarter of it become files that are never synced; with 8 MiB
/// none do up to 120 KiB per value. Fixed at creation, so it can never change.
const SEGMENT_BYTES: usize = 8 << 20;

/// Bytes written in a run after which closing renews sled's snapshot: below it a start reads its log in a
/// few hundredths of a second.
const SNAPSHOT_AFTER: usize = 16 << 20;

/// The database in the store's own hands: nobody else has a handle.
pub(crate) struct SledEngine {
    db: Db,
    /// A second handle on the database file, for the last sync.
    file: File,
    /// A database that is being built has none.
    mark: Option<MarkFile>,
    /// Released when the engine is dropped.
    lock: Option<File>,
    home: Home,
    /// Bytes applied since it was opened.
    written: usize,
}

impl SledEngine {
    /// Reads everything there is. The engine checks what it reads, and reads no more than it is asked for.
    fn read_all(&self) -> Result<(), EngineError> {
        let mut rows = range(&self.db, &[], &[u8::MAX; 2], Order::Ascending);
        rows.try_for_each(|row| row.map(drop))
    }
}

/// Where the database is, and with what it is opened.
struct Home {
    path: PathBuf,
    cache_bytes: u64,
}

/// Another handle on the database, that only reads.
struct SledReader(Db);

impl Source for SledReader {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        get(&self.0, key)
    }

    fn look(&self, key: &[u8], take: &mut dyn FnMut(&[u8])) -> Result<(), EngineError> {
        look(&self.0, key, take)
    }

    fn range<'a>(&'a self, low: &[u8], high: &[u8], order: Order) -> Rows<'a> {
        range(&self.0, low, high, order)
    }
}

impl Source for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        get(&self.db, key)
    }

    fn look(&self, key: &[u8], take: &mut dyn FnMut(&[u8])) -> Result<(), EngineError> {
        look(&self.db, key, take)
    }

    fn range<'a>(&'a self, low: &[u8], high: &[u8], order: Order) -> Rows<'a> {
        range(&self.db, low, high, order)
    }
}

fn get(db: &Db, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
    guarded(|| db.get(key)).map(|value| value.map(|bytes| bytes.to_vec()))
}

fn look(db: &Db, key: &[u8], take: &mut dyn FnMut(&[u8])) -> Result<(), EngineError> {
    if let Some(value) = guarded(|| db.get(key))? {
        take(&value);
    }
    Ok(())
}

fn range<'a>(db: &'a Db, low: &[u8], high: &[u8], order: Order) -> Rows<'a> {
    let mut rows = db.range(low..high);
    Box::new(std::iter::from_fn(move || {
        let row = guarded(|| {
            match order {
                Order::Ascending => rows.next(),
                Order::Descending => rows.next_back(),
            }
            .transpose()
        });
        row.map(|row| row.map(|(key, value)| -> Row { (key.to_vec(), value.to_vec()) }))
            .transpose()
    }))
}

impl Engine for SledEngine {
    fn reader(&self) -> Option<Reader> {
        Some(Box::new(SledReader(self.db.clone())))
    }

    fn apply(&mut self, writes: Writes) -> Result<(), EngineError> {
        let mut batch = Batch::default();
        for (key, value) in writes {
            self.written += key.len() + value.as_ref().map_or(0, Vec::len);
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        guarded(|| self.db.apply_batch(batch))
    }

    fn flush(&mut self) -> Result<(), EngineError> {
        guarded(|| self.db.flush()).map(|_| ())
    }

    fn acknowledge(&mut self, mark: Mark) -> Result<(), EngineError> {
        let Some(file) = &mut self.mark else {
            return Ok(());
        };
        file.write(mark)
            .map_err(|error| EngineError(format!("the mark cannot be written: {error}")))
    }

    fn distrust(&self, reason: &str) {
        if self.mark.is_some() {
            files::suspect(&self.home.path, reason);
        }
    }

    fn close(self: Box<Self>) {
        let Self {
            db,
            file,
            mut mark,
            lock: _lock,
            home,
            written,
        } = *self;
        // Everything acknowledged is durable already; this saves the next start some recovery.
        if let Err(error) = guarded(|| db.flush()) {
            tracing::warn!(%error, "the store cannot be flushed on closing");
        }
        drop(db);
        let synced = file
            .sync_data()
            .and_then(|()| mark.as_mut().map_or(Ok(()), MarkFile::sync));
        if let Err(error) = synced {
            tracing::warn!(%error, "the store cannot be synced on closing");
            return;
        }
        if written >= SNAPSHOT_AFTER {
            write_snapshot(&home);
        }
    }
}

/// sled writes the snapshot that spares a start the reading of its log only while it opens, of the log as it
/// then finds it. So the log of this run is read now, where nobody waits, and not by the next start.
fn write_snapshot(home: &Home) {
    if let Err(error) = unlocked::open_engine(&home.path, home.cache_bytes) {
        // It was in order a moment ago, and the next start looks again.
        tracing::warn!(%error, "the store's snapshot cannot be renewed; the next start takes longer");
    }
}

/// `fdatasync` on the database file.
#[derive(Debug)]
pub(crate) struct FileBarrier(File);

impl FileBarrier {
    pub(crate) fn new(file: File) -> Self {
        Self(file)
    }
}

impl Barrier for FileBarrier {
    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// Runs a call into sled; its panics are errors of the database, not of the command that met them.
fn guarded<T>(call: impl FnOnce() -> ::sled::Result<T>) -> Result<T, EngineError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| EngineError(error.to_string())),
        Err(_) => Err(EngineError("the database engine panicked".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use super::*;

    /// A pipe cannot be synced: the kernel says so, if it is asked.
    pub(crate) fn unsyncable() -> File {
        let (_reader, writer) = io::pipe().expect("a pipe");
        File::from(OwnedFd::from(writer))
    }

    #[test]
    fn the_barrier_really_calls_the_kernel() {
        assert!(FileBarrier::new(unsyncable()).sync().is_err());
    }
}
