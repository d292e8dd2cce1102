//! New rules in place of the running ones, whole or not at all (language law 12).

use std::sync::Arc;

use serde_json::json;

use super::Bot;
use super::api::{BotError, ReloadError, RulesStatus};
use super::context::save_sources;
use super::ruleset::{self, LoadError};
use super::stories;
use crate::lang::diagnostics::Language;
use crate::lang::span::Sources;
use crate::store::records::Generation;
use crate::store::{NewEvent, StoreError, execute};

impl Bot {
    /// Reads the rules folder, checks it, runs its stories, and swaps. On any error the running
    /// rules stay, and the status says stale, since when, and why.
    pub async fn reload(&self) -> Result<RulesStatus, ReloadError> {
        // One at a time: two reloads must not swap in the wrong order.
        let _turn = self.reloading.lock().await;
        let (paths, shared) = (self.rules.clone(), self.shared.clone());
        let loaded = tokio::task::spawn_blocking(move || {
            let loaded = ruleset::load(&paths, &shared.registry)?;
            stories::must_pass(&loaded.ruleset, &shared.registry)?;
            Ok::<_, LoadError>(loaded)
        })
        .await
        .map_err(|_| BotError::Internal("loading the rules panicked".to_owned()))?;
        let now = self.env.now();
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                let report = error.report(Language::Zh);
                tracing::error!("the rules were not reloaded; the ones before stay");
                self.generations.failed(report.clone(), now);
                return Err(ReloadError::Rejected(report));
            }
        };
        self.remember_rules(
            &loaded.ruleset.program.sources,
            &loaded.ruleset.program.hash,
        )
        .await
        .map_err(BotError::Store)?;
        let before = self.generations.current();
        let (running, changed) = self.generations.swap(loaded.ruleset, now);
        if changed {
            self.shared.keep(before.ruleset.clone());
            self.announce(running.number, &running.ruleset.program.hash)
                .await
                .map_err(BotError::Store)?;
        }
        Ok(self.generations.status())
    }

    /// Keeps the texts of a rule set, for running dialogs and for going back. Before the swap: a
    /// dialog may start under it at once.
    pub(super) async fn remember_rules(
        &self,
        sources: &Arc<Sources>,
        hash: &str,
    ) -> Result<(), StoreError> {
        save_sources(&*self.store, sources, hash).await
    }

    /// Notes that a rule set is live.
    pub(super) async fn announce(&self, number: u64, hash: &str) -> Result<(), StoreError> {
        let hash = hash.to_owned();
        execute(&*self.store, "rules are live", move |tx| {
            let latest = tx.next_number("generation")?;
            let time = tx.now();
            tx.put(&Generation {
                number: latest,
                rules: hash.clone(),
                time,
            })?;
            tx.emit(NewEvent::new(
                "rules_reloaded",
                json!({ "generation": number, "hash": hash }),
            ))
            .map(drop)
        })
        .await
    }
}
