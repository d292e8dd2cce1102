//! A rules folder on disk → [`Sources`]: one snapshot, bounded, in a fixed order.
//!
//! The only place that reads and writes rule files. It decides nothing about them: what is wrong with their
//! text is the compiler's to say, with line and column.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod encoding;
mod error;
mod restore;

pub use encoding::Encoding;
pub use error::{FolderError, io_words};
pub use restore::{REPLACED, RESTORING, is_half_restored, load_own, restore};

use super::places::Places;
use crate::lang::span::{SourceFile, Sources};
use crate::lang::syntax::{LexemeKind, lexemes};

/// The rules folder where none is named.
pub const DEFAULT_FOLDER: &str = "rules";
/// Most files a rules folder may hold, rule and list files together.
pub const MAX_FILES: usize = 2_000;
/// Largest rule or list file, in bytes. A list of 100,000 networks still fits.
pub const MAX_FILE_BYTES: u64 = 4 << 20;
/// Most bytes of a folder's rule and list files together: they are in memory, twice while a new generation is loaded,
/// and every generation that is kept has its own copy. Three million networks still fit.
pub const MAX_TOTAL_BYTES: u64 = 32 << 20;
/// Deepest nesting of folders.
pub const MAX_DEPTH: usize = 8;

/// Reads `paths`: each a rules folder or a single `.rules` file. Hidden files and folders are
/// skipped. List files are those that end in `.txt`, `.list` or `.csv`, relative to their root; with a
/// single file come those that it names, whatever else lies beside it.
pub fn load(paths: &[PathBuf]) -> Result<Sources, FolderError> {
    let mut found = Found::default();
    for path in paths {
        let meta = fs::metadata(path).map_err(|source| FolderError::Read {
            path: path.clone(),
            source,
        })?;
        if meta.is_dir() {
            if is_half_restored(path) {
                return Err(FolderError::HalfRestored { path: path.clone() });
            }
            found.folder(path, path, 0)?;
        } else {
            let root = path.parent().unwrap_or(Path::new(""));
            found.file(root, path)?;
            found.lists_of(root, path)?;
        }
    }
    if found.rules.is_empty() {
        return Err(FolderError::Empty {
            path: paths.first().cloned().unwrap_or_default(),
        });
    }
    if let Some((name, first, second)) = found.places.clash(&found.rules) {
        return Err(FolderError::SameName {
            name,
            first,
            second,
        });
    }
    let mut sources = Sources {
        files: found
            .rules
            .into_iter()
            .map(|(path, text)| SourceFile { path, text })
            .collect(),
        lists: found.lists,
    };
    sources
        .files
        .sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    Ok(sources)
}

/// The rule files `paths` stand for, each once, in byte order: of a folder every `.rules` file below
/// it that is not hidden, of a file itself. For tools that write them.
pub fn rule_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FolderError> {
    let mut files = BTreeSet::new();
    for path in paths {
        let meta = fs::metadata(path).map_err(|source| FolderError::Read {
            path: path.clone(),
            source,
        })?;
        if !meta.is_dir() {
            files.insert(path.clone());
            continue;
        }
        if is_half_restored(path) {
            return Err(FolderError::HalfRestored { path: path.clone() });
        }
        let before = files.len();
        files_below(path, path, 0, is_rules, &mut files)?;
        if files.len() == before {
            return Err(FolderError::Empty { path: path.clone() });
        }
    }
    Ok(files.into_iter().collect())
}

/// The visible files of a kind, wherever in the folder.
fn files_below(
    root: &Path,
    folder: &Path,
    depth: usize,
    kind: fn(&Path) -> bool,
    files: &mut BTreeSet<PathBuf>,
) -> Result<(), FolderError> {
    let too_many = || FolderError::TooMany {
        path: root.to_owned(),
    };
    if depth > MAX_DEPTH {
        return Err(too_many());
    }
    for path in entries(folder)? {
        if path.is_dir() {
            files_below(root, &path, depth + 1, kind, files)?;
        } else if kind(&path) {
            files.insert(path);
        }
        if files.len() > MAX_FILES {
            return Err(too_many());
        }
    }
    Ok(())
}

#[derive(Default)]
struct Found {
    rules: BTreeMap<String, Arc<str>>,
    lists: BTreeMap<String, Arc<str>>,
    places: Places,
    bytes: u64,
}

impl Found {
    fn folder(&mut self, root: &Path, folder: &Path, depth: usize) -> Result<(), FolderError> {
        if depth > MAX_DEPTH {
            return Err(FolderError::TooMany {
                path: root.to_owned(),
            });
        }
        for path in entries(folder)? {
            if path.is_dir() {
                self.folder(root, &path, depth + 1)?;
            } else {
                self.file(root, &path)?;
            }
        }
        Ok(())
    }

    /// The lists a rule file names. What is not there, or would lie elsewhere, is told where it is named.
    fn lists_of(&mut self, root: &Path, path: &Path) -> Result<(), FolderError> {
        let text = self.rules.get(&relative_name(root, path)?).cloned();
        for name in text.iter().flat_map(|text| lists_named(text)) {
            let list = root.join(name);
            if is_inside(Path::new(name)) && list.exists() {
                self.file(root, &list)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, root: &Path, path: &Path) -> Result<(), FolderError> {
        if !is_ours(path) {
            return Ok(());
        }
        let is_rules = is_rules(path);
        if self.rules.len() + self.lists.len() >= MAX_FILES {
            return Err(FolderError::TooMany {
                path: root.to_owned(),
            });
        }
        let name = relative_name(root, path)?;
        if !is_rules && leads_out(root, path) {
            return Err(FolderError::LeadsOut {
                path: path.to_owned(),
            });
        }
        let text = read(path)?;
        self.bytes += text.len() as u64;
        if self.bytes > MAX_TOTAL_BYTES {
            return Err(FolderError::TooMuch {
                path: root.to_owned(),
                last: path.to_owned(),
            });
        }
        self.places.placed(&name, path);
        if is_rules {
            self.rules.insert(name, text);
        } else {
            self.lists.insert(name, text);
        }
        Ok(())
    }
}

fn is_inside(name: &Path) -> bool {
    let mut parts = name.components();
    !name.as_os_str().is_empty()
        && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// The file names after `from` in a rule file.
fn lists_named(text: &str) -> Vec<&str> {
    let tokens = lexemes(text);
    let named = tokens.windows(2).filter_map(|pair| {
        let [from, name] = pair else { return None };
        let is_from = from.kind == LexemeKind::Word && &text[from.start..from.end] == "from";
        (is_from && name.kind == LexemeKind::Text).then(|| &text[name.start..name.end])
    });
    named.map(|name| name.trim_matches('"')).collect()
}

/// Whether a file is somewhere else than in the folder in which it stands.
fn leads_out(root: &Path, path: &Path) -> bool {
    let root = match root.as_os_str().is_empty() {
        true => Path::new("."),
        false => root,
    };
    match (fs::canonicalize(root), fs::canonicalize(path)) {
        (Ok(root), Ok(real)) => !real.starts_with(root),
        // What cannot be found is told when it is read.
        _ => false,
    }
}

/// Whether a file is read with the rules.
fn is_ours(path: &Path) -> bool {
    is_rules(path) || is_list(path)
}

fn is_rules(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "rules")
}

fn is_list(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end == "txt" || end == "list" || end == "csv")
}

/// The visible entries of a folder, sorted, so that errors come in the same order everywhere.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let failed = |source| FolderError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
        if paths.len() > MAX_FILES {
            return Err(FolderError::TooMany {
                path: folder.to_owned(),
            });
        }
    }
    paths.sort();
    Ok(paths)
}

fn relative_name(root: &Path, path: &Path) -> Result<String, FolderError> {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
    parts
        .map(|parts| parts.join("/"))
        .ok_or_else(|| FolderError::BadName {
            path: path.to_owned(),
        })
}

fn read(path: &Path) -> Result<Arc<str>, FolderError> {
    let failed = |source| FolderError::Read {
        path: path.to_owned(),
        source,
    };
    let meta = fs::metadata(path).map_err(failed)?;
    // Before it is opened: opening a pipe waits for a writer.
    if !meta.is_file() {
        return Err(FolderError::NotAFile {
            path: path.to_owned(),
        });
    }
    let mut raw = Vec::new();
    let mut file = fs::File::open(path)
        .map_err(failed)?
        .take(MAX_FILE_BYTES + 1);
    file.read_to_end(&mut raw).map_err(failed)?;
    if raw.len() as u64 > MAX_FILE_BYTES {
        return Err(FolderError::TooLarge {
            path: path.to_owned(),
            bytes: meta.len().max(raw.len() as u64),
        });
    }
    let text = String::from_utf8(raw).map_err(|error| FolderError::not_utf8(path, &error))?;
    Ok(text.into())
}

#[cfg(test)]
mod tests;
