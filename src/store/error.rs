//! What can go wrong in the store, as seen by a caller. Messages name kinds, commands, paths and
//! sequence numbers; never the contents of a record.

use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Why a command or a read did not happen. Nothing of the command is in the store when one of
/// these comes back, except for [`StoreError::Failed`], after which nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The queue before the writer is full. The caller answers 503; trying again is sound.
    #[error("the store is busy: its queue is full")]
    Busy,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The engine or the disk failed. The store takes nothing any more, and neither may the process.
    #[error("the store has failed: {0}")]
    Failed(String),
    /// A stored record cannot be read. `detail` is the path of the field, never its value.
    #[error("a stored {kind} cannot be read: {detail}")]
    Corrupt {
        /// The record kind's name.
        kind: &'static str,
        /// What is wrong and where, without any value.
        detail: String,
    },
    /// A record is larger than [`MAX_VALUE_BYTES`](super::MAX_VALUE_BYTES) or its key larger than
    /// [`MAX_KEY_BYTES`](super::MAX_KEY_BYTES).
    #[error("a {kind} of {bytes} bytes is too large to store")]
    TooLarge {
        /// The record kind's name.
        kind: &'static str,
        /// Its encoded size.
        bytes: usize,
    },
    /// A command touches more keys or bytes than one commit may hold.
    #[error("a command writes more than one commit may hold")]
    TooManyKeys,
    /// A write inside a read.
    #[error("a read must not write")]
    ReadOnly,
    /// The command gave up; its writes were dropped. It has kept the reason itself.
    #[error("the command was aborted")]
    Aborted,
    /// The command panicked; its writes were dropped.
    #[error("the command {0} panicked")]
    Panicked(&'static str),
    /// A page continuation that does not belong to this listing.
    #[error("this continuation does not belong to this listing")]
    BadContinuation,
    /// A record cannot be encoded (a bug in its type). `detail` holds no value.
    #[error("a {kind} cannot be encoded")]
    Encode {
        /// The record kind's name.
        kind: &'static str,
    },
    /// Too many snapshots are open, or too much was written while one was.
    #[error("the snapshot is gone: too much was written meanwhile, or too many are open")]
    SnapshotGone,
}

/// Why a store could not be opened. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Reading or writing beside the database failed.
    #[error("{what} {path}: {source}")]
    Io {
        /// What was tried, e.g. "cannot create".
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Another process has the store open.
    #[error("{0} is in use by another process; use the running server's commands or stop it first")]
    Locked(PathBuf),
    /// There is no store and the caller did not ask to create one.
    #[error("there is no store in {0}")]
    Missing(PathBuf),
    /// The store is of the other flavour.
    #[error("the store in {path} is a {found} store, {wanted} was asked for")]
    Flavour {
        /// The store's directory.
        path: PathBuf,
        /// What the store says.
        found: super::Flavour,
        /// What the caller wanted.
        wanted: super::Flavour,
    },
    /// The store was written by a newer release.
    #[error("the store in {path} has format {found}, this program knows up to {known}")]
    Newer {
        /// The store's directory.
        path: PathBuf,
        /// The store's format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// The database is behind what was acknowledged: it has silently lost commits.
    #[error(
        "the store in {path} has lost acknowledged commits {} to {}: import the last backup into a new \
         directory, or start once with --accept-loss to go back to the last dump",
        missing.start(), missing.end()
    )]
    LostCommits {
        /// The store's directory.
        path: PathBuf,
        /// The commit sequence numbers that are missing.
        missing: RangeInclusive<u64>,
    },
    /// The mark of acknowledged commits is missing or unreadable although the store has commits.
    #[error(
        "the mark of acknowledged commits {0} is missing or damaged, so lost commits would go \
         unnoticed: check the store, then start once with --accept-loss"
    )]
    MarkDamaged(PathBuf),
    /// Large values have ended up in files that the engine never syncs.
    #[error(
        "{0} is not empty: the engine does not make the files in it durable; export and re-import the store"
    )]
    Blobs(PathBuf),
    /// The engine could not read its files, even without its snapshots.
    #[error(
        "the store in {path} cannot be read ({detail}); a copy taken before the repair attempt is in {copy}; import the last backup \
         into a new directory, or start once with --accept-loss to go back to the last dump"
    )]
    Damaged {
        /// The store's directory.
        path: PathBuf,
        /// The copy of the directory as it was found.
        copy: PathBuf,
        /// The engine's message.
        detail: String,
    },
    /// The engine opened its files and cannot read all that is in them.
    #[error(
        "a part of the store in {path} cannot be read ({detail}): import the last backup into a new directory, \
         or start once with --accept-loss to go back to the last dump, or with --accept-loss=database, where there \
         is none, to go on with what can be read"
    )]
    Unreadable {
        /// The store's directory.
        path: PathBuf,
        /// The engine's message.
        detail: String,
    },
    /// A dump cannot be read back.
    #[error("the dump {path} cannot be read: {source}")]
    Dump {
        /// The dump.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<super::TransferError>,
    },
    /// The dump before a migration cannot be written.
    #[error("the store cannot be migrated without a dump of it: {0}")]
    DumpBefore(Box<super::DumpError>),
    /// Several copies from before repairs are there already.
    #[error(
        "{0} holds the files of several repairs already, and another copy could fill the disk: look \
         at them, keep what is needed elsewhere, and remove them"
    )]
    TooManyCopies(PathBuf),
    /// An import into it did not end.
    #[error("an import into the store in {0} did not finish: remove it and import again")]
    ImportUnfinished(PathBuf),
    /// The store opened but its first records cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
