//! The five-seconds table, in memory: which pushes are being worked on, and what those that left
//! nothing in the store were answered with.
//!
//! A push comes up to three times. The first delivery starts the work; a later one joins it and the
//! older connection is left unanswered; a delivery after the end gets the first reply again. What a
//! push changed is in the store together with its reply; only pushes without effects are remembered
//! here. Nothing here computes or waits.

use std::collections::{HashMap, HashSet, VecDeque};
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
    /// Nothing: it starts the work.
    First(oneshot::Receiver<Outcome>),
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
    fingerprint: Fingerprint,
    deliveries: u32,
    handed_over: bool,
    waiter: Option<oneshot::Sender<Outcome>>,
}

#[derive(Debug)]
struct Answered {
    fingerprint: Fingerprint,
    reply: Option<Arc<Reply>>,
}

#[derive(Debug, Default)]
struct Table {
    running: HashMap<PushKey, Running, Hashed>,
    answered: HashMap<PushKey, Answered, Hashed>,
    /// The keys of `answered`, each once, with when it is forgotten: the oldest first.
    order: VecDeque<(Millis, PushKey)>,
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
        if let Some(done) = table.answered.get(key) {
            return if done.fingerprint == *fingerprint {
                Entrance::Done(done.reply.clone())
            } else {
                Entrance::Mismatch
            };
        }
        if let Some(running) = table.running.get_mut(key) {
            if running.fingerprint != *fingerprint {
                return Entrance::Mismatch;
            }
            if running.handed_over {
                return Entrance::HandedOver;
            }
            running.deliveries += 1;
            let (sender, receiver) = oneshot::channel();
            if let Some(older) = running.waiter.replace(sender) {
                // The older connection may be gone already; that is why there is a newer one.
                let _ = older.send(Outcome::Superseded);
            }
            return Entrance::Joined(receiver, running.deliveries);
        }
        if table.running.len() >= MAX_RUNNING {
            return Entrance::Full;
        }
        let (sender, receiver) = oneshot::channel();
        table.running.insert(
            *key,
            Running {
                fingerprint: *fingerprint,
                deliveries: 1,
                handed_over: false,
                waiter: Some(sender),
            },
        );
        Entrance::First(receiver)
    }

    /// The platform is told `success`; the reply will go out through the outbox. False when the
    /// work has ended meanwhile.
    pub fn hand_over(&self, key: &PushKey) -> bool {
        match self.table().running.get_mut(key) {
            Some(running) => {
                running.handed_over = true;
                true
            }
            None => false,
        }
    }

    /// Whether the push is being worked on in this process.
    pub fn is_running(&self, key: &PushKey) -> bool {
        self.table().running.contains_key(key)
    }

    /// Whether a connection waits for the reply right now.
    pub fn is_awaited(&self, key: &PushKey) -> bool {
        let table = self.table();
        let running = table.running.get(key);
        running.is_some_and(|running| {
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
        let mut table = self.table();
        let Some(running) = table.running.remove(key) else {
            return false;
        };
        if remember {
            table.remember(key, running.fingerprint, reply.clone(), now);
        }
        running
            .waiter
            .is_some_and(|waiter| waiter.send(Outcome::Answer(reply)).is_ok())
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
        let running = self.table().running.remove(key);
        if let Some(waiter) = running.and_then(|running| running.waiter) {
            let _ = waiter.send(why);
        }
    }

    /// How many pushes are being worked on, how many are remembered with their answer, and how many as
    /// having left something in the store.
    pub fn sizes(&self) -> (usize, usize, usize) {
        let stored = self.stored().keys.len();
        let table = self.table();
        (table.running.len(), table.answered.len(), stored)
    }
}

impl Table {
    fn remember(
        &mut self,
        key: &PushKey,
        fingerprint: Fingerprint,
        reply: Option<Arc<Reply>>,
        now: Millis,
    ) {
        while self.answered.len() >= MAX_REMEMBERED {
            match self.order.pop_front() {
                Some((_, oldest)) => self.answered.remove(&oldest),
                None => break,
            };
        }
        let reply = reply.map(|reply| self.shared(reply));
        let answered = Answered { fingerprint, reply };
        if self.answered.insert(*key, answered).is_none() {
            self.order.push_back((now + REMEMBERED, *key));
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
            self.answered.remove(oldest);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
