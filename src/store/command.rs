//! Commands: the unit of change. One runs at a time, sees everything before it, and is committed
//! whole or not at all.

use std::sync::{Arc, Mutex, PoisonError};

use super::error::StoreError;
use super::handle::{Snapshot, Store};
use super::tx::Tx;

/// Why [`Command::run`] stops: the command has kept the reason for its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abort;

/// A function from what it reads, the time and randomness of its transaction, to writes. It may be
/// run more than once before one run is committed, so it must have no other effects.
pub trait Command: Send {
    /// For logs and metrics; the same for all commands of a kind.
    fn name(&self) -> &'static str;

    /// Does the work. After an [`Abort`] nothing of it stays.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Abort>;

    /// What it may write.
    fn reach(&self) -> Reach {
        Reach::Everything
    }
}

/// What a command may write; other writes are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Nothing.
    Nothing,
    /// The chronicle alone, see [`Kind::CHRONICLE`](super::Kind::CHRONICLE).
    Chronicle,
    /// Records of all kinds.
    Everything,
}

/// Runs `f` as one command. Returns when its effects are durable; if it wrote nothing, when all that
/// it may have read is. After an error from `f` or the store, nothing of it stays, with one exception:
/// after [`StoreError::Failed`] it is unknown whether the writes are there.
///
/// The command is queued at the first poll; from then on it runs even when the future is dropped.
pub async fn execute<T, E>(
    store: &dyn Store,
    name: &'static str,
    f: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    reaching(Reach::Everything, store, name, f).await
}

/// Like [`execute`], for commands that write to the chronicle alone: whoever glances meanwhile at something else
/// need not wait for them.
pub async fn chronicle<T, E>(
    store: &dyn Store,
    name: &'static str,
    f: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    reaching(Reach::Chronicle, store, name, f).await
}

/// What `f` comes to here and now, on the caller's thread, where it wrote nothing and nothing was under way:
/// then it is as durable as what [`execute`] returns. `None` when it must be executed; what it did counts for
/// nothing then. For commands that mostly change nothing and then cost little.
pub fn glance<T, E>(
    store: &dyn Store,
    mut f: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
) -> Option<T> {
    let mut kept = None;
    let seen = store.glance(&mut |tx| {
        kept = Some(f(tx).map_err(|_| Abort)?);
        Ok(())
    });
    kept.filter(|_| seen)
}

/// Runs `f` as a read: writes are refused with [`StoreError::ReadOnly`]. What it returns is durable.
pub async fn read<T, E>(
    store: &dyn Store,
    name: &'static str,
    f: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    reaching(Reach::Nothing, store, name, f).await
}

/// Like [`read`], at the moment `snapshot` was taken: pages read through one snapshot fit together.
pub async fn read_at<T, E>(
    store: &dyn Store,
    snapshot: &Snapshot,
    name: &'static str,
    f: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (command, result) = Closure::boxed(name, f, Reach::Nothing);
    settle(store.submit_at(snapshot, command).await, &result)
}

/// Runs `f` as one command that may write so much.
async fn reaching<T, E>(
    reach: Reach,
    store: &dyn Store,
    name: &'static str,
    f: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (command, result) = Closure::boxed(name, f, reach);
    settle(store.submit(command).await, &result)
}

/// A closure as a command. Its result waits in a slot until the store says what became of it.
struct Closure<F, T, E> {
    name: &'static str,
    f: F,
    reach: Reach,
    slot: Slot<T, E>,
}

type Slot<T, E> = Arc<Mutex<Option<Result<T, E>>>>;

impl<F, T, E> Closure<F, T, E>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    fn boxed(name: &'static str, f: F, reach: Reach) -> (Box<dyn Command>, Slot<T, E>) {
        let slot = Slot::default();
        let command = Self {
            name,
            f,
            reach,
            slot: slot.clone(),
        };
        (Box::new(command), slot)
    }
}

impl<F, T, E> Command for Closure<F, T, E>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: Send,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Abort> {
        let result = (self.f)(tx);
        let outcome = match &result {
            Ok(_) => Ok(()),
            Err(_) => Err(Abort),
        };
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        outcome
    }

    fn reach(&self) -> Reach {
        self.reach
    }
}

fn settle<T, E: From<StoreError>>(
    outcome: Result<(), StoreError>,
    slot: &Mutex<Option<Result<T, E>>>,
) -> Result<T, E> {
    let kept = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (outcome, kept) {
        // Either the command succeeded and is durable, or it gave up and says why.
        (Ok(()), Some(result)) | (Err(StoreError::Aborted), Some(result)) => result,
        (Ok(()), None) => Err(StoreError::Closed.into()),
        (Err(error), _) => Err(error.into()),
    }
}
