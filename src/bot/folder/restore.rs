//! A rules folder made to run exactly the files of an earlier rule set: whole or not at all.
//!
//! ```text
//! all files into .restoring.new/ ─▶ synced, renamed to .restoring/ ─▶ put in place ─▶ .restoring/ removed
//! ```
//! Until the rename the folder is as it was. From then on nobody reads it as rules until what was begun is
//! ended, by this process or by the next that runs or restores the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    FolderError, MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES, files_below, is_ours, is_rules,
    leads_out, load, read, relative_name,
};
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

/// Makes a rules folder run exactly these files, which are what decides in a rule set: its rule files and the lists
/// they name. What differs from them, rule files that are not among them, and what would keep the folder from being
/// read are put into `.replaced-NOW/` inside the folder, which is returned; `None` when there was nothing to do. What
/// the folder held need not be readable as rules. Other files stay.
///
/// # Errors
/// The files are more than a folder may hold, or the folder cannot be read or written. Then it is either as it was,
/// or, when that happened while files were put in place, not read as rules until [`load_own`] or another call has
/// ended it. Nothing is lost.
pub fn restore(root: &Path, wanted: &Sources, now: Millis) -> Result<Option<PathBuf>, FolderError> {
    finish(root)?;
    let files = wanted.files.iter().map(|file| (&file.path, &file.text));
    let wanted: BTreeMap<&str, &str> = files
        .chain(&wanted.lists)
        .map(|(name, text)| (name.as_str(), &**text))
        .collect();
    let bytes = within_bounds(root, &wanted)?;
    let mut put = wanted.clone();
    put.retain(|name, text| !holds(&root.join(name), text.as_bytes()));
    let plan = Plan {
        aside: format!("{REPLACED}{now}"),
        put: put.keys().map(|name| (*name).to_owned()).collect(),
        gone: in_the_way(root, &wanted, bytes)?,
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

/// How many bytes the files to put back are together, if a folder may hold them.
fn within_bounds(root: &Path, wanted: &BTreeMap<&str, &str>) -> Result<u64, FolderError> {
    let mut bytes = 0;
    for (name, text) in wanted {
        inside(name)?;
        bytes += text.len() as u64;
        if bytes > MAX_TOTAL_BYTES {
            return Err(FolderError::TooMuch {
                path: root.to_owned(),
                last: root.join(name),
            });
        }
    }
    Ok(bytes)
}

/// What does not belong to the files wanted, `bytes` long, and would change what runs or keep the folder from being
/// read: rule files, and lists that cannot be read or for which there is no room.
fn in_the_way(
    root: &Path,
    wanted: &BTreeMap<&str, &str>,
    mut bytes: u64,
) -> Result<Vec<String>, FolderError> {
    let mut held = BTreeSet::new();
    files_below(root, root, 0, is_ours, &mut held)?;
    let mut gone = Vec::new();
    let mut files = wanted.len();
    for path in held {
        let name = relative_name(root, &path)?;
        if wanted.contains_key(name.as_str()) {
            continue;
        }
        let held = match is_rules(&path) || leads_out(root, &path) {
            true => None,
            false => read(&path).ok().map(|text| bytes + text.len() as u64),
        };
        match held {
            Some(with) if with <= MAX_TOTAL_BYTES && files < MAX_FILES => {
                (bytes, files) = (with, files + 1);
            }
            _ => gone.push(name),
        }
    }
    Ok(gone)
}

/// Whether a file holds exactly this.
fn holds(path: &Path, text: &[u8]) -> bool {
    // The length first: whatever lies there may be of any size, or a pipe.
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() == text.len() as u64)
        && fs::read(path).is_ok_and(|held| held == text)
}

/// Writes all that is to be done, to the disk.
fn gather(folder: &Path, put: &BTreeMap<&str, &str>, plan: &Plan) -> Result<(), FolderError> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed(folder))?;
    }
    let files = folder.join(FILES);
    fs::create_dir_all(&files).map_err(failed(&files))?;
    for (name, text) in put {
        let path = files.join(name);
        write(&path, text.as_bytes())?;
        sync_up(folder, &path)?;
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
    for name in &plan.gone {
        if is_there(&root.join(name)) {
            set_aside(root, name, &plan)?;
        }
    }
    for name in &plan.put {
        let from = decided.join(FILES).join(name);
        let text = fs::read(&from).map_err(|source| FolderError::Read { path: from, source })?;
        let path = root.join(name);
        if holds(&path, &text) {
            continue;
        }
        // A file where a folder is wanted, and whatever stands in the file's own place.
        for (end, _) in name.match_indices('/') {
            let folder = root.join(&name[..end]);
            if is_there(&folder) && !folder.is_dir() {
                set_aside(root, &name[..end], &plan)?;
            }
        }
        if is_there(&path) {
            set_aside(root, name, &plan)?;
        }
        write(&path, &text)?;
        sync_up(root, &path)?;
    }
    sync(root)?;
    fs::remove_dir_all(&decided).map_err(failed(&decided))?;
    sync(root)?;
    let aside = root.join(&plan.aside);
    Ok(aside.exists().then_some(aside))
}

/// Moves a file or folder out of the way, over nothing that was moved before: between a restoring that was cut short
/// and its end somebody may have put other files there.
fn set_aside(root: &Path, name: &str, plan: &Plan) -> Result<(), FolderError> {
    let free = |keep: &Path| {
        let mut folders = keep.ancestors().skip(1).take_while(|it| *it != root);
        !is_there(keep) && folders.all(|it| !is_there(it) || it.is_dir())
    };
    let mut keep = root.join(&plan.aside).join(name);
    let mut again = 1;
    while !free(&keep) {
        keep = root.join(format!("{}-{again}", plan.aside)).join(name);
        again += 1;
    }
    parent(&keep)?;
    let path = root.join(name);
    fs::rename(&path, &keep).map_err(failed(&keep))?;
    sync_up(root, &keep)?;
    sync_up(root, &path)
}

/// Whether something has this name, if only a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
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
        .map_err(failed(path))
}

/// Makes the names of a file and of the folders it lies in last.
fn sync_up(root: &Path, path: &Path) -> Result<(), FolderError> {
    let folders = path.ancestors().skip(1);
    folders
        .take_while(|folder| folder.starts_with(root))
        .filter(|folder| folder.is_dir())
        .try_for_each(sync)
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
