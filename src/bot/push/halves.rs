//! The two commands of a push, and the one that hands it over. Each is a pure function of the store;
//! what it decides is in its commit.

use std::sync::Arc;

use super::super::Bot;
use super::super::chat::{self, Response, Turn};
use super::super::context::Context;
use super::super::event::ChatEvent;
use super::super::pushes::REMEMBERED;
use super::recover::{REPLY_LIFE, dropped, mark_answered, promise};
use super::{Identity, Kept, from_json, to_json};
use crate::env::Millis;
use crate::store::records::{Continuation, Push, PushState};
use crate::store::{StoreError, Tx, execute, glance};
use crate::wechat::push_key::PushKey;
use crate::wechat::reply::Reply;

/// What the store says about a push that is about to run.
pub(super) enum Ran {
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

/// What became of handing a push over.
pub(super) enum Handed {
    /// `success` may be answered: what the push still brings does not need this connection.
    Over,
    /// Its work has ended; whoever waits is being told.
    Ended,
}

impl Bot {
    /// Runs the push here and now, if it changes nothing and nothing is under way. `known`: it may have a
    /// record.
    pub(super) fn glance(
        &self,
        identity: &Identity,
        event: &ChatEvent,
        context: &Context,
        known: bool,
    ) -> Option<Ran> {
        glance(&*self.store, |tx| run(tx, identity, event, context, known))
    }

    /// Runs the push, unless its record says that it ran. `known`: it may have a record.
    pub(super) async fn first_half(
        &self,
        identity: &Identity,
        event: &Arc<ChatEvent>,
        context: &Context,
        known: bool,
    ) -> Result<Ran, StoreError> {
        let identity = *identity;
        let (event, context) = (event.clone(), context.clone());
        execute(&*self.store, "push", move |tx| {
            run(tx, &identity, &event, &context, known)
        })
        .await
    }

    /// The answer from outside: the second command. The reply is for the connection, unless the push
    /// was handed over meanwhile: then it is promised in the same commit.
    pub(super) async fn second_half(
        &self,
        key: &PushKey,
        event: &Arc<ChatEvent>,
        context: &Context,
        request: &str,
        response: Response,
    ) -> Result<(Option<Reply>, Kept), StoreError> {
        let (id, request) = (key.to_string(), request.to_owned());
        let (event, context) = (event.clone(), context.clone());
        let sends = self.settings.custom_send(&event.official_account);
        execute(&*self.store, "push, second half", move |tx| {
            let push = tx.get::<Push>(&id)?;
            let Some(turn) = chat::resume(tx, &context, &event, &request, &response)? else {
                // Somebody went on with it before, or it waited too long.
                return Ok::<_, StoreError>(match push {
                    Some(push) if push.state == PushState::Done => {
                        let reply = push.reply.as_deref().and_then(from_json);
                        let important = push.important;
                        (reply, Kept::Store { important })
                    }
                    _ => (None, Kept::Outbox),
                });
            };
            let reply = turn.reply.filter(|reply| !reply.is_nothing());
            let Some(mut push) = push else {
                return Ok((reply, Kept::Memory));
            };
            push.important |= turn.important;
            push.request = None;
            if push.state == PushState::HandedOver {
                // It stays handed over, without a reply of its own: a late retry gets `success`.
                push.answered = true;
                tx.put(&push)?;
                match &reply {
                    Some(reply) if sends => promise(tx, &push, reply)?,
                    _ => {}
                }
                return Ok((None, Kept::Outbox));
            }
            push.state = PushState::Done;
            push.reply = reply.as_ref().and_then(to_json);
            push.expires_at = push.expires_at.max(expiry(&push));
            let important = push.important;
            tx.put(&push)?;
            Ok((reply, Kept::Store { important }))
        })
        .await
    }

    /// Turns a push that still runs into one that `success` was answered for. Where messages may be
    /// sent, the stored continuation is the promise of its reply; elsewhere the reply is lost, and
    /// that is an event.
    pub(super) async fn hand_over(
        &self,
        official_account: &str,
        key: &PushKey,
        sends: bool,
    ) -> Result<Handed, StoreError> {
        let id = key.to_string();
        let handed = execute(&*self.store, "hand over", move |tx| {
            // Commands are queued in order: without a record by now the push left no effects, or
            // failed.
            let Some(mut push) = tx.get::<Push>(&id)? else {
                return Ok::<_, StoreError>((Handed::Ended, false));
            };
            match push.state {
                PushState::Done => Ok((Handed::Ended, false)),
                PushState::HandedOver => Ok((Handed::Over, false)),
                PushState::Waiting => {
                    push.state = PushState::HandedOver;
                    push.expires_at = push.expires_at.max(push.time + REPLY_LIFE);
                    tx.put(&push)?;
                    if !sends {
                        dropped(tx, &push, "late")?;
                    }
                    Ok((Handed::Over, !sends))
                }
            }
        })
        .await;
        handed.map(|(handed, lost)| {
            if lost {
                self.numbers.replies_dropped.add(1);
                tracing::warn!(
                    official_account,
                    "a push was not done in time; the follower gets no reply"
                );
            }
            handed
        })
    }
}

/// The first command of a push.
fn run(
    tx: &mut Tx<'_>,
    identity: &Identity,
    event: &ChatEvent,
    context: &Context,
    known: bool,
) -> Result<Ran, StoreError> {
    if known && let Some(push) = tx.get::<Push>(&context.push_id())? {
        return repeat(tx, &push, &identity.stored_digest(&event.inbound));
    }
    let turn = chat::handle(tx, context, event)?;
    // Waiting leaves a continuation, so there are effects whenever there is a request.
    let effects = tx.has_writes();
    if effects {
        let digest = identity.stored_digest(&event.inbound);
        tx.put(&record(tx.now(), &context.push_id(), &digest, event, &turn))?;
    }
    Ok(Ran::Turn(Box::new(turn), effects))
}

/// The push's record of an earlier process or delivery.
fn repeat(tx: &mut Tx<'_>, push: &Push, digest: &str) -> Result<Ran, StoreError> {
    if push.digest != digest {
        return Ok(Ran::Mismatch);
    }
    match push.state {
        PushState::HandedOver => Ok(Ran::HandedOver),
        PushState::Done => {
            if push.important && !push.answered {
                mark_answered(tx, push.clone(), true)?;
            }
            Ok(Ran::Replay(push.reply.as_deref().and_then(from_json)))
        }
        PushState::Waiting => {
            let waiting = match &push.request {
                Some(id) => tx.get::<Continuation>(id)?,
                None => None,
            };
            Ok(match waiting {
                Some(waiting) => Ran::Waiting(request(waiting)),
                None => Ran::Replay(None),
            })
        }
    }
}

/// The request a continuation waits for.
pub(super) fn request(waiting: Continuation) -> chat::Request {
    chat::Request {
        id: waiting.id,
        target: waiting.target,
        body: serde_json::from_str(&waiting.request).unwrap_or_default(),
    }
}

fn record(now: Millis, id: &str, digest: &str, event: &ChatEvent, turn: &Turn) -> Push {
    let mut push = Push {
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
        request: turn.request.as_ref().map(|request| request.id.clone()),
        official_account: event.official_account.clone(),
        openid: event.openid.clone(),
        important: turn.important,
        answered: false,
        time: now,
        expires_at: now + REMEMBERED,
    };
    push.expires_at = push.expires_at.max(expiry(&push));
    push
}

/// Until when a push is kept: one whose reply must reach its follower outlives a long standstill.
fn expiry(push: &Push) -> Millis {
    match push.important {
        true => push.time + REPLY_LIFE,
        false => push.time + REMEMBERED,
    }
}
