//! The store as its callers hold it.
//!
//! Nothing here blocks a caller: a full queue is an error, an answer is a future. What is atomic and
//! durable is described at [`super`].

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::oneshot;
use tokio::sync::watch::Receiver;

use super::command::{Abort, Command};
use super::error::StoreError;
use super::message::{Job, Message};
use super::post::{Post, Threads};
use super::quick::{Concern, Quick};
use super::records::Flavour;
use super::status::{Meters, StoreStatus};
use super::tx::Tx;
use super::watch::Watch;
use super::writer::Writer;
use crate::env::Env;

/// How many commands may wait for the writer. At several thousand commits of many commands a second
/// this is well under the platform's five seconds; a longer queue would only answer too late.
pub const QUEUE_CAPACITY: usize = 4096;

/// A store shared by all rooms.
pub type SharedStore = Arc<dyn Store>;

/// Runs commands one after another and makes them durable.
pub trait Store: Send + Sync + 'static {
    /// Queues a command. Resolves when its effects are durable, for commands without writes when
    /// everything they may have read is. Queued at the call; dropping the future does not undo it.
    fn submit(&self, command: Box<dyn Command>) -> BoxFuture<'static, Result<(), StoreError>>;

    /// Runs `look` on the caller's thread. Whether it succeeded, wrote nothing and saw one durable state;
    /// otherwise it must be submitted as a command, and what it left in its own hands is void.
    fn glance(&self, look: &mut dyn FnMut(&mut Tx<'_>) -> Result<(), Abort>) -> bool;

    /// Like `submit`, reading the state at `snapshot`; writes are refused.
    fn submit_at(
        &self,
        snapshot: &Snapshot,
        command: Box<dyn Command>,
    ) -> BoxFuture<'static, Result<(), StoreError>>;

    /// Holds on to the present, durable state for reading until the snapshot is dropped. At most
    /// [`MAX_SNAPSHOTS`](super::MAX_SNAPSHOTS) at a time.
    fn snapshot(&self) -> BoxFuture<'static, Result<Snapshot, StoreError>>;

    /// The last durable commit's sequence number; changes wake the outbox, webhooks and SSE. The
    /// channel closes when the store does.
    fn commits(&self) -> Receiver<u64>;

    /// The store's vital signs.
    fn status(&self) -> StoreStatus;

    /// Takes no more commands, finishes those queued, makes everything durable and lets go of the files.
    fn close(&self) -> BoxFuture<'static, ()>;
}

/// A moment of the store to read at. Ends when dropped.
#[derive(Debug, Clone)]
pub struct Snapshot {
    id: u64,
    _alive: Arc<()>,
}

/// What callers and the writer share.
pub(crate) struct Shared {
    pub(crate) meters: Meters,
    pub(crate) watch: Watch,
    pub(crate) quick: Quick,
    failed: OnceLock<String>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            meters: Meters::default(),
            watch: Watch::default(),
            quick: Quick::default(),
            failed: OnceLock::new(),
        }
    }

    /// A message is about to be handed to the writer.
    pub(crate) fn accepted(&self, concern: Concern) {
        self.meters.queue.fetch_add(1, Ordering::Relaxed);
        self.quick.accepted(concern);
    }

    /// A message has left the queue.
    pub(crate) fn taken(&self) {
        self.meters.queue.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether the store takes nothing any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.get().is_some()
    }

    /// Why the store takes nothing any more.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failed.get().cloned()
    }

    /// Ends the store's service. Only the first reason is kept; whether it is this one.
    pub(crate) fn fail(&self, reason: &str) -> bool {
        let first = self.failed.set(reason.to_owned()).is_ok();
        if first {
            tracing::error!(reason, "the store has failed and takes nothing any more");
        }
        first
    }
}

/// What a store says about itself.
pub(crate) struct Description {
    pub(crate) engine: &'static str,
    pub(crate) path: Option<PathBuf>,
    pub(crate) flavour: Flavour,
    pub(crate) queue: usize,
}

/// The store of this process: an engine behind one writer.
pub(crate) struct LocalStore {
    description: Description,
    shared: Arc<Shared>,
    env: Env,
    commits: Receiver<u64>,
    post: Post,
}

impl LocalStore {
    /// Sets the writer to work.
    pub(crate) fn start(
        writer: Writer,
        threads: Threads,
        shared: Arc<Shared>,
        env: Env,
        description: Description,
    ) -> std::io::Result<Self> {
        let commits = writer.subscribe();
        let post = Post::start(writer, threads, description.queue, shared.clone())?;
        Ok(Self {
            description,
            shared,
            env,
            commits,
            post,
        })
    }

    fn queue_command(
        &self,
        command: Box<dyn Command>,
        snapshot: Option<u64>,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        let (job, answer) = Job::new(command, self.env.bytes(), snapshot);
        match self.post.send(Message::Run(job)) {
            Ok(()) => answer
                .map(|answer| answer.unwrap_or(Err(StoreError::Closed)))
                .boxed(),
            Err(error) => ready(Err(error)).boxed(),
        }
    }
}

impl Store for LocalStore {
    fn submit(&self, command: Box<dyn Command>) -> BoxFuture<'static, Result<(), StoreError>> {
        self.queue_command(command, None)
    }

    fn glance(&self, look: &mut dyn FnMut(&mut Tx<'_>) -> Result<(), Abort>) -> bool {
        if self.shared.has_failed() {
            return false;
        }
        let Some(limits) = self.shared.quick.run(look, &self.env) else {
            return false;
        };
        self.shared.meters.limits_hit(&limits);
        Meters::count(&self.shared.meters.commands);
        Meters::count(&self.shared.meters.quick);
        true
    }

    fn submit_at(
        &self,
        snapshot: &Snapshot,
        command: Box<dyn Command>,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        self.queue_command(command, Some(snapshot.id))
    }

    fn snapshot(&self) -> BoxFuture<'static, Result<Snapshot, StoreError>> {
        let alive = Arc::new(());
        let (reply, answer) = oneshot::channel();
        let message = Message::OpenSnapshot {
            alive: Arc::downgrade(&alive),
            reply,
        };
        match self.post.send(message) {
            Ok(()) => answer
                .map(|answer| {
                    answer
                        .unwrap_or(Err(StoreError::Closed))
                        .map(|id| Snapshot { id, _alive: alive })
                })
                .boxed(),
            Err(error) => ready(Err(error)).boxed(),
        }
    }

    fn commits(&self) -> Receiver<u64> {
        self.commits.clone()
    }

    fn status(&self) -> StoreStatus {
        let meters = &self.shared.meters;
        let size = self
            .description
            .path
            .as_ref()
            .and_then(|path| std::fs::metadata(path.join("db")).ok())
            .map(|metadata| metadata.len());
        StoreStatus {
            engine: self.description.engine,
            path: self.description.path.clone(),
            flavour: self.description.flavour,
            queue: meters.queued(),
            queue_capacity: self.description.queue,
            sequence: Meters::read(&meters.sequence),
            commits: Meters::read(&meters.commits),
            keys: Meters::read(&meters.keys),
            bytes: Meters::read(&meters.bytes),
            largest_commit: Meters::read(&meters.largest_commit),
            commands: Meters::read(&meters.commands),
            quick: Meters::read(&meters.quick),
            aborted: Meters::read(&meters.aborted),
            panicked: Meters::read(&meters.panicked),
            busy: Meters::read(&meters.busy),
            latency: std::array::from_fn(|bucket| Meters::read(&meters.latency[bucket])),
            latency_sum: Meters::read(&meters.latency_sum),
            latency_max: Meters::read(&meters.latency_max),
            clock_behind: i64::try_from(Meters::read(&meters.clock_behind)).unwrap_or(i64::MAX),
            size,
            step: self.shared.watch.step(Instant::now()),
            stuck: Meters::read(&meters.stuck),
            limits: meters.limits(),
            failed: self.shared.failure(),
        }
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        self.post.close();
        let mut ended = self.post.ended();
        async move {
            // Never sends; an error says that the thread has dropped its end.
            while ended.changed().await.is_ok() {}
        }
        .boxed()
    }
}

impl fmt::Debug for LocalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("engine", &self.description.engine)
            .field("path", &self.description.path)
            .finish_non_exhaustive()
    }
}
