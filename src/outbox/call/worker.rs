//! The worker that makes queued calls.
//!
//! Claim (a commit), call (I/O, no store), settle (a commit). Every name has places of its own, so that
//! a slow target holds up its own calls only. Killing the process at any point loses nothing: a call
//! that was claimed and not settled is made again when its lease runs out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::queue::{self, Look};
use super::{CallError, CallRequest, Calls, MAX_CALLS_IN_FLIGHT, RESERVED_IN_FLIGHT};
use crate::env::Millis;
use crate::outbox::drive::drive;
use crate::store::records::{CallCount, HostCall};
use crate::store::{StoreError, execute, read};

/// Names claimed for in one command, so that it stays within one commit.
const NAMES_AT_ONCE: usize = 8;

/// The queued calls of a name in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallStats {
    /// Attempts made since the process started.
    pub attempts: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Calls that had not ended when the worker last looked; none while no worker runs.
    pub waiting: Option<u64>,
    /// Those of them that followers caused.
    pub waiting_of_followers: Option<u64>,
}

impl Calls {
    /// Makes queued calls until `stop`, then finishes those under way.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let tasks = TaskTracker::new();
        let step = || async {
            let (claimed, next) = self.claim().await?;
            for (call, place) in claimed {
                let this = Arc::clone(&self);
                tasks.spawn(async move {
                    if let Err(error) = this.attempt(call, place).await {
                        // The lease runs out and the call is made again; nothing is lost.
                        tracing::error!(%error, "what came of a call could not be stored");
                    }
                });
            }
            // Every settlement commits, and a commit calls the next step.
            Ok(next)
        };
        drive(&*self.store, &self.env, &stop, "calls", step).await;
        tasks.close();
        tasks.wait().await;
    }

    /// Makes the queued calls that are due, as many of each name as have places, and settles them.
    /// Answers when one is due next. What [`Calls::run`] does, in one go: for tests and embedders with
    /// loops of their own.
    pub async fn step(&self) -> Result<Option<Millis>, StoreError> {
        let (claimed, _) = self.claim().await?;
        let attempts = claimed
            .into_iter()
            .map(|(call, place)| self.attempt(call, place));
        for settled in join_all(attempts).await {
            settled?;
        }
        Ok(self.look().await?.next)
    }

    /// The queued calls by name: every name that can be called, and others while the store has calls
    /// of them.
    pub fn stats(&self) -> BTreeMap<String, CallStats> {
        self.stats.lock().clone()
    }

    /// Claims what is due and has a place. Also answers when the next is due that has one.
    async fn claim(&self) -> Result<(Vec<(HostCall, Place)>, Option<Millis>), StoreError> {
        let _alone = self.claiming.lock().await;
        let mut look = self.look().await?;
        if look.old {
            let mut moved = true;
            while moved {
                moved =
                    execute::<_, StoreError>(&*self.store, "calls.move", queue::move_over).await?;
            }
            look = self.look().await?;
        }
        if look.names.is_empty() {
            return Ok((Vec::new(), look.next));
        }
        let mut claimed = Vec::new();
        for names in look.names.chunks(NAMES_AT_ONCE) {
            let names: Vec<(String, Free)> = names
                .iter()
                .map(|name| (name.clone(), self.places.free(name)))
                .collect();
            let calls = execute::<_, StoreError>(&*self.store, "calls.claim", move |tx| {
                let mut calls = Vec::new();
                for (name, free) in &names {
                    calls.extend(queue::claim(tx, name, *free)?);
                }
                Ok(calls)
            })
            .await;
            let calls = match calls {
                Ok(calls) => calls,
                // What was claimed is made first; the next step meets the error again.
                Err(_) if !claimed.is_empty() => return Ok((claimed, Some(self.env.now()))),
                Err(error) => return Err(error),
            };
            claimed.extend(calls.into_iter().map(|call| {
                let place = self.places.take(&call);
                (call, place)
            }));
        }
        // A look that fails may not lose what was claimed either.
        let next = self
            .look()
            .await
            .map_or(Some(self.env.now()), |look| look.next);
        Ok((claimed, next))
    }

    /// A look costs no commit, and most commits leave nothing to call.
    async fn look(&self) -> Result<Look, StoreError> {
        let free = self.places.all_free();
        let look =
            read::<_, StoreError>(&*self.store, "calls.look", move |tx| queue::look(tx, &free))
                .await?;
        self.stats.waiting(&look.counts);
        Ok(look)
    }

    async fn attempt(&self, call: HostCall, place: Place) -> Result<(), StoreError> {
        let result = self
            .call(CallRequest {
                id: call.id.clone(),
                name: call.name.clone(),
                account: call.account.clone(),
                official_account: call.official_account.clone(),
                payload: call.payload.clone(),
            })
            .await;
        let error = result.err();
        self.stats.attempt(&call.name, error.as_ref());
        // Before the commit: it calls the step that gives the place to the next.
        drop(place);
        execute(&*self.store, "calls.settle", move |tx| {
            queue::settle(tx, &call.id, call.attempts, error.as_ref())
        })
        .await
    }
}

/// Numbers by name. Bounded by the names that rules call.
#[derive(Debug)]
pub(super) struct Stats(Mutex<BTreeMap<String, CallStats>>);

impl Stats {
    pub(super) fn of<'n>(names: impl Iterator<Item = &'n String>) -> Self {
        let names = names.map(|name| (name.clone(), CallStats::default()));
        Self(Mutex::new(names.collect()))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, CallStats>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attempt(&self, name: &str, error: Option<&CallError>) {
        let mut all = self.lock();
        let stats = all.entry(name.to_owned()).or_default();
        stats.attempts += 1;
        if let Some(error) = error {
            stats.failed += 1;
            tracing::warn!(call = name, error = error.word(), "a queued call failed");
        }
    }

    fn waiting(&self, counts: &[CallCount]) {
        let mut all = self.lock();
        for stats in all.values_mut() {
            (stats.waiting, stats.waiting_of_followers) = (Some(0), Some(0));
        }
        for count in counts {
            let stats = all.entry(count.name.clone()).or_default();
            stats.waiting = Some(count.waiting);
            stats.waiting_of_followers = Some(count.of_followers);
        }
    }
}

/// How many more calls of a name may be made now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Free {
    /// Of any kind.
    pub(super) all: usize,
    followers: usize,
}

impl Default for Free {
    fn default() -> Self {
        Self {
            all: MAX_CALLS_IN_FLIGHT,
            followers: MAX_CALLS_IN_FLIGHT - RESERVED_IN_FLIGHT,
        }
    }
}

impl Free {
    /// Of those that followers caused.
    pub(super) fn for_followers(self) -> usize {
        self.all.min(self.followers)
    }

    pub(super) fn take(&mut self, follower: bool) {
        self.all = self.all.saturating_sub(1);
        self.followers = self.followers.saturating_sub(usize::from(follower));
    }

    fn give(&mut self, follower: bool) {
        self.all += 1;
        self.followers += usize::from(follower);
    }
}

/// What is being called now: the free places of every name that has some taken.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<BTreeMap<String, Free>>);

impl Places {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Free>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all_free(&self) -> BTreeMap<String, Free> {
        self.lock().clone()
    }

    fn free(&self, name: &str) -> Free {
        self.lock().get(name).copied().unwrap_or_default()
    }

    fn take(self: &Arc<Self>, call: &HostCall) -> Place {
        let mut all = self.lock();
        let free = all.entry(call.name.clone()).or_default();
        free.take(call.follower);
        Place {
            places: Arc::clone(self),
            name: call.name.clone(),
            follower: call.follower,
        }
    }
}

/// A place that is taken until it is dropped.
struct Place {
    places: Arc<Places>,
    name: String,
    follower: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.places.lock();
        if let Some(free) = all.get_mut(&self.name) {
            free.give(self.follower);
            if free.all >= MAX_CALLS_IN_FLIGHT {
                all.remove(&self.name);
            }
        }
    }
}
