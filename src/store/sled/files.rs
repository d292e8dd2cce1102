//! The store's directory: its lock, sled's leftovers, and copies and syncs of it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::super::error::OpenError;

/// The file whose lock says that the store is in use.
pub(super) const LOCK_FILE: &str = "menshen.lock";
/// The mark of acknowledged commits.
pub(super) const MARK_FILE: &str = "acknowledged";
/// sled's database file.
pub(super) const DATABASE_FILE: &str = "db";

/// Adds what was tried and where to an I/O error.
pub(super) fn failed<'a>(
    what: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> OpenError + 'a {
    move |source| OpenError::Io {
        what,
        path: path.to_owned(),
        source,
    }
}

/// Makes the directory, readable by its owner only, and makes its existence durable.
pub(super) fn create_directory(path: &Path) -> Result<(), OpenError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(failed("cannot create", path))?;
    sync_directory(path)?;
    sync_directory(parent(path))
}

/// Takes the store for this process, for as long as the file stays open.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let file = path.join(LOCK_FILE);
    let lock = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&file)
        .map_err(failed("cannot open", &file))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed("cannot lock", &file)(error)),
    }
}

/// Removes sled's snapshots: half-written ones only, or all. They are only ever a short cut for
/// recovery, but a torn one stops sled from opening. Returns how many there were.
pub(super) fn remove_snapshots(path: &Path, all: bool) -> Result<usize, OpenError> {
    let mut removed = 0;
    for file in entries(path)? {
        let name = file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with("snap.") && (all || name.ends_with(".generating")) {
            fs::remove_file(&file).map_err(failed("cannot remove", &file))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Refuses a store some of whose values are in files that sled never syncs.
pub(super) fn refuse_blobs(path: &Path) -> Result<(), OpenError> {
    let blobs = path.join("blobs");
    if blobs.is_dir() && !entries(&blobs)?.is_empty() {
        return Err(OpenError::Blobs(blobs));
    }
    Ok(())
}

/// Copies the directory beside itself, under a name that says why and when.
pub(super) fn copy_aside(path: &Path, now: crate::env::Millis) -> Result<PathBuf, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".before-recovery-{now}"));
    let copy = PathBuf::from(name);
    copy_directory(path, &copy)?;
    Ok(copy)
}

fn copy_directory(from: &Path, to: &Path) -> Result<(), OpenError> {
    create_directory(to)?;
    for file in entries(from)? {
        let Some(name) = file.file_name() else {
            continue;
        };
        let target = to.join(name);
        if file.is_dir() {
            copy_directory(&file, &target)?;
        } else {
            fs::copy(&file, &target).map_err(failed("cannot copy", &file))?;
        }
    }
    Ok(())
}

/// Makes a new store's files and their names durable; sled does not.
pub(super) fn sync_everything(path: &Path) -> Result<(), OpenError> {
    for file in entries(path)? {
        if file.is_file() {
            File::open(&file)
                .and_then(|opened| opened.sync_all())
                .map_err(failed("cannot sync", &file))?;
        }
    }
    sync_directory(path)?;
    sync_directory(parent(path))
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(path: &Path) -> Result<(), OpenError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(failed("cannot sync", path))
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn entries(path: &Path) -> Result<Vec<PathBuf>, OpenError> {
    fs::read_dir(path)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect()
        })
        .map_err(failed("cannot read", path))
}
