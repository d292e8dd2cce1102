//! One push of the platform, from the opened envelope to what is answered: the five-seconds table.
//!
//! ```text
//! first delivery ─▶ claim in memory ─▶ command 1 {effects, reply} ─▶ answer
//!                        │                 └─ request ▶ outside ▶ command 2 {effects, reply} ─▶ answer
//!                        └─ not done in time ─▶ handed over to the outbox, or left unanswered
//! ```
//! A push whose effects are committed has its reply in the same commit; a push without effects is
//! remembered in memory. Nothing is answered before it is durable.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::Bot;
use super::api::PushAnswer;
use super::chat::{self, Response, Turn};
use super::context::Context;
use super::event::ChatEvent;
use super::pushes::{DELIVERIES, Entrance, Outcome, REMEMBERED};
use crate::env::{HOUR, MINUTE, Millis, SECOND};
use crate::outbox::{self, NewEntry};
use crate::store::records::{
    Continuation, CustomMessage, NewEvent, OutboxPurpose, Push, PushState,
};
use crate::store::{Order, StoreError, Tx, execute};
use crate::wechat::endpoint::Opened;
use crate::wechat::message::Inbound;
use crate::wechat::push_key::{BodyDigest, PushKey};
use crate::wechat::reply::Reply;

/// How long a connection waits for the work: the platform gives up after 5 s.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(4_500);
/// How long a reply that missed its connection is still worth sending.
const REPLY_LIFE: Millis = HOUR;
/// How long after a start replies wait for the platform's retry before they go through the outbox.
const RETRY_GRACE: Millis = 20 * SECOND;
/// Pushes older than this at a start are past every retry and were dealt with before.
const RECOVER_WITHIN: Millis = 10 * MINUTE;
/// Most pushes looked at when recovering; they are at most [`REMEMBERED`] old.
const RECOVER_PAGE: usize = 500;

/// What the store says about a push that is about to run.
enum Ran {
    /// It ran: the turn, and whether it left effects (and so a record).
    Turn(Box<Turn>, bool),
    /// It ran before: its reply again.
    Replay(Option<Box<Reply>>),
    /// Its first half ran before; the outside must be asked again.
    Waiting(chat::Request),
    /// It was handed over before.
    HandedOver,
    /// The same identifier with another body.
    Mismatch,
}

impl Bot {
    /// Answers one delivery of a verified push.
    pub async fn handle_push(
        self: &Arc<Self>,
        official_account: &str,
        opened: Opened,
    ) -> PushAnswer {
        let Opened {
            inbound,
            key,
            body_digest,
            replay,
            ..
        } = opened;
        // Only plaintext pushes carry a replay mark: their signature does not cover the body.
        let unproven = replay.is_some() && !self.settings.plaintext.contains(official_account);
        self.deliver(official_account, inbound, key, body_digest, unproven)
            .await
    }

    /// Answers one delivery of a push whose envelope was opened elsewhere. `key` and `digest` say
    /// which push it is; whoever calls this vouches that it is genuine.
    pub async fn handle(
        self: &Arc<Self>,
        official_account: &str,
        inbound: Inbound,
        key: PushKey,
        digest: BodyDigest,
    ) -> PushAnswer {
        self.deliver(official_account, inbound, key, digest, false)
            .await
    }

    async fn deliver(
        self: &Arc<Self>,
        official_account: &str,
        inbound: Inbound,
        key: PushKey,
        digest: BodyDigest,
        unproven: bool,
    ) -> PushAnswer {
        let now = self.env.now();
        match self.pushes.enter(&key, &digest, now) {
            Entrance::Done(reply) => replay(reply),
            Entrance::HandedOver => PushAnswer::Success,
            Entrance::Mismatch => self.mismatch(),
            Entrance::Full => PushAnswer::Busy,
            Entrance::Joined(receiver, delivery) => {
                self.wait(official_account, &key, receiver, delivery).await
            }
            Entrance::First(receiver) => {
                // The work outlives the connection: a retry joins it.
                let mut event = ChatEvent::new(official_account, inbound, now);
                event.unproven = unproven;
                let mut work = Box::pin(self.clone().work(event, key, digest));
                // Polled once here, so that commands are queued in the order of arrival: one lane
                // per follower, and none waits for another's I/O.
                if futures_util::poll!(&mut work).is_pending() {
                    self.tasks.spawn(work);
                }
                self.wait(official_account, &key, receiver, 1).await
            }
        }
    }

    async fn wait(
        self: &Arc<Self>,
        official_account: &str,
        key: &PushKey,
        receiver: oneshot::Receiver<Outcome>,
        delivery: u32,
    ) -> PushAnswer {
        match tokio::time::timeout(self.settings.answer_within, receiver).await {
            Ok(Ok(Outcome::Answer(reply))) => replay(reply),
            Ok(Ok(Outcome::Superseded)) => PushAnswer::NoAnswer,
            Ok(Ok(Outcome::Mismatch)) => self.mismatch(),
            Ok(Ok(Outcome::Failed) | Err(_)) => PushAnswer::Busy,
            Err(_) => self.overrun(official_account, key, delivery).await,
        }
    }

    /// 4.5 s are over.
    async fn overrun(
        self: &Arc<Self>,
        official_account: &str,
        key: &PushKey,
        delivery: u32,
    ) -> PushAnswer {
        self.numbers.overruns.add(1);
        if self.settings.custom_send(official_account) {
            let id = push_id(key);
            let handed = execute(&*self.store, "hand over", move |tx| {
                let Some(mut push) = tx.get::<Push>(&id)? else {
                    // The first half is not committed yet: nothing was accepted.
                    return Ok::<_, StoreError>(false);
                };
                if push.state == PushState::Waiting {
                    push.state = PushState::HandedOver;
                    push.expires_at = push.time + HOUR;
                    tx.put(&push)?;
                }
                Ok(push.state == PushState::HandedOver)
            })
            .await;
            if matches!(handed, Ok(true)) && self.pushes.hand_over(key) {
                return PushAnswer::Success;
            }
        }
        if delivery < DELIVERIES {
            return PushAnswer::NoAnswer;
        }
        tracing::warn!(
            official_account,
            "a push was not done in time; the follower gets no reply"
        );
        PushAnswer::Success
    }

    fn mismatch(&self) -> PushAnswer {
        self.numbers.mismatches.add(1);
        tracing::warn!("a push was refused: its identifier came with another body before");
        PushAnswer::Refused
    }

    /// Does the work of a push once, and tells whoever waits.
    async fn work(self: Arc<Self>, event: ChatEvent, key: PushKey, digest: BodyDigest) {
        self.numbers.pushes.add(1);
        let event = Arc::new(event);
        let context = self.context(push_id(&key));
        match self.first_half(&key, &digest, &event, &context).await {
            Ok(Ran::Turn(turn, stored)) => match turn.request {
                None => {
                    self.note_trace(&turn);
                    self.end(&key, turn.reply, !stored, stored && turn.important);
                }
                Some(request) => self.ask(&key, &event, &context, request).await,
            },
            Ok(Ran::Waiting(request)) => self.ask(&key, &event, &context, request).await,
            Ok(Ran::Replay(reply)) => self.end(&key, reply.map(|reply| *reply), false, true),
            Ok(Ran::HandedOver) => self.end(&key, None, false, false),
            Ok(Ran::Mismatch) => {
                self.pushes.refuse(&key);
            }
            Err(error) => {
                tracing::error!(%error, "a push could not be worked on; the platform will retry");
                self.pushes.fail(&key);
            }
        }
    }

    fn note_trace(&self, turn: &Turn) {
        if let Some(watcher) = &self.settings.watcher {
            watcher.turn(turn);
        }
    }

    fn end(&self, key: &PushKey, reply: Option<Reply>, remember: bool, important: bool) {
        let reply = reply.filter(|reply| !reply.is_nothing()).map(Box::new);
        self.pushes.finish(key, reply, remember, self.env.now());
        if important {
            // Not waited for: it only saves sending the reply twice after a crash.
            let (store, id) = (self.store.clone(), push_id(key));
            self.tasks.spawn(async move {
                let _ = execute(&*store, "answered", move |tx| {
                    if let Some(mut push) = tx.get::<Push>(&id)?.filter(|push| !push.answered) {
                        push.answered = true;
                        tx.put(&push)?;
                    }
                    Ok::<_, StoreError>(())
                })
                .await;
            });
        }
    }

    async fn first_half(
        &self,
        key: &PushKey,
        digest: &BodyDigest,
        event: &Arc<ChatEvent>,
        context: &Context,
    ) -> Result<Ran, StoreError> {
        let (id, digest) = (push_id(key), hex::encode(digest.as_bytes()));
        let (event, context) = (event.clone(), context.clone());
        execute(&*self.store, "push", move |tx| {
            if let Some(push) = tx.get::<Push>(&id)? {
                return repeat(tx, &push, &digest);
            }
            let turn = chat::handle(tx, &context, &event)?;
            // Waiting leaves a continuation, so there are effects whenever there is a request.
            if !tx.has_writes() {
                return Ok(Ran::Turn(Box::new(turn), false));
            }
            tx.put(&record(tx.now(), &id, &digest, &event, &turn))?;
            Ok(Ran::Turn(Box::new(turn), true))
        })
        .await
    }

    /// Asks the outside, and goes on with the answer.
    async fn ask(
        self: &Arc<Self>,
        key: &PushKey,
        event: &Arc<ChatEvent>,
        context: &Context,
        request: chat::Request,
    ) {
        let response = self.outside.ask(&request).await;
        match self
            .second_half(key, event, context, &request.id, response)
            .await
        {
            Ok(reply) => self.end(key, reply, false, false),
            Err(error) => {
                tracing::error!(%error, "the answer from outside could not be worked on");
                self.pushes.fail(key);
            }
        }
    }

    async fn second_half(
        &self,
        key: &PushKey,
        event: &Arc<ChatEvent>,
        context: &Context,
        request: &str,
        response: Response,
    ) -> Result<Option<Reply>, StoreError> {
        let (id, request) = (push_id(key), request.to_owned());
        let (event, context) = (event.clone(), context.clone());
        execute(&*self.store, "push, second half", move |tx| {
            let turn = chat::resume(tx, &context, &event, &request, &response)?.unwrap_or_default();
            let reply = turn.reply.filter(|reply| !reply.is_nothing());
            let Some(mut push) = tx.get::<Push>(&id)? else {
                return Ok::<_, StoreError>(reply);
            };
            let handed_over = push.state == PushState::HandedOver;
            push.state = PushState::Done;
            push.important |= turn.important;
            push.reply = reply.as_ref().and_then(to_json);
            if handed_over {
                push.answered = true;
                if let Some(reply) = &reply {
                    promise(tx, &push, reply)?;
                }
            }
            tx.put(&push)?;
            Ok(reply.filter(|_| !handed_over))
        })
        .await
    }

    /// After a start: replies of effects that were committed but perhaps never answered, and
    /// requests to the outside that were under way. Waits for the platform's own retry first.
    pub async fn recover_pushes(self: Arc<Self>) -> Result<(), StoreError> {
        self.settings.timer.sleep(RETRY_GRACE).await;
        let mut after = None;
        loop {
            let from = after.clone();
            let page = execute(&*self.store, "recover pushes", move |tx| {
                let page = tx.page::<Push>((), from.as_ref(), RECOVER_PAGE)?;
                for push in &page.items {
                    recover(tx, push)?;
                }
                Ok::<_, StoreError>(page.next)
            })
            .await?;
            match page {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        self.recover_requests().await
    }

    async fn recover_requests(self: Arc<Self>) -> Result<(), StoreError> {
        let waiting = crate::store::read(&*self.store, "recover requests", |tx| {
            tx.scan::<Continuation>((), Order::Ascending, RECOVER_PAGE)
        })
        .await?;
        for one in waiting {
            let push = one.push.clone();
            let handed_over = crate::store::read(&*self.store, "recover request", move |tx| {
                Ok::<_, StoreError>(
                    tx.get::<Push>(&push)?
                        .is_some_and(|push| push.state == PushState::HandedOver),
                )
            })
            .await?;
            let Some(key) = push_key(&one.push).filter(|_| handed_over) else {
                continue;
            };
            let body = serde_json::from_str(&one.request).unwrap_or_default();
            let request = chat::Request {
                id: one.id.clone(),
                target: one.target.clone(),
                body,
            };
            let event = Arc::new(ChatEvent::absent(
                &one.official_account,
                &one.openid,
                one.time,
            ));
            let context = self.context(one.push.clone());
            self.ask(&key, &event, &context, request).await;
        }
        Ok(())
    }
}

/// The push's record of an earlier process or delivery.
fn repeat(tx: &mut Tx<'_>, push: &Push, digest: &str) -> Result<Ran, StoreError> {
    if push.digest != digest {
        return Ok(Ran::Mismatch);
    }
    match push.state {
        PushState::HandedOver => Ok(Ran::HandedOver),
        PushState::Done => Ok(Ran::Replay(push.reply.as_deref().and_then(from_json))),
        PushState::Waiting => {
            let waiting = tx.scan::<Continuation>((), Order::Ascending, RECOVER_PAGE)?;
            let Some(one) = waiting.into_iter().find(|one| one.push == push.id) else {
                return Ok(Ran::Replay(None));
            };
            Ok(Ran::Waiting(chat::Request {
                id: one.id,
                target: one.target,
                body: serde_json::from_str(&one.request).unwrap_or_default(),
            }))
        }
    }
}

fn record(now: Millis, id: &str, digest: &str, event: &ChatEvent, turn: &Turn) -> Push {
    Push {
        id: id.to_owned(),
        digest: digest.to_owned(),
        state: match turn.request {
            Some(_) => PushState::Waiting,
            None => PushState::Done,
        },
        reply: turn
            .reply
            .as_ref()
            .filter(|reply| !reply.is_nothing())
            .and_then(to_json),
        official_account: event.official_account.clone(),
        openid: event.openid.clone(),
        important: turn.important,
        answered: false,
        time: now,
        expires_at: now + REMEMBERED,
    }
}

/// A reply that no connection took goes through the outbox when it matters; others are counted.
fn recover(tx: &mut Tx<'_>, push: &Push) -> Result<(), StoreError> {
    let lost = push.state == PushState::Done
        && !push.answered
        && tx.now() - push.time < RECOVER_WITHIN + RETRY_GRACE;
    if !lost || !push.important {
        return Ok(());
    }
    let Some(reply) = push.reply.as_deref().and_then(from_json) else {
        return Ok(());
    };
    promise(tx, push, &reply)?;
    let mut push = push.clone();
    push.answered = true;
    tx.put(&push)
}

/// Puts a reply into the outbox. Replies the customer-service call cannot carry are reported.
fn promise(tx: &mut Tx<'_>, push: &Push, reply: &Reply) -> Result<(), StoreError> {
    let Some(custom) = CustomMessage::from_reply(reply) else {
        return tx
            .emit(
                NewEvent::new("reply_dropped", serde_json::json!({ "reason": "kind" }))
                    .official_account(&push.official_account),
            )
            .map(drop);
    };
    outbox::enqueue(
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
    )
    .map(drop)
}

fn replay(reply: Option<Box<Reply>>) -> PushAnswer {
    reply.map_or(PushAnswer::Success, PushAnswer::Reply)
}

fn push_id(key: &PushKey) -> String {
    hex::encode(key.as_bytes())
}

fn push_key(id: &str) -> Option<PushKey> {
    let bytes: [u8; 32] = hex::decode(id).ok()?.try_into().ok()?;
    Some(PushKey::from_bytes(bytes))
}

fn to_json(reply: &Reply) -> Option<String> {
    serde_json::to_string(reply).ok()
}

fn from_json<T: serde::de::DeserializeOwned>(json: &str) -> Option<T> {
    serde_json::from_str(json).ok()
}
