//! What answered pushes were answered with, for as long as they are remembered.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::{MAX_REMEMBERED, Name};
use crate::env::Millis;
use crate::wechat::push_key::{Fingerprint, Hashed};
use crate::wechat::reply::Reply;

/// Into how many tables answers are spread, by the second their push was sent in.
const TABLES: i64 = 1024;
/// A table this many times too large for what it still holds is made smaller.
const TOO_LARGE: usize = 8;

/// What a push was answered with.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) fingerprint: Fingerprint,
    pub(super) reply: Option<Arc<Reply>>,
}

type Second = HashMap<Name, Answer, Hashed>;

/// The answers. All of them are more than a processor's caches hold, and every push looks for its own. Pushes
/// and their retries come about in the order they were sent: those of one second lie together, and what is looked
/// at within a few seconds is in the caches.
#[derive(Debug)]
pub(super) struct Answered {
    seconds: Box<[Second]>,
    /// Each answer once, with when it is forgotten: the oldest first.
    order: VecDeque<Due>,
}

#[derive(Debug)]
struct Due {
    at: Millis,
    sent: i64,
    name: Name,
}

impl Default for Answered {
    fn default() -> Self {
        Self {
            seconds: (0..TABLES).map(|_| Second::default()).collect(),
            order: VecDeque::new(),
        }
    }
}

impl Answered {
    /// The answer to a push sent in second `sent`.
    pub(super) fn get(&self, sent: i64, name: &Name) -> Option<&Answer> {
        self.seconds.get(table(sent))?.get(name)
    }

    /// Remembers an answer until `at`; beyond [`MAX_REMEMBERED`] the oldest is forgotten for it.
    pub(super) fn add(&mut self, sent: i64, name: Name, answer: Answer, at: Millis) {
        while self.order.len() >= MAX_REMEMBERED {
            self.forget_oldest();
        }
        if let Some(second) = self.seconds.get_mut(table(sent)) {
            second.insert(name, answer);
            self.order.push_back(Due { at, sent, name });
        }
    }

    /// Forgets what is no longer remembered at `now`.
    pub(super) fn forget(&mut self, now: Millis) {
        while self.order.front().is_some_and(|oldest| oldest.at <= now) {
            self.forget_oldest();
        }
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.order.pop_front() else {
            return;
        };
        if let Some(second) = self.seconds.get_mut(table(oldest.sent)) {
            second.remove(&oldest.name);
            // A burst must not keep its room for ever, in each of the tables.
            if second.len() < second.capacity() / TOO_LARGE {
                second.shrink_to(second.len() * 2);
            }
        }
    }
}

fn table(sent: i64) -> usize {
    // Below TABLES.
    sent.rem_euclid(TABLES) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::push_key::PushKey;

    fn name(n: usize) -> Name {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        Name::of(&PushKey::from_bytes(bytes))
    }

    fn answer() -> Answer {
        Answer {
            fingerprint: Fingerprint::from_number(1),
            reply: None,
        }
    }

    #[test]
    fn an_answer_is_found_under_its_own_second_whatever_that_is() {
        let mut answered = Answered::default();
        for (n, sent) in [0, -1, i64::MIN, i64::MAX, TABLES].into_iter().enumerate() {
            assert!(answered.get(sent, &name(n)).is_none());
            answered.add(sent, name(n), answer(), 10);
            assert!(answered.get(sent, &name(n)).is_some(), "{sent}");
        }
        answered.forget(10);
        assert_eq!(answered.len(), 0);
        assert!(answered.get(0, &name(0)).is_none());
    }

    #[test]
    fn what_a_burst_took_is_given_back_although_one_answer_of_its_second_stays() {
        let mut answered = Answered::default();
        for n in 0..10_000 {
            answered.add(7, name(n), answer(), 1);
        }
        let room = |answered: &Answered| answered.seconds[7].capacity();
        assert!(room(&answered) >= 10_000);
        answered.add(7, name(10_000), answer(), 2);
        answered.forget(1);
        assert_eq!(answered.len(), 1);
        assert!(room(&answered) < 100, "{}", room(&answered));
        assert!(answered.get(7, &name(10_000)).is_some());
        answered.forget(2);
        assert_eq!(room(&answered), 0);
    }
}
