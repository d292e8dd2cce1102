//! A rules folder made to hold exactly the files of an earlier rule set: whole or not at all.
//!
//! ```text
//! all files into .restoring.new/ ─▶ synced, renamed to .restoring/ ─▶ put in place ─▶ .restoring/ removed
//! ```
//! Until the rename the folder is as it was. From then on nobody reads it as rules until what was begun is
//! ended, by this process or by the next that runs or restores the folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{FolderError, Found, MAX_FILE_BYTES, load};
use crate::env::Millis;
use crate::lang::span::Sources;

/// What [`restore`] names the folders it puts replaced files into, before the time in milliseconds.
/// Hidden, so that nothing in them is read as rules.
pub const REPLACED: &str = ".replaced-";
/// Where the files wait that a restoring has decided on.
pub const RESTORING: &str = ".restoring";
/// Where they are gathered before; worth nothing.
const GATHERED: &str = ".restoring.new";
/// In [`RESTORING`]: what is to be done beside putting files in place.
const PLAN: &str = "plan.json";
/// In [`RESTORING`]: the files to put in place.
const FILES: &str = "files";

#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    /// The folder inside the rules folder that gets what was there.
    aside: String,
    /// Files to put in place.
    put: Vec<String>,
    /// Files that are no longer among the rules.
    gone: Vec<String>,
}

/// Makes a rules folder hold exactly these files. Files that are not among them or differ are put into
/// `.replaced-NOW/` inside the folder, which is returned; `None` when the folder held exactly these.
///
/// # Errors
/// The folder cannot be read or written. Then it is either as it was, or, when that happened while files were put
/// in place, not read as rules until [`load_own`] or another call has ended it. Nothing is lost.
pub fn restore(root: &Path, wanted: &Sources, now: Millis) -> Result<Option<PathBuf>, FolderError> {
    finish(root)?;
    let files = wanted.files.iter().map(|file| (&file.path, &file.text));
    let wanted: BTreeMap<&str, &str> = files
        .chain(&wanted.lists)
        .map(|(name, text)| (name.as_str(), &**text))
        .collect();
    for name in wanted.keys() {
        inside(name)?;
    }
    let mut found = Found::default();
    found.folder(root, root, 0)?;
    let held = found.rules.into_iter().chain(found.lists);
    let held: BTreeMap<String, Arc<str>> = held.collect();
    let differs = |name: &str, text: &str| held.get(name).is_none_or(|held| **held != *text);
    let put: BTreeMap<&str, &str> = wanted
        .iter()
        .filter(|(name, text)| differs(name, text))
        .map(|(name, text)| (*name, *text))
        .collect();
    let gone = held
        .keys()
        .filter(|name| !wanted.contains_key(name.as_str()));
    let plan = Plan {
        aside: format!("{REPLACED}{now}"),
        put: put.keys().map(|name| (*name).to_owned()).collect(),
        gone: gone.cloned().collect(),
    };
    if plan.put.is_empty() && plan.gone.is_empty() {
        return Ok(None);
    }
    let (gathered, decided) = (root.join(GATHERED), root.join(RESTORING));
    let kept = gather(&gathered, &put, &plan).and_then(|()| {
        fs::rename(&gathered, &decided).map_err(failed(&decided))?;
        sync(root)
    });
    if let Err(error) = kept {
        // What cannot be removed now is written over by the next.
        let _ = fs::remove_dir_all(&gathered);
        return Err(error);
    }
    finish(root)
}

/// Writes all that is to be done, to the disk.
fn gather(folder: &Path, put: &BTreeMap<&str, &str>, plan: &Plan) -> Result<(), FolderError> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed(folder))?;
    }
    let files = folder.join(FILES);
    fs::create_dir_all(&files).map_err(failed(&files))?;
    for (name, text) in put {
        write(&files.join(name), text.as_bytes())?;
    }
    let text = serde_json::to_vec(plan).map_err(|error| failed(folder)(error.into()))?;
    write(&folder.join(PLAN), &text)
}

/// Ends what a restoring has begun and something has cut short; which folder got what was there before, `None` when
/// nothing was begun or nothing was there. Doing it again does no harm.
///
/// # Errors
/// The folder cannot be written; what was begun waits for the next try.
pub fn finish(root: &Path) -> Result<Option<PathBuf>, FolderError> {
    let decided = root.join(RESTORING);
    if !decided.is_dir() {
        return Ok(None);
    }
    let plan = plan(&decided.join(PLAN))?;
    let aside = root.join(&plan.aside);
    for name in &plan.gone {
        let (path, keep) = (root.join(name), aside.join(name));
        if path.exists() {
            parent(&keep)?;
            fs::rename(&path, &keep).map_err(failed(&keep))?;
        }
    }
    for name in &plan.put {
        let from = decided.join(FILES).join(name);
        let text = fs::read(&from).map_err(|source| FolderError::Read { path: from, source })?;
        let (path, keep) = (root.join(name), aside.join(name));
        match fs::read(&path) {
            Ok(held) if held == text => continue,
            Ok(held) if !keep.exists() => write(&keep, &held)?,
            _ => {}
        }
        write(&path, &text)?;
    }
    sync(root)?;
    fs::remove_dir_all(&decided).map_err(failed(&decided))?;
    sync(root)?;
    Ok(aside.exists().then_some(aside))
}

/// Reads the folder that this process runs: what a restoring has left undone there is done first.
pub fn load_own(paths: &[PathBuf]) -> Result<Sources, FolderError> {
    for path in paths {
        // Why it cannot be ended is told here; that it is not, by whoever reads the folder.
        if let Err(error) = finish(path) {
            tracing::error!(%error, "what a rollback has begun cannot be ended");
        }
    }
    load(paths)
}

fn plan(path: &Path) -> Result<Plan, FolderError> {
    let read = |source| FolderError::Read {
        path: path.to_owned(),
        source,
    };
    let size = fs::metadata(path).map_err(read)?.len();
    if size > MAX_FILE_BYTES {
        return Err(FolderError::TooLarge {
            path: path.to_owned(),
            bytes: size,
        });
    }
    let text = fs::read(path).map_err(read)?;
    let plan: Plan = serde_json::from_slice(&text).map_err(|error| read(error.into()))?;
    for name in plan.put.iter().chain(&plan.gone).chain([&plan.aside]) {
        inside(name)?;
    }
    Ok(plan)
}

/// Writes a file whole, under a hidden name and then renamed, to the disk.
fn write(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    parent(path)?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let part = path.with_file_name(format!(".{file}.new"));
    fs::File::create(&part)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&part, path))
        .map_err(failed(path))?;
    path.parent().map_or(Ok(()), sync)
}

/// Makes the names in a folder last; only some systems can and need to.
fn sync(folder: &Path) -> Result<(), FolderError> {
    #[cfg(unix)]
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed(folder))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Write { path, source }
}

fn inside(name: &str) -> Result<(), FolderError> {
    match super::is_inside(name) {
        true => Ok(()),
        false => Err(FolderError::Outside {
            name: name.to_owned(),
        }),
    }
}

fn parent(path: &Path) -> Result<(), FolderError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed(folder))
}

#[cfg(test)]
mod tests;
