//! The clock that everybody in the table sleeps by.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use menshen::bot::settings::Timer;
use menshen::env::{ManualClock, Millis};
use tokio::sync::oneshot;

/// Sleepers on the manual clock.
pub struct Alarm {
    pub clock: Arc<ManualClock>,
    pub now: Mutex<Millis>,
    pub sleepers: Mutex<Vec<(Millis, oneshot::Sender<()>)>>,
}

impl Alarm {
    /// How long until somebody wakes.
    pub fn until_next(&self) -> Option<Millis> {
        let now = *self.now.lock().unwrap();
        let sleepers = self.sleepers.lock().unwrap();
        sleepers.iter().map(|(due, _)| (due - now).max(0)).min()
    }

    pub fn advance(&self, time: Millis) {
        self.clock.advance(time);
        let now = {
            let mut now = self.now.lock().unwrap();
            *now += time;
            *now
        };
        self.sleepers.lock().unwrap().retain_mut(|(due, wake)| {
            if *due > now {
                return true;
            }
            let (nobody, _) = oneshot::channel();
            let _ = std::mem::replace(wake, nobody).send(());
            false
        });
    }
}

impl Timer for Alarm {
    fn sleep(&self, time: Millis) -> BoxFuture<'static, ()> {
        let (wake, woken) = oneshot::channel();
        let due = *self.now.lock().unwrap() + time;
        self.sleepers.lock().unwrap().push((due, wake));
        woken.map(drop).boxed()
    }
}
