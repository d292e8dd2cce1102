//! What callers hand to the writer, and the way back.

use std::sync::Weak;

use tokio::sync::oneshot;

use super::command::Command;
use super::error::StoreError;
use super::quick::Concern;

/// What comes through the queue.
pub(crate) enum Message {
    Run(Job),
    /// Answers with a snapshot's number as of the last commit.
    OpenSnapshot {
        alive: Weak<()>,
        reply: oneshot::Sender<Result<u64, StoreError>>,
    },
}

/// A command on its way.
pub(crate) struct Job {
    pub(crate) command: Box<dyn Command>,
    pub(crate) seed: [u8; 32],
    pub(crate) snapshot: Option<u64>,
    pub(crate) reply: Reply,
}

impl Job {
    /// With the caller's end of the way back.
    pub(crate) fn new(
        command: Box<dyn Command>,
        seed: [u8; 32],
        snapshot: Option<u64>,
    ) -> (Self, oneshot::Receiver<Result<(), StoreError>>) {
        let (sender, answer) = oneshot::channel();
        let concern = Concern::of(command.reach());
        let job = Self {
            command,
            seed,
            snapshot,
            reply: Reply { sender, concern },
        };
        (job, answer)
    }
}

impl Message {
    /// Which glances it concerns while it is under way.
    pub(crate) fn concern(&self) -> Concern {
        match self {
            Self::Run(job) => job.reply.concern,
            Self::OpenSnapshot { .. } => Concern::Nobody,
        }
    }
}

/// The way back to a command's caller.
pub(crate) struct Reply {
    pub(crate) sender: oneshot::Sender<Result<(), StoreError>>,
    pub(crate) concern: Concern,
}
