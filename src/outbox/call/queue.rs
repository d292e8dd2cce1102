//! Queued calls in the store: queuing, claiming, and how one ends.
//!
//! All of it runs inside a caller's command. The indexes (due, open, count) are kept here and nowhere
//! else: a call has a row in each of them exactly while it has not ended. Nobody reads through another
//! name's calls to find their own.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::worker::Free;
use super::{
    BACKOFF, CallError, LEASE, MAX_CALL_ATTEMPTS, MAX_CALLS_OF_A_FOLLOWER, MAX_CALLS_WAITING,
    MAX_FOLLOWERS_CALLS,
};
use crate::env::Millis;
use crate::outbox::Enqueued;
use crate::outbox::entry::MAX_FORGET;
use crate::store::records::{
    CallCount, CallDue, CallOpen, HostCall, HostCallState, NewEvent, OUTBOX_KEPT, OutboxDedupe,
    OutboxDue, OutboxLane, Record,
};
use crate::store::{Order, StoreError, Tx};

/// Calls of an earlier release taken over in one command.
const MOVED_AT_ONCE: usize = 50;
/// More keys than ending one call writes.
const KEYS_OF_AN_ENDING: usize = 8;

/// A call to queue.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCall {
    /// NAME.
    pub name: String,
    /// The account it is about.
    pub account: Option<String>,
    /// Name of the official account.
    pub official_account: Option<String>,
    /// The OpenID of the follower there whose message or event caused it; none for calls of logins,
    /// alerts and operators, which have places of their own.
    pub follower: Option<String>,
    /// What the host gets.
    pub payload: Value,
    /// Queuing again under the same identifier changes nothing.
    pub dedupe: Option<String>,
}

/// Queues a call: it is kept with the caller's commit and made after it. Its ending is a `call_done`
/// or `call_failed` event; so is there being no place for it ([`Enqueued::Full`], `queue_full`).
pub fn enqueue_call(tx: &mut Tx<'_>, new: NewCall) -> Result<Enqueued, StoreError> {
    let now = tx.now();
    // Calls and messages have separate identifiers of "the same".
    let dedupe = new.dedupe.map(|dedupe| format!("call:{dedupe}"));
    if let Some(dedupe) = &dedupe
        && let Some(known) = tx.get::<OutboxDedupe>(dedupe)?
        && known.until > now
    {
        return Ok(Enqueued::Known(known.id));
    }
    let owner = match (&new.follower, &new.account) {
        (Some(_), Some(account)) => Some(caused_by(account)),
        (Some(openid), None) => {
            let official_account = new.official_account.as_deref().unwrap_or_default();
            Some(format!("openid:{official_account}:{openid}"))
        }
        (None, Some(account)) => Some(about(account)),
        (None, None) => None,
    };
    let mut call = HostCall {
        id: tx.id("cal"),
        created: now,
        name: new.name,
        account: new.account,
        official_account: new.official_account,
        payload: new.payload,
        follower: new.follower.is_some(),
        owner,
        state: HostCallState::Queued,
        due: None,
        attempts: 0,
        ended_at: None,
        error: None,
    };
    if full(tx, &call)? {
        call.state = HostCallState::Failed;
        call.error = Some("queue_full".to_owned());
        state_ending(tx, &call)?;
        return Ok(Enqueued::Full);
    }
    if let Some(dedupe) = dedupe {
        tx.put(&OutboxDedupe {
            dedupe,
            id: call.id.clone(),
            until: now.saturating_add(OUTBOX_KEPT),
        })?;
    }
    open(tx, &call)?;
    schedule(tx, &mut call, Some(now))?;
    Ok(Enqueued::New(call.id))
}

/// Whether there is no place for `call`; counts the bound that it met.
fn full(tx: &mut Tx<'_>, call: &HostCall) -> Result<bool, StoreError> {
    let count = count(tx, &call.name)?;
    if count.waiting >= MAX_CALLS_WAITING {
        tx.limit_hit("calls_of_a_name");
        return Ok(true);
    }
    if !call.follower {
        return Ok(false);
    }
    if count.of_followers >= MAX_FOLLOWERS_CALLS {
        tx.limit_hit("calls_of_followers");
        return Ok(true);
    }
    let Some(owner) = &call.owner else {
        return Ok(false);
    };
    let own = (owner.clone(), call.name.clone());
    let own = tx.scan::<CallOpen>(own, Order::Ascending, MAX_CALLS_OF_A_FOLLOWER)?;
    if own.len() >= MAX_CALLS_OF_A_FOLLOWER {
        tx.limit_hit("calls_of_a_follower");
        return Ok(true);
    }
    Ok(false)
}

/// Erases the calls about `account` that have not ended, as part of its erasure: they end as failed
/// (`erased`), and one being made right now is not repeated. Calls that ended hold nothing but that they
/// were made. Answers whether more is left for another command.
pub fn forget_calls(tx: &mut Tx<'_>, account: &str) -> Result<bool, StoreError> {
    if move_over(tx)? {
        return Ok(true);
    }
    let most = MAX_FORGET.min(tx.keys_left() / KEYS_OF_AN_ENDING);
    let mut left = most;
    for owner in [caused_by(account), about(account)] {
        for row in tx.scan::<CallOpen>(owner, Order::Ascending, left)? {
            left -= 1;
            match tx.get::<HostCall>(&row.id)? {
                Some(mut call) if !call.state.ended() => {
                    call.error = Some("erased".to_owned());
                    end(tx, &mut call, HostCallState::Failed)?;
                }
                _ => tx.delete::<CallOpen>(&row.key())?,
            }
        }
    }
    Ok(left == 0)
}

/// What there is to do.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// There are calls that an earlier release queued.
    pub(super) old: bool,
    /// The names with a due call and a free place for it.
    pub(super) names: Vec<String>,
    /// When the first call is due for which there is a place.
    pub(super) next: Option<Millis>,
    /// What waits, by name.
    pub(super) counts: Vec<CallCount>,
}

/// Looks for what is due; `free` are the places of the names that have some taken.
pub(super) fn look(tx: &mut Tx<'_>, free: &BTreeMap<String, Free>) -> Result<Look, StoreError> {
    let old = tx.scan::<OutboxDue>(OutboxLane::Call.number(), Order::Ascending, 1)?;
    let mut look = Look {
        old: !old.is_empty(),
        // As many as rules have names for.
        counts: tx.scan::<CallCount>((), Order::Ascending, usize::MAX)?,
        ..Look::default()
    };
    let now = tx.now();
    for count in &look.counts {
        let free = free.get(&count.name).copied().unwrap_or_default();
        let mut first: Option<Millis> = None;
        for (follower, places) in [(false, free.all), (true, free.for_followers())] {
            if places == 0 {
                continue;
            }
            let rows = tx.scan::<CallDue>((count.name.clone(), follower), Order::Ascending, 1)?;
            if let Some(row) = rows.first() {
                first = Some(first.map_or(row.due, |first| first.min(row.due)));
            }
        }
        let Some(first) = first else { continue };
        if first <= now {
            look.names.push(count.name.clone());
        }
        look.next = Some(look.next.map_or(first, |next| next.min(first)));
    }
    Ok(look)
}

/// Claims due calls of `name` for its free places, those no follower caused first.
pub(super) fn claim(
    tx: &mut Tx<'_>,
    name: &str,
    mut free: Free,
) -> Result<Vec<HostCall>, StoreError> {
    let now = tx.now();
    let mut calls = Vec::new();
    for follower in [false, true] {
        let places = match follower {
            false => free.all,
            true => free.for_followers(),
        };
        let prefix = (name.to_owned(), follower);
        for row in tx.scan_between::<CallDue>(prefix, i64::MIN, now, Order::Ascending, places)? {
            let call = tx.get::<HostCall>(&row.id)?;
            let Some(mut call) = call.filter(|call| call.due == Some(row.due)) else {
                tx.delete::<CallDue>(&row.key())?;
                continue;
            };
            // A call whose lease ran out is made again, but not for ever.
            if call.attempts >= MAX_CALL_ATTEMPTS {
                call.error.get_or_insert_with(|| "lease_lost".to_owned());
                end(tx, &mut call, HostCallState::Failed)?;
                continue;
            }
            call.attempts += 1;
            call.state = HostCallState::Running;
            schedule(tx, &mut call, Some(now + LEASE))?;
            free.take(follower);
            calls.push(call);
        }
    }
    Ok(calls)
}

/// Stores what came of an attempt.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    id: &str,
    attempt: u32,
    error: Option<&CallError>,
) -> Result<(), StoreError> {
    let Some(mut call) = tx.get::<HostCall>(&id.to_owned())? else {
        return Ok(());
    };
    if call.state.ended() {
        return Ok(());
    }
    let Some(error) = error else {
        call.error = None;
        return end(tx, &mut call, HostCallState::Done);
    };
    if call.attempts != attempt || call.state != HostCallState::Running {
        return Ok(());
    }
    call.error = Some(error.word());
    if matches!(error, CallError::NoSuchCall(_)) || call.attempts >= MAX_CALL_ATTEMPTS {
        return end(tx, &mut call, HostCallState::Failed);
    }
    let place = (call.attempts as usize - 1).min(BACKOFF.len() - 1);
    call.state = HostCallState::Queued;
    let due = tx.now() + BACKOFF[place];
    schedule(tx, &mut call, Some(due))
}

/// Takes over calls that an earlier release queued, all names in one queue: none is lost, and none is
/// turned away however many they are. Answers whether there were any.
pub(super) fn move_over(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let lane = OutboxLane::Call.number();
    let rows = tx.scan::<OutboxDue>(lane, Order::Ascending, MOVED_AT_ONCE)?;
    for row in &rows {
        tx.delete::<OutboxDue>(&row.key())?;
        let call = tx.get::<HostCall>(&row.id)?;
        let Some(mut call) = call.filter(|call| call.due == Some(row.due)) else {
            continue;
        };
        // Only the calls of chats named an official account. Whose follower it was nobody noted.
        call.follower = call.official_account.is_some();
        call.owner = call.account.as_deref().map(match call.follower {
            true => caused_by,
            false => about,
        });
        open(tx, &call)?;
        call.due = None;
        schedule(tx, &mut call, Some(row.due))?;
    }
    Ok(!rows.is_empty())
}

fn caused_by(account: &str) -> String {
    format!("account:{account}")
}

fn about(account: &str) -> String {
    format!("about:{account}")
}

/// The call counts among those that have not ended.
fn open(tx: &mut Tx<'_>, call: &HostCall) -> Result<(), StoreError> {
    if let Some(owner) = &call.owner {
        tx.put(&CallOpen {
            owner: owner.clone(),
            name: call.name.clone(),
            id: call.id.clone(),
        })?;
    }
    let mut count = count(tx, &call.name)?;
    count.waiting += 1;
    count.of_followers += u64::from(call.follower);
    tx.put(&count)
}

fn count(tx: &mut Tx<'_>, name: &str) -> Result<CallCount, StoreError> {
    let count = tx.get::<CallCount>(&name.to_owned())?;
    Ok(count.unwrap_or_else(|| CallCount {
        name: name.to_owned(),
        waiting: 0,
        of_followers: 0,
    }))
}

fn end(tx: &mut Tx<'_>, call: &mut HostCall, state: HostCallState) -> Result<(), StoreError> {
    if let Some(owner) = call.owner.take() {
        tx.delete::<CallOpen>(&(owner, call.name.clone(), call.id.clone()))?;
    }
    let mut count = count(tx, &call.name)?;
    count.waiting = count.waiting.saturating_sub(1);
    count.of_followers = count.of_followers.saturating_sub(u64::from(call.follower));
    match count.waiting {
        0 => tx.delete::<CallCount>(&count.key())?,
        _ => tx.put(&count)?,
    }
    call.state = state;
    call.ended_at = Some(tx.now());
    // Of no use any more.
    call.payload = Value::Null;
    schedule(tx, call, None)?;
    state_ending(tx, call)
}

fn state_ending(tx: &mut Tx<'_>, call: &HostCall) -> Result<(), StoreError> {
    let kind = match call.state {
        HostCallState::Done => "call_done",
        _ => "call_failed",
    };
    tx.emit(NewEvent {
        kind: kind.into(),
        account: call.account.clone(),
        official_account: call.official_account.clone(),
        data: json!({
            "call": call.id,
            "name": call.name,
            "attempts": call.attempts,
            "error": call.error,
        }),
    })
    .map(drop)
}

fn schedule(tx: &mut Tx<'_>, call: &mut HostCall, due: Option<Millis>) -> Result<(), StoreError> {
    let row = |due| CallDue {
        name: call.name.clone(),
        follower: call.follower,
        due,
        id: call.id.clone(),
    };
    if let Some(old) = call.due {
        tx.delete::<CallDue>(&row(old).key())?;
    }
    if let Some(due) = due {
        tx.put(&row(due))?;
    }
    call.due = due;
    tx.put(call)
}
