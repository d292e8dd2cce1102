//! The claiming command: takes what is due under a lease and decides how it goes out.
//!
//! A claim is committed before its request leaves, so that a crash in between is an attempt with an
//! unknown outcome and nothing worse. What cannot go out any more ends here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::channel::{Abilities, Route, Situation, choose};
use super::contact;
use super::entry::{end, schedule};
use super::hooks::{Check, Ending, Hooks};
use super::policy::CLIENT_MSG_ID_LIFE;
use super::settle;
use crate::env::{MINUTE, Millis};
use crate::store::records::{
    Binding, Lock, OutboxChannel, OutboxDue, OutboxEntry, OutboxLane, OutboxPurpose, OutboxState,
    UndeliverableReason,
};
use crate::store::{Order, StoreError, Tx};

/// How long a claim belongs to its worker; well above the longest attempt.
pub(super) const LEASE: Millis = MINUTE;

/// One attempt to make.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) attempt: u32,
    pub(super) official_account: String,
    pub(super) channel: OutboxChannel,
    pub(super) body: Value,
}

/// What every command of the worker needs to know; a copy taken when the command is submitted.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    /// What each official account may use.
    pub(super) abilities: BTreeMap<String, Abilities>,
    /// Until when a channel, or with `None` the whole official account, rests.
    pub(super) pauses: BTreeMap<(String, Option<OutboxChannel>), Millis>,
}

impl Reach {
    pub(super) fn abilities(&self, official_account: &str) -> Abilities {
        self.abilities
            .get(official_account)
            .copied()
            .unwrap_or(Abilities::NONE)
    }

    fn paused(
        &self,
        official_account: &str,
        channel: Option<OutboxChannel>,
        now: Millis,
    ) -> Option<Millis> {
        self.pauses
            .get(&(official_account.to_owned(), channel))
            .copied()
            .filter(|until| *until > now)
    }
}

/// When the worker is next wanted, if ever.
pub(super) fn next_due(tx: &mut Tx<'_>, lane: OutboxLane) -> Result<Option<Millis>, StoreError> {
    let first = tx.scan::<OutboxDue>(lane.number(), Order::Ascending, 1)?;
    Ok(first.first().map(|row| row.due))
}

/// What is due in `lane` now, at most `limit`.
pub(super) fn due(
    tx: &mut Tx<'_>,
    lane: OutboxLane,
    limit: usize,
) -> Result<Vec<OutboxDue>, StoreError> {
    let now = tx.now();
    tx.scan_between::<OutboxDue>(lane.number(), i64::MIN, now, Order::Ascending, limit)
}

/// Claims at most `limit` due messages.
pub(super) fn claim(
    tx: &mut Tx<'_>,
    hooks: &dyn Hooks,
    reach: &Reach,
    limit: usize,
) -> Result<Vec<Job>, StoreError> {
    let mut jobs = Vec::new();
    for row in due(tx, OutboxLane::Message, limit)? {
        let entry = tx.get::<OutboxEntry>(&row.id)?;
        let Some(mut entry) = entry.filter(|entry| entry.due == Some(row.due)) else {
            tx.delete::<OutboxDue>(&(row.lane.number(), row.due, row.id))?;
            continue;
        };
        match entry.state {
            OutboxState::Queued => jobs.extend(send(tx, hooks, reach, &mut entry)?),
            // The lease ran out: the worker died or hung after the claim.
            OutboxState::Sending => settle::unknown(tx, hooks, reach, &mut entry)?,
            // The delivery event never came.
            _ => end(tx, Some(hooks), &mut entry, Ending::Unknown)?,
        }
    }
    Ok(jobs)
}

fn send(
    tx: &mut Tx<'_>,
    hooks: &dyn Hooks,
    reach: &Reach,
    entry: &mut OutboxEntry,
) -> Result<Option<Job>, StoreError> {
    let now = tx.now();
    let Some(openid) = entry.openid.clone() else {
        return give_up(tx, hooks, entry, UndeliverableReason::Unbound);
    };
    if now > entry.not_after {
        return give_up(tx, hooks, entry, UndeliverableReason::Expired);
    }
    let check = match recheck(tx, entry, &openid)? {
        Check::Send => hooks.check(tx, entry)?,
        drop => drop,
    };
    if let Check::Drop(reason) = check {
        entry.reason = None;
        return give_up(tx, hooks, entry, reason);
    }
    if let Some(until) = reach.paused(&entry.official_account, None, now) {
        return wait(tx, entry, until);
    }
    let contact = contact::get(tx, &entry.official_account, &openid)?;
    let usable = usable(reach, entry);
    let mut awake = usable;
    let mut wake_at = None;
    for channel in [OutboxChannel::Custom, OutboxChannel::Template] {
        if let Some(until) = reach.paused(&entry.official_account, Some(channel), now) {
            awake = awake.without(channel);
            wake_at = Some(wake_at.map_or(until, |at: Millis| at.min(until)));
        }
    }
    let situation = |usable| Situation {
        now,
        contact: contact.as_ref(),
        usable,
    };
    let route = match (choose(situation(awake)), wake_at) {
        (Ok(route), _) => route,
        (Err(_), Some(until)) if choose(situation(usable)).is_ok() => {
            return wait(tx, entry, until);
        }
        (Err(reason), _) => {
            let reason = match reason {
                // Leaving outweighs what a channel said before.
                UndeliverableReason::Unfollowed => reason,
                _ => entry.reason.unwrap_or(reason),
            };
            return give_up(tx, hooks, entry, reason);
        }
    };
    // A repetition that waited too long would be a new message to the platform.
    if entry.next_channel == Some(OutboxChannel::Template)
        && entry
            .template_since
            .is_some_and(|since| now >= since.saturating_add(CLIENT_MSG_ID_LIFE))
    {
        return give_up(tx, hooks, entry, UndeliverableReason::Refused);
    }
    start(tx, entry, &openid, route).map(Some)
}

/// A prompt goes to the OpenID it was promised for only while that stands for the account, and not
/// into a lock that its answer could add nothing to.
fn recheck(tx: &mut Tx<'_>, entry: &OutboxEntry, openid: &str) -> Result<Check, StoreError> {
    let (OutboxPurpose::Prompt, Some(account)) = (entry.purpose, &entry.account) else {
        return Ok(Check::Send);
    };
    let key = (entry.official_account.clone(), openid.to_owned());
    let bound = tx.get::<Binding>(&key)?;
    if bound.is_none_or(|binding| binding.account != *account) {
        return Ok(Check::Drop(UndeliverableReason::Unbound));
    }
    Ok(match tx.get::<Lock>(account)? {
        Some(_) => Check::Drop(UndeliverableReason::Withdrawn),
        None => Check::Send,
    })
}

/// What the entry has content for, the official account may use, and has not refused it yet. After
/// an unknown outcome only the one channel that the policy named.
fn usable(reach: &Reach, entry: &OutboxEntry) -> Abilities {
    let mut usable = reach.abilities(&entry.official_account);
    for (channel, has_content) in [
        (OutboxChannel::Custom, entry.custom.is_some()),
        (OutboxChannel::Template, entry.template.is_some()),
    ] {
        let named = entry.next_channel.is_none_or(|named| named == channel);
        if !has_content || !named || entry.refused.contains(&channel) {
            usable = usable.without(channel);
        }
    }
    usable
}

fn start(
    tx: &mut Tx<'_>,
    entry: &mut OutboxEntry,
    openid: &str,
    route: Route,
) -> Result<Job, StoreError> {
    let now = tx.now();
    let body = match route {
        Route::Custom(window) => {
            contact::charge(tx, &entry.official_account, openid, window)?;
            entry.charged = Some(window);
            entry.custom.as_ref().map(|message| message.body(openid))
        }
        Route::Template => {
            entry.charged = None;
            entry.template_since.get_or_insert(now);
            entry.template_sends += 1;
            let id = client_msg_id(entry);
            entry
                .template
                .as_ref()
                .map(|message| message.body(openid, &id))
        }
    };
    entry.attempts += 1;
    entry.channel = Some(route.channel());
    entry.repeats += u32::from(settle::is_repeat(entry));
    entry.state = OutboxState::Sending;
    schedule(tx, entry, now.saturating_add(LEASE))?;
    Ok(Job {
        id: entry.id.clone(),
        attempt: entry.attempts,
        official_account: entry.official_account.clone(),
        channel: route.channel(),
        // `choose` only takes channels that the entry has content for.
        body: body.unwrap_or_default(),
    })
}

fn client_msg_id(entry: &OutboxEntry) -> String {
    match entry.template_round {
        0 => entry.id.clone(),
        round => format!("{}-{round}", entry.id),
    }
}

/// Nothing more is tried. An earlier attempt may still have arrived.
pub(super) fn give_up(
    tx: &mut Tx<'_>,
    hooks: &dyn Hooks,
    entry: &mut OutboxEntry,
    reason: UndeliverableReason,
) -> Result<Option<Job>, StoreError> {
    let ending = if entry.unknown_sends > 0 {
        Ending::Unknown
    } else {
        Ending::Undeliverable(reason)
    };
    let hooks = (reason != UndeliverableReason::Withdrawn).then_some(hooks);
    end(tx, hooks, entry, ending)?;
    Ok(None)
}

fn wait(
    tx: &mut Tx<'_>,
    entry: &mut OutboxEntry,
    until: Millis,
) -> Result<Option<Job>, StoreError> {
    let until = until.min(entry.not_after.saturating_add(1));
    schedule(tx, entry, until)?;
    Ok(None)
}
