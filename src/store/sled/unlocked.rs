//! sled's files opened, without mark and lock; or why they cannot be.

use std::fs::File;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ::sled::{Config, Db};

use super::super::error::{OpenError, StoreError};
use super::files::{self, DATABASE_FILE, failed};
use super::{Home, OpenOptions, SEGMENT_BYTES, SledEngine};
use crate::env::Env;

/// The least memory given to sled's cache, whatever the budget.
const MIN_CACHE_BYTES: u64 = 4 << 20;

/// sled takes up to about three times its `cache_capacity`.
const CACHE_SHARE: u64 = 3;

/// sled's own background flush: a net only, every commit flushes by itself.
const FLUSH_EVERY_MS: u64 = 500;

/// Opens the engine's files in `path`, without mark and lock.
pub(super) fn open_engine(path: &Path, cache_bytes: u64) -> Result<SledEngine, OpenError> {
    let db = match try_open(path, cache_bytes) {
        Ok(db) => db,
        Err(Trouble::Surroundings(source)) => return Err(failed("cannot open", path)(source)),
        Err(Trouble::Damage(detail)) => {
            return Err(OpenError::Store(StoreError::Failed(detail)));
        }
    };
    engine_of(path, cache_bytes, db)
}

fn engine_of(path: &Path, cache_bytes: u64, db: Db) -> Result<SledEngine, OpenError> {
    Ok(SledEngine {
        db,
        file: open_database_file(path)?,
        mark: None,
        lock: None,
        home: Home {
            path: path.to_owned(),
            cache_bytes,
        },
        written: 0,
    })
}

pub(super) fn open_database_file(path: &Path) -> Result<File, OpenError> {
    let database = path.join(DATABASE_FILE);
    File::options()
        .read(true)
        .write(true)
        .open(&database)
        .map_err(failed("cannot open", &database))
}

/// Opens the database; when it cannot read its files, once more without its snapshots, after a copy of
/// everything was put aside.
pub(super) fn open_or_repair(
    options: &OpenOptions,
    env: &Env,
) -> Result<(SledEngine, Option<PathBuf>), OpenError> {
    let path = &options.path;
    match try_open(path, options.cache_bytes) {
        Ok(db) => Ok((engine_of(path, options.cache_bytes, db)?, None)),
        Err(Trouble::Surroundings(source)) => Err(failed("cannot open", path)(source)),
        Err(Trouble::Damage(first)) => {
            tracing::error!(
                error = first,
                "the database cannot be opened; trying again without its snapshots"
            );
            let copy = files::copy_aside(path, env.now())?;
            files::remove_snapshots(path, true)?;
            match try_open(path, options.cache_bytes) {
                Ok(db) => Ok((engine_of(path, options.cache_bytes, db)?, Some(copy))),
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
fn try_open(path: &Path, cache_bytes: u64) -> Result<Db, Trouble> {
    let config = Config::new()
        .path(path)
        .cache_capacity((cache_bytes / CACHE_SHARE).max(MIN_CACHE_BYTES))
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
            | ErrorKind::FileTooLarge
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::OutOfMemory
            | ErrorKind::WouldBlock
    )
}
