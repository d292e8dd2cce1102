//! What the writer needs from a database: reads in key order, an atomic batch, and the steps that
//! make it durable. Bytes only; records and keys are above, files below. The two implementations
//! are [`super::sled`] and [`super::memory`]; nothing outside the store sees this trait.

use std::collections::BTreeMap;
use std::io;

/// Pending writes by key: `None` deletes.
pub(crate) type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A stored key and value.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

/// Rows of a range, in the order asked for.
pub(crate) type Rows<'a> = Box<dyn Iterator<Item = Result<Row, EngineError>> + 'a>;

/// The direction of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// An error of the database or the disk. There is no way on after one.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct EngineError(pub(crate) String);

/// What can be read of a database.
pub(crate) trait Source {
    /// The value stored under `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;
    /// Shows the value stored under `key` where it lies, if there is one.
    fn look(&self, key: &[u8], take: &mut dyn FnMut(&[u8])) -> Result<(), EngineError> {
        if let Some(value) = self.get(key)? {
            take(&value);
        }
        Ok(())
    }
    /// The rows with `low <= key < high`.
    fn range<'a>(&'a self, low: &[u8], high: &[u8], order: Order) -> Rows<'a>;
}

/// A second way into a database, for reading on other threads while its engine writes. It sees what
/// is applied, durable or not, and no snapshot: [`super::quick`] makes something of it that may be
/// answered.
pub(crate) type Reader = Box<dyn Source + Send + Sync>;

/// A database written by one thread.
pub(crate) trait Engine: Source + Send {
    /// A reader for other threads, where the database has such a thing. The database's files are
    /// not free before it is dropped.
    fn reader(&self) -> Option<Reader> {
        None
    }
    /// Applies all writes or none of them.
    fn apply(&mut self, writes: Writes) -> Result<(), EngineError>;
    /// Hands everything applied to the operating system.
    fn flush(&mut self) -> Result<(), EngineError>;
    /// Records what is about to be acknowledged, after it is durable.
    fn acknowledge(&mut self, mark: Mark) -> Result<(), EngineError>;
    /// Remembers that it may be damaged: the next one to open it reads all of it first.
    fn distrust(&self, reason: &str) {
        let _ = reason;
    }
    /// Leaves everything durable and lets go of the files.
    fn close(self: Box<Self>);
}

/// How far acknowledgements have come; kept outside the database to notice when it falls back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// The last acknowledged commit.
    pub sequence: u64,
    /// The last number given to a feed event by then.
    pub feed: u64,
}

/// The step between the engine's flush and the acknowledgement, injectable so that tests can watch
/// it, count it and make it fail. In production: `fdatasync` on the database file.
pub trait Barrier: Send {
    /// Returns when everything handed to the operating system is on the disk. An error is final:
    /// after a failed sync the kernel may have dropped the pages, so it is never tried again.
    fn sync(&self) -> io::Result<()>;

    /// Told after each step of a commit. Does nothing outside tests.
    fn observe(&self, step: CommitStep) {
        let _ = step;
    }
}

/// The steps of a commit, in the order in which they must happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitStep {
    /// The merged batch is in the database.
    Applied,
    /// The database has handed it to the operating system.
    Flushed,
    /// It is on the disk.
    Synced,
    /// The mark of acknowledged commits says so.
    Marked,
    /// About to tell the callers.
    Acknowledging,
}

/// The barrier of an engine without a disk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoBarrier;

impl Barrier for NoBarrier {
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
