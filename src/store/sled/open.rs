//! Opening the store on disk: lock, clean, open, compare with the mark; or say why not.

use std::fs::File;
use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::sled::{Config, Db};

use super::super::engine::{Barrier, Mark};
use super::super::error::OpenError;
use super::super::handle::{QUEUE_CAPACITY, SharedStore};
use super::super::open::{Parts, start};
use super::super::records::Flavour;
use super::super::writer::{CommitRecord, DRAIN_TIME};
use super::files::{self, DATABASE_FILE, MARK_FILE, failed};
use super::mark::MarkFile;
use super::{FileBarrier, SEGMENT_BYTES, SledEngine};
use crate::env::Env;

/// The least memory given to sled's cache, whatever the budget.
const MIN_CACHE_BYTES: u64 = 4 << 20;

/// sled takes up to about three times its `cache_capacity`.
const CACHE_SHARE: u64 = 3;

/// sled's own background flush: a net only, every commit flushes by itself.
const FLUSH_EVERY_MS: u64 = 500;

/// How to open a store on disk.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The store's own directory; made when `flavour` is given and it does not exist.
    pub path: PathBuf,
    /// How much memory the engine may take, in bytes. A third goes to sled's cache, which takes up
    /// to three times as much as it is told.
    pub cache_bytes: u64,
    /// The flavour to create with and to insist on. `None`: any existing store, but none is created.
    pub flavour: Option<Flavour>,
    /// Go on although acknowledged commits are missing. They are named in the report and the audit log.
    pub accept_loss: bool,
}

/// A store and what was found on opening it.
#[derive(Clone)]
pub struct Opened {
    /// The running store.
    pub store: SharedStore,
    /// What the operator should know.
    pub report: OpenReport,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

/// What happened on opening.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// The store is new.
    pub created: bool,
    /// Half-written engine snapshots removed; each is the trace of a crash, nothing is lost by it.
    pub torn_snapshots: usize,
    /// The engine could only be opened without its snapshots; where the directory as found was copied to.
    pub repaired: Option<PathBuf>,
    /// The acknowledged commits that are missing and that `accept_loss` let pass.
    pub lost: Option<RangeInclusive<u64>>,
    /// The mark was missing or damaged and `accept_loss` let it pass: unnoticed loss is possible.
    pub mark_rebuilt: bool,
}

/// Opens or creates a store. Blocks, seconds for a large one.
pub fn open(options: OpenOptions, env: Env) -> Result<Opened, OpenError> {
    open_with(options, env, Hooks::default())
}

/// What tests replace.
pub(crate) struct Hooks {
    pub(crate) barrier: Box<dyn FnOnce(File) -> Box<dyn Barrier> + Send>,
    pub(crate) queue: usize,
    pub(crate) drain_time: Duration,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            barrier: Box::new(|file| Box::new(FileBarrier::new(file))),
            queue: QUEUE_CAPACITY,
            drain_time: DRAIN_TIME,
        }
    }
}

pub(crate) fn open_with(options: OpenOptions, env: Env, hooks: Hooks) -> Result<Opened, OpenError> {
    let path = &options.path;
    let database = path.join(DATABASE_FILE);
    let existed = database.exists();
    if !existed && options.flavour.is_none() {
        return Err(OpenError::Missing(path.clone()));
    }
    files::create_directory(path)?;
    let lock = files::lock(path)?;
    let (mark_file, found_mark) = open_mark(&options, existed)?;
    let known = found_mark.unwrap_or_default();
    if !existed && known.sequence > 0 && !options.accept_loss {
        return Err(lost(path, 1..=known.sequence));
    }
    let torn_snapshots = files::remove_snapshots(path, false)?;
    files::refuse_blobs(path)?;
    let (db, repaired) = open_database(&options, &env)?;
    let open_file = || {
        File::options()
            .read(true)
            .write(true)
            .open(&database)
            .map_err(failed("cannot open", &database))
    };
    let file = open_file()?;
    let barrier = (hooks.barrier)(open_file()?);
    if !existed {
        files::sync_everything(path)?;
    }
    let engine = SledEngine {
        db,
        file,
        mark: mark_file,
        _lock: lock,
    };
    let missing = missing_commits(&engine, known)?;
    if let Some(missing) = missing.clone()
        && !options.accept_loss
    {
        return Err(lost(path, missing));
    }
    let parts = Parts {
        engine: Box::new(engine),
        barrier,
        name: "sled",
        path: Some(path.clone()),
        flavour: options.flavour,
        mark: known,
        lost: missing.clone(),
        queue: hooks.queue,
        drain_time: hooks.drain_time,
    };
    Ok(Opened {
        store: start(parts, env)?,
        report: OpenReport {
            created: !existed,
            torn_snapshots,
            repaired,
            lost: missing,
            mark_rebuilt: found_mark.is_none(),
        },
    })
}

/// The mark and what it says. A new one only beside a new database, or when loss is accepted.
fn open_mark(options: &OpenOptions, existed: bool) -> Result<(MarkFile, Option<Mark>), OpenError> {
    let path = options.path.join(MARK_FILE);
    if path.exists() {
        let (file, mark) = MarkFile::open(&path).map_err(failed("cannot read", &path))?;
        if mark.is_some() {
            return Ok((file, mark));
        }
    }
    if existed && !options.accept_loss {
        return Err(OpenError::MarkDamaged(path));
    }
    let file = MarkFile::create(&path).map_err(failed("cannot create", &path))?;
    // Its name must be there before the database's, or a power cut now would look like a lost mark.
    files::sync_directory(&options.path)?;
    Ok((file, (!existed).then(Mark::default)))
}

/// Acknowledged commits that the database does not have.
fn missing_commits(
    engine: &SledEngine,
    known: Mark,
) -> Result<Option<RangeInclusive<u64>>, OpenError> {
    let last = CommitRecord::read(engine)?.sequence;
    Ok((last < known.sequence).then(|| last + 1..=known.sequence))
}

fn lost(path: &Path, missing: RangeInclusive<u64>) -> OpenError {
    OpenError::LostCommits {
        path: path.to_owned(),
        missing,
    }
}

/// Opens sled; when it cannot read its files, once more without its snapshots, after a copy of
/// everything was put aside.
fn open_database(options: &OpenOptions, env: &Env) -> Result<(Db, Option<PathBuf>), OpenError> {
    let path = &options.path;
    match try_open(options) {
        Ok(db) => Ok((db, None)),
        Err(Trouble::Surroundings(source)) => Err(failed("cannot open", path)(source)),
        Err(Trouble::Damage(first)) => {
            tracing::error!(
                error = first,
                "the database cannot be opened; trying again without its snapshots"
            );
            let copy = files::copy_aside(path, env.now())?;
            files::remove_snapshots(path, true)?;
            match try_open(options) {
                Ok(db) => Ok((db, Some(copy))),
                Err(Trouble::Surroundings(source)) => Err(failed("cannot open", path)(source)),
                Err(Trouble::Damage(detail)) => Err(OpenError::Damaged {
                    path: path.clone(),
                    copy,
                    detail,
                }),
            }
        }
    }
}

/// Why sled does not open.
enum Trouble {
    /// The disk is full, read-only, forbidden: nothing is wrong with the files.
    Surroundings(std::io::Error),
    /// The files cannot be read.
    Damage(String),
}

/// sled panics on some damage, so it opens on a thread of its own.
fn try_open(options: &OpenOptions) -> Result<Db, Trouble> {
    let config = Config::new()
        .path(&options.path)
        .cache_capacity((options.cache_bytes / CACHE_SHARE).max(MIN_CACHE_BYTES))
        .flush_every_ms(Some(FLUSH_EVERY_MS))
        .segment_size(SEGMENT_BYTES);
    let opening = std::thread::Builder::new()
        .name("store-open".to_owned())
        .spawn(move || catch_unwind(AssertUnwindSafe(move || config.open())))
        .map_err(Trouble::Surroundings)?;
    match opening.join() {
        Ok(Ok(Ok(db))) => Ok(db),
        Ok(Ok(Err(::sled::Error::Io(error)))) if is_surroundings(error.kind()) => {
            Err(Trouble::Surroundings(error))
        }
        Ok(Ok(Err(error))) => Err(Trouble::Damage(error.to_string())),
        Ok(Err(_)) | Err(_) => Err(Trouble::Damage("the database engine panicked".to_owned())),
    }
}

fn is_surroundings(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::PermissionDenied
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::OutOfMemory
            | ErrorKind::WouldBlock
    )
}
