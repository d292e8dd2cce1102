//! A store whose process can die around any command, whose disk can stand still, and whose queue can
//! be full.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending, ready};
use menshen::store::{Abort, Command, SharedStore, Snapshot, Store, StoreError, StoreStatus, Tx};
use tokio::sync::{oneshot, watch};

/// What happens to the first command of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// The process dies before the command is run: nothing of it is in the store.
    Before,
    /// The process dies when the command is durable, before anybody is told.
    After,
    /// The queue is full.
    Busy,
}

type Waiting = (Box<dyn Command>, oneshot::Sender<Result<(), StoreError>>);

/// One process's view of the store.
pub struct Disk {
    inner: SharedStore,
    plan: Mutex<Option<(&'static str, Strike)>>,
    dead: Arc<AtomicBool>,
    /// Commands in order of arrival while the disk stands still.
    held: Mutex<Option<VecDeque<Waiting>>>,
    running: Arc<AtomicUsize>,
}

impl Disk {
    pub fn new(inner: SharedStore) -> Arc<Self> {
        Arc::new(Self {
            inner,
            plan: Mutex::default(),
            dead: Arc::default(),
            held: Mutex::default(),
            running: Arc::default(),
        })
    }

    pub fn plan(&self, strike: Option<(&'static str, Strike)>) {
        *self.plan.lock().unwrap() = strike;
    }

    /// Whether the plan has struck, or there was none.
    pub fn struck(&self) -> bool {
        self.plan.lock().unwrap().is_none()
    }

    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    pub fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    /// From now on nothing becomes durable.
    pub fn stand_still(&self) {
        *self.held.lock().unwrap() = Some(VecDeque::new());
    }

    /// What waited is done now, in its order.
    pub fn go_on(&self) {
        let held = self.held.lock().unwrap().take();
        for (command, answer) in held.into_iter().flatten() {
            let done = self.run(command);
            tokio::spawn(async move { drop(answer.send(done.await)) });
        }
    }

    /// Commands that are on their way and will end.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    fn run(&self, command: Box<dyn Command>) -> BoxFuture<'static, Result<(), StoreError>> {
        let (dead, running) = (self.dead.clone(), self.running.clone());
        running.fetch_add(1, Ordering::SeqCst);
        let done = self.inner.submit(command);
        // Counted down by whoever polls; so that a dropped future counts too, a task does.
        let (tell, told) = oneshot::channel();
        tokio::spawn(async move {
            let done = done.await;
            running.fetch_sub(1, Ordering::SeqCst);
            let _ = tell.send(done);
        });
        async move {
            let done = told.await;
            if dead.load(Ordering::SeqCst) {
                return pending().await;
            }
            done.unwrap_or(Err(StoreError::Closed))
        }
        .boxed()
    }
}

impl Store for Disk {
    fn submit(&self, command: Box<dyn Command>) -> BoxFuture<'static, Result<(), StoreError>> {
        if self.is_dead() {
            return pending().boxed();
        }
        let strike = {
            let mut plan = self.plan.lock().unwrap();
            match *plan {
                Some((name, strike)) if name == command.name() => {
                    *plan = None;
                    Some(strike)
                }
                _ => None,
            }
        };
        match strike {
            Some(Strike::Busy) => return ready(Err(StoreError::Busy)).boxed(),
            Some(Strike::Before) => {
                self.kill();
                return pending().boxed();
            }
            Some(Strike::After) => {
                let done = self.run(command);
                self.kill();
                return done;
            }
            None => {}
        }
        let mut held = self.held.lock().unwrap();
        match &mut *held {
            Some(held) => {
                let (answer, answered) = oneshot::channel();
                held.push_back((command, answer));
                answered
                    .map(|done| done.unwrap_or(Err(StoreError::Closed)))
                    .boxed()
            }
            None => self.run(command),
        }
    }

    fn glance(&self, look: &mut dyn FnMut(&mut Tx<'_>) -> Result<(), Abort>) -> bool {
        let planned = self.plan.lock().unwrap().is_some();
        let held = self.held.lock().unwrap().is_some();
        !self.is_dead() && !planned && !held && self.inner.glance(look)
    }

    fn submit_at(
        &self,
        snapshot: &Snapshot,
        command: Box<dyn Command>,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        self.inner.submit_at(snapshot, command)
    }

    fn snapshot(&self) -> BoxFuture<'static, Result<Snapshot, StoreError>> {
        self.inner.snapshot()
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.inner.commits()
    }

    fn status(&self) -> StoreStatus {
        self.inner.status()
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }
}
