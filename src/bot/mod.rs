//! One event through the rules: routing, dialogs, effects, replies, logins, reload.
//!
//! ```text
//! push ─▶ push (five seconds) ─▶ chat (one command) ─┐
//! login ─▶ login (one command after the password) ───┼─▶ store: effects, reply, feed, outbox in one commit
//! outbox's endings ─▶ hooks ─────────────────────────┘
//! ```
//! A [`Bot`] belongs to no server: the HTTP face, the sandbox, stories and embedders all drive it.
//! It never speaks XML or HTTP itself; what must go out is promised in the outbox or asked of an
//! [`outside::Outside`].

pub mod action;
pub mod api;
pub mod archive;
pub mod builder;
pub mod chat;
pub mod context;
pub mod event;
pub mod explain;
pub mod folder;
pub mod hooks;
mod last_turn;
mod later;
pub mod login;
pub mod notices;
pub mod outside;
mod places;
pub mod probe;
mod push;
pub mod pushes;
pub mod reload;
pub mod ruleset;
pub mod settings;
mod stored;
pub mod stories;
mod subject;

pub use action::{Action, ActionFailed};
pub use builder::{BotBuilder, BuildError};
pub use settings::Settings;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::task::TaskTracker;

use crate::accounts::Passwords;
use crate::env::Env;
use crate::guard::captcha::Drawer;
use crate::guard::geo::Geo;
use crate::outbox::Calls;
use crate::store::SharedStore;

use context::{Context, PushName, Shared};
use outside::Outside;
use pushes::Pushes;
use ruleset::Generations;

/// A running bot: rules, store, and what they need.
pub struct Bot {
    store: SharedStore,
    env: Env,
    generations: Arc<Generations>,
    shared: Arc<Shared>,
    pushes: Pushes,
    outside: Arc<dyn Outside>,
    calls: Arc<Calls>,
    passwords: Passwords,
    drawer: Drawer,
    geo: Geo,
    settings: Settings,
    rules: Vec<PathBuf>,
    tasks: TaskTracker,
    numbers: Numbers,
    /// Held by the one reload at a time: what the folder held when it was last tried.
    reloading: tokio::sync::Mutex<reload::Fingerprint>,
}

/// A counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What happened since the start.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Pushes that were not done within the time a connection waits.
    pub overruns: Counter,
    /// Pushes refused because their identifier came with another body.
    pub mismatches: Counter,
    /// Replies that reached nobody: no connection took them in time and no message could carry them.
    /// After a crash those count that may have been under way.
    pub replies_dropped: Counter,
    /// Pushes whose work was done by a rule, a dialog or nobody.
    pub pushes: Counter,
    /// Logins that were judged.
    pub logins: Counter,
}

impl fmt::Debug for Bot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bot")
            .field("generation", &self.generations.current().number)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Bot {
    /// Begins a bot over `store`. See [`BotBuilder`].
    pub fn builder(store: SharedStore, env: Env, keys: crate::keys::Keys) -> BotBuilder {
        BotBuilder::new(store, env, keys)
    }

    /// The store it works on.
    pub fn store(&self) -> &SharedStore {
        &self.store
    }

    /// What it has done so far, and what it holds in memory.
    pub fn vitals(&self) -> api::BotVitals {
        let (pushes_running, pushes_remembered, pushes_stored) = self.pushes.sizes();
        api::BotVitals {
            pushes_running,
            pushes_remembered,
            pushes_stored,
            recent_logins: self.shared.recent.len(),
            captchas_drawing: self.drawer.busy(),
            pushes: self.numbers.pushes.get(),
            logins: self.numbers.logins.get(),
            overruns: self.numbers.overruns.get(),
            mismatches: self.numbers.mismatches.get(),
            replies_dropped: self.numbers.replies_dropped.get(),
        }
    }

    /// The calls that rules have queued.
    pub fn calls(&self) -> &Arc<Calls> {
        &self.calls
    }

    /// The time and randomness it works with.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// What every event shares.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The rules, running and before.
    pub fn generations(&self) -> &Arc<Generations> {
        &self.generations
    }

    /// What happened since the start.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// The hooks its outbox must be given.
    pub fn hooks(&self) -> hooks::RuleHooks {
        hooks::RuleHooks::new(self.generations.clone(), self.shared.clone())
    }

    /// Waits until everything that was accepted is through. Call it after the server has stopped.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// What an event that is no push is worked on with: an operator's lock, say.
    pub fn event_context(&self) -> Context {
        self.context(PushName::Given(hex::encode(self.env.bytes::<16>())))
    }

    /// What one event is worked on with, from here to its end.
    fn context(&self, push: PushName) -> Context {
        let running = self.generations.current();
        Context {
            rules: running.ruleset.clone(),
            generation: running.number,
            generations: self.generations.clone(),
            shared: self.shared.clone(),
            push,
            explain: self.settings.watcher.is_some(),
            language: self.settings.explanations,
        }
    }
}
