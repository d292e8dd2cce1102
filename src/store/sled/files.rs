//! The store's directory: its lock, sled's leftovers, and copies and syncs of it.

use std::ffi::OsString;
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
/// Says that the database may be damaged, and why that is thought.
const SUSPECT_FILE: &str = "suspect";
/// sled's folder for large values.
const BLOBS: &str = "blobs";
/// The folder of what was put aside before a repair, a restore or a migration.
pub(super) const RECOVERY: &str = "recovery";
/// The most of them: each is as large as the database, and a service that is restarted over and over
/// would fill the disk with copies of the same damage.
pub(super) const MAX_ASIDE: usize = 4;

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

/// Makes sure that nobody has the database open: the lock file may have been removed under whoever holds it,
/// and a database in use must never be taken for a damaged one.
pub(super) fn not_in_use(path: &Path) -> Result<(), OpenError> {
    let file = path.join(DATABASE_FILE);
    let database = match File::open(&file) {
        Ok(database) => database,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("cannot open", &file)(error)),
    };
    match database.try_lock() {
        // Closing it frees it for the engine, which takes the same lock.
        Ok(()) => Ok(()),
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

/// Leaves word for the next one to open the database that it may be damaged.
pub(super) fn suspect(path: &Path, reason: &str) {
    let file = path.join(SUSPECT_FILE);
    let written = fs::write(&file, reason)
        .and_then(|()| File::open(&file)?.sync_all())
        .map_err(failed("cannot write", &file))
        .and_then(|()| sync_directory(path));
    if let Err(error) = written {
        tracing::warn!(%error, "the next start will not look for damage");
    }
}

/// Whether somebody has left such word.
pub(super) fn is_suspect(path: &Path) -> bool {
    path.join(SUSPECT_FILE).exists()
}

/// There is no damage, or no longer.
pub(super) fn trust(path: &Path) -> Result<(), OpenError> {
    let file = path.join(SUSPECT_FILE);
    match fs::remove_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("cannot remove", &file)(error))
        }
        _ => Ok(()),
    }
}

/// Refuses a store some of whose values are in files that sled never syncs.
pub(super) fn refuse_blobs(path: &Path) -> Result<(), OpenError> {
    let blobs = path.join(BLOBS);
    if blobs.is_dir() && !entries(&blobs)?.is_empty() {
        return Err(OpenError::Blobs(blobs));
    }
    Ok(())
}

/// A new name for files to be put aside under; the folder is not made yet.
pub(super) fn aside(path: &Path, now: crate::env::Millis) -> Result<PathBuf, OpenError> {
    let folder = path.join(RECOVERY);
    let there = match folder.is_dir() {
        true => entries(&folder)?.len(),
        false => 0,
    };
    if there >= MAX_ASIDE {
        return Err(OpenError::TooManyCopies(folder));
    }
    create_directory(&folder)?;
    let mut name = now;
    while folder.join(name.to_string()).exists() {
        name += 1;
    }
    Ok(folder.join(name.to_string()))
}

/// Removes what was put aside and is not needed any more. What cannot be removed only takes space.
pub(super) fn remove_aside(aside: &Path) {
    if let Err(error) = fs::remove_dir_all(aside) {
        tracing::warn!(%error, path = %aside.display(), "the old database cannot be removed");
    }
    if let Some(folder) = aside.parent() {
        // Only when it is empty.
        let _ = fs::remove_dir(folder);
    }
}

/// Copies the engine's files as they are into a folder of their own.
pub(super) fn copy_aside(path: &Path, now: crate::env::Millis) -> Result<PathBuf, OpenError> {
    let copy = aside(path, now)?;
    copy_engine(path, &copy)?;
    Ok(copy)
}

/// Copies the engine's files into a folder, which is made.
pub(super) fn copy_engine(path: &Path, copy: &Path) -> Result<(), OpenError> {
    create_directory(copy)?;
    for (file, name) in engine_files(path)? {
        match file.is_dir() {
            true => copy_files(&file, &copy.join(name))?,
            false => copy_file(&file, &copy.join(name))?,
        }
    }
    Ok(())
}

/// sled's files and folders in a directory. What else is there (the lock, the mark, the socket of a
/// killed server, dumps) is not the engine's.
pub(super) fn engine_files(path: &Path) -> Result<Vec<(PathBuf, OsString)>, OpenError> {
    let mut found = Vec::new();
    for file in entries(path)? {
        let Some(name) = file.file_name() else {
            continue;
        };
        let text = name.to_string_lossy();
        let is_file = text == DATABASE_FILE || text == "conf" || text.starts_with("snap.");
        if (is_file && file.is_file()) || (text == BLOBS && file.is_dir()) {
            let name = name.to_owned();
            found.push((file, name));
        }
    }
    Ok(found)
}

fn copy_files(from: &Path, to: &Path) -> Result<(), OpenError> {
    create_directory(to)?;
    for file in entries(from)? {
        if let Some(name) = file.file_name()
            && file.is_file()
        {
            copy_file(&file, &to.join(name))?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<(), OpenError> {
    fs::copy(from, to)
        .map(drop)
        .map_err(failed("cannot copy", from))
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
