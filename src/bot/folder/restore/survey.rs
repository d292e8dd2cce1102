//! What a folder lacks and what is in the way, and whether all of that can be done, before anything is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::place::{failed, holds, is_there};
use super::{FolderError, inside};
use crate::bot::folder::{
    MAX_DEPTH, MAX_FILES, MAX_TOTAL_BYTES, entries, is_ours, is_rules, leads_out, read,
};

/// A name no rule file and no editor has: whether a folder takes one is tried with it.
const TRIED: &str = ".menshen-tried";

/// What is to be done.
pub(super) struct Survey<'w> {
    /// Files to put in place.
    pub(super) put: BTreeMap<&'w str, &'w str>,
    /// What goes out of the way, by its path in the folder.
    pub(super) gone: BTreeSet<PathBuf>,
}

/// What has to be done so that a folder runs exactly these files.
///
/// # Errors
/// It cannot be done, or not all of it.
pub(super) fn of<'w>(
    root: &Path,
    wanted: &'w BTreeMap<&'w str, &'w str>,
) -> Result<Survey<'w>, FolderError> {
    let mut bytes = 0;
    for (name, text) in wanted {
        inside(Path::new(name))?;
        bytes += text.len() as u64;
        if bytes > MAX_TOTAL_BYTES {
            return Err(FolderError::TooMuch {
                path: root.to_owned(),
                last: root.join(name),
            });
        }
    }
    let mut look = Look {
        root,
        wanted,
        bytes,
        files: wanted.len(),
        gone: BTreeSet::new(),
    };
    look.folder(Path::new(""), 0)?;
    let gone = look.gone;
    let put = wanted.iter().filter(|(name, text)| {
        let path = root.join(name);
        let moved = Path::new(name).ancestors().any(|it| gone.contains(it));
        let elsewhere = !is_rules(&path) && leads_out(root, &path);
        moved || elsewhere || !holds(&path, text.as_bytes())
    });
    let put = put.map(|(name, text)| (*name, *text)).collect();
    let survey = Survey { put, gone };
    survey.has_room(root)?;
    survey.may_be_done(root)?;
    Ok(survey)
}

struct Look<'w> {
    root: &'w Path,
    wanted: &'w BTreeMap<&'w str, &'w str>,
    /// With what is wanted and what stays.
    bytes: u64,
    files: usize,
    gone: BTreeSet<PathBuf>,
}

impl Look<'_> {
    /// Rule files that are not wanted, lists that cannot be read or for which there is no room, and links to folders
    /// in which something would have to be changed: it may be somebody else's.
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), FolderError> {
        if depth > MAX_DEPTH {
            return Err(FolderError::TooMany {
                path: self.root.to_owned(),
            });
        }
        for path in entries(&self.root.join(folder))? {
            let name = path.strip_prefix(self.root).unwrap_or(&path).to_owned();
            let wanted = name.to_str().and_then(|name| self.wanted.get(name));
            if !path.is_dir() {
                self.file(&path, name, wanted.is_some());
            } else if wanted.is_some() {
                // Moved as a whole when the file takes its place.
            } else if path.is_symlink() {
                self.link(&path, name, depth);
            } else if fs::read_dir(&path).is_err() {
                self.gone.insert(name);
            } else {
                self.folder(&name, depth + 1)?;
            }
            if self.gone.len() > MAX_FILES {
                return Err(FolderError::TooMany {
                    path: self.root.to_owned(),
                });
            }
        }
        Ok(())
    }

    fn link(&mut self, path: &Path, name: PathBuf, depth: usize) {
        let mut inner = Look {
            gone: BTreeSet::new(),
            ..*self
        };
        let as_wanted = inner.folder(&name, depth + 1).is_ok()
            && inner.gone.is_empty()
            && self.wanted.iter().all(|(wanted, text)| {
                let file = self.root.join(wanted);
                !Path::new(wanted).starts_with(&name)
                    || (holds(&file, text.as_bytes())
                        && (is_rules(&file) || !leads_out(self.root, &file)))
            });
        let loops = match (fs::canonicalize(path), fs::canonicalize(self.root)) {
            (Ok(real), Ok(root)) => root.starts_with(real),
            _ => true,
        };
        if as_wanted && !loops {
            (self.bytes, self.files) = (inner.bytes, inner.files);
        } else {
            self.gone.insert(name);
        }
    }

    fn file(&mut self, path: &Path, name: PathBuf, wanted: bool) {
        if wanted || !is_ours(path) {
            return;
        }
        let stays = match is_rules(path) || name.to_str().is_none() || leads_out(self.root, path) {
            true => None,
            false => read(path).ok().map(|text| self.bytes + text.len() as u64),
        };
        match stays {
            Some(with) if with <= MAX_TOTAL_BYTES && self.files < MAX_FILES => {
                (self.bytes, self.files) = (with, self.files + 1);
            }
            _ => {
                self.gone.insert(name);
            }
        }
    }
}

impl Survey<'_> {
    /// Files of any kind count for how many a folder may hold.
    fn has_room(&self, root: &Path) -> Result<(), FolderError> {
        let mut new: BTreeMap<PathBuf, BTreeSet<&std::ffi::OsStr>> = BTreeMap::new();
        for name in self.put.keys() {
            let path = Path::new(name);
            for (inner, outer) in path.ancestors().zip(path.ancestors().skip(1)) {
                if !is_there(&root.join(inner)) || self.gone.contains(inner) {
                    let names = new.entry(outer.to_owned()).or_default();
                    names.extend(inner.file_name());
                }
            }
        }
        for (folder, names) in new {
            let path = root.join(&folder);
            let held = match path.is_dir() && !self.is_moved(&folder) {
                true => entries(&path)?.len(),
                false => 0,
            };
            let gone = self.gone.iter().filter(|it| it.parent() == Some(&folder));
            if held + names.len() > MAX_FILES + gone.count() {
                return Err(FolderError::TooMany { path });
            }
        }
        Ok(())
    }

    /// Whether it goes out of the way, or lies in what does.
    fn is_moved(&self, name: &Path) -> bool {
        name.ancestors().any(|it| self.gone.contains(it))
    }

    /// Whether this process may give and take names in every folder it has to, and move those folders it has to.
    fn may_be_done(&self, root: &Path) -> Result<(), FolderError> {
        let put = self.put.keys().map(Path::new);
        let touched: Vec<&Path> = put.chain(self.gone.iter().map(PathBuf::as_path)).collect();
        let mut folders = BTreeSet::from([PathBuf::new()]);
        for name in &touched {
            let stays = name.ancestors().skip(1).find(|it| {
                let path = root.join(it);
                path.is_dir() && !self.is_moved(it)
            });
            folders.extend(stays.map(Path::to_owned));
        }
        for folder in folders {
            taken(&root.join(folder))?;
        }
        for name in touched {
            let path = root.join(name);
            if path.is_dir() && !path.is_symlink() {
                taken(&path)?;
                if is_mount(&path) {
                    return Err(failed(&path)(ErrorKind::ResourceBusy.into()));
                }
            }
        }
        Ok(())
    }
}

/// Whether a folder takes a name.
fn taken(folder: &Path) -> Result<(), FolderError> {
    let path = folder.join(TRIED);
    fs::File::create(&path)
        .and_then(|_| fs::remove_file(&path))
        .map_err(failed(folder))
}

fn is_mount(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let device = |path: &Path| fs::metadata(path).map(|meta| meta.dev()).ok();
        device(folder) != device(&folder.join(".."))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        false
    }
}
