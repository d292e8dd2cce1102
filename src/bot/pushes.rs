//! The five-seconds table, in memory: which pushes are being worked on, and what those that left
//! nothing in the store were answered with.
//!
//! A push comes up to three times. The first delivery starts the work; a later one joins it and the
//! older connection is left unanswered; a delivery after the end gets the first reply again. What a
//! push changed is in the store together with its reply; only pushes without effects are remembered
//! here. Nothing here computes or waits.

mod answered;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::env::{MINUTE, Millis};
use crate::wechat::push_key::{Fingerprint, Hashed, PushKey};
use crate::wechat::reply::Reply;

use answered::{Answer, Answered};

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
    First {
        /// The push may have a record in the store.
        stored: bool,
    },
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
    /// When the platform sent it.
    sent: i64,
    deliveries: u32,
    handed_over: bool,
    waiter: Option<oneshot::Sender<Outcome>>,
}

/// Half of a push's key. The tables are larger than a processor's caches and every push looks into them, so
/// what they hold has to be small.
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
    running: HashMap<Name, Running, Hashed>,
    answered: Answered,
    recent: VecDeque<Arc<Reply>>,
    stored: Stored,
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
}

impl Pushes {
    /// Until `until` any push may have a record in the store.
    pub fn any_may_be_stored(&self, until: Millis) {
        let mut table = self.table();
        table.stored.any_until = table.stored.any_until.max(until);
    }

    /// This push may have a record in the store, which lives until `until` at most.
    pub fn may_be_stored_from_now_on(&self, key: &PushKey, until: Millis) {
        self.table().stored.add(key, until);
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A delivery arrives. `sent`: the second in which the platform made the push, the same for all of its
    /// deliveries.
    pub fn enter(
        &self,
        key: &PushKey,
        fingerprint: &Fingerprint,
        sent: i64,
        now: Millis,
    ) -> Entrance {
        let mut table = self.table();
        table.answered.forget(now);
        let name = Name::of(key);
        if let Some(answer) = table.answered.get(sent, &name) {
            return match answer.fingerprint == *fingerprint {
                true => Entrance::Done(answer.reply.clone()),
                false => Entrance::Mismatch,
            };
        }
        let full = table.running.len() >= MAX_RUNNING;
        match table.running.entry(name) {
            Entry::Occupied(mut running) => return running.get_mut().enter(fingerprint),
            Entry::Vacant(_) if full => return Entrance::Full,
            Entry::Vacant(place) => {
                place.insert(Running {
                    fingerprint: *fingerprint,
                    sent,
                    deliveries: 1,
                    handed_over: false,
                    waiter: None,
                });
            }
        }
        let stored = table.stored.may_have(key, now);
        Entrance::First { stored }
    }

    /// The first delivery waits for its work. It hears [`Outcome::Superseded`] if a newer one has come already.
    pub fn wait(&self, key: &PushKey) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        let mut table = self.table();
        match table.running.get_mut(&Name::of(key)) {
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
        match self.table().running.get_mut(&Name::of(key)) {
            Some(running) => {
                running.handed_over = true;
                true
            }
            None => false,
        }
    }

    /// Whether the push is being worked on in this process.
    pub fn is_running(&self, key: &PushKey) -> bool {
        self.table().running.contains_key(&Name::of(key))
    }

    /// Whether a connection waits for the reply right now.
    pub fn is_awaited(&self, key: &PushKey) -> bool {
        let mut table = self.table();
        table
            .running
            .get_mut(&Name::of(key))
            .is_some_and(|running| {
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
            false => self.table().running.remove(&Name::of(key)),
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
        let running = self.table().running.remove(&Name::of(key));
        if let Some(waiter) = running.and_then(|running| running.waiter) {
            let _ = waiter.send(why);
        }
    }

    /// How many pushes are being worked on, how many are remembered with their answer, and how many as
    /// having left something in the store.
    pub fn sizes(&self) -> (usize, usize, usize) {
        let table = self.table();
        let stored = table.stored.keys.len();
        (table.running.len(), table.answered.len(), stored)
    }
}

impl Running {
    /// A later delivery arrives.
    fn enter(&mut self, fingerprint: &Fingerprint) -> Entrance {
        if self.fingerprint != *fingerprint {
            return Entrance::Mismatch;
        }
        if self.handed_over {
            return Entrance::HandedOver;
        }
        self.deliveries += 1;
        let (sender, receiver) = oneshot::channel();
        if let Some(older) = self.waiter.replace(sender) {
            // The older connection may be gone already; that is why there is a newer one.
            let _ = older.send(Outcome::Superseded);
        }
        Entrance::Joined(receiver, self.deliveries)
    }
}

impl Stored {
    fn add(&mut self, key: &PushKey, until: Millis) {
        if self.keys.len() >= MAX_STORED {
            *self = Self {
                any_until: until.max(self.any_until),
                ..Self::default()
            };
        }
        if self.keys.insert(*key) {
            self.order.push_back((until, *key));
        }
    }

    fn may_have(&mut self, key: &PushKey, now: Millis) -> bool {
        while let Some((until, oldest)) = self.order.front().copied() {
            if until > now {
                break;
            }
            self.order.pop_front();
            self.keys.remove(&oldest);
        }
        now < self.any_until || self.keys.contains(key)
    }
}

impl Table {
    /// Remembers with its reply a push that ran until now.
    fn remember(
        &mut self,
        key: &PushKey,
        reply: Option<Arc<Reply>>,
        now: Millis,
    ) -> Option<Running> {
        let name = Name::of(key);
        let ended = self.running.remove(&name)?;
        let answer = Answer {
            fingerprint: ended.fingerprint,
            reply: reply.map(|reply| self.shared(reply)),
        };
        self.answered
            .add(ended.sent, name, answer, now + REMEMBERED);
        Some(ended)
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
}

#[cfg(test)]
mod tests;
