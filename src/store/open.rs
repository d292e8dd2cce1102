//! From an engine to a running store: what the store is, how far it had come, and its thread.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::command::{Abort, Command};
use super::commit_record::CommitRecord;
use super::engine::{Barrier, Engine, Mark, NoBarrier};
use super::error::{OpenError, StoreError};
use super::handle::{Description, LocalStore, QUEUE_CAPACITY, Shared, SharedStore};
use super::memory::MemoryEngine;
use super::post::Threads;
use super::records::{Counter, FEED_COUNTER, Flavour, Kind, NewAudit, STORE_FORMAT, StoreInfo};
use super::tx::Tx;
use super::writer::{DRAIN_TIME, Writer};
use super::{codec, key};
use crate::env::Env;

/// A dev store in memory, gone with its last handle.
///
/// # Panics
/// When the system cannot start a thread.
pub fn memory(env: Env) -> SharedStore {
    memory_of(Flavour::Dev, env)
}

/// Like [`memory`], without threads: commands run where they are submitted. For stores that live for a moment.
pub fn unthreaded(env: Env) -> SharedStore {
    let parts = Parts {
        threads: Threads::Callers,
        ..Parts::memory()
    };
    start(parts, env).expect("a new store in memory opens")
}

/// A store of any flavour in memory: for a copy of another one, which an import insists on.
///
/// # Panics
/// When the system cannot start a thread.
pub fn memory_of(flavour: Flavour, env: Env) -> SharedStore {
    let parts = Parts {
        flavour: Some(flavour),
        ..Parts::memory()
    };
    start(parts, env).expect("a new store in memory opens, given a thread")
}

/// A store in memory whose commits wait for `barrier`.
#[cfg(test)]
pub(crate) fn memory_behind(barrier: Box<dyn Barrier>, env: Env) -> SharedStore {
    let parts = Parts {
        barrier,
        ..Parts::memory()
    };
    start(parts, env).expect("a new store in memory opens, given a thread")
}

/// An engine ready to run, and the limits to run it with.
pub(crate) struct Parts {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) barrier: Box<dyn Barrier>,
    pub(crate) name: &'static str,
    pub(crate) path: Option<PathBuf>,
    /// The flavour to create with and to insist on; `None` takes any existing store.
    pub(crate) flavour: Option<Flavour>,
    /// What was acknowledged before, at least.
    pub(crate) mark: Mark,
    /// Acknowledged commits that are missing; going on without them was accepted.
    pub(crate) lost: Option<RangeInclusive<u64>>,
    /// The dump whose state the database has been put back to.
    pub(crate) restored: Option<String>,
    /// The format of a new store, and the newest known.
    pub(crate) format: u32,
    pub(crate) queue: usize,
    pub(crate) threads: Threads,
    pub(crate) drain_time: Duration,
}

impl Parts {
    pub(crate) fn memory() -> Self {
        Self {
            engine: Box::new(MemoryEngine::default()),
            barrier: Box::new(NoBarrier),
            name: "memory",
            path: None,
            flavour: Some(Flavour::Dev),
            mark: Mark::default(),
            lost: None,
            restored: None,
            format: STORE_FORMAT,
            queue: QUEUE_CAPACITY,
            threads: Threads::Own,
            drain_time: DRAIN_TIME,
        }
    }
}

/// Checks or creates the [`StoreInfo`] and starts the writer.
pub(crate) fn start(parts: Parts, env: Env) -> Result<SharedStore, OpenError> {
    let path = parts.path.clone().unwrap_or_default();
    let shared = Arc::new(Shared::new());
    let last = CommitRecord::read(&*parts.engine)?;
    let feed = last_feed_number(&*parts.engine)?;
    // After an accepted loss the mark is ahead: numbers are never given out twice.
    let mark = Mark {
        sequence: last.sequence.max(parts.mark.sequence),
        feed: feed.max(parts.mark.feed),
    };
    let mut writer = Writer::new(
        parts.engine,
        parts.barrier,
        env.clone(),
        shared.clone(),
        mark,
        last.latest,
        parts.drain_time,
    );
    let info = describe(&mut writer, parts.flavour, parts.format)?;
    if info.format > parts.format {
        return Err(OpenError::Newer {
            path,
            found: info.format,
            known: parts.format,
        });
    }
    if let Some(wanted) = parts.flavour.filter(|wanted| *wanted != info.flavour) {
        return Err(OpenError::Flavour {
            path,
            found: info.flavour,
            wanted,
        });
    }
    if info.importing {
        return Err(OpenError::ImportUnfinished(path));
    }
    if parts.lost.is_some() || parts.restored.is_some() {
        writer.run_now(Box::new(AcceptLoss {
            lost: parts.lost,
            restored: parts.restored,
            mark,
        }))?;
    }
    let description = Description {
        engine: parts.name,
        path: parts.path,
        flavour: info.flavour,
        queue: parts.queue,
    };
    let store =
        LocalStore::start(writer, parts.threads, shared, env, description).map_err(|source| {
            OpenError::Io {
                what: "cannot start the writer of",
                path,
                source,
            }
        })?;
    Ok(Arc::new(store))
}

/// What the store says about itself, written first when it is new.
fn describe(
    writer: &mut Writer,
    flavour: Option<Flavour>,
    format: u32,
) -> Result<StoreInfo, StoreError> {
    let slot = Arc::new(std::sync::Mutex::new(None));
    writer.run_now(Box::new(Describe {
        flavour,
        format,
        slot: slot.clone(),
    }))?;
    let info = slot
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .take();
    info.unwrap_or(Err(StoreError::Closed))
}

struct Describe {
    flavour: Option<Flavour>,
    format: u32,
    slot: Arc<std::sync::Mutex<Option<Result<StoreInfo, StoreError>>>>,
}

impl Describe {
    fn load_or_create(&self, tx: &mut Tx<'_>) -> Result<StoreInfo, StoreError> {
        if let Some(info) = tx.get::<StoreInfo>(&())? {
            return Ok(info);
        }
        let flavour = self.flavour.ok_or_else(|| StoreError::Corrupt {
            kind: "store_info",
            detail: "it is missing".to_owned(),
        })?;
        let info = StoreInfo {
            format: self.format,
            created: tx.now(),
            flavour,
            importing: false,
        };
        tx.put(&info)?;
        Ok(info)
    }
}

impl Command for Describe {
    fn name(&self) -> &'static str {
        "store.describe"
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Abort> {
        let info = self.load_or_create(tx);
        *self
            .slot
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(info);
        Ok(())
    }
}

/// Goes on after a loss: the numbers of lost feed events are skipped, so that no reader of the feed
/// takes a new event for one it has seen, and the audit log says what is missing.
struct AcceptLoss {
    lost: Option<RangeInclusive<u64>>,
    restored: Option<String>,
    mark: Mark,
}

impl Command for AcceptLoss {
    fn name(&self) -> &'static str {
        "store.accept_loss"
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Abort> {
        let mut accept = || {
            tx.put(&Counter {
                name: FEED_COUNTER.to_owned(),
                last: self.mark.feed,
            })?;
            tx.audit(NewAudit {
                actor: "operator".to_owned(),
                action: "store.accept_loss".to_owned(),
                account: None,
                detail: serde_json::json!({
                    "first_missing_commit": self.lost.as_ref().map(RangeInclusive::start),
                    "last_missing_commit": self.lost.as_ref().map(RangeInclusive::end),
                    "dump": self.restored,
                }),
            })
        };
        accept().map_err(|_: StoreError| Abort)
    }
}

/// The last number given to a feed event.
fn last_feed_number(engine: &dyn Engine) -> Result<u64, StoreError> {
    let key = key::full_key(Kind::Counter, &FEED_COUNTER);
    let value = engine
        .get(&key)
        .map_err(|error| StoreError::Failed(error.to_string()))?;
    match value {
        Some(value) => codec::decode::<Counter>(&value).map(|counter| counter.last),
        None => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NewEvent, Order, execute, read, records::FeedEvent};
    use super::*;

    #[tokio::test]
    async fn a_store_in_memory_takes_commands() {
        let store = memory(Env::scripted(1_000, 1).0);
        let seq = execute(&*store, "test", |tx| {
            tx.emit(NewEvent::new("started", serde_json::json!({})))
        })
        .await;
        assert_eq!(seq, Ok(1));
        let feed: Result<Vec<FeedEvent>, StoreError> =
            read(&*store, "test", |tx| tx.scan((), Order::Ascending, 10)).await;
        assert_eq!(feed.map(|events| events.len()), Ok(1));
        store.close().await;
    }
}
