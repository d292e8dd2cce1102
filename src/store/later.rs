//! Values that are put together beside the writer's thread: what a command leaves behind for people to read
//! need not hold up the next command. They are in the same commit as everything else of their command; a
//! commit waits for them, and so does who reads one before.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use super::codec::MAX_VALUE_BYTES;
use super::engine::Writes;
use super::error::StoreError;

/// What a command's value is made with.
type Make = Box<dyn FnOnce() -> Result<Vec<u8>, StoreError> + Send>;

/// A value that somebody makes: whoever comes first, once.
pub(crate) struct Later {
    /// The kind of record, for errors.
    kind: &'static str,
    state: Mutex<State>,
    made: Condvar,
}

enum State {
    Waiting(Make),
    Running,
    Made(Result<Vec<u8>, StoreError>),
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Later").field("kind", &self.kind).finish()
    }
}

impl Later {
    pub(crate) fn new(kind: &'static str, make: Make) -> Arc<Self> {
        Arc::new(Self {
            kind,
            state: Mutex::new(State::Waiting(make)),
            made: Condvar::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the value, unless somebody does or did.
    fn make(&self) {
        let mut state = self.state();
        if !matches!(*state, State::Waiting(_)) {
            return;
        }
        let State::Waiting(make) = std::mem::replace(&mut *state, State::Running) else {
            return;
        };
        drop(state);
        let made = catch_unwind(AssertUnwindSafe(make)).unwrap_or_else(|_| {
            tracing::error!(kind = self.kind, "putting a value together panicked");
            Err(StoreError::Panicked(self.kind))
        });
        *self.state() = State::Made(made);
        self.made.notify_all();
    }

    /// The value: made here if nobody has begun, else waited for.
    pub(crate) fn value(&self) -> Result<Vec<u8>, StoreError> {
        self.make();
        let mut state = self.state();
        loop {
            if let State::Made(value) = &*state {
                return value.clone();
            }
            state = self
                .made
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// What a command puts under a key.
#[derive(Debug, Clone)]
pub(crate) enum Held {
    Here(Vec<u8>),
    Later(Arc<Later>),
}

impl Held {
    /// Bytes that room must be left for.
    pub(crate) fn room(&self) -> usize {
        match self {
            Self::Here(value) => value.len(),
            Self::Later(_) => MAX_VALUE_BYTES,
        }
    }

    /// The value, now.
    pub(crate) fn value(&self) -> Result<Vec<u8>, StoreError> {
        match self {
            Self::Here(value) => Ok(value.clone()),
            Self::Later(later) => later.value(),
        }
    }

    fn into_value(self) -> Result<Vec<u8>, StoreError> {
        match self {
            Self::Here(value) => Ok(value),
            Self::Later(later) => later.value(),
        }
    }
}

/// [`Writes`] of which some values are not made yet.
pub(crate) type Pending = std::collections::BTreeMap<Vec<u8>, Option<Held>>;

/// With all values made.
pub(crate) fn made(pending: Pending) -> Result<Writes, StoreError> {
    let made = pending.into_iter().map(|(key, held)| {
        let value = held.map(Held::into_value).transpose()?;
        Ok((key, value))
    });
    made.collect()
}

/// The thread that makes values while the writer goes on; there is none before the first value, and none
/// where it would only take turns with the writer.
#[derive(Default)]
pub(crate) struct Maker {
    thread: Option<Option<Sender<Arc<Later>>>>,
}

impl Maker {
    /// Without a thread: whoever needs a value makes it.
    pub(crate) fn none() -> Self {
        Self { thread: Some(None) }
    }

    /// Has a value made, some time before it is needed.
    pub(crate) fn begin(&mut self, later: &Arc<Later>) {
        let thread = self.thread.get_or_insert_with(start);
        if let Some(sender) = thread {
            // Without the thread whoever needs the value makes it.
            let _ = sender.send(later.clone());
        }
    }
}

fn start() -> Option<Sender<Arc<Later>>> {
    if available_parallelism().map_or(1, usize::from) < 2 {
        return None;
    }
    let (sender, values) = channel::<Arc<Later>>();
    let work = move || values.iter().for_each(|later| later.make());
    let thread = std::thread::Builder::new().name("store-maker".to_owned());
    // It ends with its writer.
    thread.spawn(work).ok().map(|_| sender)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_value_is_made_once_whoever_asks() {
        let times = Arc::new(AtomicU32::new(0));
        let counted = times.clone();
        let later = Later::new(
            "test",
            Box::new(move || {
                counted.fetch_add(1, Ordering::SeqCst);
                Ok(vec![7])
            }),
        );
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(later.value().expect("made"), [7]));
            }
        });
        assert_eq!(times.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn what_cannot_be_made_is_an_error_for_everybody() {
        let later = Later::new("test", Box::new(|| panic!("made to")));
        let mut maker = Maker::default();
        maker.begin(&later);
        for _ in 0..2 {
            let failed = later.value().expect_err("it panicked");
            assert!(matches!(failed, StoreError::Panicked("test")), "{failed}");
        }
    }
}
