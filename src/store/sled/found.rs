//! The engine's files as they were found. Opening them is no mere look: the engine cuts off for good what it cannot
//! read, with all that lies behind it, and a store that is refused for that could be mended by nobody any more.

use std::fs;
use std::path::{Path, PathBuf};

use super::files::{self, DATABASE_FILE};
use crate::env::Millis;

/// Below the store's directory: the files of a store that was refused, as they were found by the first who was.
pub(super) const FOUND: &str = "found";
/// The same while it is not known yet whether the store opens.
const FOUND_PART: &str = "found.part";
/// Larger databases are not copied: starting must not take twice as long for damage that nearly never is.
pub(super) const MAX_FOUND_BYTES: u64 = 256 << 20;

/// A copy, until it is known what becomes of the store.
#[derive(Debug)]
pub(super) struct Found<'p> {
    path: &'p Path,
}

impl<'p> Found<'p> {
    /// Copies the engine's files, unless they are too large or those of an earlier refusal are still there. A copy
    /// that cannot be made keeps nobody from opening.
    pub(super) fn copied(path: &'p Path) -> Self {
        let part = path.join(FOUND_PART);
        let database = fs::metadata(path.join(DATABASE_FILE));
        remove(&part);
        if database.is_ok_and(|file| file.len() <= MAX_FOUND_BYTES)
            && !path.join(FOUND).exists()
            && let Err(error) = files::copy_engine(path, &part)
        {
            tracing::warn!(%error, "the database is opened without a copy of its files");
            remove(&part);
        }
        Self { path }
    }

    /// The store opened: nothing was cut off.
    pub(super) fn sound(self) {
        remove(&self.path.join(FOUND_PART));
        remove(&self.path.join(FOUND));
    }

    /// It did not, for its surroundings: its files are as they were, as far as anybody knows.
    pub(super) fn not_tried(self) {
        remove(&self.path.join(FOUND_PART));
    }

    /// The store is refused for what is wrong with its files.
    pub(super) fn refused(self) {
        let (part, found) = (self.path.join(FOUND_PART), self.path.join(FOUND));
        if !part.exists() {
            return;
        }
        match fs::rename(&part, &found) {
            Ok(()) => {
                let found = found.display();
                tracing::error!(%found, "the database's files as they were found are kept");
            }
            Err(error) => tracing::warn!(%error, "the files as they were found are not kept"),
        }
    }

    /// Something was lost, and that is accepted; where the files are now, beside what was put `aside` if anything was.
    pub(super) fn given_up(self, aside: Option<&Path>, now: Millis) -> Option<PathBuf> {
        let kept = [FOUND, FOUND_PART].map(|name| self.path.join(name));
        let kept = kept.into_iter().find(|kept| kept.exists())?;
        let moved = match aside {
            Some(aside) => Ok(aside.join(FOUND)),
            None => files::aside(self.path, now),
        };
        let moved = moved.and_then(|to| {
            fs::rename(&kept, &to).map_err(files::failed("cannot rename", &kept))?;
            Ok(to)
        });
        remove(&self.path.join(FOUND_PART));
        moved
            .inspect_err(
                |error| tracing::warn!(%error, "the files as they were found stay where they are"),
            )
            .ok()
    }
}

fn remove(folder: &Path) {
    if folder.exists()
        && let Err(error) = fs::remove_dir_all(folder)
    {
        tracing::warn!(%error, folder = %folder.display(), "a copy of the database cannot be removed");
    }
}
