//! One push of the platform, from the opened envelope to what is answered: the five-seconds table.
//!
//! ```text
//! first delivery ─▶ claim in memory ─▶ command 1 {effects, reply} ─▶ answer
//!                        │                 └─ request ▶ outside ▶ command 2 {effects, reply} ─▶ answer
//!                        └─ not done in time ─▶ handed over to the outbox, or left unanswered
//! ```
//! A push whose effects are committed has its reply in the same commit; a push without effects is
//! remembered in memory. Nothing is answered before it is durable, and nothing passive after
//! `success`. `halves` holds the two commands, `recover` what becomes of replies that no connection
//! took.

mod halves;
mod recover;

use std::future::ready;
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, select};
use tokio::sync::oneshot;

use super::Bot;
use super::api::{Answering, PushAnswer};
use super::chat::{self, Turn};
use super::context::{Context, PushName};
use super::event::ChatEvent;
use super::pushes::{DELIVERIES, Entrance, Outcome};
use crate::env::{Millis, SECOND};
use crate::store::records::Push;
use crate::store::{Order, StoreError, read};
use crate::wechat::endpoint::Opened;
use crate::wechat::message::Inbound;
use crate::wechat::push_key::{BodyDigest, Fingerprint, PushKey};
use crate::wechat::reply::Reply;

use halves::{Handed, Ran};

/// How long a connection waits for the work: the platform gives up after 5 s.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(4_500);
/// How long after that the handing over may take before the platform no longer listens.
pub const LAST_MOMENT: Millis = 400;
/// How long a reply that no connection took waits for the platform's retry, after it was found and
/// after a start.
pub const RETRY_GRACE: Millis = 20 * SECOND;

/// Which push it is.
#[derive(Debug, Clone, Copy)]
struct Identity {
    key: PushKey,
    fingerprint: Fingerprint,
    /// What the store keeps of the body; computed when the push leaves something there.
    digest: Option<BodyDigest>,
}

impl Identity {
    fn stored_digest(&self, inbound: &Inbound) -> String {
        let digest = self.digest.unwrap_or_else(|| BodyDigest::of(inbound));
        hex::encode(digest.as_bytes())
    }
}

/// Where a push that has ended is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// It left no effects: in memory.
    Memory,
    /// Its effects and its reply are in the store.
    Store {
        /// Its reply is sent even when no connection takes it.
        important: bool,
    },
    /// Its reply is in the outbox, or was refused one: nothing passive is answered any more.
    Outbox,
}

/// Lets go of a push whose work ended without saying so: neither a panic nor a connection that is gone
/// before the work began may leave retries waiting for nobody. What such work left in the store is not
/// known.
struct Claim<B: Deref<Target = Bot>> {
    bot: B,
    key: PushKey,
    open: bool,
}

impl<B: Deref<Target = Bot>> Claim<B> {
    fn of(bot: B, key: PushKey) -> Self {
        Self {
            bot,
            key,
            open: true,
        }
    }

    /// The work has said what became of the push, or another claim will.
    fn close(mut self) {
        self.open = false;
    }
}

impl<B: Deref<Target = Bot>> Drop for Claim<B> {
    fn drop(&mut self) {
        if self.open {
            self.bot.note_stored(&self.key);
            self.bot.pushes.fail(&self.key);
        }
    }
}

impl Bot {
    /// Answers one delivery of a verified push. Most are answered when this returns. The others' work begins when
    /// the answer is first polled, and goes on then though nobody polls it again.
    pub fn handle_push(self: &Arc<Self>, official_account: &str, opened: Opened) -> Answering {
        let Opened {
            inbound,
            key,
            fingerprint,
            replay,
            ..
        } = opened;
        // Only plaintext pushes carry a replay mark: their signature does not cover the body.
        let unproven = replay.is_some() && !self.settings.plaintext.contains(official_account);
        let id = Identity {
            key,
            fingerprint,
            digest: None,
        };
        self.deliver(official_account, inbound, id, unproven)
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
        let id = Identity {
            key,
            fingerprint: Fingerprint::of(&inbound),
            digest: Some(digest),
        };
        let inbound = Box::new(inbound);
        self.deliver(official_account, inbound, id, false).await
    }

    fn deliver(
        self: &Arc<Self>,
        official_account: &str,
        inbound: Box<Inbound>,
        id: Identity,
        unproven: bool,
    ) -> Answering {
        let key = id.key;
        if inbound.person().is_empty() {
            // The hosting probe, or an authorization event without its person: nobody to serve.
            return at_once(PushAnswer::Success);
        }
        let now = self.env.now();
        let sent = inbound.create_time.unwrap_or_default();
        match self.pushes.enter(&key, &id.fingerprint, sent, now) {
            Entrance::Done(reply) => at_once(replay(reply)),
            Entrance::HandedOver => at_once(PushAnswer::Success),
            Entrance::Mismatch => at_once(self.mismatch()),
            Entrance::Full => at_once(PushAnswer::Busy),
            Entrance::Joined(receiver, delivery) => {
                let (bot, account) = (self.clone(), official_account.to_owned());
                let wait = async move { bot.wait(&account, &key, receiver, delivery).await };
                Either::Right(wait.boxed())
            }
            Entrance::First { stored } => {
                let mut event = ChatEvent::new(official_account, inbound, now);
                event.unproven = unproven;
                self.first_delivery(event, id, stored, now)
            }
        }
    }

    /// Answers the first delivery of a push. `stored`: it may have a record.
    fn first_delivery(
        self: &Arc<Self>,
        event: ChatEvent,
        id: Identity,
        stored: bool,
        now: Millis,
    ) -> Answering {
        let key = id.key;
        self.numbers.pushes.add(1);
        let claim = Claim::of(&**self, key);
        let context = self.context(PushName::Key(key));
        let glanced = self.glance(&id, &event, &context, stored);
        claim.close();
        if let Some(Ran::Turn(turn, false)) = glanced {
            // Most pushes end here: nothing was written and nobody is asked.
            self.note_trace(&turn);
            let reply = said(turn.reply);
            return at_once(match self.pushes.settle(&key, reply.clone(), now) {
                true => replay(reply),
                false => PushAnswer::NoAnswer,
            });
        }
        let work = self.clone().work_and_wait(
            Claim::of(self.clone(), key),
            event,
            id,
            context,
            stored,
            glanced,
        );
        Either::Right(work.boxed())
    }

    /// Does the work of a first delivery that a glance did not settle, and waits for it for as long as the
    /// platform does.
    async fn work_and_wait(
        self: Arc<Self>,
        claim: Claim<Arc<Self>>,
        event: ChatEvent,
        id: Identity,
        context: Context,
        stored: bool,
        glanced: Option<Ran>,
    ) -> PushAnswer {
        let key = id.key;
        let official_account = event.official_account.clone();
        let mut receiver = self.pushes.wait(&key);
        // The work outlives the connection: a retry joins it.
        let work = self
            .clone()
            .work(claim, event, id, context, stored, glanced);
        let mut work = AssertUnwindSafe(work)
            .catch_unwind()
            .map(|done| {
                // Its claim has let go of the push and said so.
                if done.is_err() {
                    tracing::error!("working on a push panicked");
                }
            })
            .boxed();
        // Polled once here, so that commands are queued in the order of arrival: one lane
        // per follower, and none waits for another's I/O.
        if futures_util::poll!(&mut work).is_pending() {
            self.tasks.spawn(work);
        } else if let Ok(outcome) = receiver.try_recv() {
            return self.heard(Ok(outcome));
        }
        self.wait(&official_account, &key, receiver, 1).await
    }

    async fn wait(
        self: &Arc<Self>,
        official_account: &str,
        key: &PushKey,
        receiver: oneshot::Receiver<Outcome>,
        delivery: u32,
    ) -> PushAnswer {
        let patience = Millis::try_from(self.settings.answer_within.as_millis());
        let asleep = self.settings.timer.sleep(patience.unwrap_or(Millis::MAX));
        match select(receiver, asleep).await {
            Either::Left((outcome, _)) => self.heard(outcome),
            Either::Right(((), receiver)) => {
                self.overrun(official_account, key, receiver, delivery)
                    .await
            }
        }
    }

    fn heard(&self, outcome: Result<Outcome, oneshot::error::RecvError>) -> PushAnswer {
        match outcome {
            Ok(Outcome::Answer(reply)) => replay(reply),
            Ok(Outcome::Superseded) => PushAnswer::NoAnswer,
            Ok(Outcome::Mismatch) => self.mismatch(),
            Ok(Outcome::Failed) | Err(_) => PushAnswer::Busy,
        }
    }

    /// 4.5 s are over. The work may still end while it is being handed over: then its reply is the
    /// answer.
    async fn overrun(
        self: &Arc<Self>,
        official_account: &str,
        key: &PushKey,
        receiver: oneshot::Receiver<Outcome>,
        delivery: u32,
    ) -> PushAnswer {
        self.numbers.overruns.add(1);
        let sends = self.settings.custom_send(official_account);
        if !sends && delivery < DELIVERIES {
            return PushAnswer::NoAnswer;
        }
        let handing = self.hand_over(official_account, key, sends).boxed();
        let asleep = self.settings.timer.sleep(LAST_MOMENT);
        match select(receiver, select(handing, asleep)).await {
            Either::Left((outcome, _)) => self.heard(outcome),
            Either::Right((Either::Left((handed, asleep)), receiver)) => match handed {
                Ok(Handed::Over) => {
                    self.pushes.hand_over(key);
                    PushAnswer::Success
                }
                // Durable, and about to be told.
                Ok(Handed::Ended) => self.last_moment(receiver, asleep).await,
                // Nothing was accepted: the platform should come again.
                Err(_) => PushAnswer::Busy,
            },
            // The store is slow. Nothing was accepted that could be acknowledged.
            Either::Right((Either::Right(_), _)) => PushAnswer::NoAnswer,
        }
    }

    async fn last_moment(
        &self,
        receiver: oneshot::Receiver<Outcome>,
        asleep: BoxFuture<'static, ()>,
    ) -> PushAnswer {
        match select(receiver, asleep).await {
            Either::Left((outcome, _)) => self.heard(outcome),
            Either::Right(_) => PushAnswer::NoAnswer,
        }
    }

    fn mismatch(&self) -> PushAnswer {
        self.numbers.mismatches.add(1);
        tracing::warn!("a push was refused: its identifier came with another body before");
        PushAnswer::Refused
    }

    /// Does the work of a push once, and tells whoever waits. `glanced`: what it came to at a glance.
    async fn work(
        self: Arc<Self>,
        claim: Claim<Arc<Self>>,
        event: ChatEvent,
        id: Identity,
        context: Context,
        known: bool,
        glanced: Option<Ran>,
    ) {
        let key = id.key;
        let event = Arc::new(event);
        let ran = match glanced {
            Some(ran) => Ok(ran),
            None => self.first_half(&id, &event, &context, known).await,
        };
        if !matches!(ran, Ok(Ran::Turn(_, false))) {
            self.note_stored(&key);
        }
        // Also when somebody outside is asked: who answers is settled by now.
        if let Ok(Ran::Turn(turn, _)) = &ran {
            self.note_trace(turn);
        }
        match ran {
            Ok(Ran::Turn(turn, stored)) => match turn.request {
                None => {
                    let kept = match stored {
                        true => Kept::Store {
                            important: turn.important,
                        },
                        false => Kept::Memory,
                    };
                    self.end(&key, turn.reply, kept).await;
                }
                Some(request) => self.ask(&key, &event, &context, request).await,
            },
            Ok(Ran::Waiting(request)) => self.ask(&key, &event, &context, request).await,
            Ok(Ran::Replay(reply)) => {
                // Whether it was given before or not, this connection has it now; that is noted.
                let kept = Kept::Store { important: false };
                self.end(&key, reply.map(|reply| *reply), kept).await;
            }
            Ok(Ran::HandedOver) => self.end(&key, None, Kept::Outbox).await,
            Ok(Ran::Mismatch) => self.pushes.refuse(&key),
            Err(StoreError::Busy) => {
                tracing::warn!("the store's queue is full; a push was not taken");
                self.pushes.fail(&key);
            }
            Err(error) => {
                tracing::error!(%error, "a push could not be worked on; the platform will retry");
                self.pushes.fail(&key);
            }
        }
        claim.close();
    }

    /// The push may have a record from now on: its next delivery must look.
    fn note_stored(&self, key: &PushKey) {
        let until = self.env.now().saturating_add(recover::REPLY_LIFE);
        self.pushes.may_be_stored_from_now_on(key, until);
    }

    /// After a start: whether earlier processes have left records of pushes.
    pub(super) async fn look_for_stored_pushes(&self) -> Result<(), StoreError> {
        let any = read(&*self.store, "stored pushes", |tx| {
            tx.scan::<Push>((), Order::Ascending, 1)
        })
        .await?;
        if !any.is_empty() {
            let until = self.env.now().saturating_add(recover::REPLY_LIFE);
            self.pushes.any_may_be_stored(until);
        }
        Ok(())
    }

    fn note_trace(&self, turn: &Turn) {
        if let Some(watcher) = &self.settings.watcher {
            watcher.turn(turn);
        }
    }

    /// Tells the waiting connection, and sees to the reply when there is none.
    ///
    /// A reply that would be sent again after a crash is noted as answered *before* the connection
    /// has it: of the two things a crash between the two can do, a second copy is the likelier harm,
    /// since a connection that broke is followed by a retry, which gets the reply.
    async fn end(self: &Arc<Self>, key: &PushKey, reply: Option<Reply>, kept: Kept) {
        let reply = said(reply);
        let says = reply.is_some();
        if says && kept == (Kept::Store { important: true }) && self.pushes.is_awaited(key) {
            self.note_answered(key.to_string()).await;
        }
        let heard = self
            .pushes
            .finish(key, reply, kept == Kept::Memory, self.env.now());
        if says && !heard && matches!(kept, Kept::Store { .. }) {
            self.wait_for_retry(key.to_string());
        }
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
            Ok((reply, kept)) => self.end(key, reply, kept).await,
            Err(error) => {
                tracing::error!(%error, "the answer from outside could not be worked on");
                self.pushes.fail(key);
            }
        }
    }
}

fn at_once(answer: PushAnswer) -> Answering {
    Either::Left(ready(answer))
}

fn replay(reply: Option<Arc<Reply>>) -> PushAnswer {
    reply.map_or(PushAnswer::Success, PushAnswer::Reply)
}

/// A reply the user will see something of.
fn said(reply: Option<Reply>) -> Option<Arc<Reply>> {
    reply.filter(|reply| !reply.is_nothing()).map(Arc::new)
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

#[cfg(test)]
mod tests;
