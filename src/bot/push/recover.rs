//! Replies that no connection took: after a start, and when every delivery was given up on.
//!
//! The platform's own retry comes first; what nobody came back for goes through the outbox when it
//! bound, locked, unlocked or trusted, and is dropped and counted otherwise. Only pushes of earlier
//! processes are recovered at a start: what this one has under way is its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;

use super::super::Bot;
use super::super::context::PushName;
use super::super::event::ChatEvent;
use super::halves::request;
use super::{RETRY_GRACE, from_json, push_key};
use crate::env::{HOUR, Millis, SECOND};
use crate::outbox::{self, Enqueued, NewEntry};
use crate::store::records::{
    Continuation, CustomMessage, NewEvent, OutboxPurpose, Push, PushState,
};
use crate::store::{StoreError, Tx, execute, read};
use crate::wechat::reply::Reply;

/// How long a reply that missed its connection is worth sending. That 锁定 was done is still news
/// after a night without power.
pub(super) const REPLY_LIFE: Millis = 24 * HOUR;
/// Most pushes or continuations looked at in one command when recovering.
const RECOVER_PAGE: usize = 200;
/// Most requests asked again at a time.
const ASKED_AT_ONCE: usize = 16;
/// How long before its end a process may have had deliveries under way that nobody heard about:
/// three of five seconds.
const UNHEARD: Millis = 15 * SECOND;

impl Bot {
    /// After a start: replies of effects that were committed but perhaps never answered, and
    /// requests to the outside that were under way. Waits for the platform's own retry first.
    pub async fn recover_pushes(self: Arc<Self>) -> Result<(), StoreError> {
        // The store's time never goes back, so everything of an earlier process is before it.
        let started = read(&*self.store, "recover", |tx| Ok::<_, StoreError>(tx.now())).await?;
        self.settings.timer.sleep(RETRY_GRACE).await;
        self.recover_replies(started).await?;
        self.recover_requests(started).await
    }

    async fn recover_replies(&self, started: Millis) -> Result<(), StoreError> {
        let mut after = None;
        // Replies without a mark, by the second: whether they were heard is not known.
        let mut unsure: BTreeMap<Millis, u64> = BTreeMap::new();
        let mut last = Millis::MIN;
        loop {
            let from = after.clone();
            let (page, mut times) = execute(&*self.store, "recover pushes", move |tx| {
                let page = tx.page::<Push>((), from.as_ref(), RECOVER_PAGE)?;
                let mut times = Vec::new();
                for push in page.items.iter().filter(|push| push.time <= started) {
                    let unsure = recover(tx, push)?;
                    times.push((push.time, unsure));
                }
                Ok::<_, StoreError>((page.next, times))
            })
            .await?;
            for (time, is_unsure) in times.drain(..) {
                last = last.max(time);
                *unsure.entry(time.div_euclid(SECOND)).or_default() += u64::from(is_unsure);
            }
            match page {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let since = last.saturating_sub(UNHEARD).div_euclid(SECOND);
        let lost: u64 = unsure.range(since..).map(|(_, count)| count).sum();
        if lost > 0 {
            self.numbers.replies_dropped.add(lost);
            tracing::warn!(
                count = lost,
                "replies of an earlier run may not have reached their followers"
            );
        }
        Ok(())
    }

    async fn recover_requests(self: &Arc<Self>, started: Millis) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let from = after.clone();
            let page = read(&*self.store, "recover requests", move |tx| {
                tx.page::<Continuation>((), from.as_ref(), RECOVER_PAGE)
            })
            .await?;
            let waiting = page.items.into_iter().filter(|one| one.time <= started);
            stream::iter(waiting)
                .for_each_concurrent(ASKED_AT_ONCE, |one| self.recover_request(one))
                .await;
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn recover_request(self: &Arc<Self>, waiting: Continuation) {
        let Some(key) = push_key(&waiting.push) else {
            return;
        };
        if self.pushes.is_running(&key) {
            // The platform has come again.
            return;
        }
        let one = waiting.clone();
        let resumed = execute(&*self.store, "recover request", move |tx| resume(tx, &one)).await;
        match resumed {
            Ok(Resumed::Runs) => {
                let event = Arc::new(ChatEvent::absent(
                    &waiting.official_account,
                    &waiting.openid,
                    waiting.time,
                ));
                let context = self.context(PushName::Given(waiting.push.clone()));
                self.ask(&key, &event, &context, request(waiting)).await;
            }
            Ok(Resumed::Dropped) => self.numbers.replies_dropped.add(1),
            Ok(Resumed::Over) => {}
            Err(error) => tracing::error!(%error, "a request of an earlier run is left alone"),
        }
    }

    /// No connection took the reply. The platform may come again; after that it is seen to.
    pub(super) fn wait_for_retry(self: &Arc<Self>, id: String) {
        // Not among the tasks a shutdown waits for: the next start looks for it anyway.
        let bot = Arc::downgrade(self);
        let asleep = self.settings.timer.sleep(RETRY_GRACE);
        let store = self.store.clone();
        tokio::spawn(async move {
            let push = id.clone();
            let _ = execute(&*store, "unanswered", move |tx| {
                match tx.get::<Push>(&push)? {
                    Some(push) if push.answered => mark_answered(tx, push, false),
                    _ => Ok::<_, StoreError>(()),
                }
            })
            .await;
            drop(store);
            asleep.await;
            let Some(bot) = bot.upgrade() else {
                return;
            };
            let settled = execute(&*bot.store, "unheard reply", move |tx| {
                let Some(push) = tx.get::<Push>(&id)? else {
                    return Ok::<_, StoreError>(false);
                };
                if !recover(tx, &push)? {
                    return Ok(false);
                }
                dropped(tx, &push, "unheard")?;
                mark_answered(tx, push, true)?;
                Ok(true)
            })
            .await;
            if matches!(settled, Ok(true)) {
                bot.numbers.replies_dropped.add(1);
            }
        });
    }

    /// A connection is about to get the reply: it is not sent again after a crash. Without the note
    /// it would be, so a failure changes nothing now.
    pub(super) async fn note_answered(&self, id: String) {
        let noted = execute(&*self.store, "answered", move |tx| {
            match tx.get::<Push>(&id)? {
                Some(push) if !push.answered => mark_answered(tx, push, true),
                _ => Ok::<_, StoreError>(()),
            }
        })
        .await;
        if let Err(error) = noted {
            tracing::warn!(%error, "a reply could not be noted as answered");
        }
    }
}

pub(super) fn mark_answered(
    tx: &mut Tx<'_>,
    mut push: Push,
    answered: bool,
) -> Result<(), StoreError> {
    push.answered = answered;
    tx.put(&push)
}

/// Promises the reply of a push that no connection may have taken, when it matters. True when it has
/// one that does not.
fn recover(tx: &mut Tx<'_>, push: &Push) -> Result<bool, StoreError> {
    if push.state != PushState::Done || push.answered {
        return Ok(false);
    }
    let Some(reply) = push.reply.as_deref().and_then(from_json) else {
        return Ok(false);
    };
    if !push.important {
        return Ok(true);
    }
    promise(tx, push, &reply)?;
    mark_answered(tx, push.clone(), true)?;
    Ok(false)
}

/// What becomes of a request of an earlier process.
enum Resumed {
    /// It is asked again.
    Runs,
    /// Nobody came back for it.
    Dropped,
    /// There is nothing left to do.
    Over,
}

/// Work goes on without a connection when `success` was answered for it, or when it has done
/// something its follower must hear of.
fn resume(tx: &mut Tx<'_>, waiting: &Continuation) -> Result<Resumed, StoreError> {
    let gone = waiting.expires_at <= tx.now() || tx.get::<Continuation>(&waiting.id)?.is_none();
    let Some(mut push) = tx.get::<Push>(&waiting.push)?.filter(|_| !gone) else {
        return Ok(Resumed::Over);
    };
    match push.state {
        PushState::HandedOver => Ok(Resumed::Runs),
        PushState::Waiting if push.important => {
            push.state = PushState::HandedOver;
            tx.put(&push)?;
            Ok(Resumed::Runs)
        }
        PushState::Waiting if !push.answered => {
            dropped(tx, &push, "unheard")?;
            mark_answered(tx, push, true)?;
            Ok(Resumed::Dropped)
        }
        PushState::Waiting | PushState::Done => Ok(Resumed::Over),
    }
}

/// Puts a reply into the outbox. One that cannot go there is an event.
pub(super) fn promise(tx: &mut Tx<'_>, push: &Push, reply: &Reply) -> Result<(), StoreError> {
    let Some(custom) = CustomMessage::from_reply(reply) else {
        return dropped(tx, push, "kind");
    };
    let promised = outbox::enqueue(
        tx,
        NewEntry {
            official_account: push.official_account.clone(),
            openid: Some(push.openid.clone()),
            account: None,
            alert: None,
            purpose: OutboxPurpose::Reply,
            custom: Some(custom),
            template: None,
            not_after: push.time + REPLY_LIFE,
            dedupe: Some(format!("push:{}", push.id)),
        },
    )?;
    match promised {
        Enqueued::Full => dropped(tx, push, "full"),
        Enqueued::New(_) | Enqueued::Known(_) => Ok(()),
    }
}

/// States that a follower gets no reply, and why: `late` (the platform was told `success`, and no
/// message may be sent), `unheard` (no connection took it), `kind` (customer-service messages cannot
/// carry it), `full` (too many messages wait for them).
pub(super) fn dropped(tx: &mut Tx<'_>, push: &Push, reason: &str) -> Result<(), StoreError> {
    tx.emit(
        NewEvent::new("reply_dropped", serde_json::json!({ "reason": reason }))
            .official_account(&push.official_account),
    )
    .map(drop)
}
