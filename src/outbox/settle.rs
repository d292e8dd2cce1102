//! The settling command: what one attempt's outcome, or the platform's delivery event, makes of a
//! message.

use super::claim::{Job, Reach, give_up};
use super::contact;
use super::entry::{end, schedule};
use super::hooks::{Ending, Hooks};
use super::policy::{self, Action, Fact, MAX_RETRIES};
use super::sender::Outcome;
use crate::env::{HOUR, Millis};
use crate::store::records::{
    OutboxChannel, OutboxEntry, OutboxPurpose, OutboxState, SentMessage, UndeliverableReason,
};
use crate::store::{StoreError, Tx};

/// How long the delivery event of a template message is awaited before the message is unknown.
pub const FINISH_WAIT: Millis = HOUR;

/// A channel, or with `None` the whole official account, that must rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) official_account: String,
    pub(super) channel: Option<OutboxChannel>,
    pub(super) until: Millis,
}

/// What became of a delivery event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finished {
    /// It settled this message.
    Settled(String),
    /// It came before the send's own answer was processed, or is not about a message of ours.
    Kept,
    /// It was known already.
    Known,
}

/// The platform's delivery event TEMPLATESENDJOBFINISH: `msgid` as text, `status` as it came
/// (protocol: delivery-result events). Part of the push's command; may come before the answer of
/// the send call.
pub fn finished(
    tx: &mut Tx<'_>,
    hooks: &dyn Hooks,
    official_account: &str,
    msgid: &str,
    status: &str,
) -> Result<Finished, StoreError> {
    let key = (official_account.to_owned(), msgid.to_owned());
    let mut sent = match tx.get::<SentMessage>(&key)? {
        Some(sent) if sent.finish.is_some() => return Ok(Finished::Known),
        Some(sent) => sent,
        None => SentMessage {
            official_account: key.0,
            msgid: key.1,
            at: tx.now(),
            entry: None,
            finish: None,
        },
    };
    let status = normal(status);
    sent.finish = Some(status.clone());
    tx.put(&sent)?;
    let Some(id) = sent.entry else {
        return Ok(Finished::Kept);
    };
    if let Some(mut entry) = tx.get::<OutboxEntry>(&id)? {
        finish(tx, hooks, &mut entry, &status)?;
    }
    Ok(Finished::Settled(id))
}

/// Applies an attempt's outcome. A result of an attempt that is no longer the current one counts
/// only if it says that the message was taken.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    hooks: &dyn Hooks,
    reach: &Reach,
    job: &Job,
    outcome: &Outcome,
) -> Result<Option<Pause>, StoreError> {
    let Some(mut entry) = tx.get::<OutboxEntry>(&job.id)? else {
        return Ok(None);
    };
    let current = entry.state == OutboxState::Sending && entry.attempts == job.attempt;
    let late = matches!(entry.state, OutboxState::Queued | OutboxState::Unknown);
    match outcome {
        Outcome::Accepted { msgid } if current || late => {
            entry.channel = Some(job.channel);
            accepted(tx, hooks, &mut entry, job.channel, msgid.as_deref())?;
            Ok(None)
        }
        _ if !current => Ok(None),
        Outcome::Accepted { .. } => Ok(None),
        Outcome::Unknown => unknown(tx, hooks, reach, &mut entry).map(|()| None),
        Outcome::NotSent => not_sent(tx, hooks, &mut entry).map(|()| None),
        Outcome::Rejected { errcode } => rejected(tx, hooks, &mut entry, job.channel, *errcode),
    }
}

/// The running attempt of `entry` has an unknown outcome.
pub(super) fn unknown(
    tx: &mut Tx<'_>,
    hooks: &dyn Hooks,
    reach: &Reach,
    entry: &mut OutboxEntry,
) -> Result<(), StoreError> {
    let now = tx.now();
    entry.unknown_sends += 1;
    entry.charged = None;
    let template_usable = entry.template.is_some()
        && reach.abilities(&entry.official_account).template
        && !entry.refused.contains(&OutboxChannel::Template);
    let channel = entry.channel.unwrap_or(OutboxChannel::Custom);
    match policy::after_unknown(entry, channel, template_usable, now) {
        Some(next) => {
            entry.next_channel = Some(next);
            entry.retries += 1;
            again(tx, entry, now + policy::backoff(entry.retries))
        }
        None => {
            let hooks = (!entry.withdrawn).then_some(hooks);
            end(tx, hooks, entry, Ending::Unknown)
        }
    }
}

fn accepted(
    tx: &mut Tx<'_>,
    hooks: &dyn Hooks,
    entry: &mut OutboxEntry,
    channel: OutboxChannel,
    msgid: Option<&str>,
) -> Result<(), StoreError> {
    let now = tx.now();
    entry.accepted_at = Some(now);
    entry.errcode = None;
    entry.reason = None;
    entry.charged = None;
    hooks.accepted(tx, entry, now)?;
    if channel == OutboxChannel::Custom {
        return end(tx, Some(hooks), entry, Ending::Delivered);
    }
    let was_unknown = entry.state == OutboxState::Unknown;
    entry.msgid = msgid.map(str::to_owned);
    if was_unknown {
        // It had ended; only the delivery event can still change that.
        tx.put(entry)?;
    } else {
        entry.state = OutboxState::Accepted;
        schedule(tx, entry, now + FINISH_WAIT)?;
    }
    let Some(msgid) = msgid else {
        return Ok(());
    };
    let key = (entry.official_account.clone(), msgid.to_owned());
    let early = tx.get::<SentMessage>(&key)?.and_then(|sent| sent.finish);
    tx.put(&SentMessage {
        official_account: key.0,
        msgid: key.1,
        at: now,
        entry: Some(entry.id.clone()),
        finish: early.clone(),
    })?;
    match early {
        Some(status) => finish(tx, hooks, entry, &status),
        None => Ok(()),
    }
}

/// The platform reports what became of a template message it had taken.
fn finish(
    tx: &mut Tx<'_>,
    hooks: &dyn Hooks,
    entry: &mut OutboxEntry,
    status: &str,
) -> Result<(), StoreError> {
    if status == "success" {
        return match entry.state {
            OutboxState::Delivered | OutboxState::Undeliverable => Ok(()),
            _ => end(tx, Some(hooks), entry, Ending::Delivered),
        };
    }
    if entry.state != OutboxState::Accepted {
        return Ok(());
    }
    if status == "failed:systemfailed" && entry.retries < MAX_RETRIES && !entry.withdrawn {
        // The platform's own failure: the same content under a new identifier.
        entry.retries += 1;
        entry.template_round += 1;
        entry.template_since = None;
        entry.template_sends = 0;
        entry.next_channel = None;
        entry.reason = Some(UndeliverableReason::Refused);
        let due = tx.now() + policy::backoff(entry.retries);
        return again(tx, entry, due);
    }
    other(
        tx,
        hooks,
        entry,
        OutboxChannel::Template,
        UndeliverableReason::Refused,
    )
}

fn not_sent(tx: &mut Tx<'_>, hooks: &dyn Hooks, entry: &mut OutboxEntry) -> Result<(), StoreError> {
    refund(tx, entry)?;
    uncount(entry);
    if entry.withdrawn {
        return give_up(tx, hooks, entry, UndeliverableReason::Withdrawn).map(drop);
    }
    entry.retries += 1;
    let due = tx.now() + policy::backoff(entry.retries);
    again(tx, entry, due)
}

fn rejected(
    tx: &mut Tx<'_>,
    hooks: &dyn Hooks,
    entry: &mut OutboxEntry,
    channel: OutboxChannel,
    errcode: i64,
) -> Result<Option<Pause>, StoreError> {
    let now = tx.now();
    entry.errcode = Some(errcode);
    refund(tx, entry)?;
    uncount(entry);
    let (action, fact) = policy::refusal(errcode, now);
    if let (Some(fact), Some(openid)) = (fact, entry.openid.clone()) {
        let account = entry.official_account.clone();
        match fact {
            Fact::Unfollowed => contact::saw_unfollow(tx, &account, &openid).map(drop)?,
            Fact::WindowsClosed => contact::close_windows(tx, &account, &openid)?,
            Fact::QuotaSpent => contact::exhaust(tx, &account, &openid)?,
        }
    }
    if entry.withdrawn {
        give_up(tx, hooks, entry, UndeliverableReason::Withdrawn)?;
        return Ok(None);
    }
    let pause = |channel, until| Pause {
        official_account: entry.official_account.clone(),
        channel,
        until,
    };
    match action {
        // After an attempt nobody knows the end of, an unheard-of refusal of the template must not keep
        // the prompt waiting: it may have reached nobody so far.
        Action::Retry
            if errcode != policy::BUSY
                && entry.unknown_sends > 0
                && channel == OutboxChannel::Template =>
        {
            other(tx, hooks, entry, channel, UndeliverableReason::Refused).map(|()| None)
        }
        Action::Retry if entry.retries < MAX_RETRIES => {
            entry.retries += 1;
            let due = now + policy::backoff(entry.retries);
            again(tx, entry, due).map(|()| None)
        }
        Action::Retry => {
            other(tx, hooks, entry, channel, UndeliverableReason::Refused).map(|()| None)
        }
        Action::Later(wait) => again(tx, entry, now + wait).map(|()| None),
        Action::PauseChannel(until) => {
            let pause = pause(Some(channel), until);
            // Soon: the other channel may take it; else the next claim waits for this one.
            again(tx, entry, now + policy::backoff(0)).map(|()| Some(pause))
        }
        Action::PauseAccount(until) => {
            let pause = pause(None, until);
            again(tx, entry, until).map(|()| Some(pause))
        }
        Action::Other(reason) => other(tx, hooks, entry, channel, reason).map(|()| None),
        Action::End(reason) => give_up(tx, hooks, entry, reason).map(|_| None),
    }
}

/// `channel` is out for this message; the next claim looks for another way or ends it with `reason`.
fn other(
    tx: &mut Tx<'_>,
    hooks: &dyn Hooks,
    entry: &mut OutboxEntry,
    channel: OutboxChannel,
    reason: UndeliverableReason,
) -> Result<(), StoreError> {
    if entry.withdrawn {
        return give_up(tx, hooks, entry, UndeliverableReason::Withdrawn).map(drop);
    }
    if !entry.refused.contains(&channel) {
        entry.refused.push(channel);
    }
    entry.next_channel = None;
    entry.retries = 0;
    entry.reason = Some(reason);
    // After an unknown attempt the other channel is a repetition, which only prompts are worth.
    let worth = entry.purpose == OutboxPurpose::Prompt && entry.repeats < policy::MAX_REPEATS;
    if entry.unknown_sends > 0 && !worth {
        return give_up(tx, hooks, entry, reason).map(drop);
    }
    let now = tx.now();
    again(tx, entry, now)
}

fn again(tx: &mut Tx<'_>, entry: &mut OutboxEntry, due: Millis) -> Result<(), StoreError> {
    entry.state = OutboxState::Queued;
    let due = due.min(entry.not_after.saturating_add(1));
    schedule(tx, entry, due)
}

fn refund(tx: &mut Tx<'_>, entry: &mut OutboxEntry) -> Result<(), StoreError> {
    match (entry.charged.take(), entry.openid.clone()) {
        (Some(window), Some(openid)) => {
            contact::refund(tx, &entry.official_account, &openid, window)
        }
        _ => Ok(()),
    }
}

/// An attempt that certainly did not happen uses up neither its count nor its identifier.
fn uncount(entry: &mut OutboxEntry) {
    if is_repeat(entry) {
        entry.repeats = entry.repeats.saturating_sub(1);
    }
    if entry.channel == Some(OutboxChannel::Template) {
        entry.template_sends = entry.template_sends.saturating_sub(1);
        if entry.template_sends == 0 {
            entry.template_since = None;
        }
    }
}

/// Whether the attempt just started, if an earlier one's outcome is unknown, looks like a new
/// message to the platform: any custom send, and the first template send under an identifier.
pub(super) fn is_repeat(entry: &OutboxEntry) -> bool {
    entry.unknown_sends > 0
        && match entry.channel {
            Some(OutboxChannel::Custom) => true,
            Some(OutboxChannel::Template) => entry.template_sends == 1,
            None => false,
        }
}

/// Some senders of the event write "failed: system failed", some without the space.
fn normal(status: &str) -> String {
    status
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .take(64)
        .collect()
}
