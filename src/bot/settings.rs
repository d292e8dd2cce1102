//! What the configuration says about the bot itself.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::push::ANSWER_WITHIN;
use crate::env::Millis;
use crate::lang::diagnostics::Language;

/// Settings of a [`Bot`](super::Bot).
#[derive(Clone)]
pub struct Settings {
    /// How long a connection of the platform waits for a reply.
    pub answer_within: Duration,
    /// Official accounts that may send customer-service messages (verified accounts).
    pub custom_send: BTreeSet<String>,
    /// Official accounts in plaintext mode whose pushes may nevertheless bind, lock, trust, unbind
    /// and unlock: the signature does not cover their bodies.
    pub plaintext: BTreeSet<String>,
    /// Told what each push came to: the chat in the terminal, stories, the sandbox's traces.
    pub watcher: Option<Arc<dyn Watcher>>,
    /// What explanations are written in: those kept with decisions, and those the watcher is told.
    pub explanations: Language,
    /// Waits; injected so that tests need not.
    pub timer: Arc<dyn Timer>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("answer_within", &self.answer_within)
            .field("custom_send", &self.custom_send)
            .finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            answer_within: ANSWER_WITHIN,
            custom_send: BTreeSet::new(),
            plaintext: BTreeSet::new(),
            watcher: None,
            explanations: Language::default(),
            timer: Arc::new(RealTime),
        }
    }
}

impl Settings {
    /// Whether a late reply may go out as a customer-service message.
    pub fn custom_send(&self, official_account: &str) -> bool {
        self.custom_send.contains(official_account)
    }
}

/// Watches what pushes come to.
pub trait Watcher: Send + Sync + 'static {
    /// A push was worked on, with this result.
    fn turn(&self, turn: &super::chat::Turn);
}

/// Lets time pass.
pub trait Timer: Send + Sync + 'static {
    /// Resolves after `time` milliseconds.
    fn sleep(&self, time: Millis) -> BoxFuture<'static, ()>;
}

/// Time that does not pass by itself, for clocks that are set by hand: nobody is late.
#[derive(Debug, Clone, Copy)]
pub struct StandingTime;

impl Timer for StandingTime {
    fn sleep(&self, _: Millis) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

/// The runtime's own timer.
#[derive(Debug, Clone, Copy)]
pub struct RealTime;

impl Timer for RealTime {
    fn sleep(&self, time: Millis) -> BoxFuture<'static, ()> {
        let time = Duration::from_millis(u64::try_from(time).unwrap_or(0));
        tokio::time::sleep(time).boxed()
    }
}
