//! New rules in place of the running ones, whole or not at all (language law 12).
//!
//! ```text
//! folder, or an earlier generation ─▶ check ─▶ stories ─▶ archive ─▶ swap
//! ```
//! One at a time. What fails on the way leaves the running rules as they are and marks them stale.

use std::path::Path;

use super::Bot;
use super::api::{BotError, ReloadError, RulesStatus};
use super::folder::{self, FolderError};
use super::ruleset::{self, LoadError, Loaded};
use super::{archive, stories};
use crate::lang::diagnostics::Language;

/// Why the rules did not go back to an earlier generation.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// There is none of that number, or its texts are no longer kept.
    #[error("there is no generation {0}; `menshen rules history` lists those that are kept")]
    Unknown(u64),
    /// The rules did not come from one folder, so there is nothing to write them into.
    #[error("the rules are not read from a folder; nothing can be put back")]
    NoFolder,
    /// The folder could not be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The earlier rules are not taken any more.
    #[error(transparent)]
    Reload(#[from] ReloadError),
}

impl Bot {
    /// Reads the rules folder, checks it, runs its stories, and swaps. On any error the running
    /// rules stay, and the status says stale, since when, and why.
    pub async fn reload(&self) -> Result<RulesStatus, ReloadError> {
        // One at a time: two reloads must not swap in the wrong order.
        let _turn = self.reloading.lock().await;
        let (paths, shared) = (self.rules.clone(), self.shared.clone());
        let running = self.generations.current().ruleset.program.hash.clone();
        let loaded = tokio::task::spawn_blocking(move || {
            let loaded = ruleset::load(&paths, &shared.registry)?;
            // What runs has passed; only new rules are tried.
            if loaded.ruleset.program.hash != running {
                stories::must_pass(&loaded.ruleset, &shared.registry)?;
            }
            Ok::<_, LoadError>(loaded)
        })
        .await
        .map_err(|_| BotError::Internal("loading the rules panicked".to_owned()))?;
        match loaded {
            Ok(loaded) => self.take(loaded).await,
            Err(error) => {
                let report = error.report(Language::Zh);
                tracing::error!("the rules were not reloaded; the ones before stay");
                self.generations.failed(report.clone(), self.env.now());
                Err(ReloadError::Rejected(report))
            }
        }
    }

    /// Puts the files of an earlier generation back into the rules folder and runs them, as a new
    /// generation. What the folder held meanwhile is moved aside, see [`folder::restore`].
    pub async fn rollback(&self, number: u64) -> Result<RulesStatus, RollbackError> {
        let _turn = self.reloading.lock().await;
        let [root] = self.rules.as_slice() else {
            return Err(RollbackError::NoFolder);
        };
        let texts = archive::texts(&*self.store, number)
            .await
            .map_err(|error| ReloadError::from(BotError::from(error)))?
            .ok_or(RollbackError::Unknown(number))?;
        let (root, shared, now) = (root.clone(), self.shared.clone(), self.env.now());
        let loaded = tokio::task::spawn_blocking(move || {
            let loaded = ruleset::compile(texts, &shared.registry)
                .and_then(|loaded| {
                    stories::must_pass(&loaded.ruleset, &shared.registry)?;
                    Ok(loaded)
                })
                .map_err(|error| ReloadError::Rejected(error.report(Language::Zh)))?;
            put_back(&root, &loaded, now)?;
            Ok::<_, RollbackError>(loaded)
        })
        .await
        .map_err(|_| {
            ReloadError::from(BotError::Internal("loading the rules panicked".to_owned()))
        })??;
        Ok(self.take(loaded).await?)
    }

    /// Archives checked rules and swaps them in.
    async fn take(&self, loaded: Loaded) -> Result<RulesStatus, ReloadError> {
        let program = loaded.ruleset.program.clone();
        let number = archive::go_live(&*self.store, &program.sources, &program.hash)
            .await
            .map_err(BotError::Store)?;
        let before = self.generations.current();
        if self
            .generations
            .swap(loaded.ruleset, number, self.env.now())
        {
            self.shared.keep(before.ruleset.clone());
        }
        Ok(self.generations.status())
    }
}

fn put_back(root: &Path, loaded: &Loaded, now: crate::env::Millis) -> Result<(), RollbackError> {
    if !root.is_dir() {
        return Err(RollbackError::NoFolder);
    }
    folder::restore(root, &loaded.ruleset.program.sources, now)?;
    Ok(())
}
