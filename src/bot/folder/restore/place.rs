//! Files put in place and out of the way, over nothing that is there, to the disk.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::{FILES, FolderError, READY};

/// How often a name may be taken again by somebody else between two looks.
const MAX_TRIES: usize = 64;

/// Gives a file that waits in `decided` its place, unless exactly that lies there already.
pub(super) fn put(
    root: &Path,
    decided: &Path,
    name: &str,
    aside: &Path,
) -> Result<(), FolderError> {
    let from = decided.join(FILES).join(name);
    let text = fs::read(&from).map_err(|source| FolderError::Read { path: from, source })?;
    let (ready, path) = (decided.join(READY).join(name), root.join(name));
    for _ in 0..MAX_TRIES {
        if is_file(&path) && holds(&path, &text) {
            return Ok(());
        }
        // A file or a link where a folder is wanted, and whatever stands in the file's own place.
        for (end, _) in name.match_indices('/') {
            let folder = root.join(&name[..end]);
            if is_there(&folder) && (!folder.is_dir() || folder.is_symlink()) {
                set_aside(root, Path::new(&name[..end]), aside)?;
            }
        }
        if is_there(&path) {
            set_aside(root, Path::new(name), aside)?;
        }
        parent(&path)?;
        match publish(&ready, &path, &text) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            done => {
                done.map_err(failed(&path))?;
                return sync_up(root, &path);
            }
        }
    }
    Err(failed(&path)(ErrorKind::AlreadyExists.into()))
}

/// A name for what is ready, or, where that cannot have one here, for a copy of it. Somebody may have saved a file
/// under the name just now: then it fails.
pub(super) fn publish(ready: &Path, path: &Path, text: &[u8]) -> std::io::Result<()> {
    match fs::hard_link(ready, path) {
        Ok(()) => return fs::remove_file(ready),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
        // On another file system, on one that knows no second names, or used up when this was begun before.
        Err(_) => {}
    }
    let mut file = fs::File::create_new(path)?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a file is worth nothing; whole it waits where it was.
        let _ = fs::remove_file(path);
    }
    owned_as(path, ready);
    written
}

/// Moves a file, folder or link out of the way, over nothing that was moved before: between a restoring that was cut
/// short and its end somebody may have put other files there.
pub(super) fn set_aside(root: &Path, name: &Path, aside: &Path) -> Result<(), FolderError> {
    let free = |keep: &Path| {
        let mut folders = keep.ancestors().skip(1).take_while(|it| *it != root);
        !is_there(keep) && folders.all(|it| !is_there(it) || it.is_dir())
    };
    let mut keep = aside.join(name);
    let mut again = 1;
    while !free(&keep) {
        let mut other = aside.as_os_str().to_owned();
        other.push(format!("-{again}"));
        keep = Path::new(&other).join(name);
        again += 1;
    }
    parent(&keep)?;
    let path = root.join(name);
    moved(&path, &keep).map_err(failed(&keep))?;
    sync_up(root, &keep)?;
    sync_up(root, &path)
}

fn moved(path: &Path, keep: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    if path.is_symlink() {
        // What it says of a place beside it would be wrong elsewhere.
        let target = path.with_file_name("").join(fs::read_link(path)?);
        std::os::unix::fs::symlink(std::path::absolute(target)?, keep)?;
        return fs::remove_file(path);
    }
    match fs::rename(path, keep) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices && is_file(path) => {
            fs::copy(path, keep)?;
            fs::File::open(keep)?.sync_all()?;
            fs::remove_file(path)
        }
        done => done,
    }
}

/// As far as this process may: whoever could write a file can write what is put back in its place.
pub(super) fn owned_as(path: &Path, model: &Path) {
    let Ok(meta) = model.symlink_metadata() else {
        return;
    };
    if !meta.is_file() {
        return;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let _ = std::os::unix::fs::chown(path, Some(meta.uid()), Some(meta.gid()));
    }
    let _ = fs::set_permissions(path, meta.permissions());
}

/// Whether a file holds exactly this.
pub(super) fn holds(path: &Path, text: &[u8]) -> bool {
    // The length first: whatever lies there may be of any size, or a pipe.
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() == text.len() as u64)
        && fs::read(path).is_ok_and(|held| held == text)
}

/// Whether something has this name, if only a link that leads nowhere.
pub(super) fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_file())
}

/// Writes a file into a folder that is this process's own, to the disk.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    parent(path)?;
    fs::File::create(path)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .map_err(failed(path))
}

/// Makes the names of a file and of the folders it lies in last.
pub(super) fn sync_up(root: &Path, path: &Path) -> Result<(), FolderError> {
    let folders = path.ancestors().skip(1);
    folders
        .take_while(|folder| folder.starts_with(root))
        .filter(|folder| folder.is_dir())
        .try_for_each(sync)
}

/// Makes the names in a folder last; only some systems can and need to.
pub(super) fn sync(folder: &Path) -> Result<(), FolderError> {
    #[cfg(unix)]
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed(folder))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

pub(super) fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Write { path, source }
}

pub(super) fn parent(path: &Path) -> Result<(), FolderError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed(folder))
}
