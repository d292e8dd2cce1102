//! Runs commands, one after another, and makes them durable.
//!
//! It drains the queue into one merged batch of at most [`MAX_BATCH_KEYS`] keys, applies it, flushes,
//! syncs, moves the mark, and only then tells the callers. A command that fails or panics takes its
//! own writes with it and nobody else's. A failing engine or disk ends everything: what waits and
//! what comes later gets [`StoreError::Failed`], and nothing is tried again.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::codec;
use super::command::{Command, Reach};
use super::commit_record::CommitRecord;
use super::engine::{Barrier, CommitStep, Engine, EngineError, Mark, Writes};
use super::error::StoreError;
use super::handle::Shared;
use super::key;
use super::later::{self, Held, Maker, Pending};
use super::message::{Job, Message, Reply};
use super::records::{Counter, FEED_COUNTER, Kind};
use super::seed::Seed;
use super::status::Meters;
use super::tx::{Finished, Tx};
use crate::env::{Env, Millis};

/// The most keys in one batch, the commit's own record included. sled holds its global lock while it
/// applies a batch, so a batch stays small.
pub const MAX_BATCH_KEYS: usize = 512;

/// The most bytes in one batch; half a segment of the database file.
pub const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// The most commands in one drain, so that a stream of commands without writes cannot hold back the
/// acknowledgement of an earlier one with writes.
pub const MAX_DRAIN_COMMANDS: usize = 1024;

/// How long the first write of a drain may wait for company.
pub const DRAIN_TIME: Duration = Duration::from_millis(2);

/// The most snapshots open at a time; each costs a read per first change of a key.
pub const MAX_SNAPSHOTS: usize = 2;

/// The most before-images one snapshot may hold in memory before it is given up.
pub const MAX_SNAPSHOT_KEYS: usize = 200_000;

/// The most bytes of before-images one snapshot may hold.
pub const MAX_SNAPSHOT_BYTES: usize = 64 * 1024 * 1024;

/// The state of the thread.
pub(crate) struct Writer {
    engine: Box<dyn Engine>,
    barrier: Box<dyn Barrier>,
    env: Env,
    shared: Arc<Shared>,
    commits: watch::Sender<u64>,
    mark: Mark,
    /// The latest time a command has run at; time never goes back behind it.
    latest: Millis,
    snapshots: BTreeMap<u64, Before>,
    next_snapshot: u64,
    drain_time: Duration,
    maker: Maker,
}

/// A snapshot: the values that keys had when it was opened, for those changed since.
struct Before {
    alive: Weak<()>,
    images: Pending,
    bytes: usize,
}

/// Commands run but not yet committed.
#[derive(Default)]
struct Drain {
    writes: Pending,
    bytes: usize,
    waiting: Vec<(Reply, Result<(), StoreError>)>,
    commands: usize,
    first_write: Option<Instant>,
}

impl Writer {
    /// A writer over an open engine whose last commit and mark are known.
    pub(crate) fn new(
        engine: Box<dyn Engine>,
        barrier: Box<dyn Barrier>,
        env: Env,
        shared: Arc<Shared>,
        mark: Mark,
        latest: Millis,
        drain_time: Duration,
    ) -> Self {
        shared
            .meters
            .sequence
            .store(mark.sequence, std::sync::atomic::Ordering::Relaxed);
        shared.quick.open(engine.reader(), latest);
        let (commits, _) = watch::channel(mark.sequence);
        Self {
            engine,
            barrier,
            env,
            shared,
            commits,
            mark,
            latest,
            snapshots: BTreeMap::new(),
            next_snapshot: 1,
            drain_time,
            maker: Maker::default(),
        }
    }

    /// Keeps to the thread it is called on.
    pub(crate) fn on_one_thread(mut self) -> Self {
        self.maker = Maker::none();
        self
    }

    /// Follows the durable commits.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Runs one command and commits it, before the thread starts.
    pub(crate) fn run_now(&mut self, command: Box<dyn Command>) -> Result<(), StoreError> {
        let (job, mut answer) = Job::new(command, self.env.bytes(), None);
        self.shared.quick.accepted(job.reply.concern);
        let mut drain = Drain::default();
        self.run_job(job, &mut drain);
        let _ = self.commit(&mut drain);
        answer.try_recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Works until every sender is gone and the queue is empty, then closes the engine.
    pub(crate) fn work(mut self, queue: &Receiver<Message>) {
        while let Ok(message) = queue.recv() {
            self.take(message, || queue.try_recv().ok());
        }
        self.end();
    }

    /// Closes the engine.
    pub(crate) fn end(self) {
        self.shared.quick.close();
        let engine = self.engine;
        // A panic here must not keep `close` waiting for ever.
        let _ = catch_unwind(AssertUnwindSafe(|| engine.close()));
    }

    /// Does what a message asks for, and those that `more` has by then, in as few commits as the limits allow.
    pub(crate) fn take(&mut self, first: Message, more: impl Fn() -> Option<Message>) {
        let mut drain = Drain::default();
        let mut next = Some(first);
        while let Some(message) = next {
            self.shared.taken();
            match message {
                Message::Run(job) => self.run_job(job, &mut drain),
                Message::OpenSnapshot { alive, reply } => {
                    // Whoever is refused is told; the snapshot shows what is durable.
                    let _ = self.commit(&mut drain);
                    // The caller may have gone; then the snapshot ends with the next commit.
                    let _ = reply.send(self.open_snapshot(alive));
                }
            }
            drain.commands += 1;
            let late = drain
                .first_write
                .is_some_and(|first| first.elapsed() >= self.drain_time);
            if late || drain.commands >= MAX_DRAIN_COMMANDS {
                break;
            }
            next = more();
        }
        let _ = self.commit(&mut drain);
    }

    fn run_job(&mut self, job: Job, drain: &mut Drain) {
        let Job {
            command,
            seed,
            snapshot,
            reply,
        } = job;
        if let Some(reason) = self.shared.failure() {
            self.answer(reply, Err(StoreError::Failed(reason)));
            return;
        }
        Meters::count(&self.shared.meters.commands);
        let now = self.tick();
        let (result, writes) = match snapshot {
            None => self.run_command(command, &drain.writes, now, seed, false),
            Some(id) => match self.snapshots.get(&id) {
                Some(before) => self.run_command(command, &before.images, now, seed, true),
                None => (Err(StoreError::SnapshotGone), Pending::new()),
            },
        };
        // What was read is durable: nothing waits to be committed, or a snapshot was read.
        if writes.is_empty() && (drain.writes.is_empty() || snapshot.is_some()) {
            self.answer(reply, result);
            return;
        }
        if !writes.is_empty() {
            let merged = self.merge(writes, drain);
            let failed = self.shared.failure().map(StoreError::Failed);
            if let Err(error) = failed.map_or(merged, Err) {
                self.answer(reply, Err(error));
                return;
            }
        }
        drain.waiting.push((reply, result));
    }

    /// Ends the store's service. Whatever the reason, the database may be damaged.
    fn fail(&self, reason: &str) {
        if self.shared.fail(reason) {
            self.engine.distrust(reason);
        }
    }

    /// Tells a caller. One that stopped waiting loses its answer, not its effects.
    fn answer(&self, reply: Reply, result: Result<(), StoreError>) {
        self.shared.quick.answered(reply.concern);
        let _ = reply.sender.send(result);
    }

    /// Runs a command over `shared` writes. A command that fails in any way leaves no writes.
    fn run_command(
        &self,
        mut command: Box<dyn Command>,
        shared: &Pending,
        now: Millis,
        seed: [u8; 32],
        snapshot: bool,
    ) -> (Result<(), StoreError>, Pending) {
        let name = command.name();
        let reach = match snapshot {
            true => Reach::Nothing,
            false => command.reach(),
        };
        let engine = &*self.engine;
        self.shared.watch.begin(name);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut tx = Tx::new(engine, shared, now, Seed::Given(seed), reach);
            let result = command.run(&mut tx);
            drop(command);
            (result, tx.finish())
        }));
        self.shared.watch.end();
        let Ok((result, finished)) = outcome else {
            Meters::count(&self.shared.meters.panicked);
            tracing::error!(command = name, "a store command panicked");
            return (Err(StoreError::Panicked(name)), Pending::new());
        };
        let Finished {
            writes,
            refused,
            failure,
            limits,
            ..
        } = finished;
        self.shared.meters.limits_hit(&limits);
        if let Some(reason) = failure {
            self.fail(&reason);
            return (Err(StoreError::Failed(reason)), Pending::new());
        }
        // A command that gave up tells its caller why by itself; one that overlooked a refused
        // write is told here.
        let result = match (result, refused) {
            (Err(_), _) => Err(StoreError::Aborted),
            (Ok(()), Some(error)) => Err(error),
            (Ok(()), None) => return (Ok(()), writes),
        };
        Meters::count(&self.shared.meters.aborted);
        (result, Pending::new())
    }

    /// Adds a command's writes to the drain, committing what is there first when both do not fit. When that is
    /// refused, so is the command, which has seen it.
    fn merge(&mut self, writes: Pending, drain: &mut Drain) -> Result<(), StoreError> {
        let room = |(key, value): (&Vec<u8>, &Option<Held>)| {
            key.len() + value.as_ref().map_or(0, Held::room)
        };
        let bytes: usize = writes.iter().map(room).sum();
        for value in writes.values().flatten() {
            if let Held::Later(later) = value {
                self.maker.begin(later);
            }
        }
        let new_keys = writes
            .keys()
            .filter(|key| !drain.writes.contains_key(*key))
            .count();
        let full = drain.writes.len() + new_keys + 1 > MAX_BATCH_KEYS
            || drain.bytes + bytes > MAX_BATCH_BYTES;
        if full {
            self.commit(drain)?;
        }
        drain.first_write.get_or_insert_with(Instant::now);
        drain.bytes += bytes;
        drain.writes.extend(writes);
        Ok(())
    }

    /// Makes the drain durable and answers everyone in it. Afterwards the drain is empty. An error when a value
    /// could not be made: then nothing of the drain is there, and the store goes on.
    fn commit(&mut self, drain: &mut Drain) -> Result<(), StoreError> {
        let commands = drain.commands;
        let Drain {
            writes, waiting, ..
        } = std::mem::take(drain);
        drain.commands = commands;
        self.shared.watch.begin("store.values");
        let made = later::made(writes);
        self.shared.watch.end();
        let writes = match made {
            Ok(writes) => writes,
            Err(error) => {
                tracing::error!(%error, "a commit was given up: a value of it cannot be made");
                for (reply, _) in waiting {
                    self.answer(reply, Err(error.clone()));
                }
                return Err(error);
            }
        };
        let outcome = if let Some(reason) = self.shared.failure() {
            // A read has failed meanwhile; nothing more goes into that database.
            Err(EngineError(reason))
        } else if writes.is_empty() {
            Ok(())
        } else {
            self.shared.watch.begin("store.commit");
            // The engine may panic; it is not to be trusted after that.
            let written = catch_unwind(AssertUnwindSafe(|| self.write(writes)))
                .unwrap_or_else(|_| Err(EngineError("the database engine panicked".to_owned())));
            self.shared.watch.end();
            written
        };
        match outcome {
            Ok(()) => {
                if !waiting.is_empty() {
                    self.barrier.observe(CommitStep::Acknowledging);
                }
                for (reply, result) in waiting {
                    self.answer(reply, result);
                }
            }
            Err(error) => {
                self.fail(&error.to_string());
                for (reply, _) in waiting {
                    self.answer(reply, Err(StoreError::Failed(error.to_string())));
                }
            }
        }
        Ok(())
    }

    /// One commit: before-images, apply, flush, sync, mark. The order is the promise.
    fn write(&mut self, mut writes: Writes) -> Result<(), EngineError> {
        let started = Instant::now();
        let mark = Mark {
            sequence: self.mark.sequence + 1,
            feed: feed_number(&writes).unwrap_or(self.mark.feed),
        };
        let record = CommitRecord {
            sequence: mark.sequence,
            latest: self.latest,
        };
        writes.insert(CommitRecord::KEY.to_vec(), Some(record.encode()));
        let keys = writes.len();
        let bytes = weight(&writes);
        self.keep_before_images(&writes)?;

        self.shared.quick.committing(&writes);
        self.engine.apply(writes)?;
        self.barrier.observe(CommitStep::Applied);
        self.engine.flush()?;
        self.barrier.observe(CommitStep::Flushed);
        self.barrier
            .sync()
            .map_err(|error| EngineError(format!("the database file cannot be synced: {error}")))?;
        self.barrier.observe(CommitStep::Synced);
        self.engine.acknowledge(mark)?;
        self.barrier.observe(CommitStep::Marked);

        self.mark = mark;
        self.shared
            .meters
            .commit(mark.sequence, keys, bytes, started.elapsed());
        self.commits.send_replace(mark.sequence);
        Ok(())
    }

    fn open_snapshot(&mut self, alive: Weak<()>) -> Result<u64, StoreError> {
        if let Some(reason) = self.shared.failure() {
            return Err(StoreError::Failed(reason));
        }
        self.drop_dead_snapshots();
        if self.snapshots.len() >= MAX_SNAPSHOTS {
            self.shared.meters.limits_hit(&["snapshots"]);
            return Err(StoreError::SnapshotGone);
        }
        let id = self.next_snapshot;
        self.next_snapshot += 1;
        let before = Before {
            alive,
            images: Pending::new(),
            bytes: 0,
        };
        self.snapshots.insert(id, before);
        Ok(id)
    }

    fn drop_dead_snapshots(&mut self) {
        self.snapshots
            .retain(|_, before| before.alive.strong_count() > 0);
    }

    /// Keeps for every snapshot what is about to be overwritten.
    fn keep_before_images(&mut self, writes: &Writes) -> Result<(), EngineError> {
        self.drop_dead_snapshots();
        for before in self.snapshots.values_mut() {
            for key in writes.keys() {
                if before.images.contains_key(key) {
                    continue;
                }
                let image = self.engine.get(key)?;
                before.bytes += key.len() + image.as_ref().map_or(0, Vec::len);
                before.images.insert(key.clone(), image.map(Held::Here));
            }
        }
        let open = self.snapshots.len();
        self.snapshots.retain(|_, before| {
            before.images.len() <= MAX_SNAPSHOT_KEYS && before.bytes <= MAX_SNAPSHOT_BYTES
        });
        if self.snapshots.len() < open {
            self.shared.meters.limits_hit(&["snapshot_size"]);
        }
        Ok(())
    }

    /// The time for the next command: the clock's, or the latest known when the clock is behind it.
    fn tick(&mut self) -> Millis {
        let clock = self.env.now();
        self.latest = self.shared.quick.tick(clock);
        let behind = u64::try_from(self.latest - clock).unwrap_or(0);
        self.shared
            .meters
            .clock_behind
            .store(behind, std::sync::atomic::Ordering::Relaxed);
        self.latest
    }
}

/// Bytes of keys and values.
fn weight(writes: &Writes) -> usize {
    let bytes =
        |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| key.len() + value.as_ref().map_or(0, Vec::len);
    writes.iter().map(bytes).sum()
}

/// The last feed number in a batch, if it moves.
fn feed_number(writes: &Writes) -> Option<u64> {
    let key = key::full_key(Kind::Counter, &FEED_COUNTER);
    let value = writes.get(&key)?.as_ref()?;
    codec::decode::<Counter>(value)
        .ok()
        .map(|counter| counter.last)
}
