//! A rules folder made to run exactly the files of an earlier rule set: whole or not at all.
//!
//! ```text
//! what is to be done ─▶ tried ─▶ all files into .restoring.new/ ─▶ synced, renamed to .restoring/
//!                                     ─▶ put in place ─▶ .restoring/ removed
//! ```
//! Until the rename the folder is as it was. From then on nobody reads it as rules until what was begun is
//! ended, by this process or by the next that runs or restores the folder. Nothing outside the folder is written or
//! moved: a link is moved itself, never what it leads to.

mod place;
mod survey;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{FolderError, MAX_FILE_BYTES, load};
use crate::env::Millis;
use crate::lang::span::Sources;
use place::{failed, is_there, put, set_aside, sync, sync_up, write};

/// What [`restore`] names the folders it puts replaced files into, before the time in milliseconds.
/// Hidden, so that nothing in them is read as rules.
pub const REPLACED: &str = ".replaced-";
/// Where the files wait that a restoring has decided on.
pub const RESTORING: &str = ".restoring";
/// Where they are gathered before; worth nothing.
const GATHERED: &str = ".restoring.new";
/// In [`RESTORING`]: what is to be done beside putting files in place.
const PLAN: &str = "plan.json";
/// In [`RESTORING`]: the files to put in place, to compare with.
const FILES: &str = "files";
/// In [`RESTORING`]: the same, to be given their names: what is decided needs no more room on the disk.
const READY: &str = "ready";

#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    /// The folder inside the rules folder that gets what was there.
    aside: String,
    /// Files to put in place.
    put: Vec<String>,
    /// What goes out of the way.
    gone: Vec<Name>,
}

/// A path inside the folder; not every system's names are texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Bytes(Vec<u8>),
}

impl Name {
    fn of(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes(path.as_os_str().as_encoded_bytes().to_vec()),
        }
    }

    fn path(&self) -> PathBuf {
        match self {
            Self::Text(text) => PathBuf::from(text),
            #[cfg(unix)]
            Self::Bytes(bytes) => {
                use std::os::unix::ffi::OsStrExt as _;
                PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
            }
            #[cfg(not(unix))]
            Self::Bytes(bytes) => PathBuf::from(String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}

/// Makes a rules folder run exactly these files, which are what decides in a rule set: its rule files and the lists
/// they name. What differs from them, rule files that are not among them, and what would keep the folder from being
/// read are put into `.replaced-NOW/` inside the folder, which is returned; `None` when there was nothing to do. What
/// the folder held need not be readable as rules, and a folder that is not there is made. Other files stay.
///
/// # Errors
/// The files are more than a folder may hold, or the folder cannot be read or written. Then it is either as it was,
/// or, when that happened while files were put in place, not read as rules until [`load_own`] or another call has
/// ended it ([`is_half_restored`]). Nothing is lost.
pub fn restore(root: &Path, wanted: &Sources, now: Millis) -> Result<Option<PathBuf>, FolderError> {
    if !is_there(root) {
        fs::create_dir_all(root).map_err(failed(root))?;
    }
    finish(root)?;
    match decide(root, wanted, now)? {
        true => finish(root),
        false => Ok(None),
    }
}

/// Leaves what is to be done in [`RESTORING`]; whether there is anything.
fn decide(root: &Path, wanted: &Sources, now: Millis) -> Result<bool, FolderError> {
    let files = wanted.files.iter().map(|file| (&file.path, &file.text));
    let wanted: BTreeMap<&str, &str> = files
        .chain(&wanted.lists)
        .map(|(name, text)| (name.as_str(), &**text))
        .collect();
    let survey::Survey { put, gone } = survey::of(root, &wanted)?;
    if put.is_empty() && gone.is_empty() {
        return Ok(false);
    }
    let plan = Plan {
        aside: format!("{REPLACED}{now}"),
        put: put.keys().map(|name| (*name).to_owned()).collect(),
        gone: gone.iter().map(|path| Name::of(path)).collect(),
    };
    let (gathered, decided) = (root.join(GATHERED), root.join(RESTORING));
    let kept = gather(root, &gathered, &put, &plan).and_then(|()| {
        fs::rename(&gathered, &decided).map_err(failed(&decided))?;
        sync(root)
    });
    if kept.is_err() {
        // What cannot be removed now is written over by the next.
        let _ = fs::remove_dir_all(&gathered);
    }
    kept.map(|()| true)
}

/// Whether a restoring of the folder was begun and waits to be ended: it is neither the one rule set nor the other.
pub fn is_half_restored(root: &Path) -> bool {
    root.join(RESTORING).is_dir()
}

/// Writes all that is to be done, to the disk.
fn gather(
    root: &Path,
    folder: &Path,
    put: &BTreeMap<&str, &str>,
    plan: &Plan,
) -> Result<(), FolderError> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed(folder))?;
    }
    for kind in [FILES, READY] {
        let files = folder.join(kind);
        fs::create_dir_all(&files).map_err(failed(&files))?;
        for (name, text) in put {
            let path = files.join(name);
            write(&path, text.as_bytes())?;
            if kind == READY {
                place::owned_as(&path, &root.join(name));
            }
            sync_up(folder, &path)?;
        }
    }
    let text = serde_json::to_vec(plan).map_err(|error| failed(folder)(error.into()))?;
    let path = folder.join(PLAN);
    write(&path, &text)?;
    sync_up(folder, &path)
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
        let (name, path) = (name.path(), root.join(name.path()));
        // Its name may be that of a folder for files put back meanwhile.
        let ours = path.is_dir()
            && !path.is_symlink()
            && plan.put.iter().any(|put| Path::new(put).starts_with(&name));
        if is_there(&path) && !ours {
            set_aside(root, &name, &aside)?;
        }
    }
    for name in &plan.put {
        put(root, &decided, name, &aside)?;
    }
    sync(root)?;
    fs::remove_dir_all(&decided).map_err(failed(&decided))?;
    sync(root)?;
    Ok(aside.exists().then_some(aside))
}

/// Reads the folder that this process runs: what a restoring has left undone there is done first.
pub fn load_own(paths: &[PathBuf]) -> Result<Sources, FolderError> {
    for path in paths.iter().filter(|path| is_half_restored(path)) {
        match finish(path) {
            Ok(aside) => {
                let aside = aside.map(|aside| aside.display().to_string());
                tracing::warn!(
                    folder = %path.display(),
                    aside,
                    "a rollback that was cut short has been ended; what lay in the folder is aside"
                );
            }
            // Why it cannot be ended is told here; that it is not, by whoever reads the folder.
            Err(error) => {
                tracing::error!(%error, "what a rollback has begun cannot be ended");
            }
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
    for name in plan.put.iter().chain([&plan.aside]) {
        inside(Path::new(name))?;
    }
    for name in &plan.gone {
        inside(&name.path())?;
    }
    Ok(plan)
}

fn inside(name: &Path) -> Result<(), FolderError> {
    match super::is_inside(name) {
        true => Ok(()),
        false => Err(FolderError::Outside {
            name: name.display().to_string(),
        }),
    }
}

#[cfg(test)]
mod tests;
