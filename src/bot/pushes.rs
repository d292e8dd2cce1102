//! The five-seconds table, in memory: which pushes are being worked on, and what those that left
//! nothing in the store were answered with.
//!
//! A push comes up to three times. The first delivery starts the work; a later one joins it and the
//! older connection is left unanswered; a delivery after the end gets the first reply again. What a
//! push changed is in the store together with its reply; only pushes without effects are remembered
//! here. Nothing here computes or waits.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::env::{MINUTE, Millis};
use crate::wechat::push_key::{Fingerprint, Hashed, PushKey};
use crate::wechat::reply::Reply;

/// Most pushes worked on at a time; beyond it the platform is told to come again.
pub const MAX_RUNNING: usize = 4_096;
/// Most answered pushes remembered. At 300 pushes a second this is [`REMEMBERED`] and more.
pub const MAX_REMEMBERED: usize = 200_000;
/// How long answered pushes are remembered: twice the window in which timestamps are accepted.
pub const REMEMBERED: Millis = 12 * MINUTE;
/// Most pushes remembered as having left something in the store, about 20 MB. Beyond it the store is asked
/// about every push for a while.
pub const MAX_STORED: usize = 1 << 18;
/// How many of the latest different replies are kept at hand: a reply equal to one of them is remembered as
/// that one. Most pushes get one of a few replies, and are remembered for minutes.
const RECENT: usize = 16;
/// How often the platform delivers a push before it gives up.
pub const DELIVERIES: u32 = 3;

/// What a delivery waits for.
#[derive(Debug)]
pub enum Outcome {
    /// The reply, or nothing to say.
    Answer(Option<Arc<Reply>>),
    /// The work failed before anything was kept; the platform should come again.
    Failed,
    /// The store knows the push under another body.
    Mismatch,
    /// A newer delivery has taken over.
    Superseded,
}

/// What a delivery finds.
#[derive(Debug)]
pub enum Entrance {
    /// Nothing: it starts the work, and either [settles](Pushes::settle) it or [waits](Pushes::wait) for it.
    First,
    /// The work runs: it waits, as the given delivery (counted from 1).
    Joined(oneshot::Receiver<Outcome>, u32),
    /// The work runs, but the platform was already told `success`.
    HandedOver,
    /// It was answered: this again.
    Done(Option<Arc<Reply>>),
    /// The same key with another body.
    Mismatch,
    /// Too much is going on.
    Full,
}

#[derive(Debug)]
struct Running {
    deliveries: u32,
    handed_over: bool,
    waiter: Option<oneshot::Sender<Outcome>>,
}

#[derive(Debug)]
enum State {
    Running(Running),
    Answered(Option<Arc<Reply>>),
}

#[derive(Debug)]
struct Known {
    fingerprint: Fingerprint,
    state: State,
}

/// Half of a push's key. The table is larger than a processor's caches and every push looks into it, so what
/// it holds has to be small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Name([u8; 16]);

impl Name {
    fn of(key: &PushKey) -> Self {
        Self(key.as_bytes().first_chunk().copied().unwrap_or_default())
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let first = self.0.first_chunk().copied().unwrap_or_default();
        state.write_u64(u64::from_le_bytes(first));
    }
}

#[derive(Debug, Default)]
struct Table {
    known: HashMap<Name, Known, Hashed>,
    /// How many of them run.
    running: usize,
    /// Those that are answered, each once, with when it is forgotten: the oldest first.
    order: VecDeque<(Millis, Name)>,
    recent: VecDeque<Arc<Reply>>,
}

/// Which pushes may have a record in the store. Most have none, and need not be looked for.
#[derive(Debug, Default)]
struct Stored {
    keys: HashSet<PushKey, Hashed>,
    order: VecDeque<(Millis, PushKey)>,
    /// Until then any push may: an earlier process's, or one that was forgotten here.
    any_until: Millis,
}

/// The table.
#[derive(Debug, Default)]
pub struct Pushes {
    table: Mutex<Table>,
    stored: Mutex<Stored>,
}

impl Pushes {
    fn stored(&self) -> std::sync::MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until `until` any push may have a record in the store.
    pub fn any_may_be_stored(&self, until: Millis) {
        let mut stored = self.stored();
        stored.any_until = stored.any_until.max(until);
    }

    /// This push may have a record in the store, which lives until `until` at most.
    pub fn may_be_stored_from_now_on(&self, key: &PushKey, until: Millis) {
        let mut stored = self.stored();
        if stored.keys.len() >= MAX_STORED {
            *stored = Stored {
                any_until: until.max(stored.any_until),
                ..Stored::default()
            };
        }
        if stored.keys.insert(*key) {
            stored.order.push_back((until, *key));
        }
    }

    /// Whether the store must be asked about a push.
    pub fn may_be_stored(&self, key: &PushKey, now: Millis) -> bool {
        let mut stored = self.stored();
        while let Some((until, oldest)) = stored.order.front().copied() {
            if until > now {
                break;
            }
            stored.order.pop_front();
            stored.keys.remove(&oldest);
        }
        now < stored.any_until || stored.keys.contains(key)
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A delivery arrives.
    pub fn enter(&self, key: &PushKey, fingerprint: &Fingerprint, now: Millis) -> Entrance {
        let mut table = self.table();
        table.forget(now);
        let Table { known, running, .. } = &mut *table;
        match known.entry(Name::of(key)) {
            Entry::Occupied(mut known) => known.get_mut().enter(fingerprint),
            Entry::Vacant(_) if *running >= MAX_RUNNING => Entrance::Full,
            Entry::Vacant(place) => {
                *running += 1;
                let started = Running {
                    deliveries: 1,
                    handed_over: false,
                    waiter: None,
                };
                place.insert(Known {
                    fingerprint: *fingerprint,
                    state: State::Running(started),
                });
                Entrance::First
            }
        }
    }

    /// The first delivery waits for its work. It hears [`Outcome::Superseded`] if a newer one has come already.
    pub fn wait(&self, key: &PushKey) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        let mut table = self.table();
        match table.run(key) {
            Some(running) if running.waiter.is_none() => running.waiter = Some(sender),
            _ => {
                let _ = sender.send(Outcome::Superseded);
            }
        }
        receiver
    }

    /// The platform is told `success`; the reply will go out through the outbox. False when the
    /// work has ended meanwhile.
    pub fn hand_over(&self, key: &PushKey) -> bool {
        match self.table().run(key) {
            Some(running) => {
                running.handed_over = true;
                true
            }
            None => false,
        }
    }

    /// Whether the push is being worked on in this process.
    pub fn is_running(&self, key: &PushKey) -> bool {
        self.table().run(key).is_some()
    }

    /// Whether a connection waits for the reply right now.
    pub fn is_awaited(&self, key: &PushKey) -> bool {
        let mut table = self.table();
        table.run(key).is_some_and(|running| {
            let waiter = running.waiter.as_ref();
            waiter.is_some_and(|waiter| !waiter.is_closed())
        })
    }

    /// The work has ended. `remember` for pushes that left nothing in the store. Whether a connection
    /// took the reply.
    pub fn finish(
        &self,
        key: &PushKey,
        reply: Option<Arc<Reply>>,
        remember: bool,
        now: Millis,
    ) -> bool {
        let ended = match remember {
            true => self.table().remember(key, reply.clone(), now),
            false => self.table().end(key),
        };
        let waiter = ended.and_then(|running| running.waiter);
        waiter.is_some_and(|waiter| waiter.send(Outcome::Answer(reply)).is_ok())
    }

    /// The first delivery has ended its work without waiting for anything, and it left nothing in the store.
    /// Whether its own connection is the one to answer: a newer delivery is answered instead.
    pub fn settle(&self, key: &PushKey, reply: Option<Arc<Reply>>, now: Millis) -> bool {
        let ended = self.table().remember(key, reply.clone(), now);
        match ended.and_then(|running| running.waiter) {
            None => true,
            Some(newer) => {
                let _ = newer.send(Outcome::Answer(reply));
                false
            }
        }
    }

    /// The work failed and left no trace: the next delivery starts anew.
    pub fn fail(&self, key: &PushKey) {
        self.give_up(key, Outcome::Failed);
    }

    /// The store knows the push under another body.
    pub fn refuse(&self, key: &PushKey) {
        self.give_up(key, Outcome::Mismatch);
    }

    fn give_up(&self, key: &PushKey, why: Outcome) {
        let running = self.table().end(key);
        if let Some(waiter) = running.and_then(|running| running.waiter) {
            let _ = waiter.send(why);
        }
    }

    /// How many pushes are being worked on, how many are remembered with their answer, and how many as
    /// having left something in the store.
    pub fn sizes(&self) -> (usize, usize, usize) {
        let stored = self.stored().keys.len();
        let table = self.table();
        (table.running, table.order.len(), stored)
    }
}

impl Known {
    /// A later delivery arrives.
    fn enter(&mut self, fingerprint: &Fingerprint) -> Entrance {
        if self.fingerprint != *fingerprint {
            return Entrance::Mismatch;
        }
        match &mut self.state {
            State::Answered(reply) => Entrance::Done(reply.clone()),
            State::Running(running) if running.handed_over => Entrance::HandedOver,
            State::Running(running) => {
                running.deliveries += 1;
                let (sender, receiver) = oneshot::channel();
                if let Some(older) = running.waiter.replace(sender) {
                    // The older connection may be gone already; that is why there is a newer one.
                    let _ = older.send(Outcome::Superseded);
                }
                Entrance::Joined(receiver, running.deliveries)
            }
        }
    }
}

impl Table {
    fn run(&mut self, key: &PushKey) -> Option<&mut Running> {
        match &mut self.known.get_mut(&Name::of(key))?.state {
            State::Running(running) => Some(running),
            State::Answered(_) => None,
        }
    }

    /// Forgets a push that runs.
    fn end(&mut self, key: &PushKey) -> Option<Running> {
        self.run(key)?;
        self.running -= 1;
        match self.known.remove(&Name::of(key))?.state {
            State::Running(running) => Some(running),
            State::Answered(_) => None,
        }
    }

    /// Remembers with its reply a push that ran until now.
    fn remember(
        &mut self,
        key: &PushKey,
        reply: Option<Arc<Reply>>,
        now: Millis,
    ) -> Option<Running> {
        self.run(key)?;
        while self.order.len() >= MAX_REMEMBERED
            && let Some((_, oldest)) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        let reply = reply.map(|reply| self.shared(reply));
        let name = Name::of(key);
        let known = self.known.get_mut(&name)?;
        let ended = std::mem::replace(&mut known.state, State::Answered(reply));
        self.order.push_back((now + REMEMBERED, name));
        match ended {
            State::Running(running) => {
                self.running -= 1;
                Some(running)
            }
            State::Answered(_) => None,
        }
    }

    /// A reply equal to this one that is remembered already, or this one.
    fn shared(&mut self, reply: Arc<Reply>) -> Arc<Reply> {
        if let Some(known) = self.recent.iter().find(|known| **known == reply) {
            return known.clone();
        }
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(reply.clone());
        reply
    }

    fn forget(&mut self, now: Millis) {
        while let Some((until, oldest)) = self.order.front() {
            if *until > now {
                break;
            }
            self.known.remove(oldest);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
