//! The rule sets that were live, with their texts: what running dialogs go on under, what
//! `menshen rules history|show|rollback` reads, and what a start need not test again.
//!
//! Kept in the store, at most [`KEPT`] generations; texts are stored once per rule set, by hash.
//! Nothing here compiles, judges or swaps rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::context::{load_sources, save_sources};
use crate::env::rfc3339;
use crate::lang::span::Sources;
use crate::store::records::{Continuation, Dialog, Generation, RuleSource};
use crate::store::{NewEvent, Order, Record, Store, StoreError, Tx, chronicle, read};

/// Generations kept with their texts: months of daily changes. Older ones go, except those a dialog
/// still runs under.
pub const KEPT: usize = 50;
/// Rows per command while old texts are looked for and removed.
const PAGE: usize = 256;

/// One generation, as `menshen rules history` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number; counts up over the life of the store.
    pub generation: u64,
    /// SHA-256 of the rule set.
    pub hash: String,
    /// When it became live, RFC 3339.
    pub loaded_at: String,
    /// Names of the rule and list files that differ from the generation before; empty for the first.
    pub changed: Vec<String>,
}

/// The newest generation, if any was ever live on this store.
pub fn newest(tx: &mut Tx<'_>) -> Result<Option<Generation>, StoreError> {
    Ok(tx
        .scan::<Generation>((), Order::Descending, 1)?
        .into_iter()
        .next())
}

/// Whether these rules were the last to be live here and passed their stories under this version.
pub async fn passed_before(store: &dyn Store, hash: &str) -> Result<bool, StoreError> {
    let hash = hash.to_owned();
    read(store, "rules of the last run", move |tx| {
        Ok(newest(tx)?.is_some_and(|last| last.rules == hash && last.version == VERSION))
    })
    .await
}

/// This program's version: another one may judge a story differently.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Keeps the texts of a rule set and notes that it is live: a new generation with a feed event, or
/// the newest one again when nothing changed. Gives its number. Called before the swap: a dialog may
/// start under the rules at once.
pub async fn go_live(
    store: &dyn Store,
    sources: &Arc<Sources>,
    hash: &str,
) -> Result<u64, StoreError> {
    save_sources(store, sources, hash).await?;
    let hash = hash.to_owned();
    let number = chronicle(store, "rules are live", move |tx| {
        if let Some(mut last) = newest(tx)?.filter(|last| last.rules == hash) {
            if last.version != VERSION {
                last.version = VERSION.to_owned();
                tx.put(&last)?;
            }
            return Ok(last.number);
        }
        let number = tx.next_number("generation")?;
        let time = tx.now();
        tx.put(&Generation {
            number,
            rules: hash.clone(),
            time,
            version: VERSION.to_owned(),
        })?;
        tx.emit(NewEvent::new(
            "rules_reloaded",
            json!({ "generation": number, "hash": hash }),
        ))?;
        Ok::<_, StoreError>(number)
    })
    .await?;
    prune(store, KEPT).await?;
    Ok(number)
}

/// The generations kept, the newest first, at most `limit`.
pub async fn history(store: &dyn Store, limit: usize) -> Result<Vec<Entry>, StoreError> {
    let mut rows = read(store, "rules history", move |tx| {
        tx.scan::<Generation>((), Order::Descending, limit.saturating_add(1))
    })
    .await?
    .into_iter()
    .peekable();
    let mut entries = Vec::new();
    while let Some(row) = rows.next() {
        if entries.len() == limit {
            break;
        }
        let before = rows.peek().map(|before| before.rules.clone());
        let hash = row.rules.clone();
        let changed = read(store, "rules history, changes", move |tx| {
            let Some(before) = &before else {
                return Ok(Vec::new());
            };
            let (old, new) = (load_sources(tx, before)?, load_sources(tx, &hash)?);
            Ok::<_, StoreError>(match (old, new) {
                (Some(old), Some(new)) => differing(&old, &new),
                _ => Vec::new(),
            })
        })
        .await?;
        entries.push(Entry {
            generation: row.number,
            hash: row.rules,
            loaded_at: rfc3339(row.time),
            changed,
        });
    }
    Ok(entries)
}

/// The texts of a generation; `None` when there is no such generation or its texts are gone.
pub async fn texts(store: &dyn Store, number: u64) -> Result<Option<Sources>, StoreError> {
    read(
        store,
        "rules of a generation",
        move |tx| match tx.get::<Generation>(&number)? {
            Some(row) => load_sources(tx, &row.rules),
            None => Ok(None),
        },
    )
    .await
}

/// Names of files that are in one set only or differ.
fn differing(old: &Sources, new: &Sources) -> Vec<String> {
    let all = |sources: &Sources| -> BTreeSet<(String, Arc<str>)> {
        let files = sources
            .files
            .iter()
            .map(|f| (f.path.clone(), f.text.clone()));
        let lists = sources
            .lists
            .iter()
            .map(|(path, text)| (path.clone(), text.clone()));
        files.chain(lists).collect()
    };
    let names: BTreeSet<String> = all(old)
        .symmetric_difference(&all(new))
        .map(|(path, _)| path.clone())
        .collect();
    names.into_iter().collect()
}

/// Removes generations beyond the newest `kept`, and the texts nothing needs any more. A generation
/// whose texts a dialog or a waiting request still needs stays until the next time.
async fn prune(store: &dyn Store, kept: usize) -> Result<(), StoreError> {
    // Nearly always there is nothing to do; that costs one read.
    let rows = read(store, "rules history", |tx| {
        tx.scan::<Generation>((), Order::Descending, KEPT + PAGE)
    })
    .await?;
    if rows.len() <= kept {
        return Ok(());
    }
    let needed: BTreeSet<String> = rows[..kept].iter().map(|row| row.rules.clone()).collect();
    let in_use = in_use(store).await?;
    for row in &rows[kept..] {
        if in_use.contains(&row.rules) {
            continue;
        }
        while !needed.contains(&row.rules) {
            let hash = row.rules.clone();
            let more = chronicle(store, "forget old rules", move |tx| {
                let pieces = tx.scan::<RuleSource>(&hash, Order::Ascending, PAGE)?;
                for piece in &pieces {
                    tx.delete::<RuleSource>(&piece.key())?;
                }
                Ok::<_, StoreError>(pieces.len() == PAGE)
            })
            .await?;
            if !more {
                break;
            }
        }
        let number = row.number;
        chronicle(store, "forget old rules", move |tx| {
            tx.delete::<Generation>(&number)
        })
        .await?;
    }
    Ok(())
}

/// Rule sets that dialogs and waiting requests were started under.
async fn in_use(store: &dyn Store) -> Result<BTreeSet<String>, StoreError> {
    let mut found = BTreeSet::new();
    let mut after = None;
    loop {
        let from = after.take();
        let page = read(store, "dialogs under old rules", move |tx| {
            tx.page::<Dialog>((), from.as_ref(), PAGE)
        })
        .await?;
        found.extend(page.items.into_iter().map(|dialog| dialog.rules));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    loop {
        let from = after.take();
        let page = read(store, "requests under old rules", move |tx| {
            tx.page::<Continuation>((), from.as_ref(), PAGE)
        })
        .await?;
        found.extend(page.items.into_iter().map(|waiting| waiting.rules));
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::{Env, MINUTE};
    use crate::store;
    use crate::store::{SharedStore, execute};

    async fn live(store: &SharedStore, text: &str) -> u64 {
        let sources = Arc::new(Sources::single("a.rules", text));
        go_live(&**store, &sources, &format!("hash of {text}"))
            .await
            .expect("kept")
    }

    #[tokio::test]
    async fn the_same_rules_again_are_the_same_generation() {
        let store = store::memory(Env::scripted(1_790_000_000_000, 1).0);
        assert_eq!(live(&store, "# 1").await, 1);
        assert_eq!(live(&store, "# 1").await, 1);
        assert!(passed_before(&*store, "hash of # 1").await.expect("read"));
        assert_eq!(live(&store, "# 2").await, 2);
        assert!(!passed_before(&*store, "hash of # 1").await.expect("read"));
        let entries = history(&*store, 9).await.expect("read");
        let numbers: Vec<u64> = entries.iter().map(|entry| entry.generation).collect();
        assert_eq!(numbers, [2, 1]);
        assert_eq!(entries[0].changed, ["a.rules"]);
        let old = texts(&*store, 1).await.expect("read").expect("kept");
        assert_eq!(&*old.files[0].text, "# 1");
        assert!(texts(&*store, 7).await.expect("read").is_none());
    }

    #[tokio::test]
    async fn so_many_generations_are_kept_and_the_oldest_goes() {
        let store = store::memory(Env::scripted(1_790_000_000_000, 1).0);
        for n in 1..=KEPT {
            live(&store, &format!("# {n}")).await;
        }
        assert!(texts(&*store, 1).await.expect("read").is_some());
        live(&store, "# one more").await;
        assert!(texts(&*store, 1).await.expect("read").is_none());
        assert!(texts(&*store, 2).await.expect("read").is_some());
        let kept = history(&*store, KEPT * 2).await.expect("read");
        assert_eq!(kept.len(), KEPT);
    }

    #[tokio::test]
    async fn old_generations_go_unless_a_dialog_runs_under_them() {
        let (env, _clock) = Env::scripted(1_790_000_000_000, 1);
        let store = store::memory(env.clone());
        for n in 1..=4 {
            live(&store, &format!("# {n}")).await;
        }
        let now = env.now();
        execute(&*store, "a dialog", move |tx| {
            tx.put(&Dialog {
                official_account: "main".into(),
                openid: "o1".into(),
                name: "binding".into(),
                rules: "hash of # 1".into(),
                values: Default::default(),
                asked: "phone".into(),
                misfits: Default::default(),
                expires_at: now + 10 * MINUTE,
            })
        })
        .await
        .expect("put");
        prune(&*store, 2).await.expect("pruned");
        let left = |number| texts(&*store, number);
        assert!(left(1).await.expect("read").is_some(), "its dialog runs");
        assert!(left(2).await.expect("read").is_none());
        assert!(left(3).await.expect("read").is_some());
        execute(&*store, "the dialog ends", |tx| {
            tx.delete::<Dialog>(&("main".to_owned(), "o1".to_owned()))
        })
        .await
        .expect("deleted");
        prune(&*store, 2).await.expect("pruned");
        assert!(left(1).await.expect("read").is_none());
        assert_eq!(history(&*store, 9).await.expect("read").len(), 2);
    }
}
