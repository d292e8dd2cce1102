//! The worker that sends promised messages.
//!
//! Claim (a commit), send (I/O, no store), settle (a commit). Several attempts run at a time; a slow
//! one holds up nobody else. Killing the process at any point loses nothing: a claim without a
//! settlement becomes an attempt with an unknown outcome when its lease runs out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::channel::Abilities;
use super::claim::{Job, Reach, claim, due, next_due};
use super::drive::drive;
use super::hooks::Hooks;
use super::sender::{Outcome, Sender};
use super::settle::{Pause, settle};
use crate::env::{Env, Millis};
use crate::store::records::{OutboxChannel, OutboxLane};
use crate::store::{SharedStore, StoreError, execute, read};

/// Attempts under way at a time.
pub const MAX_IN_FLIGHT: usize = 16;
/// The longest one attempt may take; then its outcome is unknown. Room for a token, a call, another
/// token and the call again; below the lease.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(45);

/// The worker. One per process; [`Outbox::run`] it once.
pub struct Outbox {
    store: SharedStore,
    env: Env,
    sender: Arc<dyn Sender>,
    hooks: Arc<dyn Hooks>,
    abilities: BTreeMap<String, Abilities>,
    /// Bounded by two channels and the whole per official account.
    pauses: Mutex<BTreeMap<(String, Option<OutboxChannel>), Millis>>,
    permits: Arc<Semaphore>,
    stats: Counters,
}

/// Numbers since the process started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxStats {
    /// Attempts made.
    pub attempts: u64,
    /// Attempts the platform took.
    pub accepted: u64,
    /// Attempts the platform refused.
    pub rejected: u64,
    /// Attempts with an unknown outcome.
    pub unknown: u64,
    /// Attempts that did not reach the platform.
    pub not_sent: u64,
}

#[derive(Debug, Default)]
struct Counters {
    attempts: AtomicU64,
    accepted: AtomicU64,
    rejected: AtomicU64,
    unknown: AtomicU64,
    not_sent: AtomicU64,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox")
            .field("abilities", &self.abilities)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Outbox {
    /// A worker. `abilities` by the names of the official accounts; one that is not named sends
    /// nothing.
    pub fn new(
        store: SharedStore,
        env: Env,
        sender: Arc<dyn Sender>,
        hooks: Arc<dyn Hooks>,
        abilities: impl IntoIterator<Item = (String, Abilities)>,
    ) -> Self {
        Self {
            store,
            env,
            sender,
            hooks,
            abilities: abilities.into_iter().collect(),
            pauses: Mutex::default(),
            permits: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
            stats: Counters::default(),
        }
    }

    /// Sends what is due until `stop`, then finishes the attempts under way.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let tasks = TaskTracker::new();
        let step = || async {
            let Some(permits) = self.free_permits() else {
                // Every settlement commits, and a commit calls the next step.
                return Ok(None);
            };
            for (job, permit) in self.claim(permits.len()).await?.into_iter().zip(permits) {
                let this = Arc::clone(&self);
                tasks.spawn(async move { this.attempt(job, Some(permit)).await });
            }
            self.next_due().await
        };
        drive(&*self.store, &self.env, &stop, "messages", step).await;
        tasks.close();
        tasks.wait().await;
    }

    /// Claims what is due now, makes the attempts and settles them. Answers how many attempts were
    /// made and when something is due next. What [`Outbox::run`] does, in one go: for tests and
    /// embedders with loops of their own.
    pub async fn step(&self) -> Result<(usize, Option<Millis>), StoreError> {
        let jobs = self.claim(MAX_IN_FLIGHT).await?;
        let count = jobs.len();
        join_all(jobs.into_iter().map(|job| self.attempt(job, None))).await;
        Ok((count, self.next_due().await?))
    }

    /// Numbers since the process started.
    pub fn stats(&self) -> OutboxStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        OutboxStats {
            attempts: get(&self.stats.attempts),
            accepted: get(&self.stats.accepted),
            rejected: get(&self.stats.rejected),
            unknown: get(&self.stats.unknown),
            not_sent: get(&self.stats.not_sent),
        }
    }

    /// As many permits as are free now; none if none.
    fn free_permits(&self) -> Option<Vec<OwnedSemaphorePermit>> {
        let permits: Vec<_> = std::iter::from_fn(|| self.permits.clone().try_acquire_owned().ok())
            .take(MAX_IN_FLIGHT)
            .collect();
        (!permits.is_empty()).then_some(permits)
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Job>, StoreError> {
        // A look first: most commits leave nothing to send, and a look costs no commit.
        let waiting = read::<_, StoreError>(&*self.store, "outbox.look", move |tx| {
            due(tx, OutboxLane::Message, 1).map(|rows| !rows.is_empty())
        })
        .await?;
        if !waiting {
            return Ok(Vec::new());
        }
        let hooks = Arc::clone(&self.hooks);
        let reach = self.reach();
        execute::<_, StoreError>(&*self.store, "outbox.claim", move |tx| {
            claim(tx, &*hooks, &reach, limit)
        })
        .await
    }

    async fn next_due(&self) -> Result<Option<Millis>, StoreError> {
        read(&*self.store, "outbox.next", |tx| {
            next_due(tx, OutboxLane::Message)
        })
        .await
    }

    /// Sends, and settles. The place is given back before the commit that calls the next step, which would find none
    /// and sleep.
    async fn attempt(&self, job: Job, place: Option<OwnedSemaphorePermit>) {
        self.stats.attempts.fetch_add(1, Ordering::Relaxed);
        let send = match job.channel {
            OutboxChannel::Custom => self.sender.custom(&job.official_account, &job.body),
            OutboxChannel::Template => self.sender.template(&job.official_account, &job.body),
        };
        let outcome = tokio::time::timeout(SEND_TIMEOUT, send)
            .await
            .unwrap_or(Outcome::Unknown);
        drop(place);
        self.count(&job, &outcome);
        if let Err(error) = self.settle(job, outcome).await {
            // The lease runs out and the attempt counts as unknown; nothing is lost.
            tracing::error!(%error, "an attempt's outcome could not be stored");
        }
    }

    fn count(&self, job: &Job, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Accepted { .. } => &self.stats.accepted,
            Outcome::Rejected { errcode } => {
                tracing::warn!(
                    message = job.id,
                    official_account = job.official_account,
                    channel = job.channel.name(),
                    errcode,
                    "the platform refused a message"
                );
                &self.stats.rejected
            }
            Outcome::Unknown => &self.stats.unknown,
            Outcome::NotSent => &self.stats.not_sent,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    async fn settle(&self, job: Job, outcome: Outcome) -> Result<(), StoreError> {
        let hooks = Arc::clone(&self.hooks);
        let reach = self.reach();
        let pause = execute::<_, StoreError>(&*self.store, "outbox.settle", move |tx| {
            settle(tx, &*hooks, &reach, &job, &outcome)
        })
        .await?;
        if let Some(Pause {
            official_account,
            channel,
            until,
        }) = pause
        {
            tracing::warn!(
                official_account,
                channel = channel.map_or("all", OutboxChannel::name),
                until,
                "the platform wants a pause"
            );
            self.pauses
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert((official_account, channel), until);
        }
        Ok(())
    }

    fn reach(&self) -> Reach {
        Reach {
            abilities: self.abilities.clone(),
            pauses: self
                .pauses
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }
}
