//! How messages reach the writer: through a bounded queue to a thread of its own, or on the callers' threads.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::watch as channel;

use super::error::StoreError;
use super::handle::Shared;
use super::message::Message;
use super::status::Meters;
use super::watch;
use super::writer::Writer;

/// Where the writer works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threads {
    /// On a thread of its own, with another one that tells when it is stuck. Callers never wait for it.
    Own,
    /// On the threads of its callers, who wait for each other and for the disk. For stores that live for a moment.
    Callers,
}

/// The way to a writer. Takes nothing any more once it is closed.
pub(crate) struct Post {
    shared: Arc<Shared>,
    writer: Place,
    /// Closes when the writer has ended.
    ended: channel::Receiver<()>,
}

enum Place {
    Thread {
        queue: Mutex<Option<SyncSender<Message>>>,
        thread: Option<JoinHandle<()>>,
    },
    Here(Mutex<Option<(Writer, channel::Sender<()>)>>),
}

impl Post {
    /// Sets the writer to work. At most `capacity` messages wait for its thread, if it has one.
    pub(crate) fn start(
        writer: Writer,
        threads: Threads,
        capacity: usize,
        shared: Arc<Shared>,
    ) -> std::io::Result<Self> {
        let (end, ended) = channel::channel(());
        let writer = match threads {
            Threads::Callers => Place::Here(Mutex::new(Some((writer.on_one_thread(), end)))),
            Threads::Own => {
                let (sender, receiver) = sync_channel(capacity);
                Place::Thread {
                    queue: Mutex::new(Some(sender)),
                    thread: Some(spawn(writer, receiver, end, shared.clone())?),
                }
            }
        };
        Ok(Self {
            shared,
            writer,
            ended,
        })
    }

    /// Hands a message over. Without a thread of the writer's it is answered at the return.
    pub(crate) fn send(&self, message: Message) -> Result<(), StoreError> {
        if let Some(reason) = self.shared.failure() {
            return Err(StoreError::Failed(reason));
        }
        match &self.writer {
            Place::Here(writer) => {
                let mut writer = hold(writer);
                let Some((writer, _)) = &mut *writer else {
                    return Err(StoreError::Closed);
                };
                self.shared.accepted(message.concern());
                writer.take(message, || None);
                Ok(())
            }
            Place::Thread { queue, .. } => {
                let queue = hold(queue);
                let Some(sender) = &*queue else {
                    return Err(StoreError::Closed);
                };
                // Before it is sent: the writer may take it at once.
                let concern = message.concern();
                self.shared.accepted(concern);
                sender.try_send(message).map_err(|error| {
                    self.shared.taken();
                    self.shared.quick.answered(concern);
                    match error {
                        TrySendError::Full(_) => {
                            Meters::count(&self.shared.meters.busy);
                            StoreError::Busy
                        }
                        TrySendError::Disconnected(_) => StoreError::Closed,
                    }
                })
            }
        }
    }

    /// Takes nothing any more. The writer ends when what was accepted is done.
    pub(crate) fn close(&self) {
        match &self.writer {
            Place::Here(writer) => {
                if let Some((writer, end)) = hold(writer).take() {
                    writer.end();
                    drop(end);
                }
            }
            Place::Thread { queue, .. } => drop(hold(queue).take()),
        }
    }

    /// Closes when the writer has ended.
    pub(crate) fn ended(&self) -> channel::Receiver<()> {
        self.ended.clone()
    }
}

impl Drop for Post {
    /// Waits for the queue to drain, so that the files are free afterwards. `close` first where
    /// waiting matters.
    fn drop(&mut self) {
        self.close();
        if let Place::Thread { thread, .. } = &mut self.writer
            && let Some(thread) = thread.take()
        {
            // A command that held the last handle cannot wait for its own thread.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

/// Starts the writer's thread and the one that watches it.
fn spawn(
    writer: Writer,
    queue: Receiver<Message>,
    end: channel::Sender<()>,
    shared: Arc<Shared>,
) -> std::io::Result<JoinHandle<()>> {
    // The watchdog ends with the writer.
    let (writing, written) = std::sync::mpsc::channel();
    Builder::new()
        .name("store-watchdog".to_owned())
        .spawn(move || watch::work(&shared, &written))?;
    Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || {
            writer.work(&queue);
            drop(writing);
            drop(end);
        })
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
